"""The lines of the log: text for people, or one JSON object per event for machines.

A line never shows a secret, and what other systems sent never looks like a line of its own.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from hub.telemetry import log_context

Format = Literal["text", "json"]
Mask = Callable[[str], str]
TEXT_FORMAT = "%(asctime)s %(levelname)s %(message)s"
TRACE_PREFIX = "  | "  # before the lines of a traceback, so that none of them begins with a time
# Attributes of a record that are no fields of its event.
STANDARD_ATTRIBUTES = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
)
MAX_FIELD_LENGTH = 10_000
# Line breaks and other control characters, also those of Unicode, as they are written in Python.
CONTROL_CHARACTERS = {
    code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}


def collect_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields of a line: the context of its thread and the fields of the event."""
    extra = {name: value for name, value in vars(record).items() if name not in STANDARD_ATTRIBUTES}
    return {**log_context.current_fields(), **extra}


def build_formatter(kind: Format, mask: Mask) -> logging.Formatter:
    """Return the formatter that turns records into lines of this kind."""
    return _build_json_formatter(mask) if kind == "json" else TextFormatter(mask)


class TextFormatter(logging.Formatter):
    """One line of text, followed by its fields in brackets and a traceback if there is one."""

    def __init__(self, mask: Mask) -> None:
        super().__init__(TEXT_FORMAT)
        self._mask = mask

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the local time with its offset, which in autumn tells two equal hours apart."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).astimezone()
        return at.isoformat(timespec="milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the first line, in which control characters are escaped."""
        line = super().formatMessage(record)
        fields = " ".join(f"{name}={value}" for name, value in collect_fields(record).items())
        if fields:
            line = f"{line} [{fields}]"
        return line.translate(CONTROL_CHARACTERS)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with its traceback, without secrets."""
        first, *trace = super().format(record).splitlines()
        lines = [first, *(TRACE_PREFIX + line.translate(CONTROL_CHARACTERS) for line in trace)]
        return self._mask("\n".join(lines))


def _build_json_formatter(mask: Mask) -> logging.Formatter:
    """Return a formatter of structlog that writes one JSON object per record."""
    import structlog  # takes longer than most commands

    def mask_event(logger: Any, method: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Mask every text before it is encoded, so that the line stays valid JSON."""
        return {name: _mask_value(value, mask) for name, value in event.items()}

    processors: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_event,
        structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=processors, foreign_pre_chain=[_describe]
    )
    return cast(logging.Formatter, formatter)


def _describe(logger: Any, method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event with its time, level and fields, in the order in which they are read."""
    record: logging.LogRecord = event["_record"]
    at = dt.datetime.fromtimestamp(record.created, dt.UTC)
    description = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    names = {
        name: value for name, value in collect_fields(record).items() if name not in description
    }
    return {**description, **event, **names}


def _mask_value(value: object, mask: Mask) -> object:
    """Return a value of an event as JSON can hold it, texts without secrets."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value)[:MAX_FIELD_LENGTH])
