"""One stream: packets → decoded frames → what is due → faces. Synchronous, for one thread.

    inbox ─▶ decode (whole) ─▶ due? ─▶ LIVE: the newest alone │ EVERY_FRAME: each ─▶ look ─▶ Job
      └─ LIVE: not decoded if it is not due and no other picture needs it

A `Job` is an observation without the expressions, which are read for several streams together. Each packet that was
pushed leaves exactly once: as a job, or among the results.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from roompulse_vision.enumerations import Delivery, DropReason, FaultReason, Presence
from roompulse_vision.errors import MediaError
from roompulse_vision.faces.face_reader import FaceReader, Seen, Watcher
from roompulse_vision.frame_sampler import FrameSampler
from roompulse_vision.media.decoder import Decoded, Decoder, Frame
from roompulse_vision.observation import (
    DroppedPacket,
    Observation,
    PacketResult,
    RegionObservation,
    SkippedPackets,
    stamp_of,
)
from roompulse_vision.stream_spec import FaceSelection, StreamSpec, Watch
from roompulse_vision.types import Box, FaceReading, MediaLimits, Packet

log = logging.getLogger(__name__)

EVERY_FRAME_SHARE = 4  # packets a turn, so that streams take turns
FRESH_S = 0.01  # a LIVE picture that has waited longer gives way to the next one …
MAX_LATE = 0.5  # … as long as that comes within this share of a period after it was due


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredRegion:
    region: str
    presence: Presence
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """An analysed picture that waits for its expressions."""

    packet: Packet
    regions: tuple[MeasuredRegion, ...]
    mirrored: bool
    generation: int = 0

    @property
    def faces(self) -> int:
        """How many faces are to be read."""
        return sum(len(region.seen) for region in self.regions)

    def only(self, names: Collection[str]) -> "Job":
        """Return the job without the regions that have none of these names."""
        return replace(self, regions=tuple(region for region in self.regions if region.region in names))

    def observation(self, readings: Callable[[Seen], FaceReading]) -> Observation:
        """Return the observation, with each face's reading."""
        regions = tuple(
            RegionObservation(
                region.region,
                region.presence,
                tuple(_unmirrored(readings(seen)) if self.mirrored else readings(seen) for seen in region.seen),
            )
            for region in self.regions
        )
        return Observation(self.packet.index, stamp_of(self.packet), regions, self.packet.speaking, self.generation)


def _dropped(packet: Packet, reason: DropReason, fault: FaultReason | None = None, message: str = "") -> DroppedPacket:
    return DroppedPacket(packet.index, packet.offset_us, reason, fault, message)


@dataclass(slots=True)
class Effort:
    """Seconds of looking, looks, and due pictures that had to go."""

    looking_s: float = 0.0
    looks: int = 0
    superseded: int = 0


