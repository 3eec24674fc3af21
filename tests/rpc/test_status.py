"""Errors → statuses: the table is complete, and what is unknown stays inside."""

from urllib.parse import quote

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.rpc.status import CODES, DOMAIN, INTERNAL_TEXT, to_status


def test_every_reason_has_a_code() -> None:
    assert set(CODES) == set(Reason)
    assert code_pb2.OK not in CODES.values()


@pytest.mark.parametrize("reason", list(Reason))
def test_every_status_says_its_reason(reason: Reason) -> None:
    status = to_status(RoompulseError(reason, "what was wrong", uid="7"))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == (reason.value, DOMAIN, {"uid": "7"})
    assert status.message == "what was wrong"


def test_a_wrong_field_is_named() -> None:
    status = to_status(InvalidArgumentError("tiles[2].box", "(2, 2, 1, 1) must lie within 0 to 1"))
    request = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(request)
    assert request.field_violations[0].field == "tiles[2].box"
    assert status.message == "tiles[2].box: (2, 2, 1, 1) must lie within 0 to 1"


def test_what_may_be_tried_again_says_when() -> None:
    status = to_status(RoompulseError(Reason.DRAINING, "later"))
    delays: list[Message] = []
    for detail in status.details:
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(retry):
            delays.append(retry)
    assert len(delays) == 1


def test_the_unknown_stays_inside() -> None:
    status = to_status(ValueError("password=hunter2"))
    assert status.code == code_pb2.INTERNAL
    assert status.message == INTERNAL_TEXT
    assert not status.details


LONG = ("x" * 200_000, "é" * 50_000, "😀" * 20_000, "\ud800" * 9_000)


@pytest.mark.parametrize("long", LONG, ids=("ASCII", "accents", "emoji", "surrogates"))
@pytest.mark.parametrize("reason", [Reason.INVALID_ARGUMENT, Reason.DRAINING])
def test_no_error_outgrows_the_headers_it_travels_in(long: str, reason: Reason) -> None:
    """8 KiB hold all headers of an answer; grpc percent-encodes the message and base64-encodes the details."""
    values = {f"{number}{long[:300]}": long for number in range(50)}
    error = RoompulseError(reason, f"{long!r} must be 1 to 128 characters", field=long, **values)
    status = to_status(error)
    encoded = len(quote(status.message.encode())) + len(status.SerializeToString()) * 4 // 3
    assert encoded < 7_500
    assert status.message.endswith(" must be 1 to 128 characters")
