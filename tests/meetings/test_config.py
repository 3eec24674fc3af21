"""What a caller asks for is checked, and defaults are filled in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.validation import check_purpose, check_ref, check_stream
from roompulse_server.types import Purpose, Source, Tile
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig
from roompulse_vision.enumerations import Delivery
from roompulse_vision.types import Box

GOOD = StreamConfig(MeetingRef("", "standup"), "ada")


def tile(name: str, box: Box) -> TileConfig:
    return TileConfig(Tile(name, box))


def test_defaults() -> None:
    live = check_stream(GOOD, ANONYMOUS)
    assert (live.meeting.tenant, live.update_rate_hz, live.analysis_rate_hz) == ("default", 5.0, 5.0)
    every = check_stream(replace(GOOD, delivery=Delivery.EVERY_FRAME), ANONYMOUS)
    assert (every.update_rate_hz, every.analysis_rate_hz) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"meeting": MeetingRef("", "")}, "meeting.id"),
        ({"participant": "a\nb"}, "participant_id"),
        ({"participant": "a" * 129}, "participant_id"),
        ({"display_name": "a" * 129}, "display_name"),
        ({"analysis_rate_hz": 61.0}, "analysis_rate_hz"),
        ({"update_rate_hz": float("nan")}, "update_rate_hz"),
        ({"tiles": (tile("a", Box(0, 0, 1, 1)),)}, "tiles"),
        ({"tiles": (tile("a", Box(0.5, 0, 0.6, 1)),), "source": Source.GALLERY}, "tiles[0].box"),
        ({"tiles": (tile("a", Box(0, 0, 1, 1)),) * 2, "source": Source.GALLERY}, "tiles[1].participant_id"),
    ],
)
def test_the_wrong_field_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_stream(replace(GOOD, **change), ANONYMOUS)  # type: ignore[arg-type]
    assert raised.value.field == field


def test_there_is_one_tenant_without_tokens() -> None:
    with pytest.raises(RoompulseError) as raised:
        check_ref(MeetingRef("acme", "standup"), ANONYMOUS)
    assert raised.value.reason is Reason.TENANT_UNKNOWN


def test_an_operator_may_allow_a_prohibited_purpose() -> None:
    check_purpose(Purpose.EDUCATION, frozenset({"education"}))
    with pytest.raises(RoompulseError, match=r"Art. 5\(1\)\(f\)"):
        check_purpose(Purpose.WORKPLACE_MONITORING, frozenset({"education"}))


IDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=128)


@given(IDS)
def test_an_id_is_kept_as_it_is(text: str) -> None:
    assert check_ref(MeetingRef("", text), ANONYMOUS).id == text
    assert check_stream(replace(GOOD, participant=text), ANONYMOUS).participant == text


@pytest.mark.parametrize(
    "text", ["4zAa/bC+d==", "\u3000", "a\u200cb", "a\u200db", "a\u00adb", "a b", "\u202eb", "\u2028"]
)
def test_ids_that_platforms_give_are_taken(text: str) -> None:
    assert check_ref(MeetingRef("", text), ANONYMOUS).id == text


@given(st.sampled_from([chr(code) for code in (*range(32), *range(127, 160))]), IDS)
def test_control_characters_alone_are_refused_with_the_value(control: str, text: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_ref(MeetingRef("", control + text[:100]), ANONYMOUS)
    assert repr(control + text[:100]) in raised.value.message


def test_a_long_id_is_refused_without_saying_all_of_it() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_ref(MeetingRef("", "x" * 200_000), ANONYMOUS)
    assert len(raised.value.message) < 300


def test_a_uid_is_enough_to_name_a_meeting() -> None:
    assert check_ref(MeetingRef("", "", "f" * 32), ANONYMOUS) == MeetingRef("default", "", "f" * 32)
    assert check_stream(replace(GOOD, meeting=MeetingRef("", "", "f" * 32)), ANONYMOUS).meeting.uid == "f" * 32
