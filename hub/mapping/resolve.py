"""Map a document: find the record of every code, or list all codes without a record at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, cast

from hub.contract.document_kinds import PARTY_ROLES, words_of
from hub.contract.documents import ROLES, Code, Document, Line, Party, Role
from hub.contract.types import Field
from hub.errors import Sentence
from hub.mapping.index import MatchIndex
from hub.mapping.mapped import (
    Link,
    MappedDocument,
    MappedLine,
    MatchedParty,
    Missing,
    NewRecord,
    Ref,
)
from hub.mapping.placeholders import format_new_record
from hub.mapping.places import PLACES, is_text
from hub.mapping.rules import MatchResult, find, find_setting, format_code_name
from hub.mapping.split import split
from hub.reasons.texts import add_article

Codes = Mapping[str, Code | str | None]


class ResolvedLine(NamedTuple):
    """A line of the source with the records of its codes."""

    line: Line
    refs: dict[Role, Ref]


def resolve(
    document: Document,
    fields: Iterable[Field],
    index: MatchIndex,
    links: Mapping[str, Link] | None = None,
) -> MappedDocument | list[Missing]:
    """Return the document with the records of its codes, or everything that is missing.

    `links` are the transactions that lines apply to, by their documents' source ids.
    """
    resolver = _Resolver(document, fields, index)
    refs = resolver.find_refs(document.codes)
    resolved_lines: list[ResolvedLine] = []
    for line in document.lines:
        line_refs = {} if is_text(line) else resolver.find_refs(line.codes)
        resolved_lines.append(ResolvedLine(line, line_refs))

    header, for_lines = _divide_header(document, refs)
    split_role = resolver.lift_to_header(header, resolved_lines)
    for resolved_line in resolved_lines:
        if not is_text(resolved_line.line):
            resolver.inherit(resolved_line, for_lines)
    if resolver.missing:
        return list(resolver.missing.values())

    mapped_document = MappedDocument(
        document=document,
        header=header,
        lines=tuple(_map_line(document, line, links or {}) for line in resolved_lines),
        new_records=tuple(resolver.new_records.values()),
        matched_parties=tuple(resolver.matched_parties.values()),
        warnings=(*document.warnings, *resolver.warnings),
        remarks=tuple(resolver.remarks),
    )
    if split_role is None:
        return mapped_document
    return resolver.split(mapped_document, split_role, resolved_lines)


def party_name(document: Document, fields: Iterable[Field]) -> str:
    """Return the supplier or customer of a document as the source calls it."""
    if document.details:
        return document.details.name
    for field in fields:
        if field.role in PARTY_ROLES:
            code = document.codes.get(field.name)
            if code:
                return format_code_name(code)
    return ""


def _divide_header(
    document: Document, refs: Mapping[Role, Ref]
) -> tuple[dict[Role, Ref], dict[Role, Ref]]:
    """Return the records of the header that stay there, and those that go onto every line."""
    roles = PLACES[document.kind].header
    if document.kind == "expense" and "vendor" in refs:
        roles = roles - {"customer"}
    header = {role: ref for role, ref in refs.items() if role in roles}
    for_lines = {role: ref for role, ref in refs.items() if role not in roles}
    return header, for_lines


def _map_line(
    document: Document, resolved_line: ResolvedLine, links: Mapping[str, Link]
) -> MappedLine:
    """Return a line with the records for which it has a place, and what it applies to."""
    roles = PLACES[document.kind].line
    refs = {role: ref for role, ref in resolved_line.refs.items() if role in roles}
    line = resolved_line.line
    link = links.get(line.applied.document) if line.applied else None
    return MappedLine(line=line, refs=refs, applied=link)


class _Resolver:
    """Find the records of one document; collect what is missing, created and warned about."""

    def __init__(self, document: Document, fields: Iterable[Field], index: MatchIndex) -> None:
        self.document = document
        self.places = PLACES[document.kind]
        self.fields = {field.name: field for field in fields}
        self.index = index
        self.missing: dict[tuple[str, str], Missing] = {}
        self.new_records: dict[tuple[Role, str], NewRecord] = {}
        self.matched_parties: dict[tuple[Role, str], MatchedParty] = {}
        self.warnings: dict[str, None] = {}
        self.remarks: dict[str, None] = {}

    def find_refs(self, codes: Codes) -> dict[Role, Ref]:
        """Return the records of the codes of a header or line.

        If several codes have the same role, the first counts. A code that the kind of document has
        no place for is named in the memo.
        """
        possible_roles = self.places.header | self.places.line
        refs: dict[Role, Ref] = {}
        for name, code in codes.items():
            if code is None or code == "":
                continue
            field = self.fields.get(name)
            if not field and name not in ROLES:
                self._add_missing(name, name, Sentence("the app does not declare it."))
                continue
            role = field.role if field else cast(Role, name)
            if role not in possible_roles:
                self._add_to_memo(field, role, code)
                continue
            ref = self._resolve_code(field, role, code)
            if ref:
                refs.setdefault(role, ref)
        return refs

    def lift_to_header(self, header: dict[Role, Ref], lines: Sequence[ResolvedLine]) -> Role | None:
        """Move records from the lines into the header where only the header has a field for them.

        Return the role to split the document by, if the lines differ in it. A document is split by
        one role only.
        """
        split_role: Role | None = None
        for role in sorted(self.places.header - self.places.line):
            lines_with_role = [line for line in lines if role in line.refs]
            if not lines_with_role:
                continue
            ids = {line.refs[role].id for line in lines_with_role}
            if role in header:
                ids.add(header[role].id)
            if len(ids) == 1:
                header[role] = lines_with_role[0].refs[role]
            elif self._apply_differ_policy(role, lines_with_role, header, may_split=not split_role):
                split_role = role
        return split_role

    def inherit(self, resolved_line: ResolvedLine, for_lines: Mapping[Role, Ref]) -> None:
        """Give a line the records of the header, except in roles for which it has its own.

        A line that has an item or an account inherits neither.
        """
        if "item" in resolved_line.refs and "account" in resolved_line.refs:
            problem = Sentence(
                "line %(line)s names both an item and an account; it may have only one of them.",
                line=resolved_line.line.id,
            )
            self._add_missing("line", "Line", problem)
        has_own_target = "item" in resolved_line.refs or "account" in resolved_line.refs
        for role, ref in for_lines.items():
            if role not in self.places.line:
                continue
            if has_own_target and role in ("item", "account"):
                continue
            resolved_line.refs.setdefault(role, ref)

    def split(
        self, mapped_document: MappedDocument, role: Role, lines: Sequence[ResolvedLine]
    ) -> MappedDocument | list[Missing]:
        """Split a document by a role in which its lines differ."""
        line_refs = {line.line.id: line.refs[role] for line in lines if role in line.refs}
        parts = split(mapped_document, role, line_refs)
        if isinstance(parts, tuple):
            return replace(mapped_document, parts=parts)
        label = _get_field_label(self._find_field(role), role)
        return [
            Missing(field=role, label=label, role=role, code="", problem=parts, solution="source")
        ]

    def _find(self, field: Field | None, role: Role, code: Code | str) -> MatchResult:
        """Find the record of a code by its field; one without a field holds a QuickBooks id."""
        if field:
            return find(field, code, self.index)
        if isinstance(code, Code):
            code = code.quickbooks_id or code.id
        return find_setting(role, code, self.index)

    def _resolve_code(self, field: Field | None, role: Role, code: Code | str) -> Ref | None:
        """Return the record of one code; None if it is missing or left out."""
        result = self._find(field, role, code)
        if isinstance(result, Missing):
            self.missing.setdefault((result.field, result.code), result)
            return None
        if isinstance(result, str):
            self.warnings[result] = None
            return None
        if isinstance(result, NewRecord):
            self.new_records[role, result.code] = result
            email = getattr(result.details, "email", None) or ""
            name = result.details.name
            return Ref(role=role, id=format_new_record(role, result.code), name=name, email=email)
        if result and field and field.fill:
            self._add_matched_party(field, code, result)
        return result

    def _add_matched_party(self, field: Field, code: Code | str, ref: Ref) -> None:
        """Note that a matched party may lack contact data which its code has."""
        if not isinstance(code, Code) or not isinstance(code.create, Party):
            return
        self.matched_parties[field.role, code.id] = MatchedParty(
            field=field.name,
            role=field.role,
            code=code.id,
            id=ref.id,
            details=code.create,
        )

    def _add_to_memo(self, field: Field | None, role: Role, code: Code | str) -> None:
        """Put the name of a code that this kind of document has no place for into the memo."""
        result = self._find(field, role, code)
        name = format_code_name(code)
        if isinstance(result, Ref):
            name = result.name
        label = _get_field_label(field, role)
        self.remarks[f"{label}: {name}"] = None

    def _add_missing(self, field: str, label: str, problem: str) -> None:
        """Note a fault of the document that its source has to correct."""
        missing = Missing(field=field, label=label, code="", problem=problem, solution="source")
        self.missing.setdefault((field, ""), missing)

    def _apply_differ_policy(
        self,
        role: Role,
        lines: Sequence[ResolvedLine],
        header: dict[Role, Ref],
        *,
        may_split: bool,
    ) -> bool:
        """Apply the policy of the field for lines that differ; return whether to split.

        Each of the lines has a record of the role. Hold a document that would be split, but is
        split by another role already.
        """
        field = self._find_field(role)
        label = _get_field_label(field, role)
        policy = field.differ if field else "hold"
        if policy == "split" and may_split:
            return True
        if policy == "first":
            ref = header.setdefault(role, lines[0].refs[role])
            warning = Sentence(
                "The lines differ in %(label)s; %(name)s is used for all of them.",
                label=label,
                name=ref.name,
            )
            self.warnings[warning] = None
            return False
        kind = add_article(words_of(self.document.kind))
        names = "; ".join(
            Sentence("line %(id)s: %(name)s", id=line.line.id, name=line.refs[role].name)
            for line in lines
        )
        problem = Sentence(
            "the lines differ, and %(kind)s in QuickBooks has only one: %(names)s.",
            kind=kind,
            names=names,
        )
        missing = Missing(
            field=field.name if field else role,
            label=label,
            role=role,
            code="",
            problem=problem,
            solution="differ" if field else "source",
        )
        self.missing.setdefault((missing.field, missing.code), missing)
        return False

    def _find_field(self, role: Role) -> Field | None:
        """Return the first field of a role, if the app has one."""
        for field in self.fields.values():
            if field.role == role:
                return field
        return None


def _get_field_label(field: Field | None, role: Role) -> str:
    """Return the name of a field for people, or of the role if the app has no field for it."""
    if field:
        return field.label
    return role.replace("_", " ").capitalize()
