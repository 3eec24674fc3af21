"""Files with one thing wrong or unusual each, made here, through the service's own intake and decoder."""

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import pytest
from looked_at import played
from odd_videos import FAST, VP8, Picture, cut, damaged, joined, portrait, restamped, with_empty_chunks, write
from roompulse.errors import SourceError
from roompulse.sending.video_player import Passing

BOTH: tuple[Passing, ...] = ("auto", "jpeg")
PICTURES = 90
FRAGMENTS = {"movflags": "empty_moov+frag_keyframe+default_base_moof"}


@pytest.fixture(scope="module")
def people() -> list[Picture]:
    return portrait(PICTURES, 160, 160)


Make = Callable[[pathlib.Path, list[Picture]], pathlib.Path]


@dataclass(frozen=True, slots=True)
class Odd:
    """A file: its suffix, how it is made, its pictures and their moments (None: 30 a second), what is said of it."""

    suffix: str
    make: Make
    pictures: int = PICTURES
    moments: list[float] | None = None
    said: str = ""


def plainly(codec: str = "libx264", **how: Any) -> Make:
    """Return how a file is made that is only encoded in an unusual way."""
    return lambda path, people: write(path, people, codec, **how)


def paused(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    """Let ninety seconds pass before the second half, as a recorder that slept."""

    def later(number: int, packet: "av.Packet[Any]") -> None:
        late = round(90 / packet.time_base) if number >= PICTURES // 2 else 0
        packet.pts, packet.dts = (packet.pts or 0) + late, (packet.dts or 0) + late

    return restamped(write(path.with_name("p.ts"), people, b_frames=2, group=15), path, later)


def wrapped(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    """Let a clock of 33 bits run over in the middle."""

    def near_its_end(number: int, packet: "av.Packet[Any]") -> None:
        begin = 2**33 - round(PICTURES / 60 / packet.time_base)
        packet.pts, packet.dts = (packet.pts or 0) + begin, (packet.dts or 0) + begin

    return restamped(write(path.with_name("o.ts"), people, b_frames=2), path, near_its_end)


def stamped_the_same(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    def same(number: int, packet: "av.Packet[Any]") -> None:
        packet.pts = packet.dts = 0

    return restamped(write(path.with_name("v.webm"), people, "libvpx", options=VP8), path, same)


def fragments(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    one = write(path.with_name("f.mp4"), people, b_frames=2, container_options=FRAGMENTS, group=15)
    return joined(path, [one, one])


def three_of_a_browser(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    one = write(path.with_name("w.webm"), people, "libvpx", options=VP8, container_options={"live": "1"})
    return joined(path, [one, one, one])


def resized(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    parts = []
    for number, side in enumerate((160, 80, 160)):
        pictures = [np.ascontiguousarray(picture[:side, :side]) for picture in people[30 * number : 30 * number + 30]]
        parts.append(write(path.with_name(f"part{number}.h264"), pictures, options=FAST | {"tune": "zerolatency"}))
    return joined(path, parts)


def dropped(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    return with_empty_chunks(write(path.with_name("a.avi"), people), path, (20, 21, 70))


def dropped_at_first(path: pathlib.Path, people: list[Picture]) -> pathlib.Path:
    stills = write(path.with_name("m.avi"), people, "mjpeg", pix_fmt="yuvj420p", options={})
    return with_empty_chunks(stills, path, (0,))


SLOW_THEN_FAST = [30 * number if number < 10 else 270 + number for number in range(PICTURES)]
HEVC = {"preset": "ultrafast", "x265-params": "log-level=none"}
UNTOLD = "does not say when pictures are shown"
ODD: dict[str, Odd] = {
    "a pause": Odd(
        ".mkv",
        paused,
        moments=[number / 30 + 90 * (number >= PICTURES // 2) for number in range(PICTURES)],
        said="no pictures from 1.5 s to 91.5 s",
    ),
    "fragments joined": Odd(".mp4", fragments, 2 * PICTURES, said="time begins again at 3.0 s"),
    "joined twice": Odd(".webm", three_of_a_browser, 3 * PICTURES, said="time begins again at 3.0 s, 6.0 s"),
    "a 33-bit clock that runs over": Odd(".ts", wrapped),
    "all stamps the same": Odd(
        ".mkv",
        stamped_the_same,
        moments=[number / 25 for number in range(PICTURES)],
        said="89 packets have the stamp of the one before",
    ),
    "no stamps and B-frames": Odd(".h264", plainly(b_frames=3), said=UNTOLD),
    "slow, then fast": Odd(
        ".mp4", plainly(b_frames=3, moments=SLOW_THEN_FAST), moments=[moment / 30 for moment in SLOW_THEN_FAST]
    ),
    "one a second": Odd(".mkv", plainly(b_frames=3, rate=1), moments=[float(number) for number in range(PICTURES)]),
    "sizes that change": Odd(".h264", resized, said=UNTOLD),
    "chunks of no bytes": Odd(
        ".avi",
        dropped,
        moments=[(number + (number >= 20) + (number >= 21) + (number >= 70)) / 30 for number in range(PICTURES)],
        said=UNTOLD,
    ),
    "a chunk of no bytes at first": Odd(".avi", dropped_at_first, said=UNTOLD),
    "MPEG-4 in AVI": Odd(".avi", plainly("mpeg4", b_frames=2, options={}), said=UNTOLD),
    "interlaced": Odd(".ts", plainly(options=FAST | {"x264-params": "tff=1:interlaced=1"})),
    "ten bits": Odd(".mp4", plainly(pix_fmt="yuv420p10le", b_frames=2)),
    "4:4:4": Odd(".mp4", plainly(pix_fmt="yuv444p", b_frames=2)),
    "AV1": Odd(".webm", plainly("libsvtav1", options={"preset": "12"})),
    "HEVC": Odd(".mov", plainly("libx265", options=HEVC, b_frames=2)),
}


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("odd", ODD)
def test_all_that_is_shown_is_looked_at_in_time(
    tmp_path: pathlib.Path, people: list[Picture], odd: str, mode: Passing
) -> None:
    file = ODD[odd]
    looked, report = played(file.make(tmp_path / f"odd{file.suffix}", people), mode)
    assert not looked.faults
    assert len(looked.shown) == file.pictures
    assert looked.times == pytest.approx(file.moments or [number / 30 for number in range(file.pictures)], abs=0.004)
    said = [finding.what for finding in report.findings if "interlaced" not in finding.what]
    assert [what for what in said if file.said in what] or not (file.said or said)


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".flv", ".avi", ".webm"])
def test_a_file_without_its_end_gives_what_it_has(
    tmp_path: pathlib.Path, people: list[Picture], suffix: str, mode: Passing
) -> None:
    webm = suffix == ".webm"
    whole = write(tmp_path / f"whole{suffix}", people, "libvpx" if webm else "libx264", options=VP8 if webm else None)
    looked, report = played(cut(whole, tmp_path / f"cut{suffix}"), mode)
    assert 20 < len(looked.shown) < PICTURES
    assert len(looked.faults) <= 1  # the last packet, where the container does not tell that it is cut
    assert report.packets == len(looked.shown) + len(looked.faults)
    assert looked.times == pytest.approx([number / 30 for number in range(len(looked.shown))], abs=0.004)


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("libx264", ".mp4", None),
        ("libvpx", ".webm", VP8),
        ("libvpx-vp9", ".webm", VP8),
        ("libsvtav1", ".mkv", {"preset": "12"}),
    ],
)
def test_damaged_packets_cost_themselves(
    tmp_path: pathlib.Path,
    people: list[Picture],
    codec: str,
    suffix: str,
    options: dict[str, str] | None,
    mode: Passing,
) -> None:
    whole = write(tmp_path / f"whole{suffix}", people, codec, options=options)
    looked, report = played(damaged(whole, tmp_path / f"damaged{suffix}", (50, 70)), mode)
    assert PICTURES - 6 <= len(looked.shown) <= PICTURES
    lost = PICTURES - len(looked.shown)
    assert lost == len(looked.faults) + report.damaged
    assert looked.times == sorted(looked.times)


def test_an_index_that_is_missing_has_its_remedy(tmp_path: pathlib.Path, people: list[Picture]) -> None:
    path = cut(write(tmp_path / "whole.mp4", people), tmp_path / "cut.mp4")
    with pytest.raises(SourceError, match=r"cut\.mp4 is an MP4 whose index \(moov\) is missing: .* untrunc"):
        played(path, "auto")


def test_a_track_is_chosen(tmp_path: pathlib.Path, people: list[Picture]) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=30, options=FAST) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 160 - 80 * number, 160 - 80 * number, "yuv420p"
            stream.disposition = av.stream.Disposition.default if number else av.stream.Disposition(0)
        for at, picture in enumerate(people[:20]):
            for number, stream in enumerate(streams):
                side = 160 - 80 * number
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:side, :side]), "bgr24")
                frame.pts = at
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    assert set(played(path, "copy")[0].sizes) == {(80, 80)}  # the default one
    assert set(played(path, "copy", track=1)[0].sizes) == {(160, 160)}
    assert set(played(path, "jpeg", track=2)[0].sizes) == {(80, 80)}
    with pytest.raises(SourceError, match="has no video track 3; it has 2, counted from 1"):
        played(path, "auto", track=3)


def test_what_becomes_too_large_is_encoded_from_there(
    tmp_path: pathlib.Path, people: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost or sent twice where copying ends: the packet is a key frame, and decoding begins with it."""
    noise = np.random.default_rng(0).integers(0, 256, people[0].shape, np.uint8)
    path = write(tmp_path / "grows.mkv", [*people[:60], *([noise] * 30)], group=30)
    monkeypatch.setattr("roompulse.sources.video.MAX_PACKET_BYTES", 20_000)
    monkeypatch.setattr("roompulse.sources.video.SPARE_BYTES", 0)
    looked, report = played(path, "auto")
    assert looked.times == pytest.approx([number / 30 for number in range(PICTURES)], abs=0.004)
    assert not looked.faults
    assert "1 packet is larger than the service takes" in [finding.what for finding in report.findings]
