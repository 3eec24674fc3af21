"""Blocks: a participant's updates as rows of fixed width that numpy reads back without parsing.

    updates ─ split ─► runs of one epoch, model and formula ─ pack ─► payload ─ rows ─► ndarray ─► Update, Series
                                          merge ─► long runs ─ compressed ─┘
An update is quantised once, before anybody sees it, so that live values and recorded ones are the same numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.types import ACTION_UNITS

from roompulse_server.series import Floats, Integers, Series
from roompulse_server.storage.compression import Bytes, compress, decompress, decompress_ahead
from roompulse_server.storage.fixed_point import BYTE_UNIT, SIGNED_UNIT, UNIT, Fixed
from roompulse_server.storage.update_row import (
    FORMAT,
    HAS_ACTIVE,
    HAS_AFFECT,
    HAS_UNITS,
    ROW,
    SPEAKING,
    SPEAKING_KNOWN,
    SUMMED,
    SUMMED_BYTES,
    to_row,
    to_update,
)
from roompulse_server.types import Update
from roompulse_server.types.log import QuantisedUpdate

Rows = NDArray[np.void]
T = TypeVar("T")

COMPRESSED = 3  # the format of `ROW`s compressed by column; FORMAT is that of plain ones
_WHOLE = 2  # compressed, too, but all columns in one stream: read, no longer written


@dataclass(frozen=True, slots=True)
class Extent:
    """Which updates a block holds; its last sequence and offset are its own, not those after it."""

    first_sequence: int
    last_sequence: int
    first_offset_us: int
    last_offset_us: int
    count: int


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive updates of one participant, of one epoch, model and formula. `model_id` is empty without a face."""

    epoch: int
    model_id: str
    formula_id: str
    payload: bytes
    extent: Extent
    format: int = FORMAT


def rows(block: Block) -> Rows:
    """Return a block as an array of `ROW`; without a copy where it is not compressed.

    Raises:
        ValueError: The payload is damaged, not a whole number of rows, or of a format that this version cannot read.
    """
    if block.format == COMPRESSED:
        return decompress(block.payload, ROW.itemsize, SUMMED_BYTES).view(ROW)[:, 0]
    if block.format == _WHOLE:
        return decompress_ahead(block.payload, ROW.itemsize).view(ROW)[:, 0]
    if block.format != FORMAT:
        message = f"a block has format {block.format}; this version reads {FORMAT}, {_WHOLE} and {COMPRESSED}"
        raise ValueError(message)
    return np.frombuffer(block.payload, ROW)


def compressed(block: Block) -> Block:
    """Return the same block in less than half the space. Worth it from some dozen rows on."""
    if block.format != FORMAT:
        return block
    return replace(block, payload=compress(_bytes(block), SUMMED_BYTES), format=COMPRESSED)


def quantise(update: Update) -> QuantisedUpdate:
    """Return the update as the record will give it back, with its row. Doing it twice changes nothing."""
    affect, formula_id = update.reading.affect, update.reading.engagement.formula_id
    row = to_row(update)
    model_id = affect.model_id if affect else ""
    return QuantisedUpdate(to_update(row, update.participant, update.epoch, model_id, formula_id), row)


def to_updates(block: Block, participant: str, after: int = 0) -> Iterator[Update]:
    """Return the updates of a block whose sequence is higher than `after`, in order."""
    table = rows(block)
    for row in table[table["head"]["sequence"] > after]:
        yield to_update(row.tobytes(), participant, block.epoch, block.model_id, block.formula_id)


def split(updates: Iterable[QuantisedUpdate]) -> Iterator[Block]:
    """Cut one participant's updates, in order, into as few blocks as hold them."""
    for run, sort in _runs(updates, _sort_of_update):
        payload = b"".join(item.row for item in run)
        offsets_us = [item.update.offset_us for item in run]
        first, last = run[0].update.sequence, run[-1].update.sequence
        extent = Extent(first, last, min(offsets_us), max(offsets_us), len(run))
        yield Block(sort.epoch, sort.model_id, sort.formula_id, payload, extent)


