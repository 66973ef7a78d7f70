"""The inbox: each case with its reason and the button that solves it."""

import datetime as dt
import html
import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from hub import outbox
from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    ConnectedCompany,
    Installation,
    Match,
    Posting,
    Run,
    SourceDocument,
    TransactionHead,
    case_posting,
)
from hub.posting.actions import manual
from hub.posting.reconcile.run import reconcile
from hub.qbo.display import TransactionLineView
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.texts import CaseText, dump
from hub.security import audit_check
from hub.testing.clock import FakeClock
from hub.web.frame import case_titles
from hub.web.transactions import compared_lines
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.posting_pages import app, bench
from tests.support.rows.page_rows import add_document
from tests.support.rows.stored_cases import open_stored_case
from tests.support.servers.counted_statements import count_statements

CLOSED = {"title": "Closed", "reason": "It is.", "action": "retry", "instruction": "Open it."}
SEVERAL = 25, 75  # more than one page shows
__all__ = ["app", "bench"]


def _case(visitor: Visitor, act: str) -> str:
    return f"/inbox/{visitor.story.cases[act]}"


@pytest.mark.parametrize(
    ("act", "button"),
    [
        ("match", "Match<"),
        ("settings", "Open settings"),
        ("reconnect", "Companies"),
        ("retry", "Retry"),
        ("open_period", "Retry"),
        ("source", "Check again"),
        ("differ", "Open settings"),
        ("either", "Check again"),
        ("choose", "Compare<"),
        ("none", "Look<"),
    ],
)
def test_each_case_offers_the_button_that_solves_it(
    operator: Visitor, act: str, button: str
) -> None:
    page = operator.page(f"/inbox/?act={act}")
    row = page[page.index(_case(operator, act)) :]
    assert button in row[: row.index("</tr>")]


def test_cases_can_be_filtered_by_app_and_words(operator: Visitor) -> None:
    assert "A bill was edited" in operator.page("/inbox/?words=edited")
    assert "A bill was edited" not in operator.page("/inbox/?words=period")
    assert "No open case fits" in operator.page("/inbox/?installation=99")


