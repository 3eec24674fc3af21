"""FER+: the protocol against a port of its words to plain loops, its numbers on the real split, and files of others."""

import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_training import ferplus
from roompulse_training.errors import DataError
from shared_data import SHARED, needs_shared
from sklearn.metrics import accuracy_score, f1_score, log_loss

VALID = SHARED / "data" / "ferplus" / "valid.npz"
HEADER = ",".join(ferplus.CLASSES)


def slow_label(votes: list[int]) -> int:
    """The published rule, step by step."""
    kept = [0 if count <= 1 else count for count in votes]
    most, place = max(kept), kept.index(max(kept))
    return place if most > 0.5 * sum(kept) and place < 8 else -1


@given(st.lists(st.lists(st.integers(0, 10), min_size=10, max_size=10), min_size=1, max_size=20))
def test_the_majority_is_that_of_the_rule(votes: list[list[int]]) -> None:
    assert ferplus.majority(np.array(votes)).tolist() == [slow_label(row) for row in votes]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ([6, 4, 0, 0, 0, 0, 0, 0, 0, 0], 0),
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], -1),  # a half is no majority
        ([5, 1, 1, 1, 1, 1, 0, 0, 0, 0], 0),  # single votes are outliers
        ([5, 2, 2, 1, 0, 0, 0, 0, 0, 0], 0),  # 5 of 9
        ([4, 0, 0, 0, 0, 0, 0, 0, 4, 0], -1),  # unknown counts in the half
        ([2, 0, 0, 0, 0, 0, 0, 0, 8, 0], -1),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], -1),
        ([1] * 10, -1),
    ],
)
def test_the_rule_by_hand(votes: list[int], label: int) -> None:
    assert ferplus.majority(np.array([votes])).tolist() == [label]


@needs_shared
def test_the_valid_split_has_the_published_number_of_faces() -> None:
    faces = ferplus.read_faces(VALID)
    assert len(faces.labels) == 3199
    assert np.bincount(faces.labels).tolist() == [1182, 865, 415, 351, 287, 24, 62, 13]
    assert faces.distributions.sum(1) == pytest.approx(1.0)
    everything = ferplus.read_faces(VALID, ambiguous=True)
    assert set(faces.rows) < set(everything.rows)
    assert (everything.labels == -1).sum() == len(everything.labels) - 3199


def split(path: pathlib.Path, faces: int = 60) -> pathlib.Path:
    """Write a split with random votes, more for one class than for others."""
    rng = np.random.default_rng(1)
    votes = rng.integers(0, 3, (faces, 10)) + 6 * np.eye(10, dtype=int)[rng.integers(0, 10, faces)]
    np.savez(path, images=np.zeros((faces, 48, 48), np.uint8), votes=votes.astype(np.uint8))
    return path


def guesses(faces: int) -> NDArray[np.float64]:
    return np.random.default_rng(2).dirichlet(np.ones(8), faces)


