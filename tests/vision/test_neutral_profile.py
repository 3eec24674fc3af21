"""The shipped card's neutral profile is that of neutral faces which the model was not trained on."""

import numpy as np
import pytest
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import MAX_BATCH, Classifier, softmax
from shared_data import SHARED, needs_shared

SAMPLE = 400


@needs_shared
def test_it_is_the_median_of_neutral_faces() -> None:
    card, classifier = read_card(), Classifier(read_card())
    data = np.load(SHARED / "data" / "ferplus" / "valid.npz")
    sure = data["votes"][:, 0] > 0.5 * data["votes"].sum(1)  # most of ten people said "neutral"
    faces = data["images"][sure][:SAMPLE]
    assert len(faces) == SAMPLE
    batches = [list(faces[start : start + MAX_BATCH]) for start in range(0, SAMPLE, MAX_BATCH)]
    logp = np.log(softmax(np.concatenate([classifier.scores(batch) for batch in batches]) / card.output.temperature))
    medians = np.median(logp - logp.mean(1, keepdims=True), axis=0)
    assert medians.tolist() == pytest.approx(card.neutral_logp, abs=0.3)
