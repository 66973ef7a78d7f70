"""An earlier name of the contract keeps working, with a warning that says what to use."""

import subprocess
import sys

import pytest

import hub

PLUGIN = "from hub import Rental, money\nkind = Rental\n"


@pytest.fixture
def renamed(monkeypatch):
    """Let `hub.Rental` be an earlier name of `hub.Document`."""
    monkeypatch.setattr(hub, "RENAMED", {"Rental": "Document"})


def test_a_plugin_with_an_earlier_name_works_and_is_warned(renamed):
    names = {}
    with pytest.warns(
        DeprecationWarning, match="hub.Rental goes with .* use hub.Document"
    ) as warnings:
        exec(compile(PLUGIN, "hub_shed/documents.py", "exec"), names)
    assert names["kind"] is hub.Document
    assert {warning.filename for warning in warnings} == {"hub_shed/documents.py"}


def test_the_warning_can_be_made_a_failure_of_the_tests_of_a_plugin():
    program = f"import hub\nhub.RENAMED = {{'Rental': 'Document'}}\n{PLUGIN}"
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "DeprecationWarning: hub.Rental goes with the next minor version" in done.stderr


def test_a_name_that_there_never_was_is_missing():
    with pytest.raises(ImportError, match="cannot import name 'Rental'"):
        exec(PLUGIN)


def test_each_earlier_name_leads_to_a_public_one():
    assert set(hub.RENAMED.values()) <= set(hub.__all__)
    assert not set(hub.RENAMED) & set(hub.__all__)
