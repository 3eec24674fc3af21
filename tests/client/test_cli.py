"""The command line, against the fake service: answers on standard output, all else on standard error."""

import pathlib
import re

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result
from clips import stripes, write_clip
from fake_service import ThreadedService, an_update, key
from google.protobuf import json_format
from roompulse.cli import cli
from roompulse.sending.encoder import JpegEncoder, picture_of
from roompulse.v1 import analysis_service_pb2 as analysis
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, subscription_service_pb2, summary_pb2, update_pb2
from terminal_screen import json_lines as lines
from terminal_screen import on_terminal

pytestmark = pytest.mark.versions

AGREED = ("--purpose", "research", "--consent", "granted")
STREAM = ("--meeting", "standup", "--participant", "ada", "--speed", "max")


@pytest.fixture
def clip(tmp_path: pathlib.Path) -> str:
    return str(write_clip(tmp_path / "clip.mp4", pictures=12))


@pytest.fixture
def portrait(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "portrait.jpg"
    path.write_bytes(JpegEncoder().encode(picture_of(stripes(0, 640, 360))).data)
    return path


def run(threaded: ThreadedService, *arguments: str | pathlib.Path) -> Result:
    server = ["--server", threaded.target]
    return CliRunner().invoke(cli, [*map(str, arguments), *server], env={"COLUMNS": "200"}, catch_exceptions=False)


def test_a_video_is_streamed_and_every_packet_accounted_for(threaded: ThreadedService, clip: str) -> None:
    result = run(threaded, "stream", clip, *STREAM, *AGREED, "--rate", "5", "--mirrored")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"received +12\b", result.stdout)
    assert "every packet is accounted for" in result.stdout
    assert "100 %" in result.stdout
    (config,) = threaded.service.configs
    assert (config.delivery, config.media_zero_ms) == (media_pb2.DELIVERY_EVERY_FRAME, 0)
    assert (config.purpose, config.update_rate_hz, config.mirrored) == (common_pb2.PURPOSE_RESEARCH, 5.0, True)
    assert threaded.service.packets[0].format.encoding == media_pb2.ENCODING_H264


def test_real_time_is_live_and_begins_now(threaded: ThreadedService, clip: str) -> None:
    result = run(threaded, "stream", clip, "-m", "standup", "-p", "ada", "--speed", "50", "--encode", "jpeg", *AGREED)
    assert result.exit_code == 0, result.stderr
    (config,) = threaded.service.configs
    assert config.delivery == media_pb2.DELIVERY_LIVE
    assert not config.HasField("media_zero_ms")
    assert threaded.service.packets[0].data.startswith(b"\xff\xd8\xff")


def test_json_is_the_service_s_messages_one_a_line(threaded: ThreadedService, clip: str) -> None:
    result = run(threaded, "stream", clip, *STREAM, *AGREED, "--json")
    events = [json_format.ParseDict(line, analysis.AnalyzeVideoResponse()) for line in lines(result)]
    assert [event.WhichOneof("event") for event in events] == ["opened", *["update"] * 12, "flow"]
    assert events[-1].flow.final
    assert events[-1].flow.counters.received == 12
    assert "every packet is accounted for" in result.stderr


