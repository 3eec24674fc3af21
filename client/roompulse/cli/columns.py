"""An update as one row of a tidy table: each variable a column, empty where nothing was measured."""

from datetime import datetime
from typing import Any, NamedTuple

from roompulse.enums import WireEnum
from roompulse.results import Expressions, Update

Cell = str | int | float | bool | datetime | None
_ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)  # the twelve of ABAW


class UpdateColumn(NamedTuple):
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


COLUMNS: tuple[UpdateColumn, ...] = (
    UpdateColumn("meeting_id", str, "meeting.id"),
    UpdateColumn("meeting_uid", str, "meeting.uid"),
    UpdateColumn("meeting_title", str, ""),
    UpdateColumn("participant_id", str, "participant_id"),
    UpdateColumn("sequence", int, "sequence"),
    UpdateColumn("epoch", int, "epoch"),
    UpdateColumn("meeting_offset_s", float, "meeting_offset_s"),
    UpdateColumn("capture_time", datetime, "capture_time"),
    UpdateColumn("receive_time", datetime, "receive_time"),
    UpdateColumn("analysis_age_s", float, "analysis_age_s"),
    UpdateColumn("scoring_latency_s", float, "scoring_latency_s"),
    UpdateColumn("packet_index", int, "packet_index"),
    UpdateColumn("speaking", bool, "speaking"),
    UpdateColumn("presence", str, "presence"),
    UpdateColumn("score", float, "score"),
    UpdateColumn("band", str, "engagement.band"),
    UpdateColumn("no_score_reason", str, "engagement.no_score_reason"),
    UpdateColumn("facing", float, "engagement.facing"),
    UpdateColumn("expression", float, "engagement.expression"),
    UpdateColumn("coverage", float, "engagement.coverage"),
    UpdateColumn("yaw_from_reference_deg", float, "engagement.yaw_from_reference_deg"),
    UpdateColumn("pitch_from_reference_deg", float, "engagement.pitch_from_reference_deg"),
    UpdateColumn("formula_id", str, "engagement.formula_id"),
    UpdateColumn("track", int, "face.track"),
    UpdateColumn("face_x", float, "face.box.x"),
    UpdateColumn("face_y", float, "face.box.y"),
    UpdateColumn("face_width", float, "face.box.width"),
    UpdateColumn("face_height", float, "face.box.height"),
    UpdateColumn("face_px", float, "face.quality.size_px"),
    UpdateColumn("yaw_deg", float, "face.pose.yaw_deg"),
    UpdateColumn("pitch_deg", float, "face.pose.pitch_deg"),
    UpdateColumn("roll_deg", float, "face.pose.roll_deg"),
    *(UpdateColumn(label, float, f"affect.smoothed.{label}") for label in Expressions.__slots__),
    *(UpdateColumn(f"raw_{label}", float, f"affect.raw.{label}") for label in Expressions.__slots__),
    UpdateColumn("valence", float, "affect.valence"),
    UpdateColumn("arousal", float, "affect.arousal"),
    UpdateColumn("valence_arousal_provenance", str, "affect.valence_arousal_provenance"),
    UpdateColumn("baseline_weight", float, "affect.baseline_weight"),
    UpdateColumn("model_id", str, "affect.model_id"),
)
NAMES = (*(column.name for column in COLUMNS), *(f"action_unit_{number}" for number in _ACTION_UNITS))
KINDS = (*(column.kind for column in COLUMNS), *(float for _ in _ACTION_UNITS))


def row_of(update: Update, title: str) -> list[Cell]:
    """Return the cells of an update in a meeting of this title, by `NAMES`."""
    units = {unit.number: unit.probability for unit in update.affect.action_units} if update.affect else {}
    cells = [column.cell(update) if column.path else title for column in COLUMNS]
    return [*cells, *(units.get(number) for number in _ACTION_UNITS)]
