"""The instruction of a case fits the problem of its document."""

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation
from hub.posting.actions import manual
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    document,
    invoice,
    line,
)

MATCH_IT = (
    "Open Matching and match it to a record. The next sync continues with the documents that wait."
)


def only_case():
    with read_only_session() as session:
        return session.scalars(select(Case).where(Case.closed_at.is_(None))).one()


@pytest.mark.parametrize(
    ("posted", "reason", "instruction", "action"),
    [
        (
            document("invoice", "d:1", line("1", "5.00"), total="5.00", client=CLIENT),
            "Match its code, or choose one in the settings of the app.",
            "Match its codes, change the settings of the app, or correct it at the source",
            "either",
        ),
        (
            document("bill", "d:1", line("1", "5.00"), total="5.00", supplier=SUPPLIER),
            "Complete it at the source, or match its code.",
            "Match its codes, change the settings of the app, or correct it at the source",
            "either",
        ),
        (
            document("expense", "d:1", line("1", "5.00", cost="Fuel"), total="5.00"),
            "Choose one in the settings of the app.",
            "Change the settings of the app, or correct it at the source.",
            "either",
        ),
        (
            document(
                "invoice", "d:1", line("1", "5.00", product=PRODUCT), total="9.00", client=CLIENT
            ),
            "Fix this at the source.",
            "Fix this at the source.",
            "source",
        ),
    ],
    ids=["no item", "no account", "no payment account", "wrong total"],
)
def test_the_instruction_says_what_the_reason_says(shop, posted, reason, instruction, action):
    shop.run(posted)
    case = only_case()
    assert case.reason.endswith(reason)
    assert case.instruction.startswith(instruction)
    assert case.action == action


def document_case():
    """Return the case of the document; the record that it waits for may have one of its own."""
    with read_only_session() as session:
        query = select(Case).where(Case.closed_at.is_(None), Case.code.like("document.record_%"))
        return session.scalars(query).one()


def test_a_record_whose_id_the_source_uses_twice_is_to_be_matched(shop):
    shop.run(invoice("s1"))
    shop.run(document("bill", "d:1", line("1", "5.00", cost="Fuel"), supplier=SUPPLIER))
    case = document_case()
    assert case.reason.endswith("Create it in QuickBooks and match it.")
    assert (case.action, case.instruction) == ("match", MATCH_IT)


def test_a_record_whose_creation_was_skipped_is_to_be_matched(shop):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    shop.run(document("bill", "d:1", line("1", "5.00", cost="Fuel"), supplier=SUPPLIER))
    manual.skip(shop.posting("s1").id, "It exists under another name", "kari")
    shop.run()
    case = document_case()
    assert case.reason.endswith("because its creation was skipped. Match it to a record.")
    assert (case.action, case.instruction) == ("match", MATCH_IT)
