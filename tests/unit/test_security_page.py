"""The page about security: every requirement once, and every test that it names exists."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from hub import config
from tests.support.proofs.proof_figures import SECTIONS

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| (\d) \| (.+?) \| (.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)
NAMED_TEST = re.compile(r"`([a-z0-9_/]*test_\w+\.py(?:::\w+)?)`")
STATES = {"met", "partly", "not met", "not applicable", "operator"}
# The levels of the requirements of each section of the standard, in their order.
LEVELS = {
    "V1.1": "22",
    "V1.2": "1111122223",
    "V1.3": "112222222223",
    "V1.4": "222",
    "V1.5": "123",
    "V2.1": "122",
    "V2.2": "112",
    "V2.3": "12223",
    "V2.4": "23",
    "V3.1": "3",
    "V3.2": "113",
    "V3.3": "12223",
    "V3.4": "11222233",
    "V3.5": "11122333",
    "V3.6": "3",
    "V3.7": "22333",
    "V4.1": "12233",
    "V4.2": "23333",
    "V4.3": "22",
    "V4.4": "1222",
    "V5.1": "2",
    "V5.2": "112333",
    "V5.3": "113",
    "V5.4": "222",
    "V6.1": "122",
    "V6.2": "111111112222",
    "V6.3": "11223333",
    "V6.4": "112233",
    "V6.5": "22222333",
    "V6.6": "2223",
    "V6.7": "33",
    "V6.8": "2222",
    "V7.1": "222",
    "V7.2": "1111",
    "V7.3": "22",
    "V7.4": "11222",
    "V7.5": "223",
    "V7.6": "22",
    "V8.1": "1233",
    "V8.2": "1123",
    "V8.3": "133",
    "V8.4": "23",
    "V9.1": "111",
    "V9.2": "1222",
    "V10.1": "22",
    "V10.2": "223",
    "V10.3": "22223",
    "V10.4": "1111122222233333",
    "V10.5": "22222",
    "V10.6": "22",
    "V10.7": "222",
    "V11.1": "2233",
    "V11.2": "22233",
    "V11.3": "11233",
    "V11.4": "1222",
    "V11.5": "23",
    "V11.6": "23",
    "V11.7": "33",
    "V12.1": "12233",
    "V12.2": "11",
    "V12.3": "22223",
    "V13.1": "2333",
    "V13.2": "222223",
    "V13.3": "2233",
    "V13.4": "1222233",
    "V14.1": "22",
    "V14.2": "12223333",
    "V14.3": "122",
    "V15.1": "12233",
    "V15.2": "12233",
    "V15.3": "1222222",
    "V15.4": "3333",
    "V16.1": "2",
    "V16.2": "22222",
    "V16.3": "2222",
    "V16.4": "222",
    "V16.5": "2223",
    "V17.1": "23",
    "V17.2": "22223333",
    "V17.3": "22",
}
# Met without a test of its own: the language or a library does it, or there is nothing to test.
NEEDS_NO_TEST = {"V1.4.1", "V6.4.2", "V11.6.1"}


class Requirement(NamedTuple):
    """A row of the table."""

    id: str
    level: str
    subject: str
    state: str
    answer: str
    tests: str


ROWS = [Requirement(*match.groups()) for match in ROW.finditer(PAGE)]


def test_each_requirement_of_level_one_and_two_is_on_the_page_once():
    levels = {
        f"{section}.{number}": level
        for section, digits in LEVELS.items()
        for number, level in enumerate(digits, 1)
        if level in "12"
    }
    assert Counter(levels.values()) == {"1": 70, "2": 183}
    assert Counter(row.id for row in ROWS) == Counter(levels.keys())
    assert {row.id: row.level for row in ROWS} == levels


def test_each_requirement_has_a_state_and_an_answer():
    assert [row.id for row in ROWS if row.state not in STATES or len(row.answer) < 5] == []


def test_each_requirement_that_is_met_names_a_test():
    missing = [row.id for row in ROWS if row.state == "met" and not NAMED_TEST.search(row.tests)]
    assert set(missing) == NEEDS_NO_TEST
    unneeded = [row.id for row in ROWS if row.state == "not applicable" and row.tests.strip()]
    assert unneeded == []


@pytest.mark.parametrize("name", sorted(set(NAMED_TEST.findall(PAGE))))
def test_each_named_test_exists(name):
    path, _, function = name.partition("::")
    text = (TESTS / path).read_text(encoding="utf-8")
    assert f"def {function or 'test_'}" in text


def test_the_inventory_names_every_key_of_the_configuration():
    inventory = PAGE.partition("## Keys and algorithms")[2].partition("\n## ")[0]
    fields = set(config.Config.__annotations__)
    assert {"secret_key", "vault_keys", "qbo_webhook_token"} <= fields
    for field in ("secret_key", "vault_keys", "qbo_webhook_token"):
        assert f"`HUB_{field.upper()}`" in inventory


def test_the_page_says_how_each_class_of_data_is_protected():
    table = PAGE.partition("## Data\n")[2].partition("\n## ")[0]
    classes = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)
    assert classes == ["class", "secret", "confidential", "personal", "public"]


def test_the_figures_of_security_have_a_section():
    modules = {module for module, title in SECTIONS.items() if title == "Security"}
    files = {path.stem for path in TESTS.rglob("test_*.py")}
    assert modules <= files
