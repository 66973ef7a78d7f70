"""Contract tests of what is read: all of it can be read, and what is ready can be posted."""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from hub.contract.documents import (
    Code,
    Document,
    Party,
    Unreadable,
    Yielded,
    get_code_id,
    iter_codes,
)
from hub.contract.types import Field
from hub.sources.site import apply_settings
from hub.testing.bench import Bench
from hub.testing.outcomes.created_records import iter_created_records
from hub.testing.suite.variants import VariantBenches

MAX_EXAMPLES = 3
MAX_REASONS = 10
# What a code needs for each way to find its record, but for the link that the source may have.
MATCHED_BY: Mapping[str, Callable[[Code], object]] = {
    "number": lambda code: code.number,
    "name": lambda code: code.name,
    "words": lambda code: code.name,
    "email": lambda code: isinstance(code.create, Party) and code.create.email,
}
SALES_TAX_IDS = ("TAX", "NON")  # of the tax codes that every company in the United States has


class ReadinessTests(VariantBenches):
    """Tests that the documents of the stand-in can be posted."""

    unreadable: Mapping[str, str]
    unpostable: Mapping[str, str]

    def test_only_documents_declared_unreadable_cannot_be_read(self) -> None:
        """Print each distinct reason; fail on those that no case of the stand-in is meant for."""
        reasons: dict[str, list[str]] = defaultdict(list)
        unexpected_reasons = set()
        occurring_ids = set()
        for item in self._read_with_all_settings():
            if not isinstance(item, Unreadable):
                continue
            if item.source_id not in reasons[item.reason]:
                reasons[item.reason].append(item.source_id)
            words = self.unreadable.get(item.source_id)
            if words and words in item.reason:
                occurring_ids.add(item.source_id)
            else:
                unexpected_reasons.add(item.reason)
        lines = {reason: _format_reason(reason, ids) for reason, ids in reasons.items()}
        sys.stdout.write("\n".join(lines.values()))
        text = _list_reasons([lines[reason] for reason in sorted(unexpected_reasons)])
        if unexpected_reasons:
            pytest.fail(
                f"{self.slug} has documents that cannot be read:\n{text}\nCorrect the plugin. If"
                " the stand-in shows such a document on purpose, name it:"
                " contract(…, unreadable={source_id: words of the reason})."
            )
        missing = self.unreadable.keys() - occurring_ids
        if missing:
            pytest.fail(
                f"{self.slug}: {', '.join(sorted(missing))} should be unreadable with the reason"
                " that contract(…, unreadable=…) names, and is not."
            )

    def test_each_kind_that_the_app_posts_has_a_ready_document(self) -> None:
        """Look for a document that can be posted, or a code that creates the record, by kind."""
        kinds: set[str] = set()
        obstacles: dict[str, Counter[str]] = defaultdict(Counter)
        bench = self._open({})
        for plans in self._plan_each():
            for plan in plans:
                document = plan.document
                if plan.is_posted:
                    kinds.add(document.kind)
                    pairs = iter_created_records(bench.fields(), [document])
                    kinds.update(record.kind for _, record in pairs)
                for reason in filter(None, (plan.obstacle, *plan.problems)):
                    obstacles[document.kind][reason] += 1
        lines = []
        for kind in bench.app.posts:
            if kind not in kinds:
                lines.append(f"  {kind}: {_explain_unready(obstacles[kind])}")
        if lines:
            text = "\n".join(lines)
            pytest.fail(
                f"{self.slug} declares kinds of documents of which its stand-in has none that can"
                f" be posted:\n{text}\nAdd such a document to the stand-in, or remove the kind"
                " from App.posts. If other settings bring it: contract(…, variants=[{…}])."
            )

    def test_every_ready_document_can_be_posted(self) -> None:
        """Build what QuickBooks would be sent of each; fail on sums and references that are wrong.

        Each code counts as matched. So what is left is a mistake of the plugin or its stand-in.
        """
        reasons: dict[str, list[str]] = defaultdict(list)
        excused_ids: set[str] = set()
        for id, problem in self._iter_problems():
            words = self.unpostable.get(id)
            if words and words in problem:
                excused_ids.add(id)
            elif id not in reasons[problem]:
                reasons[problem].append(id)
        if reasons:
            lines = [_format_reason(reason, ids) for reason, ids in reasons.items()]
            text = _list_reasons(lines)
            pytest.fail(
                f"{self.slug} has documents that are ready, and that the hub would hold because of"
                f" what is wrong with them:\n{text}\nCorrect the plugin. If the stand-in shows"
                " such a document on purpose, name it: contract(…, unpostable={source_id: words of"
                " the reason})."
            )
        missing = self.unpostable.keys() - excused_ids
        if missing:
            pytest.fail(
                f"{self.slug}: {', '.join(sorted(missing))} should be ready and not be posted for"
                " the reason that contract(…, unpostable=…) names, and that is not so."
            )

    def test_codes_whose_record_is_created_say_what_to_create(self) -> None:
        """Look for `create` in the codes of each field that has missing="create"."""
        used: set[str] = set()
        fields_with_record: set[str] = set()
        for bench, documents in self._iter_benches_with_documents():
            for name, code in _iter_codes_to_create(bench, documents):
                used.add(name)
                if isinstance(code, Code) and code.create:
                    fields_with_record.add(name)
        silent = used - fields_with_record
        if silent:
            pytest.fail(
                f"{self.slug} has codes of the field {', '.join(sorted(silent))}, which"
                ' has missing="create", and none says what to create, so that a document with a new'
                " code would be held. Pass Code(…, create=Party(…)), or create=Item(…) for an item."
            )

    def test_codes_whose_record_is_created_have_ids_of_their_own(self) -> None:
        """Look for a code with `create` that has the id of a document or of another such code.

        The hub keeps a record that it creates as a document whose source id is that of the code.
        """
        for bench, documents in self._iter_benches_with_documents():
            owners = {document.source_id: f"a document ({document.kind})" for document in documents}
            kinds = {document.source_id: document.kind for document in documents}
            for name, record in iter_created_records(bench.fields(), documents):
                id = record.source_id
                owner = owners.setdefault(id, f"a code of the field {name}")
                if kinds.setdefault(id, record.kind) != record.kind:
                    pytest.fail(
                        f"{self.slug} has the code {id} of the field {name}, for which the hub may"
                        f" create a record, and {owner} with the same id. The hub takes both for"
                        " one, and holds the documents that need them. Begin the ids of the codes"
                        f" with a prefix of their own, such as {name}:{id}."
                    )

    def test_each_code_has_one_name(self) -> None:
        """Look for codes of a field with one id and several names: all would get one record."""
        names: dict[tuple[str, str], set[str]] = defaultdict(set)
        for _, documents in self._iter_benches_with_documents():
            for document in documents:
                for field, code, _ in iter_codes(document):
                    if isinstance(code, Code) and code.name:
                        names[field, code.id].add(code.name)
        several = {key: values for key, values in names.items() if len(values) > 1}
        if several:
            lines = []
            for (field, id), values in sorted(several.items())[:MAX_REASONS]:
                lines.append(f"  {field} {id}: {', '.join(sorted(values)[:MAX_EXAMPLES])}")
            text = "\n".join(lines)
            pytest.fail(
                f"{self.slug} has codes with one id and several names, which would all be matched"
                f" with one record of QuickBooks:\n{text}\nUse an id that the source gives to one"
                " thing only."
            )

    def test_codes_have_what_their_field_is_matched_by(self) -> None:
        """Look for fields that are matched by a name or number, of which no code has one."""
        codes: dict[str, list[Code | str]] = defaultdict(list)
        for _, documents in self._iter_benches_with_documents():
            for document in documents:
                for name, code, _ in iter_codes(document):
                    codes[name].append(code)
        for field in self._open({}).fields():
            example = _find_unmatchable(codes[field.name], field)
            if example:
                tries = " and ".join(text for text in field.match if text in MATCHED_BY)
                pytest.fail(
                    f"The field {field.name} of {self.slug} is matched by {tries}, and none of its"
                    f" codes has that, such as {example}: a person would have to match each of"
                    " them, without a name to go by. Pass it: Code(id=…, name=row[…],"
                    " number=row[…])."
                )

    def test_only_settings_name_quickbooks_ids(self) -> None:
        """Look for plain texts as codes that the hub would take for the id of a record."""
        places: dict[tuple[str, str], str] = {}
        for bench, documents in self._iter_benches_with_documents():
            for name, code, source_id in _iter_plain_ids(bench, documents):
                places.setdefault((name, code), source_id)
        if places:
            lines = [f"  {name} {code!r} of {id}" for (name, code), id in sorted(places.items())]
            text = _list_reasons(lines)
            pytest.fail(
                f"{self.slug} has codes that are plain texts and come from no setting:\n{text}\n"
                "The hub takes such a text for the id of a record in QuickBooks, where the same id"
                " is another record in each company. Write Code(id=…, number=…, name=…) for what"
                " the source calls something."
            )

    def _iter_problems(self) -> Iterator[tuple[str, str]]:
        """Yield the source id of each document that would be held, with what is wrong with it."""
        for plans in self._plan_each():
            for plan in plans:
                for problem in plan.problems:
                    yield plan.document.source_id, problem

    def _read_with_all_settings(self) -> Iterator[Yielded]:
        """Yield what is read with the settings, and with each of the variants."""
        for bench in self._iter_benches():
            yield from bench.read()


