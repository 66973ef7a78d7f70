"""The addresses that Intuit asks an app for: launch, disconnect, reconnect, support, privacy.

Intuit sends a browser to the first three, with the number of the company as `realmId` if it knows
it. None of them changes anything.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany
from hub.security import hub_settings
from hub.translations.messages import gettext
from hub.web.administration import companies
from hub.web.authentication import confirmation
from hub.web.authentication.access import ANYWHERE, load_scope, may, require_role

pages = Blueprint("intuit", __name__)


@pages.get("/quickbooks/launch")
@require_role("viewer", of=ANYWHERE)
def launch() -> Response:
    """Redirect to the company from which QuickBooks opened the hub, after the log-in."""
    company = _find_company()
    if company is None:
        return redirect(url_for("companies.index" if request.args.get("realmId") else "home.show"))
    return redirect(url_for("companies.index", _anchor=f"company-{company.id}"))


@pages.get("/quickbooks/reconnect")
@require_role("viewer", of=ANYWHERE)
def reconnect() -> Response:
    """Redirect an owner to the consent for a company, after the log-in."""
    company = _find_company()
    if company is None:
        flash(gettext("Choose the company to reconnect."), "info")
        return redirect(url_for("companies.index"))
    if not may("owner", company.id):
        name = company.display_name
        flash(gettext("%(name)s must be reconnected by an owner.", name=name), "look")
        return redirect(url_for("companies.index", _anchor=f"company-{company.id}"))
    question: Response | None = confirmation.ask()
    return question or companies.redirect_to_consent(company.realm)


@pages.get("/quickbooks/disconnected")
@require_role("anyone")
def disconnected() -> str:
    """Describe what disconnecting in QuickBooks means.

    Anybody may call this address, so it disconnects nothing: the hub notices with its next call
    that QuickBooks no longer accepts the connection.
    """
    return render_template("disconnected.html")


@pages.get("/support")
@require_role("anyone")
def support() -> str:
    """Describe what the hub does, on which terms, and who helps."""
    return render_template("support.html", contact=hub_settings.contact_address())


@pages.get("/privacy")
@require_role("anyone")
def privacy() -> str:
    """Describe what the hub stores, for how long, and who can be asked."""
    return render_template("privacy.html", contact=hub_settings.contact_address())


def _find_company() -> ConnectedCompany | None:
    """Return the company that the address names; None if the person may not see such a one."""
    realm = request.args.get("realmId", "")
    with read_only_session() as session:
        query = select(ConnectedCompany).where(
            ConnectedCompany.realm == realm, *load_scope().companies()
        )
        return session.scalars(query).one_or_none()
