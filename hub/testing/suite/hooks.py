"""Contract tests of the hooks other than reading: codes, files, and the lists that are pushed."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from hub.contract.documents import Attachment, Code, Document, Line, Role, get_code_id, iter_codes
from hub.contract.settings_schema import get_schema
from hub.contract.types import Field, Record
from hub.errors import HubError, Refused
from hub.money import money
from hub.sources.site import apply_settings
from hub.testing.bench import Bench
from hub.testing.exchanges.downloads import Downloads
from hub.testing.exchanges.hook_calls import HookEffects, call_hook, exception_failure
from hub.testing.outcomes.items import only_documents
from hub.testing.suite.exemptions import check_exempted_names, check_exemption
from hub.testing.suite.variants import VariantBenches

CODES = "code:"  # precedes the field in the `choices_from` of a setting
OPTIONAL_HOOKS = ("hub_codes", "hub_attachment", "hub_records", "hub_webhook", "hub_subscribe")
# A type with which QuickBooks would list a record for a role; other accounts are expenses.
RECORD_TYPES: Mapping[Role, str] = {
    "payable_account": "Accounts Payable",
    "payment_account": "Bank",
    "deposit_account": "Bank",
    "income_account": "Income",
    "asset_account": "Other Current Asset",
    "category": "Category",
    "item": "Service",
}
TIMESTAMP = "timestamp"  # in `unused`: the source sends the time of a call and does not sign it
KNOWN_ID, NEW_ID = "9001", "9002"  # pushed records: one that documents use, and a new one


class HookTests(VariantBenches):
    """Tests that call each hook that the plugin has, unless `unused` says why this app needs not.

    The hooks are those of the plugin, which may have other apps.
    """

    unused: Mapping[str, str]
    unavailable: Mapping[str, str]
    converted: Mapping[str, str]

    def test_unused_hooks_exist_and_have_a_reason(self) -> None:
        """Check the names and the reasons in `unused`."""
        bench = self._open({})
        check_exempted_names("unused", self.unused, (*OPTIONAL_HOOKS, TIMESTAMP))
        for hook in self.unused:
            check_exemption(
                "unused",
                self.unused,
                hook,
                is_needed=hook == TIMESTAMP or bench.plugins.has(self.slug, hook),
                otherwise=f"the plugin of {self.slug} has no {hook}",
            )

    def test_listed_codes_have_the_ids_that_documents_use(self) -> None:
        """List the codes of each field and of each setting that offers some."""
        if not self._uses("hub_codes"):
            return
        listed_ids: dict[str, set[str]] = defaultdict(set)
        used: dict[str, set[str]] = defaultdict(set)
        for bench, documents in self._iter_benches_with_documents():
            for name in _list_fields_with_codes(bench):
                if not listed_ids[name]:
                    listed_ids[name].update(self._iter_listed_codes(bench, name))
            for name, id in _iter_used_codes(documents):
                used[name].add(id)
        if not any(listed_ids.values()):
            self._fail_unused("hub_codes", "returned no code for any field")
        for name, ids in listed_ids.items():
            self._compare_ids(name, ids, used[name])

    def test_every_attachment_can_be_opened(self) -> None:
        """Open each file, and compare it with what its document states and its source sends."""
        opened_files: set[tuple[str, str]] = set()
        unavailable = set()
        downloads = Downloads(self.converted)
        for bench, documents in self._iter_benches_with_documents():
            for document, attachment in _iter_new_files(documents, opened_files):
                if not self._open_file(bench, document, attachment, downloads):
                    unavailable.add(document.source_id)
        if opened_files and "hub_attachment" in self.unused:
            pytest.fail(
                f"{self.slug} has files, and unused says that it has none: remove hub_attachment"
                " from contract(…, unused=…)."
            )
        if not opened_files and self._uses("hub_attachment"):
            self._fail_unused("hub_attachment", "has no document with an attachment to open")
        missing = self.unavailable.keys() - unavailable
        if missing:
            pytest.fail(
                f"{self.slug}: a file of {', '.join(sorted(missing))} should not open for the"
                " reason that contract(…, unavailable=…) names, and that is not so."
            )
        for type in self.converted:
            check_exemption(
                "converted",
                self.converted,
                type,
                is_needed=type in downloads.converted_types,
                otherwise=f"{self.slug} converts no file of the type {type}",
            )

    def test_reading_the_list_opens_no_file(self) -> None:
        """Read the documents; look for calls with which hub_attachment opens a file of one."""
        for bench in self._iter_benches():
            downloads = Downloads(())
            with downloads.watch(bench):
                documents = only_documents(bench.read())
            calls = downloads.calls
            for document, attachment in _iter_new_files(documents, set()) if calls else ():
                with suppress(HubError), downloads.watch(bench):
                    bench.attachment(document, attachment)
                download_calls = sorted(calls & downloads.calls)
                if download_calls:
                    address, _, _ = download_calls[0].rpartition(" ")
                    pytest.fail(
                        f"hub_documents of {self.slug} has opened files while it read the list,"
                        f" such as {attachment.name} of {document.source_id} with"
                        f" {address.rstrip('?')}: each run would do so. Make an Attachment of what"
                        " the row says, without size and sha256 if it does not state them. The hub"
                        " calls hub_attachment once, when the document is posted."
                    )

    def test_pushed_lists_are_accepted(self) -> None:
        """Push a list of each field twice: a record that documents use, and a new one."""
        if not self._uses("hub_records"):
            return
        has_effect = False
        for bench, documents in self._iter_benches_with_documents():
            effects = HookEffects(bench)
            for name, records in _build_lists_to_push(bench, documents).items():
                has_effect |= self._push_twice(bench, name, records)
            has_effect |= effects.has_log and effects.has_written()
        if not has_effect:
            self._fail_unused("hub_records", "returned no code and wrote nothing to the stand-in")

    def _open_file(
        self, bench: Bench, document: Document, attachment: Attachment, downloads: Downloads
    ) -> bool:
        """Open a file and check it; return False if it cannot be opened on purpose."""
        what = f"hub_attachment of {self.slug}, for {attachment.name} of {document.source_id},"
        words = self.unavailable.get(document.source_id)
        try:
            with downloads.watch(bench):
                content = bench.attachment(document, attachment)
        except Refused as error:
            if words and words in error.text:
                return False
            raise pytest.fail.Exception(
                f"{what} raised Refused: {error.text} If the stand-in shows such a file on purpose,"
                " name it: contract(…, unavailable={source_id: words of the reason})."
            ) from error
        except Exception as error:
            raise exception_failure(what, error) from error
        _check_content(attachment, content, what)
        defect = downloads.describe_defect(document, attachment, content)
        if defect:
            pytest.fail(f"{what} {defect}")
        return True

    def _uses(self, hook: str) -> bool:
        """Return whether the plugin has a hook that this app uses."""
        return hook not in self.unused and self._open({}).plugins.has(self.slug, hook)

    def _fail_unused(self, hook: str, what: str) -> None:
        """Fail because a hook that the plugin has was not shown to do anything."""
        pytest.fail(
            f"The plugin of {self.slug} has {hook}, and it {what}. Let the stand-in show it; if"
            " only other settings do: contract(…, variants=[{…}]). If this app of the plugin does"
            f" not use it: contract(…, unused={{'{hook}': reason}})."
        )

    def _iter_listed_codes(self, bench: Bench, name: str) -> Iterator[str]:
        """Yield the ids of a field's codes; fail if one is no code."""
        what = f"hub_codes of {self.slug}, for the field {name},"
        for code in call_hook(lambda: bench.codes(name), what):
            id = get_code_id(code)
            if not id.strip():
                pytest.fail(f"{what} returned {code!r}. It must return codes, or ids as texts.")
            yield id

    def _compare_ids(self, name: str, listed_ids: set[str], used_ids: set[str]) -> None:
        """Fail if documents use none of the codes that are listed of a field."""
        if listed_ids and used_ids and listed_ids.isdisjoint(used_ids):
            pytest.fail(
                f"hub_codes of {self.slug} lists the codes {_format_first_ids(listed_ids)} of the"
                f" field {name}, and documents use others: {_format_first_ids(used_ids)}. A match"
                " belongs to the id of a code, so both need the same ids."
            )

    def _push_twice(self, bench: Bench, name: str, records: list[Record]) -> bool:
        """Push a list and push it again; return whether the source returned a code."""
        first = self._push(bench, name, records)
        ids = {code.id for code in first}
        later_ids = {code.id for code in self._push(bench, name, records)}
        if ids - later_ids:
            pytest.fail(
                f"hub_records of {self.slug}, field {name}, returned the codes"
                f" {_format_first_ids(ids)}, and others when the same list was pushed again:"
                f" {_format_first_ids(later_ids)}. The list is pushed whenever it changes, so"
                " records that the source has must stay linked."
            )
        return bool(first)

    def _push(self, bench: Bench, name: str, records: list[Record]) -> list[Code]:
        """Push a list; fail if what is returned is no list of codes."""
        what = f"hub_records of {self.slug}, for the field {name},"
        return list(call_hook(lambda: bench.push(name, records), what))


