"""Texts about documents that cannot be planned as their source gives them."""

from hub.reasons.template import CORRECT_AT_SOURCE, CaseAction, Template

MATCH_INSTRUCTION = "Pick the matching {code:noun}, or create it in QuickBooks."
MATCH_FIELD = "Pick the matching {field:noun}, or create it in QuickBooks."
# What the matching says of a code that it found no record for.
NOTHING_FITS = (
    "nothing in QuickBooks fits it.",
    "nothing fits it; match it or confirm it as new before the first posting.",
)
# What a person reads in place of these, which are stored with the cases.
NOTHING_FITS_REASONS = (
    "{code} has no match in QuickBooks.",
    "{code} has no match in QuickBooks. Match it, or confirm it as new, before the first posting.",
)
# What the matching says of a code that QuickBooks has under a name like its own only.
SIMILAR_NAME = "it would be created, but QuickBooks has a similar name:"
SETTINGS_INSTRUCTION = "Choose another record in the settings of the app."
EITHER_INSTRUCTION = (
    "Correct it at the source, or change the settings of the app. The change is picked up with the"
    " next sync."
)
MATCH_RECORD = (
    "Open Matching and match it to a record. The next sync continues with the documents that wait."
)
PICKED_UP = "The change is picked up with the next sync; Check again does so at once."
MATCH_OR_CORRECT = (
    "Match its codes, change the settings of the app, or correct it at the source, as the reason"
    f" says. {PICKED_UP}"
)
REMOVE_BY_HAND = f"Remove it in QuickBooks by hand, or correct it at the source. {PICKED_UP}"
IN_QUICKBOOKS_OR_CORRECT = f"Change it in QuickBooks, or correct it at the source. {PICKED_UP}"
SETTINGS_OR_CORRECT = f"Change the settings of the app, or correct it at the source. {PICKED_UP}"
DIFFER_INSTRUCTION = (
    "Fix this at the source, or choose in the settings of the app what happens when lines differ."
)
VOID_INSTRUCTION = "Void it in QuickBooks too, or leave it as it is."
DELETE_INSTRUCTION = "Leave it as it is, or delete it in QuickBooks too."
DOCUMENT_TITLE = "{document}"
RETRY_INSTRUCTION = "Press Retry to do it, or Skip to leave QuickBooks as it is."
POST_AGAIN = "Press Post again to create it once more, or Skip to leave QuickBooks as it is."


def _document(reason: str, instruction: str, action: CaseAction) -> Template:
    """Return the texts of a case about one document, whose name is the title."""
    return Template(title=DOCUMENT_TITLE, reason=reason, instruction=instruction, action=action)


def _code(instruction: str, action: CaseAction) -> Template:
    """Return the texts of a case about a code, which all documents that use it share."""
    reason = "{code}: {problem}"
    title = "{code} is not matched yet"
    if action in (CaseAction.SETTINGS, CaseAction.EITHER, CaseAction.SOURCE):
        title = "{code} cannot be used yet"  # its page offers no match
    special = {}
    if action is CaseAction.MATCH:
        special_reasons = {
            **dict(zip(NOTHING_FITS, NOTHING_FITS_REASONS, strict=True)),
            SIMILAR_NAME: reason,
        }
        for problem, special_reason in special_reasons.items():
            special[problem] = Template(
                title="QuickBooks has no {code:called}",
                reason=special_reason,
                instruction=MATCH_INSTRUCTION,
                action=action,
            )
    return Template(
        title=title, reason=reason, instruction=instruction, action=action, special=special
    )


