"""Numbers and states in words, as the tables have them. A dash stands where there is nothing. Pure."""

from collections.abc import Mapping

from roompulse.contract.expression_words import expression_in_words
from roompulse.enums import FacingState, NoScoreReason, Provenance
from roompulse.results import Expressions, Update

NOTHING = "–"
LEAST_SHARE = 0.005


def number(value: float | None, digits: int = 2) -> str:
    """Return a number."""
    return NOTHING if value is None else f"{value:z.{digits}f}"


def spread(mean: float | None, deviation: float | None, digits: int = 2) -> str:
    """Return a number with how much it varies, or how sure it is."""
    return number(mean, digits) + (f" ± {number(deviation, digits)}" if deviation is not None else "")


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, in percent."""
    return NOTHING if share is None else f"{100 * share:.0f} %"


def clock(seconds: float | None) -> str:
    """Return a time as minutes and seconds, from an hour on with hours."""
    if seconds is None:
        return NOTHING
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes_of_hour = divmod(minutes, 60)
    return f"{hours}:{minutes_of_hour:02}:{rest // 10:02}" if hours else f"{minutes}:{rest / 10:04.1f}"


def sees(update: Update) -> str:
    """Return what there is to see of somebody, and whether their head has turned away from the screen."""
    away = update.engagement is not None and update.engagement.facing_state is FacingState.AWAY
    return f"{update.presence.word}, turned away" if away else update.presence.word


def expression(expressions: Expressions | None) -> str:
    """Return the most probable expression, or that none is clear."""
    return expression_in_words(dict(expressions or ())) or NOTHING


def action_units(shares: Mapping[int, float], most: int = 3) -> str:
    """Return the units with the largest shares or probabilities."""
    ordered = sorted(shares.items(), key=lambda unit: (-unit[1], unit[0]))[:most]
    return ", ".join(f"AU{unit} {percent(share)}" for unit, share in ordered)


def source(provenance: Provenance) -> str:
    """Return where a number comes from."""
    return NOTHING if provenance is Provenance.UNSPECIFIED else provenance.word


def times(entries: Mapping[NoScoreReason, float], attended_s: float) -> str:
    """Return times by reason, longest first, as shares of the time attended; less than half a percent is left out."""
    shares = {reason: time_s / attended_s for reason, time_s in entries.items() if attended_s > 0}
    ordered = sorted(shares.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{reason.word} {percent(share)}" for reason, share in ordered if share >= LEAST_SHARE) or NOTHING
