"""A whole document in QuickBooks' terms: every code in its place, or everything that is missing at once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from hub.contract.documents import ROLES, Code, Document, Line, Party, Role
from hub.contract.hookspecs import Field
from hub.mapping.index import Book
from hub.mapping.mapped import Create, Fill, Link, Mapped, MappedLine, Missing, Ref
from hub.mapping.places import PLACES, is_text
from hub.mapping.rules import called, find, find_setting
from hub.mapping.split import split

Codes = Mapping[str, Code | str | None]


def resolve(
    document: Document,
    fields: Iterable[Field],
    book: Book,
    applied: Mapping[str, Link] | None = None,
) -> Mapped | list[Missing]:
    """The document in QuickBooks' terms, or all that keeps it from being posted; `applied` by source id."""
    work = _Work({field.name: field for field in fields}, book)
    header = work.refs(document.codes, _roles(document))
    lines = [
        ({} if is_text(line) else work.refs(line.codes, _roles(document)), line)
        for line in document.lines
    ]
    top, spread = _divided(document, header)
    by = work.lift(document, top, lines)
    for refs, line in lines:
        if not is_text(line):
            work.inherit(document, refs, spread, line)
    if work.missing:
        return list(work.missing.values())
    whole = Mapped(
        document=document,
        header=top,
        lines=tuple(_mapped(document, refs, line, applied or {}) for refs, line in lines),
        creates=tuple(work.creates.values()),
        fills=tuple(work.fills.values()),
        warnings=(*document.warnings, *work.warnings),
        memo_extra=tuple(work.memo),
    )
    return _split(whole, by, lines, work) if by else whole


def party_name(document: Document, fields: Iterable[Field]) -> str:
    """The supplier or client of a document as the source calls it."""
    if document.details:
        return document.details.name
    parties = [field.name for field in fields if field.role in ("vendor", "customer")]
    codes = [code for name in parties if (code := document.codes.get(name))]
    return called(codes[0]) if codes else ""


def _roles(document: Document) -> frozenset[Role]:
    return PLACES[document.kind].header | PLACES[document.kind].line


def _divided(
    document: Document, refs: Mapping[Role, Ref]
) -> tuple[dict[Role, Ref], dict[Role, Ref]]:
    """The header's records that stay there, and those that go onto every line."""
    stays = PLACES[document.kind].header
    if document.kind == "expense" and "vendor" in refs:
        stays = stays - {"customer"}
    top = {role: ref for role, ref in refs.items() if role in stays}
    return top, {role: ref for role, ref in refs.items() if role not in stays}


def _mapped(
    document: Document, refs: Mapping[Role, Ref], line: Line, applied: Mapping[str, Link]
) -> MappedLine:
    own = {role: ref for role, ref in refs.items() if role in PLACES[document.kind].line}
    return MappedLine(
        line=line, refs=own, applied=applied.get(line.applied.document) if line.applied else None
    )


