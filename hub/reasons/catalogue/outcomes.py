"""Texts about postings that were sent: results in doubt, refusals, and differences."""

from hub.reasons.template import OPEN_THE_PERIOD, CaseAction, Template

COMPARE_INSTRUCTION = (
    "Compare the two. Press “This is it” when they are the same document, “Not this one” when they"
    " are not."
)
TEMPLATES = {
    "outcome.alike": Template(
        title="Is it this document?",
        reason=(
            "{name} may be in QuickBooks already: a transaction there looks like it, but lacks the"
            " marker of the hub."
        ),
        instruction=COMPARE_INSTRUCTION,
        action=CaseAction.CHOOSE,
    ),
    "outcome.gone": Template(
        title="Posted and deleted, or never arrived?",
        reason=(
            "{name} may have been posted and deleted by somebody: QuickBooks does not have it, but"
            " something was deleted there since it may have arrived."
        ),
        instruction=(
            "Ask who deleted it. Press Skip if it is to stay out, “Not this one” to send it again."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.several": Template(
        title="More than once in QuickBooks",
        reason="{name} seems to be in QuickBooks more than once.",
        instruction=(
            "Delete the surplus ones in QuickBooks, then press “This is it” on the one that stays."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.voided": Template(
        title="Voided in QuickBooks",
        reason="{name} is in QuickBooks, but somebody voided it there.",
        instruction="Press Skip to leave it out, or “Not this one” to post it again.",
        action=CaseAction.CHOOSE,
    ),
    "outcome.deleted": Template(
        title="Deleted in QuickBooks",
        reason="{name} was in QuickBooks, but somebody deleted it there.",
        instruction="Press Skip to leave it out, or “Not this one” to post it again.",
        action=CaseAction.CHOOSE,
    ),
    "outcome.inactive": Template(
        title="Inactive in QuickBooks",
        reason="{name} exists in QuickBooks, but somebody made it inactive.",
        instruction=(
            "Make it active in QuickBooks and press Retry, or match its code to another record."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.changed": Template(
        title="Our change was not written",
        reason=(
            "{name} was changed in QuickBooks since we last wrote it, so we did not write the"
            " change from {app} over it."
        ),
        instruction=(
            "Compare the two. Press “Overwrite it” to write our version over it, or Skip to leave"
            " it as it is."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.changed_before_removal": Template(
        title="Our removal was not carried out",
        reason=(
            "{name} was changed in QuickBooks since we last wrote it, so it was not removed there."
        ),
        instruction=(
            "Look at what was changed. Press “Remove it all the same”, or Skip to leave it as it"
            " is."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.forgotten": Template(
        title="Perhaps posted and deleted",
        reason=(
            "{name} may have been posted and deleted: QuickBooks does not have it, and does not"
            " remember what was deleted more than thirty days ago."
        ),
        instruction="Press Post again to send it once more, or Skip to leave it out.",
        action=CaseAction.RETRY,
        posts_again=True,
    ),
    "outcome.foreign": Template(
        title="Belongs to another document",
        reason=(
            "The source says that {name} is a transaction in QuickBooks, but that one was posted"
            " for another document."
        ),
        instruction=(
            "Correct the QuickBooks id at the source, or press “Not this one” to post it again."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.refused": Template(
        title="Refused by QuickBooks",
        reason="{name}: {answer}",
        instruction="Correct it in QuickBooks or at the source, then press Retry.",
        action=CaseAction.RETRY,
    ),
    "outcome.not_saved": Template(
        title="Refused by QuickBooks",
        reason="{name}: {answer}",
        instruction=(
            "Press Retry, which sends it again. If QuickBooks refuses it once more, correct what"
            " its words name first."
        ),
        action=CaseAction.RETRY,
    ),
    "outcome.closed_period": Template(
        title="Closed period",
        reason="{name}: {answer}",
        instruction=OPEN_THE_PERIOD,
        action=CaseAction.OPEN_PERIOD,
    ),
    "outcome.rounds": Template(
        title="No answer from QuickBooks",
        reason=(
            "{name} was sent {rounds} times without an answer; each time QuickBooks was searched"
            " and did not have it."
        ),
        instruction=(
            "Check that QuickBooks works, then press Retry. The hub searches for it once more"
            " before it sends it."
        ),
        action=CaseAction.RETRY,
    ),
    "outcome.number_used": Template(
        title="Number already used",
        reason="{name}: {answer}",
        instruction=(
            "Compare it with the transaction that has the number. If they are the same"
            " document, choose that transaction or press Skip; otherwise change the number at"
            " the source and press Retry."
        ),
        action=CaseAction.CHOOSE,
    ),
    "outcome.new_number_used": Template(
        title="New number already used",
        reason="{name}: {answer}",
        instruction=(
            "If the document that has the number is to get another one, press Retry once that is in"
            " QuickBooks. If two documents exchange their numbers: give one of them a number at the"
            " source that is free, sync, press Retry for the other one, and give the first one its"
            " number after that. Otherwise change the number at the source."
        ),
        action=CaseAction.RETRY,
    ),
    "outcome.name_used": Template(
        title="Name already used",
        reason="{name}: {answer}",
        instruction=(
            "Match its code to the right record, or rename one of them, then press Retry."
        ),
        action=CaseAction.MATCH,
    ),
    "outcome.differs": Template(
        title="Posted but differs",
        reason="{name} is in QuickBooks, but differs from what was planned. {differences}",
        instruction="Compare the two and correct the one that is wrong, then close this.",
        action=CaseAction.NONE,
    ),
    "outcome.file_differs": Template(
        title="A file is not attached correctly",
        reason="{name} is in QuickBooks as attachment {attachment_id}. {differences}",
        instruction="Open Attachments in QuickBooks, correct it there, then close this.",
        action=CaseAction.NONE,
    ),
    "outcome.file_failed": Template(
        title="A file could not be attached",
        reason="{name}: {problem}",
        instruction="Fix this at the source and press Retry, or Skip to leave the file out.",
        action=CaseAction.RETRY,
    ),
    "outcome.file_delayed": Template(
        title="A file could not be fetched yet",
        reason="{name}: {problem}",
        instruction=(
            "The hub fetches the file again, and this closes once it is attached. If it stays"
            " open, attach the file again at the source, or remove it there."
        ),
        action=CaseAction.SETTINGS,
    ),
    "outcome.late_answer": Template(
        title="Perhaps twice in QuickBooks",
        reason="{name} is posted as {quickbooks_id}, and a late answer says {answered_id}.",
        instruction=("Look at both in QuickBooks; delete the surplus one there, then close this."),
        action=CaseAction.CHOOSE,
    ),
    "outcome.receipts_refused": Template(
        title="{app} does not accept receipts",
        reason="{problem}",
        instruction=("Do what {app} asks for in its settings; the hub then repeats the receipts."),
        action=CaseAction.SOURCE,
    ),
    "outcome.receipts_failing": Template(
        title="{app} does not accept receipts",
        reason="{problem}",
        instruction=(
            "The hub repeats the receipts, and this closes once they arrive. If it stays open,"
            " check that {app} answers at the address in its settings."
        ),
        action=CaseAction.SETTINGS,
    ),
}
