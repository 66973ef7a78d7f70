"""Let the makers of apps decide which companies may enable them, where an app needs that."""

from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.types import App
from hub.db.engine import insert, read_only_session, transaction
from hub.errors import AccessNeeded, Sentence
from hub.models import Access, ConnectedCompany
from hub.security import audit


def request(session: Session, company_id: int, slug: str, *, who: str) -> bool:
    """Record that somebody requests access; return whether nobody has done so before."""
    statement = insert(session, Access).values(
        slug=slug, company_id=company_id, requested_by=who, requested_at=current_hub().clock.now()
    )
    return session.scalar(statement.on_conflict_do_nothing().returning(Access.slug)) is not None


def grant(company_id: int, slug: str, *, who: str) -> None:
    """Record that the maker of an app has opened it for a company, which some apps require."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        request(session, company_id, slug, who=who)
        row = session.get_one(Access, (slug, company_id))
        row.granted_by = who
        row.granted_at = current_hub().clock.now()
        company_name = company.display_name
        audit.record(session, who, "access granted", f"{slug} for {company_name}")


def check(app: App, company_id: int) -> None:
    """Raise AccessNeeded if the maker of the app has to open it for the company first."""
    if not app.access or not app.access_gate:
        return
    with read_only_session() as session:
        row = session.get(Access, (app.slug, company_id))
    if row is None or row.granted_at is None:
        text = Sentence("%(name)s is opened for each account by its maker.", name=app.name)
        raise AccessNeeded(text, app.access)
