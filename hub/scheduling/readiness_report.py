"""Report everything that would stop the documents of an app, before the first posting or later.

The report only reads the database: it knows QuickBooks as it was last read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import advice
from hub.cases.discrepancies import IS_DISCREPANCY
from hub.cases.findings import Finding
from hub.contract.types import App
from hub.models import Case, Installation, Posting, case_posting
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.money import ZERO
from hub.outbox import case_amounts
from hub.posting.preflight import checks
from hub.posting.preflight.load import load_context
from hub.posting.preflight.name_checks import build_name_cause
from hub.posting.preflight.postings import CheckedPostingRow, load_postings
from hub.reasons.texts import RenderedText, render
from hub.scheduling import new_parties
from hub.scheduling.company_readiness import Fact, FactState, find_facts
from hub.scheduling.new_parties import CodeKey, HeldCreation
from hub.sources.site import load_fields_as_set

MAX_CHECKED = 2_000  # postings on which the checks before posting are made, the oldest first
MAX_CASES = 200  # open cases that are listed, those with the most documents first
MAX_EXAMPLES = 3
# A posted document that differs from QuickBooks needs attention, but nothing stops it.
IS_OPEN_OBSTACLE = (Case.closed_at.is_(None), ~IS_DISCREPANCY)
Dependents = Mapping[int, Sequence[CheckedPostingRow]]  # by the creation that they wait for


@dataclass
class Obstacle:
    """One cause that stops documents: how many, with which sums, and what to do.

    `case_id` is the open case of the cause, if there is one, and `code` the field and code of a
    record that cannot be created. `examples` are ids and names of the first documents.
    """

    title: str
    reason: str
    instruction: str
    case_id: int | None = None
    code: CodeKey | None = None
    documents: int = 0
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    examples: list[tuple[int, str]] = field(default_factory=list)

    @property
    def has_documents(self) -> bool:
        """Return whether any document is stopped."""
        return self.documents > 0

    def add(self, posting: CheckedPostingRow, home: str) -> None:
        """Count a document that is stopped; an amount without a currency is in `home`."""
        self.documents += 1
        currency = posting.currency or home
        self.sums[currency] += outbox.apply_sign(posting.kind, posting.summary.total)
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append((posting.document_id, format_posting_name(posting)))


class StoppedPosting(NamedTuple):
    """A posting and what the checks find in it, or in the new record that it waits for."""

    posting: CheckedPostingRow
    findings: list[Finding]


class StoppedDocuments(NamedTuple):
    """The documents in one currency that a case stops: how many, and their total."""

    case_id: int
    currency: str
    documents: int
    total: Decimal


class ObstaclesFromCases(NamedTuple):
    """The open cases with the most documents as obstacles, and how many others are left out."""

    obstacles: list[Obstacle]
    unlisted_count: int


@dataclass(frozen=True, kw_only=True)
class ReadinessReport:
    """The obstacles of an app's documents, largest first, and the set-up of its company.

    - `ready`: the number of postings that passed all checks, by kind, including records that are
      created for documents.
    - `unchecked`: how many documents were left out of the checks, because there are too many.
    - `unlisted`: how many cases were left out of the list, because there are too many.
    """

    facts: tuple[Fact, ...]
    obstacles: tuple[Obstacle, ...]
    ready: Mapping[str, int]
    unchecked: int
    unlisted: int

    @property
    def is_ready(self) -> bool:
        """Return whether nothing is known that would stop a document."""
        has_bad_fact = any(fact.state == FactState.BAD for fact in self.facts)
        return not self.obstacles and not has_bad_fact


def report(session: Session, installation: Installation, app: App) -> ReadinessReport:
    """Return a report on what would stop the collected documents of an app."""
    ids = _load_unposted_ids(session, installation.id)
    postings = load_postings(session, ids[:MAX_CHECKED])
    dependents = new_parties.find_dependents(postings)
    stopped_postings = _check(session, installation.company_id, postings)
    _stop_dependents(stopped_postings, dependents)
    obstacles = _build_obstacles_from_findings(session, installation, stopped_postings, dependents)
    held_creations = new_parties.list_held_creations(session, installation.id, dependents)
    from_cases = _build_obstacles_from_cases(session, installation, held_creations, dependents)
    obstacles += from_cases.obstacles
    stopped_ids = set(stopped_postings)
    for creation in held_creations:
        stopped_ids |= {posting.id for posting in dependents[creation.posting_id]}
    ready = Counter(posting.kind for posting in postings if posting.id not in stopped_ids)
    return ReadinessReport(
        facts=tuple(find_facts(session, installation, app, load_fields_as_set(installation))),
        obstacles=tuple(sorted(obstacles, key=lambda obstacle: -obstacle.documents)),
        ready=ready,
        unchecked=len(ids) - len(postings),
        unlisted=from_cases.unlisted_count,
    )


def _load_unposted_ids(session: Session, installation_id: int) -> Sequence[int]:
    """Return the ids of the postings that nothing holds, the oldest first."""
    query = (
        select(Posting.id)
        .where(
            Posting.installation_id == installation_id,
            Posting.state.in_(outbox.SENDABLE),
            Posting.operation != Operation.ATTACH,
        )
        .order_by(Posting.id)
    )
    return session.scalars(query).all()


def _check(
    session: Session, company_id: int, postings: Sequence[CheckedPostingRow]
) -> dict[int, StoppedPosting]:
    """Return the postings in which the checks before posting find something, by id."""
    if not postings:
        return {}
    context = load_context(session, company_id, postings)
    stopped_postings = {}
    for posting in postings:
        findings = checks.find_problems(posting, context)
        if findings:
            stopped_postings[posting.id] = StoppedPosting(posting, findings)
    return stopped_postings


def _stop_dependents(stopped_postings: dict[int, StoppedPosting], dependents: Dependents) -> None:
    """Add the postings that wait for the creation of a record which is stopped itself."""
    for creation_id in dependents.keys() & stopped_postings.keys():
        for posting in dependents[creation_id]:
            entry = stopped_postings.setdefault(posting.id, StoppedPosting(posting, []))
            entry.findings.extend(stopped_postings[creation_id].findings)


def _build_obstacles_from_cases(
    session: Session,
    installation: Installation,
    held_creations: Sequence[HeldCreation],
    dependents: Dependents,
) -> ObstaclesFromCases:
    """Return the open cases of the app, and those of its company that stop its documents.

    A case about a record that cannot be created stops the documents that wait for the record.
    """
    home = installation.company.currency
    creation_ids = [creation.posting_id for creation in held_creations]
    sums = _sum_documents_stopped_by_cases(session, installation, creation_ids)
    documents: Counter[int] = Counter()
    for stopped_documents in sums:
        documents[stopped_documents.case_id] += stopped_documents.documents
    for creation in held_creations:
        documents[creation.case_id] += len(dependents[creation.posting_id])

    cases, unlisted_count = _load_largest_cases(session, installation, documents)
    obstacles = _build_empty_obstacles(session, installation, cases)
    for stopped_documents in sums:
        if stopped_documents.case_id in obstacles:
            obstacle = obstacles[stopped_documents.case_id]
            obstacle.documents += stopped_documents.documents
            obstacle.sums[stopped_documents.currency or home] += stopped_documents.total
    for creation in held_creations:
        if creation.case_id in obstacles:
            for posting in dependents[creation.posting_id]:
                obstacles[creation.case_id].add(posting, home)
    return ObstaclesFromCases(list(obstacles.values()), unlisted_count)


def _build_empty_obstacles(
    session: Session, installation: Installation, cases: Iterable[Case]
) -> dict[int, Obstacle]:
    """Return an obstacle for each case, by the id of the case, without its documents."""
    name_texts = new_parties.load_name_texts(session, installation.company_id, cases)
    obstacles: dict[int, Obstacle] = {}
    for case in cases:
        text = case.text
        if case.id in name_texts:
            name_text = name_texts[case.id]
            text = render(name_text.code, name_text.params)
        obstacle = _build_obstacle(text, case.code, case.params, installation.slug)
        obstacle.case_id = case.id
        obstacles[case.id] = obstacle
    return obstacles


def _load_largest_cases(
    session: Session, installation: Installation, documents: Mapping[int, int]
) -> tuple[Sequence[Case], int]:
    """Return the open cases with the most documents, and how many others there are.

    Cases of the app count even if they stop no document.
    """
    of_app = select(Case.id).where(*IS_OPEN_OBSTACLE, Case.installation_id == installation.id)
    ids = documents.keys() | set(session.scalars(of_app))
    largest_first = sorted(ids, key=lambda id: (-documents.get(id, 0), id))
    query = select(Case).where(Case.id.in_(largest_first[:MAX_CASES])).order_by(Case.id)
    cases = session.scalars(query).all()
    return cases, len(ids) - len(cases)


def _sum_documents_stopped_by_cases(
    session: Session, installation: Installation, except_for: Sequence[int]
) -> list[StoppedDocuments]:
    """Return the documents that open cases stop, added up; leave out some postings."""
    query = (
        case_amounts.select_documents(
            case_amounts.CURRENCY,
            func.count(Posting.document_id.distinct()),
            func.sum(case_amounts.signed_amount()),
        )
        .join(Case, Case.id == case_posting.c.case_id)
        .where(
            *IS_OPEN_OBSTACLE,
            Case.company_id == installation.company_id,
            Posting.installation_id == installation.id,
            Posting.id.not_in(except_for),
        )
        .group_by(case_posting.c.case_id, case_amounts.CURRENCY)
    )
    sums = []
    for case_id, currency, count, total in session.execute(query):
        sums.append(StoppedDocuments(case_id, currency, count, total or ZERO))
    return sums


def _build_obstacle(
    text: RenderedText, code: str, params: Mapping[str, Any], slug: str
) -> Obstacle:
    """Return an obstacle with the texts of a case; its reason does not repeat the next step."""
    return Obstacle(
        text.title,
        advice.drop_instruction(text.reason, text.instruction),
        advice.name_source(code, params, text.instruction, slug),
    )


def _build_obstacles_from_findings(
    session: Session,
    installation: Installation,
    stopped_postings: Mapping[int, StoppedPosting],
    dependents: Dependents,
) -> list[Obstacle]:
    """Return the findings of the checks as obstacles, one for each cause.

    Findings about single documents are one obstacle if they have the same code. The creation of a
    record does not count as a document if documents wait for it.
    """
    codes = new_parties.load_codes_to_create(session, list(stopped_postings))
    slug, home = installation.slug, installation.company.currency
    obstacles: dict[str, Obstacle] = {}
    for posting, findings in stopped_postings.values():
        texts = {finding.cause or finding.text.code: finding.text for finding in findings}
        for key, case_text in texts.items():
            obstacle = obstacles.get(key)
            if obstacle is None:
                text = render(case_text.code, case_text.params)
                obstacle = _build_obstacle(text, case_text.code, case_text.params, slug)
                obstacles[key] = obstacle
            if key == build_name_cause(posting):
                obstacle.code = codes.get(posting.id)
            if posting.id not in dependents:
                obstacle.add(posting, home)
    return list(obstacles.values())
