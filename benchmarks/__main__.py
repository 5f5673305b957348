"""`python -m benchmarks [--quick] [--json FILE]`: our figures beside those of peers of the same run.

Exits 0 whatever the figures are: they are for reading, not tests.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks import checkov_rows, page_rows, plan_rows, source_rows
from benchmarks.measure import MeasuringError, table
from benchmarks.shared import C7N_LEFT, CHECKOV, Bench, Row, note, processors, skipped

MEASUREMENTS: tuple[tuple[str, Callable[[Bench], Iterator[Row]]], ...] = (
    ("large plan", plan_rows.large_plan),
    ("flows", plan_rows.flows),
    ("page", page_rows.page),
    ("checkov", plan_rows.beside_checkov),
    ("our checks in checkov", checkov_rows.overhead),
    ("source beside checkov", source_rows.beside_checkov),
    ("source beside c7n-left", source_rows.beside_c7n_left),
    ("large source", source_rows.large_source),
    ("one changed file", source_rows.changed_file),
    ("start-up", plan_rows.start_up),
    ("start-up of source", source_rows.start_up),
    ("catalog", plan_rows.catalog_load),
    ("imports", plan_rows.imports),
)


def how(bench: Bench) -> str:
    """Tell how the figures were taken."""
    rounds = (
        f"{bench.rounds_large} for the large plan and the changed file,\n"
        f"{bench.rounds_checkov} beside checkov and c7n-left, {bench.rounds_source} for the large source, "
        f"{bench.rounds_small} for the rest"
    )
    checkov, c7n_left = version_in(CHECKOV, "checkov"), version_in(C7N_LEFT, "c7n_left")
    lines = [
        "Times are of whole processes, from start to exit: median (least-most). Memory is the peak resident",
        "size that the system reports for the process. The commands of a line ran by turns (A B A B), after",
        f"a round that is not counted. Rounds: {rounds}.",
        "",
        "ours            python -m sovereign_guard scan PATH --format json --output FILE, default policy;",
        "                of source, with --no-cache (but for the changed file and start-up), and the report",
        "                must hold exactly the resources that Terraform would plan",
        "no edges        a plan of the same size whose settings have names that lead nowhere",
        "orjson          python -c \"import orjson; orjson.loads(open(F,'rb').read())\", the same plan;",
        f"                version {version_of('orjson')}; it makes Python objects and judges nothing",
        "checkov         checkov -c CKV_AWS_18 --framework terraform_plan --skip-download --compact -f PLAN,",
        "                or --framework terraform and -d FOLDER, the same plan or folder, one check;",
        f"                version {checkov}, in its own environment",
        "c7n-left        c7n-left run -p POLICIES -d FOLDER -o json, the same folder, one policy which asks",
        f"                what checkov's check asks; version {c7n_left}, in its own environment",
        "tree-sitter     parsing the same files with tree-sitter-hcl, one process; it judges nothing",
        "1 changed       the round not counted fills the cache; before each run a value of another file is",
        "                changed. Cold: the same folder with --no-cache",
        "source of MB    ours may use two processors; its memory is that of all its processes together,",
        "                looked at ten times a second, pages that they share counted once for each",
        "page            --format html; a tab of headless Chromium opened anew each round, until its table",
        "                can be filtered",
        "python -c pass  the interpreter alone, so what is above it is ours",
        "from YAML       parsing and validating all of rules/, as building a wheel does; both figures are",
        "                times inside the process, without imports",
    ]
    if bench.quick:
        lines.append(
            "\n--quick: a tenth of the size and few rounds; targets of the large plan, the large source and\n"
            "the changed file are not judged."
        )
    return "\n".join(lines)


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def version_in(command: Path, package: str) -> str:
    """Return the version of a package in the environment that a command is of."""
    found = sorted(command.parent.parent.glob(f"lib/python*/site-packages/{package}-*.dist-info"))
    return found[0].name.removeprefix(f"{package}-").removesuffix(".dist-info") if found else "not installed"


def machine() -> str:
    """Tell what it runs on, in a line."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{processors()} processors, load {os.getloadavg()[0]:.1f} at the start"
    )


def main() -> None:
    """Measure, print the table, and write the samples where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller plans and sources, fewer rounds")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every sample there as well")
    parser.add_argument("--only", metavar="TEXT", default="", help="only those with this in their name")
    options = parser.parse_args()
    ran_on = machine()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.quick, Path(folder))
        for name, measurement in MEASUREMENTS:
            if options.only not in name:
                continue
            note(name)
            try:
                rows.extend(measurement(bench))
            except (MeasuringError, OSError, subprocess.CalledProcessError) as error:
                note(f"{name}: {error}")
                rows.append(skipped(name, "-", textwrap.shorten(f"{error}", 60, placeholder=" ...")))
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
