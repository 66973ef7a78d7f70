"""Decide what an answer from QuickBooks means: done, refused, to be retried, or in doubt."""

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from hub import exact_json
from hub.errors import ConnectionTrouble, Refused, Retry
from hub.http.exchange import HttpResponse
from hub.qbo.faults import EXPIRED, FORBIDDEN, THROTTLED, Fault, faults_of, parse, sentence

Outcome = Literal["landed", "refused", "declined", "throttled", "unauthorised", "doubt", "unsent"]
PAUSE_SECONDS = 60.0
LOOKED_UP = "Whether it was done is looked up."
AGAIN = "It is tried again by itself."
WITHOUT_ID = {
    "QueryResponse",
    "CDCResponse",
    "BatchItemResponse",
    "CompanyInfo",
    "Preferences",
    "Header",
}
ID_AND_TOKEN = re.compile(rb'"Id"\s*:\s*"([^"\s]+)"\s*,\s*"SyncToken"\s*:\s*"(\d+)"')


@dataclass(frozen=True)
class Answer:
    """The answer to one call, with its outcome.

    - `landed`: the call was done; `entity` is what it asked for.
    - `unsent`: no byte left this machine.
    - `doubt`: it is not known whether the call was done.
    - `declined`: the whole batch was refused, for another reason than this item.

    `id` is the Id in the answer, whatever the outcome. `expired` means that a new access token
    would help. `seconds` is how long the answer took. `is_trial` means that the call began while
    the connection counted as refused.
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
    is_trial: bool = False

    @property
    def landed(self) -> bool:
        """Return whether the call was done or, for a read, whether the answer is good."""
        return self.outcome == "landed"

    @property
    def code(self) -> str:
        """Return the code of the first fault."""
        return self.faults[0].code if self.faults else ""

    def check(self) -> "Answer":
        """Return the answer if it landed, else raise Retry, ConnectionTrouble or Refused."""
        if self.outcome == "refused":
            raise Refused(self.text)
        if self.outcome == "unauthorised":
            raise ConnectionTrouble(self.text, self.after)
        if self.outcome != "landed":
            raise Retry(self.text, self.after)
        return self


@dataclass(frozen=True)
class Expected:
    """What a good answer to a call contains.

    `place` is the key of the entity or list, `id` the Id of the object that the call was about.
    """

    place: str
    deletes: bool = False
    id: str | None = None


def read_reply(reply: HttpResponse, expected: Expected) -> Answer:
    """Interpret a complete HTTP response."""
    body = _json(reply.body)
    faults = faults_of(body) if body else parse(reply.status, reply.content_type, reply.body)
    entity = _entity(body, expected)
    answer = Answer(
        "doubt",
        status=reply.status,
        body=body,
        faults=faults,
        tid=reply.headers.get("intuit_tid", ""),
        date=_date(reply.headers.get("Date", "")),
        **_version(entity, reply.body),
    )
    return _with_outcome(answer, entity, reply, expected)


def _with_outcome(
    answer: Answer, entity: dict[str, Any] | None, reply: HttpResponse, expected: Expected
) -> Answer:
    """Decide what an answer means; whatever is not clear stays in doubt."""
    codes = {fault.code for fault in answer.faults}
    if reply.status == 429 or codes & THROTTLED:
        after = _after(reply.headers.get("Retry-After", ""))
        return replace(answer, outcome="throttled", after=after, text=sentence(answer.faults) or "")

    expired = reply.status == 401 or bool(codes & EXPIRED)
    if expired or reply.status == 403 or codes & FORBIDDEN:
        text = _unauthorised(answer.faults)
        return replace(answer, outcome="unauthorised", expired=expired, text=text)

    if _is_refusal(answer, reply):
        return replace(answer, outcome="refused", text=sentence(answer.faults))
    if _is_success(answer, entity, reply, expected):
        return replace(answer, outcome="landed", entity=entity, text="")
    return replace(answer, text=_doubtful(answer, reply))


def _is_refusal(answer: Answer, reply: HttpResponse) -> bool:
    if not answer.faults or reply.status >= 500:
        return False
    return not any(fault.doubtful for fault in answer.faults)


def _is_success(
    answer: Answer, entity: dict[str, Any] | None, reply: HttpResponse, expected: Expected
) -> bool:
    if reply.status != 200 or answer.faults or not _is_json(reply):
        return False
    return _as_asked(entity, expected)


def of_item(item: dict[str, Any], expected: Expected, whole: Answer) -> Answer:
    """Interpret one item in the answer to a batch or an upload."""
    reply = HttpResponse(200, {"Content-Type": "application/json"}, b"")
    faults = faults_of(item)
    entity = _entity(item, expected)
    answer = replace(
        whole, outcome="doubt", body=item, faults=faults, entity=None, **_version(entity, b"")
    )
    return _with_outcome(answer, entity, reply, expected)


def unsent(reason: str, after: float | None = None) -> Answer:
    """Return the answer to a call of which no byte left this machine."""
    return Answer(
        "unsent",
        text=f"QuickBooks could not be reached: {reason}. It is tried again by itself.",
        after=after,
    )


def lost(reason: str) -> Answer:
    """Return the answer to a call that may have arrived although no answer came."""
    return Answer("doubt", text=f"QuickBooks did not answer ({reason}). {LOOKED_UP}")


def of_read(answer: Answer) -> Answer:
    """Say of a read in doubt that it is repeated: it changes nothing, so nothing is looked up."""
    return replace(answer, text=f"{answer.text.removesuffix(LOOKED_UP)}{AGAIN}")


def _json(body: bytes) -> dict[str, Any]:
    try:
        read = exact_json.parse(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _entity(body: dict[str, Any], expected: Expected) -> dict[str, Any] | None:
    """Return the entity that was asked for, or a list under the key `rows`."""
    content = body.get(expected.place)
    if expected.place == "AttachableResponse" and isinstance(content, list):
        first = content[0] if content else None
        if isinstance(first, dict):
            content = first.get("Attachable")
    if isinstance(content, list):
        return {"rows": content}
    return content if isinstance(content, dict) else None


def _version(entity: dict[str, Any] | None, body: bytes) -> dict[str, Any]:
    """Return the Id and SyncToken of an entity, or else the first ones in the bytes of a body."""
    if entity and entity.get("Id"):
        return {"id": str(entity["Id"]), "sync_token": str(entity.get("SyncToken", "")) or None}
    match = ID_AND_TOKEN.search(body)
    if match is None:
        return {"id": None, "sync_token": None}
    return {"id": match[1].decode(), "sync_token": match[2].decode()}


def _as_asked(entity: dict[str, Any] | None, expected: Expected) -> bool:
    """Return whether an answer contains what the call asked for."""
    if entity is None:
        return False
    if expected.place in WITHOUT_ID:
        return True
    if expected.deletes and entity.get("status") != "Deleted":
        return False
    return bool(entity.get("Id")) and expected.id in (None, str(entity["Id"]))


def _is_json(reply: HttpResponse) -> bool:
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


def _doubtful(answer: Answer, reply: HttpResponse) -> str:
    if answer.faults:
        return f"{sentence(answer.faults)} {LOOKED_UP}"
    if reply.status == 200:
        return f"QuickBooks answered something that is not what was asked for. {LOOKED_UP}"
    return f"QuickBooks answered with status {reply.status} and no reason. {LOOKED_UP}"
