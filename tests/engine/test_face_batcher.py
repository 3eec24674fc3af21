"""Faces of several streams are read together: nothing is lost, nobody waits where there is time to spare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.enumerations import Presence
from roompulse_vision.face_batcher import BATCH, MAX_WAIT_S, NEXT_S, RECORDING_S, FaceBatcher, patience_s
from roompulse_vision.faces.measured_face import Seen
from roompulse_vision.stream_analyzer import Job, MeasuredRegion
from roompulse_vision.types import Box, FaceQuality, FaceReading, Packet, VideoFormat

SEEN = Seen(FaceReading(1, Box(0, 0, 1, 1), FaceQuality(50, 1, 1)), None)


def job(index: int = 0, faces: int = 1) -> Job:
    region = MeasuredRegion("", Presence.PRESENT, (SEEN,) * faces)
    return Job(Packet(index, b"", VideoFormat(), 0, 0, 0), (region,), mirrored=False)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.booleans()), max_size=20), st.integers(0, 5))
def test_what_is_put_in_comes_out_once_in_order(puts: list[tuple[int, int, bool]], dropped: int) -> None:
    batcher = FaceBatcher()
    for index, (stream, count, live) in enumerate(puts):
        batcher.put(stream, [job(index)] * count, 0.0, live=live)
    batcher.drop(dropped)
    taken = [(stream, each.packet.index) for stream, each in batcher.take()]
    expected = [(stream, index) for index, (stream, count, _) in enumerate(puts) for _ in range(count)]
    assert taken == [(stream, index) for stream, index in expected if stream != dropped]
    assert not batcher
    assert not batcher.take()


def test_a_tile_that_is_no_longer_looked_at_is_not_read_either() -> None:
    batcher = FaceBatcher()
    seen = tuple(MeasuredRegion(name, Presence.PRESENT, (SEEN,)) for name in ("ann", "ben"))
    for stream in (1, 2):
        batcher.put(stream, [Job(Packet(0, b"", VideoFormat(), 0, 0, 0), seen, mirrored=False)], 0.0, live=True)
    batcher.keep_regions(1, {"ben"})
    assert batcher.holds(1)
    kept = [[region.region for region in each.regions] for _, each in batcher.take()]
    assert kept == [["ben"], ["ann", "ben"]]
    assert not batcher.holds(1)


def test_nobody_waits_for_who_may_come_where_there_is_time_to_spare() -> None:
    batcher = FaceBatcher()
    assert batcher.wait_s(0.0, 0.5, others_next=True) == 0.0
    batcher.put(1, [job()], 10.0, live=True)
    assert batcher.wait_s(10.0, 0.5, others_next=False) == 0.0


def test_a_live_picture_waits_for_those_of_streams_that_are_next() -> None:
    batcher = FaceBatcher()
    batcher.put(1, [job()], 10.0, live=True)
    batcher.put(2, [job()], 10.0 + NEXT_S / 2, live=True)
    assert batcher.wait_s(10.0 + NEXT_S / 2, 0.0, others_next=True) == pytest.approx(NEXT_S / 2)
    assert batcher.wait_s(10.0 + 1.01 * NEXT_S, 0.0, others_next=True) == 0.0


def test_a_full_worker_lets_live_pictures_wait_but_not_long() -> None:
    batcher = FaceBatcher()
    batcher.put(1, [job()], 10.0, live=True)
    batcher.put(2, [job()], 10.0 + MAX_WAIT_S / 2, live=True)
    assert batcher.wait_s(10.0, 1.0, others_next=False) == pytest.approx(MAX_WAIT_S)
    assert batcher.wait_s(10.0 + 1.01 * MAX_WAIT_S, 1.0, others_next=False) == 0.0


def test_recordings_wait_for_a_batch_as_long_as_somebody_is_next() -> None:
    batcher = FaceBatcher()
    batcher.put(1, [job(faces=BATCH - 1)], 0.0, live=False)
    assert batcher.wait_s(0.0, 0.0, others_next=True) == pytest.approx(RECORDING_S)
    assert batcher.wait_s(1.01 * RECORDING_S, 0.0, others_next=True) == 0.0
    assert batcher.wait_s(0.0, 1.0, others_next=False) == 0.0
    batcher.put(1, [job()], 0.0, live=False)
    assert batcher.wait_s(0.0, 0.0, others_next=True) == 0.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_patience_grows_with_the_load(less: float, more: float) -> None:
    less, more = sorted((less, more))
    assert 0 <= patience_s(less) <= patience_s(more) <= MAX_WAIT_S
