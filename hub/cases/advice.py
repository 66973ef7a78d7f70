"""The reason and the next step of a case for people, with the name of its source."""

from collections.abc import Mapping
from typing import Any

from hub.context import current_hub
from hub.models import Case
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.template import CORRECT_AT_SOURCE
from hub.translations.messages import gettext


def reason_alone(reason: str, instruction: str) -> str:
    """Return a reason without its last sentence, if that repeats the next step."""
    before, dot, last_sentence = reason.rstrip(".").rpartition(". ")
    if dot and instruction.startswith(last_sentence):
        return f"{before}."
    return reason


def get_instruction(case: Case, slug: str | None) -> str:
    """Return the next step of a case of an app, with the name of the source."""
    return name_source(case.code, case.params, case.instruction, slug)


def name_source(code: str, params: Mapping[str, Any], instruction: str, slug: str | None) -> str:
    """Return the instruction of a code; a correction at the source names the source.

    An app that only receives files has no source that a sync could read again.
    """
    template = CATALOGUE.get(code)
    source = source_name(slug or "")
    if not source or template is None:
        return instruction
    if template.for_params(params).instruction != CORRECT_AT_SOURCE:
        return instruction
    app = current_hub().plugins.apps[slug or ""]
    if app.files and not app.hosts:
        return gettext("Correct this in the file, and upload it again in %(app)s.", app=source)
    return gettext(
        "Fix this in %(app)s. The change is picked up with the next sync; Check again does so at"
        " once.",
        app=source,
    )


def source_name(slug: str) -> str:
    """Return the name of the system that an app reads, "" if its plugin is not installed.

    The names of several apps of a plugin begin with it: Autotask invoices, Autotask expenses.
    """
    plugins = current_hub().plugins
    if slug not in plugins.apps:
        return ""
    plugin = plugins.scope(slug)
    names = [app.name.split() for app in plugins.apps.values() if plugins.scope(app.slug) == plugin]
    common = []
    for words in zip(*names, strict=False):
        if len(set(words)) > 1:
            break
        common.append(words[0])
    return " ".join(common) or plugins.apps[slug].name
