"""The tables, as people and as programs read them, and the picture of them. Ratios first."""

import dataclasses
import json
import math
import os
import pathlib
import platform
import time
from collections.abc import Mapping, Sequence

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


def write(folder: pathlib.Path, results: Mapping[str, object], bars: Mapping[str, float | None]) -> pathlib.Path:
    """Write the results as JSON, and the bars as a picture; return the JSON's path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bench.json"
    file.write_text(json.dumps({**results, "plot": bars}, indent=1, default=_plain))
    if bars:
        plot(folder / "bench.png", {name: value for name, value in bars.items() if value})
    return file


def plot(file: pathlib.Path, bars: Mapping[str, float]) -> None:
    """Draw CPU a frame beside what it cannot be below and what people use instead."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 1 + 0.45 * len(bars)), layout="constrained")
    drawn = axes.barh(list(bars), list(bars.values()), color="#4477aa")
    axes.bar_label(drawn, fmt="%.1f", padding=3)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("CPU ms a frame (dense) or a participant-second (live), one core")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [field.name for field in dataclasses.fields(value) if field.name != "streams"]
        return {name: getattr(value, name) for name in kept}
    return str(value)
