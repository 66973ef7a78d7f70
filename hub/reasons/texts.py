"""The reason for a hold: a code with parameters, rendered from the catalogue when it is read.

What is stored is the code and the parameters, never the sentence. So the same reason stays the same
when its text is changed: no case is opened or mailed again.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from hub.reasons.catalogue import CATALOGUE, look_up
from hub.reasons.template import CaseAction


@dataclass(frozen=True, kw_only=True)
class RenderedText:
    """The texts of a case as a person reads them."""

    title: str
    reason: str
    instruction: str
    action: str


def _return_unchanged(text: str) -> str:
    return text


# Translates the templates and the sentences among the parameters. Pages set it while they render;
# everywhere else texts are English, because they are stored, exported, mailed or reported.
translate: ContextVar[Callable[[str], str]] = ContextVar("translate", default=_return_unchanged)

QUOTED = "{label} “{name}”"
QUOTATION_MARKS = re.compile(" [“«]")  # before the name, in English and Norwegian
CALLED = "{noun} called “{name}"  # the name ends with its closing quotation mark
DATES = ("date", "start")  # placeholders for dates, which are stored as 2026-03-02, or as below
DATE_FORMAT = "%d %b %Y"  # as sentences that are stored have dates, which pages rewrite
STORED_TEXT = "posting.stored_text"  # a sentence from before reasons were stored as codes

# A reason as a posting stores it: `code` and `params`.
StoredReason = Mapping[str, Any]
Param = str | int | Sequence[StoredReason]


class CaseText:
    """A reason for people: a code of the catalogue, and the values of its placeholders.

    Sentences that somebody else wrote (a plugin, a source, QuickBooks) are values like any other. A
    value that is a text of the catalogue itself is stored as its code, too, and so are the stored
    reasons of another posting.
    """

    __slots__ = ("code", "params")

    def __init__(self, code: str, /, **params: "Param | CaseText") -> None:
        """Take the values of exactly those placeholders that the texts of the code have.

        Raise TypeError for any others: a value that no text shows would be lost.
        """
        expected_names = CATALOGUE[code].parameters
        if params.keys() != expected_names:
            raise TypeError(f"{code} takes {sorted(expected_names)}, not {sorted(params)}.")
        self.code = code
        self.params: dict[str, Any] = {}
        for name, value in params.items():
            self.params[name] = _dump_value(value)

    def __eq__(self, other: object) -> bool:
        """Compare code and parameters, regardless of the present texts."""
        if not isinstance(other, CaseText):
            return NotImplemented
        return self.is_stored_as(other.code, other.params)

    __hash__ = None  # type: ignore[assignment]  # parameters may be mappings

    def __repr__(self) -> str:
        """Return the call that makes an equal text."""
        arguments = [repr(self.code)]
        for name, value in self.params.items():
            arguments.append(f"{name}={value!r}")
        return f"CaseText({', '.join(arguments)})"

    def is_stored_as(self, code: str, params: Mapping[str, Any]) -> bool:
        """Return whether this reason is stored as a code and parameters, regardless of its text."""
        if self.code != code:
            return False
        return self.params == dict(params)

    @property
    def title(self) -> str:
        """Return the title as it reads now."""
        template = CATALOGUE[self.code].for_params(self.params)
        return _fill(template.title, self.params)

    @property
    def reason(self) -> str:
        """Return the reason as it reads now."""
        template = CATALOGUE[self.code].for_params(self.params)
        return _fill(template.reason, self.params)

    @property
    def action(self) -> CaseAction:
        """Return the action that solves the case."""
        return CATALOGUE[self.code].action


def render(code: str, params: Mapping[str, Any]) -> RenderedText:
    """Render a stored code with its parameters.

    A parameter that the text got in a later version is empty for a reason of an earlier one.
    """
    template, values = look_up(code, params)
    return RenderedText(
        title=_fill(template.title, values),
        reason=_fill(template.reason, values),
        instruction=_fill(template.instruction, values),
        action=template.action,
    )


def dump(*texts: CaseText) -> list[dict[str, Any]]:
    """Return reasons as a posting and a receipt store them."""
    return [_dump_value(text) for text in texts]


def join_reasons(reasons: Sequence[StoredReason]) -> str:
    """Render the reasons that a posting stores, one after the other.

    The title comes first where the reason alone does not say what is wrong.
    """
    sentences = []
    for reason in reasons:
        text = render(reason["code"], reason["params"])
        template, _ = look_up(reason["code"], {})
        if template.shows_title:
            sentences.append(f"{text.title}.")
        sentences.append(text.reason)
    return " ".join(sentences)


def are_same(stored_reasons: Sequence[StoredReason], present: Sequence[StoredReason]) -> bool:
    """Return whether stored reasons are the present ones, regardless of their texts.

    A sentence from before codes were stored is the same reason if it reads the same.
    """
    if list(stored_reasons) == list(present):
        return True
    stored_codes = [reason["code"] for reason in stored_reasons]
    if STORED_TEXT not in stored_codes:
        return False
    return join_reasons(stored_reasons) == join_reasons(present)


def add_article(noun: str) -> str:
    """Return an English noun with its article, such as "an invoice"."""
    article = "an" if noun.startswith(("a", "e", "i", "o")) else "a"
    return f"{article} {noun}"


def list_codes(action: str) -> list[str]:
    """Return the codes of the cases that an action solves."""
    codes = []
    for code, template in CATALOGUE.items():
        if template.action == action:
            codes.append(code)
    return codes


def list_reposting_codes() -> list[str]:
    """Return the codes of the cases whose retry posts a document again."""
    codes = []
    for code, template in CATALOGUE.items():
        if template.posts_again:
            codes.append(code)
    return codes


def _dump_value(value: Param | CaseText) -> Any:
    """Return a value as JSON can store it: a text of the catalogue as its code and parameters."""
    if isinstance(value, CaseText):
        return {"code": value.code, "params": value.params}
    return value


def _fill(template: str, params: Mapping[str, Any]) -> str:
    """Return a template with its placeholders replaced, without the space of an empty value."""
    values = _Values(params)
    text = translate.get()(template) if template else ""
    return text.format_map(values).strip()


class _Values(dict[str, Any]):
    """Parameters as they are written into a text; one that is missing is empty."""

    def __getitem__(self, name: str) -> "_Value":
        """Return the text of a value; one that is a stored reason is rendered in its turn."""
        return _Value(self._to_text(name))

    def _to_text(self, name: str) -> str:
        value = self.get(name, "")
        if isinstance(value, Mapping):
            return render(value["code"], value["params"]).reason
        if isinstance(value, list):
            return join_reasons(value)
        text = _format_date(str(value)) if name in DATES else str(value)
        return _translate_value(text)


def _format_date(text: str) -> str:
    """Return a date such as 2026-03-02 with its month as a word; any other text stays."""
    try:
        return format(dt.date.fromisoformat(text), DATE_FORMAT)
    except ValueError:
        return text


def _translate_value(text: str) -> str:
    """Translate a sentence or the label in Supplier “Hara”; other texts stay as they are."""
    label, quote, name = text.partition(" “")
    if quote and name.endswith("”"):
        return translate.get()(QUOTED).format(label=translate.get()(label), name=name[:-1])
    return translate.get()(text)


class _Value(str):
    """The text of a value, which a placeholder can word as a part of a sentence."""

    __slots__ = ()

    def __format__(self, wording: str) -> str:
        """Return the text; for Supplier “Hara” in the given wording: supplier called “Hara”."""
        label, *names = QUOTATION_MARKS.split(self, maxsplit=1)
        is_acronym = label[:2].isupper()
        noun = label if is_acronym else label[:1].lower() + label[1:]
        if wording == "noun":
            return noun
        if wording == "article":
            return add_article(noun)
        if wording == "called":
            return translate.get()(CALLED).format(noun=noun, name=names[0]) if names else noun
        return super().__format__(wording)
