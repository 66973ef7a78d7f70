"""The files of a new plugin, by what its source has: kinds of documents, access and paging.

`hub new-plugin` writes them. The templates are the files of this folder that end with .jinja. May
import: the contract. Start reading in `kinds`, which has what each kind of document needs.
"""

import ast
import builtins
import json
import keyword
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from hub.cli.plugin_template.kinds import (
    KIND_PARTS,
    is_taxed,
    list_accounts,
    list_fields,
    pair_payments,
    sort_paid_first,
    write_due_date,
)
from hub.contract.codec import dump
from hub.contract.document_kinds import LIST_KINDS, SALES_KINDS
from hub.contract.documents import KINDS
from hub.contract.rows import readable

MAX_LINE_LENGTH = 100
AUTHENTICATIONS = ("bearer", "header", "basic", "client-credentials", "refresh-token")
PAGINGS = ("cursor", "page", "link", "link-header", "updated-since")
LISTS = ("one", "each")


class Choices(NamedTuple):
    """The choices of the author of a new plugin."""

    name: str
    kinds: tuple[str, ...] = ("bill",)
    auth: str = "bearer"
    paging: str = "cursor"
    webhook: bool = False
    lists: str = "one"
    title: str = ""
    attachments: bool = False


class AccessSetting(NamedTuple):
    """A setting with which the source lets the plugin in."""

    name: str
    label: str
    help: str
    secret: bool = True
    optional: bool = False


CLIENT_ID_SETTING = AccessSetting("client_id", "Client id", "Identifies the hub.", secret=False)
CLIENT_SECRET = AccessSetting("client_secret", "Client secret", "Belongs to the client id.")
ACCESS_SETTINGS = {
    "bearer": [AccessSetting("token", "Access token", "A person makes it in the source.")],
    "header": [AccessSetting("key", "API key", "A person makes it in the source.")],
    "basic": [
        AccessSetting("username", "User name", "The user of the API.", secret=False),
        AccessSetting("password", "Password", "Belongs to the user."),
    ],
    "client-credentials": [CLIENT_ID_SETTING, CLIENT_SECRET],
    "refresh-token": [
        CLIENT_ID_SETTING,
        CLIENT_SECRET,
        AccessSetting("refresh_token", "Refresh token", "The hub renews it by itself."),
    ],
}
WEBHOOK_SETTING = AccessSetting(
    "webhook_secret", "Webhook secret", "Signs its calls.", optional=True
)
WRONG_KEYS = {
    "bearer": "token",
    "header": "key",
    "basic": "password",
}  # by default the client secret
PAGING_IMPORTS = {
    "cursor": ["CursorList", "Page", "read_pages"],
    "page": ["FilteredList", "read_numbered_pages"],
    "link": ["FilteredList", "read_linked_pages"],
    "link-header": ["FilteredList", "next_link", "read_linked_pages"],
    "updated-since": ["FilteredList", "read_changes_in_order"],
}
# What the stand-in imports of the kit for each way of access and of paging.
ACCESS_IMPORTS = {"bearer": "bearer_of", "basic": "basic_of"}
PAGE_IMPORTS = {
    "page": ["numbered_page"],
    "link": ["linked_page"],
    "link-header": ["linked_page"],
}
GRANT_CLASSES = {"client-credentials": "ClientCredentials", "refresh-token": "RefreshToken"}
# The states of the first rows of the stand-in; the plugin cannot read the last one.
STATES = ("draft", "disputed", "closed", "void", "archived")
TEMPLATE_TARGETS = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "package/__init__.py": "hub_{name}/__init__.py",
    "package/settings.py": "hub_{name}/settings.py",
    "package/client.py": "hub_{name}/client.py",
    "package/documents.py": "hub_{name}/documents.py",
    "package/sample.py": "hub_{name}/sample.py",
    "package/sandbox.py": "hub_{name}/sandbox.py",
    "tests/test_contract.py": "tests/test_contract.py",
    "tests/test_documents.py": "tests/test_documents.py",
}


def render(choices: Choices) -> dict[str, str]:
    """Return the files of the plugin, by their place in its folder."""
    choices = choices._replace(kinds=sort_paid_first(choices.kinds))
    modules = _render_modules(choices)
    return modules | _build_golden_files(choices, modules)


