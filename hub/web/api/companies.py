"""Companies in the API: how each is connected."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany
from hub.models.enums import ConnectionState
from hub.web.api.resources import PREFIX, PageQuery, Resource, list_of, operation, to_list
from hub.web.authentication.access import ANYWHERE, load_scope
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import load_page

resource = Resource(
    "api_companies",
    __name__,
    url_prefix=f"{PREFIX}/companies",
    description="QuickBooks companies that are connected",
)


class CompanySchema(Schema):
    """A company of QuickBooks."""

    id = fields.Integer(required=True)
    realm = fields.String(required=True, metadata={"description": "the id at QuickBooks"})
    name = fields.String(required=True)
    country = fields.String(required=True)
    currency = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": ", ".join(ConnectionState)})
    state_reason = fields.String(required=True)
    connected_at = fields.AwareDateTime(required=True)


@operation(
    resource, "/", role="viewer", of=ANYWHERE, query=PageQuery, response=list_of(CompanySchema)
)
def index(query: dict[str, Any]) -> Any:
    """List companies by name."""
    with read_only_session() as session:
        companies = select(ConnectedCompany).where(*load_scope().companies())
        page = load_page(
            session,
            companies,
            order_by=[ConnectedCompany.name, ConnectedCompany.id],
            is_descending=False,
        )
        return to_list(page, page.rows)


@operation(resource, "/<int:company_id>", role="viewer", response=CompanySchema)
def one(company_id: int) -> Any:
    """Return one company."""
    with read_only_session() as session:
        return get_row_or_404(session, ConnectedCompany, company_id)
