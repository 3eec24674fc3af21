"""Data with labels, what predictions are worth on them, and models of one's own."""

import roompulse_server as roompulse_server  # turns the telemetry of ONNX Runtime off before anything imports that
