"""Planes given in a way that people try first."""

from typing import Any, cast

import numpy as np
import pytest
import roompulse
from roompulse.errors import InvalidArgument


@pytest.mark.parametrize(
    "make", [lambda y, u, v: roompulse.I420(y, u, v, *cast("Any", (4, 4))), lambda y, u, v: roompulse.NV12(y, u)]
)
def test_planes_given_one_by_one_are_told_to_come_in_a_list(make: Any) -> None:
    planes = [np.zeros((16, 16), np.uint8), np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)]
    with pytest.raises(InvalidArgument, match="planes come in one list"):
        make(*planes)


@pytest.mark.parametrize(("value", "said"), [(1e300, "1e+300"), (2.0**70, "1.18059e+21")])
def test_a_time_that_no_clock_shows_is_said_shortly_and_blames_no_clock(value: float, said: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        roompulse.Packet(b"x", capture_s=value)
    assert said in str(error.value)
    assert len(str(error.value)) < 120
    assert "wall" not in str(error.value)
