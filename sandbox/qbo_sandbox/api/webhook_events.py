"""The events that webhooks report, in the classic format and as CloudEvents."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from qbo_sandbox.accounting.company import Change
from qbo_sandbox.kit.json_object import JsonObject

LIST_KINDS = (
    "Account Budget Class CompanyCurrency Customer Department Employee Item PaymentMethod "
    "Preferences TaxAgency Term"
)
DOCUMENT_KINDS = (
    "Bill BillPayment CreditMemo Deposit Estimate Invoice JournalEntry Payment Purchase "
    "PurchaseOrder RefundReceipt "
    "SalesReceipt TimeActivity Transfer Vendor VendorCredit"
)
KINDS_WITH_EVENTS = frozenset(f"{LIST_KINDS} {DOCUMENT_KINDS}".split())
EVENT_NAMES = {"CompanyCurrency": "Currency"}
EVENT_VERBS = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "void",  # not in the past tense, unlike the others
    "Emailed": "emailed",
}
SOURCE = "intuit." + base64.b64encode(b"quickbooks stand-in").decode()


class Event(NamedTuple):
    """One thing that happened to one object."""

    realm: str
    kind: str
    id: str
    act: str
    at: float

    @property
    def same(self) -> tuple[str, ...]:
        """Return the key of equal events, of which only the newest is sent."""
        return self.realm, self.kind, self.id, self.act


def list_events(realm: str, changes: list[Change], act: str, at: float) -> list[Event]:
    """Return the events of one write; `act` names the act on its first object, such as Void."""
    acts = [_act_of(change) for change in changes]
    acts[0] = act or acts[0]
    pairs = zip(changes, acts, strict=True)
    return [
        Event(realm, change.kind, change.id, operation, at)
        for change, operation in pairs
        if change.kind in KINDS_WITH_EVENTS
    ]


def _act_of(change: Change) -> str:
    """Return the act that a change stands for: Create, Update or Delete."""
    if change.data is None:
        return "Delete"
    meta = change.data["MetaData"]
    new = change.data.get("SyncToken") == "0" and meta.get("CreateTime") == meta.get(
        "LastUpdatedTime"
    )
    return "Create" if new else "Update"


def encode_classic_bodies(events: Iterable[Event]) -> list[bytes]:
    """Return the bodies of the classic form, one for each company."""
    realms: dict[str, list[Event]] = {}
    for event in events:
        realms.setdefault(event.realm, []).append(event)
    return [_encode_classic_event(realm, own_events) for realm, own_events in realms.items()]


def _encode_classic_event(realm: str, events: list[Event]) -> bytes:
    """Return the older form of a message: all changes of one company."""
    entities = [
        {
            "name": EVENT_NAMES.get(e.kind, e.kind),
            "id": e.id,
            "operation": e.act,
            "lastUpdated": format_moment(e.at),
        }
        for e in events
    ]
    notice = {"realmId": realm, "dataChangeEvent": {"entities": entities}}
    return json.dumps({"eventNotifications": [notice]}).encode()


def encode_cloud_bodies(events: Iterable[Event]) -> list[bytes]:
    """Return one body with the events of all companies."""
    return [json.dumps([_build_cloud_event(event) for event in events]).encode()]


def _build_cloud_event(event: Event) -> JsonObject:
    """Return a change as an event in the form of CloudEvents."""
    kind = EVENT_NAMES.get(event.kind, event.kind).lower()
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "type": f"qbo.{kind}.{EVENT_VERBS[event.act]}.v1",
        "datacontenttype": "application/json",
        "time": _format_precise_moment(event.at),
        "intuitentityid": event.id,
        "intuitaccountid": event.realm,
        "data": {},
    }


def format_moment(at: float) -> str:
    """Format a time in UTC with milliseconds and a final Z."""
    return (
        dt.datetime.fromtimestamp(at, dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _format_precise_moment(at: float) -> str:
    """Format a time in UTC with nanoseconds and a final Z, as CloudEvents have it."""
    whole_second, _, _ = format_moment(int(at)).partition(".")
    nanoseconds = int(at % 1 * 1e9)
    return f"{whole_second}.{nanoseconds:09d}Z"


BODY_BUILDERS = {"cloudevents": encode_cloud_bodies, "classic": encode_classic_bodies}
