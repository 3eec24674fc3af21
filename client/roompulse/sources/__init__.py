"""Video from any file, URL or device that PyAV opens.

    container ─demux─▶ packets ─▶ SourceClock ─┬─decode──▶ pictures()   decoded, with capture times
                                               └─Passage─▶ units()      passed through: H.264, VP8, VP9, AV1 as they are

What demuxers say is not trusted alone. `clock` follows stamps that begin again or fit nothing, `track` chooses what is
played, `geometry` reads turns, flips and pixel aspect (they are passed on in the format, once, and never applied to the
pixels), `passing` says what can be sent as it is, and `finding` what a person should know of all that. Reading is
synchronous: off the event loop, one call at a time.
"""

from roompulse.sources.finding import Finding
from roompulse.sources.geometry import Geometry
from roompulse.sources.info import COPYABLE, Picture, SourceInfo, Unit
from roompulse.sources.track import Track
from roompulse.sources.video import VideoSource

__all__ = ["COPYABLE", "Finding", "Geometry", "Picture", "SourceInfo", "Track", "Unit", "VideoSource"]
