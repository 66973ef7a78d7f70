"""Decide what a response from QuickBooks means: done, refused, to be retried, or in doubt."""

import datetime as dt
from collections.abc import Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hub.context import mask_secrets
from hub.errors import ConnectionTrouble, Refused, Retry, Sentence
from hub.http.exchange import HttpResponse
from hub.http.response import parse_wait
from hub.models.enums import SendOutcome
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo.faults import (
    ACCESS_CODES,
    EXPIRED_CODES,
    FORBIDDEN_CODES,
    NOT_ACCEPTED,
    SLOW_DOWN,
    THROTTLED_CODES,
    UNKNOWN_ERROR,
    Fault,
    explain,
    explain_refusal,
    parse,
    parse_faults,
)
from hub.qbo.response_body import extract_entity, find_date, parse_json, parse_version

# The outcome of a call by the status of its response, regardless of its body. `hub.qbo.faults` has
# the outcomes by the codes of faults. A fault with any other status is a refusal. During an outage,
# QuickBooks answers 500 with the code of a missing access (3100 or 120), so such a code counts only
# with other statuses.
THROTTLED_STATUSES = {429}  # not done; repeated after a pause of all calls to the company
EXPIRED_STATUSES = {401}  # not done; a new access token may help
FORBIDDEN_STATUSES = {403}  # not done; a person has to reconnect
INCONCLUSIVE_STATUSES = {*range(500, 600)}  # may be done: looked up before it is repeated
DONE_STATUSES = {200, 201}  # done; Intuit documents 200 only, compatible servers may answer 201

DEFAULT_PAUSE_SECONDS = 60.0
MAX_PAUSE_SECONDS = 3600.0
LOOK_UP_FOLLOWS = Sentence("The hub looks up whether it was done.")
RETRY_FOLLOWS = Sentence("It is retried automatically.")
NOT_ASKED_FOR = Sentence("QuickBooks answered something that is not what was asked for.")
PLACES_WITHOUT_ID = {
    "QueryResponse",
    "CDCResponse",
    "BatchItemResponse",
    "CompanyInfo",
    "ExchangeRate",
    "Preferences",
    "Header",
}
TOO_LARGE_CODES = {"10100"}  # QuickBooks does not return so much at once
# The places of objects, each of which may have a fault instead.
PLACES_OF_OBJECTS = {"QueryResponse", "CDCResponse"}


class ResponseTooLarge(Retry):
    """More was requested than one response may hold; smaller parts of it can be read."""


@dataclass(frozen=True)
class QuickBooksResponse:
    """The response to one call, with its outcome.

    - `landed`: the call was done; `entity` is what it asked for.
    - `unsent`: no byte left this machine.
    - `throttled`: the call was not done, and is repeated after a pause.
    - `unauthorised`: the call was not done, because QuickBooks did not accept the connection.
    - `refused`: the call was not done, and would be refused again.
    - `doubt`: it is not known whether the call was done.
    - `declined`: the whole batch was refused, for another reason than this item.

    `id` is the Id in the response, with any outcome. `date` is QuickBooks' own: a response without
    a fault and without what the call requested has none. `expired` means that a new access token
    would help. `after` is the pause in seconds before the next call, if one is asked for. `seconds`
    is how long the response took. `is_trial` means that the call began while the connection counted
    as refused. `is_too_large` means that the response would be larger than the hub reads or
    QuickBooks sends.
    """

    outcome: SendOutcome
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
    is_too_large: bool = False

    @property
    def landed(self) -> bool:
        """Return whether the call was done or, for a read, whether the response is good."""
        return self.outcome == SendOutcome.LANDED

    @property
    def code(self) -> str:
        """Return the code of the first fault by which the hub decides."""
        return self.faults[0].decisive_code if self.faults else ""

    def check(self) -> "QuickBooksResponse":
        """Return the response if it landed, else raise Retry, ConnectionTrouble or Refused."""
        if self.is_too_large:
            raise ResponseTooLarge(self.text)
        if self.outcome == SendOutcome.REFUSED:
            raise Refused(self.text)
        if self.outcome == SendOutcome.UNAUTHORISED:
            raise ConnectionTrouble(self.text, self.after)
        if self.outcome != SendOutcome.LANDED:
            raise Retry(self.text, self.after)
        return self


@dataclass(frozen=True)
class Expected:
    """The content of a good response to a call.

    `place` is the key of the entity or list, `id` the Id of the object that the call was about.
    """

    place: str
    deletes: bool = False
    id: str | None = None


