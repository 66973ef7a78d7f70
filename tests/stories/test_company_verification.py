"""A company is stored once QuickBooks has answered for it, and can be removed before."""

import json
import stat

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from hub.cli import main
from hub.cli import token_file as cli_token_file
from hub.db import engine
from hub.models import (
    AuditEntry,
    Case,
    CaseNote,
    ConnectedCompany,
    FileDocument,
    Installation,
    Run,
    RunLine,
    Schedule,
    StoredFile,
    Token,
)
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import tokens
from hub.security import secrets
from tests.support.pages.page_visitor import Visitor

WRONG_REALM = "1"


@pytest.fixture
def hub(app):
    """Call the command; return exit code, output and errors."""

    def call(*args, **options):
        result = CliRunner().invoke(main, [str(arg) for arg in args], obj=app, **options)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def token_file(intuit, tmp_path):
    """Return a file with the refresh token of the stand-in's first company."""
    file = tmp_path / "token.txt"
    file.write_text(intuit.refresh_tokens[intuit.realm] + "\n")
    return file


def rows(model):
    with engine.read_only_session() as session:
        return session.scalar(select(func.count()).select_from(model))


def add(hub, realm, file, **options):
    return hub("companies", "add", "--realm", realm, "--refresh-token-file", file, **options)


def test_a_mistyped_company_id_stores_nothing(hub, intuit, token_file):
    code, out, err = add(hub, WRONG_REALM, token_file)
    assert (code, out) == (1, "")
    assert "QuickBooks does not let this connection work in company 1" in err
    assert "Check the company id" in err
    assert (rows(ConnectedCompany), rows(Token), rows(Case)) == (0, 0, 0)
    with engine.read_only_session() as session:
        assert secrets.get(session, "company:1:refresh") is None


def test_after_the_mistake_the_right_company_is_connected_with_the_same_file(
    hub, intuit, token_file
):
    add(hub, WRONG_REALM, token_file)
    code, out, _ = add(hub, intuit.realm, token_file)
    assert (code, "Fjord & Sons Construction is connected" in out) == (0, True)


def test_a_token_that_intuit_replaced_is_written_back_before_it_can_be_lost(
    hub, intuit, token_file
):
    intuit.switch(rotate="always")
    token = token_file.read_text().strip()
    _, _, err = add(hub, WRONG_REALM, token_file)
    written = token_file.read_text().strip()
    assert written != token
    assert f"use the new one, in {token_file}" in err
    assert not any(secret in err for secret in (token, written))
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert add(hub, intuit.realm, token_file)[0] == 0


def test_a_replaced_token_from_standard_input_goes_into_a_private_file(app, hub, intuit, tmp_path):
    intuit.switch(rotate="always")
    token = intuit.refresh_tokens[intuit.realm]
    _, _, err = add(hub, WRONG_REALM, "-", input=token)
    folder = app.extensions["hub"].config.data
    path = folder / "refresh-token-1.txt"
    assert f"use the new one, in {path}" in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert add(hub, intuit.realm, path)[0] == 0
    leftover = folder / f"refresh-token-{intuit.realm}.txt"
    assert not leftover.exists(), "a connected company's token is sealed in the database only"


def test_a_link_leads_to_the_file_that_is_written(hub, intuit, token_file, tmp_path):
    intuit.switch(rotate="always")
    link = tmp_path / "link"
    link.symlink_to(token_file)
    add(hub, WRONG_REALM, link)
    assert link.is_symlink()
    assert add(hub, intuit.realm, token_file)[0] == 0


def test_a_file_that_cannot_be_written_does_not_lose_the_token(
    app, hub, intuit, token_file, monkeypatch
):
    """The file is on a mount that cannot be written."""
    write = cli_token_file.write_private

    def write_elsewhere_only(path, text):
        if path == token_file:
            raise PermissionError(13, "Permission denied")
        write(path, text)

    monkeypatch.setattr(cli_token_file, "write_private", write_elsewhere_only)
    intuit.switch(rotate="always")
    file = app.extensions["hub"].config.data / "refresh-token-1.txt"
    assert f"use the new one, in {file}" in add(hub, WRONG_REALM, token_file)[2]
    assert add(hub, intuit.realm, file)[0] == 0


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "lose_answer"}, {"kind": "throttled"}]
)
def test_while_quickbooks_does_not_answer_nothing_is_stored(hub, intuit, token_file, fault):
    intuit.add_fault(call="companyinfo.read", count=0, **fault)
    code, _, err = add(hub, intuit.realm, token_file)
    assert (code, rows(ConnectedCompany)) == (1, 0)
    assert "QuickBooks could not be asked whether this connection belongs to company" in err


def test_a_read_with_one_lost_response_is_repeated(hub, intuit, token_file):
    intuit.add_fault("lose_answer", "companyinfo.read", count=1)
    assert add(hub, intuit.realm, token_file)[0] == 0


def test_a_reconnect_that_cannot_be_verified_leaves_the_old_connection(quickbooks):
    """The token of another company is entered with the company's own number."""
    other = list(quickbooks.companies)[1]
    before = tokens.get_access_token(1)
    with pytest.raises(oauth_connect.Refused, match="nothing was connected"):
        oauth_connect.connect_with_refresh_token(quickbooks.realm, quickbooks.refresh_tokens[other])
    assert tokens.get_access_token(1) == before


