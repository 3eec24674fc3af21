"""Ask a running service over gRPC whether it serves. The container asks every ten seconds: nothing else is imported."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from roompulse.transport.address import is_loopback
from roompulse.transport.unreachable import why_unreachable


def health(server: str, timeout_s: float) -> str:
    """Return the health status of a service, for example SERVING.

    Raises:
        ConnectionError: It does not answer; says what went wrong.
    """
    options = [("grpc.enable_http_proxy", 0)] if is_loopback(server) else []
    with grpc.insecure_channel(server, options=options) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError as error:
            raise ConnectionError(_sentence(error, server, timeout_s)) from error
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def _sentence(error: grpc.RpcError, server: str, timeout_s: float) -> str:
    if not isinstance(error, grpc.Call):
        return f"no answer from {server}: {error}"
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no answer from {server} within {timeout_s:g} s"
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return f"the gRPC server at {server} answers no health checks; it is no roompulse service"
    details = error.details() or error.code().name
    return why_unreachable(details, server) or f"no answer from {server}: {details}"