def _check_content(attachment: Attachment, content: Any, what: str) -> None:
    """Fail if a content is not bytes, or differs from what its document states."""
    if not isinstance(content, bytes) or not content:
        pytest.fail(f"{what} returned {content!r}. It must return the bytes of the file.")
    if attachment.size not in (None, len(content)):
        pytest.fail(f"{what} returned {len(content)} bytes, not {attachment.size!r} as stated.")
    digest = hashlib.sha256(content).hexdigest()
    if attachment.sha256 and attachment.sha256.lower() != digest:
        pytest.fail(f"{what} returned bytes with another sha256 than its document states.")


def _format_first_ids(ids: Iterable[str]) -> str:
    """Return the first few ids."""
    return ", ".join(sorted(ids)[:3]) or "none"


def _list_fields_with_codes(bench: Bench) -> list[str]:
    """Return the code fields of an app, and those that only its settings offer."""
    names = [field.name for field in bench.fields()]
    for setting in get_schema(bench.app).fields.values():
        source = str(setting.metadata.get("choices_from", ""))
        if source.startswith(CODES):
            names.append(source.removeprefix(CODES))
    return list(dict.fromkeys(names))


def _iter_new_files(
    documents: Iterable[Document], opened_files: set[tuple[str, str]]
) -> Iterator[tuple[Document, Attachment]]:
    """Yield each file that was not opened before, with its document; note that it is opened."""
    for document in documents:
        for attachment in document.attachments:
            file = (document.source_id, attachment.id)
            if file not in opened_files:
                opened_files.add(file)
                yield document, attachment


