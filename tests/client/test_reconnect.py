"""When to try again, what was seen already, what became of packets: the pure parts of going on after a cut."""

import dataclasses

import pytest
from fake_service import an_update
from hypothesis import given
from hypothesis import strategies as st
from roompulse import Packet, Reconnection, VideoFormat, errors
from roompulse.contract import codec
from roompulse.enums import Clock, DropReason, Encoding
from roompulse.results import MeetingEvent, PacketCounters, Rollup, Update
from roompulse.sending.packet_totals import PacketTotals
from roompulse.sending.request_builder import RequestBuilder
from roompulse.transport.deduplicator import Deduplicator
from roompulse.transport.reconnect import Backoff
from roompulse.v1 import update_pb2

LOST = errors.Unavailable("lost")
KEY, DELTA = b"\x00\x00\x00\x9d\x01\x2a", b"\x01"


@given(st.integers(0, 12), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 60)))
def test_waits_double_within_bounds_and_honour_what_the_service_asks(
    tries: int, chance: float, asked_s: float | None
) -> None:
    policy = Reconnection(tries=tries, first_s=0.1, most_s=5.0)
    backoff = Backoff(policy, lambda: chance, lambda: 0.0)
    error = errors.Draining("going", retry_after_s=asked_s)
    waits = [backoff.wait_s(error) for _ in range(tries + 3)]
    assert waits[tries:] == [None] * 3
    for number, wait_s in enumerate(waits[:tries]):
        least_s = max(min(5.0, 0.1 * 2**number), asked_s or 0.0)
        assert wait_s is not None
        assert least_s <= wait_s <= 1.5 * least_s


def test_a_connection_that_held_begins_a_new_row_and_one_that_did_not_does_not() -> None:
    now_s = 0.0
    backoff = Backoff(Reconnection(tries=2, most_s=5.0), lambda: 0.0, lambda: now_s)
    backoff.held()
    assert (backoff.wait_s(LOST), backoff.wait_s(LOST), backoff.wait_s(LOST)) == (0.1, 0.2, None)
    backoff.held()
    now_s = 4.0
    assert backoff.wait_s(LOST) is None  # a service that accepts and dies, again and again
    backoff.held()
    now_s = 10.0
    assert backoff.wait_s(LOST) == 0.1


