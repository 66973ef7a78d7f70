"""The `hub` command: help, errors as sentences, and exit codes."""

import datetime as dt
import json
import logging
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import config
from hub.app import create_app
from hub.cli import COMMAND_MODULES, apps, companies, main, outbox, served_address
from hub.contract.registry import Plugins
from hub.crypto.keys import KEY_FILES, create_key
from hub.db import engine
from hub.migrations import schema
from hub.models import ConnectedCompany
from hub.models.enums import BatchMode, DocumentState, InstallationMode, PostingState
from hub.security import secrets
from hub.telemetry import log_output
from hub.web.serving.server import Web

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
RARELY_NEEDED = (
    *(
        "alembic",
        "fido2",
        "gunicorn",
        "lxml",
        "markdown_it",
        "openpyxl",
        "procrastinate",
        "psycopg",
    ),
    *("pytest", "qbo_sandbox", "qrcode", "rapidfuzz", "reportlab", "zxcvbn"),
)


NO_SECRET_OPENS = "opens none of the 1 secret of the database, so no run could do its work"
SOME_SECRETS_OPEN = "does not open 1 of the 2 secrets of the database: runs that need them fail"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that calls the command with a data folder of its own.

    It returns the exit code, the output and the errors.
    """
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "data"))

    def call(*args, **options):
        result = CliRunner().invoke(main, [str(arg) for arg in args], **options)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture(scope="module")
def initialised_folder(tmp_path_factory):
    """Provide a data folder as `hub init` creates it, to copy; creating it takes long."""
    folder = tmp_path_factory.mktemp("initialised") / "data"
    result = CliRunner().invoke(main, ["init"], env={"HUB_DATA": str(folder)})
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def hub(run, tmp_path, initialised_folder):
    """Provide the same after `hub init`."""
    shutil.copytree(initialised_folder, tmp_path / "data")
    return run


def commands():
    for name in COMMAND_MODULES:
        command = main.get_command(None, name)
        yield (name,)
        yield from ((name, inner) for inner in getattr(command, "commands", {}))


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_explains_itself(run, path):
    code, out, _ = run(*path, "--help")
    assert code == 0
    assert re.search(r"\n  [A-Z][^.]{10,}\.", out)


def test_a_word_in_place_of_a_number_is_answered_in_plain_words(run):
    code, _, errors = run("runs", "abc")
    assert (code, "'abc' is not a valid number." in errors) == (2, True)


def test_the_port_of_a_server_is_explained(run):
    assert "The port there; 0 for a free one." in " ".join(run("serve", "--help")[1].split())


def test_the_list_of_commands_shows_whole_sentences(run):
    assert "..." not in run("--help")[1].split("Commands:")[1]


def test_the_choices_of_commands_are_the_members_of_their_enums():
    assert list(apps.MODE_CHOICE.choices) == list(InstallationMode)
    assert list(companies.BATCH_MODES.choices) == list(BatchMode)
    unlisted = {DocumentState.PENDING, DocumentState.UNREADABLE}  # they have no posting
    assert set(outbox.STATES) == set(DocumentState) - unlisted
    assert set(outbox.DOCUMENT_STATES) == set(outbox.STATES) - set(PostingState)


def test_help_imports_neither_flask_nor_sqlalchemy():
    code = "import sys, hub.cli; hub.cli.main(['--help'], standalone_mode=False)"
    libraries = {"flask", "sqlalchemy", "marshmallow", "requests", "babel"}
    check = f"{code}; assert not {libraries} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0


def test_a_hub_at_rest_loads_no_library_that_few_pages_need(hub):
    """Each of them takes memory in every process from its start to its end."""
    code = """
import os, sys
from hub import config
from hub.app import create_app
from hub.scheduling import scheduler
from hub.web.serving import server
app = create_app(config.load(os.environ), pages=True)
assert app.test_client().get("/", follow_redirects=True).status_code == 200
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    environ = {**os.environ, "HUB_SECOND_FACTOR": "off"}
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    names = set(loaded.stdout.split())
    assert {"hub", "hub_files", "sqlalchemy"} <= names
    assert names & set(RARELY_NEEDED) == set()


def test_a_start_seldom_looks_for_garbage_among_the_modules_that_it_loads():
    loads = "import gc, hub.cli, hub.web.pages"
    count = "print(sum(generation['collections'] for generation in gc.get_stats()))"
    counted = subprocess.run([sys.executable, "-c", f"{loads}; {count}"], capture_output=True)
    assert int(counted.stdout) < 100


