"""The hub on stand-ins only, at one local address: every app enabled, with a story in it."""

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import requests
from filelock import FileLock, Timeout
from sqlalchemy import select
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from hub import config, demo_companies
from hub.app import create_app
from hub.config import Config
from hub.context import current_hub, get_hub
from hub.contract import settings_schema
from hub.contract.checkout import require_stand_ins
from hub.contract.types import App, Sandbox
from hub.crypto.keys import write_private
from hub.db import engine
from hub.db.engine import read_only_session, transaction
from hub.errors import DemoRunning, HubError, Refused
from hub.installations import compare, installation_rows, matches, source_access
from hub.installations import enable as installations_enable
from hub.installations.cursors import forget_cursors
from hub.mapping import NEW
from hub.models import ConnectedCompany, Installation, User
from hub.models.enums import ConnectionState, InstallationMode, RunKind
from hub.qbo import company as qbo_company
from hub.qbo import record_download, records
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log
from hub.security import audit, data_origin
from hub.web import demo_reset
from hub.web.serving import body_limits
from hub.web.serving.server import Web
from hub.web.serving.wsgi_switch import WSGISwitch

if TYPE_CHECKING:
    from qbo_sandbox import QuickBooks

FOLDER = "hub-demo"
LOCK = "demo.lock"
LOGIN = "login.txt"
DEMO_PERSON = data_origin.DEMO_PERSON
ADDRESS = "demo@example.com"
DEFAULT_COUNTRY = "GB"  # in place of one without a company; its lines have tax codes, too
HOST = "127.0.0.1"
STAND_IN_PATH = "/stand-ins"
REQUEST_PATIENCE = 30  # seconds that a reset waits for the requests under way
# Shortened, so that a lost answer is looked for while a newcomer still watches; the stand-in
# answers in milliseconds.
TIME_LIMITS = {"HUB_DEADLINE_SECONDS": "4", "HUB_LEASE_SECONDS": "4.5", "HUB_QUIET_SECONDS": "5"}
STAND_IN_RATES = {
    "HUB_QBO_PER_SECOND": "50",
    "HUB_QBO_PER_MINUTE": "3000",
}  # the stand-in is its own: no need to spare it
# The app whose documents wait on Review, as those of a new app do, for a person to approve them.
IN_REVIEW = ("harvest",)
# The response to this bill is lost: its number is in the story of CostTracker's stand-in.
LOST_NUMBER = "LOST-RESPONSE"
LOST_RESPONSE: dict[str, Any] = {
    "call": "bill.create",
    "contains": LOST_NUMBER,
    "status": 504,
    "commit": True,
}


