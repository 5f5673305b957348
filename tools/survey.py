"""Scans folders of real source with the real command, and tells how much of it is understood, as tables.

    python tools/survey.py [--output DIR] [--limit SECONDS] [--terraform] [--top N] FOLDER...

Each FOLDER is a checkout; its name stands in the tables. It is scanned twice, `--format json` and
`--format text`, without the cache and without its own configuration, and nothing in it is changed. DIR
(default `survey`) receives `NAME.json`, the report of each, and `survey.json`, the numbers of the tables.

With --terraform, the program `terraform` of the PATH checks the syntax of the same files (`terraform fmt`
reads and does not write), and files on which it and we disagree are listed.

The tables, in Markdown:

    repositories   commit, files, root modules, resources, and of how many operator and region are known,
                   of all and of those that are judged; seconds, and megabytes at the most
    unknown        why operator, region and level are not known, most frequent first
    problems       what could not be read (exit code 3), most frequent first
    syntax         files on which terraform and we disagree
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.read.hcl.syntax import Parser, Text
from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_expression
from sovereign_guard.read.hcl.syntax.tree import Block, Structure

FACTS = ("operator", "region", "level")
NO_PLACE = "global: no single place"
"""Reason of a region that is not known because there is none: for the tables it counts as known."""

_SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")
_DEPTH = 12_000
_NAMES = (
    (re.compile(r"\((?:[^()]|\([^()]*\))*\)$"), ""),  # where it was found
    (re.compile(r"give it with .*"), ""),
    (re.compile(r"\S+ is not on disk: .*"), "SOURCE is not on disk"),
    (re.compile(r"^(unsupported expression: )[\w-]+: "), r"\1"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "X"),
    (re.compile(r"\S+\.(?:tf|tofu)(?:\.json)?:\d+.*"), "PLACE"),
    (re.compile(r"^((?:resource|data|ephemeral|module|output|provider|variable) )\S+ is"), r"\1X is"),
    (re.compile(r"(there is no block )\S+"), r"\1X"),
    (re.compile(r"\d+"), "N"),
)
_FMT_FAULT = re.compile(r"^  on (.*?) line (\d+)", re.MULTILINE)


class Scan(msgspec.Struct):
    """One run of the command.

    Attributes:
        exit_code: negative where a signal ended it, None where it took too long.
        crash: why it counts as a crash; empty where it does not.

    """

    exit_code: int | None
    seconds: float
    megabytes: int
    crash: str


class Share(msgspec.Struct):
    """Of how many resources operator, region and both are known."""

    resources: int = 0
    operator: int = 0
    region: int = 0
    both: int = 0

    def add(self, resource: dict[str, Any]) -> None:
        """Count a resource of a report."""
        unknown = resource["unknown"]
        operator = "operator" not in unknown
        region = unknown.get("region", NO_PLACE).startswith(NO_PLACE)
        self.resources += 1
        self.operator += operator
        self.region += region
        self.both += operator and region

    def plus(self, other: Share) -> Share:
        """Return the sum of both."""
        return Share(
            self.resources + other.resources,
            self.operator + other.operator,
            self.region + other.region,
            self.both + other.both,
        )

    def cells(self) -> list[str]:
        """Return the number of resources, and what share is known."""
        return [str(self.resources), *(_percent(part, self.resources) for part in self._parts())]

    def _parts(self) -> tuple[int, int, int]:
        return self.operator, self.region, self.both


class Found(msgspec.Struct):
    """What is found of one folder."""

    name: str
    commit: str
    files: int
    roots: int
    problems: int
    scan: Scan
    text: Scan
    every: Share
    judged: Share


class Group(msgspec.Struct):
    """Cases that differ in names alone."""

    cases: Counter[tuple[str, str]]

    def example(self) -> tuple[str, str]:
        """Return a folder and the text of the most frequent case."""
        return self.cases.most_common(1)[0][0]

    def folders(self) -> int:
        """Return in how many folders there are some."""
        return len({name for name, _text in self.cases})


class Groups:
    """Texts by what they say once their names are taken out."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    def add(self, name: str, text: str) -> None:
        """Count a text of a folder."""
        group = self._groups.setdefault(_without_names(text), Group(Counter()))
        group.cases[name, text] += 1

    def top(self, count: int) -> list[tuple[str, Group]]:
        """Return the largest groups."""
        return sorted(self._groups.items(), key=lambda pair: -pair[1].cases.total())[:count]

    def total(self) -> int:
        """Return the number of all cases."""
        return sum(group.cases.total() for group in self._groups.values())


def _without_names(text: str) -> str:
    for pattern, instead in _NAMES:
        text = pattern.sub(instead, text).strip(" :")
    return text[:120]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


# -- the command ---------------------------------------------------------------------------------------------


