"""Engagement networks with drawn weights, as Keras would save them, and what they say by their definition."""

import hashlib
import math
import pathlib
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

Layers = dict[str, NDArray[np.float32]]


def drawn(size: int, hidden: int = 16, classes: int = 2, seed: int = 3) -> Layers:
    """Return layers whose probabilities are neither 0 nor 1."""
    rng = np.random.default_rng(seed)
    shapes = {
        "e/kernel": (2 * size, 1),
        "e/bias": (1,),
        "hidden_FC/kernel": (2 * size, hidden),
        "hidden_FC/bias": (hidden,),
        "dense/kernel": (hidden, classes),
        "dense/bias": (classes,),
    }
    return {name: rng.normal(0, 1 / math.sqrt(shape[0]), shape).astype(np.float32) for name, shape in shapes.items()}


def by_definition(layers: Mapping[str, NDArray[np.float32]], rows: NDArray[np.float32]) -> list[float]:
    """Return each class's probability for the embeddings (window, size): plain loops in double precision.

    Every step is taken as the network was built in Keras, those that cancel out too.
    """
    plain = {name: array.astype(float).tolist() for name, array in layers.items()}
    faces = rows.astype(float).tolist()
    columns = list(zip(*faces, strict=True))
    means = [math.fsum(column) / len(column) for column in columns]
    spread = [
        math.sqrt(math.fsum((value - mean) ** 2 for value in column) / len(column))
        for column, mean in zip(columns, means, strict=True)
    ]
    steps = [[*spread, *face] for face in faces]
    shares = _softmax([_dense(step, plain["e/kernel"], plain["e/bias"])[0] for step in steps])
    context = [math.fsum(s * x for s, x in zip(shares, values, strict=True)) for values in zip(*steps, strict=True)]
    hidden = [max(0.0, value) for value in _dense(context, plain["hidden_FC/kernel"], plain["hidden_FC/bias"])]
    return _softmax(_dense(hidden, plain["dense/kernel"], plain["dense/bias"]))


def _dense(values: Sequence[float], kernel: Sequence[Sequence[float]], bias: Sequence[float]) -> list[float]:
    return [
        math.fsum([bias[unit], *(value * row[unit] for value, row in zip(values, kernel, strict=True))])
        for unit in range(len(bias))
    ]


def _softmax(values: Sequence[float]) -> list[float]:
    powers = [math.exp(value - max(values)) for value in values]
    return [power / math.fsum(powers) for power in powers]


def keras(file: pathlib.Path, layers: Mapping[str, NDArray[np.generic]], place: str = "{layer}/{part}") -> bytes:
    """Write layers as a Keras file, each array at the `place` that its layer and part make, and return its bytes."""
    with h5py.File(file, "w") as content:
        content.attrs["backend"] = "tensorflow"
        for name, array in layers.items():
            layer, part = name.split("/")
            content[place.format(layer=layer, part=part)] = array
    return file.read_bytes()


def engagement_card(
    data: bytes, size: int, *, window: int = 128, url: str = "", changes: Mapping[str, str] | None = None
) -> str:
    """Return the card of a network in such a file; `changes` replace the text of a key, as `{"output.classes": …}`."""
    keys = {
        "name": '"tiny-attention"',
        "kind": '"engagement"',
        "formula": '"tiny-attention-1"',
        "file": '"attention.h5"',
        "sha256": f'"{hashlib.sha256(data).hexdigest()}"',
        "licence": '"made by a test"',
        "source": '"a test"',
        **({"url": f'"{url}"'} if url else {}),
    }
    embedding = {"models": '["tiny"]', "size": str(size), "window": str(window)}
    output = {"classes": '["distracted", "engaged"]'}
    for key, text in (changes or {}).items():
        part, _, own = key.rpartition(".")
        {"": keys, "embedding": embedding, "output": output}[part][own] = text
    lines = [f"{key} = {text}" for key, text in keys.items()]
    for name, table in {"embedding": embedding, "output": output}.items():
        lines += [f"[{name}]", *(f"{key} = {text}" for key, text in table.items())]
    return "\n".join(lines) + "\n"


def placed_network(
    folder: pathlib.Path, layers: Layers, *, window: int = 128, changes: Mapping[str, str] | None = None
) -> pathlib.Path:
    """Write a network's Keras file and its card into `folder`; return the card's path."""
    data = keras(folder / "attention.h5", layers)
    card = folder / "tiny-attention.toml"
    size = len(layers["e/kernel"]) // 2
    card.write_text(engagement_card(data, size, window=window, changes=changes), encoding="utf-8")
    return card
