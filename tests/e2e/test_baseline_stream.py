"""A person's neutral baseline, from the model's card to the updates of a real video."""

import itertools
import pathlib
from collections.abc import Iterator

import pytest
from live_service import Service, config, jpeg, packet, pictures, service, updates_of
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import media_pb2, update_pb2
from roompulse_vision.types import LABELS
from shared_data import needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

RATE_HZ = 2.0
LENGTH_S = 76
CUT_S = 45


def looped() -> list[pb.AnalyzeVideoRequest]:
    """Return a short video, forwards and backwards in turn, as one that is long enough for a baseline to set in."""
    frames = [jpeg(frame) for frame, _ in pictures(video("portrait_d3.mp4"), every=round(30 / RATE_HZ))]
    there_and_back: Iterator[bytes] = itertools.cycle([*frames, *frames[-2:0:-1]])
    return [packet(index, next(there_and_back), index / RATE_HZ) for index in range(round(LENGTH_S * RATE_HZ))]


async def affects(running: Service, packets: list[pb.AnalyzeVideoRequest]) -> dict[int, update_pb2.Affect]:
    responses = await running.stream(config("resting", "ada", media_pb2.ENCODING_JPEG), packets)
    updates = [response.update for response in updates_of(responses)]
    return {update.packet_index: update.affect for update in updates if update.HasField("affect")}


@needs_shared
async def test_the_baseline_rises_in_a_real_video_and_goes_on_in_the_next_stream(roompulse: Service) -> None:
    packets = looped()
    cut = round(CUT_S * RATE_HZ)
    first, second = await affects(roompulse, packets[:cut]), await affects(roompulse, packets[cut:])
    read = [affect for _, affect in sorted({**first, **second}.items())]
    weights = [affect.baseline_weight for affect in read]
    assert weights == sorted(weights)
    assert (weights[0], weights[-1]) == (0.0, 1.0)
    assert 0.3 < weights[len(first) - 1] < 0.8
    assert weights[len(first)] - weights[len(first) - 1] < 0.05
    assert all(affect.adjusted == affect.raw for affect in read if affect.baseline_weight == 0.0)
    assert read[-1].adjusted != read[-1].raw
    assert all(affect.adjusted.happiness == affect.raw.happiness for affect in read)
    last = read[-20:]
    assert sum(affect.adjusted.sadness for affect in last) < 0.9 * sum(affect.raw.sadness for affect in last)


@needs_shared
async def test_a_formula_switches_it_off(tmp_path: pathlib.Path) -> None:
    weights = [f"{label} = 0.6" for label in LABELS[:-1]]
    formula = tmp_path / "formula.toml"
    formula.write_text("\n".join(['id = "acme-1"', "baseline = false", "[weights]", *weights]), encoding="utf-8")
    async with service(tmp_path / "record", formula=formula) as running:
        read = await affects(running, looped())
    assert len(read) > 100
    for affect in read.values():
        assert affect.adjusted == affect.raw
        assert affect.baseline_weight == 0.0
