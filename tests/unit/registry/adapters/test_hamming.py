from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.adapters.hamming import CHUNK_ROWS, HammingIndex
from registry.errors import SimilarityIndexError
from registry.model import PDQ256, Digest, Fingerprint, MediaKind, PerceptualHash

ROOT = Path(__file__).parents[4]


def numbered(number: int) -> Fingerprint:
    bits = random.Random(number).randbytes(32)
    return Fingerprint(1, MediaKind.IMAGE, Digest.of_bytes(str(number).encode()), (PerceptualHash(PDQ256, bits, 99),))


def found(index: HammingIndex, number: int) -> bool:
    hits = index.nearest(numbered(number).hashes, radius_bits=0)
    return [hit.digest for hit in hits] == [numbered(number).digest]


@pytest.fixture
def filled(tmp_path: Path) -> HammingIndex:
    index = HammingIndex(tmp_path)
    for number in range(5):
        index.add(numbered(number))
    return index


def test_a_tail_that_was_never_committed_is_ignored_and_overwritten(filled: HammingIndex, tmp_path: Path) -> None:
    for path in tmp_path.iterdir():
        if path.name not in {"header", "lock"}:
            with path.open("ab") as stream:
                stream.write(b"\xee" * 45)
    again = HammingIndex(tmp_path)
    assert len(again.digests()) == 5
    assert all(found(again, number) for number in range(5))
    again.add(numbered(5))
    assert all(found(each, number) for each in (again, filled, HammingIndex(tmp_path)) for number in range(6))


def test_an_add_that_stops_before_its_commit_leaves_the_index_as_it_was(
    filled: HammingIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_arguments: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", power_cut)
        with pytest.raises(SimilarityIndexError, match="power cut"):
            filled.add(numbered(5))
    assert numbered(5).digest not in filled.digests()
    assert not found(HammingIndex(tmp_path), 5)
    filled.add(numbered(5))
    assert all(found(HammingIndex(tmp_path), number) for number in range(6))


def test_a_flipped_bit_in_the_header_is_an_error_until_the_index_is_cleared(
    filled: HammingIndex, tmp_path: Path
) -> None:
    header = tmp_path / "header"
    damaged = bytearray(header.read_bytes())
    damaged[-3] ^= 1
    header.write_bytes(damaged)
    for index in (filled, HammingIndex(tmp_path)):
        with pytest.raises(SimilarityIndexError, match="checksum"):
            index.nearest(numbered(1).hashes, radius_bits=0)
        with pytest.raises(SimilarityIndexError, match="checksum"):
            index.add(numbered(9))
    filled.clear()
    filled.add(numbered(9))
    assert HammingIndex(tmp_path).digests() == {numbered(9).digest}


@pytest.mark.parametrize("suffix", ["codes", "rows", ""])
def test_a_file_that_lost_its_end_is_an_error(filled: HammingIndex, tmp_path: Path, suffix: str) -> None:
    names = [path for path in tmp_path.iterdir() if path.suffix == (f".{suffix}" if suffix else "")]
    path = next(path for path in names if path.name.startswith((PDQ256, "digests")))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SimilarityIndexError, match="rebuild"):
        HammingIndex(tmp_path).digests()


def test_an_index_of_another_schema_is_an_error(filled: HammingIndex, tmp_path: Path) -> None:
    header = tmp_path / "header"
    body = header.read_bytes().split(b"\n", 1)[1].replace(b'"schema_version": 1', b'"schema_version": 2')
    header.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    with pytest.raises(SimilarityIndexError, match="schema 1"):
        filled.digests()


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SimilarityIndexError):
        HammingIndex(tmp_path / "file" / "index")


def test_codes_beyond_the_first_chunk_are_found(tmp_path: Path) -> None:
    rng = random.Random(3)
    hashes = tuple(PerceptualHash(PDQ256, rng.randbytes(32), 99, float(at)) for at in range(2 * CHUNK_ROWS + 3))
    index = HammingIndex(tmp_path)
    index.add(Fingerprint(1, MediaKind.VIDEO, Digest(bytes(32)), hashes))
    for at in (0, CHUNK_ROWS - 1, CHUNK_ROWS, 2 * CHUNK_ROWS + 2):
        assert [hit.stored_t_s for hit in index.nearest([hashes[at]], radius_bits=31)] == [float(at)]


def test_a_query_during_a_clear_keeps_what_it_began_with(filled: HammingIndex, tmp_path: Path) -> None:
    held = filled._files.codes(filled._files.header(), PDQ256)
    filled.digests()
    HammingIndex(tmp_path).clear()
    assert held[0].any()
    assert filled.digests() == frozenset()


def test_a_clear_between_header_and_files_is_caught_up_with(filled: HammingIndex, tmp_path: Path) -> None:
    reader = HammingIndex(tmp_path)
    headers = [filled._files.header()]
    filled.clear()
    filled.add(numbered(7))
    committed = reader._files.header
    reader._files.header = lambda: headers.pop() if headers else committed()  # type: ignore[method-assign]
    assert found(reader, 7)


def test_processes_and_threads_append_to_one_directory(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from registry.adapters.hamming import HammingIndex\n"
        "from tests.unit.registry.adapters.test_hamming import numbered\n"
        "index = HammingIndex(Path(sys.argv[1]))\n"
        "for number in range(int(sys.argv[2]), 60, 3): index.add(numbered(number))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(start)], cwd=ROOT) for start in (0, 1)
    ]
    index = HammingIndex(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: index.add(numbered(number)), range(2, 60, 3)))
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(index.digests()) == 60
    assert all(found(index, number) for number in range(60))
