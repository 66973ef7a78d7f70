"""Find apps that are enabled for several companies with one account at their source."""

from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import Sentence
from hub.models import Installation

SHARED_ACCOUNT_WARNING = Sentence(
    "This account is enabled for another company, too. A document that counts for both is posted in"
    " both: check the start date, and disable the app for the other company if it should not."
)


def find_warning(row: Installation) -> Sentence | None:
    """Return a warning if the documents of an app go into the books of another company, too.

    It does not name the company, which its reader may not be allowed to see. Apps that
    receive files have no account.
    """
    app = current_hub().plugins.apps.get(row.slug)
    if app is None or app.files or not row.tenant:
        return None
    other = select(Installation.id).where(
        Installation.slug == row.slug,
        Installation.tenant == row.tenant,
        Installation.company_id != row.company_id,
        Installation.enabled,
    )
    with read_only_session() as session:
        is_shared = session.scalar(other.limit(1)) is not None
    return SHARED_ACCOUNT_WARNING if is_shared else None
