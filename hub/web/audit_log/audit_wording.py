"""The sentence for each act in the audit log; {} stands for what the act was about."""

from hub.translations.messages import gettext, gettext_noop

WORDINGS = {
    "Intuit keys changed": gettext_noop("Changed the keys of the Intuit app {}"),
    "access asked for": gettext_noop("Asked for access to {}"),
    "access granted": gettext_noop("Marked access to {} as approved"),
    "account replaced": gettext_noop("Let {} continue with another account"),
    "app disabled": gettext_noop("Disabled {}"),
    "app enabled": gettext_noop("Enabled {}"),
    "app handed over": gettext_noop("Handed {} over to another person"),
    "backup made": gettext_noop("Created the backup {}"),
    "batches chosen": gettext_noop("Changed how documents are sent to {}"),
    "case assigned": gettext_noop("Assigned the case {}"),
    "case closed": gettext_noop("Closed the case {}"),
    "case note added": gettext_noop("Added a note to the case {}"),
    "case snoozed": gettext_noop("Snoozed the case {}"),
    "case woken": gettext_noop("Ended the snooze of the case {}"),
    "chat address changed": gettext_noop("Changed where new cases are posted: {}"),
    "code matched": gettext_noop("Matched {}"),
    "company connected": gettext_noop("Connected {}"),
    "company disconnected": gettext_noop("Disconnected {}"),
    "company removed": gettext_noop("Removed the company {}"),
    "confirmation refused": gettext_noop("Did not confirm to be {}"),
    "connection tested": gettext_noop("Tested the connection of {}"),
    "consent not accepted": gettext_noop("Came back from {} without a valid consent"),
    "consent refused": gettext_noop("Refused the consent at {}"),
    "contact address changed": gettext_noop("Changed the contact address to {}"),
    "current password refused": gettext_noop("Entered a wrong current password as {}"),
    "data exported": gettext_noop("Exported {}"),
    "data pruned": gettext_noop("Removed old data from the {}"),
    "database copied": gettext_noop("Copied the {}"),
    "database moved": gettext_noop("Moved the {}"),
    "database restored": gettext_noop(
        "Restored the database from a backup; the {} goes on from there"
    ),
    "database unsealed": gettext_noop(
        "Let the hub use the database again that had been moved to {}"
    ),
    "document posted again": gettext_noop("Requested that {} is posted again"),
    "documents included": gettext_noop("Included earlier documents of {}"),
    "file discarded": gettext_noop("Discarded a file of {}"),
    "file mapped": gettext_noop("Chose the columns of a file of {}"),
    "file received": gettext_noop("Received a file for {}"),
    "first password voided": gettext_noop("Made the first password of {} invalid"),
    "first approval given": gettext_noop("Gave the first of two approvals for {}"),
    "form refused": gettext_noop("Sent a form without the token of the session: {}"),
    "host refused": gettext_noop("Tried to call {}, which is not allowed"),
    "invitation accepted": gettext_noop("Accepted the invitation of {}"),
    "invitation code refused": gettext_noop("Entered a wrong invitation code for {}"),
    "invitation renewed": gettext_noop("Renewed the invitation of {}"),
    "invitation withdrawn": gettext_noop("Withdrew the invitation of {}"),
    "keys rotated": gettext_noop("Encrypted {} with a new key"),
    "lists pushed": gettext_noop("Downloaded the lists of QuickBooks into {}"),
    "lost secrets given up": gettext_noop("Deleted {} that no key can decrypt"),
    "log-in failed": gettext_noop("Failed to log in as {}"),
    "logged in": gettext_noop("Logged in"),
    "logged out": gettext_noop("Logged out"),
    "mail server changed": gettext_noop("Changed the mail server to {}"),
    "match rejected": gettext_noop(
        "Answered “Not this one” about a transaction in QuickBooks for {}"
    ),
    "match removed": gettext_noop("Removed the match of {}"),
    "missing codes confirmed as new": gettext_noop("Confirmed the missing codes of {} as new"),
    "mode changed": gettext_noop("Changed the mode of {}"),
    "overwrite permitted": gettext_noop("Let {} overwrite an edit in QuickBooks"),
    "password changed": gettext_noop("Changed the password of {}"),
    "password code issued": gettext_noop("Issued a code for a new password of {}"),
    "password reset": gettext_noop("Set a new password for {} with a code"),
    "person added": gettext_noop("Added {}"),
    "person disabled": gettext_noop("Disabled {}"),
    "person enabled": gettext_noop("Enabled {}"),
    "person invited": gettext_noop("Invited {}"),
    "plugin refused": gettext_noop("Refused a plugin: {}"),
    "posting adopted": gettext_noop(
        "Answered “This is it” about a transaction in QuickBooks for {}"
    ),
    "posting approved": gettext_noop("Approved {}"),
    "posting put back": gettext_noop("Put {} back in QuickBooks as it was posted"),
    "posting retried": gettext_noop("Retried {}"),
    "posting skipped": gettext_noop("Skipped {}"),
    "postings approved": gettext_noop("Approved what waited in {}"),
    "postings undone": gettext_noop("Removed {} from QuickBooks"),
    "provider account linked": gettext_noop("Linked an account for single sign-on of {}"),
    "provider account unlinked": gettext_noop("Removed the account for single sign-on of {}"),
    "reading started over": gettext_noop("Let {} be read from the beginning"),
    "recovery code used": gettext_noop("Logged in with a recovery code"),
    "recovery codes renewed": gettext_noop("Created new recovery codes"),
    "skip taken back": gettext_noop("Took back the skip of {}"),
    "removal confirmed": gettext_noop("Confirmed the removal of {} from QuickBooks"),
    "request refused": gettext_noop("Was refused: {}"),
    "request throttled": gettext_noop("Sent too many requests: {}"),
    "reset code refused": gettext_noop("Entered a wrong code for a new password of {}"),
    "right added": gettext_noop("Gave a right to {}"),
    "right removed": gettext_noop("Took a right from {}"),
    "role changed": gettext_noop("Changed the role of {}"),
    "second factor added": gettext_noop("Added a second factor"),
    "second factor refused": gettext_noop("Entered a wrong second factor as {}"),
    "second factor removed": gettext_noop("Removed a second factor"),
    "second factor reset": gettext_noop("Reset the second factor of {}"),
    "session ended": gettext_noop("Ended a session of {}"),
    "sessions ended": gettext_noop("Ended the sessions of {}"),
    "set-up code refused": gettext_noop("Entered a wrong set-up code for {}"),
    "settings changed": gettext_noop("Changed the settings of {}"),
    "token created": gettext_noop("Created the API token {}"),
    "token refused": gettext_noop("Sent an API token that is not valid: {}"),
    "token revoked": gettext_noop("Revoked the API token {}"),
    "tokens revoked": gettext_noop("Revoked the API tokens of {}"),
    "webhook refused": gettext_noop("Sent a webhook that was refused: {}"),
}
# Acts as earlier versions recorded them.
EARLIER_WORDINGS = {"not this one": WORDINGS["match rejected"]}


def split_sentence(what: str) -> tuple[str, str | None]:
    """Return the texts before and after what an act was about; None if it is not named.

    An act without a wording is named as it was recorded.
    """
    sentence = WORDINGS.get(what) or EARLIER_WORDINGS.get(what)
    wording = gettext(sentence) if sentence else f"{what[:1].upper()}{what[1:]}: {{}}"
    before, placeholder, after = wording.partition("{}")
    return before, after if placeholder else None


def format_sentence(what: str, subject: str) -> str:
    """Return the sentence of an act with what it was about."""
    before, after = split_sentence(what)
    return before if after is None else f"{before}{subject}{after}"


def format_label(what: str) -> str:
    """Return the sentence of an act with … for what it was about, for the list of a filter."""
    before, after = split_sentence(what)
    return before if after is None else f"{before.rstrip(': ')} …{after}"
