"""Train one network on the votes of FER+, and on what teachers say, if there are any.

    python training/fer/train.py b0 --out runs/fer --start b0.pt --epochs 171 --rate 1.5e-3     # the shipped one
    python training/fer/train.py teacher --out runs/fer --seed 0 --epochs 39 --rate 2e-3 --mixed 0.3
    python training/fer/train.py compact --out runs/fer --taught-by runs/fer/teacher-*.pt --epochs 31

Lines go to OUT/log.txt, the weights of the epoch with the best accuracy on valid to OUT/NETWORK-SEED.pt in half
precision, those of the last to OUT/NETWORK-SEED-last.pt. export.py makes the file for the service from either.
"""

import argparse
import pathlib
import time
from collections.abc import Sequence

import torch
from faces import DATA, load
from network import NETWORKS
from torch import nn
from trainer import Recipe, Run, logits_of, scores_of


class Log:
    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.began = path, time.monotonic()

    def __call__(self, line: str) -> None:
        text = f"{time.monotonic() - self.began:6.1f}s {line}"
        print(text, flush=True)
        with self.path.open("a") as file:
            file.write(text + "\n")


def keep(path: pathlib.Path, network: str, net: nn.Module) -> None:
    """Write weights as `load_network` reads them."""
    state = {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()}
    torch.save({"network": network, "model": {key: value.cpu() for key, value in state.items()}}, path)


def load_network(path: pathlib.Path, device: str = "cpu") -> nn.Module:
    """Return the network of a file that `keep` has written, ready to be used."""
    kept = torch.load(path, weights_only=True, map_location=device)
    net = NETWORKS[kept["network"]]()
    net.load_state_dict(kept["model"])
    return net.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def parsed(words: Sequence[str] | None) -> argparse.Namespace:
    usual = Recipe()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("network", choices=NETWORKS)
    p.add_argument("--data", type=pathlib.Path, default=DATA, help="folder with FER+ train.npz and valid.npz")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--start", type=pathlib.Path, help="weights to go on from: a warm restart")
    p.add_argument("--taught-by", type=pathlib.Path, nargs="+", default=[], metavar="TEACHER", help="their weights")
    p.add_argument("--taught", type=float, default=0.7, help="weight of the teachers against the votes")
    p.add_argument("--epochs", type=int, default=usual.epochs)
    p.add_argument("--batch", type=int, default=usual.batch)
    p.add_argument("--rate", type=float, default=usual.rate, help="largest learning rate")
    p.add_argument("--mixed", type=float, default=usual.mixed, help="share of faces mixed with another")
    p.add_argument("--seed", type=int, default=usual.seed)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return p.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    a = parsed(words)
    a.out.mkdir(parents=True, exist_ok=True)
    log, name = Log(a.out / "log.txt"), f"{a.network}-{a.seed}"
    torch.manual_seed(a.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    faces, valid = load("train", a.data, protocol=False).to(a.device), load("valid", a.data, protocol=True).to(a.device)
    log(f"train {len(faces.labels)}, valid {len(valid.labels)}, torch {torch.__version__}, {a.device}")
    recipe = Recipe(a.epochs, a.batch, a.rate, mixed=a.mixed, taught=a.taught if a.taught_by else 0.0, seed=a.seed)
    net = NETWORKS[a.network]().to(a.device, memory_format=torch.channels_last)
    log(f"{name}: {sum(p.numel() for p in net.parameters()):,} parameters, {recipe}")
    if a.start:
        net.load_state_dict(torch.load(a.start, weights_only=True, map_location=a.device)["model"])
        log(f"{name} starts from {scores_of(logits_of(net, valid.images), valid)}")
    run = Run(net, faces, recipe, [load_network(path, a.device) for path in a.taught_by])
    best = run.train(valid, lambda line: log(f"{name} {line}"), lambda net: keep(a.out / f"{name}.pt", a.network, net))
    log(f"{name} BEST {best}")
    keep(a.out / f"{name}-last.pt", a.network, run.average)


if __name__ == "__main__":
    main()
