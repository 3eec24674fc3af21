"""The files that people really have, in each way of sending: through the service's own intake and decoder, no network.

`test_files.py` streams them to a service.
"""

from functools import cache

import av
import numpy as np
import pytest
from file_cases import FILES, FileCase
from looked_at import played, small
from media_samples import Picture, mean_difference
from roompulse.sending.video_player import Passing
from shared_data import needs_shared

pytestmark = needs_shared

# Copying and decoding are two ways through a source; "h264" and "raw" share the second with "jpeg", so some files are
# enough for them. "auto" goes to a service, in test_files.py.
MODES: tuple[Passing, ...] = ("copy", "jpeg")
OTHER_MODES: tuple[Passing, ...] = ("h264", "raw")
IN_EVERY_MODE = ("editlist_hidden_person.mp4", "damaged_h264.mp4", "stamps_none.avi", "sar_2_1.mp4", "matrix_vflip.mp4")
RUNS = [
    pytest.param(case, mode, id=f"{case.name}-{mode}")
    for case in FILES
    for mode in (*MODES, *(OTHER_MODES if case.name in IN_EVERY_MODE else ()))
]
CLOSE = 6.0  # grey levels, mean, of pictures of this size: what encoders lose


@cache
def whole(name: str) -> list[Picture]:
    """Return the pictures as another program decodes and shows them: without what an edit list hides."""
    with av.open(str(next(case.path for case in FILES if case.name == name))) as container:
        return [small(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)) for frame in container.decode(video=0)]


@pytest.mark.parametrize(("case", "mode"), RUNS)
def test_every_picture_that_is_shown_is_looked_at_when_it_is_shown(case: FileCase, mode: Passing) -> None:
    looked, report = played(case.path, mode)
    assert case.pictures - case.spared <= len(looked.shown) <= case.pictures
    if case.spared:
        assert len(looked.shown) < case.pictures
        assert len(looked.faults) <= case.spared
    else:
        assert not looked.faults
    times = looked.times
    expected = [number * case.period_s for number in range(case.pictures)]
    places = [round(at_s / case.period_s) for at_s in times]
    assert places == sorted(set(places))  # one picture a place, in the order of showing
    assert times == pytest.approx([expected[place] for place in places], abs=0.002)
    assert (places[0], places[-1]) == (0, case.pictures - 1)
    assert [finding.what for finding in report.findings if case.said in finding.what] or not case.said
    assert not report.findings or case.said


@pytest.mark.parametrize("mode", [*MODES, *OTHER_MODES])
@pytest.mark.parametrize("name", ["editlist_hidden_person.mp4", "stamps_none.avi"])
def test_the_pictures_are_those_that_players_show(name: str, mode: Passing) -> None:
    """So nobody whom an edit list hides is ever looked at, and each picture has its own moment."""
    (case,) = (case for case in FILES if case.name == name)
    looked, _ = played(case.path, mode)
    for (_, picture), shown in zip(looked.shown, whole(name), strict=True):
        assert mean_difference(picture, shown) < CLOSE
