"""The help of the three apps before they are configured."""

HELPDESK = "Kaseya's helpdesk (helpdesk.kaseya.com)"


def compose_help(app: str, help: str) -> str:
    """Return the help of an app: its purpose, the prerequisites, and how to request access."""
    return (
        f"{help} If you are new to Autotask, finish your Autotask implementation first, because the"
        " app relies on the organisations, billing codes and users that are set up there. Then"
        f" request access to this app: open a ticket with {HELPDESK} and name the app, “{app}”."
        " Each of the three Autotask apps is requested and enabled on its own."
    )
