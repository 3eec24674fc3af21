"""The files of `../shared/cases/media`, and what must come of each; see the README there."""

import pathlib
from dataclasses import dataclass

from shared_data import SHARED

CASES = SHARED / "cases" / "media"


@dataclass(frozen=True, slots=True)
class FileCase:
    """A video: how many pictures are shown, how far apart, and what is said of it.

    `spared`: pictures that may be missing, because their bytes are damaged.
    """

    name: str
    pictures: int
    period_s: float = 1 / 30
    said: str = ""
    spared: int = 0

    @property
    def path(self) -> pathlib.Path:
        return CASES / self.name


FILES = [
    FileCase("editlist_hidden_person.mp4", 210, said="120 packets are hidden by an edit list"),
    FileCase("editlist_trim4.mp4", 130, said="120 packets are hidden by an edit list"),  # 4.33 s of 8.33 are left
    FileCase("cut_whole_fast.mp4", 120, said="1 packet is damaged or cut short"),
    FileCase("cut_whole_frag.mp4", 120, said="1 packet is damaged or cut short"),
    FileCase("cut_whole.flv", 120, said="1 packet is damaged or cut short"),
    FileCase("damaged_h264.mp4", 180, said="packets are damaged or cut short", spared=4),
    FileCase("stamps_restart.ts", 300, said="time begins again at 5.0 s"),
    FileCase("joined.webm", 360, said="time begins again at 6.0 s"),
    FileCase("stamps_outlier.mkv", 150, said="1 packet is stamped far from those around them", spared=1),
    FileCase("sar_4_3.mp4", 250, said="pixels are not square (4:3)"),
    FileCase("sar_2_1.mp4", 250, said="pixels are not square (2:1)"),
    FileCase("matrix_hflip.mp4", 250, said="stored mirrored"),
    FileCase("matrix_vflip.mp4", 250, said="stored mirrored"),
    FileCase("fps1.mp4", 25, 1.0),
    FileCase("stamps_none.avi", 180, said="does not say when pictures are shown"),
    FileCase("stamps_10fps.h264", 80, 0.1, said="does not say when pictures are shown"),
    FileCase("late_key_300.mkv", 150, said="300 packets come before the first key frame"),
    FileCase("thumbnail_first.mkv", 180, said="it has 2 video tracks (1: mjpeg 96×54, 2: h264 240×240)"),
    FileCase("plain.mp4", 180),
]
