"""A participant's next stream goes on where the last one was: no jump in the score."""

import pytest
from live_service import Service, config, jpeg, packet, pictures, updates_of
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import media_pb2
from shared_data import needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

CUT_S = 9.0


def scores(responses: list[pb.AnalyzeVideoResponse]) -> dict[int, float]:
    updates = [response.update for response in updates_of(responses)]
    return {u.packet_index: u.engagement.score for u in updates if u.engagement.HasField("score")}


@needs_shared
async def test_two_streams_score_like_one(roompulse: Service) -> None:
    frames = pictures(video("portrait_d9.mp4"), every=6)
    packets = [packet(index, jpeg(frame), at) for index, (frame, at) in enumerate(frames)]
    times = [request.packets[0].capture_offset.ToMicroseconds() / 1e6 for request in packets]
    cut = next(index for index, at in enumerate(times) if at > CUT_S)
    whole = scores(await roompulse.stream(config("whole", "ada", media_pb2.ENCODING_JPEG), packets))
    first = scores(await roompulse.stream(config("cut", "ada", media_pb2.ENCODING_JPEG), packets[:cut]))
    second = scores(await roompulse.stream(config("cut", "ada", media_pb2.ENCODING_JPEG), packets[cut:]))
    assert set(first) | set(second) == set(whole)  # a score right away: nothing has to be gathered again
    assert len(second) > 20
    for index, score in {**first, **second}.items():
        assert score == pytest.approx(whole[index], abs=0.01)
