"""Every `hub` command on a page of the documentation exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hub.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "sandbox" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = r"(?:[A-Z_]+=\S+ )*hub ([a-z-]+(?: [^`\n]+)?)"
IN_BLOCK = re.compile(rf"^(?:\$ )?{COMMAND}$", re.MULTILINE)
INLINE = re.compile(f"`{COMMAND}`")


def commands_of(text: str) -> Iterator[str]:
    """Yield the commands in code blocks, and those in a line of text."""
    for block in BLOCK.findall(text):
        yield from IN_BLOCK.findall(block)
    yield from INLINE.findall(BLOCK.sub("", text))


def words_of(command: str) -> list[str]:
    """Return the words of a command without what only the shell or a person reads."""
    words = shlex.split(command, comments=True)
    ends = [place for place, word in enumerate(words) if word in (">", "&", "|", "&&", "<", "…")]
    written = words[: min(ends, default=len(words))]
    return [word for word in written if word != "[OPTIONS]"]


def find_problem(command: str) -> str:
    """Return what the hub does not know in a command; "" if it knows everything.

    Placeholders and files of the pages need not exist.
    """
    words, known = words_of(command), main
    context = click.Context(main)
    while isinstance(known, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        subcommand = known.get_command(context, name)
        if subcommand is None:
            return f"no command {name}"
        known = subcommand
    try:
        known.make_context("hub", words)
    except (click.MissingParameter, click.BadParameter, click.exceptions.Exit):
        return ""
    except click.UsageError as error:
        is_named_alone = isinstance(known, click.Group)
        return "" if is_named_alone else error.format_message()
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_exists(page: Path) -> None:
    problems = {
        command: problem
        for command in commands_of(page.read_text())
        if (problem := find_problem(command))
    }
    assert problems == {}


def test_many_commands_are_checked() -> None:
    assert len([command for page in PAGES for command in commands_of(page.read_text())]) > 100


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```\nhub reed shed\n```\n", "no command reed"),
        ("```\n$ HUB_DATA=x hub read shed --onyl r1   # one\n```\n", "No such option"),
        ("Run `hub apps enabel barn`.", "no command enabel"),
        ("Run `hub dev shed --no-such`.", "No such option"),
        ("```\nhub sandbox shed --port 9000 --json > shed.json &\n```\n", ""),
    ],
)
def test_an_unknown_command_or_option_is_found(text: str, problem: str) -> None:
    [command] = commands_of(text)
    found = find_problem(command)
    assert found.startswith(problem)
    assert bool(found) == bool(problem)
