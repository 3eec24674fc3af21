"""What is fetched is whole and right, or refused; what a cut left is gone on with."""

import hashlib
import pathlib
import socket
from collections.abc import Iterator

import pytest
from file_server import FileServer, file_server
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import download
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.download import pull
from roompulse_vision.faces.weights import Weights

DATA = bytes(range(256)) * 900
THIRD = len(DATA) // 3
RIGHT = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server(DATA) as running:
        yield running


def pinned(url: str, size_bytes: int | None = len(DATA)) -> Weights:
    return Weights("some", ("some.onnx",), Checksum("sha256", RIGHT), url, size_bytes)


def part(folder: pathlib.Path) -> pathlib.Path:
    return folder / f"some.onnx.{RIGHT[:12]}.part"


@pytest.mark.parametrize("size_bytes", [len(DATA), None])
def test_a_good_file_is_placed_with_its_progress_told(
    server: FileServer, tmp_path: pathlib.Path, size_bytes: int | None
) -> None:
    told: list[tuple[int, int]] = []
    weights = pinned(f"{server.url}/good", size_bytes)
    path = pull(weights, tmp_path / "new", lambda done, total: told.append((done, total)))
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["some.onnx"]
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_a_file_pinned_by_its_blob_id_is_held_to_it(server: FileServer, tmp_path: pathlib.Path) -> None:
    blob = Checksum("git_blob", "ce013625030ba8dba906f756967f9e9ca394464a")  # git hash-object of "hello\n"
    assert blob.of(b"hello\n") == blob.value
    weights = Weights("some", ("some.onnx",), blob, f"{server.url}/good")
    with pytest.raises(ModelError, match=rf"expected git blob id {blob.value}, found {len(DATA)} bytes with "):
        pull(weights, tmp_path)
    server.data = b"hello\n"
    assert pull(weights, tmp_path).read_bytes() == b"hello\n"


@pytest.mark.parametrize("size_bytes", [len(DATA), None])
def test_a_cut_is_gone_on_with_from_where_it_was(
    server: FileServer, tmp_path: pathlib.Path, size_bytes: int | None
) -> None:
    told: list[int] = []
    path = pull(pinned(f"{server.url}/cut-once", size_bytes), tmp_path, lambda done, _: told.append(done))
    assert path.read_bytes() == DATA
    assert server.asked == [("/cut-once", None), ("/cut-once", f"bytes={THIRD}-")]
    assert told == sorted(told)
    assert list(tmp_path.iterdir()) == [path]


def test_what_an_earlier_call_left_is_gone_on_with(server: FileServer, tmp_path: pathlib.Path) -> None:
    part(tmp_path).write_bytes(DATA[:1000])
    assert pull(pinned(f"{server.url}/good"), tmp_path).read_bytes() == DATA
    assert server.asked == [("/good", "bytes=1000-")]
    assert not part(tmp_path).exists()


def test_what_an_earlier_call_left_whole_is_placed_without_asking(tmp_path: pathlib.Path) -> None:
    part(tmp_path).write_bytes(DATA)
    assert pull(pinned("http://127.0.0.1:1/never", None), tmp_path).read_bytes() == DATA


def test_a_damaged_beginning_costs_a_second_fetch_and_no_more(server: FileServer, tmp_path: pathlib.Path) -> None:
    part(tmp_path).write_bytes(b"y" * 1000)
    assert pull(pinned(f"{server.url}/good"), tmp_path).read_bytes() == DATA
    assert server.asked == [("/good", "bytes=1000-"), ("/good", None)]


@pytest.mark.parametrize("path", ["refuses-ranges", "cut-once-then-whole"])
def test_a_server_without_ranges_sends_everything_again(server: FileServer, tmp_path: pathlib.Path, path: str) -> None:
    if path == "refuses-ranges":
        part(tmp_path).write_bytes(DATA[:1000])
    assert pull(pinned(f"{server.url}/{path}"), tmp_path).read_bytes() == DATA
    assert [asked is None for _, asked in server.asked].count(True) >= 1
    assert len(server.asked) == 2


