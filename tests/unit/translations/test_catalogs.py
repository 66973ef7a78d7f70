"""The catalogs: every text of the pages is translated, with the same placeholders and tags."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

import hub
from hub.contract.registry import Plugins
from hub.errors import AccessNeeded, BadDocument, HubError
from hub.translations.catalogs import ENGLISH, LANGUAGES
from tools import translations

OTHERS = sorted(LANGUAGES.keys() - {ENGLISH})
PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w*)(?::\w+)?\}")
TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def own_texts() -> Catalog:
    """Return the texts that the code of the hub marks."""
    return translations.extract_own()


def messages(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages of a catalog without its head."""
    return (message for message in catalog if message.id)


def keys(catalog: Catalog) -> set[tuple[str | None, object]]:
    """Return context and text of each message."""
    return {(message.context, message.id) for message in messages(catalog)}


def forms(message: Message) -> list[tuple[str, str]]:
    """Return each form of a message with its translation; a plural is compared with the plural."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(str(message.id), str(message.string))]


def assert_complete(stored: Catalog, extracted: Catalog) -> None:
    """Compare a catalog with the texts; `make translations` brings it up to date."""
    assert keys(extracted) - keys(stored) == set(), "run `make translations` and translate these"
    assert keys(stored) - keys(extracted) == set(), "run `make translations`: these are not used"
    untranslated = [
        message.id
        for message in messages(stored)
        if message.fuzzy or not all(text for _, text in forms(message))
    ]
    assert untranslated == []


def assert_fitting(stored: Catalog) -> None:
    """Compare placeholders, tags and the spaces at the ends of each text and its translation."""
    for message in messages(stored):
        for text, translation in forms(message):
            assert parts(PLACEHOLDER, text) == parts(PLACEHOLDER, translation), text
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(translation)), text
            assert '"' not in TAG.sub("", translation), f"{text}: attributes end there"
            assert text[:1].isspace() == translation[:1].isspace(), text
            assert text[-1:].isspace() == translation[-1:].isspace(), text


def parts(pattern: re.Pattern[str], text: str) -> set[str]:
    """Return the placeholders of a text; a translation may word or repeat them differently."""
    return {"".join(name for name in match.groups() if name) for match in pattern.finditer(text)}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_pages_is_translated(own_texts: Catalog, language: str) -> None:
    stored = translations.read_catalog(translations.own_path(language), language)
    assert_complete(stored, own_texts)
    assert_fitting(stored)
    assert len(keys(own_texts)) > 1000


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("package", translations.plugin_packages())
def test_every_text_of_a_plugin_is_translated(
    plugins: Plugins, package: str, language: str
) -> None:
    extracted = translations.extract_plugin(plugins, package)
    stored = translations.read_catalog(translations.plugin_path(package, language), language)
    assert_complete(stored, extracted)
    assert_fitting(stored)


def all_error_classes() -> list[type[HubError]]:
    """Return every class of deliberate errors of the hub, except those of commands."""
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if module.name.split(".")[1] not in (*translations.COMMANDS, "demo"):
            import_module(module.name)
    classes = [HubError]
    for kind in classes:
        classes += [other for other in kind.__subclasses__() if other not in classes]
    return [kind for kind in classes if kind.__module__.split(".")[0] == "hub"]


def composed_sentences(path: Path) -> list[str]:
    """Return the sentences of a module that no catalog can have: their text varies.

    Such a text is an f-string, a sum, or the result of `format` or `join`, in the call itself or in
    a variable of the module that is passed to it.
    """
    calls = list(translations.sentence_calls(path))
    if all(isinstance(argument, ast.Constant) for _, argument in calls):
        return []
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    composed = []
    for name, argument in calls:
        texts = [argument]
        if isinstance(argument, ast.Name):
            around = [
                function
                for function in functions
                if function.lineno <= argument.lineno <= end_of(function)
            ]
            for scope in [module, *around]:
                texts += values_of(argument.id, scope)
        if any(is_composed(text) for text in texts):
            composed.append(f"{path.name}:{argument.lineno}: {name}")
    return composed


def end_of(function: ast.FunctionDef) -> int:
    """Return the last line of a function."""
    assert function.end_lineno
    return function.end_lineno


def values_of(name: str, scope: ast.Module | ast.FunctionDef) -> list[ast.expr]:
    """Return what is assigned to a variable in a function, or to a constant of a module."""
    nodes = scope.body if isinstance(scope, ast.Module) else ast.walk(scope)
    values = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            values += [node.value] * (name in targets)
    return values


def is_composed(text: ast.expr) -> bool:
    """Return whether an expression puts a text together."""
    if isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute):
        return text.func.attr in ("format", "join")
    return isinstance(text, ast.JoinedStr | ast.BinOp)


# What plugins run, without their stand-ins.
PLUGIN_MODULES = [
    path
    for path in sorted(translations.ROOT.glob("plugins/*/hub_*/*.py"))
    if "sandbox" not in path.name
]
# Tells authors of plugins what is wrong with what their code passes; no page translates it.
FOR_AUTHORS = {BadDocument}


def test_every_error_that_takes_a_sentence_is_looked_through_for_texts() -> None:
    for kind in all_error_classes():
        takes_sentence = next(iter(inspect.signature(kind).parameters), "") == "text"
        if takes_sentence and kind not in {HubError, AccessNeeded, *FOR_AUTHORS}:
            assert kind.__name__ in translations.SENTENCES


def test_every_sentence_of_an_error_is_a_text_with_placeholders() -> None:
    paths = [*sorted(translations.ROOT.glob("hub/**/*.py")), *PLUGIN_MODULES]
    assert [sentence for path in paths for sentence in composed_sentences(path)] == []


# Of what plugins return or pass: why something is gone, held or refused.
KEYWORDS = ("reason", "hold", "refused")


def plain_reasons(path: Path) -> list[str]:
    """Return the problems, warnings and reasons in a module that no catalog can have."""
    plain = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        values = [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            owner = node.func.value
            name = getattr(owner, "attr", "") or getattr(owner, "id", "")
            values += node.args if name in ("problems", "warnings") else []
        for value in values:
            if is_composed(value) or (isinstance(value, ast.Constant) and value.value):
                plain.append(f"{path.name}:{value.lineno}")
    return plain


def test_every_problem_warning_and_reason_is_a_sentence(tmp_path: Path) -> None:
    paths = [*sorted(translations.ROOT.glob("hub/qbo/**/*.py")), *PLUGIN_MODULES]
    assert [reason for path in paths for reason in plain_reasons(path)] == []
    module = tmp_path / "late.py"
    module.write_text('problems.append(f"{name} is late.")\nGone(reason="Late.")\n')
    assert len(plain_reasons(module)) == 2


@pytest.mark.parametrize(
    "code",
    [
        'raise Refused(f"{name} is late.")',
        'raise NotNow("It is " + name)',
        'text = f"{name} is late."\nraise Refused(text)',
        'Sentence("{} is late.".format(name))',
    ],
)
def test_a_composed_sentence_is_noticed(tmp_path: Path, code: str) -> None:
    folder = tmp_path / "hub" / "qbo"
    folder.mkdir(parents=True)
    module = folder / "late.py"
    module.write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translations, "ROOT", tmp_path)
        assert len(composed_sentences(module)) == 1
        module.write_text('raise Refused("%(name)s is late.", name=name)')
        assert composed_sentences(module) == []
        assert list(translations.sentences_of(module)) == ["%(name)s is late."]


def test_a_catalog_keeps_its_translations_when_it_is_updated() -> None:
    language = OTHERS[0]
    path = translations.own_path(language)
    stored = translations.read_catalog(path, language)
    updated = translations.update(path, stored, language)
    assert {message.id: message.string for message in messages(updated)} == {
        message.id: message.string for message in messages(stored)
    }


def test_missing_and_unfitting_translations_are_noticed() -> None:
    extracted, stored = Catalog(), Catalog()
    extracted.add("%(count)s of <b>%(total)s</b>")
    with pytest.raises(AssertionError, match="translate these"):
        assert_complete(stored, extracted)
    stored.add("%(count)s of <b>%(total)s</b>", "%(count)s av <b>%(sum)s</b>")
    assert_complete(stored, extracted)
    with pytest.raises(AssertionError):
        assert_fitting(stored)
