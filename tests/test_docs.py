"""The documentation agrees with the code: generated parts, tests of requirements, and links."""

import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

import requirement_tests
from hub.config import FOR_TESTS, IN_FILES, NAMES
from hub.models import Case
from qbo_sandbox import kit
from qbo_sandbox.kit.wsgi import mount
from tests.support.package_order import FLOOR, POSTING_PARTS, WEB_PACKAGES
from tests.support.sources.guide_plugin import guide_plugin, install

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("plugins/*/README.md"),
        ROOT / "sandbox" / "README.md",
    ]
)
_spec = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
assert _spec
assert _spec.loader
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)
_plots = importlib.util.spec_from_file_location("plots", ROOT / "benchmarks" / "plots.py")
assert _plots
assert _plots.loader
plots = importlib.util.module_from_spec(_plots)
_plots.loader.exec_module(plots)
# Benchmarks whose figures are on other pages, or parts of other benchmarks.
BENCHMARKS_ELSEWHERE = {"million.py", "password_guesses.py", "process_figures.py", "stand_in.py"}


def rows() -> list[tuple[str, str]]:
    page = (ROOT / "docs" / "capabilities.md").read_text()
    return [(match[1], match[3]) for match in requirement_tests.REQUIREMENT.finditer(page)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_generated_parts_match_the_code(path):
    page = path.read_text()
    assert make.render(page) == page, f"{path.name} is out of date: run make docs"


def test_types_on_the_pages_name_no_modules():
    pages = [ROOT / "docs" / name for name in ("hooks.md", "document.md")]
    texts = [text for page in pages for text in re.findall(r"`([^`\n]+)`", page.read_text())]
    assert len(texts) > 50
    assert [text for text in texts if re.search(r"\b(documents|types|pathlib|hub)\.", text)] == []


@pytest.mark.parametrize(
    ("name", "text", "loads"),
    [
        (
            "a.html",
            '<script src="https://cdn.example/a.js"></script>',
            ["https://cdn.example/a.js"],
        ),
        ("a.html", '<link rel="stylesheet" href="//cdn.example/a.css">', ["//cdn.example/a.css"]),
        ("a.html", '<a href="https://example.com/">x</a><img src="plots/a.svg">', []),
        (
            "a.css",
            "@font-face { src: url(https://cdn.example/a.woff2) }",
            ["https://cdn.example/a.woff2"],
        ),
        ("a.css", "a { background: url(../a.svg) }", []),
    ],
)
def test_the_check_of_the_site_finds_what_is_loaded_from_other_hosts(tmp_path, name, text, loads):
    (tmp_path / name).write_text(text)
    (tmp_path / "index.html").write_text("<p>Home</p>")
    result = subprocess.run(
        [sys.executable, ROOT / "docs" / "check_site.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == (1 if loads else 0)
    assert [address for address in loads if f"{name} loads {address}" not in result.stderr] == []


def test_every_public_name_is_in_the_reference():
    import hub

    page = (ROOT / "docs" / "reference.md").read_text()
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    testing = [name for _, names in make.testing_names() for name, _ in names]
    assert len(testing) > 10
    assert set(hub.__all__) | set(testing) <= set(headings)


def entry_of(page: Path, name: str) -> str:
    """Return what a page says about a name, below its heading."""
    return page.read_text().partition(f"### {name}\n\n")[2].partition("\n### ")[0]


def test_every_name_of_the_kit_is_in_its_reference():
    page = ROOT / "docs" / "stand-in.md"
    headings = re.findall(r"^### (\w+)$", page.read_text(), re.MULTILINE)
    assert len(kit.__all__) > 25
    assert set(kit.__all__) <= set(headings)
    assert "| `lose_answer` | " in entry_of(page, "KINDS")
    assert "`qbo_sandbox.kit`" in (ROOT / "docs" / "compatibility.md").read_text()


def test_the_reference_says_what_an_author_has_to_know():
    page = ROOT / "docs" / "reference.md"
    for name in ("Kind", "Role", "ItemType", "TaxMode"):
        assert entry_of(page, name).startswith("One of `")
    assert "`vendor_credit`" in entry_of(page, "Kind")
    assert "-> Iterator[Outcome]" in entry_of(page, "read_ids")
    private = re.findall(r"^(?:\| |- `)_\w+", page.read_text(), re.MULTILINE)
    assert private == []


ROW_COUNTS = {
    "CT-S": 31,
    "CT-B": 14,
    "ON-S": 16,
    "ON-B": 15,
    "CC-S": 18,
    "CC-B": 12,
    "ION-": 43,
    "AT-C": 16,
    "AT-I": 19,
    "AT-E": 10,
    "AT-P": 10,
}


def test_all_204_rows_are_on_the_page_once():
    expected = [f"{prefix}{n}" for prefix, most in ROW_COUNTS.items() for n in range(1, most + 1)]
    assert len(expected) == 204
    assert sorted(row for row, _ in rows()) == sorted(expected)


def test_every_row_called_done_has_a_test():
    tested = requirement_tests.rows_tested()
    assert [row for row, state in rows() if state == "done" and row not in tested] == []


def test_no_test_names_a_row_that_the_page_does_not_have():
    assert set(requirement_tests.rows_tested()) <= {row for row, _ in rows()}


# Rows that have neither an end-to-end test nor a reason why they need none. The list may only get
# shorter.
WITHOUT_END_TO_END_TEST: set[str] = set()


def end_to_end_cells() -> dict[str, str]:
    return requirement_tests.end_to_end_cells((ROOT / "docs" / "capabilities.md").read_text())


def test_every_row_is_tested_end_to_end_or_says_why_not():
    missing = {row for row, cell in end_to_end_cells().items() if cell == requirement_tests.NO_TEST}
    assert missing == WITHOUT_END_TO_END_TEST, (
        "mark a test of the row with pytest.mark.end_to_end, or replace “missing” on the page by "
        "the reason why the row needs none; a row that has one leaves the list"
    )


def test_a_reason_against_an_end_to_end_test_is_a_sentence_of_its_own():
    reasons = [
        cell
        for cell in end_to_end_cells().values()
        if cell not in ("yes", requirement_tests.NO_TEST)
    ]
    assert [reason for reason in reasons if not re.match(r"no: \w.{10,}", reason)] == []


PAGE_OF_ROWS = """\
| row | what | state | tests |
|---|---|---|---|
| XX-S1 | Marked | done | `old` |
| XX-S2 | Unmarked | not yet | |
| XX-3 | Reasoned | done | no: words on a page only | |
| XX-B4 | No longer covered | done | yes | `old` |
"""
MARKED_TESTS = """
import pytest
pytestmark = pytest.mark.end_to_end

@pytest.mark.row("XX-S1", "XX-9")
@pytest.mark.parametrize("one", [1])
def test_marked(one): ...

@pytest.mark.row("XX-S2")
@pytest.mark.end_to_end(False)
def test_taken_out(): ...
"""
UNMARKED_TESTS = """
import pytest

@pytest.mark.row("XX-3")
class TestBoth:
    @pytest.mark.row("XX-B4")
    def test_unmarked(self): ...

    @pytest.mark.row("XX-8")
    @pytest.mark.end_to_end
    def test_marked(self): ...
"""


def test_the_table_of_rows_shows_end_to_end_tests_reasons_and_gaps(tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(MARKED_TESTS)
    (tmp_path / "tests" / "test_b.py").write_text(UNMARKED_TESTS)
    monkeypatch.setattr(requirement_tests, "ROOT", tmp_path)
    page = requirement_tests.table(PAGE_OF_ROWS, "XX")
    assert page.splitlines()[2:] == [
        "| XX-S1 | Marked | done | yes | `tests/test_a.py` |",
        "| XX-S2 | Unmarked | not yet | missing | `tests/test_a.py` |",
        "| XX-3 | Reasoned | done | no: words on a page only | `tests/test_b.py` |",
        "| XX-B4 | No longer covered | done | missing | `tests/test_b.py` |",
    ]
    assert requirement_tests.table(page, "XX") == page
    assert {test.row for test in requirement_tests.row_tests() if test.is_end_to_end} == {
        "XX-S1",
        "XX-9",
        "XX-8",
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_path_that_the_contributing_page_names_exists():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:hub|tests|sandbox|plugins|docs)/[\w./-]*)`", page)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_wheels_are_made_of_folders_and_not_of_projects_of_the_index():
    made = [
        target
        for path in sorted((ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"pip wheel --no-deps (\S+?)`", path.read_text(encoding="utf-8"))
    ]
    assert made
    assert [target for target in made if not target.startswith("./")] == []


def test_every_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    titles = [f"# {int(page.name[:4])}. " for page in pages]
    assert len(set(titles)) == len(titles)
    assert all(
        page.read_text().startswith(title) for page, title in zip(pages, titles, strict=True)
    )


def test_every_setting_of_the_environment_is_explained():
    page = (ROOT / "docs" / "operate.md").read_text()
    table = page.partition("## Settings")[2].partition("\n### ")[0]
    cells = "".join(re.findall(r"^\| (`HUB_[^|]+)\|", table, re.MULTILINE))
    names = re.findall(r"`(HUB_[A-Z_]+)(\[_FILE\])?`", cells)
    assert sorted(name for name, _ in names) == sorted([*NAMES, "HUB_CONFIG", *FOR_TESTS])
    assert {name for name, is_in_file in names if is_in_file} == set(IN_FILES)


def test_every_hook_has_a_heading():
    hooks = (ROOT / "docs" / "hooks.md").read_text()
    from hub.contract import hookspecs

    assert [
        name for name in vars(hookspecs) if name.startswith("hub_") and f"## {name}" not in hooks
    ] == []


def laid_out(folder: Path) -> dict[str, Path]:
    """Install the plugin of the page under another name, as `hub new-plugin` creates it."""
    return install(folder, "barn", guide_plugin("barn"))


# Checks of the contract suite that are newer than the stored plugin, and that it does not pass.
NEWER_CHECKS = ("test_a_row_without_an_id_stops_no_other",)


@pytest.mark.proof(small=0)
def test_a_plugin_written_for_version_0_1_still_holds_to_the_contract(tmp_path):
    stored = ROOT / "tests" / "baseline" / "plugins" / "granary"
    sources = {
        path.relative_to(stored).as_posix(): path.read_text()
        for path in stored.rglob("*")
        if path.suffix in (".py", ".toml")
    }
    sources["tests/test_contract.py"] = sources.pop("contract_suite.py")
    install(tmp_path, "granary", sources)
    assert_contract_passes(tmp_path, without=NEWER_CHECKS)


def assert_contract_passes(tmp_path: Path, without: Sequence[str] = ()) -> None:
    """Run the tests of an installed plugin: its contract suite calls every hook that it has."""
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",  # importing it takes long, and nothing here uses it
        str(tmp_path),
    ]
    if without:
        run += ["-k", " and ".join(f"not {name}" for name in without)]
    result = subprocess.run(
        run, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True
    )
    assert result.returncode == 0, result.stdout.decode()[-3000:]
    assert int(re.search(rb"(\d+) passed", result.stdout)[1]) >= 20


def test_the_code_of_the_page_is_well_formed(tmp_path):
    paths = [str(path) for path in laid_out(tmp_path).values()]
    assert (
        subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                "check",
                "-q",
                "--isolated",
                "--select=E,F,B",
                "--line-length=120",
                *paths,
            ]
        ).returncode
        == 0
    )


