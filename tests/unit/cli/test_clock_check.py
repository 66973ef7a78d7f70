"""A clock of this machine that differs from that of PostgreSQL's server is named."""

import datetime as dt

import pytest

from hub.cli import clock_check
from hub.context import get_hub


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "5 min ahead of that of"), (-90, "90 min behind that of"), (0, "")]
)
def test_a_clock_that_differs_from_the_servers_is_named(pg_app, monkeypatch, minutes, words):
    now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    monkeypatch.setattr(type(get_hub(pg_app).clock), "now", lambda _: now)
    texts = [result.text for result in clock_check.iter_checks()]
    assert len(texts) == bool(minutes)
    assert all(words in text for text in texts)


def test_a_database_file_has_the_clock_of_its_machine(app):
    assert list(clock_check.iter_checks()) == []
