"""Write the figures of docs/explanation/reputation.md and docs/images/reputation.svg; a test compares.

usage: python docs/build_reputation.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.reputation import (
    BEHAVIOURS,
    DAYS,
    RUNS,
    SHOWN,
    Lives,
    lives_of,
    sybil_days,
    veteran_after_frauds,
    veteran_days_back,
)

HERE = Path(__file__).parent
PAGE = HERE / "explanation" / "reputation.md"
PLOT = HERE / "images" / "reputation.svg"
BEGIN = "<!-- made by docs/build_reputation.py: do not edit -->\n"
END = "<!-- end of what docs/build_reputation.py makes -->\n"

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 420, 46, 16, 330, 40
COLOURS = ("#1b7837", "#7fbf7b", "#2166ac", "#67a9cf", "#b2182b", "#ef8a62", "#762a83", "#8c6d31", "#636363")


def files() -> dict[Path, str]:
    """Return each file's text as the rules make it."""
    lives = {name: lives_of(conduct) for name, conduct in BEHAVIOURS.items()}
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return {PAGE: f"{before}{BEGIN}{_tables(lives)}{END}{after}", PLOT: _plot(lives)}


def _tables(lives: dict[str, Lives]) -> str:
    lines = [
        f"\nMean score of {RUNS} lives, and below it the range of the middle nine in ten of them:\n",
        "| conduct | " + " | ".join(f"day {day}" for day in SHOWN) + " |",
        "|---|" + "---|" * len(SHOWN),
    ]
    for name, each in lives.items():
        cells = []
        for day in SHOWN:
            low, high = each.middle(day)
            cells.append(f"{each.mean(day):.2f}" + (f"<br>{low:.2f}–{high:.2f}" if high - low >= 0.005 else ""))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    scores, back = veteran_after_frauds(), [veteran_days_back(frauds) for frauds in range(1, 5)]
    lines += [
        "\nA veteran with all the credit there is, after frauds proven on one day:\n",
        "| frauds | score | days of one good upload each until it stands at .80 again |",
        "|---|---|---|",
        f"| 0 | {scores[0] / 10_000:.2f} | |",
        *(f"| {n} | {scores[n] / 10_000:.2f} | {back[n - 1]} |" for n in range(1, 5)),
        "\nA new key for which nothing goes wrong and that sends in as much as it likes:\n",
        "| score | .50 | .70 | .80 | .90 |",
        "|---|---|---|---|---|",
        "| first day | " + " | ".join(str(day) for day in sybil_days()) + " |",
    ]
    return "\n".join(lines) + "\n\n"


def _plot(lives: dict[str, Lives]) -> str:
    """Return the mean scores over a year as a drawing; its labels stand beside it, in the order of the last day."""
    right = WIDTH - RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="sans-serif" font-size="12">',
        "<title>Mean score over a year for nine kinds of conduct</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        lines.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for day in range(0, DAYS + 1, 60):
        lines.append(f'<text x="{_x(day):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{day}</text>')
    lines.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">day</text>')
    ranked = sorted(lives, key=lambda name: -lives[name].mean(DAYS))
    for place, name in enumerate(ranked):
        colour = COLOURS[list(lives).index(name)]
        points = " ".join(f"{_x(day):.1f},{_y(lives[name].mean(day)):.1f}" for day in range(0, DAYS + 1, 5))
        y = TOP + 14 + 22 * place
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        lines.append(f'<path d="M{right + 12} {y - 4}h18" stroke="{colour}" stroke-width="3"/>')
        lines.append(f'<text x="{right + 36}" y="{y}" font-size="11">{name}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _x(day: float) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * day / DAYS


def _y(score: float) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1 - score)


def main() -> int:
    """Write the files, or with ``--check`` say which differ; return the exit code."""
    made = files()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"docs/{path.relative_to(HERE)} is stale: run python docs/build_reputation.py\n")
        return 1 if stale else 0
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
