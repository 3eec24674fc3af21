"""Where the emotion model runs: ONNX Runtime's execution providers by short names, first to last, the CPU always last.

The detector stays on the CPU: it sees one small region at a time, and the way to a device takes longer than the look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import onnxruntime as ort

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
DEVICE_BATCH = 64  # a device takes as long for one face as for some dozens
REMEDY = "install the build of onnxruntime for it (onnxruntime-gpu, -openvino, -directml) and its drivers"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Providers for a session, in order, and what must be said about those that cannot be had."""

    names: tuple[str, ...] = ("cpu",)
    warnings: tuple[str, ...] = ()

    @property
    def providers(self) -> list[str]:
        """Return ONNX Runtime's names."""
        return [PROVIDERS[name] for name in self.names]


def choose(wanted: Sequence[str]) -> Accelerator:
    """Return those of `wanted` (keys of `PROVIDERS`) that this installation of ONNX Runtime has, and the CPU."""
    present = set(ort.get_available_providers())
    missing = [name for name in wanted if PROVIDERS[name] not in present]
    names = [name for name in wanted if name not in missing and name != "cpu"]
    had = ", ".join(name for name, provider in PROVIDERS.items() if provider in present)
    warnings = tuple(
        f"the execution provider {name!r} was asked for, and this onnxruntime has only {had}: the emotion model "
        f"runs on {names[0] if names else 'cpu'}; {REMEDY}"
        for name in missing
    )
    return Accelerator((*names, "cpu"), warnings)


def used(accelerator: Accelerator, providers: Sequence[str]) -> tuple[str, ...]:
    """Return what must be said when a session got other `providers` than the first of those it was given."""
    first = accelerator.names[0]
    if not providers or PROVIDERS[first] == providers[0]:
        return ()
    got = next((name for name, provider in PROVIDERS.items() if provider == providers[0]), providers[0])
    return (f"the execution provider {first!r} could not be started: the emotion model runs on {got}; {REMEDY}",)
