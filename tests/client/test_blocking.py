"""The same verbs without await."""

import pathlib
import threading

import numpy as np
import pytest
from clips import write_clip
from fake_service import ThreadedService, an_update
from roompulse import blocking, errors
from roompulse.results import Update
from roompulse.v1 import subscription_service_pb2 as subscriptions

pytestmark = pytest.mark.versions


def test_a_script_streams_and_reads(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    with blocking.connect(threaded.target) as client:
        settings = {"purpose": "research", "consent": "granted", "delivery": "every_frame"}
        with client.analyze("standup", "ada", **settings) as stream:
            assert stream.opened.model_id == "fake-1"
            assert stream.send(np.zeros((32, 32, 3), np.uint8), capture_s=0.0) == 1
            stream.camera(False)
            assert stream.send_video(clip, speed=None).packets == 12
            assert stream.finish().received == 13
            assert [update.packet_index for update in stream.updates()] == list(range(1, 14))
        assert stream.results_dropped == 0
        assert len(client.image(b"\xff\xd8\xff", purpose="research", consent="granted").faces) == 1


def test_a_script_has_all_verbs_of_meetings(threaded: ThreadedService) -> None:
    threaded.service.updates = [an_update("ada", 1)]
    threaded.service.events = [subscriptions.SubscribeUpdatesResponse(update=an_update("ada", 1), resume_token=b"here")]
    with blocking.connect(threaded.target) as client:
        assert client.meetings.create("standup", purpose="research").key.id == "standup"
        assert client.meetings.get("standup").participant_count == 0
        assert [meeting.key.id for meeting in client.meetings.list()] == ["standup"]
        assert [person.id for person in client.meetings.participants("standup")] == ["ada", "grace"]
        assert [update.sequence for update in client.meetings.updates("standup")] == [1]
        with client.subscribe("standup") as subscription:
            assert [type(event) for event in subscription] == [Update]
            assert subscription.resume_token == b"here"
        assert client.meetings.report("standup", "json").content == b"a report REPORT_FORMAT_JSON\n"
        assert client.meetings.end("standup").end_reason == "ended by request"
        assert client.meetings.notice("standup").wording_version == "en-1"
        assert client.meetings.set_consent("standup", "ada", "withdrawn", erase=True).state.word == "withdrawn"
        client.meetings.delete_participant("standup", "ada")
        client.meetings.delete("standup")
        assert threaded.service.deleted == [("standup", "ada"), ("standup", "")]
        assert [entry.position for entry in client.meetings.audit(page_size=1)] == [1, 2]


def test_errors_are_the_same(threaded: ThreadedService) -> None:
    with blocking.connect(threaded.target) as client:
        with pytest.raises(errors.MeetingNotFound):
            client.meetings.get("nowhere")
        with pytest.raises(errors.MeetingEnded), client.analyze("ended", "ada"):
            pass
    with pytest.raises(errors.StreamClosed, match="with roompulse"):
        client.image(b"\xff\xd8\xff", purpose="research", consent="granted")


def test_nothing_is_left_running(threaded: ThreadedService) -> None:
    with blocking.connect(threaded.target) as client:
        client.analyze("standup", "ada").__enter__()
    assert "roompulse" not in {thread.name for thread in threading.enumerate()}
