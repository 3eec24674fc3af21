"""Crops to affect: one ONNX model, as its card says.

crops (uint8) → tensor → network, in batches → logits / temperature → softmax → places of `types.LABELS`
                                             └──────→ valence, arousal, action units: the model's own, or derived
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from roompulse_vision.derived.action_units import action_units
from roompulse_vision.derived.circumplex import valence_arousal
from roompulse_vision.derived.mixture import Doubles
from roompulse_vision.enumerations import Provenance
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.accelerator import DEVICE_BATCH, Accelerator
from roompulse_vision.faces.card import (
    LAST_GEMM_INPUT,
    Activation,
    Colour,
    ModelCard,
    ModelInput,
    ModelOutput,
    UnitOutput,
)
from roompulse_vision.faces.findings import Findings
from roompulse_vision.faces.inference import ON_CPU, Floats, Network
from roompulse_vision.faces.onnx_graph import embedding_exposed
from roompulse_vision.faces.probe import check_findings, check_interface, probes
from roompulse_vision.faces.sampling import Patch
from roompulse_vision.types import ACTION_UNITS, LABELS, RawAffect

MAX_BATCH = 8  # on one CPU thread larger ones do not pay, and memory stays bounded


class Classifier:
    """The emotion model of a card, whose file `read_card` has verified; it is held to the card before it is used.

    Raises:
        ModelError: The file cannot be loaded, or does not do what its card says; names what was expected and found.
    """

    def __init__(self, card: ModelCard, accelerator: Accelerator = ON_CPU) -> None:
        self.card = card
        self._network, embedding = load(card, accelerator)
        self._batch = MAX_BATCH if self._network.on_cpu else DEVICE_BATCH
        units = card.output.action_units
        self._outputs = {
            key: name
            for key, name in (
                ("scores", card.output.scores),
                ("embeddings", embedding),
                ("feelings", card.output.feelings),
                ("units", units.output if units else None),
            )
            if name is not None
        }
        check_interface(card, self._network, self._outputs)
        findings = self.run(probes(card.input))
        check_findings(card, findings)
        self.embedding_size = None if findings.embeddings is None else findings.embeddings.shape[1]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should be told of where the model runs."""
        return self._network.warnings

    def infer(self, crops: Sequence[Patch]) -> list[RawAffect]:
        """Return the affect of each crop, cut as the card says."""
        chunks = [crops[i : i + self._batch] for i in range(0, len(crops), self._batch)]
        return [affect for chunk in chunks for affect in affects(self.run(chunk, embeddings=False), self.card)]

    def infer_embedded(self, crops: Sequence[Patch]) -> Iterator[tuple[RawAffect, Floats]]:
        """Yield each crop's affect with its embedding, (D,), of a model whose card names one."""
        for start in range(0, len(crops), self._batch):
            findings = self.run(crops[start : start + self._batch])
            assert findings.embeddings is not None
            yield from zip(affects(findings, self.card), findings.embeddings, strict=True)

    def scores(self, crops: Sequence[Patch]) -> Floats:
        """Return the raw scores, (N, columns), of one batch."""
        return self.run(crops, embeddings=False).scores

    def run(self, crops: Sequence[Patch], *, embeddings: bool = True) -> Findings:
        """Return what the model says of one batch, from one run; without the embeddings if they are not wanted."""
        wanted = {key: name for key, name in self._outputs.items() if embeddings or key != "embeddings"}
        found = self._network.run(list(wanted.values()), self.card.input.name, tensor(crops, self.card.input))
        return Findings(**dict(zip(wanted, found, strict=True)))


def load(card: ModelCard, accelerator: Accelerator = ON_CPU) -> tuple[Network, str | None]:
    """Return the network and the name of its output with the embedding, if the card names one."""
    if card.output.embedding != LAST_GEMM_INPUT:
        return Network(card.file, accelerator=accelerator), card.output.embedding
    try:
        model, name = embedding_exposed(card.file.read_bytes())
    except (OSError, ModelError) as error:
        raise ModelError(f"{card.file}: {error}") from error
    return Network(card.file, model, accelerator), name


