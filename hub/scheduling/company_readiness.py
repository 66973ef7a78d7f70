"""Check whether a company in QuickBooks is set up for what an app posts."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.contract.document_kinds import CUSTOMER_KINDS
from hub.contract.types import App, Field
from hub.contract.value_object import value_object
from hub.mapping import NAME_SHARING
from hub.models import Installation, ListState, SeenCode, SourceDocument
from hub.payloads.company_facts import CompanyFacts
from hub.qbo import company
from hub.translations import dates
from hub.translations.messages import gettext


class FactState(StrEnum):
    """The state of a part of the set-up: fine, of possible effect, or stopping documents."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


BILL_KINDS = ("bill", "vendor_credit", "bill_payment")
CLASSES, LOCATIONS = "class", "location"


@value_object
class Fact:
    """A part of the company's set-up, with the next step unless its state is good.

    The state is "bad" if documents stop because of it, and "look" if it may matter.
    """

    title: str
    text: str
    state: FactState = FactState.GOOD
    next_step: str = ""


def find_facts(
    session: Session, installation: Installation, app: App, fields: Sequence[Field]
) -> list[Fact]:
    """Return the parts of the set-up that matter to what the app posts, as they were last read."""
    facts = company.load_facts(session, installation.company_id)
    edition = company.get_edition_name(installation.company) or gettext(
        "This edition of QuickBooks"
    )
    parts = [_check_currencies(session, installation, facts)]
    if set(app.posts) & set(BILL_KINDS):
        parts.append(_check_bills(facts, edition))
    if "purchase_order" in app.posts:
        parts.append(_check_purchase_orders(facts, edition))
    if "item" in app.posts:
        parts.append(_check_stock(facts, edition))
    if set(app.posts) & set(CUSTOMER_KINDS):
        parts.append(_check_numbering(facts, app))
    if {*app.posts, *(field.role for field in fields)} & NAME_SHARING.keys():
        parts.append(_check_names(session, installation))
    parts += _check_dimensions(session, installation, facts, fields)
    parts.append(_describe_closed_books(facts))
    return parts


def _check_currencies(session: Session, installation: Installation, facts: CompanyFacts) -> Fact:
    """Compare the currencies of the documents with those that the company keeps books in."""
    title = gettext("Currencies")
    unused_currencies = _count_documents_in_unused_currencies(session, installation, facts)
    counts = ", ".join(
        gettext("%(count)s in %(currency)s", count=count, currency=currency)
        for currency, count in unused_currencies.items()
    )
    if unused_currencies and facts.multicurrency:
        return Fact(
            title=title,
            text=gettext(
                "The company uses %(currencies)s. Documents: %(counts)s.",
                currencies=", ".join([facts.currency, *sorted(facts.currencies)]),
                counts=counts,
            ),
            state=FactState.BAD,
            next_step=gettext(
                "Add the currency in QuickBooks (Settings, Currencies), then press Refresh lists"
                " on the page Companies."
            ),
        )
    if unused_currencies:
        return Fact(
            title=title,
            text=gettext(
                "The books are kept in %(currency)s only. Documents: %(counts)s.",
                currency=facts.currency,
                counts=counts,
            ),
            state=FactState.BAD,
            next_step=gettext(
                "Switch on multicurrency in QuickBooks (Settings, Advanced, Currency). It cannot be"
                " switched off again."
            ),
        )
    if facts.multicurrency:
        text = gettext("Several currencies are on. Home: %(currency)s.", currency=facts.currency)
    else:
        text = gettext("All documents are in %(currency)s.", currency=facts.currency)
    return Fact(title=title, text=text)


def _count_documents_in_unused_currencies(
    session: Session, installation: Installation, facts: CompanyFacts
) -> dict[str, int]:
    """Return the number of documents by currency, for those the company keeps no books in."""
    foreign = (
        select(SourceDocument.currency, func.count())
        .where(
            SourceDocument.installation_id == installation.id,
            SourceDocument.currency.not_in(("", facts.currency)),
        )
        .group_by(SourceDocument.currency)
        .order_by(SourceDocument.currency)
    )
    counts = {}
    for currency, count in session.execute(foreign):
        if not facts.uses_currency(currency):
            counts[currency] = count
    return counts


def _check_bills(facts: CompanyFacts, edition: str) -> Fact:
    """Describe whether the edition has bills."""
    title = gettext("Supplier bills")
    if facts.bills:
        return Fact(title=title, text=gettext("%(edition)s has bills.", edition=edition))
    return Fact(
        title=title,
        text=gettext("%(edition)s has no bills for connected apps.", edition=edition),
        state=FactState.BAD,
        next_step=gettext("Upgrade the company to QuickBooks Online Essentials, Plus or Advanced."),
    )


