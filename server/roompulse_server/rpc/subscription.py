"""SubscriptionService: convert, call, convert."""

from typing import Any

import grpc
from roompulse.v1 import subscription_service_pb2 as pb
from roompulse.v1 import subscription_service_pb2_grpc as stubs

from roompulse_server.rpc import convert_query, convert_subscription
from roompulse_server.rpc.interceptors import current_caller
from roompulse_server.rpc.memo import Messages
from roompulse_server.subscriptions.subscription_service import SubscriptionService

Context = grpc.aio.ServicerContext[Any, Any]


class SubscriptionServicer(stubs.SubscriptionServiceServicer):
    def __init__(self, subscriptions: SubscriptionService, messages: Messages) -> None:
        self._subscriptions, self._messages = subscriptions, messages

    async def SubscribeUpdates(self, request: pb.SubscribeUpdatesRequest, context: Context) -> None:  # type: ignore[override]
        query = convert_query.subscription_from_proto(request)
        async with self._subscriptions.open(current_caller(), query) as subscription:
            while (message := await subscription.next()) is not None:
                await context.write(convert_subscription.message_to_proto(message, subscription.key, self._messages))