def _find_unmatchable(codes: Sequence[Code | str], field: Field) -> str:
    """Return the id of a code if none has what its field is matched by; "" if one has."""
    tries = [name for name in field.match if name in MATCHED_BY]
    if not tries or not codes:
        return ""
    if any(_is_matchable(code, tries) for code in codes):
        return ""
    return get_code_id(codes[0])


def _is_matchable(code: Code | str, tries: Iterable[str]) -> bool:
    """Return whether a code has a link, or one of the things by which a record is looked for.

    A plain text is an id of QuickBooks, a name and a number at once.
    """
    if isinstance(code, str) or code.quickbooks_id:
        return True
    return any(MATCHED_BY[name](code) for name in tries)


def _iter_plain_ids(bench: Bench, documents: Iterable[Document]) -> Iterator[tuple[str, str, str]]:
    """Yield each code that counts as an id of QuickBooks and is in no setting, with its document.

    A plain text is an id, unless its field does not look for records by their ids.
    """
    known_ids = {*SALES_TAX_IDS, *_list_setting_values(bench.settings)}
    names = {field.name for field in bench.fields() if "id" not in field.match}
    for document in documents:
        for name, code, _ in iter_codes(document):
            if isinstance(code, str) and name not in names and code not in known_ids:
                yield name, code, document.source_id


