"""The checkout of the hub and of its plugins, from which their extras are installed.

No package index has them yet.
"""

import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub.errors import MissingExtra

CHECKOUT = "CHECKOUT"  # stands for the folder of the hub's source where it is not known
HUB_DISTRIBUTION = "qbo-hub"
# The package of the QuickBooks stand-in, of the distribution qbo-sandbox.
SANDBOX_PACKAGE = "qbo_sandbox"
TEST_MODULES = {  # by package of the extra `testing`: what `hub.testing` imports of it
    "qbo-sandbox": SANDBOX_PACKAGE,
    "pytest": "pytest",
    "jsonschema-rs": "jsonschema_rs",
    "pyyaml": "yaml",
}


def find_checkout() -> str:
    """Return the folder of the hub's source, from which it runs or was installed, or CHECKOUT."""
    for folder in (str(Path(__file__).parents[2]), _find_origin(HUB_DISTRIBUTION)):
        if folder and (Path(folder) / "sandbox" / "pyproject.toml").exists():
            return folder
    return CHECKOUT


def build_extra_command(extra: str) -> str:
    """Return the command that installs an extra of the hub, together with the stand-in."""
    return _build_install_command(find_checkout(), extra)


def build_stand_in_command(plugin: str) -> str:
    """Return the command that installs what the stand-in of a plugin's distribution needs."""
    folder = _find_origin(plugin) or f"FOLDER OF {plugin}"
    return _build_install_command(folder, "sandbox")


def build_plugin_command(plugin: str) -> str:
    """Return the command that installs a plugin's distribution with the packages that it needs."""
    return f"python -m pip install '{_find_origin(plugin) or plugin}'"


def has_stand_ins() -> bool:
    """Return whether the QuickBooks stand-in is installed, which every other stand-in needs too."""
    return find_spec(SANDBOX_PACKAGE) is not None


def require_stand_ins(purpose: str, plugin: str = "") -> None:
    """Raise MissingExtra unless the QuickBooks stand-in is installed.

    The error names the extra of a plugin's distribution, without one that of the hub.
    """
    if has_stand_ins():
        return
    command = build_stand_in_command(plugin) if plugin else build_extra_command("demo")
    raise MissingExtra(purpose, "the QuickBooks stand-in", command)


def require_test_tools(purpose: str) -> None:
    """Raise MissingExtra unless the packages of the hub's extra `testing` are installed.

    The error names one that is missing.
    """
    for package, module in TEST_MODULES.items():
        if find_spec(module) is None:
            raise MissingExtra(purpose, package, build_extra_command("testing"))


def _build_install_command(folder: str, extra: str) -> str:
    return f"python -m pip install '{find_checkout()}/sandbox' '{folder}[{extra}]'"


def _find_origin(name: str) -> str:
    """Return the folder from which a distribution was installed; "" if it came as a wheel."""
    with suppress(PackageNotFoundError):
        origin = json.loads(distribution(name).read_text("direct_url.json") or "{}")
        if "dir_info" in origin:
            return unquote(urlsplit(origin["url"]).path)
    return ""
