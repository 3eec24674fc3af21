"""The pulse of the room: a meeting's video in, explainable engagement out.

    async with roompulse.connect("localhost:50051") as client:
        async with client.analyze("standup", "ada", purpose="research", consent="granted") as stream:
            await stream.send(frame)                     # av.VideoFrame, numpy, I420, NV12, JPEG bytes, Packet
            async for update in stream.updates(): ...    # in a task of its own

`roompulse.blocking` has the same verbs for scripts, `roompulse.results` the values, `roompulse.errors` what can go
wrong, `roompulse.remedies` what to tell people where a score is missing.
"""

import os

# gRPC reads this when it is imported. In a process that was forked while a client was open it would start threads of
# its own, and crash in them every now and then. Its asyncio side, which this client uses, works in no forked process.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from roompulse import blocking, enums, errors, remedies, results
from roompulse.client import Client, connect
from roompulse.conversion import to_dict, to_json
from roompulse.enums import Clock, ConsentState, Content, Delivery, Encoding, Purpose, ReportFormat, SlowPolicy, Source
from roompulse.errors import RoompulseError
from roompulse.media import Packet, Tile, VideoFormat
from roompulse.planes import I420, NV12
from roompulse.reconnect import Reconnection
from roompulse.results import Box, Consent, MeetingKey
from roompulse.stream import AnalysisStream
from roompulse.subscription import Subscription

__all__ = [
    "I420",
    "NV12",
    "AnalysisStream",
    "Box",
    "Client",
    "Clock",
    "Consent",
    "ConsentState",
    "Content",
    "Delivery",
    "Encoding",
    "MeetingKey",
    "Packet",
    "Purpose",
    "Reconnection",
    "ReportFormat",
    "RoompulseError",
    "SlowPolicy",
    "Source",
    "Subscription",
    "Tile",
    "VideoFormat",
    "blocking",
    "connect",
    "enums",
    "errors",
    "remedies",
    "results",
    "to_dict",
    "to_json",
]
