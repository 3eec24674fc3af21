"""EfficientNet (Tan and Le, 2019) for small grey faces, and the wide residual network that teaches it.

All take (N, 1, 48, 48), normalised as (grey / 255 - 0.5) / 0.25, and give (N, 8) logits in FER+ order: neutral,
happiness, surprise, sadness, anger, disgust, fear, contempt. `features` is the embedding that heads are trained on.
The stem keeps the resolution (stride 1): small faces have no pixels to waste.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Stage(NamedTuple):
    """`repeats` blocks of `channels`; the first one has the stride."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int


# fmt: off
B0 = (Stage(1, 16, 1, 1, 3), Stage(6, 24, 2, 2, 3), Stage(6, 40, 2, 2, 5), Stage(6, 80, 3, 2, 3),
      Stage(6, 112, 3, 1, 5), Stage(6, 192, 4, 2, 5), Stage(6, 320, 1, 1, 3))
MID = (Stage(1, 16, 1, 1, 3), Stage(4, 32, 2, 2, 3), Stage(4, 48, 3, 2, 5), Stage(4, 96, 4, 2, 5),
       Stage(4, 160, 4, 1, 3))
COMPACT = (Stage(1, 16, 1, 1, 3), Stage(4, 32, 2, 2, 3), Stage(4, 48, 3, 2, 5), Stage(4, 96, 3, 2, 5),
           Stage(4, 128, 2, 1, 3))
# fmt: on


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.SiLU(inplace=True)) if act else nn.Sequential(*layers)


class SqueezeExcite(nn.Module):
    """Weighs channels by what the whole picture shows (Hu et al. 2018)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.expand(F.silu(self.reduce(x.mean((2, 3), keepdim=True)))))


class DropPath(nn.Module):
    """Leaves a whole branch out for a share of the samples (stochastic depth, Huang et al. 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        keep = 1 - self.share
        return x * ((torch.rand(x.shape[0], 1, 1, 1, device=x.device) < keep).to(x.dtype) / keep)


class MBConv(nn.Module):
    """Widen, convolve each channel, attend, narrow (Sandler et al. 2018, with squeeze and excitation)."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int, drop_path: float) -> None:
        super().__init__()
        mid = inputs * expansion
        expand = [conv_bn(inputs, mid, 1)] if expansion != 1 else []
        along = conv_bn(mid, mid, kernel, stride, groups=mid)
        attend, project = SqueezeExcite(mid, max(1, inputs // 4)), conv_bn(mid, outputs, 1, act=False)
        self.body = nn.Sequential(*expand, along, attend, project)
        self.skip, self.drop_path = stride == 1 and inputs == outputs, DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        return x + self.drop_path(y) if self.skip else y


class EfficientNet(nn.Module):
    """Stages of `MBConv` between a stem and a head of as many channels as the embedding has numbers."""

    def __init__(
        self, stages: tuple[Stage, ...], stem: int, head: int, dropout: float = 0.3, drop_path: float = 0.15
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        count, inputs = sum(stage.repeats for stage in stages), stem
        for stage in stages:
            for j in range(stage.repeats):
                drop = drop_path * len(blocks) / count
                blocks.append(
                    MBConv(inputs, stage.channels, stage.expansion, stage.kernel, stage.stride if j == 0 else 1, drop)
                )
                inputs = stage.channels
        self.stem, self.blocks, self.head = conv_bn(1, stem, 3), nn.Sequential(*blocks), conv_bn(inputs, head, 1)
        self.drop, self.fc = nn.Dropout(dropout), nn.Linear(head, 8)
        initialise(self)

    def features(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.drop(self.features(x)))


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, drop_path: float) -> None:
        super().__init__()
        first, second = conv_bn(inputs, outputs, 3, stride), conv_bn(outputs, outputs, 3, act=False)
        self.body = nn.Sequential(first, second, SqueezeExcite(outputs, outputs // 8))
        self.short = (
            nn.Identity() if stride == 1 and inputs == outputs else conv_bn(inputs, outputs, 1, stride, act=False)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.short(x) + self.drop_path(self.body(x)))


class Teacher(nn.Module):
    """A residual network with squeeze and excitation: dense convolutions, so quick on a GPU; never shipped."""

    def __init__(self, widths: tuple[int, ...] = (48, 96, 192, 320), repeats: int = 2, dropout: float = 0.4) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = widths[0]
        for index, width in enumerate(widths):
            for j in range(repeats):
                drop = 0.2 * len(blocks) / (repeats * len(widths))
                blocks.append(Residual(inputs, width, 2 if j == 0 and index else 1, drop))
                inputs = width
        self.stem, self.blocks = conv_bn(1, widths[0], 3), nn.Sequential(*blocks)
        self.drop, self.fc = nn.Dropout(dropout), nn.Linear(inputs, 8)
        initialise(self)

    def features(self, x: Tensor) -> Tensor:
        return self.blocks(self.stem(x)).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.drop(self.features(x)))


def initialise(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out" if module.groups == 1 else "fan_in")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "b0": lambda: EfficientNet(B0, stem=32, head=1280),
    "mid": lambda: EfficientNet(MID, stem=24, head=1024, dropout=0.25, drop_path=0.1),
    "compact": lambda: EfficientNet(COMPACT, stem=24, head=640, dropout=0.2, drop_path=0.05),
    "teacher": lambda: Teacher(),
}
