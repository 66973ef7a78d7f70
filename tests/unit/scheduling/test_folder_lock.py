"""Two data folders on one PostgreSQL database: one works, the other takes over later."""

import shutil
import threading

import pytest
from sqlalchemy import text

from hub import config as configuration
from hub.context import current_hub
from hub.db import engine
from hub.db.engine import read_only_session, transaction
from hub.errors import OtherFolderActive
from hub.models import ActiveFolder, ConnectedCompany, Run
from hub.scheduling import folder_lock, run_log
from hub.scheduling.folder_lock import identify_folder
from hub.scheduling.runner import run_company_job as run_company
from hub.scheduling.scheduler import Scheduler
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_people
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers.blocked_transactions import wait_until_blocked

LEASE = 150


@pytest.fixture
def make_folder(make_app, tmp_path, postgres_url):
    """Return a function that makes hubs on one database, each with the data folder of a name."""

    def make(name, **options):
        data = tmp_path / name
        data.mkdir(exist_ok=True, mode=0o700)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_DATABASE_URL": postgres_url,
            "HUB_SECOND_FACTOR": "off",
        }
        app = make_app(configuration.load(environ), **options)
        apps.append(app)
        return app

    apps = []
    yield make
    for app in apps:
        with app.app_context():
            folder_lock.process_lock()._lock.close()


@pytest.fixture
def first_hub(make_folder):
    return make_folder("one")


@pytest.fixture
def second_hub(make_folder):
    return make_folder("two")


def standby(app):
    """Return why a hub must not work now; None if it may."""
    with app.app_context():
        result = folder_lock.process_lock().claim()
    return result and result.text


def hold(app):
    with app.app_context():
        folder_lock.process_lock().hold()
    return standby(app)


def release(app):
    with app.app_context():
        folder_lock.process_lock().release()


