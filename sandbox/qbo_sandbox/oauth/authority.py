"""The authorisation server: consent, tokens, revocation, discovery, user information."""

from collections.abc import Callable, Iterable
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.values import load
from qbo_sandbox.kit import (
    Clock,
    ConnectionFault,
    form_of,
    json_answer,
    query_of,
    site_of,
    text_answer,
)
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import body_of, status_line
from qbo_sandbox.kit.tokens import basic_of
from qbo_sandbox.oauth import consent, signing
from qbo_sandbox.oauth.grants import ACCOUNTING_SCOPE, Consent, Grants, InvalidGrant

SCOPES = (
    ACCOUNTING_SCOPE,
    "com.intuit.quickbooks.payment",
    "com.intuit.quickbooks.payroll",
    "com.intuit.quickbooks.payroll.benefits",
    "com.intuit.quickbooks.payroll.payslip.read",
    "com.intuit.quickbooks.payroll.timetracking",
    "intuit_name",
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "project-management.project",
    "app-foundations.custom-dimensions.read",
    "app-foundations.custom-field-definitions",
    "app-foundations.custom-field-definitions.read",
    "indirect-tax.tax-calculation.quickbooks",
    "payroll.compensation.read",
    "time-tracking.time-entry",
)
# Not an address of the stand-in: Intuit's client for Node takes no identity token of another one.
ISSUER = "https://oauth.platform.intuit.com/op/v1"
NO_STORE = [("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache")]
USER_INFO = {
    "sub": "4c1fa8b2-52b4-4f39-a3a5-0a6ce1f0c001",
    "email": "kari@example.com",
    "emailVerified": True,
    "givenName": "Kari",
    "familyName": "Nordmann",
    "phoneNumber": "+47 22 00 00 00",
    "phoneNumberVerified": False,
    "address": {
        "streetAddress": "Storgata 1",
        "locality": "Oslo",
        "postalCode": "0155",
        "country": "NO",
    },
}


