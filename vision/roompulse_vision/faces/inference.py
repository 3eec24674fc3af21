"""ONNX Runtime as a worker needs it: one thread, no spinning, errors that name the file."""

import pathlib

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.accelerator import PROVIDERS, Accelerator, used

Floats = NDArray[np.float32]
ON_CPU = Accelerator()


def single_thread() -> ort.SessionOptions:
    """Return options for one core: a worker owns one, and threads that spin would take its neighbours' time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only: a worker's standard error is the service's log
    return options


class Network:
    """An ONNX file, loaded for one thread.

    Args:
        file: The ONNX file; its checksum is the caller's to verify.
        model: Its bytes, where they were changed since they were read.
        accelerator: Where it runs; the CPU by default.

    Raises:
        ModelError: The file cannot be loaded.
    """

    def __init__(self, file: pathlib.Path, model: bytes | None = None, accelerator: Accelerator = ON_CPU) -> None:
        self._file = file
        try:
            self._session = ort.InferenceSession(
                str(file) if model is None else model, single_thread(), providers=accelerator.providers
            )
        except Exception as error:  # onnxruntime has a dozen exception classes of its own, none public
            message = f"{file} cannot be loaded as an ONNX model: expected a readable model, found: {error}"
            raise ModelError(message) from error
        running = self._session.get_providers()
        self.warnings = (*accelerator.warnings, *used(accelerator, running))
        self.on_cpu = running[0] == PROVIDERS["cpu"]
        self.inputs: dict[str, list[int | str | None]] = {i.name: i.shape for i in self._session.get_inputs()}
        self.outputs: dict[str, list[int | str | None]] = {o.name: o.shape for o in self._session.get_outputs()}

    def run(self, outputs: list[str], name: str, tensor: Floats) -> list[Floats]:
        """Return the named outputs for `tensor` given to the input `name`.

        Raises:
            ModelError: The network cannot be run on it.
        """
        try:
            results: list[Floats] = self._session.run(outputs, {name: tensor})
        except Exception as error:  # as above
            message = (
                f"{self._file}: expected a model that runs on {tensor.dtype} of shape {tensor.shape}, found: {error}"
            )
            raise ModelError(message) from error
        return results
