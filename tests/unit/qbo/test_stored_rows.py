"""Records and transaction heads are stored alike by SQLite and PostgreSQL."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import func, select

from hub.db import engine
from hub.db.upsert import upsert
from hub.models import StoredRecord
from hub.qbo import record_download, transaction_download
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import tokens


@pytest.fixture
def app(either_app: Flask) -> Flask:
    return either_app


def row(id: str, **more: str) -> dict:
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return {
        "company_id": 1,
        "list": "term",
        "quickbooks_id": id,
        "name": "",
        "read_at": now,
        **more,
    }


def test_rows_are_added_and_overwritten_and_news_counted(quickbooks):
    with engine.transaction() as session:
        assert upsert(session, StoredRecord, [row("a"), row("b", name="B")]) == 2
        assert upsert(session, StoredRecord, [row("a"), row("b", name="C"), row("c")]) == 2
        assert upsert(session, StoredRecord, []) == 0
        assert session.get_one(StoredRecord, (1, "term", "b")).name == "C"


def test_unflushed_changes_of_the_caller_are_not_lost(quickbooks):
    with engine.transaction() as session:
        record = session.get_one(StoredRecord, (1, "vendor", "1"))
        record.name = "Changed"
        upsert(session, StoredRecord, [row("a")])
        assert record.name == "Changed"


def test_lists_and_heads_are_kept(quickbooks):
    assert transaction_download.load(1, Client(1), ["bill"], dt.date(2026, 1, 1)) == 0
    record_download.refresh(1)
    with engine.read_only_session() as session:
        assert session.scalar(select(func.count()).where(StoredRecord.list == "vendor")) == 40


def test_a_token_is_renewed_and_a_company_disconnected(quickbooks, clock):
    clock.advance(7200)
    assert tokens.get_access_token(1)
    oauth_connect.disconnect(1)
    assert tokens.load_expiry(1)
