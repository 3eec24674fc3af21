"""A model that is not what its card says is refused before the first face: file, expected, found."""

import pathlib
from collections.abc import Callable

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_samples import emotieff_card, emotieff_model, placed
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import ModelCard, read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.face_reader import load_reader
from roompulse_vision.faces.yunet import YuNet
from shared_data import needs_shared
from vision_samples import DYNAMIC, STATIC, Setup

MODEL = emotieff_model(224)


def refusal(card: pathlib.Path) -> str:
    """Return what the service's worker would be told at its start."""
    with pytest.raises(ModelError) as caught:
        load_reader(Setup(card=str(card), models=None))
    return str(caught.value)


def damaged(change: Callable[[bytearray], None]) -> bytes:
    data = bytearray(MODEL)
    change(data)
    return bytes(data)


def flip(data: bytearray) -> None:
    data[len(data) // 2] ^= 1


def cut(data: bytearray) -> None:
    del data[-100:]


@pytest.mark.parametrize("change", [flip, cut])
def test_damaged_bytes_are_refused_with_both_checksums(
    tmp_path: pathlib.Path, change: Callable[[bytearray], None]
) -> None:
    card = placed(tmp_path, damaged(change), emotieff_card(MODEL))
    expected = read_card(placed(tmp_path, MODEL, emotieff_card(MODEL))).checksum
    placed(tmp_path, damaged(change), emotieff_card(MODEL))
    text = refusal(card)
    assert str(tmp_path / "tiny.onnx") in text
    assert f"expected {expected}, found {expected.of(damaged(change))}" in text


def test_a_card_that_names_another_file_is_refused(tmp_path: pathlib.Path) -> None:
    card = placed(tmp_path, MODEL, emotieff_card(MODEL, changes={"file": '"other.onnx"'}))
    assert "other.onnx: expected a file with SHA-256" in refusal(card)
    (tmp_path / "other.onnx").write_bytes(emotieff_model(112))
    assert "other.onnx: expected SHA-256" in refusal(card)


SEVEN = '["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]'


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"input.size": "260"}, "shape (any batch, 3, 260, 260) (input of its card), found (batch, 3, 224, 224)"),
        (
            {"input.colour": '"grey"', "input.mean": "[0.5]", "input.std": "[0.25]"},
            "shape (any batch, 1, 224, 224) (input of its card), found (batch, 3, 224, 224)",
        ),
        ({"input.name": '"image"'}, "expected 'image' (input.name of its card), found input"),
        ({"output.scores": '"logits"'}, "expected 'logits' (output.scores of its card), found output"),
        ({"output.embedding": '"embedding"'}, "expected 'embedding' (output.embedding of its card), found output"),
        ({"output.arousal": "10"}, "expected 11 columns in 'output'"),
    ],
)
def test_a_card_for_another_model_is_refused(tmp_path: pathlib.Path, changes: dict[str, str], found: str) -> None:
    text = refusal(placed(tmp_path, MODEL, emotieff_card(MODEL, changes=changes)))
    assert found in text
    assert str(tmp_path / "tiny.onnx") in text


def test_labels_must_be_as_many_as_the_columns(tmp_path: pathlib.Path) -> None:
    seven = emotieff_card(MODEL, valence=False, changes={"output.labels": SEVEN})
    assert "expected 7 columns in 'output' (output.labels, valence" in refusal(placed(tmp_path, MODEL, seven))
    eight = emotieff_card(MODEL, valence=False)  # of a model that has valence and arousal, too
    assert "expected 8 columns in 'output'" in refusal(placed(tmp_path, MODEL, eight))


@pytest.mark.parametrize(("weight", "place"), [("classifier.bias", "scores"), ("stem.weight", "scores")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: pathlib.Path, weight: str, place: str) -> None:
    model = emotieff_model(224, spoil=weight)
    text = refusal(placed(tmp_path, model, emotieff_card(model)))
    assert f"expected finite numbers for two test pictures, found 20 of 20 in its {place} that are not" in text
    assert str(tmp_path / "tiny.onnx") in text


def classifier_of(folder: pathlib.Path, model: onnx.ModelProto, changes: dict[str, str] | None = None) -> Classifier:
    data = bytes(model.SerializeToString())
    return Classifier(read_card(placed(folder, data, emotieff_card(data, changes=changes))))


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ('valence_arousal = "va"', "expected 'va' (output.valence_arousal of its card), found output, features"),
        (
            'valence_arousal = "features"',
            "expected 2 columns in 'features' (output.valence_arousal of its card), found",
        ),
        (
            '[output.action_units]\nunits = [1, 2]\nthresholds = [0.5, 0.5]\noutput = "features"',
            "expected 2 columns in 'features' (output.action_units.units of its card), found shape (2, 24)",
        ),
    ],
)
def test_heads_must_be_outputs_as_wide_as_the_card_says(tmp_path: pathlib.Path, keys: str, found: str) -> None:
    model = onnx.load_from_string(emotieff_model(224, 8))
    model.graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 24]))
    data = bytes(model.SerializeToString())
    card = emotieff_card(data, valence=False)  # its last table is [output]
    assert found in refusal(placed(tmp_path, data, f"{card}{keys}\n"))


