"""The output of the log: a file of the data folder, or standard error for systemd."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Literal, NamedTuple

from hub.telemetry.log_lines import Format, Mask, build_formatter

FILE_NAME = "hub.log"


class LogOptions(NamedTuple):
    """The settings of the log."""

    format: Format = "text"
    level: Literal["debug", "info", "warning", "error"] = "warning"
    to: Literal["file", "stderr"] = "file"


DEFAULT_OPTIONS = LogOptions()


class LogFile(WatchedFileHandler):
    """A log file; what cannot be written to it, as on a full disk, goes to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; the file may also be one that cannot be opened."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Write a record to standard error."""
        output = ErrorStream()
        output.setFormatter(self.formatter)
        output.emit(record)


class ErrorStream(logging.StreamHandler):  # type: ignore[type-arg]
    """Standard error; a reader that has closed it is ignored."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore a record that cannot be written."""


@contextmanager
def write_log(
    folder: Path, mask: Mask, options: LogOptions = DEFAULT_OPTIONS, plugins: Iterable[str] = ()
) -> Iterator[None]:
    """Write the log of the hub, of its libraries and of plugins while the block runs.

    `mask` replaces the secrets in it, also in the text of an exception. `plugins` are the packages
    whose loggers have the level of the hub; those of libraries write warnings only, because below
    that some of them log tokens.
    """
    handler = _build_handler(folder, options)
    handler.setFormatter(build_formatter(options.format, mask))
    level = options.level.upper()
    loggers = [logging.getLogger(name) for name in ("hub", *plugins)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for logger, former in zip(loggers, levels, strict=True):
            logger.setLevel(former)
        with suppress(OSError):
            handler.close()


def _build_handler(folder: Path, options: LogOptions) -> logging.Handler:
    """Return the handler that writes lines to the place that the settings name."""
    if options.to == "stderr":
        return ErrorStream()
    return LogFile(folder / FILE_NAME, encoding="utf-8", delay=True)
