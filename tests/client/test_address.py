"""Addresses, proxies, and what is said where nobody answers."""

import os
import subprocess

import pytest
import roompulse
from fake_service import ThreadedService
from roompulse import errors
from roompulse.transport.address import check_address, is_loopback
from roompulse.transport.unreachable import PROXY_VARIABLES, Proxy, proxy_of, why_unreachable
from terminal_screen import ROOMPULSE

CONNECT = "failed to connect to all addresses; last error: "
REFUSED = f"{CONNECT}UNKNOWN: {{}}: Failed to connect to remote host: Connection refused"
UNRESOLVED = "errors resolving {0}: [field:hostname lookup error:address lookup failed for {0}: Domain name not found]"


@pytest.mark.parametrize(
    "address",
    [
        "localhost:50051",
        "127.0.0.1:1",
        "[::1]:50051",
        "röm.example:443",
        "dns:///roompulse:50051",
        "unix:///run/rp.sock",
    ],
)
def test_what_grpc_takes_is_taken(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("http://localhost:50051", "write localhost:50051"),
        ("https://roompulse.example:443/v1", "write roompulse.example:443"),
        ("http://localhost", "write HOST:PORT, for example localhost:50051"),
        ("localhost", "is no HOST:PORT"),
        ("localhost:", "is no HOST:PORT"),
        (":50051", "is no HOST:PORT"),
        ("localhost:0", "is no HOST:PORT"),
        ("localhost:65536", "is no HOST:PORT"),
        ("localhost:５", "is no HOST:PORT"),
        ("::1:50051", "is no HOST:PORT"),
        ("local host:1", "is no HOST:PORT"),
        ("host/path:1", "is no HOST:PORT"),
    ],
)
def test_what_is_no_address_is_refused_with_what_would_be_right(address: str, right: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|URL") as refused:
        check_address(address)
    assert right in str(refused.value)
    with pytest.raises(errors.InvalidArgument, match=r"HOST:PORT|URL"):
        roompulse.connect(address)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("localhost:1", True),
        ("LOCALHOST.:1", True),
        ("roompulse.localhost:1", True),
        ("127.8.9.10:1", True),
        ("[::1]:1", True),
        ("dns:///localhost:1", True),
        ("ipv4:127.0.0.1:1", True),
        ("unix:/run/rp.sock", True),
        ("localhost.example:1", False),
        ("10.0.0.1:1", False),
        ("[2001:db8::1]:1", False),
    ],
)
def test_this_machine_is_known_by_its_addresses(address: str, here: bool) -> None:
    assert is_loopback(address) is here


@pytest.mark.parametrize(
    ("details", "target", "said"),
    [
        (
            REFUSED.format("ipv4:127.0.0.1:9"),
            "127.0.0.1:9",
            "at 127.0.0.1:9 (Connection refused); is it",
        ),
        (REFUSED.format("ipv4:127.0.0.1:9"), "localhost:9", "at localhost:9 (127.0.0.1:9: Connection refused); is it"),
        (REFUSED.format("ipv6:%5B::1%5D:9"), "[::1]:9", "at [::1]:9 (Connection refused); is it running there?"),
        (UNRESOLVED.format("nowhere.invalid:9"), "nowhere.invalid:9", "(Domain name not found); is it running there?"),
        (
            f"{CONNECT}INTERNAL: ipv4:127.0.0.1:9: Failed parsing HTTP/2 (Trying to connect an http1.x server)",
            "127.0.0.1:9",
            "an HTTP/1 server answers, which is not gRPC",
        ),
    ],
)
def test_who_does_not_answer_is_named_whole(details: str, target: str, said: str) -> None:
    sentence = why_unreachable(details, target, {})
    assert said in sentence
    assert sentence.count("[") == sentence.count("]")


@pytest.mark.parametrize(
    ("details", "environment", "proxy"),
    [
        (REFUSED.format("ipv4:10.0.0.2:3128"), {"http_proxy": "http://user:word@proxy.example:3128/"}, "10.0.0.2:3128"),
        (UNRESOLVED.format("proxy.invalid:3128"), {"https_proxy": "proxy.invalid:3128"}, "proxy.invalid:3128"),
    ],
)
def test_a_proxy_that_refuses_is_named_and_not_the_service(
    details: str, environment: dict[str, str], proxy: str
) -> None:
    sentence = why_unreachable(details, "roompulse.example:50051", environment)
    (variable,) = environment
    assert f"the proxy {proxy}, which {variable} names, cannot be reached" in sentence
    assert "word" not in sentence  # the proxy's password
    refused_itself = why_unreachable(REFUSED.format("ipv4:10.0.0.9:50051"), "roompulse.example:50051", environment)
    assert "proxy" not in refused_itself


def test_what_is_no_failure_to_connect_is_left_to_others() -> None:
    assert why_unreachable("Socket closed", "localhost:1", {}) == ""


def test_the_first_of_grpc_s_variables_counts() -> None:
    assert proxy_of({}) is None
    assert proxy_of({"http_proxy": "a:1", "grpc_proxy": "http://b:2"}) == Proxy("grpc_proxy", "b:2")


def ran(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_proxy")}
    command = [*ROOMPULSE, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=kept | environment)


def test_loopback_never_goes_through_a_proxy(threaded: ThreadedService, unused_tcp_port: int) -> None:
    threaded.service.add_meeting("standup")
    nobody = dict.fromkeys(PROXY_VARIABLES, f"http://127.0.0.1:{unused_tcp_port}")
    result = ran("meetings", "--server", threaded.target, **nobody)
    assert (result.returncode, "standup" in result.stdout) == (0, True), result.stderr


def test_the_address_that_refused_is_named(unused_tcp_port: int) -> None:
    proxy = f"http://127.0.0.1:{unused_tcp_port}"
    result = ran("meetings", "--server", "roompulse.example:50051", http_proxy=proxy)
    assert result.returncode == 1
    assert f"the proxy 127.0.0.1:{unused_tcp_port}, which http_proxy names, cannot be reached" in result.stderr
