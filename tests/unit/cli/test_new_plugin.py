"""Whatever its author chooses, a new plugin passes the contract suite and its own tests."""

import importlib
import inspect
import itertools
import subprocess
import sys
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.cli.plugin_template import AUTHENTICATIONS, LISTS, PAGINGS, Choices, render
from hub.cli.plugin_template.kinds import have_files
from hub.contract import checkout as checkouts
from hub.contract.documents import KINDS, Document
from hub.contract.registry import Plugins
from hub.testing import bench as bench_module
from hub.testing.bench import Bench
from tests.support.runs.tiers import by_form

NAME = "depot"
# Keywords of Python, and names that a plugin's modules import or define.
UNUSABLE_NAMES = (
    *("none", "true", "false", "class", "yield", "exception"),
    *("app", "field", "tenant", "signal", "page", "settings", "party", "attachment"),
)
MAX_LINES = 285  # with the stand-in, without the tests; an author of a real source needs some more
# Every kind is in one of them; each combination of access and paging gets the next one.
KIND_SETS = deque(
    [
        ("bill",),
        ("invoice", "payment"),
        ("bill", "vendor_credit", "bill_payment", "vendor"),
        ("deposit", "expense"),
        ("item",),
        ("purchase_order", "item", "vendor"),
        ("credit_memo", "refund", "customer"),
        ("payment",),
        KINDS,
    ]
)
# A whole hub collects in this test of the suite; it runs for one way of access only.
IN_A_WHOLE_HUB = "test_a_source_that_answers_404_to_everything_loses_no_document"


def combinations():
    """Yield every combination of access, paging, webhook and lists, each with some kinds.

    Every second one has files, if its kinds may have some. In the small form each way of access
    meets two ways of paging, one of them with webhooks and with a list for each kind.
    """
    every = list(itertools.product(AUTHENTICATIONS, PAGINGS, (False, True), LISTS))
    some = by_form(diagonals(), every, every)
    for place, (auth, paging, webhook, lists) in enumerate(some):
        KIND_SETS.rotate(1)
        kinds = KIND_SETS[0]
        attachments = place % 2 == 0 and have_files(kinds)
        yield Choices(NAME, kinds, auth, paging, webhook, lists, attachments=attachments)


def diagonals():
    """Return two combinations for each way of access and each way of paging."""
    pagings = itertools.cycle(PAGINGS)
    next_pagings = itertools.cycle((*PAGINGS[1:], PAGINGS[0]))
    return [
        *((auth, next(pagings), False, "one") for auth in AUTHENTICATIONS),
        *((auth, next(next_pagings), True, "each") for auth in AUTHENTICATIONS),
    ]


def title(choices):
    """Return the name of a combination."""
    kinds = "-".join(choices.kinds) if len(choices.kinds) < len(KINDS) else "all"
    webhook = "webhook" if choices.webhook else "none"
    files = "-files" if choices.attachments else ""
    return f"{choices.auth}-{choices.paging}-{webhook}-{choices.lists}-{kinds}{files}"


@pytest.fixture
def open_plugin(tmp_path, monkeypatch):
    """Return a function that creates a plugin, loads it and returns its two modules of tests."""

    def open_plugin(choices):
        for place, text in render(choices).items():
            file = tmp_path / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for folder in (tmp_path, tmp_path / "tests"):
            monkeypatch.syspath_prepend(folder)
        plugin = importlib.import_module(f"hub_{NAME}")
        plugins = Plugins.load([plugin], installed=False)
        monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
        return importlib.import_module("test_contract"), importlib.import_module("test_documents")

    yield open_plugin
    for name in list(sys.modules):
        if name.partition(".")[0] in (f"hub_{NAME}", "test_contract", "test_documents"):
            del sys.modules[name]


def run(owner, names, fixtures):
    """Run tests of a class or module with the values of their parameters; return how many."""
    count = 0
    for name in names:
        test = getattr(owner, name)
        for values in parameters(test):
            needed = inspect.signature(test).parameters.keys() - values.keys()
            test(**values, **{fixture: fixtures[fixture]() for fixture in needed})
            count += 1
    return count


