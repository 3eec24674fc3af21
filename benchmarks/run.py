"""`make bench`: the six tables, one run, side by side. `--quick`: under two minutes. `--check`: ratios as kept?

clips ─▶ bare kernels ─┬─ dense ─┬─ fidelity
         peers ────────┘  live ──┘  latency · scale · start  ─▶ tables, var/bench/bench.json, bench.png
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import check, dense, efficientnet, fidelity, live, peer, rows, scale, start, tables
from benchmarks.kernels import EPYC, EPYC_B0, Costs, Kernels
from benchmarks.material import ROOT, clips
from benchmarks.rows import Goal, Peers

FOLDER = ROOT / "var" / "bench"
BATCH = 3  # access units a message: an eighth of a second
TABLES = ("dense", "live", "fidelity", "live-b0", "latency", "scale", "start")
LATENCY_GUESS = 8  # people, of whom one costs about as much as of those at that load
LOAD = 0.7  # of a core

Measure = Callable[[], Awaitable[dict[str, object]]]  # a table's figures, by name


@dataclass(frozen=True, slots=True)
class Size:
    """How long a run takes."""

    command: str
    rounds: int
    dense_s: float
    tries: int  # beyond the light load
    live_s: float
    counts: tuple[int, ...]
    meetings: tuple[int, ...]
    subscribers: tuple[int, ...]
    scale_s: float
    record: bool
    peer_frames: int
    tables: tuple[str, ...]


QUICK = Size(
    command="make bench-quick",
    rounds=1, dense_s=7.0, tries=1, live_s=5.0, counts=(10,), meetings=(), subscribers=(), scale_s=3.0, record=False,
    peer_frames=36, tables=("dense", "live", "fidelity", "latency", "start"),
)  # fmt: skip
FULL = Size(
    command="make bench",
    rounds=3, dense_s=12.0, tries=3, live_s=10.0, counts=(10, 20, 40), meetings=(1, 5, 20), subscribers=(1, 100, 1000),
    scale_s=10.0, record=True, peer_frames=120, tables=TABLES,
)  # fmt: skip


class Bench:
    """Measures table by table, each once; a table that needs another's figures measures them, be it shown or not."""

    def __init__(self, size: Size, console: Console, progress: Progress) -> None:
        self._size, self._console, self._progress = size, console, progress
        self._task = progress.add_task("encoding the clips")
        self._clips = clips(FOLDER)
        self._kernels = Kernels(self._clips)
        self._full: dense.Dense | None = None
        self._room: live.Capacity | None = None
        self.bars: dict[str, float | None] = {}  # of the picture, filled by the tables

    async def run(self, wanted: Sequence[str]) -> dict[str, object]:
        """Print the tables of these names; return everything."""
        machine = tables.machine()
        tables.describe(self._console, machine)
        results: dict[str, object] = {"machine": machine}
        measures = self._measures()
        for name in wanted:
            results |= await measures[name]()
        return results | {"kernels": self._bare}

    def _measures(self) -> dict[str, Measure]:
        """Return the method that measures and prints each of `TABLES`."""
        return {
            "dense": self._dense,
            "live": self._live,
            "fidelity": self._fidelity,
            "live-b0": self._live_b0,
            "latency": self._latency,
            "scale": self._scale,
            "start": self._start,
        }

    async def _dense(self) -> dict[str, object]:
        self._say("dense: the loop of today")
        units = self._clips[0].units[: self._size.peer_frames]
        peers = Peers(*(peer.measure(FOLDER, units, hz) for hz in (24.0, 5.0)))
        full = await self._every_frame()
        self._show("1 Dense: every frame of 640×360", "dense", rows.dense_rows(full, self._bare, peers))
        self.bars |= {
            "dense: loop of today": peers.every_frame,
            "dense: bare kernels, detector at 640": self._bare.frame_full,
            "dense: roompulse": full.frame.total_ms,
            "dense: bare kernels, detector at 320": self._bare.frame_best,
            "live: loop of today, 5 Hz": peers.five_hz and peers.five_hz * 24,
        }
        return {"peers": peers, "dense": full}

    async def _live(self) -> dict[str, object]:
        room = await self._capacity()
        self._show("2 Live, shipped model", "live", rows.live_rows(room, self._bare, Goal(40, EPYC)))
        self.bars |= {"live: roompulse": room.light.person_ms, "live: bare kernels": self._bare.live_ms}
        return {"live": room}

    async def _fidelity(self) -> dict[str, object]:
        lost = fidelity.compare((await self._every_frame()).streams, (await self._capacity()).streams)
        title = "3 Fidelity: three looks a second against every frame, τ = 1 s"
        self._show(title, "fidelity", rows.fidelity_rows(lost))
        return {"fidelity": lost}

    async def _live_b0(self) -> dict[str, object]:
        card = str(efficientnet.write(FOLDER))
        kernels = Kernels(self._clips, card)
        kernels.round()
        room = await live.capacity(
            self._clips, max(1, self._size.tries - 1), self._size.live_s, BATCH, self._saying("live-b0"), ("--model", card), light=5
        )  # fmt: skip
        kernels.round()
        self._show("2 Live, EfficientNet-B0 at 224", "live-b0", rows.live_rows(room, kernels.median, Goal(20, EPYC_B0)))
        return {"live_b0": room}

    async def _latency(self) -> dict[str, object]:
        at = await live.latency(self._clips, LOAD, LATENCY_GUESS, self._size.live_s, self._saying("latency"))
        title = "4 Latency at 70 % load, one access unit a message"
        self._show(title, "latency", rows.latency_rows(at, self._bare))
        return {"latency": at}

    async def _scale(self) -> dict[str, object]:
        size, few = self._size, clips(FOLDER, rate_hz=scale.FRAME_HZ)
        found = await scale.measure(
            few, size.counts, size.meetings, size.subscribers, size.scale_s, self._saying("scale")
        )
        title = (
            f"5 Scale: {scale.FRAME_HZ} pictures and {scale.RATE_HZ:g} looks a second, CPU and memory of the whole tree"
        )
        self._show(title, "scale", rows.scale_rows(found))
        return {"scale": found}

    async def _start(self) -> dict[str, object]:
        self._say("start, client, record")
        begun = await start.measure(self._clips, record=self._size.record)
        self._show("6 Start, client, record", "start", rows.start_rows(begun))
        return {"start": begun}

    async def _every_frame(self) -> dense.Dense:
        if self._full is None:
            self._say("dense: every frame")
            self._full = await dense.measure(self._clips, self._kernels, self._size.rounds, self._size.dense_s)
        return self._full

    async def _capacity(self) -> live.Capacity:
        if self._room is None:
            self._kernels.round()
            size = self._size
            self._room = await live.capacity(self._clips, size.tries, size.live_s, BATCH, self._saying("live"))
            self._kernels.round()
        return self._room

    @property
    def _bare(self) -> Costs:
        if not self._kernels.rounds:
            self._kernels.round()
        return self._kernels.median

    def _show(self, title: str, name: str, found: Sequence[tables.Row]) -> None:
        tables.show(self._console, title, found, f"{self._size.command} ARGS='--only {name}'")

    def _saying(self, table: str) -> live.Progress:
        return lambda what: self._say(f"{table}: {what}")

    def _say(self, what: str) -> None:
        self._progress.update(self._task, description=what)


