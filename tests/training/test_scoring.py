"""From files to figures: the rules for invalid labels, and every figure by an independent way."""

import pathlib

import numpy as np
import pytest
from roompulse_training import figures, scoring
from roompulse_training.affwild import AU, EXPR, TASKS, VA, Doubles, Task, Track, find_folder, read_folder
from roompulse_training.errors import DataError
from roompulse_training.mtl import PARTS, Rows, read_rows
from sklearn.metrics import f1_score

MEASURES = {EXPR: figures.EXPRESSION, VA: figures.VALENCE_AROUSAL, AU: figures.action_units()}


def guesses(truth: Doubles, task: Task, rng: np.random.Generator) -> Doubles:
    """Return predictions that are right more often than not."""
    if task is VA:
        return (0.6 * truth + rng.normal(0, 0.3, truth.shape)).clip(-1, 1)
    fresh = rng.integers(0, 8, truth.shape) if task is EXPR else rng.random(truth.shape)
    return np.where((truth < 0) | (rng.random(truth.shape) < 0.4), fresh, truth).astype(np.float64)


def tracks(root: pathlib.Path, task: Task) -> tuple[dict[str, Track], dict[str, Track]]:
    truth = read_folder(find_folder(root, task), task)
    rng = np.random.default_rng(0)
    return truth, {name: Track(t.path, guesses(t.values, task, rng)) for name, t in truth.items()}


def slow_ccc(x: Doubles, y: Doubles) -> float:
    n, mx, my = len(x), sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / n
    spread = sum((a - mx) ** 2 for a in x) / n + sum((b - my) ** 2 for b in y) / n
    return float(2 * covariance / (spread + (mx - my) ** 2))


def slow_figure(truth: Doubles, predicted: Doubles, task: Task) -> float:
    """Return the challenge's own figure, frame by frame."""
    kept = [(t, p) for t, p in zip(truth, predicted, strict=True) if min(t) >= (-1 if task is VA else 0)]
    t, p = (np.array(side) for side in zip(*kept, strict=True))
    if task is VA:
        return (slow_ccc(t[:, 0], p[:, 0]) + slow_ccc(t[:, 1], p[:, 1])) / 2
    if task is EXPR:
        return float(f1_score(t[:, 0], p[:, 0], labels=list(range(8)), average="macro", zero_division=0))
    return float(np.mean([f1_score(t[:, u], p[:, u] >= 0.5, zero_division=0) for u in range(12)]))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_challenge_figure_is_that_of_all_valid_frames_together(task: Task, affwild_set: pathlib.Path) -> None:
    truth, predicted = tracks(affwild_set, task)
    found = scoring.score(scoring.pair(truth, predicted, task), MEASURES[task], rounds=0)
    labels, called = (np.concatenate([t.values for t in side.values()]) for side in (truth, predicted))
    assert next(iter(found.figures.values())) == pytest.approx(slow_figure(labels, called, task), abs=1e-9)
    assert found.frames + found.invalid == len(labels) == 360
    assert 15 < found.invalid < 70
    assert found.videos == 2  # the two people of video4 are of one


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_is_predicted_for_an_invalid_frame_does_not_matter(task: Task, affwild_set: pathlib.Path) -> None:
    truth, predicted = tracks(affwild_set, task)
    gaps = {
        name: Track(t.path, np.where(task.valid(truth[name].values)[:, None], t.values, task.missing))
        for name, t in predicted.items()
    }
    scores = [scoring.score(scoring.pair(truth, p, task), MEASURES[task], rounds=0) for p in (predicted, gaps)]
    assert scores[0].figures == scores[1].figures


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_perfect_is_one_and_sure_of_it(task: Task, affwild_set: pathlib.Path) -> None:
    truth, _ = tracks(affwild_set, task)
    found = scoring.score(scoring.pair(truth, truth, task), MEASURES[task], rounds=20)
    for name, value in found.figures.items():
        assert value == pytest.approx(1.0, abs=1e-9)
        assert found.intervals[name].low == pytest.approx(1.0, abs=1e-9)  # a draw that lost a class, too


