"""Why a service cannot be reached, as a sentence, from what gRPC says. It names the address that did not answer.

gRPC sends connections through the proxy that `grpc_proxy`, `https_proxy` or `http_proxy` names; then it is often the
proxy that cannot be reached.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")  # in gRPC's order
_REFUSED = re.compile(r"last error: \w+: (?:ipv[46]:)?(?P<place>\S+?): (?P<why>.+)$", re.DOTALL)
_UNRESOLVED = re.compile(
    r"errors resolving (?P<place>\S+): \[?(?:.*?address lookup failed for \S+: )?(?P<why>[^\]]+)\]*$"
)
_CONNECT = "Failed to connect to remote host: "


class Proxy(NamedTuple):
    """The proxy that gRPC uses: the variable that names it, and its host and port."""

    variable: str
    place: str


def proxy_of(environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that the first of these variables names; None where none is set, or where it is empty."""
    variable = next((name for name in PROXY_VARIABLES if name in environment), "")
    url = environment.get(variable, "")
    parts = urlsplit(url if "//" in url else f"//{url}")
    return Proxy(variable, parts.netloc.rpartition("@")[2]) if url else None


def why_unreachable(details: str, target: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return why nobody answers at `target`; empty where `details` say something else."""
    found = _REFUSED.search(details) or _UNRESOLVED.search(details)
    if found is None:
        return ""
    place, why = unquote(found["place"]), _in_words(found["why"])
    proxy = proxy_of(environment)
    if proxy is not None and _is_of(proxy, place, target):
        return (
            f"no roompulse server answers at {target}: the proxy {place}, which {proxy.variable} names, cannot be "
            f"reached ({why}); no_proxy takes hosts that need no proxy"
        )
    where = "" if place == target else f"{place}: "
    return f"no roompulse server answers at {target} ({where}{why}); is it running there?"


def _in_words(why: str) -> str:
    if "http1.x" in why:
        return "an HTTP/1 server answers, which is not gRPC"
    if why.strip() == "Socket closed":
        return "the connection is accepted and closed at once"
    return why.removeprefix(_CONNECT).strip()


def _is_of(proxy: Proxy, place: str, target: str) -> bool:
    """Return whether a place is the proxy's: by its name, or by its port where the target has another."""
    port = place.rpartition(":")[2]
    return place == proxy.place or (port == proxy.place.rpartition(":")[2] and port != target.rpartition(":")[2])
