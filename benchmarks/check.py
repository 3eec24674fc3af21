"""`make bench-check`: are dense and live as many times the bare kernels as kept? Exit 1 when one grew.

Several services, many parts of each, the median ratio of the quieter half of the parts. Two services decide, unless the answer lies near
the border: then more, up to `MOST`.
"""

import asyncio
import dataclasses
import json
import pathlib
from collections.abc import Sequence

from rich.progress import Progress

from benchmarks import beside, kept
from benchmarks.kept import Verdict
from benchmarks.kernels import Kernels
from benchmarks.material import clips

LEAST, MOST = 2, 5  # services


def run(folder: pathlib.Path, progress: Progress, *, keep: bool, as_json: bool) -> int:
    """Measure, say what was found, and return the exit status; `keep` takes the ratios found for the kept ones."""
    found = asyncio.run(_found(folder, progress, keep=keep))
    if keep:
        kept.write({verdict.name: verdict.ratio for verdict in found})
    if as_json:
        print(json.dumps([{**dataclasses.asdict(verdict), "slower": verdict.slower} for verdict in found]))
    else:
        for verdict in found:
            print(_said(verdict))
    return int(not keep and any(verdict.slower for verdict in found))


async def _found(folder: pathlib.Path, progress: Progress, *, keep: bool) -> list[Verdict]:
    task = progress.add_task("encoding the clips")
    material = clips(folder)
    kernels = Kernels(material)
    services: list[beside.Parts] = []
    while not _decided(verdicts := _verdicts(services), len(services), keep=keep):
        progress.update(task, description=f"service {len(services) + 1}: live, then dense, beside the bare kernels")
        services.append(await beside.parts(material, kernels))
    return verdicts


def _verdicts(services: Sequence[beside.Parts]) -> list[Verdict]:
    if not services:
        return []
    before = kept.read()
    return [
        kept.verdict(name, [part for service in services for part in service[name]], ratio)
        for name, ratio in before.items()
    ]


def _decided(verdicts: Sequence[Verdict], services: int, *, keep: bool) -> bool:
    if services < LEAST:
        return False
    return services >= MOST or (not keep and all(verdict.sure for verdict in verdicts))


def _said(verdict: Verdict) -> str:
    judged = "SLOWER" if verdict.slower else "as before"
    busy = f" (other work took {verdict.others:.0%} of the core: try again)" if verdict.others > kept.BUSY else ""
    return (
        f"{verdict.name}: {verdict.ratio:.2f} (±{verdict.error:.1%}) times the bare kernels, kept {verdict.kept:.2f}, "
        f"{verdict.growth - 1:+.1%}: {judged}{busy}"
    )
