"""The person who looks at a page: their language, their number format and their time zone.

What a person has not chosen comes from their browser (the language), from the language (the number
format) or from the apps of the page (the time zone).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from flask import (
    Flask,
    before_render_template,
    g,
    has_request_context,
    request,
    template_rendered,
)
from flask_security import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from hub.context import current_hub
from hub.contract import interval
from hub.errors import DatabaseUnavailable, Refused, Sentence
from hub.notifications.languages import load_catalog, load_field_labels, load_plugin_catalogs
from hub.reasons import texts as reasons
from hub.translations import messages
from hub.translations import reasons as reason_texts
from hub.translations.catalogs import ENGLISH, LANGUAGES
from hub.translations.messages import Reader
from hub.translations.numbers import FORMATS, USUAL_FORMATS, NumberFormat
from hub.web.frame import long_texts
from hub.web.frame.forms import Input

# What browsers ask for -> the language of the pages. Readers of Nynorsk read Bokmål, too.
LANGUAGES_BY_CODE = {"en": ENGLISH, "nb": "nb", "no": "nb", "nn": "nb"}


def init_app(app: Flask) -> None:
    """Let templates and views translate for the person who looks at the page."""
    app.before_request(write_for_reader)
    app.teardown_request(_end)
    before_render_template.connect(_translate_reasons, app, weak=False)
    template_rendered.connect(_keep_reasons, app, weak=False)
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        _=_translate_text,
        gettext=_translate_block,
        ngettext=_translate_plural_block,
        pgettext=_translate_text_with_context,
        language=language,
    )
    environment.filters.update(
        number=format_count,
        app_text=translate_for_app,
        reason_text=_translate_reason,
        stored_text=_translate_stored,
        display_name=messages.translate_name,
    )


def reader() -> Reader:
    """Return the person who looks at this page; outside of a request no particular person."""
    if not has_request_context():
        return messages.ENGLISH
    if "reader" not in g:
        try:
            g.reader = _build_reader(_get_choice("language"), _get_choice("number_format"))
        except (DatabaseUnavailable, SQLAlchemyError):
            # Without the database nobody knows who it is, so the browser decides.
            g.reader = _build_reader(None, None)
    person = cast(Reader, g.reader)
    if messages.find_reader.get() is reader:  # the same for the hundreds of texts of a page
        messages.find_reader.set(lambda: person)
    return person


def language() -> str:
    """Return the language of what is written now."""
    return messages.reader().language


def chosen_zone() -> str:
    """Return the time zone that the person chose, "" if none."""
    name = _get_choice("zone")
    return name if name and is_zone(name) else ""


def is_zone(name: str) -> bool:
    """Return whether there is a time zone of this name."""
    try:
        interval.zone_of(name)
    except Refused:
        return False
    return True


def number_format() -> NumberFormat:
    """Return how the person writes numbers."""
    return messages.reader().numbers


def format_count(number: int) -> str:
    """Format a whole number."""
    return number_format().count(number)


def requested_language() -> str:
    """Return the language that the browser asks for, English if it asks for none of the hub's."""
    for name, quality in request.accept_languages:
        language = LANGUAGES_BY_CODE.get(name.replace("_", "-").partition("-")[0].lower())
        if language and quality > 0:
            return language
    return ENGLISH


def translate_for_app(text: str, slug: str) -> str:
    """Translate a text of an app's plugin by its own catalog, else by that of the hub."""
    plugins = current_hub().plugins
    if not text or slug not in plugins.apps:
        return text
    return str(load_catalog(language(), plugins.package(slug)).gettext(text))


def translate_inputs(inputs: Sequence[Input], slug: str) -> list[Input]:
    """Return the inputs of an app's settings in the language of the person.

    Choices that the source gives are no texts of the plugin and stay as they are.
    """
    translated_inputs = []
    for form_input in inputs:
        choices = [(value, translate_for_app(label, slug)) for value, label in form_input.choices]
        translated_inputs.append(
            replace(
                form_input,
                label=translate_for_app(form_input.label, slug),
                help=translate_for_app(form_input.help, slug),
                section=translate_for_app(form_input.section, slug),
                choices=choices,
            )
        )
    return translated_inputs


