"""Notice that the decision about a code changed after a page had shown it."""

from typing import cast

from sqlalchemy.orm import Session

from hub.contract.documents import Role
from hub.errors import Refused
from hub.installations.match_versions import build_version
from hub.mapping import NEW
from hub.models import Match
from hub.models.enums import MatchOrigin
from hub.qbo import records
from hub.translations.messages import gettext
from hub.web.codes import match_messages

FORM_FIELD = "seen"  # what a form sends of the decision that its page shows


def require_unchanged(
    session: Session,
    match: Match | None,
    shown_version: str | None,
    record: str | None,
    code: str,
) -> None:
    """Raise Refused if somebody decided about a code otherwise since its page was shown.

    - `match`: the decision now.
    - `shown_version`: the version that the page showed; None for callers without a page.
    - `record`: the record that is chosen; None to take the decision back.
    """
    if shown_version is None or shown_version == build_version(match):
        return
    if match is None or match.match_method != MatchOrigin.DECIDED:
        raise Refused(
            gettext(
                "The decision about %(code)s was taken back in the meantime. Nothing was changed."
                " Choose again to match it.",
                code=code,
            )
        )
    if match.record == record and record != NEW:
        return
    index = records.load_index(session, match.company_id, cast(Role, match.role))
    entry = index.get_active(match.record)
    if entry is None:
        raise Refused(
            gettext(
                "%(who)s decided about %(code)s in the meantime. Nothing was changed. Choose again"
                " to decide otherwise.",
                who=match.who,
                code=code,
            )
        )
    raise Refused(
        gettext(
            "%(who)s matched %(code)s to %(record)s in the meantime. Nothing was changed. Choose"
            " again to match it to another record.",
            who=match.who,
            code=code,
            record=match_messages.build_title(entry),
        )
    )
