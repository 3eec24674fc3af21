"""Film a role: H.264 in an MP4 file, with a hole in its timestamps where the camera is off."""

import pathlib
from collections.abc import Callable
from fractions import Fraction

import av

from demo.portrait import HEIGHT, WIDTH
from demo.script import DURATION_S, Role, camera_is_on, pose
from demo.warp import Puppet

RATE_HZ = 12
CODEC_OPTIONS = {"preset": "ultrafast", "crf": "27", "bf": "0", "g": str(2 * RATE_HZ)}  # a key frame every 2 s


def film(role: Role, path: pathlib.Path, on_frame: Callable[[], object], duration_s: float = DURATION_S) -> None:
    """Write the role's video to `path`; `on_frame` is called for each of the `frame_count` moments."""
    puppet = Puppet(role.portrait())
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options=CODEC_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE_HZ)
        for index in range(frame_count(duration_s)):
            on_frame()
            at_s = index / RATE_HZ
            if camera_is_on(role, at_s):
                frame = av.VideoFrame.from_ndarray(puppet.picture(pose(role, at_s)), format="bgr24")
                frame.pts, frame.time_base = index, stream.codec_context.time_base
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def frame_count(duration_s: float = DURATION_S) -> int:
    return int(duration_s * RATE_HZ)
