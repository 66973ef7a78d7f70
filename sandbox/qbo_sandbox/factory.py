"""Build the stand-in, read its journal again, and serve it."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.api.routes import call_of
from qbo_sandbox.api.webhooks import Sender
from qbo_sandbox.app import App
from qbo_sandbox.faults.rules import create_faults as fault_rules
from qbo_sandbox.kit import Answer, Clock, Fault, Harness, Journal, send_request, serve
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.oauth.grants import ACCESS_LIFETIME, ACCOUNTING_SCOPE, DAY_SECONDS, Grants
from qbo_sandbox.options import US, Options
from qbo_sandbox.seeding import profiles
from qbo_sandbox.seeding.company_creation import CompanyCreator
from qbo_sandbox.switches import read as read_switch
from qbo_sandbox.web.control import Control
from qbo_sandbox.web.pages import BookPages

CLIENT_ID = "ABstandinclient0000000000000000000000000000000000"
CLIENT_SECRET = "standinsecret000000000000000000000000000"  # noqa: S105  (the stand-in's own)
WEBHOOK_VERIFIER = "5f0c5c3e-0000-4000-8000-000000000000"
# Seconds; a test that sets its access token never refreshes it.
FIXED_TOKEN_LIFETIME = 100 * 365 * DAY_SECONDS


class QuickBooks:
    """A running stand-in: `wsgi` is the application, the rest is what a client needs to connect."""

    def __init__(
        self,
        app: App,
        harness: Harness,
        control: Control,
        client: tuple[str, str],
        creator: CompanyCreator,
    ) -> None:
        self.app = app
        self.wsgi = harness
        self.control = control
        self.creator = creator
        self.webhooks = creator.sender
        self.snapshots = creator.snapshots
        self.clock = harness.clock
        self.faults = harness.faults
        self.log = harness.log
        self.companies = app.companies
        self.client_id, self.client_secret = client
        self.webhook_verifier = WEBHOOK_VERIFIER
        self.refresh_tokens: dict[str, str] = {}
        self.access_tokens: dict[str, str] = {}

    @property
    def realm(self) -> str:
        """Return the id of the first company."""
        return next(iter(self.companies))

    @property
    def company(self) -> Company:
        """Return the first company."""
        return self.companies[self.realm]

    def ask(
        self, method: str, path: str, body: Any = None, realm: str | None = None, **headers: str
    ) -> Answer:
        """Call the accounting API in this process with a valid token: ask("GET", "bill/1")."""
        realm = realm or self.realm
        headers = {
            "authorization": f"Bearer {self.token(realm)}",
            "accept": "application/json",
            **headers,
        }
        return send_request(self.wsgi, method, f"/v3/company/{realm}/{path}", body, **headers)

    def token(self, realm: str) -> str:
        """Return an access token that opens the company now."""
        grants = self.app.grants
        access = grants.access.get(self.access_tokens[realm])
        if access is not None and access.expires <= self.clock.now():
            consent = next(grant for grant in grants.by_refresh.values() if grant.realm == realm)
            self.access_tokens[realm] = grants.issue(consent)
        return self.access_tokens[realm]

    def select(self, text: str, realm: str | None = None) -> JsonObject:
        """Return the QueryResponse of a query."""
        answer = self.ask("GET", f"query?query={quote(text)}", None, realm)
        response: JsonObject = answer.json()["QueryResponse"]
        return response

    def facts(self, url: str) -> list[str]:
        """List what a client needs to connect to the stand-in at this address, line by line."""
        lines = [f"client id {self.client_id}", f"client secret {self.client_secret}"]
        for realm, company in self.companies.items():
            lines += [
                f"company {realm} {company.options.name}"
                f" ({company.options.country}, {company.options.currency})"
            ]
            lines += [
                f"  refresh token {self.refresh_tokens[realm]}",
                f"  access token {self.access_tokens[realm]}",
            ]
        return [
            *lines,
            f"webhook verifier {self.webhook_verifier}",
            f"discovery document {url}/.well-known/openid_configuration",
            "a new access token:",
            f"  {self.token_command(url)}",
        ]

    def token_command(self, url: str) -> str:
        """Return the command that gets an access token for the first company's refresh token."""
        client = f"{self.client_id}:{self.client_secret}"
        form = f"grant_type=refresh_token&refresh_token={self.refresh_tokens[self.realm]}"
        return f'curl -u {client} -d "{form}" {url}/oauth2/v1/tokens/bearer'

    def books(self, **filters: str) -> Any:
        """Return everything in the books, filtered by `realm` and `kind`."""
        return json.loads(self.control.books("GET", filters))

    def act(self, do: str, **details: Any) -> Any:
        """Do what a person does in QuickBooks: edit, delete, void, pay, create, close_books, …"""
        return self.control.act("POST", {"do": do, **details})

    def switch(self, **switches: Any) -> None:
        """Set switches, for every company."""
        self.control.switch("POST", switches)

    def open(self, profile: str, **options: Any) -> str:
        """Open one more company by the name of its profile; return its realm."""
        company_options = profiles.build_options(profile, options, self.companies, self.clock.now())
        self.creator.open_company(company_options)
        _issue_one(self, company_options.realm)
        return company_options.realm

    def open_countries(self, countries: Iterable[str]) -> None:
        """Open a company in each of these countries that has none, if there is a profile for it."""
        present = {company.options.country for company in self.companies.values()}
        for country in sorted(set(countries) - present):
            profile = profiles.find_profile_of_country(country)
            if profile:
                self.open(profile)

    def profiles(self, method: str, body: Any) -> object:
        """Answer /_sandbox/profiles: GET lists; POST {"profile": name, option: value} opens one."""
        if method != "POST":
            return profiles.describe_profiles()
        realm = self.open(**body)
        tokens = {"access_token": self.token(realm), "refresh_token": self.refresh_tokens[realm]}
        return {
            "realm": realm,
            "name": self.companies[realm].options.name,
            **tokens,
        }

    def add_fault(self, kind: str, call: str = "*", **rest: Any) -> Fault:
        """Add a rule that makes calls go wrong."""
        return self.faults.add(Fault.read({"kind": kind, "call": call, **rest}))


