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
from roompulse.feed import Passing
from shared_data import needs_shared

pytestmark = needs_shared

MODES: tuple[Passing, ...] = ("copy", "jpeg", "h264", "raw")  # "auto" goes to a service, in test_files.py
CLOSE = 6.0  # grey levels, mean, of pictures of this size: what encoders lose


@cache
def whole(name: str) -> list[Picture]:
    """Return the pictures as another program decodes and shows them: without what an edit list hides."""
    with av.open(str(next(case.path for case in FILES if case.name == name))) as container:
        return [small(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)) for frame in container.decode(video=0)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["editlist_hidden_person.mp4", "late_key_300.mkv", "stamps_none.avi"])
def test_the_pictures_are_those_that_players_show(name: str, mode: Passing) -> None:
    """So nobody whom an edit list hides is ever looked at, and each picture has its own moment."""
    (case,) = (case for case in FILES if case.name == name)
    looked, _ = played(case.path, mode)
    for (_, picture), shown in zip(looked.shown, whole(name), strict=True):
        assert mean_difference(picture, shown) < CLOSE