def test_a_mistyped_command_is_answered_with_the_near_one(run):
    code, _, err = run("snyc")
    assert (code, "Did you mean 'sync'?" in err) == (2, True)
    code, _, err = run("users", "disabel")
    assert (code, "Did you mean 'disable'?" in err) == (2, True)
    code, _, err = run("users", "qqq")
    assert (code, "There is no command 'qqq'." in err) == (2, True)
    assert "users --help` lists them." in err


def test_unseal_asks_nothing_if_there_is_nothing_to_unseal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "nowhere"))
    code, out, err = run("unseal")
    assert (code, "stopped for good" in out, "there is no folder" in err) == (1, False, True)


def test_init_makes_what_is_missing_and_may_run_again(run):
    code, out, _ = run("init")
    assert (code, "Nobody can log in yet" in out) == (0, True)
    assert run("init")[0] == 0


def test_before_init_the_sentence_says_init(run):
    code, _, err = run("sync")
    assert (code, "Traceback" in err) == (1, False)
    assert "HUB_DATA names no hub: there is no folder " in err
    assert "make a new hub there with `hub init`" in err


def store_secret(folder, place):
    app = create_app(config.load({"HUB_DATA": str(folder)}), pages=False)
    with app.app_context():
        with engine.transaction() as session:
            secrets.put(session, place, "Kari")
        engine.db.engine.dispose()


@pytest.fixture
def serve(hub, monkeypatch):
    """Return a function that serves the pages for a moment, with other settings if it is told."""
    monkeypatch.setattr(Web, "run", lambda self: None)
    return lambda **env: hub("serve", "--port", "0", "--no-engine", env=env)


def test_a_hub_whose_keys_open_no_secret_does_not_start(serve, tmp_path):
    folder = tmp_path / "data"
    assert serve()[0] == 0
    store_secret(folder, "hub:contact")
    assert serve()[0] == 0
    (folder / "vault.keys").write_text(create_key())
    code, out, errors = serve()
    assert (code, "The hub serves" in out) == (1, False)
    assert f"vault.keys {NO_SECRET_OPENS}" in errors
    assert "`hub check` names" in errors
    assert NO_SECRET_OPENS in (folder / "hub.log").read_text()
    assert f"HUB_VAULT_KEYS {NO_SECRET_OPENS}" in serve(HUB_VAULT_KEYS=create_key())[2]
    file = tmp_path / "keys"
    file.write_text(create_key())
    file.chmod(0o600)
    assert f"HUB_VAULT_KEYS_FILE {NO_SECRET_OPENS}" in serve(HUB_VAULT_KEYS_FILE=str(file))[2]


def test_a_hub_whose_keys_open_only_some_secrets_starts_with_a_warning(serve, tmp_path):
    folder = tmp_path / "data"
    store_secret(folder, "hub:contact")
    (folder / "vault.keys").write_text(create_key())
    store_secret(folder, "hub:mail_url")
    code, out, _ = serve()
    assert (code, f"vault.keys {SOME_SECRETS_OPEN}" in out, "The hub serves" in out) == (
        0,
        True,
        True,
    )
    assert SOME_SECRETS_OPEN in (folder / "hub.log").read_text()


@pytest.mark.parametrize("file", ["secret.key", "vault.keys"])
def test_a_lost_key_is_not_replaced_without_the_option(hub, tmp_path, file):
    key = tmp_path / "data" / file
    content = key.read_text()
    key.unlink()

    code, _, err = hub("sync")
    assert (code, "is gone. Put the file back from your copy of the keys" in err) == (1, True)
    code, _, err = hub("init")
    assert (code, f"{key} is gone" in err, key.exists()) == (1, True, False)

    code, out, _ = hub("init", "--new-keys")
    assert (code, f"Created key file {key}." in out) == (0, True)
    assert key.read_text() != content


