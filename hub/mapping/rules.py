"""Which record one code is: the admin's decision, the link, then the field's ways in turn, its default, its policy."""

from collections.abc import Callable

from hub.contract.documents import Code, Party, Role
from hub.contract.hookspecs import Field
from hub.mapping.index import EMPTY, NEW, Book, Decision, Entry, Index, key, ref
from hub.mapping.mapped import Create, Missing, Ref

Found = Ref | Create | Missing | str | None

SAME_NAMES: dict[Role, Role] = {"vendor": "customer", "customer": "vendor"}


def find(field: Field, code: Code | str, book: Book) -> Found:
    """A record, one to create, what is missing, a warning as text, or None where a person said to leave it out."""
    known = _identity(field, code)
    if known not in book.found:
        book.found[known] = _separated(field, code, _find(field, code, book), book)
    return book.found[known]  # type: ignore[return-value]


def find_setting(role: Role, id: str, book: Book) -> Ref | Missing:
    """The record whose QuickBooks id a setting holds."""
    entry = book.records(role).active(id)
    if entry:
        return ref(role, entry)
    label = role.replace("_", " ")
    return Missing(
        field=role,
        label=label.capitalize(),
        role=role,
        code=id,
        act="settings",
        why=_unusable(id, book, role),
    )


def standing(field: Field, code: Code, book: Book) -> Ref | Missing | None:
    """The record that a code is already, by a decision, a link or the rules; None when it would be made."""
    decision = _kept(field, code, book)
    if decision and decision.record != NEW:
        found = _decided(field, code, decision, book)
        return found if isinstance(found, Ref | Missing) else None
    return None if decision else _by_rules(field, code, book, plain=False)


def called(code: Code | str) -> str:
    """The code as a person knows it."""
    return code if isinstance(code, str) else code.name or code.number or code.id


def _identity(field: Field, code: Code | str) -> tuple[object, ...]:
    if isinstance(code, str):
        return field.name, code
    made = code.create and (code.create.name, getattr(code.create, "email", None))
    return field.name, code.id, code.name, code.number, code.quickbooks_id, code.hold, made


def _find(field: Field, given: Code | str, book: Book) -> Found:
    code = Code(id=given, name=given, number=given) if isinstance(given, str) else given
    if code.hold:
        return _missing(field, code, book, code.hold, act="source")
    decision = _kept(field, code, book)
    if decision and decision.record != NEW:
        return _decided(field, code, decision, book)
    if not decision:
        found = _by_rules(field, code, book, plain=isinstance(given, str))
        if found:
            return found
    return _policy(field, code, book, confirmed=bool(decision))


def _separated(field: Field, given: Code | str, found: Found, book: Book) -> Found:
    """Refuse a record whose name holds the source's separator, which QuickBooks does not take for one."""
    if not isinstance(found, Ref) or not is_separated(field, found.name):
        return found
    code = Code(id=given, name=given) if isinstance(given, str) else given
    entry = book.records(field.role).by_id[found.id]
    return _missing(field, code, book, separated(field, found.name), [entry])


def is_separated(field: Field, name: str) -> bool:
    """Return whether a name in QuickBooks holds the separator that the source uses."""
    return bool(field.separator) and field.separator in name


def separated(field: Field, name: str) -> str:
    """Say why a record cannot be used whose name holds the source's separator."""
    return (
        f"its name in QuickBooks, {name}, holds “{field.separator}”, which separates nothing there."
        " Rename it in QuickBooks and refresh the lists."
    )


def _kept(field: Field, code: Code, book: Book) -> Decision | None:
    """What was decided or linked; of a link the document itself knows better, "" being a link to nothing."""
    decision = book.matches.get((field.name, code.id))
    told = code.quickbooks_id
    is_older = decision and decision.how == "link" and told is not None and told != decision.record
    return None if is_older else decision


def _decided(field: Field, code: Code, decision: Decision, book: Book) -> Found:
    if decision.record == EMPTY:
        return None
    entry = book.records(field.role).active(decision.record)
    if entry:
        return ref(field.role, entry)
    said = "was matched to" if decision.how == "decided" else "is linked to"
    return _missing(
        field,
        code,
        book,
        f"it {said} a record that cannot be used: {_unusable(decision.record, book, field.role)}",
    )


def _by_rules(field: Field, code: Code, book: Book, plain: bool) -> Ref | Missing | None:
    index = book.records(field.role)
    for way in field.match:
        if way == "id" and code.quickbooks_id and not index.active(code.quickbooks_id):
            return _missing(field, code, book, _unusable(code.quickbooks_id, book, field.role))
        hits = _WAYS[way](index, code, plain)
        if way == "words":
            hits = [hit for hit in hits if book.made.get((field.name, hit.id), code.id) == code.id]
        if (
            way == "name"
            and "email" in field.match
            and hits
            and all(_is_another(field, code, hit, book) for hit in hits)
        ):
            why = (
                f"QuickBooks has that name with another e-mail address or code: {_titled(hits[0])}."
            )
            return _missing(field, code, book, why, hits)
        if len(hits) == 1:
            return ref(field.role, hits[0])
        if hits:
            names = ", ".join(sorted(entry.full_name or entry.name for entry in hits))
            return _missing(field, code, book, f"several records in QuickBooks fit: {names}.", hits)
    return None


