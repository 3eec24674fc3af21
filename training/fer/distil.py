"""Make the shipped network: teachers from the votes, then students from the votes and the teachers.

    python training/fer/distil.py --out runs/fer --students mid compact --seconds 90

A GPU needs minutes, two CPU cores a night (say --epochs 40 and one teacher). Every line goes to OUT/log.txt, weights to
OUT/NAME.pt (half precision), valid logits to OUT/NAME.npy.
"""

import argparse
import pathlib
import time

import numpy as np
import torch
from faces import DATA, Faces, load
from torch import nn
from trainer import Recipe, Run, logits_of, scores_of

from network import NETWORKS


class Log:
    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.began = path, time.monotonic()

    def __call__(self, line: str) -> None:
        text = f"{time.monotonic() - self.began:6.1f}s {line}"
        print(text, flush=True)
        with self.path.open("a") as file:
            file.write(text + "\n")


def keep(out: pathlib.Path, name: str, net: nn.Module, valid: Faces) -> None:
    state = {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()}
    torch.save({"network": name.split("-")[0], "model": {k: v.cpu() for k, v in state.items()}}, out / f"{name}.pt")
    np.save(out / f"{name}.npy", logits_of(net, valid.images).cpu().numpy())


def train(name: str, recipe: Recipe, faces: Faces, valid: Faces, a: argparse.Namespace, log: Log, budget_s: float,
          teachers: list[nn.Module]) -> nn.Module:  # fmt: skip
    torch.manual_seed(recipe.seed)
    net = NETWORKS[name.split("-")[0]]().to(faces.images.device, memory_format=torch.channels_last)
    log(f"{name}: {sum(p.numel() for p in net.parameters()):,} parameters, {recipe}")
    if a.start:
        net.load_state_dict(torch.load(a.start, weights_only=True)["model"])
        log(f"{name} starts from {scores_of(logits_of(net, valid.images), valid)}")
    torch.backends.cudnn.benchmark = True
    run = Run(net, faces, recipe, teachers)
    scores = run.train(valid, lambda line: log(f"{name} {line}"), lambda best: keep(a.out, name, best, valid), budget_s)
    log(f"{name} BEST {scores}")
    keep(a.out, f"{name}-last", run.average, valid)
    return run.average


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=pathlib.Path, default=DATA)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--teachers", type=int, default=3)
    p.add_argument("--teachers-from", type=pathlib.Path, help="folder with teacher-*.pt of an earlier run")
    p.add_argument("--teacher-seconds", type=float, default=1e9)
    p.add_argument("--students", nargs="*", default=["mid"])
    p.add_argument("--seconds", type=float, default=1e9, help="at most, for each student")
    p.add_argument("--epochs", type=int, default=150)
    p.add_argument("--start", type=pathlib.Path, help="weights that students go on from (a warm restart)")
    p.add_argument("--rate", type=float, default=2.5e-3)
    p.add_argument("--mixed", type=float, default=0.3)
    p.add_argument("--decay", type=float, default=0.998)
    p.add_argument("--taught", type=float, default=0.7)
    p.add_argument("--seeds", type=int, nargs="*", default=[11])
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.txt")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    faces, valid = load("train", a.data, protocol=False).to(a.device), load("valid", a.data, protocol=True).to(a.device)
    log(f"train {len(faces.labels)}, valid {len(valid.labels)}, torch {torch.__version__}, {a.device}")
    teachers: list[nn.Module] = []
    if a.teachers_from:
        for path in sorted(a.teachers_from.glob("teacher-*.pt")):
            net = NETWORKS["teacher"]().to(a.device, memory_format=torch.channels_last)
            net.load_state_dict(torch.load(path, weights_only=True)["model"])
            teachers.append(net.eval())
    else:
        for seed in range(a.teachers):
            recipe = Recipe(epochs=70, seed=seed, rate=2e-3, mixed=0.3)
            teachers.append(train(f"teacher-{seed}", recipe, faces, valid, a, log, a.teacher_seconds, []))
    for teacher in teachers:
        teacher.requires_grad_(False)
    if teachers:
        said = torch.stack([logits_of(t, valid.images).softmax(1) for t in teachers]).mean(0)
        log(f"teachers together {scores_of(said.log(), valid)}")
    for student in a.students:
        for seed in a.seeds:
            taught = a.taught if teachers else 0.0
            recipe = Recipe(epochs=a.epochs, seed=seed, taught=taught, mixed=a.mixed, rate=a.rate, decay=a.decay)
            train(f"{student}-{seed}{'' if taught else '-votes'}", recipe, faces, valid, a, log, a.seconds, teachers)


if __name__ == "__main__":
    main()