def lose_connection(app):
    """End the connection that holds the lock, as a server that restarts does."""
    with app.app_context(), engine.db.engine.connect() as connection:
        statement = (
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            f" AND classid = {folder_lock.LOCK_CLASS} AND pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert connection.scalars(text(statement)).all() == [True]


def test_the_second_folder_stands_by_until_the_first_has_ended(first_hub, second_hub):
    assert hold(first_hub) is None
    assert "one works on this database (since" in hold(second_hub)
    assert standby(first_hub) is None
    release(first_hub)
    assert standby(second_hub) is None
    assert "two works on this database" in hold(first_hub)


def test_processes_of_one_folder_work_beside_each_other(first_hub, second_hub, make_folder):
    sibling = make_folder("one")
    assert (hold(first_hub), hold(sibling)) == (None, None)
    release(first_hub)
    assert "one works on this database" in hold(second_hub)
    release(sibling)
    assert standby(second_hub) is None


def test_two_processes_of_one_folder_may_be_the_first_at_the_same_time(first_hub, make_folder):
    sibling = make_folder("one")
    answers = []
    other = threading.Thread(target=lambda: answers.append(hold(sibling)))
    with first_hub.app_context(), transaction() as session:
        lock = folder_lock.process_lock()
        now = current_hub().clock.now()
        session.add(ActiveFolder(id=1, folder=lock.folder, place=lock.place, since=now))
        session.flush()
        other.start()
        wait_until_blocked(session)
    other.join(30)
    assert answers == [None]
    assert hold(first_hub) is None


def test_a_process_that_is_frozen_while_it_takes_the_lock_blocks_no_other(make_folder, monkeypatch):
    arguments = dict(folder_lock.CONNECT_ARGUMENTS)
    seconds = f"idle_in_transaction_session_timeout={folder_lock.MUTEX_SECONDS}s"
    assert seconds in arguments["options"]
    short = seconds.replace(f"{folder_lock.MUTEX_SECONDS}s", "1s")
    arguments["options"] = arguments["options"].replace(seconds, short)
    monkeypatch.setattr(folder_lock, "CONNECT_ARGUMENTS", arguments)
    frozen, other = make_folder("one"), make_folder("one")
    with frozen.app_context():
        lock = folder_lock.process_lock()._lock
        lock._connection = lock._engine.connect()
        mutex = lock._exclude_others(lock._connection)
        mutex.__enter__()
    assert hold(other) is None


def test_a_folder_that_did_not_release_its_lock_is_waited_for(first_hub, second_hub, clock):
    hold(first_hub)
    with first_hub.app_context():
        folder_lock.process_lock()._lock.close()  # as the end of a killed process does
    assert "ended without saying so. This one takes over in 150 s" in hold(second_hub)
    clock.advance(LEASE - 1)
    assert "takes over in 1 s" in standby(second_hub)
    assert "works on this database" in standby(first_hub)
    clock.advance(2)
    assert standby(second_hub) is None
    with second_hub.app_context(), read_only_session() as session:
        assert session.get_one(ActiveFolder, 1).place.endswith("two")


def test_a_folder_does_not_wait_for_its_own_earlier_life(first_hub, make_folder, monkeypatch):
    hold(first_hub)
    with first_hub.app_context():
        folder_lock.process_lock()._lock.close()
    assert hold(make_folder("one")) is None
    monkeypatch.setattr(
        folder_lock, "identify_folder", lambda data: "f" * 64
    )  # as after a new start of the machine
    with first_hub.app_context():
        folder_lock.process_lock()._lock.close()
    assert hold(make_folder("one")) is not None


def test_a_lost_connection_is_opened_again_if_no_other_folder_came_between(first_hub, second_hub):
    hold(first_hub)
    lose_connection(first_hub)
    assert standby(first_hub) is None
    assert "one works on this database" in hold(second_hub)


def test_a_run_ends_if_another_folder_took_the_lock_meanwhile(first_hub, second_hub):
    with first_hub.app_context(), transaction() as session:
        session.add(ConnectedCompany(realm="1", connected_at=current_hub().clock.now()))

    def take_over(phase, done, of):
        lose_connection(first_hub)
        hold(second_hub)

    with first_hub.app_context():
        with pytest.raises(OtherFolderActive, match="must not work on one database"):
            run_company("tokens", 1, requested_by="kari", progress=take_over)
        with read_only_session() as session:
            assert session.get_one(Run, 1).outcome == "stopped"


def test_a_run_beside_another_folder_is_refused_and_leaves_no_trace(first_hub, second_hub):
    with first_hub.app_context(), transaction() as session:
        session.add(ConnectedCompany(realm="1", connected_at=current_hub().clock.now()))
    hold(first_hub)
    with second_hub.app_context():
        with pytest.raises(OtherFolderActive, match=r"one works on this database.*Run it there"):
            run_company("tokens", 1, requested_by="kari", wait=True)
        with read_only_session() as session:
            assert session.query(Run).count() == 0


def test_of_two_engines_only_one_works_and_the_other_closes_none_of_its_runs(
    first_hub, second_hub, clock, monkeypatch
):
    executed, begun, ending = [], threading.Event(), threading.Event()

    def execute(run_id):
        executed.append(run_id)
        with transaction() as session:
            session.get_one(Run, run_id).started_at = clock.now()
        begun.set()
        assert ending.wait(60)

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    with first_hub.app_context():
        with transaction() as session:
            session.add(ConnectedCompany(realm="1", connected_at=clock.now()))
        requested_run = run_log.request("lists", 1, "kari")
    messages = []
    first, second = Scheduler(first_hub), Scheduler(second_hub, announce=messages.append)
    assert first.tick() > 0
    assert begun.wait(60)
    assert (second.tick(), second.tick(), second.notify()) == (0, 0, 0)
    assert (len(messages), "stands by" in messages[0]) == (1, True)
    with second_hub.app_context(), read_only_session() as session:
        assert {run.outcome for run in session.query(Run)} == {""}
    ending.set()
    first.stop()
    second.tick()
    assert messages[1:] == ["This data folder works on the database from now on."]
    with second_hub.app_context(), read_only_session() as session:
        assert (
            session.get_one(Run, requested_run).outcome == "stopped"
        )  # the made-up run never ended itself
    second.stop()


def test_home_says_that_another_folder_works(first_hub, make_folder):
    second_visitor = make_folder("two", pages=True)
    with second_visitor.app_context(), transaction() as session:
        add_people(session)
    visitor = Visitor(second_visitor, None)
    visitor.log_in("olga")
    assert "works on this database" not in visitor.page("/")
    hold(first_hub)
    page = visitor.page("/")
    assert "one works on this database (since" in page
    assert "Your decisions on these pages take effect there." in page


def test_a_copy_of_a_folder_is_another_folder(tmp_path):
    (tmp_path / "one").mkdir()
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert identify_folder(tmp_path / "one") == identify_folder(tmp_path / "link")
    assert identify_folder(tmp_path / "one") != identify_folder(tmp_path / "copy")


def test_sqlite_needs_no_lock(app):
    lock = folder_lock.process_lock()
    with lock.use():
        assert (lock.claim(), lock.other_folder()) == (None, None)
    with read_only_session() as session:
        assert session.get(ActiveFolder, 1) is None


def test_processes_of_the_distributed_engine_work_beside_each_other(make_process):
    first, second = make_process("one"), make_process("two")
    assert (hold(first), hold(second)) == (None, None)


def test_an_embedded_hub_beside_distributed_ones_is_refused_with_the_next_step(make_process):
    first, second = make_process("one"), make_process("two")
    embedded = make_process("three", engine="embedded")
    hold(first)
    hold(second)
    assert "A hub with HUB_ENGINE=distributed works on this database (since" in hold(embedded)
    with embedded.app_context(), pytest.raises(OtherFolderActive) as refusal:
        folder_lock.process_lock().require()
    assert refusal.value.text == (
        "A hub with HUB_ENGINE=distributed works on this database, and embedded hubs of two data"
        " folders, or an embedded and a distributed one, must not work on one database at the same"
        " time. Run it there, stop the hub there first, or set HUB_ENGINE alike."
    )
    release(first)
    assert standby(embedded) is not None
    release(second)
    assert standby(embedded) is None


def test_a_distributed_hub_beside_an_embedded_one_is_refused(make_process):
    embedded, distributed = make_process("one", engine="embedded"), make_process("two")
    hold(embedded)
    assert "one works on this database (since" in hold(distributed)
    with distributed.app_context(), pytest.raises(OtherFolderActive, match="set HUB_ENGINE alike"):
        folder_lock.process_lock().require()
    release(embedded)
    assert standby(distributed) is None