def test_what_a_lost_key_protected_is_asked_for_again(hub, tmp_path):
    folder = tmp_path / "data"

    def open_hub():
        app = create_app(config.load({"HUB_DATA": str(folder)}), pages=False)
        return app.app_context()

    with open_hub():
        with engine.transaction() as session:
            company = ConnectedCompany(realm="9130", name="Nordvik", connected_at=NOON)
            session.add(company)
            session.flush()
            secrets.put(session, f"company:{company.id}:refresh", "a refresh token")
            secrets.put(session, "hub:contact", "Kari")
        engine.db.engine.dispose()
    (folder / "vault.keys").unlink()

    code, out, _ = hub("init", "--new-keys")
    assert (code, "No key opens 2 secrets any more: connect the companies again" in out) == (
        0,
        True,
    )
    with open_hub():
        with engine.read_only_session() as session:
            company = session.scalars(select(ConnectedCompany)).one()
            assert (company.state, company.state_reason) == (
                "reconnect",
                "The key of its tokens was lost",
            )
            assert secrets.get(session, "hub:contact") is None
        engine.db.engine.dispose()
    assert "No key opens" not in hub("init")[1]
    assert "lost secrets given up" in hub("audit", "list")[1]
    assert "Encrypted 1 secret with it" in hub("vault", "rotate")[1]


def test_check_tries_the_keys_of_the_vault(hub, tmp_path):
    folder = tmp_path / "data"
    app = create_app(config.load({"HUB_DATA": str(folder)}), pages=False)
    with app.app_context():
        with engine.transaction() as session:
            secrets.put(session, "hub:contact", "Kari")
        engine.db.engine.dispose()
    path = folder / "vault.keys"
    right = path.read_text()
    key_id, _, _ = right.partition(":")
    assert "ok       keys of the vault: 1 secret can be opened" in hub("check")[1]

    path.write_text(create_key())
    code, out, _ = hub("check")
    assert (code, f"missing  the key of 1 secret ({key_id}): put it back" in out) == (1, True)
    before = path.read_text()
    code, _, err = hub("vault", "rotate")
    assert (code, "No key was rotated, because this is missing: the key of 1 secret" in err) == (
        1,
        True,
    )
    assert path.read_text() == before
    path.write_text(f"{key_id}:{create_key().partition(':')[2]}")
    code, out, _ = hub("check")
    assert (code, "missing  The secret at hub:contact cannot be opened" in out) == (1, True)

    path.write_text(create_key())
    hub("init", "--new-keys")
    assert "ok       1 secret of a lost key: to be entered again" in hub("check")[1]
    path.write_text(right)
    assert "ok       keys of the vault: 1 secret can be opened" in hub("check")[1]


def test_keys_may_move_into_the_file_that_hub_config_names(hub, tmp_path, monkeypatch):
    settings = {}
    for name, file in KEY_FILES.items():
        path = tmp_path / "data" / file
        settings[name] = path.read_text().strip()
        path.unlink()
    toml = tmp_path / "hub.toml"
    toml.write_text("\n".join(f'{name} = "{value}"' for name, value in settings.items()))
    monkeypatch.setenv("HUB_CONFIG", str(toml))

    code, out, err = hub("init")
    assert (code, err) == (0, "")
    assert "Created key file" not in out
    assert "No app is enabled yet" in hub("sync")[2]


def test_check_says_that_the_data_folder_cannot_be_written(hub):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # as on a full disk
    try:
        code, out, _ = hub("check")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, "cannot be written (File too large): check its owner" in out) == (1, True)


def test_a_database_without_tables_says_init(hub, tmp_path):
    (tmp_path / "data" / "hub.db").unlink()
    code, _, err = hub("runs")
    assert (code, "run `hub init`" in err) == (1, True)


def test_an_unknown_setting_is_answered_with_the_near_one(hub, monkeypatch):
    monkeypatch.setenv("HUB_QBO_CLIENT_IT", "x")
    assert hub("check")[0] == 1
    assert "Did you mean HUB_QBO_CLIENT_ID?" in hub("check")[1]


def test_check_names_what_is_missing(hub):
    code, out, _ = hub("check")
    assert code == 1
    assert "missing  HUB_QBO_CLIENT_ID: copy it from" in out
    assert "ok       database" in out


def test_check_asks_the_identity_provider(hub, provider, monkeypatch):
    for name, value in provider.settings(HUB_PUBLIC_URL="https://hub.example.com").items():
        monkeypatch.setenv(name, value)
    expected = "single sign-on, which sends people back to https://hub.example.com/login/provider"
    assert f"ok       {expected}/return" in hub("check")[1]
    provider.metadata = {"issuer": "https://other.example"}
    assert "missing  single sign-on: The provider at HUB_OIDC_ISSUER calls" in hub("check")[1]


