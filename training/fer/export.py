"""Make the ONNX file that the service loads: weights stored as float16, computed as float32; logits and embedding.

    python training/fer/export.py runs/fer/b0-11-votes.pt server/roompulse_server/models/roompulse-fer.onnx

With --int8 FACES.npz it is quantised too (QDQ, per channel, calibrated on training faces), with --fp32 it stays whole.
"""

import argparse
import io
import pathlib
import tempfile

import numpy as np
import onnx
import torch
from faces import load, normalise
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from network import NETWORKS

SMALL = 64  # numbers; halving so few saves nothing


class WithEmbedding(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.net.features(x)
        return self.net.fc(features), features


def read(path: pathlib.Path) -> nn.Module:
    """Return the network of a file that `distil.py` has kept, ready to be used."""
    kept = torch.load(path, weights_only=True, map_location="cpu")
    net = NETWORKS[kept["network"]]()
    net.load_state_dict(kept["model"])
    return net.eval()


def export(net: nn.Module) -> onnx.ModelProto:
    target = io.BytesIO()
    many = {name: {0: "batch"} for name in ("input", "logits", "embedding")}
    torch.onnx.export(WithEmbedding(net).eval(), (torch.zeros(2, 1, 48, 48),), target, input_names=["input"],
                      output_names=["logits", "embedding"], dynamic_axes=many, opset_version=17, dynamo=False)  # fmt: skip
    return onnx.load_from_string(target.getvalue())


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the large weights as float16 and cast them when the file is loaded."""
    casts = []
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if weights.data_type != TensorProto.FLOAT or values.size < SMALL:
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def quantised(model: onnx.ModelProto, folder: pathlib.Path, count: int = 512) -> onnx.ModelProto:
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    images = normalise(load("train", folder, protocol=True).images[:count].float() / 255).numpy()

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter([images[i : i + 32] for i in range(0, count, 32)])

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"input": batch}

    with tempfile.TemporaryDirectory() as place:
        whole, ready, small = (pathlib.Path(place) / name for name in ("whole.onnx", "ready.onnx", "small.onnx"))
        onnx.save(model, whole)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        quantize_static(ready, small, Reader(), per_channel=True, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8, reduce_range=False)  # fmt: skip
        return onnx.load(small)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("weights", type=pathlib.Path)
    p.add_argument("file", type=pathlib.Path)
    kind = p.add_mutually_exclusive_group()
    kind.add_argument("--fp32", action="store_true")
    kind.add_argument("--int8", type=pathlib.Path, help="folder with FER+ train.npz, to calibrate on")
    a = p.parse_args()
    model = export(read(a.weights))
    if a.int8:
        model = quantised(model, a.int8)
    elif not a.fp32:
        model = halved(model)
    onnx.checker.check_model(model)
    onnx.save(model, a.file)
    print(f"{a.file}: {a.file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
