"""Sealed evidence: what is in it, that every change is found, and that the verdict can be reached again.

Through the real command, save for the many single flips, which go through the same `check` in this process.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.protobuf import json_format
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.evidence import check, wire
from tests.command import run

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
AS_OF = ("--as-of", "2026-11-24")

SECRET = "correct-horse-battery-staple"
MAIN = """\
variable "zone" {}
variable "password" { sensitive = true }

provider "aws" {
  region = var.zone
}

resource "aws_s3_bucket" "files" {
  bucket = var.password
  tags   = jsondecode(file("${path.module}/tags.json"))
}

module "copy" {
  source = "./copy"
}
"""
COPY = """\
resource "scaleway_object_bucket" "copy" {
  region = "fr-par"
  tags   = { data-classification = "confidential" }
}
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """Return a repository of source with variables, a module, a file that is read, and a configuration."""
    folder = tmp_path / "estate"
    (folder / "copy").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "main.tf").write_text(MAIN)
    (folder / "copy" / "main.tf").write_text(COPY)
    (folder / "tags.json").write_text('{"data-classification": "confidential"}')
    (folder / "terraform.tfvars").write_text('zone = "eu-west-3"\n')
    (folder / ".sovereign-guard.yaml").write_text("on_unknown: warn\n")
    return folder


def seal(folder: Path, *arguments: str, into: str = "evidence", **more: Any) -> Path:
    done = run("scan", *(arguments or (".",)), "--seal", into, *AS_OF, "-f", "json", cwd=folder, **more)
    assert done.returncode in (0, 1), done.stderr.decode()
    assert f"Sealed in {into}" in done.stderr.decode()
    assert (folder / into / "report.json").read_bytes() == done.stdout
    return folder / into


