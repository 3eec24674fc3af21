"""Blocks: a participant's updates as rows of fixed width that numpy reads back without parsing.

    updates ─ split ─► runs of one epoch, model and formula ─ pack ─► payload ─ rows ─► ndarray ─► Update, Series
                                          merge ─► long runs ─ compressed ─┘
An update is quantised once, before anybody sees it, so that live values and recorded ones are the same numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roompulse_server.series import Floats, Integers, Series
from roompulse_server.storage.compression import compress, decompress
from roompulse_server.storage.fixed import BYTE_UNIT, SIGNED_UNIT, UNIT, Fixed
from roompulse_server.storage.row import FORMAT, HAS_ACTIVE, HAS_AFFECT, HAS_UNITS, ROW, to_row, to_update
from roompulse_server.types import ACTION_UNITS, Update

Rows = NDArray[np.void]

COMPRESSED = 2  # the format of `ROW`s compressed by column; FORMAT is that of plain ones


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive updates of one participant, of one epoch, model and formula. `model_id` is empty without a face."""

    epoch: int
    model_id: str
    formula_id: str
    payload: bytes
    format: int = FORMAT


def pack(updates: Sequence[Update]) -> bytes:
    """Return the updates as `ROW`s, one after the other."""
    return np.array([to_row(update) for update in updates], ROW).tobytes()


def rows(block: Block) -> Rows:
    """Return a block as an array of `ROW`; without a copy where it is not compressed.

    Raises:
        ValueError: The payload is damaged, not a whole number of rows, or of a format that this version cannot read.
    """
    if block.format not in (FORMAT, COMPRESSED):
        raise ValueError(f"a block has format {block.format}; this version reads {FORMAT} and {COMPRESSED}")
    payload = decompress(block.payload, ROW.itemsize) if block.format == COMPRESSED else block.payload
    return np.frombuffer(payload, ROW)


def compressed(block: Block) -> Block:
    """Return the same block in less than half the space. Worth it from some dozen rows on."""
    if block.format == COMPRESSED:
        return block
    return replace(block, payload=compress(block.payload, ROW.itemsize), format=COMPRESSED)


def quantise(update: Update) -> Update:
    """Return the update as the record will give it back. Doing it twice changes nothing."""
    affect = update.reading.affect
    row = np.array([to_row(update)], ROW)[0]
    formula_id = update.reading.engagement.formula_id
    return to_update(row, update.participant, update.epoch, affect.model_id if affect else "", formula_id)


def to_updates(block: Block, participant: str, after: int = 0) -> Iterator[Update]:
    """Return the updates of a block whose sequence is higher than `after`, in order."""
    table = rows(block)
    for row in table[table["head"]["sequence"] > after]:
        yield to_update(row, participant, block.epoch, block.model_id, block.formula_id)


def split(updates: Sequence[Update]) -> Iterator[Block]:
    """Cut one participant's updates, in order, into as few blocks as hold them."""
    return merge(_single(update) for update in updates)


def merge(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join neighbours that one block can hold: same epoch, formula and format (not compressed), and no two models."""
    run: list[Block] = []
    model_id = ""
    for block in blocks:
        if run and not (_alike(run[0], block) and (not model_id or block.model_id in ("", model_id))):
            yield _joined(run, model_id)
            run, model_id = [], ""
        run.append(block)
        model_id = model_id or block.model_id
    if run:
        yield _joined(run, model_id)


def _single(update: Update) -> Block:
    affect = update.reading.affect
    model_id = affect.model_id if affect else ""
    return Block(update.epoch, model_id, update.reading.engagement.formula_id, pack([update]))


def _alike(one: Block, other: Block) -> bool:
    same = (one.epoch, one.formula_id, one.format) == (other.epoch, other.formula_id, other.format)
    return same and one.format != COMPRESSED


def _joined(run: Sequence[Block], model_id: str) -> Block:
    payload = b"".join(block.payload for block in run)
    return Block(run[0].epoch, model_id, run[0].formula_id, payload, run[0].format)


def to_series(participant: str, blocks: Sequence[Block]) -> Series:
    """Return a participant's blocks, in order, as columns."""
    tables = [rows(block) for block in blocks]
    table = np.concatenate([np.zeros(0, ROW), *tables])
    counts = [len(one) for one in tables]
    models = sorted({block.model_id for block in blocks} - {""})
    formulas = sorted({block.formula_id for block in blocks} - {""})
    head, affect, engagement = table["head"], table["affect"], table["engagement"]
    has_affect = table["head"]["flags"] & HAS_AFFECT > 0
    has_units = table["head"]["flags"] & HAS_UNITS > 0
    active = np.where(head["flags"] & HAS_ACTIVE > 0, affect["active"], 0)
    valences = _where(has_affect, SIGNED_UNIT, affect["valences"])
    provenances = np.where(has_affect, affect["provenances"], 0)
    model = _each([models.index(block.model_id) if block.model_id else -1 for block in blocks], counts)
    return Series(
        participant=participant,
        sequence=_integers(head["sequence"]),
        epoch=_each([block.epoch for block in blocks], counts),
        offset_us=_integers(head["offset_us"]),
        presence=_integers(head["presence"]),
        no_score_reason=_integers(head["no_score_reason"]),
        band=_integers(head["band"] & 15),
        facing_state=_integers(head["band"] >> 4),
        score=engagement["score"].astype(np.float64),
        facing=engagement["facing"].astype(np.float64),
        expression=engagement["expression"].astype(np.float64),
        coverage=UNIT.column(engagement["coverage"]),
        probabilities=_where(has_affect, UNIT, affect["smoothed"]),
        valence=valences[:, 2],
        arousal=valences[:, 3],
        action_units=_where(has_units, BYTE_UNIT, affect["action_units"]),
        active_units=active[:, None] >> np.arange(len(ACTION_UNITS)) & 1 > 0,
        valence_arousal_provenance=_integers(provenances & 15),
        action_unit_provenance=_integers(provenances >> 4),
        baseline_weight=np.where(has_affect, UNIT.column(affect["baseline_weight"]), np.nan),
        model=np.where(has_affect, model, -1),
        formula=_each([formulas.index(block.formula_id) if block.formula_id else -1 for block in blocks], counts),
        model_ids=tuple(models),
        formula_ids=tuple(formulas),
    )


def _integers(column: NDArray[np.integer]) -> Integers:
    return column.astype(np.int64)


def _each(values: Sequence[int], counts: Sequence[int]) -> Integers:
    return np.repeat(np.array(values, np.int64), np.array(counts, np.int64))


def _where(present: NDArray[np.bool_], fixed: Fixed, codes: NDArray[np.integer]) -> Floats:
    return np.where(present[:, None], fixed.column(codes), np.nan)
