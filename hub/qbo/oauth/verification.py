"""Read a company with tokens that are not stored yet, to verify that they belong to it."""

from typing import Any
from urllib.parse import urlencode

from hub.context import current_hub, mask_secrets
from hub.errors import NotThisCompany, Retry, Sentence
from hub.http.exchange import ExchangeError
from hub.models.enums import SendOutcome
from hub.qbo import intuit_keys, transport
from hub.qbo.client import MAX_READ_ATTEMPTS, MINOR_VERSION
from hub.qbo.faults import quote_reasons
from hub.qbo.responses import NOT_ASKED_FOR, Expected, QuickBooksResponse, interpret_response
from hub.rate_limits.limiter import NoSlot, get_rate_limiter


def read_company_info(realm: str, access_token: str) -> dict[str, Any]:
    """Return the company info of a realm, read with this token.

    Raise NotThisCompany if QuickBooks does not take the token for this company, and Retry if it
    does not answer.
    """
    response = _read(realm, access_token)
    for _ in range(MAX_READ_ATTEMPTS - 1):
        if response.outcome not in (SendOutcome.DOUBT, SendOutcome.UNSENT) and not response.expired:
            break
        response = _read(realm, access_token)
    if response.outcome in (SendOutcome.UNAUTHORISED, SendOutcome.REFUSED):
        raise NotThisCompany(
            realm, quote_reasons(response.faults) or f"(Status {response.status}.)"
        )
    if not response.landed:
        raise Retry(
            "QuickBooks could not be asked whether this connection belongs to company"
            " %(realm)s, so nothing was connected. %(problem)s Try again in some minutes.",
            response.after,
            realm=realm,
            problem=_describe_problem(response),
        )
    return response.entity or {}


def _describe_problem(response: QuickBooksResponse) -> str:
    """Return why the company was not read, without a next step: only a person connects again."""
    if response.faults:
        return quote_reasons(response.faults)
    if response.status == 200:
        return NOT_ASKED_FOR
    return f"(Status {response.status}.)" if response.status else response.text


def _read(realm: str, access_token: str) -> QuickBooksResponse:
    """Read the company info once, with this token, unless the limits of calls allow none soon."""
    hub = current_hub()
    parameters = urlencode({"minorversion": MINOR_VERSION})
    url = f"{intuit_keys.require().api_url}/v3/company/{realm}/companyinfo/{realm}?{parameters}"
    request = transport.build_request("GET", url, access_token)
    until = hub.clock.monotonic() + hub.config.deadline_seconds
    try:
        with get_rate_limiter(realm, hub.clock, hub.config).slot(until=until) as permit:
            http_response = transport.send(
                request,
                mounts=hub.mounts,
                clock=hub.clock,
                seconds=hub.config.deadline_seconds,
                before_sending=permit.confirm,
            )
    except ExchangeError as error:
        return _build_unread_response(str(error))
    except NoSlot as error:
        return _build_unread_response(str(error), error.after)
    return interpret_response(http_response, Expected("CompanyInfo"))


def _build_unread_response(reason: str, after: float | None = None) -> QuickBooksResponse:
    """Return the response to a read that brought none."""
    text = Sentence("QuickBooks could not be reached: %(reason)s.", reason=mask_secrets(reason))
    return QuickBooksResponse(SendOutcome.UNSENT, text=text, after=after)
