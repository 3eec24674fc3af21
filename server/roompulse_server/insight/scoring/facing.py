"""How much a head faces the screen, and whether it does, by its angles from the person's own reference.

Facing is where a head points. It is not attention: eyes move on their own, and people listen while they look away.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.types import FacingState

STATE_SIZE = 4
_SLACK_S = 1e-3  # differences of offsets, and 32-bit floats in checkpoints


class Turn(NamedTuple):
    """Smoothed angles from the person's own reference, degrees."""

    yaw_deg: float
    pitch_deg: float


def ramp(angle_deg: float, full_deg: float, zero_deg: float) -> float:
    """Return 1 up to `full_deg`, 0 from `zero_deg` on, and a straight line between; the sign does not matter."""
    return min(1.0, max(0.0, (zero_deg - abs(angle_deg)) / (zero_deg - full_deg)))


def facing_factor(formula: Formula, yaw_deg: float, pitch_deg: float) -> float:
    """Return g = floor + (1 - floor)·F, `facing_floor` to 1, for angles relative to the reference.

    F is the smaller of both ramps. The floor of 0.4 is Sharma et al.'s 2/5 for eyes elsewhere (arXiv 1909.12913):
    the head is 69 % of gaze (Stiefelhagen and Zhu 2002), so a turned head is no proof of looking away.
    """
    facing = min(
        ramp(yaw_deg, formula.yaw_full_deg, formula.yaw_zero_deg),
        ramp(pitch_deg, formula.pitch_full_deg, formula.pitch_zero_deg),
    )
    return formula.facing_floor + (1.0 - formula.facing_floor) * facing


class FacingJudge:
    """Says whether a head faces the screen (`verdict`), slow to change its mind.

    A head is away once it was turned by more than `facing_leave_deg`, in yaw or in pitch, for `facing_dwell_s` without
    a break, and faces again once it was within `facing_return_deg`, in both, for as long. Between the two it stays
    what it was; what was nothing yet is told by the middle. After `hold_s` without a pose it starts afresh.
    Leaving and returning are told equally late, so that times in either state have no bias.
    """

    verdict: FacingState
    _candidate: FacingState
    _since_s: float
    _at_s: float

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self.clear()

    def put(self, at_s: float, turn: Turn) -> None:
        """Take the turn of a moment, not before the last one."""
        if at_s - self._at_s > self._formula.hold_s:
            self.clear()
        self._at_s = at_s
        seems = self._seems(turn)
        if seems is not self._candidate:
            self._candidate, self._since_s = seems, at_s
        if at_s - self._since_s + _SLACK_S >= self._formula.facing_dwell_s:
            self.verdict = seems

    def clear(self) -> None:
        """Forget the person."""
        self.verdict, self._candidate = FacingState.UNSPECIFIED, FacingState.UNSPECIFIED
        self._since_s, self._at_s = -math.inf, -math.inf

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: the state, what it may become, and two ages in seconds."""
        return [float(self.verdict), float(self._candidate), now_s - self._since_s, now_s - self._at_s]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self.verdict, self._candidate = FacingState(int(state[0])), FacingState(int(state[1]))
        self._since_s, self._at_s = now_s - state[2], now_s - state[3]

    def _seems(self, turn: Turn) -> FacingState:
        leave_deg, return_deg = self._formula.facing_leave_deg, self._formula.facing_return_deg
        limits_deg = {FacingState.FACING: leave_deg, FacingState.AWAY: return_deg}
        limit_deg = limits_deg.get(self.verdict, (leave_deg + return_deg) / 2)
        return FacingState.AWAY if max(map(abs, turn)) > limit_deg else FacingState.FACING
