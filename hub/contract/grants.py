"""Access tokens by the grants of OAuth 2.0: client credentials, refresh token, and code."""

from collections.abc import Mapping
from typing import Any

from hub.contract.site_settings import UnknownSetting
from hub.contract.tokens import UNAUTHORIZED, BoundSecrets, TokenCache
from hub.contract.types import Site
from hub.errors import NeedsAttention, Retry

BAD_REQUEST = 400
TOKEN_PATH = "/oauth/token"  # noqa: S105 (an address)
AUTHORIZATION_CODE = "authorization_code"  # the grant, and the name of the code in the secrets
RENEWED_TOKEN = "renewed_token"  # noqa: S105 (a name in the secrets)


class ClientCredentials(TokenCache):
    """Access tokens that a source issues for a client id and a client secret.

    The credentials are the setting `client_id` and the secret `client_secret`.

    - `source`: the name of the source in errors.
    - `base_url`: the address of the API; by default the setting of this name.
    - `token_url`: where tokens are requested; by default /oauth/token below `base_url`.
    - `refused`: the sentence for an admin whose credentials are wrong.
    - `form`: further fields of the request.
    - `in_form`: send the credentials as fields, in place of HTTP Basic authentication.
    """

    def __init__(
        self,
        site: Site,
        source: str,
        *,
        base_url: str = "",
        token_url: str = "",
        refused: str = "",
        form: Mapping[str, str] | None = None,
        in_form: bool = False,
    ) -> None:
        self._endpoint = _TokenEndpoint(
            site,
            source,
            base_url=base_url,
            token_url=token_url,
            instruction=refused,
            in_form=in_form,
        )
        self._form = {"grant_type": "client_credentials", **(form or {})}
        super().__init__(self._endpoint.bind(), self._issue_token)

    def _issue_token(self) -> str:
        """Request an access token."""
        return self._endpoint.request(self._form)["access_token"]


class RefreshToken(TokenCache):
    """Access tokens that a source issues for a refresh token, which may change with every use.

    The first refresh token is the secret `refresh_token`. The newest one is stored before the
    access token is used, and only one process at a time requests one. ClientCredentials describes
    the other arguments.

    With `redirect_uri` there is no such secret. The first refresh token is then issued for the
    secret `authorization_code`, which the source shows in the address of that page after a person
    has signed in.
    """

    def __init__(
        self,
        site: Site,
        source: str,
        *,
        base_url: str = "",
        token_url: str = "",
        refused: str = "",
        in_form: bool = False,
        redirect_uri: str = "",
    ) -> None:
        self._endpoint = _TokenEndpoint(
            site,
            source,
            base_url=base_url,
            token_url=token_url,
            instruction=refused,
            in_form=in_form,
        )
        self._redirect_uri = redirect_uri
        self._first = _read_secret(site, AUTHORIZATION_CODE if redirect_uri else "refresh_token")
        self._stored = self._endpoint.bind(self._first)
        super().__init__(self._stored, self._issue_token, exclusive=True)

    def _issue_token(self) -> str:
        """Request an access token; store the new refresh token first, because the old one ends."""
        response = self._endpoint.request(self._build_grant())
        if response.get("refresh_token"):
            self._stored.put(RENEWED_TOKEN, response["refresh_token"])
        return response["access_token"]

    def _build_grant(self) -> dict[str, str]:
        """Return the fields of the request for a token."""
        renewed_token = self._stored.get(RENEWED_TOKEN)
        if renewed_token or not self._redirect_uri:
            return {"grant_type": "refresh_token", "refresh_token": renewed_token or self._first}
        grant = {"grant_type": AUTHORIZATION_CODE, "code": self._first}
        return {**grant, "redirect_uri": self._redirect_uri}


def _read_secret(site: Site, name: str) -> str:
    """Return a secret; raise UnknownSetting if there is none."""
    secret = site.secrets.get(name)
    if secret is None:
        raise UnknownSetting(
            f"there is no secret {name!r}; the app needs a required setting.secret of this name"
        )
    return secret


class _TokenEndpoint:
    """The address at which a client requests tokens."""

    def __init__(
        self,
        site: Site,
        source: str,
        *,
        base_url: str,
        token_url: str,
        instruction: str,
        in_form: bool,
    ) -> None:
        self._http = site.http
        self._secrets = site.secrets
        self._source = source
        self._client = (site.settings["client_id"], _read_secret(site, "client_secret"))
        self._base_url = (base_url or site.settings["base_url"]).rstrip("/")
        self._token_url = token_url
        self._instruction = instruction
        self._in_form = in_form

    def bind(self, *credentials: str) -> BoundSecrets:
        """Return the stored values for the addresses, the client and further credentials."""
        addresses = filter(None, (self._base_url, self._token_url))
        return BoundSecrets(self._secrets, *addresses, *self._client, *credentials)

    def request(self, form: Mapping[str, str]) -> dict[str, str]:
        """Return the answer; raise NeedsAttention if the credentials are refused."""
        id, secret = self._client
        if self._in_form:
            form = {**form, "client_id": id, "client_secret": secret}
        url = self._token_url or self._base_url + TOKEN_PATH
        auth = None if self._in_form else self._client
        reply = self._http.request("POST", url, data=form, auth=auth)
        if reply.status in (BAD_REQUEST, UNAUTHORIZED):
            raise self._build_refusal()
        body: Any = reply.check().json()
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise Retry(
                "%(source)s answered without an access token; it is asked again later.",
                source=self._source,
            )
        return body

    def _build_refusal(self) -> NeedsAttention:
        """Return the error for an admin whose credentials are wrong."""
        if self._instruction:
            return NeedsAttention(self._instruction)
        return NeedsAttention(
            "%(source)s does not accept the access. Check it in the settings of the app.",
            source=self._source,
        )
