"""The auditors' page is what the sources say."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.build_audit import PAGE, page

ROOT = Path(__file__).parent.parent


@pytest.mark.node
def test_the_auditors_page_is_what_the_sources_say() -> None:
    if not (ROOT / "node_modules" / "solc").is_dir():
        pytest.skip("the packages of package-lock.json are not installed: npm ci")
    assert PAGE.read_text(encoding="utf-8") == page(), "run python docs/build_audit.py"