def interpret_response(http_response: HttpResponse, expectation: Expected) -> QuickBooksResponse:
    """Interpret a complete HTTP response."""
    body = parse_json(http_response.body)
    faults = parse_faults(body) or _parse_faults_in_place(body, expectation)
    if not body:
        faults = parse(http_response.body)
    faults = _mask_faults(faults)
    entity = extract_entity(body, expectation.place)
    response = QuickBooksResponse(
        SendOutcome.DOUBT,
        status=http_response.status,
        body=body,
        faults=faults,
        tid=mask_secrets(http_response.headers.get("intuit_tid", "")),
        date=find_date(http_response.headers.get("Date", ""), body),
        **parse_version(entity, http_response.body),
    )
    decided_response = _decide_outcome(response, entity, http_response, expectation)
    if entity is None and not faults:
        # It may be of a proxy, whose clock may be wrong.
        return replace(decided_response, date=None)
    return decided_response


def _decide_outcome(
    response: QuickBooksResponse,
    entity: dict[str, Any] | None,
    http_response: HttpResponse,
    expectation: Expected,
) -> QuickBooksResponse:
    """Return the response with the outcome that it shows; an unclear one stays in doubt."""
    status = http_response.status
    faults = response.faults
    codes = {fault.code for fault in faults}
    if status in THROTTLED_STATUSES or codes & THROTTLED_CODES:
        after = _compute_pause(http_response, response.date)
        text = explain(faults, SLOW_DOWN)
        return replace(response, outcome=SendOutcome.THROTTLED, after=after, text=text)

    is_expired = _is_access_refused(status, EXPIRED_STATUSES, codes & EXPIRED_CODES)
    is_forbidden = _is_access_refused(status, FORBIDDEN_STATUSES, codes & FORBIDDEN_CODES)
    if is_expired or is_forbidden:
        text = explain(faults, NOT_ACCEPTED)
        return replace(response, outcome=SendOutcome.UNAUTHORISED, expired=is_expired, text=text)

    if _is_refusal(response, http_response):
        text = explain_refusal(faults, is_new=expectation.id is None)
        is_too_large = not codes.isdisjoint(TOO_LARGE_CODES)
        return replace(response, outcome=SendOutcome.REFUSED, text=text, is_too_large=is_too_large)
    if _is_success(response, entity, http_response, expectation):
        return replace(response, outcome=SendOutcome.LANDED, entity=entity, text="")
    pause = parse_wait(http_response.headers, response.date)
    return replace(response, text=_explain_doubt(response, http_response), after=pause)


def _is_access_refused(status: int, refusing_statuses: Set[int], refusing_codes: Set[str]) -> bool:
    """Return whether a status or a code refuses the connection; beside a 5xx no code does."""
    if status in INCONCLUSIVE_STATUSES:
        return False
    return status in refusing_statuses or bool(refusing_codes)


def _is_refusal(response: QuickBooksResponse, http_response: HttpResponse) -> bool:
    """Return whether QuickBooks certainly did not do what the call asked for."""
    if not response.faults or http_response.status in INCONCLUSIVE_STATUSES:
        return False
    is_inconclusive = any(fault.is_inconclusive for fault in response.faults)
    return not is_inconclusive


def _is_success(
    response: QuickBooksResponse,
    entity: dict[str, Any] | None,
    http_response: HttpResponse,
    expectation: Expected,
) -> bool:
    """Return whether a response is complete and shows that the call was done."""
    if http_response.status not in DONE_STATUSES or response.faults:
        return False
    return _is_json(http_response) and _is_as_expected(entity, expectation)


def interpret_item(
    item: dict[str, Any], expectation: Expected, whole: QuickBooksResponse
) -> QuickBooksResponse:
    """Interpret one item in the response to a batch or an upload."""
    http_response = HttpResponse(200, {"Content-Type": "application/json"}, b"")
    faults = _mask_faults(parse_faults(item))
    entity = extract_entity(item, expectation.place)
    response = replace(
        whole,
        outcome=SendOutcome.DOUBT,
        body=item,
        faults=faults,
        entity=None,
        **parse_version(entity, b""),
    )
    return _decide_outcome(response, entity, http_response, expectation)


def build_unsent_response(reason: str, after: float | None = None) -> QuickBooksResponse:
    """Return the response to a call of which no byte left this machine."""
    return QuickBooksResponse(
        SendOutcome.UNSENT,
        text=Sentence(
            "QuickBooks could not be reached: %(reason)s. It is retried automatically.",
            reason=mask_secrets(reason),
        ),
        after=after,
    )


