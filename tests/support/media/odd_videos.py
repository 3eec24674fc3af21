"""Videos as people have them, made for a test from real ones: cut, joined, turned, stamped wrongly, too large."""

import pathlib
import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from shared_data import video

Picture = NDArray[np.uint8]
FAST = {"preset": "veryfast", "crf": "20"}
VP8 = {"deadline": "realtime", "cpu-used": "8", "b": "200k"}


def portrait(count: int, width: int = 240, height: int = 240, name: str = "portrait_d19.mp4") -> list[Picture]:
    """Return the first pictures of a real recording, 30 a second."""
    pictures: list[Picture] = []
    with av.open(str(video(name))) as container:
        for frame in container.decode(video=0):
            if len(pictures) == count:
                break
            array = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            pictures.append(np.asarray(cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
    return pictures


def write(
    path: pathlib.Path,
    pictures: Sequence[Picture | av.VideoFrame],
    codec: str = "libx264",
    *,
    rate: int = 30,
    group: int = 60,
    b_frames: int = 0,
    moments: Sequence[int] | None = None,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    context: dict[str, int] | None = None,
) -> pathlib.Path:
    """Write a video; `moments` are the pictures' in units of 1 / `rate`, `context` fields of the codec context."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=FAST if options is None else options)
        assert isinstance(stream, av.VideoStream)
        first = pictures[0]
        stream.width, stream.height = (
            (first.width, first.height) if isinstance(first, av.VideoFrame) else (first.shape[1], first.shape[0])
        )
        stream.pix_fmt = pix_fmt
        coder = stream.codec_context
        coder.gop_size, coder.max_b_frames, coder.thread_count = group, b_frames, 1
        for name, value in (context or {}).items():
            setattr(coder, name, value)
        for number, picture in enumerate(pictures):
            frame = picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture, "bgr24")
            if frame.format.name != pix_fmt:
                frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = number if moments is None else moments[number], Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def restamped(
    source: pathlib.Path, path: pathlib.Path, change: Callable[[int, "av.Packet[Any]"], None], **options: str
) -> pathlib.Path:
    """Write a video's packets with other stamps: `change` is given each packet with its number."""
    with av.open(str(source)) as given, av.open(str(path), "w", options=options) as container:
        stream = container.add_stream_from_template(given.streams.video[0])
        packets = (packet for packet in given.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            copy = av.Packet(bytes(packet))
            copy.stream, copy.time_base, copy.is_keyframe = stream, packet.time_base, packet.is_keyframe
            copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
            change(number, copy)
            container.mux_one(copy)
    return path


def joined(path: pathlib.Path, parts: Iterable[pathlib.Path]) -> pathlib.Path:
    """Write files one after the other, as whoever appends recordings does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def cut(source: pathlib.Path, path: pathlib.Path, share: float = 0.6) -> pathlib.Path:
    """Write the first part of a file, to the middle of a picture."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share) + 13])
    return path


def damaged(source: pathlib.Path, path: pathlib.Path, numbers: Sequence[int] = (50, 51, 80, 110)) -> pathlib.Path:
    """Overwrite bytes of some packets where they lie in the file."""
    data, chance = bytearray(source.read_bytes()), np.random.default_rng(1)
    with av.open(str(source)) as container:
        for number, packet in enumerate(container.demux(video=0)):
            held = bytes(packet)
            if number in numbers and held:
                at = data.find(held)
                data[at + len(held) // 4 : at + len(held)] = chance.bytes(len(held) - len(held) // 4)
    path.write_bytes(data)
    return path


def with_matrix(path: pathlib.Path, a: int, b: int, c: int, d: int) -> pathlib.Path:
    """Put a display matrix into an MP4's track header: x' = a x + c y, y' = b x + d y."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def with_empty_chunks(source: pathlib.Path, path: pathlib.Path, before: Sequence[int]) -> pathlib.Path:
    """Put chunks of no bytes into an AVI before some of its pictures, as screen recorders do for those they dropped."""
    data = source.read_bytes()
    begin = data.find(b"movi") + 4
    end = begin - 4 + struct.unpack("<I", data[begin - 8 : begin - 4])[0]
    at, number, chunks = begin, 0, bytearray()
    while at < end - 8:
        tag, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if tag[2:] in (b"dc", b"db"):
            chunks += (tag + bytes(4)) * (number in before)
            number += 1
        chunks += data[at : at + 8 + size + size % 2]
        at += 8 + size + size % 2
    written = bytearray(data[: begin - 8] + struct.pack("<I", len(chunks) + 4) + b"movi" + chunks)
    written[4:8] = struct.pack("<I", len(written) - 8)
    path.write_bytes(written)
    return path


def high_range(picture: Picture, transfer: str) -> av.VideoFrame:
    """Return an ordinary picture as a phone writes it: "hlg" or "pq" in BT.2020, 10 bits, white at 203 cd/m²."""
    linear = np.power(picture[..., ::-1].astype(np.float64) / 255, 2.4) @ np.transpose(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]  # ITU-R BT.2087
    )
    signal = _pq(203 * linear) if transfer == "pq" else _hlg(203 * linear)
    luma = signal @ np.array([0.2627, 0.6780, 0.0593])
    planes = (
        luma * 219 + 16,
        (signal[..., 2] - luma) / 1.8814 * 224 + 128,
        (signal[..., 0] - luma) / 1.4746 * 224 + 128,
    )
    height, width = luma.shape
    frame = av.VideoFrame(width, height, "yuv420p10le")
    for number, (plane, values) in enumerate(zip(frame.planes, planes, strict=True)):
        whole = values if number == 0 else values.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, : whole.shape[1]] = np.rint(whole * 4)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range, frame.color_primaries = 9, 1, 9
    frame.color_trc = 16 if transfer == "pq" else 18
    return frame


def _pq(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """ITU-R BT.2100, table 4."""
    power = np.power(nits / 10_000, 0.1593017578125)
    return np.asarray(np.power((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power), 78.84375), np.float64)


def _hlg(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """ITU-R BT.2100, table 5, for a display of 1000 cd/m²."""
    luminance = nits @ np.array([0.2627, 0.6780, 0.0593])
    scene = nits / 1000 * np.power(np.maximum(luminance, 1e-6) / 1000, 1 / 1.2 - 1)[..., None]
    high: NDArray[np.float64] = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), high), np.float64)
