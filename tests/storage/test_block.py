"""A row holds the whole of an update, at the stated resolution, and holds it for good."""

import dataclasses
import math
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_updates import NAN, affects, plain, updates
from roompulse_server.storage import block, fixed_point, update_row
from roompulse_server.types import AffectReading, Update
from roompulse_vision.types import ACTION_UNITS, LABELS, Box, FaceQuality, FaceReading, RawAffect

FACE = FaceReading(track=1, box=Box(0.25, 0.25, 0.5, 0.5), quality=FaceQuality(96, 100, 0.9))

HALF_STEP = {
    "box": 0.5 / 16_384,
    "landmarks": 0.5 / 16_384,
    "pose": 0.005,
    "size_px": 0.0625,
    "motion": 0.5 / 256,
    "detector_score": 0.5 / 65_534,
    "coverage": 0.5 / 65_534,
    "baseline_weight": 0.5 / 65_534,
    "raw": 0.5 / 65_534,
    "adjusted": 0.5 / 65_534,
    "smoothed": 0.5 / 65_534,
    "action_units": 0.5 / 254,
    "raw_valence": 0.5 / 32_767,
    "raw_arousal": 0.5 / 32_767,
    "valence": 0.5 / 32_767,
    "arousal": 0.5 / 32_767,
    "yaw_from_reference_deg": 0.005,
    "pitch_from_reference_deg": 0.005,
    "window_s": 0.005,
    "analysis_age_us": 50,
    "scoring_latency_us": 50,
}


def quantise(update: Update) -> Update:
    return block.quantise(update).update


