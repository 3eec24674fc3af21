"""Calls that say nothing: each kind ends in time and says why, and only so many may wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from live_service import Service, config, everything, packet, reason, refusal, service, updates_of
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse_server.rpc import first_message
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

CALLS = {
    "unary": "/roompulse.v1.MeetingService/GetMeeting",
    "subscription": "/roompulse.v1.SubscriptionService/SubscribeUpdates",
    "stream": "/roompulse.v1.AnalysisService/AnalyzeVideo",
    "health": "/grpc.health.v1.Health/Watch",
    "reflection": "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with service(
        tmp_path_factory.mktemp("record"), first_message_s=0.05, max_streams=1, heartbeat_s=0.2
    ) as running:
        yield running


async def silent(running: Service, path: str, *, half_closed: bool = False) -> grpc.aio.AioRpcError:
    """Open a call, say nothing, and return how it ended."""
    call: Any = running.channel.stream_stream(path)()
    if half_closed:
        await call.done_writing()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    return raised.value


@pytest.mark.parametrize("kind", CALLS)
async def test_a_call_without_a_first_message_ends_and_says_why(hasty: Service, kind: str) -> None:
    error = await silent(hasty, CALLS[kind])
    assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_MISSING")
    assert "did not come within 0.05 s" in (error.details() or "")


@pytest.mark.parametrize("kind", CALLS)
async def test_a_call_that_ends_without_a_message_says_why(hasty: Service, kind: str) -> None:
    error = await silent(hasty, CALLS[kind], half_closed=True)
    assert "ended without a message" in (error.details() or "")


async def test_what_follows_the_first_message_comes_whole(hasty: Service) -> None:
    """Reflection is a stream of questions, which may end."""
    channel: Any = hasty.channel  # the stub knows only the blocking one
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = [answer async for answer in stub.ServerReflectionInfo(iter([ask] * 3))]
    assert [answer.HasField("list_services_response") for answer in answers] == [True] * 3


async def test_a_stream_that_has_begun_may_be_silent_for_longer(hasty: Service) -> None:
    call = hasty.analysis.AnalyzeVideo()
    await call.write(pb.AnalyzeVideoRequest(config=config("slow", "ada")))
    for _ in range(2):  # the opening, then a heartbeat
        assert isinstance(await call.read(), pb.AnalyzeVideoResponse)
    await call.write(packet(0, image("single_face.jpg").read_bytes()))
    await call.done_writing()
    responses, _ = await everything(call)
    assert len(updates_of(responses)) == 1


async def test_calls_that_say_nothing_are_counted(hasty: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_message, "MOST_WAITING", 3)
    ends: list[Awaitable[grpc.aio.AioRpcError]] = [silent(hasty, CALLS["stream"]) for _ in range(6)]
    reasons = sorted([reason(error) for error in await asyncio.gather(*ends)])
    assert reasons == ["CONFIG_MISSING"] * 3 + ["TOO_MANY_STREAMS"] * 3
    assert await refusal(hasty.stream(config("after", "ada"), [])) == ""


async def test_streams_that_nobody_looks_at_are_counted_too(hasty: Service) -> None:
    call = hasty.analysis.AnalyzeVideo()
    unseen = config("full", "ada")
    unseen.ClearField("consent")
    await call.write(pb.AnalyzeVideoRequest(config=unseen))
    await call.read()
    assert await refusal(hasty.stream(config("full", "bob"), [])) == "TOO_MANY_STREAMS"
    again = await hasty.stream(config("full", "ada"), [])  # takes the place of the one that is open
    assert again[0].opened.epoch == 2
    call.cancel()
