"""The whole contract with plugins on one screen: what an app is, what it is handed, and the eleven hooks."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from zoneinfo import ZoneInfo

import pluggy

from hub.contract.documents import (  # fmt: skip
    Attachment,
    Code,
    Document,
    Kind,
    Party,
    Receipt,
    Role,
    State,
    Yielded,
    noun,
)
from hub.errors import BadDocument

if TYPE_CHECKING:
    from marshmallow import Schema

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")

Match = Literal["id", "number", "name", "email", "words"]


@noun
class Company:
    """The QuickBooks company an app posts to, as far as a plugin may know it."""

    country: str
    currency: str
    custom_numbers: bool = False


class Secrets(MutableMapping[str, str], ABC):
    """Secret settings and whatever the plugin keeps there; each assignment is encrypted and committed at once."""

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """Held by one process at a time: for refresh tokens that change on every use."""


class Reply(Protocol):
    """An HTTP answer; `not_found`: 404 or 410 from the API itself, and not a page of another server."""

    status: int
    not_found: bool
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, numbers with a point as Decimal; raises Retry with a sentence when it is none."""

    def check(self) -> "Reply":
        """Itself when the status is below 400; else NeedsAttention (401, 403), Refused (4xx) with a sentence."""


class Http(Protocol):
    """The one way to the source: total deadline, allowed hosts, size limit; 429, 5xx and silence raise Retry."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        auth: tuple[str, str] | None = None,
        answers: Collection[int] = (),
    ) -> Reply:
        """Sends one request and reads the whole answer; a status in `answers` is returned where it would be a Retry."""


@noun
class Site:
    """An installation as its plugin sees it; `settings` without the secrets, `start` the first day that counts."""

    settings: Mapping[str, Any]
    secrets: Secrets
    http: Http
    company: Company
    zone: ZoneInfo
    today: dt.date
    start: dt.date | None = None
    tenant: str | None = None
    webhook_url: str | None = None


@noun
class App:
    """One tile of the marketplace; `hosts` and `gone` may name a setting as "{base_url}", `every` is "15m" or cron.

    `automatic` names a switch of the settings: while it is off, what is ready waits until a person pushes it.
    `mailbox` names a setting with the e-mail address that comparisons and cases of the app are mailed to.
    `access` says whom to ask for access. Configure stays closed until an owner records that it was granted, unless
    `access_gate` is false: then only some accounts need it, and `hub_check` finds out which.
    `assumed_api` is the OpenAPI description of a source that publishes none: the pages then say that it is assumed.
    """

    slug: str
    name: str
    summary: str
    help: str = ""
    posts: tuple[Kind, ...]
    settings: "type[Schema] | Schema"
    hosts: tuple[str, ...] = ()
    every: str = "15m"
    wants: tuple[State, ...] = ()
    changed: Literal["update", "hold"] = "update"
    gone: Literal["case", "void", "delete", "close", "leave"] = "case"
    access: str | None = None
    access_gate: bool = True
    assumed_api: Path | None = None
    owner_only: bool = False
    match_first: tuple[str, ...] = ()
    retry_reoffered: bool = False
    automatic: str = ""
    mailbox: str = ""


@noun
class Field:
    """A code field of documents: what it becomes, how it is matched, what if it cannot be; "{x}" is the setting x.

    `pushed`: whether `hub_records` is handed its list; of the role purchase_order those are the open orders.
    `separator`: separates levels of a name at the source; a record of QuickBooks with it in its name is not used.
    `fill`: whether a matched party gets the name, phone and e-mail of the code's `create` where it has none.
    """

    name: str
    label: str
    role: Role
    match: tuple[Match, ...] = ("id",)
    missing: Literal["hold", "warn", "create"] = "hold"
    default: str | None = None
    differ: Literal["hold", "first", "split"] = "hold"
    pushed: bool | str = True
    separator: str = ""
    fill: bool | str = False

    def __post_init__(self) -> None:
        if not set(self.match) <= set(Match.__args__):  # type: ignore[attr-defined]
            raise BadDocument(f"Field {self.name} names an unknown way to match: {self.match}.")


@noun
class Tenant:
    """The account at the source that an installation is bound to; each warning is a case until it ceases."""

    id: str
    name: str
    warnings: tuple[str, ...] = ()


@noun
class Record:
    """An entry of a QuickBooks list as a plugin sees it; `code` is its match, `document` what we posted it for.

    `decided`: a person made that match in the hub; `use` of a tax code or item is purchase, sales or both.
    `order`: the order itself, where the field's role is purchase_order; its codes are QuickBooks' ids by role.
    """

    id: str
    name: str
    full_name: str | None = None
    number: str | None = None
    type: str | None = None
    parent: str | None = None
    active: bool = True
    code: str | None = None
    decided: bool = False
    rate: str | None = None
    use: str | None = None
    party: Party | None = None
    document: str | None = None
    order: Document | None = None


@noun
class Signal:
    """What a webhook says: read these ids (none: collect), `records` = push the lists again."""

    ids: tuple[str, ...] = ()
    records: bool = False


@noun
class Sandbox:
    """A stand-in for the source: a WSGI application, the settings that point an installation at it, and its country.

    `custom_numbers`: whether the numbers of sales are the source's, rather than counted by QuickBooks.
    """

    wsgi: Callable[..., Iterable[bytes]]
    settings: Callable[[str], Mapping[str, Any]] = field(default=lambda url: {"base_url": url})
    country: str = ""
    custom_numbers: bool = True


@hookspec
def hub_apps() -> Sequence[App]:  # type: ignore[empty-body]
    """The apps that this plugin brings; called once, at start."""


@hookspec(firstresult=True)
def hub_fields(app: str) -> Sequence[Field]:  # type: ignore[empty-body]
    """The code fields that documents of the app use."""


@hookspec(firstresult=True)
def hub_check(app: str, site: Site) -> Tenant:  # type: ignore[empty-body]
    """Proves that the settings reach an account and names it; changes nothing there."""


@hookspec(firstresult=True)
def hub_subscribe(app: str, site: Site, on: bool) -> None:
    """Turns the source's webhooks to `site.webhook_url` on or off."""


@hookspec(firstresult=True)
def hub_codes(app: str, site: Site, field: str) -> Sequence[Code | str]:  # type: ignore[empty-body]
    """The codes of a field as the source has them now; also the choices of a setting."""


@hookspec(firstresult=True)
def hub_documents(  # type: ignore[empty-body]
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterable[Yielded]:
    """Lazily what changed since the cursors, or exactly `ids`; yields every row and lets `stage` judge."""


@hookspec(firstresult=True)
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:  # type: ignore[empty-body]
    """The bytes of a file."""


@hookspec
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    """Tells the source; repeated until it does not raise, `Refused` ends it with a warning."""


@hookspec(firstresult=True)
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> Sequence[Code]:  # type: ignore[empty-body]
    """Pushes the whole list of a field's role into the source; returns its codes with their `quickbooks_id`."""


@hookspec(firstresult=True)
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:  # type: ignore[empty-body]
    """What the source's call means; raise `Refused` when its signature is wrong."""


@hookspec(firstresult=True)
def hub_sandbox(app: str, folder: Path | None, documents: int | None, seed: int) -> Sandbox:  # type: ignore[empty-body]
    """A stand-in for the source; `folder` holds its journal, None keeps it in memory.

    Import the stand-in inside this hook: the hub and your plugin run without what only stand-ins
    need, which the plugin's extra `sandbox` installs.
    """
