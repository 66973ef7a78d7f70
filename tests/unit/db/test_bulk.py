"""Bulk statements whose text does not depend on the number of rows."""

import datetime as dt

import pytest
from sqlalchemy import bindparam, select, text, update

from hub.db import engine
from hub.db.bulk import execute_each, is_among
from hub.models import ConnectedCompany

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
SET_NAME = (
    update(ConnectedCompany.__table__)
    .where(ConnectedCompany.__table__.c.id == bindparam("_id"))
    .values(name=bindparam("_name"))
)


@pytest.fixture
def companies(either_app):
    """Store three companies; return their ids."""
    with engine.transaction() as session:
        session.add_all(
            records := [
                ConnectedCompany(realm=str(number), name="?", connected_at=NOW)
                for number in range(3)
            ]
        )
    return [record.id for record in records]


@pytest.mark.parametrize("places", [[], [1], [0, 2], [2, 2, 1, 0]])
def test_is_among_finds_the_rows_with_these_ids(companies, places):
    expected = [companies[place] for place in places]
    with engine.read_only_session() as session:
        rows = (
            select(ConnectedCompany.id)
            .where(is_among(ConnectedCompany.id, "ids"), ConnectedCompany.name == "?")
            .order_by(ConnectedCompany.id)
        )
        assert list(session.scalars(rows, {"ids": [*expected, 10**12]})) == sorted(set(expected))
        realms = (
            select(ConnectedCompany.realm)
            .where(~is_among(ConnectedCompany.id, "ids"))
            .order_by(ConnectedCompany.id)
        )
        others = [str(place) for place, id in enumerate(companies) if id not in expected]
        assert list(session.scalars(realms, {"ids": expected})) == others


def test_is_among_uses_the_primary_key(app):
    with engine.read_only_session() as session:
        words = str(
            select(ConnectedCompany.name)
            .where(is_among(ConnectedCompany.id, "ids"))
            .compile(session.get_bind())
        )
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", ("[1]",)).all()
    assert any("USING INTEGER PRIMARY KEY" in step.detail for step in plan), plan


def test_each_of_many_rows_is_met(companies):
    names = ["a", "b", "b"]
    with engine.transaction() as session:
        met = execute_each(
            session,
            SET_NAME,
            [{"_id": id, "_name": name} for id, name in zip(companies, names, strict=True)],
        )
    with engine.read_only_session() as session:
        assert (
            session.scalars(select(ConnectedCompany.name).order_by(ConnectedCompany.id)).all()
            == names
        )
        assert session.scalar(text("SELECT count(*) FROM company")) == met == 3