def names(text: str) -> tuple[str, ...]:
    """Read a list of tables; fidelity stands beside live, always."""
    wanted = {word.strip() for word in text.split(",")}
    if unknown := sorted(wanted - set(TABLES)):
        raise argparse.ArgumentTypeError(f"there is no table {unknown[0]!r}; there are {', '.join(TABLES)}")
    return tuple(name for name in TABLES if name in wanted or (name == "fidelity" and "live" in wanted))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", type=names, metavar="TABLE,…", help=f"these tables: {', '.join(TABLES)}")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--check", action="store_true", help="fail when a ratio to the bare kernels grew by a tenth")
    parser.add_argument("--keep", action="store_true", help="with --check: keep the ratios of this run")
    return parser


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    if options.keep and not options.check:
        parser.error("--keep goes with --check")
    if options.check and (options.only or options.quick):
        parser.error("--check measures dense and live alone: leave out --only and --quick")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the service under measurement ends with us
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        if options.check:
            sys.exit(check.run(FOLDER, keep=options.keep, progress=progress, as_json=options.json))
        size = QUICK if options.quick else FULL
        bench = Bench(size, Console(width=tables.WIDTH, quiet=options.json), progress)
        results = asyncio.run(bench.run(options.only or size.tables))
    file = tables.write(FOLDER, results, bench.bars)
    if options.json:
        print(file.read_text())
    else:
        print(f"written: {file}, {file.with_suffix('.png')}")


if __name__ == "__main__":
    main()