def test_a_match_says_what_is_posted(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        session.get_one(Installation, operator.story.installation).mode = "auto"
    page = operator.press(f"{_case(operator, 'match')}/match", record="v1")
    assert "Matched Byggmakker Aas to Byggmakker Ås. Posting 1 bill…" in page


def test_a_code_is_matched_inline_and_a_run_takes_it_further(operator: Visitor) -> None:
    page = operator.press(f"{_case(operator, 'match')}/match", record="v1")
    assert "Matched Byggmakker Aas to Byggmakker Ås. A sync continues with it now." in page
    match = operator.row(Match, 1)
    assert (match.code, match.record, match.match_method, match.who) == (
        "s1",
        "v1",
        "decided",
        "oda",
    )
    run = operator.row(Run, max(operator.story.runs.values()) + 1)
    assert (run.kind, run.requested_by) == ("sync", "oda")


def test_a_case_whose_code_is_matched_no_longer_asks_for_a_match(operator: Visitor) -> None:
    address = _case(operator, "match")
    assert "What to do:" in operator.page(address)
    operator.press(f"{address}/match", record="v1")
    page = operator.page(address)
    assert "It is matched to Byggmakker Ås" in page
    assert "What to do:" not in page


def test_a_record_is_found_by_search_without_javascript(operator: Visitor) -> None:
    page = operator.page(f"{_case(operator, 'match')}?q=elektro")
    assert "Hara Elektro" in page
    assert 'value="v4"' in page


def test_a_record_that_does_not_fit_is_refused(operator: Visitor) -> None:
    assert "QuickBooks has no active" in operator.press(
        f"{_case(operator, 'match')}/match", record="68"
    )


def test_after_a_refusal_the_search_leads_to_the_page_of_the_case(operator: Visitor) -> None:
    """The page answers a form, so its own address cannot be opened."""
    address = f"{_case(operator, 'match')}?sort=amount"
    refused = operator.post(address.replace("?", "/match?"), record="68")
    assert refused.status_code == 400
    form = r'<form\s+method="get"\s+action="([^"]+)"[^>]*hx-get="([^"]+)"'
    search = re.search(form, refused.text)
    assert search
    assert search[1] == search[2] == _case(operator, "match")
    fields = refused.text[search.end() :].partition("</form>")[0]
    assert 'name="sort" value="amount"' in fields
    assert "Hara Elektro" in operator.page(f"{search[1]}?sort=amount&q=elektro")


def test_a_possible_duplicate_is_shown_beside_the_document(operator: Visitor) -> None:
    page = operator.page(_case(operator, "choose"))
    assert "Is it this document?" in page
    assert "In QuickBooks: 146" in page
    assert page.count("1,435.50") >= 2
    assert "This is it</button>" in page
    assert "Not this one" in page


def edit_and_change(bench, operation, **edit):
    """Plan a change of a bill that somebody edits in QuickBooks; return its id and the bill's."""
    bill_id = bench.posting(bench.ids[0]).quickbooks_id
    posting_id = bench.change(bench.ids[0], operation)
    bench.edit(bill_id, **(edit or {"TxnDate": "2026-03-01"}))
    bench.drain()
    bench.visitor.log_in("oda")
    return posting_id, bill_id


def get_bill(bench, bill_id):
    return next(bill for bill in bench.bills() if bill["Id"] == bill_id)


def test_a_change_that_a_person_may_write_over_an_edit_says_so(bench) -> None:
    """It is of a transaction that is known, so nobody is asked which one it is."""
    posting_id, bill_id = edit_and_change(bench, "update")
    page = bench.visitor.page("/inbox/1")
    assert "Our change was not written" in page
    assert f"written to transaction {bill_id}, over what was changed" in page
    assert "Lines that others added are removed." in page
    absent = ("beside it", "This is it</button>", "Not this one", "Is it this document?")
    assert [text for text in absent if text in page] == []
    token = re.search(r'name="sync_token" value="(\d+)"', page)[1]
    address = f"/inbox/1/{posting_id}/overwrite"
    assert "Sending bill " in bench.visitor.press(address, sync_token=token)
    assert "Overwrote the change in QuickBooks" in bench.visitor.page("/inbox/?show=closed")
    bench.drain()
    assert bench.state(posting_id) == "posted"


def test_a_page_that_was_opened_before_an_edit_does_not_permit_to_overwrite_it(bench) -> None:
    posting_id, bill_id = edit_and_change(bench, "update")
    token = re.search(r'name="sync_token" value="(\d+)"', bench.visitor.page("/inbox/1"))[1]
    bench.edit(bill_id, DocNumber="OTHER-1")
    page = bench.visitor.press(f"/inbox/1/{posting_id}/overwrite", sync_token=token)
    assert "was changed in QuickBooks again. Compare it once more." in page
    bench.drain()
    assert bench.state(posting_id) == "held"
    assert get_bill(bench, bill_id)["DocNumber"] == "OTHER-1"


def test_a_skipped_change_is_not_called_a_document_that_is_not_posted(bench) -> None:
    posting_id, _ = edit_and_change(bench, "update")
    page = bench.visitor.page("/inbox/1")
    assert ("It stays as it is, because" in page, "not posted" in page) == (True, False)
    skipped = bench.visitor.press(f"/inbox/1/{posting_id}/skip", reason="the edit is right")
    assert "Skipped. The transaction in QuickBooks stays as it is." in skipped


def test_a_record_of_a_case_is_named_in_the_language_of_the_person(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, operator.story.cases["choose"])
        posting = case.postings[0]
        posting.kind, posting.document.party = "customer", "Jordan Mercer"
        case.cause = f"posting:{posting.id}"
    norwegian = {"Accept-Language": "nb"}
    page = operator.get(_case(operator, "choose"), headers=norwegian).text
    assert ("Kunde Jordan Mercer" in page, "Customer" in page) == (True, False)


def test_a_viewer_reads_who_may_act_on_a_case(viewer: Visitor) -> None:
    sentence = "You may look at this case; an operator may act on it."
    assert sentence in viewer.page(_case(viewer, "retry"))


def test_the_removal_of_an_edited_transaction_is_confirmed(bench) -> None:
    posting_id, bill_id = edit_and_change(bench, "delete")
    address = f"/inbox/1/{posting_id}/overwrite"
    page = bench.visitor.page("/inbox/1")
    assert f'action="{address}' not in page
    assert f"/inbox/1/{posting_id}/retry" not in page  # it would be refused without a confirmation
    assert "What was posted, and what is there now" in page
    assert "Only in QuickBooks" not in page
    assert re.search(r'<th scope="row">Date.*?differs', page, re.DOTALL)
    link = re.search(rf'href="({address}[^"]+)"[^>]*>\s*Remove it all the same', page)
    confirmation = bench.visitor.page(html.unescape(link[1]))
    assert "The hub cannot take that back." in confirmation
    token = re.search(r'name="sync_token" value="(\d+)"', confirmation)[1]
    refused = bench.visitor.press(address, sync_token=token)
    assert "Confirm that it is deleted in QuickBooks." in refused
    assert "Removing bill " in bench.visitor.press(address, sync_token=token, sure="1")
    bench.drain()
    assert bench.state(posting_id) == "posted"
    assert bill_id not in [bill["Id"] for bill in bench.bills()]
    assert "Removal from QuickBooks requested" in bench.visitor.page("/inbox/?show=closed")


def test_the_confirmation_of_a_removal_has_the_present_amount(bench) -> None:
    [line] = get_bill(bench, bench.posting(bench.ids[0]).quickbooks_id)["Line"]
    posting_id, _ = edit_and_change(bench, "delete", Line=[line | {"Amount": 7777.5}])
    page = bench.visitor.page("/inbox/1")
    link = re.search(rf'href="(/inbox/1/{posting_id}/overwrite[^"]+)"', page)
    confirmation = bench.visitor.page(html.unescape(link[1]))
    assert "posted with 100.00 USD" in confirmation
    assert re.search(r"Delete in QuickBooks · \S+ · 7,777.50 USD</button>", confirmation)


def test_an_edit_that_cannot_be_read_now_is_not_overwritten(bench) -> None:
    posting_id, _ = edit_and_change(bench, "update")
    bench.quickbooks.add_fault("server_error", "bill.read", count=0)
    page = bench.visitor.page("/inbox/1")
    assert "could not be read from QuickBooks now" in page
    assert f"/inbox/1/{posting_id}/overwrite" not in page


def test_an_edited_transaction_that_was_deleted_since_is_not_overwritten(bench) -> None:
    posting_id, bill_id = edit_and_change(bench, "delete")
    seen = get_bill(bench, bill_id)["SyncToken"]
    bench.quickbooks.act("delete", kind="Bill", id=bill_id)
    address = f"/inbox/1/{posting_id}/overwrite"
    page = bench.visitor.press(address, sync_token=seen, sure="1")
    assert "was changed in QuickBooks again." in page
    assert "Not this one" in page
    bench.visitor.press(f"/inbox/1/{posting_id}/not-this", quickbooks_id=bill_id)
    bench.drain()
    assert (bench.state(posting_id), bench.cases()) == ("posted", [])


def test_a_number_that_quickbooks_refused_is_not_sent_beside_the_other_one(bench) -> None:
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "Its number is used.")
    bench.index_all_bills()
    with transaction() as session:
        texts = CaseText("outcome.number_used", name="Bill B-9 of Acme", answer="It is used.")
        details = {"candidates": [{"id": bench.posting(bench.ids[0]).quickbooks_id}]}
        about = {
            "company_id": bench.company_id,
            "installation_id": bench.installation_id,
            "details": details,
        }
        inbox.open(
            session, f"posting:{posting_id}:number_used", texts, postings=[posting_id], **about
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "Not this one" not in page
    assert "change one of them in Bench or in QuickBooks" in page
    with read_only_session() as session:
        slug = session.get_one(Installation, bench.installation_id).slug
    app = current_hub().plugins.apps.pop(slug)
    assert "change one of them in the source or in QuickBooks" in bench.visitor.page("/inbox/1")
    current_hub().plugins.apps[slug] = app
    bench.visitor.press(f"/inbox/1/{posting_id}/retry")
    assert bench.state(posting_id) == "ready"


def test_a_retry_of_a_held_posting_lets_it_go_on(operator: Visitor) -> None:
    page = operator.press(f"{_case(operator, 'retry')}/retry")
    retried = re.search(r"Retried bill F-\d+ \([^)]+\)\. A sync continues with it now\.", page)
    assert retried, re.findall("Retried[^<]*", page)
    assert operator.row(AuditEntry, 2).what == "posting retried"


def test_a_file_that_is_held_is_named_with_the_amount_of_its_document(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        stopped = select(case_posting.c.posting_id).where(
            case_posting.c.case_id == operator.story.cases["retry"]
        )
        posting = session.get_one(Posting, session.scalars(stopped).first())
        total = posting.document.total
        posting.operation, posting.part, posting.number = "attach", "f1", "faktura.pdf"
    page = operator.page(_case(operator, "retry"))
    assert "Documents that it stops" not in page
    rows = page[page.index("Documents that lack a file") :].partition("</table>")[0]
    assert "· file faktura.pdf</a>" in rows
    assert f"{total:,.2f}" in rows
    address = f"{_case(operator, 'retry')}/{operator.story.postings['held']}/skip"
    page = operator.press(address, reason="The paper is in the binder")
    assert ("The file will not be attached." in page, "will not be posted" in page) == (True, False)


def test_a_document_that_is_posted_again_is_not_called_retried(bench) -> None:
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[0]).quickbooks_id)
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.press(f"/inbox/1/{bench.ids[0]}/retry")
    assert re.search(r"Posting bill [^.]+ again\. A sync continues", page)
    with transaction() as session:
        inbox.close(session, session.get_one(Case, 1).cause)
    page = bench.visitor.page("/inbox/?show=closed")
    assert ("Posted again" in page, "Retried" in page) == (True, False)


