"""The cases about the source of an app, which cannot be read or warns, among other things."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.other_account import leads_to_other_account
from hub.models import Installation


def build_failure_cause(installation_id: int) -> str:
    """Return the cause of the case about a source that cannot be read."""
    return f"source:{installation_id}"


def build_receipts_cause(installation_id: int) -> str:
    """Return the cause of the case about receipts that a source does not accept."""
    return f"receipts:{installation_id}"


def build_webhook_cause(installation_id: int) -> str:
    """Return the cause of the case about webhooks of a source that its plugin cannot read."""
    return f"webhook:{installation_id}"


def build_warning_prefix(installation_id: int) -> str:
    """Return what the causes of the cases about warnings of a source begin with."""
    return f"warning:{installation_id}:"


def forget_failures(session: Session, row: Installation) -> None:
    """Forget that the source of an app could not be read, and close its case."""
    row.failing_since = None
    row.failed_syncs = 0
    row.failure = ""
    inbox.close(session, build_failure_cause(row.id))


def close_for_inactive_app(session: Session, row: Installation) -> None:
    """Close the cases about the source of an app that no longer calls it: no call would close them.

    What is still wrong opens them again once the source is called again. Another account is noticed
    only by checks, so its case stays open, unless the app is disabled: enabling it checks it.
    """
    if not (row.enabled and leads_to_other_account(session, row.id)):
        forget_failures(session, row)
    inbox.close(session, build_receipts_cause(row.id))
    inbox.close(session, build_webhook_cause(row.id))
    for cause in inbox.list_open_causes(session, build_warning_prefix(row.id)):
        inbox.close(session, cause)


def close_of_company(session: Session, company_id: int) -> None:
    """Close these cases of all apps of a company that a person disconnects."""
    of_company = select(Installation).where(Installation.company_id == company_id)
    for row in session.scalars(of_company.order_by(Installation.id)):
        close_for_inactive_app(session, row)