def _render_modules(choices: Choices) -> dict[str, str]:
    """Return the files of the plugin but its golden files."""
    environment = _build_environment()
    values = _build_values(choices)
    modules = {}
    for template, place in TEMPLATE_TARGETS.items():
        text: str = environment.get_template(f"{template}.jinja").render(**values)
        modules[place.format(name=choices.name)] = text.strip() + "\n"
    return modules


def is_name_in_use(name: str) -> bool:
    """Return whether the class of a plugin with this name would replace another name.

    These are the keywords and built-in names of Python, and what the modules of a plugin import and
    define.
    """
    class_name = _build_class_name(name)
    names = {*keyword.kwlist, *dir(builtins), *_list_names_of_modules()}
    return class_name in names or keyword.iskeyword(name)


@cache
def _list_names_of_modules() -> frozenset[str]:
    """Return the names that the modules of a plugin import and define, whatever its choices."""
    by_auth = [Choices("name", KINDS, auth, webhook=True) for auth in AUTHENTICATIONS]
    by_paging = [
        Choices("name", KINDS, paging=paging, lists=lists) for paging in PAGINGS for lists in LISTS
    ]
    others = [Choices("name", SALES_KINDS), Choices("name", attachments=True)]
    names: set[str] = set()
    for choices in by_auth + by_paging + others:
        for place, text in _render_modules(choices).items():
            if place.endswith(".py"):
                names.update(_iter_bound_names(ast.parse(text)))
    return frozenset(names - {_build_class_name("name")})


def _iter_bound_names(module: ast.Module) -> Iterator[str]:
    """Yield the names that a module imports and defines."""
    for node in ast.walk(module):
        if isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id


def _build_class_name(name: str) -> str:
    """Return the name of the class that calls the source."""
    return name.capitalize()


