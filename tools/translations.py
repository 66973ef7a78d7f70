"""Extract the texts of the pages and bring the catalogs up to date; run by `make translations`.

Texts are marked in templates and in Python. Those of `hub.reasons` and of plugins are read from
their declarations, which are not marked. The sources of a page may change without the catalog:
places are not stored, and messages are sorted.
"""

import ast
import datetime as dt
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from hub.contract import interval
from hub.contract.registry import Plugins
from hub.reasons.catalogue import CATALOGUE, WORDS
from hub.reasons.template import Template
from hub.reasons.texts import CALLED, QUOTED
from hub.scheduling import run_result
from hub.translations import display_names
from hub.translations.catalogs import ENGLISH, LANGUAGES, OWN_FOLDER, SENTENCE, build_catalog_path
from hub.translations.reasons import CONTEXT as REASON
from hub.web.audit_log import audit_details
from hub.web.frame.plugin_texts import list_texts_of_plugin
from hub.web.frame.translatable_labels import texts_of_display

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
# Calls whose first argument is a sentence of a part below the pages; `__init__` is an error's.
SENTENCES = (
    "AddressUnusable",
    "BadFile",
    "Busy",
    "ConnectionTrouble",
    "NameRefused",
    "NeedsAttention",
    "NotFound",
    "NotNow",
    "PasswordRefused",
    "Refused",
    "ResponseTooLarge",
    "Retry",
    "Sentence",
    "TokenRefused",
    "UnknownKey",
    "VaultError",
    "WorkInterrupted",
    "WrongCode",
    "__init__",
)
# Parts whose errors only commands print.
COMMANDS = ("cli", "demo.py", "migrations", "testing", "transfer")
OPTIONS = {"trimmed": "true"}  # as `hub.web.frame.viewer` sets the environment
FIXED_DATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # so that a catalog changes only with its texts
WIDTH = 100


def extract_own() -> Catalog:
    """Return the texts of the hub's own pages, without translations."""
    catalog = _empty("hub")
    for path in sorted(ROOT.glob("hub/**/*.py")):
        _add_file(catalog, "python", path)
        for text in sentences_of(path):
            catalog.add(text, auto_comments=[SENTENCE])
    for path in sorted(ROOT.glob("hub/web/templates/*.html")):
        _add_file(catalog, "jinja2.ext:babel_extract", path)
    for text in texts_of_display():
        catalog.add(text)
    of_log = (*run_result.COUNT_TEXTS.values(), *run_result.INFLECTED_COUNTS)
    for forms in (*of_log, *interval.UNIT_TEXTS.values()):
        catalog.add(forms, auto_comments=[SENTENCE])
    for text in display_names.list_catalog_texts():
        catalog.add(text, context=display_names.CONTEXT)
    for text in audit_details.list_catalog_texts():
        catalog.add(text, context=audit_details.CONTEXT)
    for text in _reasons():
        catalog.add(text, context=REASON)
    return catalog


def extract_plugin(plugins: Plugins, package: str) -> Catalog:
    """Return the texts that a plugin declares: of its apps, fields and settings."""
    catalog = _empty(package)
    for text in list_texts_of_plugin(plugins, package):
        catalog.add(text)
    for path in sorted(ROOT.glob(f"plugins/*/{package}/**/*.py")):
        for label in labels_of_facts(path):
            catalog.add(label)
        for text in sentences_of(path):
            catalog.add(text, auto_comments=[SENTENCE])
    return catalog


def update(path: Path, extracted: Catalog, language: str) -> Catalog:
    """Return the catalog of a file with exactly the extracted texts, translated as before."""
    updated = _empty(extracted.project or "", language)
    stored = read_catalog(path, language)
    for message in extracted:
        if not message.id:
            continue
        former = stored.get(message.id, message.context)
        string = former.string if former else None
        updated.add(
            message.id,
            string,
            context=message.context,
            flags=message.flags,
            auto_comments=message.auto_comments,
        )
    return updated


