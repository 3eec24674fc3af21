"""Resume tokens: a subscriber's position in a meeting's log, as bytes that anybody may keep and nobody must trust.

    1 B version │ 8 B hash of tenant and meeting uid │ 8 B hash of the filter
    varints: event position, roll-up sequence, then a (number - last number, sequence) for each participant
    4 B checksum

A participant appears by its small number in the meeting. A token grants nothing: whoever shows one must be allowed to
subscribe anyway. The checksum finds damage, not forgery.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import MAX_PARTICIPANTS, MeetingKey

VERSION = 1
_HASH_BYTES = 8
_CHECK_BYTES = 4
_NUMBER_BYTES = 2  # a varint up to MAX_PARTICIPANTS
_VARINT_BYTES = 10  # a varint up to 2^64
_HEAD_BYTES = 1 + 2 * _HASH_BYTES
MAX_BYTES = _HEAD_BYTES + 2 * _VARINT_BYTES + MAX_PARTICIPANTS * (_NUMBER_BYTES + _VARINT_BYTES) + _CHECK_BYTES


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """Everything up to here was delivered. `updates`: participant number to sequence; a missing one stands at 0."""

    updates: Mapping[int, int] = field(default_factory=dict)
    event: int = 0
    rollup: int = 0


class TokenIssuer:
    """Makes the tokens of a subscription of a meeting to the participants named (none: all)."""

    def __init__(self, key: MeetingKey, participants: Iterable[str]) -> None:
        self._head = bytes([VERSION]) + _meeting_hash(key) + _filter_hash(participants)

    def encode(self, token: ResumeToken) -> bytes:
        """Return a token, of at most MAX_BYTES; with 20 participants an hour into a meeting it takes about 100."""
        body = bytearray(self._head)
        _write(body, token.event)
        _write(body, token.rollup)
        last = 0
        for number, sequence in sorted(token.updates.items()):
            if sequence:
                _write(body, number - last)
                _write(body, sequence)
                last = number
        return bytes(body) + _check(body)


def decode(data: bytes, key: MeetingKey, participants: Iterable[str]) -> ResumeToken:
    """Return what `Issuer.encode` was given for the same meeting and participants.

    Raises:
        RoompulseError: RESUME_TOKEN_INVALID, saying whether it is damaged, from another version, of another meeting, or
            of other participants.
    """
    body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if not _HEAD_BYTES + _CHECK_BYTES < len(data) <= MAX_BYTES or check != _check(body):
        raise _invalid("it is damaged: pass it exactly as it was received")
    if body[0] != VERSION:
        raise _invalid(f"it has version {body[0]}, this service reads version {VERSION}")
    meeting, filtered = body[1 : 1 + _HASH_BYTES], body[1 + _HASH_BYTES : _HEAD_BYTES]
    if meeting != _meeting_hash(key):
        raise _invalid("it belongs to another meeting, or to another occurrence of this one")
    if filtered != _filter_hash(participants):
        raise _invalid("it was made for other participants: subscribe to the same ones")
    event, rollup, *pairs = _read_all(body[_HEAD_BYTES:])
    updates: dict[int, int] = {}
    number = 0
    for step, sequence in zip(pairs[::2], pairs[1::2], strict=True):
        number += step
        updates[number] = sequence
    return ResumeToken(updates, event, rollup)


def _write(body: bytearray, value: int) -> None:
    while value > 0x7F:
        body.append(value & 0x7F | 0x80)
        value >>= 7
    body.append(value)


def _read_all(body: bytes) -> list[int]:
    values, value, shift = [], 0, 0
    for byte in body:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value, shift = 0, 0
    if shift or len(values) < 2 or len(values) % 2:
        raise _invalid("it is damaged: its numbers do not add up")
    return values


def _meeting_hash(key: MeetingKey) -> bytes:
    return _hash([key.tenant, key.uid], _HASH_BYTES)


def _filter_hash(participants: Iterable[str]) -> bytes:
    return _hash(sorted(set(participants)), _HASH_BYTES)


def _hash(texts: Iterable[str], size: int) -> bytes:
    digest = hashlib.blake2b(digest_size=size)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "little") + data)
    return digest.digest()


def _check(body: bytes | bytearray) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES, person=b"rp-token").digest()


def _invalid(why: str) -> RoompulseError:
    return RoompulseError(Reason.RESUME_TOKEN_INVALID, f"the resume token cannot be used: {why}", field="resume_token")