def test_a_missing_video_a_short_one_and_a_gap_are_named(affwild_set: pathlib.Path) -> None:
    truth, predicted = tracks(affwild_set, VA)
    name, track = next(iter(predicted.items()))
    with pytest.raises(DataError, match=f"there is no {name}.txt"):
        scoring.pair(truth, {n: t for n, t in predicted.items() if n != name}, VA)
    with pytest.raises(DataError, match="has 119 frames, its labels have 120"):
        scoring.pair(truth, predicted | {name: Track(track.path, track.values[:-1])}, VA)
    row = int(np.flatnonzero(VA.valid(truth[name].values))[3])
    values = track.values.copy()
    values[row, 1] = VA.missing
    with pytest.raises(DataError, match=rf"{name}.txt:{row + 2}: has no prediction \(-5\)"):
        scoring.pair(truth, predicted | {name: Track(track.path, values)}, VA)


def test_nothing_labelled_is_said() -> None:
    empty = {"v": Track(pathlib.Path("labels/v.txt"), np.full((4, 1), -1.0))}
    with pytest.raises(DataError, match="no frame has a valid label of expressions"):
        scoring.pair(empty, empty, EXPR)


def test_thresholds_move_units_and_the_half_is_still_told() -> None:
    truth, scores = np.tile([1.0, 0.0], (3, 6)), np.full((3, 12), 0.6)
    high = figures.action_units([0.7] * 12).figures(truth, scores, {})
    assert high["mean_au_f1"] == 0.0
    assert high["mean_au_f1_at_0.5"] == 0.5  # six units always there, six never
    assert "mean_au_f1_at_0.5" not in figures.action_units().figures(truth, scores, {})


def multi_task(root: pathlib.Path) -> tuple[Rows, Rows]:
    (path,) = root.rglob("MTL_Challenge/Validation_Set.txt")
    truth, rng = read_rows(path), np.random.default_rng(5)
    columns = [guesses(truth.values[:, places], task, rng) for task, places in PARTS]
    order = rng.permutation(len(truth.images))  # predictions may come in any order
    return truth, Rows(path, tuple(truth.images[i] for i in order), np.hstack(columns)[order])


def test_the_multi_task_score_is_the_sum_of_the_parts_each_with_its_own_frames(affwild_set: pathlib.Path) -> None:
    truth, predicted = multi_task(affwild_set)
    pairs = scoring.pair_rows(truth, predicted)
    found = scoring.score(pairs, figures.multi_task(), rounds=10)
    back = [predicted.images.index(image) for image in truth.images]
    parts = [slow_figure(truth.values[:, c], predicted.values[back][:, c], task) for task, c in PARTS]
    assert found.figures["p_mtl"] == pytest.approx(sum(parts), abs=1e-9)
    counts = [int(task.valid(truth.values[:, c]).sum()) for task, c in PARTS]
    assert [found.support[n] for n in ("ccc_mean", "macro_f1", "mean_au_f1")] == counts
    assert found.intervals["p_mtl"].low <= found.intervals["p_mtl"].high


def test_a_perfect_multi_task_score_is_three_and_sure_of_it(affwild_set: pathlib.Path) -> None:
    truth, _ = multi_task(affwild_set)
    found = scoring.score(scoring.pair_rows(truth, truth), figures.multi_task(), rounds=20)
    assert (found.figures["p_mtl"], found.intervals["p_mtl"].low) == pytest.approx((3.0, 3.0), abs=1e-9)


def test_a_picture_without_prediction_is_named(affwild_set: pathlib.Path) -> None:
    truth, predicted = multi_task(affwild_set)
    short = Rows(predicted.path, predicted.images[1:], predicted.values[1:])
    with pytest.raises(DataError, match=f"no prediction for {predicted.images[0]}, line"):
        scoring.pair_rows(truth, short)