def read_catalog(path: Path, language: str) -> Catalog:
    """Return the catalog of a file; an empty one if there is none."""
    if not path.is_file():
        return _empty("", language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(path: Path, catalog: Catalog) -> None:
    """Write a catalog, sorted and without the places of its texts."""
    content = io.BytesIO()
    write_po(content, catalog, width=WIDTH, no_location=True, sort_output=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue().rstrip() + b"\n")


def own_path(language: str) -> Path:
    """Return the file of the hub's own catalog."""
    return build_catalog_path(OWN_FOLDER, language, "hub")


def plugin_path(package: str, language: str) -> Path:
    """Return the file of the catalog of a plugin in this checkout."""
    (folder,) = ROOT.glob(f"plugins/*/{package}")
    return build_catalog_path(folder / "translations", language, package)


def plugin_packages() -> list[str]:
    """Return the packages of the plugins in this checkout."""
    return sorted(path.name for path in ROOT.glob("plugins/*/hub_*"))


def main() -> int:
    """Update every catalog; end with 1 and name the texts that are not translated yet.

    A new text has none, so it ends with 1 until its `msgstr` is written by hand.
    """
    plugins = Plugins.load()
    catalogs = []
    for language in sorted(LANGUAGES.keys() - {ENGLISH}):
        catalogs.append((own_path(language), extract_own(), language))
        for package in plugin_packages():
            extracted = extract_plugin(plugins, package)
            catalogs.append((plugin_path(package, language), extracted, language))
    missing = 0
    for path, extracted, language in catalogs:
        write(path, update(path, extracted, language))
        for line, text in untranslated(path, language):
            missing += 1
            print(f"{path.relative_to(ROOT)}:{line}: {text!r} is not translated")
    if missing:
        print(
            f"The catalogs are up to date; texts without a translation: {missing}. Write the msgstr"
            " at each of these lines by hand and run this command again."
        )
    return 1 if missing else 0


def untranslated(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each message of a catalog that has no translation."""
    for message in read_catalog(path, language):
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(strings):
            text = message.id[0] if isinstance(message.id, tuple) else message.id
            yield message.lineno or 0, text


def _empty(project: str, language: str | None = None) -> Catalog:
    """Return a catalog without messages, whose head never changes."""
    return Catalog(
        locale=language,
        project=project,
        version="1",
        msgid_bugs_address="the hub",
        header_comment="",
        creation_date=FIXED_DATE,
        revision_date=FIXED_DATE,
        last_translator="the hub",
        language_team="the hub",
        fuzzy=False,
    )


def _add_file(catalog: Catalog, method: str, path: Path) -> None:
    """Add the texts that are marked in a file."""
    for _, message, _, context in extract_from_file(method, path, KEYWORDS, options=OPTIONS):
        catalog.add(message, context=context)


def sentence_calls(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield the name and the first argument of each call in a module that takes a sentence.

    What only commands print is left out.
    """
    if path.relative_to(ROOT).parts[:2] in {("hub", name) for name in COMMANDS}:
        return
    module = ast.parse(path.read_text(encoding="utf-8"))
    names = {*SENTENCES, *own_error_classes(module)}
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        arguments = node.args
        if name == "__init__" and getattr(arguments[0], "id", "") == "self":
            arguments = arguments[1:]
        if name in names and arguments:
            yield name, arguments[0]


def own_error_classes(module: ast.Module) -> Iterator[str]:
    """Yield the names of a module's own errors that are raised with a sentence.

    An error with an `__init__` builds its sentence there.
    """
    for node in module.body:
        if not isinstance(node, ast.ClassDef):
            continue
        is_error = any(getattr(base, "id", "") in SENTENCES for base in node.bases)
        has_init = any(getattr(part, "name", "") == "__init__" for part in node.body)
        if is_error and not has_init:
            yield node.name


def sentences_of(path: Path) -> Iterator[str]:
    """Yield the sentences of a part below the pages that are written in a module."""
    for name, argument in sentence_calls(path):
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            continue
        is_name_of_header = name == "__init__" and " " not in argument.value
        if not is_name_of_header:
            yield argument.value


def labels_of_facts(path: Path) -> Iterator[str]:
    """Yield the labels of the facts that a module of a plugin adds to documents and lines.

    They are the keys of mappings that are called `facts`.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        mappings: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "facts":
            mappings = [one for one in ast.walk(node.value) if isinstance(one, ast.Dict)]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "facts":
            mappings = [node.value]
        elif isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "facts":
            yield from _constants([node.slice])
        for mapping in mappings:
            yield from _constants(getattr(mapping, "keys", []))


def _constants(nodes: Iterable[ast.expr | None]) -> Iterator[str]:
    """Yield the texts among expressions."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _reasons() -> Iterator[str]:
    """Yield the templates of the catalogue of reasons, and the sentences that fill them."""
    yield CALLED
    yield QUOTED
    yield from WORDS
    for template in CATALOGUE.values():
        yield from _texts_of(template)
        for sentence, special in template.special.items():
            yield sentence
            yield from _texts_of(special)


def _texts_of(template: Template) -> Iterator[str]:
    for text in (template.title, template.reason, template.instruction):
        if any(character.isalpha() for character in text):
            yield text


if __name__ == "__main__":
    sys.exit(main())
