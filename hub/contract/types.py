"""Arguments and results of hooks beside documents: apps, fields, sites, records and signals."""

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args
from zoneinfo import ZoneInfo

from hub.contract.documents import Document, Kind, Party, Role
from hub.contract.files import FileKinds, Files, NoFiles
from hub.contract.states import GonePolicyName, ReceiptState, ReceiptStateName
from hub.contract.value_object import value_object
from hub.errors import BadDocument

if TYPE_CHECKING:
    from marshmallow import Schema

MatchMethod = Literal["id", "number", "name", "email", "words"]
MissingPolicy = Literal["hold", "warn", "create"]
DifferencePolicy = Literal["hold", "first", "split"]
ChangedPolicy = Literal["update", "hold"]
# The drawings of apps that the hub has; an app without one is shown with its initials.
Icon = Literal[
    "", "box", "cart", "clock", "file", "hard-hat", "receipt", "ruler", "ticket", "wallet"
]
MATCH_METHODS: tuple[MatchMethod, ...] = get_args(MatchMethod)
MAX_TENANT_ID_LENGTH = 200  # of the column on every database
SETTING_REFERENCE = re.compile(r"\{(\w+)\}")  # in a policy or a host of an app


class FromSetting(str):
    """The value of a setting in place of a fixed one: `FromSetting("vendors")`.

    It is the text "{vendors}", which may also be written directly. A plugin whose app does not have
    the setting is rejected when it is loaded.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        """Refer to the setting with this name."""
        return super().__new__(cls, f"{{{name}}}")


@value_object
class Company:
    """The facts about the QuickBooks company that a plugin may use."""

    country: str
    currency: str
    custom_numbers: bool = False


class Secrets(MutableMapping[str, str], ABC):
    """Secret settings and values that the plugin stores, as a mapping of names to texts.

    `secrets["token"]` raises KeyError if there is none, and `secrets.get("token", "")` does not.
    Assign a text to store it, and use `del` to remove one: each is encrypted and committed at once.
    A name has at most 180 characters. Values stay when other secrets are entered, unless
    BoundSecrets binds them to credentials. All are deleted with the company, and when a setting
    leads to a new address for which other secrets are entered. Values that are not bound are also
    deleted when the app continues with another account.
    """

    __slots__ = ()

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """Return a lock that one process at a time holds.

        It is for refresh tokens that change on every use.
        """


def require_secret_text(name: str, text: object) -> None:
    """Raise TypeError for a secret that is not a text; the error does not contain its value."""
    if not isinstance(text, str):
        raise TypeError(f"the secret {name} must be a text, not {type(text).__name__}")


class Reply(Protocol):
    """An HTTP response.

    The names of `headers` are case-insensitive: `headers.get("content-type")`. `not_found` is true
    for a 404 or 410 of the API itself, not for the page of another server.
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

    429, 5xx and timeouts raise Retry, and a response of more than 100 MB raises Refused.
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


@value_object
class Site:
    """An app enabled for a company.

    - `settings`: what the admin entered, without the secrets.
    - `secrets`: the secrets of this installation alone.
    - `http`: a client that calls the declared hosts only.
    - `zone`: the time zone of the app, in which a moment of the source becomes a date.
    - `now`: the time at which the hook was called; `today` is the date in `zone` then.
    - `start`: the first date that is posted.
    - `tenant`: the id of the account at the source; None until `hub_check` has returned it.
    - `webhook_url`: the address for webhooks of the source.
    - `files`: the files that were received for this installation.
    """

    settings: Mapping[str, Any]
    secrets: Secrets
    http: Http
    company: Company
    zone: ZoneInfo
    today: dt.date
    now: dt.datetime
    start: dt.date | None = None
    tenant: str | None = None
    webhook_url: str | None = None
    files: Files = field(default_factory=NoFiles)


