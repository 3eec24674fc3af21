"""Who does what when: the two-minute meeting as data, and the pose it asks for at a moment."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

from demo.portrait import Portrait, eileen_collins, grace_hopper
from demo.warp import Pose

DURATION_S = 120.0
FADE_S = 0.7  # an act comes and goes within this time
BLINK_EVERY_S, BLINK_WIDTH_S = 3.7, 0.08


@dataclass(frozen=True, slots=True)
class Act:
    """From `start_s` to `end_s`, `level` is added to a member of the pose; swinging where `beat_hz` is given."""

    start_s: float
    end_s: float
    member: str
    level: float
    beat_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class Role:
    """A participant of the demo. `phase` keeps two people from swaying in step."""

    participant_id: str
    display_name: str
    portrait: Callable[[], Portrait]
    acts: tuple[Act, ...]
    camera_off: tuple[tuple[float, float], ...] = ()
    phase: float = 0.0


CAST = (
    Role(
        "grace",
        "Grace Hopper (synthetic)",
        grace_hopper,
        acts=(
            Act(14, 24, "smile", 1.1),
            Act(28, 34, "raise_deg", 7, beat_hz=1.1),  # nods
            Act(40, 56, "turn_deg", 40),  # looks away
            Act(92, 99, "surprise", 1.5),
            Act(102, 114, "smile", 1.2),
        ),
        camera_off=((64.0, 84.0),),
    ),
    Role(
        "eileen",
        "Eileen Collins (synthetic)",
        eileen_collins,
        acts=(
            Act(10, 22, "smile", -1.0),  # the corners of the mouth down
            Act(26, 40, "turn_deg", -44),  # looks away
            Act(44, 52, "raise_deg", 7, beat_hz=0.9),  # nods
            Act(58, 78, "gone", 1.0),  # leaves the picture
            Act(86, 98, "raise_deg", -28),  # looks down
            Act(104, 112, "tilt_deg", 9),
        ),
        phase=1.3,
    ),
)


def camera_is_on(role: Role, at_s: float) -> bool:
    return not any(start <= at_s < end for start, end in role.camera_off)


def pose(role: Role, at_s: float) -> Pose:
    """Return what the role does at a moment: a living person's small movements, and its acts."""
    members = asdict(idle(at_s, role.phase))
    for act in role.acts:
        members[act.member] += act.level * envelope(act, at_s) * beat(act, at_s)
    return Pose(**members)


def idle(at_s: float, phase: float) -> Pose:
    """Sway, breathe and blink. The periods have no common multiple within the meeting, so nothing repeats."""

    def wave(period_s: float) -> float:
        return math.sin(2 * math.pi * at_s / period_s + phase)

    since_blink = (at_s + phase) % BLINK_EVERY_S - BLINK_EVERY_S / 2
    return Pose(
        turn_deg=2.4 * wave(7.3) + 1.2 * wave(2.9),
        raise_deg=1.6 * wave(5.7) + 0.8 * wave(2.3),
        tilt_deg=1.4 * wave(8.9),
        blink=math.exp(-0.5 * (since_blink / BLINK_WIDTH_S) ** 2),
        breath=1.2 * wave(3.6),
    )


def envelope(act: Act, at_s: float) -> float:
    """Return 0 outside the act, 1 inside, and a smooth step of FADE_S within its ends."""
    ramp = min(at_s - act.start_s, act.end_s - at_s) / FADE_S
    x = min(max(ramp, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def beat(act: Act, at_s: float) -> float:
    return math.sin(2 * math.pi * act.beat_hz * (at_s - act.start_s)) if act.beat_hz else 1.0
