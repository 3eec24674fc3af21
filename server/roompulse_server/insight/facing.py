"""How much a head faces the screen, by its angles from the person's own reference."""

from roompulse_server.insight.formula import Formula


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
