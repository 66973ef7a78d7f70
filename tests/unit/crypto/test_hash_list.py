"""Hashes are found in a sorted file, whatever their place and the length of the lines."""

import hashlib
from pathlib import Path

import pytest

from hub.crypto.hash_list import HashList


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


def write(path: Path, lines: list[str], ending: str = "\r\n") -> HashList:
    path.write_bytes(ending.join([*lines, ""]).encode())
    return HashList(path)


@pytest.mark.parametrize("count", [1, 2, 3, 64, 500])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_hash_of_the_file_is_found_and_no_other(
    tmp_path: Path, count: int, ending: str
) -> None:
    words = [f"word {number}" for number in range(count)]
    lines = [f"{sha1(word)}:{7 ** (number % 9)}" for number, word in enumerate(words)]
    hashes = write(tmp_path / "hashes.txt", sorted(lines), ending)
    hashes.check()
    assert all(hashes.contains(sha1(word)) for word in words)
    assert hashes.contains(sha1(words[0]).lower())
    assert not any(hashes.contains(sha1(f"another {number}")) for number in range(count))
    assert not hashes.contains("0" * 40)
    assert not hashes.contains("F" * 40)


def test_lines_may_be_hashes_alone_and_the_last_may_have_no_end(tmp_path: Path) -> None:
    path = tmp_path / "hashes.txt"
    path.write_text("\n".join(sorted(sha1(word).lower() for word in "abcde")))
    HashList(path).check()
    assert all(HashList(path).contains(sha1(word)) for word in "abcde")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "no list of SHA-1 hashes"),
        (["password"], "no list of SHA-1 hashes"),
        (["0" * 32 + ":1"], "no list of SHA-1 hashes"),
        (sorted((sha1(str(number)) for number in range(200)), reverse=True), "not sorted"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        write(tmp_path / "hashes.txt", lines).check()