def create(
    folder: Path | None = None,
    *,
    companies: Iterable[Options] = (US,),
    clock: Clock | None = None,
    client: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET),
    refresh_token: str | None = None,
    access_token: str | None = None,
    fsync: bool = False,
    **switches: Any,
) -> QuickBooks:
    """Return a stand-in with these companies, of which the first is the default.

    `folder` keeps its journal and files: the next stand-in on it has the same books and tokens.
    Tokens are issued for every company; `refresh_token` and `access_token` are those of the first.
    Other keywords are switches.
    """
    clock = clock or Clock()
    journal = Journal(folder / "journal.jsonl" if folder else None, fsync=fsync)
    by_realm: dict[str, Company] = {}
    grants = Grants(clock, journal, lambda: control.switches)
    control = Control(by_realm, grants, journal)
    control.set(switches)
    sender = Sender(clock, journal, WEBHOOK_VERIFIER, lambda: control.switches)
    creator = CompanyCreator(control, clock, journal, sender, folder)
    creator.replay()
    for options in companies:
        if options.realm not in by_realm:
            creator.open_company(options)
    clock.on_change.append(lambda: journal.append({"clock": clock.state()}))
    rules = fault_rules()
    app = App(
        by_realm, grants, dict([client]), clock, folder, BookPages(by_realm, control.act, rules)
    )
    pages = {
        **control.pages(),
        "meter": app.limits.page,
        "webhooks": sender.page,
    }
    harness = Harness(
        app,
        clock=clock,
        faults=rules,
        call=call_of,
        shape=app.shape,
        pages=pages,
    )
    quickbooks = QuickBooks(app, harness, control, client, creator)
    harness.pages |= {"snapshots": creator.snapshots.page, "profiles": quickbooks.profiles}
    _issue_tokens(quickbooks, refresh_token, access_token)
    return quickbooks


def _issue_tokens(quickbooks: QuickBooks, refresh: str | None, access: str | None) -> None:
    """Issue tokens for each company; the values that are named are those of the first one."""
    for index, realm in enumerate(quickbooks.companies):
        if index == 0:
            _issue_one(quickbooks, realm, refresh, access)
        else:
            _issue_one(quickbooks, realm)


def _issue_one(
    quickbooks: QuickBooks, realm: str, refresh: str | None = None, access: str | None = None
) -> None:
    """Issue tokens for a company; a grant that the journal still has stays as it was."""
    grants = quickbooks.app.grants
    grant = None
    for stored_grant in grants.by_refresh.values():
        if (stored_grant.client, stored_grant.realm) == (quickbooks.client_id, realm):
            grant = stored_grant
            break
    if grant is None or refresh not in (None, grant.refresh):
        refresh = refresh or f"AB11standin{realm}".ljust(50, "0")
        grant = grants.grant(quickbooks.client_id, realm, ACCOUNTING_SCOPE, refresh)
    life = ACCESS_LIFETIME if access is None else FIXED_TOKEN_LIFETIME
    quickbooks.refresh_tokens[realm] = grant.refresh
    quickbooks.access_tokens[realm] = grants.issue(grant, access, life=life)


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
    companies: Sequence[str] = ("us",),
    switches: Sequence[str] = (),
    hints: Callable[[QuickBooks, str], Iterable[str]] = lambda quickbooks, url: (),
) -> None:
    """Serve the stand-in until it is told to stop.

    port           where it listens; its address is the first line it prints
    folder         keeps its books, so that they outlive a kill; none: they go with the process
    realm          the id of the first company
    access_token   works from the start and does not expire; for clients that are given one by hand
    refresh_token  the first refresh token of the first company
    client         "ID:SECRET" of the application that may connect
    faults         rules such as "lose_answer@bill.create,nth=3,count=2" (kind@call,key=value…)
    webhook        the address that changes are sent to; "classic:" before it: the classic form
    companies      profiles such as "norway,custom_numbers=false"; the first is the default
    switches       answers to what Intuit leaves unsaid, such as "requestid=refuse"
    hints          returns more lines to print, for the stand-in and its address
    """
    clock = Clock()
    company_options = _read_options(companies, realm, clock.now())
    id, _, secret = (client or f"{CLIENT_ID}:{CLIENT_SECRET}").partition(":")
    tokens: JsonObject = {"refresh_token": refresh_token, "access_token": access_token}
    quickbooks = create(
        folder, companies=company_options, clock=clock, client=(id, secret), **tokens
    )
    for text in switches:
        quickbooks.switch(**read_switch(text))
    for text in faults:
        quickbooks.faults.add(Fault.parse(text))
    if webhook:
        quickbooks.webhooks.subscribe(webhook)

    def facts(url: str) -> list[str]:
        return [*quickbooks.facts(url), *hints(quickbooks, url)]

    serve(quickbooks.wsgi, port, host, facts)


def _read_options(texts: Iterable[str], realm: str | None, now: float) -> Iterable[Options]:
    """Return the companies of these profiles, the first with this id."""
    options_by_realm: dict[str, Options] = {}
    for text in texts:
        options = profiles.parse(text, options_by_realm, now)
        if realm and not options_by_realm:
            options = options.changed({"realm": realm})
        options_by_realm[options.realm] = options
    return options_by_realm.values()