def test_skipping_needs_a_reason_which_is_kept(operator: Visitor) -> None:
    address = f"{_case(operator, 'retry')}/{operator.story.postings['held']}/skip"
    assert "Enter why" in operator.press(address, reason=" ")
    operator.press(address, reason="Paid in cash")
    posting = operator.row(Posting, operator.story.postings["held"])
    assert (posting.state, posting.reason) == ("skipped", "Paid in cash (oda)")
    assert operator.row(AuditEntry, 2).detail["reason"] == "Paid in cash"


def test_a_case_that_stops_nothing_is_closed_by_who_looked_at_it(operator: Visitor) -> None:
    operator.press(f"{_case(operator, 'none')}/close")
    assert operator.row(Case, operator.story.cases["none"]).closed_by == "oda"


def test_a_case_is_not_closed_while_it_stops_one_beyond_the_shown_ones(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.cases.case_acts.MAX_SHOWN", 1)
    case_id = operator.story.cases["none"]
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, case_id)
        postings = [
            session.get_one(Posting, operator.story.postings[state]) for state in ("posted", "held")
        ]
        case.postings = postings
        shown, hidden = (posting.id for posting in postings)
    assert shown < hidden
    assert operator.post(f"{_case(operator, 'none')}/close").status_code == 400
    assert operator.row(Case, case_id).closed_at is None


@pytest.mark.parametrize(
    ("act", "fields"),
    [("/retry", {}), ("/{held}/skip", {"reason": "Paid in cash"}), ("/close", {})],
)
def test_a_decision_about_a_case_that_was_closed_meanwhile_changes_nothing(
    operator: Visitor, clock: FakeClock, act: str, fields: dict[str, str]
) -> None:
    posting_id = operator.story.postings["held"]
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, operator.story.cases["retry"])
        case.closed_at, case.closed_by = clock.now(), "ada"
    address = _case(operator, "retry")
    page = operator.press(address + act.format(held=posting_id), **fields)
    assert "This case was closed in the meantime. Nothing was changed." in page
    assert "by ada" in page
    assert operator.row(Posting, posting_id).state == "held"
    assert operator.row(Case, operator.story.cases["retry"]).decision == ""


def test_a_match_for_a_case_that_was_closed_meanwhile_is_not_replaced(
    operator: Visitor, clock: FakeClock
) -> None:
    address = _case(operator, "match")
    with operator.app.app_context(), transaction() as session:
        session.get_one(Case, operator.story.cases["match"]).closed_at = clock.now()
    page = operator.press(f"{address}/match", record="56")
    assert "This case was closed in the meantime. Nothing was changed." in page
    assert "Next:" not in page


def test_a_case_that_stops_something_cannot_be_waved_away(operator: Visitor) -> None:
    assert operator.post(f"{_case(operator, 'retry')}/close").status_code == 400
    assert operator.row(Case, operator.story.cases["retry"]).closed_at is None


def test_the_menu_counts_open_cases(operator: Visitor) -> None:
    match = re.search(r'class="count">(\d+)', operator.page("/runs/"))
    assert match
    assert int(match[1]) == len(operator.story.cases)


def test_adopting_asks_quickbooks_and_says_why_not(operator: Visitor) -> None:
    id = operator.story.postings["unknown"]
    with operator.app.app_context(), transaction() as session:
        session.get_one(Posting, id).state = "posted"
    address = f"{_case(operator, 'choose')}/{id}/adopt"
    assert "cannot be taken for a transaction now" in operator.press(address, quickbooks_id="145")


def test_cases_with_one_title_say_which_document_each_is_about(operator: Visitor) -> None:
    for path in ("/inbox/?act=retry", _case(operator, "retry")):
        page = operator.page(path)
        assert "Bill F-20261 of " in page[page.index("QuickBooks refused a bill</") :]


def test_a_case_about_one_document_names_it_before_it_is_opened(operator: Visitor) -> None:
    page = operator.page("/inbox/?act=retry")
    row = page[page.index(_case(operator, "retry")) :]
    assert "Bill F-20261 of " in row[: row.index("<details>")]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Bill 7 of Ås: the number is used.", "The number is used."),
        ("Bill 7 of Ås was deleted.", "It was deleted."),
        ("Bill 7 of Åsane was deleted.", "Bill 7 of Åsane was deleted."),
        ("It is late.", "It is late."),
        ("Its sum is off by 0.01. Correct it at the source.", "Its sum is off by 0.01."),
    ],
)
def test_a_reason_does_not_repeat_the_document_beside_its_title(reason: str, expected: str) -> None:
    assert (
        case_titles.format_reason(
            Case(
                stored_reason=reason,
                stored_instruction="Correct it at the source; it is read again.",
            ),
            "Bill 7 of Ås",
        )
        == expected
    )


def test_a_list_leaves_out_what_quickbooks_said_in_its_own_words(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, operator.story.cases["retry"])
        case.stored_reason = "The total is wrong. (QuickBooks says: Invalid Number; code 2050.)"
    pages = operator.page("/inbox/"), operator.page(_case(operator, "retry"))
    assert [("The total is wrong." in page, "code 2050" in page) for page in pages] == [
        (True, False),
        (True, True),
    ]


def test_a_case_to_correct_at_the_source_names_the_app_wherever_it_is_shown(
    operator: Visitor,
) -> None:
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, operator.story.cases["retry"])
        case.code, case.params = "document.source", {"document": "Bill 7", "field": "date"}
        case.params |= {"problem": "it is missing"}
        document_id = case.postings[0].document_id
    for path in ("/inbox/?act=source", _case(operator, "retry"), f"/documents/{document_id}"):
        assert "Fix this in CostTracker." in operator.page(path), path
    case = _case(operator, "retry")
    assert re.search(rf'href="{case}">Open the case<', operator.page(f"/documents/{document_id}"))


