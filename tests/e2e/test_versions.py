"""Every library that the package asks for, at work in one service and its client: what `make test-versions` runs."""

import asyncio
import pathlib
import subprocess
import sys

import pytest
import roompulse
from roompulse.enums import Presence
from service_process import launched, served
from shared_data import image, needs_shared, video

pytestmark = [pytest.mark.versions]


async def run(*command: str) -> str:
    """Run one of the package's commands; return what it answers."""
    program = pathlib.Path(sys.executable).parent / command[0]
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    answer, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return answer.decode()


@needs_shared
async def test_a_meeting_from_its_video_to_its_report_and_its_erasure(tmp_path: pathlib.Path) -> None:
    async with launched(tmp_path) as process:
        target = await served(process)
        async with roompulse.connect(target) as client:
            await meet(client)
            flags = ("--meeting", "standup", "--participant", "bob", "--consent", "granted", "--speed", "max")
            await run("roompulse", "stream", str(video("no_face.mp4")), *flags, "--server", target)
            assert "ada" in await run("roompulse", "summary", "standup", "--server", target)
            await look_back(client)
        assert (await run("roompulse-server", "health", "--server", target)).strip() == "SERVING"


async def meet(client: roompulse.Client) -> None:
    settings = {"purpose": "research", "consent": "granted", "delivery": "every_frame"}
    async with client.analyze("standup", "ada", **settings) as stream:  # type: ignore[arg-type]
        await stream.send_video(video("single_face.mp4"), speed=None)
        counters = await stream.finish()
        updates = [update async for update in stream.updates()]
    assert counters.received == counters.analyzed == len(updates) == 72
    assert sum(update.presence is Presence.PRESENT for update in updates) >= 70
    faces = (await client.image(image("multi_face.jpg"), purpose="research", consent="granted")).faces
    assert len(faces) == 5


async def look_back(client: roompulse.Client) -> None:
    summary = await client.meetings.summary("standup")
    assert {person.participant_id for person in summary.participants} == {"ada", "bob"}
    page = await client.meetings.report("standup", "html")
    assert b"</html>" in page.content
    await client.meetings.delete_participant("standup", "ada")
    assert [person.id async for person in client.meetings.participants("standup")] == ["bob"]
