"""The groups of kinds of documents: each is defined once."""

import ast
import importlib
from collections.abc import Mapping
from pathlib import Path

from hub.contract.documents import KINDS

ROOT = Path(__file__).parent.parent.parent.parent


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def constants(path):
    """Return the names to which a module assigns a collection or a computed value at its top."""
    names = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if not isinstance(node.value, (ast.Name, ast.Constant, type(None))):
            names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def group_of_kinds(value):
    """Return what a constant groups if it holds two kinds of documents or more, and else nothing.

    A mapping of kinds to kinds is a group of pairs. A mapping with one entry for each kind is none.
    """
    if isinstance(value, Mapping):
        group = list(value.items())
        parts = [part for pair in group for part in pair]
    elif isinstance(value, (tuple, list, set, frozenset)):
        group = parts = list(value)
    else:
        return None
    is_group = len(group) > 1 and all(isinstance(part, str) and part in KINDS for part in parts)
    return frozenset(group) if is_group else None


def find_repeated_groups(values):
    """Return the names of constants whose groups of kinds are equal, from their values by name."""
    names = {}
    for name, value in values.items():
        group = group_of_kinds(value)
        if group is not None:
            names.setdefault(group, []).append(name)
    return [same for same in names.values() if len(same) > 1]


def test_each_group_of_kinds_is_defined_once():
    values = {}
    for path in sorted(ROOT.glob("hub/**/*.py")):
        text = path.read_text(encoding="utf-8")
        if "migrations" not in path.parts and ("_KINDS" in text or '"invoice"' in text):
            module = importlib.import_module(name_of(path))
            for name in constants(path):
                values[f"{module.__name__}.{name}"] = getattr(module, name)
    assert "hub.contract.document_kinds.CUSTOMER_KINDS" in values
    assert find_repeated_groups(values) == [], (
        "Two constants hold the same kinds. Define the group once; if several packages use it, in"
        " hub/contract/document_kinds.py."
    )


def test_equal_groups_of_kinds_are_found_in_any_container():
    values = {
        "a.SALES": ("invoice", "refund"),
        "b.SOLD": {"refund", "invoice"},
        "a.PAID": {"payment": "invoice", "bill_payment": "bill"},
        "b.PAID": {"bill_payment": "bill", "payment": "invoice"},
        "a.TITLES": {"invoice": "Invoices", "refund": "Refunds"},
        "a.STATES": ("posted", "held"),
        "b.STATES": ("posted", "held"),
    }
    assert find_repeated_groups(values) == [["a.SALES", "b.SOLD"], ["a.PAID", "b.PAID"]]
