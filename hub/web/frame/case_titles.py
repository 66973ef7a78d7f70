"""Which document a case is about, so that cases with the same title can be distinguished."""

from collections.abc import Iterable, Sequence
from itertools import chain
from textwrap import fill

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.cases.advice import drop_instruction
from hub.cases.causes import parse_posting_id
from hub.contract.document_kinds import LIST_KINDS
from hub.models import NAMES_ONLY, Case, Posting, case_posting
from hub.models.cases import DIFFERENCES
from hub.models.display_names import DisplayName, format_posting_name
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.catalogue.collecting import NOTHING_FITS
from hub.reasons.texts import render
from hub.translations.messages import format_name, gettext, translate_name
from hub.web.frame.kind_labels import KIND_LABELS, KIND_NOUNS

DOCUMENT_TITLE = "{document}"  # the title of a case that only names its document
MAX_HEADLINE = 110


def load_subjects(session: Session, cases: Sequence[Case]) -> dict[int, str]:
    """Return the document of each case that is about one alone, unless its title names it.

    A closed case names its document as it was called then.
    """
    titles = {case.id: case.title for case in cases if parse_posting_id(case.cause)}
    link = case_posting.c
    single_postings = (
        select(link.case_id, func.min(link.posting_id).label("posting_id"))
        .where(link.case_id.in_(titles))
        .group_by(link.case_id)
        .having(func.count() == 1)
        .subquery()
    )
    closed_postings = load_closed_postings(session, cases)
    with_posting = (
        select(single_postings.c.case_id, Posting)
        .join(Posting, Posting.id == single_postings.c.posting_id)
        .options(*NAMES_ONLY)
    )
    stored_names = {case.id: _get_stored_name(case) for case in cases if case.closed_at is not None}
    names = {}
    for case_id, posting in chain(session.execute(with_posting), closed_postings.items()):
        name = stored_names.get(case_id) or format_posting_name(posting)
        translated_name = _translate_name(posting, name)
        title = titles[case_id].casefold()
        if name.casefold() not in title and translated_name.casefold() not in title:
            names[case_id] = translated_name
    return names


def _get_stored_name(case: Case) -> str:
    """Return the name of the document in the texts of a case; "" if they name none."""
    name = case.params.get("name") or case.params.get("document")
    return name if isinstance(name, str) else ""


def _translate_name(posting: Posting, name: str) -> str:
    """Return the name of a posting in the language of the person.

    The name of an entry of a list has no number by which `translate_name` would recognize it, nor
    has the name of a document with a number of several words.
    """
    parts = DisplayName.of_posting(posting)
    kind = f"{parts.kind.capitalize()} "
    if posting.kind in LIST_KINDS and name.startswith(kind):
        return f"{gettext(KIND_LABELS[posting.kind])} {name.removeprefix(kind)}"
    if name == str(parts):
        return format_name(*parts)
    return translate_name(name)


def load_closed_postings(session: Session, cases: Iterable[Case]) -> dict[int, Posting]:
    """Return the posting that each closed case was about, by the id of the case.

    An earlier version removed the postings of a case that it closed; the cause still names one.
    """
    ids = {}
    for case in cases:
        posting_id = parse_posting_id(case.cause)
        if case.closed_at is not None and posting_id is not None:
            ids[case.id] = posting_id
    if not ids:
        return {}
    query = select(Posting).where(Posting.id.in_(set(ids.values()))).options(*NAMES_ONLY)
    postings = {posting.id: posting for posting in session.scalars(query)}
    return {case_id: postings[id] for case_id, id in ids.items() if id in postings}


def format_name_in_sentence(posting: Posting) -> str:
    """Return the name of a posting as a sentence has it: bill 26M-48248 (Ålesund Asfalt)."""
    name = DisplayName.of_posting(posting)
    kind = gettext(KIND_NOUNS.get(posting.kind, name.kind))
    if name.party:
        return f"{kind} {name.label} ({name.party})"
    return f"{kind} {name.label}"


def list_differences(case: Case) -> list[str]:
    """Return the sentences about differences that the page lists; a single one is not listed."""
    sentences = case.details.get(DIFFERENCES, ())
    is_in_text = DIFFERENCES in case.params
    return list(sentences) if is_in_text and len(sentences) > 1 else []


def format_reason(case: Case, subject: str | None, *, lists_differences: bool = False) -> str:
    """Return the reason of a case without the name beside its title and the advice after it.

    `subject` is that name, as `load_subjects` returns it. Return "" if the title says it all. With
    `lists_differences` the sentences of `list_differences` are left out.
    """
    reason = case.reason
    if lists_differences and list_differences(case):
        reason = render(case.code, {**case.params, DIFFERENCES: ""}).reason
    if case.code == "code.match" and case.params.get("problem") == NOTHING_FITS[0]:
        return ""
    text = drop_instruction(reason, case.instruction)
    if not subject or not text.startswith(subject):
        return text
    rest = text.removeprefix(subject)
    if rest.startswith((": ", ", ")):
        sentence = rest[2:]
        return sentence[:1].upper() + sentence[1:]
    if rest.startswith(" "):
        return gettext("It%(rest)s", rest=rest)
    return text


def format_headline(case: Case) -> str:
    """Return the title of a case, or its reason if the title only names a document."""
    template = CATALOGUE.get(case.code)
    if template is None or template.title != DOCUMENT_TITLE:
        return case.title
    text = shorten_reason(drop_instruction(case.reason, case.instruction))
    first_sentence = text.partition(". ")[0].rstrip(".")
    # Not textwrap.shorten, which also replaces the spaces that keep an amount on one line.
    return fill(first_sentence, MAX_HEADLINE, max_lines=1, placeholder="…") or case.title


def shorten_reason(text: str) -> str:
    """Shorten a reason for a list; the case's page has QuickBooks' own words."""
    own_words = gettext("QuickBooks says:")
    return text.partition(f" ({own_words} ")[0]
