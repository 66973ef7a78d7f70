"""Change data from QuickBooks, and its webhooks, which are verified."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import shutil
from typing import Any

import pytest

from hub.db import engine
from hub.errors import Refused, Retry
from hub.models import Case, ConnectedCompany, ListState, StoredRecord, TransactionHead
from hub.qbo import changes, record_download, records, transaction_download, usage, webhooks
from hub.qbo.client import Client
from qbo_sandbox.api import changes as change_data

DAY = dt.date(2026, 1, 1)
LINE = {
    "Amount": 5,
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}


@pytest.fixture
def indexed_company(quickbooks, clock):
    """Provide a company whose bills are in the index, an hour later."""
    for number in range(3):
        quickbooks.act("create", kind="Bill", set=bill(f"A-{number}"))
    transaction_download.load(1, Client(1), ["bill"], DAY)
    clock.advance(3600)
    return quickbooks


def bill(number: str, date: str = "2026-02-01") -> dict[str, Any]:
    return {"VendorRef": {"value": "1"}, "TxnDate": date, "DocNumber": number, "Line": [LINE]}


def head(id: str) -> TransactionHead | None:
    with engine.read_only_session() as session:
        return session.get(TransactionHead, (1, "bill", id))


def vendor(id: str) -> StoredRecord | None:
    with engine.read_only_session() as session:
        return session.get(StoredRecord, (1, "vendor", id))


def reads() -> int:
    with engine.read_only_session() as session:
        return usage.count_reads(session, 1).month


@pytest.mark.row("CT-B13")
def test_edited_deleted_and_new_ones_are_taken_in(indexed_company):
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    indexed_company.act("delete", kind="Bill", id="2")
    indexed_company.act("create", kind="Bill", set=bill("new"))
    indexed_company.act("edit", kind="Vendor", id="3", set={"DisplayName": "Renamed"})
    result = changes.poll(1)
    assert sorted(result.heads) == [("bill", "1"), ("bill", "2"), ("bill", "4")]
    assert "vendor" in result.lists
    assert (head("1").number, head("2").state, head("4").number) == ("changed", "deleted", "new")
    assert vendor("3").name == "Renamed"


def test_a_look_costs_one_read(indexed_company):
    client = Client(1)
    changes.poll(1, client)
    assert client.reads == 1


def test_a_kind_that_quickbooks_refuses_hides_no_change_of_the_others(indexed_company, monkeypatch):
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    untracked = (*change_data.UNTRACKED_KINDS, "Customer")
    monkeypatch.setattr(change_data, "UNTRACKED_KINDS", untracked)
    with pytest.raises(Refused, match="Customer is not supported by change data capture"):
        changes.poll(1)
    assert head("1").number == "changed"


def test_a_list_that_documents_can_do_without_has_a_case_while_it_is_refused(
    indexed_company, clock, monkeypatch
):
    untracked = (*change_data.UNTRACKED_KINDS, "Class")
    monkeypatch.setattr(change_data, "UNTRACKED_KINDS", untracked)
    indexed_company.add_fault("refusal", "query.class", code="5020", count=0)
    for _ in range(32):
        clock.advance(24 * 3600)
        assert list(changes.poll(1).refusals) == ["class"]
    with engine.read_only_session() as session:
        (case,) = session.query(Case).filter(Case.cause.startswith("unread:"))
        assert (case.params["kind"], case.closed_at) == ("class", None)
    monkeypatch.undo()
    indexed_company.faults.clear()
    changes.poll(1)
    with engine.read_only_session() as session:
        assert session.get(Case, case.id).closed_by == "hub"


def test_a_kind_that_is_refused_for_a_month_hides_no_change_of_the_others(
    indexed_company, clock, monkeypatch
):
    """A company that changes to a smaller edition has no purchase orders any more."""
    transaction_download.load(1, Client(1), ["purchase_order", "vendor_credit"], DAY)
    untracked = (*change_data.UNTRACKED_KINDS, "PurchaseOrder")
    monkeypatch.setattr(change_data, "UNTRACKED_KINDS", untracked)
    indexed_company.add_fault("refusal", "query.purchaseorder", code="5020", count=0)
    for _ in range(32):
        clock.advance(24 * 3600)
        assert list(changes.poll(1).refusals) == ["purchase_order"]
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    indexed_company.act("create", kind="VendorCredit", set=bill("credit"))
    before = reads()
    changes.poll(1)
    assert head("1").number == "changed"
    with engine.read_only_session() as session:
        credits = session.query(TransactionHead).filter_by(company_id=1, kind="vendor_credit")
        assert [credit.number for credit in credits] == ["credit"]
    assert reads() - before <= 3, "what can be polled is not read whole"
    with engine.read_only_session() as session:
        (case,) = session.query(Case).filter(Case.cause.startswith("unread:"))
        assert (case.params["kind"], case.closed_at) == ("purchase order", None)
    monkeypatch.undo()
    indexed_company.faults.clear()
    changes.poll(1)
    with engine.read_only_session() as session:
        assert session.get(Case, case.id).closed_by == "hub"


def test_a_change_is_reported_once(indexed_company, clock):
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    changes.poll(1)
    assert changes.poll(1).heads == ()


def test_a_paid_bill_is_seen_with_what_is_left_to_pay(indexed_company):
    indexed_company.act("pay", id="1", amount="2")
    changes.poll(1)
    assert head("1").balance == 3


def test_a_thousand_changes_are_incomplete_and_read_by_queries(indexed_company, clock):
    for number in range(1005):
        clock.advance(number % 100 == 0)
        indexed_company.act("create", kind="Bill", set=bill(f"N-{number}"))
    indexed_company.act("delete", kind="Bill", id="2")
    assert len(changes.poll(1).heads) == 1006
    assert head("2").state == "deleted"


def test_more_changes_of_one_second_than_a_response_holds_do_not_stop_the_polls(
    indexed_company, clock
):
    for number in range(1000):
        indexed_company.act("create", kind="Bill", set=bill(f"B-{number}"))
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    indexed_company.act("delete", kind="Bill", id="2")
    clock.advance(600)
    changes.poll(1)
    assert (head("1").number, head("2").state) == ("changed", "deleted")
    clock.advance(600)
    before = reads()
    assert not changes.poll(1).has_any
    assert reads() - before == 1


def test_after_a_month_everything_is_read_again(indexed_company, clock):
    indexed_company.act("delete", kind="Bill", id="2")
    indexed_company.act("create", kind="Bill", set=bill("new", "2026-03-02"))
    clock.advance(40 * 24 * 3600)
    changes.poll(1)
    assert (head("2").state, head("4").number) == ("deleted", "new")


def test_nothing_read_yet_means_nothing_to_compare(intuit):
    from hub.qbo.oauth import connect as oauth_connect

    oauth_connect.connect_with_refresh_token(intuit.realm, intuit.refresh_tokens[intuit.realm])
    assert changes.poll(1) == changes.Changes()


def test_the_book_notices_what_changed(indexed_company):
    indexed_company.act("edit", kind="Vendor", id="3", set={"DisplayName": "Renamed"})
    changes.poll(1)
    with engine.read_only_session() as session:
        assert records.load_index(session, 1, "vendor").find_by_name("renamed")[0].id == "3"


def test_an_account_of_which_only_the_balance_moved_costs_no_new_index(indexed_company):
    with engine.read_only_session() as session:
        before = records.load_index(session, 1, "account")
    indexed_company.act("create", kind="Bill", set=bill("new"))
    changes.poll(1)
    with engine.read_only_session() as session:
        assert records.load_index(session, 1, "account") is before


def test_a_change_that_quickbooks_lists_after_its_webhook_is_read_with_the_next_poll(
    indexed_company, clock, monkeypatch
):
    """The poll that a webhook requests may come before the list of changes has the change."""
    changes.poll(1)
    clock.advance(3600)
    indexed_company.act("edit", kind="Bill", id="1", set={"DocNumber": "changed"})
    read_changes = Client.cdc
    with monkeypatch.context() as patch:
        patch.setattr(
            Client, "cdc", lambda self, kinds, since: read_changes(self, ["bill"], clock.now())
        )
        clock.advance(60)
        assert changes.poll(1).heads == ()
    clock.advance(24 * 3600)
    assert changes.poll(1).heads == (("bill", "1"),)
    assert head("1").number == "changed"


def test_changes_are_known_up_to_quickbooks_own_time(indexed_company, clock):
    changes.poll(1)
    with engine.read_only_session() as session:
        assert session.get_one(ListState, (1, "heads:bill")).changed_to == clock.now()


CHANGED = {"Id": "1", "SyncToken": "1"}


@pytest.mark.parametrize(
    "content",
    [
        {"QueryResponse": [{"Bill": [CHANGED]}]},
        [{"QueryResponse": {"Bill": [CHANGED]}}],
        [{"QueryResponse": [{"Bill": CHANGED}]}],
        [{"QueryResponse": [{"bill": [CHANGED]}]}],
    ],
    ids=["no list", "no list of kinds", "one object", "another spelling"],
)
def test_changes_in_another_form_are_not_taken_for_none(indexed_company, content):
    body = json.dumps({"CDCResponse": content})
    indexed_company.add_fault("wrong_json", "cdc", body=body, count=0)
    with engine.read_only_session() as session:
        before = session.get_one(ListState, (1, "heads:bill")).changed_to
    with pytest.raises(Retry, match="something that is not what was asked for"):
        changes.poll(1)
    with engine.read_only_session() as session:
        assert session.get_one(ListState, (1, "heads:bill")).changed_to == before


# -- webhooks --------------------------------------------------------------------------------------


def signed(notice: Any, key: str) -> tuple[dict[str, str], bytes]:
    body = json.dumps(notice).encode()
    return {
        "Intuit-Signature": base64.b64encode(
            hmac.new(key.encode(), body, hashlib.sha256).digest()
        ).decode()
    }, body


def classic(
    realm: str, name: str, id: str, operation: str = "Update", at: str = "2026-03-02T12:00:00Z"
) -> Any:
    entity = {"name": name, "id": id, "operation": operation, "lastUpdated": at}
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": [entity]}}]}


def cloud(
    realm: str, kind: str, id: str, verb: str = "updated", at: str = "2026-03-02T12:00:00Z"
) -> Any:
    fields = {
        "specversion": "1.0",
        "id": "x",
        "type": f"qbo.{kind}.{verb}.v1",
        "time": at,
        "data": {},
    }
    return [fields | {"intuitentityid": id, "intuitaccountid": realm}]


def receive_notice(quickbooks, notice: Any) -> list[tuple[str, str]]:
    events = webhooks.receive(*signed(notice, quickbooks.webhook_verifier))
    return [(event.kind, event.id) for event_list in events.values() for event in event_list]


@pytest.mark.parametrize(
    "notice", [classic, lambda realm, name, id, **_: cloud(realm, name.lower(), id)]
)
def test_both_formats_of_webhooks_are_understood(indexed_company, notice):
    assert receive_notice(indexed_company, notice(indexed_company.realm, "Bill", "9")) == [
        ("bill", "9")
    ]
    assert receive_notice(indexed_company, notice(indexed_company.realm, "VendorCredit", "9")) == [
        ("vendor_credit", "9")
    ]


def test_an_event_for_another_company_or_kind_is_none_of_ours(indexed_company):
    assert receive_notice(indexed_company, classic("1", "Bill", "9")) == []
    assert receive_notice(indexed_company, classic(indexed_company.realm, "Payroll", "9")) == []


def test_webhooks_about_known_changes_are_ignored(indexed_company):
    updated_at = head("1").updated_at.isoformat()
    assert (
        receive_notice(indexed_company, classic(indexed_company.realm, "Bill", "1", at=updated_at))
        == []
    )
    assert receive_notice(
        indexed_company, classic(indexed_company.realm, "Bill", "1", at="2027-01-01T00:00:00Z")
    ) == [("bill", "1")]
    assert receive_notice(
        indexed_company, classic(indexed_company.realm, "Bill", "1", "Delete", at=updated_at)
    ) == [("bill", "1")]


def classic_merge(realm: str) -> Any:
    notice = classic(realm, "Vendor", "1", "Merge")
    notice["eventNotifications"][0]["dataChangeEvent"]["entities"][0]["deletedId"] = "2"
    return notice


def cloud_merge(realm: str) -> Any:
    (event,) = cloud(realm, "vendor", "1", "merged")
    return [event | {"data": {"deletedid": "2"}}]


@pytest.mark.parametrize("build_notice", [classic_merge, cloud_merge])
def test_a_merge_tells_of_both(indexed_company, build_notice):
    notice = build_notice(indexed_company.realm)
    assert receive_notice(indexed_company, notice) == [("vendor", "1"), ("vendor", "2")]


@pytest.mark.parametrize("data", [None, [], "2", {"deletedid": None}, {"alternative_ids": []}])
def test_a_cloud_event_with_other_data_tells_of_its_object(indexed_company, data):
    (event,) = cloud(indexed_company.realm, "vendor", "1", "merged")
    notice = [event | {"data": data}]
    assert receive_notice(indexed_company, notice) == [("vendor", "1")]


def test_news_are_noted_only_together_with_the_request_of_their_poll(indexed_company):
    notice = classic(indexed_company.realm, "Bill", "9")

    def fail(session, company_id):
        raise RuntimeError(f"no poll of company {company_id}")

    call = signed(notice, indexed_company.webhook_verifier)
    with pytest.raises(RuntimeError, match="company 1"):
        webhooks.receive(*call, request_poll=fail)
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).webhook_news_at is None


@pytest.mark.parametrize("signature", ["", "AAAA", "ø"])
def test_a_wrong_signature_is_refused(indexed_company, signature):
    with pytest.raises(Refused, match="signature"):
        webhooks.receive({"intuit-signature": signature}, b"{}")


@pytest.mark.parametrize(
    "notice",
    [[], {}, 3, "x", [3], {"eventNotifications": []}, {"eventNotifications": [{"realmId": "1"}]}],
)
def test_a_genuine_webhook_of_any_shape_does_no_harm(indexed_company, notice):
    assert receive_notice(indexed_company, notice) == []


def test_without_a_token_no_webhook_is_trusted(make_app, make_config, empty_database):
    config = make_config(HUB_QBO_WEBHOOK_TOKEN="")
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config).app_context(), pytest.raises(Refused, match="No webhook token is set"):
        webhooks.receive(*signed({}, ""))


# -- polls without a webhook -----------------------------------------------------------------------


def test_without_webhooks_every_hour_is_due(indexed_company, clock):
    changes.poll(1)
    clock.advance(3600)
    assert changes.is_due(1)


def test_after_the_clock_was_set_back_a_poll_is_due(indexed_company, clock):
    changes.poll(1)
    clock.advance(25 * 24 * 3600)
    changes.poll(1)
    clock.set(clock.now() - dt.timedelta(days=20))
    assert changes.is_due(1)
    changes.poll(1)
    assert not changes.is_due(1)


def test_where_nothing_changes_for_a_day_every_other_hour_is_due(indexed_company, clock):
    changes.poll(1)
    clock.advance(25 * 3600)
    changes.poll(1)
    looks = 0
    for _ in range(24):
        clock.advance(3600 + 1)
        if changes.is_due(1):
            changes.poll(1)
            looks += 1
    assert looks == 12
    indexed_company.act("edit", kind="Bill", id="1", set={"PrivateNote": "it wakes up"})
    clock.advance(7200)
    changes.poll(1)
    clock.advance(3600)
    assert changes.is_due(1)


def test_a_day_of_an_idle_company_costs_at_most_thirty_reads(indexed_company, clock):
    changes.poll(1)
    clock.advance(dt.timedelta(days=3).total_seconds())
    changes.poll(1)
    before = reads()
    record_download.refresh(1)
    for _ in range(24):
        clock.advance(3600)
        if changes.is_due(1):
            changes.poll(1)
    assert 20 < reads() - before <= 30


def test_where_webhooks_come_a_look_without_a_hint_is_due_once_a_day(indexed_company, clock):
    receive_notice(
        indexed_company,
        classic(indexed_company.realm, "Bill", "1", at=head("1").updated_at.isoformat()),
    )
    changes.poll(1)
    clock.advance(23 * 3600)
    assert not changes.is_due(1)
    receive_notice(
        indexed_company,
        classic(indexed_company.realm, "Bill", "1", at=head("1").updated_at.isoformat()),
    )
    clock.advance(2 * 3600)
    assert changes.is_due(1)


def test_webhooks_that_ceased_to_come_are_no_reason_to_wait(indexed_company, clock):
    receive_notice(
        indexed_company,
        classic(indexed_company.realm, "Bill", "1", at=head("1").updated_at.isoformat()),
    )
    clock.advance(25 * 3600)
    changes.poll(1)
    clock.advance(3600)
    assert changes.is_due(1)


def test_webhooks_from_before_the_clock_was_set_back_are_no_reason_to_wait(indexed_company, clock):
    clock.advance(20 * 24 * 3600)
    receive_notice(
        indexed_company,
        classic(indexed_company.realm, "Bill", "1", at=head("1").updated_at.isoformat()),
    )
    clock.set(clock.now() - dt.timedelta(days=18))
    changes.poll(1)
    clock.advance(2 * 3600)
    assert changes.is_due(1)


def test_a_poll_is_due_after_a_webhook(indexed_company, clock):
    changes.poll(1)
    clock.advance(1)
    receive_notice(indexed_company, classic(indexed_company.realm, "Bill", "9"))
    assert changes.is_due(1)
    clock.advance(1)
    changes.poll(1)
    assert not changes.is_due(1)


def test_a_look_that_failed_is_due_again(indexed_company, clock):
    receive_notice(indexed_company, classic(indexed_company.realm, "Bill", "9"))
    indexed_company.add_fault("status", "cdc", status=503, count=0)
    with pytest.raises(Retry):
        changes.poll(1)
    assert changes.is_due(1)
