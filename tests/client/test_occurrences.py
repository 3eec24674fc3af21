"""Which occurrence of a meeting a command means, and who was in it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_service import ThreadedService
from google.protobuf import json_format
from roompulse.cli import cli
from roompulse.v1 import common_pb2, meeting_service_pb2, summary_pb2


@pytest.fixture
def standup(threaded: ThreadedService) -> ThreadedService:
    threaded.service.add_meeting("standup")
    threaded.service.summary = summary_pb2.MeetingSummary()
    return threaded


def run(threaded: ThreadedService, *words: str) -> Result:
    arguments = [*words, "--server", threaded.target]
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


OLDER = "ab12" + "0" * 28


@pytest.mark.parametrize(
    "words",
    [
        ["summary", "standup"],
        ["summary", "standup", "--format", "md"],
        ["export", "standup"],
        ["watch", "standup"],
        ["notice", "standup"],
        ["participants", "standup"],
        ["consent", "standup", "ada", "--grant"],
        ["delete", "standup", "--yes"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("uid", ["ab12", OLDER])
def test_an_older_occurrence_is_named_by_its_uid_or_the_first_digits(
    standup: ThreadedService, words: list[str], uid: str
) -> None:
    standup.service.older = [meeting_service_pb2.Meeting(key=common_pb2.MeetingKey(id="standup", uid=OLDER))]
    result = run(standup, *words, "--uid", uid)
    assert result.exit_code == 0, result.stderr
    assert {asked.uid for asked in standup.service.keys} == {OLDER}


def test_digits_that_name_no_occurrence_or_several_are_refused(standup: ThreadedService) -> None:
    for uid in (OLDER, f"ab{OLDER[2:]}"):
        standup.service.older.append(meeting_service_pb2.Meeting(key=common_pb2.MeetingKey(id="standup", uid=uid)))
    for uid, sentence in (("ab", "2 occurrences of 'standup'"), ("ff", "no occurrence of 'standup'")):
        result = run(standup, "summary", "standup", "--uid", uid)
        assert (result.exit_code, sentence in result.stderr) == (1, True), result.stderr


def test_the_audit_log_of_one_occurrence_is_asked_for_by_its_first_digits(standup: ThreadedService) -> None:
    standup.service.entries[0].meeting_uid = OLDER
    assert len(lines(run(standup, "audit", "--uid", "ab12", "--json"))) == 1


def test_participants_are_listed_with_their_consent_and_times(standup: ThreadedService) -> None:
    person = meeting_service_pb2.Participant(id="ada", display_name="Ada Lovelace", streaming=True, number=1)
    person.consent.state, person.consent.recorded_by = common_pb2.CONSENT_STATE_GRANTED, "desk"
    person.first_offset.seconds, person.last_offset.seconds, person.last_sequence = 1, 3725, 777
    standup.service.people = [person, meeting_service_pb2.Participant(id="room#1", found_in="room", number=2)]
    rows = [line.split() for line in run(standup, "participants", "standup").stdout.splitlines()[2:]]
    assert rows[0] == ["Ada", "Lovelace", "ada", "granted", "yes", "0:01.0", "1:02:05", "777", "–", "desk", "1"]
    assert rows[1] == ["room#1", "room#1", "not", "recorded", "no", "–", "–", "0", "room", "–", "2"]
    listed = lines(run(standup, "participants", "standup", "--json"))
    assert [json_format.ParseDict(line, meeting_service_pb2.Participant()).id for line in listed] == ["ada", "room#1"]
    standup.service.people = []
    assert "nobody has been in standup yet" in run(standup, "participants", "standup").stderr
