"""Secrets in the database, key rotation and the secrets of an installation."""

import base64
import threading

import pytest
from sqlalchemy import select

from hub.crypto import keys
from hub.crypto.vault import Vault
from hub.db import engine
from hub.errors import Busy, VaultError
from hub.models import Secret
from hub.security import secrets
from hub.security.secrets import SiteSecrets
from tests.support.runs.tiers import FULL
from tests.support.servers.read_only_database import read_only_database

MANY = 10_000 if FULL else 500


def test_a_secret_is_kept_sealed_and_comes_back(either_app):
    with engine.transaction() as session:
        secrets.put(session, "company:1:access", "tåken")
    with engine.read_only_session() as session:
        assert secrets.get(session, "company:1:access") == "tåken"
        assert "tåken".encode() not in session.scalars(select(Secret)).one().sealed


def test_a_second_value_takes_the_place_of_the_first(app):
    with engine.transaction() as session:
        secrets.put(session, "a", "one")
        secrets.put(session, "a", "two")
        assert secrets.get(session, "a") == "two"


def test_a_place_without_a_secret_is_empty(app):
    with engine.transaction() as session:
        secrets.put(session, "a", "one")
        secrets.forget(session, "a")
        assert secrets.get(session, "a") is None


def test_a_row_copied_to_another_place_does_not_open(app):
    with engine.transaction() as session:
        secrets.put(session, "company:1:access", "token")
        sealed = session.get(Secret, "company:1:access").sealed
        session.add(Secret(place="company:2:access", sealed=sealed))
    with engine.read_only_session() as session, pytest.raises(VaultError, match="company:2:access"):
        secrets.get(session, "company:2:access")


@pytest.mark.proof
def test_rotation_leaves_every_secret_readable_while_the_hub_works(app, rotating_app, figure):
    """The hub reads secrets while another process seals all of them under a new key."""
    data = app.extensions["hub"].config.data
    write_key_file(app)
    texts = {f"s:{n}": f"token {n}" for n in range(MANY)}
    with engine.transaction() as session:
        vault = Vault(keys.read_ring(data))
        session.add_all(
            Secret(place=place, sealed=vault.seal(place, text)) for place, text in texts.items()
        )
    rotating = rotating_app()
    rotated, reads = [], []

    def rotate():
        with rotating.app_context(), engine.transaction() as session:
            rotated.append(secrets.rotate(session))

    thread = threading.Thread(target=rotate)
    thread.start()
    while thread.is_alive() or not reads:
        with engine.read_only_session() as session:
            reads.append(secrets.get(session, f"s:{len(reads) % MANY}"))
    thread.join()
    assert reads == [f"token {n % MANY}" for n in range(len(reads))]
    newest_key_only = Vault(keys.read_ring(data)[:1])
    with engine.read_only_session() as session:
        rows = session.scalars(select(Secret)).all()
        readable = sum(
            newest_key_only.open(row.place, row.sealed) == texts[row.place] for row in rows
        )
    with rotating.app_context(), engine.transaction() as session:
        assert secrets.rotate(session) == 0
    assert rotated == [MANY]
    figure("rotated secrets that the new key alone opens", readable, MANY)


def test_a_rotation_that_fails_halfway_changes_nothing(app, rotating_app):
    data = app.extensions["hub"].config.data
    write_key_file(app)
    with engine.transaction() as session:
        secrets.put(session, "a", "one")
        secrets.put(session, "b", "two")
        session.add(Secret(place="c", sealed=Vault([("gone", bytes(range(32)))]).seal("c", "x")))
    rotating = rotating_app()
    with (
        rotating.app_context(),
        pytest.raises(VaultError, match="'gone'"),
        engine.transaction() as session,
    ):
        secrets.rotate(session)
    with engine.read_only_session() as session:
        assert (secrets.get(session, "a"), secrets.get(session, "b")) == ("one", "two")
        old_key_only = Vault(keys.read_ring(data)[1:])
        assert old_key_only.open("a", session.get_one(Secret, "a").sealed) == "one"


def test_secrets_of_a_key_that_is_lost_for_good_count_as_missing(app):
    lost = Vault([("lost", bytes(range(32)))])
    with engine.transaction() as session:
        secrets.put(session, "hub:contact", "Kari")
        for place in ("hub:mail_url", "installation:1:api_key"):
            session.add(Secret(place=place, sealed=lost.seal(place, "old")))
    with engine.read_only_session() as session, pytest.raises(VaultError, match="'lost'"):
        secrets.get(session, "hub:mail_url")

    with engine.transaction() as session:
        assert secrets.give_up_lost(session) == 2
    site = SiteSecrets(1)
    assert (dict(site), "api_key" in site, len(site)) == ({}, False, 0)
    with engine.transaction() as session:
        assert secrets.get(session, "hub:mail_url") is None
        assert secrets.get(session, "hub:contact") == "Kari"
        assert secrets.rotate(session) == 0
        secrets.put_all(session, 1, {"api_key": "new"}, forget_others=False)
    assert dict(site) == {"api_key": "new"}