def verify(folder: Path, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Check a folder as the command does, in this process: tests change folders in a hundred ways."""
    given = list(zip(arguments[::2], arguments[1::2], strict=True))
    one = dict(given)
    values = dict(value.split("=", 1) for name, value in given if name == "--var")
    with contextlib.chdir(cwd):
        try:
            found = check(str(folder), one.get("--key"), one.get("--inputs"), values, env or {})
        except SovereignGuardError as error:
            return error.exit_code, str(error)
    return found.exit_code, "\n".join(found.lines)


def verify_by_command(folder: Path, *arguments: str, cwd: Path, **more: Any) -> tuple[int, str]:
    done = run("verify", str(folder), *arguments, cwd=cwd, **more)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def resummed(folder: Path) -> None:
    """Write SHA256SUMS anew, as somebody who covers up a change would."""
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    (folder / "SHA256SUMS").write_bytes(wire.sums(found))


def restated(folder: Path) -> None:
    """Write the statement and SHA256SUMS anew, as somebody who covers up a change very well would."""
    statement = json.loads((folder / "statement.json").read_bytes())
    inputs = json.loads((folder / "inputs.json").read_bytes())
    names = [p for p in folder.rglob("*") if p.is_file() and p.name not in wire.UNSEALED]
    found = {
        (p.relative_to(folder).as_posix(), hashlib.sha256(p.read_bytes()).hexdigest()) for p in names
    } | {("input:" + one["path"], one["sha256"]) for one in inputs["files"] if not one["file"]}
    statement["subject"] = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(found)]
    (folder / "statement.json").write_bytes(json.dumps(statement).encode())
    resummed(folder)


def keys(folder: Path, name: str = "key") -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return str(private), str(public)


# -- what is in it -------------------------------------------------------------------------------------------


def test_every_file_that_was_read_is_there_by_its_digest(estate: Path) -> None:
    found = seal(estate, ".", "--var", f"password={SECRET}")
    files = json.loads((found / "inputs.json").read_bytes())["files"]
    judged = {one["path"]: one for one in files if not one["file"]}
    assert set(judged) == {"main.tf", "copy/main.tf", "tags.json", "terraform.tfvars"}
    for path, one in judged.items():
        data = (estate / path).read_bytes()
        assert (one["sha256"], one["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert {one["role"] for one in files} == {"source", "referenced", "configuration", "policy"}
    shipped = (ROOT / "rules" / "policies" / "three-circles.yaml").read_bytes()
    assert (found / "policy.yaml").read_bytes() == shipped
    assert (found / "configuration.yaml").read_bytes() == (estate / ".sovereign-guard.yaml").read_bytes()


def test_no_secret_is_copied(estate: Path) -> None:
    token = "ten-thousand-tokens"
    found = seal(estate, ".", "--var", f"password={SECRET}", env={"TF_VAR_zone": token})
    for path in found.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert SECRET.encode() not in data
            assert hashlib.sha256(SECRET.encode()).hexdigest().encode() not in data
    values = json.loads((found / "request.json").read_bytes())["values"]
    assert {(one["by"], one["name"]) for one in values} == {
        ("option", "password"),
        ("environment", "TF_VAR_zone"),
    }


def test_the_statement_is_one_of_in_toto(estate: Path) -> None:
    found = seal(estate, ".", "--var", f"password={SECRET}")
    data = (found / "statement.json").read_bytes()
    statement = Statement.copy_from_pb(json_format.Parse(data, statement_pb2.Statement()))
    statement.validate()
    document = json.loads(data)
    assert document["predicateType"] == "urn:sovereign-guard:evidence:v1"
    subjects = {one["name"]: one["digest"]["sha256"] for one in document["subject"]}
    inside = {p.relative_to(found).as_posix() for p in found.rglob("*") if p.is_file()}
    assert {name for name in subjects if not name.startswith("input:")} == inside - {
        "statement.json",
        "SHA256SUMS",
    }
    assert len(subjects) == len(document["subject"])
    report = json.loads((found / "report.json").read_bytes())
    predicate = document["predicate"]
    assert predicate["summary"] == report["summary"]
    assert predicate["exit_code"] == 1
    assert predicate["tool"]["version"] == report["tool"]["version"]


def test_other_programs_can_check_the_sums(estate: Path) -> None:
    found = seal(estate, ".", "--var", f"password={SECRET}")
    if shutil.which("sha256sum"):
        done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=found, capture_output=True)
        assert done.returncode == 0, done.stdout


def test_the_facts_used_are_there_with_their_sources(tmp_path: Path) -> None:
    for name in ("aws-on-scaleway", "hetzner-ash"):
        shutil.copy(FIXTURES / name / "plan.json", tmp_path / f"{name}.json")
    found = seal(tmp_path, "aws-on-scaleway.json", "hetzner-ash.json")
    facts = json.loads((found / "catalog.json").read_bytes())
    assert {"scaleway", "hetzner", "aws", "iliad"} & set(facts["operators"]) >= {"scaleway", "hetzner"}
    for operator in facts["operators"].values():
        for owner in operator["ownership"]:
            assert owner["holder"] in (*facts["operators"], "dispersed")
            assert owner["source"] in operator["sources"]
        assert operator["reviewed"]
    assert {"aws", "hcloud"} <= set(facts["providers"])
    assert any("scw.cloud" in one["host"] and one["source"]["title"] for one in facts["endpoints"])
    assert facts["regions"]["hetzner"]["regions"]["ash"]["country"] == "US"
    assert facts["regions"]["hetzner"]["sources"]


def test_the_same_run_gives_the_same_bytes(estate: Path) -> None:
    first, second = seal(estate, into="a"), seal(estate, into="b")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


# -- where it is written -------------------------------------------------------------------------------------


def test_a_folder_that_is_no_seal_is_left_alone(estate: Path) -> None:
    other = estate / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    done = run("scan", ".", "--seal", "other", cwd=estate)
    assert done.returncode == 2
    assert [path.name for path in other.iterdir()] == ["notes.txt"]
    found = seal(estate)
    (found / "notes.txt").write_text("mine")
    assert run("scan", ".", "--seal", "evidence", cwd=estate).returncode == 2
    assert (found / "notes.txt").read_text() == "mine"
    assert run("scan", ".", "--seal", "main.tf", cwd=estate).returncode == 2


def test_a_seal_is_replaced(estate: Path) -> None:
    private, _public = keys(estate.parent)
    found = seal(estate, ".", "--seal-key", private)
    (estate / "main.tf").write_text(MAIN + "\n# one more line\n")
    seal(estate)
    assert not (found / "statement.dsse.json").exists()
    assert verify(found, cwd=estate)[0] == 0


def test_no_link_is_written_through(estate: Path) -> None:
    found = seal(estate)
    target = estate.parent / "target"
    target.write_text("mine")
    (found / "report.json").unlink()
    (found / "report.json").symlink_to(target)
    seal(estate)
    assert target.read_text() == "mine"
    assert not (found / "report.json").is_symlink()


# -- changes -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return two sealed folders, one of them signed, with the public key of that."""
    folder = tmp_path_factory.mktemp("sealed")
    shutil.copy(FIXTURES / "europe-mixed" / "plan.json", folder / "plan.json")
    private, public = keys(folder)
    return {
        "here": folder,
        "unsigned": seal(folder, "plan.json", into="unsigned"),
        "signed": seal(folder, "plan.json", "--seal-key", private, into="signed"),
        "key": public,
        "scratch": tmp_path_factory.mktemp("scratch"),
    }


def is_found(folder: Path, key: str | None, here: Path) -> bool:
    """Whether a check finds a folder changed; never a crash."""
    try:
        return check(str(folder), key, str(here), {}, {}).exit_code in (1, 3)
    except SovereignGuardError as error:
        return error.exit_code in (2, 3)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), which=st.sampled_from(["unsigned", "signed"]), with_key=st.booleans())
