"""What the pages of the three apps say before anybody has configured them."""

HELPDESK = "Kaseya's helpdesk (helpdesk.kaseya.com)"


def compose_help(app: str, help: str) -> str:
    """Return the help of an app: what it is for, what comes first, and how to get access to it."""
    return (
        f"{help} If you are new to Autotask, finish your Autotask implementation first, because the"
        " app relies on the organisations, billing codes and users that are set up there. Then"
        f" request access to this app: open a ticket with {HELPDESK} and name the app, “{app}”."
        " Each of the three Autotask apps is requested and enabled on its own."
    )