def test_a_document_deleted_in_quickbooks_can_be_skipped_from_its_case(bench) -> None:
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[0]).quickbooks_id)
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "Press Post again to create it once more, or Skip to leave it out." in page
    assert re.search(r"<button[^>]*>(<i[^>]*></i> ?)?Post again<", page)
    assert ("Missing in QuickBooks" in page, "No longer in QuickBooks" in page) == (True, False)
    assert ">Retry<" not in page
    assert "Skipped. It will not be posted." in bench.visitor.press(
        f"/inbox/1/{bench.ids[0]}/skip", reason="entered by mistake"
    )
    assert bench.state(bench.ids[0]) == "skipped"


def test_a_bill_that_was_edited_in_quickbooks_is_shown_beside_the_posted_one(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, Line=[{**line, "Amount": 15} for line in bench.bills()[0]["Line"]])
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert (
        f"It was posted as transaction {id}, which has 15.00 USD there, where 10.10 USD was posted"
        in page
    )
    assert re.findall(r"<mark>(\S+) USD", page) == ["10.10", "15.00"]
    assert ("Documents that it is about" in page, "This is it" in page) == (True, False)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Posted", "Deleted", "Differs"]), ("nb", ["Bokført", "Slettet", "Avviker"])],
)
def test_a_comparison_with_a_deleted_transaction_says_that_this_is_the_difference(
    bench, language, words
) -> None:
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[0]).quickbooks_id)
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.get("/inbox/1", headers={"Accept-Language": language}).text
    [cells] = re.findall(rf"<td[^<]*<mark>{words[0]}<.*?</tr>", page)
    assert re.findall(r">([^<>]+)</", f"<{cells}") == words


def test_on_a_phone_each_cell_of_a_comparison_names_its_side(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, Line=[{**line, "Amount": 15} for line in bench.bills()[0]["Line"]])
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    tables = re.findall(r'<table class="grid [^"]*stack[^"]*">(.*?)</table>', page, re.S)
    named = [re.findall(r'data-label="([^"]+)"', table) for table in tables]
    sides = ["From the source", f"In QuickBooks: {id}", "What differs"]
    assert named[0][:3] == sides
    assert ["From the source", "In QuickBooks", "What differs"] in named


