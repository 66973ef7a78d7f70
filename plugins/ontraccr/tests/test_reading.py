"""The document of each payable, and the status that is written back."""

import datetime as dt
from decimal import Decimal

import pytest
from hub_ontraccr import hub_report
from hub_ontraccr.sandbox import views

from hub import Checkpoint, Document, Gone, Party, Receipt, Unreadable
from hub.testing.fakes.answers import change_answers

AT = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)


def receipt(state="posted", at=AT, **more):
    return Receipt(state=state, at=at, kind="bill", id="145", number="N-1", **more)


def report(bench, document, message):
    hub_report(app="ontraccr", site=bench.site, document=document, receipt=message)


def statuses(bench, document):
    return bench.books.statuses.get(document.source_id.removeprefix("payable:"), [])


def test_every_payable_of_the_division_is_read_in_some_form(bench):
    items = [item for item in bench.read() if not isinstance(item, Checkpoint)]
    kinds = {
        kind: sum(isinstance(item, kind) for item in items) for kind in (Document, Gone, Unreadable)
    }
    assert kinds == {Document: 66, Gone: 1, Unreadable: 1}


def test_a_payable_of_another_division_is_not_ours(bench):
    assert isinstance(bench.read(ids=["payable:9001"])[0], Gone)
    assert isinstance(bench.read(ids=["payable:1"])[0], Gone)


def checkpoints(items):
    return {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}


def gone_ids(items):
    return {item.source_id for item in items if isinstance(item, Gone)}


@pytest.mark.row("ON-B1")
def test_a_payable_that_moved_to_another_division_is_missed_the_next_day(bench):
    before = bench.read()
    bench.books.do("edit", payable="2001", fields={"division": "div-2"})
    assert "payable:2001" not in gone_ids(bench.read(checkpoints(before)))
    bench.today += dt.timedelta(days=1)
    later = bench.read(checkpoints(before))
    (item,) = [item for item in later if isinstance(item, Gone) and item.inferred]
    assert item.source_id == "payable:2001"
    assert item.reason == "The division does not have it in Ontraccr any more."
    assert gone_ids(bench.read(checkpoints(later))) == set()


def test_lists_that_do_not_say_whether_more_follows_are_read_to_their_ends(bench, monkeypatch):
    whole = bench.read()
    monkeypatch.setattr("hub_ontraccr.client.PAGE_SIZE", 10)
    with change_answers(
        bench,
        lambda path, _: path.endswith(("/payables", "/vendors", "/projects", "/cost-codes")),
        lambda answer: answer.pop("has_more"),
    ):
        items = bench.read()
    documents = [item for item in whole if not isinstance(item, Checkpoint)]
    assert [item for item in items if not isinstance(item, Checkpoint)] == documents
    assert checkpoints(items) == checkpoints(whole)


@pytest.mark.row("ON-B1")
def test_a_payable_that_appears_behind_the_cursor_is_read_the_next_day(bench):
    late = bench.books.payables["2001"]
    bench.books.payables.remove("2001")
    before = bench.read()
    bench.books.payables.put(late)
    assert bench.read(checkpoints(before))[:-1] == []
    bench.today += dt.timedelta(days=1)
    later = bench.read(checkpoints(before))
    assert [item.source_id for item in later if isinstance(item, Document)] == ["payable:2001"]
    bench.today += dt.timedelta(days=1)
    again = bench.read(checkpoints(later))
    assert not any(isinstance(item, Document) for item in again)


@pytest.mark.row("ON-B1")
def test_a_list_with_a_payable_of_another_division_says_that_it_is_not_ours(bench, monkeypatch):
    encode = views.payable

    def moved_payable(books, raw):
        row = encode(books, raw)
        return row | {"division_id": "div-2"} if row["id"] == "2001" else row

    monkeypatch.setattr(views, "payable", moved_payable)
    assert "payable:2001" in gone_ids(bench.read())


def test_the_day_of_upload_is_that_of_the_installations_zone(bench):
    bench.books.do("edit", payable="2001", fields={"uploaded_at": "2026-03-08T06:30:00.000Z"})
    assert bench.read(ids=["payable:2001"])[0].received == dt.date(2026, 3, 7)


