"""E-invoices in Icelandic krona, which has no decimals, to a company in the United States."""

from decimal import Decimal as D

import pytest
from e_invoices import BILLING, NAMESPACES, UBL

from hub.installations import enable
from hub.mapping import NEW
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.web.codes import code_decisions
from tests.support.sources.files_site import FilesSite


class IcelandicSite(FilesSite):
    """The app for files, for a company in the United States that uses the krona."""

    def __init__(self, quickbooks):
        self.quickbooks = quickbooks
        self.realm = quickbooks.open("us", multicurrency=True, currencies=("ISK",))
        company = oauth_connect.connect_with_refresh_token(
            self.realm, quickbooks.refresh_tokens[self.realm]
        )
        record_download.refresh(company.id)
        rows = quickbooks.books()[self.realm]["Account"]
        [account] = [row["Id"] for row in rows if row["Name"] == "Lumber and Framing"]
        values = {"account": account}
        self.id = enable.enable(company.id, "files", values, who="kari", mode="auto").id

    def list_bills(self):
        """Return our bills as numbers, totals and amounts of lines."""
        bills = []
        for bill in self.quickbooks.books()[self.realm].get("Bill", []):
            if "[hub:" in bill.get("PrivateNote", ""):
                amounts = [D(str(line["Amount"])) for line in bill["Line"]]
                bills.append((bill["DocNumber"], D(str(bill["TotalAmt"])), amounts))
        return bills


@pytest.fixture
def site(app, quickbooks):
    return IcelandicSite(quickbooks)


def build_e_invoice(number, tax, *amounts):
    """Return an e-invoice with a line for each amount, and a VAT of 24 % in whole krona."""
    net = sum(map(D, amounts))
    gross = net + D(tax)
    category = "<b:ID>S</b:ID><b:Percent>24</b:Percent>"
    lines = "".join(
        f"<a:InvoiceLine><b:ID>{place}</b:ID>"
        '<b:InvoicedQuantity unitCode="C62">1</b:InvoicedQuantity>'
        f'<b:LineExtensionAmount currencyID="ISK">{amount}</b:LineExtensionAmount>'
        "<a:Item><b:Name>Efni</b:Name>"
        f"<a:ClassifiedTaxCategory>{category}</a:ClassifiedTaxCategory></a:Item>"
        f'<a:Price><b:PriceAmount currencyID="ISK">{amount}</b:PriceAmount></a:Price>'
        "</a:InvoiceLine>"
        for place, amount in enumerate(amounts, start=1)
    )
    totals = "".join(
        f'<b:{name} currencyID="ISK">{amount}</b:{name}>'
        for name, amount in (
            ("LineExtensionAmount", net),
            ("TaxExclusiveAmount", net),
            ("TaxInclusiveAmount", gross),
            ("PayableAmount", gross),
        )
    )
    return (
        f'<Invoice xmlns="{UBL}:Invoice-2" xmlns:a="{NAMESPACES["cac"]}"'
        f' xmlns:b="{NAMESPACES["cbc"]}"><b:CustomizationID>{BILLING}</b:CustomizationID>'
        f"<b:ID>{number}</b:ID><b:IssueDate>2026-03-02</b:IssueDate>"
        "<b:InvoiceTypeCode>380</b:InvoiceTypeCode>"
        "<b:DocumentCurrencyCode>ISK</b:DocumentCurrencyCode>"
        "<a:AccountingSupplierParty><a:Party><a:PartyLegalEntity>"
        "<b:RegistrationName>Timbur ehf.</b:RegistrationName>"
        '<b:CompanyID schemeID="0196">5902697199</b:CompanyID>'
        "</a:PartyLegalEntity></a:Party></a:AccountingSupplierParty>"
        f'<a:TaxTotal><b:TaxAmount currencyID="ISK">{tax}</b:TaxAmount><a:TaxSubtotal>'
        f'<b:TaxableAmount currencyID="ISK">{net}</b:TaxableAmount>'
        f'<b:TaxAmount currencyID="ISK">{tax}</b:TaxAmount>'
        f"<a:TaxCategory>{category}</a:TaxCategory></a:TaxSubtotal></a:TaxTotal>"
        f"<a:LegalMonetaryTotal>{totals}</a:LegalMonetaryTotal>{lines}</Invoice>"
    )


@pytest.mark.parametrize(
    ("tax", "amounts", "posted"),
    [
        ("37", ("51", "52", "53"), ("63", "64", "66")),
        ("1", ("2", "2", "2"), ("2", "2", "3")),
        ("24", ("100",), ("124",)),
    ],
)
def test_its_tax_is_divided_among_its_lines_in_whole_units(site, tax, amounts, posted):
    site.receive("invoice.xml", build_e_invoice("77", tax, *amounts))
    site.sync()
    code_decisions.decide(site.id, "supplier", "supplier:5902697199", NEW, "kari")
    site.sync()
    total = sum(map(D, amounts)) + D(tax)
    assert site.list_bills() == [("77", total, list(map(D, posted)))]
