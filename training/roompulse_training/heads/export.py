"""One ONNX file of backbone and heads, and the card that says what is where: what `serve --model` takes.

input ─▶ the backbone, as it is ─┬─ embedding ─┬─▶ Gemm ─ Relu ─ Gemm ───────▶ head_expressions
                                 └─ scores ────┴─▶ … Tanh ▶ head_valence_arousal, … ▶ head_action_units
"""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from roompulse_vision.faces.card import LAST_GEMM_INPUT, ModelCard, ModelOutput, UnitOutput, read_card
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.onnx_graph import embedding_exposed
from roompulse_vision.types import ACTION_UNITS

from roompulse_training.figures import HALF
from roompulse_training.heads.card_file import card_text
from roompulse_training.heads.dense import Layer, Net
from roompulse_training.heads.frames import Inputs
from roompulse_training.heads.head import Head
from roompulse_training.heads.training import Choice

OUTPUTS = {"expr": "head_expressions", "va": "head_valence_arousal", "au": "head_action_units"}


class _Graph:
    """A model's graph that is being added to; every name that is taken gets an underscore."""

    def __init__(self, model: onnx.ModelProto, card: ModelCard, embedding: str) -> None:
        self._graph, self._card, self._embedding = model.graph, card, embedding
        names = {name for node in model.graph.node for name in node.output}
        self._taken = names | {one.name for one in model.graph.initializer} | {one.name for one in model.graph.input}

    def add(self, task: str, head: Head) -> str:
        """Add a task's head; return the name of its output."""
        net = self._fitted(head, head.of_task(task))
        name = self._free(OUTPUTS[task])
        tensor = self._input(head.recipe.inputs, name)
        for number, layer in enumerate(net):
            weights = [self._constant(f"{name}.{number}.{key}", getattr(layer, key)) for key in Layer.__slots__]
            last = number == len(net) - 1
            tensor = self._node("Gemm", [tensor, *weights], name if last and task != "va" else f"{name}.{number}")
            if not last or task == "va":
                tensor = self._node("Tanh" if last else "Relu", [tensor], name if last else f"{name}.{number}.relu")
        self._graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", len(net[-1].bias)]))
        return name

    def pass_on(self, task: str, columns: Sequence[int]) -> str:
        """Make columns of the backbone's scores an output of their own; return its name."""
        name = self._free(OUTPUTS[task])
        places = numpy_helper.from_array(np.array(columns, np.int64), f"{name}.columns")
        self._graph.initializer.append(places)
        self._node("Gather", [self._card.output.scores, places.name], name, axis=1)
        self._graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", len(columns)]))
        return name

    def _fitted(self, head: Head, net: Net) -> Net:
        """Return the network for all columns of the scores: those after the labels count nothing."""
        if head.recipe.inputs is Inputs.FEATURES:
            return net
        more = self._card.output.columns - len(self._card.output.labels)
        return (Layer(np.pad(net[0].weight, ((0, more), (0, 0))), net[0].bias), *net[1:])

    def _input(self, kind: Inputs, name: str) -> str:
        if kind is Inputs.BOTH:
            return self._node("Concat", [self._embedding, self._card.output.scores], f"{name}.input", axis=1)
        return self._embedding if kind is Inputs.FEATURES else self._card.output.scores

    def _node(self, operator: str, inputs: list[str], output: str, axis: int | None = None) -> str:
        attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
        self._graph.node.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, value: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def with_heads(card: ModelCard, heads: Mapping[str, Head]) -> tuple[bytes, ModelOutput]:
    """Return the backbone with heads, and where everything is; thresholds, labels and temperature stay the backbone's.

    Raises:
        ModelError: The backbone has no such embedding as its card says.
    """
    model, embedding, before = card.file.read_bytes(), card.output.embedding or "", card.output
    if embedding == LAST_GEMM_INPUT:
        model, embedding = embedding_exposed(model)
    whole = onnx.load_from_string(model)
    graph = _Graph(whole, card, embedding)
    names = {task: graph.add(task, head) for task, head in heads.items()}
    units = UnitOutput(ACTION_UNITS, HALF, names["au"]) if "au" in names else before.action_units
    after = replace(before, embedding=embedding, feelings=names.get("va", before.feelings), action_units=units)
    if "va" in names:
        after = replace(after, valence=None, arousal=None)
    if "expr" in names or after.columns < before.columns:  # the scores of a card end with what it names
        scores = names.get("expr") or graph.pass_on("expr", range(len(before.labels)))
        after = _apart(replace(after, scores=scores), graph)
    onnx.checker.check_model(whole)
    return whole.SerializeToString(), after


def _apart(output: ModelOutput, graph: _Graph) -> ModelOutput:
    """Return the outputs after the scores are others: what else were columns of the old becomes outputs of its own."""
    if output.valence is not None and output.arousal is not None:
        feelings = graph.pass_on("va", (output.valence, output.arousal))
        output = replace(output, valence=None, arousal=None, feelings=feelings)
    units = output.action_units
    if units is not None and units.output is None:
        passed = graph.pass_on("au", range(units.first, units.first + len(units.units)))
        output = replace(output, action_units=replace(units, output=passed, first=0))
    return output


def export(
    folder: pathlib.Path, name: str, card: ModelCard, choice: Choice, classes: tuple[str, ...], licence: str = ""
) -> ModelCard:
    """Write `<name>.onnx` and `<name>.toml`, prove that the service would take them, and return the card.

    Args:
        folder: Where to; made if it is missing.
        name: The model's.
        card: Of the backbone.
        choice: The heads; where none is of expressions those of the backbone stay.
        classes: The service's labels of the heads' classes.
        licence: Of the whole, for the card.

    Raises:
        ModelError: The service would refuse it.
        OSError: It cannot be written.
    """
    model, output = with_heads(card, choice.heads)
    if "expr" in choice.heads:
        output = replace(output, labels=classes, temperature=choice.temperature)
    if "au" in choice.heads and output.action_units:
        output = replace(output, action_units=replace(output.action_units, thresholds=choice.thresholds))
    made = replace(
        card,
        name=name,
        file=folder.resolve() / f"{name}.onnx",
        checksum=Checksum("sha256", Checksum("sha256", "").of(model)),
        licence=licence or f"heads: not stated; backbone: {card.licence}",
        source=f"heads trained on {card.name} ({card.source})",
        output=output,
        neutral_logp=choice.neutral_logp if "expr" in choice.heads else card.neutral_logp,
        url="",
    )
    folder.mkdir(parents=True, exist_ok=True)
    made.file.write_bytes(model)
    path = made.file.with_suffix(".toml")
    path.write_text(card_text(made), encoding="utf-8")
    Classifier(read_card(path))
    return made
