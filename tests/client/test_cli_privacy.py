"""The command line's verbs of privacy, against the fake service."""

import json

import pytest
from click.testing import CliRunner, Result
from fake_service import ThreadedService
from roompulse.cli import cli
from roompulse.v1 import common_pb2


def run(threaded: ThreadedService, *arguments: str, answer: str = "") -> Result:
    words = [*arguments, "--server", threaded.target]
    return CliRunner().invoke(cli, words, input=answer, env={"COLUMNS": "200"}, catch_exceptions=False)


def test_a_consent_is_recorded_with_who_and_which_wording(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    result = run(threaded, "consent", "standup", "ada", "--grant", "--by", "desk", "--wording", "en-1")
    assert (result.exit_code, result.stderr) == (0, "ada's consent in standup is granted\n")
    (request,) = threaded.service.consents
    assert (request.meeting.id, request.participant_id, request.erase) == ("standup", "ada", False)
    said = common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED, recorded_by="desk", wording_version="en-1")
    assert request.consent == said
    result = run(threaded, "consent", "standup", "ada", "--withdraw", "--erase", "--json")
    assert json.loads(result.stdout) == {"state": "CONSENT_STATE_WITHDRAWN"}
    assert threaded.service.consents[1].erase


@pytest.mark.parametrize(
    ("options", "sentence"),
    [([], "one of --grant, --refuse and --withdraw is needed"), (["--refuse", "--erase"], "comes with --withdraw")],
)
def test_a_consent_needs_to_be_said(threaded: ThreadedService, options: list[str], sentence: str) -> None:
    result = run(threaded, "consent", "standup", "ada", *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert threaded.service.consents == []


def test_erasing_asks_first(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    asked = run(threaded, "delete", "standup", answer="n\n")
    assert asked.exit_code == 1
    assert "Erase meeting standup and everybody in it? It cannot be undone." in asked.stderr
    assert threaded.service.deleted == []
    assert run(threaded, "delete", "standup", "-p", "ada", answer="y\n").exit_code == 0
    assert run(threaded, "delete", "standup", "--yes").stderr == "erased: meeting standup and everybody in it\n"
    assert threaded.service.deleted == [("standup", "ada"), ("standup", "")]
    lost = run(threaded, "delete", "nowhere", "--yes")
    assert (lost.exit_code, lost.stderr) == (1, "Error: there is no meeting 'nowhere'\n")


def test_the_notice_is_the_answer_and_its_version_stands_beside_it(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    result = run(threaded, "notice", "standup")
    assert (result.stdout, result.stderr) == ("Faces are read.\n", "\nwording version: en-1\n")
    told = json.loads(run(threaded, "notice", "--purpose", "self-view", "--json").stdout)
    assert told["purpose"] == "PURPOSE_SELF_VIEW"
    assert run(threaded, "notice").exit_code == 2


def test_the_audit_log_is_listed(threaded: ThreadedService) -> None:
    result = run(threaded, "audit")
    assert result.stdout.count("participant erased") == 2
    rows = [json.loads(line) for line in run(threaded, "audit", "--json").stdout.splitlines()]
    assert [row["position"] for row in rows] == ["1", "2"]


def test_a_consent_for_somebody_who_was_never_there_is_said_to_be(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    known = run(threaded, "consent", "standup", "ada", "--withdraw")
    assert "note:" not in known.stderr
    unknown = run(threaded, "consent", "standup", "adda", "--withdraw")
    assert "nobody with the id 'adda' has been in standup so far" in unknown.stderr
