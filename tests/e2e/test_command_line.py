"""The command line against the real service: what it says is what the service does."""

import asyncio
import pathlib
import re
import subprocess
import sys
from typing import Any, NamedTuple

import grpc
import pytest
from live_service import Service, begin, config, final_counters, packet, reason, refusal, service, updates_of
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, privacy_pb2
from shared_data import image, needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

ROOMPULSE = (sys.executable, "-c", "from roompulse.cli import main; main()")
REFUSED = common_pb2.Consent(state=common_pb2.CONSENT_STATE_REFUSED)
WITHDRAWN = common_pb2.Consent(state=common_pb2.CONSENT_STATE_WITHDRAWN)


class Ran(NamedTuple):
    status: int
    out: str
    err: str


async def ran(running: Service, *words: str) -> Ran:
    """Run `roompulse`, and read to its end."""
    process = await asyncio.create_subprocess_exec(
        *ROOMPULSE, *words, "--server", running.target, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


def key(meeting: str) -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(id=meeting)


@needs_shared
async def test_one_person_s_meeting_has_one_number_on_the_terminal_and_in_the_report(roompulse: Service) -> None:
    words = ("-m", "alone", "-p", "ada", "--speed", "max", "--rate", "5")
    streamed = await ran(
        roompulse, "stream", str(video("portrait_d3.mp4")), *words, "--purpose", "self-view", "--consent", "granted"
    )
    assert streamed.status == 0, streamed.err
    shown = await ran(roompulse, "summary", "alone")
    headline = re.search(r"engagement (\S+ ± \S+), median", shown.out)
    assert headline, shown.out
    assert re.search(rf"^ada .* {headline[1]} ", shown.out, re.MULTILINE)
    written = await ran(roompulse, "summary", "alone", "--format", "md")
    assert f"**Engagement {headline[1]}**" in written.out
    assert re.search(rf"^\| ada \| {headline[1]} ", written.out, re.MULTILINE)
    face = re.search(r"expression (unclear \(most: \w+ \d+ %\)|\w+ \d+ %)", shown.out)
    assert face
    assert face[1] in written.out.replace("\u00a0", " ")


async def test_another_purpose_is_refused_in_words_and_an_unsaid_one_fits(roompulse: Service) -> None:
    created = meeting_service_pb2.CreateMeetingRequest(meeting=key("mine"), purpose=common_pb2.PURPOSE_SELF_VIEW)
    await roompulse.meetings.CreateMeeting(created)
    words = ("stream", str(video("no_face.mp4")), "-m", "mine", "-p", "ada", "--speed", "max", "--consent", "granted")
    other = await ran(roompulse, *words, "--purpose", "research")
    assert other.status == 1
    assert "is analysed for self view, and this stream says research" in other.err
    assert "leave --purpose out" in other.err
    assert (await ran(roompulse, *words)).status == 0


async def test_a_stream_without_consent_makes_no_meeting(roompulse: Service) -> None:
    words = (
        "stream",
        str(video("no_face.mp4")),
        "-m",
        "unmade",
        "-p",
        "ada",
        "--speed",
        "max",
        "--purpose",
        "research",
    )
    refused = await ran(roompulse, *words)
    assert (refused.status, "--consent granted" in refused.err) == (2, True)
    asked = roompulse.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=key("unmade")))
    assert await refusal(asked) == "MEETING_NOT_FOUND"


@needs_shared
async def test_where_no_consent_is_required_nothing_claims_that_it_is(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path, consent_required=False) as running:
        request = privacy_pb2.GetNoticeRequest(purpose=common_pb2.PURPOSE_RESEARCH)
        assert not (await running.meetings.GetNotice(request)).consent_required
        words = ("-m", "open", "-p", "ada", "--speed", "max", "--purpose", "research")
        streamed = await ran(running, "stream", str(video("single_face.mp4")), *words)
        assert (streamed.status, streamed.err) == (0, "")
        assert re.search(r"^analysed +[1-9]", streamed.out, re.MULTILINE)
        call, opened = await begin(running, config("open", "grace", consent=None))
        assert not opened.warnings
        call.cancel()
        call, opened = await begin(running, config("open", "eve", consent=REFUSED))
        assert "the recorded consent of 'eve' is REFUSED; SetConsent records another one" in opened.warnings[0]
        call.cancel()


async def test_the_notice_says_that_consent_is_required_where_it_is(roompulse: Service) -> None:
    request = privacy_pb2.GetNoticeRequest(purpose=common_pb2.PURPOSE_RESEARCH)
    assert (await roompulse.meetings.GetNotice(request)).consent_required


async def test_who_does_not_exist_is_not_erased(roompulse: Service) -> None:
    created = meeting_service_pb2.CreateMeetingRequest(meeting=key("few"), purpose=common_pb2.PURPOSE_RESEARCH)
    await roompulse.meetings.CreateMeeting(created)
    request = privacy_pb2.SetConsentRequest(meeting=key("few"), participant_id="nobody", consent=WITHDRAWN, erase=True)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await roompulse.meetings.SetConsent(request)
    assert reason(refused.value) == "PARTICIPANT_NOT_FOUND"
    shown = await ran(roompulse, "consent", "few", "nobody", "--withdraw", "--erase")
    assert (shown.status, 'there is no participant "nobody"' in shown.err) == (1, True)
    people = await roompulse.meetings.ListParticipants(meeting_service_pb2.ListParticipantsRequest(meeting=key("few")))
    assert not people.participants


@needs_shared
async def test_everybody_s_consent_is_enough_for_a_room(roompulse: Service) -> None:
    data = image("multi_face.jpg").read_bytes()
    packets = [packet(index, data, index * 0.2) for index in range(3)]
    room: dict[str, Any] = {"source": media_pb2.SOURCE_ROOM, "everyone_consented": True, "consent": None}
    attested = await roompulse.stream(config("hall", "board-room", **room), packets)
    assert not attested[0].opened.warnings
    assert final_counters(attested).analyzed == 3
    assert updates_of(attested)
    said = privacy_pb2.SetConsentRequest(meeting=key("hall"), participant_id="board-room", consent=REFUSED)
    await roompulse.meetings.SetConsent(said)
    refused = await roompulse.stream(config("hall", "board-room", **room), packets)
    assert final_counters(refused).analyzed == 0
    assert "SetConsent records another one" in refused[0].opened.warnings[0]
