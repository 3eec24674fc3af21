"""What a person should know of a source, in words. Pure."""

from dataclasses import dataclass

from roompulse.sending.encoder import fitting
from roompulse.sources.info import SourceInfo

NOTABLE_PAUSE_S = 5.0
SHORT_BY_S = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the material: what it is, and what is done about it or would help."""

    what: str
    help: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was met while reading, so far.

    Attributes:
        damaged: Packets that could not be decoded or passed through.
        undecodable: Packets before the first picture, which has no key frame before it.
        hidden: Packets that an edit list hides.
        outliers: Packets whose stamp fits nothing around them.
        repeated: Packets that have the stamp of the one before.
        restarts_s: Where time began again, seconds.
        pauses_s: Where nothing is shown for long: from, to.
        interlaced: Whether pictures are made of two half pictures.
        too_large: How many packets were too large to be sent as they are.
        ended_s: When the last picture ends, once all was read.
        said_s: How long it is as the container says.
    """

    damaged: int = 0
    undecodable: int = 0
    hidden: int = 0
    outliers: int = 0
    repeated: int = 0
    restarts_s: tuple[float, ...] = ()
    pauses_s: tuple[tuple[float, float], ...] = ()
    interlaced: bool = False
    too_large: int = 0
    ended_s: float | None = None
    said_s: float | None = None


def of_container(info: SourceInfo, *, shown_stamps: bool) -> list[Finding]:
    """Return what there is to say before anything is read."""
    geometry, findings = info.geometry, []
    width, height = info.shown_size
    if not geometry.square:
        ratio = "{}:{}".format(*geometry.pixel_aspect)
        findings.append(Finding(f"pixels are not square ({ratio})", f"shown as {width}×{height}, as players do"))
    if geometry.horizontal_flip:
        findings.append(Finding("the pictures are stored mirrored", "they are flipped back"))
    fitted = fitting(info.width, info.height)
    if fitted != (info.width, info.height):
        what = f"{info.width}×{info.height} pixels are more than the service takes"
        findings.append(Finding(what, "scaled down to {}×{}".format(*fitted)))
    if info.hdr:
        what = f"the pictures are {info.hdr}, of high dynamic range"
        findings.append(Finding(what, "encoded anew they are read as others; passed through (copy) faces look pale"))
    if not shown_stamps:
        findings.append(
            Finding(
                "the container does not say when pictures are shown", "moments are counted by the order and the rate"
            )
        )
    if len(info.tracks) > 1:
        listed = ", ".join(
            f"{track.number}: {track.codec or 'unknown codec'} {track.width}×{track.height}" for track in info.tracks
        )
        findings.append(
            Finding(
                f"it has {len(info.tracks)} video tracks ({listed})", f"{info.track} is used; --track N chooses another"
            )
        )
    return findings


def of_reading(seen: Reading) -> list[Finding]:
    """Return what there is to say of what was read."""
    counted = [
        (seen.hidden, "{} packets are hidden by an edit list", "they serve decoding, and are never looked at"),
        (seen.undecodable, "{} packets come before the first key frame", "it begins with the first picture there is"),
        (seen.damaged, "{} packets are damaged or cut short", "each costs its own picture"),
        (seen.outliers, "{} packets are stamped far from those around them", "each is left out"),
        (seen.repeated, "{} packets have the stamp of the one before", "they are placed by the rate of pictures"),
        (seen.too_large, "{} packets are larger than the service takes", "encode it: --encode jpeg or h264"),
    ]
    findings = [Finding(_plural(what, count), help_) for count, what, help_ in counted if count]
    if seen.restarts_s:
        places = _places(seen.restarts_s)
        findings.append(Finding(f"time begins again at {places}", "what follows is joined to what came before"))
    pauses = [(start, end) for start, end in seen.pauses_s if end - start >= NOTABLE_PAUSE_S]
    if pauses:
        shown = ", ".join(f"{start:.1f} s to {end:.1f} s" for start, end in pauses[:3])
        more = " and more" if len(pauses) > 3 else ""
        findings.append(Finding(f"there are no pictures from {shown}{more}", "the pause stays a pause"))
    ended_s, said_s = seen.ended_s, seen.said_s
    if ended_s is not None and said_s is not None and said_s - ended_s > SHORT_BY_S:
        what = f"its pictures end at {ended_s:.1f} s, and the container says that it is {said_s:.1f} s long"
        findings.append(Finding(what, "the rest is missing, or has sound only"))
    if seen.interlaced:
        findings.append(Finding("the pictures are interlaced", "movement shows combs; record progressive video"))
    return findings


def _plural(what: str, count: int) -> str:
    said = what.format(count)
    for many, one in (("packets are", "packet is"), ("packets come", "packet comes"), ("packets have", "packet has")):
        said = said.replace(many, one) if count == 1 else said
    return said


def _places(moments_s: tuple[float, ...]) -> str:
    shown = ", ".join(f"{moment:.1f} s" for moment in moments_s[:3])
    return f"{shown} and {len(moments_s) - 3} more times" if len(moments_s) > 3 else shown
