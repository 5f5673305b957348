"""What a review of languages and of the last changes to flows found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_flows_review import found, scan

MINIO = """
provider "minio" {
  minio_server = "s3.gra.io.cloud.ovh.net"
  minio_region = "gra"
}
resource "minio_s3_bucket" "records" {
  bucket = "records"
}
resource "minio_s3_bucket_replication" "copy" {
  bucket = minio_s3_bucket.records.bucket
  rule {
    target {
      bucket = "copy"
      host   = "s3.archive.ovh.net"
    }
  }
}
"""
LEVELS = "levels:\n  - {address: minio_s3_bucket.records, level: sensitive, reason: patients}\n"


def test_the_same_operator_in_a_country_that_is_not_known_is_told(tmp_path: Path) -> None:
    head = 'terraform {\n  required_providers {\n    minio = { source = "aminueza/minio" }\n  }\n}\n'
    code, _text, report = scan(tmp_path / "a", head + MINIO, config=LEVELS)
    assert (code, found(report)) == (1, {"minio_s3_bucket.records": "unknown"})


TRIED = """
variable "n" { type = number }
variable "k" { type = string }
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "ovh"
  region = "gra"
  endpoints { s3 = "https://s3.gra.io.cloud.ovh.net" }
}
resource "aws_s3_bucket" "copy" {
  provider = aws.ovh
  count    = var.n
  bucket   = "copy-${count.index}"
}
resource "aws_s3_bucket" "eu" {
  provider = aws.ovh
  bucket   = "eu"
}
resource "aws_s3_bucket" "us" { bucket = "us" }
resource "aws_s3_bucket" "records" {
  provider = aws.ovh
  bucket   = "records"
  tags     = { classification = "sensible" }
}
resource "aws_s3_bucket_replication_configuration" "copy" {
  provider = aws.ovh
  bucket   = aws_s3_bucket.records.id
  role     = "r"
  rule {
    status = "Enabled"
    destination { bucket = DESTINATION }
  }
}
"""


@pytest.mark.parametrize(
    ("destination", "told"),
    [
        ("try(aws_s3_bucket.copy[0].arn, aws_s3_bucket.us.arn)", "aws_s3_bucket.us"),
        ("try(aws_s3_bucket.copy[var.k].arn, aws_s3_bucket.us.arn)", "aws_s3_bucket.us"),
        ("try(aws_s3_bucket.copy[0], aws_s3_bucket.us).arn", "aws_s3_bucket.us"),
        ("try(element(aws_s3_bucket.copy, 0).arn, aws_s3_bucket.us.arn)", "aws_s3_bucket.us"),
        ("try({ a = aws_s3_bucket.eu }[var.k].arn, aws_s3_bucket.us.arn)", "aws_s3_bucket.us"),
        ("try([aws_s3_bucket.eu.arn][var.n], aws_s3_bucket.us.arn)", "aws_s3_bucket.us"),
        ('try(aws_s3_bucket.copy[0].arn, "arn:aws:s3:::elsewhere")', "aws_s3_bucket.records"),
    ],
)
def test_try_may_take_its_next_argument(tmp_path: Path, destination: str, told: str) -> None:
    code, _text, report = scan(tmp_path / "a", TRIED.replace("DESTINATION", destination))
    assert code == 1
    assert found(report)[told] == "unknown"


@pytest.mark.parametrize(
    "destination",
    [
        "try(aws_s3_bucket.eu.arn, aws_s3_bucket.us.arn)",
        'try(aws_s3_bucket.copy[0].arn, "")',
        "try(aws_s3_bucket.copy[0].arn, null)",
    ],
)
def test_try_of_what_cannot_lead_elsewhere_is_certain(tmp_path: Path, destination: str) -> None:
    code, _text, report = scan(tmp_path / "a", TRIED.replace("DESTINATION", destination))
    assert (code, found(report)) == (0, {})
