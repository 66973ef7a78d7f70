"""A data folder without rights: each file is named with its owner and the next step."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import _format_error, main

NOBODY = 65534


@pytest.fixture
def folder():
    """Provide a folder of a user whom the rights of files bind, which root is not."""
    place = Path(tempfile.mkdtemp(prefix="hub-rights-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(place, NOBODY, -1)
        os.seteuid(NOBODY)
    yield place
    if is_root:
        os.seteuid(0)
    shutil.rmtree(place)


@pytest.fixture
def hub(folder):
    """Return a function that calls the command on a new data folder in that folder."""

    def call(*args):
        result = CliRunner().invoke(main, args, env={"HUB_DATA": str(folder / "data")})
        return result.exit_code, result.stdout + result.stderr

    assert call("init")[0] == 0
    return call


def test_check_and_serve_name_a_database_that_cannot_be_written(hub, folder):
    file = folder / "data" / "hub.db"
    file.chmod(0o444)
    sentence = f"The database cannot be written: {file} belongs to "
    for command in (("check",), ("serve", "--port", "0")):
        code, text = hub(*command)
        assert (code, sentence in text) == (1, True), text
        assert f"has mode 0444; run `chmod u+rw {file}`" in text


def test_check_and_serve_name_a_data_folder_that_cannot_be_written(hub, folder):
    data = folder / "data"
    data.chmod(0o555)
    for command in (("check",), ("serve", "--port", "0")):
        code, text = hub(*command)
        assert (code, text.count("The data folder cannot be written")) == (1, 1), text
        assert f"run `chmod u+rwx {data}`" in text
    data.chmod(0o700)


@pytest.mark.parametrize("name", ["audit.head", "locks", "locks/hub.db.folder", "sends/1", "pace"])
def test_check_and_serve_name_what_another_user_left_in_the_data_folder(hub, folder, name):
    """For example after a command that root ran once; the schedules would pause or forget."""
    place = folder / "data" / name
    place.parent.mkdir(exist_ok=True)
    place.mkdir(exist_ok=True) if name in ("locks", "pace") else place.touch()
    place.chmod(0o400)
    for command in (("check",), ("serve", "--port", "0")):
        code, text = hub(*command)
        sentence = f"The data folder has a file that cannot be written: {place} belongs to "
        assert (code, text.count(sentence)) == (1, 1), text
    place.chmod(0o700)


def test_an_audit_head_of_somebody_else_is_no_broken_log(hub, folder):
    head = folder / "data" / "audit.head"
    hub("users", "list")
    head.touch()
    head.chmod(0)
    code, text = hub("audit", "verify")
    expected = f"{head} cannot be written: Permission denied. Nothing was lost; solve that"
    assert (code, expected in text) == (1, True), text


def test_a_key_of_somebody_else_is_named_with_its_owner(folder):
    key = folder / "vault.keys"
    key.touch(mode=0)
    with pytest.raises(PermissionError) as raised:
        key.read_text()
    text = _format_error(raised.value)
    assert text.startswith(f"The file {key} cannot be used: Permission denied. Nothing was lost: ")
    assert text.endswith(f"has mode 0000; run `chmod u+rw {key}`.")
    if os.access("/", os.W_OK, effective_ids=True):
        return
    text = _format_error(PermissionError(13, "Permission denied", "/etc/hub/secret.key"))
    assert "and this command runs as " in text
    assert text.endswith("; run it as root, or change the owner.")
