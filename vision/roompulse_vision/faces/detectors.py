"""Which detector a worker gets: YuNet where its weights are found, the Haar cascade elsewhere."""

import pathlib
from collections.abc import Sequence

from roompulse_vision.faces import haar, weights, yunet
from roompulse_vision.faces.detection import Detector

HAAR_WARNING = (
    "YuNet's weights were found in none of {folders}: faces are sought with OpenCV's Haar cascade, which finds fewer "
    "and has no landmarks, so that pose and facing are unknown and scores have no band; `roompulse-server models pull` "
    "fetches them"
)


def load_detector(
    folders: Sequence[pathlib.Path], threshold: float | None = None, working_side: int | None = None
) -> tuple[Detector, list[str]]:
    """Return the detector, and what its user should be told, once.

    Args:
        folders: Where weights are looked for, first to last.
        threshold: Least score of a face, 0 to 1; None: the detector's default. Haar has no scores.
        working_side: Longer side, pixels, that pictures are shrunk to; None: the detector's default.

    Raises:
        ModelError: A file with the name of the weights is another one, or nothing can be loaded.
    """
    file = weights.find(weights.YUNET, folders)
    if file is not None:
        chosen = yunet.DEFAULT_THRESHOLD if threshold is None else threshold
        return yunet.YuNet(file, chosen, working_side or yunet.DEFAULT_WORKING_SIDE), []
    warning = HAAR_WARNING.format(folders=", ".join(map(str, folders)))
    return haar.Haar(working_side or haar.DEFAULT_WORKING_SIDE), [warning]
