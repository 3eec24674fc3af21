"""`roompulse stream` says nothing that was not said, and sends nothing that would not be analysed."""

import pathlib

import pytest
from click.testing import CliRunner, Result
from clips import write_clip
from fake_service import ThreadedService
from roompulse.cli import cli
from roompulse.v1 import common_pb2
from roompulse.v1 import meeting_service_pb2 as meetings

STREAM = ("--meeting", "standup", "--participant", "ada", "--speed", "max")
RESEARCH = ("--purpose", "research")
GRANTED, REFUSED, WITHDRAWN = (
    common_pb2.Consent(state=state)
    for state in (
        common_pb2.CONSENT_STATE_GRANTED,
        common_pb2.CONSENT_STATE_REFUSED,
        common_pb2.CONSENT_STATE_WITHDRAWN,
    )
)


@pytest.fixture
def clip(tmp_path: pathlib.Path) -> str:
    return str(write_clip(tmp_path / "clip.mp4", pictures=12))


def stream(threaded: ThreadedService, clip: str, *options: str) -> Result:
    words = ["stream", clip, *STREAM, *options, "--server", threaded.target]
    return CliRunner().invoke(cli, words, env={"COLUMNS": "200"}, catch_exceptions=False)


def recorded(threaded: ThreadedService, consent: common_pb2.Consent) -> None:
    threaded.service.add_meeting("standup")
    threaded.service.people = [meetings.Participant(id="ada", consent=consent)]


def test_an_unsaid_purpose_is_not_sent(threaded: ThreadedService, clip: str) -> None:
    recorded(threaded, GRANTED)
    assert stream(threaded, clip).exit_code == 0
    assert threaded.service.configs[0].purpose == common_pb2.PURPOSE_UNSPECIFIED
    assert stream(threaded, clip, "--purpose", "self-view").exit_code == 0
    assert threaded.service.configs[1].purpose == common_pb2.PURPOSE_SELF_VIEW


def test_where_a_purpose_is_needed_the_option_is_named(threaded: ThreadedService, clip: str) -> None:
    result = stream(threaded, clip)
    assert result.exit_code == 1
    assert "a purpose must be declared" in result.stderr
    assert "--purpose: research, self-view" in result.stderr
    assert not threaded.service.configs


def test_without_consent_nothing_is_sent_and_the_option_is_named(threaded: ThreadedService, clip: str) -> None:
    result = stream(threaded, clip, *RESEARCH)
    assert result.exit_code == 2
    assert "without consent nothing is analysed" in result.stderr
    assert "--consent granted" in result.stderr
    assert not threaded.service.configs


def test_a_recorded_consent_is_enough(threaded: ThreadedService, clip: str) -> None:
    recorded(threaded, GRANTED)
    assert stream(threaded, clip, *RESEARCH).exit_code == 0
    assert not threaded.service.configs[0].HasField("consent")


@pytest.mark.parametrize("consent", [REFUSED, WITHDRAWN])
@pytest.mark.parametrize("said", [(), ("--consent", "granted")])
def test_who_does_not_agree_is_not_streamed_whatever_is_said(
    threaded: ThreadedService, clip: str, consent: common_pb2.Consent, said: tuple[str, ...]
) -> None:
    recorded(threaded, consent)
    result = stream(threaded, clip, *RESEARCH, *said)
    assert result.exit_code == 1
    assert "roompulse consent standup ada --grant" in result.stderr
    assert not threaded.service.configs


def test_a_service_that_requires_no_consent_is_not_said_to(threaded: ThreadedService, clip: str) -> None:
    threaded.service.consent_required = False
    result = stream(threaded, clip, *RESEARCH)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "100 %" in result.stdout
    assert not threaded.service.configs[0].HasField("consent")


def test_a_consent_that_is_none_is_no_reason_to_stream(threaded: ThreadedService, clip: str) -> None:
    result = stream(threaded, clip, *RESEARCH, "--consent", "refused")
    assert result.exit_code == 2
    assert "nothing is analysed" in result.stderr


@pytest.mark.parametrize("source", ["room", "gallery"])
def test_a_room_needs_everybody(threaded: ThreadedService, clip: str, source: str) -> None:
    refused = stream(threaded, clip, *RESEARCH, "--consent", "granted", "--source", source)
    assert refused.exit_code == 2
    assert "--everyone-consented" in refused.stderr
    assert stream(threaded, clip, *RESEARCH, "--source", source, "--everyone-consented").exit_code == 0
    threaded.service.add_meeting("standup").everyone_consented = True
    assert stream(threaded, clip, "--source", source).exit_code == 0
    assert [config.everyone_consented for config in threaded.service.configs] == [True, False]


def test_what_is_no_camera_needs_no_consent(threaded: ThreadedService, clip: str) -> None:
    assert stream(threaded, clip, *RESEARCH, "--content", "screen-share").exit_code == 0


def test_a_meeting_that_has_ended_begins_anew_by_its_option(threaded: ThreadedService, clip: str) -> None:
    threaded.service.add_meeting("standup").state = meetings.Meeting.STATE_ENDED
    threaded.service.people = [meetings.Participant(id="ada", consent=WITHDRAWN)]
    refused = stream(threaded, clip, *RESEARCH, "--consent", "granted")
    assert refused.exit_code == 1
    assert "to begin another one, add: --new-occurrence" in refused.stderr
    again = stream(threaded, clip, *RESEARCH, "--consent", "granted", "--new-occurrence")
    assert again.exit_code == 0  # what was said in an older occurrence is its own
