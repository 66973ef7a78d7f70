"""A hub with the app for files."""

import shutil

import pytest

from hub.db.engine import transaction
from hub.models import Installation
from tests.support.sources.files_site import FilesSite


@pytest.fixture
def app(make_app, make_config, empty_database, tmp_path):
    """Create a hub that watches folders for files."""
    config = make_config(HUB_FILES_ROOT=str(tmp_path / "files"))
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config)
    with app.app_context():
        yield app


@pytest.fixture
def site(app, quickbooks):
    site = FilesSite(quickbooks)
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        row.settings = {**row.settings, "account": site.record("Account", "Lumber and Framing")}
    return site
