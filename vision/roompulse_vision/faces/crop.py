"""The part of a picture that an emotion model is to see, by the rule of its card."""

from dataclasses import dataclass
from enum import StrEnum

import cv2

from roompulse_vision.faces.detection import Picture, PixelBox
from roompulse_vision.faces.sampling import Patch, patch, stretched


@dataclass(frozen=True, slots=True)
class SquareCrop:
    """A square: `centre` in fractions of the box, `side` = side[0] · width + side[1] · height of the box."""

    centre: tuple[float, float]
    side: tuple[float, float]

    def area(self, box: PixelBox) -> PixelBox:
        side = self.side[0] * box.width + self.side[1] * box.height
        x, y = box.x + self.centre[0] * box.width, box.y + self.centre[1] * box.height
        return PixelBox(x - side / 2, y - side / 2, side, side)


@dataclass(frozen=True, slots=True)
class BoxCrop:
    """The box itself, widened by `margin` of its sides on each side; its aspect is not kept."""

    margin: float = 0.0

    def area(self, box: PixelBox) -> PixelBox:
        dx, dy = self.margin * box.width, self.margin * box.height
        return PixelBox(box.x - dx, box.y - dy, box.width + 2 * dx, box.height + 2 * dy)


CropRule = SquareCrop | BoxCrop


class Resize(StrEnum):
    AREA = "area"  # at sub-pixel places, averaged
    BILINEAR_STRETCH = "bilinear-stretch"  # whole pixels, bilinear, as `cv2.resize` does


_SAMPLERS = {Resize.AREA: patch, Resize.BILINEAR_STRETCH: stretched}
_CONVERSIONS = {"grey": cv2.COLOR_BGR2GRAY, "rgb": cv2.COLOR_BGR2RGB, "bgr": None}


def crop(
    picture: Picture, box: PixelBox, rule: CropRule, size: int, colour: str, resize: Resize = Resize.AREA
) -> Patch:
    """Return the crop: uint8 (size, size) for "grey", (size, size, 3) for "rgb" and "bgr".

    Beyond the picture its border is repeated (`AREA`) or the area ends there (`BILINEAR_STRETCH`).
    """
    return _SAMPLERS[resize](picture, rule.area(box), size, _CONVERSIONS[colour])
