"""An EfficientNet-B0 in ONNX with made weights, 224×224, as hsemotion-onnx loads it; and our card for it.

Tan and Le 2019, table 1, batch norms folded into the convolutions as exporters do. Speed does not depend on weights.
"""

import hashlib
import pathlib
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = (  # expansion, kernel, stride, channels, repeats
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM, HEAD, SIZE, COLUMNS = 32, 1280, 224, 8
NAME = "enet_b0_8_best_vgaf"  # hsemotion-onnx takes size and labels from the name

CARD = """name = "efficientnet-b0-224"
file = "{file}"
sha256 = "{sha256}"
licence = "made weights, of no use"
source = "benchmarks/efficientnet.py"
min_face_px = 32

[input]
name = "input"
size = 224
colour = "rgb"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
resize = "bilinear-stretch"

[crop.yunet]
rule = "box"
margin = 0.0

[crop.haar]
rule = "box"
margin = 0.0

[output]
scores = "output"
labels = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
"""


class Builder:
    """Adds layers; each method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(1)

    def node(self, kind: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        name = f"{kind}_{len(self.nodes)}"
        made = helper.make_node(kind, list(inputs), [name])
        made.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self.nodes.append(made)
        return name

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        fan_in = max(1, int(np.prod(shape[1:])))
        values = self._rng.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, x: str, channels: int, inputs: int, kernel: int = 1, stride: int = 1, group: int = 1) -> str:
        pad = [kernel // 2] * 4
        shape = (channels, inputs // group, kernel, kernel)
        inputs_of_node = (x, self.weight(*shape), self.weight(channels))
        return self.node(
            "Conv", *inputs_of_node, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pad, group=group
        )

    def swish(self, x: str) -> str:
        return self.node("Mul", x, self.node("Sigmoid", x))

    def block(self, x: str, inputs: int, expansion: int, kernel: int, stride: int, channels: int) -> str:
        wide = inputs * expansion
        y = x if expansion == 1 else self.swish(self.conv(x, wide, inputs))
        y = self.swish(self.conv(y, wide, wide, kernel, stride, group=wide))
        gate = self.swish(self.conv(self.node("GlobalAveragePool", y), inputs // 4, wide))
        y = self.node("Mul", y, self.node("Sigmoid", self.conv(gate, wide, inputs // 4)))
        y = self.conv(y, channels, wide)
        return self.node("Add", x, y) if stride == 1 and inputs == channels else y


def model() -> bytes:
    """Return the network: "input" (N, 3, 224, 224), "output" (N, 8)."""
    build = Builder()
    x, inputs = build.swish(build.conv("input", STEM, 3, 3, 2)), STEM
    for expansion, kernel, stride, channels, repeats in STAGES:
        for number in range(repeats):
            x = build.block(x, inputs, expansion, kernel, stride if number == 0 else 1, channels)
            inputs = channels
    x = build.node("Flatten", build.node("GlobalAveragePool", build.swish(build.conv(x, HEAD, inputs))))
    build.nodes.append(
        helper.make_node("Gemm", [x, build.weight(COLUMNS, HEAD), build.weight(COLUMNS)], ["output"], transB=1)
    )
    graph = helper.make_graph(
        build.nodes,
        "efficientnet-b0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", COLUMNS])],
        build.weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def write(folder: pathlib.Path) -> pathlib.Path:
    """Write the file where hsemotion-onnx looks for it, with `folder` as its home, and return our card for it."""
    home = folder / ".hsemotion"
    home.mkdir(parents=True, exist_ok=True)
    file, card = home / f"{NAME}.onnx", home / "efficientnet-b0-224.toml"
    if not file.exists():
        file.write_bytes(model())
    card.write_text(CARD.format(file=file.name, sha256=hashlib.sha256(file.read_bytes()).hexdigest()))
    return card
