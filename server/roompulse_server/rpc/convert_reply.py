"""Replies of an analyse stream and of a still picture → protos."""

from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, update_pb2
from roompulse_vision.types import FaceReading

from roompulse_server.engine.messages import Ready, StillRead
from roompulse_server.rpc import convert
from roompulse_server.rpc.memo import Messages
from roompulse_server.streams.replies import FlowNotice, GoingAway, Heartbeat, PacketFault, Reply, StreamOpened
from roompulse_server.types import MeetingKey, Update


def reply_to_proto(reply: Reply, key: MeetingKey, messages: Messages) -> pb.AnalyzeVideoResponse:
    match reply:
        case Update():
            return pb.AnalyzeVideoResponse(update=messages.update(reply, key))
        case FlowNotice():
            return pb.AnalyzeVideoResponse(flow=flow_to_proto(reply))
        case PacketFault():
            fault = pb.PacketFault(
                packet_index=reply.packet_index, reason=convert.wire(reply.reason), message=reply.message
            )
            return pb.AnalyzeVideoResponse(fault=fault)
        case Heartbeat():
            return pb.AnalyzeVideoResponse(heartbeat=pb.Heartbeat(time=convert.timestamp(reply.time_us)))
        case GoingAway():
            going = common_pb2.GoingAway(reason=reply.reason, retry_after_ms=reply.retry_after_ms)
            return pb.AnalyzeVideoResponse(going_away=going)
        case StreamOpened():
            return pb.AnalyzeVideoResponse(opened=opened_to_proto(reply))


def opened_to_proto(opened: StreamOpened) -> pb.StreamOpened:
    return pb.StreamOpened(
        meeting=convert.key_to_proto(opened.key),
        epoch=opened.epoch,
        last_sequence=opened.last_sequence,
        model_id=opened.model_id,
        detector_id=opened.detector_id,
        formula_id=opened.formula_id,
        consent=convert.consent_to_proto(opened.consent),
        warnings=opened.warnings,
    )


def flow_to_proto(flow: FlowNotice) -> pb.FlowNotice:
    return pb.FlowNotice(
        counters=convert.counters_to_proto(flow.counters),
        key_frame_requested=flow.key_frame_requested,
        analysis_rate_hz=flow.analysis_rate_hz,
        final=flow.final,
        detail=flow.detail,
    )


def image_to_proto(read: StillRead, ready: Ready) -> pb.AnalyzeImageResponse:
    return pb.AnalyzeImageResponse(
        faces=[image_face_to_proto(face) for face in read.faces],
        width=read.width,
        height=read.height,
        model_id=ready.model_id,
        detector_id=ready.detector_id,
    )


def image_face_to_proto(face: FaceReading) -> pb.ImageFace:
    small = face.affect is None
    return pb.ImageFace(
        face=convert.face_to_proto(face),
        affect=None if face.affect is None else convert.raw_affect_to_proto(face.affect),
        presence=update_pb2.PRESENCE_FACE_TOO_SMALL if small else update_pb2.PRESENCE_PRESENT,
    )
