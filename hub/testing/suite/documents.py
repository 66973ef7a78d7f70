"""Contract tests of every app: its settings, its account and the documents that it yields."""

import contextlib
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from marshmallow import ValidationError

from hub.contract.chunks import iter_chunks
from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import ROLES, Document, Gone, Yielded, get_code_id, iter_codes
from hub.contract.settings_schema import get_schema
from hub.contract.states import Stage
from hub.testing.bench import Bench
from hub.testing.limits import limit_time
from hub.testing.outcomes.items import (
    describe_shared_id,
    identity,
    only_documents,
    source_ids,
)
from hub.testing.recording import record

MAX_IDS = 50  # ids that the hub asks for at once
MAX_EXAMPLES = 3
NO_ADDRESS = "shed example"
# What `str` makes of a missing value, alone or in a text; a sentence may begin with “None of”.
MISSING_VALUE = re.compile(r"\bNone\b(?! of)")
MIN_SECRET = 8  # characters; a shorter one may be in any text


def suite_of(suite: type, slug: str, **attributes: Any) -> type:
    """Return a contract suite for one app: a subclass with these attributes."""
    name = slug.title().replace("-", "")
    attributes |= {"slug": slug, "suite": suite}
    return type(f"Test{suite.__name__}Of{name}", (suite,), attributes)


