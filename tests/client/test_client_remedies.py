"""Wherever a score is missing, the reason and what helps stand in its place."""

import dataclasses

from fake_service import an_update
from roompulse import remedies
from roompulse.contract import codec
from roompulse.enums import NoScoreReason, Presence
from roompulse.results import Update


def test_every_reason_has_its_sentence_and_its_remedy() -> None:
    for reason in NoScoreReason:
        assert bool(remedies.why(reason)) is bool(reason), reason
        assert bool(remedies.remedy(reason)) is bool(reason), reason


def test_every_presence_but_present_has_its_reason() -> None:
    assert set(Presence) - set(remedies.PRESENCES) == {Presence.UNSPECIFIED, Presence.PRESENT}


def test_an_update_explains_itself() -> None:
    scored = codec.from_proto(Update, an_update("ada", 1))
    faceless = codec.from_proto(Update, an_update("ada", 1, score=None))
    assert remedies.explain(scored) == ""
    assert remedies.explain(faceless).startswith("no face was found: try more light")
    off = dataclasses.replace(faceless, engagement=None, presence=Presence.CAMERA_OFF)
    assert remedies.explain(off) == "the camera is off: nothing to do: absence is not disengagement"
