"""Photos as cameras and editors leave them: their copies are upright, and the box is on the face."""

import pathlib

import cv2
import numpy as np
import pytest
import roompulse as library
from file_cases import CASES
from live_service import Service
from media_samples import mean_difference
from roompulse.cli.annotate import annotate
from roompulse.results import ImageResult
from roompulse.sources import VideoSource
from shared_data import image, needs_shared
from stills import LONG, Picture, jpeg_with, stored, tiff

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


def portrait() -> Picture:
    picture = cv2.imread(str(image("portrait_s12.jpg")))
    assert picture is not None
    height, width = picture.shape[:2]
    scale = 480 / max(height, width)
    size = (int(width * scale), int(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def photo(orientation: int, *blocks: bytes) -> bytes:
    done, data = cv2.imencode(".jpg", stored(portrait(), orientation), [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert done
    return jpeg_with(data.tobytes(), *(blocks or (tiff(orientation),)))


def opened(path: pathlib.Path) -> Picture:
    with VideoSource(path) as source:
        return next(source.pictures()).upright_bgr()


async def read(service: Service, path: pathlib.Path) -> ImageResult:
    async with library.connect(service.target) as client:
        return await client.image(path, purpose="research", consent="granted")


async def test_a_photo_stored_any_way_up_is_annotated_upright(roompulse: Service, tmp_path: pathlib.Path) -> None:
    photos = {f"exif{orientation}.jpg": photo(orientation) for orientation in range(1, 9)}
    photos["long.jpg"] = photo(6, tiff(6, ">", LONG))
    photos["twice.jpg"] = photo(6, tiff(6), tiff(1))
    upright = portrait()
    height, width = upright.shape[:2]
    boxes = []
    for name, data in photos.items():
        path, copy = tmp_path / name, tmp_path / f"copy-{name}"
        path.write_bytes(data)
        result = await read(roompulse, path)
        assert ((result.width, result.height), len(result.faces)) == ((width, height), 1), name
        box = result.faces[0].face.box
        boxes.append((box.x, box.y, box.width, box.height))
        assert mean_difference(opened(path), upright) < 4, name
        annotate(path, result, copy)
        shown = opened(copy)
        assert shown.shape == upright.shape, name
        green = np.abs(shown.astype(int) - (80, 220, 60)).max(axis=2) < 60  # the box's lines
        rows, columns = np.nonzero(green)
        place = (columns.min() / width, rows.max() / height, columns.max() / width)
        assert place == pytest.approx((box.x, box.y + box.height, box.x + box.width), abs=0.03), name
    assert np.abs(np.array(boxes) - boxes[0]).max() <= 0.02


@needs_shared
@pytest.mark.parametrize("name", ["still_exif2.jpg", "still_exif6_long_be.jpg", "still_exif_twice.jpg"])
async def test_the_photos_that_were_reported(roompulse: Service, tmp_path: pathlib.Path, name: str) -> None:
    upright = tmp_path / "upright.png"
    cv2.imwrite(str(upright), portrait())
    expected, found = await read(roompulse, upright), await read(roompulse, CASES / name)
    assert (found.width, found.height) == (expected.width, expected.height)
    (one,), (other,) = expected.faces, found.faces
    sides = ("x", "y", "width", "height")
    shifts = [abs(getattr(one.face.box, side) - getattr(other.face.box, side)) for side in sides]
    assert max(shifts) <= 0.02
    assert mean_difference(opened(CASES / name), portrait()) < 4
