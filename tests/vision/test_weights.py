"""Weights are found where they should be, and verified before use."""

import hashlib
import pathlib
from dataclasses import replace

import pytest
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import weights
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.detectors import load_detector
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.weights import YUNET, YUNET_DYNAMIC, YUNET_STATIC, Weights
from roompulse_vision.faces.yunet import YuNet
from shared_data import needs_shared
from vision_samples import DYNAMIC, STATIC, folder_with

DATA = bytes(range(256)) * 300


def pinned(url: str) -> Weights:
    return Weights("some", ("some.onnx",), Checksum("sha256", hashlib.sha256(DATA).hexdigest()), url, len(DATA))


@needs_shared
@pytest.mark.parametrize(("known", "file"), [(YUNET_DYNAMIC, DYNAMIC), (YUNET_STATIC, STATIC)])
def test_the_pinned_files_are_those_we_know(known: Weights, file: pathlib.Path) -> None:
    assert file.name in known.names
    assert file.stat().st_size == known.size_bytes
    assert known.checksum == Checksum("sha256", hashlib.sha256(file.read_bytes()).hexdigest())


def test_the_addresses_are_pinned_to_a_commit() -> None:
    for known in YUNET:
        assert known.url.startswith("https://")
        assert "/0047ac24afb1a50a0c6105001c89d1b5b805dbf1/" in known.url


@needs_shared
def test_the_first_folder_with_a_file_wins(tmp_path: pathlib.Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert weights.find(YUNET, [first, second]) is None
    folder_with(STATIC, second)
    assert weights.find(YUNET, [first, second]) == second / STATIC.name
    folder_with(STATIC, first)
    folder_with(DYNAMIC, first)
    assert weights.find(YUNET, [first, second]) == first / DYNAMIC.name


def test_a_setting_is_searched_before_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    setting = tmp_path / "setting"
    assert weights.folders(setting) == [setting, tmp_path / "cache" / "roompulse" / "models"]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.folders() == [tmp_path / ".cache" / "roompulse" / "models"]


@needs_shared
def test_a_file_cut_short_is_refused_with_both_checksums(tmp_path: pathlib.Path) -> None:
    data = DYNAMIC.read_bytes()[:-1]
    (tmp_path / DYNAMIC.name).write_bytes(data)
    with pytest.raises(ModelError) as caught:
        load_detector([tmp_path])
    text = str(caught.value)
    assert str(tmp_path / DYNAMIC.name) in text
    assert YUNET_DYNAMIC.checksum.value in text
    assert hashlib.sha256(data).hexdigest() in text


@needs_shared
def test_the_detector_is_yunet_where_its_weights_are_and_haar_elsewhere(tmp_path: pathlib.Path) -> None:
    detector, warnings = load_detector([tmp_path])
    assert isinstance(detector, Haar)
    assert [str(tmp_path) in warning for warning in warnings] == [True]
    detector, warnings = load_detector([tmp_path, folder_with(DYNAMIC, tmp_path)])
    assert isinstance(detector, YuNet)
    assert warnings == []


def test_a_pull_under_another_name_finds_the_same_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "other.onnx").write_bytes(DATA)
    known = replace(pinned("http://127.0.0.1:1/never"), names=("some.onnx", "other.onnx"))
    assert weights.find([known], [tmp_path]) == tmp_path / "other.onnx"
