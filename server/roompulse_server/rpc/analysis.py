"""AnalysisService: convert, call, convert."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import analysis_service_pb2_grpc as stubs

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.rpc import convert_reply, convert_request
from roompulse_server.rpc.interceptors import current_caller
from roompulse_server.rpc.memo import Messages
from roompulse_server.streams.analysis_service import AnalysisService
from roompulse_server.streams.stream import AnalysisStream

PACKETS_A_TURN = 16

Context = grpc.aio.ServicerContext[Any, Any]


class AnalysisServicer(stubs.AnalysisServiceServicer):
    def __init__(self, service: AnalysisService, messages: Messages) -> None:
        self._service, self._messages = service, messages

    async def AnalyzeVideo(  # type: ignore[override]
        self, request_iterator: AsyncIterator[pb.AnalyzeVideoRequest], context: Context
    ) -> None:
        config = _config(await anext(aiter(request_iterator)))
        stream = await self._service.open(current_caller(), config)
        feeding = asyncio.create_task(_feed(stream, request_iterator))
        try:
            while (reply := await stream.next()) is not None:
                await context.write(convert_reply.reply_to_proto(reply, stream.key, self._messages))
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await stream.aclose()

    async def AnalyzeImage(self, request: pb.AnalyzeImageRequest, context: Context) -> pb.AnalyzeImageResponse:
        read = await self._service.image(current_caller(), convert_request.image_from_proto(request))
        return convert_reply.image_to_proto(read, self._service.ready)


def _config(first: pb.AnalyzeVideoRequest) -> Any:
    if first.WhichOneof("control") != "config" or first.packets:
        message = "the first message of a stream must hold its config, and nothing else"
        raise RoompulseError(Reason.CONFIG_MISSING, message)
    return convert_request.config_from_proto(first.config)


async def _feed(stream: AnalysisStream, requests: AsyncIterator[pb.AnalyzeVideoRequest]) -> None:
    """Hand the caller's messages to the stream; what is wrong with one ends the stream with its error."""
    try:
        async for request in requests:
            await _take(stream, request)
        await stream.finish()
    except RoompulseError as error:
        await stream.stop(error)


async def _take(stream: AnalysisStream, request: pb.AnalyzeVideoRequest) -> None:
    clock = stream.config.clock
    for first in range(0, len(request.packets), PACKETS_A_TURN):
        if first:
            await asyncio.sleep(0)  # a message may hold thousands: other streams have their turn
        packets = request.packets[first : first + PACKETS_A_TURN]
        await stream.packets([convert_request.incoming_from_proto(packet, clock) for packet in packets])
    match request.WhichOneof("control"):
        case "config":
            raise RoompulseError(Reason.CONFIG_REPEATED, "the config comes once, as a stream's first message")
        case "camera":
            await stream.set_camera(request.camera.on, convert_request.capture_from_proto(request.camera, clock))
        case "tiles":
            await stream.set_tiles(convert_request.tiles_from_proto(request.tiles))
