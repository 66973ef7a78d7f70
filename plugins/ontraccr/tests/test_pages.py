"""The stand-in's pages: everything that a person does there, without JavaScript, at any address."""

import pytest


def read_page(bench, path, form=None):
    """Return the markup of a page in one line."""
    markup = " ".join(bench.page(path, form).text.split())
    return markup.replace(" </", "</").replace("> ", ">")


@pytest.mark.row("ON-S9", "ON-S10", "ON-S12")
def test_the_upload_slider_preselects_the_default_account_and_takes_another(bench):
    bench.push_lists()
    slider = read_page(bench, "/upload")
    assert '<option value="35" selected>Checking (Bank)</option>' in slider
    assert '<option value="41">Mastercard (Credit Card)</option>' in slider
    fields = {
        "division": "div-1",
        "date": "2026-03-19",
        "vendor": "v1",
        "amount": "12.50",
        "tax": "0.63",
        "file": "1",
    }
    for account, number in (("35", "A"), ("41", "B")):
        bench.page(
            "/upload",
            {**fields, "account": account, "type": "expense", "number": number, "project": "p1"},
        )
    usual, chosen = (bench.read(ids=[f"payable:{id}"])[0] for id in newest(bench, 2))
    assert (usual.kind, usual.total, "purchase_account" in usual.codes) == (
        "expense",
        usual.total,
        False,
    )
    assert (chosen.codes["purchase_account"].id, len(chosen.attachments)) == ("41", 1)


def newest(bench, count):
    own = (row for row in bench.books.payables.values() if row["case"] == "uploaded by hand")
    return sorted(row["id"] for row in own)[-count:]


def test_a_payable_is_changed_held_back_released_and_deleted(bench):
    bench.push_lists()
    changes = {
        "number": "N-9",
        "type": "expense",
        "amount": "9.99",
        "account": "41",
        "project": "p2",
    }
    assert "<h1>Expense N-9</h1>" in read_page(bench, "/payables/2001/edit", changes)
    assert "held back by Priya Nair" in read_page(
        bench, "/payables/2001/hold", {"person": "Priya Nair"}
    )
    assert "Hold back from QuickBooks" in read_page(bench, "/payables/2001/release", {})
    assert "Invoice N-9.pdf" in read_page(bench, "/payables/2001/attach", {"file": "pdf"})
    assert "It was deleted on" in read_page(bench, "/payables/2001/delete", {})


@pytest.mark.row("ON-S4", "ON-B14")
def test_a_profile_is_linked_given_a_class_and_unlinked(bench):
    bench.push_lists()
    fields = {"external_id": "96", "external_type": "Project", "person": "Tom Beauchamp"}
    assert "96 (Project 96)" in read_page(bench, "/profiles/projects/p8/link", fields)
    bench.page("/profiles/projects/p8/class", {"class": "c2"})
    assert bench.books.profiles.rows["projects"]["p8"]["class"] == "c2"
    bench.page("/profiles/projects/p8/unlink", {})
    assert bench.books.profiles.rows["projects"]["p8"]["external_id"] is None


@pytest.mark.row("ON-S1", "ON-S7")
def test_the_integration_is_activated_on_its_page_which_shows_the_lists(bench):
    bench.push_lists()
    assert "nothing syncs" in read_page(bench, "/integration", {"on": "no"})
    assert "Checking (Bank) – the default" in read_page(bench, "/integration", {"on": "yes"})


@pytest.mark.row("ON-B9")
def test_payables_are_found_and_show_their_accounting_status(bench):
    status = {
        "state": "posted",
        "system": "q",
        "at": "2026-03-20T09:00:00Z",
        "version": 1,
        "external_number": "N-7",
    }
    bench.books.do("status", payable="2001", status=status)
    assert "posted N-7" in read_page(bench, "/?search=a+plain+bill")
    assert "posted N-7" in read_page(bench, "/payables/2001")
    assert "No payable fits" in read_page(bench, "/?search=nothing+of+the+kind")
    assert "<strong>2</strong>" in read_page(bench, "/?page=2")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/upload", {"division": "div-1", "amount": "a lot"}),
        ("/payables/2001/edit", {"amount": "1.234"}),
        ("/payables/2001/attach", {"file": "film"}),
        ("/profiles/projects/p8/link", {"external_id": ""}),
    ],
)
def test_an_impossible_form_is_refused_with_a_sentence(bench, path, form):
    assert bench.page(path, form).status_code == 422


@pytest.mark.parametrize("path", ["/payables/1", "/nowhere", "/payables/2001/approve"])
def test_a_page_of_a_missing_row_is_not_found(bench, path):
    assert bench.page(path).status_code == 404