def test_a_server_that_sends_another_range_is_refused(server: FileServer, tmp_path: pathlib.Path) -> None:
    part(tmp_path).write_bytes(DATA[:1000])
    with pytest.raises(ModelError, match="asked for the bytes from 1000, got those from 7"):
        pull(pinned(f"{server.url}/other-range"), tmp_path)
    assert part(tmp_path).read_bytes() == DATA[:1000]


def test_a_line_that_is_always_cut_is_gone_on_with_a_few_times(
    server: FileServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    with pytest.raises(ModelError, match=f"cut after {2 * THIRD} of {len(DATA)} bytes"):
        pull(pinned(f"{server.url}/cut-always"), tmp_path)
    assert part(tmp_path).read_bytes() == DATA[: 2 * THIRD]
    assert pull(pinned(f"{server.url}/cut-always"), tmp_path).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, f"bytes={THIRD}-", f"bytes={2 * THIRD}-"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("wrong", f"expected {len(DATA)} bytes with SHA-256 {RIGHT}, found {len(DATA)} bytes with "),
        ("long", f"expected {len(DATA)} bytes with SHA-256 {RIGHT}, found "),
        ("missing", "404"),
    ],
)
def test_another_file_is_refused_and_leaves_no_trace(
    server: FileServer, tmp_path: pathlib.Path, path: str, found: str
) -> None:
    with pytest.raises(ModelError) as caught:
        pull(pinned(f"{server.url}/{path}"), tmp_path)
    assert found in str(caught.value)
    assert f"{server.url}/{path}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_taken_of_another_file_than_shows_that_it_is_one(server: FileServer, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelError) as caught:
        pull(pinned(f"{server.url}/long"), tmp_path)
    taken = int(str(caught.value).partition("found ")[2].partition(" ")[0])
    assert len(DATA) < taken <= len(DATA) + download.PIECE_BYTES


def test_a_file_that_stays_short_is_refused_and_never_placed(server: FileServer, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelError, match=f"cut after {len(DATA) // 2} of {len(DATA)} bytes"):
        pull(pinned(f"{server.url}/truncated"), tmp_path)
    assert list(tmp_path.iterdir()) == [part(tmp_path)]  # for the next call


def test_offline_is_said_with_what_to_do(tmp_path: pathlib.Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/good"
        with pytest.raises(ModelError, match=r"cannot be fetched from .*: Connection refused; put it into .* yourself"):
            pull(pinned(url), tmp_path)


def test_a_server_that_sends_nothing_is_given_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STALL_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/good"
        with pytest.raises(ModelError, match="timed out"):
            pull(pinned(url), tmp_path)


def test_a_server_that_drips_is_given_up(
    server: FileServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MIN_BYTES_PER_S", 10**15)
    monkeypatch.setattr(download, "GRACE_S", 0.0)
    with pytest.raises(ModelError, match=r"bytes in 0 s; put it into"):
        pull(pinned(f"{server.url}/good"), tmp_path)


def test_what_is_there_and_right_is_kept_without_asking(tmp_path: pathlib.Path) -> None:
    (tmp_path / "some.onnx").write_bytes(DATA)
    assert pull(pinned("http://127.0.0.1:1/never"), tmp_path) == tmp_path / "some.onnx"


def test_what_is_there_and_wrong_is_replaced(server: FileServer, tmp_path: pathlib.Path) -> None:
    (tmp_path / "some.onnx").write_bytes(DATA[:100])
    assert pull(pinned(f"{server.url}/good"), tmp_path).read_bytes() == DATA


def test_a_folder_that_cannot_be_made_is_named(server: FileServer, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ModelError, match=r"cannot be fetched .*file"):
        pull(pinned(f"{server.url}/good"), tmp_path / "file")