def test_both_sides_of_a_comparison_show_due_date_account_location_memo_and_lines(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    before = next(bill for bill in bench.bills() if bill["Id"] == id)
    added = {**before["Line"][0], "Amount": 4, "Description": "Freight by hand"}
    added.pop("Id", None)
    lines = [added, *before["Line"]]
    bench.edit(id, Line=lines, DueDate="2026-05-17", PrivateNote="Edited by hand")
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    for label in ("Due", "Payable account", "Memo"):
        row = page[page.index(f'<th scope="row">{label}') :].split("</tr>")[0]
        assert "–" not in row.rpartition("<td")[2], label
    assert "17 May 2026" in page
    assert "Edited by hand" in page
    table = page[page.index("Lines of both sides") :].split("</table>")[0]
    rows = table[table.index("<tbody>") :].split("</tr>")
    assert ("No such line" in rows[0], "Freight by hand" in rows[0]) == (True, True)
    assert 'class="differs"' not in rows[1]


def test_a_comparison_links_to_the_page_in_the_source(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, DueDate="2026-05-17")
    with transaction() as session:
        document = session.get_one(Posting, bench.ids[0]).document
        document.body = {**document.body, "url": "https://source.test/invoices/1"}
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    beside = page[page.index("Show its history") :].split("</p>")[0]
    assert 'href="https://source.test/invoices/1"' in beside


def test_a_case_shows_when_its_documents_are_due(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, operator.story.documents["held"])
        document.due = dt.date(2026, 4, 17)
    assert "17 Apr 2026" in operator.page(_case(operator, "retry"))


def test_lines_are_aligned_one_to_one() -> None:
    def line(text: str, amount: int) -> TransactionLineView:
        return TransactionLineView(text, "4000", (), None, None, Decimal(amount))

    ours = [line("a", 1), line("b", 2), line("c", 3)]
    theirs = [line("x", 9), line("a", 1), line("b", 5), line("c", 3)]
    pairs = compared_lines.align(ours, theirs)
    assert [
        (pair.ours and pair.ours.description, pair.present and pair.present.description)
        for pair in pairs
    ] == [(None, "x"), ("a", "a"), ("b", "b"), ("c", "c")]
    assert [pair.differs for pair in pairs] == [True, False, True, False]


def test_a_case_opens_when_quickbooks_cannot_be_asked(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, Line=[{**line, "Amount": 15} for line in bench.bills()[0]["Line"]])
    reconcile(bench.company_id)
    bench.quickbooks.add_fault("status", "bill.read", status=503, count=0)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "15.00" in page
    assert "Lines of the bill from" in page


def test_a_copy_of_a_bill_is_shown_beside_the_bill_with_the_same_marker(bench) -> None:
    first = bench.bills()[0]
    copied = {name: first[name] for name in ("VendorRef", "Line", "PrivateNote", "TxnDate")}
    bench.quickbooks.act("create", kind="Bill", set={**copied, "DocNumber": "COPY"})
    unknown = re.sub(r"\[hub:\w+\]", "[hub:ABCDEFGH2345]", first["PrivateNote"])
    bench.quickbooks.act(
        "create", kind="Bill", set={**copied, "DocNumber": "ALIEN", "PrivateNote": unknown}
    )
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    twice, alien = bench.visitor.page("/inbox/1"), bench.visitor.page("/inbox/2")
    assert all(
        text in twice
        for text in (f"posted as {first['Id']}", "COPY", "other transactions with its marker")
    )
    assert all(
        text in alien for text in ("ALIEN", "A transaction with a mark", f"{first['TotalAmt']} USD")
    )


def test_a_transaction_says_which_other_document_it_was_posted_from(bench) -> None:
    twin = bench.posting(bench.ids[0])
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "Its number is used.")
    bench.index_all_bills()
    names = {"name": "Bill B-9 of Acme", "document": "Bill A-1", "transactions": "145"}
    with transaction() as session:
        inbox.open(
            session,
            f"posting:{posting_id}:number_used",
            CaseText("check.number_used", **names),
            company_id=bench.company_id,
            details={"candidates": [{"id": twin.quickbooks_id}]},
            postings=[posting_id],
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert re.search(
        rf"\[hub:\w+\] of <a href=\"/documents/{twin.document_id}\">Bill A-1</a> of", page
    )
    assert f'It was posted from <a href="/documents/{twin.document_id}">Bill A-1</a> of' in page
    assert "Not this one</button>" in page
    assert page.count("This is it</button>") == 1  # only for another one, by its id
    assert "has the same document twice, press Skip" in page
    assert "press “Not this one” to send it with this number, which QuickBooks may refuse" in page


def test_a_number_that_our_own_document_has_leaves_to_skip_or_change_it(bench) -> None:
    twin = bench.posting(bench.ids[0])
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "Its number is used.")
    bench.index_all_bills()
    with transaction() as session:
        inbox.open(
            session,
            f"posting:{posting_id}:number_used",
            CaseText("outcome.number_used", name="Bill B-9 of Acme", answer="It is used."),
            company_id=bench.company_id,
            details={"candidates": [{"id": twin.quickbooks_id}]},
            postings=[posting_id],
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "has the same document twice, press Skip" in page
    assert "choose that one or Skip" not in page


def test_a_number_refused_after_not_this_one_is_changed_or_the_document_skipped(bench) -> None:
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "Its number is used.")
    with transaction() as session:
        session.get_one(Posting, posting_id).rejected_ids = ["33"]
        inbox.open(
            session,
            f"posting:{posting_id}:number_used",
            CaseText("outcome.number_used", name="Bill B-9 of Acme", answer="TxnId=33 has it."),
            company_id=bench.company_id,
            details={"candidates": []},
            postings=[posting_id],
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "has the same document twice, press Skip; otherwise change its number there" in page
    assert "The transaction that was found is another document, as somebody answered." in page
    assert "No transaction is named" not in page
    assert "choose that transaction" not in page


def test_who_may_only_look_at_a_case_sees_no_empty_choice(bench) -> None:
    bench.index_all_bills()
    body = bench.body("A-1") | {"PrivateNote": f"[hub:{bench.marker('B-1')}]"}
    bench.clear_check(bench.plan("B-1", "create", body))
    bench.drain()
    bench.visitor.log_in("vera")
    page = bench.visitor.page("/inbox/1")
    assert "an operator may act on it" in page
    assert not re.search(r"<li>\s*</li>", page)


def test_no_next_step_names_a_button_that_another_document_rules_out(bench) -> None:
    bench.index_all_bills()
    body = bench.body("A-1") | {"PrivateNote": f"[hub:{bench.marker('B-1')}]"}
    bench.clear_check(bench.plan("B-1", "create", body))
    bench.drain()
    assert bench.cases() == ["Number already used"]
    bench.visitor.log_in("oda")
    for address in ("/inbox/", "/inbox/1", "/inbox/export?format=csv"):
        page = bench.visitor.page(address)
        assert "has the same document twice, press Skip; otherwise" in page, address
        assert "press “This is it”" not in page, address


def test_a_transaction_of_another_document_is_not_offered_if_its_marker_was_removed(bench) -> None:
    twin = bench.posting(bench.ids[0])
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "Its number is used.")
    bench.index_all_bills()
    with transaction() as session:
        head = session.get_one(TransactionHead, (bench.company_id, "bill", twin.quickbooks_id))
        head.marker = ""
        inbox.open(
            session,
            f"posting:{posting_id}:used",
            CaseText("check.number_used", name="B-9", transactions="1", document="bill"),
            company_id=bench.company_id,
            details={"candidates": [{"id": twin.quickbooks_id}]},
            postings=[posting_id],
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "It was posted from another document, so it cannot be this" in page
    assert page.count("This is it</button>") == 1  # only for another one, by its id


def test_a_disconnected_company_is_asked_nothing_by_the_page_of_a_case(bench) -> None:
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "preflight", "It is there.")
    with transaction() as session:
        inbox.open(
            session,
            f"posting:{posting_id}:used",
            CaseText("check.number_used", name="B-9", transactions="77", document="bill"),
            company_id=bench.company_id,
            installation_id=bench.installation_id,
            details={"candidates": [{"id": "77"}]},
            postings=[posting_id],
        )
        session.get_one(ConnectedCompany, bench.company_id).state = "disconnected"
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert "Transactions are shown as they were last read" in page
    assert "This is it</button>" not in page
    page = bench.visitor.press(f"/inbox/1/{posting_id}/not-this", quickbooks_id="77")
    assert "A sync continues with it once its company is connected again." in page
    with read_only_session() as session:
        assert session.query(Run).filter_by(kind="sync").count() == 0


@pytest.mark.parametrize("code", ["posted.missing", "posted.voided", "document.wanted_again"])
def test_a_removed_document_is_not_posted_again_from_the_list(bench, code) -> None:
    posting = bench.posting(bench.ids[0])
    with transaction() as session:
        if code == "document.wanted_again":
            text = CaseText(code, document="Bill A-1", departure="deleted in")
        else:
            text = CaseText(code, name="Bill A-1", quickbooks_id=str(posting.quickbooks_id))
        company = {"company_id": bench.company_id}
        inbox.open(session, "missing", text, postings=[posting.id], **company)
    bench.visitor.log_in("oda")
    assert "/inbox/1/retry" not in bench.visitor.page("/inbox/")
    page = bench.visitor.page("/inbox/1")
    form = page[page.index("/inbox/1/retry") :].partition("</form>")[0]
    assert "btn-quiet" in form
    assert "btn-primary" not in form


def test_a_retry_is_for_all_that_a_case_stops_however_few_are_shown(bench, monkeypatch) -> None:
    monkeypatch.setattr("hub.web.cases.case_acts.MAX_SHOWN", 1)
    posting_ids = [bench.bill(f"C-{n}") for n in range(3)]
    for id in posting_ids:
        bench.hold(id, "preflight", "The period is closed.")
    with transaction() as session:
        case = open_stored_case(session, "closed", postings=posting_ids, **CLOSED)
    bench.visitor.log_in("oda")
    assert "Retried" in bench.visitor.press(f"/inbox/{case.id}/retry")
    assert [bench.state(id) for id in posting_ids] == ["ready"] * 3


@pytest.fixture
def hold_bills(bench):
    """Return a function that adds and holds this number of bills; it returns their ids."""

    def lay(count, name, stop):
        ids = [bench.bill(f"{name}-{n}") for n in range(count)]
        for id in ids:
            stop(id)
        return ids

    return lay


