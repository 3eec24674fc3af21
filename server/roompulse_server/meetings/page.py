"""Page sizes by the rules of AIP-158."""

from roompulse_server.errors import InvalidArgumentError


def page_size(asked: int, default: int, most: int) -> int:
    """Return the rows of a page: 0 is the default, too many is the most.

    Raises:
        InvalidArgumentError: A negative size.
    """
    if asked < 0:
        raise InvalidArgumentError("page_size", f"{asked} must be 0 (default) or more")
    return min(asked or default, most)
