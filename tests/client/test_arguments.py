"""Whatever a caller passes: an answer, or one sentence in an error of the client's own; never protobuf's."""

import inspect
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import roompulse
from fake_service import FakeService
from roompulse import Box, MeetingKey, Packet, Reconnection, Tile, VideoFormat, errors
from roompulse.enums import Encoding
from roompulse.errors import InvalidArgument, RoompulseError
from roompulse.meetings import Meetings

pytestmark = pytest.mark.versions

ODD: dict[str, Any] = {
    "an int": 5,
    "a negative": -1,
    "a huge int": 10**30,
    "nan": math.nan,
    "infinity": math.inf,
    "a huge float": 1e300,
    "a lone surrogate": "a\ud800",
    "a text": "text",
    "bytes": b"\x00",
    "none": None,
    "an object": object(),
    "a list": ["a", 5],
    "a list of lists": [[]],
    "a flag": True,
    "a naive time": datetime(2026, 1, 1),  # the mistake that is meant
    "the first time": datetime.min.replace(tzinfo=UTC),
    "an array": np.zeros((3, 3)),
}
STILL = Packet(b"\xff\xd8\xff", capture_s=0.0)
GOOD: dict[str, Any] = {
    "meeting": "standup",
    "participant": "ada",
    "purpose": "research",
    "consent": "granted",
    "picture": b"\xff\xd8\xff",
    "source": "nowhere.mp4",
    "on": True,
    "tiles": (Tile("ada", Box(0, 0, 1, 1)),),
    "target": "localhost:50051",
}


def parameters(function: Callable[..., Any]) -> list[str]:
    names = list(inspect.signature(function).parameters)
    return [name for name in names if name not in ("self", "progress", "stop", "loop")]


async def attempt(function: Callable[..., Any], values: dict[str, Any]) -> str:
    """Call it and do it to its end; return the error's sentence. An error that is not the client's own passes."""
    try:
        work = function(**values)
        if isinstance(work, AsyncIterator):
            async for _ in work:
                break
        elif isinstance(work, Awaitable):
            await work
        elif isinstance(work, roompulse.AnalysisStream | roompulse.Subscription):
            async with work:
                pass
    except RoompulseError as error:
        return str(error) or "nothing is said"
    return ""


async def try_all(function: Callable[..., Any], good: dict[str, Any] | None = None) -> dict[str, str]:
    """Call with each odd value in each place, the others being good; return what was said of each place."""
    required = {
        name: (good or GOOD)[name]
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty and name != "self"
    }
    said: dict[str, str] = {}
    for name in parameters(function):
        sentences = [await attempt(function, {**required, name: value}) for value in ODD.values()]
        assert not [sentence for sentence in sentences if "\n" in sentence or sentence == "nothing is said"]
        said[name] = " ".join(sentences).strip()
    return said


VERBS = [name for name, verb in vars(Meetings).items() if inspect.isfunction(verb) and name[0] != "_"]


@pytest.mark.parametrize("verb", VERBS)
async def test_no_verb_of_meetings_lets_a_raw_error_out(
    client: roompulse.Client, service: FakeService, verb: str
) -> None:
    service.add_meeting("standup")
    await try_all(getattr(client.meetings, verb))


@pytest.mark.parametrize("verb", ["analyze", "subscribe", "image"])
async def test_no_verb_of_the_client_lets_a_raw_error_out(
    client: roompulse.Client, service: FakeService, verb: str
) -> None:
    service.add_meeting("standup")
    await try_all(getattr(client, verb))


@pytest.mark.parametrize("clock", ["media", "wall"])
@pytest.mark.parametrize("verb", ["send", "camera", "tiles", "send_video"])
async def test_no_verb_of_a_stream_lets_a_raw_error_out_or_ends_it(
    client: roompulse.Client, verb: str, clock: str
) -> None:
    async with client.analyze("standup", "ada", purpose="research", consent="granted", clock=clock) as stream:
        await try_all(getattr(stream, verb))
        await try_all(getattr(stream, verb), GOOD | {"picture": np.zeros((32, 32, 3), np.uint8)})
        assert await stream.send(STILL if clock == "media" else Packet(b"\xff\xd8\xff")) > 0