def test_the_first_person_is_the_owner_and_the_next_a_viewer(hub):
    for name in ("Kari@Example.com", "ola@example.com"):
        assert (
            hub("users", "add", name, "--password-file", "-", input="a good long password")[0] == 0
        )
    people = json.loads(hub("users", "list", "--json")[1])
    assert [(person["name"], person["role"]) for person in people] == [
        ("Kari@example.com", "owner"),
        ("ola@example.com", "viewer"),
    ]
    assert [person["must_change_password"] for person in people] == [False, True]
    assert [person["last_login_at"] for person in people] == [None, None]


def add_person(hub, name, *options):
    return hub("users", "add", name, *options, "--password-file", "-", input="a good long password")


def test_a_person_who_chose_the_password_keeps_it(hub):
    add_person(hub, "kari@example.com")
    add_person(hub, "ola@example.com", "--keep-password")
    people = json.loads(hub("users", "list", "--json")[1])
    assert [person["must_change_password"] for person in people] == [False, False]


@pytest.fixture
def logged_in_kari(hub, tmp_path):
    """Kari with an authenticator app, a recovery code and a session; return the database."""
    add_person(hub, "kari@example.com")
    database = sqlite3.connect(tmp_path / "data" / "hub.db", isolation_level=None)
    at = "2026-03-01 10:00:00"
    database.execute("INSERT INTO authenticator VALUES (1, ?, 5)", [at])
    database.execute("INSERT INTO recovery_code (user_id, code) VALUES (1, 'hash')")
    database.execute(
        "INSERT INTO login_session (key, user_id, began_at, seen_at, confirmed_at, address,"
        " browser, factors, needs_factor, failures)"
        " VALUES ('key', 1, ?, ?, ?, '', '', 'password', 0, 0)",
        [at, at, at],
    )
    yield database
    database.close()


def test_a_lost_second_factor_is_reset(hub, logged_in_kari):
    code, out, _ = hub("users", "reset-factor", "KARI@example.com")
    assert (code, "second factors of kari@example.com are removed" in out) == (0, True)
    for table in ("authenticator", "recovery_code"):
        assert logged_in_kari.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert logged_in_kari.execute("SELECT end_reason FROM login_session").fetchone() == (
        "second-factor-changed",
    )
    entries = logged_in_kari.execute("SELECT what, subject FROM audit_entry").fetchall()
    assert ("second factor reset", "kari@example.com") in entries
    assert hub("users", "reset-factor", "nobody@example.com")[0] == 1


def test_a_restored_database_ends_sessions_tokens_and_codes_of_its_backup(hub, logged_in_kari):
    assert hub("tokens", "create", "kari@example.com", "--name", "report")[0] == 0
    assert hub("users", "reset", "kari@example.com")[0] == 0
    logged_in_kari.execute(
        "INSERT INTO invitation (address, normalized_name, role, code_hash, guesses, invited_by,"
        " invited_at, expires_at) VALUES ('eva@example.com', 'eva@example.com', 'owner', 'hash', 0,"
        " 'kari@example.com', '2026-03-01 10:00:00', '2999-01-01 00:00:00')"
    )
    assert hub("restored")[0] == 0
    assert logged_in_kari.execute("SELECT count(*) FROM password_reset").fetchone() == (0,)
    (expires_at,) = logged_in_kari.execute("SELECT expires_at FROM invitation").fetchone()
    assert expires_at < "2999"
    assert hub("tokens", "list")[1].startswith("None;")
    assert logged_in_kari.execute("SELECT end_reason FROM login_session").fetchone() == (
        "database-restored",
    )


@pytest.mark.parametrize("name", ["Kari", "hub", "root", "costtracker"])
def test_a_new_name_is_an_address(hub, name):
    code, _, err = add_person(hub, name)
    assert (code, "e-mail address" in err) == (1, True)
    assert json.loads(hub("users", "list", "--json")[1]) == []


def test_people_are_disabled_enabled_and_get_another_role(hub):
    add_person(hub, "kari@example.com")
    add_person(hub, "ola@example.com")
    person = json.loads(hub("users", "disable", "OLA@example.com", "--json")[1])
    assert (person["name"], person["active"]) == ("ola@example.com", False)
    assert "may log in again" in hub("users", "enable", "ola@example.com")[1]
    assert "is now owner" in hub("users", "role", "ola@example.com", "owner")[1]
    assert "viewer" in hub("users", "role", "kari@example.com", "viewer", "--json")[1]
    for command in (("disable", "ola@example.com"), ("role", "ola@example.com", "viewer")):
        code, _, err = hub("users", *command)
        assert (code, "only owner" in err) == (1, True)
    assert "Did you mean kari@example.com?" in hub("users", "disable", "kary@example.com")[2]
    assert "intact: 7 entries" in hub("audit", "verify")[1]  # one is about the first password


