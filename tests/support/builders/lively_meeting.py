"""Meetings in which something happens, for the tests of what stands out."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from insight_record import MEETING, affect_of, event, recorded, series_of
from insight_samples import mixed
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.types import EventKind, Participant, Update
from roompulse_vision.enumerations import Presence

S = 1_000_000


def summed(people: Mapping[str, Sequence[Update]]) -> MeetingSummary:
    """Sum up people with a stream each."""
    opened = [event(EventKind.STREAM_OPENED, rows[0].offset_us, name) for name, rows in people.items()]
    everybody = [Participant(number, name) for number, name in enumerate(people)]
    return summarise(MEETING, everybody, [series_of(name, rows) for name, rows in people.items()], opened)


def lively(seed: int) -> dict[str, list[Update]]:
    """Three or four people for fifteen minutes, who drop, smile together, look away, and feel alike."""
    chance = random.Random(seed)
    common = wander(chance, 960, 0.6)
    shared = [chance.randrange(100, 900) for _ in range(2)]
    people = {}
    for name in "abcd"[: chance.randint(3, 4)]:
        own, mood, drop = wander(chance, 960, 0.05), wander(chance, 960, 0.3), chance.randrange(400, 800)
        smiles = [*shared, *(chance.randrange(960) for _ in range(2))]
        rows: list[Update] = []
        at_us = chance.randrange(5 * S)
        while at_us < 900 * S:
            second = at_us // S
            away = 200 <= second % 400 < 200 + 20 * (name == "b")
            happy = 0.8 if any(at <= second < at + 4 for at in smiles) else chance.uniform(0.1, 0.5)
            level = 0.3 if drop <= second < drop + 45 else 0.7
            score = None if chance.random() < 0.02 else min(1.0, max(0.2, level + own[second]))
            valence = max(-1.0, min(1.0, (common[second] + mood[second]) / 2))
            affect = affect_of(mixed(happiness=happy), valence=valence)
            affect = replace(affect, baseline_weight=min(1.0, second / 40))
            kind = Presence.NO_FACE if away else Presence.PRESENT
            rows.append(recorded(name, len(rows) + 1, at_us, None if away else score, presence=kind, affect=affect))
            at_us += chance.choice((700_000, S, S, 1_400_000))
        people[name] = rows
    return people


def wander(chance: random.Random, count: int, size: float) -> list[float]:
    at, path = 0.0, []
    for _ in range(count):
        at = 0.7 * at + chance.gauss(0, size / 2)
        path.append(at)
    return path
