"""Fixtures of the stand-in's tests.

The tests run within the hub's suite, and alone with only qbo-sandbox and pytest installed.
"""

from importlib.util import find_spec

import pytest

from sandbox_tests import proof, schema_validation

HUB_SUITE = (
    "tests.support.proofs.proof_figures"  # the plugin of the hub's suite that collects figures
)
OPTIONAL = {
    "hypothesis": ["test_books.py"],
    "quickbooks": ["test_clients.py", "test_readme_clients.py", "test_sample.py"],
    "yaml": ["test_recorded.py", "test_recorded_xml.py", "test_reports.py", "test_schema.py"],
}
MISSING = [package for package in OPTIONAL if find_spec(package) is None]
collect_ignore = [file for package in MISSING for file in OPTIONAL[package]]


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugins that the hub's suite registers otherwise."""
    if not config.pluginmanager.has_plugin(HUB_SUITE):
        config.pluginmanager.register(proof, "sandbox_tests.proof")
        schema_validation.start(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report the tests that were left out because an optional package is missing."""
    for package in MISSING:
        terminalreporter.line(f"not collected without {package}: {', '.join(OPTIONAL[package])}")