def test_a_first_password_from_the_command_line_is_void_once_an_owner_is_disabled(hub, tmp_path):
    """Nobody knows which of the owners was at the terminal; a viewer was not."""

    def stored_passwords():
        with closing(sqlite3.connect(tmp_path / "data" / "hub.db")) as database, database:
            return dict(database.execute("SELECT username, password FROM user"))

    add_person(hub, "kari@example.com")
    add_person(hub, "ola@example.com", "--role", "owner", "--keep-password")
    add_person(hub, "vera@example.com", "--keep-password")
    add_person(hub, "eva@example.com")
    before = stored_passwords()
    assert hub("users", "disable", "vera@example.com")[0] == 0
    assert stored_passwords() == before
    code, _, err = hub("users", "disable", "ola@example.com")
    assert (code, err) == (0, "")
    after = stored_passwords()
    assert [name for name in after if after[name] != before[name]] == ["eva@example.com"]


def test_without_a_terminal_a_password_is_a_line_of_standard_input(run, hub, tmp_path):
    """Python would warn that it cannot hide the input, which nobody types."""
    command = (
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        "users",
        "add",
        "kari@example.com",
    )
    result = subprocess.run(
        command,
        input="a good long password\n",
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "kari@example.com can log in as owner." in result.stdout


def test_a_role_can_be_for_an_app_only_and_the_last_owner_keeps_theirs(hub):
    ola, kari = "ola@example.com", "kari@example.com"
    for name, options in ((kari, ()), (ola, ("--role", "operator", "--app", "costtracker"))):
        password = {"input": "a good long password"}
        assert hub("users", "add", name, *options, "--password-file", "-", **password)[0] == 0
    assert hub("users", "role", ola, "viewer", "--app", "ion")[0] == 0
    added = ["operator of CostTracker in every company", "viewer of ION in every company"]
    result = json.loads(hub("users", "list", "--json")[1])[1]
    assert (result["role"], result["rights"]) == ("", added)
    assert hub("users", "role", ola, "none", "--app", "costtracker")[0] == 0
    assert json.loads(hub("users", "list", "--json")[1])[1]["rights"] == added[1:]
    code, _, err = hub("users", "role", kari, "none")
    assert (code, "only owner" in err) == (1, True)
    code, _, err = hub("users", "role", ola, "viewer", "--app", "iom")
    assert (code, "Did you mean ion?" in err) == (1, True)


def test_an_empty_company_is_not_every_company(hub):
    password = {"input": "a good long password"}
    for name in ("olga@example.com", "vera@example.com"):
        assert hub("users", "add", name, "--password-file", "-", **password)[0] == 0
    before = hub("users", "list", "--json")[1]
    as_owner = ("ida@example.com", "--role", "owner", "--company", "", "--password-file", "-")
    assert hub("users", "add", *as_owner, **password)[0] == 1
    assert hub("users", "role", "vera@example.com", "owner", "--company", "")[0] == 1
    assert hub("users", "role", "vera@example.com", "none", "--company", "")[0] == 1
    assert hub("users", "list", "--json")[1] == before


def test_an_empty_app_is_not_every_app(hub):
    code, out, error = hub("outbox", "--app", "")
    assert (code, out) == (1, "")
    assert "There is no app “”." in error


def test_a_short_password_is_refused_with_a_sentence(hub):
    code, _, err = hub("users", "add", "kari@example.com", "--password-file", "-", input="short")
    assert (code, "at least 12 characters" in err) == (1, True)


@pytest.mark.parametrize(
    ("command", "first", "second"),
    [(("audit", "list"), "--csv", "--json"), (("plugins",), "--hashes", "--json")],
)
def test_two_formats_at_once_are_refused(hub, command, first, second):
    code, out, error = hub(*command, first, second)
    assert (code, out) == (2, "")
    assert f"Error: Say either {first} or {second}." in error


def test_plugins_lists_apps(hub):
    results = {item["plugin"]: item for item in json.loads(hub("plugins", "--json")[1])}
    assert results["costtracker"]["broken"] is None
    listed = hub("plugins")[1]
    assert [slug for slug in Plugins.load().apps if slug not in listed] == []


def test_apps_list_shows_every_tile(hub):
    rows = json.loads(hub("apps", "list", "--json")[1])
    assert {row["app"]: row["state"] for row in rows}["costtracker"] == "available"
    assert len(rows) == 9


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("sync",), "No app is enabled yet"),
        (
            ("sync", "costtracker"),
            "CostTracker is not enabled for any company; `hub apps enable costtracker` enables it.",
        ),
        (("sync", "costtraker"), "There is no app “costtraker”. Did you mean costtracker?"),
        (("apps", "enable", "costtracker"), "No QuickBooks company is connected yet"),
        (("sandbox", "quickboks"), "Did you mean quickbooks"),
        (("retry", "7"), "7"),
        (("runs", "999"), "There is no run “999”"),
        (("runs", "999", "--json"), "There is no run “999”"),
    ],
)
def test_a_command_that_cannot_be_done_reports_a_sentence(hub, args, says):
    code, _, err = hub(*args)
    assert (code, says in err, "Traceback" in err) == (1, True, False)


