"""For plugin authors: `hub new-plugin` lays out the example of the author's guide by name."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import click

from hub.cli.terminal import say

CODE_BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
PLUGIN_NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
EXAMPLE_NAME = "shed"
# Names that mean something else: to commands of the hub, to its packages, and to people.
RESERVED_NAMES = frozenset({"hub", "quickbooks", "qbo", "intuit", "sandbox", "testing", "demo"})
KNOWN_SOURCES = frozenset({"autotask", "costcertified", "costtracker", "ion", "ontraccr"})
README = "# {title} in the hub\n\nWhat it posts, what is set, which codes are matched.\n"


@click.command("new-plugin")
@click.argument("name")
def new_plugin(name: str) -> None:
    """Create a plugin named NAME that passes the contract suite."""
    problem = _name_problem(name)
    if problem:
        raise click.UsageError(f"{name!r} cannot be the name: {problem}")
    folder = Path(name)
    if folder.exists():
        raise click.UsageError(f"There is a folder {name} already; nothing was written.")
    for place, text in plugin(name).items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    say(
        f"{name} is laid out. Go on with:\n  python -m pip install -e '{name}[testing]'\n"
        f"  python -m pytest {name}\n  hub sandbox {name} --port 9000"
    )


def _name_problem(name: str) -> str:
    """Return why a new plugin cannot have a name, as a sentence; "" if it can."""
    if not PLUGIN_NAME.fullmatch(name):
        return "lower-case letters and digits, a letter first, 2 to 30."
    if name in RESERVED_NAMES:
        return "the hub uses it for something else. Use the name of your source."
    if name == EXAMPLE_NAME:
        return "the example of the author's guide has it. Use the name of your source."
    installed = {entry.name for entry in entry_points(group="hub")}
    if name in KNOWN_SOURCES | installed:
        return "there is a plugin for this source, and of two plugins of one name none is used."
    return ""


def plugin(name: str) -> dict[str, str]:
    """Return the files of a plugin of that name, by their place in its folder."""
    examples = dict(CODE_BLOCK.findall(_guide()))
    examples["README.md"] = README.format(title=name.capitalize())
    files = {}
    for place, text in examples.items():
        files[_rename(place, name)] = _rename(text, name)
    return files


def _rename(text: str, name: str) -> str:
    """Replace the name of the example's app by that of the new one.

    Both are written in lower case in code, and with a capital in texts.
    """
    renamed = text.replace(EXAMPLE_NAME, name)
    return renamed.replace(EXAMPLE_NAME.capitalize(), name.capitalize())


def _guide() -> str:
    """Return the author's guide, which is beside the modules if installed, else in `docs`."""
    package = Path(__file__).parent.parent
    guide = package / "write-a-plugin.md"
    if not guide.exists():
        guide = package.parent / "docs" / "write-a-plugin.md"
    return guide.read_text(encoding="utf-8")