def _by_id(index: Index, code: Code, plain: bool) -> list[Entry]:
    entry = index.active(code.quickbooks_id or (code.id if plain else ""))
    return [entry] if entry else []


def _by_email(index: Index, code: Code, plain: bool) -> list[Entry]:
    return index.mailed((code.create.email if isinstance(code.create, Party) else None) or "")


def _is_another(field: Field, code: Code, entry: Entry, book: Book) -> bool:
    """Whether a record of the same name is somebody else: mailed elsewhere, or made for another code."""
    email = (code.create.email if isinstance(code.create, Party) else None) or ""
    mailed = bool(email and entry.email) and not Index([entry]).mailed(email)
    return mailed or book.made.get((field.name, entry.id), code.id) != code.id


_WAYS: dict[str, Callable[[Index, Code, bool], list[Entry]]] = {
    "id": _by_id,
    "number": lambda index, code, plain: index.numbered(code.number or ""),
    "name": lambda index, code, plain: index.named(code.name or ""),
    "email": _by_email,
    "words": lambda index, code, plain: index.worded(code.name or ""),
}


def _policy(field: Field, code: Code, book: Book, confirmed: bool) -> Found:
    if field.default and not confirmed:
        entry = book.records(field.role).active(field.default)
        return ref(field.role, entry) if entry else _bad_default(field, code, book)
    if field.name in book.confirm and not confirmed and len(book.records(field.role)):
        return _missing(
            field,
            code,
            book,
            "nothing fits it; match it or confirm it as new before the first posting.",
        )
    if code.create and (field.missing == "create" or confirmed):
        return _create(field, code, code.create.name, book, confirmed)
    if field.missing == "warn":
        return f"{field.label} {called(code)!r} is not in QuickBooks; posted without it."
    unlinked = "it is not linked to anything in QuickBooks."
    return _missing(
        field,
        code,
        book,
        unlinked if code.quickbooks_id == "" else "nothing in QuickBooks fits it.",
    )


def _create(field: Field, code: Code, name: str, book: Book, confirmed: bool) -> Create | Missing:
    assert code.create
    taken = _all_named(name, field.role, book)
    if taken:
        return _missing(
            field, code, book, f"the name is taken in QuickBooks: {_titled(taken[0])}.", taken
        )
    near = [] if confirmed or field.role == "item" else book.records(field.role).near(name)
    if near:
        why = f"it would be made new, but QuickBooks has a near name: {_titled(near[0])}."
        return _missing(field, code, book, why, near)
    return Create(field=field.name, role=field.role, code=code.id, details=code.create)


def _all_named(name: str, role: Role, book: Book) -> list[Entry]:
    """Records, inactive ones too, that keep QuickBooks from making another of this name."""
    roles = [role, SAME_NAMES[role]] if role in SAME_NAMES else [role]
    indexes = [book.records(one) for one in roles]
    return [entry for index in indexes for entry in index.same(name)]


def _titled(entry: Entry) -> str:
    return (entry.full_name or entry.name) + ("" if entry.active else " (inactive)")


def _bad_default(field: Field, code: Code, book: Book) -> Missing:
    why = f"nothing fits it, and the settings' default cannot be used: {_unusable(field.default or '', book, field.role)}"
    return _missing(field, code, book, why, act="settings")


def _unusable(id: str, book: Book, role: Role) -> str:
    entry = book.records(role).by_id.get(id)
    what = role.replace("_", " ")
    if entry:
        return f"{entry.full_name or entry.name} is inactive in QuickBooks."
    return f"QuickBooks has no {what} with the id {id}."


def _missing(
    field: Field,
    code: Code,
    book: Book,
    why: str,
    hits: list[Entry] | None = None,
    act: str = "match",
) -> Missing:
    index = book.records(field.role)
    # A taken name may be that of a customer where a vendor is looked for: no suggestion for this role.
    fitting = [entry for entry in hits or () if index.active(entry.id) is entry]
    if not fitting:
        alike = index.like(code.name or "", code.number or "")
        same_number = index.numbered(code.number or "")
        fitting = same_number + [entry for entry in alike if entry not in same_number]
    return Missing(
        field=field.name,
        label=field.label,
        role=field.role,
        code=code.id,
        name=code.name or "",
        number=code.number or "",
        why=why,
        act=act,
        suggestions=tuple(ref(field.role, entry) for entry in fitting),
        exact=_exact(field, code, fitting, book),
    )


def _exact(field: Field, code: Code, suggestions: list[Entry], book: Book) -> str:
    """Return the id of the one suggestion that is certainly meant, "" if there is none or several."""
    certain = [
        entry
        for entry in suggestions
        if _is_exact(code, entry) and not _is_another(field, code, entry, book)
    ]
    return certain[0].id if len(certain) == 1 else ""


def _is_exact(code: Code, entry: Entry) -> bool:
    """Whether id, number or full name is the same; an equal name with another number is not enough."""
    name, number = key(code.name or ""), key(code.number or "")
    if code.quickbooks_id:
        return code.quickbooks_id == entry.id
    if number and number == key(entry.number):
        return True
    has_another_number = bool(number and entry.number) and number != name
    return bool(name) and not has_another_number and name == key(entry.full_name or entry.name)
