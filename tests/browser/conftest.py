"""A real Chromium on a real server, both on loopback."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screenshot", action="store_true", help="take docs/images/verify-page.png anew, from the browser test"
    )
