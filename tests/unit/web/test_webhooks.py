"""Webhooks of sources and of QuickBooks: signed, small, and used only as hints."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, update

from hub import exact_json
from hub.crypto.vault import Vault
from hub.db import engine
from hub.models import Case, ConnectedCompany, Installation, Run, Secret, SourceDocument
from hub.models.enums import ConnectionState
from hub.security.secrets import SiteSecrets
from hub.testing.clock import FakeClock
from hub.web import webhooks
from hub.web.request.call_rates import MAX_CALLERS, BurstRate, CallRates
from qbo_sandbox import factory
from tests.support.pages.page_visitor import Visitor

SECRET = "signing-secret"


def _runs(visitor: Visitor) -> list[tuple[str, str]]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return [
            (run.kind, run.requested_by)
            for run in session.query(Run).filter(Run.started_at.is_(None))
        ]


def _call(visitor: Visitor, message: object, secret: str = SECRET) -> int:
    with visitor.app.app_context():
        SiteSecrets(visitor.story.installation)["webhook_secret"] = SECRET
    body = json.dumps(message).encode()
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    address = f"/webhooks/{visitor.story.installation}"
    answer = visitor.client.post(address, data=body, headers={"X-CostTracker-Signature": signed})
    return answer.status_code


def test_a_signed_call_of_a_source_reads_the_named_document_again(visitor: Visitor) -> None:
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}) == 200
    assert _runs(visitor) == [("sync", "webhook")]
    assert visitor.row(SourceDocument, visitor.story.documents["posted"]).reread


@pytest.mark.row("CT-S21")
def test_a_source_may_ask_for_all_lists_again(visitor: Visitor) -> None:
    assert _call(visitor, {"topic": "master-data.wanted"}) == 200
    assert _runs(visitor) == [("lists", "webhook")]


@pytest.mark.parametrize("topic", ["master-data.wanted", "invoice.changed"])
def test_a_call_starts_no_run_while_the_company_is_disconnected(
    visitor: Visitor, topic: str
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        installation.company.state = ConnectionState.DISCONNECTED
    assert _call(visitor, {"topic": topic, "id": 1000}) == 200
    assert _runs(visitor) == []


def test_a_wrong_signature_does_no_work(visitor: Visitor) -> None:
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}, "guessed") == 401
    assert _runs(visitor) == []


def test_a_call_is_asked_for_again_while_a_key_is_missing(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """The keys were rotated, and this process was not started again yet."""
    place = f"installation:{visitor.story.installation}:webhook_secret"
    sealed = Vault([("newest", bytes(range(32)))]).seal(place, SECRET)
    with visitor.app.app_context(), engine.transaction() as session:
        session.merge(Secret(place=place, sealed=sealed))
    answer = visitor.client.post(f"/webhooks/{visitor.story.installation}", data=b"{}")
    assert (answer.status_code, place in answer.text, place in caplog.text) == (503, False, True)


def _cases_about_webhooks(visitor: Visitor) -> list[tuple[str, str | None]]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        query = select(Case).where(Case.cause.startswith("webhook:")).order_by(Case.id)
        return [(case.reason, case.closed_by) for case in session.scalars(query)]


def test_a_call_is_asked_for_again_while_the_plugin_has_a_defect(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = {"topic": "invoice.changed", "id": 1000}
    with monkeypatch.context() as defect:
        defect.setattr("hub_costtracker._list_signals", lambda call: call["invoice"])
        assert [_call(visitor, message), _call(visitor, message)] == [503, 503]
    ((reason, closed_by),) = _cases_about_webhooks(visitor)
    assert "CostTracker's plugin failed" in reason
    assert "KeyError" in reason
    assert closed_by is None
    assert _call(visitor, message) == 200
    assert _cases_about_webhooks(visitor) == [(reason, "hub")]


def test_a_defect_of_a_plugin_is_not_shown_to_who_calls(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub_costtracker.signed_json", lambda *parts, **options: 1 / 0)
    answer = visitor.client.post(f"/webhooks/{visitor.story.installation}", data=b"{}")
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert "division" not in answer.text


def test_a_call_is_asked_for_again_while_the_plugin_is_missing(visitor: Visitor) -> None:
    del visitor.app.extensions["hub"].plugins.apps["costtracker"]
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}) == 503


def test_an_unknown_installation_is_not_found(visitor: Visitor) -> None:
    assert visitor.client.post("/webhooks/999", data=b"{}").status_code == 404


@pytest.mark.parametrize("enabled", [True, False])
def test_an_app_that_takes_no_calls_is_answered_as_an_unknown_one(
    visitor: Visitor, enabled: bool
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        installation.slug = "files"
        installation.enabled = enabled
    answer = visitor.client.post(f"/webhooks/{visitor.story.installation}", data=b"{}")
    unknown = visitor.client.post("/webhooks/999", data=b"{}")
    assert (answer.status_code, answer.text) == (unknown.status_code, unknown.text)
    assert answer.status_code == 404


def test_a_call_over_a_megabyte_is_refused(visitor: Visitor) -> None:
    assert visitor.client.post("/webhooks/quickbooks", data=b"x" * 1_000_001).status_code == 413


def _from_quickbooks(
    visitor: Visitor,
    realm: str,
    token: str = factory.WEBHOOK_VERIFIER,
    bill: str = "145",
    **options: Any,
) -> int:
    entity = {
        "name": "Bill",
        "id": bill,
        "operation": "Update",
        "lastUpdated": "2026-03-06T10:00:00.000Z",
    }
    notice = {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": [entity]}}]}
    body = json.dumps(notice).encode()
    signed = base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()
    return visitor.client.post(
        "/webhooks/quickbooks", data=body, headers={"intuit-signature": signed}, **options
    ).status_code


def test_a_change_in_quickbooks_is_read_soon(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "9130001") == 200
    assert _runs(visitor) == [("changes", "webhook")]


def _writes(visitor: Visitor, work: Callable[[], object]) -> list[str]:
    """Return the statements of some work that change the database."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            statements.append(statement)

    with visitor.app.app_context():
        database = engine.db.engine
    event.listen(database, "before_cursor_execute", note)
    work()
    event.remove(database, "before_cursor_execute", note)
    return statements


