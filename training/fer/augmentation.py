"""What training faces go through, as tensor operations alone, so that a CUDA graph can hold them.

Real boxes jitter, heads roll, rooms are dark, lenses blur, encoders block, hands cover: each has its share here.
Input and output (N, 1, 48, 48), 0 to 1.
"""

import math

import torch
from faces import SIZE
from torch import Tensor
from torch.nn import functional as F


def spread(x: Tensor, *shape: int) -> Tensor:
    """Return numbers uniform in -1 to 1, one for each sample, in `shape`."""
    return torch.rand(x.shape[0], *shape, device=x.device) * 2 - 1


def some(x: Tensor, share: float) -> Tensor:
    """Return a mask (N, 1, 1, 1) that is true for a share of the samples."""
    return torch.rand(x.shape[0], 1, 1, 1, device=x.device) < share


def augment(x: Tensor) -> Tensor:
    """Return changed faces of the same size: training on 40-pixel crops and testing on 48 cost four points."""
    for step in (moved, lit, lost_resolution, blurred, blocky, noisy, covered):
        x = step(x)
    return x.clamp(0, 1)


def moved(x: Tensor) -> Tensor:
    """Flip; turn ±15°, a seventh of them ±35°; scale ±17 %, aspect ±7 %, shear ±4 %, shift ±9 %."""
    wide = torch.where(torch.rand(x.shape[0], device=x.device) < 0.15, 35.0, 15.0)
    angle = spread(x) * torch.deg2rad(wide)
    scale, aspect = torch.exp(spread(x) * 0.16), torch.exp(spread(x) * 0.07)
    across = scale * torch.sign(spread(x))
    shear = spread(x) * 0.04
    rows = [
        torch.stack([across * angle.cos(), -scale * aspect * angle.sin() + shear, spread(x) * 0.18], 1),
        torch.stack([across * angle.sin(), scale * aspect * angle.cos(), spread(x) * 0.18], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    repeated = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    mirrored = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    inside = F.grid_sample(torch.ones_like(x), grid, padding_mode="zeros", align_corners=False)
    filled = inside * repeated + (1 - inside) * torch.rand(x.shape[0], 1, 1, 1, device=x.device)
    kind = torch.rand(x.shape[0], 1, 1, 1, device=x.device)
    return torch.where(kind < 0.4, mirrored, torch.where(kind < 0.75, repeated, filled)).clamp(0, 1)


def lit(x: Tensor) -> Tensor:
    """Change gamma (a tenth towards darkness), contrast, brightness, and light from a side."""
    dark = torch.where(some(x, 0.08), torch.rand(x.shape[0], 1, 1, 1, device=x.device) * 0.9, 0.0)
    x = x ** torch.exp(spread(x, 1, 1, 1) * 0.28 + dark)
    mean = x.mean((2, 3), keepdim=True)
    x = (x - mean) * torch.exp(spread(x, 1, 1, 1) * 0.3) + mean + spread(x, 1, 1, 1) * 0.1
    ramp = torch.linspace(-1, 1, SIZE, device=x.device)
    side = spread(x, 1, 1, 1) * ramp.view(1, 1, 1, -1) + spread(x, 1, 1, 1) * ramp.view(1, 1, -1, 1)
    return torch.where(some(x, 0.25), x + 0.15 * side, x).clamp(0, 1)


def lost_resolution(x: Tensor) -> Tensor:
    """Show a twelfth of the faces as if they had been 14 to 32 pixels."""
    kind = torch.rand(x.shape[0], 1, 1, 1, device=x.device)
    for low, until in ((14, 0.015), (20, 0.045), (28, 0.085)):
        small = F.interpolate(F.interpolate(x, size=low, mode="area"), size=SIZE, mode="bilinear")
        x = torch.where((kind < until) & (kind >= 0), small, x)
        kind = torch.where(kind < until, -1.0, kind)
    return x


def blurred(x: Tensor) -> Tensor:
    """Blur a twelfth of the faces, standard deviation 0.6 to 2 pixels."""
    sigma = 0.6 + 1.4 * torch.rand(x.shape[0], 1, device=x.device)
    taps = torch.arange(-4, 5, device=x.device).float()
    kernel = torch.exp(-0.5 * (taps / sigma) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    padded = F.pad(x, (4, 4, 4, 4), mode="replicate").transpose(0, 1)
    n = x.shape[0]
    rows = F.conv2d(padded, kernel.view(n, 1, 1, 9), groups=n)
    soft = F.conv2d(rows, kernel.view(n, 1, 9, 1), groups=n).transpose(0, 1)
    return torch.where(some(x, 0.085), soft, x)


def blocky(x: Tensor) -> Tensor:
    """Quantise a tenth of the faces in 8×8 blocks of cosines, as video encoders do, from faint to ugly."""
    k = torch.arange(8, device=x.device).float()
    cosines = torch.cos(math.pi * (2 * k.view(1, 8) + 1) * k.view(8, 1) / 16) * 0.5
    cosines[0] *= math.sqrt(0.5)
    n = x.shape[0]
    blocks = x.view(n, 6, 8, 6, 8).permute(0, 1, 3, 2, 4)
    waves = cosines @ blocks @ cosines.t()
    step = (0.02 + 0.10 * torch.rand(n, 1, 1, 1, 1, device=x.device)) * (1 + 0.25 * (k.view(8, 1) + k.view(1, 8)))
    back = cosines.t() @ (torch.round(waves / step) * step) @ cosines
    return torch.where(some(x, 0.1), back.permute(0, 1, 3, 2, 4).reshape(x.shape), x).clamp(0, 1)


def noisy(x: Tensor) -> Tensor:
    """Add noise to a tenth of the faces, standard deviation up to 7 % of the range."""
    strength = torch.rand(x.shape[0], 1, 1, 1, device=x.device) * 0.07
    return torch.where(some(x, 0.1), x + torch.randn_like(x) * strength, x)


def covered(x: Tensor) -> Tensor:
    """Cover a rectangle of an eighth of the faces, and a half of a twentieth.

    The half is the lower one (masks, hands) as often as the left and the right one together.
    """
    n = x.shape[0]
    place = torch.arange(SIZE, device=x.device).float() / SIZE
    centre, size = torch.rand(n, 2, device=x.device), 0.12 + 0.26 * torch.rand(n, 2, device=x.device)
    rows = (place.view(1, SIZE) - centre[:, :1]).abs() < size[:, :1] / 2
    columns = (place.view(1, SIZE) - centre[:, 1:]).abs() < size[:, 1:] / 2
    patch = (rows.view(n, 1, SIZE, 1) & columns.view(n, 1, 1, SIZE)) & some(x, 0.12)
    edge = 0.4 + 0.15 * torch.rand(n, 1, 1, 1, device=x.device)
    side = torch.randint(0, 4, (n, 1, 1, 1), device=x.device)
    down, right = place.view(1, 1, SIZE, 1), place.view(1, 1, 1, SIZE)
    half = torch.where(side == 1, right < edge, torch.where(side == 2, right > 1 - edge, down > 1 - edge))
    grey = torch.rand(n, 1, 1, 1, device=x.device)
    fill = torch.where(some(x, 0.5), grey, grey + torch.randn_like(x) * 0.2)
    return torch.where(patch | (half & some(x, 0.05)), fill, x)