def _iter_used_codes(documents: Iterable[Document]) -> Iterator[tuple[str, str]]:
    """Yield the field and the id of each code that documents use."""
    for document in documents:
        for name, code, _ in iter_codes(document):
            yield name, get_code_id(code)


def _build_lists_to_push(bench: Bench, documents: Iterable[Document]) -> dict[str, list[Record]]:
    """Return a list for each field that the hub would push."""
    fields = [apply_settings(field, bench.settings) for field in bench.fields()]
    used = _find_first_codes(documents, fields)
    lists = {}
    for field in fields:
        if field.pushed:
            matched_code = used.get(field.role, Code(id=KNOWN_ID, name="Known at the source"))
            lists[field.name] = list(_iter_records(bench, field, matched_code, used))
    return lists


def _find_first_codes(documents: Iterable[Document], fields: Iterable[Field]) -> dict[str, Code]:
    """Return the first code of each role that documents use, as QuickBooks might have it."""
    roles = {field.name: field.role for field in fields}
    codes: dict[str, Code] = {}
    for document in documents:
        for name, code, _ in iter_codes(document):
            if name in roles and isinstance(code, Code):
                codes.setdefault(roles[name], Code(id=code.id, name=code.name or code.id))
    return codes


def _iter_records(
    bench: Bench, field: Field, matched_code: Code, used: Mapping[str, Code]
) -> Iterator[Record]:
    """Yield the record that a person matched with a code, and a new one."""
    name = matched_code.name or matched_code.id
    if field.role == "purchase_order":
        yield Record(id=KNOWN_ID, name="PO-1", number="PO-1", order=_open_order(bench, used))
        return
    facts: dict[str, Any] = {"type": RECORD_TYPES.get(field.role, "Expense"), "use": "both"}
    yield Record(
        id=KNOWN_ID,
        name=name,
        full_name=name,
        number="1",
        code=matched_code.id,
        decided=True,
        **facts,
    )
    yield Record(id=NEW_ID, name="New record", full_name="New record", number="2", **facts)


def _open_order(bench: Bench, used: Mapping[str, Code]) -> Document:
    """Return an open order of QuickBooks, whose codes have the names that the source knows."""

    def code(role: str) -> dict[str, Code | str | None]:
        return {role: Code(id=KNOWN_ID, name=used[role].name)} if role in used else {}

    line = Line(
        id="1",
        amount=money("12.50"),
        quantity=money(1),
        unit_price=money("12.50"),
        description="An order that was made in QuickBooks",
        codes=code("item"),
    )
    return Document(
        kind="purchase_order",
        source_id=KNOWN_ID,
        number="PO-1",
        date=bench.today,
        currency=bench.company.currency,
        codes=code("vendor"),
        lines=(line,),
    )
