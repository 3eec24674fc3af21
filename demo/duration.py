"""How long, as a person types it."""

import argparse

LONGEST_S = 3600.0


def seconds(text: str) -> float:
    """Return a length in seconds.

    Raises:
        argparse.ArgumentTypeError: It is no number, or not above 0 and up to LONGEST_S.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, {LONGEST_S:g} at most, found {text!r}")
    return value
