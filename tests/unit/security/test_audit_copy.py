"""The copy of the audit log: its content, the verification with it, and failed writes."""

import json
import re
import socket
import socketserver
import threading

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from hub.cli import main
from hub.db import engine
from hub.errors import ConfigurationError
from hub.models import AuditEntry
from hub.security import audit, audit_check, audit_copy
from hub.security.audit_errors import AuditBroken


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def app_with_copy(make_app, make_config, copy):
    """Provide a hub that copies its audit log to a file."""
    app = make_app(make_config(HUB_AUDIT_COPY=str(copy)))
    with app.app_context():
        engine.upgrade(app)
        yield app


def write(count, who="ann"):
    for number in range(count):
        with engine.transaction() as session:
            audit.record(session, who, "code matched", f"code {number}", record=str(number))


def roll_back(session):
    """Write an entry and fail, so that the transaction is rolled back."""
    audit.record(session, "ann", "code matched", "code 8")
    return 1 / len([])


def verify(path=None):
    with engine.read_only_session() as session:
        return audit_check.verify(session, path)


def cut(newest):
    with engine.transaction() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id > newest))


def head_file(app):
    return app.extensions["hub"].config.data / "audit.head"


def test_each_entry_is_a_line_once_it_is_committed(app_with_copy, copy):
    write(2)
    with pytest.raises(ZeroDivisionError), engine.transaction() as session:
        audit.record(session, "ann", "code matched", "code 9", share=roll_back(session))
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    assert [(line["number"], line["subject"]) for line in lines] == [(1, "code 0"), (2, "code 1")]
    assert copy.stat().st_mode & 0o077 == 0
    assert verify().copied == 2


def test_a_cut_end_with_an_older_head_put_back_is_seen_by_the_copy(app_with_copy):
    write(3)
    older = head_file(app_with_copy).read_bytes()
    write(3)
    cut(3)
    head_file(app_with_copy).write_bytes(older)
    with pytest.raises(AuditBroken, match=r"entry number 4 is in the copy .* and not in the log"):
        verify()
    write(4, who="eve")  # the head of the shorter log is followed
    with pytest.raises(AuditBroken, match="entry number 4 is in the copy"):
        verify()


def test_without_the_copy_that_is_not_seen(app):
    write(3)
    older = head_file(app).read_bytes()
    write(3)
    cut(3)
    head_file(app).write_bytes(older)
    assert verify().count == 3  # as docs/operate.md says


def test_a_restored_database_that_was_reported_is_no_alarm(app_with_copy):
    write(5)
    cut(3)
    with engine.transaction() as session:
        audit.record_restore(session, "ann")
    write(2)
    assert verify().remarks == []
    cut(5)
    with pytest.raises(AuditBroken):
        verify()


def test_a_changed_line_of_the_copy_is_seen(app_with_copy, copy):
    write(3)
    copy.write_text(copy.read_text().replace("code 1", "code 7"))
    with pytest.raises(AuditBroken, match="entry number 2 was changed in the copy"):
        verify()


def test_lines_that_the_copy_lacks_or_that_are_torn_are_remarks(app_with_copy, copy):
    write(4)
    lines = copy.read_text().splitlines(keepends=True)
    copy.write_text("".join([lines[0], lines[1][:40], "\n", lines[3]]))
    remarks = verify().remarks
    assert ["1 lines of the copy" in remarks[0], "lacks 2 entries" in remarks[1]] == [True, True]


def test_a_copy_that_fails_stops_no_act_and_is_reported_until_it_works(
    make_app, make_config, tmp_path, caplog
):
    folder = tmp_path / "logs"
    app = make_app(make_config(HUB_AUDIT_COPY=str(folder / "audit.jsonl")))
    data = app.extensions["hub"].config.data
    with app.app_context():
        engine.upgrade(app)
        write(1)
        assert "No such file" in audit_copy.find_failure(data)
        assert "could not be copied" in caplog.text
        assert any("could not be copied" in remark for remark in verify().remarks)
        folder.mkdir()
        write(1)
        assert audit_copy.find_failure(data) == ""
        assert verify().count == 2


class Receiver(socketserver.BaseRequestHandler):
    def handle(self):
        if isinstance(self.request, tuple):
            self.server.received.append(self.request[0])
        else:
            self.server.received.append(self.request.recv(100_000))


@pytest.mark.parametrize("scheme", ["syslog", "syslog+tcp"])
def test_syslog_gets_each_entry_with_its_own_time(make_app, make_config, clock, scheme):
    kind = socketserver.UDPServer if scheme == "syslog" else socketserver.TCPServer
    with kind(("127.0.0.1", 0), Receiver) as server:
        server.received = []
        server.timeout = 10
        app = make_app(
            make_config(HUB_AUDIT_COPY=f"{scheme}://127.0.0.1:{server.server_address[1]}")
        )
        receiving = threading.Thread(target=server.handle_request)
        receiving.start()
        with app.app_context():
            engine.upgrade(app)
            write(1)
        receiving.join(10)
    text = server.received[0].decode()
    at = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    host = re.escape(socket.gethostname())
    assert re.match(rf"<86>1 {at} {host} hub \d+ audit - \{{", text)
    assert text.endswith("\n") == (scheme == "syslog+tcp")
    assert audit_copy.decode(text)["subject"] == "code 0"


def test_a_copy_stored_by_syslog_can_be_verified(app, tmp_path):
    write(3)
    with engine.read_only_session() as session:
        entries = [audit.to_line(session.get_one(AuditEntry, id)) for id in (1, 2, 3)]
    exported = tmp_path / "messages"
    exported.write_text(
        "".join(f"<86>1 t h hub 1 audit - {audit_copy.encode(e)}\n" for e in entries)
    )
    assert verify(exported).copied == 3
    cut(2)
    with pytest.raises(AuditBroken):
        verify(exported)


def test_a_syslog_server_that_does_not_answer_is_reported(make_app, make_config, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    targets = [f"syslog+tcp://127.0.0.1:{port}", f"syslog://{tmp_path}/missing"]
    for target in targets:
        app = make_app(make_config(HUB_AUDIT_COPY=target))
        with app.app_context():
            engine.upgrade(app)
            write(1)
            assert audit_copy.find_failure(app.extensions["hub"].config.data)


@pytest.mark.parametrize(
    "value", ["audit.jsonl", "http://logs.example.com", "syslog://", "udp://x:1"]
)
def test_a_target_that_cannot_be_one_is_refused(make_config, value):
    with pytest.raises(ConfigurationError, match="neither an absolute path nor an address"):
        make_config(HUB_AUDIT_COPY=value)


def test_the_commands_compare_with_a_copy_and_say_that_it_fails(app_with_copy, copy):
    runner = CliRunner()
    write(2)
    answer = runner.invoke(main, ["audit", "verify", "--copy", str(copy)], obj=app_with_copy)
    assert (answer.exit_code, answer.output) == (0, "The audit log is intact: 2 entries.\n")
    cut(1)
    head_file(app_with_copy).unlink()
    assert runner.invoke(main, ["audit", "verify"], obj=app_with_copy).exit_code == 1
