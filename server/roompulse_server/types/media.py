"""What a gallery shows where."""

from dataclasses import dataclass

from roompulse_vision.types import Box


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a gallery that shows one participant."""

    participant_id: str
    box: Box
    display_name: str = ""
    speaking: bool | None = None
