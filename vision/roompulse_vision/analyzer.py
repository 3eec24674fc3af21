"""The package's front door: a video, packets or a picture in, observations out. Synchronous, for one thread."""

import os
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from roompulse_vision.enumerations import Delivery
from roompulse_vision.face_batcher import observations
from roompulse_vision.faces.face_reader import load_reader
from roompulse_vision.media.video_file import video_packets
from roompulse_vision.observation import DroppedPacket, Observation, ObservationSource, PacketResult, SkippedPackets
from roompulse_vision.still_picture import StillPicture, read_still
from roompulse_vision.stream_analyzer import StreamAnalyzer
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import MediaLimits, Packet, VideoFormat

SELECTIONS = {"primary": FaceSelection.PRIMARY, "all": FaceSelection.ALL}
PACKETS_A_TURN = 4


@dataclass(frozen=True, slots=True)
class _Setup:
    models: str | None
    card: str | None
    engagement: str | None
    detector_threshold: float | None
    detector_width: int | None


class Analyzer:
    """Reads faces as the service does: the same decoding, tracking and networks, without the service.

    Args:
        models: A folder to look for the detector's weights and further models in, before the user's cache.
        card: Name of the emotion model, or path of its card; by default the shipped one.
        engagement: Name of an engagement network, or path of its card; by default there is none.
        detector_threshold: Least score of a face, 0 to 1; by default the detector's own.
        detector_width: Longer side, pixels, that pictures are shrunk to before faces are sought.
        providers: Where the emotion model is to run, in order: "cuda", "openvino" and others; else the CPU.
        limits: What is refused before it is decoded.

    Raises:
        ModelError: A model or card cannot be used; says which, what was expected and what was found.
    """

    def __init__(
        self,
        *,
        models: str | os.PathLike[str] | None = None,
        card: str | os.PathLike[str] | None = None,
        engagement: str | os.PathLike[str] | None = None,
        detector_threshold: float | None = None,
        detector_width: int | None = None,
        providers: Sequence[str] = (),
        limits: MediaLimits | None = None,
    ) -> None:
        setup = _Setup(_text(models), _text(card), _text(engagement), detector_threshold, detector_width)
        self._reader, self.warnings = load_reader(setup, tuple(providers))
        self._limits = limits or MediaLimits()
        self.dropped: Counter[str] = Counter()  # packets without an observation, by reason: "fault", "not_due" …
        self.faults: list[DroppedPacket] = []  # what was wrong with packets of the newest video

    @property
    def source(self) -> ObservationSource:
        """What makes the observations: the emotion model, the checksum of its file, the detector."""
        return self._reader.source

    def video(
        self,
        path: str | os.PathLike[str],
        *,
        rate_hz: float = 0.0,
        faces: Literal["primary", "all"] = "primary",
        mirrored: bool = False,
    ) -> Iterator[Observation]:
        """Yield the observations of a video file, in order.

        Args:
            path: H.264, VP8, VP9 and AV1 are read as they are, other codecs as decoded pictures.
            rate_hz: Pictures to be read a second; 0 means each.
            faces: "primary" follows one face, "all" reads every face.
            mirrored: The pictures are mirrored, as self-views are: sides of the face are swapped back.

        Raises:
            MediaError: The file cannot be read as a video.
        """
        return self.packets(video_packets(pathlib.Path(path)), rate_hz=rate_hz, faces=faces, mirrored=mirrored)

    def packets(
        self,
        packets: Iterable[Packet],
        *,
        rate_hz: float = 0.0,
        faces: Literal["primary", "all"] = "primary",
        mirrored: bool = False,
    ) -> Iterator[Observation]:
        """Yield the observations of packets, in order; a packet that cannot be used costs itself alone.

        What became of the others is counted in `dropped`, and what was wrong with them is in `faults`.
        """
        self.dropped.clear()
        self.faults.clear()
        spec = StreamSpec(SELECTIONS[faces], Delivery.EVERY_FRAME, rate_hz, mirrored)
        for result in self._results(packets, spec):
            if isinstance(result, Observation):
                yield result
            else:
                self._count(result)

    def image(self, data: bytes, form: VideoFormat | None = None, *, max_faces: int = 0) -> StillPicture:
        """Read the faces of a still picture: JPEG, PNG or WebP, or raw pixels that `form` describes.

        Raises:
            MediaError: The bytes cannot be used.
        """
        return read_still(self._reader, data, form or VideoFormat(), self._limits, max_faces)

    def _results(self, packets: Iterable[Packet], spec: StreamSpec) -> Iterator[PacketResult]:
        analyzer = StreamAnalyzer(spec, 1, self._reader, self._limits)
        try:
            turn: list[Packet] = []
            for packet in packets:
                turn.append(packet)
                if len(turn) == PACKETS_A_TURN:
                    yield from self._advance(analyzer, turn)
                    turn = []
            analyzer.finishing = True
            yield from self._advance(analyzer, turn)
            while not analyzer.done:
                yield from self._advance(analyzer, [])
        finally:
            analyzer.close()

    def _advance(self, analyzer: StreamAnalyzer, packets: list[Packet]) -> Iterator[PacketResult]:
        analyzer.push(packets, 0.0)
        jobs = [(0, job) for job in analyzer.advance(analyzer.spec.rate_hz)]
        yield from analyzer.take_results()
        yield from (observation for _, observation in observations(jobs, self._reader.classify))

    def _count(self, result: DroppedPacket | SkippedPackets) -> None:
        if isinstance(result, SkippedPackets):
            self.dropped["not_due"] += len(result.packet_indices)
            return
        self.dropped[result.reason.name.lower()] += 1
        if result.fault is not None:
            self.faults.append(result)

    def __enter__(self) -> "Analyzer":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open: what a video holds is let go when its observations end."""


def _text(value: str | os.PathLike[str] | None) -> str | None:
    return None if value is None else os.fspath(value)
