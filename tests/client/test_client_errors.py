"""Each error of the service arrives as its own class; gRPC's never do."""

import re

import grpc
import pytest
import roompulse
from fake_service import FakeService
from roompulse import errors
from roompulse_server.errors import Reason


def test_every_reason_of_the_server_has_its_class() -> None:
    assert set(errors.BY_REASON) == {reason.value for reason in Reason}


def test_the_docstring_names_every_class() -> None:
    known = {kind.__name__ for kind in (*errors.BY_REASON.values(), *errors.BY_STATUS.values())}
    assert not {name for name in known if not re.search(rf"\b{name}\b", errors.__doc__ or "")}


async def test_a_refusal_carries_reason_field_and_values(client: roompulse.Client) -> None:
    with pytest.raises(errors.PictureUnusable, match="no JPEG, PNG or WebP") as caught:
        await client.image(b"nothing", purpose="research", consent="granted")
    assert (caught.value.reason, caught.value.field, caught.value.values) == (
        "PICTURE_UNUSABLE",
        "data",
        {"bytes": "7"},
    )
    assert isinstance(caught.value.__cause__, grpc.aio.AioRpcError)
    assert isinstance(caught.value, errors.InvalidArgument)


async def test_an_ended_meeting_refuses_a_stream(client: roompulse.Client) -> None:
    with pytest.raises(errors.MeetingEnded, match="'ended' has ended"):
        async with client.analyze("ended", "ada"):
            pytest.fail("it was accepted")


async def test_an_unknown_meeting_is_not_found(client: roompulse.Client) -> None:
    with pytest.raises(errors.MeetingNotFound, match="'nowhere'"):
        await client.meetings.get("nowhere")
    async with client.subscribe("nowhere") as events:
        with pytest.raises(errors.MeetingNotFound, match="'nowhere'"):
            await anext(events)


async def test_a_meeting_that_is_there_is_not_created_again(client: roompulse.Client, service: FakeService) -> None:
    service.add_meeting("standup")
    with pytest.raises(errors.AlreadyExists):
        await client.meetings.create("standup", purpose="research")


@pytest.mark.parametrize("unary", [True, False])
async def test_nobody_there_names_the_target(unused_tcp_port: int, unary: bool) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    async with roompulse.connect(target) as client:
        with pytest.raises(errors.Unavailable, match=f"no roompulse server answers at {target} .Connection refused"):
            await (client.meetings.get("standup") if unary else client.analyze("standup", "ada").__aenter__())


async def test_an_unavailable_service_is_asked_again(client: roompulse.Client, service: FakeService) -> None:
    service.unavailable_times = 2
    result = await client.image(b"\xff\xd8\xff", purpose="research", consent="granted")
    assert len(result.faces) == 1
    assert len(service.images) == 3


async def test_a_closed_client_says_so(target: str) -> None:
    client = roompulse.connect(target)
    with pytest.raises(errors.StreamClosed, match="async with roompulse"):
        client.analyze("standup", "ada")
    async with client:
        pass
    with pytest.raises(errors.StreamClosed):
        await client.image(b"\xff\xd8\xff", purpose="research", consent="granted")