def write(path: pathlib.Path, probabilities: NDArray[np.float64], header: str = HEADER) -> pathlib.Path:
    lines = [",".join(map(str, row)) for row in probabilities.tolist()]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_score_is_that_of_scikit_learn(tmp_path: pathlib.Path) -> None:
    faces = ferplus.read_faces(split(tmp_path / "split.npz"), ambiguous=True)
    p = guesses(len(faces.labels))
    found = ferplus.score(faces, p, rounds=0)
    sure = faces.labels >= 0
    labels, called = faces.labels[sure], p[sure].argmax(1)
    assert found.n == sure.sum() < found.n_ambiguous == len(sure)
    assert found.accuracy == pytest.approx(accuracy_score(labels, called), abs=1e-9)
    macro = f1_score(labels, called, labels=list(range(8)), average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(macro, abs=1e-9)
    votes = faces.distributions  # each class of each face once, weighted by its share
    nll = log_loss(np.tile(np.arange(8), len(p)), np.repeat(p, 8, 0), sample_weight=votes.ravel())
    assert found.vote_nll_ambiguous == pytest.approx(nll, abs=1e-9)
    assert found.vote_nll >= found.vote_entropy
    common = [i for i, name in enumerate(ferplus.CLASSES) if name not in ferplus.RARE]
    assert len(common) == 6
    theirs = f1_score(labels, called, labels=common, average="macro", zero_division=0)
    assert found.macro_f1_common == pytest.approx(theirs, abs=1e-9)


def slow_ece(rights: list[float], confidences: list[float]) -> float:
    total = 0.0
    for number in range(15):
        inside = [i for i, c in enumerate(confidences) if number / 15 < c <= (number + 1) / 15]
        total += abs(sum(rights[i] - confidences[i] for i in inside))
    return total / len(rights)


def test_calibration_is_that_of_the_loops(tmp_path: pathlib.Path) -> None:
    faces = ferplus.read_faces(split(tmp_path / "split.npz"), ambiguous=True)
    p = guesses(len(faces.labels))
    found = ferplus.score(faces, p, rounds=0)
    for rows, brier, vote_ece in (
        (np.flatnonzero(faces.labels >= 0), found.vote_brier, found.vote_ece),
        (np.arange(len(p)), found.vote_brier_ambiguous, found.vote_ece_ambiguous),
    ):
        shares, sure = faces.distributions[rows].tolist(), p[rows].tolist()
        slow = sum((a - b) ** 2 for q, r in zip(shares, sure, strict=True) for a, b in zip(q, r, strict=True))
        assert brier == pytest.approx(slow / len(rows), abs=1e-9)
        called = [row.index(max(row)) for row in sure]
        votes = [share[k] for share, k in zip(shares, called, strict=True)]
        assert vote_ece == pytest.approx(slow_ece(votes, [max(row) for row in sure]), abs=1e-9)
        if brier is found.vote_brier:
            rights = [float(k == label) for k, label in zip(called, faces.labels[rows].tolist(), strict=True)]
            assert found.ece == pytest.approx(slow_ece(rights, [max(row) for row in sure]), abs=1e-9)


def test_the_interval_holds_its_figure(tmp_path: pathlib.Path) -> None:
    faces = ferplus.read_faces(split(tmp_path / "split.npz"))
    found = ferplus.score(faces, guesses(len(faces.labels)), rounds=200)
    assert found.macro_f1_interval.low < found.macro_f1 < found.macro_f1_interval.high
    assert found.accuracy_interval.low < found.accuracy < found.accuracy_interval.high
    assert np.isnan(found.vote_nll_ambiguous)  # nobody asked the model about those


def test_probabilities_come_for_all_rows_or_for_those_that_count(tmp_path: pathlib.Path) -> None:
    path, source = split(tmp_path / "split.npz"), tmp_path / "p.csv"
    everything = guesses(60)
    voted, sure = ferplus.read_faces(path, ambiguous=True), ferplus.read_faces(path)
    _, found = ferplus.matching(path, source, everything)
    assert (found == everything[voted.rows]).all()
    faces, found = ferplus.matching(path, source, everything[sure.rows])
    assert (faces.rows == sure.rows).all()
    assert (found == everything[sure.rows]).all()
    with pytest.raises(DataError, match=r"p\.csv: has probabilities of 7 faces; .* has 60 \(all rows\)"):
        ferplus.matching(path, source, everything[:7])


def test_columns_may_come_in_any_order(tmp_path: pathlib.Path) -> None:
    p = guesses(3)
    reverse = write(tmp_path / "p.csv", p[:, ::-1], ",".join(reversed(ferplus.CLASSES)))
    assert (ferplus.read_probabilities(reverse) == p).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("neutral,happiness\n", "1: expected the header"),
        (f"{HEADER}\n1,0,0,0,0,0,0,0\n0.5,0,0,0,0,0,0,0\n", "3: expected 8 probabilities with a sum of 1"),
        (f"{HEADER}\n1,0,0,0,0,0,0\n", "2: expected 8 probabilities"),
        (f"{HEADER}\n2,-1,0,0,0,0,0,0\n", "2: expected 8 probabilities"),
        (f"{HEADER}\nx,0,0,0,0,0,0,0\n", "2: expected numbers"),
    ],
)
def test_wrong_probabilities_are_named_with_their_line(text: str, words: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        ferplus.read_probabilities(path)
    assert str(caught.value).startswith(f"{path}:{words}")


def test_another_file_is_no_split(tmp_path: pathlib.Path) -> None:
    (tmp_path / "text.npz").write_text("no arrays", encoding="utf-8")
    np.savez(tmp_path / "other.npz", images=np.zeros((2, 48, 48), np.uint8))
    np.savez(tmp_path / "wide.npz", images=np.zeros((2, 48, 48), np.uint8), votes=np.zeros((2, 8), np.uint8))
    for name in ("text", "other", "wide"):
        with pytest.raises(DataError, match=rf"{name}\.npz: expected"):
            ferplus.read_faces(tmp_path / f"{name}.npz")


@needs_shared
def test_the_shipped_model_reads_what_its_card_says() -> None:
    from roompulse_training import bare_crop

    faces = ferplus.read_faces(VALID)
    some = np.random.default_rng(0).permutation(len(faces.labels))[:200]
    p = bare_crop.probabilities(faces.images[some])
    assert p.sum(1) == pytest.approx(1.0)
    assert (p.argmax(1) == faces.labels[some]).mean() > 0.84  # 0.893 over all 3,199, ± 0.043