def test_empty_lists_say_so(hub):
    assert hub("outbox")[1] == "Nothing is there.\n"
    assert hub("cases")[1] == "No case is open.\n"
    assert hub("runs")[1] == "Nothing ran yet.\n"
    assert json.loads(hub("outbox", "--json")[1]) == []


def test_the_audit_log_is_proved(hub):
    hub("users", "add", "kari@example.com", "--password-file", "-", input="a good long password")
    assert "The audit log is intact: " in hub("audit", "verify")[1]


def test_rotating_the_vault_seals_with_a_new_key(hub, tmp_path):
    before = (tmp_path / "data" / "vault.keys").read_text()
    code, out, _ = hub("vault", "rotate")
    assert (code, "Created key" in out) == (0, True)
    assert (tmp_path / "data" / "vault.keys").read_text().endswith(before)


def test_rotating_the_vault_names_the_setting_that_its_keys_come_from(hub, tmp_path):
    own_keys = tmp_path / "data" / "vault.keys"
    keys = own_keys.with_name("own.keys")
    own_keys.rename(keys)
    out = hub("vault", "rotate", env={"HUB_VAULT_KEYS_FILE": str(keys)})[1]
    assert "The keys come from HUB_VAULT_KEYS_FILE; the first of them is used." in out
    assert "It encrypts every secret already. Put a new key before it" in out
    assert "keys rotated" not in hub("audit", "list", env={"HUB_VAULT_KEYS_FILE": str(keys)})[1]
    out = hub("vault", "rotate", env={"HUB_VAULT_KEYS": keys.read_text()})[1]
    assert "The keys come from HUB_VAULT_KEYS; the first of them is used." in out


def test_no_key_is_made_for_a_database_that_cannot_be_opened(hub, tmp_path):
    folder = tmp_path / "data"
    before = (folder / "vault.keys").read_text()
    for path in folder.glob("hub.db*"):
        path.unlink()
    (folder / "hub.db").write_bytes(b"no database at all" * 100)
    code, _, err = hub("vault", "rotate")
    assert (code, "hub.db" in err) == (1, True)
    assert (folder / "vault.keys").read_text() == before


def test_an_unexpected_error_is_one_sentence_and_its_place_on_demand(run, monkeypatch):
    monkeypatch.setattr("hub.contract.registry.Plugins.load", lambda *_, **__: 1 / 0)
    code, _, err = run("plugins")
    assert (code, "met an error that it did not expect (ZeroDivisionError" in err) == (1, True)
    assert isinstance(
        CliRunner().invoke(main, ["--traceback", "plugins"]).exception, ZeroDivisionError
    )


@pytest.mark.parametrize("full", [True, False])
def test_a_log_that_cannot_be_written_goes_to_standard_error(tmp_path, capsys, full):
    """Otherwise nothing would say why the schedules pause while the disk is full."""
    log = tmp_path / "hub.log"
    log.symlink_to("/dev/full") if full else log.mkdir()
    with log_output.write_log(tmp_path, str):
        logging.getLogger("hub").warning("QuickBooks does not answer.")
    assert " WARNING QuickBooks does not answer." in capsys.readouterr().err


# -- tables of other versions ----------------------------------------------------------------------


