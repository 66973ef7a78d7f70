"""A source that repeats requests: no secret reaches a case, run, log, mail or command."""

import sqlite3
from contextlib import closing, contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import demo, sources
from hub.cli import main
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Installation, Secret
from hub.models.enums import RunKind
from hub.qbo import client, record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from hub.security import secrets as hub_secrets
from hub.security.secrets import SiteSecrets
from hub.sources.record_push import push_lists
from hub.telemetry import log_output
from hub.telemetry.log_output import LogOptions
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.runs.hub_environment import QUICKBOOKS
from tests.support.sources.repeating_source import INTUIT_SHAPES, SHAPES, RepeatingSource, leaks

HOME = "https://source.test"
SLUGS = ("costtracker", "ontraccr", "costcertified", "ion", "autotask-invoices")
# Such as sources issue them: no piece of them occurs by accident.
CANARIES = {
    "client_secret": "cS9xkQ27vB84hZpL3dW6/tR+1=",
    "secret": "aT5mW83jX61qYfN2rG7&uE'9",
    "integration_code": "IC4TZ7PQ9XKD2MV8WB6",
    "webhook_secret": "wH3nB62zK97sLcJ4vM5yD8",
    "refresh_token": "rF6gP91bT38wQxV5kN2hC7",
}
ACCESS, REFRESH = "eyJhbGciOiJSUzI1NiJ9.Zk83vQ2mX7Lp94TcR1", "9fQ27dKx51VmB83sHt64Wn"


@pytest.fixture
def enabled(quickbooks):
    """Return a function that enables an app.

    It then replaces the stand-in by a source that repeats its requests, and the secrets by others.
    """

    def enable_app(slug, source):
        stand_in = current_hub().plugins.open_stand_in(slug, folder=None, documents=3, seed=1)
        mounts = current_hub().mounts
        mounts[HOME] = WSGIAdapter(stand_in.wsgi, HOME)
        with read_only_session() as session:
            company = session.get_one(demo.ConnectedCompany, 1)
        demo.enable(company, slug, stand_in.settings(HOME))
        with read_only_session() as session:
            installation = session.scalars(select(Installation)).one()
        site_secrets = SiteSecrets(installation.id)
        for name in list(site_secrets):
            if name in CANARIES:
                site_secrets[name] = CANARIES[name]
            elif "token" in name:
                del site_secrets[name]
        mounts[HOME] = WSGIAdapter(source, HOME)
        return installation

    return enable_app


class Errors(list):
    @contextmanager
    def collected(self):
        try:
            yield
        except Exception as error:
            self.append(f"{error} {error!r} {vars(error)}")


def call_source(installation):
    """Call the source in every way; return the texts of the errors."""
    errors = Errors()
    app = current_hub().plugins.apps[installation.slug]
    with errors.collected():
        sources.check(installation)
    with errors.collected():
        enable.try_settings(installation, {}, who="kari")
    for field in current_hub().plugins.call(installation.slug, "hub_fields") or ():
        with errors.collected():
            sources.read_codes(installation, field.name)
    for on in (True, False):
        with errors.collected():
            sources.subscribe(installation, on=on)
    with errors.collected():
        sources.interpret_webhook(installation, {"X-Signature": CANARIES["webhook_secret"]}, b"{}")
    with errors.collected():
        push_lists(installation)
    runner.sync(installation.id, requested_by="kari")
    runner.sync(installation.id, requested_by="kari")
    assert app.name
    return errors


@contextmanager
def logs(folder):
    """Write the log as text and as JSON, with everything that it may contain."""
    mask = current_hub().mask.clean
    for name in ("text", "json"):
        (folder / name).mkdir()
    with (
        log_output.write_log(folder / "text", mask),
        log_output.write_log(folder / "json", mask, LogOptions("json", "info"), ["hub_ion"]),
    ):
        yield


def database():
    with closing(sqlite3.connect(current_hub().config.data / "hub.db")) as connection, connection:
        return "\n".join(connection.iterdump())


@pytest.mark.proof(small=2, full=6)
@pytest.mark.parametrize("signs_in", [True, False], ids=["signs in", "does not sign in"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("slug", SLUGS)
def test_no_output_has_a_credential_that_the_source_repeats(
    app, enabled, tmp_path, slug, shape, signs_in
):
    source = RepeatingSource(shape, ACCESS, REFRESH, signs_in=signs_in)
    installation = enabled(slug, source)
    with logs(tmp_path):
        errors = call_source(installation)
        result = CliRunner().invoke(main, ["sync", slug], obj=app)
    secrets = [*CANARIES.values(), ACCESS, REFRESH]
    sent = [text for text in secrets if any(text in value for value in source.request_values)]
    assert sent or shape == "host", "the source was sent nothing that it could repeat"
    outputs = {
        "errors": "\n".join(errors),
        "database": database(),
        "log": "\n".join(path.read_text() for path in tmp_path.glob("*/hub.log")),
        "command": result.output + result.stderr,
    }
    assert {name: hits for name, text in outputs.items() if (hits := leaks(secrets, text))} == {}
    basic = [
        value.removeprefix("Basic ")
        for value in source.request_values
        if value.startswith("Basic ")
    ]
    assert {name: hits for name, text in outputs.items() if (hits := leaks(basic, text))} == {}


def replace_tokens_of_quickbooks():
    """Replace the stand-in's tokens, which contain the company's id, by random ones.

    Return the new ones.
    """
    tokens = []
    with transaction() as session:
        for place in session.scalars(select(Secret.place)).all():
            token = f"qB{len(tokens)}hT62zK97sLcJ4vM5yD8wQ13nX"
            hub_secrets.put(session, place, token)
            tokens.append(token)
    assert tokens
    return tokens


def act_at_quickbooks(company_id, clock):
    """Call Intuit in every way; return the texts of the errors."""
    errors = Errors()
    for work in (
        lambda: oauth_connect.check(company_id),
        lambda: record_download.refresh(company_id),
        lambda: runner.run_company_job(RunKind.LISTS, company_id, requested_by="kari"),
        lambda: oauth_connect.connect_with_refresh_token("9130", "rF6gP91bT38wQxV5kN2hC7"),
        lambda: client.Client(company_id).read("bill", "1").check(),
        lambda: oauth_connect.disconnect(company_id),
    ):
        with errors.collected():
            work()
        clock.advance(3700)  # the access token has to be renewed
    return errors


@pytest.mark.proof(small=3, full=10)
@pytest.mark.parametrize("signs_in", [True, False], ids=["signs in", "does not sign in"])
@pytest.mark.parametrize("shape", INTUIT_SHAPES)
def test_no_output_has_a_token_that_intuit_repeats(
    app, quickbooks, clock, tmp_path, shape, signs_in
):
    secrets = [*replace_tokens_of_quickbooks(), ACCESS, REFRESH, CANARIES["refresh_token"]]
    source = RepeatingSource(shape, ACCESS, REFRESH, signs_in=signs_in)
    mounts = current_hub().mounts
    mounts[QUICKBOOKS] = WSGIAdapter(source, QUICKBOOKS)
    with logs(tmp_path):
        errors = act_at_quickbooks(1, clock)
        result = CliRunner().invoke(main, ["companies", "check"], obj=app)
    assert source.request_values, "Intuit was sent nothing that it could repeat"
    assert errors
    outputs = {
        "errors": "\n".join(errors),
        "database": database(),
        "log": "\n".join(path.read_text() for path in tmp_path.glob("*/hub.log")),
        "command": result.output + result.stderr,
    }
    assert {name: hits for name, text in outputs.items() if (hits := leaks(secrets, text))} == {}