def test_an_embedding_must_be_a_row_of_finite_numbers(tmp_path: pathlib.Path) -> None:
    model = onnx.load_from_string(MODEL)
    model.graph.output.append(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["batch", 24, 28, 28]))
    with pytest.raises(ModelError, match=r"expected an embedding \(N, D\), found shape \(2, 24, 28, 28\)"):
        classifier_of(tmp_path, model, {"output.embedding": '"map"'})
    model = onnx.load_from_string(MODEL)
    model.graph.node.append(helper.make_node("Sub", ["features", "features"], ["zero"]))
    model.graph.node.append(helper.make_node("Log", ["zero"], ["low"]))
    model.graph.output.append(helper.make_tensor_value_info("low", TensorProto.FLOAT, ["batch", 24]))
    with pytest.raises(ModelError, match="found 48 of 48 in its embedding that are not"):
        classifier_of(tmp_path, model, {"output.embedding": '"low"'})


def test_a_model_for_one_picture_at_a_time_or_two_inputs_is_refused(tmp_path: pathlib.Path) -> None:
    single = onnx.load_from_string(emotieff_model(224, batch=1))
    with pytest.raises(ModelError, match=r"shape \(any batch, 3, 224, 224\) .* found \(1, 3, 224, 224\)"):
        classifier_of(tmp_path, single)
    two = onnx.load_from_string(MODEL)
    two.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch"]))
    two.graph.node.append(helper.make_node("Identity", ["mask"], ["unused"]))
    two.graph.output.append(helper.make_tensor_value_info("unused", TensorProto.FLOAT, ["batch"]))
    with pytest.raises(ModelError, match="expected 'input' as its only input, found input, mask"):
        classifier_of(tmp_path, two)


def test_an_input_of_another_rank_is_refused(tmp_path: pathlib.Path) -> None:
    model = onnx.load_from_string(MODEL)
    nodes = [helper.make_node("Flatten", ["input"], ["output"])]
    inputs, outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3]) for name in ("input", "output")
    )
    model.graph.CopyFrom(helper.make_graph(nodes, "flat", [inputs], [outputs]))
    with pytest.raises(ModelError, match=r"shape \(any batch, 3, 224, 224\) .* found \(batch, 3\)"):
        classifier_of(tmp_path, model, {"output.embedding": '"output"'})


def test_a_model_of_other_numbers_is_refused(tmp_path: pathlib.Path) -> None:
    model = onnx.load_from_string(MODEL)
    model.graph.node[0].input[0] = "wide"
    model.graph.node.insert(0, helper.make_node("Cast", ["input"], ["wide"], to=TensorProto.FLOAT))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    with pytest.raises(ModelError, match=r"tiny\.onnx: expected a model that runs on float32 of shape \(2, 3, 224"):
        classifier_of(tmp_path, model)


def test_a_file_without_a_gemm_has_no_embedding_to_show(tmp_path: pathlib.Path) -> None:
    model = onnx.load_from_string(MODEL)
    model.graph.node[-1].op_type = "MatMul"
    del model.graph.node[-1].attribute[:], model.graph.node[-1].input[2:]
    with pytest.raises(ModelError, match=r"tiny\.onnx: expected an ONNX model with a Gemm"):
        classifier_of(tmp_path, model)


@needs_shared
def test_the_detector_is_held_to_its_contract(tmp_path: pathlib.Path) -> None:
    for file in (DYNAMIC, STATIC):
        YuNet(file).prove()
    (tmp_path / "tiny.onnx").write_bytes(MODEL)
    with pytest.raises(ModelError, match=r"tiny\.onnx: expected YuNet's inputs and outputs, found none called bbox_16"):
        YuNet(tmp_path / "tiny.onnx")
    model = onnx.load(DYNAMIC)
    for item in model.graph.initializer:
        if len(item.dims) == 4:  # the convolutions
            item.raw_data = b"\xff" * len(item.raw_data)
    onnx.save(model, tmp_path / "spoiled.onnx")
    with pytest.raises(ModelError, match=r"spoiled\.onnx: expected finite numbers"):
        YuNet(tmp_path / "spoiled.onnx").prove()


def test_a_whole_model_is_taken(tmp_path: pathlib.Path) -> None:
    card: ModelCard = read_card(placed(tmp_path, MODEL, emotieff_card(MODEL)))
    reader, _ = load_reader(Setup(card=str(tmp_path / "tiny.toml"), models=None))
    assert reader.model_id == card.name == "tiny"
