"""Files become pictures, or packets passed through."""

import pathlib

import av
import numpy as np
import pytest
from clips import stripes, write_clip
from roompulse.enums import Encoding
from roompulse.errors import SourceError
from roompulse.media import starts_anew
from roompulse.sources import VideoSource
from shared_data import image, needs_shared, video

DECODERS = {Encoding.H264: "h264", Encoding.VP8: "vp8", Encoding.VP9: "vp9", Encoding.AV1: "libdav1d"}


def decoded(encoding: Encoding, units: list[bytes]) -> int:
    """Return how many pictures a decoder without any container makes of these units."""
    context = av.CodecContext.create(DECODERS[encoding], "r")
    assert isinstance(context, av.VideoCodecContext)
    return sum(len(context.decode(av.Packet(unit))) for unit in units) + len(context.decode(None))


@pytest.mark.parametrize(
    ("codec", "suffix", "encoding"),
    [
        ("libx264", ".mp4", Encoding.H264),
        ("libx264", ".ts", Encoding.H264),
        ("libvpx", ".webm", Encoding.VP8),
        ("libvpx-vp9", ".webm", Encoding.VP9),
        ("libsvtav1", ".mkv", Encoding.AV1),
    ],
)
def test_units_passed_through_decode_alone(tmp_path: pathlib.Path, codec: str, suffix: str, encoding: Encoding) -> None:
    with VideoSource(write_clip(tmp_path / f"clip{suffix}", codec)) as source:
        units = list(source.units())
    assert {unit.packet.format.encoding for unit in units if unit.packet.format} == {encoding}
    assert starts_anew(encoding, units[0].packet.data)
    assert decoded(encoding, [unit.packet.data for unit in units]) == 12
    times = sorted(unit.packet.capture_s or 0.0 for unit in units)
    assert times == pytest.approx([number / 10 for number in range(12)], abs=0.002)
    dues = [unit.due_s for unit in units]
    assert dues == sorted(dues)


def test_pictures_come_in_order_with_their_times(tmp_path: pathlib.Path) -> None:
    with VideoSource(write_clip(tmp_path / "clip.mp4")) as source:
        pictures = list(source.pictures())
    assert [picture.capture_s for picture in pictures] == pytest.approx([number / 10 for number in range(12)])
    for number in (0, 5, 11):
        assert np.abs(pictures[number].upright_bgr().astype(int) - stripes(number)).mean() < 12
    assert np.abs(pictures[0].upright_bgr().astype(int) - stripes(5)).mean() > 20


@pytest.mark.parametrize(("matrix", "turn"), [(-90, 90), (90, 270), (180, 180)])
def test_a_turn_is_said_once_and_not_applied(tmp_path: pathlib.Path, matrix: int, turn: int) -> None:
    path = write_clip(tmp_path / "turned.mp4", rotation=matrix)
    with VideoSource(path) as source:
        assert (source.info.rotation_deg, source.info.width, source.info.height) == (turn, 64, 48)
        picture = next(source.pictures())
    assert (picture.frame.width, picture.frame.height, picture.rotation_deg) == (64, 48, turn)
    upright = np.rot90(stripes(0), -turn // 90)
    assert picture.upright_bgr().shape == upright.shape
    assert np.abs(picture.upright_bgr().astype(int) - upright).mean() < 12
    with VideoSource(path) as source:
        unit = next(source.units())
    assert unit.packet.format is not None
    assert unit.packet.format.rotation_deg == turn


def test_another_codec_is_refused_with_the_way_out(tmp_path: pathlib.Path) -> None:
    with VideoSource(write_clip(tmp_path / "clip.avi", "mpeg4")) as source:
        with pytest.raises(SourceError, match=r"is mpeg4, which cannot be passed through .* encode it: jpeg or h264"):
            next(source.units())
        assert len(list(source.pictures())) == 12


def test_a_missing_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file .*nothing\.mp4"), VideoSource(tmp_path / "nothing.mp4"):
        pass


def test_what_is_no_video_is_said_to_be_none(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\0" * 4096)
    with pytest.raises(SourceError, match=r"noise\.mp4 is no video that can be read"), VideoSource(path):
        pass


def test_sound_alone_is_no_video(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(SourceError, match=r"has no video stream \(it holds: audio\)"), VideoSource(path):
        pass


def test_a_damaged_end_costs_only_itself(tmp_path: pathlib.Path) -> None:
    path = write_clip(tmp_path / "clip.ts", pictures=40)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    with VideoSource(path) as source:
        assert 10 < len(list(source.pictures())) < 40


@needs_shared
def test_a_real_video_with_reordered_pictures() -> None:
    with VideoSource(video("single_face.mp4")) as source:
        info, units = source.info, list(source.units())
    assert (info.codec, info.width, info.height, info.rotation_deg) == ("h264", 640, 360, 0)
    captured = [unit.packet.capture_s for unit in units]
    assert captured[:4] == pytest.approx([0, 4 / 30, 2 / 30, 1 / 30])
    assert [unit.due_s for unit in units[:4]] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    assert decoded(Encoding.H264, [unit.packet.data for unit in units]) == 72


@needs_shared
def test_a_still_is_a_source_of_one_picture() -> None:
    with VideoSource(image("multi_face.jpg")) as source:
        assert [picture.upright_bgr().shape for picture in source.pictures()] == [(667, 1000, 3)]
