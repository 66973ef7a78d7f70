"""Commands about several companies: each line says whose it is."""

import json

from click.testing import CliRunner
from sqlalchemy import select

from hub.cli import main
from hub.db.engine import read_only_session
from hub.models import Installation, Run
from hub.models.enums import RunKind, RunOutcome
from hub.scheduling import summary
from hub.scheduling.exit_codes import CONTINUES_READING
from tests.support.rows.rights_rows import COMPANIES, TwoCompanies, canary

NAMES = [f"{name} {canary(name)}" for name in COMPANIES]
PROBLEM = "QuickBooks no longer accepts the connection to"


def test_an_error_names_app_and_company(two_companies: TwoCompanies) -> None:
    result = CliRunner().invoke(main, ["sync"], obj=two_companies.app)
    assert result.exit_code == 1
    problems = [line for line in result.stderr.splitlines() if PROBLEM in line]
    apps = ("CostTracker", "ION")
    expected = [f"{app} of {name}: {PROBLEM} {name} " for name in NAMES for app in apps]
    assert [line[: len(start)] for line, start in zip(problems, expected, strict=True)] == expected


def test_an_error_of_the_only_company_is_as_it_is(
    two_companies: TwoCompanies,
) -> None:
    result = CliRunner().invoke(main, ["sync", "--realm", "9130000"], obj=two_companies.app)
    problems = [line for line in result.stderr.splitlines() if PROBLEM in line]
    assert len(problems) == 2
    assert all(line.startswith(PROBLEM) for line in problems)


def test_what_is_left_to_read_names_the_company(two_companies: TwoCompanies) -> None:
    with two_companies.app.app_context():
        with read_only_session() as session:
            query = select(Installation).where(Installation.slug == "ion").order_by(Installation.id)
            rows = session.scalars(query).all()
        runs = [
            Run(
                id=900 + row.id,
                kind=RunKind.SYNC,
                company_id=row.company_id,
                installation_id=row.id,
                outcome=RunOutcome.DONE,
                counts={CONTINUES_READING: True},
            )
            for row in rows
        ]
        text = summary.format_summary(summary.summarize_runs(runs), runs)
        one = summary.format_summary(summary.summarize_runs(runs[:1]), runs[:1])
    for name in NAMES:
        assert f"  {name}: Its source was not read to the end" in text
    assert "  Its source was not read to the end" in one


def test_the_list_of_cases_names_the_companies(two_companies: TwoCompanies) -> None:
    text = CliRunner().invoke(main, ["cases"], obj=two_companies.app).stdout
    headings = [line for line in text.splitlines() if line.startswith("Case ")]
    shown = json.loads(CliRunner().invoke(main, ["cases", "--json"], obj=two_companies.app).stdout)
    assert {row["company"] for row in shown} == {*NAMES, None}
    assert {row["realm"] for row in shown} == {"9130000", "9130001", None}
    for heading, row in zip(headings, shown, strict=True):
        about = ", ".join(filter(None, (row["app"] or "QuickBooks", row["company"])))
        assert heading.startswith(f"Case {row['id']}, {about}, since ")


def test_the_list_of_postings_names_the_companies(two_companies: TwoCompanies) -> None:
    text = CliRunner().invoke(main, ["outbox"], obj=two_companies.app).stdout
    heads, *lines = text.splitlines()
    assert heads.split()[:3] == ["ID", "APP", "COMPANY"]
    shown = json.loads(CliRunner().invoke(main, ["outbox", "--json"], obj=two_companies.app).stdout)
    assert {row["company"] for row in shown} == {*NAMES}
    assert {row["realm"] for row in shown} == {"9130000", "9130001"}
    for line, row in zip(lines, shown, strict=True):
        assert f"  {row['company']}  " in line


def test_the_cases_after_a_sync_name_the_companies(two_companies: TwoCompanies) -> None:
    text = CliRunner().invoke(main, ["sync"], obj=two_companies.app).stdout
    for name in NAMES:
        assert f"\n  {name}: " in text.partition("To do:")[2]
    alone = CliRunner().invoke(main, ["sync", "--realm", "9130000"], obj=two_companies.app).stdout
    assert f"\n  {NAMES[0]}: " not in alone


def test_the_help_says_what_is_done_without_a_realm() -> None:
    for command in ("sync", "cases"):
        text = " ".join(CliRunner().invoke(main, [command, "--help"]).stdout.split())
        assert "Only this QuickBooks company; else all." in text
