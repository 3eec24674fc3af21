"""Who may be looked at, row by row."""

from dataclasses import replace

import pytest
from roompulse_server.streams.consent_policy import ConsentPolicy
from roompulse_server.types import Consent, ConsentState, Content, Source, Tile
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig
from roompulse_vision.enumerations import DropReason
from roompulse_vision.types import Box

CAMERA = StreamConfig(MeetingRef("default", "m"), "ada")
ROOM = replace(CAMERA, source=Source.ROOM)
GALLERY = replace(CAMERA, source=Source.GALLERY, tiles=(TileConfig(Tile("bob", Box(0, 0, 1, 1))),))
UNSPECIFIED, GRANTED, REFUSED = ConsentState.UNSPECIFIED, ConsentState.GRANTED, ConsentState.REFUSED


@pytest.mark.parametrize(
    ("config", "required", "attested", "own", "tiles", "looks"),
    [
        (CAMERA, True, False, GRANTED, 0, True),
        (CAMERA, True, False, UNSPECIFIED, 0, False),
        (CAMERA, False, False, UNSPECIFIED, 0, True),
        (CAMERA, False, True, REFUSED, 0, False),
        (CAMERA, True, True, UNSPECIFIED, 0, False),  # an attestation speaks for faces that are found, not for a name
        (ROOM, True, True, UNSPECIFIED, 0, True),
        (ROOM, True, True, REFUSED, 0, False),
        (ROOM, False, False, GRANTED, 0, False),
        (GALLERY, True, False, UNSPECIFIED, 1, True),
        (GALLERY, True, True, GRANTED, 0, False),
    ],
)
def test_who_may_be_looked_at(
    config: StreamConfig, required: bool, attested: bool, own: ConsentState, tiles: int, looks: bool
) -> None:
    policy = ConsentPolicy(config, required, attested)
    assert policy.may_look(Consent(own), tiles) is looks
    assert policy.why_not(Consent(own), tiles, camera_on=True) is (None if looks else DropReason.NO_CONSENT)
    assert policy.why_not(Consent(own), tiles, camera_on=False) is DropReason.NOT_A_CAMERA
    assert (policy.warnings("ada", Consent(own), tiles) == ()) is looks


@pytest.mark.parametrize(
    ("config", "own", "said"),
    [
        (CAMERA, UNSPECIFIED, "no consent of 'ada' is recorded"),
        (CAMERA, REFUSED, "the recorded consent of 'ada' is REFUSED"),
        (ROOM, UNSPECIFIED, "everyone_consented is not set"),
        (GALLERY, UNSPECIFIED, "no consent of any tile's participant"),
    ],
)
def test_a_warning_says_which_consent_is_missing(config: StreamConfig, own: ConsentState, said: str) -> None:
    (warning,) = ConsentPolicy(config, True, False).warnings("ada", Consent(own), 0)
    assert said in warning


def test_a_screen_share_needs_no_warning() -> None:
    shared = replace(CAMERA, content=Content.SCREEN_SHARE)
    assert ConsentPolicy(shared, True, False).warnings("ada", Consent(), 0) == ()
