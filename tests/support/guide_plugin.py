"""The plugin of the author's guide, under another name."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
CODE_BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
EXAMPLE_NAME = "shed"


def guide_plugin(name):
    """Return the files of the guide's plugin by their place, each with its own name replaced."""
    examples = CODE_BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    return {_rename(place, name): _rename(text, name) for place, text in examples}


def _rename(text, name):
    renamed = text.replace(EXAMPLE_NAME, name)
    return renamed.replace(EXAMPLE_NAME.capitalize(), name.capitalize())
