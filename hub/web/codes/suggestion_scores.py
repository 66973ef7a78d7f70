"""How well each suggested record fits a code, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.mapping import Entry, Ref
from hub.mapping.names import fold_name
from hub.mapping.tax_numbers import NumberMatch
from hub.translations.messages import gettext
from hub.web.codes.code_view import CodeView

FULL_SCORE = 100
SAME_ORGANISATION_SCORE = 98
SAME_NUMBER_SCORE = 95
MAX_SIMILAR_NAME_SCORE = 94  # less than for the same number
SAME_NUMBER_END_SCORE = 85  # QuickBooks hides the beginning of an organisation number


@dataclass(frozen=True)
class Suggestion:
    """A record that may be the code: how well it fits, from 0 to 100, and why.

    `facts` are its e-mail address and tax numbers in QuickBooks, to compare with the source.
    """

    ref: Ref
    score: int
    reason: str
    facts: tuple[str, ...] = ()


def build_suggestions(code: CodeView, entries: Mapping[str, Entry]) -> list[Suggestion]:
    """Return the suggestions of a code with score and reason, best first; `entries` are by id."""
    suggestions = []
    for ref in code.suggestions:
        entry = entries.get(ref.id)
        fit = entry.compare_number(code.organisation_number) if entry else NumberMatch.NONE
        if fit == NumberMatch.WHOLE:
            score = FULL_SCORE if ref.id == code.exact_id else SAME_ORGANISATION_SCORE
            suggestions.append(Suggestion(ref, score, gettext("Same organisation number")))
            continue
        suggestion = _suggest_by_names(code, ref, entry)
        if fit == NumberMatch.END and suggestion.score < SAME_NUMBER_SCORE:
            score = max(suggestion.score, SAME_NUMBER_END_SCORE)
            suggestion = Suggestion(ref, score, gettext("Organisation number has the same ending"))
        suggestions.append(suggestion)
    suggestions = [_add_facts(suggestion, entries) for suggestion in suggestions]
    return sorted(suggestions, key=lambda suggestion: -suggestion.score)


def _add_facts(suggestion: Suggestion, entries: Mapping[str, Entry]) -> Suggestion:
    """Return a suggestion with the facts of its record."""
    entry = entries.get(suggestion.ref.id)
    if entry is None:
        return suggestion
    facts = (entry.email, *entry.tax_numbers.splitlines())
    return replace(suggestion, facts=tuple(fact for fact in facts if fact))


def _suggest_by_names(code: CodeView, ref: Ref, entry: Entry | None) -> Suggestion:
    """Return a suggestion with the score and the reason of its number and name."""
    from rapidfuzz import fuzz  # only now: it takes 4 MB of memory

    number = fold_name(code.number)
    has_number = entry is not None and bool(number) and number == fold_name(entry.number)
    if ref.id == code.exact_id:
        reason = gettext("Same number") if has_number else gettext("Same id or full name")
        return Suggestion(ref, FULL_SCORE, reason)
    if has_number:
        return Suggestion(ref, SAME_NUMBER_SCORE, gettext("Same number, other name"))
    similarity = fuzz.WRatio(fold_name(code.name or code.code), fold_name(ref.name))
    name = fold_name(code.name)
    is_same_name = bool(name) and name == fold_name(ref.name)
    reason = gettext("Same name") if is_same_name else gettext("Similar name")
    return Suggestion(ref, min(int(similarity), MAX_SIMILAR_NAME_SCORE), reason)


def find_best(suggestions: list[Suggestion], threshold: int) -> Suggestion | None:
    """Return the one suggestion that reaches a threshold and is better than all others."""
    if not suggestions or suggestions[0].score < threshold:
        return None
    if len(suggestions) > 1 and suggestions[1].score == suggestions[0].score:
        return None
    return suggestions[0]
