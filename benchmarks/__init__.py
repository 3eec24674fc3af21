"""How fast the service is, and how well it does on what."""

import roompulse_server as roompulse_server  # turns the telemetry of ONNX Runtime off before anything imports that
