"""Webhooks of sources and of QuickBooks: signed, small, and used only as hints."""

import base64
import hashlib
import hmac
import json

import pytest

from hub.db import engine
from hub.models import Run, SourceDocument
from hub.security.secrets import SiteSecrets
from qbo_sandbox import factory
from tests.support.page_visitor import Visitor

SECRET = "signing-secret"


def _runs(visitor: Visitor) -> list[tuple[str, str]]:
    with visitor.app.app_context(), engine.reading() as session:
        return [
            (run.kind, run.requested_by)
            for run in session.query(Run).filter(Run.started_at.is_(None))
        ]


def _call(visitor: Visitor, said: object, secret: str = SECRET) -> int:
    with visitor.app.app_context():
        SiteSecrets(visitor.story.installation)["webhook_secret"] = SECRET
    body = json.dumps(said).encode()
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


def test_a_wrong_signature_does_no_work(visitor: Visitor) -> None:
    assert _call(visitor, {"topic": "invoice.changed", "id": 1000}, "guessed") == 401
    assert _runs(visitor) == []


def test_an_unknown_installation_is_not_found(visitor: Visitor) -> None:
    assert visitor.client.post("/webhooks/999", data=b"{}").status_code == 404


def test_a_call_over_a_megabyte_is_refused(visitor: Visitor) -> None:
    assert visitor.client.post("/webhooks/quickbooks", data=b"x" * 1_000_001).status_code == 413


def _from_quickbooks(visitor: Visitor, realm: str, token: str = factory.VERIFIER) -> int:
    entity = {
        "name": "Bill",
        "id": "145",
        "operation": "Update",
        "lastUpdated": "2026-03-06T10:00:00.000Z",
    }
    told = {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": [entity]}}]}
    body = json.dumps(told).encode()
    signed = base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()
    return visitor.client.post(
        "/webhooks/quickbooks", data=body, headers={"intuit-signature": signed}
    ).status_code


def test_a_change_in_quickbooks_is_read_soon(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "9130001") == 200
    assert _runs(visitor) == [("changes", "webhook")]


def test_an_unknown_company_is_answered_and_ignored(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "1") == 200
    assert _runs(visitor) == []


def test_a_forged_call_of_quickbooks_is_refused(visitor: Visitor) -> None:
    assert _from_quickbooks(visitor, "9130001", "guessed") == 401
    assert _runs(visitor) == []


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


@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_a_signed_body_of_any_shape_is_no_error_of_the_hub(owner, body):
    digest = hmac.new(factory.VERIFIER.encode(), body, hashlib.sha256).digest()
    headers = {"intuit-signature": base64.b64encode(digest).decode()}
    assert owner.client.post("/webhooks/quickbooks", data=body, headers=headers).status_code < 500

    with owner.app.app_context():
        SiteSecrets(owner.story.installation)["webhook_secret"] = SECRET
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-CostTracker-Signature": signed}
    address = f"/webhooks/{owner.story.installation}"
    assert owner.client.post(address, data=body, headers=headers).status_code < 500