def parameters(test):
    """Return the values with which a test runs, one mapping for each run."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            argument, values = mark.args
            return [{argument: value} for value in values]
    return [{}]


@pytest.mark.proof(small=2, full=2)
@pytest.mark.parametrize("choices", list(combinations()), ids=title)
def test_a_new_plugin_passes_its_tests(open_plugin, choices, tmp_path, tmp_path_factory):
    test_contract, test_documents = open_plugin(choices)
    suite = test_contract.TestContract()
    type(suite).many, type(suite).paged = 120, 60
    fixtures = {
        "bench": lambda: Bench(NAME, suite.settings, waits=True),
        "paged_bench": lambda: Bench(NAME, suite.settings, documents=60, waits=True),
        "tmp_path": lambda: tmp_path_factory.mktemp("books"),
    }
    names = [name for name in dir(suite) if name.startswith("test_")]
    if choices.auth != "bearer" or choices.webhook:
        names.remove(IN_A_WHOLE_HUB)
    assert run(suite, names, fixtures) >= 26
    own_names = [name for name in vars(test_documents) if name.startswith("test_")]
    own_fixtures = {"bench": lambda: Bench(NAME, test_documents.ACCOUNTS, waits=True)}
    golden_files = {path.stem for path in (tmp_path / "tests" / "golden").iterdir()}
    states = ("approved", "draft", "disputed", "closed", "void", "archived")
    assert golden_files >= {f"{choices.kinds[0]}-{state}" for state in states}
    golden_count = len(golden_files)
    assert golden_count == len(choices.kinds) + len(states) - 1
    has_tokens = choices.auth in ("client-credentials", "refresh-token")
    expected = golden_count + 2 + has_tokens + choices.webhook + choices.attachments
    assert run(test_documents, own_names, own_fixtures) == expected


@pytest.mark.parametrize(
    "choices",
    [
        Choices(NAME),
        Choices(NAME, KINDS, "refresh-token", "link", True),
        Choices(NAME, ("item",), "basic", "page"),
        Choices(NAME, ("invoice", "payment"), "client-credentials", "updated-since", True),
        Choices(NAME, ("invoice", "payment"), "header", "page", True, "each", "Invoice Depot"),
        Choices(NAME, KINDS, "header", "cursor", True, "each"),
        Choices(NAME, ("credit_memo", "customer"), "bearer", "updated-since", lists="each"),
        Choices(NAME, ("bill",), "bearer", "link", lists="each"),
        Choices(NAME, KINDS, "refresh-token", "link-header", True, "each", attachments=True),
        Choices(NAME, ("invoice",), "bearer", "link-header", attachments=True),
    ],
    ids=title,
)
def test_a_new_plugin_is_well_formed(choices, tmp_path):
    for place, text in render(choices).items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["check", "-q", "--select=E,F,B,I"]
    for command in (rules, ["format", "-q", "--check"]):
        options = [*command, "--isolated", "--line-length=100"]
        done = subprocess.run([*ruff, *options, tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kinds", [("bill",), ("invoice", "payment"), ("deposit",)])
def test_the_documents_of_a_new_plugin_have_several_lines(open_plugin, kinds):
    _, test_documents = open_plugin(Choices(NAME, kinds))
    items = Bench(NAME, test_documents.ACCOUNTS).read()
    documents = [item for item in items if isinstance(item, Document) and item.kind == kinds[0]]
    assert documents
    for document in documents:
        words = [line.description.split()[0] for line in document.lines]
        assert words == ["Labour", "Material", "Transport"]
        assert len({line.amount for line in document.lines}) == 3


def test_a_new_plugin_whose_document_changes_is_refused_by_its_golden_file(open_plugin):
    _, test_documents = open_plugin(Choices(NAME))
    documents = importlib.import_module(f"hub_{NAME}.documents")
    documents.STAGES = {}
    fixtures = {"bench": lambda: Bench(NAME, test_documents.ACCOUNTS)}
    with pytest.raises(AssertionError):
        run(test_documents, ["test_a_row_becomes_this_document"], fixtures)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(NAME),
        Choices(NAME, ("invoice", "payment"), paging="link"),
        Choices(NAME, ("invoice", "payment"), "refresh-token", "page", True),
        Choices(NAME, ("invoice", "payment"), "header", "page", lists="each"),
    ],
    ids=title,
)
def test_a_new_plugin_is_short(choices):
    modules = {place: text for place, text in render(choices).items() if place.endswith(".py")}
    lines = {
        place: text.count("\n") for place, text in modules.items() if not place.startswith("tests/")
    }
    assert len(lines) == 6
    assert sum(lines.values()) <= MAX_LINES, lines


def test_options_say_what_the_source_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--kinds", "invoice, payment", "--auth", "basic", "--paging", "link", "--webhook"]
    options += ["--lists", "each", "--title", "Invoice Depot", "--attachments"]
    printed = CliRunner().invoke(main, ["new-plugin", NAME, *options]).stdout
    assert f"python -m pip install -e '{NAME}[testing]'\n  python -m pytest {NAME}\n" in printed
    assert f"hub sandbox {NAME} --port 9000" in printed
    checkout = Path(__file__).parents[3]
    assert f"python -m pip install '{checkout}/sandbox' '{checkout}[testing]'\n" in printed
    written = {
        path.relative_to(tmp_path / NAME).as_posix(): path.read_text()
        for path in (tmp_path / NAME).rglob("*")
        if path.is_file()
    }
    kinds = ("invoice", "payment")
    choices = Choices(NAME, kinds, "basic", "link", True, "each", "Invoice Depot", True)
    assert written == render(choices)
    assert 'name="Invoice Depot",' in written[f"hub_{NAME}/__init__.py"]
    again = CliRunner().invoke(main, ["new-plugin", NAME])
    assert "nothing was written" in again.stderr


@pytest.mark.parametrize(
    ("origin", "checkout"),
    [('{"url": "file:///my%20hub", "dir_info": {}}', "/my hub"), (None, "CHECKOUT")],
)
def test_the_commands_name_the_folder_from_which_the_hub_was_installed(
    tmp_path, monkeypatch, origin, checkout
):
    folder = tmp_path / "my hub"
    (folder / "sandbox").mkdir(parents=True)
    (folder / "sandbox" / "pyproject.toml").touch()
    about = SimpleNamespace(
        read_text=lambda name: origin and origin.replace("/my", f"{tmp_path}/my")
    )
    monkeypatch.setattr(checkouts, "distribution", lambda name: about)
    monkeypatch.setattr(checkouts, "__file__", str(tmp_path / "hub/contract/checkout.py"))
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(main, ["new-plugin", NAME]).stdout
    assert f"{checkout}/sandbox'" in printed


def test_on_a_terminal_it_asks_for_what_no_option_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hub.cli.authors._is_terminal", lambda: True)
    answers = "invoice\nbasic\n\neach\nBig Depot\ny\ny\n"
    result = CliRunner().invoke(main, ["new-plugin", NAME], input=answers)
    assert result.exit_code == 0, result.output
    choices = Choices(NAME, ("invoice",), "basic", "cursor", True, "each", "Big Depot", True)
    text = (tmp_path / NAME / f"hub_{NAME}" / "__init__.py").read_text()
    assert text == render(choices)[f"hub_{NAME}/__init__.py"]


def test_an_unusable_answer_is_requested_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hub.cli.authors._is_terminal", lambda: True)
    wrong = {"bil": "'bil' is no kind", "bill_payment": "add the kind bill"}
    titles = {'The "Depot"': "cannot be the title", "D" * 90: "cannot be the title"}
    answers = "\n".join(
        [*wrong, "bill", "magic", "basic", "", "one", *titles, "Big Depot", "n", "n"]
    )
    result = CliRunner().invoke(main, ["new-plugin", NAME], input=answers)
    assert result.exit_code == 0, result.output
    for answer, reason in (wrong | titles).items():
        assert reason in result.output, answer
    assert result.output.count("cannot be the title") == 2
    choices = Choices(NAME, ("bill",), "basic", title="Big Depot")
    text = (tmp_path / NAME / f"hub_{NAME}" / "__init__.py").read_text()
    assert text == render(choices)[f"hub_{NAME}/__init__.py"]


@pytest.mark.parametrize(("kinds", "has_codes"), [(("vendor",), False), (("bill",), True)])
def test_the_readme_lists_the_codes_of_a_plugin_that_has_some(kinds, has_codes):
    readme = render(Choices(NAME, kinds))["README.md"]
    assert ("## Codes" in readme) == has_codes
    assert "|---|---|\n|" in readme
    assert not readme.endswith("|---|---|\n")
    assert "\n\n\n" not in readme


def test_without_options_and_without_a_terminal_it_is_a_bill_with_a_token(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["new-plugin", NAME]).exit_code == 0
    text = (tmp_path / NAME / f"hub_{NAME}" / "documents.py").read_text()
    assert text == render(Choices(NAME))[f"hub_{NAME}/documents.py"]


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("hub", [], "the hub uses it for something else"),
        ("quickbooks", [], "the hub uses it for something else"),
        *((name, [], "the code of a plugin uses it") for name in UNUSABLE_NAMES),
        ("costtracker", [], "there is a plugin for this source"),
        ("autotask", [], "there is a plugin for this source"),
        ("9lives", [], "lower-case letters and digits, a letter first"),
        ("My Plugin", [], "cannot be the name"),
        (NAME, ["--kinds", "bil"], "'bil' is no kind. There is bill,"),
        (NAME, ["--kinds", ","], "Name at least one kind of document."),
        (NAME, ["--kinds", "bill_payment"], "A bill_payment pays bills; add the kind bill."),
        (NAME, ["--kinds", "item", "--attachments"], "Files belong to transactions; add a kind"),
        (NAME, ["--auth", "magic"], "'magic' is not one of 'bearer', 'header', 'basic',"),
        (NAME, ["--title", 'The "Depot"'], "cannot be the title: up to 40 letters"),
        (NAME, ["--title", "The Depot\n"], "cannot be the title: up to 40 letters"),
    ],
)
def test_impossible_names_and_options_are_refused(tmp_path, monkeypatch, name, options, reason):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["new-plugin", name, *options])
    assert (result.exit_code, reason in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["rows", "documents", "account", "print"])
def test_a_name_that_only_looks_like_one_in_use_is_taken(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["new-plugin", name]).exit_code == 0
