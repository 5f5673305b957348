"""What is measured of source: cold beside peers, a large root, one changed file, start-up."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command, by_turns, megabytes, seconds
from benchmarks.shared import (
    AS_OF,
    C7N_LEFT,
    CHECKOV,
    DATA,
    HERE,
    ROOT,
    Bench,
    Row,
    note,
    ours,
    processors,
    python,
    samples,
    skipped,
)
from benchmarks.sources import Made, change

COLD = "--no-cache"

POLICY = """\
policies:
  - name: bucket-without-logging
    resource: terraform.aws_s3_bucket
    filters:
      - logging: absent
"""
"""For c7n-left: what checkov's CKV_AWS_18 asks for, which every bucket lacks."""

PARSE = """
from pathlib import Path
import tree_sitter, tree_sitter_hcl
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
for path in Path({path!r}).rglob('*.tf'):
    assert not parser.parse(path.read_bytes()).root_node.has_error, path
"""

ON_TWO = """
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class Source:
    """A folder of source and what it holds."""

    folder: Path
    made: Made

    @property
    def report_holds(self) -> str:
        """Return a pattern of the report of a scan that missed no resource and counted none twice."""
        return rf'"summary":\{{"resources":{self.made.instances},'


def source_of(shape: str, number: int = 0) -> Source:
    """Return a folder of this shape, made once by another process for each version of the generator."""
    generator = HERE / "sources.py"
    version = hashlib.sha256(generator.read_bytes()).hexdigest()[:10]
    path = DATA / f"source-{shape}-{number}-{version}"
    told = path / "made.json"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        for old in DATA.glob(f"source-{shape}-{number}-*"):
            shutil.rmtree(old)
        note(f"making {path.relative_to(ROOT)}")
        unfinished = path.with_suffix(".unfinished")
        arguments = [sys.executable, str(generator), shape, str(unfinished / "estate"), str(number)]
        made = subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout
        (unfinished / told.name).write_bytes(made)
        unfinished.rename(path)
    return Source(path / "estate", Made(**json.loads(told.read_bytes())))


def scan(bench: Bench, source: Source, *options: str, folder: Path | None = None) -> Command:
    """Scan a folder of source, write the whole JSON report to a file, and see that nothing was missed."""
    report = bench.folder / f"report-{source.folder.parent.name}.json"
    path = str(folder or source.folder)
    command = ours(
        *("scan", path, *options, "--as-of", AS_OF, "--format", "json", "--output", str(report)),
    )
    return Command(command.arguments, command.accept, writes=(report, source.report_holds))


# -- beside peers ------------------------------------------------------------------------------------------


def beside_checkov(bench: Bench) -> Iterator[Row]:
    """Measure the whole cold scan of 1,000 resources beside checkov with a single check."""
    what, times = "source of 1,000", 10
    if not CHECKOV.exists():
        yield skipped(what, _faster(times), f"no {CHECKOV.relative_to(ROOT)}: make bench installs it")
        return
    source = source_of("thousand")
    checkov = Command(
        (
            str(CHECKOV),
            *("-c", "CKV_AWS_18", "--framework", "terraform", "--skip-download", "--compact"),
            *("-d", str(source.folder)),
        ),
        accept=(0, 1),
        prints="(Passed|Failed) checks: [1-9]",
    )
    yield _beside(bench, what, source, "checkov", checkov, times)


def beside_c7n_left(bench: Bench) -> Iterator[Row]:
    """Measure the same beside c7n-left, and once more without modules, over which it is much faster."""
    policies = bench.folder / "policies"
    for what, shape in (("source of 1,000", "thousand"), ("source of 1,000, no modules", "flat")):
        times = 2.5
        if not C7N_LEFT.exists():
            why = f"no {C7N_LEFT.relative_to(ROOT)}: make bench installs it where it can"
            yield skipped(what, _faster(times), why)
            continue
        policies.mkdir(exist_ok=True)
        (policies / "bench.yaml").write_text(POLICY, encoding="utf-8")
        source = source_of(shape)
        c7n_left = Command(
            (str(C7N_LEFT), "run", "-p", str(policies), "-d", str(source.folder), "-o", "json"),
            accept=(0, 1),
            prints=r'"results": \[\s*\{',
        )
        yield _beside(bench, what, source, "c7n-left", c7n_left, times)


def _beside(bench: Bench, what: str, source: Source, name: str, peer: Command, times: float) -> Row:
    found = by_turns({"ours": scan(bench, source, COLD), name: peer}, bench.rounds_checkov, bench.folder)
    mine, theirs = found["ours"], found[name]
    return Row(
        f"{what} ({source.made.size / 1e3:.0f} kB): time",
        seconds(mine),
        f"{name} {seconds(theirs)}",
        f"{theirs.time / mine.time:.1f} x faster",
        _faster(times),
        theirs.time >= times * mine.time,
        samples(found),
    )


def _faster(times: float) -> str:
    return f"at least {times:g} x faster"


# -- sizes -------------------------------------------------------------------------------------------------


def large_source(bench: Bench) -> Iterator[Row]:
    """Measure time and memory of one large root module on two processors, beside parsing alone."""
    source = source_of("large", bench.source_bytes)
    size = source.made.size
    found = by_turns(
        {
            "ours": _on_two(scan(bench, source, COLD)),
            "tree-sitter": python(PARSE.format(path=str(source.folder))),
        },
        bench.rounds_source,
        bench.folder,
    )
    mine, peer = found["ours"], found["tree-sitter"]
    what = f"source of {size / 1e6:.0f} MB, {source.made.instances:,} resources"
    judged = processors() >= 2
    yield Row(
        f"{what}: time",
        seconds(mine),
        f"tree-sitter {seconds(peer)}",
        f"{mine.time / peer.time:.1f} x",
        "at most 60 s, 2 processors",
        bench.verdict(mine.time <= 60) if judged else None,
        samples(found),
    )
    yield Row(
        f"{what}: peak memory",
        megabytes(mine),
        f"tree-sitter {megabytes(peer)}",
        f"{mine.peak / size:.1f} x source",
        "-",
        None,
        {**samples(found), "source_bytes": size},
    )


def _on_two(command: Command) -> Command:
    """Let a command have two processors, however many there are, and watch the processes it starts."""
    arguments = (sys.executable, "-c", ON_TWO, *command.arguments)
    return Command(arguments, command.accept, writes=command.writes, helpers=True)


def changed_file(bench: Bench) -> Iterator[Row]:
    """Measure a scan of a repository where one file differs from the scan before, beside a cold one."""
    source = source_of("repository", bench.roots)
    copy = bench.folder / "repository"
    shutil.copytree(source.folder, copy)
    files = itertools.cycle(sorted(copy.glob("live/*/orders_0.tf")))
    numbers = itertools.count()
    warm, cold = scan(bench, source, folder=copy), scan(bench, source, COLD, folder=copy)
    private = {"XDG_CACHE_HOME": str(bench.folder / "cache")}
    # The round that is not counted fills the cache.
    found = by_turns(
        {
            "ours": Command(
                warm.arguments,
                warm.accept,
                writes=warm.writes,
                environment=private,
                before=lambda: change(next(files), next(numbers)),
            ),
            "cold": cold,
        },
        bench.rounds_large,
        bench.folder,
    )
    mine, peer = found["ours"], found["cold"]
    yield Row(
        f"source of {source.made.files:,} files, 1 changed: time",
        seconds(mine),
        f"ours, cold {seconds(peer)}",
        f"{peer.time / mine.time:.1f} x faster",
        "at most 0.5 s",
        bench.verdict(mine.time <= 0.5),
        samples(found),
    )


def start_up(bench: Bench) -> Iterator[Row]:
    """Measure what a user waits for when there is next to nothing to read."""
    found = by_turns(
        {"ours": scan(bench, source_of("one")), "python": python("pass")}, bench.rounds_small, bench.folder
    )
    mine, bare = found["ours"], found["python"]
    yield Row(
        "source of 1 file: time",
        seconds(mine),
        f"python -c pass {seconds(bare)}",
        f"{mine.time / bare.time:.1f} x",
        "at most 0.2 s",
        mine.time <= 0.2,
        samples(found),
    )