def run(folder: Path, output_format: str, output: Path, limit: float) -> Scan:
    """Scan a folder, and return how that went; its report is in `output`."""
    command = [sys.executable, "-m", "sovereign_guard", "scan", ".", "--no-cache", "--ignore-repo-config"]
    command += ["--format", output_format, "--output", str(output)]
    # Variables of Terraform in the environment would change what is known.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    errors = output.with_suffix(".stderr")
    output.unlink(missing_ok=True)
    started = time.monotonic()
    with errors.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, stdout=stream, stderr=stream
        )
        status, megabytes = _waited(process, started + limit)
    seconds = time.monotonic() - started
    said = errors.read_text(encoding="utf-8", errors="replace")
    errors.unlink()
    crash = ""
    if status is None:
        crash = f"still running after {limit:g} s"
    elif status not in (0, 1, 3) or "Traceback (most recent call last)" in said:
        crash = f"exit code {status}: {said.strip()[-300:]}"
    return Scan(status, round(seconds, 2), megabytes, crash)


def _waited(process: subprocess.Popen[bytes], deadline: float) -> tuple[int | None, int]:
    """Wait for a process; return its exit code, None where it had to be stopped, and its peak memory in MB.

    That is of the process itself and of each of its own, whichever is largest.
    """
    late = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if not late and time.monotonic() > deadline:
            late = True
            process.kill()
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (None if late else process.returncode), usage.ru_maxrss // 1024


def source_files(folder: Path) -> Iterator[Path]:
    """Give the files of source in and below a folder, hidden folders left out as Terraform does."""
    for top, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            path = Path(top, name)
            if name.endswith(_SUFFIXES) and not name.startswith((".", "#")) and path.is_file():
                yield path


