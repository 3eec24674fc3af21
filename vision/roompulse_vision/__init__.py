"""What sees: packets of video in, observations of faces out. Synchronous; no gRPC, no SQL, no asyncio.

from roompulse_vision import Analyzer

with Analyzer() as analyzer:
    for observation in analyzer.video("ada.mp4"): ...
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# ONNX Runtime gathers telemetry and keeps a device id in the home folder, from its import on. It is never wanted here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from roompulse_vision.analyzer import Analyzer
    from roompulse_vision.errors import MediaError, ModelError, VisionError
    from roompulse_vision.observation import Observation, ObservationSource, RegionObservation, Stamp
    from roompulse_vision.types import FaceReading, Packet, VideoFormat

# Where each name is defined. A module is imported when one of its names is first used, so that who needs only the
# bitstream's syntax needs no library.
_PLACES = {
    "Analyzer": "analyzer",
    "FaceReading": "types",
    "MediaError": "errors",
    "ModelError": "errors",
    "Observation": "observation",
    "ObservationSource": "observation",
    "Packet": "types",
    "RegionObservation": "observation",
    "Stamp": "observation",
    "VideoFormat": "types",
    "VisionError": "errors",
}

__all__ = [
    "Analyzer",
    "FaceReading",
    "MediaError",
    "ModelError",
    "Observation",
    "ObservationSource",
    "Packet",
    "RegionObservation",
    "Stamp",
    "VideoFormat",
    "VisionError",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
