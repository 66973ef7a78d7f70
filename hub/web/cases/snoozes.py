"""Until when cases are hidden: the beginning of a day in the time zone of the person or the app."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Case, Installation
from hub.web.frame import viewer
from hub.web.frame.moments import zone
from hub.web.frame.paging import load_pairs


def group_by_end(
    session: Session, cases: Sequence[Case], day: dt.date
) -> Mapping[dt.datetime, list[Case]]:
    """Return cases by the time at which a day begins for them.

    It begins in the zone in which the page of the case shows it: the one that the person chose,
    else that of the app of the case.
    """
    zones: dict[int | None, str] = {}
    if not viewer.chosen_zone():
        ids = {case.installation_id for case in cases}
        query = select(Installation.id, Installation.zone).where(Installation.id.in_(ids))
        zones = load_pairs(session, query)
    cases_by_end: defaultdict[dt.datetime, list[Case]] = defaultdict(list)
    for case in cases:
        zone_name = zones.get(case.installation_id) or zone()
        end = dt.datetime.combine(day, dt.time(), ZoneInfo(zone_name))
        cases_by_end[end].append(case)
    return cases_by_end
