"""Protos of consent, erasure, notice and audit → domain values, and back. Pure."""

from roompulse.v1 import privacy_pb2 as pb

from roompulse_server import types
from roompulse_server.privacy.privacy_notice import PrivacyNotice
from roompulse_server.privacy.privacy_service import AuditQuery, ConsentChange
from roompulse_server.rpc import convert
from roompulse_server.rpc.convert_request import consent_from_proto, enum_from_proto, ref_from_proto
from roompulse_server.types.requests import MeetingRef


def change_from_proto(request: pb.SetConsentRequest) -> ConsentChange:
    consent = consent_from_proto(request.consent, "consent") or types.Consent()
    return ConsentChange(ref_from_proto(request.meeting), request.participant_id, consent, request.erase)


def notice_query_from_proto(request: pb.GetNoticeRequest) -> tuple[MeetingRef | None, types.Purpose]:
    ref = ref_from_proto(request.meeting) if request.HasField("meeting") else None
    return ref, enum_from_proto(types.Purpose, request.purpose, "purpose")


def notice_to_proto(notice: PrivacyNotice) -> pb.GetNoticeResponse:
    purpose = convert.wire(notice.purpose)
    return pb.GetNoticeResponse(
        text=notice.text,
        language=notice.language,
        wording_version=notice.version,
        purpose=purpose,
        consent_required=notice.consent_required,
    )


def audit_query_from_proto(request: pb.ListAuditEntriesRequest) -> AuditQuery:
    return AuditQuery(request.tenant, request.meeting_uid, request.page_size, request.page_token)


def audit_to_proto(entry: types.AuditEntry) -> pb.AuditEntry:
    return pb.AuditEntry(
        position=entry.position,
        time=convert.timestamp(entry.time_us),
        action=convert.wire(entry.action),
        meeting_uid=entry.meeting_uid,
        participant_number=entry.number,
        detail=entry.detail,
    )
