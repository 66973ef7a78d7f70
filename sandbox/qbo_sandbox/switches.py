"""Switches for behavior that Intuit does not document; the first value is the default."""

from dataclasses import Field, dataclass, field, fields
from typing import Any, Self

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import Choices

Choice = str | float | bool | None


def switch(says: str, *choices: Choice, any_number: bool = False) -> Any:
    """Define a switch; with `any_number` its choices are examples."""
    return field(default=choices[0], metadata={"says": says, "choices": choices, "any": any_number})


@dataclass(frozen=True)
class Switches(Choices):
    """The answers in force. X1 to X13 are questions that only Intuit can answer for certain."""

    requestid: str = switch("X1 what a repeated id gets", "replay", "refuse", "duplicate", "ignore")
    requestid_hours: float = switch(
        "X1 how long an id is known; 0: for ever", 0, 1, 24, 168, any_number=True
    )
    requestid_other_body: str = switch(
        "X2 the same id with another body", "replay", "refuse", "process"
    )
    requestid_in_flight: str = switch("X3 a request under way", "guards", "refuses", "ignored")
    requestid_batch: str = switch("X4 what a repeated batch gets", "replay", "refuse", "ignore")
    requestid_batch_hours: float = switch(
        "X4 how long a batch's ids are known; 0: as others", 0, 1, any_number=True
    )
    requestid_batch_keys: str = switch(
        "X5 id and bId joined are the key of a single write too", "shared", "own"
    )
    requestid_batch_length: str = switch(
        "X6 lengths: 50 together, or 36 and 10", "joined", "separate"
    )
    batch_bids: str = switch(
        "a bId that is missing or there twice is taken, or refused", "any", "unique"
    )
    requestid_refusals: bool = switch("X7 a refusal is remembered too", False, True)
    requestid_guards: str = switch("X8 what an id guards, files apart", "writes", "creates")
    requestid_uploads: bool = switch("X8 an id guards a file", True, False)
    index_lag: float = switch("X9 seconds until a query sees a write", 0, 3, 60, any_number=True)
    cdc_lag: float | None = switch(
        "X9 seconds until change data see it; none: as queries", None, 0, 60, any_number=True
    )
    batch_counts: str = switch(
        "X10 a batch counts against the minute as its items or as one", "items", "one"
    )
    previous_refresh_token: str = switch(
        "X11 the token before the newest: refused, good for 24 hours, or until the newest was used",
        "refused",
        "grace",
        "until_used",
    )
    duplicate_bills: str = switch(
        "X12 a bill's number may stand twice", "preference", "never", "always"
    )
    requestid_per_app: bool = switch("X13 two apps may use one id", False, True)
    rotate: str = switch("when the refresh token changes", "24h", "always")
    inactive_reference: str = switch(
        "the code for a reference to something inactive", "610", "2500"
    )
    duplicate_number: str = switch("the code for a number used twice", "6140", "6210", "6240")
    billable_by_customer: bool = switch(
        "a line with a customer and no status becomes billable", True, False
    )
    inclusive_amount: str = switch(
        "what Amount means under TaxInclusive without TaxInclusiveAmt", "gross", "net"
    )
    sparse_empty_list: str = switch(
        "an empty list in a sparse update removes the entries, or is ignored", "removes", "ignored"
    )
    sparse_tax: str = switch(
        "the tax after a sparse update with lines but without tax is computed, or stays",
        "computed",
        "kept",
    )
    linked_version: str = switch(
        "the SyncToken of a transaction rises when a payment or a file is linked to it, or stays",
        "raised",
        "kept",
    )
    vendor_notes: str = switch("the notes of a vendor are kept, or left out", "kept", "dropped")
    stated_tax: str = switch(
        "a stated tax is taken, or only where its PercentBased is false", "taken", "computed"
    )
    currency_required: bool = switch(
        "with many currencies a transaction must name its own", True, False
    )
    exchange_rate: str = switch(
        "a foreign transaction that states no rate gets that of the day, or 1", "day", "one"
    )
    name_length: int = switch(
        "how long a vendor's or customer's name may be", 500, 100, any_number=True
    )
    account_number_length: int = switch(
        "how long an account's number may be", 20, 7, any_number=True
    )
    batch_size: int = switch("how many items a batch may have", 30, 10, 25, 50, any_number=True)
    cdc_window: bool = switch("change data refuse more than 30 days back", True, False)
    cdc_order: str = switch(
        "change data begin with the oldest changes, or with the newest", "oldest", "newest"
    )
    sort_by_id: str = switch(
        "a query sorted by the id is sorted, refused, or answered in the order of one without",
        "sorted",
        "refused",
        "ignored",
    )
    throttle: bool = switch("the limits below are enforced", False, True)
    per_second: int = switch(
        "requests of one app to one company in a second", 10, 5, any_number=True
    )
    per_minute: int = switch(
        "requests to one company in a minute, whoever sends them", 500, 100, any_number=True
    )
    batches_per_app: int = switch(
        "batches a minute of one app to one company", 40, 10, any_number=True
    )
    batches_per_company: int = switch("batches a minute to one company", 120, 10, any_number=True)
    at_once: int = switch(
        "requests of one app under way together; 0: no limit", 0, 10, any_number=True
    )
    monthly_reads: int = switch(
        "metered reads of one app in a month; 0: no limit", 500_000, 0, 100, any_number=True
    )
    emails_a_day: int = switch("documents mailed from one company in a day", 40, 2, any_number=True)
    throttle_body: str = switch("429 comes as JSON or as XML", "json", "xml")
    webhook_delay: float = switch(
        "seconds until changes are told, together with what came meanwhile",
        5,
        0,
        300,
        any_number=True,
    )
    retry_after: int | None = switch(
        "seconds said with 429; none: nothing is said", None, 60, any_number=True
    )

    def changed(self, raw: JsonObject) -> Self:
        """Return the switches with new values, which may be given as text."""
        by_name = {switch.name: switch for switch in fields(self)}
        values = {}
        for name, value in raw.items():
            values[name] = _find_matching_choice(by_name[name], value) if name in by_name else value
        return super().changed(values)

    def page(self) -> dict[str, JsonObject]:
        """Return each switch with its description, choices and value."""
        page = {}
        for switch in fields(self):
            page[switch.name] = _describe(switch) | {"is": getattr(self, switch.name)}
        return page


def _describe(switch: "Field[Any]") -> JsonObject:
    """Return the description and the choices of a switch."""
    choices = list(switch.metadata["choices"])
    if switch.metadata["any"]:
        choices.append("any number")
    return {"says": switch.metadata["says"], "choices": choices}


def _find_matching_choice(switch: "Field[Any]", value: Any) -> Any:
    """Return the choice with the same text as a value; raise ValueError if there is none."""
    for choice in switch.metadata["choices"]:
        if str(choice).lower() == str(value).lower():
            return choice
    if switch.metadata["any"] and not isinstance(value, bool):
        number = float(value)
        return int(number) if number == int(number) else number
    choices = ", ".join(str(choice).lower() for choice in switch.metadata["choices"])
    raise ValueError(f"{switch.name} cannot be {value!r}; it is one of {choices}")


def read(text: str) -> JsonObject:
    """Read a switch from the command line: requestid=refuse."""
    name, _, value = text.partition("=")
    return {name.strip(): value.strip()}
