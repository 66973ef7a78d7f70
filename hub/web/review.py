"""The preview: exactly what will be posted, as a person reads it, beside what QuickBooks holds; approve all or some."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import audit, outbox
from hub.engine import logbook
from hub.models import Installation, Posting
from hub.outbox import fingerprint
from hub.qbo import shown
from hub.runtime import current
from hub.store import reading, transaction
from hub.web.access import needs, who
from hub.web.installation import in_review, tabs
from hub.web.paging import page, row_or_404

SIZE = 20
ALL = 500  # approved in one transaction; the rest follows in the next
pages = Blueprint("review", __name__, url_prefix="/installations/<int:installation_id>/review")


@dataclass(frozen=True)
class Preview:
    """A posting, what it says, what QuickBooks holds of the document so far, and where the two differ."""

    posting: Posting
    seal: str
    meant: shown.Shown | None
    held: shown.Shown | None
    differs: set[str]


@pages.get("/")
@needs("viewer")
def show(installation_id: int) -> str:
    """What waits for approval, oldest first."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        found = page(session, _waiting(installation_id), by=[Posting.id], down=False, size=SIZE)
        sums = select(Posting.currency, func.count(), func.sum(Posting.total)).where(
            *in_review(installation_id)
        )
        totals = session.execute(sums.group_by(Posting.currency)).all()
        previews = [preview(session, posting) for posting in found.rows]
        about = tabs(session, installation)
        return render_template("review.html", page=found, previews=previews, totals=totals, **about)


@pages.post("/")
@needs("operator")
def approve(installation_id: int) -> Response:
    """Approves exactly what was shown: what has changed since then stays in review."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    everything = "all" in request.form
    seals = dict(pair.split(":", 1) for pair in request.form.getlist("posting") if ":" in pair)
    approved = changed = 0
    while True:
        done, other = _approve(installation_id, None if everything else seals)
        approved, changed = approved + done, changed + other
        if not everything or not done:
            break
    if approved:
        _first_preview(installation, "auto" in request.form)
        logbook.ask("sync" if "auto" in request.form else "post", installation_id, who())
    _say(approved, changed)
    return redirect(url_for("review.show", installation_id=installation_id))


def preview(session: Session, posting: Posting) -> Preview:
    """A posting as it will be sent."""
    meant = shown.payload(session, posting.company_id, posting.kind, posting.payload)
    before = select(Posting).where(
        Posting.document_id == posting.document_id, Posting.part == posting.part, Posting.state == "posted",
        Posting.id < posting.id,
    )  # fmt: skip
    last = session.scalar(before.order_by(Posting.id.desc()).limit(1))
    held = shown.payload(session, last.company_id, last.kind, last.payload) if last else None
    differs = shown.differing(meant, held) if meant and held else set()
    return Preview(posting, fingerprint(posting.payload), meant, held, differs)


def _approve(installation_id: int, seals: dict[str, str] | None) -> tuple[int, int]:
    wanted = (
        select(Posting.id, Posting.payload)
        .where(*in_review(installation_id))
        .order_by(Posting.id)
        .limit(ALL)
    )
    if seals is not None:
        wanted = wanted.where(Posting.id.in_([int(id) for id in seals if id.isdigit()]))
    with transaction() as session:
        found = {
            str(id): fingerprint(payload)
            for id, payload in session.execute(wanted.with_for_update())
        }
        same = {
            id: {"seal": seal}
            for id, seal in found.items()
            if seals is None or seals.get(id) == seal
        }
        approved = outbox.approve(session, map(int, same), who())
        audit.record_each(session, who(), "posting approved", same)
    return approved, len(found) - approved


def _first_preview(installation: Installation, auto: bool) -> None:
    """An app goes to automatic when its first preview is approved, if the person left that ticked."""
    with transaction() as session:
        row = session.get_one(Installation, installation.id)
        first = row.previewed_at is None
        row.previewed_at = row.previewed_at or current().clock.now()
        if first and auto and row.mode == "review":
            row.mode = "auto"
            audit.record(
                session, who(), "mode changed", f"{row.slug} for {row.company.name}", mode="auto"
            )


def _say(approved: int, changed: int) -> None:
    if approved:
        flash(f"{approved:,} approved; they are being posted.", "success")
    if changed:
        flash(
            f"{changed:,} changed since this page was shown and stay in review: look again.", "look"
        )
    if not approved and not changed:
        flash("Nothing was ticked.", "look")


def _waiting(installation_id: int) -> Select[Posting]:
    return select(Posting).where(*in_review(installation_id))
