"""A file is one by whatever name it has: no colon makes it a protocol, no percent sign a pattern."""

import pathlib
import shutil

import av
import numpy as np
import pytest
from av.stream import Disposition
from click.testing import CliRunner
from clips import stripes, write_clip
from fake_service import ThreadedService
from roompulse.cli import cli
from roompulse.errors import SourceError
from roompulse.sending.encoder import JpegEncoder, picture_of
from roompulse.sources import VideoSource

VIDEOS = [
    "2026-11-30T10:15:00.mp4",
    "standup: ada.mp4",
    "10% off.mp4",
    "frame_%03d.mp4",
    "-dash.mp4",
    "süß 会议.mp4",
    "a'b\"c.mp4",
    "take [1].mp4",
    "what? *.mp4",
    "file:inside.mp4",
]
PICTURES = ["shot %d.jpg", "12:30.jpg", "pic[1].jpg", "-dash.jpg", "p%03d.png", "a'b\"c.jpeg"]


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return a folder that is the present one: names are tried as they are, and with a path before them."""
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4")
    (tmp_path / "still.jpg").write_bytes(JpegEncoder().encode(picture_of(stripes(0, 64, 48))).data)
    return tmp_path


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_of_any_name_is_opened(here: pathlib.Path, name: str) -> None:
    shutil.copy("clip.mp4", f"./{name}")
    for path in (name, here / name):
        with VideoSource(path) as source:
            assert len(list(source.pictures())) == 12


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_any_name_is_that_one_picture(here: pathlib.Path, name: str) -> None:
    """Also where its neighbours would make a series of it, and where its suffix is another format's."""
    for other in ("shot 1.jpg", "shot 2.jpg", "p001.png", "p002.png"):
        (here / other).write_bytes(JpegEncoder().encode(picture_of(stripes(0, 80, 80))).data)
    shutil.copy("still.jpg", f"./{name}")
    with VideoSource(name) as source:
        assert [(picture.frame.width, picture.frame.height) for picture in source.pictures()] == [(64, 48)]


@pytest.mark.parametrize("name", ["nothing.mp4", "2026-11-30T10:15:00.mp4", "frame_%03d.jpg", "nobody: knows.mp4"])
def test_a_file_that_is_not_there_is_said_to_be_missing(here: pathlib.Path, name: str) -> None:
    with pytest.raises(SourceError) as raised, VideoSource(name):
        pass
    assert str(raised.value) == f"there is no file {name}"


def test_the_command_line_takes_them_too(here: pathlib.Path, threaded: ThreadedService) -> None:
    server = ["--consent", "granted", "--server", threaded.target]
    for name in VIDEOS:
        shutil.copy("clip.mp4", f"./{name}")
        stream = ["stream", "--meeting", "m", "--participant", "ada", "--speed", "max", *server, "--", name]
        result = CliRunner().invoke(cli, stream, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
    assert len(threaded.service.packets) == 12 * len(VIDEOS)
    for name in PICTURES:
        shutil.copy("still.jpg", f"./{name}")
    copies = ["image", "--purpose", "research", "--annotate", "copies", *server, "--", *PICTURES]
    result = CliRunner().invoke(cli, copies, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in (here / "copies").iterdir()) == sorted(PICTURES)


def test_a_song_with_a_cover_is_no_video(here: pathlib.Path) -> None:
    with av.open("song.m4a", "w", format="mp4") as container:
        sound, cover = container.add_stream("aac", rate=8000, layout="mono"), container.add_stream("mjpeg", rate=1)
        assert isinstance(cover, av.VideoStream)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(sound.encode(frame))
        container.mux(cover.encode(av.VideoFrame.from_ndarray(stripes(0), format="bgr24").reformat(format="yuvj420p")))
        for stream in (sound, cover):
            container.mux(stream.encode(None))
    with pytest.raises(SourceError) as raised, VideoSource("song.m4a"):
        pass
    assert str(raised.value) == "song.m4a has no video stream (it holds: audio, a cover picture)"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.mp4", b"", "empty.mp4 is empty: it has no bytes"),
        (
            "text.mp4",
            b"Not Found\n" * 40,
            "it is text, and begins with 'Not Found'; was an error page saved in its place?",
        ),
        ("page.mp4", b"<!DOCTYPE html>\n<p>Sign in</p>\n" * 40, "it is text, and begins with '<!DOCTYPE html>'"),
        ("noise.mp4", bytes(4096), "noise.mp4 is no video that can be read"),
    ],
)
def test_what_is_no_video_is_told_apart(here: pathlib.Path, name: str, content: bytes, said: str) -> None:
    (here / name).write_bytes(content)
    with pytest.raises(SourceError) as raised, VideoSource(name):
        pass
    assert said in str(raised.value)
