"""What `roompulse check` makes of its samples."""

import numpy as np
import pytest
from fake_service import a_face
from roompulse.cli.annotate import label
from roompulse.cli.assessment import Sample, assess, motion_between
from roompulse.cli.lettering import dots
from roompulse.contract import codec
from roompulse.enums import NoScoreReason, Presence
from roompulse.results import ImageFace, ImageResult
from roompulse.v1 import analysis_service_pb2 as analysis
from roompulse.v1 import update_pb2


def picture(*heights: float, small: bool = False, yaw_deg: float = 0.0) -> ImageResult:
    """Return what is seen in a picture: a face for each height."""
    answer = analysis.AnalyzeImageResponse(width=640, height=360)
    presence = update_pb2.PRESENCE_FACE_TOO_SMALL if small else update_pb2.PRESENCE_PRESENT
    for height in heights:
        found = answer.faces.add(presence=presence)
        found.face.MergeFrom(a_face(height=height))
        found.face.pose.yaw_deg = yaw_deg
    return codec.from_proto(ImageResult, answer)


def samples(*pictures: ImageResult, motion: float = 5.0) -> list[Sample]:
    return [Sample(number / 2, one, motion if number else None) for number, one in enumerate(pictures)]


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (picture(), NoScoreReason.NO_FACE),
        (picture(0.5), NoScoreReason.UNSPECIFIED),
        (picture(0.5, 0.2), NoScoreReason.UNSPECIFIED),
        (picture(0.5, 0.3), NoScoreReason.SEVERAL_FACES),
        (picture(0.5, small=True), NoScoreReason.FACE_TOO_SMALL),
    ],
)
def test_a_picture_says_what_keeps_it_from_counting(seen: ImageResult, problem: NoScoreReason) -> None:
    assert Sample(0.0, seen, None).problem is problem


def test_coverage_is_the_share_of_clear_pictures() -> None:
    found = assess(samples(picture(0.5), picture(0.5), picture(0.5), picture()), 25.0)
    assert found.coverage == 0.75
    assert [finding.why for finding in found.findings] == ["no face was found"]
    assert found.findings[0].share == 0.25
    assert found.face_px == (120, 120, 120)


def test_little_to_see_is_said_to_be_too_little() -> None:
    found = assess(samples(picture(), picture(), picture(0.5)), 25.0)
    assert any("too few of the last seconds" in finding.why for finding in found.findings)


def test_ten_seconds_without_motion_are_a_static_picture() -> None:
    still = assess(samples(*[picture(0.5)] * 30, motion=0.0), 25.0)
    short = assess(samples(*[picture(0.5)] * 10, motion=0.0), 25.0)
    assert any("nothing moved" in finding.why for finding in still.findings)
    assert still.coverage < 0.1
    assert short.coverage == 1.0


def test_a_short_video_has_too_little_to_see() -> None:
    short, long = (assess(samples(*[picture(0.5)] * 4), 25.0, duration_s) for duration_s in (2.4, 9.0))
    assert [finding.why for finding in short.findings] == ["it is only 2.4 s long"]
    assert long.findings == ()


def test_turned_heads_and_low_rates_are_noticed() -> None:
    found = assess(samples(*[picture(0.5, yaw_deg=50)] * 4), 1.0)
    assert [finding.why for finding in found.findings] == ["the head is turned far away", "only 1 pictures a second"]


def test_nothing_seen_is_no_division_by_zero() -> None:
    assert assess([], None).coverage == 0.0


def test_motion_is_the_mean_change() -> None:
    grey = np.zeros((4, 4), np.float32)
    assert motion_between(grey, grey + 3) == 3.0


def test_letters_differ() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.%-#"
    assert len({dots(letter).tobytes() for letter in letters}) == len(letters)
    assert dots("ab").shape == (5, 8)
    assert not dots("?").any()


def test_a_label_names_the_face() -> None:
    (face,) = picture(0.5).faces
    assert label(face, 2) == "#2 present"
    affect = update_pb2.Affect(raw=update_pb2.Expressions(neutral=0.25, happiness=0.75))
    message = analysis.ImageFace(face=a_face(), affect=affect, presence=update_pb2.PRESENCE_PRESENT)
    assert label(codec.from_proto(ImageFace, message), 1) == "#1 happiness 75%"
    assert Presence.PRESENT.word == "present"
