"""The percentages of a tax rate: each applies from a day, perhaps to another day."""

from decimal import Decimal
from operator import itemgetter

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject


def find_percent(rate: JsonObject, date: str) -> Decimal:
    """Return the percentage of a tax rate on a day; its `RateValue` where no period has the day.

    Where periods overlap, the one that began last applies.
    """
    day = date[:10]
    current_periods = []
    for period in rate.get("EffectiveTaxRate") or ():
        last_day = str(period.get("EndDate") or day)[:10]
        if str(period["EffectiveDate"])[:10] <= day <= last_day:
            current_periods.append(period)
    if not current_periods:
        return Decimal(rate["RateValue"])
    newest_period = max(current_periods, key=itemgetter("EffectiveDate"))
    return Decimal(newest_period.get("RateValue", ZERO))


def correct_current_period(rate: JsonObject, changes: JsonObject) -> JsonObject:
    """Return a rate as a person changed it; a new percentage also replaces that of its last period.

    Changes that state the periods themselves are left as they are.
    """
    new_rate = {**rate, **changes}
    periods = rate.get("EffectiveTaxRate")
    if periods and "RateValue" in changes and "EffectiveTaxRate" not in changes:
        last_period = {**periods[-1], "RateValue": changes["RateValue"]}
        new_rate["EffectiveTaxRate"] = [*periods[:-1], last_period]
    return new_rate
