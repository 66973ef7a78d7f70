"""How many documents of an app are in which state."""

from sqlalchemy.orm import Session

from hub import outbox


def count_documents(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state."""
    by_state = outbox.count_documents(session, installation_id)
    return {state: by_state[state] for state in outbox.COUNTED_STATES}
