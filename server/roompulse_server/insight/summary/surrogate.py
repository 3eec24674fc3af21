"""Surrogates: what chance alone makes of the same series, drawn the same way whenever a summary is made.

A number counts as found when hardly any surrogate meeting has one as large anywhere: the largest number of each whole
surrogate meeting is what it is compared with. So looking at many seconds, people and kinds finds no more by chance.
"""

import numpy as np

from roompulse_server.series import Floats, Integers

COUNT = 200


def generator(*names: str) -> np.random.Generator:
    """Return the random numbers of a purpose; by the meeting's uid, so that a summary is reproducible."""
    seed = list("\x1f".join(names).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def p_value(largest: Floats, found: float) -> float:
    """Return the share of meetings, this one counted among its surrogates, with a number as large as the one found."""
    return (1 + int((largest >= found).sum())) / (1 + largest.size)


def shuffled(places: Integers, size: int, block: int, random: np.random.Generator) -> Integers:
    """Let blocks of a series of `size` values change places, `COUNT` times.

    Args:
        places: (M,) indices of the values that are of interest.
        size: How long the series is.
        block: How long a block is. The first block begins at random, so borders fall anywhere.
        random: Where chance comes from.

    Returns:
        (COUNT, M) where each value stands in each surrogate.
    """
    blocks = -(-size // block) + 1
    phase = random.integers(0, block, COUNT)[:, None]
    edges = np.clip(np.arange(blocks + 1) * block - phase, 0, size)
    lengths = np.diff(edges, axis=1)
    order = random.permuted(np.tile(np.arange(blocks), (COUNT, 1)), axis=1)
    in_order = np.take_along_axis(lengths, order, axis=1)
    starts = np.empty_like(in_order)
    np.put_along_axis(starts, order, in_order.cumsum(axis=1) - in_order, axis=1)
    number = (places + phase) // block
    moved: Integers = np.take_along_axis(starts - edges[:, :-1], number, axis=1) + places
    return moved
