"""For plugin authors: `hub new-plugin` lays out the plugin of the author's guide under another name."""

import re
from pathlib import Path

import click

from hub.cli.console import say

BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
MODEL = "shed"
README = "# {title} in the hub\n\nWhat it posts, what is set, which codes are matched.\n"


@click.command("new-plugin")
@click.argument("name")
def new_plugin(name: str) -> None:
    """Lay out a plugin named NAME that passes the contract."""
    if not NAME.fullmatch(name) or name == MODEL:
        raise click.UsageError(
            f"{name!r} cannot be the name: lower-case letters and digits, a letter first, 2 to 30."
        )
    folder = Path(name)
    if folder.exists():
        raise click.UsageError(f"There is a folder {name} already; nothing was written.")
    for place, text in plugin(name).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")
    say(
        f"{name} is laid out. Go on with:\n  pip install -e {name}\n  pytest {name}\n  hub sandbox {name} --port 9000"
    )


def plugin(name: str) -> dict[str, str]:
    """The files of a plugin of that name, by their place in its folder."""
    title = name.capitalize()
    files = dict(BLOCK.findall(_guide())) | {"README.md": README.format(title=title)}
    return {
        _renamed(place, name, title): _renamed(text, name, title) for place, text in files.items()
    }


def _renamed(text: str, name: str, title: str) -> str:
    return text.replace(MODEL, name).replace(MODEL.capitalize(), title)


def _guide() -> str:
    """The author's guide: beside the modules when installed, among the pages in a checkout."""
    house = Path(__file__).parent.parent
    places = (house / "write-a-plugin.md", house.parent / "docs" / "write-a-plugin.md")
    return next(place for place in places if place.exists()).read_text(encoding="utf-8")