def _refuse(id):
    with transaction() as session:
        posting = session.get_one(Posting, id)
        posting.state, posting.held_by, posting.rekey = "held", "quickbooks", True
        sent = {"fence": "f", "sent_at": posting.created_at, "outcome": "refused", "code": "6000"}
        session.add(Attempt(posting_id=id, generation=0, requestid=posting.requestid, **sent))


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("by", ["preflight", "source", "quickbooks", "doubt"])
def test_trying_three_times_as_many_again_is_not_one_statement_more(bench, hold_bills, by) -> None:
    def stop(id):
        if by in ("quickbooks", "doubt"):
            _refuse(id)
        else:
            bench.hold(id, by, "It is.")
        if by == "doubt":
            with transaction() as session:
                session.execute(
                    update(Attempt).where(Attempt.posting_id == id).values(outcome="doubt")
                )

    bench.visitor.log_in("oda")
    calls = []
    for count in SEVERAL:
        ids = hold_bills(count, f"D{count}", stop)
        with transaction() as session:
            case = open_stored_case(session, f"closed {count}", postings=ids, **CLOSED)
        with count_statements() as (times, _):
            assert "Retried" in bench.visitor.press(f"/inbox/{case.id}/retry")
        calls.append(times.total())
        then = {
            "preflight": ("ready", 0),
            "source": ("held", 0),
            "quickbooks": ("ready", 1),
            "doubt": ("unknown", 0),
        }
        assert {(bench.state(id), bench.posting(id).generation) for id in ids} == {then[by]}
        assert len({bench.posting(id).requestid for id in ids}) == count
    assert calls[1] <= calls[0]
    with read_only_session() as session:
        entries = list(session.scalars(select(AuditEntry.what)))
        assert (audit_check.verify(session).count, entries.count("posting retried")) == (
            len(entries),
            sum(SEVERAL),
        )


def test_of_many_only_those_are_tried_again_that_can_be_and_the_others_are_named(
    bench, hold_bills
) -> None:
    ready, held_ids = (
        bench.bill("E-9"),
        hold_bills(2, "E", lambda id: bench.hold(id, "preflight", "It is.")),
    )
    with transaction() as session:
        case = open_stored_case(
            session, "closed", postings=[*held_ids, *bench.ids, ready], **CLOSED
        )
    bench.visitor.log_in("oda")
    page = bench.visitor.press(f"/inbox/{case.id}/retry")
    assert [bench.state(id) for id in (*held_ids, *bench.ids)] == [
        "ready",
        "ready",
        "posted",
        "posted",
    ]
    posted = "Bill A-1 of Acme is in QuickBooks already. To post it again, remove it there first."
    assert posted in page
    assert "Bill E-9 of Acme is ready; there is nothing to try again." in page
    with read_only_session() as session:
        entries = select(AuditEntry.subject).where(AuditEntry.what == "posting retried")
        assert set(session.scalars(entries)) == set(map(str, held_ids))


def test_approving_and_stopping_three_times_as_many_is_not_one_statement_more(
    bench, hold_bills
) -> None:
    bench.visitor.log_in("oda")
    calls = []
    for count in SEVERAL:
        ids = hold_bills(count, f"F{count}", bench.review)
        with count_statements() as (times, _):
            bench.visitor.approve(bench.installation_id)
        assert {(bench.state(id), bench.posting(id).approved_by) for id in ids} == {
            ("ready", "oda")
        }
        with transaction() as session:
            session.execute(update(Posting).where(Posting.id.in_(ids)).values(approved_by=None))
        with count_statements() as (more, _), transaction() as session:
            outbox.return_to_review(session, bench.installation_id)
            assert outbox.approve_all(session, bench.installation_id, "oda") == count
        calls.append((times.total(), more.total()))
        bench.drain()
    assert calls[1] <= calls[0]


def _case_of_missing_document(visitor: Visitor, act: str) -> str:
    with visitor.app.app_context(), transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings["held"])
        posting.held_by = "person"
        about = {
            "title": "Gone",
            "reason": "It is gone.",
            "instruction": "Decide.",
            "postings": [posting],
        }
        here = {"installation_id": visitor.story.installation, "company_id": visitor.story.company}
        case = open_stored_case(
            session, f"posting:{posting.id}:gone-{act}", action=act, **about, **here
        )
        return f"/inbox/{case.id}"


def test_a_button_that_removes_is_never_green_and_asks_first(operator: Visitor) -> None:
    here = _case_of_missing_document(operator, "void")
    page = operator.page(here)
    assert re.findall(r'class="btn btn-primary[^>]*>([^<]+)<', page) == []
    assert ("Leave as it is</button>" in page, "Delete in QuickBooks" in page) == (True, False)
    assert f'btn-warn btn-sm" href="{here}/remove?then=next">Void in QuickBooks…' in page
    assert page.index("Void in QuickBooks…") < page.index("Leave as it is</button>")
    question = operator.page(f"{here}/remove")
    button = re.search(r'<button class="btn btn-undo">(.*?)</button>', question)
    assert button
    assert button[1] == "Void in QuickBooks · F-20261 · 1,287.50 NOK"
    assert f'action="{here}/retry' in question
    assert operator.get(f"{_case(operator, 'retry')}/remove").status_code == 404
    here = _case_of_missing_document(operator, "delete")
    page = operator.page(here)
    assert re.findall(r'class="btn btn-primary[^>]*>([^<]+)<', page) == ["Leave as it is"]
    assert f'href="{here}/remove?then=next">Delete in QuickBooks…' in page
    assert "Delete in QuickBooks · F-20261" in operator.page(f"{here}/remove")
    assert "Confirm that it is deleted" in operator.press(f"{here}/retry")
    with operator.app.app_context(), transaction() as session:
        held_posting = session.get_one(Posting, operator.story.postings["held"])
        held_posting.operation, held_posting.held_by, held_posting.approved_by = (
            "delete",
            "person",
            None,
        )
    assert "Confirm that it is deleted" in operator.press(
        f"{here}/{operator.story.postings['held']}/retry"
    )
    assert operator.row(Posting, operator.story.postings["held"]).state == "held"
    removal = operator.press(f"{here}/retry", sure="1")
    assert re.search(r"Removing bill [^.]+ from QuickBooks\.", removal)


def test_a_document_that_is_gone_can_be_left_in_quickbooks(operator: Visitor) -> None:
    here = _case_of_missing_document(operator, "void")
    assert "Left as it is in QuickBooks." in operator.press(f"{here}/leave")
    assert operator.row(Posting, operator.story.postings["held"]).state == "skipped"
    assert operator.post(f"{_case(operator, 'choose')}/leave").status_code == 400
    address = f"/documents/{operator.story.documents['held']}"
    page = operator.get(address, headers={"Accept-Language": "nb"}).text
    assert ("Latt være i QuickBooks" in page, "Left as it is" in page) == (True, False)


