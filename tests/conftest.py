"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: a shared machine may take ten times as long, and that is no counter-example.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
