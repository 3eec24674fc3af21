"""A model of the published contract, chosen by name: its own valence and arousal reach updates and the record."""

import pathlib

import pytest
from live_service import GRANTED, config, packet, service, updates_of
from onnx_samples import emotieff_card, emotieff_model, placed
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, meeting_service_pb2
from roompulse_vision.errors import ModelError
from shared_data import MODELS
from vision_samples import face_png


async def test_valence_and_arousal_are_the_models_own(tmp_path: pathlib.Path) -> None:
    model = emotieff_model(112)
    placed(tmp_path, model, emotieff_card(model, 112))
    for file in MODELS.glob("yunet_*.onnx"):
        (tmp_path / file.name).symlink_to(file)
    async with service(tmp_path / "record", models=tmp_path, model="tiny") as running:
        responses = await running.stream(config("own", "ada"), [packet(i, face_png(), i / 2) for i in range(6)])
        request = pb.AnalyzeImageRequest(data=face_png(), purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED)
        (still,) = (await running.analysis.AnalyzeImage(request)).faces
        key = common_pb2.MeetingKey(id="own")
        listed = await running.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key))
    affects = [response.update.affect for response in updates_of(responses)]
    affects += [update.affect for update in listed.updates]
    assert len(affects) >= 12
    assert {affect.model_id for affect in affects} == {"tiny"}
    for affect in [*affects, still.affect]:
        assert affect.valence_arousal_provenance == common_pb2.PROVENANCE_MODEL
        assert affect.action_unit_provenance == common_pb2.PROVENANCE_DERIVED
        assert affect.raw_valence == pytest.approx(still.affect.raw_valence, abs=0.01)
        assert affect.raw_arousal == pytest.approx(still.affect.raw_arousal, abs=0.01)
        assert 0.05 < max(abs(affect.raw_valence), abs(affect.raw_arousal)) < 1
    assert affects[0].valence == pytest.approx(affects[0].raw_valence, abs=0.01)  # nothing to smooth yet


async def test_a_model_that_cannot_be_trusted_keeps_the_service_down(tmp_path: pathlib.Path) -> None:
    model = emotieff_model(112)
    card = placed(tmp_path, model, emotieff_card(model, 112, valence=False))
    with pytest.raises(ModelError, match=r"tiny\.onnx: expected 8 columns in 'output'"):
        async with service(tmp_path / "record", model=card):
            raise AssertionError("it serves")
