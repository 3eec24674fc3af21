"""What a card's model reads from faces that are crops already, without a detector. Needs the `[server]` extra."""

import pathlib
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from roompulse_vision.faces.card import SHIPPED, Colour, read_card
from roompulse_vision.faces.classifier import MAX_BATCH, Classifier
from roompulse_vision.types import LABELS

from roompulse_training.ferplus import CLASSES

Doubles = NDArray[np.float64]
Watch = Callable[[Iterable[int]], Iterable[int]]  # sees the batches pass: a progress bar


def probabilities(images: NDArray[np.uint8], card: pathlib.Path | None = None, watch: Watch = iter) -> Doubles:
    """Return (N, 8), in the order of FER+, from grey crops (N, height, width); labels that the model lacks have 0.

    Without a card the shipped model reads.

    Raises:
        ModelError: The card or its model cannot be used.
    """
    model = Classifier(read_card(card or SHIPPED))
    places = [LABELS.index(name) for name in CLASSES]
    found = []
    for start in watch(range(0, len(images), MAX_BATCH)):
        crops = [_sized(image, model.card.input.size, model.card.input.colour) for image in images[start:][:MAX_BATCH]]
        found += [[affect.probabilities[i] for i in places] for affect in model.infer(crops)]
    return np.nan_to_num(np.array(found, np.float64).reshape(len(found), len(places)))


def _sized(image: NDArray[np.uint8], size: int, colour: Colour) -> NDArray[np.uint8]:
    crop = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return crop if colour is Colour.GREY else np.repeat(crop[:, :, None], 3, 2)