def _check_purchase_orders(facts: CompanyFacts, edition: str) -> Fact:
    """Describe whether the edition has purchase orders."""
    if facts.purchase_orders:
        return Fact(
            title=gettext("Purchase orders"),
            text=gettext("%(edition)s has purchase orders.", edition=edition),
        )
    return Fact(
        title=gettext("Purchase orders"),
        text=gettext("%(edition)s has no purchase orders.", edition=edition),
        state=FactState.BAD,
        next_step=gettext("Upgrade the company to QuickBooks Online Plus or Advanced."),
    )


def _check_stock(facts: CompanyFacts, edition: str) -> Fact:
    """Describe whether the company tracks quantities of items."""
    if facts.stock:
        return Fact(title=gettext("Stock items"), text=gettext("Quantities on hand are tracked."))
    return Fact(
        title=gettext("Stock items"),
        text=gettext("Quantities on hand are not tracked (%(edition)s).", edition=edition),
        state=FactState.LOOK,
        next_step=gettext(
            "Parts with stock need it: switch it on in QuickBooks (Settings, Sales, Products and"
            " services), or let the app create items without stock."
        ),
    )


def _check_numbering(facts: CompanyFacts, app: App) -> Fact:
    """Describe whether sales transactions keep the numbers of the source."""
    if facts.custom_numbers:
        return Fact(
            title=gettext("Transaction numbers"),
            text=gettext(
                "Custom transaction numbers are on: the numbers of %(app)s are kept.", app=app.name
            ),
        )
    return Fact(
        title=gettext("Transaction numbers"),
        text=gettext("QuickBooks numbers sales itself and ignores the numbers of the source."),
        state=FactState.LOOK,
        next_step=gettext(
            "Switch on custom transaction numbers in QuickBooks (Settings, Sales, Sales form"
            " content) to keep them."
        ),
    )


def _check_names(session: Session, installation: Installation) -> Fact:
    """Describe whether the lists are stored with which names of new parties are compared."""
    title = gettext("Names")
    sharing = {*NAME_SHARING, *chain.from_iterable(NAME_SHARING.values())}
    read_lists = select(ListState.list).where(
        ListState.company_id == installation.company_id, ListState.list.in_(sharing)
    )
    unread = sharing - set(session.scalars(read_lists))
    if not unread:
        text = gettext(
            "New suppliers and customers are compared with the suppliers, customers and employees"
            " in QuickBooks, which share one name space."
        )
        return Fact(title=title, text=text)
    text = gettext("The suppliers and customers were not read from QuickBooks yet.")
    if unread == {"employee"}:
        text = gettext("The names of the employees were not read from QuickBooks yet.")
    return Fact(
        title=title,
        text=text,
        state=FactState.LOOK,
        next_step=gettext("Press Refresh lists on the page Companies."),
    )


def _check_dimensions(
    session: Session, installation: Installation, facts: CompanyFacts, fields: Sequence[Field]
) -> Iterator[Fact]:
    """Compare the classes and locations of the documents with what the company tracks."""
    tracked_dimensions = {
        CLASSES: facts.class_per_line or facts.class_per_document,
        LOCATIONS: facts.locations,
    }
    for role, is_tracked in tracked_dimensions.items():
        names = [field.name for field in fields if field.role == role]
        if not names:
            continue
        title = gettext("Classes") if role == CLASSES else gettext("Locations")
        count = _count_codes(session, installation, names)
        if is_tracked or not count:
            text = gettext("Tracking is on.") if is_tracked else gettext("The documents have none.")
            yield Fact(title=title, text=text)
            continue
        yield Fact(
            title=title,
            text=gettext(
                "The documents use %(count)s, but tracking is off in QuickBooks.", count=count
            ),
            state=FactState.LOOK,
            next_step=gettext("Switch tracking on in QuickBooks (Settings, Advanced, Categories)."),
        )


def _count_codes(session: Session, installation: Installation, field_names: list[str]) -> int:
    """Count the codes that the documents of an app have in these fields."""
    query = select(func.count()).where(
        SeenCode.installation_id == installation.id, SeenCode.field.in_(field_names)
    )
    return session.scalar(query) or 0


def _describe_closed_books(facts: CompanyFacts) -> Fact:
    """Describe up to which day the books are closed."""
    if facts.closed_to is None:
        return Fact(title=gettext("Closed books"), text=gettext("No period is closed."))
    return Fact(
        title=gettext("Closed books"),
        text=gettext("The books are closed up to %(day)s.", day=dates.date(facts.closed_to)),
        state=FactState.LOOK,
        next_step=gettext("Documents dated in that period are listed above, if there are any."),
    )
