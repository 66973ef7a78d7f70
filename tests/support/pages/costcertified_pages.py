"""The pages of a hub with CostCertified, as its operator sees them."""

from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.costcertified_site import CLEARING, CostCertifiedSite

CAUSE = "match:{}:client:client:{}"


class Pages:
    """CostCertified and an operator with its cases."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.app = visitor, visitor.app
        with self.app.app_context():
            self.site = CostCertifiedSite(
                self.app, visitor.quickbooks, self.app.extensions["hub"].clock
            )
            self.site.connect("us")

    def enable(self, **settings: str) -> None:
        with self.app.app_context():
            self.site.enable(**settings, **CLEARING)

    def sync(self, *clients: dict[str, object]) -> None:
        with self.app.app_context():
            for client in clients:
                self.site.invoice(client=client)
            self.site.sync()

    def decide(self, code: str, record: str) -> None:
        with self.app.app_context():
            self.site.match("client", f"client:{code}", record)

    def case(self, code: str) -> str:
        """Return the address of the open case about a client."""
        with self.app.app_context(), read_only_session() as session:
            cause = CAUSE.format(self.site.row.id, code)
            conditions = Case.cause == cause, Case.closed_at.is_(None)
            return f"/inbox/{session.scalars(select(Case.id).where(*conditions)).one()}"

    def posted(self) -> int:
        with self.app.app_context():
            return len(self.site.all("Invoice"))
