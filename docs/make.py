"""Writes the parts of the pages that are made from the code; run by `make docs`, checked by tests/test_docs.py."""

import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from hub import documents, hookspecs

HERE = Path(__file__).parent
ROOT = HERE.parent
PART = re.compile(r"(<!-- made: (\w+)(?: (\w+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
CHOICES = ("Kind", "Role", "Stage", "TaxMode", "ItemType", "State")
ROW = re.compile(r'pytest\.mark\.row\(\s*((?:"[\w-]+",?\s*)+)\)')
DONE = re.compile(
    r"^\| ([A-Z]+-[A-Z]?\d+) \| (.*) \| (done|not yet|cannot.*?) \| .*\|$", re.MULTILINE
)


def rows_tested() -> dict[str, list[str]]:
    """Requirement row -> the test files that carry its marker."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/test_*.py")]):
        for marker in ROW.finditer(path.read_text()):
            for row in re.findall(r'"([\w-]+)"', marker.group(1)):
                found[row].add(path.relative_to(ROOT).as_posix())
    return {row: sorted(files) for row, files in found.items()}


def tests(old: str, prefix: str) -> str:
    """The table of requirement rows with the files that prove them."""
    tested = rows_tested()

    def with_tests(match: re.Match[str]) -> str:
        files = ", ".join(f"`{name}`" for name in tested.get(match.group(1), []))
        return f"| {match.group(1)} | {match.group(2)} | {match.group(3)} | {files} |"

    return DONE.sub(with_tests, old)


def hooks(old: str, argument: str) -> str:
    """The hooks with their arguments and what they are for."""
    specs = [value for name, value in vars(hookspecs).items() if name.startswith("hub_")]
    return "".join(
        f"## {spec.__name__}\n\n`{spec.__name__}{_signature(spec)}`\n\n{inspect.getdoc(spec)}\n\n"
        for spec in specs
    )


def nouns(old: str, argument: str) -> str:
    """The nouns of a module with their fields."""
    module = {"documents": documents, "hookspecs": hookspecs}[argument]
    return "".join(_noun(value) for value in _nouns(module))


def commands(old: str, argument: str) -> str:
    """Every command with its help."""
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
    text = str(inspect.signature(spec))
    return re.sub(r"(collections\.abc|hub\.\w+|pathlib|typing)\.", "", text)


def _nouns(module: Any) -> Iterator[type]:
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and value.__module__ == module.__name__
            and hasattr(value, "__dataclass_fields__")
        ):
            yield value


def _noun(value: type) -> str:
    parts = [
        f"### {value.__name__}\n\n{inspect.getdoc(value)}\n\n| field | type | needed |\n|---|---|---|\n"
    ]
    for item in fields(value):  # type: ignore[arg-type]
        needed = item.default is MISSING and item.default_factory is MISSING
        kind = re.sub(
            r"(datetime|dt|decimal|collections\.abc|hub\.\w+|typing)\.", "", _type(item.type)
        )
        parts.append(f"| {item.name} | `{kind}` | {'yes' if needed else ''} |\n")
    return "".join(parts) + "\n"


def _type(kind: Any) -> str:
    text = (
        kind.__name__
        if isinstance(kind, type) and not getattr(kind, "__args__", None)
        else str(kind)
    )
    for name in CHOICES:
        text = text.replace(str(getattr(documents, name)), name)
    return text.replace("|", "or").replace("'", "")


def choices(old: str, argument: str) -> str:
    """The words that a field may be one of."""
    lists = ((name, ", ".join(getattr(documents, name).__args__)) for name in CHOICES)
    return "| name | one of |\n|---|---|\n" + "".join(
        f"| {name} | {words} |\n" for name, words in lists
    )


def stand_in(old: str, argument: str) -> str:
    """What can be chosen of the QuickBooks stand-in."""
    from hub.qbo.sandbox.faults import FAULTS
    from hub.qbo.sandbox.profiles import page
    from hub.qbo.sandbox.switches import Switches
    from hub.sandboxing import KINDS

    if argument == "switches":
        told = Switches().page().items()
        rows = (
            f"| `{name}` | {one['says']} | {_answers(one['choices'])} |\n" for name, one in told
        )
        return "| switch | says | answers, the usual one first |\n|---|---|---|\n" + "".join(rows)
    rows = (
        f"| `{name}` | {says} |\n"
        for name, says in (page() if argument == "companies" else KINDS | FAULTS).items()
    )
    return "| name | is |\n|---|---|\n" + "".join(rows)


def _answers(choices: list[Any]) -> str:
    return ", ".join(
        str(choice).lower() if not isinstance(choice, str) else choice for choice in choices
    )


MADE: dict[str, Callable[[str, str], str]] = {
    "tests": tests,
    "hooks": hooks,
    "nouns": nouns,
    "choices": choices,
    "commands": commands,
    "stand_in": stand_in,
}


def made(page: str) -> str:
    """The page with its made parts as the code says now."""
    return PART.sub(lambda part: part[1] + MADE[part[2]](part[4], part[3] or "") + part[5], page)


def main() -> None:
    """Rewrites every page that has made parts."""
    for path in HERE.glob("*.md"):
        old = path.read_text()
        new = made(old)
        if new != old:
            path.write_text(new)
            sys.stdout.write(f"{path.name} is new\n")


if __name__ == "__main__":
    main()
