"""A hook of a plugin that does not return is named in the log, and in that of its run."""

import logging
import shutil

import pytest
from sqlalchemy import select

from hub import hookimpl
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session
from hub.models import RunLine
from hub.scheduling import runner
from hub.scheduling.scheduler import Scheduler
from tests.support.sources.small_source import SmallSource, bill, install_small_source, make_page

LONG = "The plugin of Small has been in its hook {} for {} minutes."


class SleepingSource(SmallSource):
    """A source whose hooks take some minutes; meanwhile the scheduler looks for long ones."""

    minutes = ()
    scheduler = None

    def sleep(self):
        for minutes in self.minutes:
            current_hub().clock.advance(minutes * 60)
            self.scheduler.report_long_hooks()

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        for item in super().hub_documents(app, site, cursors, ids):
            self.sleep()
            yield item


@pytest.fixture
def source():
    source = SleepingSource()
    source.items = make_page(bill("1"), cursor="1")
    return source


@pytest.fixture
def app(source, make_app, make_config, empty_database):
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load([source], installed=False))
    source.scheduler = Scheduler(app)
    with app.app_context():
        yield app


def warnings(caplog):
    return [
        record.getMessage() for record in caplog.records if "has been in" in record.getMessage()
    ]


def test_a_hook_that_sleeps_is_named_in_the_log_of_its_run(app, source, caplog):
    source.minutes = (4, 2, 2, 5)
    with caplog.at_level(logging.WARNING, "hub"):
        run = runner.sync(install_small_source(), requested_by="kari")
    named = [LONG.format("hub_documents", minutes) for minutes in (6, 13)]
    for texts in (warnings(caplog)[:2], _lines(run)[:2]):
        assert [text.partition(". ")[0] + "." for text in texts] == named


def test_the_time_between_two_documents_is_not_that_of_the_hook(app, source, caplog):
    source.items = make_page(*(bill(str(number)) for number in range(3)), cursor="1")
    source.minutes = (4,)
    with caplog.at_level(logging.WARNING, "hub"):
        runner.sync(install_small_source(), requested_by="kari")
    assert warnings(caplog) == []


def test_nothing_is_named_once_it_has_returned(app, source):
    source.minutes = (6,)
    runner.sync(install_small_source(), requested_by="kari")
    current_hub().clock.advance(3600)
    assert source.scheduler.report_long_hooks() == 0


def _lines(run):
    query = select(RunLine.text).where(RunLine.run_id == run.id, RunLine.level == "warning")
    with read_only_session() as session:
        return list(session.scalars(query.order_by(RunLine.id)))
