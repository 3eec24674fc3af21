"""A fitted temperature: what an optimiser of others finds, and what it is worth on faces that were not fitted."""

import json
import pathlib
import re

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_training import calibration, temperature
from roompulse_training.evaluation import cli
from roompulse_training.ferplus import CLASSES
from scipy.optimize import minimize_scalar

Doubles = NDArray[np.float64]


def voted(faces: int, seed: int, used: float = 1.0) -> tuple[Doubles, Doubles]:
    """Return shares of ten votes drawn from what logits say, and the logits' probabilities at temperature `used`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (faces, 8))
    honest = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    votes = np.stack([rng.multinomial(10, row) for row in honest])
    return votes / 10, temperature.tempered(honest, used)


@given(st.integers(0, 1000), st.floats(0.3, 4))
def test_it_is_what_scipy_finds(seed: int, used: float) -> None:
    q, p = voted(80, seed, used)
    theirs = minimize_scalar(
        lambda log: calibration.vote_nll(q, temperature.tempered(p, float(np.exp(log)))),
        bounds=(np.log(temperature.LEAST), np.log(temperature.MOST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    ours = temperature.best(q, p)
    assert ours == pytest.approx(np.exp(theirs.x), rel=1e-3)
    assert calibration.vote_nll(q, temperature.tempered(p, ours)) <= theirs.fun + 1e-9


def test_it_undoes_the_temperature_in_use() -> None:
    q, p = voted(4000, 3, used=0.5)
    found = temperature.fit(q, p)
    assert found.n == 4000
    assert found.value == pytest.approx(2, abs=0.05)
    assert min(found.halves) <= found.value <= max(found.halves)
    assert found.after.nll < found.before.nll
    assert found.after.ece < 0.02 < found.before.ece


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_no_argmax_changes(seed: int, value: float) -> None:
    _, p = voted(20, seed)
    warmer = temperature.tempered(p, value)
    assert warmer.sum(1) == pytest.approx(1)
    assert (warmer.argmax(1) == p.argmax(1)).all()


def test_each_half_is_judged_at_the_other_s() -> None:
    q, p = voted(301, 5, used=1.5)
    found = temperature.fit(q, p, seed=2)
    halves = np.array_split(np.random.default_rng(2).permutation(301), 2)
    parts = [
        (len(half), calibration.vote_nll(q[half], temperature.tempered(p[half], value)))
        for half, value in zip(halves, reversed(found.halves), strict=True)
    ]
    assert found.after.nll == pytest.approx(sum(n * nll for n, nll in parts) / 301)
    assert found.before.nll == pytest.approx(calibration.vote_nll(q, p))


def test_a_certain_mistake_has_a_logarithm() -> None:
    assert temperature.best(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(temperature.MOST, rel=1e-6)
    assert temperature.best(np.eye(2), np.eye(2)) < 0.1  # the colder the better, until no double can tell


def test_one_face_has_no_halves() -> None:
    with pytest.raises(ValueError, match="two halves of the faces; there are 1"):
        temperature.fit(np.eye(2)[:1], np.eye(2)[:1])


def test_the_command_prints_it(tmp_path: pathlib.Path) -> None:
    shares, p = voted(50, 9, used=0.5)
    votes = np.hstack([np.round(10 * shares), np.zeros((50, 2))]).astype(np.uint8)
    np.savez(tmp_path / "split.npz", images=np.zeros((50, 48, 48), np.uint8), votes=votes)
    lines = [",".join(map(str, row)) for row in p.tolist()]
    (tmp_path / "p.csv").write_text("\n".join([",".join(CLASSES), *lines]), encoding="utf-8")
    words = ["ferplus", str(tmp_path / "split.npz"), "--predictions", str(tmp_path / "p.csv"), "--rounds", "0"]
    found = json.loads(CliRunner().invoke(cli, [*words, "--fit-temperature", "--json"]).stdout)["temperature"]
    assert found["n"] == 50  # ambiguous faces included
    assert found["after"]["nll"] < found["before"]["nll"]
    shown = CliRunner().invoke(cli, [*words, "--fit-temperature"], env={"COLUMNS": "120"}).stdout
    assert "temperature, n = 50" in shown
    assert re.search(rf"times the one in use +1 +{found['value']:.3f} +{found['halves'][0]:.3f} and", shown)
    assert re.search(rf"NLL of the votes +{found['before']['nll']:.4f} +{found['after']['nll']:.4f}", shown)
    assert json.loads(CliRunner().invoke(cli, [*words, "--json"]).stdout)["temperature"] is None
