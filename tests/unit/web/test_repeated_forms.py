"""Forms that a person sends twice at once: on PostgreSQL the second one waits for the first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.config import Config
from hub.db.engine import read_only_session, transaction
from hub.installations import source_access
from hub.models import Access, AuditEntry, CompanyNotification, NotificationChoice, SavedFilter
from hub.notifications import mail_timing
from hub.security import people
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_company, add_installation, add_people
from tests.support.servers.blocked_transactions import wait_until_blocked

NOTIFICATIONS = "/account/notifications"
FILTERS = "/documents/filters/save"
APP = "ontraccr"


@pytest.fixture
def visitor(
    postgres_url: str, make_app: Callable[..., Flask], make_config: Callable[..., Config]
) -> Visitor:
    """Provide the pages of a hub on PostgreSQL, with a company and its app."""
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url), pages=True)
    with app.app_context(), transaction() as session:
        add_people(session)
        company = add_company(session)
        story = Story(company.id, add_installation(session, company).id)
    return Visitor(app, story)


def send_beside(
    visitor: Visitor, first: Callable[[Session, int], object], path: str, **form: Any
) -> int:
    """Send a form while the transaction of the first one is open; return the status.

    `first` writes what the first form wrote for the person who is logged in.
    """
    with visitor.app.app_context(), ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            first(session, people.get(session, visitor._name).id)
            answer = threads.submit(visitor.post, path, **form)
            wait_until_blocked(session)
        return answer.result().status_code


def count(visitor: Visitor, model: Any, *conditions: Any) -> int:
    with visitor.app.app_context(), read_only_session() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_a_filter_that_is_saved_twice_at_once_is_there_once(visitor: Visitor) -> None:
    def save(session: Session, person_id: int) -> None:
        people.lock(session, person_id)
        session.add(SavedFilter(user_id=person_id, name="Late", query="state=review"))
        session.flush()

    visitor.log_in("vera")
    assert send_beside(visitor, save, FILTERS, name="Late", state="held") == 302
    assert count(visitor, SavedFilter) == 1
    assert count(visitor, SavedFilter, SavedFilter.query == "state=held") == 1


def test_the_choices_about_mail_may_be_saved_twice_at_once(visitor: Visitor) -> None:
    app, company = visitor.story.installation, visitor.story.company

    def store(session: Session, person_id: int) -> None:
        people.lock(session, person_id)
        mail_timing.store(session, person_id, {app: "off", None: "off"})
        mail_timing.store_for_companies(session, person_id, {company: "off"})
        session.flush()

    form = {
        "timing-other": "daily",
        f"timing-{app}": "daily",
        f"timing-company-{company}": "daily",
    }
    visitor.log_in("vera")
    assert send_beside(visitor, store, NOTIFICATIONS, **form) == 302
    assert count(visitor, NotificationChoice, NotificationChoice.timing == "daily") == 2
    assert count(visitor, CompanyNotification, CompanyNotification.timing == "daily") == 1


@pytest.mark.parametrize(("name", "act"), [("vera", "ask"), ("olga", "grant")])
def test_access_may_be_requested_twice_at_once(visitor: Visitor, name: str, act: str) -> None:
    company = visitor.story.company

    def request(session: Session, person_id: int) -> None:
        assert source_access.request(session, company, APP, who="arne")

    visitor.log_in(name)
    assert send_beside(visitor, request, f"/apps/{APP}/{company}/{act}") == 302
    assert count(visitor, Access, Access.requested_by == "arne") == 1
    assert count(visitor, Access, Access.granted_by == "olga") == (act == "grant")
    assert count(visitor, AuditEntry, AuditEntry.what == "access asked for") == 0