def test_a_flipped_byte_is_found(
    sealed: dict[str, Any], data: st.DataObject, which: str, with_key: bool
) -> None:
    folder: Path = sealed[which]
    names = sorted(path.name for path in folder.iterdir())
    path = folder / data.draw(st.sampled_from(names))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    mask = data.draw(st.integers(1, 255))
    path.write_bytes(before[:at] + bytes([before[at] ^ mask]) + before[at + 1 :])
    try:
        key = sealed["key"] if with_key and which == "signed" else None
        assert is_found(folder, key, sealed["here"]), (path.name, at, mask)
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", ["SHA256SUMS", "request.json", "statement.json", "statement.dsse.json"])
def test_a_flip_of_every_byte_of_the_small_files_is_found(sealed: dict[str, Any], name: str) -> None:
    path: Path = sealed["signed"] / name
    before = path.read_bytes()
    # Case and bit 0: the flips that text formats forgive most easily.
    for at in range(0, len(before), 3 if len(before) < 1500 else 29):
        for mask in (0x20, 0x01):
            path.write_bytes(before[:at] + bytes([before[at] ^ mask]) + before[at + 1 :])
            assert is_found(sealed["signed"], None, sealed["here"]), (at, mask)
    path.write_bytes(before)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(1, 400), name=st.sampled_from(["SHA256SUMS", "inputs.json", "statement.json"]))
def test_a_cut_or_longer_file_is_found(sealed: dict[str, Any], cut: int, name: str) -> None:
    path: Path = sealed["unsigned"] / name
    before = path.read_bytes()
    try:
        for data in (before[:-cut], before + b"\n" * cut, b""):
            path.write_bytes(data)
            assert is_found(sealed["unsigned"], None, sealed["here"])
    finally:
        path.write_bytes(before)


def copied(sealed: dict[str, Any], which: str) -> Path:
    target: Path = sealed["scratch"] / "copy"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(sealed[which], target)
    return target


