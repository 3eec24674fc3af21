"""Aff-Wild2 files: what is written is read, and what is wrong is named with file and line."""

import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_training import affwild
from roompulse_training.affwild import AU, EXPR, TASKS, VA, Task, find_folder
from roompulse_training.errors import DataError
from roompulse_training.mtl import HEADER, read_rows, write_rows
from roompulse_vision.types import LABELS

EXPR_HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU_HEADER = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"

FEELING = st.one_of(st.just(-5.0), st.integers(-1000, 1000).map(lambda v: v / 1000))


def rows(task: Task) -> st.SearchStrategy[list[list[float]]]:
    value = FEELING if task is VA else st.integers(-1, 7 if task is EXPR else 1).map(float)
    return st.lists(st.lists(value, min_size=task.width, max_size=task.width), max_size=12)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_is_written_is_read(task: Task, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("track") / "video.txt"

    @given(rows(task))
    def round_trip(values: list[list[float]]) -> None:
        table = np.array(values, np.float64).reshape(len(values), task.width)
        affwild.write_track(path, task, table)
        assert (affwild.read_track(path, task).values == table).all()

    round_trip()


def test_the_headers_are_the_published_ones(affwild_set: pathlib.Path) -> None:
    first = {path.parts[-3]: path.read_text().splitlines()[0] for path in affwild_set.rglob("video1.txt")}
    assert first == {
        "EXPR_Classification_Challenge": EXPR_HEADER,
        "VA_Estimation_Challenge": "valence,arousal",
        "AU_Detection_Challenge": AU_HEADER,
    }


WRONG = [
    (EXPR, f"{EXPR_HEADER}\n0\n8\n", 3, "0 to 7, or -1, found 8"),
    (EXPR, f"{EXPR_HEADER}\n0.5\n", 2, "found 0.5"),
    (EXPR, f"{EXPR_HEADER}\n0,1\n", 2, "expected 1 values, found 2"),
    (EXPR, f"{EXPR_HEADER}\n0\n\n1\n", 3, "found ''"),
    (EXPR, "0\n1\n", 1, "expected the header"),
    (EXPR, "", 1, "an empty file"),
    (VA, "valence,arousal\n0,0\n0.1,-5.5\n", 3, "-1 to 1, or -5, found 0.1,-5.5"),
    (VA, "valence,arousal\n0,x\n", 2, "expected 2 numbers"),
    (VA, "valence,arousal\nnan,0\n", 2, "found nan"),
    (AU, f"{AU_HEADER}\n" + "0," * 11 + "0.5\n", 2, "0, 1 or -1"),
    (AU, f"{AU_HEADER}\n0,1\n", 2, "expected 12 values"),
]


@pytest.mark.parametrize(("task", "text", "line", "words"), WRONG)
def test_a_wrong_file_is_named_with_its_line(
    task: Task, text: str, line: int, words: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "video7.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        affwild.read_track(path, task)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)


def test_an_absent_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.txt: cannot be read: No such file"):
        affwild.read_track(tmp_path / "nowhere.txt", EXPR)


def test_predictions_may_be_probabilities(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "video.txt"
    affwild.write_track(path, AU, np.full((2, 12), 0.25))
    assert affwild.read_track(path, AU, predicted=True).values.max() == 0.25
    affwild.write_track(path, VA, np.full((2, 2), 1.25))  # heads without a bound
    assert affwild.read_track(path, VA, predicted=True).values.max() == 1.25
    with pytest.raises(DataError):
        affwild.read_track(path, VA)


def test_a_frame_is_valid_where_all_its_values_are() -> None:
    assert EXPR.valid(np.array([[-1.0], [0.0], [7.0]])).tolist() == [False, True, True]
    assert VA.valid(np.array([[-5.0, 0.1], [0.1, -5.0], [-1.0, 1.0]])).tolist() == [False, False, True]
    assert AU.valid(np.array([[0.0] * 11 + [-1.0], [0.0] * 12])).tolist() == [False, True]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_folder_is_found_from_wherever_one_points(task: Task, affwild_set: pathlib.Path) -> None:
    found = find_folder(affwild_set, task)
    assert found.name == "Validation_Set"
    assert found.parent.name.startswith(task.folder)
    assert {find_folder(root, task) for root in (found, found.parent, found.parent.parent)} == {found}
    assert find_folder(affwild_set, task, "Train").name == "Train_Set"


def test_a_folder_that_is_not_there_is_said(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match=r"expected one folder VA_\*/Validation\*.*found none"):
        find_folder(tmp_path, VA)
    with pytest.raises(DataError, match="no <video>"):
        affwild.read_folder(tmp_path, VA)


def test_older_folders_are_found_and_two_are_too_many(tmp_path: pathlib.Path) -> None:
    for name in ("EXPR_Set/Validation_Set", "EXPR_Set/Train_Set"):
        affwild.write_track(tmp_path / name / "v.txt", EXPR, np.zeros((1, 1)))
    assert find_folder(tmp_path, EXPR).parent.name == "EXPR_Set"
    affwild.write_track(tmp_path / "EXPR_Classification_Challenge/Validation_Set/v.txt", EXPR, np.zeros((1, 1)))
    with pytest.raises(DataError, match="expected one"):
        find_folder(tmp_path, EXPR)


def test_frames_and_people_have_names(tmp_path: pathlib.Path) -> None:
    assert affwild.picture_path(tmp_path, "12-24-1920x1080_left", 0).name == "00001.jpg"
    assert affwild.picture_path(tmp_path, "v", 9).parts[-3:] == ("cropped_aligned", "v", "00010.jpg")
    assert [affwild.source_video(name) for name in ("v_left", "v_right", "v")] == ["v"] * 3


def test_the_eighth_class_is_other_and_not_contempt() -> None:
    one_each: NDArray[np.float64] = np.eye(len(LABELS))
    mapped = affwild.from_service(one_each)
    for label, row in zip(LABELS, mapped, strict=True):
        expected = [] if label == "contempt" else [affwild.EXPRESSIONS.index(label)]
        assert np.flatnonzero(row).tolist() == expected
    as_other = affwild.from_service(one_each, contempt_as_other=True)[LABELS.index("contempt")]
    assert np.flatnonzero(as_other).tolist() == [7]
    assert (affwild.from_service(np.full((1, len(LABELS)), np.nan)) == 0).all()


def test_multi_task_rows_are_read_as_written(affwild_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (path,) = affwild_set.rglob("MTL_Challenge/Train_Set.txt")
    found = read_rows(path)
    assert set(found.videos) == {"video1", "video2_left", "video2_right"}
    write_rows(tmp_path / "again.txt", found.images, found.values)
    assert (tmp_path / "again.txt").read_bytes() == path.read_bytes()


UNITS = ",0" * 12


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("image,valence\n", 1, "expected the header"),
        (f"{HEADER}\nv/00001.jpg,0,0,3{UNITS}\nv/00001.jpg,0,0,3{UNITS}\n", 3, "stands in line 2 already"),
        (f"{HEADER}\nv/00001.jpg,0,0,9{UNITS}\n", 2, "a class from 0 to 7"),
        (f"{HEADER}\nv/00001.jpg,0,0,3\n", 2, "expected 15 values"),
    ],
)
def test_a_wrong_multi_task_file_is_named_with_its_line(
    text: str, line: int, words: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_rows(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)
