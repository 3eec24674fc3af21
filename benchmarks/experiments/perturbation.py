"""Does the score mean the same when the picture is worse? Real videos, whole and perturbed: docs/robustness.md.

    python -m benchmarks.experiments.perturbation                        # eleven videos, about six minutes of one core
    python -m benchmarks.experiments.perturbation --card my-model.toml --json
    python -m benchmarks.experiments.perturbation portrait_d3 portrait_s20

Vision and insight in this process, as the service has them. A case is one video with one perturbation; it is within the
bound when no score moved by more than 0.05 at any moment, and every missing one has a reason that is right.
"""

import argparse
import json
import math
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_training.perturbation import PERTURBATIONS
from roompulse_training.robustness import BOUND, Comparison, comparisons, read_clip
from roompulse_vision.faces.card import SHIPPED
from roompulse_vision.faces.face_reader import FaceReader, load_reader

from benchmarks.experiments.scenes import Setup
from benchmarks.material import SHARED

REASONS = {perturbation.name: perturbation.reasons for perturbation in PERTURBATIONS}
console = Console(stderr=True)


def cases(reader: FaceReader, names: Sequence[str]) -> Iterator[Comparison]:
    files = [file for file in sorted((SHARED / "data" / "videos").glob("*.mp4")) if file.stem != "no_face"]
    for file in track([f for f in files if not names or f.stem in names], "videos", console=console):
        yield from comparisons(reader, read_clip(reader, file), PERTURBATIONS)


def within(case: Comparison) -> bool:
    return case.within(REASONS[case.perturbation])


def jsonable(case: Comparison) -> dict[str, object]:
    """Return a case with reasons by name, and None where there is nothing to compare."""
    numbers = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(case).items()}
    return numbers | {"reasons": {r.name: n for r, n in case.reasons.items()}, "within": within(case)}


def overview(found: Sequence[Comparison]) -> Table:
    made = Table(
        "perturbation", "within", "median of means", "median of largest", "worst", "without a score", "reasons",
        title=f"change of E, bound {BOUND}",
    )  # fmt: skip
    for name in REASONS:
        own = [case for case in found if case.perturbation == name]
        worst = max(own, key=lambda case: np.nan_to_num(case.largest))
        reasons = sorted({reason.name.lower() for case in own for reason in case.reasons})
        made.add_row(
            name,
            f"{sum(map(within, own))} of {len(own)}",
            f"{np.nanmedian([case.mean for case in own]):+.3f}",
            f"{np.nanmedian([case.largest for case in own]):.3f}",
            f"{worst.largest:.3f} {worst.clip}",
            f"{np.nanmean([case.unscored for case in own]):.0%}",
            ", ".join(reasons),
        )
    return made


def beyond(found: Sequence[Comparison]) -> Table:
    columns = ("video", "perturbation", "E", "largest", "facing", "expression", "without a score")
    made = Table(*columns, title="cases beyond the bound: mean E, the largest change, mean changes of its factors")
    for case in found:
        if not within(case):
            reasons = ", ".join(f"{reason.name.lower()} {count}" for reason, count in case.reasons.items())
            made.add_row(
                case.clip, case.perturbation, f"{case.before:.2f} → {case.after:.2f}", f"{case.largest:.3f}",
                f"{case.facing:+.3f}", f"{case.expression:+.3f}", f"{case.unscored:.0%} {reasons}",
            )  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", help="names of videos, without .mp4; none: all")
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--card", type=pathlib.Path, default=SHIPPED, help="the emotion model's card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    reader, _ = load_reader(Setup(str(options.models), str(options.card)))
    found = list(cases(reader, options.videos))
    if not found:
        parser.error(f"{', '.join(options.videos)}: no such videos in {SHARED / 'data' / 'videos'}")
    if options.json:
        print(json.dumps({"bound": BOUND, "cases": [jsonable(case) for case in found]}))
        return
    screen = Console(width=140)
    screen.print(overview(found))
    screen.print(beyond(found))


if __name__ == "__main__":
    main()