def accept_with_other_values(bench) -> int:
    """Accept a transaction that a person entered as a document with another total."""
    entered = {name: bench.bills()[0][name] for name in ("VendorRef", "Line", "TxnDate")}
    entered["Line"] = [{**line, "Amount": 15} for line in entered["Line"]] * 2
    by_hand = bench.quickbooks.act("create", kind="Bill", set=entered)["Id"]
    bench.quickbooks.add_fault("refusal", "bill.create", code="6240")
    id = bench.bill("B-9")
    bench.drain()
    manual.adopt(id, by_hand, "oda")
    bench.visitor.log_in("oda")
    return id


def test_an_accepted_transaction_with_other_values_is_shown_beside_the_planned_one(bench) -> None:
    id = accept_with_other_values(bench)
    page = bench.visitor.page("/inbox/2")
    assert "Posted but differs" in page
    assert "is in QuickBooks, but differs from what was planned." in html.unescape(page)
    assert "The number of lines in QuickBooks is 2 instead of 1." in page
    assert "What was planned, and what is there now" in page
    assert re.findall(r"<mark>(\S+) USD", page) == ["100.00", "30.00"]
    assert ("This is it" in page, "Put back as posted" in page) == (False, False)
    assert "Accept what QuickBooks has" not in page
    page = bench.visitor.page(f"/documents/{bench.posting(id).document_id}")
    assert ("As it was planned" in page, "As it was posted" in page) == (True, False)
    assert "As it was sent" not in page


def test_other_amounts_of_an_accepted_transaction_are_named_in_norwegian(bench) -> None:
    accept_with_other_values(bench)
    page = bench.visitor.get("/inbox/2", headers={"Accept-Language": "nb"}).text
    assert "QuickBooks har 30,00 USD som totalen i stedet for 100,00 USD." in page.replace(
        "\xa0", " "
    )


def test_equal_facts_are_folded_and_what_differs_has_a_column(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, Line=[{**line, "Amount": 15} for line in bench.bills()[0]["Line"]])
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    visible, folded = page.split("other fields are equal")
    total = visible[visible.index('<th scope="row">Total') :].split("</tr>")[0]
    assert total.endswith('<td class="what-differs" data-label="What differs">+4.90 USD</td>')
    for label in ("Memo", "Marker"):
        assert f'<th scope="row">{label}' not in visible
        assert f'<th scope="row">{label}' in folded.split("</details>")[0]
    assert "Accept what QuickBooks has</button>" in page
    message = "What QuickBooks has is accepted, and the case is closed."
    assert message in bench.visitor.press("/inbox/1/close")
    assert "Accepted what QuickBooks has" in bench.visitor.page("/inbox/?show=closed")
    page = bench.visitor.page(f"/documents/{bench.posting(bench.ids[0]).document_id}")
    history = " ".join(page.partition('<ol class="timeline">')[2].split())
    assert "The case was closed by oda" in history
    assert "Changed in QuickBooks: Accepted what QuickBooks has" in history


def test_several_differences_are_a_list(bench) -> None:
    posting = bench.posting(bench.ids[0])
    bench.edit(posting.quickbooks_id, DueDate="2026-05-17", DocNumber="KH-77")
    bench.index_all_bills()
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    for path in ("/inbox/1", f"/documents/{posting.document_id}"):
        page = bench.visitor.page(path).partition('aria-label="In short"')[0]
        items = page.partition('<ul class="differences">')[2].partition("</ul>")[0]
        texts = [" ".join(text.split()) for text in re.findall(r"<li>(.*?)</li>", items, re.S)]
        number, due = texts
        assert number == f"QuickBooks has KH-77 as the number instead of {posting.number}.", path
        assert due.startswith("QuickBooks has 17 May 2026 as the due date instead of "), path
        assert page.count("QuickBooks has KH-77 as the number") == 1, path
    bench.edit(posting.quickbooks_id, DocNumber=posting.number)
    bench.index_all_bills()
    reconcile(bench.company_id)
    page = bench.visitor.page("/inbox/1")
    assert ("as the due date instead of" in page, 'class="differences"' in page) == (True, False)


def test_after_another_number_is_accepted_the_page_of_the_document_has_it(bench) -> None:
    posting = bench.posting(bench.ids[0])
    planned = posting.number
    bench.visitor.log_in("oda")
    assert "In QuickBooks it has the number" not in document_page(bench)
    bench.edit(posting.quickbooks_id, DocNumber="KH-77")
    bench.index_all_bills()
    reconcile(bench.company_id)
    bench.visitor.press("/inbox/1/close")
    page = document_page(bench)
    facts = page.partition('aria-label="In short"')[2].partition("</ul>")[0]
    text = " ".join(re.sub(r"<[^>]+>", " ", facts).split())
    assert f"In QuickBooks KH-77 posted as {planned}" in text
    posted = page.partition('id="sent"')[2].partition("</section>")[0]
    assert "In QuickBooks it has the number KH-77." in " ".join(posted.split())
    other = bench.visitor.page(f"/documents/{bench.posting(bench.ids[1]).document_id}")
    assert "KH-77" not in other
    assert "posted as" not in other


def document_page(bench) -> str:
    return bench.visitor.page(f"/documents/{bench.posting(bench.ids[0]).document_id}")


@pytest.mark.parametrize(("person", "case_ids"), [("oda", (1,)), ("vera", (1, 2))])
def test_facts_that_were_not_read_are_not_called_equal(bench, person, case_ids) -> None:
    """A deleted bill cannot be read; a viewer's page reads nothing from QuickBooks."""
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[0]).quickbooks_id)
    bench.edit(bench.posting(bench.ids[1]).quickbooks_id, DocNumber="other")
    reconcile(bench.company_id)
    bench.visitor.log_in(person)
    for case_id in case_ids:
        page = bench.visitor.page(f"/inbox/{case_id}")
        assert re.search(r"\d fields of the source", page), case_id
        assert "fields are equal" not in page


def test_a_memo_differs_only_by_what_people_wrote(bench) -> None:
    """The marker of the hub is no part of what a person compares."""
    id = bench.posting(bench.ids[0]).quickbooks_id
    bill = next(bill for bill in bench.bills() if bill["Id"] == id)
    note = re.sub(r"\[hub:\w+\]", "", bill["PrivateNote"]).strip()
    bench.edit(id, DueDate="2026-05-17", PrivateNote=f"{note}  [hub:ABCDEFGH2345]")
    bench.index_all_bills()
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    visible, folded = page.split("other fields are equal")
    assert '<th scope="row">Memo' not in visible
    assert '<th scope="row">Mark' in visible
    assert "[hub:" not in folded.split("</details>")[0]


