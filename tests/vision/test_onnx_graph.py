"""The embedding becomes an output without the `onnx` package, as that package sees it; the model is untouched."""

import contextlib

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx_samples import FEATURES, emotieff_model, gemm_of
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import SHIPPED
from roompulse_vision.faces.onnx_graph import embedding_exposed
from shared_data import MODELS, needs_shared

MODEL = emotieff_model(64)


def outputs_of(model: bytes, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"input": batch}), strict=True))


def pictures(count: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(0, 1, (count, 3, 64, 64)).astype(np.float32)


def test_the_onnx_package_sees_one_output_more_and_nothing_else_changed() -> None:
    exposed, name = embedding_exposed(MODEL)
    before, after = onnx.load_from_string(MODEL), onnx.load_from_string(exposed)
    onnx.checker.check_model(after, full_check=True)
    assert name == before.graph.node[-1].input[0] == "features"
    assert [output.name for output in after.graph.output] == ["output", "features"]
    added = after.graph.output.pop()
    assert added.type.tensor_type.elem_type == TensorProto.FLOAT
    assert [dim.dim_param for dim in added.type.tensor_type.shape.dim] == ["N", "D"]
    assert after == before
    assert exposed.startswith(MODEL)


def test_one_run_yields_scores_and_the_embedding_they_are_made_of() -> None:
    batch = pictures()
    exposed, name = embedding_exposed(MODEL)
    plain, both = outputs_of(MODEL, batch), outputs_of(exposed, batch)
    np.testing.assert_array_equal(both["output"], plain["output"])
    weight, bias = gemm_of(MODEL)
    assert both[name].shape == (3, FEATURES)
    np.testing.assert_allclose(both[name] @ weight.T + bias, plain["output"], rtol=1e-4, atol=1e-5)


def test_a_model_that_says_its_inner_shapes_is_exposed_alike() -> None:
    inferred = onnx.shape_inference.infer_shapes(onnx.load_from_string(MODEL))
    assert "features" in {info.name for info in inferred.graph.value_info}
    exposed, name = embedding_exposed(bytes(inferred.SerializeToString()))
    np.testing.assert_array_equal(
        outputs_of(exposed, pictures())[name], outputs_of(embedding_exposed(MODEL)[0], pictures())[name]
    )


def test_what_is_an_output_already_stays_one() -> None:
    exposed, name = embedding_exposed(MODEL)
    assert embedding_exposed(exposed) == (exposed, name)
    shipped = SHIPPED.with_suffix(".onnx").read_bytes()
    assert embedding_exposed(shipped) == (shipped, "embedding")


def test_the_last_gemm_counts_wherever_it_stands() -> None:
    model = onnx.load_from_string(MODEL)
    model.graph.node[-1].output[0] = "raw"
    model.graph.node.append(helper.make_node("Identity", ["raw"], ["output"]))
    assert embedding_exposed(bytes(model.SerializeToString()))[1] == "features"


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (b"", "found none"),
        (b"no model at all", "found bytes that are none"),
        (MODEL[: len(MODEL) // 2], "found bytes that are none"),
        (b"\x3a" + b"\xff" * 12, "found bytes that are none"),
        (b"\x08" + b"\xff" * 12 + b"\x01", "found bytes that are none"),  # a number of 13 bytes
    ],
)
def test_what_is_no_model_is_refused(model: bytes, found: str) -> None:
    with pytest.raises(ModelError, match=found):
        embedding_exposed(model)


@needs_shared
def test_a_model_without_a_gemm_is_refused() -> None:
    with pytest.raises(ModelError, match="expected an ONNX model with a Gemm"):
        embedding_exposed((MODELS / "yunet_s_dynamic.onnx").read_bytes())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_model_or_refused(data: bytes) -> None:
    try:
        exposed, name = embedding_exposed(data)
    except ModelError:
        return
    assert exposed.startswith(data)
    assert name.encode() in exposed


@given(at=st.integers(0, len(MODEL) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_never_crashes_the_reader(at: int, bit: int) -> None:
    data = bytearray(MODEL)
    data[at] ^= 1 << bit
    with contextlib.suppress(ModelError):
        assert embedding_exposed(bytes(data))[0].startswith(data)
