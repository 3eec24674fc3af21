"""Pictures of high dynamic range into the ordinary one, as a display would show them."""

from collections.abc import Mapping

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

HDR: Mapping[int, str] = {ColorTrc.ARIB_STD_B67: "HLG", ColorTrc.SMPTE2084: "PQ"}


class ToneMap:
    """Maps one source's pictures; making its tables takes seconds, so it is kept."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._reformatter = VideoReformatter()

    def ordinary(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return the picture in BT.709, 8 bits, limited range; one that is ordinary already, as it is.

        Its colours keep their full size: halved here and again by an encoder, they would lose more than the mapping.
        """
        if picture.color_trc not in HDR:
            return picture
        return self._reformatter.reformat(
            picture,
            format="yuv444p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=ColorTrc.BT709,
            dst_color_primaries=ColorPrimaries.BT709,
        )