@pytest.mark.parametrize(
    ("error", "tried"),
    [
        (errors.Unavailable("lost"), True),
        (errors.StreamSilent("nothing"), True),
        (errors.DeadlineExceeded("late"), True),
        (errors.TooManyStreams("full", retry_after_s=5.0), True),
        (errors.StreamReplaced("a newer stream"), False),
        (errors.MeetingEnded("over"), False),
        (errors.ConsentMissing("never asked"), False),
        (errors.ConsentWithdrawn("withdrawn"), False),
        (errors.ParticipantErased("erased"), False),
        (errors.PositionExpired("gone"), False),
        (errors.ServiceFault("a bug"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: errors.RoompulseError, tried: bool) -> None:
    assert (Backoff(Reconnection(), lambda: 0.0, lambda: 0.0).wait_s(error) is not None) is tried


def update(participant: str, sequence: int) -> Update:
    return codec.from_proto(Update, an_update(participant, sequence))


@given(
    st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.booleans()), max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6),
)
def test_replays_of_any_stretch_show_nothing_twice(log: list[tuple[str, bool]], replays: list[tuple[int, int]]) -> None:
    at = {"ada": 0, "bob": 0}
    events: list[Update | MeetingEvent] = []
    for number, (name, is_update) in enumerate(log):
        at[name] += is_update
        happened = codec.from_proto(MeetingEvent, update_pb2.MeetingEvent(position=number + 1))
        events.append(update(name, at[name]) if is_update else happened)
    seen, shown, reached = Deduplicator(), [], 0
    for start, end in [*replays, (0, len(events))]:
        stretch = events[min(start, reached) : max(end, start)]  # a token never lies ahead of what came
        reached = max(reached, min(len(events), min(start, reached) + len(stretch)))
        shown += [event for event in stretch if seen.is_new(event)]
    assert shown == events


def test_who_was_erased_and_comes_again_begins_at_1_and_is_new() -> None:
    first, second = update("ada", 1), update("ada", 2)
    anew = [dataclasses.replace(each, epoch=2) for each in (first, second)]
    seen = Deduplicator()
    assert [seen.is_new(each) for each in (first, second, *anew, first, second, *anew)] == [True] * 4 + [False] * 4


def test_a_window_that_may_change_is_old_once_it_is_final() -> None:
    first = codec.from_proto(Rollup, update_pb2.Rollup(final=True, sequence=1))
    revised = dataclasses.replace(first, final=False, sequence=0)
    seen = Deduplicator()
    assert [seen.is_new(event) for event in (revised, revised, first, revised, first)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert seen.is_new(dataclasses.replace(revised, window_start_s=1.0))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_accounts_of_cut_connections_balance(connections: list[tuple[int, int, int, int]]) -> None:
    account, sent = PacketTotals(), 0
    for analyzed, dropped, not_due, unanswered in connections:
        received = analyzed + dropped + not_due
        sent += received + unanswered
        reasons = {DropReason.FAULT: dropped} if dropped else {}
        account.note(PacketCounters(received, analyzed, reasons, not_due))
        assert account.cut(sent) == unanswered
    counters = account.counters
    assert counters.balanced
    assert (counters.received, counters.pending) == (sent, 0)
    assert counters.dropped.get(DropReason.STREAM_ENDED, 0) == sum(each[3] for each in connections)


def units(*data: bytes) -> list[Packet]:
    return [Packet(each, capture_s=number / 10) for number, each in enumerate(data)]


def outbox(encoding: Encoding, *, live: bool) -> RequestBuilder:
    return RequestBuilder(VideoFormat(encoding), Clock.MEDIA, live=live, now=lambda: 0.0)


def times_ms(box: RequestBuilder, *packets: Packet) -> list[int]:
    return [each.capture_offset.ToMilliseconds() for one in box.requests(packets) for each in one.packets]


@pytest.mark.parametrize(("live", "times"), [(True, [200, 200, 200]), (False, [0, 100, 200])])
def test_a_new_connection_starts_with_the_group(live: bool, times: list[int]) -> None:
    first, second, third = units(KEY, DELTA, DELTA)
    box = outbox(Encoding.VP8, live=live)
    box.requests([first, second])
    box.open_again()
    assert times_ms(box, third) == times  # a recording is analysed where it belongs; a live picture is now
    assert times_ms(box, third) == [200]


def test_packets_that_a_cut_met_on_their_way_travel_once_more_and_once_only() -> None:
    first, second, third = units(KEY, DELTA, DELTA)
    box = outbox(Encoding.VP8, live=True)
    box.requests([first])
    box.requests([second])  # these never arrived
    box.open_again()
    again = [packet for request in box.again([second]) for packet in request.packets]
    assert ([packet.data for packet in again], [packet.index for packet in again]) == ([KEY, DELTA], [3, 4])
    assert times_ms(box, third) == [200]
    stills = outbox(Encoding.JPEG, live=True)
    stills.requests([first])
    stills.open_again()
    (request,) = stills.again([first])
    assert [(packet.data, packet.index) for packet in request.packets] == [(KEY, 2)]


def test_a_new_connection_is_told_the_format_again() -> None:
    box = outbox(Encoding.JPEG, live=True)
    png = Packet(b"x", 0.0, format=VideoFormat(Encoding.PNG))
    (first,), (second,) = box.requests([png]), box.requests([png])
    box.open_again()
    (third,) = box.requests([png])
    assert [one.packets[0].HasField("format") for one in (first, second, third)] == [True, False, True]
