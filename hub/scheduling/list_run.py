"""Download the lists of QuickBooks, and send them to the sources that use them."""

from functools import partial

from hub import sources
from hub.context import current_hub
from hub.contract.types import Tenant
from hub.errors import OtherTenant, Sentence
from hub.models import ConnectedCompany, Installation
from hub.posting.preflight import recheck
from hub.qbo import record_download
from hub.scheduling.leases import company_lock
from hub.scheduling.steps import Steps
from hub.scheduling.subjects import list_active_installations
from hub.sources import outage
from hub.sources.record_push import push_lists


def process_lists(steps: Steps, company: ConnectedCompany) -> None:
    """Download the lists, check the held postings again, and send the lists to the sources.

    Nothing is sent to a source whose account could not be checked.
    """
    plugins = current_hub().plugins
    counts = steps.step("lists", lambda: record_download.refresh(company.id))
    if counts is not None:
        total = sum(counts.values())
        steps.recorder.line(Sentence("Records read from QuickBooks: %(count)s.", count=total))
    steps.step("check what waits", lambda: _check_held_again(steps, company))
    for installation in list_active_installations(company.id):
        slug = installation.slug
        account = steps.step(f"check {slug}", partial(_check_source, installation))
        if account and plugins.has(slug, "hub_records"):
            pushed_counts = steps.step(f"lists to {slug}", partial(push_lists, installation))
            if pushed_counts:
                _report_push(steps, plugins.apps[slug].name, pushed_counts)


def _check_source(installation: Installation) -> Tenant:
    """Check the access of an app, and return its account.

    If it leads to another account, nothing is read from it or sent to it.
    """
    try:
        return sources.check(installation)
    except OtherTenant as error:
        outage.note_failure(installation.id, error)
        raise


def _report_push(steps: Steps, app_name: str, pushed_counts: dict[str, int]) -> None:
    """Write to the log of the run how many records were sent to a source."""
    total = sum(pushed_counts.values())
    steps.recorder.line(Sentence("Records sent to %(app)s: %(count)s.", app=app_name, count=total))


def _check_held_again(steps: Steps, company: ConnectedCompany) -> None:
    """Check the held postings again, while no other process works on the company."""
    with company_lock(company.id, steps.recorder.progress):
        recheck.check_again(company.id)
