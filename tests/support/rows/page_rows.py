"""Database rows for pages: a company, lists, documents in every state, cases, runs, people."""

import datetime as dt
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import (
    Attempt,
    ConnectedCompany,
    Installation,
    ListState,
    Posting,
    Proof,
    ReceiptRow,
    Run,
    RunLine,
    SeenCode,
    SourceDocument,
    StoredRecord,
    Token,
    TransactionHead,
)
from hub.outbox import compute_fingerprint
from hub.security import people
from hub.security.rights import Right
from tests.support.rows.stored_cases import open_stored_case, stored_reasons
from tests.support.runs import hub_environment

PASSWORD = hub_environment.PASSWORD
PEOPLE = {"olga": "owner", "arne": "app-owner", "oda": "operator", "vera": "viewer"}
SECRET = hub_environment.PLANTED_SECRET
MATCH = {"field": "supplier", "code": "s1", "name": "Byggmakker Aas"}
NAMES = (
    "Byggmakker Ås",
    "Rørlegger Næss & Sønner",
    'Stål "Nord" AS',
    "O'Hara Elektro",
    "Maler Østby",
)


@dataclass
class Story:
    """The ids of the created rows."""

    company: int
    installation: int
    documents: dict[str, int] = field(default_factory=dict)
    postings: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)


def add_people(session: Session) -> None:
    """Add a person of each role with the same password, and a name as earlier versions allowed."""
    for name, role in PEOPLE.items():
        people.insert(session, name, people.hash_new(PASSWORD), [Right(role)])


def add_story(session: Session) -> Story:
    """Add rows for everything that the pages can show."""
    company = add_company(session)
    installation = add_installation(session, company)
    story = Story(company.id, installation.id)
    for place, state in enumerate(
        ("posted", "held", "review", "ready", "waiting", "unknown", "skipped", "withdrawn")
    ):
        document, posting = add_document(session, installation, state, place)
        story.documents[state], story.postings[state] = document.id, posting.id
    _add_early_documents(session, installation)
    _add_posting_results(session, story)
    _add_changed_document(session, story, installation)
    _add_codes(session, installation)
    _add_cases(session, story)
    _add_runs(session, story)
    return story


def add_company(
    session: Session, realm: str = "9130001", name: str = "Nordvik Bygg AS"
) -> ConnectedCompany:
    """Add a connected company with its lists."""
    now = current_hub().clock.now()
    company = ConnectedCompany(
        realm=realm,
        name=name,
        country="NO",
        currency="NOK",
        connected_at=now,
        verified_at=now,
        preferences={},
    )
    session.add(company)
    session.flush()
    ends = {
        "refresh_expires_at": now + dt.timedelta(days=96),
        "ends_at": now + dt.timedelta(days=1700),
    }
    token = {"access_expires_at": now + dt.timedelta(minutes=50), "refreshed_at": now, **ends}
    session.add(Token(company_id=company.id, **token))
    add_records(session, company, "vendor", NAMES)
    add_records(session, company, "class", ("Nybygg", "Rehabilitering"))
    add_records(session, company, "customer", ("Solbakken borettslag", "Solbakken borettslag:Tak"))
    accounts = [
        ("33", "2400", "Leverandørgjeld", "Accounts Payable"),
        ("68", "4300", "Innkjøp varer", "Expense"),
    ]
    for id, number, title, kind in accounts:
        session.add(_record(company.id, "account", id, title, number=number, type=kind))
    session.add(ListState(company_id=company.id, list="account", read_at=now, version=1))
    return company


def add_records(session: Session, company: ConnectedCompany, name: str, titles: Any) -> None:
    """Add a list with these entries."""
    for place, title in enumerate(titles, start=1):
        session.add(_record(company.id, name, f"{name[0]}{place}", title))
    session.add(
        ListState(company_id=company.id, list=name, read_at=current_hub().clock.now(), version=1)
    )


def add_installation(session: Session, company: ConnectedCompany, **values: Any) -> Installation:
    """Enable CostTracker in review mode."""
    settings = {
        "base_url": "https://costtracker.test",
        "client_id": "nordvik",
        "payable_account": "33",
    }
    about = {
        "slug": "costtracker",
        "tenant": "t1",
        "tenant_name": "Nordvik Bygg",
        "owner": "arne",
        "zone": "Europe/Oslo",
        "settings": settings,
    }
    installation = Installation(
        company_id=company.id,
        created_at=current_hub().clock.now(),
        **(about | values),
    )
    session.add(installation)
    session.flush()
    return installation


