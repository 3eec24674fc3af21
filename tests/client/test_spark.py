"""The spark line: one for the command line and the demo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse.cli.spark import BARS, MARK_EVERY_S, MOST_MARKS, Trace, spark, thinned
from source_tree import ROOT, functions, python_files

SCORES = st.lists(st.none() | st.floats(0, 1), max_size=500)


def test_it_spans_the_score_and_marks_what_is_missing() -> None:
    assert spark([0.2, None, 0.7, 1.0]) == "▁·▅█"
    assert spark([-1.0, 0.05, 2.0]) == "▁▁█"


@given(SCORES, st.integers(1, 200))
def test_a_thinned_line_fits_and_stays_within_what_it_is_made_of(scores: list[float | None], most: int) -> None:
    fewer = thinned(scores, most)
    assert len(fewer) <= max(most, 0) or len(scores) <= most
    known = [score for score in scores if score is not None]
    means = [score for score in fewer if score is not None]
    assert bool(means) == bool(known)
    if means:
        assert min(known) - 1e-9 <= min(means)
        assert max(means) <= max(known) + 1e-9


def test_stretches_are_means_of_what_is_known() -> None:
    assert thinned([0.2, 0.4, None, 0.6, None, None, 0.8], 4) == [pytest.approx(0.3), 0.6, None, 0.8]


def test_a_trace_holds_two_minutes() -> None:
    trace = Trace()
    for tenth in range(2000):
        trace.add(tenth / 10, None if tenth < 1000 else 1.0)
    assert len(str(trace)) == MOST_MARKS == 120 / MARK_EVERY_S
    assert str(trace) == "·" * 7 + "█" * 33


def test_nobody_else_draws_bars() -> None:
    files = python_files("client", "demo", "server")
    owners = {path.name for path in files if BARS in path.read_text(encoding="utf-8")}
    assert owners == {"spark.py"}
    drawn = [node.name for node in functions(ROOT / "demo" / "screen.py")]
    assert "sparkline" not in drawn
