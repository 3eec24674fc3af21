"""What sees: packets of video in, observations of faces out. Synchronous; no gRPC, no SQL, no asyncio.

from roompulse_vision import Analyzer

with Analyzer() as analyzer:
    for observation in analyzer.video("ada.mp4"): ...
"""

import os

# ONNX Runtime gathers telemetry and keeps a device id in the home folder, from its import on. It is never wanted here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
