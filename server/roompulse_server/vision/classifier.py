"""Crops to affect: one ONNX model, as its card says.

crops (uint8) → tensor → network, at most 8 at once → logits / temperature → softmax → places of `types.LABELS`
                                             └──────→ valence, arousal: the model's own, or derived
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from roompulse_server.derived.action_units import action_units
from roompulse_server.derived.circumplex import valence_arousal
from roompulse_server.derived.mixture import Doubles
from roompulse_server.errors import ModelError
from roompulse_server.types import LABELS, Provenance, RawAffect
from roompulse_server.vision.card import LAST_GEMM_INPUT, Colour, ModelCard, ModelInput
from roompulse_server.vision.inference import Floats, Network
from roompulse_server.vision.onnx_graph import embedding_exposed
from roompulse_server.vision.probe import check_findings, check_interface, probes
from roompulse_server.vision.sampling import Patch

MAX_BATCH = 8  # on one CPU thread larger ones do not pay, and memory stays bounded


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What one run says of N crops: `scores` (N, columns), `embeddings` (N, D), None where the card names none."""

    scores: Floats
    embeddings: Floats | None


class Classifier:
    """The emotion model of a card, whose file `read_card` has verified; it is held to the card before it is used.

    Raises:
        ModelError: The file cannot be loaded, or does not do what its card says; names what was expected and found.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._network, self._embedding = load(card)
        check_interface(card, self._network, self._embedding)
        findings = self.run(probes(card.input))
        check_findings(card, findings.scores, findings.embeddings)
        self.embedding_size = None if findings.embeddings is None else findings.embeddings.shape[1]

    def infer(self, crops: Sequence[Patch]) -> list[RawAffect]:
        """Return the affect of each crop, cut as the card says."""
        chunks = [crops[i : i + MAX_BATCH] for i in range(0, len(crops), MAX_BATCH)]
        return [affect for chunk in chunks for affect in affects(self.scores(chunk), self.card)]

    def infer_embedded(self, crops: Sequence[Patch]) -> Iterator[tuple[RawAffect, Floats]]:
        """Yield each crop's affect with its embedding, (D,), of a model whose card names one."""
        for start in range(0, len(crops), MAX_BATCH):
            findings = self.run(crops[start : start + MAX_BATCH])
            assert findings.embeddings is not None
            yield from zip(affects(findings.scores, self.card), findings.embeddings, strict=True)

    def scores(self, crops: Sequence[Patch]) -> Floats:
        """Return the raw scores, (N, columns), of one batch."""
        return self._run([self.card.output.scores], crops)[0]

    def run(self, crops: Sequence[Patch]) -> Findings:
        """Return scores and embeddings of one batch, from one run."""
        wanted = [self.card.output.scores, *([self._embedding] if self._embedding else [])]
        scores, *embeddings = self._run(wanted, crops)
        return Findings(scores, embeddings[0] if embeddings else None)

    def _run(self, outputs: list[str], crops: Sequence[Patch]) -> list[Floats]:
        return self._network.run(outputs, self.card.input.name, tensor(crops, self.card.input))


def load(card: ModelCard) -> tuple[Network, str | None]:
    """Return the network and the name of its output with the embedding, if the card names one."""
    if card.output.embedding != LAST_GEMM_INPUT:
        return Network(card.file), card.output.embedding
    try:
        model, name = embedding_exposed(card.file.read_bytes())
    except (OSError, ModelError) as error:
        raise ModelError(f"{card.file}: {error}") from error
    return Network(card.file, model), name


def affects(scores: Floats, card: ModelCard) -> list[RawAffect]:
    """Return what raw scores, (N, columns), mean by a card."""
    output = card.output
    probabilities = np.full((len(scores), len(LABELS)), np.nan)
    places = [LABELS.index(label) for label in output.labels]
    probabilities[:, places] = softmax(scores[:, : len(places)] / output.temperature)
    if output.valence is None or output.arousal is None:
        feelings, provenance = valence_arousal(probabilities), Provenance.DERIVED
    else:  # trained without a bound, on labels between -1 and 1
        feelings = scores[:, [output.valence, output.arousal]].astype(np.float64).clip(-1, 1)
        provenance = Provenance.MODEL
    units = action_units(probabilities)
    return [
        RawAffect(
            model_id=card.name,
            probabilities=tuple(map(float, probabilities[i])),
            valence=float(feelings[i, 0]),
            arousal=float(feelings[i, 1]),
            valence_arousal_provenance=provenance,
            action_units=tuple(map(float, units[i])),
            action_unit_provenance=Provenance.DERIVED,
        )
        for i in range(len(scores))
    ]


def softmax(logits: NDArray[np.floating]) -> Doubles:
    """Return the probabilities, each row summing to one."""
    shifted = np.asarray(logits, np.float64)
    powers = np.exp(shifted - shifted.max(1, keepdims=True))
    shares: Doubles = powers / powers.sum(1, keepdims=True)
    return shares


def tensor(crops: Sequence[Patch], spec: ModelInput) -> Floats:
    """Return (N, channels, size, size), normalised as the card says."""
    pixels = np.stack(crops)
    planes = pixels[:, None] if spec.colour is Colour.GREY else pixels.transpose(0, 3, 1, 2)
    batch = np.empty(planes.shape, np.float32)
    for channel, levels in enumerate(normalised_levels(spec.mean, spec.std)):
        np.take(levels, planes[:, channel], out=batch[:, channel], mode="clip")  # "raise" would buffer the output
    return batch


@lru_cache(maxsize=4)
def normalised_levels(mean: tuple[float, ...], std: tuple[float, ...]) -> Floats:
    """Return (channels, 256): what each level of a pixel becomes.

    Computed in double precision and rounded once, as EmotiEffLib does for each pixel: equal to it bit for bit.
    """
    levels = np.arange(256) / 255
    table: Floats = ((levels - np.array(mean)[:, None]) / np.array(std)[:, None]).astype(np.float32)
    return table
