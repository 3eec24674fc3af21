"""`make bench`: the six tables, one run, side by side. `--quick`: under two minutes. `--check`: ratios as kept?

clips ─▶ bare kernels ─┬─ 1 dense ─┬─ 3 fidelity
         peers ────────┘  2 live ──┘  4 latency · 5 scale · 6 start  ─▶ tables, var/bench/bench.json, bench.png
"""

import argparse
import asyncio
import itertools
import json
import math
import pathlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import dense, efficientnet, fidelity, live, peer, scale, start, tables
from benchmarks.kernels import Costs, Kernels
from benchmarks.material import ROOT, Clip, clips

FOLDER = ROOT / "var" / "bench"
KEPT = pathlib.Path(__file__).with_name("kept.json")
SLOWER = 1.10  # a ratio that grew by more turns the check red
BATCH = 3  # access units a message: an eighth of a second


@dataclass(frozen=True, slots=True)
class Size:
    """How long a run takes."""

    rounds: int
    dense_s: float
    tries: int
    live_s: float
    counts: tuple[int, ...]
    subscribers: tuple[int, ...]
    everything: bool


QUICK = Size(1, 8.0, 1, 5.0, (10,), (), everything=False)
FULL = Size(3, 12.0, 4, 10.0, (10, 20, 40), (1, 100, 1000), everything=True)


@dataclass(frozen=True, slots=True)
class Peers:
    """CPU milliseconds a frame of the loop that people write today; None where it cannot be run."""

    every_frame: float | None
    five_hz: float | None


async def run(size: Size) -> dict[str, object]:
    """Measure and print; return everything."""
    material = clips(FOLDER)
    kernels = Kernels(material)
    about = tables.machine()
    tables.console.print(" · ".join(f"{key} {value}" for key, value in about.items()), style="dim")
    units = material[0].units[: 120 if size.everything else 48]
    peers = Peers(*(peer.measure(FOLDER, units, hz) for hz in (24.0, 5.0)))
    full = await dense.measure(material, kernels, size.rounds, size.dense_s)
    show_dense(full, kernels.median, peers)
    room = await live.capacity(material, size.tries, size.live_s, BATCH)
    kernels.round()
    lost = fidelity.compare(full.streams, room.streams)
    show_live("2 Live, shipped model", room, kernels.median, 40)
    show_fidelity(lost)
    results: dict[str, object] = {"machine": about, "peers": peers, "dense": full, "live": room, "fidelity": lost}
    if size.everything:
        results["live_b0"] = await _large(material, size)
    at = await live.latency(material, round(0.7 * room.promised / live.FULL), size.live_s)
    show_latency(at, kernels.median)
    points = [
        *await scale.participants(material, size.counts, size.live_s),
        await scale.idle(material),
        *(await scale.participants(material, (20,), size.live_s, meetings=20) if size.everything else ()),
        *await scale.subscribers(material, size.subscribers, size.live_s),
    ]
    show_scale(points)
    begun = await start.measure(material, record=size.everything)
    show_start(begun)
    return results | {
        "kernels": kernels.median, "latency": at, "scale": points, "start": begun,
        "plot": _bars(full, room, kernels.median, peers),
    }  # fmt: skip


async def _large(material: Sequence[Clip], size: Size) -> live.Capacity:
    card = str(efficientnet.write(FOLDER))
    kernels = Kernels(material, card)
    kernels.round()
    room = await live.capacity(material, size.tries - 1, size.live_s, BATCH, ("--model", card), light=5)
    kernels.round()
    show_live("2 Live, EfficientNet-B0 at 224", room, kernels.median, 20)
    return room


