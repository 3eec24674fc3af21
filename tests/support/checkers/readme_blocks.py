"""The README's code, as a reader pastes it: blocks in their order, commands without their comments."""

import re
import shlex
from dataclasses import dataclass

from source_tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced piece of code; `language` is that of its fence."""

    language: str
    code: str

    @property
    def commands(self) -> list[str]:
        """The command lines, without comments."""
        lines = (shlex.split(line, comments=True) for line in self.code.splitlines())
        return [shlex.join(words) for words in lines if words]


def blocks(*languages: str) -> list[Block]:
    """Return the blocks in these languages, in the README's order."""
    found = [Block(language, code) for language, code in _BLOCK.findall(README)]
    return [block for block in found if block.language in languages]
