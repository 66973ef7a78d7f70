"""The JSON API decides about cases and documents as their pages do."""

from typing import Any

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.mapping import EMPTY, NEW
from hub.models import AuditEntry, Case, Match, Posting, Run
from hub.posting.actions import undo
from hub.web.cases import case_acts
from tests.support.pages.api_client import ApiClient
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.posting_pages import app, bench
from tests.support.rows.stored_cases import open_stored_case

JORDAN = company.NAMESAKES[0]
__all__ = ["app", "bench"]


@pytest.fixture
def program(visitor: Visitor) -> ApiClient:
    """Provide a program with the rights of an operator."""
    return ApiClient.of(visitor.app, "oda")


def case_of(visitor: Visitor, name: str) -> str:
    return f"/cases/{visitor.story.cases[name]}"


def audited(visitor: Visitor, what: str) -> list[str]:
    with visitor.app.app_context(), read_only_session() as session:
        return list(session.scalars(select(AuditEntry.who).where(AuditEntry.what == what)))


def decision(visitor: Visitor, name: str) -> tuple[str, str, str]:
    row = visitor.row(Case, visitor.story.cases[name])
    return row.decision, row.decision_note, row.decided_by


# -- codes -----------------------------------------------------------------------------------------


def test_the_code_of_a_case_is_matched_and_a_sync_continues(
    program: ApiClient, visitor: Visitor
) -> None:
    answer = program.call("POST", f"{case_of(visitor, 'match')}/match", {"record": "v1"})
    assert (answer.status_code, answer.json["id"]) == (200, visitor.story.cases["match"])
    match = visitor.row(Match, 1)
    assert (match.code, match.record, match.who) == ("s1", "v1", "oda")
    assert decision(visitor, "match") == ("matched", "", "oda")
    run = visitor.row(Run, max(visitor.story.runs.values()) + 1)
    assert (run.kind, run.requested_by) == ("sync", "oda")


def test_a_code_that_is_matched_on_the_list_is_decided_in_its_case_and_a_sync_continues(
    program: ApiClient, visitor: Visitor
) -> None:
    address = f"/installations/{visitor.story.installation}/matches/"
    body = {"field": "supplier", "code": "s1", "record": "v1"}
    assert program.call("PUT", address, body).json["state"] == "decided"
    assert decision(visitor, "match") == ("matched", "", "oda")
    run = visitor.row(Run, max(visitor.story.runs.values()) + 1)
    assert (run.kind, run.requested_by) == ("sync", "oda")


@pytest.mark.parametrize(
    ("word", "record", "decided"), [("new", NEW, "created"), ("none", EMPTY, "left_out")]
)
def test_the_code_of_a_case_is_left_out_or_gets_a_new_record(
    program: ApiClient, visitor: Visitor, word: str, record: str, decided: str
) -> None:
    with visitor.app.app_context(), transaction() as session:
        case = session.get_one(Case, visitor.story.cases["match"])
        case.postings = []  # the document lacks what a new record needs
    answer = program.call("POST", f"{case_of(visitor, 'match')}/match", {"record": word})
    assert answer.status_code == 200
    assert visitor.row(Match, 1).record == record
    assert decision(visitor, "match")[0] == decided


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("match", {"record": "68"}, 409, "QuickBooks has no active"),
        ("retry", {"record": "v1"}, 409, "not about a code"),
        ("match", {}, 422, "cannot be used"),
    ],
)
def test_a_match_that_does_not_fit_is_refused(
    program: ApiClient, visitor: Visitor, name: str, body: Any, status: int, words: str
) -> None:
    answer = program.call("POST", f"{case_of(visitor, name)}/match", body)
    assert answer.status_code in (status, 400, 404)
    assert words in answer.json["detail"]
    assert decision(visitor, name)[0] == ""


def test_the_record_of_a_case_is_created_as_entered(visitor_with_stand_ins: Visitor) -> None:
    pages = Pages(visitor_with_stand_ins)
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    program = ApiClient.of(pages.app, "oda")
    address = pages.case("k20").replace("/inbox/", "/cases/") + "/create"
    wrong = program.call("POST", address, {"values": {"name": "Mercer: Sons"}})
    assert wrong.status_code == 422
    assert "no colon" in str(wrong.json["errors"]["values"]["name"])
    answer = program.call("POST", address, {"values": {"name": "Mercer & Sons"}})
    assert answer.status_code == 200, answer.text
    pages.sync()
    with pages.app.app_context():
        assert "Mercer & Sons" in [record["DisplayName"] for record in pages.site.all("Customer")]


# -- cases -----------------------------------------------------------------------------------------