@pytest.mark.parametrize("case", ["a plain bill", "retainage taken off"])
@pytest.mark.parametrize("lines", [[], None])
def test_a_payable_without_lines_says_what_to_do(connected, case, lines):
    with change_answers(
        connected, lambda path, _: "/payables/" in path, lambda answer: answer.update(lines=lines)
    ):
        hold = connected.case(case).hold
    assert hold.endswith("has no lines. Add them in Ontraccr, or delete it there.")


def test_a_payable_without_a_version_is_unreadable(connected, monkeypatch):
    encode = views.payable
    connected.allow_undescribed_answers()
    monkeypatch.setattr(views, "payable", lambda *args: encode(*args) | {"version": None})
    assert connected.case("a plain bill").reason == "The source sent no “version” for it."


def test_spaces_around_a_type_do_not_count(bench):
    before = bench.read(ids=["payable:2001"])[0].kind
    bench.allow_undescribed_answers()
    bench.books.do("edit", payable="2001", fields={"type": f" {before.title()} "})
    assert bench.read(ids=["payable:2001"])[0].kind == before


def test_a_row_without_an_id_and_a_type_unknown_are_unreadable(bench, monkeypatch):
    rows = {"items": [{"type": "bill"}], "next_cursor": None, "has_more": False}
    bench.allow_undescribed_answers()
    bench.books.do("edit", payable="2001", fields={"type": "refund"})
    assert (
        "its type “refund” is none of bill, expense" in bench.read(ids=["payable:2001"])[0].reason
    )
    monkeypatch.setattr("hub_ontraccr.sandbox.api.Api._payables", lambda self, environ: rows)
    assert isinstance(bench.read()[0], Unreadable)


def test_an_answer_that_is_no_payable_does_not_prove_that_it_is_gone(bench, monkeypatch):
    bench.allow_undescribed_answers()
    monkeypatch.setattr(
        "hub_ontraccr.client.Ontraccr.find", lambda self, path: {"error": "try again"}
    )
    (item,) = bench.read(ids=["payable:2001"])
    assert isinstance(item, Unreadable)
    assert item.source_id == "payable:2001"


def test_a_row_without_an_id_stays_unreadable(bench):
    (item,) = bench.read(ids=["payable:?"])
    assert item.reason == "Ontraccr sent a payable without an id."


def test_numbers_and_ids_of_quickbooks_may_be_numbers(connected, monkeypatch):
    payable, profile = views.payable, views.profile

    def payable_with_numbers(books, raw):
        row = payable(books, raw) | {"number": 1001, "purchase_account_external_id": 41}
        row["vendor"] |= {"external_id": 50}
        return row

    def profile_with_numbers(books, kind, row):
        return profile(books, kind, row) | {"external_id": 90, "number": 7}

    connected.allow_undescribed_answers()
    monkeypatch.setattr(views, "payable", payable_with_numbers)
    monkeypatch.setattr(views, "profile", profile_with_numbers)
    document = connected.case("a plain bill")
    assert document.number == "1001"
    assert document.codes["vendor"].quickbooks_id == "50"
    assert document.codes["purchase_account"].quickbooks_id == "41"
    assert {line.codes["project"].quickbooks_id for line in document.lines} == {"90"}


@pytest.mark.row("ON-B9")
def test_a_receipt_has_the_state_number_and_link_of_its_payable(bench):
    document = bench.case("a plain bill")
    report(bench, document, receipt(url="https://qbo.example/145"))
    report(
        bench,
        document,
        receipt(
            "part_paid", AT + dt.timedelta(1), paid=Decimal("12.34"), paid_on=dt.date(2026, 3, 21)
        ),
    )
    first, second = statuses(bench, document)
    assert (first["state"], first["external_id"], first["external_url"]) == (
        "posted",
        "145",
        "https://qbo.example/145",
    )
    assert (second["amount_paid"], second["message"]) == (Decimal("12.34"), "Paid on 2026-03-21")


