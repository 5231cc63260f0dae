"""Secrets at rest: unreadable without the key, and the key can be changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.vault import Vault, VaultError, fingerprint, fresh_key

OLD, NEW = "an old key of enough length", "a new key of enough length"


@given(st.text())
def test_what_was_sealed_is_opened(words):
    sealed = Vault(OLD).seal(words)
    assert Vault(OLD).open(sealed) == words


def test_a_sealed_secret_shows_nothing_of_itself_and_never_looks_the_same():
    first, second = Vault(OLD).seal("xoxb-secret"), Vault(OLD).seal("xoxb-secret")
    assert b"secret" not in first
    assert first != second


def test_while_keys_change_both_are_read_and_the_new_one_seals():
    both = Vault(f"{NEW}, {OLD}")
    assert both.open(Vault(OLD).seal("x")) == "x"
    assert Vault(NEW).open(both.seal("y")) == "y"


def test_without_the_former_key_it_says_what_to_do():
    sealed = Vault(OLD).seal("x")
    with pytest.raises(VaultError, match="put the former SLUICE_SECRET_KEY behind the new one"):
        Vault(NEW).open(sealed)


def test_a_changed_secret_is_refused():
    sealed = bytearray(Vault(OLD).seal("x"))
    sealed[20] ^= 1
    with pytest.raises(VaultError):
        Vault(OLD).open(bytes(sealed))


def test_several_secrets_travel_together():
    assert Vault(OLD).open_all(Vault(OLD).seal_all({"token": "t", "密钥": "值"})) == {"token": "t", "密钥": "值"}


def test_a_fingerprint_names_a_secret_and_does_not_tell_it():
    key = fresh_key()
    assert fingerprint(key) == fingerprint(key) != fingerprint(fresh_key())
    assert key not in fingerprint(key)
    assert len(key) >= 32
