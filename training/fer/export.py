"""Make the ONNX file that the service loads: weights stored as float16, computed as float32; logits and embedding.

    python training/fer/export.py runs/fer/b0-11.pt vision/roompulse_vision/models/roompulse-fer.onnx

With --int8 FOLDER it is quantised (QDQ, per channel, calibrated on the folder's FER+ training faces), with --fp32 it
stays whole. Then write the file's SHA-256 into its card.
"""

import argparse
import io
import os
import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np
import onnx
import torch
from faces import SIZE, load, normalise
from half_precision import halved
from torch import Tensor, nn
from train import load_network

CALIBRATED_ON = 512  # faces


class WithEmbedding(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.net.features(x)
        return self.net.fc(features), features


def whole(net: nn.Module) -> onnx.ModelProto:
    target = io.BytesIO()
    torch.onnx.export(
        WithEmbedding(net).eval(),
        (torch.zeros(2, 1, SIZE, SIZE),),
        target,
        input_names=["input"],
        output_names=["logits", "embedding"],
        dynamic_axes={name: {0: "batch"} for name in ("input", "logits", "embedding")},
        opset_version=17,
        dynamo=False,
    )
    return onnx.load_from_string(target.getvalue())


def quantised(model: onnx.ModelProto, folder: pathlib.Path) -> onnx.ModelProto:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    images = normalise(load("train", folder, protocol=True).images[:CALIBRATED_ON].float() / 255).numpy()

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter(np.array_split(images, max(1, len(images) // 32)))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"input": batch}

    with tempfile.TemporaryDirectory() as place:
        first, ready, small = (pathlib.Path(place) / name for name in ("first.onnx", "ready.onnx", "small.onnx"))
        onnx.save(model, first)
        quant_pre_process(first, ready, skip_symbolic_shape=True)
        types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        quantize_static(ready, small, Reader(), per_channel=True, **types)
        return onnx.load(small)


def main(words: Sequence[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("weights", type=pathlib.Path)
    p.add_argument("file", type=pathlib.Path)
    kind = p.add_mutually_exclusive_group()
    kind.add_argument("--fp32", action="store_true")
    kind.add_argument("--int8", type=pathlib.Path, metavar="FOLDER", help="with FER+ train.npz, to calibrate on")
    a = p.parse_args(words)
    model = whole(load_network(a.weights))
    if a.int8:
        model = quantised(model, a.int8)
    elif not a.fp32:
        model = halved(model)
    onnx.checker.check_model(model)
    onnx.save(model, a.file)
    print(f"{a.file}: {a.file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
