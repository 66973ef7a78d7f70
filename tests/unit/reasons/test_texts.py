"""Case texts: a code and parameters, rendered when they are read."""

import ast
import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import select

import hub
from hub.cases import inbox
from hub.db.engine import read_only_session, transaction
from hub.mapping import rules
from hub.models import Case
from hub.qbo.connection import ConnectionState
from hub.reasons import texts
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.catalogue.collecting import NOTHING_FITS
from hub.reasons.template import CaseAction, list_placeholder_names
from hub.reasons.texts import CaseText, render
from hub.web.lists.case_list import ACTION_LABELS
from tests.support.rows.stored_cases import open_stored_case

WARNING = CaseText("source.warning", app="Acme", warning="The key ends soon.")
REASONS_ONLY = [code for code in CATALOGUE if code.startswith(("posting.", "record."))]
OF_CASES = [code for code in CATALOGUE if code not in REASONS_ONLY]
# Only earlier versions gave these; they may be stored.
OF_EARLIER_VERSIONS = {"posting.may_have_landed"}


@pytest.fixture
def reword(monkeypatch):
    """Change texts of a code in the catalogue, as a later version does."""

    def change(code, **changes):
        monkeypatch.setitem(CATALOGUE, code, dataclasses.replace(CATALOGUE[code], **changes))

    return change


@pytest.mark.parametrize("code", OF_CASES)
def test_a_code_of_a_case_has_all_its_texts_and_a_known_action(code):
    template = CATALOGUE[code]
    assert all((template.title, template.reason, template.instruction))
    assert isinstance(template.action, CaseAction)
    assert template.action in ACTION_LABELS
    assert not template.title.endswith(".")
    assert template.instruction.endswith(".")


@pytest.mark.parametrize("code", REASONS_ONLY)
def test_a_code_of_a_posting_or_a_record_has_a_reason_only(code):
    template = CATALOGUE[code]
    assert (template.title, bool(template.reason), template.instruction) == ("", True, "")


def test_a_stored_date_reads_as_the_dates_beside_it():
    early = {"date": "2026-01-20", "start": "2026-03-01", "app": "Acme"}
    reason = render("posting.dated_too_early", early).reason
    assert reason.startswith("It was dated 20 Jan 2026, before 01 Mar 2026, ")
    end = {"company": "2026-03-02", "date": "2026-03-02"}
    reason = render("connection.ends", end).reason
    assert "connection to 2026-03-02 on 02 Mar 2026" in reason, "a name stays as it is"
    assert "on 2026-31-31," in render("connection.ends", {**end, "date": "2026-31-31"}).reason


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_placeholder_is_replaced(code):
    params = {name: f"<{name}>" for name in CATALOGUE[code].parameters}
    text = texts.render(code, CaseText(code, **params).params)
    sentences = f"{text.title} {text.reason} {text.instruction}"
    assert list_placeholder_names(sentences) == frozenset()
    assert all(value in sentences for value in params.values())


def test_the_inbox_has_a_label_for_each_action():
    assert {*ACTION_LABELS} == {*CaseAction}


@pytest.mark.parametrize("params", [{}, {"app": "Acme"}, {"app": "A", "warning": "W", "more": 1}])
def test_a_text_takes_exactly_the_parameters_of_its_code(params):
    with pytest.raises(TypeError, match=r"source\.warning takes"):
        CaseText("source.warning", **params)


def test_braces_in_a_value_are_not_placeholders():
    text = CaseText("source.warning", app="{app}", warning="{0} and {warning}")
    assert (text.title, text.reason) == ("{app} has a warning", "{0} and {warning}")


def test_a_value_may_be_another_text(reword):
    inner = CaseText("posting.gone", app="Acme")
    outer = CaseText("document.gone_void", document="Bill 1", reason=inner)
    assert outer.reason == "Acme no longer has it. It is still in QuickBooks."
    reword("posting.gone", reason="{app} has lost it.")
    stored = texts.dump(outer)[0]
    assert texts.join_reasons([stored]) == "Acme has lost it. It is still in QuickBooks."


def test_a_value_may_be_the_reasons_of_a_posting(reword):
    reasons = texts.dump(CaseText("posting.skipped", reason="Paid in cash.", who="kari"))
    outer = CaseText("posting.awaits_ended", document="Bill 1", reason=reasons)
    assert outer.reason.startswith("Bill 1, which is not posted: Paid in cash. (kari) Have that")
    reword("posting.skipped", reason="{who}: {reason}")
    (stored,) = texts.dump(outer)
    assert texts.are_same([stored], texts.dump(outer))
    assert "which is not posted: kari: Paid in cash. Have that" in texts.join_reasons([stored])


def test_a_parameter_that_a_later_version_added_is_empty_in_earlier_rows(reword):
    reword("source.warning", reason="{warning} {since}")
    assert texts.render("source.warning", WARNING.params).reason == "The key ends soon."


def read_case():
    with read_only_session() as session:
        case = session.scalars(select(Case)).one()
        return case.title, case.reason, case.instruction, case.action


def test_a_new_wording_is_read_in_cases_that_are_open(box, reword):
    with transaction() as session:
        inbox.open(session, "warning:1", WARNING)
    reword("source.warning", title="{app} warns", action=CaseAction.SOURCE)
    assert read_case()[:2] == ("Acme warns", "The key ends soon.")
    assert read_case()[3] == "source"
    with read_only_session() as session:
        assert inbox.count_by_action(session) == {"source": 1}
        by_action = select(Case.cause).where(inbox.is_solved_by("source"))
        assert list(session.scalars(by_action)) == ["warning:1"]


