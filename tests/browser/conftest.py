"""The option by which the README's screenshot is taken anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screenshot",
        metavar="PHOTO",
        default=None,
        help="take docs/images/verify-page.png anew, of a copy of this photo",
    )