def test_a_lost_key_that_is_put_back_opens_its_secrets_again(app, make_app, make_config):
    lost = Vault([("lost", bytes(range(32)))])
    ring = app.extensions["hub"].config.vault_keys
    with engine.transaction() as session:
        session.add(Secret(place="hub:mail_url", sealed=lost.seal("hub:mail_url", "old")))
    with engine.transaction() as session:
        assert secrets.give_up_lost(session) == 1
    keys_put_back = [*ring, ("lost", bytes(range(32)))]
    texts = ",".join(f"{key_id}:{encode(key)}" for key_id, key in keys_put_back)
    restored = make_app(make_config(HUB_VAULT_KEYS=texts))
    with restored.app_context(), engine.read_only_session() as session:
        assert secrets.get(session, "hub:mail_url") == "old"


@pytest.fixture
def rotating_app(app, make_app, make_config):
    """Add a key to the key file, and return a hub of its own that has it from the beginning."""

    def make():
        data = app.extensions["hub"].config.data
        keys.add_vault_key(data)
        ring = (data / "vault.keys").read_text()
        return make_app(make_config(HUB_VAULT_KEYS=ring))

    return make


def write_key_file(app):
    """Write the keys of the hub into the key file of its data folder."""
    config = app.extensions["hub"].config
    ring = ",".join(f"{key_id}:{encode(key)}" for key_id, key in config.vault_keys)
    keys.write_private(config.data / "vault.keys", ring)


def test_a_hub_that_runs_reads_what_was_sealed_under_a_key_added_meanwhile(app):
    data = app.extensions["hub"].config.data
    write_key_file(app)
    keys.add_vault_key(data)
    with engine.transaction() as session:
        session.add(Secret(place="a", sealed=Vault(keys.read_ring(data)).seal("a", "new")))
        assert secrets.get(session, "a") == "new"


def encode(key):
    return base64.b64encode(key).decode()


def test_an_installation_sees_its_own_secrets_only(app):
    one, other = SiteSecrets(1), SiteSecrets(11)
    one["api_key"], one["refresh"], other["api_key"] = "k1", "r1", "k11"
    assert dict(one) == {"api_key": "k1", "refresh": "r1"}
    assert (len(other), "refresh" in other) == (1, False)


def test_each_assignment_is_committed_at_once(app):
    secret = SiteSecrets(1)
    with pytest.raises(ZeroDivisionError):
        secret["refresh"] = str(1) and use_then_fail(secret)
    assert secret["refresh"] == "rotated"


def use_then_fail(secret):
    secret["refresh"] = "rotated"
    raise ZeroDivisionError


def test_a_token_of_a_source_is_stored_as_soon_as_the_database_can_be_written_again(app, clock):
    """The source may have ended the token that was stored before."""
    outage_ends_at = clock.monotonic() + 20
    with read_only_database(lambda: clock.monotonic() < outage_ends_at):
        SiteSecrets(1)["renewed_token"] = "the newest"
    assert SiteSecrets(1)["renewed_token"] == "the newest"


def test_a_secret_that_is_no_text_is_refused_and_the_stored_one_stays(app):
    secrets_of_one = SiteSecrets(1)
    secrets_of_one["key"] = "k"
    with pytest.raises(TypeError, match="the secret key must be a text, not NoneType"):
        secrets_of_one["key"] = None
    assert secrets_of_one["key"] == "k"


def test_a_secret_that_is_not_there_is_a_key_error(app):
    secret = SiteSecrets(1)
    with pytest.raises(KeyError):
        secret["api_key"]
    with pytest.raises(KeyError):
        del secret["api_key"]
    assert secret.get("api_key", "none") == "none"


def test_a_secret_can_be_deleted(app):
    secret = SiteSecrets(1)
    secret["api_key"] = "k"
    del secret["api_key"]
    assert dict(secret) == {}


def test_secrets_do_not_show_when_they_are_printed(app):
    secret = SiteSecrets(1)
    secret["api_key"] = "hemmelig"
    assert repr(secret) == "<secrets of installation 1>"


def test_one_refresh_at_a_time_across_threads(app):
    secret, order = SiteSecrets(1), []
    secret["n"] = "0"

    def refresh():
        with app.app_context(), SiteSecrets(1).lock():
            order.append("in")
            secret["n"] = str(int(secret["n"]) + 1)
            order.append("out")

    threads = [threading.Thread(target=refresh) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (secret["n"], order) == ("6", ["in", "out"] * 6)


def test_a_lock_that_another_one_keeps_is_busy(app, monkeypatch):
    monkeypatch.setattr(secrets, "LOCK_SECONDS", 0)
    with (
        SiteSecrets(1).lock(),
        pytest.raises(Busy, match="in use by another process"),
        SiteSecrets(1).lock(),
    ):
        pass


def test_installations_do_not_wait_for_each_other(app, monkeypatch):
    monkeypatch.setattr(secrets, "LOCK_SECONDS", 0)
    with SiteSecrets(1).lock(), SiteSecrets(2).lock():
        pass
