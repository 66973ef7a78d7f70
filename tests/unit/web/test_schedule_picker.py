"""The picker of a schedule: how its choices are stored, and the next times it shows."""

import datetime as dt

import pytest
from werkzeug.datastructures import MultiDict

from hub.db import engine
from hub.models import Installation
from hub.testing.clock import FakeClock
from hub.web.apps import schedule_picker
from tests.support.pages.page_visitor import Visitor

NORWEGIAN = {"Accept-Language": "nb-NO"}


@pytest.mark.parametrize(
    ("form", "schedule"),
    [
        ({"schedule": " 2h "}, "2h"),
        ({"often": "15m", "schedule": "2h"}, "15m"),
        ({"often": "daily", "daily_at": "06:05"}, "5 6 * * *"),
        ({"often": "weekdays", "daily_at": "18:30"}, "30 18 * * 1-5"),
        ({"often": "custom", "schedule": "0 */4 * * *"}, "0 */4 * * *"),
        ({"often": "daily", "daily_at": ""}, "daily at "),
    ],
)
def test_a_choice_becomes_a_schedule(form: dict[str, str], schedule: str) -> None:
    assert schedule_picker.read_schedule(MultiDict(form)) == schedule


@pytest.mark.parametrize(
    ("schedule", "choice", "time"),
    [
        ("30m", "30m", "06:00"),
        ("5 6 * * *", "daily", "06:05"),
        ("30 18 * * 1-5", "weekdays", "18:30"),
        ("30 18 1 * *", "custom", "06:00"),
        ("3h", "custom", "06:00"),
        ("often", "custom", "06:00"),
    ],
)
def test_a_stored_schedule_is_shown_as_its_choice(
    visitor: Visitor, schedule: str, choice: str, time: str
) -> None:
    with visitor.app.app_context():
        picker = schedule_picker.build_picker(schedule, "UTC")
    assert (picker.choice, picker.time) == (choice, time)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("30m", "hvert 30. minutt"),
        ("5 6 * * *", "hver dag kl. 06:05"),
        ("30 18 * * 1-5", "mandag til fredag kl. 18:30"),
        ("0 6 1 * *", "cron 0 6 1 * *"),
    ],
)
def test_a_schedule_is_described_in_the_language_of_the_reader(
    visitor: Visitor, schedule: str, words: str
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).schedule = schedule
    visitor.log_in("vera")
    page = visitor.get(f"/installations/{visitor.story.installation}/", headers=NORWEGIAN).text
    assert f"<dd>{words} <span" in page


def test_the_next_five_times_are_those_of_the_zone_and_leave_out_the_weekend(
    visitor: Visitor, clock: FakeClock
) -> None:
    clock.set(dt.datetime(2026, 3, 26, 11, 0, tzinfo=dt.UTC))  # a Thursday before summer time
    visitor.log_in("vera")
    query = {"often": "weekdays", "daily_at": "06:30", "schedule": "15m", "zone": "Europe/Oslo"}
    page = visitor.get("/schedule/next", query_string=query).text
    times = ["Fri 27 Mar", "Mon 30 Mar", "Tue 31 Mar", "Wed 01 Apr", "Thu 02 Apr"]
    assert " · ".join(f"{day} 06:30" for day in times) + "." in page
    norwegian = visitor.get("/schedule/next", query_string=query, headers=NORWEGIAN).text
    assert "fre. 27. mars 06:30 · man. 30. mars 06:30" in norwegian


def test_an_interval_counts_from_the_end_of_each_run(visitor: Visitor, clock: FakeClock) -> None:
    clock.set(dt.datetime(2026, 3, 2, 11, 0, tzinfo=dt.UTC))
    visitor.log_in("vera")
    page = visitor.get("/schedule/next?often=1h&zone=UTC").text
    assert "Mon 02 Mar 12:00 · Mon 02 Mar 13:00" in page
    assert "counted from the end of each run" in page


@pytest.mark.parametrize(
    "query",
    [
        "",
        "often=daily&daily_at=9",
        "schedule=often&zone=UTC",
        "often=1h&zone=Mars",
        "schedule=0 0 30 2 *&zone=UTC",
    ],
)
def test_an_invalid_schedule_has_no_next_times(visitor: Visitor, query: str) -> None:
    visitor.log_in("vera")
    answer = visitor.get(f"/schedule/next?{query}")
    assert (answer.status_code, "Next runs" in answer.text) == (200, False)
