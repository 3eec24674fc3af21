"""The engagement formula's numbers, and reading them from a settings file.

The defaults are `rp-engagement-1`, uncalibrated judgement with its reasons in the project's engagement page. A file
changes any of them under an id of its own:

    id = "acme-2"
    window_s = 20
    [weights]
    neutral = 0.7
    happiness = 1.0   # … all eight labels
"""

import dataclasses
import math
import pathlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from roompulse_vision.types import LABELS

from roompulse_server.errors import SettingsError

DEFAULT_ID = "rp-engagement-1"
NO_FACING = "/no-facing"
WEIGHED_LABELS = LABELS[:-1]  # "other" is dropped, never weighed

_NO_NUMBERS = ("id", "weights", "baseline")
_ID = re.compile(r"[A-Za-z0-9._-]{1,48}")
_FRACTIONS = (
    "facing_floor",
    "unclear_above",
    "low_below",
    "high_from",
    "hysteresis",
    "baseline_strength",
    "baseline_happiness_below",
)
_POSITIVE = (
    "window_s",
    "valid_s",
    "hold_s",
    "motion_within_s",
    "reference_half_life_s",
    "baseline_strength",
    "baseline_limit",
    "baseline_half_life_s",
)
_ORDERED = (
    ("yaw_full_deg", "yaw_zero_deg"),
    ("pitch_full_deg", "pitch_zero_deg"),
    ("facing_return_deg", "facing_leave_deg"),
    ("reference_start_s", "reference_full_s"),
    ("baseline_start_s", "baseline_full_s"),
    ("low_below", "high_from"),
)


@dataclass(frozen=True, slots=True)
class Formula:
    """Everything the score is made with; checked when made.

    `weights` follow `WEIGHED_LABELS`. Angles are degrees, times seconds, motion grey levels (0 to 255).
    Facing is 1 up to `…_full_deg` from the person's own reference and falls to 0 at `…_zero_deg`. That reference
    takes effect from `reference_start_s` of evidence on, fully at `reference_full_s`, and forgets by
    `reference_half_life_s`.
    A head is said to be away after `facing_dwell_s` beyond `facing_leave_deg`, and to face again after as long within
    `facing_return_deg`; the score has no use for that, see `facing.py`.
    `motion_floor_grey` lies between what was measured of stills (below 5) and of faces (above 15 within 10 s).
    `affect_smoothing_s` of 1 s has the spread in time (standard deviation) of the centred 3.4 s box that did best on
    Aff-Wild2 (3.4/√12 = 0.98 s), without its view into the future.
    `baseline` switches the neutral baseline, which also needs the profile in the model's card; see `baseline.py`.
    `baseline_strength` is the share of a person's deviation that is taken out, `baseline_limit` the most that is added
    to or taken from a log-probability. Probabilities of happiness from `baseline_happiness_below` on teach nothing.

    Raises:
        SettingsError: A number is out of range or out of order; the message names it with its value.
    """

    id: str = DEFAULT_ID
    weights: tuple[float, ...] = (0.70, 1.00, 0.90, 0.55, 0.60, 0.50, 0.60, 0.50)
    facing_floor: float = 0.4
    yaw_full_deg: float = 15.0
    yaw_zero_deg: float = 35.0
    pitch_full_deg: float = 15.0
    pitch_zero_deg: float = 30.0
    facing_leave_deg: float = 30.0
    facing_return_deg: float = 20.0
    facing_dwell_s: float = 2.0
    yaw_reference_limit_deg: float = 20.0
    pitch_reference_limit_deg: float = 15.0
    reference_start_s: float = 20.0
    reference_full_s: float = 60.0
    reference_half_life_s: float = 600.0
    pose_smoothing_s: float = 1.0
    affect_smoothing_s: float = 1.0
    window_s: float = 10.0
    valid_s: float = 5.0
    hold_s: float = 1.5
    unclear_above: float = 0.5
    low_below: float = 0.35
    high_from: float = 0.75
    hysteresis: float = 0.03
    motion_floor_grey: float = 6.0
    motion_within_s: float = 10.0
    baseline: bool = True
    baseline_strength: float = 0.5
    baseline_limit: float = 1.5
    baseline_start_s: float = 20.0
    baseline_full_s: float = 60.0
    baseline_half_life_s: float = 600.0
    baseline_happiness_below: float = 0.4

    def __post_init__(self) -> None:
        """Refuse what no score can be made with."""
        _check_id(self.id)
        _check_weights(self.weights)
        _check_numbers(self)
        _check_order(self)

    def weight(self, label: str) -> float:
        """Return the weight of one label."""
        return self.weights[WEIGHED_LABELS.index(label)]

    def id_for(self, *, facing_known: bool) -> str:
        """Return the id that scores carry.

        Without pose (a detector that has no landmarks) a face may be turned away and nobody can tell: such a score
        is the expression alone, means something else, and so has an id of its own, with which nothing is mixed.
        """
        return self.id if facing_known else self.id + NO_FACING


