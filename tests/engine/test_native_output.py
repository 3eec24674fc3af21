"""What C libraries print: kept for a crash, bounded, and never waited for."""

import asyncio
import os

from roompulse_server.engine.native_output import LINE_BYTES, LINES, NativeOutput


async def settled(output: NativeOutput, words: str) -> None:
    while words not in output.last:  # noqa: ASYNC110 - a pipe has no event; the test's limit bounds it
        await asyncio.sleep(0)


async def test_the_last_lines_are_kept_on_one_line_without_control_characters() -> None:
    output = NativeOutput()
    native = await output.open()
    os.write(native, b"libpng warning: \x1b[31mzTXt\n\nfree(): invalid pointer")
    await settled(output, "invalid pointer")
    assert output.last == "libpng warning: ?[31mzTXt / free(): invalid pointer"
    os.close(native)
    output.close()


async def test_a_flood_is_bounded_and_nobody_waits_for_its_reader() -> None:
    output = NativeOutput()
    native = await output.open()
    lost = False
    try:
        for _ in range(10_000):  # the reader has no turn meanwhile
            os.write(native, b"x" * 999 + b"\n")
    except BlockingIOError:
        lost = True
    os.close(native)
    await settled(output, "xx")
    assert lost
    assert len(output.last) <= (LINES + 1) * (LINE_BYTES + len(" / "))
    output.close()