def change(tmp_path, statement):
    connection = sqlite3.connect(tmp_path / "data" / "hub.db")
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_tables_of_another_revision_are_refused_by_every_command(hub, tmp_path, revision):
    change(tmp_path, f"UPDATE alembic_version SET version_num = '{revision}'")
    change(tmp_path, f"UPDATE database_origin SET oldest_revision = '{revision}'")
    for command in (("runs",), ("sync",), ("serve", "--port", "0"), ("check",), ("init",)):
        code, out, err = hub(*command)
        assert (code, f"revision {revision}" in out + err, "Traceback" in err) == (1, True, False)


def test_an_older_revision_is_upgraded_by_init(hub, tmp_path, monkeypatch):
    newer = tmp_path / "migrations"
    shutil.copytree(engine.MIGRATIONS, newer)
    number, newest = f"{int(schema.find_newest_revision()) + 1:04}", schema.find_newest_revision()
    text = f'revision = "{number}"\ndown_revision = "{newest}"\n\n\ndef upgrade():\n    pass\n'
    (newer / "versions" / f"{number}_nothing.py").write_text(text)
    monkeypatch.setattr(engine, "MIGRATIONS", newer)
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    code, out, _ = hub("check")
    message = (
        f"is at revision {newest} and this version of the hub needs {number}; "
        "stop the hub, make a backup with the earlier version, and run `hub init`"
    )
    assert (code, message in out) == (1, True)
    assert hub("init")[0] == 0
    assert f"ok       database with the hub's tables, revision {number}" in hub("check")[1]


def test_check_says_where_the_tables_differ(hub, tmp_path):
    change(tmp_path, 'ALTER TABLE "case" DROP COLUMN mailed_at')
    change(tmp_path, "DROP INDEX ix_case_open")
    code, out, _ = hub("check")
    assert code == 1
    assert "missing  the tables do not match revision" in out
    assert "column case.mailed_at is missing; index ix_case_open of case is missing." in out


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "HUB_DATABASE_URL is not the address of a database such as postgresql://"),
        ("postgresql://[::1", "HUB_DATABASE_URL is not the address of a database"),
        (
            "postgresql://hub:secret@a.example.com:5432,b:5433/hub?target_session_attrs=read-write",
            "HUB_DATABASE_URL names several servers; write it as postgresql://hub:password@/hub"
            "?host=a.example.com:5432&host=b:5433&target_session_attrs=read-write.",
        ),
        (
            "postgresql://hub:secret@a.example.com,b.example.com:6432/hub",
            "HUB_DATABASE_URL names several servers; write it as postgresql://hub:password@/hub"
            "?host=a.example.com&host=b.example.com:6432.",
        ),
        (
            "postgresql://hub:secret@/hub?host=a.example.com,b.example.com:6432",
            "HUB_DATABASE_URL does not say clearly which server has which port; write it as in",
        ),
        (
            "postgresql://hub:secret@/hub?host=a.example.com,b.example.com&port=6432",
            "HUB_DATABASE_URL does not say clearly which server has which port",
        ),
        ("postgresql://me:secret@127.0.0.1:port/hub", "HUB_DATABASE_URL is not the address"),
        (
            "mysql://me:secret@127.0.0.1/hub",
            "names a mysql database; the hub works with PostgreSQL",
        ),
        ("sqlite:///hub.db", "HUB_DATABASE_URL must name a file by its whole path, such as"),
        ("sqlite:///file:hub.db?uri=true", "HUB_DATABASE_URL must name a file by its whole path"),
        ("sqlite://", "HUB_DATABASE_URL must name a file by its whole path"),
        ("sqlite:///:memory:", "HUB_DATABASE_URL must name a file by its whole path"),
        ("postgresql+psycopg2://me:secret@127.0.0.1:1/hub", "The database postgresql://me@127"),
        (
            "postgresql://me:secret@/hub?host=127.0.0.1:1&host=127.0.0.2:2",
            'cannot be used: connection to server at "127.0.0.1", port 1 failed: Connection'
            ' refused; connection to server at "127.0.0.2", port 2 failed: Connection refused.'
            " Nothing was lost; solve that and run again.",
        ),
    ],
)
@pytest.mark.parametrize("command", ["check", "outbox", "init"])
def test_an_unusable_database_address_is_named_without_its_password(
    hub, monkeypatch, url, sentence, command
):
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    code, out, err = hub(command)
    assert (code, sentence in out + err) == (1, True)
    assert "secret" not in out + err
    assert "did not expect" not in out + err