class Demo:
    """A data folder, the stand-ins on it, the hub, and the one address that serves them all."""

    def __init__(
        self,
        folder: Path,
        port: int,
        slugs: Collection[str] | None = None,
        in_review: Collection[str] = (),
        country: str | None = None,
    ) -> None:
        """Lock the folder, open the stand-ins and the hub; requests get 503 until this is done.

        With `slugs` only these apps are enabled, else all; for a company in `country`, or in the
        one that their stand-in names. New apps post automatically, except those `in_review`. Refuse
        a folder that belongs to a real hub.
        """
        require_stand_ins("The demo")
        self.folder = folder
        self._slugs = slugs
        self._in_review = in_review
        self._country = country
        data_origin.require_demo_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_folder(folder)
        self._switch = WSGISwitch(_answer_not_ready)
        self.web = Web(self._switch, HOST, port, body_limit=self._get_body_limit)
        self.password = ""
        self._awake = threading.Event()
        self._is_reset = False
        self._open_hub()

    def _open_hub(self) -> None:
        """Open the stand-ins and the hub on the folder, and pass requests to them."""
        from qbo_sandbox.kit.gateway import answer_as_gateway

        data_origin.mark_folder(self.folder, data_origin.DEMO)
        self.is_new = not (self.folder / "hub.db").exists()
        self.quickbooks = demo_companies.create_quickbooks(self.folder)
        self.app = create_app(
            _build_demo_config(self.folder, self.web.url, self.quickbooks), is_demo=True
        )
        self.app.register_blueprint(demo_reset.create_pages(self.request_reset))
        self.stand_ins = self._open_stand_ins()
        self.quickbooks.open_countries(map(self._country_of, self.stand_ins.values()))
        applications = {f"{STAND_IN_PATH}/quickbooks": answer_as_gateway(self.quickbooks.wsgi)}
        for slug, stand_in in self.stand_ins.items():
            applications[f"{STAND_IN_PATH}/{slug}"] = answer_as_gateway(stand_in.wsgi)
        self._switch.replace(DispatcherMiddleware(self.app, applications))

    def _get_body_limit(self, method: str, path: str, cookies: str) -> int:
        """Return how large the body of a request may be: for a stand-in, as large as a form."""
        if path.startswith(STAND_IN_PATH):
            return body_limits.FORM_LIMIT
        return body_limits.get_limit(self.app, method, path, cookies)

    def address(self, name: str) -> str:
        """Return the address of a stand-in: of "quickbooks", or of an app by its slug."""
        return f"{self.web.url}{STAND_IN_PATH}/{name}"

    def name(self, slug: str) -> str:
        """Return the name of an app."""
        return str(get_hub(self.app).plugins.apps[slug].name)

    def set_up(self, tell: Callable[[str], None] = lambda text: None) -> None:
        """Create missing tables, person, connection and apps.

        The address must answer already.
        """
        engine.upgrade(self.app)
        with self.app.app_context():
            data_origin.mark_database(data_origin.DEMO)
            self.password = _create_person(self.folder)
            companies = [connect(realm) for realm in self.quickbooks.companies]
            if self.is_new:
                tell("QuickBooks consented; its lists are read.")
                self.quickbooks.add_fault("status", **LOST_RESPONSE)
            for slug, stand_in in self.stand_ins.items():
                country = self._country_of(stand_in)
                company = _find_company(stand_in, country, companies)
                is_reviewed = slug in self._in_review
                mode = InstallationMode.REVIEW if is_reviewed else InstallationMode.AUTO
                enable(company, slug, stand_in.settings(self.address(slug)), mode)
                tell(f"{self.name(slug)} is enabled.")
                if country not in (self._country, stand_in.country):
                    tell(f"No company is in {stand_in.country}; this one is in {country}.")

    def read_again(self) -> None:
        """Let a run read every document again, because a plugin may read it in another way now."""
        with self.app.app_context():
            rows = list_installations()
            with transaction() as session:
                for row in rows:
                    forget_cursors(session, row.id)
            for row in rows:
                run_log.request(RunKind.SYNC, row.id, DEMO_PERSON)

    def request_reset(self) -> None:
        """Ask for a new beginning, which `wait` reports."""
        self._is_reset = True
        self._awake.set()

    def wait(self) -> bool:
        """Wait for SIGTERM, Ctrl-C or a request to start over; return whether it was the latter."""
        self.web.wait(self._awake)
        return self._is_reset

    def start_over(self) -> None:
        """Remove what the folder holds but the password, and open the hub on it; `set_up` follows.

        No scheduler may be at work. Requests get 503 until the hub is open.
        """
        self._switch.replace(_answer_not_ready, REQUEST_PATIENCE)
        with self.app.app_context():
            engine.db.engine.dispose()
        for path in self.folder.iterdir():
            if path.name in (LOCK, LOGIN):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        self._is_reset = False
        self._awake.clear()
        self._open_hub()

    def close(self) -> None:
        """Stop serving and let another demo use the folder."""
        self.web.stop()
        self._lock.release()

    def _open_stand_ins(self) -> dict[str, Sandbox]:
        """Open the stand-in of every app that has one."""
        plugins = get_hub(self.app).plugins
        stand_ins = {}
        for slug in plugins.apps if self._slugs is None else self._slugs:
            if plugins.has(slug, "hub_sandbox"):
                stand_ins[slug] = self._open(slug)
        return stand_ins

    def _country_of(self, stand_in: Sandbox) -> str:
        """Return the country of the company for an app, or the default country."""
        from qbo_sandbox.seeding.profiles import find_profile_of_country

        country = self._country or stand_in.country
        return country if not country or find_profile_of_country(country) else DEFAULT_COUNTRY

    def _open(self, slug: str) -> Sandbox:
        """Open the stand-in of an app on a folder of its own."""
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = get_hub(self.app).plugins
        stand_in: Sandbox = plugins.open_stand_in(
            slug, folder=folder, documents=None, seed=0, demo=True
        )
        return stand_in


def find_folder() -> Path:
    """Return the demo's own data folder; nothing else is taken from the configuration."""
    folder = Path(os.environ.get("HUB_DATA") or FOLDER)
    return folder.expanduser().absolute()


def list_installations() -> list[Installation]:
    """Return the enabled apps of the demo."""
    with read_only_session() as session:
        return list(
            session.scalars(
                select(Installation).where(Installation.enabled).order_by(Installation.id)
            )
        )


# -- the stand-ins --


