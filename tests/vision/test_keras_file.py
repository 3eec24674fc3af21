"""Keras files of every naming become the file that the service reads, whole or not at all."""

import pathlib
import re
import sys

import h5py
import numpy as np
import pytest
from attention_samples import drawn, engagement_card, keras, placed_network
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import registry
from roompulse_vision.faces.attention_file import NAMES, read_layers, source_of
from roompulse_vision.faces.keras_file import read_keras

SIZE = 24
PLACES = (
    "{layer}/{part}",
    "{layer}/{layer}/{part}:0",  # save_weights of Keras 2
    "model_weights/{layer}/{layer}/{part}:0",  # save of Keras 2
    "model_weights/{layer}/functional_1/{layer}/{part}",  # Keras 3, in the old format
)


@pytest.mark.parametrize("place", PLACES)
def test_an_array_is_found_in_whatever_groups(tmp_path: pathlib.Path, place: str) -> None:
    layers = drawn(SIZE)
    data = keras(tmp_path / "attention.h5", layers, place)
    card = tmp_path / "tiny-attention.toml"
    card.write_text(engagement_card(data, SIZE))
    file = registry.convert(card, [])
    assert file == tmp_path / "attention.npz"
    found = read_layers(file, SIZE, 2)
    assert tuple(found) == NAMES
    for name, array in found.items():
        np.testing.assert_array_equal(array, layers[name])
    assert source_of(file) in card.read_text().replace('sha256 = "', "SHA-256 ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attention.h5", "attention.npz", card.name]
    before = file.read_bytes()
    assert registry.convert(card, []).read_bytes() == before  # again: the same bytes


def test_the_published_size_is_converted(tmp_path: pathlib.Path) -> None:
    layers = drawn(1280, 512)
    card = placed_network(tmp_path, layers)
    found = read_layers(registry.convert(card, []), 1280, 2)
    assert all((found[name] == layers[name]).all() for name in NAMES)


def test_what_training_left_behind_is_passed_over(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "attention.h5"
    keras(file, drawn(SIZE), PLACES[2])
    with h5py.File(file, "a") as content:
        content["optimizer_weights/Adam/e/kernel/m:0"] = np.zeros(1)
        content["optimizer_weights/training/e/kernel:0"] = np.zeros(1)
    assert read_keras(file)["e/kernel"].shape == (2 * SIZE, 1)


def test_a_missing_or_doubled_array_is_named_with_what_was_found(tmp_path: pathlib.Path) -> None:
    file, layers = tmp_path / "attention.h5", drawn(SIZE)
    bias = layers.pop("dense/bias")
    keras(file, layers)
    with pytest.raises(
        ModelError, match=r"attention\.h5: expected one dataset 'dense/bias', in .* found .*dense/kernel"
    ):
        read_keras(file)
    with h5py.File(file, "a") as content:
        content["dense/bias"] = content["other/dense/bias:0"] = bias
    with pytest.raises(ModelError, match=r"expected one dataset 'dense/bias', .* found dense/bias, other/dense/bias:0"):
        read_keras(file)


@pytest.mark.parametrize("place", ["layers/{layer}_1/vars/{part}", "{layer}_{part}", "{layer}/{part}/0"])
def test_an_unknown_naming_is_refused(tmp_path: pathlib.Path, place: str) -> None:
    keras(tmp_path / "attention.h5", drawn(SIZE), place)
    with pytest.raises(ModelError, match="expected one dataset 'e/kernel', in whatever groups, found"):
        read_keras(tmp_path / "attention.h5")


@pytest.mark.parametrize("data", [b"", b"no such file", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_keras_file_is_refused(tmp_path: pathlib.Path, data: bytes) -> None:
    (tmp_path / "attention.h5").write_bytes(data)
    with pytest.raises(ModelError, match=r"attention\.h5: expected a readable HDF5 file, found"):
        read_keras(tmp_path / "attention.h5")


def test_no_truncation_is_taken_for_a_network(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "attention.h5"
    data = keras(file, drawn(SIZE))
    for length in range(0, len(data), len(data) // 50):
        file.write_bytes(data[:length])
        with pytest.raises(ModelError):
            read_keras(file)


def test_another_file_or_network_leaves_nothing(tmp_path: pathlib.Path) -> None:
    card = placed_network(tmp_path, drawn(SIZE))
    (tmp_path / "attention.h5").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"attention\.h5: expected SHA-256 .* \(7 bytes\)"):
        registry.convert(card, [])
    placed_network(tmp_path, drawn(SIZE), changes={"embedding.size": "1280"})
    with pytest.raises(ModelError, match=re.escape(f"'e/kernel' to be floating-point numbers of shape {(2560, 1)}")):
        registry.convert(card, [])
    (tmp_path / "attention.h5").unlink()
    with pytest.raises(ModelError, match=r"attention\.h5: expected a file with SHA-256 .*, found none$"):
        registry.convert(card, [])
    assert not list(tmp_path.glob("*.npz*"))


def test_a_place_that_cannot_be_written_is_named(tmp_path: pathlib.Path) -> None:
    card = placed_network(tmp_path, drawn(SIZE))
    (tmp_path / "attention.npz").mkdir()
    with pytest.raises(ModelError, match=r"attention\.npz cannot be written"):
        registry.convert(card, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attention.h5", "attention.npz", card.name]


def test_without_h5py_one_is_told_what_to_install(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = placed_network(tmp_path, drawn(SIZE))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelError, match=r"converting needs h5py, found none: pip install 'roompulse\[convert\]'"):
        registry.convert(card, [])
