"""Passwords of a list of leaked ones are refused wherever one is set, if there is a list."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub import config
from hub.errors import ConfigurationError, Refused
from hub.security import passwords
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

LEAKED = "tulip gearbox sonnet 41"
COMPOSED, DECOMPOSED = "kjæledyr på månen igjen", "kjæledyr pa\u030a ma\u030anen igjen"


@pytest.fixture
def hash_file(tmp_path: Path) -> Path:
    """Return a list with two leaked passwords among others."""
    texts = [LEAKED, COMPOSED, *map(str, range(50))]
    hashes = (hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for text in texts)
    path = tmp_path / "leaked.txt"
    path.write_text("".join(f"{digest.upper()}:3\n" for digest in sorted(hashes)))
    return path


@pytest.fixture
def visitor(open_pages: Callable[..., Visitor], hash_file: Path) -> Visitor:
    """Provide an owner of a hub with a list of leaked passwords."""
    olga = open_pages("people", HUB_BREACHED_PASSWORDS_FILE=str(hash_file))
    olga.log_in("olga")
    return olga


def test_a_leaked_password_is_refused_for_a_new_person(visitor: Visitor) -> None:
    form = {"name": "kari@example.com", "role": "viewer"}
    answer = visitor.post("/people/add", password=LEAKED, **form)
    assert (answer.status_code, "passwords that were leaked" in answer.text) == (400, True)
    assert LEAKED not in answer.text
    assert "may now log in" in visitor.press("/people/add", password=PASSWORD, **form)


def test_a_leaked_password_is_refused_when_a_password_changes(visitor: Visitor) -> None:
    form = {"password": PASSWORD, "new_password": LEAKED, "new_password_confirm": LEAKED}
    answer = visitor.post("/password", **form)
    assert (answer.status_code, "passwords that were leaked" in answer.text) == (200, True)


def test_every_form_of_a_password_is_looked_up(visitor: Visitor) -> None:
    with visitor.app.app_context():
        for password in (COMPOSED, DECOMPOSED):
            assert "leaked" in passwords.find_problem(password)
        assert passwords.find_problem(PASSWORD) == ""


def test_without_a_list_nothing_is_looked_up(open_pages: Callable[..., Visitor]) -> None:
    with open_pages("people").app.app_context():
        assert passwords.find_problem(LEAKED) == ""


def test_no_password_passes_while_the_list_cannot_be_read(
    visitor: Visitor, hash_file: Path
) -> None:
    hash_file.unlink()
    with visitor.app.app_context(), pytest.raises(Refused, match="HUB_BREACHED_PASSWORDS_FILE"):
        passwords.require_good(PASSWORD)


@pytest.mark.parametrize("content", [None, "password\n"])
def test_a_file_that_is_no_list_is_refused_at_the_start(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_text(content)
    environ: dict[str, Any] = {
        "HUB_DATA": str(tmp_path),
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_VAULT_KEYS": VAULT_KEYS,
        "HUB_BREACHED_PASSWORDS_FILE": str(path),
    }
    with pytest.raises(ConfigurationError, match="HUB_BREACHED_PASSWORDS_FILE"):
        config.load(environ)
