"""Fork, as multiprocessing and gunicorn do, and say as JSON lines what a client does in the child.

forking.py TARGET open|closed|never: what became of a blocking client in the parent before the fork.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable

import roompulse
from roompulse import blocking

PATIENCE_S = 30


def main(target: str, before: str) -> None:
    client = blocking.connect(target)
    if before == "never":
        in_child({"another": lambda: another(target)})
        return
    with client:
        stream = client.analyze("standup", "ada", consent="granted").__enter__()
        subscription = client.subscribe("standup").__enter__()
        waiting = client._client
        if before == "open":
            uses = {
                "get": lambda: client.meetings.get("standup").key.id,
                "send": lambda: str(stream.send(b"\xff\xd8\xff")),
                "next": lambda: str(next(iter(subscription))),
                "awaited": lambda: asyncio.run(awaited(waiting)),
                "another": lambda: another(target),
                "leave": lambda: leave(client, stream, subscription),
            }
            in_child(uses)
            stream.send(b"\xff\xd8\xff")
            say("parent", client.meetings.get("standup").key.id)
    if before == "closed":
        in_child({"another": lambda: another(target), "leave": lambda: leave(client, stream, subscription)})
        say("parent", "closed")


def in_child(uses: dict[str, Callable[[], str]]) -> None:
    """Do each in one forked process, which ends as gunicorn's workers do; raise where it was ended by a signal."""
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 0, f"the child ended with {code}"
        return
    signal.alarm(PATIENCE_S)
    for name, use in uses.items():
        try:
            said = use()
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        say(name, said)
    sys.exit(0)


def say(name: str, said: str) -> None:
    sys.stdout.write(json.dumps([name, said]) + "\n")
    sys.stdout.flush()


def another(target: str) -> str:
    with blocking.connect(target) as client:
        return client.meetings.get("standup").key.id


async def awaited(client: roompulse.Client) -> str:
    return (await client.meetings.get("standup")).key.id


def leave(
    client: blocking.BlockingClient, stream: blocking.BlockingStream, subscription: blocking.BlockingSubscription
) -> str:
    error = ZeroDivisionError()
    stream.__exit__(type(error), error, None)
    subscription.__exit__(None, None, None)
    client.__exit__(None, None, None)
    return "left"


if __name__ == "__main__":
    main(*sys.argv[1:])