def split(updates: Iterable[Update]) -> Iterator[block.Block]:
    return block.split(map(block.quantise, updates))


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """The numbers of a dataclass, each with the name of the field that decides its resolution."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return [leaf for key, part in named for leaf in leaves(part, name if name in HALF_STEP else key)]
    if isinstance(value, tuple):
        return [leaf for part in value for leaf in leaves(part, name)]
    return [(name, value)]


def same(one: object, other: object) -> bool:
    """Equal, where nan equals nan."""
    return [repr(leaf) for leaf in leaves(one)] == [repr(leaf) for leaf in leaves(other)]


def test_a_row_is_small() -> None:
    assert update_row.ROW.itemsize <= 200


@given(updates)
def test_every_value_survives_within_its_resolution(update: Update) -> None:
    kept = quantise(update)
    for (name, before), (_, after) in zip(leaves(update), leaves(kept), strict=True):
        if not isinstance(before, float):
            tolerance = HALF_STEP.get(name, 0)
            assert after == before if tolerance == 0 or before is None else abs(after - before) <= tolerance
        elif math.isnan(before):
            assert math.isnan(after), name
        else:
            tolerance = HALF_STEP.get(name, 0)
            rounding = tolerance + 1e-7 * abs(before)  # to a step, then to 32 bits
            assert after == pytest.approx(before, abs=rounding + 1e-12, rel=1e-7), name


@given(updates)
def test_quantising_twice_changes_nothing(update: Update) -> None:
    once = quantise(update)
    assert same(quantise(once), once)


@given(updates)
def test_live_values_are_32_bit_floats_so_that_the_wire_changes_nothing(update: Update) -> None:
    for name, value in leaves(quantise(update)):
        if isinstance(value, float) and not math.isnan(value):
            assert float(np.float32(value)) == value, name


@given(affects())
def test_probabilities_still_sum_to_one_over_the_same_labels(affect: AffectReading) -> None:
    update = plain(1)
    reading = dataclasses.replace(update.reading, affect=affect)
    kept = quantise(dataclasses.replace(update, reading=reading)).reading.affect
    assert kept is not None
    for before, after in [(affect.raw, kept.raw), (affect.adjusted, kept.adjusted), (affect.smoothed, kept.smoothed)]:
        assert [math.isnan(p) for p in after] == [math.isnan(p) for p in before]
        assert sum(p for p in after if not math.isnan(p)) == pytest.approx(1, abs=1e-3)


def test_values_out_of_range_are_moved_to_its_end() -> None:
    places = fixed_point.FixedRow((fixed_point.PLACE, fixed_point.PLACE, fixed_point.UNIT))
    assert places.codes((99.0, -math.inf, math.inf)) == [32_767, -32_767, 65_534]


@given(st.lists(updates, min_size=1, max_size=5))
def test_updates_come_back_from_blocks_in_order(series: list[Update]) -> None:
    quantised = [quantise(update) for update in series]
    back = [update for part in split(quantised) for update in block.to_updates(part, "ada")]
    assert same(tuple(back), tuple(quantised))


def test_blocks_are_cut_only_where_epoch_formula_or_model_change() -> None:
    changes = [("m", "f", 1), ("", "f", 1), ("m", "f", 1), ("n", "f", 1), ("n", "g", 1), ("n", "g", 2), ("", "g", 2)]
    series = [plain(i + 1, model=m, formula=f, epoch=e) for i, (m, f, e) in enumerate(changes)]
    parts = [(len(block.rows(part)), part.model_id, part.formula_id, part.epoch) for part in split(series)]
    assert parts == [(3, "m", "f", 1), (1, "n", "f", 1), (1, "n", "g", 1), (2, "n", "g", 2)]


def test_a_payload_that_was_cut_is_refused() -> None:
    (whole,) = split([plain(1)])
    with pytest.raises(ValueError, match="buffer size"):
        block.rows(dataclasses.replace(whole, payload=whole.payload[:-1]))


@given(st.lists(updates, max_size=6))
def test_series_hold_what_the_updates_say(random_updates: list[Update]) -> None:
    quantised = [quantise(update) for update in random_updates]
    series = block.to_series("ada", list(split(quantised)))
    assert series.sequence.tolist() == [update.sequence for update in quantised]
    assert series.epoch.tolist() == [update.epoch for update in quantised]
    assert series.offset_us.tolist() == [update.offset_us for update in quantised]
    assert series.presence.tolist() == [update.reading.presence for update in quantised]
    assert [series.formula_ids[i] for i in series.formula] == [u.reading.engagement.formula_id for u in quantised]
    assert series.band.tolist() == [update.reading.engagement.band for update in quantised]
    assert series.facing_state.tolist() == [update.reading.engagement.facing_state for update in quantised]
    for index, update in enumerate(quantised):
        affect, engagement = update.reading.affect, update.reading.engagement
        assert series.coverage[index] == engagement.coverage
        assert_optional(series.score[index], engagement.score)
        assert_optional(series.facing[index], engagement.facing)
        assert_optional(series.valence[index], affect.valence if affect else None)
        assert_optional(series.arousal[index], affect.arousal if affect else None)
        assert_optional(series.speaking[index], None if update.speaking is None else float(update.speaking))
        smoothed = affect.smoothed if affect else (NAN,) * len(LABELS)
        assert repr(tuple(series.probabilities[index].tolist())) == repr(smoothed)
        assert series.model[index] == (0 if affect else -1)
        assert series.valence_arousal_provenance[index] == (affect.valence_arousal_provenance if affect else 0)
        units = affect.action_units if affect else None
        assert units is None or tuple(series.action_units[index].tolist()) == units
        assert units is not None or np.isnan(series.action_units[index]).all()
        active = affect.action_units_active if affect else None
        assert tuple(series.active_units[index].tolist()) == (active or (False,) * len(ACTION_UNITS))


def assert_optional(cell: float, value: float | None) -> None:
    assert cell == value if value is not None else math.isnan(cell)


def test_the_scorers_input_is_not_kept_twice() -> None:
    update = plain(1)
    affect = update.reading.affect
    assert affect is not None
    face = dataclasses.replace(FACE, affect=RawAffect("m", affect.raw))
    kept = quantise(dataclasses.replace(update, reading=dataclasses.replace(update.reading, face=face)))
    assert kept.reading.face is not None
    assert kept.reading.face.affect is None
    assert kept.reading.affect is not None
    assert kept.reading.affect.raw == pytest.approx(affect.raw, abs=1e-4, nan_ok=True)


@given(st.lists(updates, min_size=1, max_size=5))
def test_compressed_blocks_hold_the_same_updates(series: list[Update]) -> None:
    quantised = [quantise(update) for update in series]
    parts = [block.compressed(part) for part in split(quantised)]
    assert {part.format for part in parts} == {block.COMPRESSED}
    assert [block.compressed(part) for part in parts] == parts
    assert same(tuple(update for part in parts for update in block.to_updates(part, "ada")), tuple(quantised))
    columns, plain_columns = (block.to_series("ada", list(blocks)) for blocks in (parts, split(quantised)))
    assert all(
        repr(getattr(columns, f.name)) == repr(getattr(plain_columns, f.name)) for f in dataclasses.fields(columns)
    )


def test_a_person_who_stays_takes_less_than_half_the_space() -> None:
    (whole,) = split([quantise(plain(n)) for n in range(1, 257)])
    assert len(block.compressed(whole).payload) < len(whole.payload) / 2


def test_a_damaged_or_newer_block_is_refused_in_words() -> None:
    (whole,) = split([plain(1)])
    small = block.compressed(whole)
    with pytest.raises(ValueError, match="compressed block is damaged"):
        block.rows(dataclasses.replace(small, payload=small.payload[:-1]))
    with pytest.raises(ValueError, match="format 9; this version reads 1, 2 and 3"):
        block.rows(dataclasses.replace(whole, format=9))


def test_blocks_compressed_in_one_stream_are_still_read() -> None:
    """So format 2 was written: all columns of differences behind one another."""
    updates = [quantise(plain(n)) for n in range(1, 20)]
    (whole,) = split(updates)
    table = np.frombuffer(whole.payload, np.uint8).reshape(len(updates), -1)
    changes = np.diff(table, axis=0, prepend=np.zeros((1, table.shape[1]), np.uint8))
    older = dataclasses.replace(whole, payload=zlib.compress(changes.T.tobytes()), format=2)
    assert list(block.to_updates(older, "ada")) == updates
    series, same = (block.to_series("ada", [one]) for one in (older, whole))
    for field in dataclasses.fields(series):
        np.testing.assert_array_equal(getattr(series, field.name), getattr(same, field.name))
    assert block.compressed(older) is older
    assert list(block.merge([older, older])) == [older, older]


def test_a_compressed_block_without_its_end_is_refused() -> None:
    (whole,) = split([plain(n) for n in (1, 2)])
    small = block.compressed(whole)
    cut = dataclasses.replace(small, payload=small.payload[:20])
    with pytest.raises(ValueError, match="its end is missing"):
        block.to_series("ada", [cut])
    with pytest.raises(ValueError, match="its end is missing"):
        block.rows(dataclasses.replace(small, payload=small.payload[:-5]))


def test_compressed_blocks_are_not_joined_again() -> None:
    parts = [block.compressed(next(split([plain(n)]))) for n in (1, 2)]
    assert list(block.merge(parts)) == parts