class DocumentTests:
    """Tests of the documents of a bench, which the fixture `bench` of a subclass returns."""

    slug: str
    suite: type

    @pytest.fixture(autouse=True)
    def _note_suite(self) -> None:
        """Note of which app this test is, and which others its suite has."""
        record.note_suite(self.slug, self.suite)

    @pytest.fixture(autouse=True)
    def _limit_time(self) -> Iterator[None]:
        """Fail if a hook does not return, instead of waiting without a word."""
        with limit_time(self.slug):
            yield

    def test_each_setting_has_a_label(self, bench: Bench) -> None:
        """Look for the label that the settings page and the command line show."""
        settings = get_schema(bench.app).fields
        without_label = []
        for name, field in settings.items():
            if not field.metadata.get("label"):
                without_label.append(name)
        if without_label:
            pytest.fail(
                f"{self.slug} has settings without a label: {', '.join(without_label)}. Build them"
                " with hub.setting, or pass metadata=setting.metadata(label, section)."
            )

    def test_settings_that_name_a_host_refuse_what_is_no_address(self, bench: Bench) -> None:
        """Enter a text that is no address in each setting that `App.hosts` names."""
        settings = get_schema(bench.app).fields
        for host in bench.app.hosts:
            name = host[1:-1]
            if not host.startswith("{") or name not in settings:
                continue
            with contextlib.suppress(ValidationError):
                settings[name].deserialize(NO_ADDRESS)
                pytest.fail(
                    f"{self.slug} has the setting {name}, which App.hosts names, and takes"
                    f" {NO_ADDRESS!r} for it. Build it with setting.address(…), so that an admin"
                    " learns of a mistyped address where it is entered."
                )

    def test_hub_check_names_the_account(self, bench: Bench) -> None:
        """Look for the id and the name of the account that the settings lead to.

        Pages show them, so that neither may be a secret.
        """
        tenant = bench.check()
        for field, text in (("id", tenant.id), ("name", tenant.name)):
            if not text.strip():
                pytest.fail(
                    f"hub_check of {self.slug} has returned a Tenant whose {field} is {text!r}."
                    " Return what the source calls the account, or else the address that the"
                    " settings lead to."
                )
            for secret in _list_secrets(text, bench):
                pytest.fail(
                    f"hub_check of {self.slug} has returned the secret {secret} in the {field} of"
                    " the Tenant, which pages and the database show. Return what the source calls"
                    " the account, or else the address that the settings lead to."
                )

    def test_source_ids_are_unique_across_kinds(self, bench: Bench) -> None:
        """Look for two documents with one source id, of which the hub would post only one."""
        problem = describe_shared_id(self.slug, bench.read())
        if problem:
            pytest.fail(problem)

    def test_documents_use_only_declared_fields_and_roles(self, bench: Bench) -> None:
        """Look for codes whose field `hub_fields` does not declare."""
        field_names = {field.name for field in bench.fields()}
        used: set[str] = set()
        for document in only_documents(bench.read()):
            used.update(name for name, _, _ in iter_codes(document))
        unknown_names = sorted(used - field_names - set(ROLES))
        if unknown_names:
            pytest.fail(
                f"{self.slug} has documents with codes that hub_fields does not declare:"
                f" {', '.join(unknown_names)}. Return a Field for each of them from hub_fields, or"
                " correct the key in `codes`."
            )

    def test_documents_are_of_the_kinds_that_the_app_posts(self, bench: Bench) -> None:
        """Compare the kinds of all documents with `App.posts`."""
        kinds = {document.kind for document in only_documents(bench.read())}
        others = sorted(kinds - set(bench.app.posts))
        if others:
            pytest.fail(
                f"{self.slug} has documents of kinds that App.posts does not name:"
                f" {', '.join(others)}. Add them there, or correct the kind of the documents."
            )

    def test_ready_documents_have_a_date_and_a_decimal_total(self, bench: Bench) -> None:
        """Look for the date of each document; a Document refuses a float as its total."""
        for document in only_documents(bench.read()):
            is_dated = document.kind in LIST_KINDS or type(document.date) is dt.date
            if document.stage == Stage.READY and not is_dated:
                pytest.fail(
                    f"{document.source_id} of {self.slug} is ready and has no date. Pass the day of"
                    " the document as a date."
                )

    def test_pending_documents_have_a_hold(self, bench: Bench) -> None:
        """Look for the `hold` of each pending document; pages show it as the reason."""
        for document in only_documents(bench.read()):
            if document.stage == Stage.PENDING and not document.hold:
                pytest.fail(
                    f"{document.source_id} of {self.slug} is pending and has no `hold`. Say"
                    " there why it is not posted yet; the pages show it."
                )

    def test_documents_contain_no_secret(self, bench: Bench) -> None:
        """Look for secrets of the settings in documents, which pages and QuickBooks show."""
        for document in only_documents(bench.read()):
            for name in _list_secrets(repr(document), bench):
                pytest.fail(
                    f"{document.source_id} of {self.slug} has the secret {name} in one of its"
                    " values. Leave it out: pages, exports and QuickBooks would show it."
                )

    def test_documents_have_no_text_of_a_missing_value(self, bench: Bench) -> None:
        """Look for the word None, which `str` makes of a value that the source does not have."""
        for document in only_documents(bench.read()):
            for name, text in _iter_texts(document):
                if MISSING_VALUE.search(text):
                    pytest.fail(
                        f"{document.source_id} of {self.slug} has {text!r} as its {name}. str(…)"
                        " and f-strings make None of a missing value, so that different things get"
                        " one code, or QuickBooks shows it. Use require_id(row, name) for an id"
                        " that must be there, and pass None for what may be missing."
                    )

    def test_reading_by_ids_returns_exactly_these_documents(self, bench: Bench) -> None:
        """Read some documents by their ids; they may come in any order, each once."""
        ids = source_ids(bench.read())[:5]
        counts = Counter(map(identity, bench.read(ids=ids)))
        for problem, others in (
            ("has not answered", Counter(ids) - counts),
            ("has also yielded", counts - Counter(ids)),
        ):
            if others:
                examples = ", ".join(list(others)[:MAX_EXAMPLES])
                pytest.fail(
                    f"hub_documents of {self.slug} was asked for the ids {', '.join(ids)}, and"
                    f" {problem} {examples}. With ids, answer each of them once and yield"
                    " nothing else; read_lists and read_ids do."
                )

    def test_a_document_read_by_its_id_equals_the_listed_one(self, bench: Bench) -> None:
        """Read each document from the list and by its id; compare all fields."""
        documents = {document.source_id: document for document in only_documents(bench.read())}
        for ids in iter_chunks(list(documents), MAX_IDS):
            answers = {identity(item): item for item in bench.read(ids=ids)}
            for id in ids:
                if id not in answers:
                    pytest.fail(
                        f"{self.slug} lists {id}, and yields nothing if it is asked for this id."
                        " Let `find` return its row, or answer each id with read_ids."
                    )
                self._compare(documents[id], answers[id])

    def _compare(self, document: Document, item: Yielded) -> None:
        """Fail if what was read by its id is not the listed document."""
        if isinstance(item, Gone):
            pytest.fail(
                f"{document.source_id} of {self.slug} is a {document.kind} in the list, and Gone if"
                " it is read by its id, so that it would be withdrawn or removed from the books."
                " Let `find` look for the row of this id where the list has it. A source id is the"
                " prefix of its list and the id of the row, without what may change, such as a"
                " number or a version."
            )
        if item != document:
            pytest.fail(
                f"{document.source_id} of {self.slug} differs in"
                f" {', '.join(_list_differing_fields(document, item))} if it is read by its id, so"
                " that it would be updated each time. Make both documents with one function,"
                " and ask the source for the same fields."
            )


def _list_secrets(text: str, bench: Bench) -> list[str]:
    """Return the names of the secrets of a bench that a text contains."""
    names = []
    for name, secret in bench.secrets.items():
        if len(secret) >= MIN_SECRET and secret in text:
            names.append(name)
    return names


def _iter_texts(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the ids, codes and texts of a document with the name of each."""
    yield "source_id", document.source_id
    for name in ("number", "memo", "message"):
        yield name, getattr(document, name) or ""
    for line in document.lines:
        yield "description of a line", line.description or ""
    for name, code, _ in iter_codes(document):
        yield f"code of the field {name}", get_code_id(code)


def _list_differing_fields(document: Document, item: Yielded) -> list[str]:
    """Return the fields in which what was read by its id differs from the document."""
    if not isinstance(item, Document):
        return [f"its type, {type(item).__name__}"]
    names = [field.name for field in fields(Document)]
    return [name for name in names if getattr(item, name) != getattr(document, name)]