@value_object
class App:
    """An app on the marketplace.

    - `slug`: identifies the app in addresses, commands and tables; it must never change.
    - `name`, `summary` and `help`: its texts for people, the summary in one sentence.
    - `posts`: the kinds of its documents.
    - `settings`: the marshmallow schema of what an admin enters.
    - `hosts`: host names, "*.shed.example" for all hosts below one, and addresses that settings
      hold as "{base_url}".
    - `every`: the schedule of a new installation: "15m", or cron.
    - `rate`: how often the source may be called, such as "100/15s". The hub waits, so that all its
      processes together never call an account of the source more often.
    - `wants`: the states that `hub_report` reports to the source.
    - `changed`: what happens if a posted document changes at the source: "update" or "hold".
    - `gone`: what happens if a posted document disappears at the source: "case" (a person is
      asked), "void", "delete", "close" (an order) or "leave". With FromSetting a setting decides.
    - `access`: the people to ask for access. The app cannot be enabled until an owner marks the
      access as approved.
    - `access_gate`: false if only some accounts need access. The app can then be enabled, and
      `hub_check` raises AccessNeeded.
    - `assumed_api`: the OpenAPI description of a source that publishes none. The pages say that it
      is assumed.
    - `owner_only`: only the owner of an installation may change its settings. It is the person who
      saved them first.
    - `match_first`: the fields whose codes must be matched, or confirmed as new, before the app
      posts for the first time.
    - `retry_reoffered`: a document that QuickBooks refused is sent again if its source, which got
      the receipt about that, yields it unchanged.
    - `automatic`: the name of a boolean setting. While it is off, documents that are ready wait
      until a person pushes them.
    - `mailbox`: the name of a setting with the e-mail address that comparisons and cases of the app
      are mailed to.
    - `icon`: one of the drawings of the hub. Without one the page shows the initials.
    - `files`: the files that people may upload on the page of the app. `hub_file` reads them.
    """

    slug: str
    name: str
    summary: str
    help: str = ""
    posts: tuple[Kind, ...]
    settings: "type[Schema] | Schema"
    hosts: tuple[str, ...] = ()
    every: str = "15m"
    rate: str = ""
    wants: tuple[ReceiptState | ReceiptStateName, ...] = ()
    changed: ChangedPolicy = "update"
    gone: GonePolicyName | FromSetting = "case"
    access: str | None = None
    access_gate: bool = True
    assumed_api: Path | None = None
    owner_only: bool = False
    match_first: tuple[str, ...] = ()
    retry_reoffered: bool = False
    automatic: str = ""
    mailbox: str = ""
    icon: Icon = ""
    files: FileKinds | None = None


@value_object
class Field:
    """A code field of documents: its role, how it is matched, and what happens without a match.

    FromSetting leaves a choice to the admin.

    - `match`: how a record is found for a code that nobody has matched, in the order of the tries:
      by "id", the `quickbooks_id` of the code, never its id at the source; by the same "number",
      "name" or "email"; by "words", the name of the code as whole words in that of the record.
    - `missing`: what happens without a match: "hold", "warn" (post without it) or "create".
    - `default`: the QuickBooks id of the record that is used without a match.
    - `differ`: what happens if lines have different codes where QuickBooks allows one for the whole
      document: "hold", "first" (the code of the first line) or "split" (a transaction for each).
    - `pushed`: whether `hub_records` gets the list of its role; for purchase_order the list is the
      open orders.
    - `separator`: separates the levels of a name at the source. A QuickBooks record whose own name
      contains it is not used.
    - `fill`: whether a matched party without name, phone or e-mail gets those of the code's
      `create`.
    """

    name: str
    label: str
    role: Role
    match: tuple[MatchMethod, ...] = ("id",)
    missing: MissingPolicy | FromSetting = "hold"
    default: str | FromSetting | None = None
    differ: DifferencePolicy | FromSetting = "hold"
    pushed: bool | FromSetting = True
    separator: str = ""
    fill: bool | FromSetting = False

    def __post_init__(self) -> None:
        """Raise BadDocument for an unknown method of matching."""
        if isinstance(self.match, str):
            raise BadDocument(
                f"match of field {self.name} must be a tuple, such as ({self.match!r},)."
            )
        for method in self.match:
            if method not in MATCH_METHODS:
                raise BadDocument(
                    f"Field {self.name} names an unknown way to match: {method!r}. There is"
                    f" {', '.join(MATCH_METHODS)}."
                )


