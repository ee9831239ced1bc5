"""The C2PA project's test files give the states that are documented for them, and nothing is fetched for any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import c2pa
import pytest

from registry.adapters.c2pa_reader import LIBRARY
from registry.media import Decoder
from registry.media.sniff import HEAD_BYTES, sniff
from registry.model import CredentialsState
from tests.unit.registry.adapters.test_c2pa_reader import NOW, listener
from tests.vectors.c2pa_fixtures import FOLDER, PREFIX, files, read, row, spec

VECTOR = json.loads((Path(__file__).parents[3] / "vectors" / "c2pa" / "fixtures.json").read_text())
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared folder of media is not beside the checkout"),
]

UNTRUSTED = "signingCredential.untrusted"
# Written by hand from what is documented: state and codes without anchors, then with the fixtures' own. The files'
# names say what is wrong with them: E a changed manifest, X changed bytes, I an ingredient, A an action, C a claim.
DOCUMENTED = {
    "C.jpg": (("VALID", [UNTRUSTED]), ("TRUSTED", [])),
    "CA.jpg": (("VALID", [UNTRUSTED]), ("TRUSTED", [])),
    "CACA.jpg": (("VALID", [UNTRUSTED]), ("TRUSTED", [])),
    "CIE-sig-CA.jpg": (("VALID", [UNTRUSTED]), ("TRUSTED", [])),
    "E-sig-CA.jpg": (("INVALID", [UNTRUSTED, "claimSignature.mismatch"]), ("INVALID", ["claimSignature.mismatch"])),
    "XCA.jpg": (("INVALID", [UNTRUSTED, "assertion.dataHash.mismatch"]), ("INVALID", ["assertion.dataHash.mismatch"])),
    "no_manifest.jpg": (("NONE", []), ("NONE", [])),
    "libpng-test_with_url.png": (("REMOTE", []), ("REMOTE", [])),
    "cloud.jpg": (("REMOTE", []), ("REMOTE", [])),
    "nested_moov_1000.mp4": (("UNREADABLE", ["credentials_unreadable"]), ("UNREADABLE", ["credentials_unreadable"])),
    "tiff_poc.tiff": (("UNREADABLE", ["credentials_unreadable"]), ("UNREADABLE", ["credentials_unreadable"])),
}
NAMES = sorted(VECTOR["files"])
REMOTE = {"libpng-test_with_url.png": "http://localhost:5000/", "cloud.jpg": "https://cai-manifests.adobe.com/"}


def fixture(name: str) -> Path:
    return FOLDER / f"{PREFIX}{name}"


@pytest.fixture(scope="module", params=[False, True], ids=["no anchors", "test anchors"])
def trusting(request: pytest.FixtureRequest) -> Iterator[tuple[bool, Decoder]]:
    with Decoder(credentials_reader=spec(trusting=request.param)) as decoder:
        yield request.param, decoder


def test_the_vector_has_every_file_and_is_this_librarys() -> None:
    assert VECTOR["library"] == LIBRARY
    assert [path.name.removeprefix(PREFIX) for path in files()] == NAMES


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_a_documented_state_is_what_we_read(name: str) -> None:
    found = [read(fixture(name), trusting=trusting) for trusting in (False, True)]
    assert [(each.state.value, list(each.codes)) for each in found] == list(DOCUMENTED[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_file_reads_as_the_vector_has_it(name: str) -> None:
    found = {
        "no_anchors": row(read(fixture(name), trusting=False)),
        "test_anchors": row(read(fixture(name), trusting=True)),
    }
    assert found == VECTOR["files"][name]


@pytest.mark.parametrize("name", NAMES)
def test_the_sandbox_reads_what_the_library_reads(name: str, trusting: tuple[bool, Decoder]) -> None:
    trusts, decoder = trusting
    path = fixture(name)
    found = decoder.credentials(path)
    assert found is not None
    if sniff(path.read_bytes()[:HEAD_BYTES]) is None:  # a kind of file that nobody can register
        assert found.state is CredentialsState.UNREADABLE
    else:
        assert found == read(path, trusting=trusts)


def test_a_broken_ingredient_shows_in_a_file_that_is_trusted_and_costs_the_level() -> None:
    for name, depth, code in (
        ("CIE-sig-CA.jpg", 1, "claimSignature.mismatch"),
        ("CACAE-uri-CA.jpg", 2, "assertion.hashedURI.mismatch"),
    ):
        found = read(fixture(name), trusting=True)
        assert (found.state, found.codes) == (CredentialsState.TRUSTED, ()), name
        assert [(part.depth, part.codes) for part in found.ingredients if part.codes] == [(depth, (code,))], name
        assert not found.earns_level(NOW), name


def test_only_whole_chains_by_trusted_signers_earn_the_level() -> None:
    earning = [path.name.removeprefix(PREFIX) for path in files() if read(path, trusting=True).earns_level(NOW)]
    assert earning == ["C.jpg", "CA.jpg", "CACA.jpg"]
    assert not any(read(path, trusting=False).earns_level(NOW) for path in files())


@pytest.mark.parametrize("name", sorted(REMOTE))
def test_no_address_in_a_fixture_is_asked(name: str, trusting: tuple[bool, Decoder], tmp_path: Path) -> None:
    """The fixture's own address is replaced by a listener's of the same length, which hears nobody."""
    _, decoder = trusting
    before = (fixture(name)).read_bytes()
    with listener() as (port, heard):
        here = f"http://127.0.0.1:{port}/".encode()
        theirs = REMOTE[name].encode()
        start = before.index(theirs)
        size = next(at for at in range(start, len(before)) if before[at] in b'"<') - start
        copy = tmp_path / name
        copy.write_bytes(before.replace(before[start : start + size], here.ljust(size, b"x")))
        found = decoder.credentials(copy)
        assert heard == []
        assert found is not None
        assert found.state is CredentialsState.REMOTE
        assert (found.remote_url or "").startswith(here.decode())
        # The same bytes, read with the library's own default, do reach out: the listener would have heard.
        with (
            copy.open("rb") as stream,
            c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": True}}) as context,
            pytest.raises(c2pa.C2paError),
        ):
            c2pa.Reader({"jpg": "image/jpeg", "png": "image/png"}[name[-3:]], stream, context=context)
        assert heard


def test_hostile_files_cost_no_time(trusting: tuple[bool, Decoder]) -> None:
    _, decoder = trusting
    for name in ("nested_moov_1000.mp4", "tiff_poc.tiff"):
        found = decoder.credentials(fixture(name))
        assert found is not None
        assert found.state is CredentialsState.UNREADABLE
        assert "killed" not in (found.detail or "")