def _answer_not_ready(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer 503 until the demo is set up; a browser asks again by itself."""
    from qbo_sandbox.kit.messages import text_answer

    headers = [("Retry-After", "1"), ("Refresh", "2")]
    return text_answer(start, 503, "The demo is being set up.", headers=headers)


# -- the hub --


def _lock_folder(folder: Path) -> FileLock:
    """Lock the folder against a second demo."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DemoRunning(folder) from None
    return lock


def _build_demo_config(folder: Path, url: str, quickbooks: "QuickBooks") -> Config:
    """Return the configuration of a hub that only calls the stand-ins."""
    config.initialise(folder, {})
    address = f"{url}{STAND_IN_PATH}/quickbooks"
    demo_config = config.load(
        {
            "HUB_DATA": str(folder),
            "HUB_PUBLIC_URL": url,
            "HUB_QBO_CLIENT_ID": quickbooks.client_id,
            "HUB_QBO_CLIENT_SECRET": quickbooks.client_secret,
            "HUB_QBO_API_URL": address,
            "HUB_QBO_AUTHORIZE_URL": f"{address}/connect/oauth2",
            "HUB_QBO_TOKEN_URL": f"{address}/oauth2/v1/tokens/bearer",
            "HUB_QBO_REVOKE_URL": f"{address}/v2/oauth2/tokens/revoke",
            "HUB_QBO_WEBHOOK_TOKEN": quickbooks.webhook_verifier,
            "HUB_SECOND_FACTOR": "off",
            **TIME_LIMITS,
            **STAND_IN_RATES,
        }
    )
    return replace(demo_config, allow_hosts=frozenset({urlsplit(url).netloc}))


def _create_person(folder: Path) -> str:
    """Return the password of the person who may log in; it is created once and stored."""
    from hub.security import people
    from hub.security.rights import Right

    file = folder / LOGIN
    if not file.exists():
        write_private(file, secrets.token_urlsafe(16))
    password = file.read_text(encoding="utf-8").strip()
    with read_only_session() as session:
        user_id = session.scalar(select(User.id).where(User.username == DEMO_PERSON))
    if user_id is None:
        password_hash = people.hash_new(password)
        with transaction() as session:
            person = people.insert(session, DEMO_PERSON, password_hash, [Right("owner")])
            person.email = ADDRESS  # the mail of a demo is written into a folder
            audit.record(session, DEMO_PERSON, "person added", DEMO_PERSON, role="owner")
    return password


def connect(realm: str) -> ConnectedCompany:
    """Connect a company of a stand-in with the consent that a person would give."""
    query = select(ConnectedCompany).where(ConnectedCompany.realm == realm)
    with read_only_session() as session:
        company = session.scalars(query).one_or_none()
    if company is None or company.state != ConnectionState.CONNECTED:
        url, _ = oauth_connect.start(DEMO_PERSON, realm if company else None)
        answers = {"user": "admin", "realm": realm, "decision": "connect"}
        answer = requests.post(url, data=answers, allow_redirects=False, timeout=30)
        if answer.status_code != 302:
            raise Refused(
                f"The consent page answered {answer.status_code}; remove the folder of the demo."
            )
        redirect = urlsplit(answer.headers["Location"])
        company = oauth_connect.finish(dict(parse_qsl(redirect.query)), DEMO_PERSON)
        record_download.refresh_outdated(company.id)
    return company


def _find_company(
    stand_in: Sandbox, country: str, companies: Sequence[ConnectedCompany]
) -> ConnectedCompany:
    """Return the company in a country that numbers documents as the source expects."""
    with read_only_session() as session:
        has_custom_numbers = {
            company.id: qbo_company.load_facts(session, company.id).custom_numbers
            for company in companies
        }
    return max(
        companies,
        key=lambda company: (
            company.country == country,
            has_custom_numbers[company.id] == stand_in.custom_numbers,
        ),
    )


def enable(
    company: ConnectedCompany,
    slug: str,
    settings: Mapping[str, object],
    mode: InstallationMode = InstallationMode.AUTO,
) -> None:
    """Enable an app with settings and first choices; one that is enabled already keeps its mode."""
    app = current_hub().plugins.apps[slug]
    try:
        installation_rows.require_installation(company.id, slug)
        installations_enable.change(company.id, slug, settings, who=DEMO_PERSON)
    except HubError:
        settings_of_app = {**_choose_settings(company, app), **settings, "zone": "Europe/Oslo"}
        if app.access and app.access_gate:
            source_access.grant(company.id, slug, who=DEMO_PERSON)
        row = installations_enable.enable(
            company.id, slug, settings_of_app, who=DEMO_PERSON, mode=mode
        )
        installations_enable.push_first_lists(row)
        if app.match_first:
            _confirm(row)


def _confirm(row: Installation) -> None:
    """Confirm, as a person would, that codes missing in QuickBooks are new."""
    missing = [pair for pair in compare.compare(row) if pair.state == compare.PairState.MISSING]
    with transaction() as session:
        for item in missing:
            matches.store_decision(
                session, row, item.field, item.code, NEW, who=DEMO_PERSON, name=item.name
            )


def _choose_settings(company: ConnectedCompany, app: App) -> dict[str, str]:
    """Choose the first suitable record for each required setting."""
    settings = {}
    currencies = ("", company.currency)
    with read_only_session() as session:
        for name, field in settings_schema.get_schema(app).fields.items():
            role = str(field.metadata.get("choices_from") or "")
            if not field.required or not role or ":" in role:
                continue
            choices = records.list_choices(session, company.id, role)  # type: ignore[arg-type]
            suitable = [record for record in choices if record.currency in currencies]
            settings[name] = suitable[0].quickbooks_id
    return settings