def test_a_case_that_stops_nothing_is_closed(program: ApiClient, visitor: Visitor) -> None:
    stopping = program.call("POST", f"{case_of(visitor, 'retry')}/close")
    assert stopping.status_code == 409
    assert "closes by itself" in stopping.json["detail"]
    closed = program.call("POST", f"{case_of(visitor, 'none')}/close")
    assert closed.json["closed_at"] is not None
    assert audited(visitor, "case closed") == ["oda"]
    again = program.call("POST", f"{case_of(visitor, 'none')}/close")
    assert (again.status_code, again.json["detail"]) == (409, "The case is closed already.")


@pytest.fixture
def address_of_missing_document(visitor: Visitor) -> str:
    """Provide a case about a document that the source no longer has; return its address."""
    with visitor.app.app_context(), transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings["held"])
        posting.held_by, posting.operation = "person", "delete"
        here = {"installation_id": visitor.story.installation, "company_id": visitor.story.company}
        texts = {"title": "Gone", "reason": "It is gone.", "instruction": "Decide."}
        cause = f"posting:{posting.id}:gone-delete"
        about = {"action": "delete", "postings": [posting], **texts, **here}
        return f"/cases/{open_stored_case(session, cause, **about).id}"


@pytest.mark.parametrize("first_state", ["held", "sending"])
def test_all_documents_of_a_case_are_left_in_quickbooks(
    program: ApiClient,
    visitor: Visitor,
    address_of_missing_document: str,
    monkeypatch: pytest.MonkeyPatch,
    first_state: str,
) -> None:
    monkeypatch.setattr(case_acts, "MAX_SHOWN", 1)
    case_id = int(address_of_missing_document.rpartition("/")[2])
    with visitor.app.app_context(), transaction() as session:
        first = session.get_one(Posting, visitor.story.postings["held"])
        second = session.get_one(Posting, visitor.story.postings["review"])
        first.state, second.operation = first_state, "delete"
        case = session.get_one(Case, case_id)
        case.postings.append(second)
        ids = sorted([first.id, second.id])
    answer = program.call("POST", f"{address_of_missing_document}/leave")
    assert answer.status_code == (200 if first_state == "held" else 409)
    states = {id: visitor.row(Posting, id).state for id in ids}
    left = "skipped" if first_state == "held" else "sending"
    assert states == {visitor.story.postings["held"]: left, second.id: "skipped"}


