"""The gRPC server: its options, its services, health and reflection."""

import socket

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from roompulse.v1 import analysis_service_pb2, meeting_service_pb2, subscription_service_pb2
from roompulse.v1.analysis_service_pb2_grpc import add_AnalysisServiceServicer_to_server
from roompulse.v1.meeting_service_pb2_grpc import add_MeetingServiceServicer_to_server
from roompulse.v1.subscription_service_pb2_grpc import add_SubscriptionServiceServicer_to_server

from roompulse_server.metrics import Metrics
from roompulse_server.rpc.analysis import AnalysisServicer
from roompulse_server.rpc.first_message import FirstMessage
from roompulse_server.rpc.interceptors import Identification, RpcMetrics, StatusMapping
from roompulse_server.rpc.meeting import MeetingServicer
from roompulse_server.rpc.subscription import SubscriptionServicer

MAX_RECEIVE_BYTES = 36 * 1024 * 1024  # a raw 4K RGBA picture and its envelope
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients ping to measure bandwidth, too, oftener than to stay alive: a slow answer must not cost a connection.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
    ("grpc.http2.max_ping_strikes", 20),
    ("grpc.so_reuseport", 0),  # a second service on the same port is an error, not half of the traffic
]
SERVICES = tuple(
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (analysis_service_pb2, "AnalysisService"),
        (subscription_service_pb2, "SubscriptionService"),
        (meeting_service_pb2, "MeetingService"),
    )
)


class Server:
    """Use `start`, then `stop`; in between health says what `say_ready` was told last."""

    def __init__(
        self,
        analysis: AnalysisServicer,
        subscription: SubscriptionServicer,
        meeting: MeetingServicer,
        *,
        metrics: Metrics,
        reflect: bool,
        first_message_s: float,
    ) -> None:
        interceptors = [RpcMetrics(metrics), StatusMapping(), Identification(), FirstMessage(first_message_s)]
        self._server = grpc.aio.server(options=OPTIONS, interceptors=interceptors)
        self._health = health_aio.HealthServicer()
        add_AnalysisServiceServicer_to_server(analysis, self._server)
        add_SubscriptionServiceServicer_to_server(subscription, self._server)
        add_MeetingServiceServicer_to_server(meeting, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if reflect:
            names = (*SERVICES, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)

    async def start(self, address: str) -> int:
        """Listen and serve; return the port.

        Raises:
            OSError: The address cannot be listened on.
        """
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {_obstacle(address)}") from error
        await self.say_ready(False)
        await self._server.start()
        return port

    async def say_ready(self, ready: bool) -> None:
        """Have health say whether the service can do its work."""
        states = health_pb2.HealthCheckResponse
        for service in ("", *SERVICES):
            await self._health.set(service, states.SERVING if ready else states.NOT_SERVING)

    async def say_goodbye(self) -> None:
        """Tell health watchers that nothing new is taken."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_s: float) -> None:
        """Stop listening; give calls in progress `grace_s` to end."""
        await self._server.stop(grace_s)


def _obstacle(address: str) -> str:
    """Return why an address cannot be listened on; gRPC says so in its log alone."""
    host, _, port = address.rpartition(":")
    try:
        for family, kind, protocol, _, place in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as tried:
                tried.bind(place)
    except OSError as error:
        return error.strerror or str(error)
    return "the port is in use"
