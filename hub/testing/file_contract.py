"""The contract tests of an app that reads files: `TestContract = file_contract("slug", files)`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pytest

from hub.contract.files import FileContent, FileField, FileKinds, FileTable
from hub.contract.types import Company
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.outcomes.items import only_documents, source_ids, unique_ids
from hub.testing.suite.documents import DocumentTests, suite_of
from hub.testing.suite.exemptions import (
    check_exempted_names,
    check_exemption,
    exemptions_by_parameter,
)
from hub.testing.suite.hooks import HookTests
from hub.testing.suite.readiness import ReadinessTests
from hub.testing.suite.reading import CheckpointTests
from hub.testing.suite.receipts import ReceiptTests
from hub.testing.suite.smoke import SmokeTest

NOISE = bytes(range(256)) * 8
MAX_EXAMPLES = 3
REMAINING_FRACTIONS = (0.0, 0.3, 0.7, 0.95)  # how much of a file is left when it is damaged


def file_contract(
    slug: str,
    files: Mapping[str, bytes],
    *,
    company: Company | None = None,
    unreadable: Mapping[str, str] | None = None,
    unpostable: Mapping[str, str] | None = None,
    unavailable: Mapping[str, str] | None = None,
    unreported: Mapping[str, str] | None = None,
    unused: Mapping[str, str] | None = None,
    accompanying: Mapping[str, str] | None = None,
    variants: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> type:
    """Return the suite for one app that receives files.

    `files` are examples by their names, at least one for each suffix that the app accepts; together
    they hold a document of each kind that the app posts. A table is read with the columns that the
    app suggests for it. `company` is the company of QuickBooks. `accompanying` has a reason for
    each example without a document, such as a scan that is attached to a document of another file.
    The other arguments are those of `hub.testing.contract.contract`.
    """
    return suite_of(
        FileContract,
        slug,
        files=files,
        company=company,
        settings=settings,
        **exemptions_by_parameter(
            unreadable=unreadable,
            unpostable=unpostable,
            unavailable=unavailable,
            unreported=unreported,
            unused=unused,
            accompanying=accompanying,
            converted=None,  # no source sends a file
        ),
        variants=variants,
    )


class FileContract(
    CheckpointTests, DocumentTests, ReadinessTests, ReceiptTests, HookTests, SmokeTest
):
    """Tests of an app that receives files; the others are those of the classes above."""

    files: Mapping[str, bytes]
    company: Company | None
    accompanying: Mapping[str, str]

    @pytest.fixture
    def bench(self) -> Bench:
        """Return the app after it has received all examples."""
        return self._open({})

    @pytest.fixture
    def paged_bench(self, bench: Bench) -> Bench:
        """Return the app after it has received all examples; a file is what a page is elsewhere."""
        return bench

    @pytest.fixture
    def empty_bench(self) -> Bench:
        """Return the app before it has received a file."""
        return self._open_empty({})

    def test_each_accepted_suffix_has_an_example(self, empty_bench: Bench) -> None:
        """Compare the suffixes and sizes of the examples with what the app accepts."""
        kinds = _get_file_kinds(empty_bench)
        suffixes = {PurePath(name).suffix for name in self.files}
        if suffixes != set(kinds.suffixes):
            pytest.fail(
                f"{self.slug} accepts files that end in {', '.join(kinds.suffixes)}, and the"
                f" examples end in {', '.join(sorted(suffixes))}. Pass an example for each suffix:"
                " file_contract(slug, {name: content})."
            )
        for name, content in self.files.items():
            if len(content) > kinds.limit:
                pytest.fail(
                    f"{name} has {len(content)} bytes, and FileKinds(limit=…) of {self.slug} allows"
                    f" {kinds.limit}."
                )

    def test_hub_file_names_the_documents_that_are_read_from_a_file(self) -> None:
        """Compare the ids that `hub_file` returns with those that `hub_documents` reads."""
        check_exempted_names("accompanying", self.accompanying, self.files)
        for name, content in self.files.items():
            bench = self._open_empty({})
            file_content = _receive(bench, name, content)
            if name in self.accompanying:
                check_exemption(
                    "accompanying",
                    self.accompanying,
                    name,
                    is_needed=not file_content.documents,
                    otherwise=f"hub_file of {self.slug} has found documents in {name}",
                )
            elif not file_content.documents:
                pytest.fail(
                    f"hub_file of {self.slug} has found no document in {name}. Return the ids of"
                    " its documents: FileContent(documents=(…)). For a file without any raise"
                    " Refused. If it is attached to a document of another file, give the reason:"
                    " file_contract(…, accompanying={name: reason})."
                )
            read_ids, named_ids = unique_ids(bench.read()), set(file_content.documents)
            if read_ids != named_ids:
                pytest.fail(
                    f"hub_file of {self.slug} names {len(named_ids)} documents of {name}, and"
                    f" hub_documents reads {len(read_ids)}; different are"
                    f" {', '.join(sorted(read_ids ^ named_ids)[:MAX_EXAMPLES])}. Take the ids in"
                    " both from one function, and read every file of site.files.after(position)."
                )

    def test_each_required_column_of_a_table_has_a_suggestion(self, empty_bench: Bench) -> None:
        """Look for an answer to each required field, which is a column or one of the choices."""
        for name, content in self.files.items():
            table = empty_bench.receive(name, content).table
            if table is not None:
                for field in _get_file_kinds(empty_bench).fields:
                    if not _is_answered(field, table):
                        pytest.fail(
                            f"hub_file of {self.slug} suggests"
                            f" {table.suggestions.get(field.name)!r} for the field {field.name} of"
                            f" {name}, whose columns are {', '.join(table.columns)}. Suggest a"
                            " column or a choice for each required field:"
                            " FileTable(suggestions={field: column})."
                        )

    def test_a_file_received_twice_yields_each_document_once(self, bench: Bench) -> None:
        """Receive each example again under another name."""
        before = unique_ids(bench.read())
        for name, content in self.files.items():
            _receive(bench, f"again-{name}", content)
        new_ids = unique_ids(bench.read()) - before
        if new_ids:
            pytest.fail(
                f"{self.slug} has read the same file under two names, and the second time other"
                f" documents, such as {', '.join(sorted(new_ids)[:MAX_EXAMPLES])}, so that each"
                " would be posted twice. Make the ids of what the document says, never of the file."
            )
        ids = sorted(before)
        answered_ids = source_ids(bench.read(ids=ids))
        if sorted(answered_ids) != ids:
            different = Counter(ids)
            different.subtract(answered_ids)
            pytest.fail(
                f"hub_documents of {self.slug} was asked for {len(ids)} ids and answered"
                f" {len(answered_ids)}; different are"
                f" {', '.join([id for id, count in different.items() if count][:MAX_EXAMPLES])}."
                " Answer each id once, from the file that site.files.with_documents(ids) names."
            )

    def test_an_unknown_id_reads_no_document(self, bench: Bench) -> None:
        """Read an id that no file has; it is refused, or no document is read."""
        what = f"hub_documents of {self.slug}, asked for the id no-such-id,"
        advice = "Yield a Gone for an id that site.files.with_documents(ids) lacks."
        try:
            items = bench.read(ids=["no-such-id"])
        except HubError:
            return  # deliberate errors are allowed
        except Exception as error:
            raise exception_failure(what, error, instead_of=f"Refused. {advice}") from error
        if only_documents(items):
            pytest.fail(f"{what} has read documents. {advice}")

    @pytest.mark.parametrize("share", REMAINING_FRACTIONS)
    def test_a_truncated_file_is_read_or_refused(self, empty_bench: Bench, share: float) -> None:
        """Receive the beginning of each example."""
        for name, content in self.files.items():
            self._read_or_refuse(empty_bench, name, content[: int(len(content) * share)])

    def test_a_file_with_a_wrong_suffix_is_read_or_refused(self, empty_bench: Bench) -> None:
        """Give each suffix the content of every other one, and every byte."""
        for suffix in _get_file_kinds(empty_bench).suffixes:
            for name, content in self.files.items():
                if not name.endswith(suffix):
                    self._read_or_refuse(empty_bench, f"{name}{suffix}", content)
            self._read_or_refuse(empty_bench, f"noise{suffix}", NOISE)

    def _read_or_refuse(self, bench: Bench, name: str, content: bytes) -> None:
        """Receive a file that is not as it should be, and read what was accepted of it."""
        what = f"hub_file of {self.slug}, for {name} with {len(content)} bytes,"
        try:
            _receive(bench, name, content)
            what = f"hub_documents of {self.slug}, after hub_file had accepted {name},"
            bench.read()
        except HubError:
            return  # deliberate errors are allowed
        except Exception as error:
            raise exception_failure(what, error, instead_of="Refused") from error

    def _open(self, variant: Mapping[str, Any]) -> Bench:
        """Return the app with all examples, with these settings besides its own."""
        bench = self._open_empty(variant)
        for name, content in self.files.items():
            _receive(bench, name, content)
        return bench

    def _open_empty(self, variant: Mapping[str, Any]) -> Bench:
        """Return the app without files, with these settings besides its own."""
        return Bench(self.slug, {**self.settings, **variant}, company=self.company)


def _get_file_kinds(bench: Bench) -> FileKinds:
    """Return what files an app accepts; fail if it accepts none."""
    if bench.app.files is None:
        pytest.fail(f"{bench.app.slug} accepts no files: App(files=FileKinds(…)) says which.")
    return bench.app.files


def _receive(bench: Bench, name: str, content: bytes) -> FileContent:
    """Let the app read a file; map the columns of a table as the app suggests."""
    file_content = bench.receive(name, content)
    if file_content.table is None:
        return file_content
    return bench.receive(name, content, file_content.table.suggestions)


def _is_answered(field: FileField, table: FileTable) -> bool:
    """Return whether a table's suggestion for a field is possible; required fields need one."""
    answer = table.suggestions.get(field.name, "")
    if not answer:
        return not field.required
    if field.choices:
        return answer in {value for value, _ in field.choices}
    return answer in table.columns
