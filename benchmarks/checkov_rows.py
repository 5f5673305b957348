"""What our checks add to a run of Checkov with all of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Command, by_turns, seconds
from benchmarks.plan_rows import plan_of
from benchmarks.shared import CHECKOV, ROOT, Bench, Row, samples, skipped
from benchmarks.source_rows import source_of

CHECKS = ROOT / "sovereign_guard" / "checkov_checks"
TARGET = "at most 10 % more"


def overhead(bench: Bench) -> Iterator[Row]:
    """Measure Checkov with all of its checks, by itself and with ours beside them."""
    if not CHECKOV.exists():
        yield skipped(
            "our checks in checkov", TARGET, f"no {CHECKOV.relative_to(ROOT)}: make bench installs it"
        )
        return
    source = source_of("thousand").folder
    for what, framework, flag, path in (
        ("source of 1,000", "terraform", "-d", source),
        ("plan of 1,000", "terraform_plan", "-f", plan_of(1_000)),
    ):
        alone = _checkov(framework, flag, path)
        checks = ("--external-checks-dir", str(CHECKS))
        both = _checkov(framework, flag, path, *checks, prints="CKV_SOV_1:")
        found = by_turns({"alone": alone, "with ours": both}, bench.rounds_checkov, bench.folder)
        mine, peer = found["with ours"], found["alone"]
        more = mine.time / peer.time - 1
        yield Row(
            f"our checks in checkov, {what}: time",
            seconds(mine),
            f"without {seconds(peer)}",
            f"{more:+.1%}",
            TARGET,
            more <= 0.1,
            samples(found),
        )


def _checkov(
    framework: str, flag: str, path: Path, *more: str, prints: str = r"Passed checks: [1-9]"
) -> Command:
    return Command(
        (
            str(CHECKOV),
            "--framework",
            framework,
            "--skip-download",
            "--compact",
            "--quiet",
            flag,
            str(path),
            *more,
        ),
        accept=(0, 1),
        prints=prints,
    )