@value_object
class Tenant:
    """The account at the source that an installation is bound to.

    Its id has at most 200 characters. Each warning is a case until it is gone.
    """

    id: str
    name: str
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise BadDocument for an id or name that is no text, and for warnings that are one text.

        The id is compared with the stored one. Each letter of the text would become a case.
        """
        for name, value in (("id", self.id), ("name", self.name)):
            if not isinstance(value, str):
                raise BadDocument(f"A Tenant needs its {name} as text, not {value!r}.")
        if len(self.id) > MAX_TENANT_ID_LENGTH:
            raise BadDocument(
                f"The id of a Tenant has at most {MAX_TENANT_ID_LENGTH} characters, not"
                f" {len(self.id)}."
            )
        if not isinstance(self.warnings, tuple | list):
            raise BadDocument(
                f"A Tenant needs its warnings as a tuple, such as ({self.warnings!r},), not"
                f" {self.warnings!r}."
            )


@value_object
class Record:
    """An entry of a QuickBooks list.

    - `id`: its id in QuickBooks; `parent` is the id of the record above it.
    - `code`: the code that is matched to it; `decided`: whether a person made that match in the
      hub.
    - `decided_codes`: all codes that people matched to it.
    - `rate`: of a tax code, in percent.
    - `use`: of a tax code or item: "purchase", "sales" or "both".
    - `party`: the contact data of a supplier or customer.
    - `document`: the source id of the document for which the hub created it.
    - `order`: the open order, if the role of the field is purchase_order. Its codes are QuickBooks
      ids by role.
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
    decided_codes: tuple[str, ...] = ()
    rate: str | None = None
    use: str | None = None
    party: Party | None = None
    document: str | None = None
    order: Document | None = None


@value_object
class Signal:
    """A request of a webhook call to the hub: use `collect()`, `read(ids)` or `push_lists()`."""

    ids: tuple[str, ...] = ()
    records: bool = False

    def __post_init__(self) -> None:
        """Raise BadDocument for ids that are not texts."""
        is_text = isinstance(self.ids, str)
        if is_text or not all(isinstance(id, str) for id in self.ids):
            raise BadDocument(f"A Signal needs its ids as a tuple of texts, not {self.ids!r}.")

    @classmethod
    def collect(cls) -> Self:
        """Collect the documents that changed, as the schedule does."""
        return cls()

    @classmethod
    def read(cls, *ids: str) -> Self:
        """Read the documents with these source ids."""
        return cls(ids=ids)

    @classmethod
    def push_lists(cls) -> Self:
        """Push the QuickBooks lists to the source again."""
        return cls(records=True)


@value_object
class Sandbox:
    """A stand-in for the source: a WSGI application and the settings that point at its address.

    - `settings`: a function that returns the settings for an address. By default the only one is
      `base_url`.
    - `country`: where the company of its documents is, such as "GB"; empty if that makes no
      difference. The contract suite takes any country, with its currency. `hub dev` and `hub demo`
      have companies in AU, CA, GB, NO and US; for another country they enable the app for the one
      in GB, whose lines have tax codes, too, and say so.
    - `custom_numbers`: whether the source numbers sales documents instead of QuickBooks.
    """

    wsgi: Callable[..., Iterable[bytes]]
    settings: Callable[[str], Mapping[str, Any]] = field(default=lambda url: {"base_url": url})
    country: str = ""
    custom_numbers: bool = True

    def __post_init__(self) -> None:
        """Raise BadDocument for an application or settings that cannot be called."""
        if not callable(self.wsgi):
            raise BadDocument(
                f"A Sandbox needs wsgi as a WSGI application, not {type(self.wsgi).__name__}. A"
                " StandIn or a RowSource of the kit has it as its attribute wsgi."
            )
        if not callable(self.settings):
            raise BadDocument(
                "A Sandbox needs settings as a function that gets the address and returns the"
                ' settings, such as lambda url: {"base_url": url, "key": "shed-key"}.'
            )
