"""A fake service that keeps a record and cuts its callers off, as a service that is killed does."""

import asyncio
from collections import Counter
from typing import Any

import grpc
from fake_service import FakeService, an_update, key, refuse
from roompulse.v1 import analysis_service_pb2 as analysis
from roompulse.v1 import common_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as subscriptions

Told = subscriptions.SubscribeUpdatesResponse


class CutService(FakeService):
    """Set what goes wrong; each call takes the first entry of the list, and behaves when there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts: list[int] = []  # packets of a stream, or messages of a subscription, before the call is cut
        self.silences: list[int] = []  # the same, before it says nothing any more
        self.refusals: list[tuple[grpc.StatusCode, str]] = []  # how a call is refused, once it goes on
        self.withheld = 0  # updates that are recorded before a cut, and not delivered
        self.tokenless = 1  # every so many messages of a subscription hold a token
        self.listing_hangs = False
        self.listing_came = asyncio.Event()
        self.log: list[Told] = []
        self.calls: Counter[str] = Counter()

    async def AnalyzeVideo(self, request_iterator: Any, context: Any) -> None:  # type: ignore[override]
        config = (await context.read()).config
        self.configs.append(config)
        self.calls["stream"] += 1
        await self._refused(context, config.resumed)
        opened = analysis.StreamOpened(meeting=key(config.meeting.id), epoch=self.calls["stream"])
        opened.last_sequence = len(self.updates)
        await context.write(analysis.AnalyzeVideoResponse(opened=opened))
        cut, silence = self._next(self.cuts), self._next(self.silences)
        counters = common_pb2.PacketCounters()
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.WhichOneof("control"):
                self.controls.append(request)
            for packet in request.packets:
                self.packets.append(packet)
                counters.received += 1
                counters.analyzed += 1
                await self._record(context, packet, deliver=counters.received <= cut - self.withheld)
                await self._go_wrong(context, counters.received, cut, silence)
        await self._go_wrong(context, 1 << 20, cut, silence)
        await context.write(analysis.AnalyzeVideoResponse(flow=analysis.FlowNotice(counters=counters, final=True)))

    async def SubscribeUpdates(self, request: Any, context: Any) -> None:  # type: ignore[override]
        self.subscribed.append(subscriptions.SubscribeUpdatesRequest.FromString(request.SerializeToString()))
        self.calls["subscription"] += 1
        start = int(request.resume_token or 0)
        await self._refused(context, start > 0)
        cut, silence = self._next(self.cuts), self._next(self.silences)
        for said, told in enumerate(self.log[start:]):
            await self._go_wrong(context, said, cut, silence)
            message = Told.FromString(told.SerializeToString())
            if (start + said + 1) % self.tokenless == 0:
                message.resume_token = str(start + said + 1).encode()
            await context.write(message)
            if message.HasField("going_away"):
                return
        await self._go_wrong(context, 1 << 20, cut, silence)

    async def ListUpdates(self, request: Any, context: Any) -> Any:
        self.listing_came.set()
        if self.listing_hangs:
            await asyncio.Event().wait()
        return await super().ListUpdates(request, context)

    async def _record(self, context: Any, packet: Any, *, deliver: bool) -> None:
        update = an_update("ada", len(self.updates) + 1)
        update.packet_index, update.epoch = packet.index, self.calls["stream"]
        update.meeting_offset.FromMicroseconds(packet.capture_offset.ToMicroseconds() + 60_000_000)
        self.updates.append(update)
        if deliver:
            await context.write(analysis.AnalyzeVideoResponse(update=update))

    async def _go_wrong(self, context: Any, count: int, cut: int, silence: int) -> None:
        if count >= cut:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        if count >= silence:
            await asyncio.Event().wait()  # until the caller has enough

    async def _refused(self, context: Any, goes_on: bool) -> None:
        if goes_on and self.refusals:
            code, reason = self.refusals.pop(0)
            await refuse(context, code, reason, f"no: {reason}", oldest="7")

    def _next(self, faults: list[int]) -> int:
        return faults.pop(0) if faults else 1 << 30


def logged(count: int) -> list[Told]:
    """Return a log: updates of two participants, events and final windows by turns, the end last."""
    log: list[Told] = []
    for number in range(1, count + 1):
        log.append(Told(update=an_update("ada", number)))
        if number % 2:
            log.append(Told(update=an_update("bob", number // 2 + 1)))
        if number % 3 == 0:
            log.append(Told(rollup=update_pb2.Rollup(final=True, sequence=number // 3)))
        if number % 4 == 0:
            log.append(Told(meeting_event=update_pb2.MeetingEvent(position=number // 4)))
    end = update_pb2.MeetingEvent(position=count // 4 + 1, kind=update_pb2.MeetingEvent.KIND_MEETING_ENDED)
    return [*log, Told(meeting_event=end)]
