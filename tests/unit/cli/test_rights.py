"""Commands with the rights of a person, `hub --as NAME`: what each may do, and what it shows."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from hub.cli import COMMAND_MODULES, main, rights
from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, ConnectedCompany, Installation, Posting, User
from hub.security.rights import Scope
from tests.support.rows.rights_rows import (
    APPS,
    COMPANIES,
    MIXED,
    NOBODY,
    Grant,
    TwoCompanies,
    canary,
)
from tests.support.runs.tiers import by_form

ALPHA, BRAVO = COMPANIES
ROLES = ("viewer", "operator", "app-owner", "owner")
EVERYTHING = "owner/every company/every app"
ONE_APP_OF_ONE = f"operator/{ALPHA}/{APPS[0]}"
ALL_OF_ALPHA = [(ALPHA, None), (ALPHA, APPS[0]), (ALPHA, APPS[1])]
LET_IN = 77  # exit code of a command that the guard let in
MISSING_ID = "999999"
# Command -> the least role and what the command is about. This table and `_expected` say what must
# be; nothing of it is read from the declarations that it is compared with.
COMMANDS = {
    "users add x@example.com": ("owner", "hub"),
    "users list": ("owner", "hub"),
    "users role nobody viewer": ("owner", "hub"),
    "users disable nobody": ("owner", "hub"),
    "users enable nobody": ("owner", "hub"),
    "users reset-factor nobody": ("owner", "hub"),
    "users reset nobody": ("owner", "hub"),
    "tokens create nobody --name n": ("owner", "hub"),
    "tokens list": ("owner", "hub"),
    "tokens revoke 1": ("owner", "hub"),
    "companies add --realm 1 --refresh-token-file -": ("owner", "hub"),
    "companies list": ("viewer", "anywhere"),
    "companies check {realm}": ("operator", "company"),
    "companies batches {realm} auto": ("owner", "company"),
    "companies disconnect {realm}": ("owner", "company"),
    "companies remove {realm}": ("owner", "company"),
    "apps list": ("viewer", "anywhere"),
    "apps enable {slug} --realm {realm}": ("app-owner", "app"),
    "apps set {slug} --realm {realm}": ("app-owner", "app"),
    "apps disable {slug} --realm {realm}": ("app-owner", "app"),
    "apps matches {slug} --realm {realm} --export -": ("viewer", "app"),
    "sync {slug} --realm {realm}": ("operator", "enabled app"),
    "read {slug} --realm {realm}": ("app-owner", "enabled app"),
    "outbox": ("viewer", "anywhere"),
    "cases": ("viewer", "anywhere"),
    "retry {posting}": ("operator", "posting"),
    "adopt {posting} 1": ("operator", "posting"),
    "not-this {posting} 1": ("operator", "posting"),
    "overwrite {posting} --yes": ("operator", "posting"),
    "skip {posting} --reason r": ("operator", "posting"),
    "approve {posting}": ("operator", "posting"),
    "undo {posting}": ("operator", "posting"),
    "undo run:{run}": ("operator", "run"),
    "reconcile --realm {realm}": ("operator", "company"),
    "runs": ("viewer", "anywhere"),
    "runs {run}": ("viewer", "run"),
}
# These are about the machine or the whole hub, so nobody in particular can do them.
FOR_NOBODY = {
    "demo",
    "serve",
    "worker",
    "init",
    "check",
    "restored",
    "backup",
    "restore",
    "move",
    "unseal",
    "prune",
    "vault",
    "audit",
    "plugins",
    "sandbox",
    "new-plugin",
    "dev",
}


class Row(NamedTuple):
    """The ids of one app of one company, as the commands take them."""

    company: str
    app: str
    values: dict[str, str]


def call(app: Flask, person: str, command: str | Iterable[str]) -> Result:
    """Run a command with the rights of a person."""
    words = command.split() if isinstance(command, str) else list(command)
    return CliRunner().invoke(main, ["--as", person, *words], obj=app)


def _rows(two_companies: TwoCompanies) -> list[Row]:
    """Return the ids of each app of each company."""
    rows = []
    with two_companies.app.app_context(), read_only_session() as session:
        realms = {
            name: session.get_one(ConnectedCompany, id_).realm for name, id_ in _ids(two_companies)
        }
    for company in COMPANIES:
        for app in APPS:
            posting = two_companies.rows.arguments_of("posting", company, app)["posting_id"]
            run = two_companies.rows.arguments_of("run", company, app)["run_id"]
            values = {"posting": posting, "run": run, "slug": app, "realm": realms[company]}
            rows.append(Row(company, app, {name: str(value) for name, value in values.items()}))
    return rows


def _ids(two_companies: TwoCompanies) -> Iterable[tuple[str, int]]:
    return two_companies.rows.companies.items()


def _highest(grants: Iterable[Grant], company: str | None, app: str | None) -> int:
    """Return the rank of the highest role for all of a company and app, -1 for none."""
    ranks = [-1]
    for grant in grants:
        if grant.company in (None, company) and grant.app in (None, app):
            ranks.append(ROLES.index(grant.role))
    return max(ranks)


def _sees_company(grants: Iterable[Grant], company: str) -> bool:
    return any(grant.company in (None, company) for grant in grants)


def _expected(grants: tuple[Grant, ...], role: str, about: str, row: Row) -> str:
    """Return how a command must end: let in, or why not."""
    least = ROLES.index(role)
    if not grants:
        return "needs"
    if about == "anywhere":
        return "in"
    if about == "hub":
        return "in" if _highest(grants, None, None) >= least else "needs"
    if about in ("company", "app") and not _sees_company(grants, row.company):
        return "unknown"
    if about == "company":
        return "in" if _highest(grants, row.company, None) >= least else "needs"
    highest = _highest(grants, row.company, row.app)
    if highest < 0 and about in ("posting", "run"):
        return "unknown"
    if highest < 0 and about == "enabled app":
        return "in"  # the list of enabled apps that it goes through does not have the app
    return "in" if highest >= least else "needs"


def _outcome(result: Result) -> str:
    if result.exit_code == LET_IN:
        return "in"
    if "it needs the role" in result.stderr:
        return "needs"
    return "unknown" if result.stderr.startswith("There is no ") else result.stderr


@pytest.fixture
def guarded(two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch) -> TwoCompanies:
    """Provide the two companies with commands that end where the guard lets them in."""
    check = rights.check

    def check_and_end() -> None:
        check()
        raise SystemExit(LET_IN)

    monkeypatch.setattr(rights, "check", check_and_end)
    return two_companies


def _few_people(people: dict[str, tuple[Grant, ...]]) -> dict[str, tuple[Grant, ...]]:
    """Leave out people with a role for one app of all companies, or for all apps of one."""
    return {
        name: grants
        for name, grants in people.items()
        if len(grants) != 1 or (grants[0].company is None) == (grants[0].app is None)
    }


@pytest.mark.proof
def test_each_command_works_exactly_for_people_with_the_right_to_it(guarded: TwoCompanies) -> None:
    """The small form takes the first app of one company and the last one of the other."""
    wrong, outcomes = [], set()
    every_row, everybody = _rows(guarded), guarded.rows.people
    few = [every_row[0], every_row[-1]], _few_people(everybody)
    rows, people = by_form(few, (every_row, everybody), (every_row, everybody))
    for person, grants in people.items():
        for template, (role, about) in COMMANDS.items():
            for row in rows if "{" in template else rows[:1]:
                expected = _expected(grants, role, about, row)
                command = template.format(**row.values)
                outcome = _outcome(call(guarded.app, person, command))
                outcomes.add(outcome)
                if outcome != expected:
                    wrong.append((person, command, expected, outcome))
    assert wrong == []
    assert outcomes == {"in", "needs", "unknown"}


def test_every_command_is_in_the_table_or_refused(guarded: TwoCompanies) -> None:
    groups = {template.split()[0] for template in COMMANDS}
    assert groups | FOR_NOBODY == set(COMMAND_MODULES)
    for name in FOR_NOBODY:
        result = call(guarded.app, EVERYTHING, [name])
        assert (result.exit_code, "Leave --as out" in result.stderr) == (2, True), name
    commands = {" ".join(words) for words in _words()}
    for template in COMMANDS:
        commands = {words for words in commands if not f"{template} ".startswith(f"{words} ")}
    assert commands == set()


def _words() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that acts for a person."""
    context = click.Context(main)
    for name in set(COMMAND_MODULES) - FOR_NOBODY:
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            for part in command.list_commands(context):
                yield name, part
        else:
            yield (name,)


