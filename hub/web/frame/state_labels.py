"""The labels of states and modes, and the tone of a state's badge."""

from hub.contract.states import ReceiptState
from hub.models.enums import ConnectionState, DocumentState, InstallationMode, ReceiptEnd, RunState
from hub.translations.messages import gettext_noop

# The word on the badge of each state, and its tone.
STATE_LABELS: dict[str, tuple[str, str]] = {
    DocumentState.HELD: (gettext_noop("Held"), "bad"),
    DocumentState.WAITING: (gettext_noop("Waiting"), "info"),
    DocumentState.REVIEW: (gettext_noop("To approve"), "look"),
    DocumentState.READY: (gettext_noop("Ready to send"), "info"),
    DocumentState.SENDING: (gettext_noop("Sending"), "info"),
    DocumentState.UNKNOWN: (gettext_noop("In doubt"), "look"),
    DocumentState.POSTED: (gettext_noop("Posted"), "good"),
    ReceiptState.PAID: (gettext_noop("Paid"), "good"),
    ReceiptState.PART_PAID: (gettext_noop("Paid in part"), "info"),
    DocumentState.MISSING: (gettext_noop("Missing in QuickBooks"), "bad"),
    DocumentState.REMOVED: (gettext_noop("Removed"), "calm"),
    DocumentState.SKIPPED: (gettext_noop("Skipped"), "calm"),
    DocumentState.WITHDRAWN: (gettext_noop("Withdrawn"), "calm"),
    DocumentState.PENDING: (gettext_noop("Not final at the source"), "calm"),
    DocumentState.UNREADABLE: (gettext_noop("Cannot be read"), "bad"),
    ConnectionState.CONNECTED: (gettext_noop("Connected"), "good"),
    ConnectionState.INTERRUPTED: (gettext_noop("Trying again"), "look"),
    ConnectionState.RECONNECT: (gettext_noop("Reconnect needed"), "bad"),
    ConnectionState.SUBSCRIPTION: (gettext_noop("Subscription ended"), "bad"),
    ConnectionState.CONFIGURATION: (gettext_noop("Keys not accepted"), "bad"),
    ConnectionState.DISCONNECTED: (gettext_noop("Disconnected"), "calm"),
    RunState.DONE: (gettext_noop("Done"), "good"),
    RunState.DIFFERS: (gettext_noop("Differs"), "bad"),
    RunState.STOPPED: (gettext_noop("Stopped"), "bad"),
    RunState.RUNNING: (gettext_noop("Running"), "info"),
    RunState.QUEUED: (gettext_noop("Queued"), "info"),
    ReceiptEnd.DELIVERED: (gettext_noop("Delivered"), "good"),
    ReceiptEnd.REFUSED: (gettext_noop("Refused"), "bad"),
    ReceiptEnd.REPLACED: (gettext_noop("Replaced"), "calm"),
}
# The name of each mode, and what it means.
MODE_LABELS: dict[str, tuple[str, str]] = {
    InstallationMode.AUTO: (
        gettext_noop("Automatic"),
        gettext_noop("Collects and posts on schedule."),
    ),
    InstallationMode.REVIEW: (
        gettext_noop("Review"),
        gettext_noop("Collects on schedule; nothing is posted until a person has approved it."),
    ),
    InstallationMode.MANUAL: (
        gettext_noop("Manual"),
        gettext_noop(
            "Collects on schedule; posts what a person has approved. Automatic posting is never"
            " suggested."
        ),
    ),
    InstallationMode.ONCE: (
        gettext_noop("Once"),
        gettext_noop("The next run collects and posts, then the app pauses."),
    ),
    InstallationMode.PAUSED: (gettext_noop("Paused"), gettext_noop("Nothing runs.")),
}
