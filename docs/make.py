"""Generate parts of the pages from the code; run by `make docs`, checked by tests/test_docs.py."""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import requirement_tests
from hub.contract import documents, files, hookspecs, receipts, states, types

HERE = Path(__file__).parent
ROOT = HERE.parent
PART = re.compile(r"(<!-- made: (\w+)(?: (\w+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
# The words that fields take, by the name that the pages use for them.
CHOICES: dict[str, Any] = {
    "Kind": documents.Kind,
    "Role": documents.Role,
    "Stage": states.StageName,
    "TaxMode": documents.TaxMode,
    "ItemType": documents.ItemType,
    "ReceiptState": states.ReceiptStateName,
    "Cause": receipts.Cause,
}
LIST_INDENT = "    "  # of what belongs to an entry of a list, as MkDocs requires
MAX_SIGNATURE_LENGTH = 100  # a longer one has a line for each argument
MODULE_PREFIX = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])")
# What tests of a plugin import, the most useful first; the other modules are behind these.
TESTING_MODULES = ("contract", "bench", "golden", "file_contract", "openapi", "clock")


def hooks(old: str, argument: str) -> str:
    """Return the hooks with their arguments and docstrings."""
    specs = [value for name, value in vars(hookspecs).items() if name.startswith("hub_")]
    return "".join(
        f"## {spec.__name__}\n\n`{spec.__name__}{_signature(spec)}`\n\n{inspect.getdoc(spec)}\n\n"
        for spec in specs
    )


def nouns(old: str, argument: str) -> str:
    """Return the dataclasses of a module with their fields."""
    modules = {
        "documents": (documents, receipts),
        "files": (files,),
        "types": (types,),
    }
    classes = [value for module in modules[argument] for value in _nouns(module)]
    return "".join(_noun(value) for value in classes)


def commands(old: str, argument: str) -> str:
    """Return the table of commands with their short help."""
    import click

    from hub.cli import main

    def walk(command: Any, name: str) -> Iterator[str]:
        context = click.Context(command, info_name=name)
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                yield from walk(command.get_command(context, sub), f"{name} {sub}")
        else:
            usage = " ".join(command.collect_usage_pieces(context))
            yield f"| `{name} {usage}` | {command.get_short_help_str(200)} |\n"

    return "| command | does |\n|---|---|\n" + "".join(walk(main, "hub"))


def _signature(spec: Callable[..., object]) -> str:
    text = MODULE_PREFIX.sub("", str(inspect.signature(spec)))
    return text.replace(MODULE_PREFIX.sub("", str(documents.Yielded)), "Yielded")


def _nouns(module: Any) -> Iterator[type]:
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and value.__module__ == module.__name__
            and hasattr(value, "__dataclass_fields__")
        ):
            yield value


def _noun(value: type) -> str:
    title = f"### {value.__name__}\n\n{inspect.getdoc(value)}\n\n"
    parts = [f"{title}| field | type | default |\n|---|---|---|\n"]
    for item in fields(value):  # type: ignore[arg-type]
        if item.name.startswith("_"):
            continue
        parts.append(f"| {item.name} | `{_type(item.type)}` | {_default(item)} |\n")
    return "".join(parts) + "\n"


def _default(item: Field[Any]) -> str:
    """Return the default of a field as the pages show it; "needed" if it has none."""
    if item.default_factory is not MISSING:
        return f"`{item.default_factory()!r}`"
    if item.default is MISSING:
        return "needed"
    if callable(item.default):
        return "see above"
    return f"`{_plain(item.default)!r}`"


def _plain(value: Any) -> Any:
    """Return a default as an author writes it: a stage as its word, an amount as a number."""
    if isinstance(value, StrEnum):
        return str(value)
    return int(value) if isinstance(value, Decimal) else value


def reference(old: str, argument: str) -> str:
    """Return what an author needs of a module: its public functions, or classes and methods."""
    from hub.contract import setting
    from qbo_sandbox import kit

    if argument == "settings":
        functions = inspect.getmembers(setting, inspect.isfunction)
        public = [function for name, function in functions if not name.startswith("_")]
        return "".join(_function(f"setting.{function.__name__}", function) for function in public)
    if argument == "http":
        return "".join(
            _class(value) for value in (types.Http, types.Reply, types.Secrets, files.Files)
        )
    return "".join(_public(name, getattr(kit, name)) for name in kit.__all__)


