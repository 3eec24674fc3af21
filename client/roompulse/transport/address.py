"""Where a service is: HOST:PORT, or one of gRPC's own names. Pure.

https://github.com/grpc/grpc/blob/master/doc/naming.md lists the names.
"""

import ipaddress

EXAMPLE = "localhost:50051"
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:", "passthrough:")
_UNIX = ("unix:", "unix-abstract:", "vsock:")
_MOST = 65535


def check_address(address: str) -> str:
    """Return an address that gRPC can connect to.

    Raises:
        ValueError: It is none; the message says what would be right.
    """
    if address.startswith(_SCHEMES):
        return address
    _, found, rest = address.partition("://")
    if found:
        place = rest.split("/")[0]
        right = place if _is_host_and_port(place) else f"HOST:PORT, for example {EXAMPLE}"
        raise ValueError(f"{address!r} is a URL, and gRPC takes none; write {right}")
    if not _is_host_and_port(address):
        raise ValueError(f"{address!r} is no HOST:PORT, for example {EXAMPLE}")
    return address


def is_loopback(address: str) -> bool:
    """Return whether an address can only be this machine: no proxy has a part in it."""
    if address.startswith(_UNIX):
        return True
    host = address.rpartition("/")[2] if address.startswith(_SCHEMES) else address
    host = host.removeprefix("dns:").removeprefix("ipv4:").removeprefix("ipv6:").rpartition(":")[0] or host
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_host_and_port(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare == host and ":" in host:
        return False  # an IPv6 address without brackets: nobody can tell where the port begins
    good_host = bool(bare) and not any(character.isspace() or character in "/@?#[]" for character in bare)
    return bool(colon) and good_host and port.isascii() and port.isdigit() and 0 < int(port) <= _MOST
