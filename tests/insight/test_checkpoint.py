"""A checkpoint that cannot be used is said to be so, and changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_samples import feed
from roompulse_server.insight.scoring.checkpoint import VERSION, ScorerState, pack, unpack
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import NoScoreReason

f32 = st.floats(width=32, allow_nan=False)


@settings(deadline=None)
@given(
    ids=st.lists(st.text(max_size=16), max_size=3).map(tuple),
    at_s=st.floats(0, 1e9),
    numbers=st.lists(f32, max_size=50).map(tuple),
)
def test_what_was_packed_comes_back(ids: tuple[str, ...], at_s: float, numbers: tuple[float, ...]) -> None:
    checkpoint = ScorerState(ids, at_s, numbers)
    assert unpack(pack(checkpoint)) == checkpoint


def test_nothing_another_version_and_another_formula_are_of_no_use() -> None:
    scorer = ParticipantScorer(Formula())
    feed(scorer, 0, 20)
    data = scorer.checkpoint()
    newer = bytes((VERSION + 1,)) + data[1:]
    for formula, useless in ((Formula(), b""), (Formula(), newer), (Formula(id="acme-1"), data)):
        other = ParticipantScorer(formula)
        assert not other.restore(useless)
        assert other.at(20.0) == ParticipantScorer(formula).at(20.0)


@pytest.mark.parametrize("cut", [1, 5, 30, -2, -600])
def test_damaged_bytes_are_refused(cut: int) -> None:
    scorer = ParticipantScorer(Formula())
    feed(scorer, 0, 20)
    with pytest.raises(ValueError, match=r"checkpoint|buffer|numbers"):
        ParticipantScorer(Formula()).restore(scorer.checkpoint()[:cut])


def test_before_the_first_picture_a_restored_stream_has_none() -> None:
    scorer = ParticipantScorer(Formula())
    feed(scorer, 0, 20)
    other = ParticipantScorer(Formula())
    assert other.restore(scorer.checkpoint())
    assert other.at(20.5).engagement.no_score_reason is NoScoreReason.NO_PICTURES
    assert other.at(20.5).engagement.coverage > 0.9
