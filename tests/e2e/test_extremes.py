"""Every field of every request at its extremes: an answer that says what is wrong, and nobody else is hurt."""

from collections import Counter
from typing import Any

import grpc
import pytest
from extremes import extremes
from google.protobuf import message_factory
from live_service import GRANTED, Service, balances, config, everything, final_counters, packet, reason
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from seen_by import small_face
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
ANSWERS = {
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "PERMISSION_DENIED",
    "OUT_OF_RANGE",
}
UNARY = [
    method
    for file in (meeting_service_pb2, pb)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.client_streaming and not method.server_streaming
]


def base_of(kind: type[Any]) -> Any:
    """Return a request of a kind that would be answered."""
    base = kind()
    given: dict[str, Any] = {
        "meeting": common_pb2.MeetingKey(id="extreme"),
        "purpose": common_pb2.PURPOSE_RESEARCH,
        "consent": GRANTED,
        "participant_id": "ada",
        "data": FACE,
        "format": meeting_service_pb2.REPORT_FORMAT_JSON,
    }
    for name, value in given.items():
        field = kind.DESCRIPTOR.fields_by_name.get(name)
        if field is None or (name == "format" and field.message_type):
            continue
        if field.message_type:
            getattr(base, name).CopyFrom(value)
        else:
            setattr(base, name, value)
    return base


async def answer(call: Any) -> str:
    """Return the code of a call, with the reason where our service gave none."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        code = error.code().name
        return code if reason(error).isupper() else f"{code} without a reason: {error.details()}"
    return "OK"


@pytest.mark.parametrize("method", UNARY, ids=lambda method: method.name)
async def test_a_unary_call_with_an_extreme_value_is_answered_by_the_service_itself(
    roompulse: Service, method: Any
) -> None:
    kind = message_factory.GetMessageClass(method.input_type)
    replies = message_factory.GetMessageClass(method.output_type)
    call = roompulse.channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=kind.SerializeToString,
        response_deserializer=replies.FromString,
    )
    wrong = Counter[str]()
    for path, request in extremes(base_of(kind)):
        if (code := await answer(call(request))) not in ANSWERS:
            wrong[f"{path}: {code}"] += 1
    assert not wrong


async def test_a_subscription_with_an_extreme_value_is_answered_by_the_service_itself(roompulse: Service) -> None:
    await roompulse.stream(config("watched", "ada"), [packet(0, FACE)])
    wrong = []
    for path, request in extremes(sub.SubscribeUpdatesRequest(meeting=common_pb2.MeetingKey(id="watched"))):
        call = roompulse.subscriptions.SubscribeUpdates(request)
        if (code := await answer(call.read())) not in ANSWERS:
            wrong.append(f"{path}: {code}")
        call.cancel()
    assert not wrong


async def test_a_stream_with_an_extreme_config_is_answered_by_the_service_itself(roompulse: Service) -> None:
    wrong = []
    for number, (path, message) in enumerate(extremes(config("config", "ada"))):
        message.new_occurrence = True
        _, why = await everything(roompulse.analysis.AnalyzeVideo(iter([pb.AnalyzeVideoRequest(config=message)])))
        if not (why == "" or why.isupper()) or why in ("ENGINE_UNAVAILABLE", "RECORD_UNAVAILABLE"):
            wrong.append(f"{number} {path}: {why}")
    assert not wrong


async def test_a_packet_with_an_extreme_value_costs_itself_alone(roompulse: Service) -> None:
    """An index that the record cannot hold is a fault of its packet, and so is a time or a format."""
    picture = small_face()
    good = packet(1, picture, 1.0).packets[0]
    good.format.encoding = media_pb2.ENCODING_JPEG
    last = packet(2**63 - 1, picture, 10.0, format=good.format)
    for path, odd in extremes(good):
        stream = [packet(0, picture, 0.5), pb.AnalyzeVideoRequest(packets=[odd]), last]
        requests = iter([pb.AnalyzeVideoRequest(config=config("packets", "ada", new_occurrence=True)), *stream])
        responses, why = await everything(roompulse.analysis.AnalyzeVideo(requests))
        counters = final_counters(responses)
        assert (why, counters.received, balances(counters), counters.pending) == ("", 3, True, 0), path
        assert counters.analyzed >= 2 - (path == "index"), path
        faults = [r.fault for r in responses if r.WhichOneof("event") == "fault"]
        assert all(fault.message for fault in faults), path
        if odd.index >= 2**63:
            assert [(f.packet_index, f.reason) for f in faults] == [(odd.index, pb.FAULT_REASON_WRONG_INDEX)]
            assert "2^63" in faults[0].message
