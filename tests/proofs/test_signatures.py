"""Tests with thousands of mutated webhook signatures: neither QuickBooks' nor sources' pass."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from hub import sources
from hub.db import engine
from hub.errors import Refused
from hub.models import ConnectedCompany, Installation
from hub.models.enums import InstallationMode
from hub.qbo import webhooks
from hub.security.secrets import SiteSecrets
from hub.sources.site import build_site, call_hook
from hub.testing.clock import FakeClock
from qbo_sandbox import factory
from tests.support.runs.tiers import by_form

PLUGINS = Path(__file__).parents[2] / "plugins"
MUTATIONS = by_form(small=200, full=5_000, long=10_000)
MUTATIONS_OF_A_SOURCE = by_form(small=100, full=1_000, long=10_000)
SECRET = "webhook secret of the tests"


class Caller(NamedTuple):
    """The way a sender of webhooks signs its calls."""

    header: str
    secret: str
    body: bytes
    encode: Callable[[bytes], str]
    prefix: str = ""

    def digest(self, body: bytes, secret: str | None = None) -> bytes:
        """Return the HMAC of a body."""
        key = self.secret if secret is None else secret
        return hmac.new(key.encode(), body, hashlib.sha256).digest()

    def sign(self, body: bytes, secret: str | None = None) -> str:
        """Return the signature of a body as the header carries it."""
        return self.prefix + self.encode(self.digest(body, secret))


# Required settings of the apps; only the secret of the webhooks matters here.
SETTINGS = dict.fromkeys(
    [
        "asset_account",
        "bank_account",
        "client_id",
        "expense_account",
        "fee_account",
        "income_account",
        "payable_account",
        "purchase_account",
    ],
    "1",
) | {"base_url": "https://source.test"}


def in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


QUICKBOOKS = Caller(
    "intuit-signature", factory.WEBHOOK_VERIFIER, b'{"eventNotifications": []}', in_base64
)
SOURCES = {
    "costcertified": Caller(
        "X-CostCertified-Signature", SECRET, b'{"topic": "invoice.changed", "id": "7"}', bytes.hex
    ),
    "costtracker": Caller(
        "X-CostTracker-Signature", SECRET, b'{"topic": "invoice.changed", "id": 7}', bytes.hex
    ),
    "ion": Caller(
        "X-ION-Signature", SECRET, b'{"resource": "PURCHASE_ORDER", "id": 7}', bytes.hex, "sha256="
    ),
    "ontraccr": Caller(
        "X-Ontraccr-Signature", SECRET, b'{"topic": "payable.changed", "id": "7"}', bytes.hex
    ),
}


# -- mutations: each returns another signature, another body, or both ------------------------------


def flip_bit(chance: random.Random, content: bytes) -> bytes:
    """Return the content with one bit changed."""
    place = chance.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def flip_bits_of_digest(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    digest = caller.digest(caller.body)
    for _ in range(chance.choice([1, 1, 3])):
        digest = flip_bit(chance, digest)
    return caller.prefix + caller.encode(digest), caller.body


def change_body(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    return caller.sign(caller.body), flip_bit(chance, caller.body)


def shorten_or_extend_body(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    cut = chance.randrange(len(caller.body))
    extra = chance.choice([b" ", b"\n", b"\x00", b"{}", b"\xff"])
    return caller.sign(caller.body), chance.choice([caller.body[:cut], caller.body + extra])


def sign_with_another_secret(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    guesses = ["", " ", caller.secret[:-1], caller.secret + " ", caller.secret.upper(), "secret"]
    guess = chance.choice([*guesses, chance.randbytes(16).hex()])
    return caller.sign(caller.body, guess), caller.body


def change_text_of_signature(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    signature = caller.sign(caller.body)
    place = chance.randrange(len(caller.prefix), len(signature))
    others = [
        signature[:place],
        signature[:place] + signature[place + 1 :],
        signature[:place] + "\u00e9" + signature[place + 1 :],
        signature[:place] + " " + signature[place:],
        signature + chance.choice(["=", "0", "\x00", ",", ";", "%00", "A"]),
        signature + "," + caller.sign(b"another body"),
        chance.choice(["sha1=", "sha512=", "none", "v1,", '"']) + signature,
        signature[::-1],
        "",
        caller.prefix,
    ]
    return chance.choice(others), caller.body


def use_another_algorithm(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    key = caller.secret.encode()
    digests = [
        hmac.new(key, caller.body, chance.choice(["sha1", "md5", "sha512", "sha384"])).digest(),
        hashlib.sha256(caller.body).digest(),
        hashlib.sha256(key + caller.body).digest(),
        hashlib.sha256(caller.body + key).digest(),
        hmac.new(caller.body, key, "sha256").digest(),
        bytes(32),
    ]
    return caller.prefix + caller.encode(chance.choice(digests)), caller.body


def use_signature_of_another_call(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    return caller.sign(chance.randbytes(12)), caller.body


def encode_otherwise(chance: random.Random, caller: Caller) -> tuple[str, bytes]:
    digest = caller.digest(caller.body)
    other = bytes.hex if caller.encode is in_base64 else in_base64
    texts = [other(digest), base64.b32encode(digest).decode(), digest.decode("latin-1")]
    return caller.prefix + chance.choice(texts), caller.body


MUTATORS = [
    flip_bits_of_digest,
    change_body,
    shorten_or_extend_body,
    sign_with_another_secret,
    change_text_of_signature,
    use_another_algorithm,
    use_signature_of_another_call,
    encode_otherwise,
]


def count_refused(
    caller: Caller, receive: Callable[[dict[str, str], bytes], object], mutations: int
) -> int:
    """Send mutated calls, each of which must be refused; return their number."""
    chance = random.Random(f"signatures {caller.header}")
    refused = 0
    for number in range(mutations):
        mutate = MUTATORS[number % len(MUTATORS)]
        signature, body = mutate(chance, caller)
        assert (signature, body) != (caller.sign(caller.body), caller.body)
        name = chance.choice([caller.header, caller.header.lower(), caller.header.upper()])
        try:
            receive({name: signature, "Host": "hub.test"}, body)
        except Refused as error:
            refused += "sign" in error.text and caller.secret not in error.text
        else:
            pytest.fail(f"{mutate.__name__} was accepted: {signature!r} for {body!r}")
    return refused


# -- tests -----------------------------------------------------------------------------------------


@pytest.mark.proof
def test_no_mutated_signature_passes_for_quickbooks(app, figure):
    webhooks.receive({"Intuit-Signature": QUICKBOOKS.sign(QUICKBOOKS.body)}, QUICKBOOKS.body)
    refused = count_refused(QUICKBOOKS, webhooks.receive, MUTATIONS)
    figure("mutated signatures refused, QuickBooks", refused, MUTATIONS)


@pytest.mark.proof
@pytest.mark.parametrize("slug", SOURCES)
def test_no_mutated_signature_passes_for_a_source(app, clock: FakeClock, figure, slug):
    caller = SOURCES[slug]
    installation = add_installation(slug, clock)
    site_secrets = SiteSecrets(installation.id)
    site_secrets["webhook_secret"] = caller.secret

    assert sources.interpret_webhook(
        installation, {caller.header: caller.sign(caller.body)}, caller.body
    )
    site = build_site(installation)

    def receive(headers, body):
        return call_hook(installation, "hub_webhook", site=site, headers=headers, body=body)

    refused = count_refused(caller, receive, MUTATIONS_OF_A_SOURCE)
    figure(f"mutated signatures refused, {slug}", refused, MUTATIONS_OF_A_SOURCE)


def add_installation(slug: str, clock: FakeClock) -> Installation:
    """Add a company with an app and no connection."""
    with engine.transaction() as session:
        company = ConnectedCompany(realm="9130001", name="Fjord", connected_at=clock.now())
        session.add(company)
        session.flush()
        installation = Installation(
            company_id=company.id,
            slug=slug,
            created_at=clock.now(),
            mode=InstallationMode.AUTO,
            settings=SETTINGS,
        )
        session.add(installation)
    with engine.read_only_session() as session:
        return session.get_one(Installation, installation.id)


@pytest.mark.parametrize("slug", SOURCES)
def test_without_a_secret_no_call_is_accepted(app, clock: FakeClock, slug):
    installation = add_installation(slug, clock)
    caller = SOURCES[slug]
    for secret in ("", "None", "null", caller.secret):
        headers = {caller.header: caller.sign(caller.body, secret)}
        with pytest.raises(Refused, match="is not signed with"):
            sources.interpret_webhook(installation, headers, caller.body)


def test_every_plugin_that_takes_webhooks_is_tested_here():
    receiving = {
        path.parents[1].name
        for path in PLUGINS.glob("*/hub_*/__init__.py")
        if "def hub_webhook" in path.read_text()
    }
    assert receiving == set(SOURCES)
