"""Fixtures of the tests of schedules and runs."""

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask

from hub.context import current_hub


@pytest.fixture
def now(either_app: Flask) -> Iterator[dt.datetime]:
    """Provide the time of a hub on each database in turn, in its application context."""
    with either_app.app_context():
        yield current_hub().clock.now()
