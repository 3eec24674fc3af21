"""Crops to affect: one ONNX model, as its card says.

crops (uint8) → tensor → network, at most 8 at once → logits / temperature → softmax → places of `types.LABELS`
                                             └──────→ valence, arousal: the model's own, or derived
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roompulse_server.derived.action_units import action_units
from roompulse_server.derived.circumplex import valence_arousal
from roompulse_server.derived.mixture import Doubles
from roompulse_server.errors import ModelError
from roompulse_server.types import LABELS, Provenance, RawAffect
from roompulse_server.vision.card import Colour, ModelCard, ModelInput
from roompulse_server.vision.inference import Floats, Network
from roompulse_server.vision.sampling import Patch

MAX_BATCH = 8  # on one CPU thread larger ones do not pay, and memory stays bounded


class Classifier:
    """The emotion model of a card.

    Raises:
        ModelError: The file cannot be loaded, or lacks an input or output that the card names.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._network = Network(card.file)
        for key, name, known in (
            ("input.name", card.input.name, self._network.inputs),
            ("output.scores", card.output.scores, self._network.outputs),
        ):
            if name not in known:
                raise ModelError(f"{card.file}: expected {name!r} ({key} of its card), found {', '.join(known)}")

    def infer(self, crops: Sequence[Patch]) -> list[RawAffect]:
        """Return the affect of each crop, cut as the card says."""
        chunks = [crops[i : i + MAX_BATCH] for i in range(0, len(crops), MAX_BATCH)]
        return [affect for chunk in chunks for affect in affects(self.scores(chunk), self.card)]

    def scores(self, crops: Sequence[Patch]) -> Floats:
        """Return the raw scores, (N, columns), of one batch."""
        batch = tensor(crops, self.card.input)
        return self._network.run([self.card.output.scores], self.card.input.name, batch)[0]


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
    pixels = np.stack(crops).astype(np.float32)
    planes = pixels[:, None] if spec.colour is Colour.GREY else pixels.transpose(0, 3, 1, 2)
    mean, std = (np.array(values, np.float32).reshape(1, -1, 1, 1) for values in (spec.mean, spec.std))
    normalised: Floats = np.ascontiguousarray((planes / 255 - mean) / std, np.float32)
    return normalised
