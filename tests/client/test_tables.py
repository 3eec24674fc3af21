"""What tables say in words."""

import pytest
from fake_service import an_update
from roompulse import results
from roompulse.cli import figures
from roompulse.contract import codec
from roompulse.v1 import update_pb2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (update_pb2.FACING_STATE_UNSPECIFIED, "present"),
        (update_pb2.FACING_STATE_FACING, "present"),
        (update_pb2.FACING_STATE_AWAY, "present, turned away"),
    ],
)
def test_a_head_that_is_turned_away_is_said_to_be(state: update_pb2.FacingState, words: str) -> None:
    message = an_update("ada", 1)
    message.engagement.facing_state = state
    assert figures.sees(codec.from_proto(results.Update, message)) == words


def test_without_a_face_there_is_no_facing() -> None:
    update = codec.from_proto(results.Update, an_update("ada", 1, score=None))
    assert figures.sees(update) == "no face"
