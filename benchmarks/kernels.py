"""The bare kernels at their best setting: what the frame path cannot be faster than. CPU time of one thread.

Decoding (PyAV), YuNet on ONNX Runtime at 640 and at 320 wide, the emotion model alone and in batches of eight.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np
from roompulse_vision.faces import weights
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.inference import Network
from roompulse_vision.faces.registry import find_emotion_model
from roompulse_vision.faces.yunet import OUTPUTS

from benchmarks.material import RATE_HZ, SHARED, Clip

FACE_HZ = 3.0  # fresh analyses a second of a live participant
ROUND_FRAMES = 48  # decoded, of each clip, in a round


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds of one thread, each; 0 where the weights are missing."""

    decode: float
    detect_640: float
    detect_320: float
    emotion: float
    emotion_alone: float

    @property
    def frame_full(self) -> float:
        """One frame, with the detector at 640 wide."""
        return self.decode + self.detect_640 + self.emotion

    @property
    def frame_best(self) -> float:
        """One frame, with the detector at 320 wide."""
        return self.decode + self.detect_320 + self.emotion

    @property
    def live_ms(self) -> float:
        """One second of a live participant at the best settings."""
        return self.live_at(FACE_HZ)

    def live_at(self, looks_hz: float) -> float:
        """The same at another rate of analyses."""
        return RATE_HZ * self.decode + looks_hz * (self.detect_320 + self.emotion)

    @property
    def bound(self) -> float:
        """Live participants a core, if nothing but the kernels cost anything."""
        return 1e3 / self.live_ms


# An AMD EPYC with AVX-512 VNNI (virtual machine, November 2026), which the goals were set on: measured there, one by one,
# never in the same run. What is projected with them is no measurement.
EPYC = Costs(decode=0.38, detect_640=2.4, detect_320=0.66, emotion=1.25, emotion_alone=1.85)
EPYC_B0 = Costs(decode=0.38, detect_640=2.4, detect_320=0.66, emotion=6.2, emotion_alone=6.2)


def median(rounds: Sequence[Costs]) -> Costs:
    """Return the median, kernel by kernel."""
    rows = [(c.decode, c.detect_640, c.detect_320, c.emotion, c.emotion_alone) for c in rounds]
    return Costs(*map(statistics.median, zip(*rows, strict=True)))


class Kernels:
    """Loads once; each `round` measures everything for a fraction of a second, so that rounds can be interleaved."""

    def __init__(self, clips: Sequence[Clip], card: str | None = None) -> None:
        cv2.setNumThreads(1)
        folders = weights.folders(SHARED / "models" if SHARED.is_dir() else None)
        file = weights.find(weights.YUNET, folders)
        self._clips = clips
        self._detector = Network(file) if file else None
        self._emotion = Classifier(find_emotion_model(card, folders) if card else read_card())
        spec = self._emotion.card.input
        shape = (spec.size, spec.size) if spec.colour == "grey" else (spec.size, spec.size, 3)
        rng = np.random.default_rng(1)
        self._crops = [rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(8)]
        self.rounds: list[Costs] = []

    def round(self) -> Costs:
        """Measure once more, and keep it."""
        batch = _cpu_ms(lambda: self._emotion.scores(self._crops), 2) / len(self._crops)
        alone = _cpu_ms(lambda: self._emotion.scores(self._crops[:1]), 8)
        self.rounds.append(
            Costs(self._decode_ms(), self._detect_ms(640, 352), self._detect_ms(320, 192), min(batch, alone), alone)
        )
        return self.rounds[-1]

    @property
    def median(self) -> Costs:
        """The median of the rounds so far."""
        return median(self.rounds)

    def _detect_ms(self, width: int, height: int) -> float:
        if self._detector is None:
            return 0.0
        detector, picture = self._detector, np.full((1, 3, height, width), 99, np.float32)
        return _cpu_ms(lambda: detector.run(OUTPUTS, "input", picture), 8)

    def _decode_ms(self) -> float:
        units = [clip.units[:ROUND_FRAMES] for clip in self._clips]
        began_s = time.process_time()
        for clip in units:
            context = av.CodecContext.create("h264", "r")
            context.thread_count = 1
            for unit in clip:
                context.decode(av.Packet(unit))
        return (time.process_time() - began_s) * 1e3 / sum(map(len, units))


def _cpu_ms(work: Callable[[], object], times: int) -> float:
    work()
    began_s = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began_s) * 1e3 / times
