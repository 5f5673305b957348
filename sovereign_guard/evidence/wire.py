"""The files of a sealed folder, and the shape of each. Read strictly: what we did not write is not ours."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import field

REPORT = "report.json"
POLICY = "policy.yaml"
POLICY_BASE = "policy-base.yaml"
CONFIGURATION = "configuration.yaml"
BASELINE = "baseline.json"
CATALOG = "catalog.json"
OWN_CATALOG = "own-catalog"
INPUTS = "inputs.json"
REQUEST = "request.json"
STATEMENT = "statement.json"
ENVELOPE = "statement.dsse.json"
SUMS = "SHA256SUMS"

UNSEALED = (STATEMENT, ENVELOPE, SUMS)
"""Files that the statement cannot speak of."""

OURS = (REPORT, POLICY, POLICY_BASE, CONFIGURATION, BASELINE, CATALOG, INPUTS, REQUEST, *UNSEALED)
"""Every file of a sealed folder but those of the organisation's own catalog."""

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:sovereign-guard:evidence:v1"
REQUEST_SCHEMA = "sovereign-guard/evidence-request/v1"
INPUTS_SCHEMA = "sovereign-guard/evidence-inputs/v1"
CATALOG_SCHEMA = "sovereign-guard/evidence-catalog/v1"

INPUT_SUBJECT = "input:"
"""Begins the names of subjects that do not lie in the folder."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of which every key is known."""


class Tool(_Strict, frozen=True):
    """Which program."""

    name: str
    version: str


class CatalogVersion(_Strict, frozen=True):
    """Which facts: day of the latest review, and digest of all of them as compiled."""

    as_of: str
    sha256: str


class PolicyUsed(_Strict, frozen=True):
    """Which policy; `file`: in the folder."""

    id: str
    source: str
    file: str


class Given(_Strict, frozen=True):
    """A value from outside the inputs. It may be a secret, so only a stretched digest of it is kept.

    Attributes:
        by: `option` (--var), `file` (--var-file; its name is the path) or `environment`.

    """

    by: str
    name: str
    digest: str


class Options(_Strict, frozen=True):
    """What the command line asked for, as written; None where it did not."""

    policy: str | None = None
    config: str | None = None
    ignore_repo_config: bool = False
    no_inline_waivers: bool = False
    baseline: str | None = None
    catalog: str | None = None
    on_unknown: Literal["fail", "warn"] | None = None
    allow_terraform: bool = False
    workspace: str | None = None
    source: str | None = None
    fail_on: Literal["all", "introduced"] = "all"


class Asked(_Strict, frozen=True):
    """request.json: all that it takes to judge again."""

    schema: str
    tool: Tool
    catalog: CatalogVersion
    policy: PolicyUsed
    on_unknown: str
    day: str
    language: str
    paths: tuple[str, ...]
    options: Options
    values: tuple[Given, ...]


class Read(_Strict, frozen=True):
    """A file that was read. `file`: its copy in the folder; empty for what is judged, which has none."""

    role: str
    path: str
    sha256: str
    size: int
    file: str = ""


class Inputs(_Strict, frozen=True):
    """inputs.json."""

    schema: str
    files: tuple[Read, ...]


class Predicate(_Strict, frozen=True):
    """What the statement says of its subjects."""

    tool: Tool
    catalog: CatalogVersion
    policy: PolicyUsed
    on_unknown: str
    day: str
    exit_code: int
    summary: dict[str, int]


class Subject(_Strict, frozen=True):
    """A file by its digest."""

    name: str
    digest: dict[str, str]


class Statement(_Strict, frozen=True):
    """statement.json: in-toto Statement v1."""

    type: str = field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: str = field(name="predicateType")
    predicate: Predicate


class Signature(_Strict, frozen=True):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(_Strict, frozen=True):
    """statement.dsse.json: DSSE v1."""

    payload_type: str = field(name="payloadType")
    payload: str
    signatures: tuple[Signature, ...]


class ReportFinding(msgspec.Struct, frozen=True):
    """Of a finding of report.json, what makes it the same."""

    rule: str
    verdict: str
    fingerprint: str
    input: str
    address: str | None
    deposed: str | None
    decides: bool


class ReportResource(msgspec.Struct, frozen=True):
    """Of a resource of report.json, what makes it the same."""

    input: str
    address: str
    deposed: str | None
    verdict: str


class ReportFacts(msgspec.Struct, frozen=True):
    """Of report.json, what is compared."""

    schema: str
    tool: dict[str, str]
    policy: dict[str, str]
    summary: dict[str, int]
    resources: tuple[ReportResource, ...]
    backends: tuple[ReportResource, ...]
    findings: tuple[ReportFinding, ...]
    errors: tuple[dict[str, Any], ...]

    @property
    def exit_code(self) -> int:
        """The exit code of the run that wrote the report."""
        if self.errors:
            return 3
        return 1 if any(finding.decides for finding in self.findings) else 0


def written(value: object) -> bytes:
    """Return JSON for people and for diffs: the same bytes for the same value."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of some bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sums(digests: Mapping[str, str]) -> bytes:
    """Return SHA256SUMS as it must be, to the byte, for files with these digests; `sha256sum -c` reads it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()) if name != SUMS).encode(
        "utf-8", "surrogateescape"
    )


def stretched(name: str, value: str) -> str:
    """Return a digest of a value that may be a short secret: slow to guess, the same every time."""
    salt = f"sovereign-guard:{name}".encode("utf-8", "surrogatepass")
    secret = value.encode("utf-8", "surrogatepass")
    return "pbkdf2-sha256-200000:" + hashlib.pbkdf2_hmac("sha256", secret, salt, 200_000).hex()
