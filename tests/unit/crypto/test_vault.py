"""Encrypted secrets open only in their place and with their key ring."""

import pytest

from hub.crypto.keys import create_key, parse_ring
from hub.crypto.vault import Vault
from hub.errors import VaultError

OLD, NEW = parse_ring("test", create_key())[0], parse_ring("test", create_key())[0]
PLACE, TEXT = "company:1:refresh", "AB11-refresh-token-æøå"


@pytest.fixture
def vault():
    return Vault([OLD])


def test_a_sealed_text_opens_again(vault):
    assert vault.open(PLACE, vault.seal(PLACE, TEXT)) == TEXT


def test_nothing_of_the_text_shows_in_the_seal(vault):
    assert b"refresh-token" not in vault.seal(PLACE, TEXT)


def test_the_same_text_is_never_sealed_alike_twice(vault):
    assert len({vault.seal(PLACE, TEXT) for _ in range(100)}) == 100


def test_a_secret_moved_to_another_place_does_not_open(vault):
    with pytest.raises(VaultError, match="The secret at company:2:refresh cannot be opened"):
        vault.open("company:2:refresh", vault.seal(PLACE, TEXT))


def test_no_bit_of_a_seal_can_be_changed_unseen(vault):
    sealed = vault.seal(PLACE, TEXT)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultError):
            vault.open(PLACE, bytes(changed))


def test_no_seal_that_was_cut_short_opens(vault):
    sealed = vault.seal(PLACE, TEXT)
    for length in range(len(sealed)):
        with pytest.raises(VaultError):
            vault.open(PLACE, sealed[:length])


def test_an_error_names_the_place_and_the_next_step_but_never_the_secret(vault):
    with pytest.raises(VaultError) as caught:
        vault.open(PLACE, TEXT.encode())
    assert (
        caught.value.text
        == f"What is kept at {PLACE} is not a sealed secret; enter it again, or reconnect."
    )


def test_another_key_under_the_same_id_does_not_open(vault):
    with pytest.raises(VaultError, match="its key is another one"):
        Vault([(OLD[0], NEW[1])]).open(PLACE, vault.seal(PLACE, TEXT))


def test_a_key_that_is_not_in_the_ring_is_named(vault):
    with pytest.raises(
        VaultError, match=f"sealed with key '{OLD[0]}', which HUB_VAULT_KEYS does not hold"
    ):
        Vault([NEW]).open(PLACE, vault.seal(PLACE, TEXT))


def test_an_older_key_still_opens_and_the_newest_seals(vault):
    both = Vault([NEW, OLD])
    assert both.open(PLACE, vault.seal(PLACE, TEXT)) == TEXT
    assert (both.is_current(vault.seal(PLACE, TEXT)), both.is_current(both.seal(PLACE, TEXT))) == (
        False,
        True,
    )


def test_a_running_vault_reads_a_key_that_another_process_added(vault):
    running = Vault([OLD], reread=lambda: [NEW, OLD])
    assert running.open(PLACE, Vault([NEW, OLD]).seal(PLACE, TEXT)) == TEXT
    assert Vault([NEW]).open(PLACE, running.seal(PLACE, TEXT)) == TEXT


def test_a_ring_that_lacks_the_key_as_well_is_not_taken(vault):
    running = Vault([OLD], reread=lambda: [NEW])
    with pytest.raises(VaultError, match="which HUB_VAULT_KEYS does not hold"):
        running.open(PLACE, Vault([("k9", NEW[1])]).seal(PLACE, TEXT))
    assert vault.open(PLACE, running.seal(PLACE, TEXT)) == TEXT


def test_there_is_no_vault_without_a_key():
    with pytest.raises(VaultError, match="has no key"):
        Vault([])


def test_a_key_whose_id_is_not_ascii_opens_what_it_sealed():
    vault = Vault(parse_ring("HUB_VAULT_KEYS", "nøkkel" + create_key()[8:]))
    sealed = vault.seal("a", "secret")
    assert vault.open("a", sealed) == "secret"
    assert vault.is_current(sealed)
