"""What `make bench` rests on: source as large as it says, free of syntax errors and the same each time.

No time is asserted.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_hcl

from benchmarks.measure import Command, MeasuringError, by_turns, run
from benchmarks.sources import LEVELS, SHAPES, File, change, write

ROOT = Path(__file__).parent.parent

SMALL = {"one": 0, "thousand": 0, "flat": 0, "large": 300_000, "repository": 4}
"""Every shape, at a size that takes no time."""


def make(shape: str, number: int | None = None) -> list[File]:
    return list(SHAPES[shape](SMALL[shape] if number is None else number))


def blocks_of(text: str) -> list[str]:
    return re.findall(r'^resource "(\w+)" "\w+" {$', text, re.MULTILINE)


def test_every_shape_is_tried() -> None:
    assert SMALL.keys() == SHAPES.keys()


@pytest.mark.parametrize("shape", SMALL)
def test_parses(shape: str) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
    for file in make(shape):
        assert not parser.parse(file.text.encode()).root_node.has_error, file.path
        assert "@" not in file.text, file.path


@pytest.mark.parametrize("shape", SMALL)
def test_the_same_each_time(shape: str) -> None:
    assert make(shape) == make(shape)


@pytest.mark.parametrize("shape", SMALL)
def test_counts_its_blocks(shape: str) -> None:
    for file in make(shape):
        assert len(blocks_of(file.text)) == file.blocks, file.path


@pytest.mark.parametrize("shape", SMALL)
def test_no_file_overwrites_another(shape: str) -> None:
    paths = [file.path for file in make(shape)]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("shape", SMALL)
def test_no_module_defines_a_resource_twice(shape: str) -> None:
    found = Counter(
        (Path(file.path).parent, head)
        for file in make(shape)
        for head in re.findall(r'^(?:resource|module|variable|output) "[^{]*', file.text, re.MULTILINE)
    )
    assert [head for head, times in found.items() if times > 1] == []


@pytest.mark.parametrize("shape", SMALL)
def test_what_is_referred_to_exists(shape: str) -> None:
    """A reference to a resource that is not there would be an error, and a flattering one."""
    by_module: dict[Path, str] = {}
    for file in make(shape):
        folder = Path(file.path).parent
        by_module[folder] = by_module.get(folder, "") + file.text
    for folder, text in by_module.items():
        defined = {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.M)}
        kinds = "|".join({name.partition(".")[0] for name in defined}) or "none"
        missing = set(re.findall(rf"(?<![\w.\"/-])(?:{kinds})\.\w+", text)) - defined
        assert not missing, folder
        called = {
            (Path("/") / folder / source).as_posix() for source in re.findall(r'source = "(\.[^"]*)"', text)
        }
        folders = {Path("/", other).as_posix() for other in by_module}
        assert {Path(path).resolve().as_posix() for path in called} <= folders


@pytest.mark.parametrize("shape", ["thousand", "flat"])
def test_a_thousand_resources_in_twenty_files(shape: str) -> None:
    files = make(shape)
    assert len(files) == 20
    assert sum(file.blocks for file in files) == 1_000
    assert 270_000 < sum(len(file.text) for file in files) < 295_000


def test_a_thousand_as_terraform_counts_them() -> None:
    """1,128 resources is what Terraform 1.11 planned for this folder."""
    assert sum(file.instances for file in make("thousand")) == 1_128


def test_the_large_root_has_the_size_asked_for() -> None:
    for size in (300_000, 2_000_000):
        assert size <= sum(len(file.text) for file in make("large", size)) < size + 120_000


def test_the_repository_has_a_thousand_files() -> None:
    files = make("repository", 46)
    assert len(files) == 1_000
    assert sum(file.blocks for file in files) == 5_110
    assert len({file.path.split("/")[1] for file in files if file.path.startswith("live/")}) == 46
    assert len({file.path.split("/")[1] for file in files if file.path.startswith("modules/")}) == 20


def test_each_level_meets_each_kind_of_store() -> None:
    """Were levels and kinds in step, whole stages would have nothing to do."""
    text = "".join(file.text for file in make("flat"))
    for kind in (
        "aws_s3_bucket",
        "scaleway_object_bucket",
        "azurerm_storage_account",
        "google_storage_bucket",
    ):
        bodies = re.findall(rf'^resource "{kind}" .*?^}}$', text, re.MULTILINE | re.DOTALL)
        for level in LEVELS:
            assert any(f'"{level}"' in body for body in bodies), (kind, level)


def test_writing_counts_what_is_on_disk(tmp_path: Path) -> None:
    made = write(tmp_path, SHAPES["repository"](2))
    paths = list(tmp_path.rglob("*.tf"))
    assert made.files == len(paths)
    assert made.size == sum(path.stat().st_size for path in paths)
    assert made.blocks == sum(len(blocks_of(path.read_text())) for path in paths)


def test_every_file_that_is_to_change_can(tmp_path: Path) -> None:
    write(tmp_path, SHAPES["repository"](46))
    paths = sorted(tmp_path.glob("live/*/orders_0.tf"))
    assert len(paths) == 46
    for number, path in enumerate(paths):
        before = path.read_text()
        change(path, number)
        once = path.read_text()
        change(path, number + 100)
        assert len({before, once, path.read_text()}) == 3
        assert len(once.splitlines()) == len(before.splitlines())


def test_a_file_without_a_team_cannot_change(tmp_path: Path) -> None:
    path = tmp_path / "main.tf"
    path.write_text("locals {}\n")
    with pytest.raises(ValueError, match=r"main\.tf"):
        change(path, 1)


# -- measuring -----------------------------------------------------------------------------------------------

TWO_HELPERS = """
import subprocess, sys
hold = "import time; kept = b'x' * 60_000_000; time.sleep(0.7)"
for helper in [subprocess.Popen([sys.executable, "-c", hold]) for _ in range(2)]:
    helper.wait()
"""

MEASURE = """
import sys
from pathlib import Path
from benchmarks.measure import Command, run
for helpers in (False, True):
    print(run(Command((sys.executable, "-c", sys.argv[1]), helpers=helpers), Path())[1])
"""


def test_the_memory_of_helpers_counts_together() -> None:
    # By a small process: what is measured is never below the peak of the process that measures.
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, TWO_HELPERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    largest, together = map(int, done.stdout.split())
    assert 60e6 < largest < 120e6 < together


def test_a_report_that_misses_resources_is_no_measurement(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = (sys.executable, "-c", f"open({str(report)!r}, 'w').write('resources: 7,')")
    run(Command(arguments, writes=(report, "resources: 7,")), tmp_path)
    with pytest.raises(MeasuringError, match="resources: 8,"):
        run(Command(arguments, writes=(report, "resources: 8,")), tmp_path)


def test_each_run_is_prepared_and_has_its_variables(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, sys; open(sys.argv[1], 'a').write(os.environ['WHO'])"

    def prepare() -> None:
        log.write_text(f"{log.read_text() if log.exists() else ''}-")

    arguments = (sys.executable, "-c", code, str(log))
    commands = {who: Command(arguments, environment={"WHO": who}, before=prepare) for who in "ab"}
    found = by_turns(commands, 2, tmp_path)
    assert log.read_text() == "-a-b" * 3
    assert [len(series.seconds) for series in found.values()] == [2, 2]
