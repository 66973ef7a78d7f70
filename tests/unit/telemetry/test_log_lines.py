"""Log lines: readable as text and as JSON, without secrets, and one line for each event."""

import json
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.crypto.masking import SecretMask
from hub.telemetry import log_context
from hub.telemetry.log_lines import build_formatter
from hub.telemetry.log_output import LogOptions, write_log

SECRET = "zK97sLcJ4vM5yD8wQ13nX"
FORGED = "2026-01-01T00:00:00.000+01:00 ERROR The owner approved everything"


@pytest.fixture(autouse=True)
def no_context():
    """Clear the context of log lines; a response that a test leaves open keeps its request."""
    before = log_context.current_fields()
    log_context.replace({})
    yield
    log_context.replace(before)


def record(text, *args, level=logging.WARNING, error=None, **extra):
    log_record = logging.getLogger("hub").makeRecord(
        "hub", level, __file__, 1, text, args, error, extra=extra
    )
    log_record.created = 1_700_000_000.0
    return log_record


def raised(text):
    try:
        raise ValueError(text)
    except ValueError:
        return sys.exc_info()


def as_json(line):
    assert "\n" not in line
    return json.loads(line)


def test_a_json_line_has_time_level_event_context_and_fields():
    with log_context.bind(request_id="r-1", run_id=None):
        line = build_formatter("json", str).format(record("Bill %s is posted", 7, intuit_tid="1-a"))
    assert as_json(line) == {
        "time": "2023-11-14T22:13:20.000Z",
        "level": "warning",
        "logger": "hub",
        "event": "Bill 7 is posted",
        "request_id": "r-1",
        "intuit_tid": "1-a",
    }
    assert list(json.loads(line))[:4] == ["time", "level", "logger", "event"]


def test_a_text_line_ends_with_its_context():
    with log_context.bind(run_id=12):
        line = build_formatter("text", str).format(record("It works", app="ion"))
    assert line.endswith("WARNING It works [run_id=12 app=ion]")


@pytest.mark.parametrize(
    ("created", "text"),
    [
        (1_792_888_200.0, "2026-10-25T02:30:00.000+02:00"),
        (1_792_891_800.25, "2026-10-25T02:30:00.250+01:00"),
    ],
    ids=["summer", "winter"],
)
def test_a_text_line_begins_with_the_local_time_and_its_offset(monkeypatch, created, text):
    """The hour that the clocks repeat is told apart, and a reader in another zone can convert."""
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    event = record("It works")
    event.created = created
    line = build_formatter("text", str).format(event)
    monkeypatch.undo()
    time.tzset()
    assert line == f"{text} WARNING It works"


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r", "\x85", "\u2028", "\x0b", "\x1b[2K"])
def test_a_text_with_line_breaks_forges_no_line(breaks):
    foreign = f"Unknown supplier{breaks}{FORGED}"
    text = build_formatter("text", str).format(
        record("%s", foreign, party=foreign, error=raised(foreign))
    )
    lines = text.splitlines()
    assert "Unknown supplier" in lines[0]
    assert len(lines) > 3, "the traceback is missing"
    assert all(line.startswith("  | ") for line in lines[1:])
    assert "\x1b" not in text
    event = as_json(
        build_formatter("json", str).format(record("%s", foreign, error=raised(foreign)))
    )
    assert event["event"] == foreign
    assert "ValueError" in event["exception"]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_no_part_of_a_line_shows_a_secret(kind):
    mask = SecretMask([SECRET]).clean
    with log_context.bind(of=SECRET):
        line = build_formatter(kind, mask).format(
            record(
                "sent %s", SECRET, error=raised(f"denied {SECRET}"), url=f"https://x/?t={SECRET}"
            )
        )
    assert SECRET not in line
    assert line.count("***") >= 4


def test_a_secret_with_quotation_marks_leaves_valid_json():
    secret = 'pa"ss\\wo\nrd-4711-xyz'
    line = build_formatter("json", SecretMask([secret]).clean).format(record("key %s!", secret))
    assert as_json(line)["event"] == "key ***!"


def test_threads_that_work_for_a_run_log_its_id():
    with log_context.bind(run_id=3):
        about = (log_context.current_fields(),)
        with ThreadPoolExecutor(1, initializer=log_context.replace, initargs=about) as threads:
            assert threads.submit(log_context.current_fields).result() == {"run_id": 3}
    assert log_context.current_fields() == {}


def test_loggers_of_plugins_have_the_level_of_the_hub_and_libraries_write_warnings(tmp_path):
    options = LogOptions("json", "info", "file")
    with write_log(tmp_path, str, options, ["hub_example"]):
        for name in ("hub.web", "hub_example.client", "oauthlib.oauth2"):
            logging.getLogger(name).info("from %s", name)
            logging.getLogger(name).warning("warning from %s", name)
        assert not logging.getLogger("hub").isEnabledFor(logging.DEBUG)
    lines = (tmp_path / "hub.log").read_text().splitlines()
    assert [as_json(line)["event"] for line in lines] == [
        "from hub.web",
        "warning from hub.web",
        "from hub_example.client",
        "warning from hub_example.client",
        "warning from oauthlib.oauth2",
    ]
    assert logging.getLogger("hub").level == logging.NOTSET


def test_the_log_goes_to_standard_error_where_that_is_set(tmp_path, capsys):
    with write_log(tmp_path, str, LogOptions("json", "warning", "stderr")):
        logging.getLogger("hub").warning("Here")
    assert as_json(capsys.readouterr().err.strip())["event"] == "Here"
    assert list(tmp_path.iterdir()) == []
