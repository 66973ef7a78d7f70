"""Payables with retainage and tax: posted with exactly what they state, or held.

Ontraccr publishes no rule about the tax of retainage. It may be on the whole amount or on what is
left, so that each way to state it is posted to the cent, and what does not add up is held.
"""

from decimal import Decimal as D

import pytest
from hub_ontraccr.sandbox import views

from tests.support.sources.ontraccr_site import OntraccrSite

pytestmark = pytest.mark.end_to_end
AMOUNT, RETAINAGE, NET = D(8000), D(800), D(7200)
TAX_CODE_25 = "5"  # of the company in Norway
COUNTRIES = {"us": D("0.05"), "norway": D("0.25")}


def payables(rate):
    """Return the ways to state a payable of 8,000 with a retainage of 800, by name.

    Each has what it states, the tax of its line, the retainage of its line, and whether it adds up.
    """
    whole, left = AMOUNT * rate, NET * rate
    gross_retainage = RETAINAGE * (1 + rate)
    cent = D("0.01")
    off = {"tax": whole, "total": NET + whole}
    return {
        "not taken off": ({"tax": whole, "total": AMOUNT + whole}, whole, RETAINAGE, True),
        "tax on all": ({"tax": whole, "total": NET + whole}, whole, RETAINAGE, True),
        "tax on what is left": ({"tax": left, "total": NET + left}, left, RETAINAGE, True),
        "retainage with tax": (
            {"tax": whole, "total": NET + left, "retainage": gross_retainage},
            whole,
            gross_retainage,
            True,
        ),
        "without tax": ({"tax": D(0), "total": NET}, D(0), RETAINAGE, True),
        "line taxed on all, payable on the rest": (
            {"tax": left, "total": NET + left},
            whole,
            RETAINAGE,
            False,
        ),
        "subtotal without retainage": (
            {"subtotal": NET, "tax": left, "total": NET + left},
            left,
            RETAINAGE,
            False,
        ),
        "total off by a cent": (off | {"total": NET + whole + cent}, whole, RETAINAGE, False),
        "retainage of lines off by a cent": (off, whole, RETAINAGE - cent, False),
        "retainage on the line alone": (off | {"retainage": None}, whole, RETAINAGE, False),
        "tax on the line alone": (off | {"tax": D(0)}, whole, RETAINAGE, False),
    }


@pytest.mark.row("ON-B10", "ON-S16")
@pytest.mark.parametrize("country", COUNTRIES)
def test_retainage_is_posted_as_stated_or_held(app, quickbooks, clock, monkeypatch, country):
    site = OntraccrSite(app, quickbooks, clock)
    options = {}
    if country == "norway":
        site.connect(country)
        options["tax_code"] = TAX_CODE_25
    site.enable(
        lists=False,
        purchase_account=find_account(site, "Bank"),
        line_account=find_account(site, "Expense"),
        retainage_account=find_account(site, "Other Current Liability"),
        **options,
    )
    stated = {}
    for name, (fields, tax, retainage, adds_up) in payables(COUNTRIES[country]).items():
        id = site.upload(str(AMOUNT), project=None, cost_code=None)
        stated[id] = (name, {"retainage": RETAINAGE} | fields, (tax, retainage), adds_up)
    encode = views.payable

    def encode_as_stated(books, raw):
        row = encode(books, raw)
        _, fields, (tax, retainage), _ = stated[raw["id"]]
        (line,) = row["lines"]
        return row | fields | {"lines": [line | {"tax": tax, "retainage": retainage}]}

    monkeypatch.setattr(views, "payable", encode_as_stated)
    site.sync()
    for id, (name, fields, _, adds_up) in stated.items():
        bills = site.posted(id)
        assert [bill["TotalAmt"] for bill in bills] == [fields["total"]] * adds_up, name
        if not adds_up:
            assert site.posting(id).state == "held", name
        elif country != "us":  # where the tax of a purchase is part of its lines
            assert bills[0]["TxnTaxDetail"]["TotalTax"] == fields["tax"], name


def find_account(site, kind):
    return site.select("Account", f"AccountType = '{kind}'")[0]["Id"]
