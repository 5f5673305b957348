"""Every command that the documentation shows is run here, or by a test that is named, or the reason is told.

A command is a line of a block of `sh`, `bash`, `shell` or `console`, an indented line, or code in a sentence,
that begins with `sovereign-guard` or `make`; in blocks every other program too, so that none is forgotten.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_docs import PAPERS, ROOT, blocks, desk  # noqa: F401 - a fixture

ELSEWHERE = {
    "README.md": ("test_docs", "test_command_of_the_readme"),
    "docs/adoption.md": ("test_adoption", "test_the_page_can_be_followed"),
    "docs/ci.md": ("test_ci_templates", "test_the_papers_commands_run"),
    "docs/evidence.md": ("test_seal", "test_the_commands_of_the_page_run"),
    "docs/flows.md": ("test_docs", "test_the_commands_of_the_page_about_flows_run_as_pasted"),
}
"""Papers whose blocks of commands another test runs, each in a folder of its own kind."""

NOT_RUN = {
    "apt": "changes the machine",
    "checkov": "needs Checkov's own environment: tests/test_checkov.py and tests/test_docs.py run it there",
    "cp": "copies the tutorial's folder, as the test of the tutorial does",
    "cd": "a step into a folder, which a test takes by itself",
    "docker": "needs a container engine; tests/test_ci_templates.py runs it where one answers",
    "git": "makes a branch from a commit; tests/test_checkov_broken.py makes that commit in a copy",
    "openssl": "tests/test_seal.py runs it where it is installed",
    "pip": "installs from an index; tests/test_wheel.py installs what is built here",
    "pipx": "installs from an index; tests/test_wheel.py installs what is built here",
    "pre-commit": "fetches hooks from a repository; tests/test_precommit.py runs their commands",
    "terraform": "needs Terraform and an account; fixtures hold plans that it made",
}
"""Programs of others, and why no test of the documentation starts them."""
SAMPLES = {
    "ADDRESS": "aws_s3_bucket.exports_paie",
    "CLOUD": "aws",
    "DIR": "infrastructure",
    "FILE": "plan.json",
    "ID": "ovhcloud",
    "PATH": "plan.json",
    "TYPE": "aws_s3_bucket",
    "[PATH]...": "plan.json",
}
"""What stands for a name to be filled in."""

INCOMPLETE = {
    "sovereign-guard explain": "names the command; an address is missing",
}
"""Mentions of a command that are no whole command."""

BESIDE = {
    "docs/source.md": {
        "archive.tf": 'variable "years" {}\nresource "aws_s3_bucket" "archive" {\n  count = var.years\n}\n'
    }
}
"""Files that a paper's commands need beside those of the README's commands."""

FENCES = ("sh", "bash", "shell", "console")


def lines(paper: str) -> Iterator[str]:
    """Yield the command lines of a paper's blocks, continued lines joined."""
    text = PAPERS[paper]
    for language in FENCES:
        for block in blocks(text, language):
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                command = line.removeprefix("$ ") if language == "console" else line
                if command.strip() and (language != "console" or line.startswith("$ ")):
                    yield command
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    programs = "|".join(("sovereign-guard", "make", *NOT_RUN))
    yield from re.findall(rf"^    ((?:{programs}) .*)$", bare, re.MULTILINE)


def mentions(paper: str) -> Iterator[str]:
    """Yield the commands in the sentences of a paper."""
    text = re.sub(r"^```.*?^```$", "", PAPERS[paper], flags=re.MULTILINE | re.DOTALL)
    # Not those in comments: each generated page begins with one.
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    yield from re.findall(r"`((?:sovereign-guard|make) [^`]+)`", " ".join(text.split()))


SHOWN = [(paper, line) for paper in sorted(PAPERS) for line in lines(paper)]
HERE = sorted({paper for paper, _line in SHOWN} - ELSEWHERE.keys() - {"docs/tutorial.md"})
MENTIONED = sorted({command for paper in PAPERS for command in mentions(paper)})


def shell(command: str, folder: Path, programs: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **env},
    )


def program_of(command: str) -> str:
    words = [word for word in command.split() if not re.fullmatch(r"\w+=\S*", word)]
    return words[0]


