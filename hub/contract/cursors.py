"""Cursors of lists that a source filters by the time of the last change, the start included."""

import datetime as dt
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote

from hub.contract.dates import format_moment

REREAD_OVERLAP = dt.timedelta(minutes=2)
MAX_REMEMBERED_ROWS = 300
PLAIN_VERSION = re.compile(r"\w{1,8}", re.ASCII)  # others are kept as a checksum
UNIX_SECONDS = re.compile(r"\d{9,10}(\.\d+)?", re.ASCII)
UNIX_MILLISECONDS = re.compile(r"\d{12,13}(\.\d+)?", re.ASCII)
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d(T|$)", re.ASCII)
CURSOR_PARTS = 5  # parts in the text of a cursor


@dataclass
class ChangeCursor:
    """The state of reading a list: every row that changed at `since` or later is still to come.

    Rows of the same moment may appear after the first reading, clocks differ, and a change may be
    committed after it was stamped. So a reading starts `REREAD_OVERLAP` before `since`, and the
    cursor remembers the versions of the rows of that time, so that they are not read again.

    `page` and `started_at` describe a reading that was interrupted: the page to continue with, and
    the day on which it began. What changed since that day is read again after the last page.
    """

    since: str = ""
    page: str = ""
    started_at: str = ""
    newest: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    _read: list[tuple[str, str, str]] = field(default_factory=list, repr=False)

    @classmethod
    def parse(cls, text: str, *, start: dt.datetime | None = None) -> Self:
        """Return the cursor that `str()` converted to text; one at `start` if the text is empty."""
        if not text:
            return cls(since=_format_in_utc(start) if start else "")
        parts = text.split("|", CURSOR_PARTS - 1)
        missing_parts = [""] * (CURSOR_PARTS - len(parts))
        since, page, started_at, newest, entries = [*parts, *missing_parts]
        versions = {}
        for entry in entries.split(","):
            key, dot, version = entry.rpartition(".")
            if dot:
                versions[unquote(key)] = version
        return cls(since, _unescape(page), started_at, newest, versions)

    def __str__(self) -> str:
        """Return the cursor as text, for a Checkpoint; `parse` reads it."""
        entries = [f"{quote(key, safe=':')}.{version}" for key, version in self.versions.items()]
        start_day = self.started_at[:10]
        parts = (self.since, _escape(self.page), start_day, self.newest, ",".join(entries))
        return "|".join(parts)

    @property
    def changed_since(self) -> str:
        """Return the moment to ask the source for; empty to read the whole list."""
        return _subtract_overlap(self.since) if self.since else ""

    def begin(self, now: str) -> None:
        """Note when the reading began, by the source's clock, unless it continues an older one."""
        self.started_at = self.started_at or now

    def is_new(self, key: str, version: str, changed_at: str | float | None) -> bool:
        """Record a row of the list; return whether it was not yet read in this version.

        `key` distinguishes the rows of all lists that share the cursor.
        """
        self.remember(key, version, changed_at)
        _, short_version, moment = self._read[-1]
        self.newest = max(self.newest, moment)
        return self.versions.get(key) != short_version

    def remember(self, key: str, version: str, changed_at: str | float | None) -> None:
        """Record a row that was read as part of another one.

        A long version is kept as a checksum, so that cursors stay short.
        """
        moment = _require_moment(key, changed_at)
        self._read.append((key, _shorten(version), moment))

    def finished(self) -> Self:
        """Return the cursor after the whole list; what changed meanwhile is still to come.

        If more than MAX_REMEMBERED_ROWS rows have the newest times, none of them is remembered, so
        they are read again.
        """
        latest_change = self.newest or self.since
        moments = [moment for moment in (latest_change, self.started_at) if moment]
        if not moments:
            return type(self)()
        since = min(moments)
        overlap = _subtract_overlap(since)
        versions = {}
        for key, version, changed_at in self._read:
            if changed_at >= overlap:
                versions[key] = version
        if len(versions) > MAX_REMEMBERED_ROWS:
            versions = {}
        return type(self)(since=since, newest=since, versions=versions)


def _require_moment(key: str, changed_at: str | float | None) -> str:
    """Return the time of the last change of a row, "" if it has none.

    Times are compared as texts, so a time with another offset is converted to UTC, and a T is put
    between date and time. Raise an error for a text that is not in ISO 8601.
    """
    if not changed_at:
        return ""
    if isinstance(changed_at, str):
        with suppress(ValueError, OverflowError):
            moment = dt.datetime.fromisoformat(changed_at)
            if moment.utcoffset():
                return format_moment(moment)
            return changed_at if ISO_TIME.match(changed_at) else moment.isoformat()
    raise ValueError(
        f"The time of the last change of {key} is {changed_at!r}. A text in ISO 8601 is expected,"
        f" such as 2026-03-02T11:00:00Z: return one from `version`.{_advise_on(str(changed_at))}"
    )


def _advise_on(changed_at: str) -> str:
    """Return what to do about a time that is a number, if its size says what it counts."""
    if UNIX_SECONDS.fullmatch(changed_at):
        return (
            ' If the source counts seconds since 1970, pass FilteredList(times="unix"), or convert'
            " them with dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()."
        )
    if UNIX_MILLISECONDS.fullmatch(changed_at):
        return (
            ' If the source counts milliseconds since 1970, pass FilteredList(times="unix_ms"), or'
            " convert them with dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).isoformat()."
        )
    return ""


def _shorten(version: str) -> str:
    """Return a version in the form that a cursor stores: at most eight characters."""
    if PLAIN_VERSION.fullmatch(version):
        return version
    return compute_checksum(version)


def compute_checksum(text: str) -> str:
    """Return the CRC-32 of a text as eight hexadecimal digits."""
    return f"{zlib.crc32(text.encode()):08x}"


def _escape(page: str) -> str:
    """Return a page without the character that separates the parts of a cursor."""
    return page.replace("%", "%25").replace("|", "%7C")


def _unescape(page: str) -> str:
    return page.replace("%7C", "|").replace("%25", "%")


def _subtract_overlap(moment: str) -> str:
    """Return the moment that is REREAD_OVERLAP earlier, in UTC; any other text stays as it is.

    A moment without a zone is taken as UTC, whatever the zone of the machine.
    """
    try:
        parsed_moment = dt.datetime.fromisoformat(moment)
    except ValueError:
        return moment
    moment_in_zone = parsed_moment if parsed_moment.tzinfo else parsed_moment.replace(tzinfo=dt.UTC)
    try:
        return format_moment(moment_in_zone - REREAD_OVERLAP)
    except OverflowError:  # the first moment of all, which some sources send in place of none
        return moment


def _format_in_utc(moment: dt.datetime) -> str:
    """Return a moment in UTC with a final Z."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
