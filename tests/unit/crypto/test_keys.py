"""Keys: random, private, and refused if they are weak."""

import base64
import os
import resource
import stat
import threading

import pytest

from hub.crypto import keys
from hub.errors import ConfigurationError

GOOD = "k20260302a1b2c3:q5h3vJ0mXy8cB1rT6uZ2wE9sD4gF7aLpNkVbMxQeYtI="


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_a_private_folder_and_two_private_keys(tmp_path):
    data = tmp_path / "hub"
    assert len(keys.initialise(data)) == 3
    assert [mode(path) for path in (data, data / "secret.key", data / "vault.keys")] == [
        0o700,
        0o600,
        0o600,
    ]


def test_a_folder_that_others_use_is_refused_and_stays_open(tmp_path):
    """As root, `hub init` would close /etc to every other account."""
    folder = tmp_path / "etc"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "passwd").touch()
    with pytest.raises(ConfigurationError, match=r"has other files and is open .* `chmod 700 "):
        keys.initialise(folder)
    assert (stat.S_IMODE(folder.stat().st_mode), len(list(folder.iterdir()))) == (0o755, 1)
    folder.chmod(0o700)
    assert len(keys.initialise(folder)) == 2


def test_init_run_again_makes_nothing_and_keeps_the_keys(tmp_path):
    keys.initialise(tmp_path / "hub")
    before = (tmp_path / "hub" / "vault.keys").read_text()
    assert keys.initialise(tmp_path / "hub") == []
    assert (tmp_path / "hub" / "vault.keys").read_text() == before


def test_init_makes_no_key_file_for_a_key_that_is_given(tmp_path):
    new_parts = keys.initialise(tmp_path / "hub", {"HUB_SECRET_KEY", "HUB_VAULT_KEYS"})
    assert new_parts == [f"data folder {tmp_path / 'hub'}"]


def test_init_closes_a_folder_that_was_open(tmp_path):
    (tmp_path / "hub").mkdir(mode=0o755)
    keys.initialise(tmp_path / "hub")
    assert mode(tmp_path / "hub") == 0o700


def test_init_refuses_a_key_file_that_others_may_read(tmp_path):
    keys.initialise(tmp_path / "hub")
    (tmp_path / "hub" / "vault.keys").chmod(0o644)
    with pytest.raises(
        ConfigurationError, match=r"vault\.keys may be read by others than its owner \(mode 0644\)"
    ):
        keys.initialise(tmp_path / "hub")


def test_two_hubs_never_have_the_same_keys(tmp_path):
    for name in ("one", "two"):
        keys.initialise(tmp_path / name)
    for file in ("secret.key", "vault.keys"):
        assert (tmp_path / "one" / file).read_text() != (tmp_path / "two" / file).read_text()


def test_a_ring_is_read_newest_first_by_line_or_comma():
    other = keys.create_key()
    for text in (f"{GOOD}\n{other}\n", f" {GOOD} , {other} "):
        assert [name for name, _ in keys.parse_ring("HUB_VAULT_KEYS", text)] == [
            key.partition(":")[0] for key in (GOOD, other)
        ]


@pytest.mark.parametrize(
    ("ring", "sentence"),
    [
        ("", "HUB_VAULT_KEYS holds no key; `hub init` makes a good one."),
        ("k1", "must hold keys as `id:key`, the key being 32 bytes in base64"),
        ("k1:not base64!", "must hold keys as `id:key`"),
        (f"k1:{base64.b64encode(b'x' * 16).decode()}", "must hold keys as `id:key`"),
        (
            f"k1:{base64.b64encode(bytes(32)).decode()}",
            "holds key 'k1', which is a default or could be guessed",
        ),
        (
            f"k1:{base64.b64encode(b'please-change-me-1234567890abcde').decode()}",
            "could be guessed",
        ),
        (f"{GOOD}\n{GOOD}", "holds the same key or key id twice"),
        (f"a b:{GOOD.partition(':')[2]}", "must hold keys as `id:key`"),
    ],
)
def test_a_ring_that_cannot_be_used_is_refused_without_telling_its_keys(ring, sentence):
    with pytest.raises(ConfigurationError) as caught:
        keys.parse_ring("HUB_VAULT_KEYS", ring)
    assert sentence in caught.value.text
    assert GOOD.partition(":")[2] not in caught.value.text


