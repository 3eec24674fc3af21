"""Participants that stream to a service, in a process of their own: `python -m benchmarks.load < job > result`.

Real time: unit i of a participant is captured at `start + i / frame_hz` and leaves with `batch` others in one message once
the last of them was captured. Dense: as fast as the service takes them. What comes back is kept with its arrival and
parsed after the last byte, so that the client does not compete with the service.
"""

import asyncio
import pickle
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, update_pb2

from benchmarks.material import RATE_HZ

METHOD = "/roompulse.v1.AnalysisService/AnalyzeVideo"
DENSE_BATCH = 8


@dataclass(frozen=True, slots=True)
class Job:
    """`people` stream `clips` (access units), one after the other, for `seconds` of media; `live` in real time."""

    target: str
    meetings: tuple[str, ...]
    clips: tuple[tuple[bytes, ...], ...]
    people: int
    seconds: float
    live: bool
    rate_hz: float = 3.0  # of analyses
    frame_hz: int = RATE_HZ  # of the clips
    batch: int = 3
    idle: bool = False  # connected, and sending nothing
    first: int = 0  # number of the first one: names and clips count from it


@dataclass(frozen=True, slots=True)
class Value:
    """One update. Times are the machine's wall clock, seconds; `unit` counts the participant's access units.

    Valence, arousal and smile (happiness) as the service smoothed them over time; the raw ones are the picture's own.
    """

    unit: int | None
    captured_s: float
    received_s: float
    scored_s: float
    arrived_s: float
    valence: float | None
    arousal: float | None
    raw_valence: float | None
    raw_arousal: float | None
    smile: float | None
    yaw_deg: float | None
    facing: float | None
    score: float | None


@dataclass(slots=True)
class Streamed:
    """What one participant got. `counters` are the final ones."""

    name: str
    clip: int
    values: list[Value] = field(default_factory=list)
    received: int = 0
    analyzed: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    error: str = ""

    def fresh(self) -> list[Value]:
        """Return the analyses, by unit."""
        return sorted((v for v in self.values if v.unit is not None), key=lambda value: value.unit or 0)


class Person:
    def __init__(self, job: Job, number: int) -> None:
        self._job, self._number = job, number
        self.clip = number % len(job.clips)
        self._units = job.clips[self.clip]
        self._rng = random.Random(number)
        self._start_s = 0.0
        self._replies: list[tuple[float, bytes]] = []

    async def stream(self, channel: grpc.aio.Channel) -> Streamed:
        result = Streamed(f"p{self._number}", self.clip)
        method: grpc.aio.StreamStreamMultiCallable[pb.AnalyzeVideoRequest, bytes] = channel.stream_stream(
            METHOD, pb.AnalyzeVideoRequest.SerializeToString, None
        )
        call = method(self._requests())
        try:
            async for reply in call:
                self._replies.append((time.time(), reply))
        except grpc.aio.AioRpcError as error:
            result.error = f"{error.code()}: {error.details()}"
        return result

    def read(self, result: Streamed) -> Streamed:
        for arrived_s, reply in self._replies:
            response = pb.AnalyzeVideoResponse.FromString(reply)
            if response.HasField("update"):
                result.values.append(self._value(response.update, arrived_s))
            elif response.HasField("flow") and response.flow.final:
                counters = response.flow.counters
                result.received, result.analyzed = counters.received, counters.analyzed
                result.dropped = {common_pb2.DropReason.Name(d.reason): d.count for d in counters.dropped}
        return result

    async def _requests(self) -> AsyncIterator[pb.AnalyzeVideoRequest]:
        yield pb.AnalyzeVideoRequest(config=self._config())
        if self._job.idle:
            await asyncio.sleep(self._job.seconds)
            return
        batch = self._job.batch if self._job.live else DENSE_BATCH
        self._start_s = time.time() + self._rng.uniform(0, 1) * self._job.live  # people do not blink in step
        for first in range(0, round(self._job.seconds * self._job.frame_hz), batch):
            if self._job.live:
                await asyncio.sleep(self._captured_s(first + batch - 1) - time.time())
            yield pb.AnalyzeVideoRequest(packets=[self._packet(i) for i in range(first, first + batch)])

    def _captured_s(self, unit: int) -> float:
        return self._start_s + unit / self._job.frame_hz

    def _packet(self, unit: int) -> media_pb2.VideoPacket:
        us = unit * 1_000_000 // self._job.frame_hz
        offset = Duration(seconds=us // 1_000_000, nanos=us % 1_000_000 * 1000)
        return media_pb2.VideoPacket(index=unit, data=self._units[unit % len(self._units)], capture_offset=offset)

    def _config(self) -> pb.StreamConfig:
        job = self._job
        live = media_pb2.DELIVERY_LIVE if job.live else media_pb2.DELIVERY_EVERY_FRAME
        return pb.StreamConfig(
            meeting=common_pb2.MeetingKey(id=job.meetings[self._number % len(job.meetings)]),
            participant_id=f"p{self._number}",
            purpose=common_pb2.PURPOSE_RESEARCH,
            consent=common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED),
            delivery=live,
            format=media_pb2.VideoFormat(encoding=media_pb2.ENCODING_H264),
            update_rate_hz=job.rate_hz if job.live else 0,
            analysis_rate_hz=job.rate_hz if job.live else 0,
            media_zero_ms=None if job.live else 0,
        )

    def _value(self, update: update_pb2.ParticipantUpdate, arrived_s: float) -> Value:
        unit = update.packet_index if update.HasField("packet_index") else None
        received_s = update.receive_time.seconds + update.receive_time.nanos / 1e9
        latency_s = update.scoring_latency.seconds + update.scoring_latency.nanos / 1e9
        engagement, affect = update.engagement, update.affect
        return Value(
            unit=unit,
            captured_s=self._captured_s(unit or 0),
            received_s=received_s,
            scored_s=received_s + latency_s,
            arrived_s=arrived_s,
            valence=_given(affect, "valence"),
            arousal=_given(affect, "arousal"),
            raw_valence=_given(affect, "raw_valence"),
            raw_arousal=_given(affect, "raw_arousal"),
            smile=_given(affect.smoothed, "happiness"),
            yaw_deg=update.face.pose.yaw_deg if update.face.HasField("pose") else None,
            facing=_given(engagement, "facing"),
            score=_given(engagement, "score"),
        )


def _given(message: Message, name: str) -> float | None:
    return float(getattr(message, name)) if message.HasField(name) else None


async def _run(job: Job) -> list[Streamed]:
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    people = [Person(job, job.first + number) for number in range(job.people)]
    async with grpc.aio.insecure_channel(job.target, options=options) as channel:
        results = await asyncio.gather(*(person.stream(channel) for person in people))
    return [person.read(result) for person, result in zip(people, results, strict=True)]


class Load:
    """A client process; `result` waits for its end."""

    def __init__(self, job: Job) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._process.stdin.write(pickle.dumps(job))
        self._process.stdin.close()

    def result(self) -> list[Streamed]:
        assert self._process.stdout is not None
        data = self._process.stdout.read()
        if self._process.wait() != 0:
            raise RuntimeError("a client process failed")
        return list(pickle.loads(data))


def main() -> None:
    job = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(pickle.dumps(asyncio.run(_run(job))))


if __name__ == "__main__":
    from benchmarks import load  # by its own name, so that both processes call its classes the same

    load.main()
