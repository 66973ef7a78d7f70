"""The settings and addresses that every hub of a test starts with."""

from qbo_sandbox import factory as sandbox_factory

SECRET_KEY = "n7Qd-2kVw_9sLx4TzB8mRj5YpC1hGf6E"
VAULT_KEYS = "k1:q5h3vJ0mXy8cB1rT6uZ2wE9sD4gF7aLpNkVbMxQeYtI="
KEYS = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
PASSWORD = "correct horse battery staple"
PLANTED_SECRET = "canary-secret-5f1c"
QUICKBOOKS = "https://quickbooks.test"
COSTTRACKER = "http://costtracker.test"
INTUIT = {
    "HUB_QBO_CLIENT_ID": sandbox_factory.CLIENT_ID,
    "HUB_QBO_CLIENT_SECRET": sandbox_factory.CLIENT_SECRET,
    "HUB_QBO_API_URL": QUICKBOOKS,
    "HUB_QBO_AUTHORIZE_URL": f"{QUICKBOOKS}/connect/oauth2",
    "HUB_QBO_TOKEN_URL": f"{QUICKBOOKS}/oauth2/v1/tokens/bearer",
    "HUB_QBO_REVOKE_URL": f"{QUICKBOOKS}/v2/oauth2/tokens/revoke",
    "HUB_QBO_WEBHOOK_TOKEN": sandbox_factory.WEBHOOK_VERIFIER,
    "HUB_QBO_PER_SECOND": "5000",
    "HUB_QBO_PER_MINUTE": "100000",
}
