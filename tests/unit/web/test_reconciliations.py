"""The page of a reconciliation, its files, and its PDF for an auditor."""

import csv
import io
import re
from dataclasses import replace
from html import unescape

import pytest
from pypdf import PdfReader

from hub.config import API_URLS
from hub.context import current_hub
from hub.db.engine import transaction
from hub.models import Case, ConnectedCompany, Run, User
from hub.scheduling import runner
from tests.support.pages.list_pages import queries_of
from tests.support.pages.posting_pages import app, bench
from tests.support.rows.page_rows import add_company
from tests.support.rows.rights_rows import APPS, COMPANIES

__all__ = ["app", "bench"]
HERE = "/reconciliations/"
ALPHA = COMPANIES[0]


def reconcile(bench):
    runner.run_company_job("reconcile", bench.company_id, requested_by="schedule")
    bench.visitor.log_in("vera")
    return text_of(bench.visitor.page(HERE))


def lose(bench, number):
    """Delete one bill in QuickBooks."""
    quickbooks_id = bench.posting(bench.ids[number]).quickbooks_id
    bench.quickbooks.act("delete", kind="Bill", id=quickbooks_id)


def text_of(page):
    """Return the text that a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def table(page, title):
    """Return the cells of the rows of a table."""
    body = page.partition(f"{title}</caption>")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = []
    for row in body.split("<tr>")[1:]:
        rows.append([text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)])
    return rows


def pdf_text(visitor, address):
    """Return the text of each page of a PDF."""
    answer = visitor.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    return [page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages]


def add_differences(bench, count):
    """Add many differences to the newest reconciliation, of ten thousand documents."""
    with transaction() as session:
        run = session.get_one(Run, 1)
        (one,) = run.counts["wrong"]
        rows = [{**one, "number": f"N-{number}"} for number in range(count)]
        line = {**run.counts["totals"][0], "documents": 10_000, "differing": count}
        run.counts = {**run.counts, "documents": 10_000, "totals": [line], "wrong": rows}


def test_a_page_without_differences_shows_no_totals(bench):
    text = reconcile(bench)
    assert "2 of 2 documents match QuickBooks. No difference." in text
    assert "No document differs" in text
    assert "No total differs" in text
    assert "Requested by Nightly schedule" in text
    page = bench.visitor.page(f"{HERE}1?show=all")
    assert [row[3:8] for row in table(page, "kind, month and currency")] == [
        ["2", "200.00", "30.20", "30.20", "0.00 USD"]
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("engine", "the hub"), ("webhook", "a webhook"), ("oda", "oda")]
)
def test_who_asked_for_a_reconciliation_is_named_in_words(bench, name, shown):
    reconcile(bench)
    with transaction() as session:
        session.get_one(Run, 1).requested_by = name
    text = text_of(bench.visitor.page(HERE))
    assert f"Requested by {shown} Documents dated" in text
    assert f"Done {shown} 2 of 2" in text
    [sheet, *_] = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert shown in sheet


def test_a_difference_is_listed_with_its_amounts_and_leads_to_document_and_case(bench):
    lose(bench, 1)
    text = reconcile(bench)
    assert "1 of 2 documents match QuickBooks. Difference −20.10 USD in 1 document." in text
    page = bench.visitor.page(HERE)
    (row,) = table(page, "Documents that differ from QuickBooks")
    assert row[0] == "Bill A-2 of Acme"
    assert row[3:7] == ["20.10 USD", "0.00 USD", "−20.10 USD", "Missing in QuickBooks"]
    assert f'href="/postings/{bench.ids[1]}"' in page
    assert 'href="/inbox/1"' in page
    assert [row[7] for row in table(page, "kind, month and currency")] == ["−20.10 USD"]


def test_a_difference_leads_to_quickbooks_unless_it_is_missing_there(bench, monkeypatch):
    bill = bench.posting(bench.ids[0]).quickbooks_id
    bench.edit(bill, Line=bench.body("A-1", total="15.10")["Line"])
    lose(bench, 1)
    assert "0 of 2 documents match QuickBooks. Difference" in reconcile(bench)
    assert "0 of 2 documents match QuickBooks. Difference" in bench.visitor.page("/runs/")
    assert "https://app." not in bench.visitor.page(HERE), "a stand-in has no such pages"
    extensions = bench.app.extensions
    config = replace(extensions["hub"].config, qbo_api_url=API_URLS["sandbox"])
    monkeypatch.setitem(extensions, "hub", replace(extensions["hub"], config=config, mounts={}))
    page = bench.visitor.page(HERE)
    assert re.findall(r'href="(https://[^"]+/bill\?txnId=\d+)"', page) == [
        f"https://app.sandbox.qbo.intuit.com/app/bill?txnId={bill}"
    ]


def test_an_accepted_difference_is_listed_as_such_and_does_not_count(bench):
    lose(bench, 1)
    reconcile(bench)
    with transaction() as session:
        case = session.get_one(Case, 1)
        case.closed_at, case.closed_by = bench.clock.now(), "oda"
    runner.run_company_job("reconcile", bench.company_id, requested_by="oda")
    page = bench.visitor.page(f"{HERE}2")
    text = text_of(page)
    assert "No difference. 1 accepted as it is." in text
    assert "Missing in QuickBooks Accepted" in text


def test_one_app_is_shown_with_its_own_sums(bench):
    lose(bench, 1)
    reconcile(bench)
    with transaction() as session:
        run = session.get_one(Run, 1)
        (line,), (one,) = run.counts["totals"], run.counts["wrong"]
        other = {**line, "app": "other", "documents": 5, "differing": 0, "absent": 0}
        other |= dict.fromkeys(("difference", "open", "unaccepted"), "0.00")
        run.counts = {**run.counts, "documents": 7, "totals": [line, other], "wrong": [one]}
    whole = text_of(bench.visitor.page(f"{HERE}1"))
    of_other = text_of(bench.visitor.page(f"{HERE}1?app=other"))
    of_bench = text_of(bench.visitor.page(f"{HERE}1?app=bench"))
    assert "5 of 5 documents match QuickBooks. No difference." in of_other
    assert "No document differs" in of_other
    assert "1 of 2 documents match QuickBooks. Difference −20.10 USD in 1 document." in of_bench
    assert "Bill A-2 of Acme" in of_bench
    assert "Difference −20.10 USD in 1 document." in whole
    assert whole == text_of(bench.visitor.page(f"{HERE}1?app=unknown"))


def test_earlier_reconciliations_are_listed_and_lead_to_theirs(bench):
    reconcile(bench)
    lose(bench, 1)
    bench.clock.advance(86400)
    runner.run_company_job("reconcile", bench.company_id, requested_by="oda")
    bench.visitor.log_in("oda")
    rows = table(bench.visitor.page(HERE), "Reconciliations, newest first")
    assert [row[2] for row in rows] == ["oda", "Nightly schedule"]
    assert "Difference −20.10 USD" in rows[0][3]
    assert "2 of 2 documents match QuickBooks. No difference." in text_of(
        bench.visitor.page(f"{HERE}1")
    )


def test_a_result_of_an_earlier_version_is_shown_without_amounts(bench):
    lose(bench, 1)
    reconcile(bench)
    with transaction() as session:
        run = session.get_one(Run, 1)
        (one,) = run.counts["wrong"]
        names = ("posting", "document", "why", "reason", "accepted")
        run.counts = {**run.counts, "wrong": [{name: one[name] for name in names}]}
    text = text_of(bench.visitor.page(f"{HERE}1"))
    assert "It is no longer there" in text or "is no longer there" in text
    (row,) = csv_rows(bench, "differences")
    assert (row["document"], row["difference"]) == ("Bill A-2 of Acme", "")
    assert "is no longer there" in " ".join(pdf_text(bench.visitor, f"{HERE}1/report.pdf"))


def csv_rows(bench, name):
    text = bench.visitor.page(f"{HERE}1/export?list={name}&format=csv").removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_files_have_the_same_differences_and_totals(bench):
    lose(bench, 1)
    reconcile(bench)
    (row,) = csv_rows(bench, "differences")
    assert (row["number"], row["posted"], row["quickbooks"]) == ("A-2", "20.10", "0.00")
    assert (row["difference"], row["state"], row["case"]) == (
        "-20.10",
        "Missing in QuickBooks",
        "1",
    )
    (line,) = csv_rows(bench, "totals")
    assert (line["documents"], line["posted"], line["quickbooks"]) == ("2", "30.20", "10.10")
    assert (line["difference"], line["differing"]) == ("-20.10", "1")
    assert bench.visitor.get(f"{HERE}1/export?list=totals&format=xlsx").data[:2] == b"PK"


def test_the_pdf_says_who_when_what_and_that_nothing_differs(bench):
    with transaction() as session:
        session.get_one(ConnectedCompany, bench.company_id).name = "Ærlig Østlandsbygg Ångström AS"
    reconcile(bench)
    (text,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert "Ærlig Østlandsbygg Ångström AS" in text
    assert "Nightly schedule" in text
    assert "by vera" in text
    assert "2 of 2 documents match QuickBooks. No difference." in text
    assert "No document differs from QuickBooks." in text
    assert re.search(r"Bill\s+USD\s+2\s+200\.00\s+30\.20\s+30\.20\s+0\.00", text)
    assert re.search(r"\d\d:\d\d:\d\d UTC \(UTC\)", text)
    assert "Page 1 of 1" in text


def test_the_pdf_is_in_the_language_of_the_person(bench):
    with transaction() as session:
        session.query(User).filter_by(username="vera").one().language = "nb"
    lose(bench, 1)
    reconcile(bench)
    (text,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert "Avstemming mot QuickBooks" in text
    assert "1 av 2 dokumenter stemmer med QuickBooks. Differanse" in text
    assert "Side 1 av 1" in text
    assert "30,20" in text
    for english in ("Reconciliation", "documents", "Printed", "Difference", "Page", "Missing"):
        assert english not in text


def test_the_reasons_are_in_the_language_of_the_person(bench):
    with transaction() as session:
        session.query(User).filter_by(username="vera").one().language = "nb"
    fields = ("VendorRef", "Line", "PrivateNote", "TxnDate")
    copied = {name: bench.bills()[0][name] for name in fields}
    bench.quickbooks.act("create", kind="Bill", set={**copied, "DocNumber": "COPY"})
    lose(bench, 1)
    reconcile(bench)
    missing = "ble bokført som transaksjon"
    marker = "QuickBooks har"
    run = text_of(bench.visitor.page("/runs/1"))
    assert (missing in run, marker in run) == (True, True)
    page = text_of(bench.visitor.page(HERE))
    assert marker in page
    (pdf,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert marker in pdf
    for text in (run, page, pdf):
        for english in ("was posted as", "with the marker", "no longer there"):
            assert english not in text


def test_a_reconciliation_of_an_older_version_shows_the_reason_that_it_stored(bench):
    lose(bench, 1)
    reconcile(bench)
    with transaction() as session:
        run = session.get_one(Run, 1)
        (one,) = run.counts["wrong"]
        del one["reasons"]
        run.counts = {**run.counts, "wrong": [{**one, "reason": "It is gone."}]}
    assert "It is gone." in text_of(bench.visitor.page("/runs/1"))


def test_the_pdf_lists_each_of_many_differences_and_numbers_its_pages(bench):
    lose(bench, 1)
    reconcile(bench)
    add_differences(bench, 500)
    pages = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert len(pages) > 10
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "What differs" in text, "a table that goes on has its header again"
    assert sum(text.count("Missing in QuickBooks") for text in pages) == 500


def test_the_pdf_leaves_out_no_digit_and_says_what_was_accepted(bench):
    lose(bench, 1)
    reconcile(bench)
    with transaction() as session:
        run = session.get_one(Run, 1)
        (one,) = run.counts["wrong"]
        amounts = {"posted": "-112345678.90", "quickbooks": "0.00"}
        large = {**one, **amounts, "why": "differs", "accepted": True}
        sums = {**run.counts["totals"][0], **amounts, "difference": "112345678.90"}
        lines = [{**sums, "currency": currency} for currency in ("DKK", "EUR", "NOK", "SEK", "USD")]
        run.counts = {**run.counts, "wrong": [large], "totals": lines, "accepted": 1}
    (text,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert "−112,345,678.90 USD" in text
    assert "Other total in QuickBooks (accepted)" in text
    assert "1 accepted." in text
    assert "…" not in text


def test_characters_that_the_font_lacks_are_written_without_accents(bench):
    with transaction() as session:
        session.get_one(ConnectedCompany, bench.company_id).name = "Žižkov Řezník Łódź 株"
    reconcile(bench)
    (text,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert "Žižkov Rezník Łódz ?" in text


def test_many_differences_are_paged_and_need_no_more_queries(bench):
    lose(bench, 1)
    reconcile(bench)
    bench.visitor.page(HERE)  # the first page of a process reads more
    few = queries_of(bench.visitor, HERE)
    add_differences(bench, 450)
    assert queries_of(bench.visitor, HERE) == few
    count, address = 0, f"{HERE}1"
    while address:
        page = bench.visitor.page(address)
        count += len(table(page, "Documents that differ from QuickBooks"))
        section = page.partition('id="totals"')[0]
        following = re.search(r'rel="next" href="([^"]+)"', section)
        address = unescape(following[1]) if following else ""
    assert count == 450


def test_a_page_that_the_newest_reconciliation_has_no_more_is_the_first_one(bench):
    """A person opens it again after the next night, in which fewer documents differ."""
    lose(bench, 1)
    reconcile(bench)
    page = bench.visitor.page(f"{HERE}?from=100")
    assert len(table(page, "Documents that differ from QuickBooks")) == 1
    assert "No document differs" not in page
    assert 'rel="prev"' not in page.partition('id="totals"')[0]


def test_the_number_of_unlisted_differences_is_shown(bench):
    lose(bench, 1)
    reconcile(bench)
    add_differences(bench, 3)
    with transaction() as session:
        run = session.get_one(Run, 1)
        run.counts = {**run.counts, "wrong": run.counts["wrong"][:1]}
    assert "2 more are not listed; each has a case in the inbox." in text_of(
        bench.visitor.page(HERE)
    )
    (text,) = pdf_text(bench.visitor, f"{HERE}1/report.pdf")
    assert "2 more documents differ; each has a case in the hub's inbox." in text


def test_before_the_first_one_nothing_is_claimed(bench):
    bench.visitor.log_in("vera")
    assert "Not reconciled yet" in bench.visitor.page(HERE)
    assert "Reconcile now" not in bench.visitor.page(HERE)


def test_an_operator_reconciles_from_here(bench):
    bench.visitor.log_in("oda")
    page = bench.visitor.page(HERE)
    assert f'action="/companies/{bench.company_id}/reconcile"' in page


@pytest.mark.parametrize("path", ["", "/report.pdf", "/export"])
def test_another_run_is_no_reconciliation(bench, path):
    with transaction() as session:
        session.add(Run(id=7, company_id=bench.company_id, kind="lists", requested_by="oda"))
    bench.visitor.log_in("oda")
    assert bench.visitor.get(f"{HERE}7{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/report.pdf", "/export"])
def test_a_reconciliation_is_for_those_who_see_the_whole_company(two_companies, path):
    with two_companies.app.app_context(), transaction() as session:
        totals = {"documents": 0, "found": 0, "troubles": 0, "accepted": 0, "totals": []}
        counts = {"proved_at": "2026-03-01T00:00:00+00:00", **totals}
        run = Run(kind="reconcile", company_id=two_companies.rows.companies[ALPHA], counts=counts)
        session.add(run)
        session.flush()
        address = f"{HERE}{run.id}{path}"
    assert two_companies.visitor(f"viewer/{ALPHA}/every app").get(address).status_code == 200
    for limited in (f"owner/{ALPHA}/{APPS[0]}", f"owner/every company/{APPS[0]}"):
        assert two_companies.visitor(limited).get(address).status_code in (403, 404)
    if not path:
        page = two_companies.visitor(f"owner/{ALPHA}/{APPS[0]}").get(HERE, follow_redirects=True)
        assert "For the whole company only" in page.get_data(as_text=True)


EVERYTHING = "owner/every company/every app"
NEWEST = "Newest reconciliations, by the name of the company"
LINE = {
    "app": APPS[0],
    "kind": "bill",
    "period": "2026-03",
    "currency": "NOK",
    "documents": 3,
    "source": "10.00",
    "posted": "10.00",
    "quickbooks": "10.00",
    "difference": "0.00",
}
DIFFERING = {"quickbooks": "7.50", "difference": "-2.50", "differing": 1, "open": "-2.50"}


def add_reconciliation(session, company_id, **line):
    counts = {"proved_at": "2026-03-01T00:00:00+00:00", "documents": 3, "found": 3, "accepted": 0}
    counts |= {"troubles": 1 if line else 0, "totals": [LINE | line]}
    run = Run(kind="reconcile", company_id=company_id, outcome="done", counts=counts)
    session.add(run)
    session.flush()
    return run.id


def test_a_person_with_several_companies_sees_the_newest_result_of_each(two_companies):
    alpha, bravo = (two_companies.rows.companies[name] for name in COMPANIES)
    with two_companies.app.app_context(), transaction() as session:
        add_reconciliation(session, alpha)
        run_id = add_reconciliation(session, alpha, **DIFFERING)
        names = [
            session.get_one(ConnectedCompany, company_id).name for company_id in (alpha, bravo)
        ]
    visitor = two_companies.visitor(EVERYTHING)
    page = visitor.page(HERE)
    first, second = table(page, NEWEST)
    assert first[:2] == [names[0], "Differs"]
    assert first[3:5] == ["2 of 3", "−2.50 NOK"]
    assert first[5] == "1 needs attention ."  # the tag between them is a space
    assert second[:-1] == [names[1], "Not reconciled yet", "", "", "", ""]
    assert first[-1] == second[-1] == "Reconcile now"
    assert f'action="/companies/{bravo}/reconcile"' in page
    assert "Reconcile now" not in two_companies.visitor("viewer/every company/every app").page(HERE)
    assert f'href="{HERE}{run_id}"' in page
    address = f"{HERE}?company={alpha}"
    assert f'href="{address}"' in page
    assert "Documents that differ" in visitor.page(address)
    visitor.post("/companies/choose", company=bravo, next=HERE)
    assert "Not reconciled yet" in visitor.page(HERE)
    assert "Documents that differ" in visitor.page(address)


@pytest.mark.parametrize("address", ["/", "/companies"])
def test_the_link_beside_the_result_of_a_company_leads_to_its_own_reconciliations(
    two_companies, address
):
    alpha = two_companies.rows.companies[ALPHA]
    with two_companies.app.app_context(), transaction() as session:
        add_reconciliation(session, alpha)
    page = two_companies.visitor(EVERYTHING).page(address)
    assert f'href="{HERE}?company={alpha}">Reconciliations</a>' in page


def test_the_newest_result_says_that_it_is_old_and_that_a_later_one_failed(two_companies):
    alpha = two_companies.rows.companies[ALPHA]
    with two_companies.app.app_context(), transaction() as session:
        earlier_id = add_reconciliation(session, alpha)
        newest_id = add_reconciliation(session, alpha)
        newest, now = session.get_one(Run, newest_id), current_hub().clock.now()
        newest.counts = {**newest.counts, "proved_at": now.isoformat()}
    visitor = two_companies.visitor(EVERYTHING)
    addresses = f"{HERE}?company={alpha}", f"{HERE}{newest_id}"
    for address in addresses:
        assert '<span class="state good">Reconciled' in visitor.page(address)
    with two_companies.app.app_context(), transaction() as session:
        error = "QuickBooks does not answer."
        run = Run(kind="reconcile", company_id=alpha, outcome="stopped", error=error, counts={})
        session.add(run)
    for address in addresses:
        page = visitor.page(address)
        assert '<span class="state look">Not recent' in page
        assert f"A later reconciliation failed: {error}" in page
    assert '<span class="state good">Reconciled' in visitor.page(f"{HERE}{earlier_id}")


def test_the_newest_results_of_all_companies_are_downloaded(two_companies):
    alpha = two_companies.rows.companies[ALPHA]
    with two_companies.app.app_context(), transaction() as session:
        add_reconciliation(session, alpha, **DIFFERING)
    text = two_companies.visitor(EVERYTHING).page(f"{HERE}export?format=csv").removeprefix("\ufeff")
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["result"], first["documents"], first["matching"]) == ("Differs", "3", "2")
    assert (first["currency"], first["difference"], first["differing"]) == ("NOK", "-2.50", "1")
    assert (second["result"], second["reconciled_at"]) == ("Not reconciled yet", "")


def test_of_a_company_seen_in_part_no_reconciliation_is_shown(two_companies):
    alpha = two_companies.rows.companies[ALPHA]
    with two_companies.app.app_context(), transaction() as session:
        add_reconciliation(session, alpha, **DIFFERING)
    visitor = two_companies.visitor(f"owner/every company/{APPS[0]}")
    page = visitor.page(HERE)
    assert [row[1] for row in table(page, NEWEST)] == ["For the whole company only"] * 2
    assert "2.50" not in page
    assert "2.50" not in visitor.page(f"{HERE}export?format=csv")
    assert "For the whole company only" in visitor.page(f"{HERE}?company={alpha}")


def test_companies_are_paged_and_need_no_more_queries(two_companies):
    def add(first, count):
        with two_companies.app.app_context(), transaction() as session:
            for number in range(first, first + count):
                company = add_company(session, f"77{number}", f"Company {number:02}")
                add_reconciliation(session, company.id, **DIFFERING)

    visitor = two_companies.visitor(EVERYTHING)
    add(0, 1)
    visitor.page(HERE)  # the first page of a process reads more
    few = queries_of(visitor, HERE)
    add(1, 30)
    assert queries_of(visitor, HERE) == few
    names, address = [], HERE
    while address:
        page = visitor.page(address)
        names += [row[0] for row in table(page, NEWEST)]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(following[1]) if following else ""
    assert len(names) == len(set(names)) == 33