@cache
def _build_environment() -> Any:
    """Return the Jinja environment that renders the files of a new plugin."""
    import jinja2

    texts = {}
    folder = files(__package__)
    for name in TEMPLATE_TARGETS:
        texts[f"{name}.jinja"] = (folder / f"{name}.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(  # noqa: S701 (the result is Python, not HTML)
        loader=jinja2.DictLoader(texts),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["import_from"] = _import_from
    environment.globals["tuple_of"] = _format_tuple
    return environment


def _import_from(module: str, names: list[str]) -> str:
    """Return an import, on several lines if it is long."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= MAX_LINE_LENGTH:
        return line
    lines = [f"    {name}," for name in names]
    return "\n".join([f"from {module} import (", *lines, ")"])


def _format_tuple(names: tuple[str, ...], before: str) -> str:
    """Return a tuple of texts behind what stands before it, on several lines if it is long."""
    texts = [f'"{name}"' for name in names]
    line = f"{before}({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    if len(line) <= MAX_LINE_LENGTH:
        return line
    lines = [f"    {text}," for text in texts]
    return "\n".join([f"{before}(", *lines, ")"])


def _build_values(choices: Choices) -> dict[str, Any]:
    """Return the variables of the templates: the choices, and what follows from them."""
    all_parts = [(kind, KIND_PARTS[kind]) for kind in choices.kinds]
    transactions = [pair for pair in all_parts if pair[0] not in LIST_KINDS]
    pairs = pair_payments(choices.kinds)
    fields = list_fields(choices.kinds)
    access = ACCESS_SETTINGS[choices.auth]
    return {
        **choices._asdict(),
        "states": STATES,
        "title": _build_title(choices),
        "class_name": _build_class_name(choices.name),
        "all_parts": all_parts,
        "transactions": transactions,
        "records": [pair for pair in all_parts if pair[0] in LIST_KINDS],
        "has_parties": all(parts.party for _, parts in all_parts),
        "has_lines": any(parts.line for _, parts in all_parts),
        "applied": pairs,
        "is_taxed": is_taxed(choices.kinds),
        "fields": fields,
        "accounts": list_accounts(choices.kinds),
        "access_values": _build_access_values(choices).items(),
        "due": write_due_date([kind for kind, _ in transactions]),
        "access": [*access, WEBHOOK_SETTING] if choices.webhook else access,
        "wrong_key": WRONG_KEYS.get(choices.auth, "client_secret"),
        "client_imports": _list_client_imports(choices),
        "document_imports": _list_document_imports(
            choices, has_transactions=bool(transactions), has_applied=bool(pairs)
        ),
        "hook_imports": _list_hook_imports(choices, has_fields=bool(fields)),
        "kit_imports": _list_kit_imports(choices),
        "test_imports": _test_imports(choices),
    }


def _build_title(choices: Choices) -> str:
    """Return how people call the source."""
    return choices.title or choices.name.capitalize()


def _build_access_values(choices: Choices) -> dict[str, str]:
    """Return the credentials of the stand-in by the names of their settings."""
    names = [setting.name for setting in ACCESS_SETTINGS[choices.auth]]
    if choices.webhook:
        names.append(WEBHOOK_SETTING.name)
    return {name: f"{choices.name}-{name.replace('_', '-')}" for name in names}


def _list_client_imports(choices: Choices) -> list[str]:
    """Return the names that the client imports from the hub."""
    names = ["ApiClient", *PAGING_IMPORTS[choices.paging]]
    if choices.lists == "each" and choices.paging != "cursor":
        names.append("row_version")
    if choices.auth in GRANT_CLASSES:
        names.append(GRANT_CLASSES[choices.auth])
    return _sort_names(names)


def _list_document_imports(
    choices: Choices, *, has_transactions: bool, has_applied: bool
) -> list[str]:
    """Return the names that the module about documents imports from the hub."""
    names = ["Document", "Gone", "look_up"]
    if has_transactions:
        names += ["Code", "Line", "money", "parse_date"]
    if has_applied:
        names.append("Applied")
    if choices.attachments:
        names.append("Attachment")
    if "item" in choices.kinds:
        names.append("Item")
    if {"vendor", "customer"} & set(choices.kinds):
        names.append("Party")
    return _sort_names(names)


def _list_hook_imports(choices: Choices, *, has_fields: bool) -> list[str]:
    """Return the names that the hooks import from the hub."""
    names = ["App", "Sandbox", "Tenant", "hookimpl", "read_lists"]
    if has_fields:
        names.append("Field")
    if choices.webhook:
        names += ["Signal", "signed_json"]
    return _sort_names(names)


def _test_imports(choices: Choices) -> list[str]:
    """Return the names that the tests import from the hub."""
    names = ["Refused", "Signal"] if choices.webhook else []
    if choices.auth in GRANT_CLASSES or choices.attachments:
        names.append("Document")
    return _sort_names(names)


def _list_kit_imports(choices: Choices) -> list[str]:
    """Return the names that the stand-in imports from the kit."""
    names = ["RowSource", "query_of"]
    if choices.webhook:
        names.append("json_of")
    if choices.attachments:
        names.append("pdf")
    if choices.auth in ACCESS_IMPORTS:
        names.append(ACCESS_IMPORTS[choices.auth])
    names += PAGE_IMPORTS.get(choices.paging, ())
    return _sort_names(names)


def _sort_names(names: list[str]) -> list[str]:
    """Return names in the order in which linters want them: classes before functions."""
    return sorted(names, key=lambda name: (name.islower(), name))


def _build_golden_files(choices: Choices, modules: dict[str, str]) -> dict[str, str]:
    """Return the documents of the first rows, as the tests of the plugin compare them."""
    documents: dict[str, Any] = {}
    exec(modules[f"hub_{choices.name}/documents.py"], documents)  # noqa: S102 (rendered above)
    code = modules[f"hub_{choices.name}/sample.py"]
    sample: dict[str, Any] = {}
    exec(code, sample)  # noqa: S102 (rendered above)
    roles = [account["role"] for account in list_accounts(choices.kinds)]
    settings = {role: str(number) for number, role in enumerate(roles, start=1)}
    golden = {}
    for row in map(sample["row"], range(len(STATES) + len(choices.kinds))):
        document = dump(readable(documents["source_id"](row), documents["read"], settings, row))
        text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
        golden[f"tests/golden/{row['type']}-{row['status']}.json"] = f"{text}\n"
    return golden