def _list_setting_values(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts among the settings, those of lists too: a person has chosen them."""
    for value in settings.values():
        values = value if isinstance(value, list | tuple) else [value]
        yield from (text for text in values if isinstance(text, str))


def _iter_codes_to_create(
    bench: Bench, documents: Iterable[Document]
) -> Iterator[tuple[str, Code | str]]:
    """Yield the codes that documents use of each field whose records are created."""
    fields = [apply_settings(field, bench.settings) for field in bench.fields()]
    creating = {field.name for field in fields if field.missing == "create"}
    for document in documents:
        for name, code, _ in iter_codes(document):
            if name in creating:
                yield name, code


def _format_reason(reason: str, ids: Sequence[str]) -> str:
    """Return a line with a reason, how many documents have it, and the first of them."""
    examples = ", ".join(ids[:MAX_EXAMPLES])
    if len(ids) > MAX_EXAMPLES:
        examples += ", …"
    return f"  {len(ids)} × {reason} ({examples})"


def _list_reasons(lines: Sequence[str]) -> str:
    """Return the first lines with reasons, and how many others there are."""
    first_lines = [*lines[:MAX_REASONS]]
    if len(lines) > MAX_REASONS:
        first_lines.append(f"  … and {len(lines) - MAX_REASONS} more reasons")
    return "\n".join(first_lines)


def _explain_unready(obstacles: Counter[str]) -> str:
    """Return how many documents of a kind are not ready and why, or that there is none."""
    if not obstacles:
        return "none was read as a document, and no code creates one"
    common = [f"{count} × {reason}" for reason, count in obstacles.most_common(MAX_EXAMPLES)]
    return "; ".join(common)
