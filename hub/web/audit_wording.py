"""The sentence for each act in the audit log; {} is the place of what the act was about."""

WORDINGS = {
    "Intuit keys changed": "Changed the keys of the Intuit app {}",
    "access asked for": "Asked for access to {}",
    "access granted": "Marked access to {} as approved",
    "app disabled": "Disabled {}",
    "app enabled": "Enabled {}",
    "app handed over": "Handed {} over to another person",
    "backup made": "Made the backup {}",
    "batches chosen": "Changed how documents are sent to {}",
    "case assigned": "Assigned the case {}",
    "case closed": "Closed the case {}",
    "case note added": "Added a note to the case {}",
    "case snoozed": "Snoozed the case {}",
    "case woken": "Ended the snooze of the case {}",
    "chat address changed": "Changed where new cases are posted: {}",
    "code matched": "Matched {}",
    "company connected": "Connected {}",
    "company disconnected": "Disconnected {}",
    "company removed": "Removed the company {}",
    "confirmation refused": "Did not confirm to be {}",
    "connection tested": "Tested the connection of {}",
    "consent not accepted": "Came back from {} without a valid consent",
    "consent refused": "Refused the consent at {}",
    "contact address changed": "Changed the contact address to {}",
    "data exported": "Exported data: {}",
    "data pruned": "Removed old data from the {}",
    "database copied": "Copied the {}",
    "database moved": "Moved the {}",
    "database restored": "Restored the database from a backup; the {} goes on from there",
    "database unsealed": "Let the hub use the database again that had been moved to {}",
    "documents included": "Included earlier documents of {}",
    "first approval given": "Gave the first of two approvals for {}",
    "host refused": "Tried to call {}, which is not allowed",
    "invitation accepted": "Accepted the invitation of {}",
    "invitation renewed": "Renewed the invitation of {}",
    "invitation withdrawn": "Withdrew the invitation of {}",
    "keys rotated": "Sealed {} with a new key",
    "lists pushed": "Downloaded the lists of QuickBooks into {}",
    "log-in failed": "Failed to log in as {}",
    "logged in": "Logged in",
    "logged out": "Logged out",
    "mail server changed": "Changed the mail server to {}",
    "match rejected": "Rejected a transaction in QuickBooks for {}",
    "match removed": "Removed the match of {}",
    "missing codes confirmed as new": "Confirmed the missing codes of {} as new",
    "mode changed": "Changed the mode of {}",
    "password changed": "Changed the password of {}",
    "password code issued": "Issued a code for a new password of {}",
    "password reset": "Set a new password for {} with a code",
    "person added": "Added {}",
    "person disabled": "Disabled {}",
    "person enabled": "Enabled {}",
    "person invited": "Invited {}",
    "plugin refused": "Refused a plugin: {}",
    "posting adopted": "Accepted a transaction in QuickBooks as {}",
    "posting approved": "Approved {}",
    "posting retried": "Retried {}",
    "posting skipped": "Skipped {}",
    "postings approved": "Approved what waited in {}",
    "postings undone": "Removed {} from QuickBooks",
    "recovery code used": "Logged in with a recovery code",
    "recovery codes renewed": "Made new recovery codes",
    "request refused": "Was refused: {}",
    "request throttled": "Sent too many requests: {}",
    "right added": "Gave a right to {}",
    "right removed": "Took a right from {}",
    "role changed": "Changed the role of {}",
    "second factor added": "Added a second factor",
    "second factor refused": "Entered a wrong second factor as {}",
    "second factor removed": "Removed a second factor",
    "second factor reset": "Reset the second factor of {}",
    "session ended": "Ended a session of {}",
    "sessions ended": "Ended the sessions of {}",
    "settings changed": "Changed the settings of {}",
    "webhook refused": "Sent a webhook that was refused: {}",
}
# Acts as earlier versions recorded them.
EARLIER = {"not this one": WORDINGS["match rejected"]}


def parts(what: str) -> tuple[str, str | None]:
    """Return the texts before and after what an act was about; None if it is not named.

    An act without a wording is named as it was recorded.
    """
    wording = WORDINGS.get(what) or EARLIER.get(what) or f"{what[:1].upper()}{what[1:]}: {{}}"
    before, place, after = wording.partition("{}")
    return before, after if place else None


def label(what: str) -> str:
    """Return the sentence of an act without what it was about, for the list of a filter."""
    before, after = parts(what)
    if after is None:
        return before
    return f"{before.rstrip(': ')} …{after}" if after else before.rstrip(": ")
