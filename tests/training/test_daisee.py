"""DAiSEE files and what scores per clip are worth on them."""

import math
import pathlib

import numpy as np
import pytest
from roompulse_training import daisee
from roompulse_training.errors import DataError
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

HEADER = "ClipID,Boredom,Engagement,Confusion,Frustration "


def test_the_split_s_levels_are_read(daisee_set: pathlib.Path) -> None:
    path = daisee_set / "Labels" / "TestLabels.csv"
    assert path.read_text(encoding="utf-8").splitlines()[0] == HEADER
    levels = daisee.read_levels(daisee_set)
    assert levels == daisee.read_levels(path)
    assert len(levels) == 6
    assert all(name.isdigit() and len(name) == 10 for name in levels)
    assert set(daisee.read_levels(daisee_set, "All")) > set(levels)
    assert daisee.read_levels(daisee_set, measure="Boredom") != levels


def test_scores_are_read_as_written(tmp_path: pathlib.Path) -> None:
    scores = {"1100011002": 0.5, "1100011003": math.nan}
    daisee.write_scores(tmp_path / "s.csv", scores)
    found = daisee.read_scores(tmp_path / "s.csv")
    assert found["1100011002"] == 0.5
    assert math.isnan(found["1100011003"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ClipID,Boredom\n", "1: expected columns 'ClipID' and 'Engagement'"),
        ("", "1: expected columns"),
        (f"{HEADER}\n1.avi,0,4,0,0\n", "2: expected a level from 0 to 3, found '4'"),
        (f"{HEADER}\n1.avi,0,1\n", "2: expected 5 values, found 3"),
        (f"{HEADER}\n1.avi,0,1,0,0\n1.mp4,0,1,0,0\n", "3: clip 1 stands in line 2 already"),
    ],
)
def test_wrong_labels_are_named_with_their_line(text: str, words: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "TestLabels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        daisee.read_levels(path)
    assert str(caught.value).startswith(f"{path}:{words}")


@pytest.mark.parametrize("word", ["high", "inf"])
def test_wrong_scores_are_named_with_their_line(word: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(f"clip,score\n1,0.5\n2,{word}\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"scores\.csv:3: expected .*'{word}'"):
        daisee.read_scores(path)


def test_absent_files_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match=r"TestLabels\.csv: cannot be read"):
        daisee.read_levels(tmp_path)
    with pytest.raises(DataError, match=r"expected one video .*found none"):
        daisee.find_clip(tmp_path, "1100011002")


def clips(count: int = 120) -> tuple[dict[str, int], dict[str, float]]:
    rng = np.random.default_rng(3)
    levels = {f"{110000 + i // 6}{i:04d}": int(rng.choice(4, p=[0.05, 0.15, 0.5, 0.3])) for i in range(count)}
    return levels, {clip: 0.5 + 0.08 * level + float(rng.normal(0, 0.1)) for clip, level in levels.items()}


def test_agreement_is_that_of_scipy_and_scikit_learn() -> None:
    levels, scores = clips()
    scores |= dict.fromkeys(list(levels)[:5], math.nan) | {"9999999999": 0.1}
    found = daisee.agreement(levels, scores, rounds=100)
    kept = list(levels)[5:]
    truth, value = np.array([levels[c] for c in kept]), np.array([scores[c] for c in kept])
    assert (found.scored, found.unscored, found.users) == (115, 5, 20)
    assert found.spearman == pytest.approx(spearmanr(truth, value).statistic, abs=1e-9)
    assert found.auc == pytest.approx(roc_auc_score(truth >= 2, value), abs=1e-9)
    for row in found.levels:
        assert row.clips == (truth == row.level).sum()
        assert row.mean == pytest.approx(value[truth == row.level].mean())
        assert row.interval.low < row.mean < row.interval.high
    assert found.spearman_interval.low < found.spearman < found.spearman_interval.high


def test_perfect_order_and_none() -> None:
    levels, _ = clips()
    perfect = daisee.agreement(levels, {clip: float(level) for clip, level in levels.items()}, rounds=0)
    assert (perfect.spearman, perfect.auc) == pytest.approx((1.0, 1.0))
    flat = daisee.agreement(levels, dict.fromkeys(levels, 0.5), rounds=0)
    assert math.isnan(flat.spearman)
    assert flat.auc == 0.5


def test_clips_without_a_score_are_not_enough() -> None:
    with pytest.raises(ValueError, match="no clip has both"):
        daisee.agreement({"1": 0}, {"2": 0.5})
