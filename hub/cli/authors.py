"""For plugin authors: `hub new-plugin` creates a package that passes the contract suite."""

import re
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

import click

from hub.cli.plugin_template import AUTHENTICATIONS, LISTS, PAGINGS, Choices, is_name_in_use, render
from hub.cli.plugin_template.kinds import have_files
from hub.cli.terminal import say
from hub.contract.checkout import CHECKOUT, find_checkout
from hub.contract.documents import KINDS

PLUGIN_NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
# What stands in texts of Python, TOML and Markdown without being escaped.
TITLE_PATTERN = re.compile(r"[\w&+.'()-]([\w &+.'()-]{0,38}[\w&+.'()-])?")
# Names that mean something else: to commands of the hub, to its packages, and in its tutorial.
RESERVED_NAMES = frozenset(
    {"hub", "quickbooks", "qbo", "intuit", "sandbox", "testing", "demo", "shed"}
)
PAGING_HELP = (
    "How the source divides its list: by a cursor of changes that is stored from run to run, in"
    " numbered pages, by links to the next page in the answer or in its header Link (all three with"
    " the moment since which rows changed), or by a moment alone, with the first rows that changed"
    " since then, the oldest change first, and no pages. For a cursor that only leads to the next"
    " page take link."
)
KINDS_QUESTION = "Kinds of documents, with commas between"
WEBHOOK_QUESTION = "Does the source call when something changes?"
ATTACHMENTS_QUESTION = "Do its documents have files?"
KNOWN_SOURCES = frozenset(
    {"autotask", "costcertified", "costtracker", "files", "harvest", "ion", "ontraccr"}
)

Answer = TypeVar("Answer")


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kinds",
    metavar="KIND,…",
    help=f"What it posts: {', '.join(KINDS)}. Without it: bill.",
)
@click.option("--title", help='The name of the source that people see, such as "Invoice Ninja".')
@click.option(
    "--auth", type=click.Choice(AUTHENTICATIONS), help="How calls to the source are authenticated."
)
@click.option("--paging", type=click.Choice(PAGINGS), help=PAGING_HELP)
@click.option(
    "--lists",
    type=click.Choice(LISTS),
    help="Whether the source has one list of all documents, or each kind has a list of its own.",
)
@click.option(
    "--webhook/--no-webhook", default=None, help="Whether the source calls when something changes."
)
@click.option(
    "--attachments/--no-attachments", default=None, help="Whether its documents have files."
)
def new_plugin(
    name: str,
    kinds: str | None,
    title: str | None,
    auth: str | None,
    paging: str | None,
    lists: str | None,
    webhook: bool | None,
    attachments: bool | None,
) -> None:
    """Create a plugin named NAME that passes the contract suite.

    On a terminal it asks for what no option says.
    """
    _check_name(name)
    if title:
        _check_title(title)
    folder = Path(name)
    choices = Choices(
        name=name,
        kinds=_parse_kinds(kinds) if kinds else _ask(KINDS_QUESTION, "bill", _parse_kinds),
        auth=auth or _choose("Authentication", AUTHENTICATIONS),
        paging=paging or _choose("Paging", PAGINGS),
        lists=lists or _choose("Lists: one of all documents, or each kind its own", LISTS),
        title=title or _ask("Name of the source for people", name.capitalize(), _check_title),
        webhook=_confirm(WEBHOOK_QUESTION) if webhook is None else webhook,
    )
    choices = choices._replace(attachments=_decide_attachments(choices.kinds, attachments))
    for place, text in render(choices).items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    say(_list_next_commands(name))


def _check_name(name: str) -> None:
    """Raise UsageError if a plugin cannot have a name, or has a folder already."""
    problem = _find_name_problem(name)
    if problem:
        raise click.UsageError(f"{name!r} cannot be the name: {problem}")
    if Path(name).exists():
        raise click.UsageError(f"There is a folder {name} already; nothing was written.")


def _check_title(title: str) -> str:
    """Return the title of a plugin; raise UsageError if it cannot be one."""
    if not TITLE_PATTERN.fullmatch(title):
        raise click.UsageError(
            f"{title!r} cannot be the title: up to 40 letters, digits, spaces and & + . ' ( ) -"
        )
    return title


def _list_next_commands(name: str) -> str:
    """Return the commands that come next, of which each works after those before it."""
    source = find_checkout()
    lines = [
        f"Created {name}. No package index has the hub yet, so install it with its stand-in"
        f" from a checkout{'' if source != CHECKOUT else f', the folder {CHECKOUT}'}:",
        f"  python -m pip install '{source}/sandbox' '{source}[testing]'",
        f"Go on, beside the folder {name}, with:",
        f"  python -m pip install -e '{name}[testing]'",
        f"  python -m pytest {name}",
        f"  hub read {name} --stand-in",
        f"  hub sandbox {name} --port 9000",
        f"  hub dev {name}",
    ]
    return "\n".join(lines)


def _ask(question: str, default: str, check: Callable[[str], Answer]) -> Answer:
    """Return the answer of a person; `default` where there is no terminal.

    `check` converts an answer. After one for which it raises UsageError the person is asked again.
    """
    if not _is_terminal():
        return check(default)
    answer: Answer = click.prompt(question, default=default, value_proc=check)
    return answer


def _choose(question: str, choices: tuple[str, ...]) -> str:
    """Return which choice a person takes; the first one where there is no terminal."""
    if not _is_terminal():
        return choices[0]
    answer: str = click.prompt(question, default=choices[0], type=click.Choice(choices))
    return answer


def _confirm(question: str) -> bool:
    """Return whether a person says yes; false where nobody can be asked."""
    return _is_terminal() and click.confirm(question)


def _decide_attachments(kinds: tuple[str, ...], attachments: bool | None) -> bool:
    """Return whether documents have files; raise UsageError if none of the kinds can have some."""
    if not have_files(kinds):
        if attachments:
            raise click.UsageError("Files belong to transactions; add a kind such as bill.")
        return False
    return _confirm(ATTACHMENTS_QUESTION) if attachments is None else attachments


def _is_terminal() -> bool:
    """Return whether a person can answer."""
    return sys.stdin.isatty()


def _parse_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds that a text lists; raise UsageError if one is unknown or cannot be used."""
    kinds = _split_kinds(text)
    for kind in kinds:
        if kind not in KINDS:
            raise click.UsageError(f"{kind!r} is no kind. There is {', '.join(KINDS)}.")
    if not kinds:
        raise click.UsageError("Name at least one kind of document.")
    if "bill_payment" in kinds and "bill" not in kinds:
        raise click.UsageError("A bill_payment pays bills; add the kind bill.")
    return kinds


def _split_kinds(text: str) -> tuple[str, ...]:
    """Return the parts of a text between commas, each once, without empty ones."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _find_name_problem(name: str) -> str:
    """Return why a new plugin cannot have a name, as a sentence; "" if it can."""
    if not PLUGIN_NAME.fullmatch(name):
        return "lower-case letters and digits, a letter first, 2 to 30."
    if name in RESERVED_NAMES:
        return "the hub uses it for something else. Use the name of your source."
    if is_name_in_use(name):
        return "the code of a plugin uses it for something else. Use another name of your source."
    installed_names = {entry.name for entry in entry_points(group="hub")}
    if name in KNOWN_SOURCES | installed_names:
        return "there is a plugin for this source, and of two plugins of one name none is used."
    return ""
