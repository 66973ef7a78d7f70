"""The contract suite rejects a plugin with any of the defects that are planted here.

The plugin is one that `hub new-plugin` creates, with every hook that it may have. Each defect
replaces a piece of its code.
"""

import importlib
import sys
from typing import NamedTuple

import pytest

from hub.cli.plugin_template import Choices, render
from hub.contract.registry import Plugins
from hub.testing import bench as bench_module
from hub.testing.bench import Bench
from hub.testing.contract import contract
from hub.testing.recording import record
from hub.testing.suite import tokens as token_tests
from hub.testing.suite.source_values import ADVICE as VALUES_OF_THE_SOURCE
from hub.testing.suite.stated_values import ADVICE

NAME = "depot"
FAILED = (pytest.fail.Exception, AssertionError)
ACCOUNTS = {"deposit_account": "1", "payable_account": "2"}
CHANGE = ("/documents/{id}/edit", {"note": "changed"})
DELETE = ("/documents/{id}/edit", {"delete": "yes"})
HOOKS, DOCUMENTS, SANDBOX, CLIENT, SAMPLE, SETTINGS = (
    f"hub_{NAME}/{name}.py"
    for name in ("__init__", "documents", "sandbox", "client", "sample", "settings")
)
MORE_HOOKS = """

@hookimpl
def hub_codes(app, site, field):
    return codes_in_use(hub_documents(app, site, {}, []), field)


@hookimpl
def hub_attachment(app, site, document, attachment):
    return CONTENT


@hookimpl
def hub_records(app, site, field, records):
    return [Code(id=record.id, name=record.name, quickbooks_id=record.id) for record in records]
"""
POSTABLE = "test_every_ready_document_can_be_posted"
READY = "test_each_kind_that_the_app_posts_has_a_ready_document"
REPORTED = "test_each_wanted_state_is_reported"
ONCE = "test_a_repeated_receipt_changes_nothing"
LOST = "test_a_receipt_whose_answer_was_lost_is_written_once"
REFUSED = "test_a_refused_receipt_raises_an_error"
NOT_AS_POSTED = "test_a_document_that_is_not_posted_is_not_reported_as_a_posted_one"
BUSY = "test_a_busy_source_raises_retry"
BUSY_FILE = "test_a_busy_source_loses_no_file"
REFUSED_FILE = "test_a_refused_file_is_an_error"
BROKEN = "test_a_broken_answer_raises_retry"
CREATE = "test_codes_whose_record_is_created_say_what_to_create"
EVERY_ROW = "test_every_row_of_the_stand_in_is_read"
SAME_MOMENT = "test_a_change_at_the_moment_of_the_cursor_is_read"
NOTHING_NEW = "test_reading_from_the_last_checkpoint_returns_nothing_new"
LATER_STATE = "test_a_cursor_from_a_later_state_returns_no_unchanged_document"
WITHOUT_ID = "test_a_row_without_an_id_stops_no_other"
WITHOUT_AMOUNTS = "test_a_row_that_cannot_be_read_is_neither_gone_nor_left_out"
ADDRESSES = "test_settings_that_name_a_host_refuse_what_is_no_address"
ACCOUNTS_APART = "test_hub_check_tells_accounts_apart"
EXACTLY = "test_reading_by_ids_returns_exactly_these_documents"
ACCOUNT = "test_hub_check_names_the_account"
ANOTHER_DAY = "test_documents_do_not_depend_on_the_day_of_the_reading"
CHANGED = "test_a_change_is_read_if_the_clock_of_the_source_is_behind"
TWICE = "test_a_second_change_is_read_too"
CRASH = "test_reading_after_a_crash_skips_no_document"
ONE_NAME = "test_each_code_has_one_name"
PLAIN_IDS = "test_only_settings_name_quickbooks_ids"
RATE = "test_the_stand_in_enforces_the_declared_rate"
BY_ID = "test_a_document_read_by_its_id_equals_the_listed_one"
RECORD_ACCEPTED = "test_a_receipt_about_a_created_record_is_accepted"
RECORD_APART = "test_a_receipt_about_a_created_record_changes_no_document"
MISSING = "test_documents_have_no_text_of_a_missing_value"
OWN_IDS = "test_codes_whose_record_is_created_have_ids_of_their_own"
NO_SECRET = "test_documents_contain_no_secret"
GONE = "test_a_deleted_document_is_gone"
GONE_AFTER_A_FAILURE = "test_a_deletion_is_found_of_what_was_read_before_the_source_failed"
GONE_ALL_THE_SAME = "test_a_deletion_is_found_although_everything_is_read_again"
PRESENT = "test_no_document_is_gone_that_the_source_still_has"
STATED = "test_ready_documents_state_total_currency_and_applied"
FROM_SOURCE = "test_values_of_documents_follow_the_answers_of_the_source"
DERIVED = "test_exceptions_in_derived_name_known_values"
UNSTATED = "test_exceptions_in_unstated_name_known_values"
DELETED = "test_a_deletion_between_two_pages_hides_no_other_document"
ACCEPTED = "test_a_signed_webhook_call_is_accepted"
FORGED = "test_a_forged_webhook_call_is_refused"
OTHER_FORM = "test_a_webhook_call_with_another_form_of_body_is_no_error"
OLD = "test_a_webhook_call_with_an_old_timestamp_is_refused"
STOPPED = "test_hub_subscribe_turns_webhook_calls_off"
APPLIED = "test_payments_are_applied_to_every_document_that_they_pay"
AT_ONCE = "test_two_processes_may_renew_a_token_at_once"
CODES = "test_listed_codes_have_the_ids_that_documents_use"
FILES = "test_every_attachment_can_be_opened"
LISTS = "test_pushed_lists_are_accepted"
UNUSED = "test_unused_hooks_exist_and_have_a_reason"
ORDERS = "test_bills_use_up_the_orders_that_they_name"
NOT_READY = "test_no_document_is_ready_in_a_state_that_is_not"
NO_ZERO = "test_a_missing_amount_is_not_posted_as_zero"
NO_FILE_OPENED = "test_reading_the_list_opens_no_file"
MATCHED = "test_codes_have_what_their_field_is_matched_by"
ON_PAGES = (CRASH, DELETED, PRESENT, EVERY_ROW, GONE_AFTER_A_FAILURE)
ON_A_BENCH = (
    *(BUSY, BROKEN, NO_SECRET, ACCOUNT, BY_ID, EXACTLY, AT_ONCE, ACCEPTED, FORGED, OLD, STOPPED),
    *(NOTHING_NEW, LATER_STATE, MISSING, WITHOUT_ID, ADDRESSES, ACCOUNTS_APART, OTHER_FORM),
    *(SAME_MOMENT, CHANGED, TWICE, ANOTHER_DAY, GONE, GONE_ALL_THE_SAME, *ON_PAGES),
)
OF_ITS_DOCUMENTS = (
    *(POSTABLE, READY, STATED, FROM_SOURCE, UNSTATED, DERIVED),
    *(RECORD_ACCEPTED, RECORD_APART, OWN_IDS, WITHOUT_AMOUNTS),
    *(APPLIED, RATE, ONE_NAME, PLAIN_IDS, CREATE, REPORTED, ONCE, LOST, REFUSED, NOT_AS_POSTED),
    *(ORDERS, NOT_READY, NO_ZERO, NO_FILE_OPENED, MATCHED),
)
TESTS = (*OF_ITS_DOCUMENTS, CODES, FILES, BUSY_FILE, REFUSED_FILE, LISTS, UNUSED, *ON_A_BENCH)
VALUES = {  # for each of which a test is called
    STATED: ADVICE,
    FROM_SOURCE: VALUES_OF_THE_SOURCE,
    BUSY: (429, 503),
    REFUSED_FILE: (404, 422),
    BROKEN: ("truncate",),
}
DOCUMENTS_ON_PAGES = 60  # on three pages


class Defect(NamedTuple):
    """A defect: the test that must fail, the code that is replaced, and words of the message.

    `paging` and `auth` are those of the plugin, and `setting` are pieces of code that are replaced
    without being a defect, each as a file, the old text and the new one.
    """

    test: str
    place: str
    old: str
    new: str
    words: str
    paging: str = "cursor"
    setting: tuple[tuple[str, str, str], ...] = ()
    auth: str = "bearer"


SIGNED = """    secret = site.secrets.get("webhook_secret")
    call = signed_json(headers, body, secret, header="X-Depot-Signature")
"""
SIGNALS = '[Signal.read(call["id"])] if "id" in call else [Signal.collect()]'
STATUS = 'status = {"state": receipt.state, "id": receipt.id, "message": receipt.message}'
REPORT = "Depot(site).report(document.source_id, status)"
SUBSCRIBE = "Depot(site).subscribe(site.webhook_url if on else None)"
CODES_OF = "return codes_in_use(hub_documents(app, site, {}, []), field)"
LINKS = (
    "return [Code(id=record.id, name=record.name, quickbooks_id=record.id) for record in records]"
)
NUMBERED = 'number=row["number"],'
TOTAL = 'total=money(row["total"]),'
PAYS = "Applied(document=f\"{PAYS[row['type']]}:{row['pays']}\")"
# -- a source that sends files, two for each document, whose sizes the documents do not state
FETCH = """return Depot(site).api.call("GET", f"/files/{attachment.id}").check().body"""
FIRST_FILE = "document.attachments[0].id"
SENDS_FILES = (
    (HOOKS, "    return CONTENT", f"    {FETCH}"),
    (
        DOCUMENTS,
        "attachments=(FILE,)",
        'attachments=tuple(Attachment(id=f"{row[\'id\']}-{n}", name=f"{n}.pdf",'
        ' mime="application/pdf") for n in (1, 2))',
    ),
    (
        SANDBOX,
        "    def page(",
        """    def answer(self, environ, method, path, answer=answer):
        if path[0] == "files":
            return 200, ("application/pdf", b"%PDF-1.7 " + path[1].encode())
        return answer(self, environ, method, path)

    def page(""",
    ),
)
CONVERT = f"{FETCH}.replace(b'%PDF-', b'II*-')"
EQUAL_FILES = (*SENDS_FILES[:2], (*SENDS_FILES[2][:2], SENDS_FILES[2][2].replace("path[1]", '"x"')))
VERIFY = """    import hashlib, hmac, json
    from hub import Refused

    secret = site.secrets["webhook_secret"].encode()
    call = json.loads(body)
    {check}
        raise Refused("This call is not signed.")
"""
SIGNATURE = '    signature = "X-Depot-Signature"\n'
OWN_CALLS = """    def __init__(self, folder, rows):
        calls = {calls}("X-Depot-Signature", timestamp="{timestamp}")
        super().__init__(folder, rows, calls=calls)

"""
SIGNS_TIME = (
    (SANDBOX, SIGNATURE, OWN_CALLS.format(calls="WebhookSender", timestamp="X-Depot-Timestamp")),
)
SENDS_TIME = ((SANDBOX, SIGNATURE, OWN_CALLS.format(calls="UnsignedTime", timestamp="")),)
VERIFY_WITH_TIME = """    import hashlib, hmac, json
    from hub import Refused

    secret = site.secrets["webhook_secret"].encode()
    call = json.loads(body)
    time = headers.get("X-Depot-Timestamp", "")
    expected = hmac.new(secret, {signed}, hashlib.sha256).hexdigest()
    if headers.get("X-Depot-Signature") != expected{more}:
        raise Refused("This call is not signed.")
"""
WITH_TIME = 'time.encode() + b"." + body'
UNSIGNED_TIME = """

class UnsignedTime(WebhookSender):
    def _request(self, event, secret):
        headers, body = super()._request(event, secret)
        return {**headers, "X-Depot-Timestamp": str(event["sent_at"])}, body
"""
ANSWER = "return super().answer(environ, method, path)"
ADDED_ENTRY = f"""if method == "PUT" and path[0] == "documents":
            row = self.rows[path[1]]
            self.store({{**row, "entries": [*row.get("entries", ()), path[-1]]}})
        {ANSWER}"""
# -- sources that add an entry with each call, or count up the version of a row
ENTRIES = ((SANDBOX, ANSWER, ADDED_ENTRY),)
NAME_OF_MARK, MARK = 'f"noted {document.source_id}"', 'f"{receipt.state} {receipt.at}"'
MARKED_AFTER = f"""if site.secrets.get({NAME_OF_MARK}) != {MARK}:
        {REPORT}
        site.secrets[{NAME_OF_MARK}] = {MARK}"""
MARKED_BEFORE = f"""if site.secrets.get({NAME_OF_MARK}) != {MARK}:
        site.secrets[{NAME_OF_MARK}] = {MARK}
        {REPORT}"""
TWO_ENTRIES = """api = Depot(site).api
    path = f"/documents/{document.source_id.partition(':')[2]}"
    for name in ("first", "second"):
        if name not in api.get(path).get("entries", ()):
            api.call("PUT", f"{path}/{name}", json=status).check()"""
