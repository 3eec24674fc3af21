"""When somebody's camera was on, and how long they spoke, as far as the sender said so."""

from collections.abc import Sequence

import numpy as np
from roompulse_vision.enumerations import Presence

from roompulse_server.insight.summary.intervals import Holding, Mask
from roompulse_server.insight.summary.summary_types import Interval

# A picture came and was looked at. Without consent none is looked at, so nothing is known of the camera.
_PICTURES = (
    Presence.PRESENT,
    Presence.NO_FACE,
    Presence.SEVERAL_FACES,
    Presence.FACE_TOO_SMALL,
    Presence.STATIC_IMAGE,
)
_GAP_US = 10_000_000  # pictures that come this slowly are still one camera, unless an update says otherwise


def pictured(holding: Holding) -> Mask:
    """Tell in which rows a picture was looked at, for any time."""
    looked_at: Mask = np.isin(holding.series.presence, _PICTURES) & (holding.length_us > 0)
    return looked_at


def camera_intervals(holding: Holding) -> tuple[Interval, ...]:
    """Return when pictures came, in order and within the attendance."""
    rows = np.flatnonzero(pictured(holding))
    if not rows.size:
        return ()
    start_us, stop_us = holding.start_us[rows], holding.stop_us[rows]
    otherwise = np.cumsum(~np.isin(holding.series.presence, _PICTURES) & (holding.length_us > 0))[rows]
    gap_us = start_us[1:] - stop_us[:-1]
    attended_us = holding.attendance.before(start_us[1:]) - holding.attendance.before(stop_us[:-1])
    ends = (np.diff(otherwise) > 0) | (gap_us > _GAP_US) | (attended_us < gap_us)
    firsts, lasts = np.append(True, ends), np.append(ends, True)
    pairs = zip(start_us[firsts].tolist(), stop_us[lasts].tolist(), strict=True)
    return tuple(Interval(start, stop) for start, stop in pairs)


def speaking_us(holding: Holding) -> tuple[int | None, int]:
    """Return how long the sender said that they spoke, and how long it said whether; None for never said."""
    said = holding.series.speaking
    known_us = int(holding.length_us[~np.isnan(said)].sum())
    return (int(holding.length_us[said == 1.0].sum()) if known_us else None), known_us


def speaking_shares(spoken_us: Sequence[int | None]) -> tuple[float | None, ...]:
    """Return each one's part of everybody's speaking time; None for who is unknown, or if nobody spoke."""
    whole_us = sum(time_us or 0 for time_us in spoken_us)
    return tuple(None if time_us is None or not whole_us else time_us / whole_us for time_us in spoken_us)