def test_a_command_without_an_entry_is_refused(
    guarded: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {
        words: requirement
        for words, requirement in rights.REQUIREMENTS.items()
        if words != "users list"
    }
    monkeypatch.setattr(rights, "REQUIREMENTS", table)
    assert "Leave --as out" in call(guarded.app, EVERYTHING, "users list").stderr


LISTS = ("outbox", "cases", "runs", "companies list", "apps list")


def _names(two_companies: TwoCompanies, person: str) -> set[str]:
    """Return the names of apps and companies that the lists of a person contain."""
    output = ""
    for command in LISTS:
        result = call(two_companies.app, person, f"{command} --json")
        assert result.exit_code == 0, result.stderr
        json.loads(result.stdout)
        output += result.stdout
    owners = [(None, None), *((company, None) for company in COMPANIES)]
    owners += [(company, app) for company in COMPANIES for app in APPS]
    return {canary(*owner) for owner in owners if canary(*owner) in output}


@pytest.mark.parametrize(
    ("person", "owners"),
    [
        (f"viewer/{ALPHA}/every app", ALL_OF_ALPHA),
        (ONE_APP_OF_ONE, [(ALPHA, None), (ALPHA, APPS[0])]),
        (
            MIXED,
            [(ALPHA, None), (ALPHA, APPS[0]), (ALPHA, APPS[1]), (BRAVO, None), (BRAVO, APPS[1])],
        ),
    ],
)
def test_lists_name_what_a_person_has_a_role_for_and_nothing_else(
    two_companies: TwoCompanies, person: str, owners: list[tuple[str, str | None]]
) -> None:
    assert _names(two_companies, person) == {canary(*owner) for owner in owners}


@pytest.mark.parametrize("condition", ["postings", "cases", "runs", "companies", "installations"])
def test_the_lists_find_a_missing_condition(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    monkeypatch.setattr(Scope, condition, lambda scope: ())
    assert any(name.startswith(BRAVO) for name in _names(two_companies, ONE_APP_OF_ONE))


def test_a_refusal_names_person_command_role_and_subject_and_is_recorded(
    two_companies: TwoCompanies,
) -> None:
    person = f"viewer/{ALPHA}/{APPS[0]}"
    posting = two_companies.rows.arguments_of("posting", ALPHA, APPS[0])["posting_id"]
    result = call(two_companies.app, person, f"skip {posting} --reason twice")
    assert result.stderr == (
        f"{person} may not do `hub skip`: it needs the role operator for posting {posting}. An"
        " owner can give it with `hub users role`.\n"
    )
    with two_companies.app.app_context(), read_only_session() as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert (entry.who, entry.what, entry.subject) == (person, "request refused", "hub skip")


def test_a_row_of_another_app_is_answered_like_one_that_does_not_exist(
    two_companies: TwoCompanies,
) -> None:
    other = str(two_companies.rows.arguments_of("posting", BRAVO, APPS[1])["posting_id"])
    texts = []
    for id_ in (other, MISSING_ID):
        result = call(two_companies.app, ONE_APP_OF_ONE, f"retry {id_}")
        assert result.exit_code == 1
        texts.append(result.stderr.replace(id_, "ID"))
    assert texts[0] == texts[1] == "There is no posting “ID”.\n"


def test_one_posting_beyond_the_rights_refuses_all_of_the_command(
    two_companies: TwoCompanies,
) -> None:
    own, other = (
        two_companies.rows.arguments_of("posting", company, APPS[0])["posting_id"]
        for company in COMPANIES
    )
    with two_companies.app.app_context(), transaction() as session:
        session.get_one(Posting, own).state = "review"
    assert call(two_companies.app, ONE_APP_OF_ONE, f"approve {own} {other}").exit_code == 1
    with two_companies.app.app_context(), read_only_session() as session:
        assert session.get_one(Posting, own).state == "review"


def test_a_decision_is_recorded_with_person_and_account(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "kari")
    posting = two_companies.rows.arguments_of("posting", ALPHA, APPS[0])["posting_id"]
    with two_companies.app.app_context(), transaction() as session:
        session.get_one(Posting, posting).state = "held"
    result = call(two_companies.app, ONE_APP_OF_ONE, f"skip {posting} --reason twice")
    assert result.exit_code == 0, result.stderr
    with two_companies.app.app_context(), read_only_session() as session:
        entry = session.query(AuditEntry).filter_by(what="posting skipped").one()
        assert entry.who == f"{ONE_APP_OF_ONE} (command line of kari)"


def test_the_settings_of_another_app_owner_need_an_owner(two_companies: TwoCompanies) -> None:
    with two_companies.app.app_context(), transaction() as session:
        company_id = two_companies.rows.companies[ALPHA]
        realm = session.get_one(ConnectedCompany, company_id).realm
        row = session.query(Installation).filter_by(company_id=company_id, slug=APPS[0]).one()
        row.owner = "somebody else"
    disable = f"apps disable {APPS[0]} --realm {realm}"
    refused = call(two_companies.app, f"app-owner/{ALPHA}/{APPS[0]}", disable)
    assert "the role owner for costtracker, which somebody else set up" in refused.stderr
    assert call(two_companies.app, f"owner/{ALPHA}/{APPS[0]}", disable).exit_code == 0


def test_only_an_owner_raises_the_limit_for_two_people(
    two_companies: TwoCompanies, tmp_path: Path
) -> None:
    with two_companies.app.app_context(), transaction() as session:
        company_id = two_companies.rows.companies[ALPHA]
        realm = session.get_one(ConnectedCompany, company_id).realm
        row = session.query(Installation).filter_by(company_id=company_id, slug=APPS[0]).one()
        row.second_approval_above = Decimal(1000)
    for limit, is_refused in (("1000.01", True), ("999", False)):
        file = tmp_path / "settings.json"
        file.write_text(json.dumps({"second_approval_above": limit}))
        command = f"apps set {APPS[0]} --realm {realm} --settings {file}"
        result = call(two_companies.app, f"app-owner/{ALPHA}/{APPS[0]}", command)
        assert ("Only an owner may raise or remove it." in result.stderr) == is_refused
    file.write_text(json.dumps({"second_approval_above": ""}))
    result = call(two_companies.app, f"owner/{ALPHA}/{APPS[0]}", command)
    assert "Only an owner" not in result.stderr


def test_an_app_that_is_not_enabled_is_answered_without_the_names_of_others(
    two_companies: TwoCompanies,
) -> None:
    with two_companies.app.app_context(), transaction() as session:
        company_id = two_companies.rows.companies[ALPHA]
        company = session.get_one(ConnectedCompany, company_id)
        name, realm = company.display_name, company.realm
        row = session.query(Installation).filter_by(company_id=company_id, slug=APPS[0]).one()
        row.slug = "harvest"
    command = f"apps set {APPS[0]} --realm {realm} --mode review"
    result = call(two_companies.app, f"app-owner/{ALPHA}/{APPS[0]}", command)
    assert result.stderr == (
        f"CostTracker is not enabled for {name};"
        f" `hub apps enable {APPS[0]} --realm {realm}` enables it.\n"
    )


def test_a_person_without_a_role_for_an_app_does_not_learn_whether_it_is_enabled(
    two_companies: TwoCompanies,
) -> None:
    with two_companies.app.app_context(), transaction() as session:
        realm = session.get_one(ConnectedCompany, two_companies.rows.companies[ALPHA]).realm
    texts = set()
    for command in (f"sync {APPS[1]}", f"sync {APPS[1]} --realm {realm}", "sync harvest"):
        result = call(two_companies.app, f"operator/{ALPHA}/{APPS[0]}", command)
        assert result.exit_code == 1, result.output
        texts.add(re.sub(r" for .*\. An", " for it. An", result.stderr))
    assert len(texts) == 1
    assert "it needs the role operator for it. An owner can give it" in texts.pop()


def test_importing_matches_needs_more_than_exporting_them(two_companies: TwoCompanies) -> None:
    realm = _rows(two_companies)[0].values["realm"]
    matches = f"apps matches {APPS[0]} --realm {realm}"
    assert call(two_companies.app, ONE_APP_OF_ONE, f"{matches} --export -").exit_code == 0
    result = call(two_companies.app, ONE_APP_OF_ONE, f"{matches} --import -")
    assert "it needs the role app-owner" in result.stderr


def test_reading_from_the_start_needs_more_than_a_sync(two_companies: TwoCompanies) -> None:
    realm = _rows(two_companies)[0].values["realm"]
    command = f"sync {APPS[0]} --realm {realm} --from-start"
    result = call(two_companies.app, ONE_APP_OF_ONE, command)
    assert (result.exit_code, "it needs the role app-owner" in result.stderr) == (1, True)


def test_a_company_of_which_only_an_app_is_seen_shows_name_and_state_alone(
    two_companies: TwoCompanies,
) -> None:
    rows = json.loads(call(two_companies.app, ONE_APP_OF_ONE, "companies list --json").stdout)
    assert [(row["name"], row["state"]) for row in rows] == [
        (f"{ALPHA} {canary(ALPHA)}", "connected")
    ]
    assert (rows[0]["why"], rows[0]["batches"], rows[0]["reconnect_by"]) == ("", "", "")


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("nobody-at-all", "There is no person “nobody-at-all”."),
        (NOBODY, "nobody may not do `hub outbox`: it needs the role viewer"),
        (MIXED, "mixed is disabled; `hub users enable` undoes that."),
    ],
)
def test_a_person_without_access_is_refused(
    two_companies: TwoCompanies, person: str, sentence: str
) -> None:
    with two_companies.app.app_context(), transaction() as session:
        session.query(User).filter_by(username=MIXED).one().active = False
    result = call(two_companies.app, person, "outbox")
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr


def test_an_empty_name_does_not_act_with_the_rights_of_everybody(
    two_companies: TwoCompanies,
) -> None:
    for command in ("outbox", "users list"):
        result = call(two_companies.app, "", command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--as names nobody" in result.stderr
