"""Weights are verified before use, and fetched whole or not at all."""

import hashlib
import http.server
import pathlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from roompulse_server.errors import ModelError
from roompulse_server.vision import weights
from roompulse_server.vision.detectors import load_detector
from roompulse_server.vision.haar import Haar
from roompulse_server.vision.weights import YUNET, YUNET_DYNAMIC, YUNET_STATIC, Weights
from roompulse_server.vision.yunet import YuNet
from shared_data import needs_shared
from vision_samples import DYNAMIC, STATIC, folder_with

DATA = bytes(range(256)) * 300


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        body = {"/wrong": b"x" * len(DATA), "/long": DATA + b"more"}.get(self.path, DATA)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/truncated" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def pinned(url: str) -> Weights:
    return Weights("some", ("some.onnx",), hashlib.sha256(DATA).hexdigest(), len(DATA), url)


def test_a_good_file_is_placed_with_its_progress_told(server: str, tmp_path: pathlib.Path) -> None:
    told: list[tuple[int, int]] = []
    path = weights.pull(pinned(f"{server}/good"), tmp_path / "new", lambda done, total: told.append((done, total)))
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["some.onnx"]
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("wrong", f"found {len(DATA)} bytes"),
        ("long", "found "),
        ("truncated", "bytes"),
        ("missing", "404"),
    ],
)
def test_another_file_is_refused_and_leaves_no_trace(
    server: str, tmp_path: pathlib.Path, path: str, found: str
) -> None:
    with pytest.raises(ModelError) as caught:
        weights.pull(pinned(f"{server}/{path}"), tmp_path)
    assert found in str(caught.value)
    assert f"{server}/{path}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_offline_is_said_with_what_to_do(tmp_path: pathlib.Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/good"
        with pytest.raises(ModelError, match=r"cannot be fetched from .*; put it into .* yourself"):
            weights.pull(pinned(url), tmp_path)


def test_a_server_that_sends_nothing_is_given_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "CONNECT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/good"
        with pytest.raises(ModelError, match="timed out"):
            weights.pull(pinned(url), tmp_path)


def test_what_is_there_and_right_is_kept_without_asking(tmp_path: pathlib.Path) -> None:
    (tmp_path / "some.onnx").write_bytes(DATA)
    assert weights.pull(pinned("http://127.0.0.1:1/never"), tmp_path) == tmp_path / "some.onnx"


def test_what_is_there_and_wrong_is_replaced(server: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "some.onnx").write_bytes(DATA[:100])
    assert weights.pull(pinned(f"{server}/good"), tmp_path).read_bytes() == DATA


@needs_shared
@pytest.mark.parametrize(("known", "file"), [(YUNET_DYNAMIC, DYNAMIC), (YUNET_STATIC, STATIC)])
def test_the_pinned_files_are_those_we_know(known: Weights, file: pathlib.Path) -> None:
    assert file.name in known.names
    assert file.stat().st_size == known.size_bytes
    assert hashlib.sha256(file.read_bytes()).hexdigest() == known.sha256


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
    assert YUNET_DYNAMIC.sha256 in text
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