def test_an_added_or_missing_file_is_found(sealed: dict[str, Any]) -> None:
    for name in [path.name for path in sealed["signed"].iterdir()]:
        folder = copied(sealed, "signed")
        (folder / name).unlink()
        code, text = verify(folder, cwd=sealed["here"])
        assert code == 1, name
        assert name in text
    for name in ("more.json", "own-catalog/more.yaml", "deep/er/file"):
        folder = copied(sealed, "signed")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
        code, text = verify(folder, cwd=sealed["here"])
        assert code == 1, name
        assert name.split("/")[0] in text
        resummed(folder)
        assert verify(folder, cwd=sealed["here"])[0] == 1, name


def test_links_pipes_and_folders_are_no_part_of_a_seal(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    outside = folder.parent / "outside.json"
    shutil.move(folder / "report.json", outside)
    (folder / "report.json").symlink_to(outside)
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 1
    assert "report.json" in text
    folder = copied(sealed, "unsigned")
    os.mkfifo(folder / "pipe")
    assert verify(folder, cwd=sealed["here"])[0] == 1
    folder = copied(sealed, "unsigned")
    (folder / "own-catalog").symlink_to(sealed["here"])
    assert verify(folder, cwd=sealed["here"])[0] == 1


def test_new_sums_do_not_cover_up_a_change(sealed: dict[str, Any]) -> None:
    for name, old, new in (
        ("report.json", b'"verdict":"fail"', b'"verdict":"pass"'),
        ("policy.yaml", b"US", b"FR"),
        ("catalog.json", b'"FR"', b'"DE"'),
        ("request.json", b"2026-11-24", b"2026-11-25"),
        ("statement.json", b'"exit_code": 1', b'"exit_code": 0'),
        ("statement.json", b'"fail": ', b'"fail": 1'),
        ("statement.json", b"Statement/v1", b"Statement/v0"),
        ("inputs.json", b'"size": ', b'"size": 1'),
    ):
        folder = copied(sealed, "unsigned")
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(before.replace(old, new, 1))
        changed = (folder / name).read_bytes() != before
        resummed(folder)
        assert (verify(folder, cwd=sealed["here"])[0] == 1) is changed, name


def test_a_report_that_is_no_longer_summed_up_is_found(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    report = json.loads((folder / "report.json").read_bytes())
    report["summary"]["fail"] = 0
    (folder / "report.json").write_bytes(json.dumps(report).encode())
    restated(folder)
    code, text = verify_by_command(folder, cwd=sealed["here"])
    assert code == 1
    assert "sums up another report" in text


def test_what_is_forged_throughout_is_found_by_judging_anew(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    text = (folder / "report.json").read_text()
    (folder / "report.json").write_text(text.replace('"verdict":"fail"', '"verdict":"pass"'))
    restated(folder)
    code, told = verify(folder, cwd=sealed["here"])
    assert code == 1
    assert "was pass, and is fail" in told
    # Without the inputs and without a signature nobody can tell, and that is said.
    code, told = verify(folder, cwd=sealed["scratch"])
    assert code == 0
    assert "signature: none" in told
    assert "not judged anew" in told


# -- signatures ----------------------------------------------------------------------------------------------


def test_a_signature_is_checked(sealed: dict[str, Any], tmp_path: Path) -> None:
    code, text = verify(sealed["signed"], "--key", sealed["key"], cwd=sealed["here"])
    assert code == 0
    assert "signature: good" in text
    code, text = verify(sealed["signed"], cwd=sealed["here"])
    assert code == 0
    assert "not checked" in text
    _private, other = keys(tmp_path, "other")
    assert verify(sealed["signed"], "--key", other, cwd=sealed["here"])[0] == 1
    assert verify(sealed["unsigned"], "--key", sealed["key"], cwd=sealed["here"])[0] == 1


def test_an_envelope_is_dsse(sealed: dict[str, Any]) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    envelope = json.loads((sealed["signed"] / "statement.dsse.json").read_bytes())
    kind, payload = envelope["payloadType"], base64.b64decode(envelope["payload"])
    assert kind == "application/vnd.in-toto+json"
    assert payload == (sealed["signed"] / "statement.json").read_bytes()
    key = load_pem_public_key(Path(sealed["key"]).read_bytes())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (signature,) = envelope["signatures"]
    assert signature["keyid"] == hashlib.sha256(der).hexdigest()
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    key.verify(base64.b64decode(signature["sig"]), signed)  # type: ignore[union-attr,call-arg]


def test_openssl_checks_the_signature_as_well(sealed: dict[str, Any], tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    envelope = json.loads((sealed["signed"] / "statement.dsse.json").read_bytes())
    kind, payload = envelope["payloadType"], base64.b64decode(envelope["payload"])
    (tmp_path / "signed").write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", sealed["key"], "-rawin"]
    done = subprocess.run([*command, "-in", "signed", "-sigfile", "sig"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_signature_cannot_be_taken_away_or_carried_over(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "signed")
    (folder / "statement.dsse.json").unlink()
    resummed(folder)
    assert verify(folder, "--key", sealed["key"], cwd=sealed["here"])[0] == 1
    folder = copied(sealed, "signed")
    text = (folder / "report.json").read_text()
    (folder / "report.json").write_text(text.replace("europe", "eurape"))
    restated(folder)
    for arguments in (("--key", sealed["key"]), ()):
        code, told = verify(folder, *arguments, cwd=sealed["scratch"])
        assert code == 1
        assert "signs another statement" in told


def test_keys_that_are_none_are_usage_errors(estate: Path, sealed: dict[str, Any]) -> None:
    folder = estate.parent
    private, public = keys(folder)
    rsa = generate_private_key(65537, 2048)
    (folder / "rsa.pem").write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    locked = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    )
    (folder / "locked.pem").write_bytes(locked)
    (folder / "junk.pem").write_text("junk")
    for name in (public, "../rsa.pem", "../locked.pem", "../none.pem", "."):
        done = run("scan", ".", "--seal", "out", "--seal-key", name, cwd=estate)
        assert done.returncode == 2, name
        assert b"Traceback" not in done.stderr
        assert not (estate / "out").exists()
    for name in (private, str(folder / "junk.pem"), str(folder / "none.pem"), "."):
        assert verify(sealed["signed"], "--key", name, cwd=estate)[0] == 2, name
    assert run("scan", ".", "--seal-key", private, cwd=estate).returncode == 2


def test_without_the_library_sealing_works_and_signing_says_what_is_missing(estate: Path) -> None:
    (estate.parent / "blocked" / "cryptography").mkdir(parents=True)
    (estate.parent / "blocked" / "cryptography" / "__init__.py").write_text("raise ImportError\n")
    blocked = {"PYTHONPATH": str(estate.parent / "blocked")}
    private, public = keys(estate.parent)
    found = seal(estate, env=blocked)
    assert verify_by_command(found, cwd=estate, env=blocked)[0] == 0
    done = run("scan", ".", "--seal", "b", "--seal-key", private, cwd=estate, env=blocked)
    assert done.returncode == 2
    assert b"sovereign-guard[seal]" in done.stderr
    code, text = verify_by_command(found, "--key", public, cwd=estate, env=blocked)
    assert code == 2
    assert "sovereign-guard[seal]" in text


# -- the verdict ---------------------------------------------------------------------------------------------


def test_the_verdict_is_reached_again(estate: Path) -> None:
    found = seal(estate, ".", "--var", f"password={SECRET}", env={"TF_VAR_unused": "x"})
    again = {"TF_VAR_unused": "x"}
    code, text = verify(found, "--var", f"password={SECRET}", cwd=estate, env=again)
    assert code == 0
    assert "judged anew, the same" in text
    assert "the same to the byte" in text
    for arguments, env in ((("--var", "password=other"), again), ((), again)):
        code, text = verify(found, *arguments, cwd=estate, env=env)
        assert code == 0
        assert "not at hand: --var password" in text
    code, text = verify(found, "--var", f"password={SECRET}", cwd=estate, env={"TF_VAR_unused": "y"})
    assert "not at hand: the environment variable TF_VAR_unused" in text


def test_the_verdict_is_reached_from_a_copy(estate: Path) -> None:
    found = seal(estate)
    other = estate.parent / "elsewhere"
    shutil.copytree(estate, other)
    shutil.move(found, estate.parent / "kept")
    shutil.rmtree(estate)
    code, text = verify_by_command(estate.parent / "kept", "--inputs", str(other), cwd=estate.parent)
    assert code == 0, text
    assert "judged anew, the same" in text


def test_changed_inputs_are_told(estate: Path) -> None:
    found = seal(estate)
    (estate / "copy" / "main.tf").write_text(COPY.replace("fr-par", "nl-ams"))
    code, text = verify(found, cwd=estate)
    assert code == 0
    assert "input copy/main.tf: is not what was judged" in text
    code, text = verify(found, "--inputs", ".", cwd=estate)
    assert code == 1
    assert "input copy/main.tf: is not what was judged" in text


def test_a_file_that_was_not_there_is_told(estate: Path) -> None:
    found = seal(estate)
    (estate / "more.tf").write_text(COPY.replace('"copy"', '"more"'))
    code, text = verify(found, cwd=estate)
    assert code == 1
    assert "input more.tf: is read today and was not then" in text
    assert "scaleway_object_bucket.more" in text


def test_other_options_give_another_verdict_and_the_sealed_ones_count(estate: Path) -> None:
    (estate / ".sovereign-guard.yaml").unlink()
    for arguments in (
        ("--policy", "eu-location"),
        ("--fail-on", "introduced"),
        ("--on-unknown", "warn"),
        ("--on-unknown", "warn-locally"),
        ("--ignore-repo-config",),
        ("--workspace", "prod"),
    ):
        found = seal(estate, ".", *arguments, env={"CI": ""})
        code, text = verify(found, cwd=estate, env={"CI": "true"})
        assert code == 0, (arguments, text)
        assert "judged anew, the same" in text


def test_what_lay_outside_is_judged_by_its_copy(estate: Path) -> None:
    outside = estate.parent / "pipeline"
    (outside / "catalog" / "operators").mkdir(parents=True)
    (outside / "policy.yaml").write_text("id: ours\nextends: three-circles\ntitle: Ours\n")
    (outside / "config.yaml").write_text("policy: policy.yaml\ncatalog: catalog\non_unknown: warn\n")
    (outside / "catalog" / "operators" / "ours.yaml").write_text(
        "id: ours\nname: Ours\nkind: operator\nseat: {country: FR, source: us}\nownership: []\n"
        "reviewed: '2026-11-24'\nsources:\n"
        "  us: {title: Our own, publisher: Us, consulted: '2026-11-24', read: true}\n"
    )
    found = seal(estate, ".", "--config", "../pipeline/config.yaml")
    names = {path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file()}
    assert {
        "configuration.yaml",
        "policy.yaml",
        "policy-base.yaml",
        "own-catalog/operators/ours.yaml",
    } <= names
    assert b"catalog" in (found / "inputs.json").read_bytes()
    for _round in range(2):
        code, text = verify(found, cwd=estate)
        assert code == 0, text
        assert "judged anew, the same" in text
        shutil.rmtree(outside, ignore_errors=True)
    seal(estate, into="again")
    assert run("scan", ".", "--seal", "evidence", cwd=estate).returncode == 1
    assert not (found / "own-catalog").exists()


def test_a_baseline_is_sealed(estate: Path) -> None:
    assert run("baseline", ".", "-o", "../baseline.json", *AS_OF, cwd=estate).returncode == 0
    found = seal(estate, ".", "--baseline", "../baseline.json")
    assert (found / "baseline.json").read_bytes() == (estate.parent / "baseline.json").read_bytes()
    (estate.parent / "baseline.json").unlink()
    code, text = verify(found, cwd=estate)
    assert code == 0, text
    assert "exit code 0" in text


def test_standard_input_is_sealed_by_its_digest(estate: Path) -> None:
    plan = (FIXTURES / "europe-mixed" / "plan.json").read_bytes()
    found = seal(estate, "-", stdin=plan)
    digest = hashlib.sha256(plan).hexdigest()
    assert any(
        (one["path"], one["sha256"]) == ("-", digest)
        for one in json.loads((found / "inputs.json").read_bytes())["files"]
    )
    code, text = verify(found, cwd=estate)
    assert code == 0
    assert "not at hand: -" in text


def test_an_input_that_cannot_be_read_is_sealed_as_such(estate: Path) -> None:
    (estate / "broken.json").write_text('{"format_version": ')
    done = run("scan", "broken.json", "--seal", "evidence", *AS_OF, cwd=estate)
    assert done.returncode == 3
    predicate = json.loads((estate / "evidence" / "statement.json").read_bytes())["predicate"]
    assert predicate["exit_code"] == 3
    assert predicate["summary"]["errors"] == 1
    assert verify(estate / "evidence", cwd=estate)[0] == 0


def test_another_version_is_told(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    for name in ("request.json", "statement.json"):
        text = (folder / name).read_text()
        version = json.loads(text)["tool" if name == "request.json" else "predicate"]
        version = version["version"] if name == "request.json" else version["tool"]["version"]
        text = text.replace(f'"version": "{version}"', '"version": "0.0.1"')
        (folder / name).write_text(text.replace('"as_of": "2026', '"as_of": "2025'))
    restated(folder)
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 0, text
    assert "version: sealed by 0.0.1" in text
    assert "catalog: sealed with the facts of 2025" in text
    assert "judged anew, the same" in text


# -- folders of anybody's ------------------------------------------------------------------------------------


def changed(folder: Path, name: str, change: Any) -> None:
    document = json.loads((folder / name).read_bytes())
    change(document)
    (folder / name).write_bytes(json.dumps(document).encode())


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/hostname", "link.txt", "a\0b", "../../../../../etc/passwd"]
)
def test_paths_that_lead_outside_are_not_read(sealed: dict[str, Any], path: str, tmp_path: Path) -> None:
    folder = copied(sealed, "unsigned")
    base = tmp_path / "base"
    base.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (base / "link.txt").symlink_to(tmp_path / "secret.txt")
    digest = hashlib.sha256(b"secret").hexdigest()

    def add(document: Any) -> None:
        document["files"] = [{"role": "source", "path": path, "sha256": digest, "size": 6, "file": ""}]

    changed(folder, "inputs.json", add)
    restated(folder)
    code, text = verify(folder, "--inputs", str(base), cwd=tmp_path)
    assert code == 0, text
    assert "not at hand" in text


@pytest.mark.parametrize(
    "change",
    [
        {"paths": ["../outside"]},
        {"paths": ["/"]},
        {"paths": ["-"]},
        {"options": {"source": "/etc"}},
        {"options": {"config": "/etc/passwd"}},
        {"options": {"policy": "/etc/passwd"}},
        {"options": {"baseline": "../outside/b.json"}},
        {"options": {"catalog": "/"}},
        {"options": {"allow_terraform": True}},
        {"values": [{"by": "file", "name": "/etc/passwd", "digest": ""}]},
        {"values": [{"by": "option", "name": "x", "digest": ""}]},
    ],
)
def test_a_request_of_anybody_s_reads_nothing_outside(sealed: dict[str, Any], change: Any) -> None:
    folder = copied(sealed, "unsigned")

    def put(document: Any) -> None:
        for key, value in change.items():
            document[key] = {**document[key], **value} if isinstance(value, dict) else value

    changed(folder, "request.json", put)
    restated(folder)
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 0, text
    assert "not at hand" in text


def test_a_configuration_of_anybody_s_leads_nowhere(estate: Path) -> None:
    outside = estate.parent / "config.yaml"
    outside.write_text("on_unknown: warn\n")
    found = seal(estate, ".", "--config", "../config.yaml")
    for line in (
        "policy: /etc/passwd",
        "baseline: ../../../../../../../../../../../../../../../../etc/passwd",
    ):
        (found / "configuration.yaml").write_text(line + "\n")
        digest = hashlib.sha256((found / "configuration.yaml").read_bytes()).hexdigest()

        def put(document: Any, digest: str = digest) -> None:
            for one in document["files"]:
                if one["role"] == "configuration":
                    one["sha256"] = digest

        changed(found, "inputs.json", put)
        restated(found)
        code, text = verify(found, cwd=estate)
        assert code == 0, text
        assert "not at hand" in text


def test_what_is_too_large_is_not_read(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    with (folder / "inputs.json").open("r+b") as stream:
        stream.truncate(10 << 30)
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 3
    assert "larger than" in text


@pytest.mark.parametrize("name", ["statement.json", "request.json", "inputs.json", "report.json"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        b'{"subject": 1}',
        b"\xff\xfe",
        b'{"files": [{"path": 7}]}',
    ],
)
def test_json_that_is_none_is_no_crash(sealed: dict[str, Any], name: str, data: bytes) -> None:
    folder = copied(sealed, "signed")
    (folder / name).write_bytes(data)
    assert is_found(folder, sealed["key"], sealed["here"])
    resummed(folder)
    assert is_found(folder, sealed["key"], sealed["here"])


def test_json_that_cannot_be_understood_is_told_as_such(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    (folder / "statement.json").write_text('{"_type": "https://in-toto.io/Statement/v1"}')
    resummed(folder)
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 3
    assert "cannot be understood" in text


def test_names_in_a_folder_move_no_cursor(sealed: dict[str, Any]) -> None:
    folder = copied(sealed, "unsigned")
    (folder / "a\x1b[31mb\n::error::c").write_text("x")
    (folder / "\udcff").write_text("x")
    code, text = verify(folder, cwd=sealed["here"])
    assert code == 1
    assert "\x1b" not in text
    assert "\n::error::" not in text


def test_what_is_no_seal_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name, code in (("empty", 2), ("file", 2), ("none", 3)):
        assert verify_by_command(tmp_path / name, cwd=tmp_path)[0] == code, name


def test_files_that_change_nothing_are_told_and_are_no_fault(estate: Path) -> None:
    shutil.copy(FIXTURES / "europe-mixed" / "plan.json", estate / "plan.json")
    for name in ("main.tf", "terraform.tfvars"):
        (estate / name).unlink()
    found = seal(estate, "plan.json")
    (estate / "other.tf").write_text(COPY.replace('"copy"', '"other"'))
    code, text = verify(found, cwd=estate)
    assert code == 0, text
    assert "judged anew, the same" in text
    assert "input other.tf: is read today and was not then" in text


# -- the page ------------------------------------------------------------------------------------------------


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "europe-mixed" / "plan.json", tmp_path / "plan.json")
    page = (ROOT / "docs" / "evidence.md").read_text()
    blocks = re.findall(r"^```shell\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 8
    for line in lines:
        program, *arguments = shlex.split(line)
        if program == "openssl":
            if shutil.which("openssl") is None:
                pytest.skip("needs openssl")
            assert subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True).returncode == 0
            continue
        assert program == "sovereign-guard"
        done = run(*arguments, cwd=tmp_path)
        wanted = 0 if arguments[0] == "verify" else 1
        assert done.returncode == wanted, (line, done.stdout + done.stderr)
    for name in ("assessment-results.json", "services.cdx.json"):
        json.loads((tmp_path / name).read_bytes())


# -- subjects, in general ------------------------------------------------------------------------------------


@settings(max_examples=5, deadline=None)
@given(name=st.text(min_size=1, max_size=20), value=st.text(max_size=20))
@example(name="a", value="\ud800")
def test_stretched_digests_tell_values_apart(name: str, value: str) -> None:
    assert wire.stretched(name, value) == wire.stretched(name, value)
    assert wire.stretched(name, value + "x") != wire.stretched(name, value)
