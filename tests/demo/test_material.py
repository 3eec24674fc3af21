"""What the demo's material is worth to the real detector and the real model."""

import pathlib
from dataclasses import dataclass

import av
import pytest
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.types import LABELS, FaceReading
from shared_data import MODELS, needs_shared

from demo.material import RATE_HZ, film
from demo.portrait import eileen_collins, grace_hopper
from demo.script import CAST, Act, Role
from demo.warp import Pose, Puppet

HAPPINESS, SURPRISE = LABELS.index("happiness"), LABELS.index("surprise")


@dataclass(frozen=True, slots=True)
class Setup:
    models: str | None = str(MODELS)
    card: str | None = None
    engagement: str | None = None
    detector_threshold: float | None = None
    detector_width: int | None = None


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return load_reader(Setup())[0]


def only_face(reader: FaceReader, puppet: Puppet, pose: Pose) -> FaceReading:
    (face,) = reader.faces(puppet.picture(pose))
    return face


def yaw(face: FaceReading) -> float:
    assert face.pose is not None
    return face.pose.yaw_deg


def probability(face: FaceReading, label: int) -> float:
    assert face.affect is not None
    return face.affect.probabilities[label]


@needs_shared
def test_turned_heads_are_seen_as_turned(reader: FaceReader) -> None:
    """Beyond 15° facing begins to fall: `rp-engagement-1`."""
    grace, eileen = Puppet(grace_hopper()), Puppet(eileen_collins())
    assert yaw(only_face(reader, grace, Pose(turn_deg=40))) - yaw(only_face(reader, grace, Pose())) > 20
    assert yaw(only_face(reader, eileen, Pose(turn_deg=-44))) - yaw(only_face(reader, eileen, Pose())) < -13


def test_warped_smiles_and_surprise_change_the_expression(reader: FaceReader) -> None:
    grace = Puppet(grace_hopper())
    rest, smile, surprise = (only_face(reader, grace, pose) for pose in (Pose(), Pose(smile=1.2), Pose(surprise=1.5)))
    assert probability(smile, HAPPINESS) > probability(rest, HAPPINESS) + 0.3
    assert probability(surprise, SURPRISE) > probability(rest, SURPRISE) + 0.1


def test_who_is_gone_is_not_found(reader: FaceReader) -> None:
    assert reader.faces(Puppet(eileen_collins()).picture(Pose(gone=1.0))) == []


def test_a_film_is_short_gops_of_h264_with_a_hole_where_the_camera_is_off(tmp_path: pathlib.Path) -> None:
    role = Role("x", "X", grace_hopper, acts=(Act(0, 1, "smile", 1.0),), camera_off=((2.0, 4.0),))
    ticks: list[None] = []
    film(role, tmp_path / "x.mp4", lambda: ticks.append(None), duration_s=5.0)
    with av.open(tmp_path / "x.mp4") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        at_s = [float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None]
        keys = [at for at, packet in zip(at_s, packets, strict=True) if packet.is_keyframe]
    assert len(ticks) == 5 * RATE_HZ
    assert len(at_s) == 3 * RATE_HZ
    assert not [at for at in at_s if 2.0 <= at < 4.0]
    assert keys[0] == 0
    assert len(keys) >= 2


def test_the_same_role_gives_the_same_film(tmp_path: pathlib.Path) -> None:
    for name in ("one", "two"):
        film(CAST[1], tmp_path / name, lambda: None, duration_s=1.0)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
