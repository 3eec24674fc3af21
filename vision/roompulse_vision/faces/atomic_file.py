"""Writing a file so that it is never half there."""

import pathlib
import tempfile


def place_file(target: pathlib.Path, content: bytes) -> None:
    """Write `target`, whole or not at all, readable by everybody; its folder is made where missing.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f"{target.name}.", suffix=".new", delete=False) as file:
        temporary = pathlib.Path(file.name)
    try:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
