"""Tests with exchanges recorded from the real service: the stand-in's answers have equal values."""

from functools import cache
from pathlib import Path

import pytest

from qbo_sandbox.entities.schema import load_enumerated_values, load_type_fields
from sandbox_tests.official import EVIDENCE, SCHEMA, official
from sandbox_tests.reasons import Reasons
from sandbox_tests.recorded import RECORDED, differences, fixtures, replayed, tapes

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recordings at {EVIDENCE}")
REASONS = Reasons(Path(__file__).parent / "recorded.txt", separator=" (")


@cache
def cassettes():
    return (
        tapes() | {exchange.name: [exchange] for exchange in fixtures()}
        if RECORDED.is_dir()
        else {}
    )


@cache
def differences_found():
    """Return the differences of each exchange."""
    differences_by_name = {}
    for name in cassettes():
        for exchange, answer in replayed(name, cassettes()):
            expected = {"status": exchange.status, **exchange.answer}
            differences_by_name[exchange.name] = list(
                differences("", {"status": answer.status, **answer.json()}, expected)
            )
    return differences_by_name


def test_every_recorded_exchange_is_answered_as_recorded_or_the_difference_has_its_reason(figure):
    assert REASONS.unexplained(differences_found()) == []
    assert REASONS.unused(differences_found()) == set(), "reasons that no difference needs"
    figure("recorded exchanges replayed", len(differences_found()), 50)
    figure(
        "replayed exchanges answered with exactly the recorded values",
        sum(not changes for changes in differences_found().values()),
        43,
    )


def test_no_recording_is_left_out():
    files = {
        path.relative_to(RECORDED).with_suffix("").as_posix()
        for path in RECORDED.glob("*/**/*")
        if path.is_file()
    }
    unused = {name.removeprefix("elixir-client/") for name in files} - set(cassettes())
    assert {name.partition("/")[0] for name in unused} == {
        "oauth",
        "LICENSE",
    }  # OAuth 1.0a, discontinued in 2019


def test_a_difference_is_seen():
    expected = {"Bill": {"Id": "1", "Line": [{"Id": "1", "Amount": 2}], "Balance": 1}}
    actual = {"Bill": {"Id": "1", "Line": [{"Id": "1", "Amount": 3, "Extra": 1}], "Total": 1}}
    assert list(differences("", actual, expected)) == [
        "lacks Bill.Balance",
        "adds Bill.Total",
        "adds Bill.Line.Extra",
        "differs in Bill.Line.Amount (3, not 2)",
    ]


PLAIN = {
    "s": "string",
    "d": "decimal",
    "i": "int",
    "b": "boolean",
    "date": "date",
    "time": "dateTime",
}


@pytest.mark.skipif(not SCHEMA.is_dir(), reason=f"no schema at {SCHEMA}")
def test_the_field_table_is_that_of_the_official_schema():
    schema = official()

    def is_same_field(ours, theirs):
        base = (
            schema.plain.get(theirs.type, theirs.type)
            .replace("positiveInteger", "int")
            .replace("anyURI", "string")
        )
        kind = {"ref": "ReferenceType", "any": "IntuitAnyType"}.get(
            ours.type, PLAIN.get(ours.type, ours.type.lstrip("="))
        )
        return ours.is_list == theirs.is_list and kind in (theirs.type, base.replace("long", "int"))

    wrong = [
        f"{kind}.{name}: {field}, not {schema.field(kind, name)}"
        for kind, fields in load_type_fields().items()
        for name, field in fields.items()
        if schema.field(kind, name) is None or not is_same_field(field, schema.field(kind, name))
    ]
    assert wrong == []
    assert {
        name: values
        for name, values in load_enumerated_values().items()
        if values != schema.values[name]
    } == {}
