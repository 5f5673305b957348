"""`python -m benchmarks [--quick] [--json FILE]`: our figures beside those of peers of the same run.

Exits 0 whatever the figures are: they are for reading, not tests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.measure import Command, MeasuringError, Series, by_turns, megabytes, seconds, table

HERE = Path(__file__).parent
ROOT = HERE.parent
DATA = HERE / "data"
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
AS_OF = "2026-11-24"
HEAVY = ("yaml", "jsonschema", "rich")

LOAD_COMPILED = """
import time
from pathlib import Path
from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.catalog.compiled import decode
start = time.perf_counter()
Catalog(decode(Path({path!r}).read_bytes()))
print(time.perf_counter() - start)
"""
"""What an installed wheel does at start; imports are not counted."""

COMPILE_RULES = """
import time
from pathlib import Path
from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.catalog.source import compile_rules
start = time.perf_counter()
Catalog(compile_rules(Path({path!r})))
print(time.perf_counter() - start)
"""
WRITE_COMPILED = """
from pathlib import Path
from sovereign_guard.catalog.compiled import encode
from sovereign_guard.catalog.source import compile_rules
Path({path!r}).write_bytes(encode(compile_rules(Path({rules!r}))))
"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        met: whether the target is met, None where there is none or nothing was measured.
        samples: everything measured, for --json.

    """

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool | None
    samples: dict[str, Any]

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        met = {True: "met", False: "NOT MET", None: "-"}[self.met]
        return (self.what, self.ours, self.peer, self.ratio, self.target, met)


@dataclass(frozen=True)
class Bench:
    """What all measurements share: sizes, rounds, and a folder for what is written."""

    quick: bool
    folder: Path

    @property
    def large(self) -> int:
        """Resources of the large plan."""
        return 10_000 if self.quick else 100_000

    @property
    def rounds_large(self) -> int:
        """Rounds over the large plan."""
        return 3 if self.quick else 5

    @property
    def rounds_checkov(self) -> int:
        """Rounds beside checkov."""
        return 1 if self.quick else 3

    @property
    def rounds_small(self) -> int:
        """Rounds of what takes a fraction of a second."""
        return 3 if self.quick else 10

    def verdict(self, met: bool) -> bool | None:  # noqa: FBT001 - what is passed on
        """Return whether a target that is meant for the large plan is met; None for a smaller one."""
        return None if self.quick else met

    def scan(self, plan: Path) -> Command:
        """Scan a plan and write the whole JSON report to a file."""
        report = str(self.folder / f"report-{plan.stem}.json")
        return ours("scan", str(plan), "--as-of", AS_OF, "--format", "json", "--output", report)


def ours(*arguments: str) -> Command:
    """Our command, as installed here."""
    return Command((sys.executable, "-m", "sovereign_guard", *arguments), accept=(0, 1))


def python(code: str, *, reports: bool = False) -> Command:
    """Run a few lines of Python; `reports`: they time themselves."""
    return Command((sys.executable, "-c", code), reports=reports)


# -- plans -------------------------------------------------------------------------------------------------


def plan_of(number: int) -> Path:
    """Return a plan of so many resources, made once by another process for each version of the generator."""
    generator = HERE / "plans.py"
    version = hashlib.sha256(generator.read_bytes()).hexdigest()[:10]
    path = DATA / f"plan-{number}-{version}.json"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        for old in DATA.glob(f"plan-{number}-*"):
            old.unlink()
        note(f"making {path.relative_to(ROOT)}")
        unfinished = path.with_suffix(".unfinished")
        subprocess.run([sys.executable, str(generator), str(unfinished), str(number)], check=True)
        unfinished.replace(path)
    return path


# -- measurements ------------------------------------------------------------------------------------------


def large_plan(bench: Bench) -> Iterator[Row]:
    """Measure time and memory of a large plan beside orjson, and how the time grows with the plan."""
    plan, tenth = plan_of(bench.large), plan_of(bench.large // 10)
    size = plan.stat().st_size
    found = by_turns(
        {
            "ours": bench.scan(plan),
            "orjson": python(f"import orjson; orjson.loads(open({str(plan)!r},'rb').read())"),
            "tenth": bench.scan(tenth),
        },
        bench.rounds_large,
        bench.folder,
    )
    mine, peer, small = found["ours"], found["orjson"], found["tenth"]
    what = f"plan of {bench.large:,} ({size / 1e6:.0f} MB)"
    yield Row(
        f"{what}: time",
        seconds(mine),
        f"orjson {seconds(peer)}",
        f"{mine.time / peer.time:.2f} x",
        "at most 0.3 x",
        bench.verdict(mine.time <= 0.3 * peer.time),
        samples(found),
    )
    yield Row(
        f"{what}: peak memory",
        megabytes(mine),
        f"orjson {megabytes(peer)}",
        f"{mine.peak / size:.2f} x file, {mine.peak / peer.peak:.2f} x orjson",
        "at most 2.5 x file",
        bench.verdict(mine.peak <= 2.5 * size),
        {**samples(found), "file_bytes": size},
    )
    yield Row(
        f"plan of {bench.large:,}: growth",
        seconds(mine),
        f"plan of {bench.large // 10:,} {seconds(small)}",
        f"{mine.time / small.time:.1f} x",
        "at most 11 x",
        bench.verdict(mine.time <= 11 * small.time),
        samples(found),
    )


def beside_checkov(bench: Bench) -> Iterator[Row]:
    """Measure the whole scan beside checkov with a single check, on the same plan."""
    what, target = "plan of 1,000: time", "at least 50 x faster"
    if not CHECKOV.exists():
        yield skipped(what, target, f"no {CHECKOV.relative_to(ROOT)}: make bench installs it")
        return
    plan = plan_of(1_000)
    checkov = Command(
        (
            str(CHECKOV),
            *("-c", "CKV_AWS_18", "--framework", "terraform_plan", "--skip-download", "--compact"),
            *("-f", str(plan)),
        ),
        accept=(0, 1),
        prints="(Passed|Failed) checks: [1-9]",
    )
    found = by_turns({"ours": bench.scan(plan), "checkov": checkov}, bench.rounds_checkov, bench.folder)
    mine, peer = found["ours"], found["checkov"]
    yield Row(
        what,
        seconds(mine),
        f"checkov {seconds(peer)}",
        f"{peer.time / mine.time:.0f} x faster",
        target,
        peer.time >= 50 * mine.time,
        samples(found),
    )


def start_up(bench: Bench) -> Iterator[Row]:
    """Measure what a user waits for before any work is done, beside the bare interpreter."""
    plan = plan_of(1)
    found = by_turns(
        {"version": ours("--version"), "one": bench.scan(plan), "python": python("pass")},
        bench.rounds_small,
        bench.folder,
    )
    bare = found["python"]
    for what, name, limit in (("--version", "version", 0.12), ("plan of 1: time", "one", 0.2)):
        mine = found[name]
        yield Row(
            what,
            seconds(mine),
            f"python -c pass {seconds(bare)}",
            f"{mine.time / bare.time:.1f} x",
            f"at most {limit} s",
            mine.time <= limit,
            samples(found),
        )


def catalog_load(bench: Bench) -> Iterator[Row]:
    """Measure loading the compiled catalog, beside compiling it from its YAML files."""
    path, rules = bench.folder / "catalog.msgpack", ROOT / "rules"
    code = WRITE_COMPILED.format(path=str(path), rules=str(rules))
    subprocess.run([sys.executable, "-c", code], check=True)
    load = python(LOAD_COMPILED.format(path=str(path)), reports=True)
    build = python(COMPILE_RULES.format(path=str(rules)), reports=True)
    # A build takes seconds, a load milliseconds: few of the one are enough.
    found = by_turns({"ours": load, "yaml": build}, 1 if bench.quick else 3, bench.folder)
    more = by_turns({"ours": load}, bench.rounds_small, bench.folder)["ours"]
    found["ours"] = Series(found["ours"].seconds + more.seconds, found["ours"].peaks + more.peaks)
    mine, peer = found["ours"], found["yaml"]
    yield Row(
        f"catalog load, compiled, {path.stat().st_size / 1e6:.1f} MB",
        seconds(mine),
        f"from YAML {seconds(peer)}",
        f"{mine.time / peer.time:.4f} x",
        "at most 20 ms",
        mine.time <= 0.02,
        samples(found),
    )


def imports(bench: Bench) -> Iterator[Row]:
    """Tell which heavy libraries a scan of a plan imports."""
    for output_format in ("json", "text"):
        scan = ours("scan", str(plan_of(1)), "--as-of", AS_OF, "--format", output_format).arguments
        done = subprocess.run(
            [scan[0], "-X", "importtime", *scan[1:]], capture_output=True, check=False, cwd=bench.folder
        )
        told = done.stderr.decode(errors="replace").splitlines()
        names = {line.rpartition("|")[2].strip() for line in told if line.startswith("import time:")}
        if done.returncode not in (0, 1) or "msgspec" not in names:
            raise MeasuringError((told or ["nothing"])[-1])
        found = sorted({name.partition(".")[0] for name in names} & set(HEAVY))
        yield Row(
            f"imports of a scan, --format {output_format}",
            ", ".join(found) or f"none of them ({len(names)} modules)",
            "-",
            "-",
            f"none of {', '.join(HEAVY)}",
            not found,
            {"heavy": found, "modules": len(names)},
        )


MEASUREMENTS: tuple[tuple[str, Callable[[Bench], Iterator[Row]]], ...] = (
    ("large plan", large_plan),
    ("checkov", beside_checkov),
    ("start-up", start_up),
    ("catalog", catalog_load),
    ("imports", imports),
)


# -- telling -----------------------------------------------------------------------------------------------


def samples(found: dict[str, Series]) -> dict[str, Any]:
    """Return everything measured, as plain values."""
    return {name: {"seconds": series.seconds, "peak_bytes": series.peaks} for name, series in found.items()}


def skipped(what: str, target: str, why: str) -> Row:
    """Make a line without figures."""
    return Row(what, "not measured", why, "-", target, None, {})


def note(text: str) -> None:
    """Tell how far it is, apart from the table."""
    print(f"benchmarks: {text}", file=sys.stderr, flush=True)


def how(bench: Bench) -> str:
    """Tell how the figures were taken."""
    rounds = (
        f"{bench.rounds_large} for the large plan, {bench.rounds_checkov} beside checkov, "
        f"{bench.rounds_small} for the rest"
    )
    lines = [
        "Times are of whole processes, from start to exit: median (least-most). Memory is the peak resident",
        "size that the system reports for the process. The commands of a line ran by turns (A B A B), after",
        f"a round that is not counted. Rounds: {rounds}.",
        "",
        "ours            python -m sovereign_guard scan PLAN --format json --output FILE, default policy",
        "orjson          python -c \"import orjson; orjson.loads(open(F,'rb').read())\", the same plan;",
        f"                version {version_of('orjson')}; it makes Python objects and judges nothing",
        "checkov         checkov -c CKV_AWS_18 --framework terraform_plan --skip-download --compact -f PLAN,",
        f"                the same plan, one check; version {checkov_version()}, in its own environment",
        "python -c pass  the interpreter alone, so what is above it is ours",
        "from YAML       parsing and validating all of rules/, as building a wheel does; both figures are",
        "                times inside the process, without imports",
    ]
    if bench.quick:
        lines.append(
            "\n--quick: a tenth of the size and few rounds; targets of the large plan are not judged."
        )
    return "\n".join(lines)


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def checkov_version() -> str:
    """Return the version of checkov in its own environment."""
    found = sorted(CHECKOV.parent.parent.glob("lib/python*/site-packages/checkov-*.dist-info"))
    return found[0].name.removeprefix("checkov-").removesuffix(".dist-info") if found else "not installed"


def machine() -> str:
    """Tell what it runs on, in a line."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f} at the start"
    )


def main() -> None:
    """Measure, print the table, and write the samples where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller plans and fewer rounds")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every sample there as well")
    options = parser.parse_args()
    ran_on = machine()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.quick, Path(folder))
        for name, measurement in MEASUREMENTS:
            note(name)
            try:
                rows.extend(measurement(bench))
            except (MeasuringError, OSError, subprocess.CalledProcessError) as error:
                rows.append(skipped(name, "-", f"{error}"))
    heading = ("what", "ours", "peer", "ratio", "target", "")
    print(f"sovereign-guard {version_of('sovereign-guard')}, {ran_on}\n")
    print(table([heading, *(row.cells for row in rows)]))
    print(f"\n{how(bench)}")
    if options.json:
        document = {
            "taken": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": ran_on,
            "quick": options.quick,
            "rows": [
                {
                    "what": row.what,
                    "ours": row.ours,
                    "peer": row.peer,
                    "ratio": row.ratio,
                    "target": row.target,
                    "met": row.met,
                    "samples": row.samples,
                }
                for row in rows
            ],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
