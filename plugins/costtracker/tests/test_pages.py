"""The stand-in's pages: everything that a person does there, without JavaScript, at any address."""

from decimal import Decimal

import pytest

STATES = {
    "approve": "approved",
    "reject": "rejected",
    "send": "sent_for_approval",
    "transfer": "transferred",
}


@pytest.fixture
def page(bench):
    base = bench.site.settings["base_url"]
    return lambda path, data=None, **what: bench.browser.request(
        "GET" if data is None else "POST", base + path, data=data, **what
    )


@pytest.mark.parametrize(("button", "state"), STATES.items())
def test_a_decision_of_a_person_changes_the_state(bench, page, button, state):
    answer = page(f"/invoices/1008/{button}", {"user": "Kari Nordmann"})
    assert (answer.status_code, answer.url.endswith("/below/invoices/1008")) == (200, True)
    assert (bench.books.invoice("1008")["status"], bench.books.invoice("1008")["version"]) == (
        state,
        2,
    )


def test_a_person_changes_an_invoice(bench, page):
    bench.push_lists()
    page(
        "/invoices/1001/edit",
        {"reference": "Ny", "net": "99.50", "account": "64", "description": "Endret"},
    )
    invoice = bench.books.invoice("1001")
    assert (invoice["reference"], invoice["lines"][0]["net"], invoice["lines"][0]["account"]) == (
        "Ny",
        99.5,
        "64",
    )


@pytest.mark.parametrize(
    ("case", "typed"),
    [
        ("sum off by one øre", "gross_total"),
        ("tax off by one øre", "tax_total"),
    ],
)
def test_a_person_corrects_a_total_that_is_off(bench, page, case, typed):
    id = bench.raw(case)["id"]
    lines = bench.books.invoice(id)["lines"]
    tax = sum(line["tax"] for line in lines)
    right = {"tax_total": tax, "gross_total": tax + sum(line["net"] for line in lines)}
    assert bench.books.invoice(id)[typed] - right[typed] == Decimal("0.01")
    page(f"/invoices/{id}/edit", {typed: str(right[typed])})
    assert {name: bench.books.invoice(id)[name] for name in right} == right


def test_totals_that_were_left_as_they_were_shown_follow_the_lines(bench, page):
    before = bench.books.invoice("1001")
    form = {"net": "99.50", "gross_total": before["gross_total"], "tax_total": before["tax_total"]}
    page("/invoices/1001/edit", form)
    changed = bench.books.invoice("1001")
    assert changed["gross_total"] == changed["net_total"] + changed["tax_total"]
    assert changed["gross_total"] != before["gross_total"]


def test_an_invoice_that_a_person_receives_waits_for_its_approval(bench, page):
    form = {"supplier": "s2", "invoice_number": "F-1", "invoice_date": "2026-03-19", "net": "80"}
    id = page("/invoices", form).url.rpartition("/")[2]
    (document,) = bench.read(ids=[f"invoice:{id}"])
    assert (document.stage, document.number, document.total) == ("pending", "F-1", 100)
    page(f"/invoices/{id}/approve", {"user": "Kari Nordmann"})
    assert bench.read(ids=[f"invoice:{id}"])[0].stage == "ready"


@pytest.mark.parametrize("wrong", [{"net": "much"}, {"invoice_date": "soon"}, {"supplier": "s0"}])
def test_an_invoice_that_cannot_be_received_says_why(page, wrong):
    form = {"supplier": "s2", "invoice_date": "2026-03-19", "net": "80", **wrong}
    assert page("/invoices", form).status_code == 422


@pytest.mark.parametrize("field", ["net", "tax_total", "gross_total"])
@pytest.mark.parametrize("text", ["much", "71,955.22", "71955,22", "1.005", "NaN", "9" * 40])
def test_an_amount_that_cannot_be_read_is_named_and_changes_nothing(bench, page, field, text):
    before = bench.books.invoice("1001")
    answer = page("/invoices/1001/edit", {"reference": "Ny", field: text})
    assert (answer.status_code, f"“{text}” is no amount" in answer.text) == (422, True)
    assert bench.books.invoice("1001") == before


def test_an_amount_that_is_left_empty_stays(bench, page):
    before = bench.books.invoice("1001")
    page("/invoices/1001/edit", {"reference": "Ny", "net": "", "gross_total": ""})
    after = bench.books.invoice("1001")
    assert (after["reference"], after["gross_total"]) == ("Ny", before["gross_total"])


def test_a_person_deletes_an_invoice_and_sees_that(bench, page):
    assert "It was deleted on 2026-03-20" in page("/invoices/1002/delete", {}).text
    assert bench.books.invoice("1002")["deleted_at"]


def test_the_status_that_accounting_reported_is_shown(bench, page):
    status = {
        "state": "posted",
        "external_number": "B-77",
        "at": "2026-03-20T09:00:00Z",
        "version": 1,
    }
    bench.books.do("status", invoice="1001", status=status)
    assert "B-77" in page("/invoices/1001").text
    assert "B-77" in page("/").text


def test_the_list_is_searched_and_paged(page):
    assert "Nothing" not in page("/?page=3").text
    assert "No invoice fits" in page("/?search=nowhere").text
    assert page("/?status=rejected").text.count("/invoices/") == 1
    assert page("/?page=999").status_code == 200


def test_pushed_lists_are_shown_with_what_is_hidden(open_bench):
    bench = open_bench(hidden_accounts=["66"])
    text = bench.browser.get(bench.site.settings["base_url"] + "/lists").text
    assert text.count("Never downloaded") == 6
    bench.push_lists()
    text = bench.browser.get(bench.site.settings["base_url"] + "/lists").text
    assert ("Never downloaded" in text, "hidden" in text) == (False, True)


def test_a_person_edits_a_supplier(bench, page):
    page("/suppliers/s1", {"name": "Aas AS", "phone": "1", "user": "Ola Hansen"})
    assert (bench.books.edits["s1"]["name"], bench.books.edits["s1"]["user"]) == (
        "Aas AS",
        "Ola Hansen",
    )


def test_a_trial_account_can_be_played(bench, page):
    assert "does not have integrations" in page("/integrations", {"on": "no"}).text
    assert bench.books.integrations is False


@pytest.mark.parametrize("path", ["/nowhere", "/invoices/7", "/invoices/%3Cscript%3E"])
def test_a_missing_page_is_a_page_not_found(page, path):
    assert (page(path).status_code, "There is no such page" in page(path).text) == (404, True)


def test_a_form_from_another_site_does_nothing(bench, page):
    assert (
        page("/invoices/1002/delete", {}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    assert bench.books.invoice("1002")["deleted_at"] is None


def test_text_of_others_stays_text(bench, page):
    bench.books.do("edit", invoice="1001", header={"reference": "<b>x</b>"}, line={})
    assert "&lt;b&gt;x" in page("/invoices/1001").text


@pytest.mark.parametrize(
    ("address", "stored"), [("https://hub.example/w", "https://hub.example/w"), ("file:///etc", "")]
)
def test_a_person_says_where_the_hub_is_called(bench, page, address, stored):
    page("/hub", {"address": address})
    assert (bench.books.hub, ">Refresh<" in page("/lists").text) == (stored, bool(stored))


def test_the_lists_can_be_requested_again(bench, page, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "hub_costtracker.sandbox.webhooks.Webhooks.notify",
        lambda self, topic, id=None: messages.append(topic),
    )
    assert page("/refresh", {}).url.endswith("/lists")
    assert messages == ["master-data.wanted"]
