"""The optional list of plugins that may be loaded, each with the hash of its installed files."""

import base64
import csv
import hashlib
import json
import marshal
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, EntryPoint
from importlib.util import cache_from_source, find_spec
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hub.errors import ConfigurationError, PluginBroken

SETTING_NAME = "HUB_PLUGINS_FILE"
LINE_PATTERN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>\S+)\s+sha256:(?P<hash>[0-9a-f]{64})")
SEPARATORS = re.compile(r"[-_.]+")
# Files of a distribution's folder of metadata that depend on how it was installed.
INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
BYTECODE_HEADER_BYTES = 16

Allowed = Mapping[tuple[str, str], frozenset[str]]  # hashes by name and version


class RecordedFile(NamedTuple):
    """A file as an installer noted it in RECORD."""

    path: PurePosixPath  # below the folder of all packages
    hash: str  # "sha256=" and the digest in base64; "" for RECORD itself


def load(path: str) -> Allowed | None:
    """Return the hashes that a file allows; None if no file is named."""
    if not path:
        return None
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            SETTING_NAME, f"names {path}, which cannot be read: {error}"
        ) from None


def parse(text: str) -> Allowed:
    """Return the hashes that a list allows; raise ConfigurationError for a line that is none."""
    allowed_hashes: dict[tuple[str, str], frozenset[str]] = {}
    for line in text.splitlines():
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        match = LINE_PATTERN.fullmatch(entry)
        if match is None:
            raise ConfigurationError(
                SETTING_NAME,
                f"has the line {entry!r}, which is not like `distribution==version sha256:…`;"
                " `hub plugins --hashes` prints the lines",
            )
        key = _build_distribution_key(match["name"], match["version"])
        allowed_hashes[key] = allowed_hashes.get(key, frozenset()) | {match["hash"]}
    return allowed_hashes


def format_line(entry: EntryPoint) -> str:
    """Return the line that allows a plugin as it is installed now, or a comment with the reason."""
    distribution = entry.dist
    if distribution is None:
        return f"# {entry.name}: it belongs to no distribution"
    title = f"{distribution.name}=={distribution.version}"
    try:
        return f"{title} sha256:{_hash_files(entry, distribution)}"
    except PluginBroken as error:
        return f"# {title}: {error.reason}"


def explain_refusal(entry: EntryPoint, allowed_hashes: Allowed) -> str:
    """Return why a plugin may not be loaded; "" if the list has it and its files are unchanged.

    Nothing of the plugin is imported for this.
    """
    distribution = entry.dist
    if distribution is None:
        return f"it belongs to no distribution, so the list of {SETTING_NAME} cannot name it."
    hashes = allowed_hashes.get(_build_distribution_key(distribution.name, distribution.version))
    if not hashes:
        return (
            f"the list of {SETTING_NAME} does not have it in version {distribution.version}."
            " `hub plugins --hashes` prints the line for it."
        )
    try:
        installed_hash = _hash_files(entry, distribution)
    except PluginBroken as error:
        return error.reason
    if installed_hash not in hashes:
        return (
            f"its files are not those of the list of {SETTING_NAME}: their hash is "
            f"sha256:{installed_hash}. Install it again, or find out who changed it."
        )
    return ""


def _build_distribution_key(name: str, version: str) -> tuple[str, str]:
    """Return the name of a distribution as package indexes compare it, and its version."""
    return SEPARATORS.sub("-", name).lower(), version


