"""Eight participants at once, four encodings, two subscribers: everybody sees the same numbers, none is lost."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

import av
import numpy as np
import pytest
from live_service import (
    Service,
    annexb,
    balances,
    config,
    encoded,
    final_counters,
    jpeg,
    packet,
    pictures,
    updates_of,
)
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, subscription_service_pb2, summary_pb2, update_pb2
from shared_data import needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

SECONDS = 8
HOLD_S = 1.5
KEY = common_pb2.MeetingKey(id="eight")
Request = pb.AnalyzeVideoRequest


def as_jpeg(name: str) -> Iterator[Request]:
    for index, (frame, at) in enumerate(pictures(video(name), every=4)):
        yield packet(index, jpeg(frame), at)


def as_h264(name: str) -> Iterator[Request]:
    for index, (unit, at) in enumerate(annexb(video(name))):
        yield packet(index, unit, at)


def small(frame: av.VideoFrame) -> av.VideoFrame:
    """Shrink to 480 pixels, as a bot would ask for."""
    scale = 480 / max(frame.width, frame.height)
    width, height = (int(side * scale) // 2 * 2 for side in (frame.width, frame.height))
    return frame.reformat(width=width, height=height, format="yuv420p")


def as_vp8(name: str) -> Iterator[Request]:
    shrunk = ((small(frame), at) for frame, at in pictures(video(name), every=4))
    for index, (unit, at) in enumerate(encoded(shrunk, "libvpx", deadline="realtime", **{"cpu-used": "8"})):
        yield packet(index, unit, at)


def as_i420(name: str) -> Iterator[Request]:
    for index, (frame, at) in enumerate(pictures(video(name), every=6)):
        plain = small(frame)
        form = media_pb2.VideoFormat(encoding=media_pb2.ENCODING_I420, width=plain.width, height=plain.height)
        yield packet(index, plain.to_ndarray().tobytes(), at, format=form)


PEOPLE = {
    "ada": (as_jpeg, "single_face.mp4", media_pb2.ENCODING_JPEG),
    "bob": (as_h264, "portrait_d0.mp4", media_pb2.ENCODING_H264),
    "cyd": (as_vp8, "portrait_s20.mp4", media_pb2.ENCODING_VP8),
    "dan": (as_i420, "portrait_d18.mp4", media_pb2.ENCODING_I420),
    "eve": (as_h264, "portrait_d19.mp4", media_pb2.ENCODING_H264),
    "fay": (as_jpeg, "portrait_s29.mp4", media_pb2.ENCODING_JPEG),
    "gus": (as_vp8, "portrait_s18.mp4", media_pb2.ENCODING_VP8),
    "hal": (as_h264, "no_face.mp4", media_pb2.ENCODING_H264),
}


def upto(requests: Iterable[Request], seconds: float) -> list[Request]:
    return [r for r in islice(requests, 400) if r.packets[0].capture_offset.ToTimedelta().total_seconds() < seconds]


async def subscribe(
    service: Service, ready: asyncio.Event, **fields: object
) -> list[subscription_service_pb2.SubscribeUpdatesResponse]:
    request = subscription_service_pb2.SubscribeUpdatesRequest(meeting=KEY, **fields)  # type: ignore[arg-type]
    call = service.subscriptions.SubscribeUpdates(request)
    responses = []
    try:
        async for response in call:
            ready.set()
            responses.append(response)
    finally:
        ready.set()
    return responses


@pytest.fixture(scope="module")
def sent() -> dict[str, list[Request]]:
    return {who: upto(make(name), SECONDS) for who, (make, name, _) in PEOPLE.items()}


@needs_shared
async def test_eight_participants_two_subscribers_one_truth(roompulse: Service, sent: dict[str, list[Request]]) -> None:
    create = meeting_service_pb2.CreateMeetingRequest(meeting=KEY, purpose=common_pb2.PURPOSE_RESEARCH)
    await roompulse.meetings.CreateMeeting(create)
    watching = [asyncio.Event(), asyncio.Event()]
    everything = asyncio.create_task(subscribe(roompulse, watching[0]))
    two = asyncio.create_task(
        subscribe(roompulse, watching[1], participant_ids=["bob", "hal"], final_rollups_only=True)
    )
    await asyncio.gather(*(event.wait() for event in watching))

    streams = {who: roompulse.stream(config("eight", who, PEOPLE[who][2]), sent[who]) for who in PEOPLE}
    answers = dict(zip(streams, await asyncio.gather(*streams.values()), strict=True))
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=KEY))
    saw, saw_two = await everything, await two
    summary = (
        await roompulse.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY))
    ).summary

    seen = by_participant(r.update for r in saw if r.HasField("update"))
    for who, responses in answers.items():
        assert [u.update for u in updates_of(responses)] == seen[who], who  # the sender and the subscriber agree
    some = by_participant(r.update for r in saw_two if r.HasField("update"))
    assert some == {who: seen[who] for who in ("bob", "hal")}
    assert {r.rollup.final for r in saw_two if r.HasField("rollup")} == {True}
    assert await recorded(roompulse) == seen

    check_packets(summary, answers, sent)
    facing = [person.participant_id for person in summary.participants if person.facing_share > 0.5]
    assert len(facing) >= 5  # most look at the camera, and the one without a face does not count
    assert "hal" not in facing
    for person in summary.participants:
        check_person(person, seen[person.participant_id])
    check_rollups([r.rollup for r in saw if r.HasField("rollup") and r.rollup.final], seen)
    check_timeline(summary, seen)


def by_participant(updates: Iterable[update_pb2.ParticipantUpdate]) -> dict[str, list[update_pb2.ParticipantUpdate]]:
    found: dict[str, list[update_pb2.ParticipantUpdate]] = defaultdict(list)
    for update in updates:
        found[update.participant_id].append(update)
        assert update.sequence == len(found[update.participant_id])  # ordered, no gap, nothing twice
    return dict(found)


async def recorded(service: Service) -> dict[str, list[update_pb2.ParticipantUpdate]]:
    updates: list[update_pb2.ParticipantUpdate] = []
    token = ""
    while True:
        request = meeting_service_pb2.ListUpdatesRequest(meeting=KEY, page_size=77, page_token=token)
        page = await service.meetings.ListUpdates(request)
        updates += page.updates
        token = page.next_page_token
        if not token:
            return by_participant(updates)


def check_packets(
    summary: summary_pb2.MeetingSummary,
    answers: dict[str, list[pb.AnalyzeVideoResponse]],
    sent: dict[str, list[Request]],
) -> None:
    """Every packet of a closed stream is accounted for, in the notices and in the summary."""
    for person in summary.participants:
        counters = final_counters(answers[person.participant_id])
        assert counters == person.counters
        assert counters.received == len(sent[person.participant_id])
        assert counters.analyzed == counters.received  # EVERY_FRAME, nothing wrong with any
        assert counters.pending == 0
        assert balances(counters)
        for response in answers[person.participant_id]:
            assert response.WhichOneof("event") != "flow" or balances(response.flow.counters)
    assert summary.counters.received == sum(len(requests) for requests in sent.values())
    assert balances(summary.counters)


def spans(updates: list[update_pb2.ParticipantUpdate]) -> list[tuple[update_pb2.ParticipantUpdate, float]]:
    """Each update with the time it holds: until the next one, 1.5 s at most, nothing after the stream's last."""
    at = [u.meeting_offset.ToMicroseconds() / 1e6 for u in updates]
    ends = [*at[1:], at[-1]]
    return [(u, min(end - begin, HOLD_S)) for u, begin, end in zip(updates, at, ends, strict=True)]


