"""Still pictures to BGR: JPEG, PNG, WebP and nothing else."""

import cv2
import numpy as np

from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.orientation import Picture
from roompulse_vision.media.still_header import StillHeader

# A damaged picture is a reply to its sender, not a line in the log.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def still_picture(data: bytes, header: StillHeader) -> Picture:
    """Return a still picture, admitted before, as BGR (H, W, 3), as stored (not turned).

    Sixteen bits become eight, grey becomes three equal channels, alpha is ignored.

    Raises:
        MediaError: `CORRUPT`: it cannot be decoded, or is not of the size that its header says.
    """
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), FLAGS)
    except cv2.error:
        picture = None
    if picture is None or picture.shape != (header.height, header.width, 3):
        message = f"the {header.format} of {header.width}×{header.height} pixels cannot be decoded; its data is damaged"
        raise MediaError(FaultReason.CORRUPT, message)
    return np.asarray(picture, np.uint8)
