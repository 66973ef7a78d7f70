"""A case with several transactions in QuickBooks says of each of them what differs."""

import json
import re

import pytest

from hub.cases import inbox
from hub.db.engine import transaction
from hub.models import Case
from tests.support.pages.posting_pages import app, bench
from tests.support.rows.posting_bench import PostingBench
from tests.support.rows.stored_cases import open_stored_case

__all__ = ["app", "bench"]
WHAT_DIFFERS = r'<td class="what-differs" data-label="What differs">([^<]*)</td>'


@pytest.fixture
def ids(bench: PostingBench) -> list[str]:
    """Provide two transactions that a held bill may be: an equal one, and one with other facts."""
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "The answer was lost.")
    payload = json.loads(bench.posting(posting_id).payload)
    stored = {name: payload[name] for name in ("VendorRef", "Line", "TxnDate", "DocNumber")}
    bench.quickbooks.act("create", kind="Bill", set=stored)
    other = {**stored, "DocNumber": "OTHER", "TxnDate": "2026-05-17"}
    other["Line"] = [{**line, "Amount": 25} for line in stored["Line"]]
    bench.quickbooks.act("create", kind="Bill", set=other)
    equal_id, other_id = sorted((bill["Id"] for bill in bench.bills()), key=int)[-2:]
    bench.index_all_bills()
    with transaction() as session:
        open_stored_case(
            session,
            "lost",
            title="The answer was lost",
            reason="It is.",
            action="choose",
            instruction="Press “This is it”, or Skip.",
            details={"candidates": [{"id": equal_id}, {"id": other_id}]},
            company_id=bench.company_id,
            postings=[posting_id],
        )
    return [equal_id, other_id]


def read_row(page: str, label: str) -> str:
    """Return the row of a fact."""
    return page[page.index(f'<th scope="row">{label}') :].split("</tr>")[0]


def test_differences_have_a_column_beside_each_candidate(bench, ids) -> None:
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    headings = page[page.index('<table class="grid stack sides">') :].split("</thead>")[0]
    texts = [re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<th.*?</th>", headings)]
    assert texts[2:] == [
        f"In QuickBooks: {ids[0]}",
        f"What differs: {ids[0]}",
        f"In QuickBooks: {ids[1]}",
        f"What differs: {ids[1]}",
    ]
    assert re.findall(WHAT_DIFFERS, read_row(page, "Number")) == ["", "Differs"]
    assert re.findall(WHAT_DIFFERS, read_row(page, "Date")) == ["", "Differs"]
    total = re.findall(WHAT_DIFFERS, read_row(page, "Total"))
    assert (total[0], total[1].endswith(" USD")) == ("", True)
    assert re.fullmatch(r"[+−][\d.,]+ USD", total[1])


def test_totals_in_two_currencies_have_no_difference(bench, ids) -> None:
    with transaction() as session:
        session.get_one(Case, 1).postings[0].currency = "EUR"
    bench.visitor.log_in("oda")
    row = read_row(bench.visitor.page("/inbox/1"), "Total")
    assert (" EUR" in row, row.count(" USD")) == (True, 2)
    assert re.findall(WHAT_DIFFERS, row) == ["Differs", "Differs"]


def test_only_the_candidate_that_differs_is_marked(bench, ids) -> None:
    bench.visitor.log_in("oda")
    row = read_row(bench.visitor.page("/inbox/1"), "Number")
    assert re.findall(r"<mark>([^<]*)</mark>", row)[-1:] == ["OTHER"]
    equal = row.split(f'data-label="In QuickBooks: {ids[0]}"')[1].split("</td>")[0]
    assert "<mark>" not in equal


def test_without_quickbooks_the_columns_have_what_was_read_last(bench, ids) -> None:
    bench.quickbooks.add_fault("status", "bill.read", status=503, count=0)
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert re.findall(WHAT_DIFFERS, read_row(page, "Number")) == ["", "Differs"]


def test_the_page_of_the_document_has_the_number_of_the_transaction_that_was_chosen(
    bench, ids
) -> None:
    bench.visitor.log_in("oda")
    [posting_id] = re.findall(r"/inbox/1/(\d+)/adopt", bench.visitor.page("/inbox/1"))[:1]
    bench.visitor.press(f"/inbox/1/{posting_id}/adopt", quickbooks_id=ids[1])
    page = bench.visitor.page(f"/documents/{bench.posting(int(posting_id)).document_id}")
    facts = page.partition('aria-label="In short"')[2].partition("</ul>")[0]
    text = " ".join(re.sub(r"<[^>]+>", " ", facts).split())
    assert "In QuickBooks OTHER planned as B-9" in text


@pytest.mark.parametrize(("act", "answer"), [("adopt", "This is it"), ("not-this", "Not this one")])
def test_an_answer_is_called_like_its_button_everywhere(bench, ids, act, answer) -> None:
    """*Accept what QuickBooks has* is another act, so no text speaks of accepting."""
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/inbox/1")
    assert f"{answer}</button>" in page
    other = page[page.index("It is another one, with the id") :].partition("</form>")[0]
    assert "This is it</button>" in other
    [posting_id] = re.findall(r"/inbox/1/(\d+)/adopt", page)[:1]
    bench.visitor.press(f"/inbox/1/{posting_id}/{act}", quickbooks_id=ids[1])
    with transaction() as session:
        inbox.close(session, session.get_one(Case, 1).cause)
    closed = " ".join(bench.visitor.page("/inbox/?show=closed").split())
    assert f"“{answer}”: {ids[1]}" in closed
    document = bench.visitor.page(f"/documents/{bench.posting(int(posting_id)).document_id}")
    assert f"oda answered “{answer}” about a transaction in QuickBooks" in document
