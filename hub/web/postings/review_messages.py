"""What people read after an approval on the page Review."""

from collections.abc import Sequence

from flask import flash

from hub.models import Installation
from hub.translations.messages import gettext, ngettext
from hub.web.postings import review_approvals


def describe_approval(installation: Installation, documents: str, *, some_post: bool) -> str:
    """Return the sentence about approved documents; an app that cannot run does not post them yet.

    Without `some_post`, all of them wait for records that are still in review.
    """
    if installation.can_run and not some_post:
        return gettext("Approved %(documents)s.", documents=documents)
    if installation.can_run:
        return gettext("Approved %(documents)s. Posting now.", documents=documents)
    if installation.is_active:
        return gettext(
            "Approved %(documents)s. The company is disconnected, so nothing is posted until it is"
            " connected again.",
            documents=documents,
        )
    if installation.enabled:
        return gettext(
            "Approved %(documents)s. The app is paused, so nothing is posted until its mode is"
            " automatic or review.",
            documents=documents,
        )
    return gettext(
        "Approved %(documents)s. The app is disabled, so nothing is posted until it is enabled.",
        documents=documents,
    )


def flash_waiting(count: int, names: Sequence[str]) -> None:
    """Report how many approved documents wait for other records, and for which if they are few."""
    which = gettext("a new supplier, customer or item that is still in review")
    if len(names) <= review_approvals.MAX_NAMED:
        which = gettext("%(records)s, still in review", records=", ".join(names))
    if count == 1:
        flash(gettext("1 document waits for %(which)s; approve that too.", which=which), "look")
    elif count:
        flash(
            gettext(
                "%(count)s documents wait for %(which)s; approve that too.",
                count=count,
                which=which,
            ),
            "look",
        )


def flash_left_out(changed_count: int, settled_count: int) -> None:
    """Report how many of the listed documents were not approved, because they have changed.

    Some have other contents; others were settled meanwhile, for example approved in another window.
    """
    if changed_count == 1:
        flash(gettext("1 document changed since it was listed and stays in review."), "look")
    elif changed_count:
        flash(
            gettext(
                "%(count)s documents changed since they were listed and stay in review.",
                count=changed_count,
            ),
            "look",
        )
    if settled_count:
        flash(format_settled_message(settled_count), "look")


def format_settled_message(count: int) -> str:
    """Report how many of the listed documents are not in review any more."""
    return ngettext(
        "%(count)s document is no longer in review: it was approved or changed meanwhile.",
        "%(count)s documents are no longer in review: they were approved or changed meanwhile.",
        count,
    )