@pytest.mark.parametrize("paper", HERE)
def test_the_commands_of_a_paper_run_in_their_order(paper: str, desk: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = shutil.copytree(desk, tmp_path / "desk")
    for name, text in BESIDE.get(paper, {}).items():
        (folder / name).write_text(text)
    for line in lines(paper):
        program = program_of(line)
        if program in NOT_RUN:
            print(f"not run: {line}: {NOT_RUN[program]}")
            continue
        command, _hash, stated = line.partition(" # ")
        if program == "make":
            dry(command)
            continue
        match = re.match(r"exit (\d)\b", stated)
        assert match, f"no exit code is stated: {line}"
        done = shell(command, folder, desk / "programs")
        assert "Traceback" not in done.stdout
        assert done.returncode == int(match[1]), f"{line}\n{done.stdout}"


@pytest.mark.parametrize("program", sorted({program_of(line) for _paper, line in SHOWN} & NOT_RUN.keys()))
def test_a_program_that_is_not_run(program: str) -> None:
    """Nothing to hold, but the reason stands in what pytest tells at its end."""
    pytest.skip(f"{program}: {NOT_RUN[program]}")


def dry(command: str) -> None:
    """Let make say what it would do: to do it would make environments, or run these tests in themselves."""
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", MENTIONED)
def test_command_in_a_sentence(command: str, desk: Path, tmp_path: Path) -> None:  # noqa: F811
    if command in INCOMPLETE:
        pytest.skip(INCOMPLETE[command])
    words = [SAMPLES.get(word, word) for word in command.split()]
    if words[0] == "make":
        return dry(" ".join(words))
    folder = shutil.copytree(desk, tmp_path / "desk")
    if words[1] == "verify":  # A sealed folder is wanted, in the place of any.
        assert (
            shell("sovereign-guard scan plan.json --seal sealed", folder, desk / "programs").returncode == 1
        )
        words[2:] = ["sealed"]
    done = shell(" ".join(words), folder, desk / "programs")
    assert done.returncode in (0, 1), done.stdout
    assert "Traceback" not in done.stdout
    return None


@pytest.mark.parametrize("paper", sorted(ELSEWHERE))
def test_the_other_tests_are_there_and_have_something_to_run(paper: str) -> None:
    module, name = ELSEWHERE[paper]
    assert callable(getattr(importlib.import_module(f"tests.{module}"), name))
    assert [line for line in lines(paper) if program_of(line) == "sovereign-guard"]


def test_each_program_is_ours_or_has_its_reason() -> None:
    programs = {program_of(line) for _paper, line in SHOWN}
    assert programs - {"sovereign-guard", "make", *NOT_RUN} == set()
    assert len(SHOWN) > 60
    assert len(MENTIONED) > 20


# -- docs/tutorial.md ----------------------------------------------------------------------------------------

TUTORIAL = PAPERS["docs/tutorial.md"]
LEFT_OUT = "[...]"


def test_the_tutorial_can_be_followed(tmp_path: Path, desk: Path) -> None:  # noqa: F811
    """From top to bottom: files are as shown, commands print what is shown, and the end is green."""
    town = shutil.copytree(ROOT / "fixtures" / "tutorial", tmp_path / "town")
    printed, codes, shown = "", [], 0
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL):
        if language == "hcl":
            head, _newline, body = text.partition("\n")
            file = town / head.removeprefix("# ")
            if not codes:
                assert file.read_text() == body, f"{file.name} is shown otherwise than it is"
            file.write_text(body)
        elif language == "sh":
            for line in text.splitlines():
                command, _hash, stated = line.partition(" # ")
                done = shell(command, town, desk / "programs", COLUMNS="90", CI="")
                assert f"exit {done.returncode}" == stated.strip(), done.stdout
                printed = done.stdout
                codes.append(done.returncode)
        elif language == "text":
            assert fits(text, printed), printed
            shown += 1
        else:
            assert language == "console"
    assert codes[1] == 1
    assert codes[-2:] == [0, 0]
    assert shown == len(codes) - 1
    assert (town / "report.html").is_file()


def fits(shown: str, printed: str) -> bool:
    """Whether a block shows an output, but for lines in whose place it says [...]."""
    pattern = "".join(
        r"(?:.*\n)+?" if line == LEFT_OUT else f"{re.escape(line)}\n"
        for line in shown.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("one\ntwo\nthree\n", True),
        ("one\n[...]\nthree\n", True),
        ("[...]\ntwo\n[...]\n", True),
        ("two\nthree\n", False),
        ("one\ntwo\n", False),
        ("one\n[...]\ntwo\n", False),
        ("[...]\nthree\n[...]\none\n", False),
        ("on\n[...]\nthree\n", False),
    ],
)
def test_a_difference_is_seen(shown: str, same: bool) -> None:
    assert fits(shown, "one\ntwo\nthree\n") is same


def test_the_program_is_that_of_this_environment(desk: Path) -> None:  # noqa: F811
    assert sys.executable in (desk / "programs" / "sovereign-guard").read_text() or os.environ.get(
        "SOVEREIGN_GUARD_UNDER_TEST"
    )
