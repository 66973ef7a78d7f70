"""Contract tests of every app: its settings, its account and the documents that it yields."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from hub.contract.documents import ROLES, codes_of
from hub.contract.settings_schema import schema_of
from hub.contract.states import Stage
from hub.models.enums import LIST_KINDS
from hub.testing import record
from hub.testing.bench import Bench
from hub.testing.readiness import documents
from hub.testing.reading import identity, source_ids


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

    def test_its_settings_say_what_they_are(self, bench: Bench) -> None:
        """Look for the label that settings page and command line show."""
        fields = schema_of(bench.app).fields
        without_label = []
        for name, field in fields.items():
            if not field.metadata.get("label"):
                without_label.append(name)
        assert without_label == []

    def test_it_names_its_account(self, bench: Bench) -> None:
        tenant = bench.check()
        assert tenant.id
        assert tenant.name

    def test_no_source_id_stands_for_two_documents(self, bench: Bench) -> None:
        kinds: dict[str, set[str]] = {}
        for document in documents(bench.read()):
            kinds.setdefault(document.source_id, set()).add(document.kind)
        ambiguous = [id for id in kinds if len(kinds[id]) > 1]
        assert ambiguous == []

    def test_documents_use_only_declared_fields_and_roles(self, bench: Bench) -> None:
        declared = {field.name for field in bench.fields()}
        used: set[str] = set()
        for document in documents(bench.read()):
            used.update(name for name, _, _ in codes_of(document))
        assert used <= declared | set(ROLES)

    def test_documents_are_of_the_kinds_that_the_tile_names(self, bench: Bench) -> None:
        kinds = {document.kind for document in documents(bench.read())}
        assert kinds <= set(bench.app.posts)

    def test_ready_documents_have_a_date_and_amounts_that_are_exact(self, bench: Bench) -> None:
        for document in documents(bench.read()):
            if document.stage == Stage.READY and document.kind not in LIST_KINDS:
                assert type(document.date) is dt.date, document.source_id
                assert isinstance(document.total, Decimal | None)

    def test_what_waits_says_why(self, bench: Bench) -> None:
        """Look for a hold in each document that is pending; the pages show it as the reason."""
        for document in documents(bench.read()):
            if document.stage == Stage.PENDING:
                assert document.hold, document.source_id

    def test_ids_bring_exactly_these(self, bench: Bench) -> None:
        ids = source_ids(bench.read())[:5]
        items = bench.read(ids=ids)
        assert [identity(item) for item in items] == ids
