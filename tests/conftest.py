"""What holds for every test."""

import roompulse_server as roompulse_server  # turns the telemetry of ONNX Runtime off before a test imports that
from hypothesis import settings

pytest_plugins = ["watchdog"]

# Speed lives in benchmarks: no example fails because a machine is busy.
settings.register_profile("roompulse", deadline=None)
settings.load_profile("roompulse")
