"""Two runs of a company that end at the same moment on PostgreSQL."""

from hub.cases import failing_runs, inbox
from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany, Run
from hub.models.enums import RunKind, RunOutcome
from hub.reasons.texts import CaseText
from tests.support.servers.blocked_transactions import start_beside

KINDS = (RunKind.CHANGES, RunKind.LISTS)


def test_two_successes_at_once_close_the_case(pg_app, clock, monkeypatch):
    with transaction() as session:
        company = ConnectedCompany(realm="9130", name="Kari & Co", connected_at=clock.now())
        session.add(company)
        session.flush()
        runs = [
            Run(
                kind=kind,
                company_id=company.id,
                requested_by="kari",
                started_at=clock.now(),
                ended_at=clock.now(),
                outcome=RunOutcome.DONE,
            )
            for kind in KINDS
        ]
        session.add_all(runs)
        text = CaseText("runs.failing", company=company.name, problem="It failed.")
        case = inbox.open(session, f"runs:{company.id}", text, company_id=company.id)
        case.details = {"subjects": sorted(f"{kind}:0" for kind in KINDS)}
    list_subjects = failing_runs._list_failing_subjects
    threads = []

    def list_subjects_beside(session, case):
        monkeypatch.setattr(failing_runs, "_list_failing_subjects", list_subjects)
        threads.append(start_beside(pg_app, session, lambda: failing_runs.report(runs[1])))
        return list_subjects(session, case)

    monkeypatch.setattr(failing_runs, "_list_failing_subjects", list_subjects_beside)
    failing_runs.report(runs[0])
    threads[0].join()
    with read_only_session() as session:
        assert session.query(Case).one().closed_at is not None
