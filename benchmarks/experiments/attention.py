"""What an engagement network costs for each face that is read.

    python -m benchmarks.experiments.attention         # two seconds; --json for one object

One thread, weights and embeddings drawn, in the published size: 128 embeddings of 1280 numbers, 512 hidden units.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # as in a worker; numpy reads it when imported

import argparse
import json
import statistics
import time

import numpy as np
from rich.console import Console
from roompulse_vision.faces.attention import AttentionNetwork
from roompulse_vision.faces.card import CARDS
from roompulse_vision.faces.engagement_card import parse_engagement_card
from roompulse_vision.faces.inference import Floats

HIDDEN, ROUNDS = 512, 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    card = parse_engagement_card(CARDS / "emotiefflib-attention.toml")
    network = AttentionNetwork(card, drawn(card.size, len(card.classes)))
    rows = np.random.default_rng(1).normal(size=(card.window, card.size)).astype(np.float32)
    times_ms = [elapsed_ms(network, rows) for _ in range(ROUNDS)]
    found = {"median_ms": statistics.median(times_ms), "least_ms": min(times_ms)}
    Console().print(
        json.dumps(found) if as_json else f"a face: {found['median_ms']:.2f} ms, {found['least_ms']:.2f} at best"
    )


def elapsed_ms(network: AttentionNetwork, rows: Floats) -> float:
    began_s = time.perf_counter()
    network.probability(rows)
    return 1000 * (time.perf_counter() - began_s)


def drawn(size: int, classes: int) -> dict[str, Floats]:
    shapes = {"e": (2 * size, 1), "hidden_FC": (2 * size, HIDDEN), "dense": (HIDDEN, classes)}
    rng, layers = np.random.default_rng(3), dict[str, Floats]()
    for layer, shape in shapes.items():
        layers[f"{layer}/kernel"] = rng.normal(0, shape[0] ** -0.5, shape).astype(np.float32)
        layers[f"{layer}/bias"] = np.zeros(shape[1], np.float32)
    return layers


if __name__ == "__main__":
    main()