def write_for_reader() -> None:
    """Translate for the person of this request from now on; they are looked up when needed."""
    messages.find_reader.set(reader)


def set_reader(language: str | None, number_format: str | None) -> None:
    """Write the rest of the response in the way that the person has just chosen."""
    g.reader = _build_reader(language, number_format)
    write_for_reader()


def _build_reader(language: str | None, number_format: str | None) -> Reader:
    """Return a reader with these choices; what is not chosen comes from the browser."""
    name = language if language in LANGUAGES else requested_language()
    numbers = FORMATS[number_format] if number_format in FORMATS else USUAL_FORMATS[name]
    return Reader(name, load_catalog(name), numbers, load_plugin_catalogs)


def _get_choice(name: str) -> str | None:
    """Return a choice of the person; None if there is none or nobody is logged in."""
    if not current_user.is_authenticated:
        return None
    return cast(str | None, getattr(current_user, name))


def _end(error: BaseException | None) -> None:
    """Translate for no particular person again."""
    messages.find_reader.set(lambda: messages.ENGLISH)
    _keep_reasons()


@contextmanager
def translate_reasons() -> Iterator[None]:
    """Render the reasons of cases and postings for the person while a view prepares a page.

    Outside of this block and of templates they are English, because views also store them.
    """
    token = reasons.translate.set(_translate_reason)
    try:
        yield
    finally:
        reasons.translate.reset(token)


def _translate_reasons(*sender: Any, **extra: Any) -> None:
    reasons.translate.set(_translate_reason)


def _keep_reasons(*sender: Any, **extra: Any) -> None:
    reasons.translate.set(str)


def _translate_reason(text: str) -> str:
    """Translate a text of `hub.reasons`, or the label of a code, which its plugin translates."""
    return reason_texts.translate(
        text, lambda label: load_field_labels(language()).get(label, label)
    )


def _translate_stored(text: str | None) -> str:
    """Translate a sentence that was stored in English, with its amounts and dates."""
    if isinstance(text, Sentence):
        return messages.translate(text)
    return reason_texts.translate_sentence(str(text)) if text else ""


@pass_eval_context
def _translate_text(context: EvalContext, text: str, /, **values: Any) -> str:
    """Translate a text of a template, `_("Save")`; it may also be a value, since it is escaped."""
    person = messages.reader()
    if isinstance(text, Sentence):
        return _escape(context, messages.translate(text), {}, person)
    return _escape(context, person.catalog.gettext(str(text)) if text else "", values, person)


@pass_eval_context
def _translate_text_with_context(
    context: EvalContext, meaning: str, text: str, /, **values: Any
) -> str:
    """Translate a text of a template that means different things in English."""
    person = messages.reader()
    return _escape(context, person.catalog.pgettext(meaning, str(text)), values, person)


@pass_eval_context
def _translate_block(context: EvalContext, text: str, /, **values: Any) -> str:
    """Translate the text of a {% trans %}, which is a part of the template and may have tags."""
    person = messages.reader()
    return _fill(context, person.catalog.gettext(text), values, person)


@pass_eval_context
def _translate_plural_block(
    context: EvalContext, singular: str, plural: str, number: int, /, **values: Any
) -> str:
    """Translate the text of a {% trans %} in the form that fits a number."""
    person = messages.reader()
    values.setdefault("num", number)
    return _fill(context, person.catalog.ngettext(singular, plural, number), values, person)


def _escape(context: EvalContext, text: str, values: dict[str, Any], person: Reader) -> str:
    """Fill in the placeholders of a plain text, and escape it for a page.

    An apostrophe stays: templates enclose attributes in quotation marks.
    """
    if not context.autoescape:
        return messages.fill(text, values, person)
    template = Markup(str(escape(text)).replace("&#39;", "'"))  # noqa: S704 (escaped)
    return _fill(context, template, values, person) if values else template


def _fill(context: EvalContext, text: str, values: dict[str, Any], person: Reader) -> str:
    """Fill in placeholders as a template prints values: escaped, long texts cut."""
    template = Markup(text) if context.autoescape else text  # noqa: S704 (of a template)
    printed_values = {}
    for name, value in values.items():
        printed_values[name] = messages.format_value(long_texts.print_value(value), person)
    return template % printed_values
