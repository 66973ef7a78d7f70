"""`hub backup` and `hub restore`: for both databases, verified, and nothing is posted twice."""

import errno
import json
import os
import re
import resource
import sqlite3
import stat
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from filelock import lock_descriptor
from sqlalchemy import text

from hub import config as configuration
from hub.cli import transfer
from hub.cli.terminal import Terminal
from hub.contract.registry import Plugins
from hub.crypto.keys import create_key, write_private
from hub.db import coordination, engine
from hub.posting.send.run import drain
from hub.scheduling import election, folder_lock
from hub.transfer import archive as archives
from hub.transfer import backup as backups
from tests.support.processes.filled_folder import folder, hub, lists_of, old_folder, target
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.hub_environment import INTUIT, SECRET_KEY, VAULT_KEYS

__all__ = ["folder", "hub", "old_folder", "target"]
NO_KEYS = {"HUB_SECRET_KEY": "", "HUB_VAULT_KEYS": ""}


@pytest.fixture
def archive(tmp_path):
    """Return the path of a backup that does not exist yet."""
    return tmp_path / "backup.zip"


@pytest.fixture
def empty_folder(tmp_path):
    """Return the path of a data folder that does not exist yet."""
    return tmp_path / "restored"


def ignore_progress(phase, done, of):
    pass


def test_a_backup_is_restored_into_an_empty_folder(hub, archive, empty_folder):
    before = lists_of(hub)
    code, output = hub("backup", str(archive))
    assert code == 0, output
    assert "does not contain the keys" in output
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder))
    assert code == 0, output
    assert re.search(r" rows as they were at \d{4}-\d\d-\d\d \d\d:\d\dZ\.", output)
    assert lists_of(hub, HUB_DATA=str(empty_folder)) == before
    assert "intact" in hub("audit", "verify", HUB_DATA=str(empty_folder))[1]
    with closing(sqlite3.connect(empty_folder / "hub.db")) as connection, connection:
        query = "SELECT count(*) FROM company WHERE restored_since IS NULL"
        assert connection.execute(query).fetchone() == (0,)
    connection.close()
    assert not list(empty_folder.glob(".hub-unfinished*"))
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder))
    assert (code, "is not empty" in output) == (1, True)


@pytest.mark.parametrize("cut_off", [True, False])
def test_a_damaged_database_is_restored_once_it_is_moved_away_as_every_command_says(
    hub, folder, archive, cut_off
):
    before = lists_of(hub)
    assert hub("backup", str(archive))[0] == 0
    database = folder / "hub.db"
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2] if cut_off else bytes(len(content)))
    for command in (("sync",), ("restore", str(archive))):
        code, output = hub(*command)
        assert (code, "damaged: move the file" in output) == (1, True), output
    database.rename(folder / "damaged.db")
    code, output = hub("restore", str(archive))
    assert code == 0, output
    assert lists_of(hub) == before


def test_a_database_of_another_version_in_the_way_is_to_be_moved_away(hub, folder, archive):
    """Its upgrade, which other commands name, would not make room for the backup."""
    before = lists_of(hub)
    assert hub("backup", str(archive))[0] == 0
    database = folder / "hub.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0050'")
    connection.close()
    code, output = hub("restore", str(archive))
    assert (code, f"{database} is there already; move it away first" in output) == (1, True), output
    database.rename(folder / "older.db")
    code, output = hub("restore", str(archive))
    assert code == 0, output
    assert lists_of(hub) == before