PUT = 'self.api.call("PUT", path, json=status)'
PATCHED = (
    (CLIENT, PUT, 'self.api.call("PATCH", path[:-11], json={"accounting": status})'),
    (SANDBOX, "    lists = {", '    writable = ("accounting",)\n    lists = {'),
)
VERSION = 'return documents.source_id(row), str(row["version"]), row["updated_at"]'
TENANT_ID = 'id=str(account["id"])'
LISTS_OF = "lists = [Depot(site).list(read)]"
SHARED_CURSOR = """from dataclasses import replace

    every = Depot(site).list(read)

    def only(is_bill):
        def pages(since, page):
            for rows, after in every.pages(since, page):
                yield [row for row in rows if (row["type"] == "bill") == is_bill], after

        return replace(every, pages=pages)

    lists = [only(True), only(False)]"""
READ_LISTS = 'return read_lists(lists, site, cursors, ids, reason="Depot no longer has it.")'
EXCLUSIVE = f"""from hub import Checkpoint

    def changes(cursor):
        newest = cursor
        for rows, _ in lists[0].pages(cursor, ""):
            for row in rows:
                if row["updated_at"] > cursor:
                    newest = max(newest, row["updated_at"])
                    yield lists[0].document(row)
        yield Checkpoint(cursor=newest)

    if not ids:
        return changes(cursors.get("", ""))
    {READ_LISTS}"""
# -- plugins with a cursor of their own for each kind, which includes its moment
OWN_CURSORS = f"""from hub import Checkpoint

    def changes(kind, cursor):
        newest = cursor
        for rows, _ in lists[0].pages(cursor, ""):
            for row in rows:
                if row["type"] == kind:
                    newest = max(newest, row["updated_at"])
                    yield lists[0].document(row)
        yield Checkpoint(cursor=newest, stream=kind)

    if not ids:
        return (item for kind in documents.KINDS for item in changes(kind, cursors.get(kind, "")))
    {READ_LISTS}"""
OWN_SECONDS = OWN_CURSORS.replace("= cursor\n", "= int(cursor or 0)\n").replace(
    "cursor=newest", "cursor=str(newest)"
)
IN_SECONDS = (
    (SANDBOX, '    lists = {"/documents"', '    times = "unix"\n    lists = {"/documents"'),
)
WITH_OWN_CURSORS = ((HOOKS, READ_LISTS, OWN_CURSORS),)
WITH_OWN_SECONDS = (*IN_SECONDS, (HOOKS, READ_LISTS, OWN_SECONDS))
NEWEST = 'max(newest, row["updated_at"])'
OF_KIND = 'if row["type"] == kind:'
WITH_CHECKSUM = (
    (CLIENT, "from hub import ", "from hub import row_version, "),
    (CLIENT, 'str(row["version"])', 'row_version("updated_at")(row)[1]'),
)
TIME_OF_THE_HUB = f"""from hub import Checkpoint

    if not ids:
        rows = [row for page, _ in lists[0].pages(cursors.get("", ""), "") for row in page]
        cursor = f"{{site.now:%Y-%m-%dT%H:%M:%SZ}}"
        return [*map(lists[0].document, rows), Checkpoint(cursor=cursor)]
    {READ_LISTS}"""
OWN_SWEEP = f"""from hub import add_deletions

    if not ids:
        changes = lists[0].changes(cursors.get("", ""))
        present = lists[0].present_ids()
        return add_deletions(changes, cursors, site.today, present, reason="-", stream="sweep")
    {READ_LISTS}"""
UNWATCHED = f"""from hub import DeletionSweep

    def read():
        sweep = DeletionSweep(cursors.get("deletions", ""), site.today)
        yield from lists[0].changes(cursors.get("", ""))
        yield from sweep.compare(lists[0].present_ids(), reason="-")

    if not ids:
        return read()
    {READ_LISTS}"""
COMPARED = """from hub import CursorList

    class Compared(CursorList):
        def present_ids(self):
            {present}

    lists = [Compared(**vars(Depot(site).list(read)))]"""
# -- plugins that do not let errors of a row pass
READ = "return documents.read(site.settings, row)"
GONE_IF_BROKEN = f"""from hub import Gone

        try:
            {READ}
        except ValueError:
            return Gone(source_id=documents.source_id(row), reason="-")"""
ENDED_IF_BROKEN = f"""from hub import Retry

        try:
            {READ}
        except ValueError:
            if row["status"] == "archived":  # a sample row that no plugin of the template can read
                raise
            raise Retry("-")"""
LEFT_OUT_IF_BROKEN = f"""from hub import Checkpoint

    def changes(cursor):
        for rows, after in lists[0].pages(cursor):
            for row in rows:
                try:
                    yield read(row)
                except ValueError:
                    pass
            yield Checkpoint(cursor=after)

    if not ids:
        return changes(cursors.get("", ""))
    {READ_LISTS}"""
ALL_PAYMENTS = """yield from super().present_ids()
            yield from (f"payment:{id}" for id in range(1000, 1100))"""
FIRST_PAGE = """rows, _ = next(iter(self.pages("")))
            yield from map(self.id, rows)"""
FIND = """return [self.api.find(f"/documents/{id.partition(':')[2]}") for id in ids]"""
FIND_IN_LIST = """every = [row for rows, _ in self.pages("", "") for row in rows]
        by_id = {documents.source_id(row): row for row in every}
        return [by_id.get(id) for id in ids]"""
WITHOUT_NUMBER = f"""rows = {FIND.removeprefix("return ")}
        return [{{**row, "number": ""}} for row in rows]"""
READ_ROW = "return documents.read(site.settings, row)"
DATED_TODAY = """import dataclasses
        from hub import Document

        document = documents.read(site.settings, row)
        if isinstance(document, Document):
            return dataclasses.replace(document, date=site.today)
        return document
"""
WITH_SECRET = """import dataclasses
        from hub import Document

        document = documents.read(site.settings, row)
        if isinstance(document, Document):
            return dataclasses.replace(document, facts={"key": site.secrets["token"]})
        return document
"""
READ_NUMBERED = 'return read_numbered_pages(fetch, page, "Depot")'
READ_LINKED = 'return read_linked_pages(fetch, page, "Depot", numbered=True)'
COUNTING = """number, has_more = int(page or 1), True
        while has_more:
            rows, has_more = fetch(number)
            number += 1
            yield rows, str(number) if has_more else ""
"""
COMPUTED = 'tax_mode="computed",'
# -- a source whose payments pay several documents, and whose lines have taxes
LINE_OF_PAYMENT = """        applied = Applied(document=f"{PAYS[row['type']]}:{row['pays']}")
        yield Line(id="1", amount=money(row["total"]), applied=applied)
"""
LINES_OF_PAYMENT = """        for part in row["pays"]:
            applied = Applied(document=f"{PAYS[row['type']]}:{part['invoice']}")
            yield Line(id=part["id"], amount=money(part["amount"]), applied=applied)
"""
OF_ONE = '"pays": str(1001 + place + paid_index - index)'
LIST_OF_ONE = """"pays": [
            {"id": "1", "invoice": str(1001 + place + paid_index - index), "amount": amount}
        ]"""
NUMBER = 'f"N-{place + paid_index - index}"'
ID_OF_NUMBER = "int(part['invoice'][2:]) + 1001"
PAYS_A_LIST = (
    (SAMPLE, OF_ONE, LIST_OF_ONE),
    (DOCUMENTS, LINE_OF_PAYMENT, LINES_OF_PAYMENT),
)
TWO_PARTS = """"pays": [
            {"id": "1", "invoice": str(1001 + place + paid_index - index), "amount": "4.00"},
            {"id": "2", "invoice": "1007", "amount": "0.50"},
        ]"""
PAYS_TWO = (
    (SAMPLE, OF_ONE, TWO_PARTS),
    (SAMPLE, "party = turn % len(PARTIES)", "party = 0"),
    PAYS_A_LIST[1],
)
BY_NUMBER = (
    (SAMPLE, OF_ONE, LIST_OF_ONE.replace("str(1001 + place + paid_index - index)", NUMBER)),
    (DOCUMENTS, LINE_OF_PAYMENT, LINES_OF_PAYMENT.replace("part['invoice']", ID_OF_NUMBER)),
)
# -- payments of which some only use a credit, among them the first
WITH_CREDITS = ("bill", "invoice", "credit_memo", "payment")
IS_OFFSET = 'row["type"] == "payment" and int(row["id"]) % 8 == 1'
CREDIT = "f\"credit_memo:{int(row['id']) - 1}\""
OFFSETS = (
    (
        DOCUMENTS,
        LINE_OF_PAYMENT,
        f"""{LINE_OF_PAYMENT}        if {IS_OFFSET}:
            used = Applied(document={CREDIT})
            yield Line(id="2", amount=-money(row["total"]), applied=used)
""",
    ),
    (DOCUMENTS, NUMBERED, f'number=None if {IS_OFFSET} else row["number"],'),
)
TOTAL_OF_OFFSETS = f'total=money("0") if {IS_OFFSET} else money(row["total"]),'
TOTAL_OR_ZERO = 'total=money(row["total"] or 0),'
WRONG_TOTAL = TOTAL_OF_OFFSETS.replace(
    'else money(row["total"])',
    'else sum(money(line["amount"]) for line in row["lines"])',
)
EACH_PART = 'for part in row["pays"]:'
LINE = """yield Line(id=line["id"], description=line["text"], amount=amount, codes={field: code})"""
TAX = 'Code(id=line["tax"]["code"])'
FIELDS = "@hookimpl\ndef hub_fields"
TAX_FIELD = 'TAX_FIELD = Field(name="tax", label="Tax", role="tax_code")'
TAXED = (
    (SAMPLE, '"code": code,', '"code": code, "tax": {"code": "S"},'),
    (DOCUMENTS, LINE, f'{LINE[:-2]}, "tax": {TAX}}})'),
    (HOOKS, "    return [\n        Field", "    return [\n        TAX_FIELD,\n        Field"),
    (HOOKS, FIELDS, f"{TAX_FIELD}\n\n\n{FIELDS}"),
)
KNOWS_RETRY = ((CLIENT, "from hub import ", "from hub import Retry, "),)
# -- a source whose clients have a currency, which is in the name of their code
CLIENT_CURRENCY = (
    (SAMPLE, '"name": PARTIES[party]}', '"name": PARTIES[party], "currency": "USD"}'),
    (
        DOCUMENTS,
        'name=row["party"]["name"]',
        "name=f\"{row['party']['name']} {row['party']['currency']}\"",
    ),
)
# -- a source whose documents have one line
ONE_LINE = (
    (SAMPLE, "enumerate(CODES, start=1)", "enumerate(CODES[:1], start=1)"),
    (SAMPLE, '"amount": f"{turn + n + 1}.50"', '"amount": amount'),
)
# -- a source whose documents have the number of an order beside their own
NUMBER_OF_ANOTHER = (
    (SAMPLE, '"number": f"N-{place}"', '"no": f"N-{place}", "order_number": "7", "number": 3'),
    (DOCUMENTS, NUMBERED, 'number=row["no"],'),
)
# -- a source with more texts than a document has fields for
MORE_TEXTS = (
    (SAMPLE, '"code": code,', '"code": code, "notes": "Internal",'),
    (SAMPLE, '"version": 1,', '"version": 1, "comment": "Internal", "description": "",'),
)
# -- a source whose documents have a part with notes of its own, which refers to the document
NOTES_OF_A_PART = (
    (
        SAMPLE,
        '"note": f"Delivery {place}"',
        '"log": {"id": 7, "of": str(1001 + place), "note": "-"}',
    ),
    (DOCUMENTS, 'row["note"] or None', "None"),
)
# -- a plugin whose clients are created
CREATES = 'name="client", label="Client", role="customer", match=("id", "name")'
CREATED = 'codes[party] = Code(id=row["party"]["id"], name=row["party"]["name"])'
CREATES_CLIENTS = (
    (HOOKS, CREATES, f'{CREATES}, missing="create"'),
    (DOCUMENTS, "Code, Document", "Code, Document, Party"),
)
CREATED_WITH = (
    'codes[party] = Code(id=row["party"]["id"], name=row["party"]["name"],'
    ' create=Party(name=row["party"]["name"], currency={currency}))'
)
# -- a source without a call for a single document: it is looked for in the list
ONLY_LISTS = ((CLIENT, FIND, FIND_IN_LIST),)
WITHOUT_FIND = ((CLIENT, "find=self.find, ", ""),)
# -- a source that publishes its deletions at an address of its own, or in the list
LISTS_DELETED = (
    SANDBOX,
    '    lists = {"/documents"',
    '    deletions = "/deleted"\n    lists = {"/documents"',
)
ANNOUNCES = (
    CLIENT,
    "read=read, version=version, api=self.api",
    "read=read, version=version, api=self.api, announces_deletions=True",
)
READ_SINCE = """() if ids else read_changes(
        pages,
        cursors.get("deletions", ""),"""
