"""Participants of one stream: turns observations into participant updates.

CAMERA: one seat, the stream's participant. GALLERY with tiles: a seat for each tile. ROOM and automatic GALLERY: a
seat for each track, named "room#1", taken when the track first appears.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from roompulse_vision.enumerations import DropReason, Presence
from roompulse_vision.frame_sampler import FrameSampler
from roompulse_vision.observation import Observation, RegionObservation
from roompulse_vision.types import FaceReading

from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.live import LiveMeeting
from roompulse_server.meetings.participant import Moment, ParticipantState
from roompulse_server.types import ATTESTED, Consent, ConsentState, Content, Update, found_id
from roompulse_server.types.requests import StreamConfig, TileConfig

QUIET_PERIODS = 2.5  # a LIVE participant whose analysis is so many periods old gets updates all the same
NO_PICTURES_US = 3_000_000  # and after this time is known to send none
MAX_FOUND = 64  # participants found in one stream: a tracker that goes astray must not fill the record
GONE_US = 3_000_000  # a found face that was not seen for so long has left

Scored = tuple[ParticipantState, Update]


@dataclass(frozen=True, slots=True)
class Watched:
    """A moment's packet, as participants see it."""

    moment: Moment
    speaking: bool | None
    packet: int


class StreamParticipants:
    """The participants of one stream. `own` is the stream's participant itself."""

    def __init__(self, config: StreamConfig, live: LiveMeeting, own: ParticipantState) -> None:
        self._config, self._live, self.own = config, live, own
        self._tiles: dict[str, TileConfig] = {}
        self._others: dict[str, ParticipantState] = {}
        self._gone: set[str] = set()  # found faces that have left
        self._signs: dict[int, int] = {}  # number signs in the ids of tracks, where one gives somebody else's
        self._samplers: dict[str, FrameSampler] = {}
        self._every_rate = config.update_rate_hz == config.analysis_rate_hz
        self._resumes = (
            config.resumed and config.tiled
        )  # until its tiles are seated: nobody is taken back from a newer stream
        self._thinned = config.update_rate_hz < config.analysis_rate_hz

    def everybody(self) -> Iterable[ParticipantState]:
        """The participants that get updates."""
        return list(self._others.values()) if self._config.tiled or self._config.finds_faces else [self.own]

    def all_seats(self) -> Iterable[ParticipantState]:
        """Everybody whose stream must be closed in the record."""
        return [*self._others.values(), self.own]

    @property
    def watched_tiles(self) -> tuple[TileConfig, ...]:
        """The tiles whose participants have consented."""
        return tuple(entry for name, entry in self._tiles.items() if self._granted(self._others[name]))

    @property
    def may_look(self) -> bool:
        """Whether anybody in the picture has consented."""
        if self._config.tiled:
            return bool(self.watched_tiles)
        if self._config.finds_faces:
            return self._attested and self.own.row.consent.state in (ConsentState.GRANTED, ConsentState.UNSPECIFIED)
        return self._granted(self.own)

    @property
    def _attested(self) -> bool:
        """Whether somebody answers for the consent of everybody whose face may be found."""
        return self._config.everyone_consented or self._live.meeting.everyone_consented

    def unseen(self, camera_on: bool) -> DropReason | None:
        """Return why pictures are not looked at, None where they are."""
        if not camera_on:
            return DropReason.NOT_A_CAMERA
        return None if self.may_look else DropReason.NO_CONSENT

    def put(self, name: str, consent: Consent) -> bool:
        """Take somebody's new consent over; return whether everybody's pictures must be given up for it."""
        seat = self.own if name == self.own.id else self._others.get(name)
        if seat is None:
            return False
        before, seat.row = self._granted(seat), replace(seat.row, consent=consent)
        if self._granted(seat) and seat.state is Presence.NO_CONSENT:
            seat.state = None
        return self.rests_on(name) and before and not self._granted(seat)

    def rests_on(self, name: str) -> bool:
        """Whether the stream can show nobody without this one: of found faces nobody can tell who is who."""
        return name == self.own.id or (self._config.finds_faces and name in self._others)

    def forget(self, name: str) -> None:
        """Seat somebody no longer; a tile of theirs is seated anew when it comes again."""
        for held in (self._others, self._tiles, self._samplers):
            held.pop(name, None)

    def warnings(self) -> tuple[str, ...]:
        """Return, in words, why nothing would be analysed."""
        if self._config.content is not Content.CAMERA or self.may_look:
            return ()
        return (f"nothing is analysed: {self._obstacle()}",)

    def _obstacle(self) -> str:
        """Say whose consent is missing, and what helps."""
        state = self.own.row.consent.state
        if state in (ConsentState.REFUSED, ConsentState.WITHDRAWN):
            return f"the recorded consent of {self.own.id!r} is {state.name}; SetConsent records another one"
        if self._config.finds_faces:
            return "everyone_consented is not set, which says that everybody in the pictures has agreed"
        who = "any tile's participant" if self._config.tiled else f"{self.own.id!r}"
        return f"no consent of {who} is recorded; the stream's configuration can state it"

    async def retile(self, tiles: tuple[TileConfig, ...], moment: Moment) -> list[Scored]:
        """Seat newcomers, see off who left; return the updates of who left."""
        names = {entry.tile.participant_id for entry in tiles}
        scored: list[Scored] = []
        for name in [name for name in self._others if name not in names]:
            leaver = self._others.pop(name)
            scored.append((leaver, leaver.enter(moment, Presence.LEFT)))
        for entry in tiles:
            seat = self._others.get(entry.tile.participant_id)
            if seat is None:
                scored += await self._seat_tile(entry, moment)
            elif _is_news(entry, seat):
                await self._describe(entry)
        seated = (entry for entry in tiles if entry.tile.participant_id in self._others)
        self._tiles = {entry.tile.participant_id: entry for entry in seated}
        self._resumes = False
        return scored

    async def take(self, observation: Observation, now_us: int) -> list[Scored]:
        """Return the updates that an observation leads to."""
        stamp = observation.stamp
        moment = Moment(stamp.offset_us, stamp.capture_us, stamp.receive_us, now_us)
        watched = Watched(moment, observation.speaking, observation.packet_index)
        scored: list[Scored] = []
        for region in observation.regions if self.may_look else ():
            if self._config.finds_faces:
                scored += await self._take_found(region, watched)
            elif not self._config.tiled:
                scored += self._observe(self.own, region.presence, _first(region), watched)
            elif region.region in self._others:
                scored += self._observe(self._others[region.region], region.presence, _first(region), watched)
        return scored

    def state(self, camera_on: bool) -> Presence | None:
        """Return what is known of everybody without pictures; None where pictures are analysed."""
        if self._config.content is not Content.CAMERA:
            return Presence.NOT_A_CAMERA
        if not camera_on:
            return Presence.CAMERA_OFF
        return None if self.may_look or self._config.tiled else Presence.NO_CONSENT

    def enter(self, moment: Moment, state: Presence | None) -> list[Scored]:
        """Let everybody enter a state without pictures, or (None) leave the camera's."""
        seats = list(self.everybody())
        if state is None:
            for seat in seats:
                seat.state = None if seat.state is Presence.CAMERA_OFF else seat.state
            return []
        return [(seat, seat.enter(moment, state)) for seat in seats or [self.own]]

    def fill(self, until_us: int) -> list[Scored]:
        """Return the updates that states without pictures need up to an offset: one of each participant at most."""
        began_us = self._live.began_us
        seats = {seat.id: seat for seat in (*self.everybody(), self.own)}.values()
        return [(seat, update) for seat in seats if (update := seat.fill(until_us, began_us)) is not None]

    def keep_up(self, moment: Moment) -> list[Scored]:
        """Return the updates that are due although no analysis came."""
        return [*self.fill(moment.offset_us), *self.refresh(moment)]

    def refresh(self, moment: Moment) -> list[Scored]:
        """Return updates at the asked rate of those whose analysis is late: it ages, and in the end no picture came."""
        period_us = 1e6 / self._config.update_rate_hz
        late_us = period_us * (QUIET_PERIODS if self._every_rate else 1.5)
        scored: list[Scored] = []
        for seat in self.everybody():
            quiet_us = moment.offset_us - (seat.opened_us if seat.analysed_us is None else seat.analysed_us)
            due = quiet_us >= late_us and moment.offset_us - seat.offset_us >= 0.8 * period_us
            if due and seat.state is None and seat.id not in self._gone:
                silent = quiet_us > NO_PICTURES_US
                scored.append((seat, seat.enter(moment, Presence.NO_PICTURES) if silent else seat.refresh(moment)))
        return scored

    async def _seat_tile(self, entry: TileConfig, moment: Moment) -> list[Scored]:
        tile = entry.tile
        seat = await self._admit(tile.participant_id, tile.display_name, entry.consent, moment.offset_us)
        if seat is None:
            return []
        self._others[tile.participant_id] = seat
        return [] if self._granted(seat) else [(seat, seat.enter(moment, Presence.NO_CONSENT))]

    async def _describe(self, entry: TileConfig) -> None:
        """Take what a tile that is said again says anew; who was erased meanwhile is no part of it."""
        name = entry.tile.participant_id
        try:
            row = await self._live.describe(name, entry.tile.display_name, entry.consent)
        except RoompulseError as error:
            if error.reason is not Reason.PARTICIPANT_NOT_FOUND:
                raise
            return
        if name in self._others:
            self._others[name].row = replace(self._others[name].row, display_name=row.display_name)
            self.put(name, row.consent)

    async def _take_found(self, region: RegionObservation, watched: Watched) -> list[Scored]:
        scored: list[Scored] = []
        for face in region.faces:
            seat = await self._found(face.track, watched.moment)
            if seat is None:
                continue
            self._gone.discard(seat.id)
            small = face.affect is None
            presence = Presence.FACE_TOO_SMALL if small else Presence.PRESENT
            scored += self._observe(seat, presence, face, watched)
        return scored + self._see_off(watched.moment)

    async def _found(self, track: int, moment: Moment) -> ParticipantState | None:
        """Return a found face's seat; None for one that gets none. An id that is somebody else's is passed over."""
        while True:
            name = found_id(self.own.id, track, self._signs.get(track, 1))
            if name in self._others:
                return self._others[name]
            if len(self._others) >= MAX_FOUND:
                return None
            consent = Consent(ConsentState.GRANTED, ATTESTED, "", moment.now_us)
            try:
                seat = await self._admit(name, "", consent, moment.offset_us, face=True)
            except InvalidArgumentError:
                self._signs[track] = self._signs.get(track, 1) + 1
                continue
            if seat is not None:
                self._others[name] = seat
            return seat

    async def _admit(
        self, name: str, display_name: str, consent: Consent | None, at_us: int, *, face: bool = False
    ) -> ParticipantState | None:
        """Admit somebody in the pictures; None for who is to be no part of it, which costs nobody else anything."""
        marks: dict[str, Any] = {"face": face, "stream_id": self._config.stream_id, "resumed": self._resumes}
        try:
            return await self._live.admit(name, display_name, consent, self.own.id, at_us, **marks)
        except RoompulseError as error:
            if error.reason in (Reason.CONSENT_WITHDRAWN, Reason.PARTICIPANT_ERASED, Reason.STREAM_REPLACED):
                return None
            raise

    def _see_off(self, moment: Moment) -> list[Scored]:
        scored: list[Scored] = []
        for seat in self._others.values():
            if seat.id not in self._gone and moment.offset_us - seat.offset_us > GONE_US:
                scored.append((seat, seat.enter(moment, Presence.LEFT)))
                seat.state = None  # said once, not filled
                self._gone.add(seat.id)
        return scored

    def _observe(
        self, seat: ParticipantState, presence: Presence, face: FaceReading | None, watched: Watched
    ) -> list[Scored]:
        speaking = watched.speaking
        if seat.id in self._tiles and self._tiles[seat.id].tile.speaking is not None:
            speaking = self._tiles[seat.id].tile.speaking
        if self._thinned:
            sampler = self._samplers.setdefault(seat.id, FrameSampler())
            if not sampler.due(watched.moment.offset_us, self._config.update_rate_hz):
                seat.note(watched.moment, presence, face, speaking)
                return []
        return [(seat, seat.observe(watched.moment, presence, face, speaking, watched.packet))]

    def _granted(self, seat: ParticipantState) -> bool:
        state = seat.row.consent.state
        return state is ConsentState.GRANTED or (state is ConsentState.UNSPECIFIED and not self._live.consent_required)


def _is_news(entry: TileConfig, seat: ParticipantState) -> bool:
    """Tell whether a tile that is said again says something that is not recorded."""
    renamed = entry.tile.display_name not in ("", seat.row.display_name)
    return renamed or (entry.consent is not None and seat.row.consent.state is ConsentState.UNSPECIFIED)


def _first(region: RegionObservation) -> FaceReading | None:
    return region.faces[0] if region.faces else None
