"""The sample of `make sample` shows what it says, to either detector."""

import io
import pathlib

import av
import cv2
import numpy as np
import pytest
from rich.console import Console
from roompulse_vision.faces.detection import Detector
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.yunet import YuNet
from shared_data import needs_shared
from vision_samples import DYNAMIC

from demo.sample import ADA, DURATION_S, PICTURE, VIDEO, main, make
from demo.script import pose


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("sample")
    make(folder, 1.0, Console(file=io.StringIO()))
    return folder


@needs_shared
@pytest.mark.parametrize("detector", [lambda: YuNet(DYNAMIC), Haar], ids=["yunet", "haar"])
def test_the_video_shows_one_person_and_the_picture_two(made: pathlib.Path, detector: type[Detector]) -> None:
    eyes = detector()
    with av.open(made / VIDEO) as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert [len(eyes.detect(np.asarray(picture, np.uint8))) for picture in pictures[::6]] == [1, 1]
    assert len(eyes.detect(np.asarray(cv2.imread(str(made / PICTURE)), np.uint8))) == 2


def test_the_person_smiles_and_looks_away_within_the_video() -> None:
    assert max(pose(ADA, at_s).smile for at_s in np.arange(0, DURATION_S, 0.5)) > 1
    assert max(pose(ADA, at_s).turn_deg for at_s in np.arange(0, DURATION_S, 0.5)) > 35


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["--folder", str(tmp_path / "file"), "--seconds", "1"]) == 1
    assert "the sample could not be written" in capsys.readouterr().err