def build_lost_response(reason: str, *, is_too_large: bool = False) -> QuickBooksResponse:
    """Return the response to a call that may have arrived although no response came."""
    words = mask_secrets(reason)
    text = Sentence(
        "QuickBooks did not answer (%(reason)s). %(next_step)s",
        reason=words,
        next_step=LOOK_UP_FOLLOWS,
    )
    return QuickBooksResponse(SendOutcome.DOUBT, text=text, is_too_large=is_too_large)


def extract_rows(response: QuickBooksResponse, kind: str) -> list[dict[str, Any]]:
    """Return the objects of one kind in the response to a query.

    An empty list shows that there are none, so raise Retry if there are some in another form.
    """
    content = response.entity or {}
    objects = content.get(ENTITY_BY_KIND[kind])
    if not isinstance(objects, list):
        require_no_objects(content)
        return []
    return [row for row in objects if isinstance(row, dict)]


def require_no_objects(content: Any) -> None:
    """Raise Retry if the content of a response has objects of any kind.

    An object has an Id. Other fields, such as warnings, are none.
    """
    if _has_object(content):
        raise Retry("%(reason)s %(next_step)s", reason=NOT_ASKED_FOR, next_step=RETRY_FOLLOWS)


def _has_object(content: Any) -> bool:
    """Return whether there is an object with an Id anywhere in parsed JSON."""
    if isinstance(content, dict):
        return "Id" in content or any(map(_has_object, content.values()))
    return isinstance(content, list) and any(map(_has_object, content))


def extract_count(response: QuickBooksResponse) -> int:
    """Return the number in the response to a query that counts."""
    content = response.entity or {}
    return int(content.get("totalCount", 0))


def _parse_faults_in_place(body: dict[str, Any], expectation: Expected) -> tuple[Fault, ...]:
    """Return the faults that a query or a change data call has in place of its objects.

    Intuit's schema allows this with status 200. Without it, the response would show that QuickBooks
    has no such object, or that nothing changed.
    """
    if expectation.place not in PLACES_OF_OBJECTS:
        return ()
    faults: list[Fault] = []
    parts = [body.get(expectation.place)]
    while parts:
        part = parts.pop(0)
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            faults += parse_faults(part)
            parts.append(part.get("QueryResponse"))
    return tuple(faults)


def _mask_faults(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return faults in whose texts secrets are masked: QuickBooks may repeat what it was sent."""
    masked_faults = []
    for fault in faults:
        texts = {name: mask_secrets(text) for name, text in asdict(fault).items()}
        masked_faults.append(Fault(**texts))
    return tuple(masked_faults)


def _is_as_expected(entity: dict[str, Any] | None, expectation: Expected) -> bool:
    """Return whether a response contains the entity that the call requested."""
    if entity is None:
        return False
    if expectation.place in PLACES_WITHOUT_ID:
        return True
    if expectation.deletes and entity.get("status") != "Deleted":
        return False
    id = entity.get("Id")
    if not id:
        return False
    return expectation.id is None or expectation.id == str(id)


def _is_json(http_response: HttpResponse) -> bool:
    """Return whether QuickBooks answered with JSON, unlike a proxy in between."""
    return "json" in http_response.content_type.lower()


def _compute_pause(http_response: HttpResponse, date: dt.datetime | None) -> float:
    """Return the seconds to pause: those that QuickBooks asks for, within limits, or a default.

    `date` is the date of the response, by which QuickBooks may say until when to pause.
    """
    seconds = parse_wait(http_response.headers, date)
    if seconds is None:
        return DEFAULT_PAUSE_SECONDS
    return max(1.0, min(seconds, MAX_PAUSE_SECONDS))


def _explain_doubt(response: QuickBooksResponse, http_response: HttpResponse) -> str:
    """Return why it is not known whether a call was done."""
    if response.faults:
        reason = explain(response.faults, UNKNOWN_ERROR, internal_codes=ACCESS_CODES)
    elif http_response.status in DONE_STATUSES:
        reason = NOT_ASKED_FOR
    else:
        reason = Sentence(
            "QuickBooks answered with status %(status)s and no reason.", status=http_response.status
        )
    return Sentence("%(reason)s %(next_step)s", reason=reason, next_step=LOOK_UP_FOLLOWS)
