"""Machines of one hub share the head of the audit log and the locks of secrets in the database."""

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from hub import config as configuration
from hub.cli import main
from hub.db import coordination, engine
from hub.errors import Busy
from hub.models import AuditEntry, AuditHead
from hub.security import audit, audit_check
from hub.security.audit_errors import AuditBroken
from hub.security.secrets import SiteSecrets
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS


@pytest.fixture
def make_machine(make_app, tmp_path, postgres_url):
    """Make hubs of the distributed engine on one database, each with a data folder of its own."""
    apps = []

    def make(name, **settings):
        data = tmp_path / name
        data.mkdir(mode=0o700)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_DATABASE_URL": postgres_url,
            "HUB_ENGINE": "distributed",
        }
        app = make_app(configuration.load(environ | settings))
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            coordination.process_coordination().close()
            engine.db.engine.dispose()


@pytest.fixture
def first_machine(make_machine):
    return make_machine("one")


@pytest.fixture
def second_machine(make_machine):
    return make_machine("two")


def write(app, count=1, who="ann"):
    for number in range(count):
        with app.app_context():
            audit.record_alone(who, "match decided", f"code {number}")


def verify(app):
    with app.app_context(), engine.read_only_session() as session:
        return audit_check.verify(session)


def change(app, *statements):
    with app.app_context(), engine.transaction() as session:
        for statement in statements:
            session.execute(statement)


def cut_off(app, after):
    change(app, delete(AuditEntry).where(AuditEntry.number > after))


def own_note(app):
    return app.extensions["hub"].config.data / audit.HEAD_FILE


def shared_head(app):
    columns = (AuditHead.count, AuditHead.entry_id, AuditHead.hash, AuditHead.at)
    with app.app_context(), engine.read_only_session() as session:
        return session.execute(select(*columns, AuditHead.signature)).one()._asdict()


def test_machines_write_one_log_with_one_head(first_machine, second_machine):
    write(first_machine, 2)
    write(second_machine, 1)
    write(first_machine, 1)
    assert (
        verify(first_machine).count,
        verify(second_machine).count,
        verify(second_machine).remarks,
    ) == (4, 4, [])
    assert shared_head(second_machine)["count"] == 4
    own_note(first_machine).unlink()  # the data folder of a machine is disposable
    assert verify(first_machine).count == 4


def test_an_end_that_was_cut_off_shows_on_a_machine_that_never_wrote(first_machine, make_machine):
    write(first_machine, 5)
    cut_off(first_machine, 3)
    with pytest.raises(AuditBroken, match="is missing though it was written"):
        verify(make_machine("new"))
    write(first_machine, 1, who="bob")
    with pytest.raises(AuditBroken, match="is missing though it was written"):
        verify(first_machine)


def test_an_older_head_with_an_older_log_shows_where_more_was_noted(
    first_machine, second_machine, make_machine
):
    write(first_machine, 3)
    older = shared_head(first_machine)
    write(second_machine, 2)
    cut_off(first_machine, 3)
    change(first_machine, update(AuditHead).values(older))
    with pytest.raises(AuditBroken, match="is missing though it was written"):
        verify(second_machine)
    assert verify(make_machine("new")).count == 3  # which only the copy can tell there
    write(second_machine, 5, who="bob")
    with pytest.raises(AuditBroken, match="is missing though it was written"):
        verify(second_machine)


def test_a_head_that_was_removed_or_changed_is_seen(first_machine, second_machine):
    write(first_machine, 3)
    older = shared_head(first_machine)
    change(first_machine, update(AuditHead).values(count=2))
    with pytest.raises(AuditBroken, match="the row of the table audit_head, was changed"):
        verify(second_machine)
    change(first_machine, update(AuditHead).values(older), delete(AuditHead))
    write(second_machine, 1, who="bob")
    with pytest.raises(AuditBroken, match="is gone from the database"):
        verify(first_machine)


def test_after_a_restore_that_a_person_declared_all_machines_go_on(first_machine, second_machine):
    write(first_machine, 2)
    write(second_machine, 3)
    cut_off(first_machine, 2)
    with first_machine.app_context(), engine.transaction() as session:
        audit.record_restore(session, "ann")
    assert (verify(first_machine).count, verify(second_machine).count) == (3, 3)
    write(second_machine, 4, who="bob")
    cut_off(first_machine, 5)
    with pytest.raises(AuditBroken, match="is missing though it was written"):
        verify(second_machine)


def test_a_transaction_that_is_rolled_back_moves_no_head(first_machine):
    write(first_machine, 2)
    with first_machine.app_context(), pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert (shared_head(first_machine)["count"], verify(first_machine).count) == (2, 2)


def write_and_fail():
    with engine.transaction() as session:
        audit.record(session, "ann", "approved", "posting 1")
        raise ZeroDivisionError


def test_copies_of_several_machines_verify_in_any_order(make_machine, tmp_path):
    machines = [
        make_machine(name, HUB_AUDIT_COPY=str(tmp_path / f"{name}.jsonl")) for name in ("a", "b")
    ]
    for app in machines * 2:
        write(app, 1)
    copies = [(tmp_path / f"{name}.jsonl").read_text() for name in ("b", "a")]
    both = tmp_path / "both.jsonl"
    both.write_text("".join(copies))
    with machines[0].app_context(), engine.read_only_session() as session:
        result = audit_check.verify(session, both)
    assert (result.count, result.copied, result.remarks) == (4, 4, [])
    cut_off(machines[0], 3)
    change(machines[0], delete(AuditHead))
    own_note(machines[0]).unlink()
    with (
        machines[0].app_context(),
        engine.read_only_session() as session,
        pytest.raises(AuditBroken),
    ):
        audit_check.verify(session, both)


def test_secrets_of_an_installation_are_locked_on_all_machines(first_machine, second_machine):
    with first_machine.app_context(), SiteSecrets(1).lock():
        with (
            second_machine.app_context(),
            pytest.raises(Busy, match="installation 1"),
            SiteSecrets(1).lock(),
        ):
            pass
        with pytest.raises(Busy), SiteSecrets(1).lock():
            pass
        with second_machine.app_context(), SiteSecrets(2).lock():
            pass
    with second_machine.app_context(), SiteSecrets(1).lock():
        pass


def test_the_lock_of_a_process_that_has_ended_is_free(first_machine, second_machine):
    with first_machine.app_context(), SiteSecrets(1).lock():
        coordination.process_coordination().close()
        with second_machine.app_context(), SiteSecrets(1).lock():
            pass


@pytest.mark.parametrize("is_same", [True, False], ids=["same", "another"])
def test_a_check_names_a_secret_key_that_other_machines_do_not_have(
    make_machine, first_machine, postgres_url, is_same
):
    """Entries that a machine signs with a key of its own look as if somebody had changed them."""
    write(first_machine)
    settings = {"HUB_SECRET_KEY": SECRET_KEY if is_same else SECRET_KEY[::-1]}
    app = make_machine("two", **settings)
    environ = settings | {
        "HUB_DATA": str(app.extensions["hub"].config.data),
        "HUB_VAULT_KEYS": VAULT_KEYS,
        "HUB_DATABASE_URL": postgres_url,
        "HUB_ENGINE": "distributed",
    }
    output = CliRunner().invoke(main, ["check"], obj=app, env=environ).stdout
    problem = "missing  HUB_SECRET_KEY did not sign entry 1, the newest of the audit log"
    assert (problem in output) == (not is_same), output