class Authority:
    """The authorization server."""

    def __init__(
        self, grants: Grants, clients: dict[str, str], companies: dict[str, Company], clock: Clock
    ) -> None:
        self.grants = grants
        self.clients = clients
        self.companies = companies
        self.clock = clock
        self.redirects: set[str] = set()

    def answer(self, call: str, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call by its name."""
        pages: dict[str, Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]] = {
            "authorize": self.authorize,
            "token.code": self.token,
            "token.refresh": self.token,
            "revoke": self.revoke,
            "userinfo": self.userinfo,
            "discovery": self.discovery,
            "keys": lambda environ, start: json_answer(start, 200, signing.build_public_keys()),
        }
        return pages[call](environ, start)

    def authorize(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Show the consent page, and act on its form."""
        form = form_of(environ) if environ["REQUEST_METHOD"] == "POST" else {}
        params = query_of(environ)
        for key, value in form.items():
            if key not in ("user", "realm", "decision"):
                params[key] = value
        fault = self._unusable_request(params)
        if fault:
            return text_answer(start, 400, consent.render_error_page(fault))
        if not _has_valid_scope(params):
            return self._redirect_back(start, params, {"error": "invalid_scope"})
        decision = form.get("decision")
        if decision == "cancel":
            return self._redirect_back(start, params, {"error": "access_denied"})
        if decision != "connect":
            page = consent.render_form(params["client_id"], params, self.companies.values())
            return text_answer(start, 200, page)
        if form.get("user", "admin") != "admin":
            return text_answer(start, 403, consent.render_not_admin_page(params))
        return self._grant_of(environ, start, params, form.get("realm", ""))

    def _grant_of(
        self, environ: WSGIEnvironment, start: StartResponse, params: dict[str, str], realm: str
    ) -> Iterable[bytes]:
        """Give consent for a company, and go back to the application with a code."""
        fault = environ.get("sandbox.fault")
        others = [other for other in self.companies if other != realm]
        if fault is not None and fault.kind == "other_realm" and others:
            realm = others[0]
        if realm not in self.companies:
            return text_answer(start, 400, consent.render_error_page("There is no such company."))
        code = self.grants.consent(
            params["client_id"],
            realm,
            params["scope"],
            params["redirect_uri"],
            params.get("code_challenge", ""),
        )
        return self._redirect_back(start, params, {"code": code, "realmId": realm})

    def _unusable_request(self, params: dict[str, str]) -> str:
        """Return what is wrong with a request for consent; "" for nothing."""
        if params.get("client_id") not in self.clients:
            return "The client_id is not known."
        redirect = params.get("redirect_uri", "")
        is_address = redirect.startswith(("http://", "https://"))
        is_registered = not self.redirects or redirect in self.redirects
        if not is_address or not is_registered:
            return "The redirect_uri is not one of the application's."
        if params.get("code_challenge") and params.get("code_challenge_method") != "S256":
            return "The code_challenge_method must be S256."
        if params.get("response_type") != "code":
            return "The response_type must be code."
        return ""

    def _redirect_back(
        self, start: StartResponse, params: dict[str, str], answer: dict[str, str]
    ) -> Iterable[bytes]:
        """Go back to the application with an answer."""
        if "state" in params:
            answer = answer | {"state": params["state"]}
        redirect = params["redirect_uri"]
        joint = "&" if "?" in redirect else "?"
        location = redirect + joint + urlencode(answer)
        start(status_line(302), [("Location", location), *NO_STORE])
        return [b""]

    def _authenticated_client(self, environ: WSGIEnvironment, form: dict[str, str]) -> str | None:
        """Return the client of a request, or None if its secret is wrong."""
        client, secret = basic_of(environ)
        if not client:
            client = form.get("client_id", "")
            secret = form.get("client_secret", "")
        if not client or self.clients.get(client) != secret:
            return None
        return client

    def token(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call for tokens with a code or a refresh token."""
        form = form_of(environ)
        client = self._authenticated_client(environ, form)
        if client is None:
            headers = [("WWW-Authenticate", 'Basic realm="Intuit"'), *NO_STORE]
            return text_answer(
                start, 401, '{"error":"invalid_client"}', "application/json;charset=utf-8", headers
            )
        try:
            grant, access = self._redeem(environ, form, client)
        except InvalidGrant as refused:
            body = {"error_description": str(refused), "error": "invalid_grant"}
            return json_answer(start, 400, body, NO_STORE)
        answer = self._tokens(grant, access, environ)
        environ["sandbox.note"]["realm"] = grant.realm
        fault = environ.get("sandbox.fault")
        if fault is not None and fault.kind == "rotate_and_lose":
            raise ConnectionFault
        return json_answer(start, 200, answer, NO_STORE)

    def _redeem(
        self, environ: WSGIEnvironment, form: dict[str, str], client: str
    ) -> tuple[Consent, str]:
        """Return the grant and the access token for a code or a refresh token."""
        fault = environ.get("sandbox.fault")
        if fault is not None and fault.kind == "invalid_grant":
            raise InvalidGrant("Incorrect or invalid refresh token")
        if form.get("grant_type") == "authorization_code":
            return self.grants.exchange(
                form.get("code", ""),
                client,
                form.get("redirect_uri", ""),
                form.get("code_verifier", ""),
            )
        if form.get("grant_type") == "refresh_token":
            rotate = fault is not None and fault.kind in ("rotate", "rotate_and_lose")
            return self.grants.refresh(form.get("refresh_token", ""), client, rotate=rotate)
        raise InvalidGrant("Incorrect Token type or clientID")

    def _tokens(self, grant: Consent, access: str, environ: WSGIEnvironment) -> JsonObject:
        """Return the answer with the tokens of a grant."""
        now = self.clock.now()
        answer: JsonObject = {
            "x_refresh_token_expires_in": round(min(grant.expires, grant.hard) - now),
            "refresh_token": grant.refresh,
            "access_token": access,
            "token_type": "bearer",
            "expires_in": 3600,
        }
        if environ.get("HTTP_X_INCLUDE_REFRESH_TOKEN_HARD_EXPIRES_IN", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = round(grant.hard - now)
        if "openid" in grant.scope.split():
            answer["id_token"] = signing.sign_token(_build_claims(grant, now))
        return answer

    def revoke(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """End the access of the application that a token belongs to."""
        form = _read_token_form(environ)
        if self._authenticated_client(environ, form) is None:
            return text_answer(
                start, 401, '{"error":"invalid_client"}', "application/json;charset=utf-8"
            )
        if not self.grants.revoke(form.get("token", "")):
            return json_answer(start, 400, {"error": "invalid_request"})
        return text_answer(start, 200, b"", "application/json;charset=utf-8")

    def userinfo(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer the person who gave the access token."""
        _, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        access = self.grants.access.get(token)
        if access is None or access.expires <= self.clock.now():
            return json_answer(start, 401, {"error": "invalid_token"})
        return json_answer(start, 200, USER_INFO)

    def discovery(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer the addresses of this authority."""
        site = site_of(environ)
        return json_answer(
            start,
            200,
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{site}/connect/oauth2",
                "token_endpoint": f"{site}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{site}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{site}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{site}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
            },
        )


def _read_token_form(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the fields of a request, in JSON or as a form; none if the JSON cannot be read."""
    body = body_of(environ)
    if not body.lstrip().startswith(b"{"):
        return form_of(environ)
    try:
        form = load(body)
    except ValueError:
        return {}
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _has_valid_scope(params: dict[str, str]) -> bool:
    """Return whether an application asks for scopes, all of which exist."""
    scope = params.get("scope")
    if not scope:
        return False
    return all(name in SCOPES for name in scope.split())


def _build_claims(grant: Consent, now: float) -> JsonObject:
    """Return the claims of an identity token; its audience is a list."""
    times = {"auth_time": int(now), "iat": int(now), "exp": int(now) + 3600}
    return {
        "aud": [grant.client],
        "iss": ISSUER,
        "sub": USER_INFO["sub"],
        "realmid": grant.realm,
        **times,
    }