def test_a_new_vault_key_goes_before_the_others(tmp_path):
    keys.initialise(tmp_path)
    old = keys.read_ring(tmp_path)
    added = keys.add_vault_key(tmp_path)
    assert [name for name, _ in keys.read_ring(tmp_path)] == [added, old[0][0]]
    assert mode(tmp_path / "vault.keys") == 0o600


def test_two_new_vault_keys_at_the_same_time_are_both_kept(tmp_path, monkeypatch):
    keys.initialise(tmp_path)
    write_private = keys.write_private
    second = threading.Thread(target=keys.add_vault_key, args=(tmp_path,))

    def write_after_another(path, text):
        if not second.ident:
            second.start()
            second.join(0.2)  # it waits until this file is written
        write_private(path, text)

    monkeypatch.setattr(keys, "write_private", write_after_another)
    first_id = keys.add_vault_key(tmp_path)
    second.join()
    ring = keys.read_ring(tmp_path)
    assert (len(ring), ring[1][0]) == (3, first_id)


def test_a_new_vault_key_is_on_the_disk_before_anything_is_sealed_with_it(tmp_path, monkeypatch):
    keys.initialise(tmp_path)
    synced = []

    def note(handle):
        names = [path.name for path in tmp_path.iterdir() if path.name.startswith(".vault")]
        synced.append((os.fstat(handle).st_ino, len(names)))

    monkeypatch.setattr(keys.os, "fsync", note)
    keys.add_vault_key(tmp_path)
    file, folder = (tmp_path / "vault.keys").stat().st_ino, tmp_path.stat().st_ino
    assert synced == [(file, 1), (folder, 0)]  # the folder after the draft has become the file


def test_a_key_that_cannot_be_written_leaves_no_file(tmp_path):
    keys.initialise(tmp_path)
    (tmp_path / "locks").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # as on a full disk
    try:
        with pytest.raises(OSError, match=r"File too large: '.*/vault\.keys'"):
            keys.add_vault_key(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in tmp_path.iterdir()} == {"secret.key", "vault.keys", "locks"}


def test_a_new_vault_key_cannot_be_put_where_there_is_none(tmp_path):
    with pytest.raises(ConfigurationError, match="`hub init` makes one"):
        keys.add_vault_key(tmp_path)
    assert keys.read_ring(tmp_path) == ()


@pytest.mark.parametrize(
    ("bits", "is_credential", "is_accepted"),
    [
        (0o400, True, True),
        (0o440, True, True),  # systemd lets the service read it by an access list
        (0o444, True, False),
        (0o460, True, False),
        (0o440, False, False),
    ],
)
def test_a_credential_of_systemd_is_private_although_its_mode_shows_a_group(
    tmp_path, monkeypatch, bits, is_credential, is_accepted
):
    path = tmp_path / "credentials" / "secret.key"
    path.parent.mkdir()
    path.write_text(GOOD)
    path.chmod(bits)
    folder = path.parent if is_credential else tmp_path
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    if is_accepted:
        keys.check_private(path)
        return
    with pytest.raises(ConfigurationError, match="may be read by others"):
        keys.check_private(path)


def test_a_running_hub_reads_new_keys_from_the_file_that_its_setting_names(
    make_app, make_config, tmp_path
):
    file = tmp_path / "keys-of-all-machines"
    old, new = keys.create_key(), keys.create_key()
    keys.write_private(file, old)
    settings = {"HUB_VAULT_KEYS": "", "HUB_VAULT_KEYS_FILE": str(file)}
    vault = make_app(make_config(**settings)).extensions["hub"].vault
    keys.write_private(file, f"{new}\n{old}")
    elsewhere = make_app(make_config(**settings)).extensions["hub"].vault
    assert vault.open("place", elsewhere.seal("place", "secret")) == "secret"
