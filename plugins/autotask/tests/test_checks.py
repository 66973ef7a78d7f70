"""The connection test: the account, missing rights, and names and numbers that would fail."""

from functools import partial
from urllib.parse import urlencode

import pytest
from hub_autotask.sandbox import msp
from hub_autotask.sandbox.schema import ENTITIES

from hub import Company, NeedsAttention
from hub.testing.bench import URL

FORM = "application/x-www-form-urlencoded"


@pytest.mark.row("AT-C2")
def test_the_database_is_named(invoices):
    tenant = invoices.check()
    assert (tenant.id, tenant.name) == ("70115", "Brightwater Managed IT")


@pytest.mark.row("AT-C2")
@pytest.mark.parametrize("wrong", [{"secret": "guess"}, {"integration_code": "OTHER"}])
def test_an_empty_401_says_which_parts_to_look_at(open_bench, wrong):
    with pytest.raises(
        NeedsAttention, match=r"tracking identifier of the integration vendor .Autotask - Quick"
    ):
        open_bench("invoices", **wrong).check()


@pytest.mark.row("AT-C2")
def test_an_unknown_user_is_named(open_bench):
    with pytest.raises(NeedsAttention, match=r"knows no user nobody@x\.example"):
        open_bench("invoices", username="nobody@x.example").check()


@pytest.mark.row("AT-C16")
@pytest.mark.parametrize(
    ("app", "entity"), [("invoices", "BillingItems"), ("expenses", "Resources")]
)
def test_a_copied_level_that_lacks_a_right_is_reported_by_entity(open_bench, app, entity):
    bench = open_bench(app)
    bench.books.do("level", lacking=[entity])
    with pytest.raises(NeedsAttention, match=rf"lacks rights to {entity} \(query\)"):
        bench.check()


@pytest.mark.row("AT-C16")
@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize(
    ("app", "settings"),
    [
        ("invoices", {}),
        ("expenses", {}),
        ("purchase-orders", {"post_as": "purchase_order"}),
        ("purchase-orders", {"post_as": "bill_per_receipt"}),
    ],
)
def test_exactly_the_rights_are_asked_for_that_the_app_reads_with(
    open_bench, app, settings, entity
):
    bench = open_bench(app, **settings)
    bench.books.do("level", lacking=[entity])
    needs_right = is_refused(bench.read) or is_refused(partial(list_codes, bench))
    assert is_refused(bench.check) == needs_right


def list_codes(bench):
    """Ask for the codes of every field."""
    for field in bench.fields():
        bench.codes(field.name)


def is_refused(call):
    """Return whether a call ends with the error that a right is lacking."""
    try:
        call()
    except NeedsAttention as error:
        return "lacks" in str(error)
    return False


@pytest.mark.row("AT-C16")
def test_a_right_that_is_taken_away_later_is_reported_by_entity(invoices):
    invoices.books.do("level", lacking=["BillingItems"])
    with pytest.raises(NeedsAttention, match="lacks a right to BillingItems"):
        invoices.read()


def log_in(bench, user, password):
    body = urlencode({"user": user, "password": password})
    return bench.browser.post(f"{URL}/login", data=body, headers={"Content-Type": FORM})


@pytest.mark.row("AT-C16")
def test_people_log_in_to_the_pages_and_the_api_user_does_not(invoices):
    person = log_in(invoices, "tom", msp.PASSWORD)
    assert (person.status_code, "You are logged in as Tom O&#39;Brien" in person.text) == (
        200,
        True,
    )
    refused = log_in(invoices, msp.USER, msp.SECRET)
    assert refused.status_code == 422
    assert "An API-only user cannot log in to the pages of Autotask" in refused.text
    wrong = log_in(invoices, "tom", msp.SECRET)
    assert (wrong.status_code, "password is not right" in wrong.text) == (422, True)


@pytest.mark.row("AT-C16")
def test_the_help_says_what_an_api_user_is_and_is_not(invoices):
    help_text = invoices.app.settings().fields["username"].metadata["help"]
    for part in (
        "The security level is API User (system) or a copy of it that you may edit",
        "no access to the pages",
        "no paid seat",
        "exempt from password resets",
    ):
        assert part in help_text


@pytest.mark.row("AT-C7")
def test_every_tilde_in_a_name_is_reported(invoices):
    (warning,) = invoices.check().warnings
    kinds = (
        "organisations",
        "billing codes",
        "external numbers",
        "products",
        "departments",
        "department numbers",
    )
    assert [kind for kind in (*kinds, "payment terms") if f"{kind} “" not in warning] == []
    invoices.books.do("level", lacking=["Departments", "Products"])
    (warning,) = invoices.check().warnings
    hidden = [kind for kind in kinds if f"{kind} “" not in warning]
    assert hidden == ["products", "departments", "department numbers"]


@pytest.mark.row("AT-C7")
def test_a_tilde_in_the_name_of_a_person_is_reported(open_bench):
    bench = open_bench("expenses")
    person = next(iter(bench.books.rows("Resources")))
    bench.books.do("put", entity="Resources", id=person, fields={"lastName": "O~Neil"})
    assert any("last names of people “O~Neil”" in warning for warning in bench.check().warnings)


@pytest.mark.row("AT-I3")
def test_automatic_numbering_is_noticed(open_bench):
    bench = open_bench("invoices")
    for id in bench.books.rows("Invoices"):
        bench.books.do("put", entity="Invoices", id=id, fields={"invoiceNumber": str(id)})
    assert any("Autotask numbers them itself" in help_text for help_text in bench.check().warnings)
    document = next(
        item for item in bench.read(ids=[f"invoice:{max(bench.books.rows('Invoices'))}"])
    )
    bench.report(document, "posted", number="1052")  # the hub has numbered the newest invoice
    assert not any("numbers them itself" in help_text for help_text in bench.check().warnings)


def test_a_user_who_sees_no_invoice_is_warned_about_lines_of_business(open_bench):
    bench = open_bench("invoices", documents=1)
    bench.books.do(
        "put", entity="Invoices", id=4001, fields={"createDateTime": "2020-01-01T00:00:00Z"}
    )
    assert any("lines of business" in help_text for help_text in bench.check().warnings)


def test_calls_that_run_short_are_reported(invoices, monkeypatch):
    monkeypatch.setattr("hub_autotask.checks.BUSY_SHARE", 0)
    assert any(
        "calls that all its integrations" in help_text for help_text in invoices.check().warnings
    )


@pytest.mark.row("AT-C15")
def test_a_currency_is_final_and_the_settings_say_so(invoices, call_api):
    answer = call_api(invoices, "PATCH", "Companies", {"id": 183, "currencyID": 1})
    assert (answer.status, "cannot be changed" in answer.json()["errors"][0]) == (500, True)
    assert (
        "never lets that be changed"
        in invoices.app.settings().fields["create_parties"].metadata["help"]
    )


def test_a_company_elsewhere_is_asked_for_the_same(open_bench):
    assert (
        open_bench("expenses", company=Company(country="NO", currency="NOK")).check().id == "70115"
    )
