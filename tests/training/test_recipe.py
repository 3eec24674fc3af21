"""The recipe of the shipped model takes a step, from pictures to a file that the service reads; it needs torch."""

import importlib
import pathlib
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from source_tree import ROOT

RECIPE = ROOT / "training" / "fer"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.syspath_prepend(RECIPE)
    return RECIPE


def imported(name: str) -> ModuleType:
    return importlib.import_module(name)


def linear(width: int) -> onnx.ModelProto:
    """Return a model with `width` weights and one bias: logits = input · weights + bias."""
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 1, (width, 1)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["input", "w", "b"], ["logits"])],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.ones(1, np.float32), "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


@pytest.mark.usefixtures("part")
def test_halved_weights_give_nearly_the_same() -> None:
    picture = np.random.default_rng(1).normal(0, 1, (3, 1000)).astype(np.float32)
    plain, model = linear(1000), imported("half_precision").halved(linear(1000))
    onnx.checker.check_model(model)
    assert model.ByteSize() < 0.6 * plain.ByteSize()
    kinds = {weights.name: weights.data_type for weights in model.graph.initializer}
    assert kinds == {"w.half": TensorProto.FLOAT16, "b": TensorProto.FLOAT}  # few numbers stay as they are
    before, after = (
        onnxruntime.InferenceSession(each.SerializeToString()).run(["logits"], {"input": picture})[0]
        for each in (plain, model)
    )
    assert after == pytest.approx(before, abs=0.05)
    assert (after != before).any()


@pytest.mark.usefixtures("part")
def test_augmentation_keeps_shape_and_range_and_its_shares() -> None:
    torch = pytest.importorskip("torch", reason="the recipe needs torch: training/fer/README.md")
    augmentation = imported("augmentation")
    torch.manual_seed(0)
    faces = torch.rand(600, 1, 48, 48)
    for step in (augmentation.augment, augmentation.moved, augmentation.lit, augmentation.blocky):
        changed = step(faces)
        assert changed.shape == faces.shape
        assert 0 <= changed.min() <= changed.max() <= 1
    for step, low, high in (
        (augmentation.blurred, 0.05, 0.12),
        (augmentation.lost_resolution, 0.05, 0.12),
        (augmentation.blocky, 0.06, 0.14),
        (augmentation.noisy, 0.06, 0.14),
        (augmentation.covered, 0.12, 0.22),  # 0.12 patches, 0.05 halves
    ):
        share = (step(faces) != faces).flatten(1).any(1).float().mean().item()
        assert low < share < high, step.__name__
    assert augmentation.some(faces, 0.3).float().mean().item() == pytest.approx(0.3, abs=0.06)
    flat = torch.full((50, 1, 48, 48), 0.5)
    assert (augmentation.blurred(flat) - flat).abs().max() < 1e-5  # a blur keeps what is even


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's exporter of its own parts
@pytest.mark.usefixtures("part")
def test_from_drawn_faces_to_a_file_of_the_service(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="the recipe needs torch: training/fer/README.md").set_num_threads(1)
    rng, kept = np.random.default_rng(0), str(tmp_path / "compact-11.pt")
    for split, count in (("train", 8), ("valid", 5)):
        votes = 10 * np.eye(10, dtype=np.uint8)[rng.integers(0, 8, count)]
        np.savez(tmp_path / f"{split}.npz", images=rng.integers(0, 256, (count, 48, 48), np.uint8), votes=votes)
    words = ["compact", "--data", str(tmp_path), "--out", str(tmp_path), "--epochs", "1", "--batch", "8"]
    train = imported("train").main
    train([*words, "--device", "cpu"])
    train([*words, "--device", "cpu", "--start", kept, "--taught-by", kept])
    imported("export").main([kept, str(tmp_path / "small.onnx")])
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "compact-11: 707,702 parameters" in log
    assert "starts from acc" in log
    assert log.count("BEST acc") == 2
    assert "small.onnx: 1.4" in capsys.readouterr().out  # MB: two bytes a parameter
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx")
    logits, embedding = session.run(["logits", "embedding"], {"input": np.zeros((5, 1, 48, 48), np.float32)})
    assert (logits.shape, embedding.shape) == ((5, 8), (5, 640))
