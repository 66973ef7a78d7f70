"""A page whose connection to PostgreSQL is lost after its content was complete."""

import pytest
from flask import request_finished

from hub.db import engine
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_people, add_story

END_SESSIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def visitor(postgres_url, make_app, make_config):
    """Return a visitor who is logged in to a hub on PostgreSQL."""
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url), pages=True)
    with app.app_context(), engine.transaction() as session:
        add_people(session)
        story = add_story(session)
    visitor = Visitor(app, story)
    visitor.log_in("olga")
    return visitor


def test_a_complete_page_is_answered_although_the_connection_of_its_log_in_is_lost(
    visitor, postgres_url
):
    ended = []

    def end_sessions(app, response, **ignored):
        """End all sessions of the database, as a restart of PostgreSQL does."""
        server = engine.create_standalone_engine(postgres_url)
        with server.connect() as connection:
            ended.extend(connection.exec_driver_sql(END_SESSIONS).scalars())
        server.dispose()

    request_finished.connect(end_sessions, visitor.app)
    assert visitor.get("/inbox/").status_code == 200
    assert ended
    assert all(ended)
    request_finished.disconnect(end_sessions, visitor.app)
    assert visitor.get("/inbox/").status_code == 200  # still logged in, on a new connection
