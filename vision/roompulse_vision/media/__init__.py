"""Bytes to pictures: still images, raw frames, encoded video; synchronous, in the worker."""

import os

# OpenCV reads this once, when it is loaded, so it stands before every import of cv2 in this package. Headers are
# checked against a stream's own limits before; this is the last line, for a header that lies: no decoder of stills
# allocates more than an 8K picture.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(7680 * 4320))
