"""The structure of the code: layers, sizes, wording, and texts that no file may contain."""

import ast
import re
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import hub
from hub.contract.states import ReceiptState
from hub.models.enums import (
    BatchMode,
    ConnectionState,
    DocumentState,
    InstallationMode,
    Operation,
    ReceiptEnd,
    RunState,
    SearchVerdict,
    SendOutcome,
)
from tests.support.package_order import FLOOR, POSTING_PARTS, WEB_PACKAGES

ROOT = Path(__file__).parent.parent
# The packages and modules of the test tools for plugin authors; each may import those before it.
TESTING_PARTS = (
    "clock",
    "openapi",
    "fakes",
    "recording",
    "golden",
    "limits",
    "bench",
    "outcomes",
    "exchanges",
    "values",
    "suite",
    "contract",
    "file_contract",
    "options",
)
MAX_PAGES_WITHOUT_PACKAGE = 12  # modules directly in hub.web
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_LINE = 400, 60, 100
HIGHEST_COMPLEXITY = 15
# Few functions may come near it.
HIGH_COMPLEXITY, MAX_COMPLEX_FUNCTIONS, MAX_COMPLEX_OUTSIDE_HUB = 10, 15, 4
# A function is packed if it has many branches in few lines.
PACKED_COMPLEXITY, PACKED_COMPLEXITY_PER_LINE, MAX_PACKED_FUNCTIONS = 8, 0.6, 10
# The longest chain of imports: of modules, and of packages and modules directly in the hub.
MAX_MODULE_CHAIN, MAX_PACKAGE_CHAIN = 24, 14
REVISIONS = ROOT / "hub" / "migrations" / "versions"
WITH_A_CLOCK_OF_THEIR_OWN = ("hub.clock", "hub.testing")
SANDBOX = ROOT / "sandbox"
# The modules of the hub that run a stand-in. `hub.testing` is loaded only by tests; the others
# import the stand-in inside their functions.
NEEDS_STAND_INS = "hub.testing.fakes.stand_in"
OPENS_STAND_INS = "hub.cli.sandbox", "hub.demo", "hub.demo_companies"
# What planning consists of, and the methods of a batch that write.
PLANNERS = (
    "planning",
    "content",
    "existing",
    "holds",
    "links",
    "operation",
    "order_closing",
    "removal",
)
WRITING_METHODS = (
    "add_document",
    "apply",
    "find_or_add_record_row",
    "store_defect",
    "store_document",
)
# Libraries that a hub at rest does not load, because they take megabytes or a tenth of a second.
# The modules of the queue are loaded only with HUB_ENGINE=distributed.
LOADED_WHERE_USED = ("rapidfuzz", "fido2", "zxcvbn", "qrcode", "prometheus_client", "procrastinate")
LOADED_WHEN_DISTRIBUTED = "hub.scheduling.queue", "hub.scheduling.queue_tables"


def name_of(path):
    base = SANDBOX if SANDBOX in path.parents else ROOT
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules():
    """Return every module of the hub by its name."""
    return {
        name_of(path): path
        for path in sorted(ROOT.glob("hub/**/*.py"))
        if REVISIONS not in path.parents
    }


@cache
def sandbox_modules():
    """Return every module of the QuickBooks stand-in by its name."""
    return {name_of(path): path for path in sorted(SANDBOX.glob("qbo_sandbox/**/*.py"))}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path):
    """Return the modules that a module imports.

    A name taken from a package is the module of that name, if there is one.
    """
    results = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            results |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative name"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            own_modules = sandbox_modules() if node.module.startswith("qbo_sandbox") else modules()
            results |= {name if name in own_modules else node.module for name in whole}
    return results


def top_level_imports(path):
    """Return what is imported when a module is loaded, by the full names of modules and members."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def hub_imports(name):
    return {other for other in imports(modules()[name]) if other.startswith("hub.")} - {name}


def sandbox_imports(name):
    """Return the imports of a stand-in's module: of the stand-in and of the other packages."""
    used = imports(sandbox_modules()[name])
    own = {other for other in used if other.startswith(("qbo_sandbox", "hub.", "hub_"))}
    return (own | used & {"hub"}) - {name}


