"""Tests of the README's snippets for client libraries, run as printed against its command."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox_tests.command import running

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
PRINTED_URL = "http://127.0.0.1:8000"
CUSTOMER = "Amy's Bird Sanctuary"  # the sample company's first customer, which every snippet reads


def block(language, word):
    """Return the README's only code block in a language that contains a word."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    [text] = [text for text in blocks if word in text]
    return text


@pytest.fixture
def url():
    """Serve the company of the README's command on a free port, with its connection."""
    command = shlex.split(block("", "--company sample"))
    assert command[0] == "qbo-sandbox"
    command[command.index("--port") + 1] = "0"
    with running(*command[1:]) as lines:
        yield lines[0]


def run(*command, **environment):
    result = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


def test_the_snippet_for_python_quickbooks_reads_a_customer(url):
    snippet = block("python", "intuitlib")
    assert PRINTED_URL in snippet
    code = snippet.replace(PRINTED_URL, url)
    assert run(sys.executable, "-W", "error", "-c", code) == CUSTOMER


def has_node_quickbooks():
    if not shutil.which("node"):
        return False
    command = ["node", "-e", "require.resolve('node-quickbooks')"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# A full test run skips nothing, so this test exists only if its requirement does: node-quickbooks
# in a folder of NODE_PATH.
if has_node_quickbooks():

    def test_the_snippet_for_node_quickbooks_reads_a_customer(url):
        snippet = block("javascript", "node-quickbooks")
        assert PRINTED_URL in snippet
        assert run("node", "-e", snippet.replace(PRINTED_URL, url)) == CUSTOMER


def test_the_addresses_and_tokens_in_the_snippet_for_node_quickbooks_are_right(url):
    """Send the requests that node-quickbooks sends with these values, without Node.js."""
    snippet = block("javascript", "node-quickbooks").replace(PRINTED_URL, url)
    addresses = dict(re.findall(r"QuickBooks\.(\w+) = `\$\{url\}(.+)`", snippet))
    arguments = re.search(r"new QuickBooks\((.*?)\)", snippet, re.DOTALL)[1]
    strings = re.findall(r"'(.*?)'", arguments)
    client_id, client_secret, access_token, realm, _, refresh_token = strings
    client = (client_id, client_secret)

    customer = requests.get(
        f"{url}{addresses['V3_ENDPOINT_BASE_URL']}{realm}/customer/1",
        headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
        timeout=30,
    )
    assert customer.json()["Customer"]["DisplayName"] == CUSTOMER
    tokens = requests.post(
        url + addresses["TOKEN_URL"],
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        auth=client,
        timeout=30,
    )
    new_token = tokens.json()["access_token"]
    revoked = requests.post(
        url + addresses["REVOKE_URL"], json={"token": new_token}, auth=client, timeout=30
    )
    assert revoked.status_code == 200