READ_DELETED = f"""from hub import Gone, read_changes, row_version

    client = Depot(site)

    def pages(since, page):
        paging = {{"limit": 500, "page": 1}}
        answer = client.api.get("/deleted", updated_since=since or None, **paging)
        yield answer["items"], ""

    def deletion(row):
        return Gone(source_id=documents.source_id(row), reason="It was deleted in Depot.")

    deletions = {READ_SINCE}
        deletion,
        version=row_version("updated_at"),
        now=lambda: client.api.date,
        stream="deletions",
    )
    """
READ_BOTH = READ_LISTS.replace("return ", "return [*deletions, *").replace('it.")', 'it.")]')
DELETED_LIST = (
    LISTS_DELETED,
    ANNOUNCES,
    (HOOKS, READ_LISTS, f"{READ_DELETED}{READ_BOTH}"),
)
TOMBSTONES = (
    ANNOUNCES,
    (
        SANDBOX,
        "    def answer(",
        """    def edit(self, row, form):
        return super().edit(row, {"status": "void"} if "delete" in form else form)

    def answer(""",
    ),
)
# -- a source whose invoices have a tax in their head
TAX_OF_HEAD = 'tax_total=money(row["tax"]) or None,'
TAXED_IN_HEAD = (
    (SAMPLE, "STATES = (", "from decimal import Decimal\n\nSTATES = ("),
    (
        SAMPLE,
        '"total": amount,',
        '"tax": "0.84" if kind == "invoice" else "0",\n'
        '        "total": str(Decimal(amount) + (Decimal("0.84") if kind == "invoice" else 0)),',
    ),
    (DOCUMENTS, TOTAL, f"{TOTAL}\n        {TAX_OF_HEAD}"),
)
TAXED_ABROAD = (*TAXED_IN_HEAD, *TAXED, (HOOKS, 'country="US"', 'country="GB"'))
# -- a source that answers amounts in cents
IN_CENTS = (
    (
        SAMPLE,
        "def row(place):",
        """def row(place):
    row = row_in_dollars(place)
    for part in (row, *row["lines"]):
        for name in ("amount", "tax", "total"):
            if isinstance(part.get(name), str):
                part[f"{name}_cents"] = int(part.pop(name).replace(".", ""))
    return row


def row_in_dollars(place):""",
    ),
    (DOCUMENTS, "STAGES = {", "def cents(value):\n    return money(value) / 100\n\n\nSTAGES = {"),
    (DOCUMENTS, TOTAL, 'total=cents(row["total_cents"]),'),
    (DOCUMENTS, 'amount=money(row["total"])', 'amount=cents(row["total_cents"])'),
    (DOCUMENTS, 'amount = money(line["amount"])', 'amount = cents(line["amount_cents"])'),
)
TAX_IN_CENTS = TAX_OF_HEAD.replace('money(row["tax"])', 'cents(row.get("tax_cents", 0))')
TAXED_IN_CENTS = (
    *TAXED_ABROAD,
    *IN_CENTS,
    (DOCUMENTS, TAX_OF_HEAD, TAX_IN_CENTS),
    (SAMPLE, 'else "0",', 'else "0.00",'),
)
# -- a source outside the United States whose amounts contain the tax
CONTAINS_TAX = f'{TOTAL}\n        {TAX_OF_HEAD} tax_mode="inclusive",'
WITH_TAX = (
    (SAMPLE, '"total": amount,', '"tax": "0.84" if kind == "invoice" else "0", "total": amount,'),
    *TAXED,
)
WITH_TAX_ABROAD = (*WITH_TAX, (HOOKS, 'country="US"', 'country="GB"'))
COUNTED_TWICE = f"""total=money(row["total"]) + money(row["tax"]),
        {TAX_OF_HEAD.replace(" or", " * 2 or")}"""
# -- a source whose bills name an order and its lines
WITH_ORDERS = ("bill", "purchase_order", "invoice", "payment")
ORDER_ID = "f\"purchase_order:{row['order']['id']}\""
ANOTHER_LINE = r"as it is if lines\.0\.order_line is 2, another line of purchase_order:1007"
LINE_OF_ORDER = 'line["order_line"]'


def bills_line(order_line):
    """Return the code of a line that bills a line of the order of its row."""
    applied = f"Applied(document={ORDER_ID}, line={order_line})"
    return f'{LINE[:-1]}, applied=row["order"] and {applied})'


ORDERED = (
    (
        SAMPLE,
        '"version": 1,',
        '"version": 1, "order": {"id": str(1002 + place)} if place in range(5, 39) and'
        ' kind == "bill" else None,',
    ),
    (SAMPLE, '"code": code,', '"code": code, "order_line": str(n) if kind == "bill" else None,'),
    (DOCUMENTS, "Code, Document", "Applied, Code, Document"),
)
# -- plugins that renew a token themselves
TOKENS = 'tokens=RefreshToken(site, "Depot")'
OWN_TOKENS = """def tokens(site):
    from hub import BoundSecrets, TokenCache

    bound = BoundSecrets(site.secrets, site.settings["base_url"])
    earlier = bound.get("refresh") or site.secrets["refresh_token"]

    def issue():
        refresh = bound.get("refresh") or site.secrets["refresh_token"]
        answer = site.http.request(
            "POST",
            f"{site.settings['base_url']}/oauth/token",
            data={"grant_type": "refresh_token", "refresh_token": refresh},
            auth=(site.settings["client_id"], site.secrets["client_secret"]),
        )
        issued = answer.check().json()
        bound.put("refresh", issued["refresh_token"])
        return issued["access_token"]

    return TokenCache(bound, issue, exclusive=True)


LIMIT = 25"""
OWN_LOCK = """    def issue_alone():
        with site.secrets.lock():
            return issue()

    return TokenCache(bound, issue_alone)
"""
RENEWS_ITSELF = ((CLIENT, "LIMIT = 25", OWN_TOKENS), (CLIENT, TOKENS, "tokens=tokens(site)"))
LOCKS_ITSELF = (
    *RENEWS_ITSELF,
    (CLIENT, "    return TokenCache(bound, issue, exclusive=True)\n", OWN_LOCK),
)
# -- a plugin whose token is in a header of its own
SESSIONS = """class Sessions(ApiClient):
    def _send(self, method, url, access, request):
        token = access["Authorization"].removeprefix("Bearer ")
        return super()._send(method, url, {"X-Session": f"Session {token}"}, request)


LIMIT = 25"""
SESSION_HEADER = """    def _admit(self, environ, method, path):
        if "HTTP_X_SESSION" in environ:
            token = environ["HTTP_X_SESSION"].removeprefix("Session ")
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return super()._admit(environ, method, path)

    def answer("""
