"""Numbers as SVG paths. Coordinates: x 0 to 1000 over the meeting, y 0 (top) to 200; the page stretches both."""

from collections.abc import Iterator

from roompulse_server.report.axis import Scale
from roompulse_server.report.resolution import Slots, Values

WIDTH, HEIGHT = 1000, 200


def line(scores: Values, slots: Slots, scale: Scale) -> str:
    """Return a line through the middle of each stretch, broken where there is no score."""
    return "".join("M" + "L".join(_points(first, run, slots, scale)) for first, run in _runs(scores))


def band(low: Values, high: Values, slots: Slots, scale: Scale) -> str:
    """Return the area between two lines that have their gaps in common."""
    edges = zip(_runs(low), _runs(high), strict=True)
    outlines = (
        (*_points(first, top, slots, scale), *reversed(_points(first, bottom, slots, scale)))
        for (first, bottom), (_, top) in edges
    )
    return "".join(f"M{'L'.join(outline)}Z" for outline in outlines)


def steps(values: Values, slots: Slots, most: float) -> str:
    """Return the area of a staircase over the bottom; `most` reaches the top."""
    parts = []
    for first, run in _runs(values):
        path = f"M{_x(first, slots)} {HEIGHT}"
        for index, value in enumerate(run, first):
            path += f"V{round((1 - value / most) * HEIGHT)}H{_x(index + 1, slots)}"
        parts.append(f"{path}V{HEIGHT}Z")
    return "".join(parts)


def _points(first: int, run: list[float], slots: Slots, scale: Scale) -> list[str]:
    """Return a run's places: its left edge, the middle of each stretch, its right edge."""
    at = [
        (first, run[0]),
        *((index + 0.5, value) for index, value in enumerate(run, first)),
        (first + len(run), run[-1]),
    ]
    return [f"{_x(place, slots)} {round(scale.y(value) * HEIGHT)}" for place, value in at]


def _x(at: float, slots: Slots) -> int:
    return round(slots.share(round(at * slots.length_us)) * WIDTH)


def _runs(values: Values) -> Iterator[tuple[int, list[float]]]:
    """Yield the stretches without a gap: where each begins, and its values."""
    run: list[float] = []
    for index, value in enumerate((*values, None)):
        if value is not None:
            run.append(value)
        elif run:
            yield index - len(run), run
            run = []