def commit_of(folder: Path) -> str:
    """Return the commit that is checked out, empty where git cannot tell."""
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return ""
    told = subprocess.run(  # noqa: S603 - fixed arguments
        [git, "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() if told.returncode == 0 else ""


# -- tables --------------------------------------------------------------------------------------------------


def read(
    path: Path, name: str, unknown: dict[str, Groups], problems: Groups
) -> tuple[int, int, Share, Share]:
    """Return roots, problems, and shares of all and of the judged resources of a report; fill the groups."""
    every, judged = Share(), Share()
    report = json.loads(path.read_bytes()) if path.exists() else {"resources": [], "errors": [], "inputs": []}
    for resource in report["resources"]:
        every.add(resource)
        if resource["applicable"]:
            judged.add(resource)
        for fact, groups in unknown.items():
            if fact in resource["unknown"]:
                groups.add(name, resource["unknown"][fact])
    for error in report["errors"]:
        place = f"{error['file'] or error['input']}:{error['line'] or ''}"
        problems.add(name, f"{error['message'].rstrip('.')} ({place})")
    return len(report["inputs"]), len(report["errors"]), every, judged


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Give the lines of a table in Markdown."""
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def repositories(found: list[Found]) -> Iterator[str]:
    """Give the table of folders, with their sum."""
    yield from table(
        (
            *("repository", "commit", "files", "roots", "problems", "exit"),
            *("all", "operator %", "region %", "both %", "judged", "operator %", "region %", "both %"),
            *("s", "MB"),
        ),
        [_row(one) for one in [*found, _sum_of(found)]],
    )
    for one in found:
        for scan in (one.scan, one.text):
            if scan.crash:
                yield f"\nCRASH in {one.name}: {scan.crash}"


def _row(one: Found) -> list[str]:
    return [
        *(one.name, one.commit[:12], str(one.files), str(one.roots), str(one.problems)),
        *(str(one.scan.exit_code), *one.every.cells(), *one.judged.cells()),
        *(f"{one.scan.seconds:.1f}", str(one.scan.megabytes)),
    ]


def _sum_of(found: list[Found]) -> Found:
    every, judged = Share(), Share()
    for one in found:
        every, judged = every.plus(one.every), judged.plus(one.judged)
    scan = Scan(
        max((one.scan.exit_code or 0 for one in found), default=0),
        sum(one.scan.seconds for one in found),
        max((one.scan.megabytes for one in found), default=0),
        "",
    )
    files, roots, problems = (
        sum(part) for part in zip(*((one.files, one.roots, one.problems) for one in found), strict=True)
    )
    return Found("together", "", files, roots, problems, scan, scan, every, judged)


def groups_table(groups: Groups, top: int) -> Iterator[str]:
    """Give the table of the largest groups."""
    rows = []
    for words, group in groups.top(top):
        name, text = group.example()
        rows.append([str(group.cases.total()), str(group.folders()), words, f"{name}: {text[:160]}"])
    yield from table(("cases", "repositories", f"of {groups.total()}", "example"), rows)


# -- syntax --------------------------------------------------------------------------------------------------


class Syntax(msgspec.Struct):
    """What two readers say of the same files.

    Attributes:
        read: files that we read. valid: those that terraform finds well-formed.
        refused: valid files that we refuse, with what we say. accepted: the reverse.

    """

    read: int = 0
    valid: int = 0
    refused: list[str] = msgspec.field(default_factory=list)
    accepted: list[str] = msgspec.field(default_factory=list)


def compare_syntax(folder: Path, terraform: str, syntax: Syntax) -> None:
    """Ask terraform and ourselves about each file in native syntax, down to the last expression."""
    told = subprocess.run(  # noqa: S603 - fixed arguments, and `fmt` neither writes nor runs anything here
        [terraform, "fmt", "-recursive", "-write=false", "-list=false", "-no-color", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    faults = {os.path.normpath(name): line for name, line in _FMT_FAULT.findall(told.stderr)}
    for path in source_files(folder):
        if path.suffix != ".tf":
            continue  # Terraform reads neither OpenTofu's files nor, with `fmt`, JSON.
        name = os.path.relpath(path, folder)
        ours = _fault(path)
        syntax.read += 1
        syntax.valid += name not in faults
        if ours and name not in faults:
            syntax.refused.append(f"{folder.name}: {name}:{ours}")
        elif not ours and name in faults:
            syntax.accepted.append(f"{folder.name}: {name}:{faults[name]}")


def _fault(path: Path) -> str:
    """Return line and message of the first fault that we find in a file, empty where we find none."""
    data = path.read_bytes()
    if data.startswith(b"\xef\xbb\xbf"):
        data = b"   " + data[3:]
    # A parser asks the second one only for so long: each file has one of its own.
    structure, _hint = Parser(cache=False).parse(Text(path.name, data, ""))
    if structure.faults:
        fault = structure.faults[0]
        return f"{data.count(b'%c' % 10, 0, fault.at) + 1}: {fault.message}"
    for start, end in _expressions(structure):
        try:
            parse_expression(data[start:end])
        except NotAnExpressionError as error:
            return f"{data.count(b'%c' % 10, 0, start) + 1}: {error}"
    return ""


def _expressions(structure: Structure) -> Iterator[tuple[int, int]]:
    bodies = [structure.body]
    while bodies:
        body = bodies.pop()
        blocks: tuple[Block, ...] = body.blocks
        bodies.extend(block.body for block in blocks)
        for attribute in body.attributes:
            if attribute.expression is None:
                yield attribute.start, attribute.end


# -- all of it -----------------------------------------------------------------------------------------------


def survey(folders: list[Path], output: Path, limit: float, tell: Callable[[str], object]) -> list[Found]:
    """Scan all folders. Reports are read later: a parent's memory would count as that of its child."""
    found = []
    for folder in folders:
        tell(f"{folder.name}\n")
        report = output / f"{folder.name}.json"
        scan = run(folder, "json", report, limit)
        text = run(folder, "text", output / f"{folder.name}.txt", limit)
        files = sum(1 for _path in source_files(folder))
        found.append(Found(folder.name, commit_of(folder), files, 0, 0, scan, text, Share(), Share()))
    return found


def main(arguments: list[str]) -> int:
    """Write the tables to standard output; 1 where something crashed or a valid file is refused."""
    parser = argparse.ArgumentParser(description="Tells how much of real source is understood.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=Path("survey"), metavar="DIR")
    parser.add_argument("--limit", type=float, default=600, metavar="SECONDS")
    parser.add_argument("--terraform", action="store_true", help="Compare the syntax with `terraform fmt`.")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="Rows of the tables of reasons.")
    asked = parser.parse_args(arguments)
    output = asked.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    folders = [folder.resolve() for folder in asked.folders if folder.is_dir()]
    found = survey(folders, output, asked.limit, sys.stderr.write)
    unknown, problems = {fact: Groups() for fact in FACTS}, Groups()
    for one in found:
        one.roots, one.problems, one.every, one.judged = read(
            output / f"{one.name}.json", one.name, unknown, problems
        )
    lines = ["## Repositories", "", *repositories(found)]
    for fact, groups in unknown.items():
        lines += ["", f"## Why {fact} is not known", "", *groups_table(groups, asked.top)]
    lines += ["", "## Problems", "", *groups_table(problems, asked.top)]
    syntax = Syntax()
    terraform = shutil.which("terraform")
    if asked.terraform and terraform is not None:
        sys.setrecursionlimit(_DEPTH)
        for folder in folders:
            compare_syntax(folder, terraform, syntax)
        right = syntax.valid - len(syntax.refused)
        lines += [
            "",
            "## Syntax",
            "",
            f"{syntax.read} files; {right} of the {syntax.valid} valid ones are read.",
        ]
        lines += ["", *(f"- valid and refused: {one}" for one in syntax.refused)]
        lines += ["", *(f"- not valid and accepted: {one}" for one in syntax.accepted)]
    sys.stdout.write("\n".join(lines) + "\n")
    numbers = {"repositories": found, "syntax": syntax if asked.terraform else None}
    (output / "survey.json").write_bytes(msgspec.json.format(msgspec.json.encode(numbers)))
    crashed = any(scan.crash for one in found for scan in (one.scan, one.text))
    return 1 if crashed or syntax.refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