@pytest.mark.row("ON-B9")
def test_a_receipt_for_an_older_version_is_reported_for_the_newest_one(bench):
    document = bench.case("a plain bill")
    id = document.source_id.removeprefix("payable:")
    bench.books.do("edit", payable=id, fields={})
    report(bench, bench.read(ids=[document.source_id])[0], receipt("held", message="why"))
    report(bench, document, receipt("missing", AT + dt.timedelta(1)))
    assert [(status["state"], status["version"]) for status in statuses(bench, document)] == [
        ("held", 2),
        ("missing_in_ledger", 2),
    ]
    report(bench, document, receipt("posted", AT - dt.timedelta(1)))
    assert len(statuses(bench, document)) == 2


@pytest.mark.row("ON-B4", "ON-B7")
def test_a_record_made_for_a_profile_is_linked_to_it(bench):
    vendor = Document(
        kind="vendor", source_id="vendor:v10", details=Party(name="Great Northern Glazing Ltd.")
    )
    report(bench, vendor, receipt("held"))
    assert bench.books.profiles.rows["vendors"]["v10"]["external_id"] is None
    report(bench, vendor, receipt())
    assert bench.books.profiles.rows["vendors"]["v10"]["external_id"] == "145"


@pytest.mark.row("ON-B8")
def test_a_file_without_a_media_type_has_the_one_of_its_name(bench, monkeypatch):
    files = [{"id": "f1", "name": "scan.pdf"}, {"id": "f2", "name": "scan", "mime": None}]
    bench.allow_undescribed_answers()
    encode = views.payable
    monkeypatch.setattr(views, "payable", lambda *args: encode(*args) | {"attachments": files})
    attachments = bench.case("a plain bill").attachments
    assert [file.mime for file in attachments] == ["application/pdf", ""]


@pytest.mark.row("ON-B10")
def test_retainage_that_no_line_names_is_taken_off_as_a_whole(connected, monkeypatch):
    encode = views.payable
    before = connected.case("a plain bill")

    def payable_with_retainage(books, raw):
        row = encode(books, raw)
        return row | {"retainage": Decimal("100.00"), "total": row["total"] - 100}

    monkeypatch.setattr(views, "payable", payable_with_retainage)
    *lines, held = connected.case("a plain bill").lines
    assert (tuple(lines), held.amount) == (before.lines, Decimal("-100.00"))
    assert held.codes["account"] == "100"


@pytest.mark.row("ON-B10")
@pytest.mark.parametrize("projects", [(None, ""), ("7", 7)])
def test_retainage_of_one_project_is_one_line_in_whatever_form_lines_name_it(
    open_bench, monkeypatch, projects
):
    bench = open_bench(line_account="20", retainage_account="100")
    bench.allow_undescribed_answers()
    encode = views.payable

    def payable_with_retainage(books, raw):
        row = encode(books, raw)
        line = row["lines"][0] | {"retainage": Decimal("5.00")}
        lines = [line | {"id": str(n), "project_id": id} for n, id in enumerate(projects)]
        return row | {"lines": lines, "retainage": Decimal("10.00"), "total": row["total"] - 10}

    monkeypatch.setattr(views, "payable", payable_with_retainage)
    *lines, held = bench.case("a plain bill").lines
    assert (len(lines), held.amount) == (2, Decimal("-10.00"))


@pytest.mark.row("ON-S4")
def test_a_deleted_cost_code_never_becomes_an_item(open_bench, monkeypatch):
    bench = open_bench(unlinked_items="create", item_account="80")
    bench.push_lists()
    encode = views.payable

    def payable_with_deleted_code(books, raw):
        row = encode(books, raw)
        row["lines"][0]["cost_code_id"] = "c999"
        return row

    monkeypatch.setattr(views, "payable", payable_with_deleted_code)
    code = bench.case("a plain bill").lines[0].codes["cost_code"]
    assert (code.create, code.quickbooks_id, code.name) == (
        None,
        "",
        "c999 (deleted in Ontraccr)",
    )