def test_a_reason_that_a_person_dismissed_stays_so_when_it_is_reworded(box, reword):
    with transaction() as session:
        inbox.open(session, "warning:1", WARNING)
        inbox.close(session, "warning:1", by="kari")
    reword("source.warning", reason="Attention: {warning}")
    other = CaseText("source.warning", app="Acme", warning="Another one.")
    with read_only_session() as session:
        assert inbox.is_dismissed(session, "warning:1", WARNING)
        assert not inbox.is_dismissed(session, "warning:1", other)


def test_a_case_with_stored_texts_shows_them_until_its_reason_is_set_again(box):
    stored = {"title": "T", "reason": "The key ends soon.", "instruction": "I.", "action": "match"}
    with transaction() as session:
        case = open_stored_case(session, "warning:1", **stored)
        assert inbox.has_reason(case, WARNING)
        assert inbox.count_by_action(session) == {"match": 1}
    assert read_case() == ("T", "The key ends soon.", "I.", "match")
    with transaction() as session:
        assert inbox.open(session, "warning:1", WARNING).id == case.id
    assert read_case()[0] == "Acme has a warning"


def test_the_search_reads_the_texts_as_they_are_shown(box, reword):
    with transaction() as session:
        first = inbox.open(session, "warning:1", WARNING).id
        second = open_stored_case(session, "old", title="Ådne", reason="R", action="match").id
    reword("source.warning", title="{app} warns")
    with read_only_session() as session:
        query = select(Case)
        assert inbox.search(session, query, "acme warns") == [first]
        assert inbox.search(session, query, "KEY ENDS") == [first]
        assert inbox.search(session, query, "ådne") == [second]
        assert inbox.search(session, query, "has a warning") == []


def test_a_search_returns_the_newest_of_very_many_cases(box, monkeypatch):
    monkeypatch.setattr(inbox, "MAX_SEARCH_HITS", 2)
    with transaction() as session:
        ids = [inbox.open(session, f"warning:{number}", WARNING).id for number in range(4)]
    with read_only_session() as session:
        assert inbox.search(session, select(Case), "acme") == [ids[3], ids[2]]
        assert inbox.search(session, select(Case), "nothing like it") == []


def calls_of_case_text():
    """Yield code and parameters of each call with a constant code, and where it is."""
    for path in sorted(Path(hub.__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "CaseText" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "CaseText" and node.args:
                code = node.args[0]
                names = {keyword.arg for keyword in node.keywords}
                if isinstance(code, ast.Constant):
                    yield f"{path.name}:{node.lineno}", code.value, names


def test_each_call_names_a_code_and_supplies_its_parameters():
    calls = list(calls_of_case_text())
    assert len(calls) > 30
    for place, code, names in calls:
        expected = CATALOGUE[code].parameters
        assert names - {None} <= expected, place
        assert None in names or names == expected, place


def test_each_code_of_a_posting_is_given_somewhere():
    """Codes of cases may be composed of a prefix and a state; those of postings never are."""
    constants = set()
    for path in Path(hub.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.parent.name != "catalogue" and any(code in text for code in REASONS_ONLY):
            for node in ast.walk(ast.parse(text)):
                constants.update(
                    child.value
                    for child in ast.iter_child_nodes(node)
                    if isinstance(child, ast.Constant)
                )
    assert {*REASONS_ONLY} - constants == OF_EARLIER_VERSIONS


def test_each_state_of_a_refused_connection_has_a_text():
    refused = {*ConnectionState} - {ConnectionState.CONNECTED, ConnectionState.DISCONNECTED}
    codes = {code.removeprefix("connection.") for code in CATALOGUE if "connection." in code}
    assert refused == codes - {"ends"}


@pytest.mark.parametrize(
    ("label", "title", "instruction"),
    [
        ("Supplier “Hara”", "QuickBooks has no supplier called “Hara”", "the matching supplier,"),
        ("VAT code “3”", "QuickBooks has no VAT code called “3”", "the matching VAT code,"),
        ("Fee “<b>{x}”", "QuickBooks has no fee called “<b>{x}”", "the matching fee,"),
    ],
)
def test_a_code_that_nothing_fits_says_what_quickbooks_lacks(label, title, instruction):
    problem = "nothing in QuickBooks fits it."
    text = render("code.match", {"code": label, "problem": problem})
    assert (text.title, text.reason) == (title, f"{label} has no match in QuickBooks.")
    assert text.instruction == f"Pick {instruction} or create it in QuickBooks."
    assert CaseText("code.match", code=label, problem=problem).title == title


def test_a_code_with_a_similar_name_in_quickbooks_has_the_title_of_one_that_nothing_fits():
    problem = "it would be created, but QuickBooks has a similar name: Hara Ltd."
    text = render("code.match", {"code": "Supplier “Hara”", "problem": problem})
    assert text.title == "QuickBooks has no supplier called “Hara”"
    assert text.reason == f"Supplier “Hara”: {problem}"


def test_a_code_that_several_records_fit_is_not_called_missing():
    problem = "several records in QuickBooks fit: A, B."
    text = render("code.match", {"code": "Supplier “Hara”", "problem": problem})
    assert text.title == "Supplier “Hara” is not matched yet"
    assert text.instruction == "Pick the matching supplier, or create it in QuickBooks."


@pytest.mark.parametrize("code", ["code.settings", "code.either", "code.source"])
def test_a_code_that_no_match_helps_is_not_called_unmatched(code):
    params = {"code": "Billing code “Travel”", "problem": "it has no External Number."}
    assert render(code, params).title == "Billing code “Travel” cannot be used yet"


def test_the_problems_of_a_code_that_nothing_fits_are_those_of_the_matching():
    source = Path(rules.__file__).read_text(encoding="utf-8")
    assert [problem for problem in NOTHING_FITS if f'"{problem}"' not in source] == []
