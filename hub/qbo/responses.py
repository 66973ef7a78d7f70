"""What an answer of QuickBooks means: done, refused, to be tried later, or in doubt."""

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from hub import exact_json
from hub.errors import ConnectionTrouble, Refused, Retry
from hub.qbo.faults import EXPIRED, FORBIDDEN, THROTTLED, Fault, faults_of, parse, sentence
from hub.qbo.transport import Reply

Outcome = Literal["landed", "refused", "declined", "throttled", "unauthorised", "doubt", "unsent"]
PAUSE_SECONDS = 60.0
LOOKED_UP, AGAIN = "Whether it was done is looked up.", "It is tried again by itself."
WITHOUT_ID = {
    "QueryResponse",
    "CDCResponse",
    "BatchItemResponse",
    "CompanyInfo",
    "Preferences",
    "Header",
}
SHOWN_ID = re.compile(rb'"Id"\s*:\s*"([^"\s]+)"\s*,\s*"SyncToken"\s*:\s*"(\d+)"')


@dataclass(frozen=True)
class Answer:
    """What came back. `landed`: done, with the entity asked for. `unsent`: no byte left. `doubt`: nobody knows.

    An Id that any answer shows stands in `id`, whatever the outcome. `expired`: a new access token would help.
    `declined`: the batch that it was an item of was refused whole. `seconds` is how long the answer took.
    """

    outcome: Outcome
    status: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    entity: dict[str, Any] | None = None
    id: str | None = None
    sync_token: str | None = None
    faults: tuple[Fault, ...] = ()
    tid: str = ""
    date: dt.datetime | None = None
    text: str = ""
    after: float | None = None
    expired: bool = False
    seconds: float = 0.0

    @property
    def landed(self) -> bool:
        """Whether it is done, or, for a read, whether the answer is good."""
        return self.outcome == "landed"

    @property
    def code(self) -> str:
        """The first fault's code."""
        return self.faults[0].code if self.faults else ""

    def check(self) -> "Answer":
        """Itself when good; else Retry, ConnectionTrouble or Refused with the sentence."""
        if self.outcome == "refused":
            raise Refused(self.text)
        if self.outcome == "unauthorised":
            raise ConnectionTrouble(self.text, self.after)
        if self.outcome != "landed":
            raise Retry(self.text, self.after)
        return self


@dataclass(frozen=True)
class Expected:
    """What a good answer to a call holds: `place` is the key of the entity or list; `id` the object it was about."""

    place: str
    deletes: bool = False
    id: str | None = None


def read_reply(reply: Reply, expected: Expected) -> Answer:
    """The meaning of a whole answer."""
    body = _json(reply.body)
    faults = faults_of(body) if body else parse(reply.status, reply.content_type, reply.body)
    found = _entity(body, expected)
    answer = Answer(
        "doubt",
        status=reply.status,
        body=body,
        faults=faults,
        tid=reply.headers.get("intuit_tid", ""),
        date=_date(reply.headers.get("Date", "")),
        **_shown(found, reply.body),
    )
    return _judged(answer, found, reply, expected)


def _judged(
    answer: Answer, found: dict[str, Any] | None, reply: Reply, expected: Expected
) -> Answer:
    status, codes = reply.status, {fault.code for fault in answer.faults}
    if status == 429 or codes & THROTTLED:
        after = _after(reply.headers.get("Retry-After", ""))
        return replace(answer, outcome="throttled", after=after, text=sentence(answer.faults) or "")
    if status == 401 or codes & EXPIRED:
        return replace(
            answer, outcome="unauthorised", expired=True, text=_unauthorised(answer.faults)
        )
    if status == 403 or codes & FORBIDDEN:
        return replace(answer, outcome="unauthorised", text=_unauthorised(answer.faults))
    if answer.faults and status < 500 and not any(fault.doubtful for fault in answer.faults):
        return replace(answer, outcome="refused", text=sentence(answer.faults))
    if status == 200 and not answer.faults and _is_json(reply) and _as_asked(found, expected):
        return replace(answer, outcome="landed", entity=found, text="")
    return replace(answer, text=_doubtful(answer, reply))


def of_item(item: dict[str, Any], expected: Expected, whole: Answer) -> Answer:
    """The meaning of one item of a batch or upload, inside the answer to the whole."""
    reply = Reply(200, {"Content-Type": "application/json"}, b"")
    faults, found = faults_of(item), _entity(item, expected)
    answer = replace(
        whole, outcome="doubt", body=item, faults=faults, entity=None, **_shown(found, b"")
    )
    return _judged(answer, found, reply, expected)


def unsent(why: str, after: float | None = None) -> Answer:
    """No byte left this machine."""
    return Answer(
        "unsent",
        text=f"QuickBooks could not be reached: {why}. It is tried again by itself.",
        after=after,
    )


def lost(why: str) -> Answer:
    """The request may have arrived."""
    return Answer("doubt", text=f"QuickBooks did not answer ({why}). {LOOKED_UP}")


def of_read(answer: Answer) -> Answer:
    """The same of a call that changes nothing: what is not known of it is only asked again."""
    return replace(answer, text=f"{answer.text.removesuffix(LOOKED_UP)}{AGAIN}")


def _json(body: bytes) -> dict[str, Any]:
    try:
        read = exact_json.parse(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _entity(body: dict[str, Any], expected: Expected) -> dict[str, Any] | None:
    found = body.get(expected.place)
    if (
        expected.place == "AttachableResponse"
        and isinstance(found, list)
        and found
        and isinstance(found[0], dict)
    ):
        found = found[0].get("Attachable")
    if isinstance(found, list):
        return {"rows": found}
    return found if isinstance(found, dict) else None


def _shown(found: dict[str, Any] | None, body: bytes) -> dict[str, Any]:
    if found and found.get("Id"):
        return {"id": str(found["Id"]), "sync_token": str(found.get("SyncToken", "")) or None}
    seen = SHOWN_ID.search(body)
    return (
        {"id": seen[1].decode(), "sync_token": seen[2].decode()}
        if seen
        else {"id": None, "sync_token": None}
    )


def _as_asked(found: dict[str, Any] | None, expected: Expected) -> bool:
    if found is None:
        return False
    if expected.place in WITHOUT_ID:
        return True
    if expected.deletes and found.get("status") != "Deleted":
        return False
    return bool(found.get("Id")) and expected.id in (None, str(found["Id"]))


def _is_json(reply: Reply) -> bool:
    return "json" in reply.content_type.lower()


def _date(text: str) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(dt.UTC) if text else None
    except ValueError:
        return None


def _after(text: str) -> float:
    return max(1.0, min(float(text), 3600.0)) if text.isdigit() else PAUSE_SECONDS


def _unauthorised(faults: tuple[Fault, ...]) -> str:
    if faults:
        return sentence(faults)
    return "QuickBooks did not accept the connection. It is tried again by itself."


def _doubtful(answer: Answer, reply: Reply) -> str:
    if answer.faults:
        return f"{sentence(answer.faults)} {LOOKED_UP}"
    if reply.status == 200:
        return f"QuickBooks answered something that is not what was asked for. {LOOKED_UP}"
    return f"QuickBooks answered with status {reply.status} and no reason. {LOOKED_UP}"