IN_A_SESSION = (
    *RENEWS_ITSELF,
    (CLIENT, "LIMIT = 25", SESSIONS),
    (CLIENT, "self.api = ApiClient(", "self.api = Sessions("),
    (SANDBOX, "    def answer(", SESSION_HEADER),
)
DEFECTS = {
    # -- amounts and references
    "a total that is too high": Defect(
        POSTABLE,
        DOCUMENTS,
        TOTAL,
        'total=money(row["total"]) + 1,',
        "add up to 10.50 USD; the bill says 11.50 USD",
    ),
    "a total that is too high, so that no kind is ready": Defect(
        READY, DOCUMENTS, TOTAL, 'total=money(row["total"]) + 1,', "bill: "
    ),
    "a total that is too low": Defect(
        POSTABLE, DOCUMENTS, TOTAL, 'total=money(row["total"]) - 1,', "1.00 USD off"
    ),
    "a tax that the total lacks": Defect(
        POSTABLE, DOCUMENTS, TOTAL, f"{TOTAL}\n        tax_total=money(1),", "1.00 USD off"
    ),
    "a computed tax that is stated and that the total lacks": Defect(
        POSTABLE,
        DOCUMENTS,
        TOTAL,
        f'{TOTAL}\n        tax_total=money(1), tax_mode="computed",',
        "1.00 USD off",
    ),
    "a tax that lines contain and that the total has once more": Defect(
        POSTABLE,
        DOCUMENTS,
        TOTAL,
        CONTAINS_TAX.replace(TOTAL, 'total=money(row["total"]) + money(row["tax"]),'),
        r"Its lines contain the tax and add up to .* \(0\.84 USD off\)",
        setting=WITH_TAX_ABROAD,
    ),
    "a tax that lines contain in the United States": Defect(
        POSTABLE,
        DOCUMENTS,
        TOTAL,
        CONTAINS_TAX,
        "amounts in QuickBooks in the United States are without tax",
        setting=WITH_TAX,
    ),
    "a total that is less than its lines, which QuickBooks taxes": Defect(
        POSTABLE,
        DOCUMENTS,
        TOTAL,
        f'total=money(row["total"]) - 1, {COMPUTED}',
        r"would be a tax of -1\.00",
    ),
    "a total that no tax of QuickBooks leads to": Defect(
        POSTABLE, DOCUMENTS, TOTAL, f'total=money(row["total"]) * 2, {COMPUTED}', "be a tax of 1"
    ),
    "no date": Defect(POSTABLE, DOCUMENTS, 'parse_date(row["date"])', "None", "It has no date"),
    "no party": Defect(
        POSTABLE, DOCUMENTS, "codes[party] = ", "party = ", "It names no supplier or customer"
    ),
    "no lines": Defect(
        POSTABLE, DOCUMENTS, "tuple(_lines(row))", "()", "It has no line with an amount"
    ),
    "lines without a code": Defect(
        POSTABLE, DOCUMENTS, "codes={field: code}", "codes={}", "neither account"
    ),
    "lines without a tax code where each line needs one": Defect(
        POSTABLE, HOOKS, 'country="US"', 'country="GB"', "Line 1 has no tax code"
    ),
    "payments of a document that does not exist": Defect(
        POSTABLE, DOCUMENTS, PAYS, 'Applied(document="invoice:nowhere")', "to invoice:nowhere, and"
    ),
    "payments of a line that does not exist": Defect(
        POSTABLE, DOCUMENTS, PAYS, PAYS.replace('")', '", line="7")'), "to line 7 of invoice:1007"
    ),
    "payments of another kind": Defect(
        POSTABLE, DOCUMENTS, PAYS, PAYS.replace("{PAYS[row['type']]}", "bill"), "no document with"
    ),
    "payments of more than the total": Defect(
        POSTABLE,
        DOCUMENTS,
        'amount=money(row["total"]), applied',
        'amount=money(row["total"]) + 1, applied',
        "is applied in all",
    ),
    "payments that all pay one document": Defect(
        POSTABLE,
        DOCUMENTS,
        PAYS,
        'Applied(document="invoice:1007")',
        "QuickBooks refuses more than the total",
    ),
    "payments that name their client otherwise": Defect(
        POSTABLE,
        DOCUMENTS,
        'codes[party] = Code(id=row["party"]["id"], name',
        'key = "name" if row["type"] in PAYS else "id"\n'
        '    codes[party] = Code(id=row["party"][key], name',
        "Its client is .*, and that of invoice:1007, to which its line 1 applies, is 1",
    ),
    "clients with the id of another": Defect(
        ONE_NAME,
        DOCUMENTS,
        'codes[party] = Code(id=row["party"]["id"], name',
        'codes[party] = Code(id="1", name',
        "client 1: Bolt and Sons, Harbour Works, North Supply",
    ),
    "a number of an account as a plain text": Defect(
        PLAIN_IDS,
        DOCUMENTS,
        'code = Code(id=line["code"], name=line["code"])',
        'code = line["code"]',
        "account 'Labour' of bill:1001",
    ),
    "a role that the source names": Defect(
        PLAIN_IDS,
        DOCUMENTS,
        "codes = {role: settings[role] for role in roles}",
        'codes = {role: settings[role] for role in roles}\n    codes["class"] = row["party"]["id"]',
        "class '3' of bill:1012",
    ),
    "a secret in a fact": Defect(
        NO_SECRET,
        HOOKS,
        READ_ROW,
        WITH_SECRET,
        "bill:1001 of depot has the secret token",
    ),
    "a secret as the id of the account": Defect(
        ACCOUNT,
        HOOKS,
        TENANT_ID,
        'id=site.secrets["token"]',
        "has returned the secret token in the id of the Tenant",
    ),
    "a secret in the name of the account": Defect(
        ACCOUNT,
        HOOKS,
        'name=account["name"]',
        "name=f\"Depot {site.secrets['token']}\"",
        "has returned the secret token in the name of the Tenant",
    ),
    # -- receipts
    "a report that raises": Defect(
        REPORTED, HOOKS, REPORT, 'raise RuntimeError("no")', "raised RuntimeError: no"
    ),
    "a report that raises for one state": Defect(
        REPORTED, HOOKS, REPORT, f'{{"posted": 1}}[receipt.state]\n    {REPORT}', "state held"
    ),
    "a report that raises for one kind": Defect(
        REPORTED, HOOKS, REPORT, f'{{"bill": 1}}[document.kind]\n    {REPORT}', "KeyError"
    ),
    "a report that does nothing": Defect(
        REPORTED, HOOKS, REPORT, "pass", "wants to know of posted, held, and hub_report returned"
    ),
    "a report of one state only": Defect(
        REPORTED,
        HOOKS,
        REPORT,
        f'if receipt.state == "posted":\n        {REPORT}',
        "wants to know of held, and",
    ),
    "a report of one kind only": Defect(
        REPORTED,
        HOOKS,
        REPORT,
        f'if document.kind == "bill":\n        {REPORT}',
        "of the kind bill, and for invoice, payment it returned without a call",
    ),
    "a report that only reads": Defect(
        REPORTED,
        HOOKS,
        REPORT,
        'Depot(site).api.get("/account")',
        "without a call that changes anything",
    ),
    "a report that writes elsewhere": Defect(
        REPORTED, HOOKS, REPORT, "Depot(site).subscribe(None)", "the same data as before"
    ),
    "a report of a document that the source does not have": Defect(
        REPORTED, HOOKS, REPORT, 'Depot(site).report("bill:0", status)', "raised Refused"
    ),
    "a report that adds an entry each time": Defect(
        ONCE,
        SANDBOX,
        ANSWER,
        ADDED_ENTRY,
        "the state posted of .* called again with the same receipt",
    ),
    "a report with the time at which it is made": Defect(
        ONCE,
        HOOKS,
        REPORT,
        REPORT.replace("status", '{**status, "time": str(site.now)}'),
        "the state posted of .* called again with the same receipt",
    ),
    "a report whose mark is stored after the call": Defect(
        LOST,
        HOOKS,
        REPORT,
        MARKED_AFTER,
        r"posted of bill:.*, called PUT /documents/\d+/accounting. .* twice, at \d+.entries.1.",
        setting=ENTRIES,
    ),
    "a report of a held document as of a posted one": Defect(
        NOT_AS_POSTED,
        HOOKS,
        '"state": receipt.state',
        '"state": "posted"',
        "bill:1003 in the state held the same as for one that is posted: it says 'posted' in both",
    ),
    "a report of a held document with the status of a posted one": Defect(
        NOT_AS_POSTED,
        HOOKS,
        '"state": receipt.state',
        '"status": "synced"',
        "its status is 'synced' in both",
    ),
    "a report of held and posted documents without the state": Defect(
        NOT_AS_POSTED,
        HOOKS,
        STATUS,
        'status = {"source": "QuickBooks", "number": receipt.number}',
        "nothing else differs than what QuickBooks has given",
    ),
    "a report of held documents in the words of a posted one": Defect(
        NOT_AS_POSTED,
        HOOKS,
        STATUS,
        'status = {"text": f"Number {receipt.number or document.number} is in QuickBooks."}',
        "nothing else differs than what QuickBooks has given",
    ),
    "a report of held invoices as of posted ones": Defect(
        NOT_AS_POSTED,
        HOOKS,
        '"state": receipt.state',
        '"state": receipt.state if document.kind == "bill" else "posted"',
        "invoice:.* in the state held the same",
    ),
    "a report of some held documents as of posted ones": Defect(
        NOT_AS_POSTED,
        HOOKS,
        '"state": receipt.state',
        '"state": "posted" if receipt.cause == "check" else receipt.state',
        "it says 'posted' in both",
    ),
    "a report whose answer is not checked": Defect(
        REFUSED,
        CLIENT,
        'self.api.call("PUT", path, json=status).check()',
        'self.api.call("PUT", path, json=status)',
        "the state posted of bill:.* was answered with the status 422",
    ),
    "a report whose answer is not checked after a look at the source": Defect(
        REFUSED,
        CLIENT,
        'self.api.call("PUT", path, json=status).check()',
        'self.api.get("/account")\n        self.api.call("PUT", path, json=status)',
        "the state posted of bill:.* was answered with the status 422",
    ),
    "a report that gives up if the source is busy": Defect(
        REFUSED,
        CLIENT,
        f"{PUT}.check()",
        f"{PUT[:-1]}, answers=[429]).check()",
        "the state posted of bill:.* raised Refused: .*, not Retry",
    ),
    "a report that takes a busy source for a success": Defect(
        REFUSED,
        CLIENT,
        f"{PUT}.check()",
        f"import contextlib\n\n        with contextlib.suppress(Retry):\n            {PUT}.check()",
        "the state posted of bill:.* was answered with the status 429, and returned as if",
        setting=KNOWS_RETRY,
    ),
    "a payment of 0 in place of a missing amount": Defect(
        NO_ZERO,
        DOCUMENTS,
        'yield Line(id="1", amount=money(row["total"]), applied=applied)',
        'yield Line(id="1", amount=money(row["total"] or 0), applied=applied)',
        "payment:.*: if total is null, it would be posted with lines of 0 and the total 0",
        setting=((DOCUMENTS, TOTAL, TOTAL_OR_ZERO),),
    ),
    "amounts of 0 in place of missing ones": Defect(
        NO_ZERO,
        DOCUMENTS,
        'amount = money(line["amount"])',
        'amount = money(line["amount"] or 0)',
        "invoice:.*: if all its amounts are null, it would be posted with lines of 0, 0, 0 and",
        setting=((DOCUMENTS, TOTAL, TOTAL_OR_ZERO),),
    ),
    "a line of 0 in a document without a total": Defect(
        NO_ZERO,
        DOCUMENTS,
        'amount = money(line["amount"])',
        'amount = money(line["amount"] or 0)',
        r"bill:.*: if lines\.0\.amount is null, it would be posted with lines of 0, ",
        setting=((DOCUMENTS, TOTAL, ""),),
    ),
    "a total before tax": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TOTAL,
        'total=money(row["net"]),',
        r"invoice:.*: its total is 10\.50, and the source answers 11\.34 as total, which is that"
        " with tax",
        setting=(*TAXED_IN_HEAD[:2], (SAMPLE, '"tax": "0.84"', '"net": amount, "tax": "0.84"')),
    ),
    # -- codes
    "codes without the name that they are matched by": Defect(
        MATCHED,
        DOCUMENTS,
        CREATED,
        'codes[party] = Code(id=row["party"]["id"])',
        r"The field \w+ of depot is matched by name, and none of its codes has that, such as 1",
    ),
    "lines with the codes of the first one": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'code = Code(id=line["code"], name=line["code"])',
        'code = Code(id=row["lines"][0]["code"])',
        r"invoice:.*: its lines 1, 2, 3 have other codes if lines\.0\.code is another",
    ),
    "lines with the codes of the last one": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'code = Code(id=line["code"], name=line["code"])',
        'code = Code(id=row["lines"][-1]["code"])',
        r"invoice:.*: its lines 1, 2, 3 have other codes if lines\.2\.code is another",
    ),
    "clients that are to be created from nothing": Defect(
        CREATE, HOOKS, CREATES, f'{CREATES}, missing="create"', "none says what to create"
    ),
    "lines that have the code None in place of a missing one": Defect(
        MISSING,
        DOCUMENTS,
        'code = Code(id=line["code"], name=line["code"])',
        'code = Code(id=str(line.get("sku")))',
        r"bill:1001 of depot has 'None' as its code of the field \w+",
    ),
    "a note with a word that is None": Defect(
        MISSING,
        DOCUMENTS,
        'memo=row["note"] or None,',
        "memo=f\"{row['note']}, due on {row['due']}.\",",
        r"payment:.* of depot has 'Delivery \d+, due on None\.' as its memo",
    ),
    "a note that is None": Defect(
        MISSING,
        DOCUMENTS,
        'memo=row["note"] or None,',
        'memo=str(row.get("remark")),',
        "bill:1001 of depot has 'None' as its memo",
    ),
    "records to create with the id of a document": Defect(
        OWN_IDS,
        DOCUMENTS,
        CREATED,
        CREATED_WITH.format(currency="None").replace('row["party"]["id"]', '"bill:1001"', 1),
        r"depot has the code bill:1001 of the field \w+, .* and a document \(bill\) with the same",
        setting=CREATES_CLIENTS,
    ),
    "records of two kinds to create with one id": Defect(
        OWN_IDS,
        DOCUMENTS,
        CREATED,
        CREATED_WITH.format(currency="None"),
        r"depot has the code 1 of the field \w+, .* and a code of the field \w+ with the same id",
        setting=CREATES_CLIENTS,
    ),
    "a receipt about a created client that the source does not have": Defect(
        RECORD_ACCEPTED,
        DOCUMENTS,
        CREATED,
        CREATED_WITH.format(currency="None"),
        r"for the \w+ 3, raised Refused: .*The hub creates such a record for a code",
        setting=CREATES_CLIENTS,
    ),
    "a receipt about a created client in the place of a document": Defect(
        RECORD_APART,
        DOCUMENTS,
        CREATED,
        CREATED_WITH.format(currency="None").replace(
            'row["party"]["id"]', """f"{party}:{row['party']['id']}\"""", 1
        ),
        r"writes the receipt about the \w+ \w+:1003 to the bill bill:1003, which then looks posted",
        setting=CREATES_CLIENTS,
    ),
    "clients that are created in another currency": Defect(
        POSTABLE,
        DOCUMENTS,
        CREATED,
        CREATED_WITH.format(currency='"EUR"'),
        "It is in USD, and its client 1 would be created in EUR",
        setting=CREATES_CLIENTS,
    ),
    # -- a source that is busy
    "a busy source whose documents are gone": Defect(
        BUSY,
        CLIENT,
        FIND,
        """found = dict.fromkeys(ids)
        for id in ids:
            try:
                found[id] = self.api.find(f"/documents/{id.partition(':')[2]}")
            except Retry:
                pass
        return list(found.values())""",
        "with the ids bill:.*, was answered with the status 429, and returned as if",
        setting=KNOWS_RETRY,
    ),
    "a busy source of which one list is gone": Defect(
        BUSY,
        CLIENT,
        FIND,
        """found = dict.fromkeys(ids)
        for id in ids:
            try:
                found[id] = self.api.find(f"/documents/{id.partition(':')[2]}")
            except Retry:
                if id.startswith("bill:"):
                    raise
        return list(found.values())""",
        "with the ids invoice:.*, was answered with the status 429, and returned as if",
        setting=KNOWS_RETRY,
    ),
    "a busy source of which one list ends": Defect(
        BUSY,
        HOOKS,
        READ_LISTS,
        f"""from hub import Retry

    yield from {READ_LISTS.removeprefix("return ")}
    try:
        Depot(site).api.get("/account")
    except Retry:
        pass""",
        "of which only calls of .*/account were refused, was answered with the status 429, and ret",
    ),
    "a busy source whose list ends": Defect(
        BUSY,
        HOOKS,
        READ_LISTS,
        f"""from hub import Retry

    try:
        return list({READ_LISTS.removeprefix("return ")})
    except Retry:
        return []""",
        "hub_documents of depot was answered with the status 429, and returned as if nothing",
    ),
    "a busy source that is called again at a time of the plugin": Defect(
        BUSY,
        HOOKS,
        READ_LISTS,
        f"""from hub import Retry

    try:
        return list({READ_LISTS.removeprefix("return ")})
    except Retry:
        raise Retry("Later.", after=60)""",
        "raised a Retry that does not say so",
    ),
    "a busy source whose file is empty": Defect(
        BUSY_FILE,
        HOOKS,
        FETCH,
        f"""from hub import Retry

    try:
        {FETCH}
    except Retry:
        return b'-'""",
        "1.pdf of .* was answered with the status 429, and returned as if that were the file",
        setting=SENDS_FILES,
    ),
    "an answer that is cut off and ends the list": Defect(
        BROKEN,
        HOOKS,
        READ_LISTS,
        f"""from hub import Retry

    try:
        return list({READ_LISTS.removeprefix("return ")})
    except Retry:
        return []""",
        "each answer had the fault truncate, and returned as if nothing had changed",
    ),
    # -- reading
    "a last page that is not read": Defect(
        EVERY_ROW,
        CLIENT,
        'number < answer["pages"]',
        'number + 1 < answer["pages"]',
        "left out 10 that its stand-in has, such as",
        "page",
    ),
    "rows that are left out": Defect(
        EVERY_ROW,
        CLIENT,
        'return answer["items"], number < answer["pages"]',
        'rows = [row for row in answer["items"] if row["status"] != "draft"]\n'
        '            return rows, number < answer["pages"]',
        "left out 1 that its stand-in has, such as 1001",
        "page",
    ),
    "a row without an id that stops the list": Defect(
        WITHOUT_ID,
        CLIENT,
        "id=documents.source_id",
        "id=lambda row: f\"{row['type']}:{int(str(row.get('id')))}\"",
        "without its id, raised ValueError",
    ),
    "changes of one kind that nobody reads": Defect(
        CHANGED,
        CLIENT,
        'return answer["items"], number < answer["pages"]',
        'rows = [row for row in answer["items"] if not since or row["type"] == "bill"]\n'
        '            return rows, number < answer["pages"]',
        "invoice:.*, payment:.* changed after depot had read it",
        "page",
    ),
    "a version that stays the same": Defect(
        TWICE,
        CLIENT,
        VERSION,
        VERSION.replace('str(row["version"])', '"1"'),
        "bill:1001, .* changed twice, and depot has read the first change only",
        "page",
    ),
    "a version of one kind that stays the same": Defect(
        TWICE,
        CLIENT,
        VERSION,
        'version = 1 if row["type"] == "payment" else row["version"]\n'
        "    " + VERSION.replace('row["version"]', "version"),
        "^payment:.* changed twice, and depot has read the first change only",
        "page",
    ),
    "lists that share a cursor": Defect(
        CRASH,
        HOOKS,
        LISTS_OF,
        SHARED_CURSOR,
        "The reading of depot ended after .* give each list a `stream` of its own",
        "page",
    ),
    "a filter that begins after the moment of the cursor": Defect(
        SAME_MOMENT, HOOKS, READ_LISTS, EXCLUSIVE, "changed at the same time", "updated-since"
    ),
    "a cursor of one kind that begins after its moment": Defect(
        SAME_MOMENT,
        HOOKS,
        OF_KIND,
        f'{OF_KIND[:-1]} and (kind != "payment" or row["updated_at"] > cursor):',
        "payment:.* changed at the same time as bill:.*, and is never read",
        "updated-since",
        WITH_OWN_CURSORS,
    ),
    "a cursor that is a second later than the newest change": Defect(
        SAME_MOMENT,
        HOOKS,
        NEWEST,
        'max(newest, row["updated_at"] + 1)',
        "changed at the same time as .* the newest time, without a second more",
        "updated-since",
        WITH_OWN_SECONDS,
    ),
    "a version that is the second of the change": Defect(
        SAME_MOMENT,
        CLIENT,
        VERSION,
        VERSION.replace('str(row["version"])', 'row["updated_at"]'),
        r"bill:1001, .* changed twice within a second, and .* row_version\(…\) with the field",
        "page",
    ),
    "a cursor that is never stored": Defect(
        NOTHING_NEW,
        HOOKS,
        "cursor=newest, stream=kind",
        'cursor="" if kind == "payment" else newest, stream=kind',
        "depot reads 11 documents again from its last Checkpoint, such as payment:1008",
        "updated-since",
        WITH_OWN_CURSORS,
    ),
    "a newest document that is another if it comes again": Defect(
        NOTHING_NEW,
        HOOKS,
        READ_ROW,
        """import dataclasses

        document = documents.read(site.settings, row)
        if row["type"] == "bill" and row["status"] == "approved" and cursors and not ids:
            return dataclasses.replace(document, memo="again")
        return document""",
        "bill:.* of depot is another document if reading continues",
        "updated-since",
        WITH_OWN_CURSORS,
    ),
    "numbered pages that are read once": Defect(
        DELETED,
        CLIENT,
        READ_NUMBERED,
        COUNTING,
        "was deleted from a page",
        "page",
        setting=DELETED_LIST,
    ),
    "links to numbered pages that are followed once": Defect(
        DELETED,
        CLIENT,
        READ_LINKED,
        READ_LINKED.replace(", numbered=True", ""),
        "never read",
        "link",
        setting=DELETED_LIST,
    ),
    "a cursor that is the time of the hub": Defect(
        CHANGED,
        HOOKS,
        READ_LISTS,
        TIME_OF_THE_HUB,
        "bill:1001, .* changed after depot had read it, and is never read",
        "updated-since",
    ),
    "a date that is that of the reading": Defect(
        ANOTHER_DAY, HOOKS, READ_ROW, DATED_TODAY, "bill:1001 of depot is another document"
    ),
    "some documents that are not found by their ids": Defect(
        BY_ID,
        CLIENT,
        FIND,
        f"""rows = {FIND.removeprefix("return ")}
        return [None if row and row["id"] == "1009" else row for row in rows]""",
        r"\w+:1009 of depot is a \w+ in the list, and Gone if it is read by its id",
    ),
    "a document that says less if it is read by its id": Defect(
        BY_ID,
        CLIENT,
        FIND,
        WITHOUT_NUMBER,
        "bill:1001 of depot differs in number",
    ),
    "a rate that is not declared": Defect(
        RATE, HOOKS, "rate=RATE,", "", "admits 100 calls in 15 seconds, and the app declares no"
    ),
    # -- deletions
    "deletions that nobody looks for": Defect(
        GONE,
        CLIENT,
        "id=documents.source_id)",
        "id=documents.source_id, announces_deletions=True)",
        "bill:1001, .* was deleted at the stand-in, and",
    ),
    "deletions of one kind that nobody looks for": Defect(
        GONE,
        HOOKS,
        LISTS_OF,
        COMPARED.format(present=ALL_PAYMENTS),
        "payment:.* was deleted at the stand-in, and",
    ),
    "an id that is not answered": Defect(
        GONE,
        HOOKS,
        READ_LISTS,
        f"if ids:\n        return lists[0].documents(ids)\n    {READ_LISTS}",
        "asked for bill:1001, .* did not answer with a Gone",
    ),
    "an id of several that is not answered": Defect(
        GONE,
        HOOKS,
        READ_LISTS,
        "if len(ids) > 1:\n"
        "        return lists[0].answer(ids[1:], 'It is gone.')\n"
        f"    {READ_LISTS}",
        "asked for bill:1001, which the stand-in does not have any more, and did not answer with",
    ),
    "deletions of what was read before the source failed that nobody looks for": Defect(
        GONE_AFTER_A_FAILURE,
        HOOKS,
        READ_LISTS,
        UNWATCHED,
        "bill:1001 was read before the stand-in of depot failed, and then deleted",
        "page",
    ),
    "deletions that are looked for on the first page": Defect(
        PRESENT,
        HOOKS,
        LISTS_OF,
        COMPARED.format(present=FIRST_PAGE),
        "reports 35 documents as gone that its stand-in still has",
    ),
    "deletions that are read since the last run only": Defect(
        GONE_ALL_THE_SAME,
        HOOKS,
        READ_SINCE,
        READ_SINCE.replace("deletions", "").replace("ids", 'ids or not cursors.get("", "")'),
        "bill:1001, .* was deleted at the stand-in. Then the lists were read as a whole",
        "page",
        DELETED_LIST,
    ),
    "ids for deletions that are forgotten": Defect(
        GONE_ALL_THE_SAME,
        HOOKS,
        READ_LISTS,
        OWN_SWEEP,
        "bill:1001, .* was deleted at the stand-in. Then the lists were read as a whole",
        "page",
    ),
    # -- what documents state
    "no total": Defect(STATED, DOCUMENTS, TOTAL, "", "without total: bill, invoice, payment"),
    "no currency": Defect(
        STATED, DOCUMENTS, 'currency=row["currency"],', "", "without currency: bill, invoice"
    ),
    "payments that pay nothing": Defect(
        STATED, DOCUMENTS, ", applied=applied)", ")", "without applied: payment"
    ),
    # -- values that are not those of the source
    "a total that is added up": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TOTAL,
        'total=sum((money(line["amount"]) for line in row["lines"]), money(0)),',
        "its total stays 10.50 if total is 4.35",
    ),
    "a total that counts its tax twice": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TOTAL,
        'total=money(row["total"]) + 1, tax_total=money(1),',
        "no answer of the source has its total, 11.50",
    ),
    "a payment that loses cents": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TOTAL,
        'total=money(int(float(row["total"]) * 100)) / 100,',
        "it has 4.34 if total is 4.35: cents are lost",
    ),
    "cents that are read as whole amounts": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        "return money(value) / 100",
        "return money(value)",
        "its total is 1050, which is total_cents. By its name that is 10.50",
        setting=IN_CENTS,
    ),
    "lines in cents that lose some": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'amount = cents(line["amount_cents"])',
        'amount = money(int(line["amount_cents"] / 100 * 100)) / 100',
        "invoice:.*: it has 4.34 if lines.0.amount_cents is 435: cents are lost",
        setting=IN_CENTS,
    ),
    "a tax in cents that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TAX_IN_CENTS,
        "",
        "it stays as it is if tax_cents is another amount: pass it as `tax_total`",
        setting=TAXED_IN_CENTS,
    ),
    "parts of a payment that lose cents": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'amount=money(part["amount"])',
        'amount=money(int(float(part["amount"]) * 100)) / 100',
        "payment:.*: it has 4.34 if pays.0.amount is 4.35: cents are lost",
        setting=PAYS_TWO,
    ),
    "lines that lose cents": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'amount = money(line["amount"])',
        'amount = money(int(float(line["amount"]) * 100)) / 100',
        "invoice:.*: it has 4.34 if lines.0.amount is 4.35: cents are lost",
        setting=TAXED_ABROAD,
    ),
    "a tax of the head that loses cents": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TAX_OF_HEAD,
        'tax_total=money(int(float(row["tax"]) * 100)) / 100 or None,',
        "invoice:.*: it has 4.34 if tax is 4.35: cents are lost",
        setting=TAXED_ABROAD,
    ),
    "a currency that is always the same": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'currency=row["currency"],',
        'currency="USD",',
        "its currency stays USD if currency is another",
    ),
    "a currency that is always the same, although the name of the client follows": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'currency=row["currency"],',
        'currency="USD",',
        "its currency stays USD if currency, party.currency is another",
        setting=CLIENT_CURRENCY,
    ),
    "the currency of the client in place of that of the document": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'currency=row["currency"],',
        'currency=row["party"]["currency"],',
        "its currency is that of party.currency, and stays USD if currency is another",
        setting=CLIENT_CURRENCY,
    ),
    "a currency that the source does not have": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'currency=row["currency"],',
        'currency="EUR",',
        "no answer of the source has its currency, EUR",
    ),
    "a due date that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'parse_date(row["due"])',
        "None",
        "it stays as it is if due is another day",
    ),
    "the day of a moment in UTC": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'parse_date(row["date"])',
        'parse_date(row["date"][:10])',
        "its date is 2026-01-05 in each zone of the app",
        setting=((SAMPLE, '"date": "2026-01-05"', '"date": "2026-01-05T22:30:00Z"'),),
    ),
    "the day of milliseconds in UTC": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'date=parse_date(row["date"])',
        'date=dt.datetime.fromtimestamp(row["date"] / 1000, dt.UTC).date()',
        r"its date is 2026-01-05 in each zone of the app.*fromtimestamp\(row\[…\] / 1000, site",
        setting=(
            (SAMPLE, '"date": "2026-01-05"', '"date": 1767652200000'),
            (
                DOCUMENTS,
                "from hub import Attachment",
                "import datetime as dt\n\nfrom hub import Attachment",
            ),
        ),
    ),
    "the due day of a moment in UTC": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'parse_date(row["due"])',
        'parse_date(row["due"][:10])',
        "it is 2026-02-04 in each zone of the app, and the source answers the moment",
        setting=((SAMPLE, '"due": "2026-02-04"', '"due": "2026-02-04T22:30:00Z"'),),
    ),
    "a tax of lines that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        f', "tax": {TAX}',
        "",
        r"bill:.*: it stays as it is if lines\.0\.tax\.code is another",
        setting=TAXED,
    ),
    "a tax of lines that is always the same": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TAX,
        'Code(id="S")',
        r"invoice:.*: it stays as it is if lines\.0\.tax\.code is another",
        setting=TAXED,
    ),
    "a tax of the head that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        TAX_OF_HEAD,
        "",
        "invoice:.*: it stays as it is if tax is another amount: pass it as `tax_total`",
        setting=TAXED_ABROAD,
    ),
    "the id of the row in place of the number": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        NUMBERED,
        'number=row["id"],',
        r"bill:1003: its number stays 1003 if number is another",
    ),
    "a number that is left out": Defect(
        FROM_SOURCE, DOCUMENTS, NUMBERED, "", r"its number stays None if number is another"
    ),
    "the id of payments in place of the number": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        NUMBERED,
        'number=row["id"] if row["type"] == "payment" else row["number"],',
        r"payment:1008: its number stays 1008 if number is another",
    ),
    "the id of the row in place of the number of an invoice": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'number=row["invoiceNo"],',
        'number=row["id"],',
        r"its number stays 1003 if invoiceNo is another",
        setting=(
            (SAMPLE, '"number": f"N-{place}"', '"invoiceNo": f"N-{place}"'),
            (DOCUMENTS, NUMBERED, 'number=row["invoiceNo"],'),
        ),
    ),
    "a note that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'memo=row["note"] or None,',
        "",
        r"bill:1003: its memo stays None if note is another",
    ),
    "a note of payments that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'memo=row["note"] or None,',
        'memo=row["note"] if row["type"] != "payment" else None,',
        r"payment:1008: its memo stays None if note is another",
    ),
    "descriptions of lines that are left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        ', description=line["text"]',
        "",
        r"bill:1003: its lines stay as they are if lines\.0\.text is another",
    ),
    "a description of the last line that is left out": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'description=line["text"]',
        'description=line["text"] if line["id"] != "3" else None',
        r"its lines stay as they are if lines\.2\.text is another",
    ),
    # -- what payments pay
    "a payment that loses what it pays second": Defect(
        APPLIED,
        DOCUMENTS,
        EACH_PART,
        f"{EACH_PART[:-1]}[:1]:",
        r"payment:1011: the source answers 1007 as pays\.1\.invoice, and no line is applied to",
        setting=PAYS_TWO,
    ),
    "some payments that lose what they pay": Defect(
        APPLIED,
        DOCUMENTS,
        EACH_PART,
        f'{EACH_PART[:-1]} if row["id"] != "1011" else ():',
        r"payment:1011: the source answers \d+ as pays\.0\.invoice, and no line is applied to",
        setting=PAYS_A_LIST,
    ),
    "payments that are applied to the first document only": Defect(
        APPLIED,
        DOCUMENTS,
        EACH_PART,
        f"{EACH_PART[:-1]}[:1]:",
        "if the list pays in the answer of the source names invoice:.*, too, it is applied to"
        " invoice:[0-9]+ only",
        setting=PAYS_A_LIST,
    ),
    "payments of numbers that are applied to the first document only": Defect(
        APPLIED,
        DOCUMENTS,
        EACH_PART,
        f"{EACH_PART[:-1]}[:1]:",
        "if the list pays in the answer of the source names invoice:.*, too, it is applied to"
        " invoice:[0-9]+ only",
        setting=BY_NUMBER,
    ),
    # -- access tokens
    "a refresh token that two processes use at once": Defect(
        AT_ONCE,
        CLIENT,
        ", exclusive=True",
        "",
        "one of them ended with ",
        setting=RENEWS_ITSELF,
        auth="refresh-token",
    ),
    "a session that two processes renew at once": Defect(
        AT_ONCE,
        CLIENT,
        ", exclusive=True",
        "",
        "one of them ended with ",
        setting=IN_A_SESSION,
        auth="refresh-token",
    ),
    "a refresh token that is read before the lock": Defect(
        AT_ONCE,
        CLIENT,
        'refresh = bound.get("refresh") or site.secrets["refresh_token"]',
        "refresh = earlier",
        "one of them ended with ",
        setting=LOCKS_ITSELF,
        auth="refresh-token",
    ),
    # -- webhooks
    "a signed time that is not compared": Defect(
        OLD,
        HOOKS,
        SIGNED,
        VERIFY_WITH_TIME.format(signed=WITH_TIME, more=""),
        "sent a day before, returned",
        setting=SIGNS_TIME,
    ),
    "a time that is compared and not signed": Defect(
        OLD,
        HOOKS,
        SIGNED,
        VERIFY_WITH_TIME.format(
            signed="body", more=" or abs(int(time or 0) - site.now.timestamp()) > 300"
        ),
        "with the time of today, returned",
        setting=SENDS_TIME,
    ),
    "a call whose signature is not verified": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        "    import json\n\n    call = json.loads(body)\n",
        r"a call without a signature, returned .* Anybody could send it",
    ),
    "a call that is accepted without a signature": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        f'    if "X-Depot-Signature" not in headers:\n        return []\n{SIGNED}',
        "without a signature, returned",
    ),
    "a call that is accepted with an empty signature": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        f'    if headers.get("X-Depot-Signature") == "":\n        return []\n{SIGNED}',
        "with an empty signature, returned",
    ),
    "a call that is accepted with any signature": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        VERIFY.format(check='if not headers.get("X-Depot-Signature"):'),
        "with a wrong signature, returned",
    ),
    "a signature that does not cover the body": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        '    signature = headers.get("X-Depot-Signature")\n    if signature in SIGNATURES:\n'
        f"        return []\n{SIGNED}    SIGNATURES.add(signature)\n",
        "with the signature of an earlier call, returned",
    ),
    "a signature that is verified with a fixed secret": Defect(
        FORGED,
        HOOKS,
        'site.secrets.get("webhook_secret")',
        '"depot-webhook-secret"',
        "of a secret that was replaced, returned",
    ),
    "a call that is accepted while there is no secret": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        '    if not site.secrets.get("webhook_secret"):\n        return []\n' + SIGNED,
        "while no secret is stored, returned",
    ),
    "a missing signature that raises": Defect(
        FORGED,
        HOOKS,
        SIGNED,
        f'    headers["X-Depot-Signature"]\n{SIGNED}',
        "raised KeyError: 'X-Depot-Signature', not Refused",
    ),
    "a right call that is refused": Defect(
        ACCEPTED, HOOKS, 'header="X-Depot-Signature"', 'header="X-Depot"', "raised Refused"
    ),
    "a signal for another document": Defect(
        ACCEPTED, HOOKS, SIGNALS, '[Signal.read("bill:7")]', "its signals read bill:7"
    ),
    "a signal that is a text": Defect(
        ACCEPTED, HOOKS, SIGNALS, '[call["id"]]', "str 'bill:1001' in its list, not Signal"
    ),
    "a signal without its list": Defect(
        ACCEPTED,
        HOOKS,
        SIGNALS,
        "Signal.collect()",
        r"hub_webhook returned Signal, not a list of Signal; write \[Signal\(",
    ),
    "a signal that pushes lists only": Defect(
        ACCEPTED, HOOKS, SIGNALS, "[Signal.push_lists()]", "its signals read nothing"
    ),
    "a list of changes that is read as one": Defect(
        OTHER_FORM,
        HOOKS,
        SIGNALS,
        '[Signal.read(call["id"])]',
        r"for a signed call with the body \[\], raised TypeError",
        setting=((HOOKS, '"X-Depot-Signature")', '"X-Depot-Signature", may_be_list=True)'),),
    ),
    "calls that are never switched on": Defect(
        ACCEPTED, HOOKS, SUBSCRIBE, "pass", "calls nobody after bill:1001 has changed"
    ),
    "calls that are never switched off": Defect(
        STOPPED,
        HOOKS,
        SUBSCRIBE,
        "Depot(site).subscribe(site.webhook_url)",
        "on=False, and the stand-in calls the hub all the same",
    ),
    "a subscription that raises": Defect(
        STOPPED, HOOKS, SUBSCRIBE, 'raise RuntimeError("no")', "on=True, raised RuntimeError"
    ),
    "a stand-in that does not call": Defect(
        ACCEPTED, SANDBOX, SIGNATURE, "", "no page /_sandbox/web"
    ),
    # -- codes, files and lists
    "codes that raise": Defect(
        CODES, HOOKS, CODES_OF, 'raise RuntimeError("no")', "for the field .*, raised RuntimeError"
    ),
    "codes that are never listed": Defect(CODES, HOOKS, CODES_OF, "return []", "returned no code"),
    "codes that are numbers": Defect(
        CODES,
        HOOKS,
        CODES_OF,
        "return [7]",
        "raised TypeError: hub_codes returned int 7 in its list",
    ),
    "codes in a mapping": Defect(
        CODES,
        HOOKS,
        CODES_OF,
        'return {"7": "Rent"}',
        "hub_codes returned dict, not a list of Code",
    ),
    "codes that are blank": Defect(CODES, HOOKS, CODES_OF, 'return [" "]', "returned ' '. It must"),
    "codes with other ids than in documents": Defect(
        CODES, HOOKS, CODES_OF, 'return ["n-1", "n-2"]', "lists the codes n-1, n-2 of the field"
    ),
    "a file that raises": Defect(
        FILES, HOOKS, "return CONTENT", 'raise RuntimeError("no")', "raised RuntimeError: no"
    ),
    "a file that is refused": Defect(
        FILES,
        HOOKS,
        "return CONTENT",
        'from hub import Refused\n\n    raise Refused("It is gone.")',
        "raised Refused: It is gone. If the stand-in",
    ),
    "a file that is a text": Defect(
        FILES, HOOKS, "return CONTENT", "return CONTENT.decode()", "must return the bytes"
    ),
    "a file that is empty": Defect(FILES, HOOKS, "return CONTENT", 'return b""', "must return the"),
    "a file of another size": Defect(
        FILES, HOOKS, "return CONTENT", "return CONTENT + CONTENT", "returned 16 bytes, not 8"
    ),
    "a size that is a text": Defect(
        FILES, DOCUMENTS, "size=8", 'size="8"', "returned 8 bytes, not '8' as stated"
    ),
    "a file with another content": Defect(
        FILES, HOOKS, "return CONTENT", "return CONTENT[::-1]", "another sha256"
    ),
    "a file that is cut short": Defect(
        FILES, HOOKS, FETCH, f"{FETCH}[:-1]", "no file of the source", setting=SENDS_FILES
    ),
    "a file that is always the first": Defect(
        FILES,
        HOOKS,
        FETCH,
        FETCH.replace("attachment.id", FIRST_FILE),
        "2.pdf of .* returned the file of GET /files/.*-1, as for 1.pdf of this document",
        setting=SENDS_FILES,
    ),
    "a file that is converted without a reason": Defect(
        FILES,
        HOOKS,
        FETCH,
        CONVERT,
        r"converts such files: contract\(…, converted=\{'application/pdf': reason\}\)",
        setting=SENDS_FILES,
    ),
    "an error of the source as a file": Defect(
        REFUSED_FILE,
        HOOKS,
        FETCH,
        FETCH.replace(".check()", ""),
        "1.pdf of .* was answered with the status 404, and returned as if that were the file",
        setting=SENDS_FILES,
    ),
    "a row that cannot be read as one that is gone": Defect(
        WITHOUT_AMOUNTS,
        HOOKS,
        READ,
        GONE_IF_BROKEN,
        "bill:.* in the list, .* yielded a Gone",
    ),
    "a row that cannot be read as the end of the reading": Defect(
        WITHOUT_AMOUNTS, HOOKS, READ, ENDED_IF_BROKEN, "bill:.* in the list, .* raised Retry: -"
    ),
    "a row that cannot be read and is left out": Defect(
        WITHOUT_AMOUNTS, HOOKS, READ_LISTS, LEFT_OUT_IF_BROKEN, "yielded nothing for bill:"
    ),
    "a draft that is ready": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        '"draft": ("pending", "It is a draft in Depot."),',
        '"draft": ("ready", None),',
        "bill:.*: it is ready if status is 'draft'",
    ),
    "a void that is ready": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'if row["status"] == "void":',
        'if row["status"] == "voided":',
        "bill:.*: it is ready if status is 'Void'",
        setting=(
            (SAMPLE, '"approved",', '"Approved",'),
            (DOCUMENTS, '"approved": ', '"Void": ("ready", None),\n    "Approved": '),
        ),
    ),
    "a state that is not known as a ready one": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'look_up(STAGES, row["status"], "status")',
        'STAGES.get(row["status"], ("ready", None))',
        "it is not ready if status is 'closed', and ready if that is 'somethingnew'",
    ),
    "lines without a sign": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'money(line["amount"])',
        'abs(money(line["amount"]))',
        "it is the same if lines.0.amount is 4.35 or -4.35",
    ),
    "the day of the reading in place of a date": Defect(
        FROM_SOURCE,
        DOCUMENTS,
        'parse_date(row["date"]),',
        'parse_date(row["date"]) or __import__("datetime").date.today(),',
        "its date is today if date is missing",
    ),
    "an account that is always the same": Defect(
        ACCOUNTS_APART, HOOKS, TENANT_ID, 'id="one-for-all"', "the id 'one-for-all', which is in no"
    ),
    "an address that may be any text": Defect(
        ADDRESSES,
        SETTINGS,
        "setting.address(",
        "setting.text(",
        "base_url, which App.hosts names, and takes 'shed example'",
    ),
    "a hook for files that no document has": Defect(
        FILES, DOCUMENTS, "attachments=(FILE,)", "attachments=()", "no document with an attachment"
    ),
    "lists that raise": Defect(
        LISTS, HOOKS, LINKS, 'raise RuntimeError("no")', "raised RuntimeError: no"
    ),
    "lists that are ignored": Defect(
        LISTS, HOOKS, LINKS, "return []", "returned no code and wrote"
    ),
    "links that are texts": Defect(
        LISTS,
        HOOKS,
        LINKS,
        "return [record.id for record in records]",
        "raised TypeError: hub_records returned str '9001' in its list, not Code",
    ),
    "links that change with each push": Defect(
        LISTS,
        HOOKS,
        LINKS,
        "import itertools\n\n    count = globals().setdefault('COUNT', itertools.count())\n"
        "    return [Code(id=str(next(count)), quickbooks_id=record.id) for record in records]",
        "and others when the same list was pushed again",
    ),
}


