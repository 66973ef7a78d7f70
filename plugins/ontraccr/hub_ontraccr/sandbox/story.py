"""The payables at the start: plain ones, and each second one a case until all are used."""

import datetime as dt
import random
from decimal import Decimal

from hub_ontraccr.sandbox.cases import CASES, LEFT_OUT_OF_DEMO
from hub_ontraccr.sandbox.company import EAST, PEOPLE, WEST
from qbo_sandbox.kit.journaled_books import stamp

FIRST_ID, FIRST_EASTERN_ID, EASTERN_DOCUMENT_COUNT = 2001, 9001, 6
DESCRIPTIONS = (
    "Ready-mix, {n} m³",
    "Framing lumber",
    "Crane, week {n}",
    "Conduit and wire",
    "Shingles",
    "Labour, block {n}",
)


def make_story(documents, seed, now, demo=False):
    """Return `documents` payables of the first division and a few of the second, by the seed."""
    cases = [case for case in CASES if not (demo and case[0] in LEFT_OUT_OF_DEMO)]
    payables = []
    for index in range(documents):
        changed_at = now - dt.timedelta(minutes=3 * (documents - index))
        payable = build_plain_payable(
            FIRST_ID + index, WEST, index, _create_rng(seed, index), changed_at
        )
        if index % 2 and cases:
            name, change = cases.pop(0)
            payable = {**payable, "case": name, **change(payable, payables, now.date())}
        payables.append(payable)
    east = [
        build_plain_payable(
            FIRST_EASTERN_ID + index,
            EAST,
            index,
            _create_rng(f"{seed}/east", index),
            now - dt.timedelta(hours=index + 1),
        )
        for index in range(EASTERN_DOCUMENT_COUNT)
    ]
    return payables + east


def _create_rng(seed, index):
    """Return the random numbers of one payable."""
    return random.Random(f"{seed}/{index}")  # noqa: S311  (a story)


def build_plain_payable(id, division, index, rng, changed_at):
    """Return a usual payable, alternately a bill or an expense."""
    kind = "bill" if index % 2 == 0 else "expense"
    date = _get_day(changed_at.date(), rng.randrange(50))
    return {
        "id": str(id),
        "version": 1,
        "division": division,
        "case": f"a plain {kind}",
        "type": kind,
        "account": None,
        "tax_code": None,
        "vendor": _get_own_profile_id("v", division, index, 8),
        "number": (
            f"{rng.choice('ABKR')}-{41000 + index * 7 + rng.randrange(7)}"
            f"{'E' if division == EAST else ''}"
        ),
        "date": date.isoformat(),
        "due": (date + dt.timedelta(days=30)).isoformat() if kind == "bill" else None,
        "description": f"Week {date.isocalendar().week}",
        "lines": [
            build_line(id, number, division, index, rng)
            for number in range(1, rng.randrange(1, 4) + 1)
        ],
        "files": ["pdf"] if index % 6 == 0 else [],
        "uploaded_by": PEOPLE[index % len(PEOPLE)],
        "uploaded_at": stamp(changed_at - dt.timedelta(minutes=20)),
        "updated_at": stamp(changed_at),
    }


def build_line(id, number, division, index, rng):
    """Return a line of a project and a cost code."""
    quantity = rng.randrange(1, 40)
    cost = Decimal(rng.randrange(500, 60_000)) / 100
    return {
        "id": f"{id}-{number}",
        "project": _get_own_profile_id("p", division, index, 5),
        "cost_code": _get_own_profile_id("c", division, index + number, 6),
        "description": rng.choice(DESCRIPTIONS).format(n=rng.randrange(1, 50)),
        "quantity": str(quantity),
        "unit_cost": f"{cost:.2f}",
        "amount": f"{quantity * cost:.2f}",
        "tax": "0.00",
    }


def _get_own_profile_id(letter, division, index, count):
    """Return the id of one of the `count` first profiles of a division, in turn."""
    if division == EAST:
        return f"{letter}{21 + index % 2}"
    return f"{letter}{index % count + 1}"


def _get_day(today, back):
    """Return a day some days ago, but in this year, because the last year may be closed."""
    return max(today - dt.timedelta(days=back), today.replace(month=1, day=1))
