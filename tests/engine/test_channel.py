"""Messages between parent and worker: whole, in order, and never anything but messages."""

import asyncio
import enum
import os
import pickle
import socket

import pytest
from roompulse_server.engine import channel
from roompulse_server.engine.messages import CloseStream, DropStream, PacketsFor, Ready
from roompulse_vision.enumerations import DropReason, Encoding, Presence
from roompulse_vision.types import Packet, VideoFormat

PACKETS = PacketsFor(7, (Packet(1, bytes(300_000), VideoFormat(Encoding.H264), 2, 3, 4, speaking=True),), 1.5)


def test_messages_survive_the_way_in_any_pieces() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        end = channel.BlockingChannel(theirs)
        data = channel.pack(CloseStream(1), DropStream(3)) + channel.pack(
            PacketsFor(2, (Packet(1, b"x", VideoFormat(), 0, 0, 0),), 1.5)
        )
        ours.sendall(data[:9])
        assert end.receive(0.0) == []
        ours.sendall(data[9:])
        assert [type(message) for message in end.receive(None)] == [CloseStream, DropStream, PacketsFor]
        ours.close()
        with pytest.raises(EOFError):
            end.receive(None)


def test_packets_are_the_same_after_the_way() -> None:
    assert channel.unpack(channel.pack(PACKETS)[4:]) == (PACKETS,)
    ready = Ready("m", "d", ("w",), (1.5, -0.5))
    assert channel.unpack(channel.pack(ready, ready)[4:]) == (ready, ready)


def test_enumerations_go_by_value_however_this_python_pickles_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian 12's Python (3.11.2) pickles a member as a call of `getattr`, which no reader of ours lets through."""
    as_in_3_11_2 = lambda member, _protocol: (getattr, (type(member), member.name))  # noqa: E731
    monkeypatch.setattr(enum.Enum, "__reduce_ex__", as_in_3_11_2)
    members = tuple(member for kind in (Encoding, Presence, DropReason) for member in kind)
    assert channel.unpack(channel.pack(PACKETS, members)[4:]) == (PACKETS, members)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_a_taken_over_worker_cannot_run_code_in_the_parent() -> None:
    with pytest.raises(pickle.UnpicklingError, match="is no message"):
        channel.unpack(pickle.dumps(Hostile()))


def test_a_length_out_of_bounds_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="longer than"):
        channel.body_length(b"\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "body", [pickle.dumps(Hostile()), b"rubbish", pickle.dumps(7), pickle.dumps((1, 2))[:-1]], ids=range(4)
)
async def test_a_worker_that_sends_no_messages_is_cut_off(body: bytes) -> None:
    came: asyncio.Queue[object] = asyncio.Queue()
    lost = asyncio.Event()
    ours, theirs = socket.socketpair()
    with theirs:
        connection = channel.Connection(came.put_nowait, lost.set)
        await asyncio.get_running_loop().create_unix_connection(lambda: connection, sock=ours)
        data = channel.pack(CloseStream(1), DropStream(3))
        for piece in (data[:9], data[9:] + data):
            theirs.sendall(piece)
        assert [await came.get() for _ in range(4)] == [CloseStream(1), DropStream(3)] * 2
        assert not lost.is_set()
        theirs.sendall(len(body).to_bytes(4, "little") + body + data)
        await asyncio.wait_for(lost.wait(), 5)
        assert came.empty()
