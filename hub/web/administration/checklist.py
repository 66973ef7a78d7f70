"""The steps from an empty hub to posted bills; each is done if the database says so."""

from collections.abc import Sequence

from flask import url_for
from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.value_object import value_object
from hub.installations import act_log
from hub.models import AuditEntry, ConnectedCompany, Installation, ListState, Posting, Run
from hub.models.enums import ConnectionState, RunKind, RunOutcome
from hub.models.postings import POSTED_CONDITION
from hub.qbo import intuit_keys
from hub.security import hub_settings
from hub.security.rights import Scope
from hub.translations.messages import gettext
from hub.web.administration import first_owner
from hub.web.authentication.access import load_rights_scope, may

MAX_NAMED_OWNERS = 3
MAX_SUBJECTS = 1000  # apps and entries that are compared with each other


@value_object
class Step:
    """A step of the set-up; `needed` ones come before the first posted bill."""

    title: str
    about: str
    url: str
    role: str
    is_done: bool
    is_needed: bool = True

    @property
    def is_allowed(self) -> bool:
        """Return whether the person who is logged in can do it."""
        return may(self.role)


@value_object
class Checklist:
    """All steps, and who can do those that the person who is logged in cannot."""

    steps: list[Step]
    owners: list[str]

    @property
    def is_done(self) -> bool:
        """Return whether every step is done."""
        return all(step.is_done for step in self.steps)

    @property
    def count_done(self) -> int:
        """Return how many steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def next_step(self) -> Step | None:
        """Return the next step towards the first posted bill; None if bills are posted."""
        for step in self.steps:
            if step.is_needed and not step.is_done:
                return step
        return None


def read(session: Session) -> Checklist:
    """Return the checklist with the steps that are done now."""
    installations = select(Installation).where(Installation.enabled).order_by(Installation.id)
    first = session.scalar(installations.limit(1))
    owners = first_owner.list_owners(session, at_most=MAX_NAMED_OWNERS)
    steps = [
        *_build_connection_steps(session),
        *_build_app_steps(session, first),
        _build_mail_step(),
        Step(
            title=gettext("Add a second owner"),
            about=gettext("Somebody else can help if you lose your log-in."),
            url=url_for("people.index"),
            role="owner",
            is_done=len(owners) > 1,
            is_needed=False,
        ),
    ]
    return Checklist(steps=steps, owners=[str(owner.username) for owner in owners])


def is_shown() -> bool:
    """Return whether the person may see the checklist: it is about the hub as a whole."""
    return may("viewer") and not current_hub().is_demo


def read_if_shown(session: Session) -> Checklist | None:
    """Return the checklist for a person who may see it."""
    return read(session) if is_shown() else None


def read_until_posted(session: Session) -> Checklist | None:
    """Return the checklist while no app that the person sees has posted anything."""
    return None if has_posted(session, load_rights_scope()) else read_if_shown(session)


def describe_responsible_people(step: Step, checklist: Checklist) -> str:
    """State who can do a step that the person who is logged in cannot do."""
    names = ", ".join(checklist.owners)
    role = gettext("An owner")
    if step.role != "owner":
        role = gettext("An owner or %(role)s", role=gettext(step.role))
    if names:
        return gettext("%(role)s does this: %(names)s.", role=role, names=names)
    return gettext("%(role)s does this.", role=role)


def has_posted(session: Session, visible: Scope) -> bool:
    """Return whether a visible, enabled app of a connected company has posted a document."""
    query = (
        select(Posting.id)
        .join(Installation, Installation.id == Posting.installation_id)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(
            Installation.enabled,
            ConnectedCompany.state != ConnectionState.DISCONNECTED,
            text(f"posting.{POSTED_CONDITION}"),
            *visible.installations(),
        )
    )
    return session.scalar(query.limit(1)) is not None


def _build_connection_steps(session: Session) -> list[Step]:
    """Return the steps of the Intuit keys and the first company."""
    connections = (
        select(ConnectedCompany.id)
        .where(ConnectedCompany.state != ConnectionState.DISCONNECTED)
        .limit(1)
    )
    return [
        Step(
            title=gettext("Enter the keys of your Intuit app"),
            about=gettext("With them the hub signs in at Intuit."),
            url=url_for("setup.intuit"),
            role="owner",
            is_done=intuit_keys.read().are_complete,
        ),
        Step(
            title=gettext("Connect a QuickBooks company"),
            about=gettext("Sign in to QuickBooks as an administrator of the company."),
            url=url_for("companies.index"),
            role="owner",
            is_done=session.scalar(connections) is not None,
        ),
    ]


def _build_app_steps(session: Session, first: Installation | None) -> list[Step]:
    """Return the steps of the first app: settings, lists and approval."""
    app_page, review_page = url_for("marketplace.show"), url_for("marketplace.show")
    if first:
        app_page = url_for("installation.show", installation_id=first.id)
        review_page = url_for("review.show", installation_id=first.id)
    return [
        Step(
            title=gettext("Enable the first app"),
            about=gettext("Enter its address and keys, and test them."),
            url=url_for("marketplace.show"),
            role="app-owner",
            is_done=first is not None,
        ),
        Step(
            title=gettext("Download the lists"),
            about=gettext("The app gets the accounts, suppliers and tax codes of QuickBooks."),
            url=app_page,
            role="operator",
            is_done=_has_lists(session),
        ),
        Step(
            title=gettext("Approve the first documents"),
            about=gettext("Run the app, match its codes, and approve what will be posted."),
            url=review_page if first else app_page,
            role="operator",
            is_done=_has_approved(session),
        ),
    ]


def _build_mail_step() -> Step:
    """Return the step of the mail server, which is done once the server has accepted a message."""
    about = gettext("The hub mails new cases to those who can solve them.")
    if hub_settings.mail_url():
        about = gettext("Send a test message: the mail server has not accepted one yet.")
    return Step(
        title=gettext("Enter and test a mail server"),
        about=about,
        url=url_for("mail_server.show"),
        role="owner",
        is_done=hub_settings.has_accepted_mail(),
        is_needed=False,
    )


def _has_approved(session: Session) -> bool:
    """Return whether a document was posted or approved.

    Nearly always a document was posted, which an index shows. Only a new hub is searched for
    approvals.
    """
    postings = select(Posting.id).where(text(f"posting.{POSTED_CONDITION}")).limit(1)
    if session.scalar(postings) is not None:
        return True
    approvals = select(Posting.id).where(Posting.approved_by.is_not(None)).limit(1)
    return session.scalar(approvals) is not None


def _has_lists(session: Session) -> bool:
    """Return whether lists were downloaded for an enabled app.

    An app that takes no lists needs those of QuickBooks only. A few queries test all apps together.
    """
    slugs = select(Installation.slug).where(Installation.enabled).distinct()
    slugs_with_lists: list[str] = []
    other_slugs: list[str] = []
    plugins = current_hub().plugins
    for slug in session.scalars(slugs):
        if slug in plugins.apps and plugins.has(slug, "hub_records"):
            slugs_with_lists.append(slug)
        else:
            other_slugs.append(slug)

    has_read = (
        select(ListState.list)
        .join(Installation, Installation.company_id == ListState.company_id)
        .where(Installation.enabled, Installation.slug.in_(other_slugs))
    )
    # For each app an index leads to the runs of its company; a join would read all runs.
    pushes = exists().where(
        Run.company_id == Installation.company_id,
        Run.kind == RunKind.LISTS,
        Run.outcome == RunOutcome.DONE,
        Run.started_at >= Installation.created_at,
    )
    has_pushed = select(Installation.id).where(
        Installation.enabled, Installation.slug.in_(slugs_with_lists), pushes
    )
    if any(session.scalar(query.limit(1)) is not None for query in (has_read, has_pushed)):
        return True
    return _has_pushed_when_enabled(session, slugs_with_lists)


def _has_pushed_when_enabled(session: Session, slugs: Sequence[str]) -> bool:
    """Return whether the audit log has that lists were pushed when an app was enabled."""
    entries = (
        select(AuditEntry.subject).where(AuditEntry.what == act_log.LISTS_PUSHED_ACTION).distinct()
    )
    subjects = set(session.scalars(entries.limit(MAX_SUBJECTS)))
    if not subjects:
        return False
    installations = select(Installation).where(Installation.enabled, Installation.slug.in_(slugs))
    apps = session.scalars(installations.order_by(Installation.id).limit(MAX_SUBJECTS))
    return any(act_log.format_audit_subject(app) in subjects for app in apps)