def damage(file, index):
    """Overwrite the first page of an index with zeros, as a broken disk may."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, (index,)).fetchone()
    connection.close()
    with file.open("r+b") as content:
        content.seek((page - 1) * page_size)
        content.write(bytes(page_size))


def test_no_backup_is_made_of_a_damaged_database_or_restored(
    hub, folder, archive, empty_folder, monkeypatch
):
    """It would take the place of the good ones, one night after the other."""
    damage(folder / "hub.db", "ix_posting_quickbooks_id")
    code, output = hub("backup", str(archive))
    assert (code, "damaged: move the file" in output) == (1, True), output
    assert not archive.exists()

    with monkeypatch.context() as patch:  # as an earlier version did
        patch.setattr(backups, "_find_damage", lambda file: "")
        assert hub("backup", str(archive))[0] == 0
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder))
    assert (code, "the database in it is damaged" in output) == (1, True), output
    assert not list(empty_folder.iterdir())


def test_a_backup_goes_from_sqlite_to_postgresql_and_back(hub, archive, empty_folder, target):
    before = lists_of(hub)
    assert hub("backup", str(archive))[0] == 0
    code, output = hub("restore", str(archive), HUB_DATABASE_URL=target)
    assert code == 0, output
    assert lists_of(hub, HUB_DATABASE_URL=target) == before
    second = archive.with_name("second.zip")
    code, output = hub("backup", str(second), HUB_DATABASE_URL=target)
    assert code == 0, output
    code, output = hub("restore", str(second), HUB_DATA=str(empty_folder))
    assert code == 0, output
    assert lists_of(hub, HUB_DATA=str(empty_folder)) == before
    code, output = hub("restore", str(archive), HUB_DATABASE_URL=target)
    assert (code, "is not empty" in output) == (1, True)


def test_a_backup_is_restored_where_workers_without_data_have_ended(
    hub, archive, target, make_app, make_config
):
    before = lists_of(hub)
    assert hub("backup", str(archive))[0] == 0
    assert hub("init", HUB_DATABASE_URL=target)[0] == 0
    restore = ("restore", str(archive))
    app = make_app(make_config(HUB_DATABASE_URL=target, HUB_ENGINE="distributed"))
    with app.app_context():
        with folder_lock.process_lock().use():
            assert election.stand_for_election()
            code, output = hub(*restore, HUB_DATABASE_URL=target)
            assert (code, "stop `hub serve`, `hub worker`" in output) == (1, True), output
        coordination.process_coordination().close()
        engine.db.engine.dispose()
    code, output = hub(*restore, HUB_DATABASE_URL=target, HUB_ENGINE="distributed")
    assert (code, "Start the hub with `hub serve` and `hub worker`" in output) == (0, True), output
    assert lists_of(hub, HUB_DATABASE_URL=target) == before


def test_a_backup_is_restored_to_a_database_on_another_disk(
    hub, archive, empty_folder, tmp_path, monkeypatch
):
    disk = tmp_path / "disk"
    disk.mkdir()
    replace = Path.replace

    def replace_within_a_disk(path, target):
        if Path(target).is_relative_to(disk) and not path.is_relative_to(disk):
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(path))
        return replace(path, target)

    before = lists_of(hub)
    assert hub("backup", str(archive))[0] == 0
    monkeypatch.setattr(Path, "replace", replace_within_a_disk)
    new = {"HUB_DATA": str(empty_folder), "HUB_DATABASE_URL": f"sqlite:///{disk / 'hub.db'}"}
    code, output = hub("restore", str(archive), **new)
    assert code == 0, output
    assert lists_of(hub, **new) == before


def test_a_restore_to_postgresql_needs_no_room_in_the_data_folder(
    hub, folder, archive, target, monkeypatch
):
    extract = archives.Archive.extract

    def extract_elsewhere(backup, name, path):
        if path.is_relative_to(folder):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        extract(backup, name, path)

    assert hub("backup", str(archive))[0] == 0
    before = set(archive.parent.iterdir())
    monkeypatch.setattr(archives.Archive, "extract", extract_elsewhere)
    code, output = hub("restore", str(archive), HUB_DATABASE_URL=target)
    assert code == 0, output
    assert set(archive.parent.iterdir()) == before


def test_a_restore_to_postgresql_leaves_a_folder_that_it_may_not_write_alone(
    hub, folder, archive, target, monkeypatch
):
    assert hub("backup", str(archive))[0] == 0
    monkeypatch.setattr(backups.os, "access", lambda path, mode: path != archive.parent)
    placed = []
    extract = archives.Archive.extract

    def note(backup, name, path):
        placed.append(path.is_relative_to(folder))
        extract(backup, name, path)

    monkeypatch.setattr(archives.Archive, "extract", note)
    code, output = hub("restore", str(archive), HUB_DATABASE_URL=target)
    assert (code, placed) == (0, [True]), output


def test_keys_are_in_a_backup_only_if_they_are_wanted(hub, folder, archive, empty_folder):
    assert hub("backup", str(archive))[0] == 0
    with zipfile.ZipFile(archive) as content:
        assert sorted(content.namelist()) == ["hub.db", "manifest.json"]
        assert SECRET_KEY.encode() not in content.read("manifest.json")
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder), **NO_KEYS)
    assert (code, "Put secret.key and vault.keys of the hub that wrote it" in output) == (1, True)
    assert "hub init" not in output
    one_key = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": ""}
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder), **one_key)
    assert (code, "Put vault.keys of the hub that wrote it" in output) == (1, True)

    with_keys = archive.with_name("with-keys.zip")
    code, output = hub("backup", str(with_keys), "--with-keys")
    assert (code, "leave them out" in output) == (1, True)  # they come from the environment
    write_private(folder / "secret.key", SECRET_KEY)
    write_private(folder / "vault.keys", VAULT_KEYS)
    code, output = hub("backup", str(with_keys), "--with-keys", **NO_KEYS)
    assert (code, "Keep it locked away" in output) == (0, True), output
    assert stat.S_IMODE(with_keys.stat().st_mode) == 0o600
    code, output = hub("restore", str(with_keys), HUB_DATA=str(empty_folder), **NO_KEYS)
    assert code == 0, output
    for name in ("secret.key", "vault.keys"):
        assert stat.S_IMODE((empty_folder / name).stat().st_mode) == 0o600
    assert "intact" in hub("audit", "verify", HUB_DATA=str(empty_folder), **NO_KEYS)[1]


def test_a_backup_with_keys_is_restored_where_newer_keys_were_added(hub, folder, archive):
    write_private(folder / "secret.key", SECRET_KEY)
    write_private(folder / "vault.keys", VAULT_KEYS)
    assert hub("backup", str(archive), "--with-keys", **NO_KEYS)[0] == 0
    assert hub("vault", "rotate", **NO_KEYS)[0] == 0
    rotated = (folder / "vault.keys").read_text()
    for file in folder.glob("hub.db*"):
        file.unlink()
    code, output = hub("restore", str(archive), **NO_KEYS)
    assert code == 0, output
    assert (folder / "vault.keys").read_text() == rotated
    assert "intact" in hub("audit", "verify", **NO_KEYS)[1]

    for file in folder.glob("hub.db*"):
        file.unlink()
    write_private(folder / "vault.keys", create_key())
    code, output = hub("restore", str(archive), **NO_KEYS)
    assert (code, "vault.keys holds another key than the backup. Move" in output) == (1, True)
    archive.unlink()  # no file that a test leaves may show a key
    for name in ("secret.key", "vault.keys"):
        (folder / name).unlink()


def test_a_refused_restore_leaves_no_keys_behind(hub, folder, archive, empty_folder):
    """The keys of another hub beside a database would end what the database protects."""
    with_keys = archive.with_name("with-keys.zip")
    write_private(folder / "secret.key", SECRET_KEY)
    write_private(folder / "vault.keys", VAULT_KEYS)
    assert hub("backup", str(with_keys), "--with-keys", **NO_KEYS)[0] == 0
    for name in ("secret.key", "vault.keys"):
        (folder / name).unlink()
    code, output = hub("restore", str(with_keys), **NO_KEYS)
    assert (code, "is not empty" in output) == (1, True), output
    assert not list(folder.glob("*key*"))

    code, output = hub("restore", str(with_keys), HUB_DATA=str(empty_folder), HUB_VAULT_KEYS="")
    assert code == 0, output
    rewrite(with_keys, change_the_manifest)
    other_folder = empty_folder.with_name("other")
    code, output = hub("restore", str(with_keys), HUB_DATA=str(other_folder), **NO_KEYS)
    assert (code, "was changed" in output) == (1, True), output
    assert not other_folder.exists()
    with_keys.unlink()  # no file that a test leaves may show a key


def test_key_files_that_the_hub_no_longer_uses_are_no_keys_for_a_backup(hub, folder, archive):
    """They stay in a folder whose keys were moved to the environment and replaced there."""
    with_keys = ("backup", str(archive), "--with-keys")
    write_private(folder / "secret.key", SECRET_KEY)
    write_private(folder / "vault.keys", VAULT_KEYS)
    newest = f"{create_key()}\n{VAULT_KEYS}"
    for name, value in (("HUB_SECRET_KEY", SECRET_KEY[::-1]), ("HUB_VAULT_KEYS", newest)):
        code, output = hub(*with_keys, **{name: value})
        assert (code, "does not hold the keys that the hub works with" in output) == (1, True)
        assert not archive.exists()
    code, output = hub(*with_keys)  # the environment gives the same keys as the files
    assert code == 0, output


def test_a_backup_in_a_folder_has_the_time_in_its_name(hub, tmp_path):
    (tmp_path / "backups").mkdir()
    assert hub("backup", str(tmp_path / "backups"))[0] == 0
    (archive_path,) = (tmp_path / "backups").iterdir()
    assert archive_path.name.startswith("hub-backup-2")
    code, output = hub("backup", str(archive_path))
    assert (code, "exists already" in output) == (1, True)


@pytest.mark.forks
def test_a_backup_removes_what_a_killed_one_left_and_nothing_of_one_under_way(
    hub, tmp_path, monkeypatch
):
    place = tmp_path / "backups"
    place.mkdir()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(archives.os, "fsync", lambda descriptor: os._exit(9))
        hub("backup", str(place / "killed.zip"))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (leftover,) = place.iterdir()
    assert sorted(file.name for file in leftover.iterdir()) == ["archive.zip", "hub.db"]

    under_way = place / ".hub-unfinished-other"
    under_way.mkdir()
    handle = os.open(under_way, os.O_RDONLY)
    lock_descriptor(handle)
    try:
        code, output = hub("backup", str(place / "whole.zip"))
    finally:
        os.close(handle)
    assert code == 0, output
    assert sorted(path.name for path in place.iterdir()) == [under_way.name, "whole.zip"]


def test_a_full_disk_is_named_and_leaves_nothing(hub, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # as on a full disk
    try:
        code, output = hub("backup", str(disk))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, f"The database sqlite:///{disk}/.hub-unf" in output) == (1, True), output
    assert list(disk.iterdir()) == []


def test_a_backup_beside_a_database_that_cannot_be_written_is_said_to_be_complete(
    hub, folder, archive, monkeypatch
):
    """The disk of the database is full, for example, and the backup goes to another one."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(folder / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, output = hub("backup", str(archive))
    assert (code, f"{archive} is complete and can be restored" in output) == (1, True), output
    with archives.open_archive(archive) as backup:
        backup.require_signature(SECRET_KEY)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_lost_connection_is_named_and_the_command_can_be_repeated(
    hub, archive, target, monkeypatch, command
):
    end_sessions = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    class LosingTerminal(Terminal):
        def __call__(self, phase, done, of):
            with psycopg.connect(target) as connection:
                connection.execute(end_sessions)

    assert hub("backup", str(archive))[0] == 0
    arguments = ["restore", str(archive)]
    if command == "backup":
        assert hub(*arguments, HUB_DATABASE_URL=target)[0] == 0
        arguments = ["backup", str(archive.with_name("second.zip"))]
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "Terminal", LosingTerminal)
        code, output = hub(*arguments, HUB_DATABASE_URL=target)
    assert (code, "The database postgresql://" in output) == (1, True), output
    assert "quite-secret" not in output
    code, output = hub(*arguments, HUB_DATABASE_URL=target)
    assert code == 0, output


