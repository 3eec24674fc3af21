"""Ask a running service over gRPC whether it serves."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def health(server: str, timeout_s: float) -> str:
    """Return the health status of a service, for example SERVING.

    Raises:
        ConnectionError: It does not answer; says what went wrong.
    """
    with grpc.insecure_channel(server) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError as error:
            why = error.details() if isinstance(error, grpc.Call) else str(error)
            raise ConnectionError(f"no answer from {server}: {why}") from error
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