def within(name, *packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def floor_of(name):
    return FLOOR[name.split(".")[1]]


@cache
def plugin_modules():
    """Return every module of the plugins and of their stand-ins by its name."""
    return {
        ".".join(name_of(path).split(".")[2:]): path
        for path in sorted(ROOT.glob("plugins/*/hub_*/**/*.py"))
    }


def functions():
    """Yield each function of the hub, of the plugins and of all stand-ins with its full name."""
    for name, path in (modules() | sandbox_modules() | plugin_modules()).items():
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{name}.{node.name}", node


# -- floors ----------------------------------------------------------------------------------------


def test_every_module_has_a_floor():
    assert {name.split(".")[1] for name in modules() if "." in name} - set(FLOOR) == set()


def test_nothing_is_imported_from_a_floor_above():
    pairs = [(name, other) for name in modules() if name != "hub" for other in hub_imports(name)]
    assert [
        f"{name} imports {other}" for name, other in pairs if floor_of(other) > floor_of(name)
    ] == []


def imports_out_of_order(package, parts):
    """Yield each import between the parts of a package that is not of an earlier part."""
    for place, part in enumerate(parts):
        allowed = [f"{package}.{other}" for other in parts[: place + 1]]
        for name in modules():
            if not within(name, f"{package}.{part}"):
                continue
            for other in hub_imports(name):
                if within(other, package) and not within(other, *allowed):
                    yield f"{name} imports {other}"


def test_packages_of_pages_import_only_those_before_them():
    web_packages = {path.parent.name for path in ROOT.glob("hub/web/*/__init__.py")}
    assert web_packages == set(WEB_PACKAGES)
    assert list(imports_out_of_order("hub.web", WEB_PACKAGES)) == []


def test_parts_of_posting_import_only_those_before_them():
    parts = {name.split(".")[2] for name in modules() if name.startswith("hub.posting.")}
    assert parts == set(POSTING_PARTS)
    assert list(imports_out_of_order("hub.posting", POSTING_PARTS)) == []


def test_parts_of_the_test_tools_import_only_those_before_them():
    parts = {name.split(".")[2] for name in modules() if name.startswith("hub.testing.")}
    assert parts == set(TESTING_PARTS)
    assert list(imports_out_of_order("hub.testing", TESTING_PARTS)) == []


def test_few_modules_of_pages_are_in_no_package():
    loose = [path.stem for path in ROOT.glob("hub/web/*.py") if path.stem != "__init__"]
    assert len(loose) <= MAX_PAGES_WITHOUT_PACKAGE


def test_no_import_cycle_exists_type_only_imports_included():
    graph = {name: hub_imports(name) for name in modules() if name != "hub"}
    graph |= {name: sandbox_imports(name) for name in sandbox_modules()}
    done, cycles = set(), []

    def walk(name, way):
        if name in way:
            cycles.append(" > ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for other in sorted(graph.get(name, ())):
                walk(other, [*way, name])
            done.add(name)

    for name in graph:
        walk(name, [])
    assert cycles == []


def longest_chain(graph):
    """Return the longest chain of imports in a graph without cycles, from its top to its bottom."""

    @cache
    def chain_from(name):
        chains = [chain_from(other) for other in sorted(graph.get(name, ()))]
        return [name, *max(chains, key=len, default=[])]

    return max((chain_from(name) for name in sorted(graph)), key=len)


def test_the_longest_chain_of_imports_stays_short():
    modules_used = {name: hub_imports(name) for name in modules() if name != "hub"}
    chain = longest_chain(modules_used)
    assert len(chain) <= MAX_MODULE_CHAIN, " > ".join(chain)

    packages_used = {}
    for name, others in modules_used.items():
        package = name.split(".")[1]
        used = {other.split(".")[1] for other in others} - {package}
        packages_used.setdefault(package, set()).update(used)
    chain = longest_chain(packages_used)
    assert len(chain) <= MAX_PACKAGE_CHAIN, " > ".join(chain)


def test_decisions_of_the_protocol_know_errors_documents_and_enums_only():
    protocol = [name for name in modules() if within(name, "hub.posting.protocol")]
    used = {other for name in protocol for other in hub_imports(name)}
    allowed = (
        "hub.errors",
        "hub.contract.document_kinds",
        "hub.contract.documents",
        "hub.contract.unicode_forms",
        "hub.contract.value_object",
        "hub.models.enums",
        "hub.posting.protocol",
    )
    assert all(within(other, *allowed) for other in used), used
    assert len(protocol) > 3


def packages():
    """Return the docstring of each package of the hub by the package's name."""
    return {
        path.parent.name: ast.get_docstring(tree(path))
        for path in sorted(ROOT.glob("hub/*/__init__.py"))
    }


@pytest.mark.parametrize("package", packages())
def test_the_docstring_of_a_package_names_what_it_imports(package):
    """Modules directly in the hub may be left out; the topmost packages may import every other."""
    own = [name for name in modules() if within(name, f"hub.{package}")]
    imported = {other.split(".")[1] for name in own for other in hub_imports(name)} - {package}
    text = packages()[package]
    if "May import every package" not in text:
        sentence, _, excluded = text.partition(", never")
        described = set(re.findall(r"`hub\.(\w+)", sentence.partition("mports ")[2]))
        assert imported & set(packages()) <= described <= imported
        assert not imported & set(re.findall(r"`hub\.(\w+)", excluded))


def test_collecting_and_posting_meet_in_the_outbox_only():
    for name in modules():
        used = hub_imports(name)
        assert not (
            within(name, "hub.collect") and any(within(other, "hub.posting") for other in used)
        ), name
        assert not (
            within(name, "hub.posting") and any(within(other, "hub.collect") for other in used)
        ), name


@pytest.mark.parametrize("name", PLANNERS)
def test_planning_writes_nothing(name):
    """A planner changes its plan only; the batch and `hub.collect.intake` carry it out."""
    tree = ast.parse(modules()[f"hub.collect.{name}"].read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            assert ast.unparse(node.value) == "plan", ast.unparse(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in WRITING_METHODS, ast.unparse(node)


def test_the_stand_in_of_quickbooks_imports_nothing_of_the_hub():
    for name in sandbox_modules():
        assert all(within(other, "qbo_sandbox") for other in sandbox_imports(name)), name


def test_only_what_runs_a_stand_in_imports_it():
    users = {
        name
        for name, path in modules().items()
        if any(within(other, "qbo_sandbox") for other in imports(path))
    }
    assert users == {NEEDS_STAND_INS, *OPENS_STAND_INS}


def test_the_rest_of_the_hub_is_loaded_without_stand_ins():
    """`hub.testing` is loaded by tests only."""
    for name, path in modules().items():
        if not within(name, "hub.testing"):
            used = top_level_imports(path)
            assert not any(within(other, "qbo_sandbox", "hub.testing") for other in used), name


def test_heavy_libraries_are_loaded_by_the_functions_that_use_them():
    for name, path in modules().items():
        if name not in LOADED_WHEN_DISTRIBUTED:
            used = top_level_imports(path)
            assert not any(within(other, *LOADED_WHERE_USED) for other in used), name
    assert any(
        within(other, *LOADED_WHERE_USED)
        for name in LOADED_WHEN_DISTRIBUTED
        for other in top_level_imports(modules()[name])
    )


@pytest.mark.parametrize("path", sorted(ROOT.glob("plugins/*/hub_*/*.py")), ids=str)
def test_a_plugin_is_loaded_without_its_stand_in(path):
    if path.stem != "sandbox":
        used = top_level_imports(path)
        assert not any(other.startswith("qbo_sandbox") or ".sandbox" in other for other in used)


@pytest.mark.parametrize("path", sorted(ROOT.glob("plugins/*/hub_*/*.py")), ids=str)
def test_a_plugin_loads_libraries_of_several_megabytes_where_it_uses_them(path):
    assert not any(within(other, "openpyxl", "lxml") for other in top_level_imports(path))


def test_the_kit_of_stand_ins_imports_nothing_of_the_quickbooks_stand_in():
    shared = [name for name in sandbox_modules() if within(name, "qbo_sandbox.kit")]
    used = {other for name in shared for other in sandbox_imports(name)}
    assert all(within(other, "qbo_sandbox.kit") for other in used)


def plugin_files():
    return [path for path in ROOT.glob("plugins/*/**/*.py") if ".venv" not in path.parts]


@pytest.mark.parametrize("path", plugin_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_imports_of_the_hub_only_what_is_given_to_authors(path):
    allowed = {"hub"}
    if "sandbox" in path.parts or path.stem == "sandbox":
        allowed.add("qbo_sandbox.kit")
    if "tests" in path.parts:
        allowed |= {"hub.testing", "qbo_sandbox.kit"}
    used = imports(path) - {f"hub.{name}" for name in hub.__all__}
    checked = {other for other in used if other.startswith(("hub.", "qbo_sandbox"))}
    assert all(within(other, *allowed - {"hub"}) for other in checked), used
    assert len(allowed) > 1 or not {"requests", "urllib.request", "http.client", "httpx"} & used
    own = (
        next(part for part in path.parts if part.startswith("hub_"))
        if "tests" not in path.parts
        else None
    )
    assert own is None or all(
        other.split(".")[0] == own for other in used if other.startswith("hub_")
    )


# -- sizes -----------------------------------------------------------------------------------------


def every_file():
    return [*ROOT.glob("hub/**/*.py"), *SANDBOX.glob("qbo_sandbox/**/*.py"), *plugin_files()]


def test_no_module_is_long():
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in every_file()
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}, (
        f"A module has at most {LONGEST_MODULE} lines. Move one subject of it, with its tests, into"
        " a module of its own; do not shorten it by packing lines."
    )


def test_functions_are_short():
    lengths = {name: node.end_lineno - node.lineno + 1 for name, node in functions()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}, (
        f"A function has at most {LONGEST_FUNCTION} lines. Move a step of it into a function."
    )


def test_no_line_is_long():
    long_lines = []
    for path in every_file():
        if REVISIONS in path.parents:  # a revision that has landed never changes
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > LONGEST_LINE:
                long_lines.append(f"{path.relative_to(ROOT)}:{number}")
    assert long_lines == []


def test_no_line_of_a_template_is_long():
    folders = "hub/web", "plugins/*/hub_*/sandbox", "sandbox/qbo_sandbox/kit"
    templates = [
        path for folder in folders for path in sorted(ROOT.glob(f"{folder}/templates/*.html"))
    ]
    assert len(templates) > 100
    long_lines = []
    for path in templates:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > LONGEST_LINE:
                long_lines.append(f"{path.relative_to(ROOT)}:{number}")
    assert long_lines == []


def complexity(function):
    """Count the branches of a function: statements, conditions, expressions and comprehensions."""
    branches = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.Assert)
    count = 1
    for node in ast.walk(function):
        if isinstance(node, (*branches, ast.match_case)):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
    return count


def test_few_functions_are_complex():
    complexities = {name: complexity(node) for name, node in functions()}
    complex_functions = {
        name: number for name, number in complexities.items() if number > HIGH_COMPLEXITY
    }
    of_hub = [name for name in complex_functions if within(name, "hub")]
    assert len(of_hub) <= MAX_COMPLEX_FUNCTIONS, complex_functions
    others = len(complex_functions) - len(of_hub)
    assert others <= MAX_COMPLEX_OUTSIDE_HUB, complex_functions
    assert max(complex_functions.values()) <= HIGHEST_COMPLEXITY, complex_functions


def is_packed(function):
    """Return whether a function has many branches in few lines."""
    lines = function.end_lineno - function.lineno + 1
    branches = complexity(function)
    return branches >= PACKED_COMPLEXITY and branches / lines >= PACKED_COMPLEXITY_PER_LINE


def test_few_functions_are_packed():
    packed = [name for name, node in functions() if is_packed(node)]
    assert len(packed) <= MAX_PACKED_FUNCTIONS, packed


# -- enums -----------------------------------------------------------------------------------------


ENUM_COLUMNS = ("state", "stage", "operation", "held_by", "outcome", "ended", "before_start")


def compares_enum_with_text(node):
    """Return whether a comparison is between the column of an enum and a plain text."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    if not any(isinstance(side, ast.Attribute) and side.attr in ENUM_COLUMNS for side in sides):
        return False
    values = [value for side in sides for value in (side, *getattr(side, "elts", ()))]
    return any(
        isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value
        for value in values
    )


def test_states_stages_and_operations_are_compared_as_enums():
    assert compares_enum_with_text(ast.parse('row.state in ("posted", "held")').body[0].value)
    comparisons = []
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            if compares_enum_with_text(node):
                comparisons.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert comparisons == []


STATE_ENUMS = (
    BatchMode,
    ConnectionState,
    DocumentState,
    InstallationMode,
    Operation,
    ReceiptEnd,
    ReceiptState,
    RunState,
    SearchVerdict,
    SendOutcome,
)


def texts_of(node):
    """Return the plain texts of a collection, or the plain keys of a mapping."""
    elements = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    return [element.value for element in elements if isinstance(element, ast.Constant)]


def test_states_modes_and_operations_in_constants_are_enums():
    """The commands repeat those of their options, because the enums would load all tables."""
    assert texts_of(ast.parse("A = {'held': 1, 'posted': 2}").body[0].value) == ["held", "posted"]
    plain = []
    for name, path in modules().items():
        if within(name, "hub.cli"):
            continue
        for node in tree(path).body:
            value = getattr(node, "value", None)
            texts = texts_of(value)
            for enum in STATE_ENUMS:
                if len(texts) > 1 and set(texts) <= {member.value for member in enum}:
                    plain.append(f"{name}:{node.lineno}: {enum.__name__}")
    assert plain == [], plain


# -- one meaning per name --------------------------------------------------------------------------


def test_a_class_name_has_one_meaning():
    places = {}
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name)
    repeated = {name: used for name, used in places.items() if len(used) > 1}
    assert repeated == {}


# Words that say of what sort a value is, and not what it is the value of.
SORTS_OF_VALUES = re.compile(
    "AGES?|AMOUNT|APART|BLOCK|CALLS|CHUNK|COUNT|DAYS|DELAYS?|DIGITS|DOCUMENTS|FIRST|FORMAT|GRID"
    "|GROUP|INTERVAL|LARGE|LARGEST|LAST|LATENESS|LENGTH|LIFETIME|LIMITS?|LOCK|MAX|MIN|MORE|NEAR"
    "|NUMBER|OVERLAP|PAGES|PARTS|PATIENCE|PAUSES?|PEOPLE|PERIOD|ROUNDS|ROWS?|SAMPLES|SECONDS|SIZE"
    "|SLOTS|SLOWER|STEP|THRESHOLDS?|TIMEOUT|TOTAL|TRIES|VALUES?|WAIT|WIDTHS|YEARS"
)


def is_quantity(node):
    """Return whether an expression is a number, a duration, or several of them."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return is_quantity(node.left) and is_quantity(node.right)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).split(".")[-1] in ("timedelta", "Decimal")
    return isinstance(node, ast.Tuple) and all(is_quantity(element) for element in node.elts)


def quantities(module):
    """Yield the names of the numbers and durations that a module defines at its top."""
    for node in module.body:
        if isinstance(node, ast.Assign) and is_quantity(node.value):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                yield from (name.id for name in names)


def test_the_name_of_a_quantity_says_what_it_measures():
    assert list(quantities(ast.parse("SIZE, PAGE_SIZE = 50, 2 * 25\nNAMES = ('a',)"))) == [
        "SIZE",
        "PAGE_SIZE",
    ]
    every_module = modules() | sandbox_modules() | plugin_modules()
    unclear = [
        f"{name}.{quantity}"
        for name, path in every_module.items()
        for quantity in quantities(tree(path))
        if SORTS_OF_VALUES.fullmatch(quantity.strip("_"))
    ]
    assert unclear == [], "Name what the value measures: SESSION_SECONDS, not SECONDS."


# -- wording ---------------------------------------------------------------------------------------


def test_a_module_opens_with_a_sentence_that_says_what_lives_there():
    first_lines = {
        path: (ast.get_docstring(tree(path)) or "").partition("\n")[0] for path in every_file()
    }
    assert [str(path) for path, line in first_lines.items() if not line[:1].isupper()] == []
    assert [
        str(path)
        for path, line in first_lines.items()
        if not line.endswith(".") and path.parent != REVISIONS
    ] == []


def import_names(package, reference):
    """Return the names under which a module or a name in it may be found from a package."""
    parts = reference.split(".")
    full = reference if parts[0] == package.split(".")[0] else f"{package}.{reference}"
    return {full, full.rpartition(".")[0]} - {package}


def test_a_package_says_where_to_start_reading():
    """A package of one module is read from the top; the names that `hub` exports are a list."""
    every_module = modules() | sandbox_modules() | plugin_modules()
    silent = []
    for name, path in every_module.items():
        members = [other for other in every_module if other.rpartition(".")[0] == name]
        if path.name != "__init__.py" or name == "hub" or not members:
            continue
        text = " ".join(ast.get_docstring(tree(path)).split())
        if "Start reading here" in text:
            continue
        start = re.search(r"Start reading (?:in|at|with) `([\w.]+)`", text)
        if start is None or not import_names(name, start[1]) & set(every_module):
            silent.append(f"{name}: {start and start[1]}")
    assert silent == [], (
        f"{silent}: say in the docstring of the package: Start reading in `module`."
    )


def test_a_rule_switched_off_says_why_on_the_same_line():
    for path in every_file():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "# noqa" in line:
                assert re.search(r"# noqa: [A-Z0-9, ]+\(.+\)", line), (
                    f"{path.relative_to(ROOT)}:{number}"
                )


# -- texts that no file may contain ----------------------------------------------------------------

NEVER = {
    "a path of one machine": r"/wor[k]/|/tm[p]/plan|/far[m]/|/roo[t]/|/hom[e]/",
    "the address of a package registry": (
        r"py(thonhoste[d]|pi[.]or[g])|npmj[s][.]|[.]debia[n][.]org"
    ),
    "something left open": r"# *TOD[O]|# *FIXM[E]|NotImplementedErro[r]|pytest\.mark\.xfai[l]",
}


@pytest.mark.parametrize("what", NEVER)
def test_no_file_contains_a_forbidden_text(what):
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is tracked is not known")
    result = subprocess.run(
        ["git", "grep", "-nIE", NEVER[what]], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == ""


def test_no_code_is_kept_from_the_formatter():
    """A stored plugin never changes, so the formatter leaves it as its version wrote it."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what is tracked is not known")
    command = ["git", "grep", "-nIE", r"#\s*(fmt|yap[f]):\s*(of[f]|ski[p])"]
    paths = [".", ":!tests/baseline/plugins"]
    result = subprocess.run([*command, "--", *paths], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == ""


def calls_of_time(path):
    expected = {
        "time.time",
        "time.sleep",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ".".join(ast.unparse(node.func).split(".")[-2:])
            if called in expected:
                yield called, node.lineno


def test_time_comes_from_the_clock_only():
    for name, path in modules().items():
        if not within(name, *WITH_A_CLOCK_OF_THEIR_OWN):
            lines = path.read_text(encoding="utf-8").splitlines()
            assert [
                call for call, line in calls_of_time(path) if "noqa" not in lines[line - 1]
            ] == [], name


def test_the_rules_of_this_page_can_fail():
    """Check that each rule finds a violation, because it would otherwise prove nothing."""
    assert len(modules()) > 50
    assert len(sandbox_modules()) > 50
    assert len(plugin_files()) > 10
    assert hub_imports("hub.http.client") >= {
        "hub.http.exchange",
        "hub.http.allowlist",
        "hub.errors",
    }
    assert all(
        lower < upper
        for lower, upper in pairwise(FLOOR[name] for name in ("errors", "http", "qbo", "cli"))
    )


def test_tests_lie_in_the_folder_of_their_sort():
    tests = ROOT / "tests"
    misplaced = []
    for path in tests.rglob("test_*.py"):
        folder, *rest = path.relative_to(tests).parts
        if folder == "unit":
            is_placed = len(rest) == 1 or rest[0] in FLOOR
        else:
            is_placed = folder in ("stories", "proofs", "e2e") or not rest
        if not is_placed:
            misplaced.append(str(path))
    assert misplaced == []
    beside = {path.name for path in tests.glob("*.py")}
    assert beside == {"conftest.py", "test_architecture.py", "test_docs.py"}


def test_test_modules_do_not_import_each_other():
    """Require that what several test modules use is in a module without tests."""
    imports_by_file = {}
    for folder in ("tests", "sandbox", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            if "baseline" in path.parts:
                continue
            names = re.findall(r"^\s*(?:from|import) (\S+)", path.read_text("utf-8"), re.MULTILINE)
            imported = [name for name in names if name.rpartition(".")[2].startswith("test_")]
            if imported:
                imports_by_file[str(path.relative_to(ROOT))] = imported
    message = "Move what several test modules use into tests/support."
    assert imports_by_file == {}, message


def test_files_are_no_programs():
    """Allow only the one that the integration calls."""
    folders = (ROOT / name for name in ("hub", "sandbox", "tests", "plugins", "docs", "benchmarks"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o111] == []
