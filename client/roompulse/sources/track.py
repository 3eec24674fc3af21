"""Which of a container's video tracks is meant."""

import re
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from roompulse.errors import SourceError
from roompulse.sources.opening import is_local, open_container

_COVERS = Disposition.attached_pic | Disposition.timed_thumbnails
_LOGGED = re.compile(r"Could not find codec parameters for stream (\d+) \(Video: (\w+)(?:.*?\((\w+) / 0x)?")
_MATROSKA = re.compile(rb"V_[A-Z0-9_/]{2,40}")
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Track:
    """A video track.

    Attributes:
        number: From 1, in the container's order; cover pictures do not count.
        codec: FFmpeg's name of it; empty where there is no decoder for it.
        width: Pixels.
        height: Pixels.
        default: Whether it is the one streamed where none is chosen.
        index: The stream's number in the container, from 0, all kinds counted.
    """

    number: int
    codec: str
    width: int
    height: int
    default: bool
    index: int


def tracks_of(container: InputContainer) -> tuple[Track, ...]:
    """Return a container's video tracks."""
    best = _best(container)
    return tuple(
        Track(number, *_described(stream), stream is best, stream.index)
        for number, stream in enumerate(_films(container), 1)
    )


def choose(container: InputContainer, name: str, number: int | None) -> VideoStream:
    """Return the video track of a number, or the default one: as players choose, marked so, and no thumbnail.

    Raises:
        SourceError: There is no video track, none of this number, or no decoder for it.
    """
    films = _films(container)
    if not films:
        held = ", ".join("a cover picture" if stream.type == "video" else stream.type for stream in container.streams)
        raise SourceError(f"{name} has no video stream (it holds: {held or 'nothing'})")
    if number is not None and not 1 <= number <= len(films):
        raise SourceError(f"{name} has no video track {number}; it has {len(films)}, counted from 1")
    chosen = _best(container) if number is None else films[number - 1]
    if chosen.codec_context is None:
        codec = _unknown_codec(name, chosen.index, films.index(chosen))
        raise SourceError(
            f"{name} holds video of the codec {codec}, and there is no decoder for it here; convert it to H.264 with "
            "the program that wrote it"
        )
    return chosen


def _films(container: InputContainer) -> list[VideoStream]:
    videos = [stream for stream in container.streams.video if not stream.disposition & _COVERS]
    return [stream for stream in videos if not stream.disposition & Disposition.still_image] or videos


def _best(container: InputContainer) -> VideoStream:
    films, best = _films(container), container.streams.best("video")
    marked = [stream for stream in films if stream.disposition & Disposition.default]
    if len(marked) == 1:
        return marked[0]
    return best if isinstance(best, VideoStream) and best in films else films[0]


def _described(stream: VideoStream) -> tuple[str, int, int]:
    context = stream.codec_context
    if context is None:
        return "", 0, 0
    return context.codec.canonical_name, context.width, context.height


def _unknown_codec(name: str, index: int, position: int) -> str:
    """Return the name of a codec that FFmpeg has no number for: its log has it, or the Matroska file itself."""
    before, repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.WARNING)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as lines, open_container(name, {}):
            pass
    finally:
        av.logging.set_level(before)
        av.logging.set_skip_repeated(repeated)
    for found in (match for *_, line in lines if (match := _LOGGED.match(line))):
        if int(found[1]) == index and (found[2] != "none" or found[3]):
            return repr(found[3] if found[2] == "none" else found[2])
    if is_local(name):
        with open(name, "rb") as file:
            ids = _MATROSKA.findall(file.read(_HEAD_BYTES))
        if position < len(ids):
            return repr(ids[position].decode())
    return "that its container does not name"
