"""The instruction of a case fits the problem of its document."""

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case
from tests.support.every_kind_source import CLIENT, PRODUCT, SUPPLIER, Till, document, line


@pytest.fixture
def till(app, quickbooks, clock):
    return Till(app, quickbooks, clock)


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
def test_the_instruction_says_what_the_reason_says(till, posted, reason, instruction, action):
    till.run(posted)
    case = only_case()
    assert case.reason.endswith(reason)
    assert case.instruction.startswith(instruction)
    assert case.action == action