def never_worked(quickbooks, realm=WRONG_REALM):
    """Store a company as an earlier version did: never verified, with a token of company 1."""
    with engine.transaction() as session:
        first = session.get_one(ConnectedCompany, 1)
        row = ConnectedCompany(realm=realm, name=realm, connected_at=first.connected_at)
        session.add(row)
        session.flush()
        for name in ("access", "refresh"):
            secrets.put(
                session,
                f"company:{row.id}:{name}",
                secrets.get(session, f"company:1:{name}") or "",
            )
        token = session.get_one(Token, 1)
        session.add(
            Token(
                company_id=row.id,
                access_expires_at=token.access_expires_at,
                refreshed_at=token.refreshed_at,
            )
        )
        app = Installation(company=row, slug="costtracker", created_at=first.connected_at)
        session.add(app)
        session.flush()
        session.add(Schedule(name="sync 9", kind="sync", installation_id=app.id, every="15m"))
        run = Run(kind="sync", installation_id=app.id)
        session.add(run)
        session.flush()
        session.add(RunLine(run_id=run.id, at=first.connected_at, level="error", text="failed"))
        secrets.put(session, f"installation:{app.id}:client_secret", "of the wrong company")
        return row.id


def test_disconnecting_a_company_that_never_worked_revokes_nothing(hub, quickbooks):
    never_worked(quickbooks)
    _, out, _ = hub("companies", "disconnect", WRONG_REALM)
    assert "was not given back to Intuit" in out
    assert not quickbooks.log.entries("revoke")
    assert oauth_connect.check(1).state == "connected"


def test_a_token_that_another_company_uses_is_not_revoked(hub, quickbooks):
    other = never_worked(quickbooks)
    with engine.transaction() as session:
        session.get_one(ConnectedCompany, other).verified_at = session.get_one(
            ConnectedCompany, 1
        ).connected_at
    hub("companies", "disconnect", WRONG_REALM)
    assert not quickbooks.log.entries("revoke")
    assert oauth_connect.check(1).state == "connected"


def test_a_person_learns_that_intuit_did_not_end_a_connection(hub, quickbooks):
    quickbooks.app.authority.clients[quickbooks.client_id] = "another"
    _, out, _ = hub("companies", "disconnect", quickbooks.realm)
    assert "is disconnected" in out
    assert "does not accept HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET" in out


def test_a_token_of_one_company_alone_is_revoked(hub, quickbooks):
    assert "was not given back" not in hub("companies", "disconnect", quickbooks.realm)[1]
    assert len(quickbooks.log.entries("revoke")) == 1


def test_a_company_that_never_worked_is_removed_with_all_that_was_set_up_for_it(hub, quickbooks):
    tables = (ConnectedCompany, Token, Installation, Schedule, Run, RunLine)
    before = [rows(model) for model in tables]
    company = never_worked(quickbooks)
    assert hub("companies", "remove", WRONG_REALM)[:2] == (0, "Company 1 is removed.\n")
    assert [rows(model) for model in tables] == before
    assert not quickbooks.log.entries("revoke")
    with engine.read_only_session() as session:
        assert secrets.get(session, f"company:{company}:refresh") is None
        assert secrets.get(session, "company:1:refresh")
        assert session.scalar(select(AuditEntry.what).order_by(AuditEntry.id.desc())) == (
            "company removed"
        )
    assert oauth_connect.check(1).state == "connected"


def test_a_company_that_never_worked_is_removed_with_notes_and_files(hub, quickbooks):
    company = never_worked(quickbooks)
    with engine.transaction() as session:
        app = session.scalars(select(Installation).filter_by(company_id=company)).one()
        now = app.created_at
        case = Case(company_id=company, cause="company:9", opened_at=now)
        file = StoredFile(
            installation_id=app.id,
            name="a.csv",
            digest="d",
            size=1,
            content=b"a",
            received_at=now,
            received_by="kari",
            way="upload",
            state="accepted",
        )
        session.add_all([case, file])
        session.flush()
        session.add(CaseNote(case_id=case.id, at=now, who="kari", text="Wrong number."))
        session.add(FileDocument(file_id=file.id, document_id="1"))
    code, out, err = hub("companies", "remove", WRONG_REALM)
    assert (code, out) == (0, "Company 1 is removed.\n"), err
    assert [rows(model) for model in (Case, CaseNote, StoredFile, FileDocument)] == [0, 0, 0, 0]


def test_a_company_that_has_worked_stays(hub, quickbooks):
    code, _, err = hub("companies", "remove", quickbooks.realm)
    assert (code, rows(ConnectedCompany)) == (1, 1)
    assert "has been in use, so it cannot be removed" in err
    assert json.loads(hub("companies", "list", "--json")[1])[0]["state"] == "connected"


def test_the_page_removes_a_company_that_never_worked_after_a_question(
    visitor_with_stand_ins: Visitor,
):
    quickbooks = visitor_with_stand_ins.quickbooks
    with visitor_with_stand_ins.app.app_context():
        row = oauth_connect.connect_with_refresh_token(
            quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
        )
        record_download.refresh(row.id)
        assert "Remove" not in visitor_with_stand_ins.page("/companies")
        wrong = never_worked(quickbooks)
    assert "QuickBooks never answered for this company" in visitor_with_stand_ins.page("/companies")
    assert "Tick the box to remove 1" in visitor_with_stand_ins.press(f"/companies/{wrong}/remove")
    assert "1 is removed" in visitor_with_stand_ins.press(f"/companies/{wrong}/remove", sure="1")
    refused = visitor_with_stand_ins.press("/companies/1/remove", sure="1")
    assert "has been in use, so it cannot be removed" in refused