def test_a_missing_postgresql_driver_is_named(run, monkeypatch):
    run("init")
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://127.0.0.1/hub")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    code, out, err = run("check")
    assert (code, "needs the PostgreSQL driver, which cannot be loaded" in out) == (1, True)
    assert "did not expect" not in err


def test_check_names_a_database_that_is_not_there(run, tmp_path):
    run("init")
    (tmp_path / "data" / "hub.db").unlink()
    code, out, err = run("check")
    assert (code, "run `hub init`" in out, "did not expect" in err) == (1, True, False)


# -- unknown ids and values ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "runs 99999999999",
        "runs --limit -1",
        "outbox --limit 0",
        "retry 99999999999999999999",
        "retry 0",
        "approve 99999999999999999999",
        "skip 99999999999 --reason x",
        "adopt 99999999999 5",
        "not-this 99999999999 5",
        "undo 99999999999999999999",
        "undo run:99999999999999999999",
        "undo -- -1",
        "serve --port 70000",
        "demo --port 70000",
        "sandbox quickbooks --port 70000",
        "sandbox costtracker --documents -1",
    ],
)
def test_a_value_out_of_range_is_a_mistake_in_the_command(hub, command):
    code, _, err = hub(*command.split())
    assert (code, "Usage: " in err, "did not expect" in err) == (2, True, False)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("runs 999", "There is no run “999”"),
        ("retry 999", "There is no posting 999"),
        ("approve 999", "There is no posting 999"),
        ("skip 999 --reason x", "There is no posting 999"),
        ("adopt 999 5", "There is no posting 999"),
        ("not-this 999 5", "There is no posting 999"),
        ("undo 999", "There is no posting “999”"),
        ("undo run:999", "There is no run “999”"),
        ("outbox --app costtraker", "There is no app “costtraker”. Did you mean costtracker?"),
        ("apps disable costtracker", "No QuickBooks company is connected yet"),
        ("cases --realm 999", "No QuickBooks company is connected yet"),
        ("sandbox costtraker", "There is no stand-in “costtraker”. Did you mean costtracker?"),
        ("sandbox nosuchname", "There is: Autotask expense reports (autotask-expenses), "),
        ("sandbox nosuchname", ", Ontraccr (ontraccr), quickbooks."),
        ("outbox --app nosuchname", ", CostTracker (costtracker), "),
        ("dev nosuchname", ", CostTracker (costtracker), "),
        ("read nosuchname", ", CostTracker (costtracker), "),
    ],
)
def test_something_that_does_not_exist_is_named(hub, command, sentence):
    code, _, err = hub(*command.split())
    assert (code, sentence in err) == (1, True)


def test_links_name_the_address_that_was_served_last(hub, tmp_path, monkeypatch):
    add_person(hub, "kari@example.com")
    served_address.store(tmp_path / "data", "http://localhost:9123")
    command = ("users", "reset", "kari@example.com", "--json")
    assert json.loads(hub(*command)[1])["page"] == "http://localhost:9123/new-password"
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.com")
    assert json.loads(hub(*command)[1])["page"] == "https://hub.example.com/new-password"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HUB_OPEN_APPS", "ion nosuch", "HUB_OPEN_APPS names nosuch, which no installed plugin"),
        ("HUB_FILES_ROOT", "/nosuch", "HUB_FILES_ROOT names /nosuch, where there is no folder."),
        ("HUB_ALLOW_HOSTS_FILE", "hosts", "has the line http://nas.local/, which is no host."),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(hub, tmp_path, monkeypatch, name, value, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts").write_text("http://nas.local/\n")
    monkeypatch.setenv(name, value)
    code, out, _ = hub("check")
    assert (code, sentence in out) == (1, True), out


def test_a_code_for_a_new_password_is_printed(hub):
    add_person(hub, "kari@example.com")
    issued = json.loads(hub("users", "reset", "Kari@example.com", "--json")[1])
    assert (issued["name"], issued["page"]) == (
        "kari@example.com",
        "http://localhost:8080/new-password",
    )
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){6}", issued["code"])
    text = hub("users", "reset", "kari@example.com")[1]
    assert issued["code"] not in text
    assert "can be used once, until" in text
    assert "There is no person “eva”" in hub("users", "reset", "eva")[2]
