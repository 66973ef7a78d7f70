"""The sources of the demo, with a few documents each."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub import demo
from hub.cli import main
from tests.support.sources.small_demo import SmallDemo

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the demo once with this number of documents of each app.

    It returns the demo's report and the stand-ins' journals.
    """
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "hub-demo"))

    def run(**documents: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        apps = {slug.replace("_", "-"): count for slug, count in documents.items()}
        monkeypatch.setattr(SmallDemo, "documents", apps)
        monkeypatch.setattr(demo, "Demo", SmallDemo)
        result = CliRunner().invoke(main, ["demo", "--once", "--json"])
        assert "Traceback" not in result.stderr
        journals = [
            json.loads(line)
            for file in (tmp_path / "hub-demo").glob("*/*.jsonl")
            if file.parent.name in apps
            for line in file.read_text().splitlines()
        ]
        return json.loads(result.stdout)["apps"], journals

    return run


@pytest.mark.row("AT-I1", "AT-P7")
def test_the_demo_writes_quickbooks_numbers_back_to_autotask(show: Any) -> None:
    apps, written = show(autotask_invoices=3, autotask_purchase_orders=1)
    assert {slug: app["posted"] for slug, app in apps.items()} == {
        "autotask-invoices": 3,
        "autotask-purchase-orders": 1,
    }
    put = [event for event in written if event["do"] == "put"]
    numbers = {event["id"]: event["fields"].get("invoiceNumber") for event in put}
    assert sorted(numbers) == [4001, 4002, 4003, 8001]
    counted = sorted(int(numbers[id]) for id in (4001, 4002, 4003))
    assert counted == list(range(counted[0], counted[0] + 3))
    assert not set(counted) & {4001, 4002, 4003}
    orders = [event["fields"]["externalPONumber"] for event in put if event["id"] > 8000]
    assert all(number.isdecimal() for number in orders)


@pytest.mark.row("ION-11")
def test_the_demo_posts_fees_of_ion(show: Any) -> None:
    apps, _ = show(ion=2)  # the second has a freight and a rebate
    assert apps["ion"]["held"] == 0
    assert apps["ion"]["sums"] == {
        "USD": {"source": "473.00", "posted": "473.00", "quickbooks": "473.00"}
    }
