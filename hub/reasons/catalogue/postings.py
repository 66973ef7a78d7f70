"""Reasons why a posting waits, was withdrawn or was skipped; none of these opens a case."""

from hub.reasons.template import Template

TEMPLATES = {
    # The sentence of a posting or receipt from before codes were stored.
    "posting.stored_text": Template(reason="{text}"),
    # What the source says.
    "posting.source_says": Template(reason="{reason}"),
    "posting.not_wanted": Template(reason="{app} does not want it in the books."),
    "posting.not_wanted_yet": Template(reason="{app} does not want it in the books yet."),
    "posting.not_to_be_created": Template(
        reason="{app} no longer wants it to be created in QuickBooks."
    ),
    "posting.gone": Template(reason="{app} no longer has it."),
    "posting.source_gone": Template(reason="The source no longer has it."),
    "posting.file_gone": Template(reason="The source no longer has this file."),
    "posting.left": Template(reason="The settings of {app} now leave it in QuickBooks."),
    "posting.departed": Template(reason="It is no longer in QuickBooks."),
    "posting.wanted_again": Template(reason="The source has it again."),
    "posting.same_again": Template(reason="The source agrees with QuickBooks again."),
    "posting.split_differently": Template(reason="The document is now split differently."),
    "posting.dated_too_early": Template(
        reason="It was dated {date}, before {start}, the first day that counts for {app}."
    ),
    "posting.received_too_early": Template(
        reason="It was received {date}, before {start}, the first day that counts for {app}."
    ),
    # A document that QuickBooks may have already, as a value of `check.number_used` and the like.
    "posting.kind_of_party": Template(reason="{kind} of {party}"),
    # The documents that it applies to, as values of `document.waits`.
    "posting.awaits_unknown": Template(
        reason=(
            "{source_id}, which the source has not shown yet. If it never will, because it is from"
            " before the start date, press Skip and enter this one in QuickBooks by hand."
        )
    ),
    "posting.awaits_unwanted": Template(reason="{document}, which is not posted yet: {reason}"),
    "posting.awaits_ended": Template(
        reason=(
            "{document}, which is not posted: {reason} Have that posted, or press Skip and enter"
            " this one in QuickBooks by hand."
        )
    ),
    "posting.awaits_split": Template(
        reason=(
            "{document}, which is split into several transactions in QuickBooks. Enter this one"
            " there by hand, and press Skip."
        )
    ),
    "posting.awaits_several": Template(reason="{first}; {others}"),
    "posting.unwanted_yet": Template(reason="the source does not want it yet."),
    # The results of other postings.
    "posting.replaced": Template(reason="Replaced by a later change."),
    "posting.parent_not_posted": Template(reason="The document that it belongs to is not posted."),
    "posting.change_not_posted": Template(reason="The change with which it came is not posted."),
    "posting.change_skipped": Template(
        reason=(
            "The change with which it came was skipped. If you take back that skip, the file is"
            " attached, too."
        )
    ),
    "posting.waits_for_removal": Template(
        reason="It waits until {name} is removed from QuickBooks."
    ),
    "posting.code_matched": Template(
        reason="The code that it was created for is matched to a record now."
    ),
    "posting.party_unusable": Template(
        reason="The supplier or customer to which it adds contact data is not active in QuickBooks."
    ),
    "posting.not_needed": Template(reason="No document needs it any more."),
    "posting.postponed": Template(
        reason=(
            "It is created in QuickBooks once a document that needs it can be posted; no document"
            " can now."
        )
    ),
    # Only an earlier version held postings for this.
    "posting.may_have_landed": Template(
        reason=(
            "An earlier send of it may have reached QuickBooks. Press Retry: QuickBooks is"
            " searched first."
        )
    ),
    # What a send or a person decided.
    "posting.file_delayed": Template(reason="{problem}"),
    "posting.skipped": Template(reason="{reason} ({who})"),
    "posting.removed_by": Template(reason="It was removed from QuickBooks by {who}."),
}
