"""The door for pictures: opens sessions, reads stills."""

from dataclasses import dataclass

from roompulse_vision.errors import MediaError
from roompulse_vision.media.admission import check_packet
from roompulse_vision.types import MediaLimits, Packet, VideoFormat

from roompulse_server.engine.messages import Ready, StillRead
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.services import Services
from roompulse_server.meetings.session import Session
from roompulse_server.meetings.validation import check_consent, check_granted, check_purpose, check_stream
from roompulse_server.types import Consent, Purpose
from roompulse_server.types.requests import StreamConfig

DEFAULT_MAX_FACES = 50
MOST_FACES = 500


@dataclass(frozen=True, slots=True)
class ImageRequest:
    data: bytes
    format: VideoFormat
    purpose: Purpose
    consent: Consent | None
    max_faces: int


class Ingest:
    def __init__(self, services: Services, registry: Registry, limits: MediaLimits) -> None:
        self._services, self._registry, self._limits = services, registry, limits

    @property
    def ready(self) -> Ready:
        return self._services.engine.ready

    async def open(self, config: StreamConfig) -> Session:
        """Open a stream; the caller must `aclose` the session.

        Raises:
            RoompulseError: Whatever the configuration or the meeting forbids.
        """
        config = check_stream(config)
        live = await self._registry.for_stream(config)
        if config.participant not in live.streams:  # otherwise it takes that one's place
            self._check_room()
        session = Session(config, live, self._services, self._limits)
        await session.open()
        return session

    def _check_room(self) -> None:
        """Count every stream, whether its pictures are looked at or not."""
        most, count = self._services.settings.max_streams, self._registry.stream_count
        if count >= most:
            message = f"{count} streams are open, and {most} are allowed (max_streams)"
            raise RoompulseError(Reason.TOO_MANY_STREAMS, message)

    async def image(self, request: ImageRequest) -> StillRead:
        """Read the faces of a still picture.

        Raises:
            RoompulseError: PURPOSE_*, CONSENT_MISSING, INVALID_ARGUMENT, PICTURE_UNUSABLE, ENGINE_UNAVAILABLE.
        """
        check_purpose(request.purpose, self._services.settings.allow_purposes)
        check_consent("consent", request.consent)
        check_granted(request.consent, self._services.settings.consent_required)
        if request.max_faces > MOST_FACES:
            raise InvalidArgumentError("max_faces", f"{request.max_faces} is more than {MOST_FACES}")
        try:
            check_packet(Packet(0, request.data, request.format, 0, 0, 0), self._limits)
            return await self._services.engine.read_still(request.data, request.format, request.max_faces)
        except MediaError as error:
            fault = error.reason.name
            raise RoompulseError(Reason.PICTURE_UNUSABLE, error.message, field="data", fault=fault) from error
