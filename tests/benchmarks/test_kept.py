"""When a check turns red."""

import pathlib

import pytest

from benchmarks import kept
from benchmarks.kept import Part

STEADY = (1.98, 2.0, 2.02, 2.0, 2.0, 2.01, 1.99, 2.0)


def times(factor: float) -> list[Part]:
    return [Part(ratio * factor, others=0.01) for ratio in STEADY]


def test_an_unchanged_tree_is_as_before() -> None:
    verdict = kept.verdict("live", times(1.0), 2.0)
    assert (verdict.slower, verdict.sure) == (False, True)


def test_a_tenth_more_is_slower() -> None:
    verdict = kept.verdict("live", times(1.105), 2.0)
    assert (verdict.slower, verdict.sure) == (True, True)
    assert verdict.growth == pytest.approx(1.105)


def test_near_the_border_nothing_is_sure() -> None:
    assert not kept.verdict("live", times(kept.SLOWER + 0.005), 2.0).sure
    assert not kept.verdict("live", times(kept.SLOWER - 0.005), 2.0).sure


def test_one_disturbed_part_does_not_decide() -> None:
    assert not kept.verdict("live", [*times(1.0), Part(4.0, others=0.0)], 2.0).slower


def test_parts_in_which_others_worked_do_not_count() -> None:
    verdict = kept.verdict("live", [*times(1.0), *(Part(3.0, others=0.4) for _ in STEADY)], 2.0)
    assert verdict.growth == pytest.approx(1.0)
    assert verdict.others == pytest.approx(0.01)


def test_what_is_kept_is_read_again(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "kept.json"
    kept.write({"dense": 1.30249, "live": 1.8}, file)
    assert kept.read(file) == {"dense": 1.302, "live": 1.8}


def test_the_ratios_in_the_tree_can_be_compared() -> None:
    assert set(kept.read()) == {"dense", "live"}
