"""The roompulse service: video in, explainable engagement out."""

import os

# ONNX Runtime gathers telemetry and keeps a device id in the home folder, from its import on. It is never wanted here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
