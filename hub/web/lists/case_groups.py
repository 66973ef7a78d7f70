"""The groups of the list of cases: one for each action that solves cases."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.web.lists import case_list


class ActionGroup(NamedTuple):
    """The open cases that one action solves: the action, its label and their number."""

    action: str
    label: str
    cases: int


def count_groups(session: Session, filters: case_list.Filters) -> list[ActionGroup]:
    """Return the groups with cases and the chosen one; the group filter does not count."""
    conditions = case_list.build_conditions(session, filters, with_group=False)
    counts = inbox.count_by_action(session, conditions)
    groups = []
    for action, label in case_list.ACTION_LABELS.items():
        if counts[action] or filters["act"] == action:
            groups.append(ActionGroup(str(action), label, counts[action]))
    return groups


def count_chosen(groups: Iterable[ActionGroup], filters: case_list.Filters) -> int:
    """Return the number of cases in the chosen group, or in all groups if none is chosen."""
    return sum(group.cases for group in groups if filters["act"] in ("", group.action))