async def test_connecting_refuses_what_cannot_be_connected_to() -> None:
    said = await try_all(roompulse.connect)
    assert not [name for name, sentences in said.items() if name not in sentences]
    with pytest.raises(InvalidArgument, match=r"options\[0\] is tuple"):
        roompulse.connect("localhost:50051", options=[("grpc.keepalive_time_ms", 1.5)])  # type: ignore[list-item]


@pytest.mark.parametrize(("kind", "good"), [(Packet, {"data": b"x"}), (Reconnection, {})])
async def test_values_refuse_what_they_cannot_hold(kind: type, good: dict[str, Any]) -> None:
    said = await try_all(kind, good)
    assert not [name for name, sentences in said.items() if name not in sentences]


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"participant": 5}, "participant_id", "participant_id is int 5; it must be text"),
        ({"participant": "a\ud800"}, "participant_id", r"without '\\ud800', a lone surrogate"),
        ({"meeting": 5}, "meeting", "meeting is int 5; it must be its id, a text, or a MeetingKey"),
        ({"meeting": MeetingKey("default", 5)}, "meeting.id", "meeting.id is int 5; it must be text"),  # type: ignore[arg-type]
        (
            {"media_zero_s": math.nan},
            "media_zero_s",
            "media_zero_s is float nan; it must be a finite number of seconds",
        ),
        ({"tiles": [Tile(5, Box(0, 0, 1, 1))]}, "tiles[0].participant_id", r"tiles\[0\].participant_id is int 5"),  # type: ignore[arg-type]
        ({"tiles": "ada"}, "tiles", "tiles is 'ada'; it must be a list"),
        ({"tiles": [Tile("a", (0, 0, 1, 1))]}, "tiles[0].box", "must be a Box"),  # type: ignore[arg-type]
        ({"mirrored": "yes"}, "mirrored", "mirrored is 'yes'; it must be True or False"),
        ({"format": VideoFormat(Encoding.I420, -1)}, "format.width", "a whole number from 0 to 4294967295"),
        ({"encoder": "gif"}, "encoder", "encoder is 'gif'; it must be one of jpeg, h264, raw"),
    ],
)
async def test_a_wrong_value_is_named_with_what_would_be_right(
    client: roompulse.Client, values: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(InvalidArgument, match=sentence) as caught:
        client.analyze(**{"meeting": "standup", "participant": "ada", **values})
    assert caught.value.field == field


async def test_ids_of_a_subscription_are_a_list_and_not_one_text(client: roompulse.Client) -> None:
    with pytest.raises(InvalidArgument, match="participant_ids is 'ada'; it must be a list"):
        client.subscribe("standup", participants="ada")


async def test_numbers_of_other_libraries_are_numbers(client: roompulse.Client, service: FakeService) -> None:
    settings: dict[str, Any] = {"update_rate_hz": np.float32(2), "media_zero_s": Fraction(1, 2), "mirrored": np.True_}
    async with client.analyze("standup", "ada", consent="granted", **settings) as stream:
        await stream.send(Packet(bytearray(b"\xff\xd8\xff"), capture_s=np.float64(0.25)))  # type: ignore[arg-type]
    (config,) = service.configs
    assert (config.update_rate_hz, config.media_zero_ms, config.mirrored) == (2.0, 500, True)
    assert service.packets[0].capture_offset.ToMilliseconds() == 250


def test_what_is_no_result_has_no_json() -> None:
    with pytest.raises(errors.InvalidArgument, match=r"it must be one of roompulse.results"):
        roompulse.to_json({"participant": "ada"})
