"""The files that people really have, streamed to a service: all that is shown is analysed, and looks as it should."""

import asyncio
import pathlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import roompulse as library
from file_cases import CASES, FILES, FileCase
from live_service import Service
from numpy.typing import NDArray
from odd_videos import Picture, high_range, portrait, with_matrix, write
from roompulse.enums import DropReason, FaultReason
from roompulse.errors import SourceError
from roompulse.results import PacketCounters, PacketFault, Update
from roompulse.sending.video_player import FeedReport, Passing
from shared_data import needs_shared, video

pytestmark = [needs_shared, pytest.mark.asyncio(loop_scope="module")]

Numbers = NDArray[np.float64]
SHIFT, BOX_SHIFT = 0.03, 0.02  # of the mean over a recording: each expression, each side of the box
LOOKS_HZ = 5.0
OVERLOADED = (DropReason.QUEUE_FULL, DropReason.WAITING_FOR_KEY_FRAME)
RESHAPED = [case for case in FILES if case.name.startswith(("sar_", "matrix_"))]
# How a picture is stored for a display matrix to show it upright, and the matrix.
STORED: dict[str, tuple[Callable[[Picture], Picture], tuple[int, int, int, int]]] = {
    "rot90": (lambda picture: np.rot90(picture, 1), (0, 1, -1, 0)),
    "rot180": (lambda picture: np.rot90(picture, 2), (-1, 0, 0, -1)),
    "rot270": (lambda picture: np.rot90(picture, 3), (0, -1, 1, 0)),
    "transpose": (lambda picture: picture.transpose(1, 0, 2), (0, 1, 1, 0)),
    "transverse": (lambda picture: np.rot90(picture, 2).transpose(1, 0, 2), (0, -1, -1, 0)),
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a file: the updates, what became of its packets, and what sending it said."""

    updates: list[Update]
    counters: PacketCounters
    report: FeedReport
    faults: list[PacketFault]

    def differs(self, other: "Played") -> tuple[float, float]:
        """Return the largest shift of a mean expression, and of a mean side of the box."""
        shift = float(np.abs(self._expressions() - other._expressions()).max())
        return shift, float(np.abs(self._box() - other._box()).max())

    def _expressions(self) -> Numbers:
        raws = [update.affect.raw for update in self.updates if update.affect and update.affect.raw]
        return np.asarray(np.mean([[value for _, value in raw] for raw in raws], axis=0), np.float64)

    def _box(self) -> Numbers:
        boxes = [update.face.box for update in self.updates if update.face]
        return np.asarray(np.mean([(box.x, box.y, box.width, box.height) for box in boxes], axis=0), np.float64)


async def play(
    service: Service,
    path: pathlib.Path,
    encoder: Passing = "auto",
    *,
    speed: float | None = None,
    rate_hz: float = 0.0,
    meeting: str = "",
) -> Played:
    """Stream a file as a recording, or with a speed as live."""
    meeting = meeting or f"{path.name}-{encoder}-{speed}".replace("_", "-")
    updates: list[Update] = []
    faults: list[PacketFault] = []
    async with (
        library.connect(service.target) as client,
        client.analyze(
            meeting,
            "ada",
            purpose="research",
            consent="granted",
            delivery="every_frame" if speed is None else "live",
            media_zero_s=0.0 if speed is None else None,
            update_rate_hz=rate_hz,
        ) as stream,
    ):

        async def read() -> None:
            async for event in stream:
                if isinstance(event, Update):
                    updates.append(event)
                elif isinstance(event, PacketFault):
                    faults.append(event)

        reading = asyncio.create_task(read())
        report = await stream.send_video(path, speed=speed, encoder=encoder)
        counters = await stream.finish()
        await reading
    return Played(updates, counters, report, faults)


@pytest.mark.parametrize("case", [case for case in FILES if case not in RESHAPED], ids=lambda case: case.name)
async def test_every_picture_of_a_file_is_analysed_and_recorded(roompulse: Service, case: FileCase) -> None:
    seen = await play(roompulse, case.path, meeting=case.name.replace("_", "-"))
    assert case.pictures - case.spared <= seen.counters.analyzed <= case.pictures
    assert seen.counters.analyzed == len(seen.updates)
    lost = {reason: count for reason, count in seen.counters.dropped.items() if reason is not DropReason.NO_PICTURE}
    assert set(lost) <= ({DropReason.FAULT} if case.spared else set())
    assert sum(lost.values()) == len(seen.faults)
    offsets = [update.meeting_offset_s for update in seen.updates]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == pytest.approx((case.pictures - 1) * case.period_s, abs=0.002)
    async with library.connect(roompulse.target) as client:
        recorded = [update async for update in client.meetings.updates(case.name.replace("_", "-"), "ada")]
    assert [update.meeting_offset_s for update in recorded] == offsets


async def test_a_live_stream_of_a_file_loses_nothing_of_it_either(roompulse: Service) -> None:
    """In LIVE the newest picture wins: what is not analysed was not due. What is hidden is never among either.

    On a machine that is too busy a live queue overflows, and says so; then there is nothing more to be counted.
    """
    wanted = {"editlist_hidden_person.mp4", "stamps_outlier.mkv", "stamps_restart.ts", "damaged_h264.mp4", "fps1.mp4"}
    cases = [case for case in FILES if case.name in wanted]
    passings: tuple[Passing, ...] = ("copy", "jpeg")
    played = await asyncio.gather(
        *(play(roompulse, case.path, passing, speed=8.0) for case in cases for passing in passings)
    )
    for case, seen in zip([case for case in cases for _ in passings], played, strict=True):
        dropped = dict(seen.counters.dropped)
        assert {fault.reason for fault in seen.faults} <= {FaultReason.CORRUPT}, case.name
        assert set(dropped) <= {*OVERLOADED, DropReason.SUPERSEDED, DropReason.NO_PICTURE, DropReason.FAULT}
        shown = seen.counters.analyzed + seen.counters.not_due + dropped.get(DropReason.SUPERSEDED, 0)
        least = 0 if DropReason.QUEUE_FULL in dropped else case.pictures - case.spared
        assert least <= shown + seen.report.skipped <= case.pictures, case.name
        assert seen.counters.analyzed > 0, case.name


async def test_the_person_whom_an_edit_list_hides_is_nobody_in_the_record(roompulse: Service) -> None:
    """Twice the same person: what is read from the file is what is read from the shown part alone."""
    path = CASES / "editlist_hidden_person.mp4"
    passings: tuple[Passing, ...] = ("copy", "jpeg")
    one, other = [await play(roompulse, path, passing, rate_hz=LOOKS_HZ) for passing in passings]
    shift, box_shift = one.differs(other)
    assert (shift <= SHIFT, box_shift <= BOX_SHIFT) == (True, True), (shift, box_shift)
    assert one.updates[0].face is not None
    assert one.updates[0].meeting_offset_s == 0.0


@pytest.mark.parametrize("passing", ["auto", "jpeg"])
async def test_pixels_that_are_not_square_and_mirrored_files_read_as_the_recording_that_they_were_made_of(
    roompulse: Service, passing: Passing
) -> None:
    original = await play(roompulse, video("portrait_d19.mp4"), passing, rate_hz=LOOKS_HZ)
    for case in RESHAPED if passing == "auto" else RESHAPED[::2]:
        seen = await play(roompulse, case.path, passing, rate_hz=LOOKS_HZ)
        assert seen.counters.analyzed + seen.counters.not_due == seen.counters.received == case.pictures
        shift, box_shift = seen.differs(original)
        assert (shift <= SHIFT, box_shift <= BOX_SHIFT) == (True, True), (case.name, shift, box_shift)


@pytest.mark.parametrize("turn", STORED)
async def test_a_file_that_is_stored_turned_reads_as_the_same_file_upright(
    roompulse: Service, tmp_path: pathlib.Path, turn: str
) -> None:
    pictures = portrait(45, 240, 240)
    stored, matrix = STORED[turn]
    fine = {"preset": "ultrafast", "crf": "8"}
    upright = write(tmp_path / f"upright-{turn}.mp4", pictures, options=fine)
    laid = [np.ascontiguousarray(stored(picture)) for picture in pictures]
    turned = write(tmp_path / f"{turn}.mp4", laid, options=fine)
    one = await play(roompulse, upright, rate_hz=LOOKS_HZ)
    other = await play(roompulse, with_matrix(turned, *matrix), rate_hz=LOOKS_HZ)
    shift, box_shift = other.differs(one)
    assert (shift <= SHIFT, box_shift <= BOX_SHIFT) == (True, True), (turn, shift, box_shift)


@pytest.mark.parametrize(("transfer", "codec"), [("hlg", "libx265"), ("pq", "libx264")])
async def test_pictures_of_high_dynamic_range_read_as_the_same_scene_in_ordinary_range(
    roompulse: Service, tmp_path: pathlib.Path, transfer: str, codec: str
) -> None:
    """Also of a codec that could be passed through: the service does not read such pictures."""
    pictures = portrait(12, 320, 320)
    trc = {"hlg": 18, "pq": 16}[transfer]
    colours = {"color_primaries": 9, "color_trc": trc, "colorspace": 9, "color_range": 1}
    options = {"preset": "ultrafast", "crf": "14"} | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
    made = [high_range(picture, transfer) for picture in pictures]
    high = write(tmp_path / f"{transfer}.mp4", made, codec, pix_fmt="yuv420p10le", options=options, context=colours)
    ordinary = await play(roompulse, write(tmp_path / f"ordinary-{transfer}.mp4", pictures), "jpeg")
    seen = await play(roompulse, high)
    assert (seen.counters.analyzed, seen.faults) == (12, [])
    assert f"the pictures are {transfer.upper()}, of high dynamic range" in [
        found.what for found in seen.report.findings
    ]
    shift, box_shift = seen.differs(ordinary)
    assert (shift <= SHIFT, box_shift <= BOX_SHIFT) == (True, True), (shift, box_shift)


async def test_a_codec_that_nobody_knows_is_named_with_a_remedy(roompulse: Service) -> None:
    passings: tuple[Passing, ...] = ("auto", "jpeg")
    for passing in passings:
        with pytest.raises(SourceError, match=r"of the codec 'zzz9', and there is no decoder .*; convert it to H\.264"):
            await play(roompulse, CASES / "unknown_codec.mp4", passing)