def test_equal_lines_are_folded_and_the_others_say_what_differs(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    before = next(bill for bill in bench.bills() if bill["Id"] == id)
    added = {**before["Line"][0], "Amount": 4, "Description": "Freight by hand"}
    added.pop("Id", None)
    bench.edit(id, Line=[*before["Line"], added])
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    visible, folded = page[page.index("Lines</h3>") :].split("1 line is equal")
    assert "Freight by hand" in visible
    assert '<td class="what-differs" data-label="What differs">Only in QuickBooks</td>' in visible
    assert "Freight by hand" not in folded.split("</details>")[0]


def test_of_a_line_only_what_differs_is_marked(bench) -> None:
    id = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(id, Line=[{**line, "Amount": 15} for line in bench.bills()[0]["Line"]])
    reconcile(bench.company_id)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    lines = page[page.index("Lines</h3>") :].split("</table>")[0]
    assert '<td class="what-differs" data-label="What differs">Amount</td>' in lines
    assert re.findall(r"<mark>([^<]*)</mark>", lines) == ["10.10", "15.00"]


def test_a_line_names_what_differs() -> None:
    ours = TransactionLineView("a", "4000", (), None, None, Decimal(1))
    theirs = TransactionLineView("b", "4000", (), None, None, Decimal(2))
    assert compared_lines.ComparedLines(ours, theirs).difference == "Description, Amount"
    assert compared_lines.ComparedLines(ours, None).difference == "Not in QuickBooks"


def test_the_choices_are_cards_and_only_the_harmless_one_is_green(operator: Visitor) -> None:
    page = operator.page(_case(operator, "choose"))
    cards = page[page.index('class="choice-cards"') :].split("</ul>")[0]
    assert re.findall(r'class="btn btn-primary[^"]*"[^>]*>(?:<i[^>]*></i> )?([^<]+)<', cards) == [
        "This is it"
    ]
    assert 'class="btn btn-warn btn-sm">Skip<' in cards
    posting = operator.row(Case, operator.story.cases["choose"])
    [skip] = re.findall(r'action="(/inbox/\d+/\d+/skip\?[^"]+)"', cards)
    assert skip.startswith(f"/inbox/{posting.id}/")


@pytest.mark.parametrize(
    ("text", "once"),
    [
        (
            CaseText("check.books_closed", name="Bill F-77", date="02 Mar 2026"),
            "Bill F-77 is dated in that period, and QuickBooks would refuse it.",
        ),
        (
            CaseText(
                "code.match", code="Supplier “Hara”", problem="nothing in QuickBooks fits it."
            ),
            "What to do:",
        ),
    ],
)
def test_the_page_of_a_case_says_once_what_is_wrong(
    operator: Visitor, text: CaseText, once: str
) -> None:
    with operator.app.app_context(), transaction() as session:
        posting = session.get_one(Posting, operator.story.postings["held"])
        posting.reasons = dump(text)
        case = inbox.open(
            session,
            "posting:77:closed",
            text,
            company_id=operator.story.company,
            installation_id=operator.story.installation,
            postings=[posting],
        )
        address = f"/inbox/{case.id}"
    page = operator.page(address)
    assert page.count(once) == 1
    assert "has no match in QuickBooks" not in page


def test_cases_are_found_by_the_words_of_the_page_in_every_language(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        values = {"name": "Bill F-77 of Hara", "date": "02 Mar 2026"}
        case = inbox.open(
            session,
            "posting:77:closed",
            CaseText("check.books_closed", **values),
            company_id=operator.story.company,
            installation_id=operator.story.installation,
        )
        address = f'href="/inbox/{case.id}'
    norwegian = {"Accept-Language": "nb"}
    pages = [operator.get("/inbox/", headers=norwegian).text, operator.page("/inbox/")]
    assert "Regnskapet er lukket" in pages[0]
    assert "Regnskapet er lukket" not in pages[1]
    for path in ("/inbox/?words=", "/search/?q="):
        for words in ("regnskapet er lukket", "2. mars 2026", "books are closed"):
            page = operator.get(path + words.replace(" ", "+"), headers=norwegian).text
            assert address in page, words
        assert address not in operator.page(path + "regnskapet+er+lukket")
        assert address not in operator.get(path + "anskaffelse", headers=norwegian).text


def _add_to_case(visitor: Visitor, act: str) -> int:
    """Add another held document to a case; return its posting."""
    with visitor.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        _, posting = add_document(session, installation, "held", 200)
        posting.held_by = "preflight"
        case = session.get_one(Case, visitor.story.cases[act])
        case.postings.append(posting)
        session.flush()
        return posting.id


def test_an_old_page_does_not_change_a_document_that_another_person_decided(
    operator: Visitor,
) -> None:
    id = _add_to_case(operator, "retry")
    case = _case(operator, "retry")
    assert "Skipped." in operator.press(f"{case}/{id}/skip", reason="Paid in cash")
    for act in ("retry", "skip", "not-this", "adopt", "put-back", "overwrite"):
        page = operator.press(f"{case}/{id}/{act}", reason="Again", quickbooks_id="145")
        assert "The case no longer has this document. Nothing was changed." in page
    assert operator.row(Posting, id).state == "skipped"


def test_a_retry_that_retries_nothing_gives_the_reason_and_is_no_decision(
    operator: Visitor,
) -> None:
    id = operator.story.postings["held"]
    with operator.app.app_context(), transaction() as session:
        session.get_one(Posting, id).state = "sending"
    page = operator.press(f"{_case(operator, 'retry')}/retry")
    assert "there is nothing to try again." in page
    assert "Retried" not in page
    assert operator.row(Case, operator.story.cases["retry"]).decision == ""


def test_a_retry_of_a_case_without_documents_names_none(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        session.get_one(Case, operator.story.cases["retry"]).postings = []
    page = operator.press(f"{_case(operator, 'retry')}/retry")
    assert "It is checked again with the next run. A sync continues with it now." in page


def test_an_amount_in_a_headline_stays_on_one_line() -> None:
    code = next(code for code, row in CATALOGUE.items() if row.title == case_titles.DOCUMENT_TITLE)
    start = "Linjene blir 71\N{NO-BREAK SPACE}955,22 NOK"
    case = SimpleNamespace(code=code, title="Bill 1", reason=f"{start}. Mer.", instruction="")
    assert case_titles.format_headline(case) == start
    case.reason = start + " og mer" * 30
    headline = case_titles.format_headline(case)
    assert headline.startswith(f"{start} og mer")
    assert headline.endswith("…")
    assert len(headline) <= case_titles.MAX_HEADLINE
