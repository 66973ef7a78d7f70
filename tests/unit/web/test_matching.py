"""The matching page: codes, decisions and CSV files."""

import io
import re
import unicodedata
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from sqlalchemy import event, select

from hub import spreadsheets
from hub.cases import inbox
from hub.cases.causes import build_match_cause
from hub.context import current_hub
from hub.contract.codec import dump
from hub.contract.documents import Party
from hub.db import engine
from hub.installations import matches as installations_matches
from hub.mapping import Entry, Ref
from hub.models import (
    Case,
    Installation,
    ListState,
    Match,
    Run,
    SeenCode,
    SourceDocument,
    StoredRecord,
)
from hub.reasons.texts import CaseText
from hub.web.codes import record_search, suggestion_scores
from hub.web.lists import xlsx
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import TOKEN, Visitor
from tests.support.rows.page_rows import add_document

HIDDEN_INPUT = r'<input\s+type="hidden"\s+name="(\w+)"\s+value="([^"]*)"'


def _here(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/matching/"


def _action_of(page: str, name: str) -> str:
    """Return where the first form of a page that posts an act of this name is sent."""
    return unescape(
        re.findall(rf'method="post"[^>]*\saction="([^"]*/matching/{name}[^"]*)"', page)[0]
    )


def _decide(visitor: Visitor, code: str, **form: Any) -> str:
    return visitor.press(f"{_here(visitor)}code", field="supplier", code=code, **form)


def test_each_code_shows_what_it_is_or_what_may_fit(operator: Visitor) -> None:
    page = operator.page(_here(operator))
    rows = {code: page[page.index(f">{code}<") :].split("</tr>")[0] for code in ("s1", "s2", "s3")}
    assert "Not matched" in rows["s1"]
    assert "Byggmakker Ås" in rows["s1"]
    assert "Not matched" in rows["s2"]
    assert "By its name or number" in rows["s3"]


def test_a_decision_in_another_plugin_is_not_listed_as_one_of_this_app(operator: Visitor) -> None:
    _decide(operator, "s1", record="v1")
    with operator.app.app_context(), engine.transaction() as session:
        match = session.scalars(select(Match).where(Match.code == "s1")).one()
        match.scope = "another"
    assert "Not matched" in operator.page(_here(operator))
    assert "No code fits" in operator.page(f"{_here(operator)}?show=decided")


def _list_by_decision(visitor: Visitor) -> tuple[list[str], list[str]]:
    """Return the codes with a decision that counts, and those with one that no longer does."""
    listed = []
    for show in ("decided", "outdated"):
        page = visitor.page(f"{_here(visitor)}?show={show}")
        listed.append(re.findall(r'<span class="mono">(s\d)</span>', page))
    return listed[0], listed[1]


def _change_decision(visitor: Visitor, change: str) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        match = session.scalars(select(Match).where(Match.code == "s1")).one()
        vendor = session.get_one(StoredRecord, (match.company_id, "vendor", "v1"))
        if change == "other list":
            match.role = "account"
        elif change == "inactive":
            vendor.active = False
        else:
            session.delete(vendor)
        session.get_one(ListState, (match.company_id, "vendor")).version += 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("other list", "no longer counts: it was made for another list of QuickBooks."),
        ("inactive", "no longer counts."),
        ("gone", "no longer counts."),
    ],
)
def test_a_decision_that_no_longer_counts_is_listed_as_one(
    operator: Visitor, change: str, reason: str
) -> None:
    _decide(operator, "s1", record="v1")
    _decide(operator, "s2", record="none")
    assert _list_by_decision(operator) == (["s1", "s2"], [])
    _change_decision(operator, change)
    assert _list_by_decision(operator) == (["s2"], ["s1"])
    page = operator.page(f"{_here(operator)}?show=outdated")
    assert "Not matched" in page
    assert re.search(f"The decision by oda, <time[^>]*>[^<]*</time>, {reason}", page)
    of_code = operator.page(f"{_here(operator)}code?field=supplier&code=s1")
    assert "Take the decision back" in of_code
    assert reason in of_code
    _decide(operator, "s1", record="v2")
    assert _list_by_decision(operator) == (["s1", "s2"], [])


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("review", "created in QuickBooks once it is approved in Review"),
        ("ready", "created in QuickBooks when it is used next"),
        ("held", "Not matched"),
        ("skipped", "Not matched"),
        ("withdrawn", "Not matched"),
    ],
)
def test_a_code_whose_record_is_being_created_is_no_open_question(
    operator: Visitor, state: str, status: str
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        document, posting = add_document(session, installation, state, 50)
        document.source_id, document.made_for = "s2", "supplier"
        document.kind = posting.kind = "vendor"
    page = operator.page(_here(operator))
    row = page[page.index(">s2<") :].split("</tr>")[0]
    assert status in row
    assert ("Will be created" in row) == (status != "Not matched")


def test_a_suggestion_with_the_same_name_is_marked() -> None:
    ref = Ref(role="customer", id="c1", name="JORDAN Mercer")
    code = SimpleNamespace(
        code="k21", name="Jordan Mercer", number="", exact_id="", suggestions=(ref,)
    )
    (one,) = suggestion_scores.build_suggestions(code, {})
    assert one.reason == "Same name"


def test_a_decision_is_kept_shown_and_can_be_taken_back(operator: Visitor) -> None:
    assert "Matched Byggmakker Aas to Byggmakker Ås." in _decide(operator, "s1", record="v1")
    page = operator.page(_here(operator))
    assert "by oda," in page
    _decide(operator, "s1", forget="1")
    assert _matches(operator) == {}


def test_a_document_in_review_is_read_again_after_a_decision_is_taken_back(
    operator: Visitor,
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        document, _ = add_document(session, installation, "review", 50)
        document_id = document.id
    _decide(operator, "s1", record="v1")
    _decide(operator, "s1", forget="1")
    with operator.app.app_context(), engine.read_only_session() as session:
        assert session.get_one(SourceDocument, document_id).reread


def _seen_decision(page: str, form: str) -> str:
    """Return what the first form of a page for an act of this name sends of the decision."""
    found = re.search(rf'action="[^"]*/{form}[^"]*".*?name="seen" value="([^"]*)"', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("page_of", ["the code", "the case"])
def test_a_decision_that_the_page_did_not_show_is_not_overwritten(
    operator: Visitor, page_of: str
) -> None:
    code_page = f"{_here(operator)}code?field=supplier&code=s1"
    with operator.app.app_context(), engine.read_only_session() as session:
        causes = select(Case.id).where(Case.cause.endswith(":supplier:s1"))
        case = f"/inbox/{session.scalars(causes).first()}"
    target = f"{case}/match" if page_of == "the case" else f"{_here(operator)}code"
    form: dict[str, Any] = {"field": "supplier", "code": "s1"}
    shown = case if page_of == "the case" else code_page
    form["seen"] = _seen_decision(operator.page(shown), "match" if "case" in page_of else "code")
    assert form["seen"] == ""

    _decide(operator, "s1", record="v1")
    refused = operator.post(target, **form, record="v2")
    assert refused.status_code == 400
    assert "oda matched" in compact(refused.text)
    assert "Nothing was changed" in compact(refused.text)
    assert "Matched" in operator.press(target, **form, record="v1")

    form["seen"] = _seen_decision(operator.page(code_page), "code")
    assert "Matched" in operator.press(target, **form, record="v2")
    refused = operator.post(f"{_here(operator)}code", **form, forget="1")
    assert refused.status_code == 400
    assert "Nothing was changed" in compact(refused.text)


def test_a_decision_that_somebody_took_back_is_not_changed(operator: Visitor) -> None:
    code_page = f"{_here(operator)}code?field=supplier&code=s1"
    _decide(operator, "s1", record="v1")
    seen = _seen_decision(operator.page(code_page), "code")
    _decide(operator, "s1", forget="1")
    assert "was taken back in the meantime" in _decide(operator, "s1", record="v2", seen=seen)


def test_a_code_may_be_left_out(operator: Visitor) -> None:
    assert "is left out." in _decide(operator, "s2", record="none")
    assert _matches(operator) == {"s2": ""}


@pytest.mark.parametrize("path", ["matching", "code", "case"])
def test_a_suggestion_that_only_looks_alike_is_not_preselected(
    operator: Visitor, path: str
) -> None:
    form = _suggestions(operator.page(_place(operator, path)))
    assert "Byggmakker Ås" in form
    if path == "matching":
        assert " selected" not in form
        assert form.index('<option value="">Choose…</option>') < form.index('value="v1"')
        assert re.search(r'value="v1">Byggmakker Ås · Similar name · \d\d %</option>', form)
    else:
        assert _buttons(form) == [("quiet", "v1")]


@pytest.mark.parametrize("path", ["matching", "code", "case"])
def test_a_suggestion_with_the_same_full_name_is_preselected(operator: Visitor, path: str) -> None:
    # A decision for a record that is now inactive holds the code; another record has its name.
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        installations_matches.store_decision(
            session, installation, "supplier", "s1", "v2", who="oda"
        )
        session.query(SeenCode).filter_by(code="s1").one().name = "byggmakker  ÅS"
        for row in session.query(SourceDocument).filter(SourceDocument.made_for == ""):
            code = {"id": "s1", "name": "byggmakker  ÅS"}
            row.body = {**row.body, "codes": {**row.body["codes"], "supplier": code}}
        session.get_one(StoredRecord, (installation.company_id, "vendor", "v2")).active = False
        session.get_one(ListState, (installation.company_id, "vendor")).version += 1
    form = _suggestions(operator.page(_place(operator, path)))
    if path == "matching":
        assert re.findall(r'value="([^"]*)"[^>]* selected', form) == ["v1"]
    else:
        assert _buttons(form)[0] == ("primary", "v1")


def test_a_search_says_how_many_records_it_found(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        company_id = session.get_one(Installation, operator.story.installation).company_id
        for number in range(record_search.MAX_HITS + 5):
            session.add(
                StoredRecord(
                    company_id=company_id,
                    list="vendor",
                    quickbooks_id=f"w{number}",
                    name=f"Wharf {number:02}",
                    full_name=f"Wharf {number:02}",
                    read_at=current_hub().clock.now(),
                )
            )
        session.get_one(ListState, (company_id, "vendor")).version += 1
    address = f"{_here(operator)}code?field=supplier&code=s2"
    assert "The first 25 of 30 records that fit; add a word" in operator.page(f"{address}&q=wharf")
    assert "1 record fits." in operator.page(f"{address}&q=wharf+07")
    assert "0 records fit." in operator.page(f"{address}&q=quay")


@pytest.mark.parametrize("path", ["code", "case"])
def test_one_press_beside_a_suggestion_matches(operator: Visitor, path: str) -> None:
    form = _suggestions(operator.page(_place(operator, path)))
    action = re.findall(r'action="([^"]+)"', form)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(field|code)" value="([^"]*)">', form))
    operator.press(unescape(action), **fields, record=_buttons(form)[0][1])
    assert _matches(operator) == {"s1": "v1"}


@pytest.mark.parametrize("path", ["matching", "inbox"])
@pytest.mark.parametrize("form", [{}, {"record": ""}])
def test_a_missing_choice_is_reported_beside_the_field(
    operator: Visitor, path: str, form: dict[str, str]
) -> None:
    if path == "matching":
        answer = operator.post(f"{_here(operator)}code", field="supplier", code="s1", **form)
    else:
        answer = operator.post(f"/inbox/{operator.story.cases['match']}/match", **form)
    assert answer.status_code == 400
    fieldset = answer.text[answer.text.index('aria-describedby="record-wrong"') :]
    assert "Choose a record." in fieldset[: fieldset.index("</fieldset>")]
    assert _matches(operator) == {}


def _place(visitor: Visitor, path: str) -> str:
    return {
        "matching": f"{_here(visitor)}?q=s1",
        "code": f"{_here(visitor)}code?field=supplier&code=s1",
        "case": f"/inbox/{visitor.story.cases['match']}",
    }[path]


def _suggestions(page: str) -> str:
    """Return the form that matches a code with a suggestion, the first on the page.

    Its token is left out, because each page has another one.
    """
    page = TOKEN.sub("", page)
    return next(
        form for form in re.findall(r"<form.*?</form>", page, re.S) if 'name="record"' in form
    )


def _buttons(form: str) -> list[tuple[str, str]]:
    """Return style and record of each suggestion's button."""
    return re.findall(r'<button class="btn btn-(\w+) btn-sm" name="record" value="(\w+)">', form)


def test_the_search_reaches_every_record_by_words_of_its_name(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s2&q=sønner+rør")
    assert "Rørlegger Næss &amp; Sønner" in page
    assert "No active record holds" in operator.page(
        f"{_here(operator)}code?field=supplier&code=s2&q=zzz"
    )


@pytest.mark.parametrize(("stored", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_the_search_finds_a_record_in_either_unicode_form(stored: str, typed: str) -> None:
    entry = Entry(id="1", name=unicodedata.normalize(stored, "Malmö Åkeri"))
    query = unicodedata.normalize(typed, "åkeri malmö")
    assert record_search.find_choices([entry], query).records == (entry,)


def test_codes_are_filtered_by_name_field_and_state(operator: Visitor) -> None:
    assert "Helt Ny" in operator.page(f"{_here(operator)}?q=helt")
    assert "Helt Ny" not in operator.page(f"{_here(operator)}?show=open")
    assert "Byggmakker Aas" in operator.page(f"{_here(operator)}?show=open")
    assert "No code fits" in operator.page(f"{_here(operator)}?show=decided")
    assert "No code fits" in operator.page(f"{_here(operator)}?field=account")


def test_an_empty_list_of_codes_says_what_is_true(operator: Visitor) -> None:
    assert "No code fits these filters." in operator.page(f"{_here(operator)}?show=open&q=zzz")
    _decide(operator, "s1", record="v1")
    page = operator.page(f"{_here(operator)}?show=open")
    assert "No document waits for a match." in page
    assert "Not matched" in operator.page(f"{_here(operator)}?q=s2")


def test_a_decision_on_the_list_continues_with_the_documents_that_wait(operator: Visitor) -> None:
    listed = operator.page(f"{_here(operator)}?show=open")
    action = _action_of(listed, "code")
    page = operator.press(action, field="supplier", code="s1", record="v1")
    assert "Matched Byggmakker Aas to Byggmakker Ås. A sync continues with it now." in page
    assert ">s1<" not in page, "it is no longer among the codes that documents wait for"
    assert _case_of(operator, "s1").decision == "matched"
    assert _requested_runs(operator) == ["sync"]


def test_a_code_for_which_nothing_waits_starts_no_sync(operator: Visitor) -> None:
    assert "Matched" in _decide(operator, "s2", record="v1")
    assert _requested_runs(operator) == []


def _case_of(visitor: Visitor, code: str) -> Case:
    with visitor.app.app_context(), engine.read_only_session() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        cause = build_match_cause(installation.id, "supplier", code)
        return session.scalars(select(Case).where(Case.cause == cause)).one()


def _requested_runs(visitor: Visitor) -> list[str]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return list(session.scalars(select(Run.kind).where(Run.started_at.is_(None))))


def test_matches_go_out_and_come_back_as_a_file(visitor: Visitor) -> None:
    visitor.enter("arne")
    _decide(visitor, "s1", record="v1")
    file = visitor.get(f"{_here(visitor)}matches.csv")
    assert file.headers["Content-Disposition"].endswith("matches-costtracker-9130001.csv")
    assert '"supplier","s1","Byggmakker Aas","v1","Byggmakker Ås"' in file.text
    changed = file.text.replace('"v1","Byggmakker Ås"', '"v2",""')
    page = _upload(visitor, changed.encode())
    assert "1 match would change." in page
    assert _matches(visitor)["s1"] == "v1", "a preview stores nothing"
    assert "Imported 1 match." in _confirm(visitor, page)
    assert _matches(visitor)["s1"] == "v2"


def _upload(visitor: Visitor, content: bytes, name: str = "m.csv") -> str:
    return visitor.press(f"{_here(visitor)}import", file=(io.BytesIO(content), name))


def _confirm(visitor: Visitor, page: str) -> str:
    match = re.search(r'name="changes" value="([^"]*)"', page)
    assert match
    return visitor.press(f"{_here(visitor)}import/confirm", changes=unescape(match[1]))


def test_a_code_that_is_left_out_is_not_called_matched(operator: Visitor) -> None:
    operator.press(f"/inbox/{operator.story.cases['match']}/match", record="none")
    listed = compact(operator.page("/inbox/?act=match"))
    assert ">Left out</span>" in listed
    assert ">Matched</span>" not in listed


def test_a_code_that_a_file_leaves_out_is_not_called_matched(visitor: Visitor) -> None:
    visitor.enter("arne")
    file = b"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,Byggmakker Aas,none,\n"
    _confirm(visitor, _upload(visitor, file))
    assert _case_of(visitor, "s1").decision == "left_out"


def test_a_workbook_has_what_waits_for_each_code_and_comes_back(visitor: Visitor) -> None:
    visitor.enter("arne")
    answer = visitor.get(f"{_here(visitor)}matches.xlsx")
    assert answer.mimetype == xlsx.MIME
    header, lines = spreadsheets.read(answer.data)
    assert header[-3:] == ["documents_waiting", "amount_waiting", "currency_waiting"]
    waiting = lines[0]
    assert int(waiting["documents_waiting"]) > 0
    assert Decimal(waiting["amount_waiting"]) > 0
    assert waiting["currency_waiting"] == "NOK"
    assert [line["documents_waiting"] for line in lines].count("") == len(lines) - 1

    rows = []
    for line in lines:
        if line["code"] == "s1":
            line["quickbooks_name"] = "Byggmakker Ås"
        rows.append([line[name] for name in header])
    content = b"".join(xlsx.stream_file("matches", header, rows))
    page = _upload(visitor, content, "m.xlsx")
    assert "1 match would change." in page
    assert "Byggmakker Ås" in page
    _confirm(visitor, page)
    assert _matches(visitor) == {"s1": "v1"}
    assert "1 row is as it is now." in _upload(visitor, content, "m.xlsx")


def test_rows_that_cannot_be_used_are_listed_and_the_others_can_be_imported(
    visitor: Visitor,
) -> None:
    visitor.enter("arne")
    content = (
        b"field,code,quickbooks_id,quickbooks_name\n"
        b"supplier,s1,v1,\n"
        b"supplier,s2,nope,\n"
        b"suplier,s3,v1,\n"
        b"supplier,s3,,Nobody\n"
        b"supplier,s1,v2,\n"
    )
    page = _upload(visitor, content)
    problems = page.partition("Rows of the file that cannot be used")[2].partition("</table>")[0]
    texts = [unescape(re.sub(r"<[^>]+>", " ", row)) for row in problems.split("<tr>")[2:]]
    assert [text.split()[1] for text in texts] == ["Supplier", "suplier", "Supplier", "Supplier"]
    assert 'aria-current="page">Matching</a>' in page
    assert [text.split()[0] for text in texts] == ["3", "4", "5", "6"]
    for text, sentence in zip(
        texts,
        ("with the id “nope”", "mean supplier", "is not in", "Row 2 has the same"),
        strict=True,
    ):
        assert sentence in text
    assert "4 rows cannot be used." in page
    _confirm(visitor, page)
    assert _matches(visitor) == {"s1": "v1"}


def test_the_preview_of_an_import_names_fields_in_the_language_of_the_person(
    visitor: Visitor,
) -> None:
    visitor.enter("arne")
    visitor.press("/account/formats", language="nb")
    content = b"field,code,quickbooks_id\nsupplier,s1,v1\nsupplier,s2,nope\n"
    page = _upload(visitor, content)
    assert ("Supplier" in page, page.count("<td>Leverandør</td>")) == (False, 2)


def test_the_preview_of_an_import_says_what_happens_without_a_record(visitor: Visitor) -> None:
    visitor.enter("arne")
    page = _upload(visitor, b"field,code,quickbooks_id\nsupplier,s3,none\nsupplier,s2,new\n")
    assert ("<td>Left out</td>" in page, "<td>Will be created</td>" in page) == (True, True)
    _confirm(visitor, page)
    visitor.press("/account/formats", language="nb")
    page = _upload(visitor, b"field,code,quickbooks_id\nsupplier,s3,new\nsupplier,s2,none\n")
    cells = re.findall(r"<td>(Utelatt|Blir opprettet)</td>", page)
    assert cells == ["Utelatt", "Blir opprettet", "Blir opprettet", "Utelatt"]


def test_changes_that_somebody_edited_are_checked_again(visitor: Visitor) -> None:
    visitor.enter("arne")
    address = f"{_here(visitor)}import/confirm"
    for text in ("", "{}", "[]", "[[1]]", '[["supplier", "s1", "", "v1", 5]]', "[" * 5000):
        assert visitor.post(address, changes=text).status_code == 400
    changes = '[["supplier", "s1", "", "v1", ""], ["supplier", "s2", "", "nope", ""]]'
    assert "Nothing was imported" in visitor.press(address, changes=changes)
    assert _matches(visitor) == {}


@pytest.mark.parametrize("before", [{}, {"s1": "v1"}], ids=["open", "decided"])
def test_an_import_does_not_replace_a_decision_made_since_its_preview(
    visitor: Visitor, before: dict[str, str]
) -> None:
    visitor.enter("arne")
    for code, record in before.items():
        _decide(visitor, code, record=record)
    content = b"field,code,quickbooks_id\nsupplier,s1,none\nsupplier,s2,v1\n"
    page = _upload(visitor, content)
    _decide(visitor, "s1", record="v2")
    answer = _confirm(visitor, page)
    assert "The decision about it changed after the preview." in answer
    assert "Nothing was imported." in answer
    assert _matches(visitor) == {"s1": "v2"}
    assert "Imported 2 matches." in _confirm(visitor, _upload(visitor, content))
    assert _matches(visitor) == {"s1": "", "s2": "v1"}


def test_an_import_that_is_confirmed_twice_says_the_same(visitor: Visitor) -> None:
    visitor.enter("arne")
    page = _upload(visitor, b"field,code,quickbooks_id\nsupplier,s1,v1\n")
    for _ in range(2):
        assert "Imported 1 match." in _confirm(visitor, page)


@pytest.mark.parametrize("path", ["import", "import/confirm"])
def test_only_who_may_configure_imports_matches(visitor: Visitor, path: str) -> None:
    visitor.enter("oda")
    assert visitor.post(f"{_here(visitor)}{path}").status_code == 403


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"field,code,quickbooks_id\nsupplier,s1,nope\n", "1 row cannot be used."),
        (b"PK\x03\x04", "not an XLSX file"),
        (b"a,b\n", "lacks the column"),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8"),
        (b"", "lacks the column"),
    ],
)
def test_a_wrong_file_keeps_nothing_and_says_why(
    visitor: Visitor, content: bytes, sentence: str
) -> None:
    visitor.enter("arne")
    assert sentence in visitor.press(f"{_here(visitor)}import", file=(io.BytesIO(content), "m.csv"))
    assert _matches(visitor) == {}


def _matches(visitor: Visitor) -> dict[str, str]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return {match.code: match.record for match in session.query(Match)}


def test_records_are_offered_without_a_search(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s2")
    assert "Rørlegger Næss &amp; Sønner" in page
    assert "leave it out" not in page


def test_of_a_long_list_the_first_are_offered_and_suggestions_only_once() -> None:
    entries = [Entry(id=str(place), name=f"Account {place:03d}") for place in range(300)]
    assert [entry.id for entry in record_search.find_choices(entries, "").records] == [
        str(place) for place in range(20)
    ]
    near = Ref(role="account", id="1", name="Account 001")
    choices = record_search.find_choices(entries[:3], "", [near])
    assert [entry.id for entry in choices.records] == ["0", "2"]


@pytest.mark.parametrize("path", ["code", "case"])
def test_the_source_and_the_best_suggestions_are_shown_side_by_side(
    operator: Visitor, path: str
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        case = session.get_one(Case, operator.story.cases["match"])
        case.cause = build_match_cause(installation.id, "supplier", "s1")
        for row in session.query(SourceDocument).filter(SourceDocument.made_for == ""):
            create = dump(Party(name="Byggmakker Aas", email="post@aas.test"))
            code = {"id": "s1", "name": "Byggmakker Aas", "create": create}
            row.body = {**row.body, "codes": {**row.body["codes"], "supplier": code}}
    page = operator.page(_place(operator, path))
    source = page[page.index("At the source") : page.index("What is it in QuickBooks?")]
    assert "post@aas.test" in source
    assert "1 document" in source
    assert "Bill F-20261" in source
    assert source.count("1,287.50 NOK") == 2
    assert re.search(r"Byggmakker Ås <span[^>]*>Similar name · \d\d %", _suggestions(page))


def _give_number(operator: Visitor, number: str | None, *, held: bool = True) -> None:
    """Give the supplier s1 an organisation number at the source, in each of its documents."""
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        case = session.get_one(Case, operator.story.cases["match"])
        case.cause = build_match_cause(installation.id, "supplier", "s1") if held else "another"
        for row in session.query(SourceDocument).filter(SourceDocument.made_for == ""):
            create = dump(Party(name="Byggmakker Aas", email="post@aas.test", number=number))
            code = {"id": "s1", "name": "Byggmakker Aas", "create": create}
            row.body = {**row.body, "codes": {**row.body["codes"], "supplier": code}}
            row.party = "Byggmakker Aas"


def _give_tax_numbers(operator: Visitor, name: str, numbers: str | None) -> None:
    """Give a supplier of QuickBooks the numbers under which it is taxed."""
    with operator.app.app_context(), engine.transaction() as session:
        record = session.scalars(select(StoredRecord).where(StoredRecord.name == name)).one()
        record.tax_numbers = numbers
        states = select(ListState).where(ListState.list == "vendor")
        for state in session.scalars(states):
            state.version += 1


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ("NO 910 111 111 MVA", "Same organisation number · 98 %"),
        ("1\n910111111", "Same organisation number · 98 %"),
        ("XXXXX1111", "Organisation number has the same ending · 85 %"),
        ("910111112", ""),
        ("XXXXX1112", ""),
        ("", ""),
        (None, ""),
    ],
)
@pytest.mark.parametrize("path", ["code", "case"])
def test_a_record_with_the_same_organisation_number_is_suggested(
    operator: Visitor, path: str, stored: str | None, reason: str
) -> None:
    _give_number(operator, "910 111 111")
    _give_tax_numbers(operator, "Rørlegger Næss & Sønner", stored)
    found = re.findall(
        r"Rørlegger Næss &amp; Sønner <span[^>]*>([^<]*)<", _suggestions(_page_of(operator, path))
    )
    assert found == ([reason] if reason else [])


@pytest.mark.parametrize("path", ["code", "case"])
def test_a_suggestion_shows_what_quickbooks_knows_of_the_record(
    operator: Visitor, path: str
) -> None:
    _give_number(operator, None)
    _give_tax_numbers(operator, "Byggmakker Ås", "XXXXX1111")
    with operator.app.app_context(), engine.transaction() as session:
        query = select(StoredRecord).where(StoredRecord.name == "Byggmakker Ås")
        session.scalars(query).one().email = "ordre@byggmakker.test"
    text = re.sub(r"<[^>]*>", "", _suggestions(_page_of(operator, path)))
    assert "ordre@byggmakker.test · XXXXX1111" in text


def _page_of(operator: Visitor, path: str) -> str:
    return operator.page(_place(operator, path))


def test_a_code_without_an_organisation_number_has_the_suggestions_that_it_had(
    operator: Visitor,
) -> None:
    _give_number(operator, None)
    before = _suggestions(_page_of(operator, "code"))
    _give_tax_numbers(operator, "Rørlegger Næss & Sønner", "910111111")
    assert _suggestions(_page_of(operator, "code")) == before
    assert "Organisation number" not in _source_of(_page_of(operator, "code"))


def _source_of(page: str) -> str:
    """Return the part of a page that says what the source knows of a code."""
    return page[page.index("At the source") : page.index("What is it in QuickBooks?")]


@pytest.mark.parametrize("held", [True, False])
def test_the_number_and_the_last_documents_of_a_supplier_are_shown(
    operator: Visitor, held: bool
) -> None:
    _give_number(operator, "910111111", held=held)
    source = _source_of(_page_of(operator, "code"))
    assert "<dt>Organisation number</dt>" in source
    assert "910111111" in source
    assert "post@aas.test" in source
    shown = re.findall(r'href="/documents/(\d+)"', source)
    if held:
        assert len(shown) == 1
        return
    newest = select(SourceDocument.id).where(SourceDocument.made_for == "")
    newest = newest.order_by(SourceDocument.id.desc()).limit(3)
    with operator.app.app_context(), engine.read_only_session() as session:
        assert [int(id) for id in shown] == list(session.scalars(newest))


def test_a_document_of_the_same_name_with_another_code_is_not_shown(operator: Visitor) -> None:
    _give_number(operator, "910111111", held=False)
    with operator.app.app_context(), engine.transaction() as session:
        for row in session.query(SourceDocument).filter(SourceDocument.made_for == ""):
            codes = {**row.body["codes"], "supplier": {"id": "s9", "name": "Byggmakker Aas"}}
            row.body = {**row.body, "codes": codes}
    assert "Last documents" not in _page_of(operator, "code")


def test_each_code_says_how_much_waits_for_it(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}?show=open")
    row = page[page.index(">s1<") :].split("</tr>")[0]
    assert "1 document" in row
    assert "1,287.50 NOK" in row


def test_the_list_of_all_codes_begins_with_how_many_documents_wait_for(operator: Visitor) -> None:
    note = "1 code has no match, and documents wait for it."
    page = operator.page(_here(operator))
    assert note in " ".join(page.split())
    assert re.search(r'href="[^"]*show=open"[^>]*>\s*Show only these', page)
    assert note not in operator.page(f"{_here(operator)}?show=open")
    _decide(operator, "s1", record="v1")
    assert "documents wait for it" not in operator.page(_here(operator))


def test_codes_that_documents_wait_for_come_first(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        last = SeenCode(field="supplier", code="s99", name="Åsen Tak AS")
        last.installation_id = operator.story.installation
        last.seen_at = current_hub().clock.now()
        session.add(last)
        case = select(Case).where(Case.cause.endswith(":s1"))
        session.scalars(case).one().cause = f"match:{operator.story.installation}:supplier:s99"
    assert _list_codes(operator, _here(operator))[0] == "s99"
    by_name = _list_codes(operator, _here(operator))[1:]
    assert _list_codes(operator, f"{_here(operator)}?q=s")[0] == "s99"

    monkeypatch.setattr(
        "hub.web.frame.paging.load_page.__kwdefaults__", {"is_descending": True, "size": 1}
    )
    address, turned = _here(operator), []
    for _ in range(len(by_name) + 1):
        turned += _list_codes(operator, address)
        following = re.findall(r'rel="next" href="([^"]+)"', operator.page(address))
        address = unescape(following[0]) if following else ""
    assert turned == ["s99", *by_name]
    assert not address

    _decide(operator, "s99", record="v1")
    monkeypatch.undo()
    assert _list_codes(operator, _here(operator))[-1] == "s99"


def _list_codes(visitor: Visitor, address: str) -> list[str]:
    """Return the codes of a page of the list, in its order."""
    links = re.findall(
        r'class="small text-nowrap"\s+href="([^"]*/code[^"]*)"', visitor.page(address)
    )
    return [dict(parse_qsl(urlsplit(unescape(link)).query))["code"] for link in links]


def test_suggestions_above_a_threshold_are_accepted_at_once(operator: Visitor) -> None:
    page = operator.press(f"{_here(operator)}accept", threshold="100")
    assert "No code was matched." in page
    assert "1 code was left: no record fits it by 100 %, or several do." in page
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert "Matched 1 code. A sync continues with the waiting documents now." in page
    assert _matches(operator) == {"s1": "v1"}
    assert _case_of(operator, "s1").decision == "matched"
    assert _requested_runs(operator) == ["sync"]
    assert operator.post(f"{_here(operator)}accept", threshold="1").status_code == 400


def test_accepted_suggestions_of_a_paused_app_say_when_a_sync_continues(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, operator.story.installation).mode = "paused"
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert (
        "Matched 1 code. A sync continues with the waiting documents once the app is enabled and"
        " not paused." in page
    )
    assert _requested_runs(operator) == []


@pytest.mark.parametrize("listed", ["field=account", "q=nobody"])
def test_suggestions_are_accepted_for_the_codes_that_the_filters_choose(
    operator: Visitor, listed: str
) -> None:
    here = _here(operator)
    operator.press(f"{here}accept?list={quote('show=open&' + listed)}", threshold="80")
    assert _matches(operator) == {}
    page = operator.page(f"{here}?show=open&field=supplier&q=aas")
    assert "Matched 1 code." in operator.press(_action_of(page, "accept"), threshold="80")


def test_suggestions_are_accepted_behind_codes_without_one(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        case = session.scalars(select(Case).where(Case.cause.endswith(":s1"))).one()
        about = {"company_id": case.company_id, "installation_id": case.installation_id}
        cause = f"match:{operator.story.installation}:supplier:x1"
        text = CaseText("code.match", code="Supplier “AAA”", problem="nothing fits it.")
        inbox.open(session, cause, text, **about)
        other = SeenCode(field="supplier", code="x1", name="AAA")
        other.installation_id = operator.story.installation
        other.seen_at = current_hub().clock.now()
        session.add(other)
    monkeypatch.setattr("hub.web.codes.matching.MAX_ACCEPTED", 1)
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert ("Matched 1 code." in page, "1 code was left" in page) == (True, True)
    assert _matches(operator) == {"s1": "v1"}


def test_more_suggestions_than_one_act_accepts_are_announced(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.codes.matching.MAX_ACCEPTED", 0)
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert "No code was matched." in page
    assert "More codes are open. Press Accept again" in page
    monkeypatch.undo()
    monkeypatch.setattr("hub.web.codes.matching.MAX_COMPARED", 0)
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert "Only the first 0 codes were looked at. Filter the list for the others." in page
    monkeypatch.undo()
    page = operator.press(f"{_here(operator)}accept", threshold="80")
    assert "Matched 1 code." in page
    assert ("More codes" in page, "looked at" in page) == (False, False)


def test_of_two_equal_suggestions_none_is_accepted() -> None:
    refs = [Ref(role="vendor", id=id, name="Hara Elektro") for id in "12"]
    suggestions = [suggestion_scores.Suggestion(ref, 90, "Similar name") for ref in refs]
    assert suggestion_scores.find_best(suggestions, 80) is None
    assert suggestion_scores.find_best(suggestions[:1], 80) == suggestions[0]
    assert suggestion_scores.find_best(suggestions[:1], 91) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "QuickBooks has no supplier called “Byggmakker Aas”. Pick the matching supplier, or"
            " create it in QuickBooks.",
        ),
        (
            "nb",
            "QuickBooks har ingen leverandør som heter «Byggmakker Aas». Velg riktig leverandør,"
            " eller opprett posten i QuickBooks.",
        ),
    ],
)
@pytest.mark.parametrize("path", ["?show=open", "code?field=supplier&code=s1"])
def test_a_code_that_nothing_fits_is_described_as_in_the_inbox(
    operator: Visitor, path: str, language: str, text: str
) -> None:
    page = operator.get(_here(operator) + path, headers={"Accept-Language": language}).text
    assert text in unescape(page)
    assert "fits it" not in page


def test_a_code_without_a_form_says_where_its_record_is_created(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        now = current_hub().clock.now()
        about = {"installation_id": operator.story.installation, "seen_at": now}
        session.add(SeenCode(field="account", code="9999", name="9999", **about))
    account = operator.page(f"{_here(operator)}code?field=account&code=9999")
    supplier = operator.page(f"{_here(operator)}code?field=supplier&code=s1")
    advice = "press Refresh lists under <a"
    assert ("Create in QuickBooks …" in account, advice in account) == (False, True)
    assert ("Create in QuickBooks …" in supplier, advice in supplier) == (True, False)


def test_after_a_decision_the_list_has_its_filters_and_its_page(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hub.web.frame.paging.load_page.__kwdefaults__", {"is_descending": True, "size": 1}
    )
    first = f"{_here(operator)}?field=supplier&q=s"
    [following] = re.findall(r'rel="next" href="([^"]+)"', operator.page(first))
    address = unescape(following)
    place = dict(parse_qsl(urlsplit(address).query))
    assert {"field", "q", "before"} <= place.keys()
    page = operator.page(address)
    [code_page] = re.findall(r'class="small text-nowrap"\s+href="([^"]*/code[^"]*)"', page)
    code = dict(parse_qsl(urlsplit(unescape(code_page)).query))["code"]
    of_code = operator.page(unescape(code_page))
    search = re.findall(r'name="list" value="([^"]+)"', of_code)
    assert dict(parse_qsl(unescape(search[0]))) == place
    form = {"field": "supplier", "code": code, "record": "v1"}
    location = operator.post(_action_of(of_code, "code"), **form).headers["Location"]
    assert urlsplit(location).path == _here(operator)
    assert dict(parse_qsl(urlsplit(location).query)) == place
    listed = "show=open&field=supplier"
    accept = _action_of(operator.page(f"{_here(operator)}?{listed}"), "accept")
    assert operator.post(accept, threshold="100").headers["Location"].endswith(f"?{listed}")


def _is_listed_as_open(visitor: Visitor, code: str) -> bool:
    """Return whether a code is on the list of those that documents wait for."""
    return f'<span class="mono">{code}</span>' in visitor.page(f"{_here(visitor)}?show=open")


def test_documents_wait_for_a_decision_again_after_it_was_taken_back(operator: Visitor) -> None:
    assert _is_listed_as_open(operator, "s1")
    _decide(operator, "s1", record="v1")
    assert (_case_of(operator, "s1").decision, _is_listed_as_open(operator, "s1")) == (
        "matched",
        False,
    )
    _decide(operator, "s1", forget="1")
    case = _case_of(operator, "s1")
    assert (case.decision, case.decided_by, case.closed_at) == ("", "", None)
    assert _is_listed_as_open(operator, "s1")
    assert ">Matched</span>" not in compact(operator.page("/inbox/?act=match"))


def test_a_code_that_somebody_left_out_meanwhile_stays_left_out(operator: Visitor) -> None:
    _decide(operator, "s1", record="v1")
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s1")
    seen = _seen_decision(page, "code")
    _decide(operator, "s1", record="none")
    assert "Nothing was changed" in _decide(operator, "s1", forget="1", seen=seen)
    assert _matches(operator) == {"s1": ""}


def test_a_large_preview_can_be_confirmed(visitor: Visitor) -> None:
    """A browser sends each letter such as ø as six characters, unless the form says otherwise."""
    visitor.enter("arne")
    rows = [f"supplier,x{number},{'ø' * 400},none\n" for number in range(450)]
    page = _upload(visitor, f"field,code,name,quickbooks_id\n{''.join(rows)}".encode())
    assert "450 matches would change." in page
    form = re.findall(r"<form[^>]*import/confirm.*?</form>", page, re.DOTALL)[0]
    enctype = re.findall(r'enctype="([^"]+)"', form) or ["application/x-www-form-urlencoded"]
    fields = {name: unescape(value) for name, value in re.findall(HIDDEN_INPUT, form)}
    address = f"{_here(visitor)}import/confirm"
    answer = visitor.client.post(address, data=fields, content_type=enctype[0])
    assert answer.status_code == 302
    assert "Imported 450 matches." in visitor.page(answer.location)


def test_only_records_that_can_be_chosen_are_counted(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        company_id = session.get_one(Installation, operator.story.installation).company_id
        for number in range(record_search.MAX_WHOLE_LIST):
            name = f"Former supplier {number}"
            about = {"name": name, "full_name": name, "active": False}
            key = {"company_id": company_id, "list": "vendor", "quickbooks_id": f"f{number}"}
            session.add(StoredRecord(**key, **about, read_at=current_hub().clock.now()))
        session.get_one(ListState, (company_id, "vendor")).version += 1
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s2")
    assert "Search 5 records by name, number or id" in page
    assert "search for any other" not in page


def test_a_file_creates_no_record_of_which_the_source_gives_only_the_name(
    visitor: Visitor,
) -> None:
    visitor.enter("arne")
    code = {"id": "s1", "name": "Byggmakker Aas"}
    _set_code_of_documents(visitor, code)
    content = b"field,code,quickbooks_id\nsupplier,s1,new\nsupplier,s2,new\n"
    page = _upload(visitor, content)
    assert ("1 match would change." in page, "1 row cannot be used." in page) == (True, True)
    assert "Byggmakker Aas cannot be created from here: the source gives only its name." in page
    answer = _confirm(visitor, page)
    assert ("Imported 1 match." in answer, "A sync continues" in answer) == (True, False)
    assert _is_listed_as_open(visitor, "s1")

    _set_code_of_documents(visitor, code | {"create": dump(Party(name="Byggmakker Aas"))})
    answer = _confirm(visitor, _upload(visitor, content))
    assert "Imported 1 match. A sync continues with the waiting documents now." in answer


def _hold_by_supplier(visitor: Visitor, number: int) -> None:
    """Add a document that is held because its supplier, whose name alone is known, has no match."""
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        document, posting = add_document(session, installation, "held", 500 + number)
        code = {"id": f"x{number}", "name": f"Supplier {number}"}
        document.body = {**document.body, "codes": {**document.body["codes"], "supplier": code}}
        cause = build_match_cause(installation.id, "supplier", code["id"])
        about = {"company_id": installation.company_id, "installation_id": installation.id}
        text = CaseText("code.match", code=code["name"], problem="nothing fits it.")
        inbox.open(session, cause, text, postings=[posting], **about)


def test_the_preview_of_a_file_needs_no_query_for_each_record_to_create(visitor: Visitor) -> None:
    visitor.log_in("arne")
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    counts = []
    with visitor.app.app_context():
        database = engine.db.engine
    for first, last in ((0, 2), (2, 30)):
        for number in range(first, last):
            _hold_by_supplier(visitor, number)
        rows = "".join(f"supplier,x{number},new\n" for number in range(last))
        statements.clear()
        event.listen(database, "before_cursor_execute", note)
        page = _upload(visitor, f"field,code,quickbooks_id\n{rows}".encode())
        event.remove(database, "before_cursor_execute", note)
        assert f"{last} rows cannot be used." in page
        counts.append(len(statements))
    assert counts[1] <= counts[0]


def _set_code_of_documents(visitor: Visitor, code: dict[str, Any]) -> None:
    """Let every document of the source use a code in this form."""
    with visitor.app.app_context(), engine.transaction() as session:
        for row in session.query(SourceDocument).filter(SourceDocument.made_for == ""):
            row.body = {**row.body, "codes": {**row.body["codes"], "supplier": code}}


def test_the_page_of_a_code_of_a_field_that_the_app_no_longer_has_is_gone(
    operator: Visitor,
) -> None:
    assert operator.get(f"{_here(operator)}code?field=former&code=s1").status_code == 404
    answer = operator.post(f"{_here(operator)}code", field="former", code="s1", record="v1")
    assert (answer.status_code, _matches(operator)) == (404, {})


def test_a_record_that_is_to_be_created_is_announced_in_norwegian(operator: Visitor) -> None:
    details = dump(Party(name="Byggmakker Aas"))
    _set_code_of_documents(operator, {"id": "s1", "name": "Byggmakker Aas", "create": details})
    operator.press("/account/formats", language="nb")
    assert "blir opprettet i QuickBooks" in _decide(operator, "s1", record="+")
    page = operator.page(f"/inbox/{_case_of(operator, 's1').id}")
    assert "Den blir opprettet i QuickBooks neste gang den brukes ." in page.replace(".", " .")
