"""Virtual environments with wheels of this checkout and only their declared packages.

No package index is needed: wheels are built with the installed hatchling, and their dependencies
are linked from the environment in which the tests run.
"""

import os
import subprocess
import venv
import zipfile
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OWN = "qbo-"  # distributions of this checkout, installed only as wheels
PLUGIN = "qbo_hub_"  # how a plugin's wheel begins; the hub refuses a plugin whose files are links
RUN_SCRIPT = """
import sys
from importlib.metadata import entry_points
[script] = entry_points(group="console_scripts", name=sys.argv[1])
sys.argv[:] = sys.argv[1:]
sys.exit(script.load()())
"""


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a project folder."""
    return Path(next(WheelBuilder(str(project)).build(directory=str(folder))))


def unpack(wheel: Path, folder: Path) -> None:
    """Write the content of a wheel into a folder."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def distribution_of(wheel: Path) -> str:
    """Return the name and the version of the distribution in a wheel."""
    return "-".join(wheel.name.split("-")[:2])


class WheelEnvironment:
    """A virtual environment for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own: dict[str, list[str]] = {}
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        [self.packages] = folder.glob("lib/python*/site-packages")

    def install(self, *wheels: Path, extra: str = "") -> None:
        """Install wheels, and link the packages that they declare, also for an extra.

        An extra of another wheel that they need is linked if that wheel was installed before.
        """
        for wheel in wheels:
            if wheel.name.startswith(PLUGIN):
                unpack(wheel, self.packages)
            else:
                self._link_unpacked(wheel)
            [metadata] = self.packages.glob(f"{distribution_of(wheel)}.dist-info/METADATA")
            headers = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
            requirements = headers.get_all("Requires-Dist") or []
            self._own[canonicalize_name(headers["Name"])] = requirements
            self._link_all(requirements, "")
            if extra:
                self._link_all(requirements, extra)

    def _link_unpacked(self, wheel: Path) -> None:
        """Link the content of a wheel; it is unpacked and compiled once for all environments.

        It lies in a folder that the search for secrets takes for installed code, which it is.
        """
        folder = wheel.parent / "site-packages" / wheel.stem
        if not folder.exists():
            unpack(wheel, folder)
        for top in folder.iterdir():
            (self.packages / top.name).symlink_to(top)

    def link(self, name: str, extra: str = "") -> None:
        """Link an installed distribution and its declared dependencies."""
        installed = distribution(name)
        tops = {Path(file).parts[0] for file in installed.files or ()}
        for top in tops - {"..", "__pycache__"}:
            source, target = Path(str(installed.locate_file(top))), self.packages / top
            if not target.exists():
                target.symlink_to(source)
        self._link_all(installed.requires or [], extra)

    def _link_all(self, requirements: list[str], extra: str) -> None:
        for text in requirements:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            pending = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
            if not pending:
                continue
            if name.startswith(OWN):
                for inner in requirement.extras:
                    self._link_all(self._own[name], inner)
                continue
            if not self._has(name) or requirement.extras:
                for inner in ("", *requirement.extras):
                    self.link(name, inner)

    def _has(self, name: str) -> bool:
        folders = self.packages.glob("*.dist-info")
        return name in {canonicalize_name(path.name.split("-")[0]) for path in folders}

    def run(
        self, *arguments: str, cwd: Path | None = None, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run the environment's Python without the surrounding environment variables."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **environ},
            capture_output=True,
            text=True,
        )

    def script(
        self, name: str, *arguments: str, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command installed by a wheel."""
        return self.run("-c", RUN_SCRIPT, name, *arguments, **environ)
