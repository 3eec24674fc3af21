"""A real video through the real service with an engagement network: its numbers are those of the definition."""

import itertools
import pathlib
from typing import NamedTuple

import numpy as np
import pytest
from attention_samples import by_definition, drawn, placed_network
from google.protobuf.duration_pb2 import Duration
from live_service import Service, annexb, config, packet, service, updates_of
from onnx_samples import FEATURES, emotieff_card, emotieff_model, placed
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, summary_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from roompulse_vision.enumerations import Encoding
from roompulse_vision.faces import registry
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.face_reader import load_reader
from roompulse_vision.faces.inference import Floats
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.types import MediaLimits, Packet, VideoFormat
from shared_data import MODELS, needs_shared, video
from vision_samples import Setup

VIDEO, WINDOW, ID = "portrait_d12.mp4", 128, "tiny-attention-1"
LAYERS = drawn(FEATURES)


class Row(NamedTuple):
    """A frame's packet, its time, and the embedding of its face."""

    packet: int
    at_s: float
    embedding: Floats


def prepared(folder: pathlib.Path) -> pathlib.Path:
    """Put an emotion model with embeddings, a network for it and detectors into `folder`; return the model's card."""
    model = emotieff_model(112)
    registry.convert(placed_network(folder, LAYERS, window=WINDOW, changes={"caution": '"mind the sign"'}), [])
    for file in MODELS.glob("yunet_*.onnx"):
        (folder / file.name).symlink_to(file)
    return placed(folder, model, emotieff_card(model, 112))


def units() -> list[tuple[int, bytes, float]]:
    return [(index, data, at_s) for index, (data, at_s) in enumerate(annexb(video(VIDEO))) if data]


def embeddings(card: pathlib.Path) -> list[Row]:
    """Return the rows of the video: the service's decoder and detector, but none of its streams."""
    classifier, decoder = Classifier(read_card(card)), Decoder(MediaLimits())
    watcher = load_reader(Setup(card=str(card)))[0].watcher()
    h264 = VideoFormat(Encoding.H264)
    packets = [Packet(i, data, h264, *(round(at_s * 1e6),) * 3) for i, data, at_s in units()]
    decoded = itertools.chain.from_iterable(decoder.decode(each).frames for each in packets)
    rows: list[Row] = []
    for frame in [*decoded, *decoder.flush()]:
        at_s = frame.packet.offset_us / 1e6
        (face,) = watcher.look(frame.picture(), at_s).faces
        assert face.crop is not None
        found = classifier.run([face.crop]).embeddings
        assert found is not None
        rows.append(Row(frame.packet.index, at_s, found[0]))
    return rows


async def streamed(running: Service, meeting: str) -> list[update_pb2.ParticipantUpdate]:
    """Stream the video, every frame analysed, and return the updates that a picture brought."""
    asked = config(meeting, "ada", media_pb2.ENCODING_H264)
    responses = await running.stream(asked, [packet(index, data, at_s) for index, data, at_s in units()])
    (opened,) = [response.opened for response in responses if response.WhichOneof("event") == "opened"]
    assert opened.formula_id == ID
    assert "engagement network tiny-attention: mind the sign" in opened.warnings
    updates = [response.update for response in updates_of(responses)]
    return [update for update in updates if update.HasField("packet_index")]


async def after(
    running: Service, meeting: str
) -> tuple[list[update_pb2.ParticipantUpdate], list[update_pb2.Rollup], summary_pb2.MeetingSummary]:
    """End the meeting, and return what its record says: updates, final roll-ups, the summary."""
    key = common_pb2.MeetingKey(id=meeting)
    await running.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    listed = await running.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key))
    replay = running.subscriptions.SubscribeUpdates(
        sub.SubscribeUpdatesRequest(meeting=key, from_offset=Duration(), final_rollups_only=True)
    )
    rollups = [response.rollup async for response in replay if response.HasField("rollup")]
    summary = await running.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key))
    return list(listed.updates), rollups, summary.summary


@needs_shared
async def test_scores_are_the_networks_and_recorded_and_embeddings_are_not(tmp_path: pathlib.Path) -> None:
    rows = embeddings(prepared(tmp_path))
    async with service(tmp_path / "record", models=tmp_path, model="tiny", engagement="tiny-attention") as running:
        updates = {update.packet_index: update for update in await streamed(running, "learned")}
        listed, rollups, summary = await after(running, "learned")
    assert len(rows) == len(updates) == 183
    scores = []
    for number, row in enumerate(rows):
        engagement = updates[row.packet].engagement
        assert engagement.formula_id == ID
        assert not engagement.HasField("facing")
        assert not engagement.HasField("expression")
        assert engagement.band == update_pb2.ENGAGEMENT_BAND_UNSPECIFIED
        if number < WINDOW - 1:
            assert engagement.no_score_reason == update_pb2.NO_SCORE_REASON_TOO_LITTLE_EVIDENCE
            assert not engagement.HasField("score")
            continue
        newest = rows[number - WINDOW + 1 : number + 1]
        expected = by_definition(LAYERS, np.stack([each.embedding for each in newest]))[1]
        assert engagement.score == pytest.approx(expected, abs=1e-5)
        assert engagement.window.ToNanoseconds() / 1e9 == pytest.approx(row.at_s - newest[0].at_s, abs=0.011)
        scores.append(engagement.score)
    assert max(scores) - min(scores) > 1e-3  # it follows the face
    assert [update.engagement.score for update in listed if update.engagement.HasField("score")] == scores
    assert {rollup.formula_id for rollup in rollups if rollup.HasField("engagement_median")} == {ID}
    assert summary.formula_id == ID
    (ada,) = summary.participants
    assert min(scores) <= ada.engagement.mean <= max(scores)
    assert_nowhere(tmp_path / "record", [row.embedding for row in rows])


def assert_nowhere(record: pathlib.Path, embeddings: list[Floats]) -> None:
    written = b"".join(path.read_bytes() for path in record.rglob("*") if path.is_file())
    assert ID.encode() in written
    for row in embeddings:
        for form in (np.float16, np.float32, np.float64):
            assert row[:4].astype(form).tobytes() not in written
