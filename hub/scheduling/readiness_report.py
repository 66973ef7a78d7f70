"""Report everything that would stop the documents of an app, before the first posting or later.

The report only reads. What it says of QuickBooks is what was last read from there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.contract.types import App
from hub.models import Case, Installation, Posting, case_posting
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.posting.preflight import checks
from hub.posting.preflight.context import Finding
from hub.posting.preflight.load import load_context
from hub.posting.preflight.postings import UNPOSTED_STATES, CheckedPostingRow, load_postings
from hub.reasons.texts import render
from hub.scheduling.company_readiness import Fact, FactState, facts_for
from hub.sources.site import fields_as_set

MAX_CHECKED = 2_000  # postings on which the checks before posting are made, the oldest first
MAX_EXAMPLES = 3


@dataclass
class Obstacle:
    """One cause that stops documents: how many, with which sums, and what to do.

    `case_id` is the open case of the cause, if there is one. `examples` are ids and names of the
    first documents.
    """

    title: str
    reason: str
    instruction: str
    case_id: int | None = None
    documents: int = 0
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    examples: list[tuple[int, str]] = field(default_factory=list)

    @property
    def has_documents(self) -> bool:
        """Return whether any document is stopped."""
        return self.documents > 0


@dataclass(frozen=True, kw_only=True)
class ReadinessReport:
    """What would stop documents: the company's set-up, and obstacles with the most documents first.

    `ready` documents passed all checks. `unchecked` ones were too many for the checks.
    """

    facts: tuple[Fact, ...]
    obstacles: tuple[Obstacle, ...]
    ready: int
    unchecked: int

    @property
    def is_ready(self) -> bool:
        """Return whether nothing is known that would stop a document."""
        has_bad_fact = any(fact.state == FactState.BAD for fact in self.facts)
        return not self.obstacles and not has_bad_fact


def report(session: Session, installation: Installation, app: App) -> ReadinessReport:
    """Return what would stop the documents of an app, as far as it was collected."""
    ids = _unposted_ids(session, installation.id)
    postings = load_postings(session, ids[:MAX_CHECKED])
    findings = _check(session, installation.company_id, postings)
    obstacles = _from_cases(session, installation)
    obstacles += _from_findings(findings, installation.company.currency)
    return ReadinessReport(
        facts=tuple(facts_for(session, installation, app, fields_as_set(installation))),
        obstacles=tuple(sorted(obstacles, key=lambda one: -one.documents)),
        ready=len(postings) - len(findings),
        unchecked=len(ids) - len(postings),
    )


def _unposted_ids(session: Session, installation_id: int) -> Sequence[int]:
    """Return the ids of the postings that nothing holds, the oldest first."""
    unposted = (
        select(Posting.id)
        .where(
            Posting.installation_id == installation_id,
            Posting.state.in_(UNPOSTED_STATES),
            Posting.operation != Operation.ATTACH,
        )
        .order_by(Posting.id)
    )
    return session.scalars(unposted).all()


def _check(
    session: Session, company_id: int, postings: Sequence[CheckedPostingRow]
) -> list[tuple[CheckedPostingRow, list[Finding]]]:
    """Return the postings in which the checks before posting find something, with the findings."""
    if not postings:
        return []
    context = load_context(session, company_id, postings)
    stopped = []
    for posting in postings:
        findings = checks.find_problems(posting, context)
        if findings:
            stopped.append((posting, findings))
    return stopped


def _from_cases(session: Session, installation: Installation) -> list[Obstacle]:
    """Return the open cases of the app, and those of its company that stop its documents."""
    stopped = (
        select(
            Case.id,
            Posting.kind,
            Posting.currency,
            func.count(Posting.document_id.distinct()),
            func.sum(Posting.total),
        )
        .join(case_posting, case_posting.c.case_id == Case.id)
        .join(Posting, Posting.id == case_posting.c.posting_id)
        .where(
            Case.closed_at.is_(None),
            Case.company_id == installation.company_id,
            Posting.installation_id == installation.id,
        )
        .group_by(Case.id, Posting.kind, Posting.currency)
    )
    rows = session.execute(stopped).all()
    stopping = Case.id.in_({row[0] for row in rows})
    of_app_alone = and_(Case.closed_at.is_(None), Case.installation_id == installation.id)
    home = installation.company.currency
    obstacles: dict[int, Obstacle] = {}
    for case in session.scalars(select(Case).where(or_(stopping, of_app_alone)).order_by(Case.id)):
        text = case.text
        obstacles[case.id] = Obstacle(text.title, text.reason, text.instruction, case.id)
    for case_id, kind, currency, count, total in rows:
        obstacle = obstacles[case_id]
        obstacle.documents += count
        obstacle.sums[currency or home] += outbox.signed(kind, total)
    return list(obstacles.values())


def _from_findings(
    stopped: Sequence[tuple[CheckedPostingRow, list[Finding]]], home: str
) -> list[Obstacle]:
    """Return what the checks found, one obstacle for each cause.

    Findings about single documents are one obstacle if they have the same code. Amounts without a
    currency are in the `home` currency.
    """
    obstacles: dict[str, Obstacle] = {}
    for posting, findings in stopped:
        for finding in findings:
            key = finding.cause or finding.text.code
            obstacle = obstacles.get(key)
            if obstacle is None:
                text = render(finding.text.code, finding.text.params)
                obstacle = Obstacle(text.title, text.reason, text.instruction)
                obstacles[key] = obstacle
            obstacle.documents += 1
            currency = posting.currency or home
            obstacle.sums[currency] += outbox.signed(posting.kind, posting.summary.total)
            if len(obstacle.examples) < MAX_EXAMPLES:
                example = (posting.document_id, format_posting_name(posting))
                obstacle.examples.append(example)
    return list(obstacles.values())
