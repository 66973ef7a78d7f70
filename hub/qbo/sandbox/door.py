"""The way in: builds the stand-in, reads its journal again, and serves it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.qbo.sandbox.app import App
from hub.qbo.sandbox.company import Change, Company
from hub.qbo.sandbox.control import Control
from hub.qbo.sandbox.faults import faults as fault_rules
from hub.qbo.sandbox.grants import Grants
from hub.qbo.sandbox.options import US, Options
from hub.qbo.sandbox.pages import Pages
from hub.qbo.sandbox.routes import call_of
from hub.qbo.sandbox.seed import open_books
from hub.qbo.sandbox.values import dump
from hub.qbo.sandbox.webhooks import Sender
from hub.sandboxing import Answer, Clock, Fault, Harness, Journal, ask, serve

CLIENT = "ABstandinclient0000000000000000000000000000000000"
SECRET = "standinsecret000000000000000000000000000"  # noqa: S105  (the stand-in's own)
VERIFIER = "5f0c5c3e-0000-4000-8000-000000000000"
CLASSIC = "classic:"
SCOPE = "com.intuit.quickbooks.accounting"


class QuickBooks:
    """A running stand-in: `wsgi` is the application, the rest is what a client needs to connect to it."""

    def __init__(self, app: App, harness: Harness, control: Control, client: tuple[str, str], webhooks: Sender) -> None:
        self.app, self.wsgi, self.control, self.webhooks = app, harness, control, webhooks
        self.clock, self.faults, self.log = harness.clock, harness.faults, harness.log
        self.companies = app.companies
        self.client_id, self.client_secret = client
        self.webhook_verifier = VERIFIER
        self.refresh_tokens: dict[str, str] = {}
        self.access_tokens: dict[str, str] = {}

    @property
    def realm(self) -> str:
        return next(iter(self.companies))

    @property
    def company(self) -> Company:
        return self.companies[self.realm]

    def ask(self, method: str, path: str, body: Any = None, realm: str | None = None, **headers: str) -> Answer:
        """One call of the accounting API in this process, with a good token: ask("GET", "bill/1")."""
        realm = realm or self.realm
        given = {"authorization": f"Bearer {self.token(realm)}", "accept": "application/json", **headers}
        return ask(self.wsgi, method, f"/v3/company/{realm}/{path}", body, **given)

    def token(self, realm: str) -> str:
        """An access token that opens the company now."""
        held = self.app.grants.access.get(self.access_tokens[realm])
        if held is not None and held[2] <= self.clock.now():
            grant = next(g for g in self.app.grants.by_refresh.values() if g.realm == realm)
            self.access_tokens[realm] = self.app.grants.issue(grant)
        return self.access_tokens[realm]

    def select(self, text: str, realm: str | None = None) -> dict[str, Any]:
        """What a query finds: the value of QueryResponse."""
        found: dict[str, Any] = self.ask("GET", f"query?query={quote(text)}", None, realm).json()["QueryResponse"]
        return found

    def facts(self) -> list[str]:
        """What a client must be told to connect, line by line."""
        lines = [f"client id {self.client_id}", f"client secret {self.client_secret}"]
        for realm, company in self.companies.items():
            lines += [f"company {realm} {company.options.name} ({company.options.country}, {company.options.currency})"]
            lines += [f"  refresh token {self.refresh_tokens[realm]}", f"  access token {self.access_tokens[realm]}"]
        return [*lines, f"webhook verifier {self.webhook_verifier}"]

    def books(self) -> Any:
        return self.control.books("GET", None)

    def act(self, do: str, **said: Any) -> Any:
        """What a person does inside QuickBooks: edit, delete, deactivate, activate, create, pay, close_books."""
        return self.control.act("POST", {"do": do, **said})

    def switch(self, **switches: Any) -> None:
        self.control.switch("POST", switches)

    def add_fault(self, kind: str, call: str = "*", **rest: Any) -> Fault:
        return self.faults.add(Fault.read({"kind": kind, "call": call, **rest}))


def create(
    folder: Path | None = None,
    *,
    companies: Iterable[Options] = (US,),
    clock: Clock | None = None,
    client: tuple[str, str] = (CLIENT, SECRET),
    refresh_token: str | None = None,
    access_token: str | None = None,
    fsync: bool = False,
    **switches: Any,
) -> QuickBooks:
    """A stand-in with these companies, the first being the usual one.

    `folder` keeps its journal and files: the next one made on it has the same books and tokens. Tokens are issued
    for every company at once; the ones given here are those of the first. Keywords left over are switches.
    """
    clock = clock or Clock()
    journal = Journal(folder / "journal.jsonl" if folder else None, fsync=fsync)
    known: dict[str, Company] = {}
    grants = Grants(clock, journal, lambda: control.switches)
    control = Control(known, grants, journal)
    control.set(switches)
    sender = Sender(clock, journal, VERIFIER, lambda: control.switches)

    def bare(options: Options) -> Company:
        company = known[options.realm] = Company(options, clock, journal, control.switches)
        company.watchers.append(sender.watch)
        return company

    snapshots = Snapshots(control, clock, journal, folder, bare)
    readers = {"oauth": grants.replay, "clock": clock.restore, "switches": control.set}
    readers |= {"webhooks": sender.replay, "snapshot": snapshots.replay, "options": lambda raw: _optioned(known, bare, raw)}
    _replay(journal, known, readers)
    for options in companies:
        if options.realm not in known:
            _found(journal, options, bare)
    clock.on_change.append(lambda: journal.append({"clock": clock.kept()}))
    app = App(known, grants, dict([client]), clock, folder, Pages(known, control.act))
    pages = {**control.pages(), "meter": app.limits.page, "webhooks": sender.page, "snapshots": snapshots.page}
    pages["profiles"] = lambda method, body: made.profiles(method, body)
    harness = Harness(app, clock=clock, faults=fault_rules(), call=call_of, shape=app.shape, pages=pages)
    made = QuickBooks(app, harness, control, client, sender)
    made.found = lambda options: _found(journal, options, bare)
    made.snapshots = snapshots
    _issue(made, refresh_token, access_token)
    return made


def _found(journal: Journal, known: dict[str, Company], clock: Clock, control: Control, options: Options) -> None:
    """A company that was not there before."""
    journal.append_line(dump({"options": _told(options)}).encode())
    company = known[options.realm] = Company(options, clock, journal, control.switches)
    open_books(company)


def _told(options: Options) -> dict[str, Any]:
    told = options.told()
    return told | {"currencies": list(told["currencies"])}


def _replay(journal: Journal, known: dict[str, Company], clock: Clock, control: Control, sender: Sender) -> None:
    for line in journal.replay():
        if "r" in line:
            _again(known[line["r"]], line)
        elif "oauth" in line:
            control.grants.replay(line["oauth"])
        elif "clock" in line:
            clock.restore(line["clock"])
        elif "switches" in line:
            control.set(line["switches"])
        elif "webhooks" in line:
            sender.replay(line["webhooks"])
        elif "options" in line:
            raw = line["options"] | {"currencies": tuple(line["options"]["currencies"])}
            options = Options.read(raw)
            if options.realm in known:
                known[options.realm].options = options
            else:
                known[options.realm] = Company(options, clock, journal, control.switches)


def _again(company: Company, line: dict[str, Any]) -> None:
    changes = [Change(kind, id, data) for kind, id, data in line["c"]]
    texts = ["null" if change.data is None else dump(change.data) for change in changes]
    company.apply(changes, texts, float(line["at"]), line.get("q"))


def _issue(made: QuickBooks, refresh: str | None, access: str | None) -> None:
    """Tokens for each company; those that the journal still knows stay as they were."""
    grants = made.app.grants
    for place, realm in enumerate(made.companies):
        held = [g for g in grants.by_refresh.values() if (g.client, g.realm) == (made.client_id, realm)]
        wanted = refresh if place == 0 else None
        grant = held[0] if held and wanted in (None, held[0].refresh) else None
        grant = grant or grants.grant(made.client_id, realm, SCOPE, wanted or f"AB11standin{realm}".ljust(50, "0"))
        made.refresh_tokens[realm] = grant.refresh
        given = access if place == 0 else None
        made.access_tokens[realm] = grants.issue(grant, given, life=3600 if given is None else 100 * 365 * 86400)


def serve_quickbooks(
    port: int,
    *,
    folder: Path | None = None,
    realm: str | None = None,
    access_token: str | None = None,
    refresh_token: str | None = None,
    client: str | None = None,
    faults: Sequence[str] = (),
    webhook: str | None = None,
    host: str = "127.0.0.1",
    options: Sequence[Options] = (US,),
    **switches: Any,
) -> None:
    """Serve the stand-in until it is told to stop.

    port           where it listens; its address is the first line it prints
    folder         keeps its books, so that they outlive a kill; none: they go with the process
    realm          the id of the first company
    access_token   works from the start and does not expire; for clients that are given one by hand
    refresh_token  the first refresh token of the first company
    client         "ID:SECRET" of the application that may connect
    faults         rules such as "lose_answer@bill.create,nth=3,count=2" (kind@call,key=value…)
    webhook        the address that is told of changes; "classic:" before it asks for the classic form
    options        the companies; switches: the answers to what Intuit leaves unsaid, by name
    """
    first, *others = options
    chosen = [first.changed({"realm": realm}) if realm else first, *others]
    id, _, secret = (client or f"{CLIENT}:{SECRET}").partition(":")
    tokens = {"refresh_token": refresh_token, "access_token": access_token}
    made = create(folder, companies=chosen, client=(id, secret), **tokens, **switches)
    for text in faults:
        made.faults.add(Fault.parse(text))
    if webhook:
        form = "classic" if webhook.startswith(CLASSIC) else "cloudevents"
        made.webhooks.subscribe(webhook.removeprefix(CLASSIC), form)
    serve(made.wsgi, port, host, made.facts())
