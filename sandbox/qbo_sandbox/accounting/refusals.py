"""Every way QuickBooks refuses: the application's fault and the gateway's, with their texts."""

from qbo_sandbox.kit.json_object import JsonObject

MESSAGES = {
    "120": "Authorization Failure",
    "400": "MalformedRequest",
    "500": "Unsupported Operation",
    "600": "Duplicate Request Id",
    "610": "Object Not Found",
    "620": "Transaction cannot be linked",
    "630": "Duplicate object",
    "700": "Invalid parent",
    "800": "Delete not allowed",
    "900": "Object cannot be its own parent",
    "1040": "Batch size exceeded",
    "2000": "Unknown object",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String",
    "2050": "Invalid String. Too long or too short",
    "2060": "Invalid Date",
    "2070": "Invalid Number",
    "2080": "Invalid Decimal",
    "2090": "Invalid Amount",
    "2100": "Invalid Percent",
    "2130": "Invalid Request Id",
    "2170": "Invalid Enumeration",
    "2210": "Email Address does not conform to the syntax rules of RFC 822.",
    "2220": "Invalid Currency Type",
    "2300": "Total debits and credits do not match",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "4002": "Query cannot be processed",
    "5010": "Stale Object Error",
    "5020": "Feature Not Supported Error",
    "6000": "A business validation error has occurred while processing your request",
    "6010": "Account type or subtype required",
    "6030": "Uploaded file too large",
    "6040": "Metadata is not an Attachable",
    "6041": "File type not supported",
    "6050": "Entity type not supported",
    "6070": "Amount calculation incorrect in the request",
    "6080": "Name is required",
    "6100": "Invalid Tax Code",
    "6140": "Duplicate Document Number Error",
    "6150": "Parent reference needed",
    "6160": "Tax code cannot be used",
    "6170": "Tax detail cannot be given when tax is not applicable",
    "6180": "Too many levels",
    "6190": "Invalid Company Status",
    "6200": "Account Period Closed",
    "6210": "Account Period Closed",
    "6240": "Duplicate Name Exists Error",
    "6430": "Invalid account type",
    "6440": "Line needs an account or item",
    "6540": "Deposited Transaction cannot be changed",
    "10000": "An application error has occurred while processing your request",
}
INACTIVE_MESSAGE = (
    "Something you're trying to use has been made inactive."
    " Check the fields with accounts, customers, items, "
    "vendors or employees."
)
DEPOSITED_MESSAGE = (
    "This transaction has been deposited. If you want to change or delete it,"
    " you must edit the deposit it appears on and remove it first"
)
SUBSCRIPTION_MESSAGE = (
    "Subscription period has ended or canceled or there was a billing problem : You can't add data"
    " to QuickBooks Online Plus because your trial or subscription period ended, you canceled your"
    " subscription, or there was a billing problem."
)


class Refusal(Exception):
    """An application fault; without an `element` its error has no such key."""

    def __init__(
        self,
        code: str,
        detail: str,
        element: str | None = None,
        *,
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {detail}")
        self.code = code
        self.detail = detail
        self.element = element
        self.status = status
        self.kind = kind
        self.others: list[Refusal] = []

    @classmethod
    def restore(cls, values: JsonObject) -> "Refusal":
        """Return the refusal that was stored as its attributes."""
        refusal = cls(values["code"], values["detail"])
        vars(refusal).update(values)
        return refusal

    def errors(self) -> list[JsonObject]:
        """Return this refusal and those that came with it as QuickBooks' errors."""
        error = {
            "Message": MESSAGES.get(self.code, self.detail),
            "Detail": self.detail,
            "code": self.code,
        }
        if self.element is not None:
            error["element"] = self.element
        errors = [error]
        for other in self.others:
            errors += other.errors()
        return errors

    def fault(self) -> JsonObject:
        """Return the refusal as QuickBooks' Fault."""
        return {"Error": self.errors(), "type": self.kind}

    def item_fault(self) -> JsonObject:
        """Return the fault of one item of a batch, in which every error has an element."""
        errors = []
        for error in self.errors():
            errors.append({"element": "", **error})
        return {"Error": errors, "type": self.kind}


class GatewayRefusal(Exception):
    """A fault of the gateway in front: token, permission, throttle. Its shape is another one."""

    def __init__(self, status: int, code: str, word: str, detail: str | None, kind: str) -> None:
        super().__init__(word)
        self.status = status
        self.code = code
        self.detail = detail
        self.kind = kind
        self.message = f"message={word}; errorCode=00{code}; statusCode={status}"

    def body(self, now: float) -> JsonObject:
        """Return the gateway's answer; it has all fields of an answer, most of them empty."""
        error = {
            "message": self.message,
            "detail": self.detail,
            "code": self.code,
            "element": None,
        }
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(now * 1000),
            "status": None,
            "cdcresponse": [],
        }


def missing_field(name: str) -> Refusal:
    """Return the refusal of a request without a field that it needs."""
    return Refusal("2020", f"Required parameter {name} is missing in the request", name)


def business_error(text: str) -> Refusal:
    """Return a refusal by a rule of the business."""
    return Refusal("6000", f"Business Validation Error: {text}", "")


def not_found(text: str = INACTIVE_MESSAGE) -> Refusal:
    """Return the refusal of an object that does not exist, or that is inactive."""
    return Refusal("610", f"Object Not Found : {text}", "")


def unknown_reference(table: str, id: str) -> Refusal:
    """Return the refusal of a reference to nothing."""
    return Refusal("2500", f"Invalid Reference Id : {table} element id {id} not found", "")


def stale_object(user: str) -> Refusal:
    """Return the refusal of a change to a version that is no longer the newest."""
    text = (
        f"You and {user} were working on this at the same time."
        f" {user} finished before you did, so your work was not"
    )
    return Refusal("5010", f"Stale Object Error : {text} saved.", "")


def require_valid_id(kind: str, text: str) -> None:
    """Raise 2030 if an id is not a number; those of tax codes may be words."""
    if kind != "TaxCode" and not text.isdigit():
        raise Refusal("2030", f"Id should be a valid number. Supplied value:{text}", "Id")


def unsupported_operation(what: str) -> Refusal:
    """Return the refusal of an operation that the kind of object does not have."""
    return Refusal("500", f"Operation {what} is not supported.")


def expired_token(token: str) -> GatewayRefusal:
    """Return the refusal of an access token that is unknown or has expired."""
    return GatewayRefusal(
        401, "3200", "AuthenticationFailed", f"Token expired: {token}", "AUTHENTICATION"
    )


def unauthenticated_call() -> GatewayRefusal:
    """Return the refusal of a call without a well-formed bearer token."""
    return GatewayRefusal(
        401,
        "3200",
        "AuthenticationFailed",
        "Malformed bearer token: too many dots",
        "AUTHENTICATION",
    )


def forbidden_call() -> GatewayRefusal:
    """Return the refusal of a token that does not open the company."""
    return GatewayRefusal(403, "3100", "ApplicationAuthorizationFailed", None, "SERVICE")


def failed_gateway(status: int) -> GatewayRefusal:
    """Return the answer of a gateway that failed itself, with the code of a missing access.

    It was seen with status 500 during an outage.
    """
    return GatewayRefusal(status, "3100", "InternalServerError", None, "SERVICE")


def throttled_call() -> GatewayRefusal:
    """Return the refusal of a call beyond a rate limit."""
    detail = "The request limit was reached.  Try again later"
    return GatewayRefusal(429, "3001", "ThrottleExceeded", detail, "SERVICE")
