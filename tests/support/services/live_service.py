"""A real service on a free port, and streams to it in the contract's own words."""

import contextlib
import pathlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from fractions import Fraction

import av
import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from roompulse.v1.meeting_service_pb2_grpc import MeetingServiceStub
from roompulse.v1.subscription_service_pb2_grpc import SubscriptionServiceStub
from roompulse_server.app import App, running
from roompulse_server.settings import Settings, load_settings
from shared_data import MODELS

GRANTED = common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED)
Call = grpc.aio.StreamStreamCall[pb.AnalyzeVideoRequest, pb.AnalyzeVideoResponse]


class Service:
    """A running service and a channel to it."""

    def __init__(self, app: App, channel: grpc.aio.Channel) -> None:
        self.app, self.channel = app, channel
        self.analysis = AnalysisServiceStub(channel)
        self.meetings = MeetingServiceStub(channel)
        self.subscriptions = SubscriptionServiceStub(channel)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.app.port}"

    async def stream(
        self, config: pb.StreamConfig, requests: Iterable[pb.AnalyzeVideoRequest]
    ) -> list[pb.AnalyzeVideoResponse]:
        """Send everything, read everything."""
        call = self.analysis.AnalyzeVideo(iter([pb.AnalyzeVideoRequest(config=config), *requests]))
        return [response async for response in call]


def settings(data: pathlib.Path, **flags: object) -> Settings:
    flags = {"listen": "127.0.0.1:0", "data": data, "models": MODELS, "workers": 1, "log_level": "error", **flags}
    return load_settings(flags)


@contextlib.asynccontextmanager
async def service(data: pathlib.Path, **flags: object) -> AsyncIterator[Service]:
    """Run a service in this process (its workers are processes) for the length of the block."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with (
        running(settings(data, **flags)) as app,
        grpc.aio.insecure_channel(f"127.0.0.1:{app.port}", options=options) as channel,
    ):
        yield Service(app, channel)


def config(meeting: str, participant: str, encoding: int = 0, **fields: object) -> pb.StreamConfig:
    """Return an EVERY_FRAME configuration with purpose and consent; `fields` replace or add."""
    values: dict[str, object] = {
        "purpose": common_pb2.PURPOSE_RESEARCH,
        "consent": GRANTED,
        "delivery": media_pb2.DELIVERY_EVERY_FRAME,
        "format": media_pb2.VideoFormat(encoding=encoding),  # type: ignore[arg-type]
        "media_zero_ms": 0,
        **fields,
    }
    key = common_pb2.MeetingKey(id=meeting)
    return pb.StreamConfig(meeting=key, participant_id=participant, **values)  # type: ignore[arg-type]


def packet(index: int, data: bytes, at_s: float | None = None, **fields: object) -> pb.AnalyzeVideoRequest:
    """Return a message with one packet, captured at `at_s` (default: 25 a second)."""
    at = index / 25 if at_s is None else at_s
    offset = Duration()
    offset.FromNanoseconds(round(at * 1e9))
    message = media_pb2.VideoPacket(index=index, data=data, capture_offset=offset, **fields)  # type: ignore[arg-type]
    return pb.AnalyzeVideoRequest(packets=[message])


def annexb(path: pathlib.Path) -> Iterator[tuple[bytes, float]]:
    """Yield a file's H.264 access units with their presentation times, as a bot would pass them through."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        units = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        base = stream.time_base or Fraction(1, 1)
        for unit in container.demux(stream):
            for filtered in units.filter(unit if unit.size else None):
                yield bytes(filtered), float((filtered.pts or 0) * base)


def pictures(path: pathlib.Path, every: int = 1) -> Iterator[tuple[av.VideoFrame, float]]:
    """Yield a file's decoded frames with their times."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                yield frame, float(frame.time or 0.0)


def jpeg(frame: av.VideoFrame) -> bytes:
    """Encode a frame as JPEG."""
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuvj420p"
    context.time_base, context.qmin, context.qmax = Fraction(1, 25), 2, 2
    picture = frame.reformat(format="yuvj420p")
    picture.pts = 0
    return b"".join(bytes(unit) for unit in (*context.encode(picture), *context.encode(None)))


def encoded(frames: Iterable[tuple[av.VideoFrame, float]], codec: str, **options: str) -> Iterator[tuple[bytes, float]]:
    """Encode frames, for example with `libvpx` or `libx264`; one access unit at a time, without reordering."""
    context: av.VideoCodecContext | None = None
    times: list[float] = []
    for number, (frame, at_s) in enumerate(frames):
        if context is None:
            made = av.CodecContext.create(codec, "w")
            assert isinstance(made, av.VideoCodecContext)
            made.width, made.height, made.pix_fmt = frame.width, frame.height, "yuv420p"
            made.time_base, made.bit_rate, made.gop_size, made.max_b_frames = Fraction(1, 25), 1_500_000, 25, 0
            made.options = options
            context = made
        picture = frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")
        picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, 25), 0
        times.append(at_s)
        for unit in context.encode(picture):
            yield bytes(unit), times[unit.pts or 0]
    if context is not None:
        for unit in context.encode(None):
            yield bytes(unit), times[unit.pts or 0]


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason that a status carries; without one, what gRPC itself says."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = error_details_pb2.ErrorInfo()
    if status is None or not status.details:
        return f"{error.code()}: {error.details()}"
    assert status.details[0].Unpack(info)
    assert info.domain == "roompulse.dev"
    return str(info.reason)


def kinds(responses: Iterable[pb.AnalyzeVideoResponse]) -> list[str]:
    return [response.WhichOneof("event") or "" for response in responses]


def updates_of(responses: Iterable[pb.AnalyzeVideoResponse]) -> list[pb.AnalyzeVideoResponse]:
    return [response for response in responses if response.WhichOneof("event") == "update"]


def final_counters(responses: list[pb.AnalyzeVideoResponse]) -> common_pb2.PacketCounters:
    """Return the exact counters, which every well-ended stream says last."""
    finals = [response.flow for response in responses if response.flow.final]
    assert len(finals) == 1, kinds(responses)
    return finals[0].counters


def dropped(counters: common_pb2.PacketCounters) -> dict[str, int]:
    prefix = "DROP_REASON_"
    return {common_pb2.DropReason.Name(d.reason).removeprefix(prefix): d.count for d in counters.dropped}


def balances(counters: common_pb2.PacketCounters) -> bool:
    """received = analyzed + dropped + not due + pending."""
    gone = sum(entry.count for entry in counters.dropped)
    return counters.received == counters.analyzed + gone + counters.not_due + counters.pending


async def refusal(call: Awaitable[object]) -> str:
    """Return the reason of an error, or an empty text."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return reason(error)
    return ""


async def everything(call: Call) -> tuple[list[pb.AnalyzeVideoResponse], str]:
    """Read to the end; return what came, and the reason of the error at the end."""
    responses: list[pb.AnalyzeVideoResponse] = []
    try:
        while isinstance(response := await call.read(), pb.AnalyzeVideoResponse):
            responses.append(response)
    except grpc.aio.AioRpcError as error:
        return responses, reason(error)
    return responses, ""


async def begin(service: Service, stream: pb.StreamConfig) -> tuple[Call, pb.StreamOpened]:
    call = service.analysis.AnalyzeVideo()
    await call.write(pb.AnalyzeVideoRequest(config=stream))
    first = await call.read()
    assert isinstance(first, pb.AnalyzeVideoResponse)
    assert first.WhichOneof("event") == "opened"
    return call, first.opened