def _hash_files(entry: EntryPoint, distribution: Distribution) -> str:
    """Return the hash of a distribution's files; raise PluginBroken if they are not as installed.

    The hash is the same on every machine, because it leaves out files that the installer adds.
    """
    _require_files_of_its_own(distribution)
    lines = []
    paths = set()
    for file in sorted(_iter_own_files(distribution)):
        digest = _compute_verified_digest(distribution, file)
        lines.append(f"{digest} {file.path}\n")
        paths.add(_get_installed_path(distribution, file).resolve())
    _require_no_other_files(distribution, paths)
    _require_honest_bytecode(distribution, paths)
    _require_module(entry, distribution, paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _require_files_of_its_own(distribution: Distribution) -> None:
    """Raise PluginBroken for an editable installation, and for one without a list of its files."""
    direct_url = json.loads(distribution.read_text("direct_url.json") or "{}")
    files = list(_iter_recorded_files(distribution))
    is_editable = direct_url.get("dir_info", {}).get("editable", False)
    if is_editable or any(file.path.suffix == ".pth" for file in files):
        raise PluginBroken(
            distribution.name,
            f"it is installed in a form that {SETTING_NAME} cannot check (editable, or with a "
            ".pth file, which runs when Python starts). Install its wheel.",
        )
    if not files:
        raise PluginBroken(distribution.name, "it has no list of its files (RECORD).")


def _iter_recorded_files(distribution: Distribution) -> Iterator[RecordedFile]:
    """Yield every file that was installed, whether or not it is still there.

    `Distribution.files` leaves out missing files from Python 3.12 on.
    """
    record = distribution.read_text("RECORD") or ""
    for name, recorded_hash, *_ in csv.reader(record.splitlines()):
        yield RecordedFile(PurePosixPath(name), recorded_hash)


def _iter_own_files(distribution: Distribution) -> Iterator[RecordedFile]:
    """Yield the files that are the same wherever a distribution is installed."""
    for file in _iter_recorded_files(distribution):
        folder = file.path.parts[0]
        is_of_installer = folder.endswith(".dist-info") and file.path.name in INSTALLER_FILES
        is_outside = folder == ".."  # scripts, which name the interpreter
        if not (is_of_installer or is_outside or file.path.suffix == ".pyc"):
            yield file


def _get_installed_path(distribution: Distribution, file: RecordedFile) -> Path:
    """Return where a file is installed."""
    return Path(str(distribution.locate_file(str(file.path))))


def _compute_verified_digest(distribution: Distribution, file: RecordedFile) -> str:
    """Return the digest of a file; raise PluginBroken if it is not the one that was installed."""
    try:
        digest = hashlib.sha256(_get_installed_path(distribution, file).read_bytes())
    except OSError:
        raise PluginBroken(distribution.name, f"its file {file.path} is missing.") from None
    value = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    if file.hash != f"sha256={value}":
        raise PluginBroken(
            distribution.name, f"its file {file.path} was changed after it was installed."
        )
    return digest.hexdigest()


def _require_no_other_files(distribution: Distribution, paths: set[Path]) -> None:
    """Raise PluginBroken for a file that was added to the folders of a distribution.

    Python may prefer such a file to the installed one, for example a compiled module.
    """
    root = Path(str(distribution.locate_file(""))).resolve()
    folders = {root / path.relative_to(root).parts[0] for path in paths}
    for folder in sorted(path for path in folders if path.suffix != ".dist-info"):
        for file in sorted(folder.rglob("*")):
            is_installed = file.resolve() in paths
            if file.is_dir() or is_installed or _is_honest_bytecode(file):
                continue
            name = file.relative_to(root)
            raise PluginBroken(
                distribution.name, f"its file {name} was added or changed after it was installed."
            )


def _is_honest_bytecode(file: Path) -> bool:
    """Return whether a file is compiled from the module beside it, or never read by this Python."""
    if file.suffix != ".pyc" or file.parent.name != "__pycache__":
        return False
    source = file.parent.parent / f"{file.name.partition('.')[0]}.py"
    if Path(cache_from_source(str(source))) != file:
        return True
    return source.exists() and _is_compiled_from(file, source)


def _require_honest_bytecode(distribution: Distribution, paths: set[Path]) -> None:
    """Raise PluginBroken if Python would run byte code that is not compiled from its module.

    PYTHONPYCACHEPREFIX can put it into another folder.
    """
    modules = [path for path in sorted(paths) if path.suffix == ".py"]
    for module in modules:
        compiled_file = Path(cache_from_source(str(module)))
        if compiled_file.exists() and not _is_compiled_from(compiled_file, module):
            raise PluginBroken(
                distribution.name,
                f"its file {compiled_file.name} was added or changed after it was installed.",
            )


def _is_compiled_from(compiled_file: Path, source: Path) -> bool:
    """Return whether a file holds the byte code of a module."""
    try:
        content = compiled_file.read_bytes()[BYTECODE_HEADER_BYTES:]
        code = marshal.loads(content)  # noqa: S302 (not executed)
        return bool(code == compile(source.read_bytes(), str(source), "exec", dont_inherit=True))
    except (EOFError, ValueError, TypeError, SyntaxError):
        return False


def _require_module(entry: EntryPoint, distribution: Distribution, paths: set[Path]) -> None:
    """Raise PluginBroken if the import of the plugin would load the file of somebody else."""
    package = entry.module.partition(".")[0]
    spec = find_spec(package)
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    if origin not in paths:
        raise PluginBroken(
            distribution.name,
            f"its module {package} would be imported from {origin or 'nowhere'}, which is not among"
            " its files.",
        )