def test_a_backup_into_a_folder_that_does_not_exist_names_it(hub, tmp_path):
    for place in ("gone/backup.zip", "gone/"):
        code, output = hub("backup", f"{tmp_path}/{place}")
        assert (code, f"There is no folder {tmp_path / 'gone'}." in output) == (1, True)
    assert not (tmp_path / "gone").exists()


def rewrite(archive, change):
    """Write an archive again with changed contents."""
    with zipfile.ZipFile(archive) as source:
        contents = {name: source.read(name) for name in source.namelist()}
    change(contents)
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in contents.items():
            target.writestr(name, content)


def flip_a_byte(contents):
    middle = len(contents["hub.db"]) // 2
    changed = bytes([contents["hub.db"][middle] ^ 1])
    contents["hub.db"] = contents["hub.db"][:middle] + changed + contents["hub.db"][middle + 1 :]


def change_the_manifest(contents):
    manifest = json.loads(contents["manifest.json"])
    manifest["made_at"] = "2020-01-01T00:00:00+00:00"
    contents["manifest.json"] = json.dumps(manifest)


def drop_the_database(contents):
    del contents["hub.db"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flip_a_byte, "its file hub.db is damaged"),
        (change_the_manifest, "signed with another secret.key, or was changed"),
        (drop_the_database, "it is damaged"),
        (dict.clear, "no backup of a hub"),
    ],
)
def test_a_changed_backup_is_refused(hub, archive, empty_folder, change, why):
    assert hub("backup", str(archive))[0] == 0
    rewrite(archive, change)
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder))
    assert (code, why in output) == (1, True), output
    assert not (empty_folder / "hub.db").exists()


