"""Requests, checked: every wrong field is named with its value and what would be right. Pure."""

import math
import re
from dataclasses import replace
from zoneinfo import available_timezones

from roompulse_vision.enumerations import Delivery
from roompulse_vision.media.admission import wrong_geometry

from roompulse_server.access.caller import Caller
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.types import Consent, ConsentState, Purpose, Source, is_found_id
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig

MAX_TILES = 64
DEFAULT_RATE_HZ = 5.0
MAX_ZERO_US = 7 * 86_400_000_000
MAX_NAME = 128
MAX_ID = 128
MAX_FOUND_ID = 192  # of a face, which the service names after its stream
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_REFUSED = {Purpose.WORKPLACE_MONITORING: "workplace_monitoring", Purpose.EDUCATION: "education"}


def check_ref(ref: MeetingRef, caller: Caller, path: str = "meeting") -> MeetingRef:
    """Return the reference with the caller's tenant. A uid is enough to name a meeting.

    Raises:
        InvalidArgumentError: The id is wrong, or missing where there is no uid either.
        RoompulseError: TENANT_UNKNOWN.
    """
    if ref.id or not ref.uid:
        check_id(f"{path}.id", ref.id)
    return replace(ref, tenant=caller.named(ref.tenant))


def check_stream(config: StreamConfig, caller: Caller) -> StreamConfig:
    """Return the configuration with its defaults filled in.

    Raises:
        InvalidArgumentError: Names the first wrong field.
    """
    ref = check_ref(config.meeting, caller)
    check_id("participant_id", config.participant)
    _check_length("display_name", config.display_name, MAX_NAME)
    _check_length("stream_id", config.stream_id, 64)
    if config.resumed and not (config.stream_id and ref.uid):
        raise InvalidArgumentError("resumed", "a stream that goes on names its stream_id and the meeting's uid")
    check_consent("consent", config.consent)
    check_time_zone(config.time_zone)
    check_tiles(config.tiles, config.participant)
    if config.tiles and config.source is not Source.GALLERY:
        raise InvalidArgumentError("tiles", f"tiles come with source GALLERY, and this one is {config.source.name}")
    if wrong := wrong_geometry(config.format):
        raise InvalidArgumentError(f"format.{wrong[0]}", wrong[1])
    if abs(config.media_zero_us or 0) > MAX_ZERO_US:
        raise InvalidArgumentError("media_zero_ms", f"{(config.media_zero_us or 0) // 1000} must be within 7 days")
    update_hz = _rate("update_rate_hz", config.update_rate_hz, 30)
    if not update_hz and config.delivery is not Delivery.EVERY_FRAME:
        update_hz = DEFAULT_RATE_HZ
    analysis_hz = _rate("analysis_rate_hz", config.analysis_rate_hz, 60) or update_hz
    consent = None if config.resumed else config.consent  # whoever was forgotten meanwhile stays so
    return replace(config, meeting=ref, consent=consent, update_rate_hz=update_hz, analysis_rate_hz=analysis_hz)


def check_tiles(tiles: tuple[TileConfig, ...], gallery: str) -> None:
    """Refuse tiles of a stream of participant `gallery` that do not fit together.

    Raises:
        InvalidArgumentError: Names the first wrong field.
    """
    if len(tiles) > MAX_TILES:
        raise InvalidArgumentError("tiles", f"{len(tiles)} tiles are more than {MAX_TILES}")
    seen: set[str] = set()
    for index, entry in enumerate(tiles):
        path, tile = f"tiles[{index}]", entry.tile
        check_id(f"{path}.participant_id", tile.participant_id)
        _check_length(f"{path}.display_name", tile.display_name, MAX_NAME)
        check_consent(f"{path}.consent", entry.consent)
        if is_found_id(tile.participant_id, gallery):
            message = f"{tile.participant_id!r} is the form of ids of faces found in {gallery!r}; take another one"
            raise InvalidArgumentError(f"{path}.participant_id", message)
        if tile.participant_id in seen:
            raise InvalidArgumentError(f"{path}.participant_id", f"{tile.participant_id!r} is there twice")
        seen.add(tile.participant_id)
        box = tile.box
        inside = box.x >= 0 and box.y >= 0 and box.x + box.width <= 1.001 and box.y + box.height <= 1.001
        if not (inside and box.width > 0 and box.height > 0):
            values = f"({box.x:g}, {box.y:g}, {box.width:g}, {box.height:g})"
            raise InvalidArgumentError(f"{path}.box", f"{values} must lie within 0 to 1 and have a size")


def check_consent(path: str, consent: Consent | None) -> None:
    if consent is None:
        return
    _check_length(f"{path}.recorded_by", consent.recorded_by, 128)
    _check_length(f"{path}.wording_version", consent.wording_version, 64)


def check_purpose(purpose: Purpose, allowed: frozenset[str]) -> None:
    """Refuse an analysis whose purpose is missing or prohibited.

    Raises:
        RoompulseError: PURPOSE_MISSING, PURPOSE_REFUSED.
    """
    if purpose is Purpose.UNSPECIFIED:
        message = "a purpose must be declared, for example research; it decides whether inference is allowed"
        raise RoompulseError(Reason.PURPOSE_MISSING, message)
    name = _REFUSED.get(purpose)
    if name and name not in allowed:
        message = (
            f"purpose {name} is refused: inferring emotions at work or in education is prohibited in the EU (AI Act, "
            "Art. 5(1)(f)) but for medical or safety reasons; an operator with such a reason may set allow_purposes"
        )
        raise RoompulseError(Reason.PURPOSE_REFUSED, message)


def check_granted(consent: Consent | None, required: bool) -> None:
    """Raise CONSENT_MISSING unless consent was granted, or need not be and was not refused either."""
    unasked = consent is None or consent.state is ConsentState.UNSPECIFIED
    if (unasked and required) or (consent is not None and not unasked and consent.state is not ConsentState.GRANTED):
        state = "none" if consent is None else consent.state.name
        message = f"consent is {state}, and must be GRANTED by everybody in the picture before it is analysed"
        raise RoompulseError(Reason.CONSENT_MISSING, message)


def check_time_zone(name: str) -> None:
    if name and name not in available_timezones():
        raise InvalidArgumentError("time_zone", f"{name!r} is no IANA time zone, for example 'Europe/Berlin'")


def _rate(path: str, rate_hz: float, most_hz: float) -> float:
    if rate_hz and not (math.isfinite(rate_hz) and 0.2 <= rate_hz <= most_hz):
        raise InvalidArgumentError(path, f"{rate_hz:g} must be 0 (default) or 0.2 to {most_hz:g} a second")
    return rate_hz


def check_id(path: str, value: str, most: int = MAX_ID) -> None:
    """Refuse an id that is missing, too long, or holds control characters; all else is the caller's own affair.

    Raises:
        InvalidArgumentError: Says the value, as much of it as helps.
    """
    if not 1 <= len(value) <= most or _CONTROL.search(value):
        message = f"{value[:140]!r} must be 1 to {most} characters, none of them a control character"
        raise InvalidArgumentError(path, message)


def _check_length(path: str, value: str, most: int) -> None:
    if len(value) > most:
        raise InvalidArgumentError(path, f"{len(value)} characters are more than {most}")


def page_size(asked: int, default: int, most: int) -> int:
    """Return the rows of a page, by AIP-158: 0 is the default, too many is the most.

    Raises:
        InvalidArgumentError: A negative size.
    """
    if asked < 0:
        raise InvalidArgumentError("page_size", f"{asked} must be 0 (default) or more")
    return min(asked or default, most)
