"""What the service would not take is made to fit, and said to be; who asked for it as it is, is told why not."""

import io
import logging
import pathlib

import av
import cv2
import numpy as np
import pytest
import roompulse
from fake_service import FakeService
from hypothesis import given
from hypothesis import strategies as st
from looked_at import played
from odd_videos import Picture, write
from roompulse.enums import Encoding
from roompulse.errors import SourceError
from roompulse.media import MAX_PACKET_BYTES, MAX_PIXELS, MAX_SIDE, VideoFormat
from roompulse.sending.encoder import fitting, make_encoder, picture_of
from roompulse.sending.still import prepared
from roompulse_vision.types import MediaLimits
from shared_data import image
from stills import jpeg_with, stored, tiff


def sensor(width: int, height: int, grain: int) -> Picture:
    """Return a large picture with the grain of a real sensor, grey levels."""
    picture = cv2.imread(str(image("single_face.jpg")))
    assert picture is not None
    large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = np.random.default_rng(0).integers(-grain, grain + 1, large.shape, np.int16)
    return np.asarray(np.clip(large + noise, 0, 255), np.uint8)


def size_of(data: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(video=0))
    return frame.width, frame.height


def test_the_client_knows_the_service_s_limits() -> None:
    limits = MediaLimits()
    assert (limits.max_packet_bytes, limits.max_pixels, limits.max_side) == (MAX_PACKET_BYTES, MAX_PIXELS, MAX_SIDE)


@given(st.integers(16, 20_000), st.integers(16, 20_000))
def test_every_size_is_made_to_fit_and_keeps_its_shape(width: int, height: int) -> None:
    wide, high = fitting(width, height)
    assert max(wide, high) <= MAX_SIDE
    assert -(-wide // 16) * -(-high // 16) * 256 <= MAX_PIXELS
    if (wide, high) != (width, height):
        assert wide <= width
        assert high <= height
        assert abs(wide / width - high / height) <= 16 / width + 16 / height
    assert fitting(wide, high) == (wide, high)


@pytest.mark.parametrize("name", ["jpeg", "h264", "raw"])
def test_no_encoder_makes_what_the_service_refuses(name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2160, 4096, 3), np.uint8)
    packet = make_encoder(name).encode(picture_of(noise))  # type: ignore[arg-type]
    assert len(packet.data) <= (MediaLimits().max_raw_bytes if name == "raw" else MAX_PACKET_BYTES)
    if name == "raw":
        assert packet.format is not None
        assert fitting(packet.format.width, packet.format.height) == (packet.format.width, packet.format.height)


def test_uhd_whose_key_frames_are_too_large_is_encoded_instead(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "uhd.mp4", [sensor(3840, 2160, 8)], rate=10, options={"preset": "ultrafast", "crf": "8"})
    assert path.stat().st_size > MAX_PACKET_BYTES
    looked, report = played(path, "auto")
    assert (len(looked.shown), looked.faults, looked.sizes) == (1, [], [(3840, 2160)])
    assert report.packets == 1
    with pytest.raises(
        SourceError, match=r"cannot be copied: a packet of it has \d+ bytes, .* takes 2097152; encode it"
    ):
        played(path, "copy")


def test_a_still_whose_bytes_are_too_many_at_any_quality_is_made_smaller() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 3000, 3), np.uint8)
    still = prepared(cv2.imencode(".png", noise)[1].tobytes())
    assert len(still.packet.data) <= MAX_PACKET_BYTES
    assert "sent as {}×{} in".format(*size_of(still.packet.data)) in still.scaled


def test_dci_4k_is_scaled_down_and_said_to_be(tmp_path: pathlib.Path) -> None:
    flat = np.full((2160, 4096, 3), 90, np.uint8)
    path = write(tmp_path / "dci.mp4", [flat], rate=10, options={"preset": "ultrafast"})
    looked, report = played(path, "auto")
    assert (len(looked.shown), looked.faults, looked.sizes) == (1, [], [fitting(4096, 2160)])
    (finding,) = report.findings
    assert finding.what == "4096×2160 pixels are more than the service takes"
    assert finding.help == "scaled down to {}×{}".format(*fitting(4096, 2160))
    with pytest.raises(SourceError, match="pictures of 4096×2160 pixels are larger than the service takes; encode it"):
        played(path, "copy")


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_phone_s_photo_is_scaled_down_the_right_way_up(orientation: int) -> None:
    done, data = cv2.imencode(".jpg", stored(sensor(4032, 3024, 6), orientation), [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    photo = jpeg_with(data.tobytes(), tiff(orientation))
    still = prepared(photo)
    size = (4032, 3024) if orientation == 1 else (3024, 4032)
    assert "{}×{} pixels in {} bytes are more than the service takes; sent as".format(*size, len(photo)) in still.scaled
    assert len(still.packet.data) <= MAX_PACKET_BYTES
    assert size_of(still.packet.data) == fitting(*size)
    shape = still.packet.format
    assert shape is not None
    expected = {1: (0, False), 6: (90, False), 7: (90, True)}[orientation]
    assert (shape.encoding, shape.rotation_deg, shape.horizontal_flip) == (Encoding.JPEG, *expected)


def test_a_still_that_fits_or_is_none_travels_as_it_is() -> None:
    small = cv2.imencode(".png", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()
    turned = VideoFormat(rotation_deg=90)
    for data, shape in (
        (small, None),
        (small, turned),
        (b"no picture", None),
        (bytes(100), VideoFormat(Encoding.I420)),
    ):
        assert prepared(data, shape).packet == roompulse.Packet(data, format=shape)


async def test_the_client_says_that_it_scaled_a_still_and_an_array(
    client: roompulse.Client, service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    large = np.full((2400, 4000, 3), 90, np.uint8)
    data = cv2.imencode(".png", large)[1].tobytes()
    with caplog.at_level(logging.WARNING, "roompulse"):
        await client.image(data, purpose="research", consent="granted")
        async with client.analyze("standup", "ada", purpose="research", consent="granted") as stream:
            await stream.send(large)
            await stream.send(large)
    fitted = fitting(4000, 2400)
    assert size_of(service.images[0].data) == fitted
    assert [size_of(packet.data) for packet in service.packets] == [fitted] * 2
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "4000×2400 pixels" in told[0]
    assert told[1] == "pictures of 4000×2400 are more than the service takes; sent as {}×{}".format(
        *fitting(4000, 2400)
    )