def test_half_a_backup_is_refused(hub, archive, empty_folder):
    assert hub("backup", str(archive))[0] == 0
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder))
    assert (code, "it is damaged" in output) == (1, True)


def test_other_keys_are_refused(hub, archive, empty_folder):
    assert hub("backup", str(archive))[0] == 0
    other = {"HUB_VAULT_KEYS": VAULT_KEYS.replace("k1:", "k2:")}
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder), **other)
    assert (code, "encrypted with the key k1" in output) == (1, True)
    other = {"HUB_SECRET_KEY": SECRET_KEY[::-1]}
    code, output = hub("restore", str(archive), HUB_DATA=str(empty_folder), **other)
    assert (code, "another secret.key" in output) == (1, True)
    assert not (empty_folder / "hub.db").exists()


def test_a_backup_whose_secrets_the_keys_do_not_open_says_so(hub, archive):
    warning = "Not all of its secrets open, because this is missing: the key of"
    assert warning not in hub("backup", str(archive))[1]
    other = {"HUB_VAULT_KEYS": VAULT_KEYS.replace("k1:", "k2:")}
    code, output = hub("backup", str(archive.with_name("other.zip")), **other)
    assert (code, warning in output) == (0, True), output


def test_a_backup_is_of_one_moment_while_others_write(app, archive, make_app, monkeypatch):
    """Two rows are always written together; a backup never has only one of them."""
    monkeypatch.setattr(backups, "PAGES_PER_REPORT", 1)
    with engine.transaction() as session:
        session.execute(text("CREATE TABLE pair (number INTEGER, side TEXT, filler TEXT)"))
    number = 0

    def write_a_pair():
        nonlocal number
        number += 1
        with app.app_context(), engine.transaction() as session:
            for side in ("left", "right"):
                values = {"number": number, "side": side, "filler": "x" * 5000}
                insert = "INSERT INTO pair VALUES (:number, :side, :filler)"
                session.execute(text(insert), values)

    def write_between_pages(phase, done, of):
        if number < 20:
            thread = threading.Thread(target=write_a_pair)
            thread.start()
            thread.join()

    write_a_pair()
    backups.back_up(archive, make_app, write_between_pages, keys=False)
    assert number == 20
    with archives.open_archive(archive) as contents:
        contents.extract("hub.db", archive.with_name("look.db"))
    connection = sqlite3.connect(archive.with_name("look.db"))
    assert connection.execute("SELECT count(*), max(number) FROM pair").fetchone() == (2, 1)
    connection.close()


