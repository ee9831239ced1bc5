"""The documents can be trusted: the tutorial runs as printed, and what they name exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from api.cli.commands import app
from docs.build_reference import pages

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
ENDS = re.compile(r"^(?P<command>.*?)\s+# ends (?P<code>\d)$")
NAMED = re.compile(r"\btouchstone ((?:[a-z]+ ?)+)(.*)")


def script_of(page: Path) -> str:
    """Return a page's sh blocks as one script in which every command must end as the page says."""
    lines = ["set -euo pipefail"]
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.splitlines():
            if ends := ENDS.match(line):
                command, code = ends["command"], ends["code"]
                lines.append(
                    f"code=0; {command} || code=$?; [ $code = {code} ] || {{ echo '{line}:' $code; exit 99; }}"
                )
            else:
                lines.append(line)
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=[page.stem for page in TUTORIALS])
def test_a_tutorial_runs_as_printed(page: Path, tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, words in (("touchstone", f"{sys.executable} -m api.cli"), ("python", sys.executable)):
        (commands / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (commands / name).chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    environment |= {"PATH": f"{commands}:{environment['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script_of(page)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_every_command_and_option_named_in_the_documents_exists() -> None:
    root = typer.main.get_command(app)
    named = 0
    for page in PAGES:
        for line in page.read_text().splitlines():
            for found in NAMED.finditer(line.split("`touchstone`")[-1]) if "touchstone " in line else ():
                command = _command(root, found[1].split())
                if command is None:
                    continue
                named += 1
                known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
                for option in re.findall(r"(?<![\w-])--[a-z-]+", found[2].split("`")[0]):
                    assert option in known, f"{page.name}: {line.strip()}"
    assert named > 20


def _command(root: object, words: list[str]) -> TyperCommand | None:
    command = root
    for word in words:
        if not isinstance(command, TyperGroup):
            break
        command = command.commands.get(word)
    return command if isinstance(command, TyperCommand) else None


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text() == pages()[name], "run python docs/build_reference.py"


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|<)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_every_setting_is_documented_with_its_meaning() -> None:
    from api.settings import Settings

    assert all(field.description for field in Settings.model_fields.values())
