"""The summary of runs, as `hub sync` prints it."""

import pytest

from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import transaction
from hub.models import ConnectedCompany, Installation, Run
from hub.models.enums import RunKind
from hub.reasons.texts import CaseText
from hub.scheduling import summary

OPEN_CASES = summary.MAX_CASES + 5


@pytest.fixture
def run(app) -> Run:
    """Provide a run of an app with more open cases than are listed."""
    now = current_hub().clock.now()
    with transaction() as session:
        company = ConnectedCompany(realm="9130", currency="NOK", connected_at=now, newest_date=now)
        installation = Installation(company=company, slug="small", tenant="t1", created_at=now)
        session.add(installation)
        session.flush()
        for number in range(OPEN_CASES):
            inbox.open(
                session,
                f"file:{number}",
                CaseText("file.unmapped", app="Small", file=f"{number}.csv"),
                company_id=company.id,
                installation_id=installation.id,
            )
        company_id, installation_id = company.id, installation.id
    return Run(kind=RunKind.SYNC, company_id=company_id, installation_id=installation_id, counts={})


def test_the_oldest_open_cases_are_listed_and_the_others_are_counted(run: Run) -> None:
    limited = summary.summarize_runs([run], max_cases=summary.MAX_CASES)
    assert (len(limited["cases"]), limited["unlisted"]) == (summary.MAX_CASES, 5)
    text = summary.format_summary(limited, [run])
    assert "0.csv" in text
    assert text.endswith("and 5 more; `hub cases` lists them.")
    everything = summary.summarize_runs([run])
    assert len(everything["cases"]) == OPEN_CASES
    assert summary.format_summary(everything, [run]) == text
