"""Application service for AnalyzeVideo and AnalyzeImage."""

from dataclasses import dataclass

from roompulse_vision.errors import MediaError
from roompulse_vision.media.admission import check_packet
from roompulse_vision.types import Packet, VideoFormat

from roompulse_server.access.caller import Caller
from roompulse_server.engine.capacity import Capacity
from roompulse_server.engine.messages import Ready, StillRead
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.validation import check_consent, check_granted, check_purpose, check_stream
from roompulse_server.streams.stream import AnalysisStream, StreamParts
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


class AnalysisService:
    """Opens streams, and reads still pictures."""

    def __init__(self, registry: Registry, parts: StreamParts, capacity: Capacity) -> None:
        self._registry, self._parts, self._capacity = registry, parts, capacity
        self._engine, self._settings = parts.engine, parts.settings

    @property
    def ready(self) -> Ready:
        return self._engine.ready

    async def open(self, caller: Caller, config: StreamConfig) -> AnalysisStream:
        """Open a stream; the caller must `aclose` it.

        Raises:
            RoompulseError: Whatever the configuration or the meeting forbids.
        """
        config = check_stream(config, caller)
        replacing = self._registry.streams(config.meeting, config.participant)
        place = self._capacity.take(replacing=replacing)  # before anything is recorded
        try:
            live = await self._registry.for_stream(config)
            stream = AnalysisStream(config, live, self._parts, place)
        except BaseException:
            place.release()
            raise
        await stream.open()
        return stream

    async def image(self, caller: Caller, request: ImageRequest) -> StillRead:
        """Read the faces of a still picture.

        Raises:
            RoompulseError: PURPOSE_*, CONSENT_MISSING, INVALID_ARGUMENT, PICTURE_UNUSABLE, ENGINE_UNAVAILABLE.
        """
        check_purpose(request.purpose, self._settings.allow_purposes)
        check_consent("consent", request.consent)
        check_granted(request.consent, self._settings.consent_required)
        if request.max_faces > MOST_FACES:
            raise InvalidArgumentError("max_faces", f"{request.max_faces} is more than {MOST_FACES}")
        try:
            check_packet(Packet(0, request.data, request.format, 0, 0, 0), self._parts.limits)
            return await self._engine.read_still(request.data, request.format, request.max_faces)
        except MediaError as error:
            fault = error.reason.name
            raise RoompulseError(Reason.PICTURE_UNUSABLE, error.message, field="data", fault=fault) from error