def check_person(person: summary_pb2.ParticipantSummary, updates: list[update_pb2.ParticipantUpdate]) -> None:
    held = spans(updates)
    scored = [(u.engagement.score, s) for u, s in held if u.engagement.HasField("score")]
    present = sum(s for u, s in held if u.presence == update_pb2.PRESENCE_PRESENT)
    attended = person.attended.ToMicroseconds() / 1e6
    assert person.updates == len(updates)
    assert person.present.ToMicroseconds() / 1e6 == pytest.approx(present, abs=1e-5)
    assert person.coverage == pytest.approx(sum(s for _, s in scored) / attended, rel=1e-5)
    assert sum(t.duration.ToMicroseconds() for t in person.presence_times) / 1e6 == pytest.approx(attended, abs=1e-4)
    check_facing(person, held)
    if not scored:
        assert not person.engagement.HasField("mean")
        return
    values, weights = np.array(scored).T
    mean = float((values * weights).sum() / weights.sum())
    spread = math.sqrt(float((weights * (values - mean) ** 2).sum() / weights.sum()))
    assert person.engagement.mean == pytest.approx(mean, rel=1e-6)
    assert person.engagement.standard_deviation == pytest.approx(spread, abs=1e-6)
    faces = [(u.affect, s) for u, s in held if u.presence == update_pb2.PRESENCE_PRESENT]
    total = sum(s for _, s in faces)
    assert person.valence == pytest.approx(sum(a.valence * s for a, s in faces) / total, abs=1e-6)
    assert person.expressions.neutral == pytest.approx(sum(a.smoothed.neutral * s for a, s in faces) / total, abs=1e-6)


def check_facing(
    person: summary_pb2.ParticipantSummary, held: list[tuple[update_pb2.ParticipantUpdate, float]]
) -> None:
    times = {entry.state: entry.duration.ToMicroseconds() / 1e6 for entry in person.facing_times}
    known = 0.0
    for state in (update_pb2.FACING_STATE_FACING, update_pb2.FACING_STATE_AWAY):
        expected = sum(s for u, s in held if u.engagement.facing_state == state)
        assert times.get(state, 0.0) == pytest.approx(expected, abs=1e-5)
        known += expected
    assert person.HasField("facing_share") == (known > 0)
    if known:
        assert person.facing_share == pytest.approx(times.get(update_pb2.FACING_STATE_FACING, 0.0) / known, abs=1e-6)


def check_rollups(rollups: list[update_pb2.Rollup], seen: dict[str, list[update_pb2.ParticipantUpdate]]) -> None:
    assert [r.sequence for r in rollups] == list(range(1, len(rollups) + 1))
    assert [r.window_start.ToSeconds() for r in rollups] == list(range(len(rollups)))
    assert max(r.total for r in rollups) == len(seen)
    assert max(r.seen for r in rollups) >= 5
    for rollup in rollups:
        if rollup.seen:
            assert (
                0.2 <= rollup.engagement_p10 <= rollup.engagement_median <= rollup.engagement_p90 <= 1
                or rollup.seen < 3
            )


def check_timeline(summary: summary_pb2.MeetingSummary, seen: dict[str, list[update_pb2.ParticipantUpdate]]) -> None:
    first = summary.timeline[0]
    means = []
    for updates in seen.values():
        scored = [(u.engagement.score, s) for u, s in spans(updates) if u.engagement.HasField("score")]
        if scored and sum(s for _, s in scored):
            means.append(sum(v * s for v, s in scored) / sum(s for _, s in scored))
    assert len(summary.timeline) == 1  # eight seconds
    assert first.seen == len(means)
    assert first.total == len(seen)
    assert first.engagement_median == pytest.approx(float(np.median(means)), rel=1e-6)
    assert first.engagement_mean == pytest.approx(float(np.mean(means)), rel=1e-6)
