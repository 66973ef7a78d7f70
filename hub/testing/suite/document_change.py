"""Changes and deletions of documents at a source, for the test classes of a contract suite."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hub.contract.documents import Document, Yielded
from hub.testing.bench import Bench
from hub.testing.outcomes.items import id_at_the_source, list_of


class DocumentChange:
    """Changes a document at the source with a form of the stand-in's pages."""

    slug: str
    change: tuple[str, Mapping[str, str]] | None
    delete: tuple[str, Mapping[str, str]] | None

    def _change(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Change the first document at the source that may be changed, as a person does.

        Return its source id.
        """
        return self._press(bench, items, self.change) if self.change else set()

    def _delete(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Delete the first document at the source that may be deleted; return its source id."""
        return self._press(bench, items, self.delete) if self.delete else set()

    def _change_each_kind(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Change a document of each kind that may be changed; return their source ids."""
        return self._press_each_kind(bench, items, self.change) if self.change else set()

    def _delete_each_kind(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Delete a document of each kind that may be deleted; return their source ids."""
        return self._press_each_kind(bench, items, self.delete) if self.delete else set()

    def _press_each_kind(
        self, bench: Bench, items: Sequence[Yielded], form: tuple[str, Mapping[str, str]]
    ) -> set[str]:
        """Submit a form for a document of each kind and list for which the stand-in accepts it.

        A kind that shares an id with an earlier kind is left out, unless the path names the list:
        the form would reach the other document.
        """
        names_list = "{list}" in form[0]
        by_kind: dict[tuple[str, str], list[Document]] = defaultdict(list)
        for item in items:
            if isinstance(item, Document):
                by_kind[list_of(item)].append(item)
        changed_ids = self._press(bench, items, form)
        ids_of_other_kinds: set[str] = set()
        for documents in by_kind.values():
            ids = set(map(id_at_the_source, documents))
            is_pressed = any(document.source_id in changed_ids for document in documents)
            if not is_pressed and (names_list or ids.isdisjoint(ids_of_other_kinds)):
                changed_ids |= self._press_first(bench, documents, form)
            ids_of_other_kinds |= ids
        return changed_ids

    def _press(
        self, bench: Bench, items: Sequence[Yielded], form: tuple[str, Mapping[str, str]]
    ) -> set[str]:
        """Submit a form for the first document for which the stand-in accepts it."""
        changed_ids = self._press_first(bench, items, form)
        path, _ = form
        assert changed_ids, (
            f"The stand-in of {self.slug} accepts the form {path} for no document. In"
            " contract(…, change=…) and delete=… {id} is the id at the source, {list} what comes"
            " before it in the source id, and the fields are those of the form."
        )
        return changed_ids

    def _press_first(
        self, bench: Bench, items: Sequence[Yielded], form: tuple[str, Mapping[str, str]]
    ) -> set[str]:
        """Submit a form as `_press` does; return no id if the stand-in accepts it for none."""
        path, fields = form
        for item in items:
            if not isinstance(item, Document):
                continue
            prefix, _, id = item.source_id.rpartition(":")
            if bench.press(path.format(id=id, list=prefix), **fields):
                return {item.source_id}
        return set()