def _change_runs(visitor: Visitor, **moments: Any) -> None:
    """Set moments of the open runs that read changes."""
    with visitor.app.app_context(), engine.transaction() as session:
        open_runs = update(Run).where(Run.kind == "changes", Run.ended_at.is_(None))
        session.execute(open_runs.values(moments))


def test_further_changes_write_nothing_while_a_poll_is_going_to_begin(visitor: Visitor) -> None:
    def call(bill: str) -> None:
        assert _from_quickbooks(visitor, "9130001", bill=bill) == 200

    assert len(_writes(visitor, lambda: call("145"))) == 2
    assert _writes(visitor, lambda: call("146")) == []
    assert _runs(visitor) == [("changes", "webhook")]


def test_a_change_during_a_poll_requests_another_one(visitor: Visitor, clock: FakeClock) -> None:
    _from_quickbooks(visitor, "9130001")
    _change_runs(visitor, started_at=clock.now())
    for bill in ("146", "147"):
        clock.advance(1)
        _from_quickbooks(visitor, "9130001", bill=bill)
        with visitor.app.app_context(), engine.read_only_session() as session:
            company = session.query(ConnectedCompany).filter_by(realm="9130001").one()
        assert company.webhook_news_at == clock.now()
    assert _runs(visitor) == [("changes", "webhook")]


def test_a_change_after_the_last_poll_began_is_noted_though_a_run_waits(
    visitor: Visitor, clock: FakeClock
) -> None:
    _from_quickbooks(visitor, "9130001")
    clock.advance(60)
    with visitor.app.app_context(), engine.transaction() as session:
        session.query(ConnectedCompany).filter_by(realm="9130001").one().polled_at = clock.now()
    assert _writes(visitor, lambda: _from_quickbooks(visitor, "9130001", bill="146"))


def test_a_poll_of_the_schedule_does_not_count_as_requested(visitor: Visitor) -> None:
    _from_quickbooks(visitor, "9130001")
    _change_runs(visitor, requested_by="schedule")
    assert _writes(visitor, lambda: _from_quickbooks(visitor, "9130001", bill="146"))


def test_changes_of_many_companies_are_not_limited_and_forgers_stop_only_themselves(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "RATE_OF_CALLER", BurstRate(burst=3, per_minute=1))
    monkeypatch.setattr(webhooks, "RATE_OF_ADDRESS", BurstRate(burst=4, per_minute=1))
    webhooks.init_app(visitor.app)
    intuit = {"environ_base": {"REMOTE_ADDR": "198.51.100.9"}}
    for number in range(10):
        assert _from_quickbooks(visitor, "9130001", bill=str(number), **intuit) == 200
    forged, _ = _flood(visitor, "/webhooks/quickbooks", "198.51.100.1", 5)
    assert forged == {401: 3, 429: 2}
    forged, _ = _flood(visitor, "/webhooks/quickbooks", "198.51.100.2", 3)
    assert forged == {401: 1, 429: 2}
    assert _from_quickbooks(visitor, "9130001", bill="last", **intuit) == 200


def test_an_unknown_company_is_answered_and_ignored(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "1") == 200
    assert _runs(visitor) == []


def test_a_forged_call_of_quickbooks_is_refused(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "9130001", "guessed") == 401
    assert _runs(visitor) == []