def test_a_fault_is_told_and_the_stream_goes_on(
    threaded: ThreadedService, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "roompulse.sending.encoder.RawEncoder.encode", lambda *_: __import__("roompulse").Packet(b"bad")
    )
    result = run(threaded, "stream", clip, *STREAM, *AGREED, "--encode", "raw")
    assert result.exit_code == 0
    assert "packet 1 (corrupt): cut" in result.stderr
    assert "dropped: fault" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.mp4", *STREAM, *AGREED], "Error: there is no file nothing.mp4"),
        (["{clip}", "-m", "ended", "-p", "ada", "--speed", "max", *AGREED], "Error: meeting 'ended' has ended"),
        (["{old}", *STREAM, *AGREED, "--encode", "copy"], "is mpeg4, which cannot be passed through"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_exit_code_1(
    threaded: ThreadedService, clip: str, tmp_path: pathlib.Path, arguments: list[str], message: str
) -> None:
    old = str(write_clip(tmp_path / "old.avi", "mpeg4"))
    result = run(threaded, "stream", *[part.format(clip=clip, old=old) for part in arguments])
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stream", "x.mp4", "-m", "standup"], "Missing option '--participant'"),
        (["stream", "x.mp4", "-m", "s", "-p", "a", "--speed", "warp"], "neither 'max' nor a number"),
        (["stream", "x.mp4", "-m", "s", "-p", "a", "--speed", "0"], "neither 'max' nor a number"),
        (["stream", "x.mp4", "-m", "s", "-p", "a", "--purpose", "spying"], "'spying' is not one of"),
        (["image"], "Missing argument"),
        (["image", "x.jpg", "--purpose", "research"], "--consent granted"),
        (["image", "x.jpg", "--consent", "granted"], "Missing option '--purpose'"),
        (["image", "x.jpg", *AGREED, "--annotate", "copy.gif"], "copies are written as .jpg"),
        (["image", "x.jpg", "y.jpg", *AGREED, "--annotate", "copy.jpg"], "the copies of 2 pictures need a folder"),
        (["check", "x.mp4", "--purpose", "research"], "--consent granted"),
        (["check", "x.mp4", "--consent", "granted"], "Missing option '--purpose'"),
        (["meetings", "--server", "here"], "'here' is no HOST:PORT"),
        (["meetings", "--server", "http://localhost:50051"], "is a URL, and gRPC takes none; write localhost:50051"),
        (["consent", "s", "a", "--withdraw", "--grant"], "contradict each other"),
        (["consent", "s", "a", "--grant", "--refuse"], "contradict each other"),
        (["consent", "s", "a", "--grant", "--erase"], "--erase comes with --withdraw"),
        (["notice", "s", "--purpose", "research"], "give MEETING or --purpose, not both"),
        (["notice", "--purpose", "research", "--uid", "1"], "give MEETING, too"),
        (["summary", "s", "--json", "--output", "a.html"], "give one of them"),
        (["summary", "s", "--json", "--format", "csv"], "give one of them"),
        (["export", "s", "--start", "10", "--end", "5"], "--start 10 is not before --end 5"),
        (["export", "s", "--start", "nan"], "--start nan is no time"),
        (["watch", "s", "--uid", "1", "--wait"], "give one of them"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("command", [["meetings"], ["watch", "standup"], ["summary", "standup"], ["end", "standup"]])
def test_no_server_is_named(unused_tcp_port: int, command: list[str]) -> None:
    environment = {"ROOMPULSE_SERVER": f"127.0.0.1:{unused_tcp_port}"}
    result = CliRunner().invoke(cli, command, env=environment, catch_exceptions=False)
    assert result.exit_code == 1
    assert f"no roompulse server answers at 127.0.0.1:{unused_tcp_port}" in result.stderr


# image


def test_faces_are_listed(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    threaded.service.faces = 2
    result = run(threaded, "image", portrait, *AGREED)
    assert result.exit_code == 0
    assert "#2" in result.stdout
    assert "happiness 75 %" in result.stdout
    assert threaded.service.images[0].data == portrait.read_bytes()


def test_a_face_that_cannot_be_read_says_what_helps(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    threaded.service.face_presence = update_pb2.PRESENCE_FACE_TOO_SMALL
    result = run(threaded, "image", portrait, *AGREED)
    assert "#1: face too small; send a larger picture, or sit closer" in result.stdout


def test_a_picture_without_a_face_says_what_helps(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    threaded.service.faces = 0
    assert "no face; try more light" in run(threaded, "image", portrait, *AGREED).stdout


@pytest.mark.parametrize("name", ["copy.jpg", "copy.png"])
def test_a_copy_has_its_faces_boxed(threaded: ThreadedService, portrait: pathlib.Path, name: str) -> None:
    copy = portrait.with_name(name)
    result = run(threaded, "image", portrait, *AGREED, "--annotate", copy)
    assert result.exit_code == 0, result.stderr
    with av.open(str(copy)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert shown.shape == (360, 640, 3)
    top, left, right = 90, 160, 320
    for edge in (shown[top + 60, left + 1], shown[top + 60, right - 1]):
        assert np.abs(edge.astype(int) - (80, 220, 60)).max() < 40
    assert np.abs(shown[top + 90, left + 80].astype(int) - (80, 220, 60)).max() > 40


def test_many_copies_go_into_a_folder(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    other = portrait.with_name("other.jpeg")
    other.write_bytes(portrait.read_bytes())
    folder = portrait.parent / "copies"
    result = run(threaded, "image", portrait, other, *AGREED, "--annotate", folder)
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["other.jpeg", "portrait.jpg"]


def test_a_copy_never_replaces_its_picture(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    before = portrait.read_bytes()
    run(threaded, "image", portrait, *AGREED, "--annotate", portrait.parent)
    assert portrait.read_bytes() == before
    assert portrait.with_name("portrait-faces.jpg").is_file()


def test_a_bad_file_does_not_stop_the_others(threaded: ThreadedService, portrait: pathlib.Path) -> None:
    bad = portrait.with_name("bad.jpg")
    bad.write_bytes(b"nothing")
    result = run(threaded, "image", "missing.jpg", bad, portrait, *AGREED, "--json")
    assert result.exit_code == 1
    (line,) = lines(result)
    assert line.pop("file") == str(portrait)
    assert len(json_format.ParseDict(line, analysis.AnalyzeImageResponse()).faces) == 1
    assert "Error: there is no file missing.jpg" in result.stderr
    assert f"Error: {bad}: the bytes are no JPEG" in result.stderr


# check


def test_check_says_what_a_video_is_worth(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    turned = write_clip(tmp_path / "turned.mp4", pictures=30, rotation=-90)
    threaded.service.faces = 0
    result = run(threaded, "check", turned, *AGREED)
    assert result.exit_code == 0, result.stderr
    for fact in ("h264", "64×48 px, turned: 90° clockwise", "10 a second", "no face was found", "more light"):
        assert fact in result.stdout
    assert len(threaded.service.images) == 6
    assert {image.format.rotation_deg for image in threaded.service.images} == {90}


def test_check_speaks_json(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    clip = str(write_clip(tmp_path / "long.mp4", pictures=60))
    (line,) = lines(run(threaded, "check", clip, *AGREED, "--json", "--rate", "5", "--limit", "3"))
    assert (line["codec"], line["samples"], line["coverage"], line["findings"]) == ("h264", 3, 1.0, [])
    assert line["facePx"] == {"smallest": 120.0, "median": 120.0, "largest": 120.0}


# meetings


@pytest.fixture
def standup(threaded: ThreadedService) -> ThreadedService:
    service = threaded.service
    service.add_meeting("standup")
    rollup = update_pb2.Rollup(meeting=key(), seen=1, total=2, engagement_median=0.7, final=True)
    ended = update_pb2.MeetingEvent(kind=update_pb2.MeetingEvent.KIND_MEETING_ENDED, detail="idle")
    response = subscription_service_pb2.SubscribeUpdatesResponse
    service.events = [
        response(update=an_update("ada", 1)),
        response(update=an_update("[red]grace", 1, score=None)),
        response(rollup=rollup),
        response(meeting_event=ended),
    ]
    service.summary = summary_pb2.MeetingSummary(meeting=key(), engagement=0.65, notes=["a note"])
    for median in (0.7, 0.05, 1.0, 0.2):
        service.summary.timeline.add(engagement_median=median)
    person = service.summary.participants.add(participant_id="ada", coverage=0.8, valence=0.25)
    person.longest_absence.seconds, person.longest_absence_start.seconds = 42, 65
    person.attended.FromSeconds(60)
    person.change.difference, person.change.standard_error, person.synchrony = -0.12, 0.03, 0.35
    smile = service.summary.moments.add(
        kind=summary_pb2.Moment.KIND_SHARED_SMILE, participant_ids=["ada"], rule="a rule"
    )
    smile.start.seconds, smile.length.seconds, smile.p_value, smile.magnitude = 61, 4, 0.005, 0.75
    service.summary.lowest_minute.start.seconds, service.summary.lowest_minute.engagement = 120, 0.41
    service.summary.synchrony.correlation, service.summary.synchrony.p_value = 0.21, 0.015
    person.no_score_times.add(reason=update_pb2.NO_SCORE_REASON_NO_FACE).duration.FromSeconds(12)
    return threaded


def test_watch_shows_everybody_and_why_not(standup: ThreadedService) -> None:
    result = run(standup, "watch", "standup", "--from-start", "-p", "ada")
    assert result.exit_code == 0, result.stderr
    assert "happiness 80 %" in result.stdout
    assert "[red]grace: no face was found: try more light" in result.stdout
    assert "engagement 0.70 (median), 1 of 2 seen" in result.stdout
    assert "meeting ended (idle)" in result.stderr
    (request,) = standup.service.subscribed
    assert (request.WhichOneof("start"), list(request.participant_ids)) == ("from_offset", ["ada"])


def test_watch_speaks_json(standup: ThreadedService) -> None:
    response = subscription_service_pb2.SubscribeUpdatesResponse
    events = [json_format.ParseDict(line, response()) for line in lines(run(standup, "watch", "standup", "--json"))]
    assert [event.WhichOneof("event") for event in events] == ["update", "update", "rollup", "meeting_event"]


def test_meetings_are_listed(standup: ThreadedService) -> None:
    standup.service.add_meeting("retro")
    result = run(standup, "meetings")
    assert "standup" in result.stdout
    assert "active" in result.stdout
    listed = lines(run(standup, "meetings", "--json"))
    parsed = [json_format.ParseDict(line, meeting_service_pb2.Meeting()) for line in listed]
    assert [meeting.key.id for meeting in parsed] == ["standup", "retro"]
    assert len(lines(run(standup, "meetings", "--json", "--limit", "1"))) == 1


def test_no_meetings_are_said_to_be_none(threaded: ThreadedService) -> None:
    result = run(threaded, "meetings")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "there is no meeting" in result.stderr


def test_a_summary_says_what_kept_scores_away(standup: ThreadedService) -> None:
    result = run(standup, "summary", "standup")
    for part in ("standup", "engagement 0.65", "no face 20 %", "80 %", "note: a note", "more light from the front"):
        assert part in result.stdout
    assert "▅▁█▁" in result.stdout  # a network's score may lie below the formula's least
    assert "0.25" in result.stdout  # valence
    assert re.search(r"0:42\.0 +1:05\.0", result.stdout)  # the longest absence, and when
    for part in ("-0.12 ± 0.03", "0.35", "shared smile", "1:01.0", "75 %", "0.005", "lowest minute", "rule: a rule"):
        assert part in result.stdout
    assert "synchrony 0.21 (p = 0.015)" in result.stdout
    (line,) = lines(run(standup, "summary", "standup", "--json"))
    assert json_format.ParseDict(line, summary_pb2.MeetingSummary()).participants[0].coverage == pytest.approx(0.8)


def test_a_summary_says_where_affect_comes_from(standup: ThreadedService) -> None:
    (person,) = standup.service.summary.participants
    person.valence_arousal_provenance = person.action_unit_provenance = common_pb2.PROVENANCE_DERIVED
    for number, probability in ((1, 0.2), (4, 0.1), (12, 0.5), (25, 0.25)):
        person.action_units.add(number=number, probability=probability)
    derived = " ".join(run(standup, "summary", "standup").stdout.split())
    assert "AU12 50 %, AU25 25 %, AU1 20 % on average (derived)" in derived
    person.action_unit_provenance = common_pb2.PROVENANCE_MODEL
    person.present.FromSeconds(40)
    person.action_unit_times.add(number=4, count=2).duration.FromSeconds(10)
    person.action_unit_times.add(number=12)
    assert "AU4 25 % of the time active (model)" in " ".join(run(standup, "summary", "standup").stdout.split())
    del person.action_unit_times[0]
    assert "none active (model)" in " ".join(run(standup, "summary", "standup").stdout.split())


def test_a_meeting_is_ended(standup: ThreadedService) -> None:
    assert "standup is over (ended by request)" in run(standup, "end", "standup").stdout
    (line,) = lines(run(standup, "end", "standup", "--json"))
    assert line["state"] == "STATE_ENDED"


@pytest.mark.parametrize("command", ["summary", "end", "export", "participants"])
def test_an_unknown_meeting_is_one_sentence(threaded: ThreadedService, command: str) -> None:
    result = run(threaded, command, "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no meeting 'nowhere'\n"


def test_events_go_to_their_file_while_the_display_is_on_the_terminal(
    threaded: ThreadedService, clip: str, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "events.jsonl"
    words = ["stream", clip, *STREAM, *AGREED, "--json", "--server", threaded.target]
    with on_terminal(80, words, output=out) as terminal:
        assert terminal.end() == 0
    assert len(out.read_text().splitlines()) == 14
    assert '"opened"' not in terminal.raw
