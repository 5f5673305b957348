"""What is measured of plans, of start-up and of the catalog."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Command, MeasuringError, Series, by_turns, megabytes, seconds
from benchmarks.shared import (
    AS_OF,
    CHECKOV,
    DATA,
    HERE,
    ROOT,
    Bench,
    Row,
    note,
    ours,
    python,
    samples,
    skipped,
)

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


def plan_of(number: int) -> Path:
    """Return a plan of so many resources."""
    return _made("plans.py", "plan", number)


def flows_of(number: int, names: str) -> Path:
    """Return a plan of so many buckets that pass data on (`edges`), or whose names lead nowhere (`none`)."""
    return _made("flow_plans.py", f"flows-{names}", number, names)


def _made(name: str, what: str, number: int, *options: str) -> Path:
    """Return a plan that is made once by another process for each version of its generator."""
    generator = HERE / name
    version = hashlib.sha256(generator.read_bytes()).hexdigest()[:10]
    path = DATA / f"{what}-{number}-{version}.json"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        for old in DATA.glob(f"{what}-{number}-*"):
            old.unlink()
        note(f"making {path.relative_to(ROOT)}")
        unfinished = path.with_suffix(".unfinished")
        subprocess.run([sys.executable, str(generator), str(unfinished), str(number), *options], check=True)
        unfinished.replace(path)
    return path


def flows(bench: Bench) -> Iterator[Row]:
    """Measure what three passages a resource cost, beside a plan of the same size that has none."""
    edges, none = flows_of(bench.large, "edges"), flows_of(bench.large, "none")
    found = by_turns({"edges": bench.scan(edges), "none": bench.scan(none)}, bench.rounds_large, bench.folder)
    mine, peer = found["edges"], found["none"]
    yield Row(
        f"{bench.large:,} resources, {3 * bench.large:,} edges: time",
        seconds(mine),
        f"no edges {seconds(peer)}",
        f"{mine.time / peer.time:.2f} x",
        "at most 1.5 x",
        bench.verdict(mine.time <= 1.5 * peer.time),
        samples(found),
    )


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