def files(paging="cursor", auth="bearer", kinds=("bill", "invoice", "payment")):
    """Return the files of the plugin by their place."""
    files = render(Choices(NAME, kinds, auth=auth, paging=paging, webhook=True))
    extra = 'CONTENT = b"%PDF-1.7"\nSIGNATURES = set()\n'
    imports = "from hub import "
    files[HOOKS] = files[HOOKS].replace(imports, f"{imports}Code, codes_in_use, ", 1)
    files[HOOKS] = f"{files[HOOKS]}{MORE_HOOKS}\n\n{extra}"
    files[SANDBOX] = files[SANDBOX].replace(
        "import RowSource", "import RowSource, WebhookSender", 1
    )
    files[SANDBOX] += UNSIGNED_TIME
    digest = "hashlib.sha256(b'%PDF-1.7').hexdigest()"
    file = f'Attachment(id="1", name="a.pdf", mime="application/pdf", size=8, sha256={digest})'
    files[DOCUMENTS] = files[DOCUMENTS].replace(
        'memo=row["note"] or None,', 'memo=row["note"] or None,\n        attachments=(FILE,),'
    )
    files[DOCUMENTS] += f"\n\nimport hashlib\n\nfrom hub import Attachment\n\nFILE = {file}\n"
    return files


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Return a function that returns the contract suite of the plugin, with a defect or without."""

    def suite(defect=None, *, paging="cursor", auth="bearer", kinds=(), setting=(), **options):
        source = (defect.paging, defect.auth) if defect else (paging, auth)
        written = files(*source, kinds) if kinds else files(*source)
        setting = defect.setting if defect else setting
        planted = [defect[1:4]] if defect else []
        for place, old, new in (*setting, *planted):
            assert written[place].count(old) == 1, "the defect cannot be planted"
            written[place] = written[place].replace(old, new)
        for place, text in written.items():
            file = tmp_path / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        plugins = Plugins.load([importlib.import_module(f"hub_{NAME}")], installed=False)
        monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
        options = {"change": CHANGE, "delete": DELETE, **ACCOUNTS, **options}
        options.setdefault("paged", DOCUMENTS_ON_PAGES)
        return contract(NAME, wrong_keys={"token": "wrong"}, **options)()

    yield suite
    for name in [name for name in sys.modules if name.partition(".")[0] == f"hub_{NAME}"]:
        del sys.modules[name]


def run(tests, name):
    """Run a test of a contract suite on a fresh bench, if it takes one."""
    test = getattr(tests, name)
    documents = DOCUMENTS_ON_PAGES if name in ON_PAGES else None
    for value in VALUES.get(name, (None,)):
        values = () if value is None else (value,)
        if name in ON_A_BENCH:
            test(Bench(NAME, tests.settings, documents=documents, waits=True), *values)
        else:
            test(*values)


def test_a_lock_that_a_plugin_holds_during_a_call_is_named(suite, monkeypatch):
    account = 'account = Depot(site).api.get("/account")'
    monkeypatch.setattr(token_tests, "SECONDS_TO_CALL", 0.2)
    locked = (
        (CLIENT, "LIMIT = 25", "import threading\n\nLOCK, LIMIT = threading.Lock(), 25"),
        (HOOKS, account, f"from hub_depot.client import LOCK\n\n    with LOCK:\n        {account}"),
    )
    tests = suite(auth="client-credentials", setting=locked)
    with pytest.raises(
        FAILED, match=r"in __init__\.py, line \d+ \(hub_check\) the second one waited"
    ):
        run(tests, AT_ONCE)


SIGNED_WITH_TIME = SIGNED.replace(
    '-Signature")', '-Signature", timestamp="X-Depot-Timestamp", now=site.now)'
)


@pytest.mark.parametrize(
    ("paging", "auth"),
    [
        ("cursor", "bearer"),
        ("page", "refresh-token"),
        ("link", "client-credentials"),
        ("link-header", "bearer"),
        ("updated-since", "basic"),
    ],
)
def test_a_plugin_without_a_defect_passes(suite, paging, auth):
    tests = suite(paging=paging, auth=auth)
    record.take()
    for name in TESTS:
        run(tests, name)
    assert {(record.REPORT, NAME), (record.WEBHOOK, NAME)} <= set(record.take())


@pytest.mark.proof(small=1, full=1)
@pytest.mark.parametrize("setting", [(), PAYS_A_LIST, PAYS_TWO, BY_NUMBER, TAXED, TAXED_ABROAD])
def test_a_plugin_of_a_source_that_has_only_lists_passes(suite, setting):
    tests = suite(paging="page", setting=(*ONLY_LISTS, *setting))
    for name in (AT_ONCE, APPLIED, POSTABLE, READY, STATED, FROM_SOURCE, BY_ID, GONE, REPORTED):
        run(tests, name)


def test_bills_that_use_up_the_lines_of_their_orders_pass(suite):
    tests = suite(
        kinds=WITH_ORDERS, setting=(*ORDERED, (DOCUMENTS, LINE, bills_line(LINE_OF_ORDER)))
    )
    for name in (POSTABLE, READY, FROM_SOURCE, ORDERS, NO_ZERO):
        run(tests, name)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (LINE, r"answers 1007 as order\.id, and no line bills purchase_order:1007"),
        (bills_line("'1'"), ANOTHER_LINE),
        (bills_line("None"), ANOTHER_LINE),
    ],
    ids=["no order", "the first line", "the whole order"],
)
def test_a_bill_that_does_not_use_up_its_order_is_found(suite, line, words):
    setting = (*ORDERED, (DOCUMENTS, LINE, line))
    with pytest.raises(FAILED, match=words):
        run(suite(kinds=WITH_ORDERS, setting=setting), ORDERS)


NOT_READY_STATES = {"status": ("draft", "disputed", "void")}


def test_a_plugin_whose_documents_wait_in_the_states_that_the_suite_is_told_passes(suite):
    run(suite(not_ready=NOT_READY_STATES), NOT_READY)


def test_a_document_that_is_ready_in_a_state_that_the_suite_is_told_is_found(suite):
    disputed = (DOCUMENTS, '("ready", "It is disputed in Depot.")', '("ready", None)')
    tests = suite(not_ready=NOT_READY_STATES, setting=(disputed,))
    with pytest.raises(FAILED, match=r"bill:.*: it is ready if status is 'disputed'"):
        run(tests, NOT_READY)


def test_bills_may_leave_out_their_order_with_a_reason(suite):
    tests = suite(kinds=WITH_ORDERS, setting=ORDERED, derived={"order": REASON})
    run(tests, ORDERS)
    run(tests, DERIVED)


def test_a_field_that_no_row_has_is_not_named_as_a_state(suite):
    with pytest.raises(FAILED, match="not_ready names on_hold, and the row of no ready document"):
        run(suite(not_ready={"on_hold": (True,)}), NOT_READY)


def test_a_plugin_that_opens_files_while_it_reads_is_found(suite):
    opened = (
        HOOKS,
        READ_ROW,
        'Depot(site).api.call("GET", f"/files/{row[\'id\']}-1").check()\n        ' + READ_ROW,
    )
    with pytest.raises(
        FAILED, match=r"has opened files .*, such as 1\.pdf of bill:1001 with GET /f"
    ):
        run(suite(setting=(*SENDS_FILES, opened)), NO_FILE_OPENED)


def test_payments_that_only_use_a_credit_need_no_total_of_the_source(suite):
    total = (DOCUMENTS, TOTAL, TOTAL_OF_OFFSETS)
    tests = suite(kinds=WITH_CREDITS, setting=(*OFFSETS, total))
    for name in (POSTABLE, READY, STATED, FROM_SOURCE):
        run(tests, name)


def test_a_payment_beside_those_that_only_use_a_credit_needs_the_total_of_the_source(suite):
    total = (DOCUMENTS, TOTAL, WRONG_TOTAL)
    tests = suite(kinds=WITH_CREDITS, setting=(*OFFSETS, total))
    with pytest.raises(FAILED, match=r"payment:1013: its total stays 13.50 if total is"):
        run(tests, FROM_SOURCE)


@pytest.mark.proof(small=1, full=1)
@pytest.mark.parametrize("paging", ["cursor", "page"])
def test_a_list_without_find_is_searched_for_single_documents(suite, paging):
    tests = suite(paging=paging, setting=WITHOUT_FIND)
    for name in (APPLIED, FROM_SOURCE, BY_ID, GONE, *ON_PAGES):
        run(tests, name)


def test_checkpoints_before_all_rows_are_named_by_the_test_of_a_crash_alone(suite):
    first = f"""from hub import Checkpoint

    def is_row(item):
        return not isinstance(item, Checkpoint)

    {READ_LISTS.replace("return ", "items = ")}
    return items if ids else sorted(items, key=is_row)"""
    tests = suite(paging="page", setting=((HOOKS, READ_LISTS, first),))
    with pytest.raises(FAILED, match="Yield a Checkpoint after the rows"):
        run(tests, CRASH)
    run(tests, DELETED)


@pytest.mark.parametrize("setting", [DELETED_LIST, TOMBSTONES])
def test_a_plugin_of_a_source_that_publishes_deletions_passes(suite, setting):
    tests = suite(paging="page", setting=setting)
    for name in (GONE, GONE_ALL_THE_SAME, SAME_MOMENT, DELETED, PRESENT, BY_ID, CRASH):
        run(tests, name)


@pytest.mark.parametrize("setting", [WITH_OWN_CURSORS, WITH_OWN_SECONDS])
def test_a_plugin_whose_own_cursor_includes_its_moment_passes(suite, setting):
    tests = suite(paging="updated-since", setting=setting)
    for name in (NOTHING_NEW, LATER_STATE, SAME_MOMENT, CHANGED, TWICE, BY_ID, EVERY_ROW):
        run(tests, name)


@pytest.mark.parametrize("paging", ["page", "updated-since"])
def test_a_plugin_with_a_checksum_as_version_passes(suite, paging):
    tests = suite(paging=paging, setting=WITH_CHECKSUM)
    for name in (NOTHING_NEW, SAME_MOMENT, CHANGED, TWICE, CRASH):
        run(tests, name)


def test_documents_that_are_asked_for_may_come_in_any_order(suite):
    in_reverse = f"if ids:\n        return lists[0].answer(ids[::-1], '-')\n    {READ_LISTS}"
    tests = suite(setting=((HOOKS, READ_LISTS, in_reverse),))
    for name in (EXACTLY, GONE, GONE_ALL_THE_SAME, TWICE, SAME_MOMENT):
        run(tests, name)


def test_a_kind_that_is_not_reported_may_have_no_document_that_can_be_posted(suite):
    without_prefix = (DOCUMENTS, PAYS, 'Applied(document=row["pays"])')
    report = (HOOKS, REPORT, f'if document.kind != "payment":\n        {REPORT}')
    tests = suite(setting=(without_prefix, report), unreported={"payment": REASON})
    run(tests, REPORTED)
    with pytest.raises(FAILED, match="no document with this source id is read"):
        run(tests, POSTABLE)


OF_VALUES = [name for name, defect in DEFECTS.items() if defect.test in (APPLIED, FROM_SOURCE)]


@pytest.mark.proof(small=3, full=3)
@pytest.mark.parametrize("name", OF_VALUES)
def test_a_defect_is_found_although_the_source_has_only_lists(suite, name):
    defect = DEFECTS[name]
    setting = (*ONLY_LISTS, *defect.setting)
    tests = suite(defect._replace(paging="page", setting=setting))
    with pytest.raises(FAILED):
        run(tests, defect.test)


@pytest.mark.parametrize(
    ("setting", "auth"),
    [
        (PAYS_A_LIST, "bearer"),
        (PAYS_TWO, "bearer"),
        (BY_NUMBER, "bearer"),
        (ONE_LINE, "bearer"),
        ((*CREATES_CLIENTS, (DOCUMENTS, CREATED, CREATED_WITH.format(currency=None))), "bearer"),
        (TAXED, "bearer"),
        (NUMBER_OF_ANOTHER, "bearer"),
        (MORE_TEXTS, "bearer"),
        (NOTES_OF_A_PART, "bearer"),
        (TAXED_ABROAD, "bearer"),
        ((*WITH_TAX_ABROAD, (DOCUMENTS, TOTAL, CONTAINS_TAX)), "bearer"),
        (IN_CENTS, "bearer"),
        (TAXED_IN_CENTS, "bearer"),
        (RENEWS_ITSELF, "refresh-token"),
        (LOCKS_ITSELF, "refresh-token"),
        (IN_A_SESSION, "refresh-token"),
    ],
    ids=[
        "pays-a-list",
        "pays-two",
        "pays-numbers",
        "one-line",
        "creates",
        "taxed",
        "number-of-another",
        "more-texts",
        "notes-of-a-part",
        "taxed-abroad",
        "with-tax-abroad",
        "in-cents",
        "taxed-in-cents",
        "renews-itself",
        "locks-itself",
        "session",
    ],
)
def test_a_plugin_with_more_passes(suite, setting, auth):
    tests = suite(setting=setting, auth=auth)
    for name in (AT_ONCE, APPLIED, POSTABLE, READY, STATED, FROM_SOURCE, CREATE, REPORTED):
        run(tests, name)


def test_a_tax_of_the_head_that_is_counted_twice_is_found_although_all_sums_agree(suite):
    setting = (*TAXED_IN_HEAD, (DOCUMENTS, f"{TOTAL}\n        {TAX_OF_HEAD}", COUNTED_TWICE))
    tests = suite(setting=setting)
    run(tests, POSTABLE)
    with pytest.raises(FAILED, match=r"invoice:.*: it counts tax twice"):
        getattr(tests, FROM_SOURCE)("tax")


@pytest.mark.parametrize(
    "setting",
    [
        (*ENTRIES, (HOOKS, REPORT, MARKED_BEFORE)),
        (*ENTRIES, (HOOKS, REPORT, TWO_ENTRIES)),
        PATCHED,
    ],
    ids=["marked before", "two entries", "patched"],
)
def test_a_plugin_that_writes_a_receipt_once_passes(suite, setting):
    tests = suite(setting=setting)
    for name in (ONCE, LOST):
        run(tests, name)


@pytest.mark.parametrize(
    "status",
    [
        '{"text": receipt.message or f"Posted as {receipt.number}"}',
        '{"posted": receipt.state == "posted", "number": receipt.number}',
        '{"by": "QuickBooks", "text": receipt.message or receipt.number}',
        '{"status": "published", "text": receipt.message or f"Posted as {receipt.number}"}',
        '{"color": "green" if receipt.id else "red"}',
    ],
)
def test_a_plugin_that_tells_held_documents_from_posted_ones_passes(suite, status):
    run(suite(setting=((HOOKS, STATUS, f"status = {status}"),)), NOT_AS_POSTED)


def test_a_mark_that_is_stored_after_the_call_is_found_only_if_the_answer_is_lost(suite):
    run(suite(setting=(*ENTRIES, (HOOKS, REPORT, MARKED_AFTER))), ONCE)


@pytest.mark.parametrize("setting", [SENDS_FILES, EQUAL_FILES], ids=["different", "equal"])
def test_a_plugin_that_returns_the_files_of_its_source_passes(suite, setting):
    tests = suite(setting=setting)
    for name in (FILES, NO_FILE_OPENED):
        run(tests, name)


def test_a_plugin_that_takes_the_file_out_of_a_text_passes(suite):
    unpacked = (
        (HOOKS, "    return CONTENT", f"    {FETCH}[:-1]"),
        SENDS_FILES[1],
        (*SENDS_FILES[2][:2], SENDS_FILES[2][2].replace("application/pdf", "text/plain")),
    )
    run(suite(setting=unpacked), FILES)


def test_a_plugin_that_converts_files_for_a_reason_passes(suite):
    converting = (*SENDS_FILES[1:], (HOOKS, "return CONTENT", CONVERT))
    run(suite(setting=converting, converted={"application/pdf": REASON}), FILES)


def test_a_plugin_that_makes_one_file_of_several_passes_with_a_reason(suite):
    first = FETCH.replace("return ", "first = ").replace("attachment.id", FIRST_FILE)
    joining = (*SENDS_FILES[1:], (HOOKS, "return CONTENT", f"{first}\n    {FETCH} + first"))
    run(suite(setting=joining, converted={"application/pdf": REASON}), FILES)


def test_a_converted_file_that_is_always_the_first_is_found(suite):
    first = CONVERT.replace("attachment.id", FIRST_FILE)
    tests = suite(
        setting=(*SENDS_FILES[1:], (HOOKS, "return CONTENT", first)),
        converted={"application/pdf": REASON},
    )
    with pytest.raises(FAILED, match=r"2.pdf of .* returned the file of GET /files/.*-1"):
        run(tests, FILES)


def test_a_plugin_that_verifies_the_time_of_a_call_passes(suite):
    verified = Defect(OLD, HOOKS, SIGNED, SIGNED_WITH_TIME, "", setting=SIGNS_TIME)
    tests = suite(verified)
    for name in (ACCEPTED, FORGED, OLD):
        run(tests, name)


@pytest.mark.parametrize("id", ["str(1 + place)", 'f"9f3c-{place:04}"'], ids=["version", "hyphen"])
def test_a_row_without_an_id_stops_no_other_whatever_the_form_of_ids(suite, id):
    own_ids = (SAMPLE, "str(1001 + place)", id)
    run(suite(paging="page", setting=(own_ids,)), WITHOUT_ID)


def test_a_first_page_of_which_nothing_can_be_deleted_is_no_defect(suite):
    keeps_first_page = """def _edit(self, id, form):
        if int(id) < 1030 and form.get("delete"):
            return 404, {}
        return super()._edit(id, form)

    def answer(self,"""
    run(suite(paging="page", setting=((SANDBOX, "def answer(self,", keeps_first_page),)), DELETED)


def test_days_of_milliseconds_in_the_zone_of_the_app_pass(suite):
    in_zone = "dt.datetime.fromtimestamp(row[{0}] / 1000, dt.timezone.utc).astimezone({1}).date()"
    date, due = (in_zone.format(f'"{name}"', 'settings["zone"]') for name in ("date", "due"))
    setting = (
        (SAMPLE, '"date": "2026-01-05"', '"date": 1767652200000'),
        (SAMPLE, '"due": "2026-02-04"', '"due": 1770244200000'),
        (
            DOCUMENTS,
            "from hub import Attachment",
            "import datetime as dt\n\nfrom hub import Attachment",
        ),
        (DOCUMENTS, 'parse_date(row["date"])', date),
        (DOCUMENTS, 'parse_date(row["due"])', due),
        (
            HOOKS,
            "documents.read(site.settings, row)",
            "documents.read({**site.settings, 'zone': site.zone}, row)",
        ),
    )
    run(suite(setting=setting), FROM_SOURCE)


def test_the_path_of_a_form_may_name_the_list_of_the_document(suite, monkeypatch):
    paths = []
    press = Bench.press
    monkeypatch.setattr(
        Bench, "press", lambda bench, path, **form: paths.append(path) or press(bench, path, **form)
    )
    tests = suite(paging="page", change=("/{list}s/{id}/edit", {"note": "changed"}))
    run(tests, CHANGED)
    assert {path.split("/")[1] for path in paths} == {"bills", "invoices", "payments"}


@pytest.mark.proof(small=25, full=60)
@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_found(suite, defect):
    tests = suite(defect)
    record.take()
    with pytest.raises(FAILED, match=defect.words):
        run(tests, defect.test)
    records = {what for what, _ in record.take()}
    assert not records & {record.REPORT, record.WEBHOOK}


# -- what an app cannot show ----------------------------------------------------------------------

TOO_HIGH = DEFECTS["a total that is too high"]
ONE_TOTAL = TOO_HIGH._replace(
    new='total=money(row["total"]) + (row["id"] == "1006"),', words="1.00 USD off"
)
ONE_KIND = DEFECTS["a report of one kind only"]
NO_REPORT_OF_HOLDS = DEFECTS["a report of one state only"]
NO_FILE = DEFECTS["a file that is refused"]._replace(
    new="from hub import Refused\n\n"
    '    if document.source_id == "bill:1001":\n'
    '        raise Refused("It is gone.")\n'
    "    return CONTENT"
)
NO_FILES = DEFECTS["a hook for files that no document has"]
REASON = "The source has no place for it."


@pytest.mark.parametrize(
    ("defect", "options"),
    [
        (ONE_TOTAL, {"unpostable": {"bill:1006": "1.00 USD off"}}),
        (NO_REPORT_OF_HOLDS, {"unreported": {"held": REASON}}),
        (ONE_KIND, {"unreported": {"invoice": REASON, "payment": REASON}}),
        (DEFECTS["a tax of lines that is left out"], {"derived": {"tax": REASON}}),
        (DEFECTS["a note that is left out"], {"derived": {"memo": REASON}}),
        (NO_FILE, {"unavailable": {"bill:1001": "It is gone"}}),
        (DEFECTS["no currency"], {"unstated": {"currency": REASON}}),
        (DEFECTS["payments that pay nothing"], {"unstated": {"applied": REASON}}),
        (DEFECTS["a total that is added up"], {"derived": {"total": REASON}}),
        (NO_FILES, {"unused": {"hub_attachment": REASON}}),
        (DEFECTS["lists that are ignored"], {"unused": {"hub_records": REASON}}),
        (DEFECTS["codes that are never listed"], {"unused": {"hub_codes": REASON}}),
        (DEFECTS["a stand-in that does not call"], {"unused": {"hub_webhook": REASON}}),
        (DEFECTS["a signed time that is not compared"], {"unused": {"timestamp": REASON}}),
    ],
)
def test_intended_behavior_of_a_stand_in_is_named_with_a_reason(suite, defect, options):
    tests = suite(defect, **options)
    run(tests, defect.test)
    run(tests, UNUSED)


@pytest.mark.parametrize(
    ("test", "options"),
    [
        (STATED, {"unstated": {"applied": REASON}}),
        (FROM_SOURCE, {"derived": {"total": REASON}}),
    ],
)
def test_an_exception_is_not_refused_while_a_kind_has_no_document_that_can_be_posted(
    suite, test, options
):
    without_prefix = (DOCUMENTS, PAYS, 'Applied(document=row["pays"])')
    run(suite(setting=(without_prefix,), **options), test)


@pytest.mark.parametrize(
    ("test", "options", "words"),
    [
        (POSTABLE, {"unpostable": {"bill:1001": "off"}}, "bill:1001 should be ready and not be"),
        (REPORTED, {"unreported": {"held": REASON}}, "depot reports held: remove it"),
        (
            REPORTED,
            {"unreported": {"paid": REASON}},
            "unreported names paid: it may name posted, ",
        ),
        (REPORTED, {"unreported": {"bill": REASON}}, "depot reports bill: remove it"),
        (
            REPORTED,
            {"unreported": {"deposit": REASON}},
            "unreported names deposit: it may name",
        ),
        (REPORTED, {"unreported": {"held": " "}}, "needs a reason for held"),
        (FILES, {"unavailable": {"bill:1001": "gone"}}, "a file of bill:1001 should not open"),
        (
            FILES,
            {"converted": {"image/tiff": REASON}},
            "depot converts no file of the type image/t",
        ),
        (FILES, {"converted": {"image/tiff": ""}}, "needs a reason for image/tiff"),
        (FILES, {"unused": {"hub_attachment": REASON}}, "has files, and unused says"),
        (STATED, {"unstated": {"currency": REASON}}, "depot states currency: remove it"),
        (UNSTATED, {"unstated": {"date": REASON}}, "unstated names date: it may name total"),
        (FROM_SOURCE, {"derived": {"due": REASON}}, "depot takes due from its source: remove it"),
        (FROM_SOURCE, {"derived": {"due": " "}}, "needs a reason for due"),
        (ORDERS, {"derived": {"order": REASON}}, "depot bills the orders that its source names"),
        (DERIVED, {"derived": {"owner": REASON}}, "derived names owner: it may name total"),
        (FROM_SOURCE, {"derived": {"tax": REASON}}, "depot takes tax from its source: remove it"),
        (UNUSED, {"unused": {"hub_file": REASON}}, "unused names hub_file: it may name"),
        (UNUSED, {"unused": {"hub_codes": ""}}, "needs a reason for hub_codes"),
        (ACCEPTED, {"change": None}, "say how a document changes at the stand-in"),
        (ACCEPTED, {"webhook": ("/nowhere", {"address": "{url}"})}, "refuses /nowhere"),
    ],
)
def test_a_reason_that_does_not_hold_is_refused(suite, test, options, words):
    with pytest.raises(FAILED, match=words):
        run(suite(**options), test)


def test_a_hook_that_the_plugin_does_not_have_is_not_said_to_be_unused(suite):
    lists = Defect(UNUSED, HOOKS, "@hookimpl\ndef hub_records", "def records", "")
    with pytest.raises(FAILED, match="the plugin of depot has no hub_records"):
        run(suite(lists, unused={"hub_records": REASON}), UNUSED)


def test_an_app_without_hub_subscribe_needs_the_form_in_which_a_person_enters_the_address(suite):
    person = Defect(
        ACCEPTED, HOOKS, "@hookimpl\ndef hub_subscribe", "def subscribe", "calls nobody"
    )
    with pytest.raises(FAILED, match=person.words):
        run(suite(person), ACCEPTED)
