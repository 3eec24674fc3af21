"""What heads learn from: Aff-Wild2 or a plain folder; embeddings computed once, kept where the user says."""

import pathlib

import cv2
import numpy as np
import pytest
from own_heads import plain
from roompulse_training.affwild import AU, EXPR, VA, write_track
from roompulse_training.errors import DataError
from roompulse_training.heads.backbone import Backbone, embedded
from roompulse_training.heads.frames import gathered, labels_of
from roompulse_training.heads.material import Material, read_material
from roompulse_training.synthetic import Plan, write_affwild
from roompulse_vision.faces.card import read_card


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone(read_card(), None)


@pytest.fixture(scope="module")
def aff(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    root = tmp_path_factory.mktemp("aff")
    write_affwild(root, Plan(train=1, validation=1, frames=12))
    return root


def test_affwild_is_read_with_all_its_labels(aff: pathlib.Path) -> None:
    material = read_material(aff)
    assert material.tasks == ("expr", "va", "au")
    assert material.classes[7] == "other"
    assert [clip.name for clip in material.train] == ["video1_left", "video1_right"]
    assert material.in_time
    clip = material.train[0]
    assert clip.frames == 12
    assert clip.pictures[0].name == "00001.jpg"
    assert {task: labels_of(clip, task).shape for task in material.tasks} == {
        "expr": (12, 1), "va": (12, 2), "au": (12, 12),
    }  # fmt: skip


def test_a_shorter_file_and_a_task_without_one_leave_frames_without_labels(tmp_path: pathlib.Path) -> None:
    for split in ("Train_Set", "Validation_Set"):
        write_track(tmp_path / "EXPR_Set" / split / "a.txt", EXPR, np.zeros((3, 1)))
        write_track(tmp_path / "VA_Set" / split / "a.txt", VA, np.zeros((2, 2)))
        write_track(tmp_path / "VA_Set" / split / "b.txt", VA, np.zeros((2, 2)))
    (tmp_path / "cropped_aligned" / "a").mkdir(parents=True)
    for name in ("00002.jpg", "00004.jpg", "cover.jpg"):
        (tmp_path / "cropped_aligned" / "a" / name).touch()
    material = read_material(tmp_path)
    a, b = material.train
    assert material.tasks == ("expr", "va")
    assert list(a.pictures) == [1]  # the fourth frame has no line
    assert labels_of(a, "va")[2].tolist() == [-5, -5]
    assert labels_of(b, "expr")[:, 0].tolist() == [-1, -1]
    assert labels_of(b, "au").shape == (2, AU.width)


def test_a_plain_folder_is_pictures_by_expression(tmp_path: pathlib.Path) -> None:
    material = read_material(plain(tmp_path, "contempt", "Neutral"))
    assert material.classes == ("neutral", "contempt")
    assert (material.tasks, material.in_time) == (("expr",), False)
    assert [(clip.name, clip.labels["expr"][0, 0]) for clip in material.validation] == [
        ("Validation/Neutral", 0.0),
        ("Validation/contempt", 1.0),
    ]


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ([], "expected Aff-Wild2's annotations, or one folder train with pictures by expression; found none"),
        (["train/joy", "train/anger", "validation/anger"], "folders named as expressions (neutral, happiness"),
        (["train/anger", "validation/anger"], "found anger"),
        (["train/anger", "train/fear", "validation/fear"], "train: there are no pictures (.jpg"),
        (["EXPR_Set/Train_Set"], "expected one folder EXPR_*/Train* with .txt files, found none"),
    ],
)
def test_what_is_neither_is_said(tmp_path: pathlib.Path, folders: list[str], expected: str) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        read_material(tmp_path)
    assert expected in str(caught.value)


def material_frames(
    material: Material, backbone: Backbone, cache: pathlib.Path | None
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    return gathered(material.train, embedded(material.train, backbone, cache), material.tasks).features


def test_embeddings_are_computed_once_and_again_when_a_picture_changes(
    aff: pathlib.Path, backbone: Backbone, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = read_material(aff)
    first = material_frames(material, backbone, tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.npz"))
    assert [file.name for file in files] == ["video1_left.npz", "video1_right.npz"]
    assert files[0].parent.name == f"roompulse-fer-{backbone.card.checksum.value[:12]}-whole"
    with monkeypatch.context() as patch:
        patch.setattr(Backbone, "embed", None)  # whoever asks the model fails
        np.testing.assert_array_equal(material_frames(material, backbone, tmp_path), first)
    (tmp_path / files[1]).write_bytes(b"damaged")
    picture = next(iter(material.train[0].pictures.values()))
    cv2.imwrite(str(picture), 255 - np.asarray(cv2.imread(str(picture)), np.uint8))
    again = material_frames(material, backbone, tmp_path)
    assert not np.array_equal(again[0], first[0])
    np.testing.assert_array_equal(again[1:], first[1:])


def test_faces_are_found_as_the_service_does(aff: pathlib.Path) -> None:
    """Nobody is on an empty picture: it is left out, as a frame without a face."""

    class Blind:
        id = "yunet"

        def detect(self, _picture: object, face_px: float | None = None) -> list[object]:
            return []

    seeing = Backbone(read_card(), Blind())  # type: ignore[arg-type]  # as good as blind
    material = read_material(aff)
    assert [len(one.rows) for one in embedded(material.train, seeing, None)] == [0, 0]


def test_a_file_that_is_no_picture_is_named(backbone: Backbone, tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"words")
    with pytest.raises(DataError, match=r"x\.jpg: expected a picture, found 5 bytes that are none"):
        backbone.embed([(0, tmp_path / "x.jpg")])