def test_the_postings_of_a_case_are_listed_in_pages(
    program: ApiClient,
    visitor: Visitor,
    address_of_missing_document: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(case_acts, "MAX_SHOWN", 1)
    case_id = int(address_of_missing_document.rpartition("/")[2])
    with visitor.app.app_context(), transaction() as session:
        case = session.get_one(Case, case_id)
        case.postings.append(session.get_one(Posting, visitor.story.postings["review"]))
        ids = sorted(posting.id for posting in case.postings)
    first = program.read(f"{address_of_missing_document}/postings")
    last = program.read(first["next"])
    assert [row["posting_id"] for row in (*first["data"], *last["data"])] == ids
    assert (first["previous"], last["next"]) == (None, None)
    assert program.read(last["previous"])["data"] == first["data"]
    answer = program.call("GET", f"{address_of_missing_document}/postings", before="nonsense")
    assert answer.status_code == 422


def test_a_document_that_is_gone_can_be_left_in_quickbooks(
    program: ApiClient, visitor: Visitor, address_of_missing_document: str
) -> None:
    assert program.call("POST", f"{case_of(visitor, 'retry')}/leave").status_code == 409
    assert program.call("POST", f"{address_of_missing_document}/leave").status_code == 200
    assert visitor.row(Posting, visitor.story.postings["held"]).state == "skipped"


def test_a_removal_from_quickbooks_is_confirmed(
    program: ApiClient, visitor: Visitor, address_of_missing_document: str
) -> None:
    posting_id = visitor.story.postings["held"]
    for address in (
        f"{address_of_missing_document}/remove",
        f"{address_of_missing_document}/postings/{posting_id}/retry",
    ):
        unconfirmed = program.call("POST", address, {})
        assert unconfirmed.status_code in (400, 409)
        assert "in QuickBooks" in unconfirmed.json["detail"]
    other = program.call("POST", f"{case_of(visitor, 'retry')}/remove", {"confirmed": True})
    assert (other.status_code, "removes nothing" in other.json["detail"]) == (409, True)
    assert visitor.row(Posting, posting_id).state == "held"
    assert (
        program.call(
            "POST", f"{address_of_missing_document}/remove", {"confirmed": True}
        ).status_code
        == 200
    )
    posting = visitor.row(Posting, posting_id)
    assert (posting.state, posting.approved_by) != ("held", None)


# -- postings of a case ----------------------------------------------------------------------------


def test_postings_of_a_case_are_listed_retried_and_skipped(
    program: ApiClient, visitor: Visitor
) -> None:
    here, posting_id = case_of(visitor, "retry"), visitor.story.postings["held"]
    [row] = program.read(f"{here}/postings")["data"]
    assert (row["posting_id"], row["state"], row["in_quickbooks"]) == (posting_id, "held", [])
    assert program.call("POST", f"{here}/postings/{posting_id}/retry", {}).status_code == 200
    assert decision(visitor, "retry") == ("retried", "", "oda")
    assert audited(visitor, "posting retried") == ["oda"]
    skipped = program.call("POST", f"{here}/postings/{posting_id}/skip", {"text": "Paid in cash."})
    assert skipped.status_code == 200, skipped.text
    assert visitor.row(Posting, posting_id).reason == "Paid in cash. (oda)"
    assert audited(visitor, "posting skipped") == ["oda"]


@pytest.mark.parametrize("act", ["retry", "adopt", "reject", "skip", "put-back", "overwrite"])
def test_a_posting_of_another_case_is_not_found(
    program: ApiClient, visitor: Visitor, act: str
) -> None:
    body = {"quickbooks_id": "145", "text": "No.", "sync_token": "0"}
    id_fields = {"retry": (), "adopt": ("quickbooks_id",), "reject": ("quickbooks_id",)}
    token_fields = {"put-back": ("sync_token",), "overwrite": ("sync_token",)}
    names = {**id_fields, "skip": ("text",), **token_fields}[act]
    posted = visitor.story.postings["posted"]
    address = f"{case_of(visitor, 'retry')}/postings/{posted}/{act}"
    answer = program.call("POST", address, {name: body[name] for name in names})
    assert answer.status_code == 404
    assert visitor.row(Posting, posted).state == "posted"


def test_a_viewer_and_a_token_to_read_decide_nothing(visitor: Visitor) -> None:
    posting_id = visitor.story.postings["held"]
    address = f"{case_of(visitor, 'retry')}/postings/{posting_id}/skip"
    for program in (ApiClient.of(visitor.app, "vera"), ApiClient.of(visitor.app, "oda", "read")):
        assert program.call("POST", address, {"text": "No."}).status_code == 403
    assert visitor.row(Posting, posting_id).state == "held"


# -- what QuickBooks has ---------------------------------------------------------------------------


@pytest.fixture
def likeness(bench: Any) -> tuple[Any, ApiClient, str, int, str]:
    """Provide a bill that is held because QuickBooks has something like it."""
    posting_id = bench.bill("B-9")
    bench.hold(posting_id, "quickbooks", "It is there already.")
    bench.index_all_bills()
    quickbooks_id = bench.posting(bench.ids[0]).quickbooks_id
    with transaction() as session:
        case = open_stored_case(
            session,
            f"posting:{posting_id}:alike",
            title="QuickBooks has something like it",
            action="choose",
            reason="It is alike.",
            instruction="Compare.",
            details={"candidates": [quickbooks_id]},
            postings=[session.get_one(Posting, posting_id)],
            company_id=bench.company_id,
            installation_id=bench.installation_id,
        )
        address = f"/cases/{case.id}"
    return bench, ApiClient.of(bench.app, "oda"), address, posting_id, quickbooks_id


def test_a_transaction_of_another_document_cannot_be_taken(likeness: Any) -> None:
    bench, program, address, posting_id, quickbooks_id = likeness
    [row] = program.read(f"{address}/postings")["data"]
    [transaction_row] = row["in_quickbooks"]
    assert (transaction_row["quickbooks_id"], transaction_row["may_be_taken"]) == (
        quickbooks_id,
        False,
    )
    assert (row["ours"]["total"], transaction_row["transaction"]["total"]) == ("100.00", "10.10")
    body = {"quickbooks_id": quickbooks_id}
    refused = program.call("POST", f"{address}/postings/{posting_id}/adopt", body)
    assert "was posted for another document already" in refused.json["detail"]
    assert bench.state(posting_id) == "held"
    rejected = program.call("POST", f"{address}/postings/{posting_id}/reject", body)
    assert rejected.status_code == 200, rejected.text
    assert bench.posting(posting_id).rejected_ids == [quickbooks_id]
    assert bench.state(posting_id) == "ready"


def test_the_transaction_of_a_change_cannot_be_taken(bench: Any) -> None:
    quickbooks_id = bench.posting(bench.ids[0]).quickbooks_id
    posting_id = bench.change(bench.ids[0], total="120.00")
    bench.edit(quickbooks_id, DocNumber="A-1b")
    bench.drain()
    program = ApiClient.of(bench.app, "oda")
    [row] = program.read("/cases/1/postings")["data"]
    [transaction_row] = row["in_quickbooks"]
    assert (transaction_row["quickbooks_id"], transaction_row["may_be_taken"]) == (
        quickbooks_id,
        False,
    )
    body = {"quickbooks_id": quickbooks_id}
    refused = program.call("POST", f"/cases/1/postings/{posting_id}/adopt", body)
    assert "cannot be taken for a transaction now" in refused.json["detail"]


def test_an_edited_transaction_is_overwritten_in_the_version_that_was_seen(bench: Any) -> None:
    bill_id = bench.posting(bench.ids[0]).quickbooks_id
    posting_id = bench.change(bench.ids[0], "delete")
    bench.edit(bill_id, TxnDate="2026-03-01")
    bench.drain()
    program = ApiClient.of(bench.app, "oda")
    [case] = program.read("/cases/")["data"]
    [row] = program.read(f"/cases/{case['id']}/postings")["data"]
    address = f"/cases/{case['id']}/postings/{posting_id}"
    rejected = program.call("POST", f"{address}/reject", {"quickbooks_id": bill_id})
    assert "Compare the two, then overwrite it" in rejected.json["detail"]
    bodies = [
        {"sync_token": row["sync_token"]},
        {"sync_token": "99", "confirmed": True},
        {"sync_token": row["sync_token"], "confirmed": True},
    ]
    answers = [program.call("POST", f"{address}/overwrite", body) for body in bodies]
    assert [answer.status_code for answer in answers] == [409, 409, 200]
    assert answers[2].json["closed_at"]
    bench.drain()
    assert bench.state(posting_id) == "posted"


@pytest.mark.parametrize("typed", ["F-2026 14", "1' or '1'='1", "9" * 30, "-1", "007", "\u0661"])
def test_a_number_that_is_no_id_of_quickbooks_is_named(likeness: Any, typed: str) -> None:
    bench, program, address, posting_id, _ = likeness
    body = {"quickbooks_id": typed}
    answer = program.call("POST", f"{address}/postings/{posting_id}/adopt", body)
    assert answer.status_code == 422
    [sentence] = answer.json["errors"]["json"]["quickbooks_id"]
    assert f"There is no bill in QuickBooks with the id “{typed}”." in sentence
    assert bench.state(posting_id) == "held"


def test_a_posting_that_is_not_in_quickbooks_cannot_be_put_back(likeness: Any) -> None:
    bench, program, address, posting_id, _ = likeness
    body = {"sync_token": "0"}
    answer = program.call("POST", f"{address}/postings/{posting_id}/put-back", body)
    assert answer.status_code == 409
    assert "is not in QuickBooks, so it cannot be put back." in answer.json["detail"]
    assert bench.state(posting_id) == "held"


def test_a_transaction_that_a_person_entered_is_taken(likeness: Any) -> None:
    bench, program, address, posting_id, _ = likeness
    body = {**bench.body("B-9"), "PrivateNote": "by hand"}
    entered = bench.quickbooks.act("create", kind="Bill", set=body)["Id"]
    answer = program.call(
        "POST", f"{address}/postings/{posting_id}/adopt", {"quickbooks_id": entered}
    )
    assert answer.status_code == 200, answer.text
    posting = bench.posting(posting_id)
    assert (posting.state, posting.quickbooks_id) == ("posted", entered)


def test_an_edited_transaction_is_put_back_over_the_version_that_was_seen(
    visitor_with_stand_ins: Visitor,
) -> None:
    pages = Pages(visitor_with_stand_ins)
    pages.enable()
    pages.sync(company.CLIENTS[0])
    with pages.app.app_context():
        invoice = pages.site.one("Invoice")
        edit = {"realm": pages.site.realm, "kind": "Invoice", "id": invoice["Id"]}
        pages.site.quickbooks.act("edit", **edit, set={"DueDate": "2026-12-24"})
        pages.site.watch()
    program = ApiClient.of(pages.app, "oda")
    cases = program.read("/cases/", words="QuickBooks")["data"]
    [case] = [case for case in cases if case["code"].endswith("differs")] or cases[:1]
    [row] = program.read(f"/cases/{case['id']}/postings")["data"]
    assert row["sync_token"]
    address = f"/cases/{case['id']}/postings/{row['posting_id']}/put-back"
    stale = program.call("POST", address, {"sync_token": "99"})
    assert "changed in QuickBooks again" in stale.json["detail"]
    assert program.call("POST", address, {"sync_token": row["sync_token"]}).status_code == 200
    pages.sync()
    with pages.app.app_context():
        assert pages.site.one("Invoice")["DueDate"] == "2026-03-15"


# -- documents -------------------------------------------------------------------------------------


def test_a_removal_that_somebody_else_began_meanwhile_is_not_answered_as_done(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_posting = undo.plan_posting

    def plan_and_let_another_remove(posting_id: int) -> undo.UndoPlan:
        plan = plan_posting(posting_id)
        undo.undo(plan, "kari")
        return plan

    monkeypatch.setattr(undo, "plan_posting", plan_and_let_another_remove)
    program = ApiClient.of(bench.app, "oda")
    document = f"/documents/{bench.posting(bench.ids[0]).document_id}"
    answer = program.call("POST", f"{document}/removal", {"confirmed": True})
    assert (answer.status_code, answer.json["detail"]) == (
        409,
        "Nothing was removed: it is being removed already, or has changed meanwhile.",
    )


def test_a_document_is_removed_from_quickbooks_and_posted_again(bench: Any) -> None:
    program = ApiClient.of(bench.app, "oda")
    document = f"/documents/{bench.posting(bench.ids[0]).document_id}"
    assert program.read(f"{document}/removal") == {"removable": True, "reasons": []}
    assert program.call("POST", f"{document}/removal", {}).status_code == 409
    removed = program.call("POST", f"{document}/removal", {"confirmed": True})
    assert [posting["operation"] for posting in removed.json["postings"]] == ["create", "delete"]
    under_way = program.call("POST", f"{document}/removal", {"confirmed": True})
    assert (under_way.status_code, under_way.json["detail"]) == (
        409,
        "A change of it is on its way.",
    )
    bench.drain()
    again = program.call("POST", f"{document}/post-again")
    assert again.status_code == 200, again.text


def test_a_skip_is_taken_back(visitor_with_stand_ins: Visitor) -> None:
    pages = Pages(visitor_with_stand_ins)
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    program = ApiClient.of(pages.app, "oda")
    [document] = program.read("/documents/", state="held")["data"]
    [case] = [case for case in program.read("/cases/")["data"] if case["documents"]]
    skipped = program.call("POST", f"/cases/{case['id']}/skip", {"text": "Entered by hand"})
    assert skipped.status_code == 200, skipped.text
    with pages.app.app_context():
        customer, *_ = pages.site.all("Customer")
    pages.decide("k20", customer["Id"])
    pages.sync()
    assert pages.posted() == 0
    [posting] = program.read(f"/documents/{document['id']}")["postings"]
    address = f"/documents/{document['id']}/postings/{posting['id']}/take-back-skip"
    assert ApiClient.of(pages.app, "oda", "read").call("POST", address).status_code == 403
    assert program.call("POST", address.replace("documents/", "documents/9")).status_code == 404
    taken_back = program.call("POST", address)
    assert (taken_back.status_code, taken_back.json["state"]) == (200, "waiting"), taken_back.text
    again = program.call("POST", address)
    assert (again.status_code, "nothing to try again" in again.text) == (409, True)
    pages.sync()
    assert pages.posted() == 1


def test_a_check_says_what_would_stop_a_document(visitor_with_stand_ins: Visitor) -> None:
    pages = Pages(visitor_with_stand_ins)
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    program = ApiClient.of(pages.app, "oda")
    [document] = program.read("/documents/", state="held")["data"]
    checked = program.call("POST", f"/documents/{document['id']}/check")
    assert checked.status_code == 200, checked.text
    [reason] = checked.json["reasons"]
    assert "Mercer" in reason, reason
    with pages.app.app_context():
        customer, *_ = pages.site.all("Customer")
    pages.decide("k20", customer["Id"])
    free = program.call("POST", f"/documents/{document['id']}/check")
    assert (free.status_code, free.json) == (200, {"reasons": []})
    assert pages.posted() == 0
    assert program.read(f"/documents/{document['id']}")["state"] == "held"


def test_a_check_needs_a_document_and_a_company_that_is_connected(
    program: ApiClient, visitor: Visitor
) -> None:
    assert program.call("POST", "/documents/999999/check").status_code == 404
    address = f"/documents/{visitor.story.documents['held']}/check"
    disconnected = program.call("POST", address)
    assert disconnected.status_code == 409
    assert "press Reconnect" in disconnected.json["detail"]
