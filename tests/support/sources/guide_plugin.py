"""The plugin of the authors' tutorial, under another name."""

import re
import tomllib
from pathlib import Path

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorial.md"
CODE_BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
EXAMPLE_NAME = "shed"


def guide_plugin(name):
    """Return the files of the tutorial's plugin by their place, each with its own name replaced."""
    examples = CODE_BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))
    return {_rename(place, name): _rename(text, name) for place, text in examples}


def _rename(text, name):
    renamed = text.replace(EXAMPLE_NAME, name)
    return renamed.replace(EXAMPLE_NAME.capitalize(), name.capitalize())


def install(folder, slug, sources, *, readme=""):
    """Write the files of a plugin and what says that it is installed; return its modules."""
    files = {}
    for name, code in sources.items():
        files[name] = folder / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        files[name].write_text(code)
    entry = tomllib.loads(files["pyproject.toml"].read_text())["project"]
    installed = folder / f"{entry['name'].replace('-', '_')}-{entry['version']}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {entry['name']}\nVersion: {entry['version']}\n\n{readme}"
    )
    (installed / "entry_points.txt").write_text(
        f"[hub]\n{slug} = {entry['entry-points']['hub'][slug]}\n"
    )
    return {name: path for name, path in files.items() if name.endswith(".py")}
