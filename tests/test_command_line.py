"""What the command line offers beside judging: outputs, detail, environment variables, completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import run

SOURCE = """
provider "aws" {
  region = "eu-west-3"
}

resource "aws_s3_bucket" "records" {
  tags = { data-classification = "confidential" }
}

resource "aws_s3_bucket" "site" {
  tags = { data-classification = "public" }
}

resource "aws_s3_bucket" "drafts" {
  tags = { data-classification = aws_s3_bucket.site.arn }
}
"""
FORMATS = ("text", "json", "sarif", "junit", "gitlab", "github", "markdown", "csv", "oscal")
PIPELINES = (
    *("CI", "TF_BUILD", "JENKINS_URL", "BUILD_ID"),
    *("TEAMCITY_VERSION", "CODEBUILD_BUILD_ARN", "bamboo_planKey", "GO_PIPELINE_LABEL"),
)
LAPTOP = dict.fromkeys(PIPELINES, "")


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """An estate of which nothing is certain to fail."""
    (tmp_path / "main.tf").write_text(SOURCE.replace("confidential", "public"))
    return tmp_path


# -- outputs -------------------------------------------------------------------------------------------------


def test_several_outputs_of_one_run(estate: Path) -> None:
    arguments = [argument for name in FORMATS for argument in ("--output", f"{name}=out.{name}")]
    done = run("scan", ".", *arguments, cwd=estate)
    assert (done.returncode, done.stdout) == (1, b"")
    for name in FORMATS:
        alone = run("scan", ".", "--format", name, cwd=estate, env={"COLUMNS": "100"})
        assert (estate / f"out.{name}").read_bytes() == alone.stdout
        assert b"SOV001" in alone.stdout


def test_an_output_without_a_format_takes_that_of_format(estate: Path) -> None:
    run("scan", ".", "--format", "json", "-o", "report", "-o", "csv=table", cwd=estate)
    assert json.loads((estate / "report").read_bytes())["schema"] == "sovereign-guard/report/v1"
    assert (estate / "table").read_bytes().startswith(b"record,")


def test_one_output_may_be_standard_output(estate: Path) -> None:
    done = run("scan", ".", "-o", "github=-", "-o", "json=report.json", cwd=estate)
    assert done.stdout.startswith(b"::")
    assert (estate / "report.json").exists()


def test_a_format_that_is_asked_for_beside_files_is_for_standard_output(estate: Path) -> None:
    done = run("scan", ".", "-o", "sarif=report.sarif", "--format", "csv", cwd=estate)
    assert done.stdout.startswith(b"record,")
    assert (estate / "report.sarif").exists()
    taken = run("scan", ".", "-o", "json=-", "--format", "csv", cwd=estate)
    assert json.loads(taken.stdout)["schema"] == "sovereign-guard/report/v1"


@pytest.mark.parametrize("outputs", [("json=a", "sarif=./a"), ("json=-", "sarif=-"), ("a", "a")])
def test_two_reports_do_not_overwrite_one_another(outputs: tuple[str, str], estate: Path) -> None:
    done = run("scan", ".", "-o", outputs[0], "-o", outputs[1], cwd=estate)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"two reports" in done.stderr
    assert not (estate / "a").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_no_defect_of_ours(estate: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sovereign_guard", "scan", "."],
            cwd=estate,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"standard output: the report cannot be written" in done.stderr
    assert b"internal error" not in done.stderr


def test_an_equals_sign_in_a_path_is_no_format(estate: Path) -> None:
    (estate / "a=b").mkdir()
    assert run("scan", ".", "-o", "a=b/report.txt", cwd=estate).returncode == 1
    assert (estate / "a=b" / "report.txt").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sarf=x", "no format 'sarf'"),
        ("json=", "no file is named"),
        ("sarif", "no file is named"),
        ("json=no/such/folder/x", "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_is_refused(estate: Path, given: str, told: str) -> None:
    done = run("scan", ".", "-o", given, cwd=estate)
    assert done.returncode == 2
    assert told in done.stderr.decode()


def test_what_could_not_be_read_is_told_even_if_only_files_are_written(estate: Path) -> None:
    (estate / "broken.tf").write_text('resource "x" {')
    done = run("scan", ".", "-o", "csv=out.csv", cwd=estate)
    assert done.returncode == 3
    assert b"broken.tf:1" in done.stderr


# -- how much is told ----------------------------------------------------------------------------------------


def test_quiet_is_a_line_for_each_finding(estate: Path) -> None:
    done = run("scan", ".", "--quiet", cwd=estate)
    lines = done.stdout.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == ["main.tf:14:1", "main.tf:6:1"]
    assert "aws_s3_bucket.records: sensitive data with Amazon Web Services" in lines[1]


def test_quiet_says_nothing_where_nothing_is_found(estate: Path) -> None:
    (estate / "main.tf").write_text('resource "random_id" "a" {}\n')
    done = run("scan", ".", "-q", cwd=estate)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_quiet_still_tells_what_could_not_be_read(estate: Path) -> None:
    (estate / "main.tf").write_text('resource "x" {')
    done = run("scan", ".", "-q", cwd=estate)
    assert done.returncode == 3
    assert done.stdout.decode().startswith("main.tf:1")


def test_quiet_tells_whose_word_made_it_green(estate: Path) -> None:
    (estate / "lax.yaml").write_text("id: lax\ntitle: Lax\nlevels: {}\n")
    (estate / ".sovereign-guard.yaml").write_text("policy: lax.yaml\n")
    done = run("scan", ".", "-q", cwd=estate)
    assert done.returncode == 0
    (line,) = done.stdout.decode().splitlines()
    assert line.startswith("sovereign-guard: policy lax (lax.yaml); statements of the organisation: 1.")


def test_verbose_lists_what_passes_too(estate: Path) -> None:
    assert "aws_s3_bucket.site  " not in run("scan", ".", cwd=estate).stdout.decode()
    text = run("scan", ".", "--verbose", cwd=estate).stdout.decode()
    assert "aws_s3_bucket.site  aws, eu-west-3, public" in text


def test_no_colour_where_it_is_not_wanted(estate: Path) -> None:
    assert b"\033" not in run("scan", ".", cwd=estate, env={"NO_COLOR": "1", "TERM": "xterm"}).stdout


# -- environment ---------------------------------------------------------------------------------------------


def test_options_from_the_environment(estate: Path) -> None:
    env = {"SOVEREIGN_GUARD_POLICY": "eu-location", "SOVEREIGN_GUARD_FORMAT": "json"}
    report = json.loads(run("scan", ".", cwd=estate, env=env).stdout)
    assert report["policy"]["id"] == "eu-location"
    named = json.loads(run("scan", ".", "--policy", "cloud-act", cwd=estate, env=env).stdout)
    assert named["policy"]["id"] == "cloud-act"


def test_a_wrong_value_in_the_environment_is_refused(estate: Path) -> None:
    done = run("scan", ".", cwd=estate, env={"SOVEREIGN_GUARD_ON_UNKNOWN": "ignore"})
    assert done.returncode == 2
    assert b"SOVEREIGN_GUARD_ON_UNKNOWN" in done.stderr or b"--on-unknown" in done.stderr


@pytest.mark.parametrize(("value", "code"), [("1", 1), ("true", 1), ("0", 0), ("", 0)])
def test_waivers_in_comments_can_be_refused_by_the_environment(estate: Path, value: str, code: int) -> None:
    waiver = '# sovereign-guard: waive SOV001 until=2026-12-01 reason="A test."\n'
    text = SOURCE.partition('resource "aws_s3_bucket" "site"')[0]
    (estate / "main.tf").write_text(text.replace("resource", f"{waiver}resource", 1))
    env = {"SOVEREIGN_GUARD_NO_INLINE_WAIVERS": value}
    assert run("scan", ".", "--as-of", "2026-11-24", cwd=estate, env=env).returncode == code


# -- unknowns on a laptop and in a pipeline ------------------------------------------------------------------


def test_warn_locally_warns_on_a_laptop(doubtful: Path) -> None:
    assert run("scan", ".", cwd=doubtful, env=LAPTOP).returncode == 1
    assert run("scan", ".", "--on-unknown", "warn-locally", cwd=doubtful, env=LAPTOP).returncode == 0


@pytest.mark.parametrize("variable", PIPELINES)
def test_warn_locally_fails_in_a_pipeline(doubtful: Path, variable: str) -> None:
    env = {**LAPTOP, variable: "true"}
    assert run("scan", ".", "--on-unknown", "warn-locally", cwd=doubtful, env=env).returncode == 1


def test_warn_locally_heeds_the_configuration(doubtful: Path) -> None:
    (doubtful / ".sovereign-guard.yaml").write_text("on_unknown: fail\n")
    assert run("scan", ".", "--on-unknown", "warn-locally", cwd=doubtful, env=LAPTOP).returncode == 1


def test_warn_locally_never_spares_a_failure(estate: Path) -> None:
    assert run("scan", ".", "--on-unknown", "warn-locally", cwd=estate, env=LAPTOP).returncode == 1


# -- the configuration is found upwards ----------------------------------------------------------------------


def test_the_configuration_is_found_upwards_to_the_root_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / ".sovereign-guard.yaml").write_text("policy: cloud-act\n")
    checkout = tmp_path / "checkout"
    deep = checkout / "a" / "b"
    deep.mkdir(parents=True)
    (checkout / ".git").mkdir()
    (deep / "main.tf").write_text(SOURCE)
    assert json.loads(run("scan", ".", "-f", "json", cwd=deep).stdout)["policy"]["id"] == "three-circles"
    (checkout / ".sovereign-guard.yaml").write_text("policy: eu-location\n")
    assert json.loads(run("scan", ".", "-f", "json", cwd=deep).stdout)["policy"]["id"] == "eu-location"


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("no-such-file")


@pytest.mark.parametrize("make", [Path.mkdir, _link_to_nothing])
def test_a_configuration_that_cannot_be_read_is_not_passed_over(
    make: Callable[[Path], None], estate: Path
) -> None:
    make(estate / ".sovereign-guard.yaml")
    done = run("scan", ".", cwd=estate)
    assert done.returncode == 2
    assert b".sovereign-guard.yaml" in done.stderr
    assert run("scan", ".", "--ignore-repo-config", cwd=estate).returncode == 1


def test_a_configuration_by_a_name_that_nobody_reads_is_told(estate: Path) -> None:
    (estate / ".sovereign-guard.yml").write_text("levels: [{address: '*', level: strategic, reason: ours}]\n")
    done = run("scan", ".", cwd=estate)
    assert done.returncode == 2
    assert b".sovereign-guard.yml: a configuration is called .sovereign-guard.yaml" in done.stderr
    (estate / ".sovereign-guard.yaml").write_text("on_unknown: fail\n")
    assert run("scan", ".", cwd=estate).returncode == 1


# -- completion ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert b"_SOVEREIGN_GUARD_COMPLETE" in done.stdout


def test_completion_knows_commands_and_formats() -> None:
    def completed(words: str) -> list[str]:
        count = str(len(words.split(" ")) - 1)
        env = {"_SOVEREIGN_GUARD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
        return run(env={**os.environ, **env}).stdout.decode().split()

    assert "plain,scan" in completed("sovereign-guard sc")
    assert "plain,sarif" in completed("sovereign-guard scan --format s")


@pytest.mark.parametrize(
    "command", ["scan", "baseline", "explain", "init", "doctor", "checkov-path", "rules"]
)
def test_every_command_has_a_help_with_no_internal_names(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("Usage: ")


@pytest.mark.parametrize("command", ["scan", "baseline", "init", "checkov-path"])
def test_help_has_an_example(command: str) -> None:
    lines = run(command, "--help").stdout.decode().splitlines()
    assert any("sovereign-guard" in line for line in lines if not line.startswith("Usage:"))
