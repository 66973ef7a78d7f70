"""No password is hashed while the database is locked for writing."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub import demo
from hub.cli import accounts
from hub.testing.clock import FakeClock
from hub.web.administration import first_owner
from tests.support.pages.invitation_pages import accept_invitation, code_in
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.setup_pages import become_owner
from tests.support.rows.page_rows import PASSWORD, Story

NEW = "kari@example.com"
OWN = "tulip gearbox sonnet 41"


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Flask], list[str]]:
    """Return a function that lets another connection write whenever the app hashes a password."""

    def begin(app: Flask) -> list[str]:
        actions: list[str] = []
        context = app.extensions["security"].pwd_context
        database = app.extensions["hub"].config.data / "hub.db"

        def writing(action: str, carry_out: Callable[..., Any]) -> Callable[..., Any]:
            def meanwhile(*values: Any, **options: Any) -> Any:
                with closing(sqlite3.connect(database, timeout=0)) as other, other:
                    other.execute("BEGIN IMMEDIATE")  # raises if somebody else writes
                    other.rollback()
                other.close()
                actions.append(action)
                return carry_out(*values, **options)

            return meanwhile

        for action in ("hash", "verify"):
            monkeypatch.setattr(context, action, writing(action, getattr(context, action)))
        return actions

    return begin


def test_a_person_is_added_on_the_page_without_a_lock_during_the_hash(
    visitor: Visitor, watch: Callable[[Flask], list[str]]
) -> None:
    visitor.log_in("olga")
    actions = watch(visitor.app)
    page = visitor.press("/people/add", name=NEW, password=PASSWORD, role="operator")
    assert "may now log in as operator" in page
    assert actions == ["hash"]


def test_a_name_that_is_used_costs_no_hash(
    visitor: Visitor, watch: Callable[[Flask], list[str]]
) -> None:
    visitor.log_in("olga")
    visitor.press("/people/add", name=NEW, password=PASSWORD, role="operator")
    actions = watch(visitor.app)
    answer = visitor.post("/people/add", name=NEW.upper(), password=PASSWORD, role="operator")
    assert (answer.status_code, "already a person" in answer.text, actions) == (400, True, [])


def test_the_first_owner_is_added_without_a_lock_during_the_hash(
    make_app: Callable[..., Flask],
    make_config: Callable[..., Any],
    empty_database: Path,
    watch: Callable[[Flask], list[str]],
) -> None:
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, pages=True)
    with app.app_context():
        code = first_owner.get_setup_code().issue()
    actions = watch(app)
    answer = become_owner(Visitor(app, Story(0, 0)), code)
    assert (answer.status_code, actions) == (302, ["hash"])


def test_a_person_is_added_by_command_without_a_lock_during_the_hash(
    visitor: Visitor, watch: Callable[[Flask], list[str]]
) -> None:
    actions = watch(visitor.app)
    with visitor.app.app_context():
        accounts.add_person(NEW, "viewer", PASSWORD)
    assert actions == ["hash"]


def test_the_person_of_a_demo_is_added_without_a_lock_during_the_hash(
    visitor: Visitor, watch: Callable[[Flask], list[str]], clock: FakeClock
) -> None:
    actions = watch(visitor.app)
    with visitor.app.app_context():
        demo._create_person(visitor.app.extensions["hub"].config.data)
    assert actions == ["hash"]


def test_log_in_and_a_new_password_hold_no_lock_during_the_hashes(
    visitor: Visitor, watch: Callable[[Flask], list[str]], clock: FakeClock
) -> None:
    actions = watch(visitor.app)
    visitor.log_in("olga")
    form = {"password": PASSWORD, "new_password": OWN, "new_password_confirm": OWN}
    visitor.press("/password", **form)
    clock.advance(600)
    visitor.press("/confirm", confirm_password=OWN)
    assert actions.count("hash") == 1
    assert actions.count("verify") >= 3


def test_an_invitation_is_accepted_without_a_lock_during_the_hash(
    visitor: Visitor, watch: Callable[[Flask], list[str]]
) -> None:
    visitor.log_in("olga")
    code = code_in(visitor.post("/people/invite", address=NEW, role="viewer").text)
    actions = watch(visitor.app)
    assert accept_invitation(visitor, code)[1].status_code == 302
    assert actions == ["hash"]
