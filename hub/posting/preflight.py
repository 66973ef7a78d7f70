"""Everything QuickBooks would refuse, found before sending from records and mirror alone."""

from hub.posting.worker import Worker


def check(worker: Worker) -> None: ...
