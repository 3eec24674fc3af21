"""A video on its way: sending and reading side by side, and what there is to show of it."""

import asyncio
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from roompulse.cli import tables
from roompulse.cli.drawing import Display
from roompulse.cli.output import Output, Part, shown
from roompulse.cli.tally import Tally
from roompulse.results import FlowNotice, PacketFault, Reconnected, StreamEvent, StreamOpened, Update

if TYPE_CHECKING:
    from roompulse import AnalysisStream
    from roompulse.sending.video_player import Passing
    from roompulse.sources import SourceInfo


class Sending:
    """Plays one video into an open stream."""

    def __init__(self, stream: "AnalysisStream", meeting: str, participant: str, name: str, output: Output) -> None:
        """Keep the stream, and what its meeting and participant are called."""
        self._stream, self._meeting, self._output = stream, meeting, output
        self._tally = Tally()
        self._tally.learn({participant: name})
        self._name = self._tally.name(participant)
        self._notice: FlowNotice | None = None
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(None), TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(), console=output.err,
        )  # fmt: skip

    async def play(
        self,
        video: str,
        info: "SourceInfo",
        *,
        speed: float | None,
        encoder: "Passing",
        loop: bool,
        track: int | None,
        stop: asyncio.Event,
    ) -> None:
        """Send the video to its end or until `stop`, and say what came of it."""
        self._say_opened(self._stream.opened)
        bar = self._progress.add_task(shown(f"{self._name} ({info.codec})", self._output.err), total=info.duration_s)
        async with Display(self._picture, self._output.err).drawn(on=self._output.is_followed):
            reading = asyncio.create_task(self._read(), name="roompulse results")
            try:
                report = await self._stream.send_video(
                    video, speed=speed, encoder=encoder, loop=loop, track=track, stop=stop,
                    progress=lambda at_s: self._progress.update(bar, completed=at_s),
                )  # fmt: skip
                for finding in report.findings:
                    self._output.note(f"note: {finding.what}: {finding.help}")
                await self._stream.finish()
                await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        self._say_end()

    async def _read(self) -> None:
        async for event in self._stream:
            if self._output.json:
                self._output.event(event)
            self._note(event)

    def _note(self, event: StreamEvent) -> None:
        if isinstance(event, Update):
            self._tally.add(event)
        elif isinstance(event, FlowNotice):
            self._notice = event
        elif isinstance(event, Reconnected) and not self._output.json:
            lost = f"{event.packets_lost} packets may be lost"
            self._output.note(f"the connection was lost ({event.reason}); back after {event.away_s:.1f} s, {lost}")
        elif isinstance(event, PacketFault) and not self._output.json:
            self._output.note(f"packet {event.packet_index} ({event.reason.word}): {event.message}")

    def _picture(self) -> Group:
        title = f"{self._meeting}: {tables.flow_line(self._notice)}"
        return Group(tables.participants(self._tally, title), self._progress)

    def _say_opened(self, opened: StreamOpened) -> None:
        if self._output.json:
            self._output.event(opened)
        for warning in opened.warnings:
            self._output.note(f"note: {warning}")

    def _say_end(self) -> None:
        total = sum(seen.updates for seen in self._tally.participants.values())
        parts: list[Part] = [tables.packets_table(self._stream.counters), tables.coverage_table(self._tally)]
        if self._tally.reasons:
            parts.append(tables.reasons_table(self._tally.reasons, total))
        self._output.show(*parts)
        if self._stream.results_dropped:
            self._output.note(f"{self._stream.results_dropped} results came faster than they could be shown")
