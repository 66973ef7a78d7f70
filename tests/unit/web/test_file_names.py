"""Names of files in headers: of a download, an upload and a mail."""

import pytest

from hub.notifications import mail
from hub.payloads.multipart import encode_multipart
from hub.web.lists import exports

NAMES = (
    "a.csv\r\nX-Injected: 1",
    "a.csv\nX-Injected: 1",
    'a.csv"; filename="b.exe',
    "a.csv; filename*=UTF-8''b.exe",
    "a\x00\x0b\x0c\x85\u2028.csv",
    "..\\\\..\\\\a.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_download_is_one_plain_word(name):
    header = exports.build_download(name, b"", "text/csv").headers["Content-Disposition"]
    kind, _, parameter = header.partition("; ")
    assert kind == "attachment"
    assert parameter.startswith("filename=")
    assert (
        parameter.removeprefix("filename=")
        .replace("_", "")
        .replace(".", "")
        .replace("-", "")
        .isalnum()
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_an_upload_ends_neither_its_line_nor_its_quotation(name):
    body = encode_multipart("b", b"{}", b"content", name, "text/csv").decode()
    [line] = [line for line in body.splitlines() if "file_content_01" in line]
    assert line.count('"') == 4
    assert "\\" not in line
    lines = [line for line in body.splitlines() if ":" in line]
    assert [line.partition(":")[0] for line in lines] == ["Content-Disposition", "Content-Type"] * 2


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\u2028"])
def test_no_header_of_a_mail_has_a_second_line(app, end):
    address = f"kari@example.com{end}Bcc: mallory@example.com"
    message = mail._build_message(
        "hub@example.com", [address], f"News{end}Bcc: mallory@example.com", "Text", []
    )
    assert "Bcc" not in message
    headers = message.as_string().partition("\n\n")[0]
    assert not [line for line in headers.splitlines() if line.startswith("Bcc")]