def add_document(
    session: Session, installation: Installation, state: str, place: int = 0
) -> tuple[SourceDocument, Posting]:
    """Add a bill and its posting in a state."""
    now = current_hub().clock.now() - dt.timedelta(minutes=60 - place % 60)
    total = Decimal(1250 + 37 * place) + Decimal("0.50")
    number, party = f"F-{20260 + place}", NAMES[place % len(NAMES)]
    document = SourceDocument(
        installation_id=installation.id,
        company_id=installation.company_id,
        slug=installation.slug,
        tenant=installation.tenant,
        source_id=f"invoice:{1000 + place}",
        marker=f"MARKER{place:06d}",
        kind="bill",
        number=number,
        party=party,
        date=now.date(),
        currency="NOK",
        total=total,
        seen_at=now,
        body=_body(number, party, now.date(), total),
    )
    session.add(document)
    session.flush()
    posting = add_posting(session, document, state, bill(number, total, place))
    return document, posting


def add_posting(
    session: Session, document: SourceDocument, state: str, payload: dict[str, Any], **more: Any
) -> Posting:
    """Add a posting of a document."""
    why = "Nothing in QuickBooks fits the supplier." if state == "held" else ""
    sent_at = (
        {"quickbooks_id": "145", "posted_total": document.total, "sync_token": "0"}
        if state == "posted"
        else {}
    )
    content = json.dumps(payload).encode()
    values = {
        "document_id": document.id,
        "company_id": document.company_id,
        "installation_id": document.installation_id,
        "kind": document.kind,
        "operation": "create",
        "state": state,
        "reasons": stored_reasons(why),
        "number": document.number,
        "held_by": "mapping" if state == "held" else "",
        "total": document.total,
        "currency": document.currency,
        "payload": content,
        "planned": compute_fingerprint(content),
        "requestid": f"{document.id:032x}",
        "created_at": document.seen_at,
        "changed_at": document.seen_at,
    }
    posting = Posting(**(values | sent_at | more))
    session.add(posting)
    session.flush()
    return posting


def bill(
    number: str, total: Decimal, vendor: int = 0, text: str = "Trelast 48x198"
) -> dict[str, Any]:
    """Return a bill's request body."""
    detail = {
        "AccountRef": {"value": "68"},
        "ClassRef": {"value": "c1"},
        "CustomerRef": {"value": "c2"},
    }
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": float(total),
        "Description": text,
    }
    return {
        "VendorRef": {"value": f"v{vendor % len(NAMES) + 1}"},
        "DocNumber": number,
        "TxnDate": "2026-03-06",
        "APAccountRef": {"value": "33"},
        "CurrencyRef": {"value": "NOK"},
        "GlobalTaxCalculation": "NotApplicable",
        "PrivateNote": "[hub:MARKER000000]",
        "Line": [{**line, "AccountBasedExpenseLineDetail": detail}],
    }


def _record(company_id: int, name: str, id: str, title: str, **more: Any) -> StoredRecord:
    key = {"company_id": company_id, "list": name, "quickbooks_id": id}
    leaf = title.rpartition(":")[2]
    return StoredRecord(
        **key,
        name=leaf,
        full_name=title,
        read_at=current_hub().clock.now(),
        body={},
        active=True,
        **more,
    )


def _body(number: str, party: str, date: dt.date, total: Decimal) -> dict[str, Any]:
    codes = {"supplier": {"id": "s1", "name": "Byggmakker Aas"}, "payable_account": "33"}
    line = {
        "id": "1",
        "amount": str(total),
        "description": "Trelast 48x198",
        "codes": {"account": "68", "class": "c1"},
    }
    return {
        "kind": "bill",
        "source_id": "x",
        "number": number,
        "date": date.isoformat(),
        "codes": codes,
        "lines": [line],
        "total": str(total),
        "facts": {"Approvals": "Kari Nordmann: approved"},
        "attachments": [{"id": "a1", "name": "faktura.pdf", "mime": "application/pdf"}],
    }


def _add_posting_results(session: Session, story: Story) -> None:
    now = current_hub().clock.now()
    answers = {
        "posted": ("landed", 200, "", "145"),
        "unknown": ("doubt", 504, "No answer within 100 s.", None),
    }
    for state, (outcome, status, text, checked_at) in answers.items():
        session.add(
            Attempt(
                posting_id=story.postings[state],
                generation=0,
                requestid="0" * 32,
                fence="f",
                sent_at=now,
                ended_at=now,
                outcome=outcome,
                status=status,
                text=text,
                seen_id=checked_at,
                tid="1-5f2c",
            )
        )
    session.add(
        Proof(
            posting_id=story.postings["unknown"],
            generation=0,
            at=now,
            since=now - dt.timedelta(hours=1),
            until=now,
            rows=1240,
            sends=1,
            result="absent",
        )
    )
    document = story.documents["posted"]
    receipts = {
        "document_id": document,
        "installation_id": story.installation,
        "at": now,
        "tries": 1,
    }
    session.add(ReceiptRow(state="posted", ended="delivered", **receipts))


