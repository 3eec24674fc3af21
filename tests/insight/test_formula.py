"""A formula is refused with the name of what is wrong in it."""

import dataclasses
import pathlib

import pytest
from insight_samples import face, feed, mixed, score_of
from roompulse_server.errors import SettingsError
from roompulse_server.insight.scoring.formula import DEFAULT_ID, WEIGHED_LABELS, Formula, load_formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer

WEIGHTS = dict.fromkeys(WEIGHED_LABELS, 0.5) | {"happiness": 0.9}


def written(folder: pathlib.Path, *lines: str, weights: dict[str, object] | None = None) -> pathlib.Path:
    table = [f"{label} = {value}" for label, value in (WEIGHTS if weights is None else weights).items()]
    path = folder / "formula.toml"
    path.write_text("\n".join([*lines, "[weights]", *table]), encoding="utf-8")
    return path


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: pathlib.Path) -> None:
    formula = load_formula(written(tmp_path, 'id = "acme-1"', "window_s = 20", "low_below = 0.3"))
    expected = Formula(id="acme-1", weights=tuple(WEIGHTS.values()), window_s=20.0, low_below=0.3)
    assert formula == expected
    assert score_of(feed(ParticipantScorer(formula), 0, 12, face(mixed(happiness=1.0)))) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("lines", "weights", "named"),
    [
        ((), None, "id is missing"),
        (('id = "a/b"',), None, "id = 'a/b'"),
        ((f'id = "{DEFAULT_ID}"',), None, "need another id"),
        (('id = "a"', "windows_s = 3"), None, "'windows_s' is no setting"),
        (('id = "a"', "window_s = true"), None, "window_s = True"),
        (('id = "a"', "window_s = nan"), None, "window_s = nan"),
        (('id = "a"', "window_s = 0"), None, "window_s = 0"),
        (('id = "a"', "window_s = 4"), None, r"valid_s = 5.0 must be at most window_s = 4"),
        (('id = "a"', "hold_s = 11"), None, "hold_s = 11"),
        (('id = "a"', "facing_floor = 1.5"), None, "facing_floor = 1.5"),
        (('id = "a"', "motion_floor_grey = -1"), None, "motion_floor_grey = -1"),
        (('id = "a"', "low_below = 0.8"), None, "low_below = 0.8 must be less than high_from = 0.75"),
        (('id = "a"', "hysteresis = 0.3"), None, "hysteresis = 0.3"),
        (('id = "a"', "baseline = 1"), None, "baseline = 1 must be true or false"),
        (('id = "a"', "baseline_strength = 0"), None, "baseline_strength = 0"),
        (('id = "a"', "baseline_strength = 1.2"), None, "baseline_strength = 1.2"),
        (('id = "a"', "baseline_limit = 0"), None, "baseline_limit = 0"),
        (('id = "a"', "baseline_start_s = 60"), None, "baseline_start_s = 60.0 must be less than baseline_full_s = 60"),
        ((f'id = "{DEFAULT_ID}"', "baseline = false"), None, "need another id"),
        (
            ('id = "a"', "facing_return_deg = 30"),
            None,
            "facing_return_deg = 30.0 must be less than facing_leave_deg = 30",
        ),
        (('id = "a"', "yaw_full_deg = 40"), None, "yaw_full_deg = 40.0 must be less than yaw_zero_deg = 35"),
        (('id = "a"',), {**WEIGHTS, "fear": 1.2}, r"weights.fear = 1.2"),
        (('id = "a"',), {**WEIGHTS, "fear": -0.1}, r"weights.fear = -0.1"),
        (('id = "a"',), {**WEIGHTS, "fear": '"high"'}, r"weights.fear = 'high'"),
        (('id = "a"',), {k: v for k, v in WEIGHTS.items() if k != "sadness"}, r"weights.sadness is missing"),
        (('id = "a"',), {**WEIGHTS, "joy": 0.5}, r"weights.joy is no label"),
    ],
)
def test_a_wrong_value_is_named(
    tmp_path: pathlib.Path, lines: tuple[str, ...], weights: dict[str, object] | None, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        load_formula(written(tmp_path, *lines, weights=weights))


def test_a_file_without_weights_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "formula.toml"
    path.write_text('id = "a"', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[weights\] must be a table"):
        load_formula(path)


@pytest.mark.parametrize("content", [None, b"id = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: pathlib.Path, content: bytes | None) -> None:
    path = tmp_path / "formula.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"formula\.toml cannot be read"):
        load_formula(path)


def test_too_few_weights_are_refused_in_code_too() -> None:
    with pytest.raises(SettingsError, match="must be 8 numbers"):
        dataclasses.replace(Formula(), weights=(0.5,))
