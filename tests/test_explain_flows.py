"""`sovereign-guard explain`: the way that data took, at its receiver, its sender, its key and its state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
DAY = "2026-11-24"


def sections(scenario: str, address: str, *arguments: str) -> dict[str, str]:
    """Return what the command tells of an address, by heading, with every run of white space as one space."""
    done = run("explain", address, *arguments, "--as-of", DAY, cwd=FIXTURES / scenario)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, str] = {}
    heading = ""
    for line in done.stdout.decode().splitlines():
        # A heading stands at the margin, in capitals.
        if re.match(r"[A-Z]{2,} [A-Z]{2,}", line):
            heading = line.partition(":")[0].strip()
        found[heading] = f"{found.get(heading, '')} {' '.join(line.split())}"
    return found


def out_of_order(text: str, steps: Sequence[str]) -> list[str]:
    """Return the steps that do not stand in a text after the one before."""
    at, wrong = 0, []
    for step in steps:
        found = text.find(step, at)
        if found < 0:
            wrong.append(step)
        else:
            at = found + len(step)
    return wrong


WITH_SOURCE = ("plan.json", "--source", ".")


@pytest.mark.parametrize(
    ("scenario", "address", "arguments", "level", "steps"),
    [
        pytest.param(
            "flow-backup-fail",
            "aws_backup_plan.copie",
            WITH_SOURCE,
            "sensitive",
            (
                "- label data-classification = 'sensible' says sensitive [tags]",
                "- scaleway_object_bucket.dossiers is transferred to"
                " aws_datasync_location_object_storage.dossiers"
                " [aws_datasync_location_object_storage.dossiers, main.tf:28]",
                "- aws_datasync_location_object_storage.dossiers is transferred to aws_datasync_task.copie"
                " [aws_datasync_task.copie, main.tf:46]",
                "- aws_datasync_task.copie is transferred to aws_datasync_location_s3.copie"
                " [aws_datasync_task.copie, main.tf:46]",
                "- aws_datasync_location_s3.copie is transferred to aws_s3_bucket.copie"
                " [aws_datasync_location_s3.copie, main.tf:38]",
                "- aws_s3_bucket.copie is backed up to aws_backup_plan.copie"
                " [aws_backup_selection.copie, main.tf:63]",
            ),
            id="receiver",
        ),
        pytest.param(
            "keys-fail",
            "aws_kms_key.biologie",
            WITH_SOURCE,
            "sensitive",
            (
                "- label hds = 'oui' says sensitive [tags]",
                "- aws_db_instance.biologie is encrypted with aws_kms_key.biologie"
                " [aws_db_instance.biologie, main.tf:40]",
            ),
            id="key",
        ),
        pytest.param(
            "state-fail",
            "terraform.backend.s3",
            (".",),
            "sensitive",
            (
                "- label data-classification = 'sensible' says sensitive [tags]",
                "- scaleway_object_bucket.dossiers is recorded in this state, and 1 more of that level"
                " [terraform.backend.s3, main.tf:6]",
            ),
            id="backend, from source",
        ),
        pytest.param(
            "state-fail",
            "terraform.backend.s3",
            WITH_SOURCE,
            "sensitive",
            (
                "- label data-classification = 'sensible' says sensitive [tags]",
                "- scaleway_object_bucket.dossiers is recorded in this state, and 1 more of that level"
                " [terraform.backend.s3, main.tf:6]",
            ),
            id="backend, from a plan and its source",
        ),
    ],
)
def test_the_way_is_told_with_the_level_and_with_the_finding(
    scenario: str, address: str, arguments: tuple[str, ...], level: str, steps: tuple[str, ...]
) -> None:
    told = sections(scenario, address, *arguments)
    assert f"level {level}" in told["WHICH LEVEL"]
    assert out_of_order(told["WHICH LEVEL"], steps) == []
    assert out_of_order(told["VERDICT AND FINDINGS"], steps) == []


@pytest.mark.parametrize(
    ("scenario", "address", "rule", "steps"),
    [
        pytest.param(
            "flow-sinks-fail",
            "scaleway_cockpit_exporter.bases",
            "SOV004",
            (
                "- stated sensitive: Slow queries hold values of health records. [.sovereign-guard.yaml:2]",
                "- lies in scaleway_cockpit_source.bases",
                "- scaleway_cockpit_exporter.bases is exported to datadog"
                " [scaleway_cockpit_exporter.bases, main.tf:31]",
                "- Datadog, Inc. has its seat in US",
            ),
            id="flow",
        ),
        pytest.param(
            "flow-front-unknown",
            "scaleway_secret_version.dpi",
            "SOV004",
            (
                "- label hds = 'oui' says sensitive [tags]",
                "- lies in scaleway_secret.dpi",
                "- scaleway_secret_version.dpi feeds what its provisioners do with it"
                " [null_resource.amorcage, main.tf:25]",
                "- not known:",
            ),
            id="script",
        ),
        pytest.param(
            "keys-fail",
            "aws_s3_bucket.dossiers",
            "SOV006",
            (
                "- label hds = 'oui' says sensitive [tags]",
                "- aws_s3_bucket.dossiers is encrypted with"
                " arn:aws:kms:eu-west-3:211100009999:key/5b1c7e2a-90d4-4b1f-8a7e-3c2d1e0f9a8b"
                " [aws_s3_bucket_server_side_encryption_configuration.dossiers, main.tf:58]",
                "- Amazon Web Services, Inc. has its seat in US",
            ),
            id="key outside",
        ),
    ],
)
def test_the_last_step_out_is_told_at_the_sender(
    scenario: str, address: str, rule: str, steps: tuple[str, ...]
) -> None:
    told = sections(scenario, address, *WITH_SOURCE)["VERDICT AND FINDINGS"]
    assert out_of_order(told[told.index(f"{rule} ") :], steps) == []


@pytest.mark.parametrize(
    ("scenario", "address"),
    [
        ("state-pass", "terraform.backend.s3"),
        ("state-pg-pass", "terraform.backend.pg"),
    ],
)
def test_a_backend_that_passes_is_explained_too(scenario: str, address: str) -> None:
    told = sections(scenario, address, ".")
    assert "Scaleway (scaleway), platform" in told["WHO OPERATES IT"]
    assert "scaleway_object_bucket.dossiers is recorded in this state" in told["WHICH LEVEL"]
    assert "SOV" not in told["VERDICT AND FINDINGS"]


def test_a_state_that_is_read_is_explained_by_what_is_said_of_it() -> None:
    told = sections("state-fail", "data.terraform_remote_state.imagerie", ".")
    assert "gitlab.com is a host of GitLab" in told["WHO OPERATES IT"]
    assert "says sensitive [directive, main.tf:59]" in told["WHICH LEVEL"]


def test_a_flow_that_is_declared_harmless_leaves_the_receiver_as_it_is() -> None:
    told = sections("flow-boundary", "aws_s3_bucket.recherche", *WITH_SOURCE)
    assert "level public" in told["WHICH LEVEL"]
    assert "replicates to" not in " ".join(told.values())


def test_without_the_source_a_plan_has_no_backend() -> None:
    done = run("explain", "terraform.backend.s3", "plan.json", "--source", "", cwd=FIXTURES / "state-fail")
    assert done.returncode == 2
    assert b"no resource 'terraform.backend.s3'" in done.stderr