TEMPLATES = {
    # A code, with all the documents that use it.
    "code.match": _code(MATCH_INSTRUCTION, CaseAction.MATCH),
    "code.settings": _code(SETTINGS_INSTRUCTION, CaseAction.SETTINGS),
    "code.either": _code(SETTINGS_OR_CORRECT, CaseAction.EITHER),
    "code.source": _code(CORRECT_AT_SOURCE, CaseAction.SOURCE),
    "code.differ": _code(DIFFER_INSTRUCTION, CaseAction.DIFFER),
    # A currency that the company does not use, with all the documents in it.
    "currency.unused": Template(
        title="QuickBooks does not use {currency} yet",
        reason="Nothing in {currency} can be posted: this company in QuickBooks does not use it.",
        instruction="Add {currency} in QuickBooks (Settings, Currencies), then press Check again.",
        action=CaseAction.SOURCE,
    ),
    "currency.only_home": Template(
        title="QuickBooks does not use {currency} yet",
        reason=(
            "Nothing in {currency} can be posted: this company keeps books in {home_currency} only."
        ),
        instruction=(
            "If {currency} is right, switch on several currencies in QuickBooks (Settings,"
            " Advanced, Currency), which cannot be undone, then press Check again."
        ),
        action=CaseAction.SOURCE,
    ),
    # A document that lacks a code, or whose lines do not fit together.
    "document.match": _document("{field}: {problem}", MATCH_FIELD, CaseAction.MATCH),
    "document.settings": _document("{field}: {problem}", SETTINGS_INSTRUCTION, CaseAction.SETTINGS),
    "document.source": _document("{field}: {problem}", CORRECT_AT_SOURCE, CaseAction.SOURCE),
    "document.differ": _document("{field}: {problem}", DIFFER_INSTRUCTION, CaseAction.DIFFER),
    "document.held_by_source": _document("{reason}", EITHER_INSTRUCTION, CaseAction.EITHER),
    "document.unreadable": _document("{problem}", CORRECT_AT_SOURCE, CaseAction.SOURCE),
    "document.content": _document("{problems}", CORRECT_AT_SOURCE, CaseAction.SOURCE),
    "document.content_match": _document("{problems}", MATCH_OR_CORRECT, CaseAction.EITHER),
    "document.content_settings": _document("{problems}", SETTINGS_OR_CORRECT, CaseAction.EITHER),
    "document.kind_changed": _document(
        "It is in QuickBooks as {previous_kind}, but is {kind} at the source now. Remove one"
        " of the two by hand.",
        REMOVE_BY_HAND,
        CaseAction.SOURCE,
    ),
    "document.transaction_taken": _document(
        "The source says that it is {kind} {quickbooks_id} in QuickBooks, which {other} is already."
        " Each document needs a transaction of its own: correct the reference at the source.",
        CORRECT_AT_SOURCE,
        CaseAction.SOURCE,
    ),
    # Stored by versions that opened a case for each supplier or customer in such a currency.
    "document.party_currency": _document(
        "{party} is kept in {currency} at the source, but this company keeps books in"
        " {home_currency} only, and QuickBooks never changes the currency of a {kind}. Switch on"
        " several currencies in QuickBooks, or fix this at the source.",
        IN_QUICKBOOKS_OR_CORRECT,
        CaseAction.SOURCE,
    ),
    "document.party_currency_unused": _document(
        "{party} is kept in {currency} at the source, and this company in QuickBooks does not use"
        " that currency. Add {currency} in QuickBooks (Settings, Currencies) and press Check"
        " again, or fix this at the source.",
        IN_QUICKBOOKS_OR_CORRECT,
        CaseAction.SOURCE,
    ),
    "document.wanted_again": Template(
        title=DOCUMENT_TITLE,
        reason=(
            "It was {departure} QuickBooks, and the source wants it again. Press Post again, or"
            " Skip."
        ),
        instruction=POST_AGAIN,
        action=CaseAction.RETRY,
        posts_again=True,
    ),
    "document.changed": _document(
        "It changed at the source after it was posted. Press Retry to change it in QuickBooks too,"
        " or Skip.",
        RETRY_INSTRUCTION,
        CaseAction.RETRY,
    ),
    "document.waits": _document("It waits for {documents}", CORRECT_AT_SOURCE, CaseAction.SOURCE),
    "document.record_skipped": _document(
        "{record} is not created in QuickBooks, because its creation was skipped. Match it to a"
        " record.",
        MATCH_RECORD,
        CaseAction.MATCH,
    ),
    "document.record_id_taken": _document(
        "{record} is not created in QuickBooks, because its source uses the id {id} for something"
        " else too. Create it in QuickBooks and match it.",
        MATCH_RECORD,
        CaseAction.MATCH,
    ),
    "document.record_after_change": _document(
        "{record} is not created in QuickBooks yet: contact data for the former match of {id} may"
        " be on its way there. It is created once the result is known.",
        "If the change has a case of its own, decide that one first. The next sync continues with"
        " the documents that wait.",
        CaseAction.SOURCE,
    ),
    "document.former_part": _document(
        "The document is now split differently, and this part of it is in QuickBooks. Remove it"
        " there by hand.",
        REMOVE_BY_HAND,
        CaseAction.SOURCE,
    ),
    "document.split_differently": _document(
        "The document is now split differently, and parts of the earlier split are in QuickBooks."
        " It is posted once they are removed there.",
        f"Remove the earlier parts in QuickBooks, or correct it at the source. {PICKED_UP}",
        CaseAction.SOURCE,
    ),
    "document.gone_void": Template(
        title="{document} is gone at the source",
        reason="{reason} It is still in QuickBooks.",
        instruction=VOID_INSTRUCTION,
        action=CaseAction.VOID,
    ),
    "document.gone_delete": Template(
        title="{document} is gone at the source",
        reason="{reason} It is still in QuickBooks. QuickBooks cannot void {kind:article}.",
        instruction=DELETE_INSTRUCTION,
        action=CaseAction.DELETE,
    ),
    "document.gone_close": Template(
        title="{document} is gone at the source",
        reason="{reason} It is still in QuickBooks. QuickBooks cannot close {kind:article}.",
        instruction=DELETE_INSTRUCTION,
        action=CaseAction.DELETE,
    ),
}
