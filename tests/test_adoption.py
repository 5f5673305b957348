"""docs/adoption.md: its blocks, followed from top to bottom on one estate, do what it says."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import PROGRAM

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adoption.md").read_text()
ESTATE = """
provider "aws" {
  region = "eu-west-3"
}

provider "aws" {
  alias  = "own"
  region = "here"
  endpoints { s3 = "https://s3.intern.example" }
}

resource "aws_s3_bucket" "files" {
  tags = { sovereignty-level = "sensitive" }
}

resource "aws_s3_bucket" "archive" {
  provider = aws.own
  tags     = { sovereignty-level = "sensitive" }
}

resource "aws_dynamodb_table" "agenda" {}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    (tmp_path / "pipeline").mkdir()
    (folder / "main.tf").write_text(ESTATE)
    shutil.copy(ROOT / "fixtures" / "europe-mixed" / "plan.json", folder)
    programs = tmp_path / "programs"
    programs.mkdir()
    target = f'"{PROGRAM}"' if PROGRAM else f'"{sys.executable}" -m sovereign_guard'
    (programs / "sovereign-guard").write_text(f'#!/bin/sh\nexec {target} "$@"\n')
    (programs / "sovereign-guard").chmod(0o755)
    return folder


def sovereign_guard(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SOVEREIGN_GUARD_")
    }
    programs = folder.parent / "programs"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**environment, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
    )


def test_the_page_can_be_followed(checkout: Path) -> None:
    # A day that waivers may run to, whenever this is run.
    soon = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=90)).isoformat()
    commands = 0
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        if language == "sh":
            for line in text.splitlines():
                command, _hash, stated = line.partition(" # ")
                done = sovereign_guard(command, checkout)
                assert done.returncode == int(stated.split()[1].strip(":")), (line, done.stdout, done.stderr)
                commands += 1
        elif language == "yaml":
            file = text.splitlines()[0].removeprefix("# ")
            with (checkout / file).open("a") as target:
                target.write(text)
        elif language == "hcl":
            (checkout / "more.tf").write_text(text.replace("2027-03-31", soon))
        else:
            raise AssertionError(language)
    assert commands > 10
    done = sovereign_guard("sovereign-guard scan . --format json", checkout)
    report = json.loads(done.stdout)
    assert report["summary"]["waived"] == 1
    pinned = "sovereign-guard scan . --policy ../pipeline/policy.yaml --format json"
    refused = {
        step["what"].split()[0]
        for step in json.loads(sovereign_guard(pinned, checkout).stdout)["refused_declarations"]
    }
    assert refused >= {"operator", "waiver", "baseline"}
