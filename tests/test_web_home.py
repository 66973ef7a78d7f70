"""The home page: what needs a person, the health of companies, counts and the chart."""

import re

from hub import store
from hub.models import Case, Token
from hub.testing.clock import FakeClock
from hub.web import home
from tests.visitor import Visitor


def test_open_cases_come_first_then_health_and_counts(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/")
    places = [page.index(text) for text in ("Needs you", "Nordvik Bygg AS", "CostTracker</a>", "Posted in the last")]
    assert places == sorted(places)
    assert "The connection holds for 96 days" in page


def test_a_connection_that_ends_soon_is_warned_of(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), store.transaction() as session:
        token = session.get_one(Token, visitor.story.company)
        token.refresh_expires_at = clock.now()
    visitor.log_in("vera")
    assert "The connection ends in 0 days" in visitor.page("/")


def test_the_chart_is_a_picture_of_ours_with_the_figures_beside_it(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/")
    assert re.search(r'<img class="chart" src="/charts/posted.svg"[^>]*alt="[^"]{20,}"', page)
    assert "Documents posted by day and app" in page
    chart = visitor.get("/charts/posted.svg")
    assert chart.mimetype == "image/svg+xml"
    assert "<script" not in chart.text
    assert "http://www.w3.org" in chart.text
    assert "cdn" not in chart.text


def test_the_steps_of_the_chart_are_round_and_few() -> None:
    assert [home._steps(highest) for highest in (1, 4, 9, 134)] == [
        [0, 1], [0, 1, 2, 3, 4], [0, 5, 10], [0, 50, 100, 150],
    ]  # fmt: skip


def test_with_nothing_open_it_says_so(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), store.transaction() as session:
        for case in session.query(Case):
            case.closed_at = clock.now()
    visitor.log_in("vera")
    assert "Nothing needs you" in visitor.page("/")
