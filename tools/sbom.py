"""Write the software bill of materials of this checkout as CycloneDX JSON; run by `make sbom`.

Versions and hashes come from requirements.lock, licences and dependencies from the installed
metadata. The same checkout gives the same bytes: neither time nor chance goes into the file.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
HUB = "qbo-hub"
STAND_IN = "qbo-sandbox"  # no part of a hub at work
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAMESPACE = UUID("6f1ab6a5-1d0c-5d3e-9a55-3c1f2f0a5f0e")  # of the serial numbers of these files


class Pin(NamedTuple):
    """A package as the lock file pins it."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_lock(text: str) -> list[Pin]:
    """Return every package of a lock file."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if match := PIN.match(line):
            pins.append(Pin(canonicalize_name(match["name"]), match["version"], ()))
        if match := HASH.search(line):
            pins[-1] = pins[-1]._replace(hashes=(*pins[-1].hashes, match[1]))
    return pins


def own_distributions() -> list[str]:
    """Return the distributions that are built from this checkout, the hub first."""
    files = [ROOT / "sandbox" / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    names = [re.search(r'^name = "(.+)"$', file.read_text(), re.MULTILINE) for file in files]
    return [HUB, *(match[1] for match in names if match)]


def installed(name: str) -> Distribution | None:
    """Return an installed distribution; None for one that this platform does not need."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def requirements(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield what a distribution requires on this platform, with some of its extras."""
    result = installed(name)
    for text in (result.requires if result else None) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def closure(names: list[str], *, with_extras: bool) -> set[str]:
    """Return everything that distributions need, directly or not."""
    pending = [(name, own_extras(name) if with_extras else frozenset[str]()) for name in names]
    visited = set[tuple[str, frozenset[str]]]()
    while pending:
        name, extras = pending.pop()
        if (name, extras) not in visited:
            visited.add((name, extras))
            pending += [
                (canonicalize_name(requirement.name), frozenset(requirement.extras))
                for requirement in requirements(name, extras)
            ]
    return {name for name, _ in visited}


def own_extras(name: str) -> frozenset[str]:
    """Return the extras that a distribution offers."""
    result = installed(name)
    return frozenset(result.metadata.get_all("Provides-Extra") or ()) if result else frozenset()


def licence_text(name: str) -> str | None:
    """Return the declared licence of a distribution: an SPDX expression or its own text."""
    result = installed(name)
    if result is None:
        return None
    metadata = result.metadata
    if declared := metadata.get("License-Expression"):
        return str(declared)
    classifiers = metadata.get_all("Classifier") or []
    licences = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License ::")]
    short = str(metadata.get("License") or "").strip()
    if short and "\n" not in short and len(short) <= 60:
        return short
    return " AND ".join(licences) or None


def component(pin: Pin, scope: str) -> Component:
    """Return the component of a package."""
    text = licence_text(pin.name)
    declared = LicenseAcknowledgement.DECLARED
    # A distribution without hashes comes from this checkout: no index has it.
    index = "pypi" if pin.hashes else "generic"
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.APPLICATION if pin.name == HUB else ComponentType.LIBRARY,
        bom_ref=f"{pin.name}@{pin.version}",
        scope=ComponentScope(scope),
        purl=PackageURL(index, name=pin.name, version=pin.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in pin.hashes],
        licenses=[LicenseFactory().make_from_string(text, license_acknowledgement=declared)]
        if text
        else (),
    )


def read_components(own: list[str]) -> list[Component]:
    """Return the components: our own distributions, and every version that the lock file pins."""
    runtime = closure([name for name in own if name != STAND_IN], with_extras=False)
    with_extras = closure(own, with_extras=True)
    components = list[Component]()
    pins = [Pin(name, distribution(name).version, ()) for name in own]
    for pin in pins + read_lock(LOCK.read_text(encoding="utf-8")):
        scope = "optional" if pin.name in with_extras else "excluded"
        components.append(component(pin, "required" if pin.name in runtime else scope))
    return components


def is_installed(part: Component) -> bool:
    """Return whether this version of a component is the one in use here."""
    result = installed(part.name)
    return result is not None and result.version == part.version


def direct_dependencies(name: str, own: list[str]) -> set[str]:
    """Return what a distribution requires itself; the extras of our own distributions count."""
    extras = own_extras(name) if name in own else frozenset[str]()
    return {canonicalize_name(requirement.name) for requirement in requirements(name, extras)}


def build() -> Bom:
    """Return the bill of materials of this checkout."""
    own = own_distributions()
    components = read_components(own)
    [hub] = [part for part in components if part.name == HUB]
    bom = Bom(components=[part for part in components if part is not hub])
    bom.metadata.component = hub
    in_use = {part.name: part for part in components if is_installed(part)}
    for part in components:
        used = direct_dependencies(part.name, own) & in_use.keys() if is_installed(part) else ()
        bom.register_dependency(part, [in_use[name] for name in sorted(used)])
    references = sorted(str(part.bom_ref) for part in components)
    bom.serial_number = uuid5(NAMESPACE, "\n".join(references))
    bom.metadata.timestamp = None  # type: ignore[assignment]  # optional in the schema
    return bom


def main(target: str) -> None:
    """Write the file and say what it contains."""
    bom = build()
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    print(f"{path}: {len(bom.components) + 1} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
