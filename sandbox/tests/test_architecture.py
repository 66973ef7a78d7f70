"""Tests of the stand-in's import rules between packages."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import qbo_sandbox

FOLDER = Path(qbo_sandbox.__file__).parent
# Packages and modules directly in qbo_sandbox; each may import those listed before it.
LAYERS = [
    "kit",
    "options",
    "switches",
    "accounting",
    "entities",
    "reports",
    "faults",
    "api",
    "oauth",
    "web",
    "seeding",
    "app",
    "factory",
]
UNRELATED = [("api", "oauth")]  # neither of the two may import the other
PACKAGES = [path.parent for path in FOLDER.glob("*/__init__.py")]


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Return the full names that a module imports, including names imported from packages."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def layer_imports() -> dict[str, set[str]]:
    """Return, for each layer, the layers that its modules import."""
    used: dict[str, set[str]] = {layer: set() for layer in LAYERS}
    for path in FOLDER.rglob("*.py"):
        layer = path.relative_to(FOLDER).with_suffix("").parts[0]
        layer_modules = [
            name.split(".")[1] for name in imports_of(path) if name.startswith("qbo_sandbox.")
        ]
        used.setdefault(layer, set()).update(name for name in layer_modules if name in LAYERS)
        used[layer].discard(layer)
    return used


def test_a_layer_imports_only_layers_below_it():
    used = layer_imports()
    for number, layer in enumerate(LAYERS):
        assert used[layer] <= set(LAYERS[:number]), layer
    for module, other in UNRELATED:
        assert other not in used[module]
        assert module not in used[other]


def module_imports() -> dict[str, set[str]]:
    """Return, for each module, the modules that it imports, including imports for types."""
    paths = {
        ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in FOLDER.rglob("*.py")
    }
    graph = {}
    for name, path in paths.items():
        # `from package import name` may import a module or an attribute.
        used = {full if full in paths else full.rpartition(".")[0] for full in imports_of(path)}
        graph[name] = (used & set(paths)) - {name}
    return graph


def test_no_module_imports_itself_by_way_of_others():
    TopologicalSorter(module_imports()).prepare()  # raises CycleError with the modules


def test_a_cycle_would_be_noticed():
    graph = module_imports()
    graph["qbo_sandbox.accounting.values"].add("qbo_sandbox.factory")
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


def test_every_package_has_a_layer():
    assert {folder.name for folder in PACKAGES} <= set(LAYERS)


def test_nothing_of_the_hub_is_imported():
    for path in FOLDER.rglob("*.py"):
        roots = {name.split(".")[0] for name in imports_of(path)}
        assert not {name for name in roots if name == "hub" or name.startswith("hub_")}, path


def test_every_package_says_what_it_is_for_what_it_may_import_and_where_to_start():
    for folder in PACKAGES:
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
        assert "May import" in text, folder
        assert "Start\nreading" in text or "Start reading" in text, folder


def test_these_rules_look_at_real_imports():
    used = layer_imports()
    assert all(module in used["factory"] for module in ("app", "seeding", "kit"))
    assert "accounting" in used["entities"]
