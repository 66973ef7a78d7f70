"""Labels that other packages define and pages translate: roles, modes, states, kinds of lists.

The packages below the pages do not mark them, so they are marked here, for `make translations`.
"""

from hub.errors import Sentence
from hub.qbo import display_labels
from hub.translations.messages import gettext_noop

TRANSLATABLE_LABELS = (
    # roles
    gettext_noop("viewer"),
    gettext_noop("operator"),
    gettext_noop("app-owner"),
    gettext_noop("owner"),
    # what is wrong with a setting
    gettext_noop("This is needed."),
    gettext_noop("Enter an amount such as 1000.50."),
    gettext_noop("This amount is too small."),
    gettext_noop("This amount is too large."),
    gettext_noop("Not a valid URL."),
    gettext_noop("Not a valid email address."),
    gettext_noop("Not a valid integer."),
    gettext_noop("Not a valid number."),
    gettext_noop("Not a valid date."),
    Sentence("Must be greater than or equal to %(least)s and less than or equal to %(greatest)s."),
    # modes of an app
    gettext_noop("auto"),
    gettext_noop("review"),
    gettext_noop("manual"),
    gettext_noop("once"),
    gettext_noop("paused"),
    # states of a receipt
    gettext_noop("queued"),
    gettext_noop("posted"),
    gettext_noop("part paid"),
    gettext_noop("paid"),
    gettext_noop("held"),
    gettext_noop("failed"),
    gettext_noop("changed"),
    gettext_noop("missing"),
    # states of a posting, within a sentence
    gettext_noop("waiting"),
    gettext_noop("review"),
    gettext_noop("ready"),
    gettext_noop("sending"),
    gettext_noop("unknown"),
    gettext_noop("skipped"),
    gettext_noop("withdrawn"),
    # what happens to a posting, and the states of a transaction
    gettext_noop("Create"),
    gettext_noop("Update"),
    gettext_noop("Delete"),
    gettext_noop("Void"),
    gettext_noop("Attach"),
    gettext_noop("Deleted"),
    gettext_noop("Voided"),
    # how documents are sent, within a sentence and alone
    gettext_noop("one by one"),
    gettext_noop("in batches where more than a few wait"),
    gettext_noop("in batches where two or more wait"),
    gettext_noop("One by one"),
    gettext_noop("In batches where more than a few wait"),
    gettext_noop("In batches where two or more wait"),
    # what a person names that does not exist
    gettext_noop("app"),
    gettext_noop("company"),
    gettext_noop("enabled app"),
    gettext_noop("field"),
    gettext_noop("invitation"),
    gettext_noop("person"),
    gettext_noop("posting"),
    gettext_noop("right of this person"),
    gettext_noop("role"),
    gettext_noop("run"),
    # levels of lines in the log of a run
    gettext_noop("info"),
    gettext_noop("warning"),
    gettext_noop("error"),
    # how a person logged in
    gettext_noop("password"),
    gettext_noop("passkey"),
    gettext_noop("code"),
    gettext_noop("recovery code"),
    gettext_noop("single sign-on"),
    gettext_noop("second factor of the provider"),
    # secrets that are guessed
    gettext_noop("address"),
    gettext_noop("invitation code"),
    gettext_noop("log-in"),
    gettext_noop("password"),
    gettext_noop("reset code"),
    gettext_noop("second-factor code"),
    # colors
    gettext_noop("System"),
    gettext_noop("Light"),
    gettext_noop("Dark"),
    # what a run counts
    gettext_noop("documents"),
    gettext_noop("unchanged"),
    gettext_noop("new"),
    gettext_noop("pending"),
    gettext_noop("unreadable"),
    gettext_noop("absent"),
    gettext_noop("gone"),
    gettext_noop("files"),
    gettext_noop("paid in part"),
    gettext_noop("no longer paid"),
    gettext_noop("as posted again"),
    # steps of a run
    gettext_noop("starting"),
    gettext_noop("collect"),
    gettext_noop("match"),
    gettext_noop("plan"),
    gettext_noop("check"),
    gettext_noop("check what waits"),
    gettext_noop("post"),
    gettext_noop("wait"),
    gettext_noop("report"),
    gettext_noop("reconcile"),
    gettext_noop("reading"),
    gettext_noop("comparing"),
    gettext_noop("changes"),
    gettext_noop("changes to what was posted"),
    gettext_noop("lists"),
    gettext_noop("tokens"),
    # lists of QuickBooks
    gettext_noop("Account"),
    gettext_noop("Class"),
    gettext_noop("Customer"),
    gettext_noop("Supplier"),
    gettext_noop("Item"),
    gettext_noop("Location"),
    gettext_noop("Payment method"),
    gettext_noop("Tax code"),
    gettext_noop("Tax rate"),
    gettext_noop("Term"),
    gettext_noop("Employee"),
    gettext_noop("Currency"),
    # states of codes in a comparison
    gettext_noop("Matched"),
    gettext_noop("Differs"),
    gettext_noop("Duplicate"),
    gettext_noop("Left out"),
    gettext_noop("Not usable"),
    gettext_noop("Open"),
    gettext_noop("New"),
    gettext_noop("Missing"),
    # the same within a mail
    gettext_noop("matched"),
    gettext_noop("differs"),
    gettext_noop("duplicate"),
    gettext_noop("left out"),
    gettext_noop("not usable"),
    # facts that pages add to a transaction or a document
    gettext_noop("Exchange rate"),
    gettext_noop("Due"),
    gettext_noop("Currency"),
    gettext_noop("Party"),
    gettext_noop("Tax mode"),
    gettext_noop("Tax total"),
    gettext_noop("Total"),
    gettext_noop("Received"),
    gettext_noop("Ship to"),
    gettext_noop("Billable"),
    gettext_noop("Discount"),
    # lists of which an app is chosen
    gettext_noop("Documents"),
    gettext_noop("Inbox"),
    gettext_noop("Runs"),
)


def texts_of_display() -> list[str]:
    """Return the labels and words of `hub.qbo.display_labels`."""
    labels = [label for label, _ in display_labels.REFERENCES.values()]
    labels += [label for label, _ in display_labels.NESTED_FIELDS.values()]
    labels += display_labels.PLAIN_FIELDS.values()
    labels += display_labels.ADDRESS_FIELDS.values()
    labels += display_labels.VALUE_TEXTS.values()
    labels.append(display_labels.PLACEHOLDER_TEXT)
    return sorted(set(labels))