def test_the_stand_in_of_the_page_about_the_kit_works(tmp_path, monkeypatch):
    templates = tmp_path / "hub_shed" / "sandbox" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "hub_shed" / "sandbox" / "__init__.py").touch()
    (templates / "list.html").write_text(
        '{% extends "page.html" %}{% block main %}'
        "{% for row in rows %}{{ row.returned }}{% endfor %}{% endblock %}"
    )
    monkeypatch.syspath_prepend(tmp_path)
    code, _ = re.findall(  # the other block is run with the guide to paging
        r"```python\n(.*?)```", (ROOT / "docs" / "stand-in.md").read_text(), re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(code, names)
    rentals = {"r1": {"id": "r1", "returned": False}}
    shed = names["Shed"](rentals)
    session = requests.Session()
    mount(session, "http://shed.test", shed.wsgi)
    assert session.get("http://shed.test/v1/rentals/r1").status_code == 401
    grant = session.post(
        "http://shed.test/oauth/token",
        {"grant_type": "client_credentials"},
        auth=("client", "secret"),
    ).json()
    session.headers["Authorization"] = f"Bearer {grant['access_token']}"
    assert session.get("http://shed.test/v1/rentals/r1").json() == rentals["r1"]
    assert "False" in session.get("http://shed.test/").text
    assert "True" in session.post("http://shed.test/rentals/r1/return", {"x": "1"}).text
    statuses = {session.get("http://shed.test/v1/rentals/r1").status_code for _ in range(100)}
    assert statuses == {200, 429}
    for name in [name for name in sys.modules if name.startswith("hub_shed")]:
        del sys.modules[name]


def test_the_reference_has_every_field_and_setting():
    reference = "".join((ROOT / "docs" / name).read_text() for name in ("hooks.md", "document.md"))
    assert "| every | `str` | `'15m'` |" in reference
    assert "| stage | `Stage` | `'ready'` |" in reference
    assert "| slug | `str` | needed |" in reference
    assert "    request(\n        method: str,\n        url: str,\n        *,\n" in reference


# -- the page about the architecture ---------------------------------------------------------------

ARCHITECTURE = ROOT / "docs" / "architecture.md"
PACKAGE_ROW = re.compile(r"^\| (\d+) \| `hub\.(\w+)` \| .+ \|$", re.MULTILINE)


def packages_of_the_hub() -> set[str]:
    """Return the names of the packages and modules directly in hub/."""
    packages = {path.parent.name for path in ROOT.glob("hub/*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("hub/*.py")} - {"__init__"}
    return packages | modules


def test_the_architecture_page_lists_every_package_with_its_floor():
    rows = PACKAGE_ROW.findall(ARCHITECTURE.read_text())
    listed = {name: int(floor) for floor, name in rows}
    assert len(listed) == len(rows)
    assert listed == {name: FLOOR[name] for name in packages_of_the_hub()}


def test_the_architecture_page_lists_packages_from_the_highest_floor_down():
    floors = [int(floor) for floor, _ in PACKAGE_ROW.findall(ARCHITECTURE.read_text())]
    assert floors == sorted(floors, reverse=True)


def test_the_architecture_page_lists_the_packages_of_the_pages_in_their_order():
    rows = re.findall(r"^\| `hub\.web\.(\w+)` \|", ARCHITECTURE.read_text(), re.MULTILINE)
    assert tuple(rows) == WEB_PACKAGES


def test_the_architecture_page_lists_the_packages_of_posting_in_their_order():
    rows = re.findall(r"^\| `hub\.posting\.(\w+)` \|", ARCHITECTURE.read_text(), re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("hub/posting/*/__init__.py")}
    assert rows == [part for part in POSTING_PARTS if part in packages]


def test_every_module_that_the_architecture_page_names_exists():
    names = re.findall(r"\bhub(?:\.[a-z_]+)+\b", ARCHITECTURE.read_text())
    assert len(names) > 30
    for name in names:
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), name


# -- the glossary ----------------------------------------------------------------------------------

GLOSSARY_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NONE = "–"


def glossary() -> list[tuple[str, str, str, str]]:
    """Return the rows of the glossary: term, definition, class and table."""
    rows = GLOSSARY_ROW.findall((ROOT / "docs" / "glossary.md").read_text())
    return [row for row in rows if row[0] != "term"]


def test_the_glossary_defines_each_term_once_in_one_sentence():
    rows = glossary()
    terms = [row[0] for row in rows]
    assert len(terms) > 40
    assert sorted(set(terms)) == sorted(terms)
    assert [term for term, definition, _, _ in rows if not definition.endswith(".")] == []
    assert [term for term, definition, _, _ in rows if ". " in definition] == []


@pytest.mark.parametrize("row", glossary(), ids=lambda row: row[0])
def test_class_and_table_of_each_term_exist(row):
    _, _, name, table = row
    if name != NONE:
        module, _, member = name.strip("`").rpartition(".")
        represented_by = getattr(importlib.import_module(module), member)
        assert inspect.isclass(represented_by)
        # The tables are imported from their package, whatever module of it defines them.
        assert module == "hub.models" or module == represented_by.__module__
    assert table == NONE or table.strip("`") in Case.metadata.tables


def test_the_glossary_lists_the_terms_in_alphabetical_order():
    sections = (ROOT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
    for section in sections:
        terms = [row[0] for row in GLOSSARY_ROW.findall(section)][1:]
        assert terms == sorted(terms)


# The models that the glossary leaves out, and why.
MODELS_WITHOUT_A_TERM = {
    "Access": "a request to use an app: a row of the page of apps, and no term of its own",
    "AuditEntry": "the audit log, a common term",
    "AuditHead": "the signed end of the audit log",
    "Authenticator": "a means to log in",
    "CaseNote": "a part of a case",
    "CompanyNotification": "which notices a person wants about a company",
    "DatabaseOrigin": "which command made the database",
    "DocumentTerm": "an index for the search of documents",
    "FileDocument": "joins received files and their documents",
    "GuessCount": "a limit of tries to log in",
    "Invitation": "a means to log in",
    "InvitationRight": "a right that an invitation will give",
    "ListState": "when a list was last read",
    "LoginSession": "a means to log in",
    "MetricTotal": "a number of a metric",
    "NotificationChoice": "which notices a person wants",
    "OAuthState": "a consent under way",
    "Passkey": "a means to log in",
    "PasswordReset": "a means to log in",
    "PasswordResetRequest": "a means to log in",
    "ProviderAccount": "a means to log in",
    "ReadDay": "a count of calls for the limit of a day",
    "RecoveryCode": "a means to log in",
    "Role": "a common term, which the login library needs as a table",
    "RunLine": "a log line of a run",
    "SavedFilter": "a list of documents that a person named",
    "Schedule": "a common term",
    "SharedRateLimit": "the shared state of a rate limit",
    "Token": "the OAuth tokens of a company",
    "User": "a person who may log in, a common term",
}


def test_every_model_is_in_the_glossary_or_left_out_for_a_reason():
    classes = {row[2].strip("`").rpartition(".")[2] for row in glossary()}
    tables = {row[3].strip("`") for row in glossary()}
    models = [mapper.class_ for mapper in Case.registry.mappers]
    assert len(models) > 40
    missing = set()
    for model in models:
        if model.__name__ not in classes and model.__tablename__ not in tables:
            missing.add(model.__name__)
    assert missing == set(MODELS_WITHOUT_A_TERM)


# -- where the code enforces that each document is posted exactly once -----------------------------

EXACTLY_ONCE = ROOT / "docs" / "exactly-once.md"
RULES = "protocol", "send", "outcome", "recovery"  # the packages of the rules of posting


def enforcing_names() -> list[str]:
    """Return the modules and functions that the page about posting exactly once names."""
    return re.findall(r"`(hub\.[a-z_.]+)`", EXACTLY_ONCE.read_text())


def test_what_enforces_the_rules_of_posting_exists():
    names = enforcing_names()
    assert len(names) > 30
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, member = name.rpartition(".")
            assert callable(getattr(importlib.import_module(module), member)), name


def test_every_module_of_the_rules_of_posting_is_on_the_page():
    named = enforcing_names()
    missing = []
    for package in RULES:
        for path in sorted((ROOT / "hub" / "posting" / package).glob("[!_]*.py")):
            module = f"hub.posting.{package}.{path.stem}"
            if not any(name == module or name.startswith(f"{module}.") for name in named):
                missing.append(module)
    assert missing == []


def test_the_plots_are_drawn_from_the_recorded_results() -> None:
    drawn = {file.name: file.read_text() for file in (ROOT / "docs" / "plots").glob("*.svg")}
    assert drawn == plots.plots()
    page = (ROOT / "docs" / "performance.md").read_text()
    assert all(f"(plots/{name})" in page for name in drawn)


def test_every_benchmark_is_on_the_page_or_compares_nothing_there() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    scripts = {file.name for file in (ROOT / "benchmarks").glob("*.py")}
    assert {name for name in scripts if f"benchmarks/{name}" not in page} == BENCHMARKS_ELSEWHERE
