"""Two data folders whose settings name one SQLite file: one works, the other takes over later."""

import os
import shutil

import pytest

from hub import config as configuration
from hub.db.engine import transaction
from hub.errors import OtherFolderActive
from hub.scheduling import folder_lock
from hub.scheduling.runner import run_company_job
from hub.scheduling.scheduler import Scheduler
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_people
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS


@pytest.fixture
def make_folder(make_app, tmp_path, empty_database):
    """Return a function that makes hubs on one file, each with the data folder of a name."""
    shutil.copy(empty_database, tmp_path / "books.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "books.db")
    apps = []

    def make(name, file="books.db", **options):
        data = tmp_path / name
        data.mkdir(exist_ok=True, mode=0o700)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_DATABASE_URL": f"sqlite:///{tmp_path / file}",
            "HUB_SECOND_FACTOR": "off",
        }
        app = make_app(configuration.load(environ), **options)
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            folder_lock.process_lock()._file_lock.close()


def claim(app):
    """Return why a hub must not work now; None if it may."""
    with app.app_context():
        lock = folder_lock.process_lock()
        lock.hold()
        standby = lock.claim()
        if standby:
            lock.release()
        return standby and standby.text


def release(app):
    with app.app_context():
        folder_lock.process_lock().release()


@pytest.mark.parametrize("file", ["books.db", "link.db"])
def test_the_second_folder_stands_by_until_the_first_has_ended(make_folder, file):
    first, second = make_folder("one"), make_folder("two", file)
    assert claim(first) is None
    assert "one works on this database. This one stands by" in claim(second)
    with second.app_context():
        with transaction() as session:
            company_id = add_company(session).id
        with pytest.raises(OtherFolderActive, match="one works on this database"):
            run_company_job("lists", company_id, requested_by="kari")
    release(first)
    assert claim(second) is None
    assert "two works on this database" in claim(first)


def test_processes_of_one_folder_work_beside_each_other(make_folder):
    first, sibling, other = make_folder("one"), make_folder("one"), make_folder("two")
    assert (claim(first), claim(sibling)) == (None, None)
    release(first)
    assert "one works on this database" in claim(other)
    release(sibling)
    assert claim(other) is None


def test_only_one_of_two_schedulers_runs_and_the_other_says_so(make_folder):
    first, second = make_folder("one"), make_folder("two", pages=True)
    announced = []
    with second.app_context(), transaction() as session:
        add_people(session)
    schedulers = [Scheduler(first), Scheduler(second, announce=announced.append)]
    try:
        for scheduler in schedulers:
            scheduler.tick()
        assert len(announced) == 1
        assert "one works on this database" in announced[0]
        visitor = Visitor(second, None)
        visitor.log_in("olga")
        assert "one works on this database" in visitor.page("/")
    finally:
        for scheduler in schedulers:
            scheduler.stop()


def test_a_process_that_is_killed_leaves_the_database_at_once(make_folder, tmp_path):
    first, second = make_folder("one"), make_folder("two")
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.write(write_end, b"x" if claim(first) is None else b"-")
        os.read(read_end, 0)
        os.kill(os.getpid(), 19)  # SIGSTOP: it holds the lock until it is killed
    assert os.read(read_end, 1) == b"x"
    try:
        assert "one works on this database" in claim(second)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert claim(second) is None
