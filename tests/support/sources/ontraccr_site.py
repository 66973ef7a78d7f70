"""An Ontraccr stand-in and a hub, with people who upload, link, hold and pay."""

from typing import Any

from flask import Flask
from hub_ontraccr import APP
from hub_ontraccr.sandbox import StandIn

from hub import outbox
from hub.db.engine import transaction
from hub.installations import enable as installations_enable
from hub.models import Installation
from hub.qbo import record_download
from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from tests.support.sources.source_site import SourceSite

ONTRACCR = "http://ontraccr.test"


class OntraccrSite(SourceSite):
    """An Ontraccr stand-in, the installation that reads it, and its QuickBooks company."""

    prefix = "payable:"

    def __init__(
        self, app: Flask, quickbooks: QuickBooks, clock: FakeClock, documents: int = 0
    ) -> None:
        super().__init__(app, quickbooks, StandIn, ONTRACCR, documents, assumed_api=APP.assumed_api)
        self.division = "div-1"

    def connect(self, profile: str, division: str = "div-1", **options: Any) -> None:
        """Create another company and use it from now on, optionally with another division."""
        self.division = division
        self.connect_company(self.quickbooks.open(profile, **options))

    def enable(self, lists: bool = True, mode: str = "auto", **settings: Any) -> Installation:
        """Enable the app, and push the company's lists into Ontraccr."""
        here = {
            **self.source.settings(ONTRACCR, self.division),
            "purchase_account": "Checking",
            **settings,
        }
        self.row = installations_enable.enable(
            self.company_id, "ontraccr", here, who="kari", mode=mode
        )
        self.counts = installations_enable.push_first_lists(self.row) if lists else {}
        return self.row

    def change(self, **settings: Any) -> None:
        self.row = installations_enable.change(self.company_id, "ontraccr", settings, who="kari")

    # -- at the source -----------------------------------------------------------------------------

    def upload(self, amount: str = "100.00", tax: str = "0.00", **fields: Any) -> str:
        """Upload a payable with one line; return its id."""
        id = self.books.next_id()
        line = {
            "id": f"{id}-1",
            "description": "Goods",
            "quantity": "1",
            "unit_cost": amount,
            "tax": tax,
        }
        line["amount"] = amount
        line |= {
            name: fields.pop(name, default)
            for name, default in (("project", "p1"), ("cost_code", "c1"))
        }
        usual = {
            "division": self.division,
            "type": "bill",
            "account": None,
            "tax_code": None,
            "vendor": "v1",
            "due": None,
            "number": f"N-{id}",
            "date": "2026-03-02",
            "description": None,
            "lines": [line],
            "uploaded_by": "Priya Nair",
        }
        self.books.do("upload", payable=id, fields=usual | fields)
        return id

    def edit(self, id: str, line: Any = None, **fields: Any) -> None:
        self.books.do("edit", payable=id, fields=fields, line=line or {})

    def link(self, kind: str, id: str, record: str, sort: str, who: str = "Tom Beauchamp") -> None:
        values = {"external_id": record, "external_name": record, "external_type": sort, "who": who}
        self.books.do("link", kind=kind, id=id, link=values)

    def profile(self, kind: str, id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.books.profiles.rows[kind][id]
        return row

    def raw(self, case: str) -> dict[str, Any]:
        return next(row for row in self.books.payables.values() if row["case"] == case)

    # -- in the books ------------------------------------------------------------------------------

    def posted(self, id: str) -> list[dict[str, Any]]:
        """Return the bills and expenses in the books for a payable."""
        number = self.books.payables[id]["number"]
        return self.select("Bill", f"DocNumber = '{number}'") + self.select(
            "Purchase", f"DocNumber = '{number}'"
        )

    def act(self, do: str, kind: str, id: str, **more: Any) -> None:
        """Perform an action in QuickBooks by hand, and read the lists again."""
        super().act(do, kind, id, **more)
        record_download.refresh(self.company_id)

    # -- in the hub --------------------------------------------------------------------------------

    def waits(self, case: str) -> str:
        """Return the reason why a payable is not posted yet."""
        return str(self.document(self.raw(case)["id"]).body["hold"])

    def push(self, *ids: str) -> None:
        """Approve the postings of exactly these payables, as a person does under Review."""
        with transaction() as session:
            for id in ids:
                assert outbox.approve(session, [self.posting(id).id], "kari")
