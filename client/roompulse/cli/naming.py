"""What people are called in tables: their display name, or their id. Pure."""

from collections import Counter
from collections.abc import Mapping


def shown_name(participant_id: str, display_name: str) -> str:
    """Return what one person is called."""
    return " ".join(display_name.split()) or participant_id


def shown_names(display_names: Mapping[str, str]) -> dict[str, str]:
    """Return a name for each participant id; the id stands beside a display name that several people have."""
    names = {who: shown_name(who, name) for who, name in display_names.items()}
    times = Counter(name.casefold() for name in names.values())
    return {who: name if times[name.casefold()] == 1 else f"{name} ({who})" for who, name in names.items()}


def listed(names: list[str], most: int = 3) -> str:
    """Return names one after the other, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
