"""The tables, as people and as programs read them, and the picture of them. Ratios first."""

import dataclasses
import json
import math
import os
import pathlib
import platform
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

WIDTH = 118
Row = tuple[str, str, str, str]  # what, found, goal, remark


def machine() -> dict[str, object]:
    """Describe this machine, and how much of it other work takes at the moment."""
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = lines[0].partition(":")[2].strip() if lines else name
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def describe(console: Console, about: Mapping[str, object]) -> None:
    console.print(" · ".join(f"{key} {value}" for key, value in about.items()), style="dim")


def show(console: Console, title: str, rows: Sequence[Row], command: str) -> None:
    """Print a table, and the command that makes it alone."""
    table = Table(
        "", "found", "goal", "", title=title, title_justify="left", caption=command, caption_justify="left", expand=True
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)


def mark(found: float, goal: float, *, least: bool = False) -> str:
    """Say whether a goal is met."""
    if math.isnan(found):
        return "nothing to judge"
    return "met" if (found >= goal if least else found <= goal) else "missed"


def write(folder: pathlib.Path, results: dict[str, object]) -> pathlib.Path:
    """Write the results as JSON and as a picture; return the JSON's path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bench.json"
    file.write_text(json.dumps(results, indent=1, default=_plain))
    if results["plot"]:
        plot(folder / "bench.png", results)
    return file


def plot(file: pathlib.Path, results: dict[str, object]) -> None:
    """Draw CPU a frame beside what it cannot be below and what people use instead."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    bars: dict[str, float] = {str(k): float(v) for k, v in dict(results["plot"]).items() if v}  # type: ignore[call-overload]
    figure, axes = plt.subplots(figsize=(8, 1 + 0.45 * len(bars)), layout="constrained")
    axes.barh(list(bars), list(bars.values()), color="#4477aa")
    axes.bar_label(axes.containers[0], fmt="%.1f", padding=3)  # type: ignore[arg-type]
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("CPU ms a frame (dense) or a participant-second (live), one core")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [field.name for field in dataclasses.fields(value) if field.name != "streams"]
        return {name: getattr(value, name) for name in kept}
    return str(value)
