"""FER+ as tensors: by the published protocol (Barsoum et al. 2016), single votes dropped as noise."""

import pathlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

SIZE = 48
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "ferplus"


class Faces(NamedTuple):
    """`images` uint8 (N, 1, 48, 48), `votes` shares (N, 8), `labels` (N,), the majority's."""

    images: Tensor
    votes: Tensor
    labels: Tensor

    def to(self, device: str) -> "Faces":
        return Faces(*(part.to(device) for part in self))


def load(split: str, folder: pathlib.Path = DATA, *, protocol: bool) -> Faces:
    """Read a split.

    `protocol`: only faces with a clear majority for one of the eight (valid: n = 3,199); else all whose most frequent
    answer is one of the eight (train: 28,389).
    """
    archive = np.load(folder / f"{split}.npz")
    votes = archive["votes"].astype(np.float32)
    votes[votes <= 1] = 0
    labels, top = votes.argmax(1), votes.max(1)
    keep = (labels < 8) & ((top > 0.5 * votes.sum(1)) if protocol else (votes[:, :8].sum(1) > 0))
    shares = votes[keep, :8] / votes[keep, :8].sum(1, keepdims=True)
    images = torch.from_numpy(archive["images"][keep]).unsqueeze(1)
    return Faces(images, torch.from_numpy(shares), torch.from_numpy(labels[keep]))


def normalise(x: Tensor) -> Tensor:
    """Return what the networks see of faces in 0 to 1."""
    return (x - 0.5) / 0.25
