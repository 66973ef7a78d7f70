"""Stored tokens: bound to their credentials, renewed once, by one process where that matters."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from hub import BoundSecrets, TokenCache
from hub.testing.bench import SecretsInMemory


class Source:
    """A source that accepts one token at a time."""

    def __init__(self, secrets, *credentials, exclusive=False):
        self.bound = BoundSecrets(secrets, *credentials)
        self.tokens = TokenCache(self.bound, self.issue, exclusive=exclusive)
        self.issued, self.sent, self.valid = 0, [], None

    def issue(self):
        self.issued += 1
        self.valid = f"token {self.issued}"
        return self.valid

    def send(self, token):
        self.sent.append(token)
        return SimpleNamespace(status=200 if token == self.valid else 401)


def test_a_token_is_issued_once_and_then_used():
    source = Source(SecretsInMemory(), "https://shed", "id", "secret")
    assert [source.tokens.call(source.send).status for _ in range(3)] == [200, 200, 200]
    assert source.issued == 1


def test_a_rejected_token_is_renewed_and_the_request_repeated():
    source = Source(SecretsInMemory(), "id")
    source.tokens.renew()
    source.valid = None
    assert source.tokens.call(source.send).status == 200
    assert source.sent == ["token 1", "token 2"]


def test_a_source_that_rejects_every_token_is_called_only_twice():
    source = Source(SecretsInMemory(), "id")
    source.issue = lambda: "never valid"
    source.tokens = TokenCache(source.bound, source.issue)
    assert source.tokens.call(source.send).status == 401
    assert len(source.sent) == 2


def test_values_of_other_credentials_are_ignored():
    secrets = SecretsInMemory()
    BoundSecrets(secrets, "https://shed", "id", "old").put("access_token", "of the old ones")
    assert BoundSecrets(secrets, "https://shed", "id", "new").get("access_token") == ""
    assert BoundSecrets(secrets, "https://shed", "id", "old").get("access_token")
    assert "old" not in secrets["access_token"].split()[0]


def test_the_parts_of_credentials_are_not_mixed_up():
    secrets = SecretsInMemory()
    BoundSecrets(secrets, "a", "bc").put("access_token", "x")
    assert BoundSecrets(secrets, "ab", "c").get("access_token") == ""


def test_secrets_that_are_bound_to_nothing_are_refused_with_a_sentence():
    with pytest.raises(TypeError, match=r"Pass BoundSecrets\(site.secrets, …\) with the address"):
        TokenCache(SecretsInMemory(), lambda: "token")


class OtherProcess(SecretsInMemory):
    """Secrets that another process renews while this one waits for the lock."""

    token = ""

    @contextmanager
    def lock(self):
        if self.token:
            BoundSecrets(self, "id").put("access_token", self.token)
        yield


def test_an_exclusive_token_that_another_process_renewed_is_used():
    secrets = OtherProcess()
    source = Source(secrets, "id", exclusive=True)
    source.tokens.renew()
    source.valid = secrets.token = "token of the other process"
    assert source.tokens.call(source.send).status == 200
    assert source.issued == 1


def test_an_exclusive_token_that_nobody_renewed_is_renewed():
    source = Source(SecretsInMemory(), "id", exclusive=True)
    source.tokens.renew()
    source.tokens.renew()
    assert source.issued == 2