def _flood(visitor, address, client, calls):
    """Call without a signature; return how often each status was the answer."""
    environ = {"REMOTE_ADDR": client}
    answers = [visitor.client.post(address, environ_base=environ) for _ in range(calls)]
    return Counter(answer.status_code for answer in answers), answers[-1]


def test_a_client_that_calls_too_often_has_to_wait(visitor, clock, monkeypatch):
    monkeypatch.setattr(webhooks, "RATE_OF_CALLER", BurstRate(burst=10, per_minute=30))
    webhooks.init_app(visitor.app)
    statuses, last = _flood(visitor, "/webhooks/quickbooks", "198.51.100.1", 15)
    assert statuses == {401: 10, 429: 5}
    assert last.headers["Retry-After"] == "2"
    clock.advance(2)
    assert _flood(visitor, "/webhooks/quickbooks", "198.51.100.1", 2)[0] == {401: 1, 429: 1}
    assert _flood(visitor, "/webhooks/quickbooks", "198.51.100.2", 1)[0] == {401: 1}
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}) == 200


def test_many_clients_share_the_rate_of_an_address(visitor, monkeypatch):
    monkeypatch.setattr(webhooks, "RATE_OF_ADDRESS", BurstRate(burst=10, per_minute=30))
    webhooks.init_app(visitor.app)
    statuses = Counter()
    for number in range(12):
        statuses += _flood(visitor, "/webhooks/quickbooks", f"198.51.100.{number}", 1)[0]
    assert statuses == {401: 10, 429: 2}
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}) == 200


def test_an_unsigned_call_is_refused_before_its_body_is_parsed(visitor, monkeypatch):
    monkeypatch.setattr(exact_json, "parse_call", lambda body: pytest.fail("it was parsed"))
    for address in ("/webhooks/quickbooks", f"/webhooks/{visitor.story.installation}"):
        assert visitor.client.post(address, data=b"{}").status_code == 401


def test_callers_are_forgotten_when_there_are_too_many(clock):
    rates = CallRates(BurstRate(burst=2, per_minute=60), clock.monotonic)
    for number in range(3 * MAX_CALLERS):
        rates.count_call(number)
    assert len(rates._left) <= MAX_CALLERS


HOSTILE_BODIES = [
    b"",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"topic": "invoice.changed", "id": "\\ud800"}',
    b'{"topic": "invoice.changed", "id": "\\u0000"}',
    b'{"topic": "invoice.changed", "id": NaN, "id": -Infinity}',
    b'{"topic": "invoice.changed", "id": 1e999999}',
    b'{"topic": {"\\ud800": []}, "id": [[]]}',
    b'{"id": ' + b"9" * 5000 + b"}",
    b'"\xed\xa0\x80"',
    b"\xff\xfe\x00",
    b'{"eventNotifications": 7}',
    b'{"eventNotifications": [7, {"realmId": "\\ud800", "dataChangeEvent": {"entities": 7}}]}',
    b'{"eventNotifications": [{"realmId": "9130001", "dataChangeEvent": {"entities": ['
    b'{"name": "Bill", "id": "\\ud800\\u0000", "lastUpdated": "99999-99-99"}, 7]}}]}',
    b'[{"type": "qbo.bill.created.v1", "intuitaccountid": "9130001",'
    b' "intuitentityid": "\\ud800\\u0000", "time": 1e999}, 7, []]',
]


@pytest.mark.parametrize("body", [b"[]", b'[{"topic": "invoice.changed"}]', b'"a"', b"7", b"null"])
def test_a_signed_body_that_is_no_object_is_refused_in_a_sentence(owner, body):
    with owner.app.app_context():
        SiteSecrets(owner.story.installation)["webhook_secret"] = SECRET
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-CostTracker-Signature": signed}
    answer = owner.client.post(f"/webhooks/{owner.story.installation}", data=body, headers=headers)
    assert (answer.status_code, answer.text) == (
        401,
        "This call is signed correctly, but its body is not a JSON object.\n",
    )


@pytest.mark.proof(small=4)
@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_a_signed_body_of_any_shape_is_no_error_of_the_hub(owner, body):
    digest = hmac.new(factory.WEBHOOK_VERIFIER.encode(), body, hashlib.sha256).digest()
    headers = {"intuit-signature": base64.b64encode(digest).decode()}
    assert owner.client.post("/webhooks/quickbooks", data=body, headers=headers).status_code < 500

    with owner.app.app_context():
        SiteSecrets(owner.story.installation)["webhook_secret"] = SECRET
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-CostTracker-Signature": signed}
    address = f"/webhooks/{owner.story.installation}"
    assert owner.client.post(address, data=body, headers=headers).status_code < 500
