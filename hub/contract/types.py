"""What hooks receive and return beside documents: apps, fields, sites, records and signals."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from zoneinfo import ZoneInfo

from hub.contract.documents import Document, Kind, Party, Role, State, noun
from hub.errors import BadDocument

if TYPE_CHECKING:
    from marshmallow import Schema

Match = Literal["id", "number", "name", "email", "words"]


@noun
class Company:
    """The facts about the QuickBooks company that a plugin may use."""

    country: str
    currency: str
    custom_numbers: bool = False


class Secrets(MutableMapping[str, str], ABC):
    """Secret settings and values that the plugin stores.

    Each assignment is encrypted and committed at once.
    """

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """Return a lock that one process at a time holds.

        It is for refresh tokens that change on every use.
        """


class Reply(Protocol):
    """An HTTP response.

    `not_found` is true for a 404 or 410 of the API itself, not for a page of another server.
    """

    status: int
    not_found: bool
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body as JSON, with fractions as Decimal; raise Retry if it is not JSON."""

    def check(self) -> "Reply":
        """Return the reply if its status is below 400.

        Otherwise raise NeedsAttention (401, 403) or Refused (other 4xx).
        """


class Http(Protocol):
    """HTTP client for the source, with a total deadline, allowed hosts and a size limit.

    429, 5xx and timeouts raise Retry.
    """

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
        """Send one request and read the whole response.

        A status in `answers` is returned instead of raising Retry.
        """


@noun
class Site:
    """An app enabled for a company.

    `settings` are without the secrets; `start` is the first date that is posted.
    """

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
    """An app on the marketplace.

    `hosts` and `gone` may name a setting as "{base_url}"; `every` is "15m" or cron.
    `automatic` names a boolean setting: while it is off, documents that are ready wait until a
    person pushes them.
    `mailbox` names a setting with the e-mail address that comparisons and cases of the app are
    mailed to.
    `access` names the people to ask for access. Configure stays closed until an owner records that
    it was granted. With `access_gate` false only some accounts need it: Configure is open, and
    `hub_check` raises AccessNeeded.
    `assumed_api` is the OpenAPI description of a source that publishes none; the pages say that it
    is assumed.
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
    """A code field of documents: its role, how it is matched, and what happens without a match.

    "{x}" is setting x.
    `pushed`: whether `hub_records` gets the list of its role; for purchase_order the list is the
    open orders.
    `separator`: separates levels of a name at the source; a QuickBooks record with it in its name
    is not used.
    `fill`: whether a matched party without name, phone or e-mail gets those of the code's `create`.
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
    """The account at the source that an installation is bound to.

    Each warning is a case until it is gone.
    """

    id: str
    name: str
    warnings: tuple[str, ...] = ()


@noun
class Record:
    """An entry of a QuickBooks list; `code` is its match, `document` the document that it was posted for.

    `decided`: a person made that match in the hub; `use` of a tax code or item is purchase, sales or both.
    `order`: the open order if the field's role is purchase_order; its codes are QuickBooks ids by role.
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
    """The meaning of a webhook call: read these ids, or collect if there are none.

    `records`: push the lists again.
    """

    ids: tuple[str, ...] = ()
    records: bool = False


@noun
class Sandbox:
    """A stand-in for the source: a WSGI application, its country, and the settings that point at it.

    `custom_numbers`: whether the source numbers sales documents instead of QuickBooks.
    """

    wsgi: Callable[..., Iterable[bytes]]
    settings: Callable[[str], Mapping[str, Any]] = field(default=lambda url: {"base_url": url})
    country: str = ""
    custom_numbers: bool = True
