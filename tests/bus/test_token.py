"""Resume tokens: what goes in comes out, and what is wrong with one is said."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.subscriptions import resume_token as tokens
from roompulse_server.subscriptions.resume_token import MAX_BYTES, ResumeToken, TokenIssuer, decode
from roompulse_server.types import MAX_PARTICIPANTS, MeetingKey

KEY = MeetingKey("default", "standup", "0123456789abcdef" * 2)
counts = st.integers(0, 2**63)
positions = st.builds(
    ResumeToken, st.dictionaries(st.integers(1, MAX_PARTICIPANTS), st.integers(1, 2**63), max_size=50), counts, counts
)
names = st.frozensets(st.text(max_size=20), max_size=5)


def refusal(data: bytes, key: MeetingKey = KEY, participants: frozenset[str] = frozenset()) -> str:
    with pytest.raises(RoompulseError) as error:
        decode(data, key, participants)
    assert error.value.reason == Reason.RESUME_TOKEN_INVALID
    return error.value.message


@given(positions, names)
def test_a_position_comes_back(position: ResumeToken, participants: frozenset[str]) -> None:
    data = TokenIssuer(KEY, participants).encode(position)
    assert decode(data, KEY, participants) == position
    assert len(data) <= MAX_BYTES


@given(positions, st.data())
def test_any_damage_is_found(position: ResumeToken, data: st.DataObject) -> None:
    token = bytearray(TokenIssuer(KEY, ()).encode(position))
    index = data.draw(st.integers(0, len(token) - 1))
    token[index] ^= data.draw(st.integers(1, 255))
    assert "damaged" in refusal(bytes(token))


@given(st.binary(max_size=80))
def test_bytes_that_are_no_token_are_refused(data: bytes) -> None:
    assert "damaged" in refusal(data)


@pytest.mark.parametrize("cut", [1, 4, 10])
def test_a_token_that_was_cut_is_refused(cut: int) -> None:
    assert "damaged" in refusal(TokenIssuer(KEY, ()).encode(ResumeToken({1: 5}, 6, 7))[:-cut])


def test_another_meeting_tenant_filter_or_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = TokenIssuer(KEY, {"ada"}).encode(ResumeToken({1: 5}))
    ada = frozenset({"ada"})
    assert "another meeting" in refusal(data, dataclasses.replace(KEY, uid="f" * 32), ada)
    assert "another meeting" in refusal(data, dataclasses.replace(KEY, tenant="acme"), ada)
    assert "other participants" in refusal(data, KEY, frozenset({"bob"}))
    assert "other participants" in refusal(data, KEY)
    monkeypatch.setattr(tokens, "VERSION", 2)
    assert "version 1" in refusal(data, KEY, ada)


def test_the_order_of_participants_does_not_matter() -> None:
    assert TokenIssuer(KEY, ["ada", "bob"]).encode(ResumeToken()) == TokenIssuer(KEY, ["bob", "ada", "ada"]).encode(
        ResumeToken()
    )
    assert TokenIssuer(KEY, ["ab", "c"]).encode(ResumeToken()) != TokenIssuer(KEY, ["a", "bc"]).encode(ResumeToken())


def test_an_hour_of_twenty_people_fits_in_a_hundred_bytes() -> None:
    assert len(TokenIssuer(KEY, ()).encode(ResumeToken(dict.fromkeys(range(1, 21), 18_000), 200, 3_600))) <= 110


def test_the_largest_token_keeps_its_bound() -> None:
    largest = ResumeToken(dict.fromkeys(range(1, MAX_PARTICIPANTS + 1), 2**64 - 1), 2**64 - 1, 2**64 - 1)
    data = TokenIssuer(KEY, ()).encode(largest)
    assert len(data) <= MAX_BYTES
    assert decode(data, KEY, ()) == largest
