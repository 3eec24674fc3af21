"""Small models in the contract of EmotiEffLib's ONNX files, made here: their own weights cannot be had."""

import hashlib
import pathlib
from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FEATURES = 24
EMOTIEFF_LABELS = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def emotieff_model(size: int = 224, columns: int = 10, *, spoil: str = "", batch: str | int = "batch") -> bytes:
    """Return a model with input "input" (N, 3, size, size), output "output" (N, columns), a Gemm as its last node.

    `spoil` names a weight to be filled with NaN.
    """
    rng = np.random.default_rng(7)
    weights = {
        "stem.weight": rng.normal(0, 0.2, (FEATURES, 3, 8, 8)),
        "stem.bias": rng.normal(0, 0.1, FEATURES),
        "classifier.weight": rng.normal(0, 0.5, (columns, FEATURES)),
        "classifier.bias": rng.normal(0, 0.3, columns),
    }
    weights["classifier.weight"][8:] *= 0.05  # valence and arousal mostly within their range
    if spoil:
        weights[spoil][:] = np.nan
    nodes = [
        helper.make_node("Conv", ["input", "stem.weight", "stem.bias"], ["map"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Sigmoid", ["map"], ["gate"]),
        helper.make_node("Mul", ["map", "gate"], ["swish"]),
        helper.make_node("GlobalAveragePool", ["swish"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "classifier.weight", "classifier.bias"], ["output"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "emotieff",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, size, size])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, columns])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def gemm_of(model: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight (columns, D) and bias of the last layer, as the `onnx` package reads them."""
    arrays = {item.name: numpy_helper.to_array(item) for item in onnx.load_from_string(model).graph.initializer}
    return np.asarray(arrays["classifier.weight"], np.float32), np.asarray(arrays["classifier.bias"], np.float32)


def emotieff_card(
    model: bytes, size: int = 224, *, valence: bool = True, url: str = "", changes: Mapping[str, str] | None = None
) -> str:
    """Return the card of such a model; `changes` replace the text of a key, as `{"output.valence": "9"}`."""
    keys = {
        "name": '"tiny"',
        "file": '"tiny.onnx"',
        "sha256": f'"{hashlib.sha256(model).hexdigest()}"',
        "licence": '"made by a test"',
        "source": '"a test"',
        "min_face_px": "40",
        **({"url": f'"{url}"'} if url else {}),
    }
    given = {"name": '"input"', "size": str(size), "colour": '"rgb"', "resize": '"bilinear-stretch"'}
    given |= {"mean": str(list(IMAGENET[0])), "std": str(list(IMAGENET[1]))}
    output = {"scores": '"output"', "labels": str(list(EMOTIEFF_LABELS)).replace("'", '"')}
    output |= {"valence": "8", "arousal": "9"} if valence else {}
    output |= {"embedding": '"input of the last Gemm"'}
    for key, text in (changes or {}).items():
        part, _, own = key.rpartition(".")
        {"": keys, "input": given, "output": output}[part][own] = text
    tables = {"input": given, "crop.yunet": {"rule": '"box"'}, "crop.haar": {"rule": '"box"'}, "output": output}
    lines = [f"{key} = {text}" for key, text in keys.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {text}" for key, text in table.items())]
    return "\n".join(lines) + "\n"


def placed(folder: pathlib.Path, model: bytes, card: str) -> pathlib.Path:
    """Write a model and its card into `folder`; return the card's path."""
    (folder / "tiny.onnx").write_bytes(model)
    path = folder / "tiny.toml"
    path.write_text(card, encoding="utf-8")
    return path