def _add_early_documents(session: Session, installation: Installation) -> None:
    """Add two documents from before the start date."""
    for place in (30, 31):
        document, posting = add_document(session, installation, "withdrawn", place)
        document.before_start, document.date = "excluded", dt.date(2026, 1, 20)
        posting.reasons = stored_reasons("It was dated 2026-01-20, before 2026-03-01.")


def _add_changed_document(session: Session, story: Story, installation: Installation) -> None:
    document, first = add_document(session, installation, "posted", 20)
    changed = bill(document.number, Decimal("1990.50"), 0, "Trelast 48x198, 12 meter")
    update = {
        "operation": "update",
        "base": "145:0",
        "requestid": "f" * 32,
        "total": Decimal("1990.50"),
    }
    story.documents["changed"] = document.id
    story.postings["changed"] = add_posting(session, document, "review", changed, **update).id
    assert first.state == "posted"


def _add_codes(session: Session, installation: Installation) -> None:
    now = current_hub().clock.now()
    for code, name in (
        ("s1", "Byggmakker Aas"),
        ("s2", "Helt Ny Leverandør ENK"),
        ("s3", "Maler Østby"),
    ):
        documents = SeenCode(
            installation_id=installation.id, field="supplier", code=code, name=name, seen_at=now
        )
        session.add(documents)


def _add_cases(session: Session, story: Story) -> None:
    here = {"company_id": story.company, "installation_id": story.installation}
    texts = {
        "match": (
            f"match:{story.installation}:supplier:s1",
            "Supplier Byggmakker Aas is not in QuickBooks",
        ),
        "settings": ("settings:1", "The credit account is not set"),
        "reconnect": (f"connection:{story.company}", "QuickBooks no longer accepts the connection"),
        "retry": ("posting:1:refused", "QuickBooks refused a bill"),
        "open_period": ("posting:1:closed", "A bill is dated in a closed period"),
        "choose": ("posting:1:alike", "QuickBooks has something like it"),
        "source": ("posting:1:source", "The sum of an invoice is off by 0.01"),
        "either": ("posting:1:hold", "An order has freight, and no account for it"),
        "differ": ("posting:1:location", "The locations of a bill differ"),
        "none": ("look:1", "A bill was edited in QuickBooks"),
    }
    for act, (cause, title) in texts.items():
        stops = (
            [story.postings["held" if act != "choose" else "unknown"]]
            if act not in ("reconnect", "none")
            else []
        )
        details = {"candidates": ["146"]} if act == "choose" else {}
        about = {
            "reason": "The reason in one sentence.",
            "instruction": "The next step.",
            "details": details | MATCH,
            **here,
        }
        story.cases[act] = open_stored_case(
            session, cause, title=title, action=act, postings=stops, **about
        ).id
    for quickbooks_id in ("145", "146"):
        session.add(
            TransactionHead(
                company_id=story.company,
                kind="bill",
                quickbooks_id=quickbooks_id,
                number="F-20265",
                party="v1",
                currency="NOK",
                date=dt.date(2026, 3, 6),
                total=Decimal("1435.50"),
                links=[],
                created_at=current_hub().clock.now(),
            )
        )


def _add_runs(session: Session, story: Story) -> None:
    now = current_hub().clock.now()
    here = {
        "company_id": story.company,
        "installation_id": story.installation,
        "kind": "sync",
        "requested_by": "oda",
    }
    rows = {
        "done": {
            "started_at": now,
            "ended_at": now,
            "outcome": "done",
            "counts": {"result": {"posted": 1, "held": 2, "amounts": {"NOK": "1250.50"}}},
        },
        "stopped": {
            "started_at": now,
            "ended_at": now,
            "outcome": "stopped",
            "error": "CostTracker does not answer.",
        },
        "running": {"started_at": now, "phase": "post", "done": 40, "total": 120},
    }
    for name, values in rows.items():
        run = Run(**here, **values)
        session.add(run)
        session.flush()
        session.add(RunLine(run_id=run.id, at=now, level="info", text="120 documents were read."))
        story.runs[name] = run.id
