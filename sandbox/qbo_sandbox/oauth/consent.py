"""The page on which a person gives an application access to a company."""

from collections.abc import Iterable
from html import escape

from qbo_sandbox.accounting.company import Company

PAGE_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} – QuickBooks stand-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; \
padding: 0 1rem; color: #222; overflow-wrap: anywhere }}
fieldset {{ border: 1px solid #bbb; border-radius: 6px; margin: 0 0 1rem }}
button {{ font: inherit; padding: .5rem 1.2rem; border-radius: 6px; \
border: 1px solid #08641c; cursor: pointer }}
button[value=connect] {{ background: #08641c; color: #fff }}
label {{ display: block; padding: .2rem 0 }}
small {{ color: #555 }}
</style></head><body><main>
<p><small>QuickBooks Online stand-in – no real company is touched</small></p>
{main}
</main></body></html>"""

USER_CHOICES = (("admin", "Kari Nordmann (company admin)"), ("clerk", "Ola Hansen (no admin)"))


def render_page(title: str, main: str) -> str:
    """Return a page with a heading."""
    return PAGE_TEMPLATE.format(title=escape(title), main=main)


def render_form(client: str, params: dict[str, str], companies: Iterable[Company]) -> str:
    """Return the form that asks for user, company and consent."""
    hidden = "".join(_render_hidden_input(name, value) for name, value in params.items())
    users = "".join(
        _render_radio_input("user", key, name, key == "admin") for key, name in USER_CHOICES
    )
    first = True
    choices = ""
    for company in companies:
        choices += _render_radio_input("realm", company.options.realm, company.options.name, first)
        first = False
    scopes = "".join(
        f"<li><code>{escape(scope)}</code></li>" for scope in params.get("scope", "").split()
    )
    return render_page(
        "Connect an application",
        f"""<h1>Connect to QuickBooks?</h1>
<p>The application <strong>{escape(client)}</strong> asks for access to your company data:</p>\
<ul>{scopes}</ul>
<form method="post">{hidden}
<fieldset><legend>Sign in as</legend>{users}</fieldset>
<fieldset><legend>Company</legend>{choices}</fieldset>
<button name="decision" value="connect">Connect</button>
<button name="decision" value="cancel">No, thanks</button>
</form>""",
    )


def render_not_admin_page(params: dict[str, str]) -> str:
    """Return the page for a user who may not connect applications."""
    hidden = "".join(_render_hidden_input(name, value) for name, value in params.items())
    return render_page(
        "Only an admin can connect",
        f"""<h1>You need to be a company admin</h1>
<p>Only an admin of this company can connect an application to it. \
Ask an admin, or sign in as another user.</p>
<form method="post">{hidden}<button name="decision" value="again">Back</button>
<button name="decision" value="cancel">Cancel</button></form>""",
    )


def render_error_page(text: str) -> str:
    """Return the page for an authorization request that cannot be used."""
    return render_page(
        "Something is wrong", f"<h1>This address cannot be used</h1><p>{escape(text)}</p>"
    )


def _render_hidden_input(name: str, value: str) -> str:
    """Return a field of a form that is not shown."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _render_radio_input(name: str, value: str, label: str, is_checked: bool) -> str:
    """Return one choice of a form."""
    mark = " checked" if is_checked else ""
    button = f'<input type="radio" name="{name}" value="{escape(value)}"{mark}>'
    return f"<label>{button} {escape(label)}</label>"