def _class(value: type) -> str:
    """Return a class with its attributes that are only annotated, and its public methods."""
    title = f"### {value.__name__}\n\n{inspect.getdoc(value)}\n\n"
    node = _source(value)
    assert isinstance(node, ast.ClassDef)
    attributes = [_attribute(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    if attributes:
        title += f"Attributes: {', '.join(attributes)}.\n\n"
    entries = []
    for part in node.body:
        if not isinstance(part, ast.FunctionDef):
            continue
        if part.name == "__init__":
            entries.append(_entry(value.__name__, part, with_result=False))
        elif not part.name.startswith("_"):
            entries.append(_entry(part.name, part))
    return title + "".join(entries)


def _attribute(node: ast.AnnAssign) -> str:
    """Return an attribute with its type."""
    kind = ast.unparse(node.annotation).removeprefix("ClassVar[")
    if kind != ast.unparse(node.annotation):
        kind = kind.removesuffix("]")
    return f"`{ast.unparse(node.target)}: {kind}`"


def _function(name: str, function: Callable[..., object]) -> str:
    """Return a function with its arguments and its docstring, as an entry of a list."""
    node = _source(function)
    assert isinstance(node, ast.FunctionDef)
    return _entry(name, node)


def _source(value: Any) -> ast.stmt:
    """Return the syntax tree of a class or function."""
    return ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]


def _entry(name: str, node: ast.FunctionDef, *, with_result: bool = True) -> str:
    """Return a function with its arguments as they are written, and its docstring."""
    result = f" -> {ast.unparse(node.returns)}" if node.returns and with_result else ""
    if "property" in [ast.unparse(decorator) for decorator in node.decorator_list]:
        signature = f"`{name}{result.replace(' ->', ':')}`"
    else:
        signature = _format_signature(name, node.args, result).replace("'", '"')
    text = textwrap.indent(ast.get_docstring(node) or "", LIST_INDENT)
    return f"- {signature}\n\n{text}\n\n" if text else f"- {signature}\n\n"


def _format_signature(name: str, args: ast.arguments, result: str) -> str:
    """Return a function with its arguments: on one line, or in a block if they are many."""
    arguments = ast.unparse(args).removeprefix("self").removeprefix(", ")
    if len(f"{name}({arguments}){result}") <= MAX_SIGNATURE_LENGTH:
        return f"`{name}({arguments}){result}`"
    lines = [f"    {argument}," for argument in _list_arguments(args)]
    block = "\n".join(["```py", f"{name}(", *lines, f"){result}", "```"])
    return f"`{name}(…)`\n\n{textwrap.indent(block, LIST_INDENT)}"


def _list_arguments(args: ast.arguments) -> list[str]:
    """Return the arguments of a function as they are written, each with its type and default."""
    positional = [*args.posonlyargs, *args.args]
    required = len(positional) - len(args.defaults)
    written = []
    for index, argument in enumerate(positional):
        default = args.defaults[index - required] if index >= required else None
        written.append(_format_argument(argument, default))
    if args.vararg:
        written.append(f"*{ast.unparse(args.vararg)}")
    elif args.kwonlyargs:
        written.append("*")
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        written.append(_format_argument(argument, default))
    if args.kwarg:
        written.append(f"**{ast.unparse(args.kwarg)}")
    return [argument for argument in written if argument != "self"]


def _format_argument(argument: ast.arg, default: ast.expr | None) -> str:
    """Return an argument with its type and its default."""
    if default is None:
        return ast.unparse(argument)
    equals = " = " if argument.annotation else "="
    return f"{ast.unparse(argument)}{equals}{ast.unparse(default)}"


def _type(kind: Any) -> str:
    """Return a type as the pages show it: without modules, with the names of CHOICES."""
    for name, words in CHOICES.items():
        if kind == words:
            return name
    if get_origin(kind) in (Union, UnionType):
        members = [_type(member) for member in get_args(kind)]
        return " or ".join(dict.fromkeys(members))
    if get_origin(kind) is tuple:
        members = ["..." if member is ... else _type(member) for member in get_args(kind)]
        return f"tuple[{', '.join(members)}]"
    if kind is type(None):
        return "None"
    is_class = isinstance(kind, type) and not get_args(kind)
    text = kind.__name__ if is_class else str(kind)
    for name, words in CHOICES.items():
        text = text.replace(str(words), name)
    return MODULE_PREFIX.sub("", text).replace("|", "or").replace("'", "")


def choices(old: str, argument: str) -> str:
    """Return the table of the allowed values of fields."""
    rows = (f"| {name} | {', '.join(words.__args__)} |\n" for name, words in CHOICES.items())
    return "| name | one of |\n|---|---|\n" + "".join(rows)


def stand_in(old: str, argument: str) -> str:
    """Return the table of the faults, switches or companies of the QuickBooks stand-in."""
    from qbo_sandbox.faults.rules import FAULTS
    from qbo_sandbox.kit import KINDS
    from qbo_sandbox.seeding.profiles import describe_profiles
    from qbo_sandbox.switches import Switches

    if argument == "switches":
        told = Switches().page().items()
        rows = (
            f"| `{name}` | {one['says']} | {_answers(one['choices'])} |\n" for name, one in told
        )
        return "| switch | says | answers, the usual one first |\n|---|---|---|\n" + "".join(rows)
    rows = (
        f"| `{name}` | {says} |\n"
        for name, says in (
            describe_profiles() if argument == "companies" else KINDS | FAULTS
        ).items()
    )
    return "| name | is |\n|---|---|\n" + "".join(rows)


def _answers(choices: list[Any]) -> str:
    return ", ".join(
        str(choice).lower() if not isinstance(choice, str) else choice for choice in choices
    )


def metrics(old: str, argument: str) -> str:
    """Return the table of the figures that /metrics shows."""
    from hub.metrics.gauges import GAUGES
    from hub.telemetry.counts import COUNTERS, HISTOGRAMS

    sorts = (("gauge", GAUGES), ("counter", COUNTERS), ("histogram", HISTOGRAMS))
    rows = []
    for sort, declared in sorts:
        for one in declared:
            labels = ", ".join(f"`{label}`" for label in one.labels)
            rows.append(f"| `{one.name}` | {sort} | {labels} | {one.text} |\n")
    return "| name | type | labels | is |\n|---|---|---|---|\n" + "".join(rows)


def public_names(old: str, package: str) -> str:
    """Return every public name of `hub`, or of the modules of `hub.testing`, with its docstring."""
    if package == "hub":
        import hub

        return "".join(_public(name, getattr(hub, name)) for name in hub.__all__)
    return "".join(
        f"## hub.testing.{module}\n\n" + "".join(_public(name, value) for name, value in names)
        for module, names in testing_names()
    )


def name_list(old: str, argument: str) -> str:
    """Return what is public: where it is imported from, the page about it, and the names."""
    import hub
    import qbo_sandbox.kit as kit

    called = [name for name in vars(hookspecs) if name.startswith("hub_")]
    rows = [
        ("`hub`", "[Public names](reference.md)", hub.__all__),
        ("implemented", "[Hooks](hooks.md)", called),
        ("`qbo_sandbox.kit`", "[The kit](stand-in.md#the-kit-for-stand-ins)", kit.__all__),
    ]
    for module, names in testing_names():
        place = f"[Public names](reference.md#hubtesting{module})"
        rows.append((f"`hub.testing.{module}`", place, [name for name, _ in names]))
    table = "| import from | described in | names |\n|---|---|---|\n"
    for place, page, listed in rows:
        table += f"| {place} | {page} | {', '.join(f'`{name}`' for name in sorted(listed))} |\n"
    return table


def testing_names() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Yield each module for tests of plugins with the public classes and functions it defines."""
    for name in TESTING_MODULES:
        module = importlib.import_module(f"hub.testing.{name}")
        members = inspect.getmembers(module, _has_source)
        names = [
            one for one in members if one[0][0] != "_" and one[1].__module__ == module.__name__
        ]
        yield name, names


def _has_source(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def _public(name: str, value: Any) -> str:
    """Return one public name: fields with defaults, methods, arguments or the value."""
    if inspect.isfunction(value):
        return f"### {name}\n\n{_function(name, value)}"
    if inspect.isclass(value) and issubclass(value, StrEnum):
        words = ", ".join(f"`{member}`" for member in value)
        return f"### {name}\n\n{inspect.getdoc(value)}\n\nOne of {words}.\n\n"
    if inspect.isclass(value) and hasattr(value, "__dataclass_fields__"):
        return _noun(value) + _methods(value)
    if inspect.isclass(value):
        return _class(value)
    if inspect.ismodule(value):
        return f"### {name}\n\n{inspect.getdoc(value)}\n\n{reference('', 'settings')}"
    return f"### {name}\n\n{_value(value)}\n\n"


def _value(value: Any) -> str:
    """Return a constant or the name of a type: its allowed words, its entries, or its type."""
    if get_origin(value) is Literal:
        return f"One of {', '.join(f'`{word}`' for word in get_args(value))}."
    if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        rows = [f"| `{key}` | {text} |" for key, text in value.items()]
        return "\n".join(["| name | is |", "|---|---|", *rows])
    return f"`{_type(value) if get_args(value) else type(value).__name__}`"


def _methods(value: type) -> str:
    node = _source(value)
    assert isinstance(node, ast.ClassDef)
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    return "".join(_entry(part.name, part) for part in methods if not part.name.startswith("_"))


GENERATORS: dict[str, Callable[[str, str], str]] = {
    "tests": requirement_tests.table,
    "hooks": hooks,
    "nouns": nouns,
    "reference": reference,
    "public_names": public_names,
    "name_list": name_list,
    "choices": choices,
    "commands": commands,
    "metrics": metrics,
    "stand_in": stand_in,
}


def render(page: str) -> str:
    """Return the page with its generated parts as the code defines them now."""
    return PART.sub(
        lambda part: part[1] + GENERATORS[part[2]](part[4], part[3] or "") + part[5], page
    )


def main() -> None:
    """Rewrite every page that has generated parts."""
    for path in [*HERE.glob("**/*.md"), ROOT / "sandbox" / "README.md"]:
        old = path.read_text()
        new = render(old)
        if new != old:
            path.write_text(new)
            sys.stdout.write(f"{path.name} is new\n")


if __name__ == "__main__":
    main()
