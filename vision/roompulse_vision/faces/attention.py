"""EmotiEffLib's engagement network: attention over the newest embeddings of a face, in numpy.

With s the standard deviation of each of the `size` numbers over the window, and x_t = [s, f_t] for each embedding f_t:

    α = softmax over t of (x_t·e + bias)      c = Σ α_t x_t = [s, Σ α_t f_t]      softmax(dense(relu(hidden_FC(c))))

s and the bias add the same to every t, so that the softmax forgets them: only the second half of e is used. The order
of the embeddings does not matter. Source: emotiefflib/engagement_classification_model.py and facial_analysis.py,
sb-ai-lab/EmotiEffLib, commit f1df0e8548c666d268826e50b7de107fd5553e9d.
"""

from collections.abc import Mapping

import numpy as np

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.classifier import Classifier, softmax
from roompulse_vision.faces.embedding_window import EmbeddingWindow
from roompulse_vision.faces.engagement_card import ENGAGED, EngagementCard
from roompulse_vision.faces.inference import Floats
from roompulse_vision.types import LearnedEngagement


class AttentionNetwork:
    """A card's network, of layers that `attention_file` has checked; it is run once before it is used.

    Raises:
        ModelError: What comes out is no number: the weights are damaged.
    """

    def __init__(self, card: EngagementCard, layers: Mapping[str, Floats]) -> None:
        self.card = card
        self._attend = layers["e/kernel"][card.size :, 0].astype(np.float64)
        self._hidden = layers["hidden_FC/kernel"], layers["hidden_FC/bias"]
        self._dense = layers["dense/kernel"], layers["dense/bias"]
        self._engaged = card.classes.index(ENGAGED)
        self._prove()

    def check_fit(self, classifier: Classifier) -> None:
        """Raise `ModelError` unless the network was made for the embeddings of this emotion model."""
        card, found, size = self.card, classifier.card.name, classifier.embedding_size
        if found not in card.models or size != card.size:
            raise ModelError(
                f"engagement network {card.name}: expected the emotion model {' or '.join(card.models)} with an "
                f"embedding of {card.size} numbers (`--model {card.models[0]}`), found {found} with "
                f"{f'one of {size}' if size else 'none'}"
            )

    def probability(self, embeddings: Floats) -> float:
        """Return the probability of "engaged" for a window of embeddings, (window, size)."""
        rows = embeddings.astype(np.float64)
        shares = softmax((rows @ self._attend)[None])[0]
        context = np.concatenate([rows.std(0), shares @ rows]).astype(np.float32)
        kernel, bias = self._hidden
        hidden = np.maximum(context @ kernel + bias, 0)
        kernel, bias = self._dense
        return float(softmax((hidden @ kernel + bias)[None])[0, self._engaged])

    def _prove(self) -> None:
        ramp = np.linspace(-1, 1, self.card.window * self.card.size, dtype=np.float32)
        with np.errstate(all="ignore"):  # what comes out is looked at
            found = self.probability(ramp.reshape(self.card.window, self.card.size))
        if not np.isfinite(found):
            raise ModelError(
                f"engagement network {self.card.name}: expected a probability for a made window, found {found}: its "
                "weights are damaged"
            )

    def read(self, window: EmbeddingWindow) -> LearnedEngagement | None:
        """Return what the network says of a track's newest embeddings, None while there are too few."""
        rows = window.rows
        return None if rows is None else LearnedEngagement(self.probability(rows), window.span_s)