class StreamAnalyzer:
    def __init__(
        self,
        spec: StreamSpec,
        first_track: int,
        reader: FaceReader,
        limits: MediaLimits,
        on_packet: Callable[[int], None] = lambda index: None,
    ) -> None:
        """`on_packet` is told the index of each packet before it is worked on."""
        self.spec = spec
        self.finishing = False
        self._effort = Effort()
        self._reader, self._on_packet = reader, on_packet
        self._first_track = first_track
        self._decoder = Decoder(limits, admitted=True)  # by the session's intake
        self._sampler = FrameSampler()
        self._inbox: deque[Packet] = deque()
        self._sent_s, self._newest_us = 0.0, 0
        self._undecided: dict[int, Packet] = {}
        self._watchers: dict[str, Watcher] = {}
        self._results: list[PacketResult] = []
        self._skipped: list[Packet] = []  # since the last of the results
        self._waiting = False
        self._wants_key_frame = False

    @property
    def busy(self) -> bool:
        """Whether a turn would do something."""
        return bool(self._inbox) or self.finishing

    @property
    def live(self) -> bool:
        return self.spec.delivery is not Delivery.EVERY_FRAME

    def push(self, packets: Iterable[Packet], sent_s: float) -> None:
        """Take packets that were sent here at `sent_s`, by the monotonic clock."""
        self._inbox.extend(packets)
        self._sent_s = sent_s

    def watch(self, watch: Watch) -> None:
        """Look at this from the next picture on."""
        self.spec = replace(self.spec, watch=watch)
        if self.spec.selection is not FaceSelection.REGIONS:
            return
        names = {region.name for region in watch.regions or ()}
        self._watchers = {name: watcher for name, watcher in self._watchers.items() if name in names}

    def advance(self, rate_hz: float) -> list[Job]:
        """Decode what has come (a share of it for EVERY_FRAME) and look at what is due."""
        share = len(self._inbox) if self.live else EVERY_FRAME_SHARE
        frames: list[Frame] = []
        for _ in range(min(share, len(self._inbox))):
            frames += self._decode(self._inbox.popleft(), rate_hz)
        if self.finishing and not self._inbox:
            frames += self._flush()
        jobs = self._look_at_due(frames, rate_hz)
        if self.finishing and not self._inbox:
            self._give_up(list(self._undecided))
        return jobs

    def take_results(self) -> tuple[PacketResult, ...]:
        self._add_skipped()
        results, self._results = tuple(self._results), []
        return results

    def take_key_frame_wish(self) -> bool:
        wish, self._wants_key_frame = self._wants_key_frame, False
        return wish

    def take_effort(self) -> "Effort":
        """Return what looking took since the last time, as far as a lower rate would save it."""
        effort, self._effort = self._effort, Effort()
        return effort if self.live else Effort()

    @property
    def done(self) -> bool:
        """Whether everything that was pushed is answered and nothing follows."""
        return self.finishing and not self._inbox and not self._undecided

    def close(self) -> None:
        self._decoder.close()

    def _decode(self, packet: Packet, rate_hz: float) -> list[Frame]:
        if packet.after_loss:
            self._decoder.skip_to_key_frame()
        unwanted = packet.decode_only or not self._sampler.awaits(packet.offset_us, rate_hz)
        if unwanted and self._decoder.can_do_without(packet):
            self._pass_over(packet)
            return []
        self._undecided[packet.index] = packet
        self._on_packet(packet.index)
        try:
            decoded = self._decoder.decode(packet)
        except MediaError as error:
            self._damage(packet, error)
            self._waiting = self._decoder.needs_key_frame
            return []
        if decoded.waiting_for_key_frame:
            self._wait_for_key_frame(packet)
        else:
            self._waiting = False
        return self._take(decoded)

    def _take(self, decoded: Decoded) -> list[Frame]:
        """Answer for packets whose pictures will not be looked at; return the others' frames."""
        for damaged, error in decoded.damaged:
            self._damage(damaged, error)
        self._give_up([packet.index for packet in decoded.without_picture])
        return list(decoded.frames)

    def _damage(self, packet: Packet, error: MediaError) -> None:
        """Answer for a damaged packet, and ask for what heals it: of a live sender, who can make a key frame."""
        self._fault(packet, error.reason, error.message)
        self._wants_key_frame |= self._decoder.needs_key_frame or (self.live and self._decoder.under_way)

    def _pass_over(self, packet: Packet) -> None:
        if packet.decode_only:
            self._add(_dropped(packet, DropReason.NO_PICTURE))
        else:
            self._skipped.append(packet)

    def _wait_for_key_frame(self, packet: Packet) -> None:
        self._undecided.pop(packet.index, None)
        if self._waiting:
            self._add(_dropped(packet, DropReason.WAITING_FOR_KEY_FRAME))
            return
        self._waiting = self._wants_key_frame = True
        message = f"packet {packet.index} is no key frame, and decoding can only begin at one; send one"
        self._add(_dropped(packet, DropReason.WAITING_FOR_KEY_FRAME, FaultReason.NO_KEY_FRAME, message))

    def _flush(self) -> list[Frame]:
        try:
            return self._take(self._decoder.finish())
        except MediaError:
            return []

    def _look_at_due(self, frames: list[Frame], rate_hz: float) -> list[Job]:
        known = [frame for frame in frames if self._undecided.pop(frame.packet.index, None) is not None]
        chosen = self._chosen(known, rate_hz)
        began_s = time.monotonic()
        jobs = [job for frame in chosen if (job := self._look(frame)) is not None]
        self._effort.looking_s += time.monotonic() - began_s
        self._effort.looks += len(chosen)
        return jobs

    def _chosen(self, frames: list[Frame], rate_hz: float) -> list[Frame]:
        """Return the frames to look at, LIVE the newest if any is due; answer for the others.

        At the end of a stream nothing newer comes, and all that are due are looked at.
        """
        due: list[Frame] = []
        if not self.live or self.finishing or not self._better_wait(frames, rate_hz):
            due = [frame for frame in frames if self._sampler.due(frame.packet.offset_us, rate_hz)]
        newest_wins = self.live and due and not self.finishing
        chosen, superseded = (frames[-1:], due[:-1]) if newest_wins else (due, [])
        for frame in frames:
            if frame in superseded:
                self._add(_dropped(frame.packet, DropReason.SUPERSEDED))
            elif frame not in chosen:
                self._skipped.append(frame.packet)
        self._effort.superseded += len(superseded)
        return chosen

    def _better_wait(self, frames: list[Frame], rate_hz: float) -> bool:
        """Tell whether these frames have waited for the worker, and the next ones will still be early enough.

        So looks spread over the time that a worker has, and what is looked at is fresh.
        """
        if not frames:
            return False
        newest_us = frames[-1].packet.offset_us
        step_us, self._newest_us = newest_us - self._newest_us, newest_us
        late_us, waited = self._sampler.late_us(newest_us), time.monotonic() - self._sent_s > FRESH_S
        return late_us is not None and waited and step_us > 0 and (late_us + step_us) * rate_hz <= MAX_LATE * 1e6

    def _look(self, frame: Frame) -> Job | None:
        self._on_packet(frame.packet.index)
        try:
            picture = frame.picture()
            time_s = frame.packet.offset_us / 1e6
            regions: list[tuple[str, Box | None]] = [("", None)]
            if self.spec.selection is FaceSelection.REGIONS:
                regions = [(region.name, region.box) for region in self.spec.watch.regions or ()]
            looks = [(name, self._watcher(name).look(picture, time_s, box)) for name, box in regions]
        except MediaError as error:
            self._fault(frame.packet, error.reason, error.message)
            return None
        except Exception:
            log.exception("a picture could not be analysed")
            message = f"packet {frame.packet.index}: the picture could not be analysed; the service's log says why"
            self._fault(frame.packet, FaultReason.CORRUPT, message)
            return None
        seen = tuple(MeasuredRegion(name, look.presence, look.faces) for name, look in looks)
        return Job(frame.packet, seen, self.spec.mirrored, self.spec.watch.generation)

    def _watcher(self, region: str) -> Watcher:
        if region not in self._watchers:
            self._watchers[region] = self._reader.watcher(
                every_face=self.spec.selection is FaceSelection.ALL, first_track=self._first_track
            )
        return self._watchers[region]

    def _fault(self, packet: Packet, reason: FaultReason, message: str) -> None:
        self._undecided.pop(packet.index, None)
        self._add(_dropped(packet, DropReason.FAULT, reason, message))

    def _give_up(self, indices: list[int]) -> None:
        for packet in [self._undecided.pop(index) for index in indices if index in self._undecided]:
            self._add(_dropped(packet, DropReason.NO_PICTURE))

    def _add(self, result: PacketResult) -> None:
        self._add_skipped()
        self._results.append(result)

    def _add_skipped(self) -> None:
        if passed := self._skipped:
            newest_us = max(packet.offset_us for packet in passed)
            self._results.append(SkippedPackets(tuple(packet.index for packet in passed), newest_us))
            self._skipped = []


def _unmirrored(face: FaceReading) -> FaceReading:
    """Give a mirrored face its own sides back: the box stays where it is in the picture."""
    pose, marks = face.pose, face.landmarks
    return replace(
        face,
        pose=replace(pose, yaw_deg=-pose.yaw_deg, roll_deg=-pose.roll_deg) if pose else None,
        landmarks=(marks[1], marks[0], marks[2], marks[4], marks[3]) if marks else None,
    )