def show_dense(full: dense.Dense, bare: Costs, peers: Peers) -> None:
    rows: list[tables.Row] = []
    for name, ratios in (("detector at 640", full.over_full), ("detector at 320", full.over_best)):
        spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} round(s)"
        middle = sorted(ratios)[len(ratios) // 2]
        rows.append(
            (
                f"CPU a frame over the bare kernels, {name}",
                f"{middle:.2f}",
                "≤ 1.20",
                f"{tables.mark(middle, 1.2)}; {spread}",
            )
        )
    if peers.every_frame:
        over = full.frame_ms / peers.every_frame
        rows.append(("over the loop of today, every frame", f"{over:.2f}", "≤ 0.35", tables.mark(over, 0.35)))
    rows += [
        ("CPU ms a frame", f"{full.frame_ms:.1f}", "", f"parent {full.parent_ms:.1f}, workers {full.workers_ms:.1f}"),
        ("bare: decode, detect 640, 320, emotion, ms", f"{bare.decode:.2f} {bare.detect_640:.2f} {bare.detect_320:.2f} {bare.emotion:.2f}", "", ""),
        ("loop of today, ms a frame", f"{peers.every_frame or math.nan:.1f}", "", f"five times a second: {peers.five_hz or math.nan:.1f}"),
    ]  # fmt: skip
    tables.show("1 Dense: every frame of 640×360", rows)


def show_live(title: str, room: live.Capacity, bare: Costs, goal: int) -> None:
    held, light = room.held, room.light
    bound = 1e3 / bare.live_ms
    rows: list[tables.Row] = [
        ("participants a core, held", str(held.people if held else 0), f"≥ {goal}", _tries(room)),
        ("by CPU time of the light load", f"{room.promised:.1f}", f"≥ {goal}", tables.mark(room.promised, goal, least=True)),
        ("over what the bare kernels allow", f"{room.promised / bound:.2f}", "", f"{bound:.1f} participants a core"),
        ("CPU ms a participant-second", f"{light.person_ms:.1f}", "", f"parent {light.parent_ms:.1f}, workers {light.workers_ms:.1f}; bare {bare.live_ms:.1f}"),
        ("capture → scored p50, p95, p99 ms", " ".join(f"{ms:.0f}" for ms in light.scored_ms), "p99 ≤ 400", f"{light.people} people, {light.least_hz:.2f} analyses/s at least"),
    ]  # fmt: skip
    tables.show(title, rows)


def _tries(room: live.Capacity) -> str:
    return "; ".join(
        f"{seen.people}: {seen.least_hz:.1f}/s p99 {seen.scored_ms[2]:.0f} ms {'holds' if seen.holds else 'fails'}"
        for seen in room.tried
    )


def show_fidelity(lost: fidelity.Fidelity) -> None:
    rows: list[tables.Row] = [
        ("valence CCC", f"{lost.valence_ccc:.3f}", "≥ 0.97", tables.mark(lost.valence_ccc, 0.97, least=True)),
        ("arousal CCC", f"{lost.arousal_ccc:.3f}", "≥ 0.97", tables.mark(lost.arousal_ccc, 0.97, least=True)),
        ("held between, on every frame", f"{lost.valence_held_ccc:.3f} {lost.arousal_held_ccc:.3f}", "", ""),
        ("score, 95 % of differences", f"{lost.score_p95:.3f}", "≤ 0.05", tables.mark(lost.score_p95, 0.05)),
        ("latest onset of a smile or turn, s", f"{lost.latest_s:.2f}", "≤ 0.5", f"{lost.onsets} onsets, {lost.onsets_missed} missed"),
        ("facing agrees", f"{lost.facing_agrees:.3f}", "≥ 0.95", tables.mark(lost.facing_agrees, 0.95, least=True)),
    ]  # fmt: skip
    tables.show("3 Fidelity: three looks a second against every frame, τ = 1 s", rows)


def show_latency(at: live.Window, bare: Costs) -> None:
    over = at.scored_ms[2] / bare.frame_best
    rows: list[tables.Row] = [
        ("p99 of capture → scored over one bare frame", f"{over:.1f}", "≤ 5", tables.mark(over, 5.0)),
        ("capture → scored p50, p95, p99 ms", " ".join(f"{ms:.0f}" for ms in at.scored_ms), "", f"{at.people} people, {at.cpu:.0%} of a core"),
        ("capture → published", " ".join(f"{ms:.0f}" for ms in at.published_ms), "", f"bare frame {bare.frame_best:.1f} ms"),
    ]  # fmt: skip
    tables.show("4 Latency at 70 % load, one access unit a message", rows)


def show_scale(points: Sequence[scale.Point]) -> None:
    rows: list[tables.Row] = [
        (f"{point.count} {point.what}", f"{point.cpu_ms:.2f} ms/s each", "", f"{point.memory_mb:.2f} MB")
        for point in points
    ]
    people = [point for point in points if point.what in ("empty", "participants")]
    for before, after in itertools.pairwise(people):
        each = (after.memory_mb - before.memory_mb) / (after.count - before.count)
        rows.append(
            (f"memory of one more, from {before.count} to {after.count}", f"{each:.1f} MB", "≤ 8", tables.mark(each, 8))
        )
    tables.show("5 Scale: one look a second (idle: CPU and memory each; others: of the whole tree)", rows)


def show_start(begun: start.Start) -> None:
    rows: list[tables.Row] = [
        ("start to serving, s", f"{begun.ready_s:.1f}", "", f"{begun.memory_mb:.0f} MB in all, {begun.worker_mb:.0f} a worker"),
        ("SDK, CPU µs a packet", f"{begun.sdk_us:.0f}", "", "three packets a message"),
        *([("record, bytes an update", f"{begun.bytes_an_update:.0f}", "", "")] if begun.record else []),
        *((line[:34].strip(), line[43:].strip(), "", "") for line in begun.record if "rows/s" in line),
    ]  # fmt: skip
    tables.show("6 Start, client, record", rows)


def _bars(full: dense.Dense, room: live.Capacity, bare: Costs, peers: Peers) -> dict[str, float | None]:
    return {
        "dense: loop of today": peers.every_frame,
        "dense: bare kernels, detector at 640": bare.frame_full,
        "dense: roompulse": full.frame_ms,
        "dense: bare kernels, detector at 320": bare.frame_best,
        "live: loop of today, 5 Hz": peers.five_hz and peers.five_hz * 24,
        "live: roompulse": room.light.person_ms,
        "live: bare kernels": bare.live_ms,
    }


async def ratios(rounds: int = 3) -> dict[str, float]:
    """Return dense and live CPU over the bare kernels of the same minutes: the least of some rounds each."""
    material = clips(FOLDER)
    found: dict[str, list[float]] = {"dense": [], "live": []}
    for _ in range(rounds):
        kernels = Kernels(material)
        full = await dense.measure(material, kernels, 1, 4.0)
        found["dense"].append(full.over_best[0])
        before = kernels.round().live_ms
        seen = (await live.capacity(material, 0, 6.0, BATCH, light=8)).light
        found["live"].append(seen.person_ms * 2 / (before + kernels.round().live_ms) * 3.0 / max(seen.mean_hz, 1.0))
    return {name: min(values) for name, values in found.items()}


def check(keep: bool) -> int:
    """Compare with the ratios kept in `kept.json`; `keep` writes them."""
    now = asyncio.run(ratios())
    if keep:
        KEPT.write_text(json.dumps({name: round(value, 3) for name, value in now.items()}, indent=1) + "\n")
    before = json.loads(KEPT.read_text())
    slower = [name for name, value in now.items() if value > SLOWER * before[name]]
    for name, value in now.items():
        verdict = "SLOWER" if name in slower else "as before"
        print(f"{name}: {value:.2f} times the bare kernels, kept {before[name]:.2f}: {verdict}")
    return 1 if slower else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--check", action="store_true", help="fail when a ratio grew by more than a tenth")
    parser.add_argument("--keep", action="store_true", help="with --check: keep the ratios of this run")
    options = parser.parse_args()
    if options.check:
        sys.exit(check(options.keep))
    results = asyncio.run(run(QUICK if options.quick else FULL))
    print(f"written: {tables.write(FOLDER, results)}, {FOLDER / 'bench.png'}")


if __name__ == "__main__":
    main()
