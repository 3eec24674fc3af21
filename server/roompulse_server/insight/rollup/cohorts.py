"""Of which groups a meeting's windows may speak, so that no single person can be told from them.

A number about k people and the same number about k - 1 of them give the last one away. So every group is of k or more,
and two different ones differ by k or more people on each side on which they differ at all, however far apart their
windows are. Newcomers wait until they are k; when somebody leaves, nothing is said until they are back, or enough
others have changed as well.

This keeps two windows from being subtracted. Clever sums over many windows, or members who put their own values
together, it cannot keep from anything.
"""

_NOBODY: frozenset[str] = frozenset()


class Cohorts:
    """Remembers every group that was spoken of. The answer depends on the order of the calls, and on nothing else."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._told: list[frozenset[str]] = []
        self._strangers = 0
        self._closed = False

    def choose(self, members: frozenset[str]) -> frozenset[str]:
        """Return of whom to speak when these have values: all, or a group spoken of before; nobody where none fits."""
        if self._closed or len(members) < self._least:
            return _NOBODY
        if members not in self._told:
            if not all(self._apart(members, other) for other in self._told):
                return max((other for other in self._told if other < members), key=_size_and_names, default=_NOBODY)
            self._told.append(members)
        return members

    def forget(self, member: str) -> None:
        """Hold no name of somebody who was erased; whom they were with stays known."""
        self._strangers += 1
        stranger = f"\0{self._strangers}"  # no participant is called that
        self._told = [frozenset(stranger if name == member else name for name in group) for group in self._told]

    def close(self) -> None:
        """Speak of nobody any more: it is no longer known of whom was spoken."""
        self._closed = True

    def _apart(self, one: frozenset[str], other: frozenset[str]) -> bool:
        return all(not rest or len(rest) >= self._least for rest in (one - other, other - one))


def _size_and_names(group: frozenset[str]) -> tuple[int, list[str]]:
    return len(group), sorted(group)
