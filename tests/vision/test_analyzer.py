"""The vision package alone: a video file in, the observations that the service scores out."""

import pathlib

import pytest
from live_service import annexb, config, packet, service, updates_of
from roompulse.v1 import media_pb2
from roompulse_server.rpc import convert
from roompulse_vision import Analyzer, MediaError, Observation, Packet, VideoFormat
from roompulse_vision.enumerations import Encoding, FaultReason, Presence
from shared_data import MODELS, image, video

PLACE = 1e-4  # the record's resolution of places, shares and degrees
SHARE = 1e-4


async def test_it_observes_what_the_service_scores(tmp_path: pathlib.Path) -> None:
    path = video("single_face.mp4")
    with Analyzer(models=MODELS) as analyzer:
        observed = {one.packet_index: one for one in analyzer.video(path)}
    requests = [packet(index, unit, at_s) for index, (unit, at_s) in enumerate(annexb(path))]
    encoding = media_pb2.ENCODING_H264
    async with service(tmp_path) as running:
        responses = await running.stream(config("same", "ada", encoding), requests)
        updates = [response.update for response in updates_of(responses)]
    scored = {update.packet_index: update for update in updates if update.HasField("packet_index")}
    assert scored.keys() == observed.keys()
    for index, update in scored.items():
        (region,) = observed[index].regions
        assert int(update.presence) == region.presence
        (face,) = region.faces
        ours, theirs = convert.face_to_proto(face), update.face
        for side in ("x", "y", "width", "height"):
            assert getattr(theirs.box, side) == pytest.approx(getattr(ours.box, side), abs=PLACE)
        assert face.affect is not None
        raw = convert.raw_affect_to_proto(face.affect)
        for label in ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"):
            told = getattr(update.affect.raw, label)
            assert told == pytest.approx(getattr(raw.raw, label), abs=SHARE)


def test_a_rate_skips_and_counts_what_is_not_due() -> None:
    with Analyzer(models=MODELS) as analyzer:
        every = len(list(analyzer.video(video("single_face.mp4"))))
        some = list(analyzer.video(video("single_face.mp4"), rate_hz=5.0))
        assert 0 < len(some) < every / 3
        assert analyzer.dropped["not_due"] == every - len(some)
        offsets = [one.offset_us for one in some]
        assert offsets == sorted(offsets)


def test_every_face_and_nobody_are_told_apart() -> None:
    with Analyzer(models=MODELS) as analyzer:
        still = analyzer.image(image("multi_face.jpg").read_bytes())
        assert len(still.faces) > 1
        assert still.width > 0
        presences = {
            region.presence for one in analyzer.video(video("no_face.mp4"), rate_hz=2.0) for region in one.regions
        }
        assert presences == {Presence.NO_FACE}


def test_a_packet_that_cannot_be_used_costs_itself_and_is_told() -> None:
    picture = image("single_face.jpg").read_bytes()
    jpeg = VideoFormat(Encoding.JPEG)
    packets = [Packet(index, data, jpeg, index, 0, 0) for index, data in enumerate([picture, b"rubbish", picture])]
    with Analyzer(models=MODELS) as analyzer:
        found = list(analyzer.packets(packets))
        assert [one.packet_index for one in found] == [0, 2]
        assert all(isinstance(one, Observation) for one in found)
        (fault,) = analyzer.faults
        assert (fault.packet_index, fault.fault) == (1, FaultReason.UNKNOWN_FORMAT)
        assert analyzer.source.made_by_service is False
        assert analyzer.source.model_checksum


def test_what_is_no_video_is_said(tmp_path: pathlib.Path) -> None:
    (tmp_path / "note.txt").write_text("no video")
    with Analyzer(models=MODELS) as analyzer:
        for path in (tmp_path / "note.txt", tmp_path / "absent.mp4"):
            with pytest.raises(MediaError, match="cannot be read as a video"):
                list(analyzer.video(path))
