"""How wrong is a head pose from five points? Simulated faces whose pose is known: docs/pose.md has the table.

    python -m benchmarks.experiments.pose            # half a minute; --json for one object

Also what a face costs, the best of many runs on one thread: read the ratio.
"""

import argparse
import json
import time
from dataclasses import asdict

import numpy as np
from rich.console import Console
from rich.table import Table
from roompulse_training.posing import METHODS, Method, Setting, marks, personal_error, pose_error, shaped

SETTINGS = (
    Setting(),
    Setting(noise=0.02, shape=0.08),
    Setting(noise=0.04, shape=0.10),
    Setting(noise=0.02, shape=0.08, distance_cm=40),
    Setting(noise=0.02, shape=0.08, distance_cm=90),
)
PERSONAL = SETTINGS[1]
REPEATS, RUNS = 200, 20


def cost_us(method: Method) -> float:
    """Return the least mean time of a face over some runs, microseconds."""
    rng = np.random.default_rng(1)
    face = marks(shaped(rng, 0.08), (20.0, 5.0, 5.0), PERSONAL, rng)
    times = []
    for _ in range(REPEATS):
        start_s = time.perf_counter()
        for _ in range(RUNS):
            method(face)
        times.append((time.perf_counter() - start_s) / RUNS)
    return min(times) * 1e6


def measured(method: Method, count: int) -> dict[str, object]:
    errors = [{"setting": asdict(s), **asdict(pose_error(method, s, count))} for s in SETTINGS]
    personal = asdict(personal_error(method, PERSONAL, count // 60))
    return {"cost_us": cost_us(method), "errors": errors, "less_own_median": personal}


def table(count: int) -> Table:
    made = Table(
        "setting", "method", "mean yaw, pitch, roll", "90 %", "|yaw| < 25° agrees", title=f"degrees, n = {count}"
    )
    for setting in SETTINGS:
        words = f"noise {setting.noise:.0%}, shape {setting.shape:.0%}, {setting.distance_cm:.0f} cm"
        rows = [(words, name, pose_error(method, setting, count)) for name, method in METHODS.items()]
        if setting == PERSONAL:
            own = [(name, personal_error(method, setting, count // 60)) for name, method in METHODS.items()]
            rows += [(f"{words}, less one's median", name, error) for name, error in own]
        for where, name, error in rows:
            mean, p90 = (" / ".join(f"{angle:.1f}" for angle in angles) for angles in (error.mean_deg, error.p90_deg))
            made.add_row(where, name, mean, p90, f"{error.frontal_agreement:.3f}")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000, help="simulated faces a setting, a multiple of 60")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.json:
        print(json.dumps({name: measured(method, options.count) for name, method in METHODS.items()}))
        return
    Console(width=130).print(table(options.count))
    print("a face: " + ", ".join(f"{name} {cost_us(method):.0f} µs" for name, method in METHODS.items()))


if __name__ == "__main__":
    main()