# -- exactly once ----------------------------------------------------------------------------------


@pytest.fixture
def bench(app, quickbooks, clock):
    return PostingBench(app, quickbooks, clock)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_restored_older_backup_posts_nothing_twice(
    bench, app, make_app, archive, empty_folder, database, request
):
    """In a new folder without send counters only the command can know of the restore."""
    first = bench.bill("A-1")
    bench.drain()
    forgotten = bench.bill("A-2")
    backups.back_up(archive, make_app, ignore_progress, keys=False)
    bench.drain()
    bench.bill("A-3")
    bench.drain()
    assert len(bench.bills()) == 3

    empty_folder.mkdir(mode=0o700)
    environ = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS, **INTUIT}
    environ["HUB_DATA"] = str(empty_folder)
    if database == "postgres":
        environ["HUB_DATABASE_URL"] = request.getfixturevalue("target")
    config = configuration.load(environ)
    with archives.open_archive(archive) as contents:
        backups.restore(contents, config, make_app, "test", ignore_progress)
    restored = make_app(
        config,
        mounts=app.extensions["hub"].mounts,
        plugins=Plugins.load([bench.source], installed=False),
    )
    with restored.app_context():
        bench.app = restored
        assert bench.state(forgotten) == "ready"
        drain(bench.company_id, wait_for_doubts=True)
        read_again = bench.bill("A-3")  # the source lists it again
        drain(bench.company_id, wait_for_doubts=True)
        assert [bench.state(id) for id in (first, forgotten, read_again)] == ["posted"] * 3
    assert sorted(bill["DocNumber"] for bill in bench.bills()) == ["A-1", "A-2", "A-3"]
