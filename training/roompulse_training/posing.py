"""Simulated faces whose pose is known, and what finds it from five points: how wrong is a head pose?

    canonical face × shape ─▶ turned at random ─▶ seen by a camera ─▶ points tremble ─▶ method ─▶ angles - truth

Yaw is uniform in ±45°, pitch in ±20°, roll in ±15°. Shapes vary by a share of each of the face's five lengths (nose
down and out, mouth half as wide, down and out), alike on both sides; points tremble by a share of the eye distance.
The truth is of the same canonical face, so this is a lower bound, not a result on real heads.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.faces.pose import CANONICAL, angles, centred, head_pose, nearest_rotation
from roompulse_vision.types import HeadPose

Doubles = NDArray[np.float64]
Marks = list[tuple[float, float]]
Method = Callable[[Marks], HeadPose | None]
Triple = tuple[float, float, float]  # yaw, pitch, roll, degrees

LIMITS_DEG = (45.0, 20.0, 15.0)  # yaw, pitch, roll
EYE_DISTANCE_CM = 6.302
FOCAL_PX = 600.0
NOSE_OUT, NOSE_DOWN = float(CANONICAL[2, 2]), float(CANONICAL[2, 1])
MOUTH_OUT, MOUTH_DOWN = float(CANONICAL[3, 2]), float(CANONICAL[3, 1])
FRONTAL_DEG = 25.0
CALM_DEG = (15.0, 8.0, 5.0)  # of somebody who looks at their screen


@dataclass(frozen=True, slots=True)
class Setting:
    """What makes it hard: `noise` in eye distances, `shape` as a share of each length, `distance_cm` to the camera."""

    noise: float = 0.0
    shape: float = 0.0
    distance_cm: float = 60.0


@dataclass(frozen=True, slots=True)
class PoseError:
    """Of yaw, pitch and roll: mean absolute error and its 90th percentile, degrees.

    `frontal_agreement`: how often the method agrees with the truth on |yaw| < 25°.
    """

    mean_deg: Triple
    p90_deg: Triple
    frontal_agreement: float


def closed_form(marks: Marks) -> HeadPose:
    """Return the pose by ratios under weak perspective: roll from the eyes, yaw and pitch from where the nose is."""
    points = np.array(marks)
    across = points[1] - points[0]
    roll = math.atan2(across[1], across[0])
    cosine, sine = math.cos(roll), math.sin(roll)
    upright = (points - points[:2].mean(0)) @ np.array([[cosine, -sine], [sine, cosine]])
    aside = upright[2, 0] / math.hypot(*across)
    depth = upright[2, 1] / upright[3:, 1].mean()
    return HeadPose(
        yaw_deg=math.degrees(math.atan(aside / NOSE_OUT)),
        pitch_deg=math.degrees(math.atan((NOSE_DOWN - MOUTH_DOWN * depth) / (NOSE_OUT - MOUTH_OUT * depth))),
        roll_deg=math.degrees(roll),
    )


def without_perspective(marks: Marks) -> HeadPose:
    """Return the pose that the service's method begins with."""
    return angles(nearest_rotation(centred(marks))[0])


METHODS: dict[str, Method] = {
    "closed form": closed_form,
    "without perspective": without_perspective,
    "least squares": head_pose,
}


def pose_error(method: Method, setting: Setting, count: int, seed: int = 1) -> PoseError:
    """Return how wrong a method is on `count` people in one pose each; the same ones for every method."""
    rng = np.random.default_rng(seed)
    truths, found = np.empty((count, 3)), np.empty((count, 3))
    for number in range(count):
        face = shaped(rng, setting.shape)
        truths[number], found[number] = observed(method, setting, face, LIMITS_DEG, rng)
    return error_of(truths, found)


def personal_error(method: Method, setting: Setting, people: int, frames: int = 60, seed: int = 1) -> PoseError:
    """Return how wrong angles are from each person's own median over as many frames while they look at their screen."""
    rng = np.random.default_rng(seed)
    truths, found = np.empty((people * frames, 3)), np.empty((people * frames, 3))
    for person in range(people):
        face = shaped(rng, setting.shape)
        calm = [observed(method, setting, face, CALM_DEG, rng)[1] for _ in range(frames)]
        for number in range(person * frames, (person + 1) * frames):
            truths[number], found[number] = observed(method, setting, face, LIMITS_DEG, rng)
        found[person * frames : (person + 1) * frames] -= np.median(calm, axis=0)
    return error_of(truths, found)


def error_of(truths: Doubles, found: Doubles) -> PoseError:
    """Return the errors of N poses, (N, 3) degrees each."""
    errors = np.abs(found - truths)
    mean, p90 = errors.mean(0).tolist(), np.percentile(errors, 90, axis=0).tolist()
    agree = (np.abs(found[:, 0]) < FRONTAL_DEG) == (np.abs(truths[:, 0]) < FRONTAL_DEG)
    return PoseError((mean[0], mean[1], mean[2]), (p90[0], p90[1], p90[2]), float(agree.mean()))


def observed(
    method: Method, setting: Setting, face: Doubles, limits_deg: Triple, rng: np.random.Generator
) -> tuple[Triple, Triple]:
    """Return a random pose of a face, and what the method says."""
    yaw, pitch, roll = (rng.uniform(-1, 1, 3) * limits_deg).tolist()
    pose = method(marks(face, (yaw, pitch, roll), setting, rng))
    assert pose is not None
    return (yaw, pitch, roll), (pose.yaw_deg, pose.pitch_deg, pose.roll_deg)


def marks(face: Doubles, angles_deg: Triple, setting: Setting, rng: np.random.Generator) -> Marks:
    """Return the five points of a face in a pose, pixels."""
    points = face @ rotation(*angles_deg).T * EYE_DISTANCE_CM
    seen = FOCAL_PX * points[:, :2] / (setting.distance_cm - points[:, 2:])
    tremble = setting.noise * FOCAL_PX * EYE_DISTANCE_CM / setting.distance_cm
    trembling = seen + tremble * rng.normal(size=seen.shape)
    return [(x, y) for x, y in trembling.tolist()]


def shaped(rng: np.random.Generator, share: float) -> Doubles:
    """Return a canonical face with lengths of its own."""
    face = CANONICAL.copy()
    nose_down, nose_out, mouth_across, mouth_down, mouth_out = 1 + share * rng.normal(size=5)
    face[2] *= (1, nose_down, nose_out)
    face[3:] *= (mouth_across, mouth_down, mouth_out)
    return face


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Doubles:
    """Return what turns a face: first nod, then turn, then tilt; x right, y down, z towards the camera."""
    y, p, r = map(math.radians, (yaw_deg, pitch_deg, roll_deg))
    nod = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    turn = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    tilt = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    whole: Doubles = tilt @ turn @ nod
    return whole
