"""A webhook of a source that names more documents than a statement of PostgreSQL takes values."""

from hub import Signal
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, SourceDocument
from hub.security.secrets import SiteSecrets
from tests.support.rows.page_rows import add_document
from tests.support.sources.small_source import SmallSource, install_small_source

MAX_VALUES = 65_535


def test_a_webhook_may_name_any_number_of_documents(postgres_url, make_app, make_config):
    source = SmallSource()
    ids = tuple(f"invoice:{number}" for number in range(MAX_VALUES + 1))
    source.results["hub_webhook"] = [Signal(ids=ids)]
    plugins = Plugins.load([source], installed=False)
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url), plugins=plugins, pages=True)
    with app.app_context():
        installation_id = install_small_source(tenant="t1")
        SiteSecrets(installation_id)["key"] = "k"
        with transaction() as session:
            installation = session.get_one(Installation, installation_id)
            document, _ = add_document(session, installation, "held")
            document_id = document.id
    address = f"/webhooks/{installation_id}"
    answer = app.test_client().post(address, data=b"{}", headers={"X-Key": "k"})
    assert answer.status_code == 200
    with app.app_context(), read_only_session() as session:
        assert session.get_one(SourceDocument, document_id).reread
