"""One training run: votes, and what teachers say of the very same pictures, mixed and augmented.

Beyer et al. 2022 ("Knowledge distillation: A good teacher is patient and consistent"): the student sees what the
teacher sees, augmented, mixed pairs, long schedules. On CUDA the whole step is one graph.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from augmentation import augment
from faces import Faces, normalise
from torch import Tensor, nn

CHECKED_EVERY = 3  # epochs
LEAST_RATE = 2e-3  # of the largest, at the end of the cosine


@dataclass(frozen=True)
class Recipe:
    """`taught`: weight of the teachers against the votes. `mixed`: share of samples mixed with a neighbour.

    `decay`: of the running average of the weights, a step. `warm_up`: epochs until the rate is at its largest.
    """

    epochs: int = 171
    batch: int = 256
    rate: float = 1.5e-3
    weight_decay: float = 0.05
    decay: float = 0.998
    mixed: float = 0.2
    taught: float = 0.0
    warm_up: int = 3
    seed: int = 11

    def rate_at(self, progress: float, epoch: float) -> float:
        """Return the learning rate: up in a line, down in a cosine. `progress` is 0 to 1."""
        return self.rate * min(1.0, epoch / self.warm_up) * (0.5 * (1 + math.cos(math.pi * progress)) + LEAST_RATE)


@dataclass(frozen=True)
class Scores:
    accuracy: float
    macro_f1: float
    nll: float

    def __str__(self) -> str:
        return f"acc {self.accuracy:.4f} f1 {self.macro_f1:.4f} nll {self.nll:.4f}"


@torch.no_grad()
def logits_of(net: nn.Module, images: Tensor, batch: int = 1024) -> Tensor:
    net.eval()
    torch.backends.cudnn.benchmark = False  # odd batches, seen once: looking for the quickest way costs more
    return torch.cat([net(normalise(part.float() / 255)).float() for part in images.split(batch)])


def scores_of(logits: Tensor, faces: Faces) -> Scores:
    guess = logits.argmax(1)
    hits = [((guess == k) & (faces.labels == k)).sum().item() for k in range(8)]
    sums = [(guess == k).sum().item() + (faces.labels == k).sum().item() for k in range(8)]
    f1 = sum(2 * hit / max(1, total) for hit, total in zip(hits, sums, strict=True)) / 8
    nll = -(faces.votes * logits.log_softmax(1)).sum(1).mean().item()
    return Scores((guess == faces.labels).float().mean().item(), f1, nll)


def mixed(x: Tensor, target: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Blend a share of the samples with up to half of their neighbour, and their targets alike."""
    chosen = torch.rand(len(x), 1, device=x.device) < share
    weight = torch.where(chosen, torch.rand(len(x), 1, device=x.device) * 0.5, 0.0)
    wide = weight.view(-1, 1, 1, 1)
    return (1 - wide) * x + wide * x.roll(1, 0), (1 - weight) * target + weight * target.roll(1, 0)


class Average:
    """The running average of a network's weights: what is judged and kept."""

    def __init__(self, net: nn.Module, device: torch.device) -> None:
        self.net = copy.deepcopy(net).eval()
        self.decay = torch.tensor(0.0, device=device)
        pairs = zip(self.net.state_dict().values(), net.state_dict().values(), strict=True)
        floating = [(average, current) for average, current in pairs if average.dtype.is_floating_point]
        self._averages, self._currents = [a for a, _ in floating], [c for _, c in floating]

    @torch.no_grad()
    def update(self) -> None:
        torch._foreach_mul_(self._averages, self.decay)
        torch._foreach_add_(self._averages, torch._foreach_mul(self._currents, 1 - self.decay))


class Run:
    """Trains `net` on `faces`."""

    def __init__(self, net: nn.Module, faces: Faces, recipe: Recipe, teachers: Sequence[nn.Module] = ()) -> None:
        self.net, self.faces, self.recipe, self.teachers = net, faces, recipe, teachers
        device = faces.images.device
        self.cuda = device.type == "cuda"
        self._average = Average(net, device)
        # What changes from step to step lives in tensors, so that a captured graph sees it.
        self.rate, self.loss = torch.tensor(recipe.rate, device=device), torch.zeros((), device=device)
        self.pick = torch.zeros(recipe.batch, dtype=torch.long, device=device)
        self.optimiser = self._optimiser()
        self.graph: torch.cuda.CUDAGraph | None = None

    @property
    def average(self) -> nn.Module:
        return self._average.net

    def _optimiser(self) -> torch.optim.Optimizer:
        matrices = [p for p in self.net.parameters() if p.ndim > 1]
        vectors = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": self.recipe.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.99), capturable=self.cuda, foreach=self.cuda)

    def step(self) -> None:
        """Take one step on the faces `pick`."""
        x = augment(self.faces.images[self.pick].float() / 255)
        x, target = mixed(x, self.faces.votes[self.pick], self.recipe.mixed)
        x = normalise(x).to(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.cuda, cache_enabled=False):
            if self.teachers:
                with torch.no_grad():
                    said = torch.stack([teacher(x).float().softmax(1) for teacher in self.teachers]).mean(0)
                target = (1 - self.recipe.taught) * target + self.recipe.taught * said
            logits = self.net(x)
        loss = -(target * logits.float().log_softmax(1)).sum(1).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0, foreach=True)
        self.optimiser.step()
        self._average.update()
        self.loss.add_(loss.detach())

    def capture(self) -> None:
        """Make the step a CUDA graph, where there is a GPU; the few steps taken here count as warm-up."""
        if not self.cuda:
            return
        torch.backends.cudnn.benchmark = True
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        self.rate.fill_(1e-6)
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.pick.copy_(torch.randint(len(self.faces.labels), self.pick.shape, device=self.pick.device))
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        self.graph = graph

    def epoch(self, number: int) -> float:
        """Go through all faces once, in epoch `number`, from 0 on; return the mean loss."""
        count = len(self.faces.labels) // self.recipe.batch
        order = torch.randperm(len(self.faces.labels), device=self.pick.device)
        self.loss.zero_()
        for index in range(count):
            done = number * count + index
            self.rate.fill_(self.recipe.rate_at(done / (self.recipe.epochs * count), (done + 1) / count))
            self._average.decay.fill_(min(self.recipe.decay, (1 + done) / (10 + done)))
            self.pick.copy_(order[index * self.recipe.batch : (index + 1) * self.recipe.batch])
            if self.graph:
                self.graph.replay()
            else:
                self.step()
        return self.loss.item() / max(1, count)

    def train(self, valid: Faces, say: Callable[[str], None], keep: Callable[[nn.Module], None]) -> Scores:
        """Train for the recipe's epochs; `keep` gets the average whenever it is the best on `valid` so far."""
        self.net.train()
        self.capture()
        began, best = time.monotonic(), Scores(-1, 0, math.inf)
        for number in range(self.recipe.epochs):
            loss = self.epoch(number)
            if (number + 1) % CHECKED_EVERY and number + 1 < self.recipe.epochs:
                continue
            scores = scores_of(logits_of(self.average, valid.images), valid)
            say(f"epoch {number + 1}/{self.recipe.epochs} loss {loss:.4f} {scores} {time.monotonic() - began:.0f} s")
            if scores.accuracy > best.accuracy:
                best = scores
                keep(self.average)
        return best
