"""Reasons why a posting waits, was withdrawn or was skipped; none of these opens a case."""

from hub.reasons.template import Template

TEMPLATES = {
    # What the source says.
    "posting.source_says": Template(reason="{reason}"),
    "posting.not_wanted": Template(reason="{app} does not want it in the books."),
    "posting.not_wanted_yet": Template(reason="{app} does not want it in the books yet."),
    "posting.gone": Template(reason="{app} no longer has it."),
    "posting.source_gone": Template(reason="The source no longer has it."),
    "posting.file_gone": Template(reason="The source no longer has this file."),
    "posting.wanted_again": Template(reason="The source has it again."),
    "posting.same_again": Template(reason="The source says again what QuickBooks has."),
    "posting.split_differently": Template(reason="The document is now split differently."),
    "posting.dated_too_early": Template(
        reason="It was dated {date}, before {start}, the first day that counts for {app}."
    ),
    "posting.received_too_early": Template(
        reason="It was received {date}, before {start}, the first day that counts for {app}."
    ),
    # What became of other postings.
    "posting.replaced": Template(reason="Replaced by a later change."),
    "posting.parent_not_posted": Template(reason="The document that it belongs to is not posted."),
    "posting.waits_for_removal": Template(
        reason="It waits until {name} is removed from QuickBooks."
    ),
    "posting.code_matched": Template(
        reason="The code that it was to be made for is matched to a record now."
    ),
    "posting.not_needed": Template(reason="No document needs it any more."),
    "posting.postponed": Template(
        reason=(
            "It is made in QuickBooks once a document that needs it can be posted; no document can"
            " now."
        )
    ),
    # What a send or a person decided.
    "posting.may_have_landed": Template(
        reason=(
            "An earlier send of it may have reached QuickBooks. Press Retry: QuickBooks is looked"
            " at first."
        )
    ),
    "posting.file_delayed": Template(reason="{problem}"),
    "posting.skipped": Template(reason="{reason} ({who})"),
}