def load_formula(path: pathlib.Path) -> Formula:
    """Read a formula from a TOML file: its `id`, all eight `[weights]`, and whatever else is to differ.

    Raises:
        SettingsError: The file cannot be read, holds an unknown or wrong value, lacks a label, or uses the default
            formula's id for other numbers (scores are told apart by id alone).
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise SettingsError(f"formula file {path} cannot be read: {err}") from err
    try:
        return _formula(table)
    except SettingsError as err:
        raise SettingsError(f"formula file {path}: {err}") from err


def _formula(table: Mapping[str, object]) -> Formula:
    names = {field.name for field in dataclasses.fields(Formula)}
    if unknown := sorted(set(table) - names):
        raise SettingsError(f"{unknown[0]!r} is no setting of a formula; known are {', '.join(sorted(names))}")
    if "id" not in table:
        raise SettingsError("id is missing: give the formula a name of its own, for example 'acme-1'")
    numbers = {name: _number(name, value) for name, value in table.items() if name not in _NO_NUMBERS}
    baseline = _switch("baseline", table.get("baseline", True))
    made = Formula(id=str(table["id"]), weights=_weights(table.get("weights")), baseline=baseline, **numbers)
    if made.id == DEFAULT_ID and made != Formula():
        raise SettingsError(f"id = {DEFAULT_ID!r} is the default formula's; other numbers need another id")
    return made


def _weights(table: object) -> tuple[float, ...]:
    if not isinstance(table, Mapping):
        raise SettingsError(f"[weights] must be a table with {', '.join(WEIGHED_LABELS)}; it is {table!r}")
    for label in WEIGHED_LABELS:
        if label not in table:
            raise SettingsError(f"weights.{label} is missing; all of {', '.join(WEIGHED_LABELS)} need one")
    if unknown := sorted(set(table) - set(WEIGHED_LABELS)):
        raise SettingsError(f"weights.{unknown[0]} is no label; known are {', '.join(WEIGHED_LABELS)}")
    return tuple(_number(f"weights.{label}", table[label]) for label in WEIGHED_LABELS)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{name} = {value!r} must be a number")
    return float(value)


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{name} = {value!r} must be true or false")
    return value


def _check_id(name: str) -> None:
    if not _ID.fullmatch(name):
        raise SettingsError(f"id = {name!r} must be 1 to 48 letters, digits, dots, dashes or underscores")


def _check_weights(weights: tuple[float, ...]) -> None:
    if len(weights) != len(WEIGHED_LABELS):
        raise SettingsError(f"weights = {weights} must be {len(WEIGHED_LABELS)} numbers, one for each label")
    for label, weight in zip(WEIGHED_LABELS, weights, strict=True):
        if not 0.0 <= weight <= 1.0:
            raise SettingsError(f"weights.{label} = {weight} must lie between 0 and 1")


def _check_numbers(formula: Formula) -> None:
    for field in dataclasses.fields(formula):
        value = getattr(formula, field.name)
        if field.name in _NO_NUMBERS:
            continue
        if not math.isfinite(value) or value < 0:
            raise SettingsError(f"{field.name} = {value} must be a number, 0 or more")
        if field.name in _FRACTIONS and value > 1:
            raise SettingsError(f"{field.name} = {value} must lie between 0 and 1")
        if field.name in _POSITIVE and value == 0:
            raise SettingsError(f"{field.name} = {value} must be more than 0")


def _check_order(formula: Formula) -> None:
    for below, above in _ORDERED:
        small, large = getattr(formula, below), getattr(formula, above)
        if small >= large:
            raise SettingsError(f"{below} = {small} must be less than {above} = {large}")
    if formula.low_below + formula.hysteresis > formula.high_from - formula.hysteresis:
        raise SettingsError(f"hysteresis = {formula.hysteresis} leaves no room between the bands' borders")
    if formula.valid_s > formula.window_s:
        raise SettingsError(f"valid_s = {formula.valid_s} must be at most window_s = {formula.window_s}")
    if formula.hold_s > formula.window_s:
        raise SettingsError(f"hold_s = {formula.hold_s} must be at most window_s = {formula.window_s}")
