"""Look for published advisories about what requirements.lock pins; run by `make advisories`.

pip-audit asks an advisory service about each package. It also ends well where a service answers
every question with nothing, so a package with well-known advisories is asked for first. Where the
service does not name them, nothing counts as checked.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / name for name in ("requirements.lock", "build.lock", "docs.lock", "tools.lock")]
CONTROL = "jinja2==2.4.1"  # its first advisory is of 2014
CHECKED, ADVISORIES, NOT_CHECKED = 0, 1, 3


class Audit(NamedTuple):
    """What an advisory service says about the packages of a file."""

    checked: list[str]
    advisories: list[str]
    skipped: list[str]


class ServiceError(Exception):
    """The advisory service could not be asked."""


def audit(file: Path, options: list[str]) -> Audit:
    """Ask about every package of a requirements file."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--disable-pip"]
    command += ["--no-deps", "--format", "json", "--desc", "off", "--progress-spinner", "off"]
    result = subprocess.run([*command, *options], capture_output=True, text=True)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = result.stderr.strip().splitlines() or ["pip-audit gave no result"]
        raise ServiceError(lines[-1]) from None
    answered = [package for package in packages if "vulns" in package]
    return Audit(
        checked=[package["name"] for package in answered],
        advisories=[
            describe(package, advisory) for package in answered for advisory in package["vulns"]
        ],
        skipped=[package["name"] for package in packages if "vulns" not in package],
    )


def describe(package: dict[str, str], advisory: dict[str, list[str]]) -> str:
    """Return a line about an advisory."""
    fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
    return f"{package['name']} {package['version']}: {advisory['id']}, corrected in {fixed}"


def check_service(options: list[str]) -> None:
    """Fail if the service does not know the advisories of a package that has many."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "control.txt"
        file.write_text(f"{CONTROL}\n", encoding="utf-8")
        if not audit(file, options).advisories:
            raise ServiceError(f"the service knows no advisory for {CONTROL}, which has several")


def check(options: list[str]) -> tuple[int, list[str]]:
    """Return the exit code of a check, and its lines."""
    try:
        check_service(options)
        audits = [audit(lock, options) for lock in LOCKS]
    except ServiceError as error:
        return NOT_CHECKED, [f"Not checked: {error}"]
    advisories = sorted({line for result in audits for line in result.advisories})
    skipped = sorted({name for result in audits for name in result.skipped})
    checked = {name for result in audits for name in result.checked}
    lines = [*advisories, *(f"Not checked: {name}" for name in skipped)]
    lines.append(f"{len(checked)} packages checked, {len(advisories)} advisories")
    if advisories:
        return ADVISORIES, lines
    return (NOT_CHECKED if skipped or not checked else CHECKED), lines


def main() -> int:
    """Check, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", choices=["osv", "pypi"], default="osv")
    parser.add_argument("--osv-url", help="the address of another OSV service")
    chosen = parser.parse_args()
    options = ["--vulnerability-service", chosen.service]
    if chosen.osv_url:
        options += ["--osv-url", chosen.osv_url]
    code, lines = check(options)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
