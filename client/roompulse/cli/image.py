"""`roompulse image`: the faces of still pictures."""

import asyncio
import pathlib
from typing import TYPE_CHECKING

import click

import roompulse
from roompulse.cli import figures
from roompulse.cli.layout import Column, Kind
from roompulse.cli.options import check_granted, connection, consent_option, purpose_option
from roompulse.cli.output import Output, Part
from roompulse.cli.running import run
from roompulse.cli.sheet import Sheet
from roompulse.enums import Presence
from roompulse.remedies import PRESENCES, remedy
from roompulse.results import Affect, ImageFace, ImageResult

if TYPE_CHECKING:
    from roompulse.sending.still import Still

SUFFIXES = (".jpg", ".jpeg", ".png")  # of copies


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=pathlib.Path))
@click.option(
    "--annotate", "out", type=click.Path(path_type=pathlib.Path), help="Write copies with boxes: a file or a folder."
)
@click.option("--max-faces", type=click.IntRange(0), default=0, help="At most, largest first; 0: 50.")
@purpose_option("What the pictures are analysed for.", required=True)
@consent_option
@connection
def image(
    files: tuple[pathlib.Path, ...],
    out: pathlib.Path | None,
    max_faces: int,
    purpose: str,
    consent: str | None,
    server: str,
    as_json: bool,
) -> None:
    """Read the faces of still pictures: JPEG, PNG or WebP. Nothing is recorded."""
    if out is not None:
        _check_place(files, out)
    check_granted(consent)
    failed = run(_images, files, out, max_faces, purpose, server, Output(as_json))
    if failed:
        raise SystemExit(1)


def _check_place(files: tuple[pathlib.Path, ...], out: pathlib.Path) -> None:
    """Refuse a place that copies cannot be written to."""
    suffix = "" if out.is_dir() else out.suffix.lower()
    if suffix and suffix not in SUFFIXES:
        raise click.UsageError(f"--annotate {out}: copies are written as {', '.join(SUFFIXES)}, or into a folder")
    if suffix and len(files) > 1:
        raise click.UsageError(f"--annotate {out}: the copies of {len(files)} pictures need a folder")


async def _images(
    files: tuple[pathlib.Path, ...],
    out: pathlib.Path | None,
    max_faces: int,
    purpose: str,
    server: str,
    output: Output,
) -> int:
    """Read each file; a file that cannot be read does not stop the others. Return how many could not."""
    from roompulse.errors import InvalidArgument, SourceError

    failed = 0
    async with roompulse.connect(server) as client:
        for path in files:
            try:
                still = await asyncio.to_thread(_read, path)
                if still.scaled:
                    output.note(f"note: {path}: {still.scaled}")
                data, shape = still.packet.data, still.packet.format
                result = await client.image(data, format=shape, purpose=purpose, consent="granted", max_faces=max_faces)
                _show(path, result, output)
                if out is not None:
                    _annotate(path, result, out, len(files))
            except (SourceError, InvalidArgument) as err:
                failed += 1
                output.note(f"Error: {err}" if str(path) in str(err) else f"Error: {path}: {err}")
    return failed


def _read(path: pathlib.Path) -> "Still":
    from roompulse.errors import SourceError
    from roompulse.sending.still import prepared

    try:
        return prepared(path.read_bytes())
    except FileNotFoundError as err:
        raise SourceError(f"there is no file {path}") from err
    except OSError as err:
        raise SourceError(f"{path} cannot be read: {err.strerror}") from err


def _annotate(path: pathlib.Path, result: ImageResult, out: pathlib.Path, files: int) -> None:
    from roompulse.cli.annotate import annotate

    annotate(path, result, _place(path, out, files))


def _place(path: pathlib.Path, out: pathlib.Path, files: int) -> pathlib.Path:
    """Return where a copy goes: `out` itself, or a file in it, named as the picture is."""
    from roompulse.errors import SourceError

    if files == 1 and out.suffix and not out.is_dir():
        return out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise SourceError(f"{out} is no folder that copies can be written to: {err.strerror}") from err
    suffix = path.suffix if path.suffix.lower() in SUFFIXES else ".jpg"
    place = out / (path.stem + suffix)
    return place if place.resolve() != path.resolve() else out / f"{path.stem}-faces{suffix}"


def _show(path: pathlib.Path, result: ImageResult, output: Output) -> None:
    if output.json:
        output.object({"file": str(path), **roompulse.to_dict(result)})
    elif not result.faces:
        help_ = remedy(PRESENCES[Presence.NO_FACE])
        output.show(f"{path} ({result.width}×{result.height}): no face; {help_}")
    else:
        output.show(*_parts(path, result))


def _parts(path: pathlib.Path, result: ImageResult) -> list[Part]:
    sheet = Sheet(
        f"{path} ({result.width}×{result.height}), {result.detector_id}, {result.model_id}",
        Column("face"),
        Column("at", Kind.NUMBER, 4),
        Column("size", Kind.NUMBER, 3),
        Column("detector", Kind.NUMBER, 5),
        Column("expression", Kind.TEXT),
        Column("valence", Kind.NUMBER, 1),
        Column("arousal", Kind.NUMBER, 1),
        Column("source", rank=6),
        Column("action units", Kind.TEXT, 2),
    )
    for number, face in enumerate(result.faces, 1):
        sheet.add_row(f"#{number}", *_row(face, result))
    remarks = [
        f"#{number}: {face.presence.word}; {remedy(PRESENCES[face.presence])}"
        for number, face in enumerate(result.faces, 1)
        if face.presence in PRESENCES
    ]
    return [sheet, remarks] if remarks else [sheet]


def _row(face: ImageFace, result: ImageResult) -> tuple[str, ...]:
    box, quality, affect = face.face.box, face.face.quality, face.affect
    return (
        f"{box.x * result.width:.0f}, {box.y * result.height:.0f}",
        f"{box.width * result.width:.0f}×{box.height * result.height:.0f}",
        figures.number(quality.detector_score if quality else None),
        figures.expression(affect.raw if affect else None),
        figures.number(_either(affect.raw_valence, affect.valence) if affect else None),
        figures.number(_either(affect.raw_arousal, affect.arousal) if affect else None),
        figures.source(affect.valence_arousal_provenance) if affect else figures.NOTHING,
        _units(affect) if affect else figures.NOTHING,
    )


def _units(affect: Affect) -> str:
    """Return which action units are active; where they are derived, which are the most expected."""
    source = figures.source(affect.action_unit_provenance)
    own = any(unit.active is not None for unit in affect.action_units)
    shown = {unit.number: unit.probability for unit in affect.action_units if unit.active or not own}
    return f"{figures.action_units(shown, len(shown) if own else 3) or 'none'} ({source})"


def _either(one: float | None, other: float | None) -> float | None:
    return other if one is None else one
