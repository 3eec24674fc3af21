"""Participants of one stream: turns observations into participant updates.

CAMERA: the stream's participant alone. GALLERY with tiles: one for each tile. ROOM and automatic GALLERY: one for each
track, named "room#1", admitted when the track first appears.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from roompulse_vision.enumerations import DropReason, Presence
from roompulse_vision.frame_sampler import FrameSampler
from roompulse_vision.observation import Observation, RegionObservation
from roompulse_vision.types import FaceReading

from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.live_meeting import LiveMeeting
from roompulse_server.meetings.participant import Instant, ParticipantState
from roompulse_server.streams.consent_policy import ConsentPolicy
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

    moment: Instant
    speaking: bool | None
    packet: int


class StreamParticipants:
    """The participants of one stream. `own` is the stream's participant itself."""

    def __init__(self, config: StreamConfig, live: LiveMeeting, policy: ConsentPolicy, own: ParticipantState) -> None:
        self._config, self._live, self._policy, self.own = config, live, policy, own
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

    def all(self) -> list[ParticipantState]:
        """Everybody whose stream must be closed in the record."""
        return [*self._others.values(), self.own]

    def shows(self, name: str) -> bool:
        """Whether a participant is in the stream's pictures, or is the stream's own."""
        return name == self.own.id or name in self._others

    def holds(self, name: str, epoch: int) -> bool:
        """Whether the values of a participant's epoch come from this stream, and the participant is still here."""
        return any(each.id == name and each.row.epoch == epoch for each in self.all())

    @property
    def watched_tiles(self) -> tuple[TileConfig, ...]:
        """The tiles whose participants have consented."""
        return tuple(entry for name, entry in self._tiles.items() if self._granted(self._others[name]))

    def why_not(self, *, camera_on: bool) -> DropReason | None:
        """Return why packets are not analysed; None where they are."""
        return self._policy.why_not(self.own.row.consent, len(self.watched_tiles), camera_on=camera_on)

    def warnings(self) -> tuple[str, ...]:
        """Return, in words, why nothing would be analysed."""
        return self._policy.warnings(self.own.id, self.own.row.consent, len(self.watched_tiles))

    def set_consent(self, name: str, consent: Consent) -> bool:
        """Take a participant's consent over; return whether the stream can show nobody without them.

        A tile of a participant who does not agree is seated anew when it comes again. Nobody can tell found faces
        apart, so the stream ends with the first of them.
        """
        participant = self.own if name == self.own.id else self._others.get(name)
        ends = name == self.own.id or (self._config.finds_faces and name in self._others)
        if participant is not None:
            participant.row = replace(participant.row, consent=consent)
            if self._granted(participant) and participant.state is Presence.NO_CONSENT:
                participant.state = None
        if consent.state is ConsentState.GRANTED:
            return False
        for held in (self._others, self._tiles, self._samplers):
            held.pop(name, None)
        return ends

    async def set_tiles(self, tiles: tuple[TileConfig, ...], moment: Instant) -> list[Scored]:
        """Seat newcomers, see off who left; return the updates of who left."""
        names = {entry.tile.participant_id for entry in tiles}
        scored: list[Scored] = []
        for name in [name for name in self._others if name not in names]:
            leaver = self._others.pop(name)
            scored.append((leaver, leaver.enter(moment, Presence.LEFT)))
        for entry in tiles:
            participant = self._others.get(entry.tile.participant_id)
            if participant is None:
                scored += await self._admit_tile(entry, moment)
            elif _is_news(entry, participant):
                await self._describe(entry)
        seated = (entry for entry in tiles if entry.tile.participant_id in self._others)
        self._tiles = {entry.tile.participant_id: entry for entry in seated}
        self._resumes = False
        return scored

    async def take(self, observation: Observation, regions: Iterable[RegionObservation], now_us: int) -> list[Scored]:
        """Return the updates that an observation of these regions leads to."""
        watched = Watched(Instant(observation.stamp, now_us), observation.speaking, observation.packet_index)
        scored: list[Scored] = []
        for region in regions:
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
        return None if self._config.tiled or self.why_not(camera_on=True) is None else Presence.NO_CONSENT

    def enter(self, moment: Instant, state: Presence | None) -> list[Scored]:
        """Let everybody enter a state without pictures, or (None) leave the camera's."""
        participants = list(self.everybody())
        if state is None:
            for participant in participants:
                participant.state = None if participant.state is Presence.CAMERA_OFF else participant.state
            return []
        return [(participant, participant.enter(moment, state)) for participant in participants or [self.own]]

    def fill(self, until_us: int) -> list[Scored]:
        """Return the updates that states without pictures need up to an offset: one of each participant at most."""
        began_us = self._live.began_us
        participants = {participant.id: participant for participant in (*self.everybody(), self.own)}.values()
        return [
            (participant, update)
            for participant in participants
            if (update := participant.fill(until_us, began_us)) is not None
        ]

    def keep_up(self, moment: Instant) -> list[Scored]:
        """Return the updates that are due although no analysis came."""
        return [*self.fill(moment.offset_us), *self.refresh(moment)]

    def refresh(self, moment: Instant) -> list[Scored]:
        """Return updates at the asked rate of those whose analysis is late: it ages, and in the end no picture came."""
        period_us = 1e6 / self._config.update_rate_hz
        late_us = period_us * (QUIET_PERIODS if self._every_rate else 1.5)
        scored: list[Scored] = []
        for participant in self.everybody():
            quiet_us = moment.offset_us - (
                participant.opened_us if participant.analysed_us is None else participant.analysed_us
            )
            due = quiet_us >= late_us and moment.offset_us - participant.offset_us >= 0.8 * period_us
            if due and participant.state is None and participant.id not in self._gone:
                silent = quiet_us > NO_PICTURES_US
                scored.append(
                    (
                        participant,
                        participant.enter(moment, Presence.NO_PICTURES) if silent else participant.refresh(moment),
                    )
                )
        return scored

    async def _admit_tile(self, entry: TileConfig, moment: Instant) -> list[Scored]:
        tile = entry.tile
        participant = await self._admit(tile.participant_id, tile.display_name, entry.consent, moment.offset_us)
        if participant is None:
            return []
        self._others[tile.participant_id] = participant
        return [] if self._granted(participant) else [(participant, participant.enter(moment, Presence.NO_CONSENT))]

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
            self.set_consent(name, row.consent)

    async def _take_found(self, region: RegionObservation, watched: Watched) -> list[Scored]:
        scored: list[Scored] = []
        for face in region.faces:
            participant = await self._found(face.track, watched.moment)
            if participant is None:
                continue
            self._gone.discard(participant.id)
            small = face.affect is None
            presence = Presence.FACE_TOO_SMALL if small else Presence.PRESENT
            scored += self._observe(participant, presence, face, watched)
        return scored + self._see_off(watched.moment)

    async def _found(self, track: int, moment: Instant) -> ParticipantState | None:
        """Return a found face's participant; None for a face that gets none.

        An id that is somebody else's is passed over.
        """
        while True:
            name = found_id(self.own.id, track, self._signs.get(track, 1))
            if name in self._others:
                return self._others[name]
            if len(self._others) >= MAX_FOUND:
                return None
            consent = Consent(ConsentState.GRANTED, ATTESTED, "", moment.now_us)
            try:
                participant = await self._admit(name, "", consent, moment.offset_us, face=True)
            except InvalidArgumentError:
                self._signs[track] = self._signs.get(track, 1) + 1
                continue
            if participant is not None:
                self._others[name] = participant
            return participant

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

    def _see_off(self, moment: Instant) -> list[Scored]:
        scored: list[Scored] = []
        for participant in self._others.values():
            if participant.id not in self._gone and moment.offset_us - participant.offset_us > GONE_US:
                scored.append((participant, participant.enter(moment, Presence.LEFT)))
                participant.state = None  # said once, not filled
                self._gone.add(participant.id)
        return scored

    def _observe(
        self, participant: ParticipantState, presence: Presence, face: FaceReading | None, watched: Watched
    ) -> list[Scored]:
        speaking = watched.speaking
        if participant.id in self._tiles and self._tiles[participant.id].tile.speaking is not None:
            speaking = self._tiles[participant.id].tile.speaking
        if self._thinned:
            sampler = self._samplers.setdefault(participant.id, FrameSampler())
            if not sampler.due(watched.moment.offset_us, self._config.update_rate_hz):
                participant.note(watched.moment, presence, face, speaking)
                return []
        return [(participant, participant.observe(watched.moment, presence, face, speaking, watched.packet))]

    def _granted(self, participant: ParticipantState) -> bool:
        return self._policy.granted(participant.row.consent)


def _is_news(entry: TileConfig, participant: ParticipantState) -> bool:
    """Tell whether a tile that is said again says something that is not recorded."""
    renamed = entry.tile.display_name not in ("", participant.row.display_name)
    return renamed or (entry.consent is not None and participant.row.consent.state is ConsentState.UNSPECIFIED)


def _first(region: RegionObservation) -> FaceReading | None:
    return region.faces[0] if region.faces else None
