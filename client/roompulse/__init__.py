"""The pulse of the room: a meeting's video in, explainable engagement out.

    async with roompulse.connect("localhost:50051") as client:
        async with client.analyze("standup", "ada", purpose="research", consent="granted") as stream:
            await stream.send(frame)                     # av.VideoFrame, numpy, I420, NV12, JPEG bytes, Packet
            async for update in stream.updates(): ...    # in a task of its own

`roompulse.blocking` has the same verbs for scripts, `roompulse.results` the values, `roompulse.errors` what can go
wrong, `roompulse.remedies` what to tell people where a score is missing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# gRPC reads this when it is imported. In a process that was forked while a client was open it would start threads of
# its own, and crash in them every now and then. Its asyncio side, which this client uses, works in no forked process.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

if TYPE_CHECKING:
    from roompulse import blocking, enums, errors, remedies, results
    from roompulse.client import Client, connect
    from roompulse.contract.codec import to_dict, to_json
    from roompulse.enums import (
        Clock,
        ConsentState,
        Content,
        Delivery,
        Encoding,
        Purpose,
        ReportFormat,
        SlowPolicy,
        Source,
    )
    from roompulse.errors import RoompulseError
    from roompulse.media import Packet, Tile, VideoFormat
    from roompulse.planes import I420, NV12
    from roompulse.results import Box, Consent, MeetingKey
    from roompulse.stream import AnalysisStream
    from roompulse.subscription import Subscription
    from roompulse.transport.reconnect import Reconnection

# Where each name is defined. A module is imported when one of its names is first used: gRPC, PyAV and NumPy take half a
# second of CPU, which is too long for `roompulse --help`.
_PLACES = {
    "I420": "roompulse.planes",
    "NV12": "roompulse.planes",
    "AnalysisStream": "roompulse.stream",
    "Box": "roompulse.results",
    "Client": "roompulse.client",
    "Clock": "roompulse.enums",
    "Consent": "roompulse.results",
    "ConsentState": "roompulse.enums",
    "Content": "roompulse.enums",
    "Delivery": "roompulse.enums",
    "Encoding": "roompulse.enums",
    "MeetingKey": "roompulse.results",
    "Packet": "roompulse.media",
    "Purpose": "roompulse.enums",
    "Reconnection": "roompulse.transport.reconnect",
    "ReportFormat": "roompulse.enums",
    "RoompulseError": "roompulse.errors",
    "SlowPolicy": "roompulse.enums",
    "Source": "roompulse.enums",
    "Subscription": "roompulse.subscription",
    "Tile": "roompulse.media",
    "VideoFormat": "roompulse.media",
    "blocking": "roompulse.blocking",
    "connect": "roompulse.client",
    "enums": "roompulse.enums",
    "errors": "roompulse.errors",
    "remedies": "roompulse.remedies",
    "results": "roompulse.results",
    "to_dict": "roompulse.contract.codec",
    "to_json": "roompulse.contract.codec",
}

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

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports names that are not among them

    def __getattr__(name: str) -> object:
        """Import a public name on its first use."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        place = _PLACES[name]
        module = import_module(place)
        value = module if place == f"{__name__}.{name}" else getattr(module, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the public names, whether they were imported yet or not."""
        return sorted({*globals(), *_PLACES})
