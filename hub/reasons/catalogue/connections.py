"""Texts about the connections to QuickBooks and to the sources."""

from hub.reasons.template import CaseAction, Template

TEMPLATES = {
    "connection.interrupted": Template(
        title="QuickBooks does not accept the connection to {company}",
        reason="{problem}",
        instruction=(
            "Wait: this closes with the first call that QuickBooks accepts. If it stays open,"
            " open Companies and press Reconnect."
        ),
        action=CaseAction.CONNECTION,
    ),
    "connection.reconnect": Template(
        title="Reconnect {company} to QuickBooks",
        reason="{problem}",
        instruction="Press Reconnect and sign in to the same company.",
        action=CaseAction.RECONNECT,
    ),
    "connection.subscription": Template(
        title="The QuickBooks subscription of {company} has ended",
        reason="{problem}",
        instruction=(
            "Renew the subscription at QuickBooks; this closes by itself with the next document"
            " that is accepted."
        ),
        action=CaseAction.CONNECTION,
    ),
    "connection.configuration": Template(
        title="Intuit does not accept the keys of the hub's app",
        reason="{problem}",
        instruction=(
            "Enter the keys of your app on developer.intuit.com under Set up → Intuit keys, or"
            " correct HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET and restart the hub."
        ),
        action=CaseAction.CONNECTION,
    ),
    "connection.ends": Template(
        title="The connection to {company} ends soon",
        reason=(
            "Intuit ends the connection to {company} on {date}, however much it is used until then."
        ),
        instruction=(
            "Press Reconnect before that day and sign in to the same company; nothing is lost."
        ),
        action=CaseAction.RECONNECT,
    ),
    "runs.failing": Template(
        title="Runs of {company} keep failing",
        reason="{problem}",
        instruction=(
            "If you know the reason, do nothing: this closes with the next run that succeeds."
            " Otherwise open Runs, which has the details of each run."
        ),
        action=CaseAction.CONNECTION,
    ),
    "source.access": Template(
        title="{app} cannot be read",
        reason="{problem} {next_attempt}",
        instruction="Open the settings of {app}, correct the access, and test the connection.",
        action=CaseAction.SETTINGS,
    ),
    "source.other_account": Template(
        title="{app} leads to another account",
        reason="{problem} {next_attempt}",
        instruction=(
            "Open the settings of {app} and enter the access of the former account again, or save"
            " them and choose to continue with the other one. Until then, nothing is read from the"
            " source or sent to it."
        ),
        action=CaseAction.SETTINGS,
    ),
    "source.unreachable": Template(
        title="{app} cannot be read",
        reason="{problem} {next_attempt}",
        instruction=(
            "If you know why {app} cannot be reached, do nothing: this closes with the first"
            " sync that can read it. Otherwise check that it answers at the address in its"
            " settings."
        ),
        action=CaseAction.SETTINGS,
    ),
    "source.warning": Template(
        title="{app} has a warning",
        reason="{warning}",
        instruction=(
            "Fix this at the source or in the settings; this closes by itself at the next check."
        ),
        action=CaseAction.SETTINGS,
    ),
    "source.webhook": Template(
        title="A call of {app} could not be read",
        reason="{problem}",
        instruction=(
            "Wait: the scheduled syncs read what has changed all the same, and this closes with the"
            " first call of {app} that can be read. If it stays open, send the reason to the"
            " plugin's author."
        ),
        action=CaseAction.NONE,
    ),
}
