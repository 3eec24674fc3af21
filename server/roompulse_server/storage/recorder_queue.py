"""What waits in a recorder's queue, and how it is refused."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.types.log import Committed, Entry, Refusal

OnRecorded = Callable[[Committed], None]


@dataclass(slots=True)
class Call:
    """A method of the store to run between commits."""

    run: Callable[[], Any]
    result: asyncio.Future[Any]


@dataclass(slots=True)
class Append:
    """An entry to be committed, and who hears what became of it."""

    entry: Entry
    on_recorded: OnRecorded | None


def do_nothing() -> None: ...


def refusals_of(entry: Entry) -> tuple[Refusal, ...]:
    """Refuse whatever an entry holds: the streams that it is of must end."""
    who = {(item.update.participant, item.update.epoch) for item in entry.updates}
    who |= {(item.participant, item.epoch) for item in entry.events}
    return tuple(Refusal(participant, epoch, Reason.RECORD_DAMAGED) for participant, epoch in sorted(who))


def refuse_call(call: Call, error: StoreError | None) -> None:
    if not call.result.done():
        refusal = unavailable("it cannot be written now, try again soon")
        refusal.__cause__ = error
        call.result.set_exception(refusal)


def unavailable(why: str) -> RoompulseError:
    return RoompulseError(Reason.RECORD_UNAVAILABLE, f"the record is not available: {why}")
