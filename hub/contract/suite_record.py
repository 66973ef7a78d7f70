"""The record of a plugin's tests: a file in its package that says what a test run has shown.

The pytest option `--record-tests` writes it; the tier of an app is computed from it.
"""

import hashlib
import json
import sys
from pathlib import Path

from hub.contract.registry import Plugins
from hub.contract.value_object import value_object

RECORD_FILE_NAME = "test-record.json"


@value_object
class SuiteRecord:
    """The result of a test run for one state of a plugin: its version, and a hash of its code.

    - `contract`: the apps whose contract suite passed.
    - `deletions`: the apps of which a test read a deletion.
    - `reports`: the apps whose receipts changed something at their stand-in.
    - `webhooks`: the apps that accepted the signed calls of their stand-in and refused forged ones.
    - `golden`: the kinds of documents, and of the records that their codes create, that passing
      tests compared with golden files.
    """

    version: str
    code: str
    contract: tuple[str, ...]
    deletions: tuple[str, ...]
    golden: tuple[str, ...]
    reports: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()


def find_package_folder(plugins: Plugins, slug: str) -> Path | None:
    """Return the folder of the package that owns an app; None for a module without a folder."""
    package = sys.modules.get(plugins.package(slug))
    for folder in getattr(package, "__path__", ()):
        return Path(folder)
    return None


def compute_code_hash(folder: Path) -> str:
    """Return a hash over the names and contents of all modules of a package."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{content} {file.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()


def read(folder: Path) -> SuiteRecord | None:
    """Return the record in the folder of a package; None if there is none that can be read."""
    try:
        values = json.loads((folder / RECORD_FILE_NAME).read_text(encoding="utf-8"))
        return SuiteRecord(
            version=str(values["version"]),
            code=str(values["code"]),
            contract=tuple(values["contract"]),
            deletions=tuple(values["deletions"]),
            golden=tuple(values["golden"]),
            reports=tuple(values.get("reports", ())),  # older records have neither
            webhooks=tuple(values.get("webhooks", ())),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(folder: Path, record: SuiteRecord) -> Path:
    """Write the record into the folder of a package; return the file."""
    values = {
        "version": record.version,
        "code": record.code,
        "contract": sorted(record.contract),
        "deletions": sorted(record.deletions),
        "golden": sorted(record.golden),
        "reports": sorted(record.reports),
        "webhooks": sorted(record.webhooks),
    }
    file = folder / RECORD_FILE_NAME
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return file
