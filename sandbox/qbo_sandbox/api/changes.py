"""Change data capture: what was made, changed or deleted since a moment."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import BY_PATH
from qbo_sandbox.accounting.refusals import Refusal, missing
from qbo_sandbox.accounting.values import dump

MOST = 1000
WINDOW = 30 * 86400
UNTRACKED = (
    "TaxAgency",
    "TaxCode",
    "TaxRate",
    "TaxService",
    "ExchangeRate",
    "CompanyInfo",
    "Preferences",
)


def answer(company: Company, params: dict[str, str]) -> bytes:
    """The only entry of CDCResponse for cdc?entities=…&changedSince=…"""
    wanted = [name.strip() for name in params.get("entities", "").split(",") if name.strip()]
    if not wanted:
        raise missing("entities")
    since = _since(company, params)
    left, groups = MOST, []
    for name in wanted:
        kind = BY_PATH.get(name.lower())
        if kind is None or kind in UNTRACKED:
            raise Refusal(
                "2000",
                f"Unknown object : {name} is not supported by change data capture",
                "entities",
            )
        objects = _changed(company, kind, since)[:left]
        left -= len(objects)
        groups.append(_group(kind, [body for _, body in sorted(objects, key=_is_gone)]))
    return b'{"QueryResponse":[' + b",".join(groups) + b"]}"


def _since(company: Company, params: dict[str, str]) -> float:
    text = params.get("changedSince") or params.get("changedsince") or ""
    if not text:
        raise missing("changedSince")
    try:
        since = company.seconds(text)
    except ValueError:
        raise Refusal("2060", f"Invalid date : changedSince {text}", "changedSince") from None
    if company.switches.cdc_window and since < company.now() - WINDOW:
        raise Refusal(
            "2060", "Invalid date : changedSince lies more than 30 days back", "changedSince"
        )
    return since


def _is_gone(change: tuple[bool, bytes]) -> bool:
    """Order the deleted objects of a kind after the others, as QuickBooks does whenever they changed."""
    return change[0]


def _changed(company: Company, kind: str, since: float) -> list[tuple[bool, bytes]]:
    """Return whether it was deleted and the body of each object that changed, the oldest change first."""
    table, own = company.table(kind), company.switches.cdc_lag
    lag = company.index_lag() if own is None else own
    limit = company.now() - lag
    rows = (table.rows[id] for id in table.updated.between(since, None))
    alive = [(row.updated, False, company.seen(kind, row)) for row in rows if row.indexed <= limit]
    dead = [
        (at, True, _gone(company, id, at)) for id, at in table.gone.items() if since <= at <= limit
    ]
    both = sorted(alive + dead, key=lambda change: change[0]) if dead else alive
    return [(gone, body) for _, gone, body in both[: MOST + 1]]


def _gone(company: Company, id: str, at: float) -> bytes:
    meta = {"LastUpdatedTime": company.stamp(at)}
    return dump({"domain": "QBO", "status": "Deleted", "Id": id, "MetaData": meta}).encode()


def _group(kind: str, objects: list[bytes]) -> bytes:
    if not objects:
        return b"{}"
    tail = f'],"startPosition":1,"maxResults":{len(objects)}}}'
    return f'{{"{kind}":['.encode() + b",".join(objects) + tail.encode()
