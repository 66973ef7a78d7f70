"""Reconciliations in the API: control totals, and the documents that differ from QuickBooks."""

from collections.abc import Mapping
from typing import Any

from flask import abort
from marshmallow import Schema, fields

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Run
from hub.posting.reconcile.result import load_result
from hub.web.api.resources import PREFIX, Amount, Resource, operation
from hub.web.authentication.access import load_scope
from hub.web.frame.lookup import get_row_or_404
from hub.web.reconcile.reconciliation_report import (
    ReconciliationReport,
    describe_difference,
    describe_line,
)

resource = Resource(
    "api_reconciliations",
    __name__,
    url_prefix=PREFIX,
    description="comparisons of everything posted with QuickBooks",
)


class TotalsSchema(Schema):
    """The sums of one app, kind, month and currency."""

    app = fields.String(required=True)
    kind = fields.String(required=True)
    month = fields.String(required=True)
    currency = fields.String(required=True)
    documents = fields.Integer(required=True)
    differing = fields.Integer(required=True)
    source = Amount(required=True)
    posted = Amount(required=True)
    quickbooks = Amount(required=True)
    difference = Amount(required=True)


class DifferenceSchema(Schema):
    """A document that differs from QuickBooks."""

    document = fields.String(required=True)
    app = fields.String(required=True)
    kind = fields.String(required=True)
    number = fields.String(required=True)
    party = fields.String(required=True)
    date = fields.String(required=True)
    currency = fields.String(required=True)
    source = Amount(required=True, allow_none=True)
    posted = Amount(required=True, allow_none=True)
    quickbooks = Amount(required=True, allow_none=True)
    difference = Amount(required=True, allow_none=True)
    state = fields.String(required=True)
    accepted = fields.Boolean(required=True)
    reason = fields.String(required=True)
    quickbooks_id = fields.String(required=True)
    case_id = fields.Integer(required=True, allow_none=True, attribute="case")


class ReconciliationSchema(Schema):
    """The result of one reconciliation."""

    run_id = fields.Integer(required=True)
    company_id = fields.Integer(required=True)
    ended_at = fields.AwareDateTime(required=True)
    totals = fields.List(fields.Nested(TotalsSchema), required=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


@operation(resource, "/reconciliations/<int:run_id>", role="viewer", response=ReconciliationSchema)
def one(run_id: int) -> Any:
    """Return the control totals of a reconciliation, and the documents that differ."""
    with read_only_session() as session:
        run = get_row_or_404(session, Run, run_id)
        company = session.get(ConnectedCompany, run.company_id) if run.company_id else None
        result = load_result(run)
        if company is None or result is None:
            abort(404)
        report = ReconciliationReport(run, result, company, "")
        differing = report.with_cases(session, load_scope(), report.differences)
        differences = [_describe(describe_difference(difference)) for difference in differing]
        totals = [describe_line(line) for line in report.lines]
        return {
            "run_id": run.id,
            "company_id": company.id,
            "ended_at": run.ended_at,
            "totals": totals,
            "differences": differences,
        }


def _describe(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a difference as the API answers it; files have words for yes and no."""
    return {**row, "accepted": row["accepted"] == "yes"}
