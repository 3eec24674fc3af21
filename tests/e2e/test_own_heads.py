"""Heads trained by `roompulse-train` run in the service: what they say is MODEL everywhere; without them DERIVED."""

import pathlib
from collections.abc import Iterable

import pytest
from google.protobuf.duration_pb2 import Duration
from live_service import GRANTED, Service, config, packet, service, updates_of
from own_heads import trained
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, meeting_service_pb2, subscription_service_pb2, summary_pb2, update_pb2
from roompulse_vision.faces.card import read_card
from roompulse_vision.types import ACTION_UNITS
from vision_samples import face_png

KEY = common_pb2.MeetingKey(id="heads")
FRAMES = 24


async def record(running: Service) -> tuple[list[update_pb2.Affect], summary_pb2.ParticipantSummary]:
    """Stream a face for some seconds; return its affect in replies, subscription and timeline, and the summary."""
    responses = await running.stream(config("heads", "ada"), [packet(i, face_png(), i / 4) for i in range(FRAMES)])
    await running.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=KEY))
    listed = await running.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=KEY, page_size=1000))
    request = subscription_service_pb2.SubscribeUpdatesRequest(meeting=KEY, from_offset=Duration())
    told = [response.update async for response in running.subscriptions.SubscribeUpdates(request)]
    asked = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    (ada,) = (await running.meetings.GetMeetingSummary(asked)).summary.participants
    replies = [response.update for response in updates_of(responses)]
    everywhere = [update for update in (*replies, *told, *listed.updates) if update.HasField("affect")]
    assert len(everywhere) >= 3 * FRAMES
    return [update.affect for update in everywhere], ada


def sources(affects: Iterable[update_pb2.Affect]) -> set[tuple[int, int]]:
    return {(affect.valence_arousal_provenance, affect.action_unit_provenance) for affect in affects}


async def test_trained_heads_speak_in_updates_timeline_and_summary(tmp_path: pathlib.Path) -> None:
    report = trained(tmp_path)
    assert set(report["exported"]) == {"expr", "va", "au"}
    async with service(tmp_path / "record", model=report["card"]) as running:
        affects, ada = await record(running)
        still = pb.AnalyzeImageRequest(data=face_png(), purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED)
        (found,) = (await running.analysis.AnalyzeImage(still)).faces
    assert sources([*affects, found.affect]) == {(common_pb2.PROVENANCE_MODEL,) * 2}
    spec = read_card(pathlib.Path(report["card"])).output.action_units
    assert spec is not None
    for affect in affects:
        assert affect.model_id == "my-heads"
        assert not affect.raw.HasField("contempt")  # the heads' classes are ABAW's
        assert 0 <= affect.raw.other <= 1
        assert [unit.number for unit in affect.action_units] == list(ACTION_UNITS)
        for unit, threshold, first in zip(affect.action_units, spec.thresholds, found.affect.action_units, strict=True):
            assert unit.probability == pytest.approx(first.probability, abs=0.01)
            if abs(unit.probability - threshold) > 0.01:
                assert unit.active == (unit.probability > threshold)
        assert affect.raw_valence == pytest.approx(found.affect.raw_valence, abs=0.01)
        assert -1 <= affect.valence <= 1
    check_summary(ada, affects[-1])


def check_summary(ada: summary_pb2.ParticipantSummary, last: update_pb2.Affect) -> None:
    """The face never changes: means are its values, and a unit is active all of the time, once, or never."""
    assert ada.valence_arousal_provenance == ada.action_unit_provenance == common_pb2.PROVENANCE_MODEL
    assert ada.valence == pytest.approx(last.valence, abs=0.02)
    present_s = ada.present.ToMicroseconds() / 1e6
    times = {entry.number: entry for entry in ada.action_unit_times}
    assert list(times) == list(ACTION_UNITS)
    for unit, mean, point in zip(last.action_units, ada.action_units, ada.timeline[0].action_units, strict=True):
        assert mean.probability == pytest.approx(unit.probability, abs=0.01)
        assert point.probability == pytest.approx(mean.probability, abs=1e-6)
        assert times[unit.number].duration.ToMicroseconds() / 1e6 == pytest.approx(present_s if unit.active else 0)
        assert times[unit.number].count == unit.active
    assert not any("derived" in note for note in ada.notes)


async def test_without_heads_they_are_derived_and_no_events(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path / "record") as running:
        affects, ada = await record(running)
    assert sources(affects) == {(common_pb2.PROVENANCE_DERIVED,) * 2}
    assert all(len(affect.action_units) == len(ACTION_UNITS) for affect in affects)
    assert not any(unit.HasField("active") for affect in affects for unit in affect.action_units)
    assert ada.valence_arousal_provenance == ada.action_unit_provenance == common_pb2.PROVENANCE_DERIVED
    assert [unit.number for unit in ada.timeline[0].action_units] == list(ACTION_UNITS)
    assert not ada.action_unit_times
    assert any("not detections" in note for note in ada.notes)