def merge(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join neighbours that one block can hold: same epoch, formula and format (not compressed), and no two models."""
    for run, sort in _runs(blocks, _sort_of_block):
        payload = b"".join(block.payload for block in run)
        extent = _joined([block.extent for block in run])
        yield Block(sort.epoch, sort.model_id, sort.formula_id, payload, extent, sort.format)


def _joined(extents: Sequence[Extent]) -> Extent:
    return Extent(
        extents[0].first_sequence,
        extents[-1].last_sequence,
        min(extent.first_offset_us for extent in extents),
        max(extent.last_offset_us for extent in extents),
        sum(extent.count for extent in extents),
    )


class _Sort(NamedTuple):
    """What all rows of a block have in common; `model_id` is empty without a face, and goes with any."""

    epoch: int
    formula_id: str
    format: int
    model_id: str


def _sort_of_update(item: QuantisedUpdate) -> _Sort:
    affect, engagement = item.update.reading.affect, item.update.reading.engagement
    return _Sort(item.update.epoch, engagement.formula_id, FORMAT, affect.model_id if affect else "")


def _sort_of_block(block: Block) -> _Sort:
    return _Sort(block.epoch, block.formula_id, block.format, block.model_id)


def _runs(items: Iterable[T], sort_of: Callable[[T], _Sort]) -> Iterator[tuple[list[T], _Sort]]:
    run: list[T] = []
    common: _Sort | None = None
    for item in items:
        sort = sort_of(item)
        if common and not _alike(common, sort):
            yield run, common
            run, common = [], None
        run.append(item)
        common = common if common and common.model_id else sort
    if common:
        yield run, common


def _alike(one: _Sort, other: _Sort) -> bool:
    same = one[:3] == other[:3] and one.format == FORMAT
    return same and (not one.model_id or other.model_id in ("", one.model_id))


def to_series(participant: str, blocks: Sequence[Block]) -> Series:
    """Return a participant's blocks, in order, as columns."""
    tables = [_summed(block) for block in blocks]
    table = np.concatenate([np.zeros((0, SUMMED.itemsize), np.uint8), *tables]).view(SUMMED)[:, 0]
    counts = [len(one) for one in tables]
    models = sorted({block.model_id for block in blocks} - {""})
    formulas = sorted({block.formula_id for block in blocks} - {""})
    has_affect, has_units = (table["flags"] & bit > 0 for bit in (HAS_AFFECT, HAS_UNITS))
    active = np.where(table["flags"] & HAS_ACTIVE > 0, table["active"], 0)
    valences = _where(has_affect, SIGNED_UNIT, table["valences"])
    provenances = np.where(has_affect, table["provenances"], 0)
    model = _each([models.index(block.model_id) if block.model_id else -1 for block in blocks], counts)
    return Series(
        participant=participant,
        sequence=_integers(table["sequence"]),
        epoch=_each([block.epoch for block in blocks], counts),
        offset_us=_integers(table["offset_us"]),
        presence=_integers(table["presence"]),
        no_score_reason=_integers(table["no_score_reason"]),
        band=_integers(table["band"] & 15),
        facing_state=_integers(table["band"] >> 4),
        score=table["score"].astype(np.float64),
        facing=table["facing"].astype(np.float64),
        expression=table["expression"].astype(np.float64),
        coverage=UNIT.column(table["coverage"]),
        probabilities=_where(has_affect, UNIT, table["smoothed"]),
        valence=valences[:, 2],
        arousal=valences[:, 3],
        action_units=_where(has_units, BYTE_UNIT, table["action_units"]),
        active_units=active[:, None] >> np.arange(len(ACTION_UNITS)) & 1 > 0,
        valence_arousal_provenance=_integers(provenances & 15),
        action_unit_provenance=_integers(provenances >> 4),
        baseline_weight=np.where(has_affect, UNIT.column(table["baseline_weight"]), np.nan),
        speaking=np.where(table["flags"] & SPEAKING_KNOWN > 0, table["flags"] & SPEAKING > 0, np.nan),
        model=np.where(has_affect, model, -1),
        formula=_each([formulas.index(block.formula_id) if block.formula_id else -1 for block in blocks], counts),
        model_ids=tuple(models),
        formula_ids=tuple(formulas),
    )


def _bytes(block: Block) -> Bytes:
    return rows(block).view(np.uint8).reshape(-1, ROW.itemsize)


def _summed(block: Block) -> Bytes:
    """Return what `Series` is made of, the bytes of a `SUMMED` a row."""
    if block.format == COMPRESSED:
        return decompress_ahead(block.payload, SUMMED.itemsize)
    return _bytes(block)[:, SUMMED_BYTES]


def _integers(column: NDArray[np.integer]) -> Integers:
    return column.astype(np.int64)


def _each(values: Sequence[int], counts: Sequence[int]) -> Integers:
    return np.repeat(np.array(values, np.int64), np.array(counts, np.int64))


def _where(present: NDArray[np.bool_], fixed: Fixed, codes: NDArray[np.integer]) -> Floats:
    return np.where(present[:, None], fixed.column(codes), np.nan)
