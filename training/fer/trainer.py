"""One training run: votes, and what teachers say of the very same pictures, mixed and augmented.

Beyer et al. 2022 ("Knowledge distillation: A good teacher is patient and consistent"): the student sees what the teacher
sees, hard augmentation, mixed pairs, long schedules. On CUDA the whole step is one graph.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from faces import Faces, normalise
from torch import Tensor, nn
from torch.nn import functional as F

from augmentation import augment


@dataclass(frozen=True)
class Recipe:
    """`taught`: weight of the teachers against the votes. `mixed`: share of samples mixed with a neighbour."""

    epochs: int = 60
    batch: int = 256
    rate: float = 2.5e-3
    weight_decay: float = 0.05
    decay: float = 0.998
    mixed: float = 0.4
    taught: float = 0.0
    warm_up: int = 3
    seed: int = 11


@dataclass
class Scores:
    accuracy: float
    macro_f1: float
    nll: float

    def __str__(self) -> str:
        return f"acc {self.accuracy:.4f} f1 {self.macro_f1:.4f} nll {self.nll:.4f}"


@torch.no_grad()
def logits_of(net: nn.Module, images: Tensor, batch: int = 1024) -> Tensor:
    net.eval()
    torch.backends.cudnn.benchmark = (
        False  # odd batches, seen once: looking for the quickest way costs more than it saves
    )
    return torch.cat(
        [net(normalise(images[i : i + batch].float() / 255)).float() for i in range(0, len(images), batch)]
    )


def scores_of(logits: Tensor, faces: Faces) -> Scores:
    guess = logits.argmax(1)
    hits = [((guess == k) & (faces.labels == k)).sum().item() for k in range(8)]
    sums = [(guess == k).sum().item() + (faces.labels == k).sum().item() for k in range(8)]
    f1 = sum(2 * hit / max(1, total) for hit, total in zip(hits, sums, strict=True)) / 8
    nll = -(faces.votes * logits.log_softmax(1)).sum(1).mean().item()
    return Scores((guess == faces.labels).float().mean().item(), f1, nll)


class Run:
    """Trains `net` on `faces`; `average` is the running average of its weights, which is what is kept."""

    def __init__(self, net: nn.Module, faces: Faces, recipe: Recipe, teachers: Sequence[nn.Module] = ()) -> None:
        self.net, self.faces, self.recipe, self.teachers = net, faces, recipe, teachers
        self.device = faces.images.device
        self.average = copy.deepcopy(net).eval()
        matrices = [p for p in net.parameters() if p.ndim > 1]
        vectors = [p for p in net.parameters() if p.ndim <= 1]
        cuda = self.device.type == "cuda"
        self.rate = torch.tensor(recipe.rate, device=self.device)
        groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.99), capturable=cuda, foreach=cuda)
        self.decay = torch.tensor(0.0, device=self.device)
        self.pick = torch.zeros(recipe.batch, dtype=torch.long, device=self.device)
        self.loss = torch.zeros((), device=self.device)
        self.graph: torch.cuda.CUDAGraph | None = None
        floating = [(a, b) for a, b in zip(self.average.state_dict().values(), net.state_dict().values(), strict=True)
                    if a.dtype.is_floating_point]  # fmt: skip
        self.averages, self.currents = [a for a, _ in floating], [b for _, b in floating]

    def step(self) -> None:
        x = augment(self.faces.images[self.pick].float() / 255)
        votes = self.faces.votes[self.pick]
        share = torch.where(
            torch.rand(len(x), 1, device=x.device) < self.recipe.mixed,
            torch.rand(len(x), 1, device=x.device) * 0.5,
            0.0,
        )
        x = normalise((1 - share.view(-1, 1, 1, 1)) * x + share.view(-1, 1, 1, 1) * x.roll(1, 0))
        x = x.to(memory_format=torch.channels_last)
        target = (1 - share) * votes + share * votes.roll(1, 0)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda", cache_enabled=False):
            if self.teachers:
                with torch.no_grad():
                    said = torch.stack([t(x).float().softmax(1) for t in self.teachers]).mean(0)
                target = (1 - self.recipe.taught) * target + self.recipe.taught * said
            logits = self.net(x)
        loss = -(target * logits.float().log_softmax(1)).sum(1).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0, foreach=True)
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_mul_(self.averages, self.decay)
            torch._foreach_add_(self.averages, torch._foreach_mul(self.currents, 1 - self.decay))
            self.loss.add_(loss.detach())

    def capture(self) -> None:
        """Make the step a CUDA graph, where there is a GPU; the few steps taken here count as warm-up."""
        if self.device.type != "cuda":
            return
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        self.rate.fill_(1e-6)
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.pick.copy_(torch.randint(len(self.faces.labels), self.pick.shape, device=self.device))
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        self.graph = graph

    def train(self, valid: Faces, say: Callable[[str], None], keep: Callable[[nn.Module], None],
              budget_s: float = math.inf, every: int = 3) -> Scores:  # fmt: skip
        """Train for the recipe's epochs, or as many as the time allows, measured on the first steps."""
        self.net.train()
        self.capture()
        count, recipe = len(self.faces.labels) // self.recipe.batch, self.recipe
        epochs, began, done, epoch = recipe.epochs, time.monotonic(), 0, 0
        scores = best = Scores(0, 0, 9)
        while epoch < epochs:
            order = torch.randperm(len(self.faces.labels), device=self.device)
            self.loss.zero_()
            for s in range(count):
                progress = done / (epochs * count)
                warm = min(1.0, (done + 1) / (recipe.warm_up * count))
                self.rate.fill_(recipe.rate * warm * (0.5 * (1 + math.cos(math.pi * min(1.0, progress))) + 2e-3))
                self.decay.fill_(min(recipe.decay, (1 + done) / (10 + done)))
                self.pick.copy_(order[s * recipe.batch : (s + 1) * recipe.batch])
                if self.graph:
                    self.graph.replay()
                else:
                    self.step()
                done += 1
            loss = self.loss.item() / count
            epoch += 1
            now = time.monotonic()
            if epoch == 1:
                first = now  # the first epoch holds what is done once
            else:
                each = (now - first) / (epoch - 1)
                if epoch in (3, 8):
                    epochs = max(epoch + 1, min(recipe.epochs, epoch + int((budget_s - (now - began)) / each)))
            if epoch % every == 0 or epoch >= epochs:
                scores = scores_of(logits_of(self.average, valid.images), valid)
                say(f"epoch {epoch}/{epochs} loss {loss:.4f} {scores} {now - began:.0f} s")
                if scores.accuracy > best.accuracy:
                    best = scores
                    keep(self.average)
        return best
