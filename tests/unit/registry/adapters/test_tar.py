"""Plain tar: what any `tar` opens, and what an enemy may hand in."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.tar import copy_member, members, unsafe, write_end, write_member
from registry.errors import BackupDamagedError, BackupError

NAMES = ["../up", "/etc/passwd", "a/../b", "a//b", "./a", "", ".", "..", "a\\b", "a\nb", "a\0b", "a/", "x" * 101]


def archive_of(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    for name, content in files.items():
        write_member(out, name, io.BytesIO(content), len(content), written_at=0)
    write_end(out)
    return out


def entry(kind: bytes, **fields: object) -> io.BytesIO:
    """Return an archive of one entry of another kind."""
    info = tarfile.TarInfo("home/x")
    info.type = kind
    for name, value in fields.items():
        setattr(info, name, value)
    return io.BytesIO(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict") + bytes(1024))


@given(
    st.dictionaries(st.from_regex(r"[a-zé]{1,9}(/[a-z.]{3,9}x)?", fullmatch=True), st.binary(max_size=1500), max_size=4)
)
def test_what_is_written_is_read_back_and_any_tar_opens_it(files: dict[str, bytes]) -> None:
    archive = archive_of(files)
    found = {}
    for member in members(archive):
        out = io.BytesIO()
        assert copy_member(archive, member, out) == hashlib.sha256(files[member.name]).hexdigest()
        found[member.name] = out.getvalue()
    assert found == files
    archive.seek(0)
    with tarfile.open(fileobj=archive) as known:
        assert {info.name: known.extractfile(info).read() for info in known} == files  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_may_lead_elsewhere_is_neither_written_nor_read(name: str) -> None:
    assert unsafe(name)
    with pytest.raises(BackupError, match="expected a"):
        write_member(io.BytesIO(), name, io.BytesIO(), 0, written_at=0)
    if "\0" not in name:  # in a header, that ends the name
        with pytest.raises(BackupDamagedError):
            list(members(entry(tarfile.REGTYPE, name=name)))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        tarfile.GNUTYPE_SPARSE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.AREGTYPE,
        tarfile.CONTTYPE,
    ],
)
def test_anything_but_a_plain_file_is_refused(kind: bytes) -> None:
    with pytest.raises(BackupDamagedError, match="expected a plain file"):
        list(members(entry(kind, linkname="/etc/passwd")))


@pytest.mark.parametrize("size", [1 << 62, 4096, -1])
def test_a_file_larger_than_the_archive_or_less_than_nothing_is_refused(size: int) -> None:
    with pytest.raises(BackupDamagedError, match="the archive ends before"):
        list(members(entry(tarfile.REGTYPE, size=size)))


def test_an_archive_cut_anywhere_before_its_end_is_refused() -> None:
    whole = archive_of({"a": b"x" * 700, "b": b"y"}).getvalue()
    names = [member.name for member in members(io.BytesIO(whole))]
    assert names == ["a", "b"]
    for length in range(0, len(whole) - 1024, 100):
        with pytest.raises(BackupDamagedError):
            list(members(io.BytesIO(whole[:length])))


def test_a_source_that_ends_early_is_told() -> None:
    with pytest.raises(BackupError, match="3 bytes shorter"):
        write_member(io.BytesIO(), "a", io.BytesIO(b"12"), 5, written_at=0)
