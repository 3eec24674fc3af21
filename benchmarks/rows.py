"""What stands in the six tables: ratios first, beside their goals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import dense, fidelity, live, scale, start
from benchmarks.growth import Point, steps, unevenness
from benchmarks.kernels import Costs
from benchmarks.search import FULL, Percentiles, Window
from benchmarks.tables import Row, mark

FLAT = 0.10  # of the mean: within it, what one more costs is flat


@dataclass(frozen=True, slots=True)
class Peers:
    """CPU milliseconds a frame of the loop that people write today; None where it cannot be run."""

    every_frame: float | None
    five_hz: float | None


@dataclass(frozen=True, slots=True)
class Goal:
    """Participants a core, and the kernels of the machine that the goal was set on."""

    people: int
    kernels: Costs


def dense_rows(full: dense.Dense, bare: Costs, peers: Peers) -> list[Row]:
    rows: list[Row] = []
    for name, ratios in (("detector at 640", full.over_full), ("detector at 320", full.over_best)):
        spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} round(s)"
        middle = sorted(ratios)[len(ratios) // 2]
        what = f"CPU a frame over the bare kernels, {name}"
        rows.append((what, f"{middle:.2f}", "≤ 1.20", f"{mark(middle, 1.2)}; {spread}"))
    frame = full.frame
    if peers.every_frame:
        over = frame.total_ms / peers.every_frame
        rows.append(("over the loop of today, every frame", f"{over:.2f}", "≤ 0.35", mark(over, 0.35)))
    return [
        *rows,
        ("CPU ms a frame", f"{frame.total_ms:.1f}", "", f"parent {frame.parent_ms:.1f}, workers {frame.workers_ms:.1f}"),
        ("bare: decode, detect 640, 320, emotion, ms", f"{bare.decode:.2f} {bare.detect_640:.2f} {bare.detect_320:.2f} {bare.emotion:.2f}", "", ""),
        ("loop of today, ms a frame", f"{peers.every_frame or math.nan:.1f}", "", f"five times a second: {peers.five_hz or math.nan:.1f}"),
    ]  # fmt: skip


def live_rows(room: live.Capacity, bare: Costs, goal: Goal) -> list[Row]:
    held, light = room.held, room.light
    share = room.promised / bare.bound
    people = held.people if held else 0
    there = goal.kernels.bound
    least, most = (FULL * 1e3 / ms for ms in reversed(light.spread_ms))
    return [
        ("participants a core, held", str(people), f"≥ {goal.people}", f"{mark(people, goal.people, least=True)}; {_tries(room)}"),
        ("by CPU time of the light load", f"{room.promised:.1f}", f"≥ {goal.people}", f"{mark(room.promised, goal.people, least=True)}; parts of the window {least:.1f} to {most:.1f}"),
        ("over what the bare kernels allow", f"{share:.2f}", "", f"they alone: {bare.bound:.1f} participants a core, nothing else counted"),
        ("the goal on this machine's kernels", f"{goal.people * bare.bound / there:.1f}", "", f"the same share, {goal.people / there:.2f}, of what they allow; the goal's machine: {there:.1f}"),
        ("projected on the kernels of the goal's machine", f"{share * there:.1f}", "", "not measured: the share above of what its kernels allow"),
        ("CPU ms a participant-second", f"{light.person_ms:.1f}", "", f"parent {light.parent_ms:.1f}, workers {light.workers_ms:.1f}; parts of the window {light.spread_ms[0]:.1f} to {light.spread_ms[1]:.1f}; bare {bare.live_ms:.1f}"),
        ("capture → scored p50, p95, p99 ms", _three(light.scored_ms), "p99 ≤ 400", f"{light.people} people, {light.least_hz:.2f} analyses/s at least"),
        *([("spare while the largest held", f"{held.spare:.0%}", "", f"of the service's core; {held.clients_spare:.0%} of the clients'")] if held else []),
    ]  # fmt: skip


def _tries(room: live.Capacity) -> str:
    return "; ".join(
        f"{seen.people}: {seen.least_hz:.1f}/s p99 {seen.scored_ms[2]:.0f} ms {'holds' if seen.holds else 'fails'}"
        for seen in room.tried
    )


def fidelity_rows(lost: fidelity.Fidelity) -> list[Row]:
    affect = [
        row
        for name, found in (("valence", lost.valence), ("arousal", lost.arousal))
        for row in _agreement_rows(name, found)
    ]
    return [
        *affect,
        ("score, 95 % of differences", f"{lost.score_p95:.3f}", "≤ 0.05", mark(lost.score_p95, 0.05)),
        ("latest onset of a smile or turn, s", f"{lost.latest_s:.2f}", "≤ 0.5", f"{mark(lost.latest_s, 0.5)}; {lost.onsets} onsets, {lost.onsets_missed} missed"),
        ("facing agrees", f"{lost.facing_agrees:.3f}", "≥ 0.95", mark(lost.facing_agrees, 0.95, least=True)),
    ]  # fmt: skip


def _agreement_rows(name: str, found: fidelity.Agreement) -> list[Row]:
    thinned = found.thinned_ccc
    mean = sum(thinned) / len(thinned)
    return [
        (f"{name} CCC, as the service sends it", f"{found.ccc:.3f}", "≥ 0.97", f"{mark(found.ccc, 0.97, least=True)}; held until the next value, on every frame: {found.held_ccc:.3f}"),
        ("   thinning alone", f"{mean:.3f}", "", f"{min(thinned):.3f} to {max(thinned):.3f} by phase: the dense run's own values, every eighth"),
        ("   the path alone", f"{found.path_ccc:.3f}", "", "raw values of the same pictures"),
    ]  # fmt: skip


def latency_rows(at: Window, bare: Costs) -> list[Row]:
    over = at.scored_ms[2] / bare.frame_best
    return [
        ("p99 of capture → scored over one bare frame", f"{over:.1f}", "≤ 5", f"{mark(over, 5.0)}; bare frame {bare.frame_best:.1f} ms"),
        ("capture → scored p50, p95, p99 ms", _three(at.scored_ms), "", f"{at.people} people, {at.cpu:.0%} of a core"),
        ("   capture → received", _three(at.received_ms), "", "the client's turn, the wire, gRPC"),
        ("   received → scored", _three(at.looked_ms), "", "waiting for the worker, decoding, the look, the score"),
        ("capture → published", _three(at.published_ms), "", ""),
        ("   scored → published", _three(at.sent_ms), "", "the record's commit, then the wire"),
    ]  # fmt: skip


def scale_rows(found: scale.Scale) -> list[Row]:
    return [*_people_rows(found.participants), *_meeting_rows(found), *_subscriber_rows(found.subscribers)]


def _people_rows(points: Sequence[Point]) -> list[Row]:
    rows: list[Row] = []
    grown = steps(points)
    for step, point in zip(grown, points[1:], strict=True):
        what = f"one more participant, {step.before} → {step.count}"
        rows.append((what, f"{step.cpu_ms:.1f} ms/s, {step.memory_mb:.1f} MB", "≤ 8 MB", f"{mark(step.memory_mb, 8)}; {point.cpu_ms / 1e3:.0%} of a core, {point.least_hz:.2f} analyses/s at least"))  # fmt: skip
    later = grown[1:]  # the first ten wake the service
    if len(later) > 1:
        for name, costs in (("CPU", [step.cpu_ms for step in later]), ("memory", [step.memory_mb for step in later])):
            off = unevenness(costs)
            rows.append((f"   {name}: from their mean", f"±{off:.0%}", "≤ 10 %", mark(off, FLAT)))
    first, last = points[0], points[-1]
    memory = f"nobody {first.worker_mb:.0f}, {last.count} participants {last.worker_mb:.0f}"
    return [*rows, ("memory of a worker, MB", f"{last.worker_mb:.0f}", "", memory)]


def _meeting_rows(found: scale.Scale) -> list[Row]:
    idle = found.idle
    return [
        (f"one of {idle.count} idle", f"{idle.cpu_ms:.2f} ms/s, {idle.memory_mb:.2f} MB", "≤ 0.2 MB", mark(idle.memory_mb, 0.2)),
        *(
            (f"{point.count} participants in {number} meeting(s)", f"{point.cpu_ms / point.count:.1f} ms/s each", "", f"{point.memory_mb:.0f} MB in all, {point.least_hz:.2f} analyses/s at least")
            for number, point in found.meetings
        ),
    ]  # fmt: skip


def _subscriber_rows(points: Sequence[Point]) -> list[Row]:
    return [
        (f"one more subscriber, {step.before} → {step.count}", f"{step.cpu_ms:.2f} ms/s, {step.memory_mb:.2f} MB", "", f"of the parent, which takes {point.cpu_ms / 1e3:.0%} of a core with {step.count}")
        for step, point in zip(steps(points), points[1:], strict=True)
    ]  # fmt: skip


def start_rows(begun: start.Start) -> list[Row]:
    rows: list[Row] = [
        ("start to serving, s", f"{begun.ready_s:.1f}", "", f"{begun.memory_mb:.0f} MB in all, {begun.worker_mb:.0f} a worker"),
        ("SDK, CPU µs a packet", f"{begun.sdk_us:.0f}", "", "three packets a message"),
    ]  # fmt: skip
    if begun.record is None:
        return rows
    jobs = [
        (f"record, {job.what}: rows/s", f"{job.rows_a_second:,.0f}", "", f"{job.rows:,} rows in {job.seconds:.2f} s{'; ' * bool(job.note)}{job.note}")
        for job in begun.record.jobs
    ]  # fmt: skip
    return [*rows, ("record, bytes an update", f"{begun.record.bytes_an_update:.1f}", "", ""), *jobs]


def _three(percentiles: Percentiles) -> str:
    return " ".join(f"{ms:.0f}" for ms in percentiles)