class _Work:
    """What came out so far."""

    def __init__(self, fields: Mapping[str, Field], book: Book) -> None:
        self.fields, self.book = fields, book
        self.missing: dict[tuple[str, str], Missing] = {}
        self.creates: dict[tuple[Role, str], Create] = {}
        self.fills: dict[tuple[Role, str], Fill] = {}
        self.warnings: dict[str, None] = {}
        self.memo: dict[str, None] = {}

    def refs(self, codes: Codes, placed: frozenset[Role]) -> dict[Role, Ref]:
        """The records of one owner's codes; the first of a role counts."""
        found: dict[Role, Ref] = {}
        for name, code in codes.items():
            if code is None or code == "":
                continue
            field = self.fields.get(name)
            if not field and name not in ROLES:
                self.miss(
                    Missing(
                        field=name,
                        label=name,
                        code="",
                        why="the app does not declare it.",
                        act="source",
                    )
                )
                continue
            role = field.role if field else cast(Role, name)
            if role not in placed:
                self.note(field, role, code)
            elif ref := self.ref(field, role, code):
                found.setdefault(role, ref)
        return found

    def ref(self, field: Field | None, role: Role, code: Code | str) -> Ref | None:
        """The record of one code, or None when something is to be said instead."""
        found = find(field, code, self.book) if field else find_setting(role, _id(code), self.book)
        if isinstance(found, Missing):
            self.miss(found)
        elif isinstance(found, str):
            self.warnings[found] = None
        elif isinstance(found, Create):
            self.creates[role, found.code] = found
            email = getattr(found.details, "email", None) or ""
            return Ref(role=role, id=f"@{role}:{found.code}", name=found.details.name, email=email)
        if isinstance(found, Ref) and field and field.fill:
            self.fill(field, code, found)
        return found if isinstance(found, Ref) else None

    def fill(self, field: Field, code: Code | str, found: Ref) -> None:
        """Note that a matched party may lack contact data which its code has."""
        if isinstance(code, Code) and isinstance(code.create, Party):
            self.fills[field.role, code.id] = Fill(
                field=field.name, role=field.role, code=code.id, id=found.id, details=code.create
            )

    def note(self, field: Field | None, role: Role, code: Code | str) -> None:
        """A code that the kind has no place for goes into the memo by name."""
        found = find(field, code, self.book) if field else find_setting(role, _id(code), self.book)
        name = found.name if isinstance(found, Ref) else called(code)
        label = field.label if field else role.replace("_", " ").capitalize()
        self.memo[f"{label}: {name}"] = None

    def miss(self, missing: Missing) -> None:
        """Remembers it once, however many lines it stops."""
        self.missing.setdefault((missing.field, missing.code), missing)

    def inherit(
        self, document: Document, refs: dict[Role, Ref], spread: Mapping[Role, Ref], line: Line
    ) -> None:
        """Gives a line the header's records that it has none of its own for; never an item beside an account."""
        if "item" in refs and "account" in refs:
            why = f"line {line.id} names both an item and an account; it may have only one of them."
            self.miss(Missing(field="line", label="Line", code="", why=why, act="source"))
        either = {"item", "account"} if refs.keys() & {"item", "account"} else set()
        for role, ref in spread.items():
            if role not in either and role in PLACES[document.kind].line:
                refs.setdefault(role, ref)

    def lift(
        self, document: Document, top: dict[Role, Ref], lines: list[tuple[dict[Role, Ref], Line]]
    ) -> Role | None:
        """Moves what lines carry but only the head has room for; returns the role to split by, if they differ."""
        by: Role | None = None
        for role in PLACES[document.kind].header - PLACES[document.kind].line:
            carried = [(line, refs[role]) for refs, line in lines if role in refs]
            ids = {ref.id for _, ref in carried} | (
                {top[role].id} if role in top and carried else set()
            )
            if len(ids) > 1:
                by = self.differ(document, role, carried, top) or by
            elif carried:
                top[role] = carried[0][1]
        return by

    def differ(
        self, document: Document, role: Role, carried: list[tuple[Line, Ref]], top: dict[Role, Ref]
    ) -> Role | None:
        """What the field says when lines do not agree: hold, take the first one's, or split."""
        field = next((field for field in self.fields.values() if field.role == role), None)
        policy = field.differ if field else "hold"
        if policy == "split":
            return role
        if policy == "first":
            top.setdefault(role, carried[0][1])
            kept = top[role].name
            self.warnings[
                f"The lines differ in {_label(field, role)}; {kept} is used for all of them."
            ] = None
            return None
        listed = "; ".join(f"line {line.id}: {ref.name}" for line, ref in carried)
        why = f"the lines differ, and a {document.kind.replace('_', ' ')} in QuickBooks has only one: {listed}."
        label = _label(field, role)
        name, act = (field.name, "differ") if field else (role, "source")
        self.miss(Missing(field=name, label=label, role=role, code="", why=why, act=act))
        return None


def _label(field: Field | None, role: Role) -> str:
    return field.label if field else role.replace("_", " ").capitalize()


def _id(code: Code | str) -> str:
    return code if isinstance(code, str) else code.quickbooks_id or code.id


def _split(
    whole: Mapped, role: Role, lines: list[tuple[dict[Role, Ref], Line]], work: _Work
) -> Mapped | list[Missing]:
    parts = split(whole, role, {line.id: refs[role] for refs, line in lines if role in refs})
    if isinstance(parts, tuple):
        return replace(whole, parts=parts)
    field = next((field for field in work.fields.values() if field.role == role), None)
    label = _label(field, role)
    return [Missing(field=role, label=label, role=role, code="", why=parts, act="source")]