def affects(findings: Findings, card: ModelCard) -> list[RawAffect]:
    """Return what a run's findings mean by a card."""
    scores, output = findings.scores, card.output
    probabilities = np.full((len(scores), len(LABELS)), np.nan)
    places = [LABELS.index(label) for label in output.labels]
    probabilities[:, places] = softmax(scores[:, : len(places)] / output.temperature)
    own = _own_feelings(findings, output)
    feelings = valence_arousal(probabilities) if own is None else own
    spec = output.action_units
    units, active = (action_units(probabilities), None) if spec is None else _own_units(findings, spec)
    rows = zip(probabilities.tolist(), feelings.tolist(), units.tolist(), strict=True)
    return [
        RawAffect(
            model_id=card.name,
            probabilities=tuple(shares),
            valence=valence,
            arousal=arousal,
            valence_arousal_provenance=Provenance.DERIVED if own is None else Provenance.MODEL,
            action_units=tuple(expected),
            action_unit_provenance=Provenance.DERIVED if active is None else Provenance.MODEL,
            action_units_active=None if active is None else tuple(active[i].tolist()),
        )
        for i, (shares, (valence, arousal), expected) in enumerate(rows)
    ]


def _own_feelings(findings: Findings, output: ModelOutput) -> Doubles | None:
    """Return the model's valence and arousal, (N, 2); trained without a bound, on labels between -1 and 1."""
    if findings.feelings is not None:
        return findings.feelings.astype(np.float64).clip(-1, 1)
    if output.valence is None or output.arousal is None:
        return None
    return findings.scores[:, [output.valence, output.arousal]].astype(np.float64).clip(-1, 1)


def _own_units(findings: Findings, spec: UnitOutput) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return the model's probabilities, (N, len(ACTION_UNITS)), nan for units it lacks, and which are active."""
    columns = findings.scores if findings.units is None else findings.units
    said = columns[:, spec.first : spec.first + len(spec.units)].astype(np.float64)
    if spec.activation is Activation.SIGMOID:
        said = 1 / (1 + np.exp(-said.clip(-60, 60)))
    used = [unit for unit in spec.units if unit in ACTION_UNITS]
    sources, places = [spec.units.index(unit) for unit in used], [ACTION_UNITS.index(unit) for unit in used]
    probabilities = np.full((len(said), len(ACTION_UNITS)), np.nan)
    probabilities[:, places] = said[:, sources].clip(0, 1)
    thresholds = np.full(len(ACTION_UNITS), np.inf)
    thresholds[places] = np.array(spec.thresholds)[sources]
    return probabilities, probabilities >= thresholds


def softmax(logits: NDArray[np.floating]) -> Doubles:
    """Return the probabilities, each row summing to one."""
    shifted = np.asarray(logits, np.float64)
    powers = np.exp(shifted - shifted.max(1, keepdims=True))
    shares: Doubles = powers / powers.sum(1, keepdims=True)
    return shares


def tensor(crops: Sequence[Patch], spec: ModelInput) -> Floats:
    """Return (N, channels, size, size), normalised as the card says."""
    pixels = np.array(crops)
    planes = pixels[:, None] if spec.colour is Colour.GREY else pixels.transpose(0, 3, 1, 2)
    batch = np.empty(planes.shape, np.float32)
    for channel, levels in enumerate(normalised_levels(spec.mean, spec.std)):
        levels.take(planes[:, channel], out=batch[:, channel], mode="clip")  # "raise" would buffer the output
    return batch


@lru_cache(maxsize=4)
def normalised_levels(mean: tuple[float, ...], std: tuple[float, ...]) -> Floats:
    """Return (channels, 256): what each level of a pixel becomes.

    Computed in double precision and rounded once, as EmotiEffLib does for each pixel: equal to it bit for bit.
    """
    levels = np.arange(256) / 255
    table: Floats = ((levels - np.array(mean)[:, None]) / np.array(std)[:, None]).astype(np.float32)
    return table
