"""Texts about what QuickBooks has and the hub does not expect there, or no longer finds there."""

from hub.reasons.template import CaseAction, Template

ACCEPT_OR_CORRECT = (
    "Compare the two and accept what QuickBooks has, or correct the one that is wrong."
)
TEMPLATES = {
    "posted.missing": Template(
        title="Missing in QuickBooks",
        reason="{name} was posted as transaction {quickbooks_id}, which is no longer there.",
        instruction="Press Post again to create it once more, or Skip to leave it out.",
        action=CaseAction.RETRY,
        posts_again=True,
    ),
    "posted.gone_everywhere": Template(
        title="Neither in QuickBooks nor at its source",
        reason=(
            "{name} was posted as transaction {quickbooks_id}, which was deleted or voided there."
            " Its source no longer has it either, so the books and the source agree."
        ),
        instruction="Nothing needs to be done.",
        action=CaseAction.RETRY,
    ),
    "posted.voided": Template(
        title="Voided in QuickBooks",
        reason="{name} was posted as transaction {quickbooks_id}, which was voided there.",
        instruction="Press Post again to create it once more, or Skip to leave it voided.",
        action=CaseAction.RETRY,
        posts_again=True,
    ),
    "posted.total_differs": Template(
        title="Changed in QuickBooks",
        reason=(
            "{name} was posted as transaction {quickbooks_id}, which has {present_total} there,"
            " where {posted_total} was posted."
        ),
        instruction=ACCEPT_OR_CORRECT,
        action=CaseAction.NONE,
    ),
    "posted.edited": Template(
        title="Changed in QuickBooks",
        reason="{name} was changed in QuickBooks. {differences}",
        instruction=ACCEPT_OR_CORRECT,
        action=CaseAction.NONE,
    ),
    "posted.merged": Template(
        title="{former} is {present} in QuickBooks now",
        reason=(
            "Documents that were posted with {former} have {present} in QuickBooks, and {former}"
            " cannot be used there any more, as after a merger of the two."
        ),
        instruction=(
            "If that is right, match the code of {former} to {present} under Matching, or choose"
            " {present} in the settings of the app, and close this. Otherwise correct the documents"
            " in QuickBooks."
        ),
        action=CaseAction.NONE,
    ),
    "marker.twice": Template(
        title="Perhaps twice in QuickBooks",
        reason=(
            "QuickBooks has {transaction} with the marker of {document}, but the hub has no"
            " posting for it."
        ),
        instruction=("Compare it with the one that was posted, and delete the surplus one."),
        action=CaseAction.NONE,
    ),
    "marker.unknown": Template(
        title="Marks of another hub",
        reason="QuickBooks has {transactions} with a marker that belongs to no document of this"
        " hub.",
        instruction=(
            "If another hub posts to this company, make sure that the two do not post the same"
            " documents. If this hub was set up again, run its apps: the hub recognises what it"
            " posted by the marker and does not post it again. Otherwise close this."
        ),
        action=CaseAction.NONE,
    ),
    "reading.refused": Template(
        title="QuickBooks does not list documents of the kind “{kind}”",
        reason=(
            "{problem} The hub cannot tell what became of those that were posted. The other kinds"
            " are compared with QuickBooks as always."
        ),
        instruction=(
            "If the company is to have such documents, make QuickBooks list them again: this closes"
            " with the next run that reads them. Otherwise close this."
        ),
        action=CaseAction.NONE,
    ),
    "reading.list_refused": Template(
        title="QuickBooks does not list records of the kind “{kind}”",
        reason=(
            "{problem} Everything else is posted as always. Documents that need a record of this"
            " list are held."
        ),
        instruction=(
            "If the company is to have such records, make QuickBooks list them again: this closes"
            " when the lists are read the next time, within a day. Otherwise match the codes to"
            " leave them out, and close this."
        ),
        action=CaseAction.NONE,
    ),
    "reading.needed_list_refused": Template(
        title="QuickBooks does not list records of the kind “{kind}”",
        reason=(
            "{problem} No document can be posted without this list, so the runs that read it end"
            " here. Nothing is lost."
        ),
        instruction=(
            "Sign in to QuickBooks as an administrator and open this list there. If it opens, press"
            " Reconnect and sign in with that account; otherwise its subscription or Intuit's"
            " support decides. This closes with the next run that can read the list."
        ),
        action=CaseAction.RECONNECT,
    ),
    "marker.shared": Template(
        title="Two documents, one transaction",
        reason="{documents} are said to be one transaction of QuickBooks, {transaction}.",
        instruction=(
            "If they are two documents, enter the one that is missing in QuickBooks by hand; if"
            " they are one, delete the surplus one at the source."
        ),
        action=CaseAction.NONE,
    ),
}
