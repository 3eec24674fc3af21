"""An update as one row of a tidy table: each variable a column, empty where nothing was measured."""

from datetime import datetime
from typing import Any, NamedTuple

from roompulse.enums import WireEnum
from roompulse.results import Expressions, Update

Cell = str | int | float | bool | datetime | None
_ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)  # the twelve of ABAW


class Column(NamedTuple):
    """`kind` is the type of its cells, `path` where they stand in an update; the title stands in none."""

    name: str
    kind: type
    path: str

    def cell(self, update: Update) -> Cell:
        """Return the value; None where it, or a part of the way to it, is missing."""
        value: Any = update
        for name in self.path.split("."):
            value = None if value is None else getattr(value, name)
        return (value.word if value else None) if isinstance(value, WireEnum) else value


COLUMNS: tuple[Column, ...] = (
    Column("meeting_id", str, "meeting.id"),
    Column("meeting_uid", str, "meeting.uid"),
    Column("meeting_title", str, ""),
    Column("participant_id", str, "participant_id"),
    Column("sequence", int, "sequence"),
    Column("epoch", int, "epoch"),
    Column("meeting_offset_s", float, "meeting_offset_s"),
    Column("capture_time", datetime, "capture_time"),
    Column("receive_time", datetime, "receive_time"),
    Column("analysis_age_s", float, "analysis_age_s"),
    Column("scoring_latency_s", float, "scoring_latency_s"),
    Column("packet_index", int, "packet_index"),
    Column("speaking", bool, "speaking"),
    Column("presence", str, "presence"),
    Column("score", float, "score"),
    Column("band", str, "engagement.band"),
    Column("no_score_reason", str, "engagement.no_score_reason"),
    Column("facing", float, "engagement.facing"),
    Column("expression", float, "engagement.expression"),
    Column("coverage", float, "engagement.coverage"),
    Column("yaw_from_reference_deg", float, "engagement.yaw_from_reference_deg"),
    Column("pitch_from_reference_deg", float, "engagement.pitch_from_reference_deg"),
    Column("formula_id", str, "engagement.formula_id"),
    Column("track", int, "face.track"),
    Column("face_x", float, "face.box.x"),
    Column("face_y", float, "face.box.y"),
    Column("face_width", float, "face.box.width"),
    Column("face_height", float, "face.box.height"),
    Column("face_px", float, "face.quality.size_px"),
    Column("yaw_deg", float, "face.pose.yaw_deg"),
    Column("pitch_deg", float, "face.pose.pitch_deg"),
    Column("roll_deg", float, "face.pose.roll_deg"),
    *(Column(label, float, f"affect.smoothed.{label}") for label in Expressions.__slots__),
    *(Column(f"raw_{label}", float, f"affect.raw.{label}") for label in Expressions.__slots__),
    Column("valence", float, "affect.valence"),
    Column("arousal", float, "affect.arousal"),
    Column("valence_arousal_provenance", str, "affect.valence_arousal_provenance"),
    Column("baseline_weight", float, "affect.baseline_weight"),
    Column("model_id", str, "affect.model_id"),
)
NAMES = (*(column.name for column in COLUMNS), *(f"action_unit_{number}" for number in _ACTION_UNITS))
KINDS = (*(column.kind for column in COLUMNS), *(float for _ in _ACTION_UNITS))


def row_of(update: Update, title: str) -> list[Cell]:
    """Return the cells of an update in a meeting of this title, by `NAMES`."""
    units = {unit.number: unit.probability for unit in update.affect.action_units} if update.affect else {}
    cells = [column.cell(update) if column.path else title for column in COLUMNS]
    return [*cells, *(units.get(number) for number in _ACTION_UNITS)]
