"""Log lines: structured, on standard error. Nothing of a picture is ever among the values.

Values may be text of others, such as a participant's id. Each is made safe to show, so that it cannot end the line,
begin another one, or steer the terminal. The lines of a traceback are indented: none of them passes for a log line.
"""

import logging
import sys

import structlog
from roompulse.contract.safe_text import safe_text

INDENT = "    "


class SafeFormatter(logging.Formatter):
    """Formats the records of libraries: one line, and below it a traceback where there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # logging's own name
        """Return the line."""
        return safe_text(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # logging's own name
        """Return the traceback, indented."""
        return _indented(super().formatException(ei))  # type: ignore[arg-type]  # exc_info, whose type logging keeps


def configure(level: str, form: str) -> None:
    """Set up logging for the process: `form` is "text" for people or "json" for machines."""
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler])
    renderer = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # Rich's would show variables: pictures and names
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *([] if form == "json" else [_made_safe]),  # JSON escapes by itself what would end a line
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _made_safe(_: object, __: str, values: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Make every value safe to show."""
    return {name: _indented(value) if name == "exception" else _safe(value) for name, value in values.items()}


def _safe(value: object) -> object:
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, dict):
        return {safe_text(str(name)): _safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(one) for one in value]
    return safe_text(str(value))


def _indented(lines: str) -> str:
    return "\n".join(INDENT + safe_text(line) for line in lines.split("\n"))
