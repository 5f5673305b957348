"""Where states lie: read from source for every kind of backend, placed, Unknown where it cannot be told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from sovereign_guard.catalog import load
from sovereign_guard.errors import ConfigurationError
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.resource import Backend, Block, Change, Directive, InputKind, Inventory
from sovereign_guard.model.value import Reason, Sensitive
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.onboarding.coverage import counts
from sovereign_guard.read import SourceOptions, read_all
from sovereign_guard.resolve import resolve
from tests.builders import Plan

DAY = "2026-11-24"
CATALOG = load()
RULES = Path(__file__).resolve().parent.parent / "rules"
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'


def read(
    folder: Path, files: dict[str, str], *paths: str, beside: str = "", var: str = ""
) -> tuple[list[Inventory], tuple[InputProblem, ...]]:
    """Write files as a checkout, and read it, or what is named of it."""
    top = folder / "checkout"
    (top / ".git").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    options = SourceOptions(
        assignments=(("var", var),) if var else (), cache=False, beside=str(top / beside) if beside else ""
    )
    named = tuple(str(top / name) for name in paths) or (str(top),)
    inventories, problems = read_all(named, allow_terraform=False, options=options, catalog=CATALOG)
    return list(inventories), problems


def backends(folder: Path, files: dict[str, str], *paths: str, **options: str) -> tuple[Backend, ...]:
    """The backends of the one root module, of which nothing is wrong."""
    inventories, problems = read(folder, files, *paths, **options)
    assert not problems
    (inventory,) = inventories
    return inventory.backends


def placed(backend: Backend) -> Placement:
    inventory = Inventory("x", "x", InputKind.HCL, "", (), {})
    return resolve(inventory, CATALOG, Statements(), DAY).place(backend.resource, backend.resource.after)


def of(folder: Path, text: str, **options: str) -> tuple[Backend, Placement]:
    """The own backend of a root module whose terraform block holds this text, and where that lies."""
    (found,) = backends(folder, {"main.tf": f"terraform {{\n{text}\n}}\n{BUCKET}"}, **options)
    return found, placed(found)


def who(folder: Path, text: str, **options: str) -> str:
    return " ".join(of(folder, text, **options)[1].operator_ids)


def block(kind: str, **arguments: Any) -> str:
    """A `backend` block (`cloud`: the block of that name)."""
    head = "cloud" if kind == "cloud" else f'backend "{kind}"'
    body = "".join(f"    {name} = {json.dumps(value)}\n" for name, value in arguments.items())
    return f"  {head} {{\n{body}  }}"


# -- every kind ----------------------------------------------------------------------------------------------

S3 = {"bucket": "states", "key": "prod"}
AZURE = {"storage_account_name": "s", "container_name": "c", "key": "k"}
SWIFT = {"container": "c"}
EVERYBODY = "aws aws-eusc nwcd sinnet"


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        ("s3", {**S3, "region": "eu-west-3"}, "aws"),
        ("s3", {**S3, "region": "eusc-de-east-1"}, "aws-eusc"),
        ("s3", {**S3, "region": "cn-north-1"}, "sinnet"),
        ("s3", S3, EVERYBODY),
        ("s3", {**S3, "region": "fr-par", "endpoint": "https://s3.fr-par.scw.cloud"}, "scaleway"),
        ("s3", {**S3, "region": "fr-par", "endpoints": {"s3": "https://s3.fr-par.scw.cloud"}}, "scaleway"),
        ("s3", {**S3, "region": "gra", "endpoints": {"s3": "https://s3.gra.io.cloud.ovh.net/"}}, "ovhcloud"),
        ("s3", {**S3, "region": "eu-west-2", "endpoint": "oos.eu-west-2.outscale.com"}, "outscale"),
        ("s3", {**S3, "region": "us-east-1", "endpoint": "https://minio.corp.example:9000"}, "?"),
        ("s3", {**S3, "region": "eu-west-3", "endpoints": {"dynamodb": "https://other.example"}}, "aws"),
        ("s3", {**S3, "region": "eu-west-3", "endpoint": ""}, "aws"),
        ("gcs", {"bucket": "b"}, "google"),
        (
            "gcs",
            {"bucket": "b", "storage_custom_endpoint": "https://storage.s3nsapis.fr/storage/v1/b"},
            "s3ns",
        ),
        ("gcs", {"bucket": "b", "storage_custom_endpoint": "https://gcs.corp.example/"}, "?"),
        ("azurerm", AZURE, "microsoft"),
        ("azure", AZURE, "microsoft"),
        ("azurerm", {**AZURE, "environment": "public"}, "microsoft"),
        ("azurerm", {**AZURE, "environment": "china"}, "21vianet"),
        ("azurerm", {**AZURE, "environment": "german"}, "t-systems"),
        ("azurerm", {**AZURE, "environment": "stack"}, "?"),
        ("azurerm", {**AZURE, "metadata_host": "management.local.azurestack.external"}, "?"),
        ("azurerm", {**AZURE, "endpoint": "https://management.chinacloudapi.cn"}, "21vianet"),
        ("http", {"address": "https://gitlab.com/api/v4/projects/1/terraform/state/x"}, "gitlab google"),
        ("http", {"address": "https://git.corp.example/state"}, "?"),
        ("http", {}, "?"),
        ("pg", {"conn_str": "postgres://u:p@x.rdb.fr-par.scw.cloud:5432/db?sslmode=require"}, "scaleway"),
        ("pg", {"conn_str": "host=x.rdb.fr-par.scw.cloud user=u password='p w' dbname=db"}, "scaleway"),
        ("pg", {"conn_str": "postgres://corp.example/db?host=x.rdb.fr-par.scw.cloud"}, "scaleway"),
        ("pg", {"conn_str": "postgres:///db"}, "?"),
        ("pg", {"conn_str": "dbname=db user=u"}, "?"),
        ("pg", {"conn_str": "postgres://u:p@w@x.rdb.fr-par.scw.cloud/db"}, "?"),
        ("pg", {}, "?"),
        ("consul", {"path": "p", "address": "consul.fr-par.scw.cloud:8500"}, "scaleway"),
        ("consul", {"path": "p", "address": "127.0.0.1:8500"}, "?"),
        ("consul", {"path": "p"}, "?"),
        ("kubernetes", {"secret_suffix": "s", "host": "https://x.api.k8s.fr-par.scw.cloud:6443"}, "scaleway"),
        ("kubernetes", {"secret_suffix": "s", "config_path": "~/.kube/config"}, "?"),
        ("cos", {"bucket": "b", "region": "eu-frankfurt"}, "tencent"),
        ("cos", {"bucket": "b", "endpoint": "https://cos.corp.example"}, "?"),
        ("oss", {"bucket": "b", "region": "eu-central-1"}, "alibaba"),
        ("oss", {"bucket": "b", "endpoint": "https://oss-eu-central-1.aliyuncs.com"}, "alibaba"),
        ("oss", {"bucket": "b", "endpoint": "https://oss.corp.example"}, "?"),
        ("oci", {"bucket": "b", "namespace": "n", "region": "eu-frankfurt-1"}, "oracle"),
        ("oci", {"bucket": "b", "namespace": "n", "region": "eu-frankfurt-2"}, "oracle-eusc"),
        ("oci", {"bucket": "b", "namespace": "n"}, "oracle oracle-eusc"),
        ("remote", {"organization": "o"}, "hashicorp"),
        ("remote", {"organization": "o", "hostname": "app.terraform.io"}, "aws hashicorp"),
        ("remote", {"organization": "o", "hostname": "tfe.corp.example"}, "?"),
        ("cloud", {"organization": "o"}, "hashicorp"),
        ("cloud", {"organization": "o", "hostname": "App.EU.terraform.io"}, "aws hashicorp"),
        ("cloud", {"organization": "o", "hostname": "tfe.corp.example"}, "?"),
        ("artifactory", {"url": "https://x.jfrog.io/artifactory", "repo": "r", "subpath": "s"}, "? jfrog"),
        ("artifactory", {"url": "https://art.corp.example", "repo": "r", "subpath": "s"}, "?"),
        ("artifactory", {"repo": "r", "subpath": "s"}, "?"),
        (
            "etcd",
            {"path": "p", "endpoints": "http://a.fr-par.scw.cloud:4001 http://b.corp.example"},
            "? scaleway",
        ),
        ("etcd", {"path": "p", "endpoints": "http://a.fr-par.scw.cloud:4001"}, "scaleway"),
        ("etcdv3", {"endpoints": ["http://a.fr-par.scw.cloud:2379"]}, "scaleway"),
        ("etcdv3", {"endpoints": ["etcd-1:2379", "etcd-2:2379"]}, "?"),
        ("swift", {**SWIFT, "auth_url": "https://auth.cloud.ovh.net/v3", "region_name": "GRA"}, "ovhcloud"),
        ("swift", {**SWIFT, "auth_url": "https://keystone.corp.example/v3"}, "?"),
        ("swift", {**SWIFT, "cloud": "ours"}, "?"),
        ("manta", {"account": "a", "path": "p"}, "?"),
        ("manta", {"account": "a", "path": "p", "url": "https://a.fr-par.scw.cloud"}, "scaleway"),
        ("atlas", {"name": "o/e"}, "hashicorp"),
        ("atlas", {"name": "o/e", "address": "https://tfe.corp.example"}, "?"),
        ("local", {"path": "x.tfstate"}, ""),
        ("inmem", {}, ""),
        ("frobnicate", {"bucket": "b"}, "?"),
    ],
)
def test_operators(tmp_path: Path, kind: str, arguments: dict[str, Any], expected: str) -> None:
    assert who(tmp_path, block(kind, **arguments)) == expected


def test_every_kind_is_tried() -> None:
    """Each has a case above, and its file says where the knowledge was read."""
    cases = next(mark for mark in test_operators.pytestmark if mark.name == "parametrize").args[1]
    tried = {kind for kind, _arguments, _expected in cases}
    assert {name.rpartition("/")[2] for name in CATALOG.data.backends} <= tried
    assert len(CATALOG.data.backends) == 21


def test_region_and_country(tmp_path: Path) -> None:
    _one, place = of(tmp_path, block("s3", **S3, region="eu-west-3"))
    assert place.region == "eu-west-3"
    assert {way.countries for way in place.alternatives} == {("FR",)}
    _one, place = of(tmp_path, block("gcs", bucket="b"))
    assert place.unknown_region is not None, "the bucket's place is not told"
    _one, place = of(tmp_path, block("s3", **S3, region="us-east-1", endpoint="https://s3.nl-ams.scw.cloud"))
    assert (place.region, place.alternatives[0].countries) == ("nl-ams", ("NL",)), "the endpoint counts"


def test_what_stands_for_it(tmp_path: Path) -> None:
    text = block("s3", **S3, region="eu-west-3").replace("}", '  assume_role {\n role_arn = "r"\n }\n }')
    found, _place = of(tmp_path, text)
    resource = found.resource
    (configuration,) = resource.configurations
    assert found.own
    assert (resource.address, resource.mode, resource.type) == ("terraform.backend.s3", "backend", "s3")
    assert (configuration.key, configuration.provider) == ("backend.s3", "terraform.io/backend/s3")
    assert resource.provider == configuration.provider
    assert configuration.settings["assume_role"] == [{"role_arn": "r"}]
    assert resource.after.select(("bucket",)) == ("states",)
    assert (resource.change, resource.before, resource.block) == (Change.CREATE, None, None)
    assert (Path(resource.file or "").name, resource.line, resource.column) == ("main.tf", 2, 3)


def test_the_cloud_block(tmp_path: Path) -> None:
    found, place = of(tmp_path, '  cloud {\n organization = "o"\n workspaces {\n tags = ["a"]\n }\n }')
    assert found.resource.address == "terraform.cloud"
    assert found.resource.configurations[0].settings["workspaces"] == [{"tags": ["a"]}]
    assert place.operator_ids == ("hashicorp",)


def test_without_a_backend_state_is_local(tmp_path: Path) -> None:
    assert backends(tmp_path, {"main.tf": 'terraform {\n required_version = "1"\n}\n' + BUCKET}) == ()


def test_backends_of_called_modules_count_nothing(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "m" {\n source = "./m"\n}\n',
        "m/main.tf": f"terraform {{\n{block('http', address='https://gitlab.com')}\n}}\n{BUCKET}",
    }
    assert backends(tmp_path, files, "main.tf") == ()


# -- partial configurations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "arguments", "missing"),
    [
        ("s3", {}, "bucket and key"),
        ("s3", {"key": "k", "region": "eu-west-3"}, "bucket"),
        ("gcs", {"prefix": "p"}, "bucket"),
        ("azurerm", {"key": "k"}, "storage_account_name and container_name"),
        ("cos", {}, "bucket"),
        ("oss", {"region": "eu-central-1"}, "bucket"),
        ("remote", {"workspaces": {"name": "w"}}, "organization"),
        ("cloud", {}, "organization"),
        ("atlas", {}, "name"),
        ("http", {"username": "u"}, "address"),
    ],
)
def test_completed_elsewhere(tmp_path: Path, kind: str, arguments: dict[str, Any], missing: str) -> None:
    found, place = of(tmp_path, block(kind, **arguments))
    assert place.operator_ids == ("?",)
    unknown = place.unknown_operator
    assert unknown is not None
    assert unknown is found.resource.configurations[0].unknown
    assert unknown.detail.startswith(f"no {missing}, so it is completed by -backend-config or")


def test_a_written_endpoint_counts_where_the_rest_is_completed(tmp_path: Path) -> None:
    """Whoever names a host in the block says whose it is; the bucket may come later."""
    assert who(tmp_path, block("s3", region="fr-par", endpoint="https://s3.fr-par.scw.cloud")) == "scaleway"
    assert who(tmp_path, block("cloud", hostname="tfe.corp.example")) == "?"
    assert who(tmp_path, block("azurerm", key="k", environment="china")) == "21vianet"


def test_an_empty_oci_block_is_oracles(tmp_path: Path) -> None:
    """No argument of it can lead elsewhere."""
    assert who(tmp_path, block("oci")) == "oracle oracle-eusc"


# -- values --------------------------------------------------------------------------------------------------


def test_variables_and_locals_are_evaluated(tmp_path: Path) -> None:
    text = (
        '  backend "s3" {\n bucket = "b"\n key = "k"\n region = "x"\n'
        "    endpoints = { s3 = local.endpoint }\n  }\n}\n"
        'variable "place" {}\nlocals {\n  endpoint = "https://s3.${var.place}.scw.cloud"\n'
    )
    assert who(tmp_path, text, var="place=fr-par") == "scaleway"
    _found, place = of(tmp_path, text)
    assert place.operator_ids == ("?",)
    assert place.unknown_operator is not None
    assert place.unknown_operator.reason is Reason.NO_VALUE


def test_unknown_endpoints_as_a_whole(tmp_path: Path) -> None:
    text = '  backend "s3" {\n bucket = "b"\n key = "k"\n endpoints = var.e\n }\n}\nvariable "e" {\n'
    assert who(tmp_path, text) == "?"


def test_the_new_name_of_an_argument_counts(tmp_path: Path) -> None:
    both = {"endpoint": "https://minio.corp.example", "endpoints": {"s3": "https://s3.fr-par.scw.cloud"}}
    assert who(tmp_path, block("s3", **S3, **both)) == "scaleway"


SECRETS = ("hunter2", "admin")


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("pg", {"conn_str": "postgres://admin:hunter2@db.corp.example:5432/x?password=hunter2"}),
        ("pg", {"conn_str": "postgres://admin:hunter2@other@db.corp.example/x"}),
        ("pg", {"conn_str": "host=db.corp.example user=admin password=hunter2"}),
        ("pg", {"conn_str": r"user=admin password='hunter2 \' x' host = db.corp.example"}),
        ("http", {"address": "https://admin:hunter2@state.corp.example/x?token=hunter2"}),
        ("etcd", {"path": "p", "endpoints": "http://admin:hunter2@a.example http://admin:hunter2@b.example"}),
        ("consul", {"path": "p", "address": "https://admin:hunter2@consul.corp.example"}),
        ("etcdv3", {"endpoints": ["https://admin:hunter2@a.example"]}),
    ],
)
def test_credentials_are_not_kept(tmp_path: Path, kind: str, arguments: dict[str, Any]) -> None:
    found, place = of(tmp_path, block(kind, **arguments))
    kept = f"{found.resource.configurations[0].settings} {place.evidence} {place.unknown_operator}"
    assert not [secret for secret in SECRETS if secret in kept]


def test_sensitive_values_stay_so(tmp_path: Path) -> None:
    text = (
        '  backend "pg" {\n conn_str = var.c\n }\n}\n'
        'variable "c" {\n sensitive = true\n default = "postgres://u:p@x.rdb.fr-par.scw.cloud/db"\n'
    )
    found, place = of(tmp_path, text)
    value = found.resource.configurations[0].settings["conn_str"]
    assert isinstance(value, Sensitive)
    assert value.value == "postgres://x.rdb.fr-par.scw.cloud/db"
    assert place.operator_ids == ("scaleway",)
    assert "rdb.fr-par" not in str(place.evidence[0].what)


# -- files ---------------------------------------------------------------------------------------------------


def test_json(tmp_path: Path) -> None:
    document = {
        "terraform": {
            "backend": {
                "s3": {
                    "//": "sovereign-guard: level=sensitive",
                    **S3,
                    "region": "fr-par",
                    "endpoints": {"s3": "https://s3.fr-par.scw.cloud"},
                }
            },
            "encryption": {
                "key_provider": {"pbkdf2": {"k": {"passphrase": "0123456789abcdef"}}},
                "method": {"aes_gcm": {"m": {"keys": "${key_provider.pbkdf2.k}"}}},
                "state": {"method": "${method.aes_gcm.m}"},
            },
        }
    }
    (found,) = backends(tmp_path, {"main.tf": BUCKET, "backend.tf.json": json.dumps(document)})
    assert placed(found).operator_ids == ("scaleway",)
    assert found.encryption == "OpenTofu encrypts state with aes_gcm, key from pbkdf2, not enforced"
    assert [one.level for one in found.resource.directives if isinstance(one, Directive)] == ["sensitive"]
    assert Path(found.resource.file or "").name == "backend.tf.json"


def test_cloud_in_json(tmp_path: Path) -> None:
    document = {"terraform": [{"cloud": {"organization": "o", "workspaces": {"name": "w"}}}]}
    (found,) = backends(tmp_path, {"main.tf.json": json.dumps(document)})
    assert placed(found).operator_ids == ("hashicorp",)


def test_a_tofu_file_replaces_that_of_its_name(tmp_path: Path) -> None:
    files = {
        "backend.tf": f"terraform {{\n{block('cloud', organization='o')}\n}}\n",
        "backend.tofu": f"terraform {{\n{block('http', address='https://gitlab.com/x')}\n}}\n",
    }
    (found,) = backends(tmp_path, files)
    assert placed(found).operator_ids == ("gitlab", "google")


@pytest.mark.parametrize("name", ["override.tf", "z_override.tf"])
def test_an_override_replaces_the_whole(tmp_path: Path, name: str) -> None:
    files = {
        "main.tf": "terraform {\n  # sovereign-guard: level=sensitive\n"
        f"{block('s3', **S3, region='fr-par', endpoint='https://s3.fr-par.scw.cloud')}\n}}\n",
        name: f"terraform {{\n{block('s3', **S3, region='eu-west-3')}\n}}\n",
    }
    (found,) = backends(tmp_path, files)
    assert placed(found).operator_ids == ("aws",), "no argument of the first is left"
    assert Path(found.resource.file or "").name == name
    files[name] = f"terraform {{\n{block('cloud', organization='o')}\n}}\n"
    (found,) = backends(tmp_path, files)
    assert found.resource.address == "terraform.cloud"


def test_two_backends_are_a_problem(tmp_path: Path) -> None:
    files = {
        "a.tf": f"terraform {{\n{block('cloud', organization='o')}\n}}\n",
        "b.tf": f"terraform {{\n{block('http', address='https://gitlab.com/x')}\n}}\n",
    }
    (inventory,), problems = read(tmp_path, files)
    (problem,) = problems
    assert "where the state is kept is said twice" in problem.message
    assert [one.resource.type for one in inventory.backends] == ["cloud"]


# -- directives ----------------------------------------------------------------------------------------------

HTTP = block("http", address="https://gitlab.com/x")
LEVEL = "# sovereign-guard: level=sensitive"


@pytest.mark.parametrize(
    "text",
    [
        f"terraform {{\n  {LEVEL}\n{HTTP}\n}}\n",
        f"{LEVEL}\nterraform {{\n{HTTP}\n}}\n",
        f"terraform {{\n{HTTP} {LEVEL}\n}}\n",
        f"terraform {{\n{HTTP.replace('{', '{ ' + LEVEL, 1)}\n}}\n",
        f'terraform {{ {LEVEL}\n  required_version = "1"\n\n{HTTP}\n}}\n',
        f"terraform {{\n{HTTP}\n}} {LEVEL}\n",
    ],
)
def test_directives(tmp_path: Path, text: str) -> None:
    (found,) = backends(tmp_path, {"main.tf": text})
    (said,) = found.resource.directives
    assert isinstance(said, Directive)
    assert said.level == "sensitive"


def test_waivers(tmp_path: Path) -> None:
    text = f'  # sovereign-guard: waive SOV005 until=2027-03-31 reason="Moves."\n{HTTP}'
    found, _place = of(tmp_path, text)
    (said,) = found.resource.directives
    assert isinstance(said, Waiver)
    assert said.rules == ("SOV005",)


@pytest.mark.parametrize(
    "text",
    [
        f"terraform {{\n  required_providers {{\n    {LEVEL}\n  }}\n{HTTP}\n}}\n",
        f'{LEVEL}\nterraform {{\n  required_version = "1"\n}}\n',
    ],
)
def test_directives_that_speak_of_no_state(tmp_path: Path, text: str) -> None:
    _inventories, problems = read(tmp_path, {"main.tf": text + BUCKET})
    assert ["no resource, data or module block, nor at a backend" in one.message for one in problems] == [
        True
    ]


# -- encryption ----------------------------------------------------------------------------------------------

KEYS = """
    key_provider "pbkdf2" "k" { passphrase = "0123456789abcdef" }
    key_provider "aws_kms" "a" { kms_key_id = "x" }
    key_provider "pbkdf2" "chained" { chain = key_provider.aws_kms.a }
    method "aes_gcm" "m" { keys = key_provider.pbkdf2.k }
    method "aes_gcm" "kms" { keys = key_provider.aws_kms.a }
    method "aes_gcm" "chained" { keys = key_provider.pbkdf2.chained }
    method "external" "e" { encrypt_command = ["x"] }
    method "unencrypted" "none" {}
"""


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            "state {\n method = method.aes_gcm.m\n enforced = true\n }",
            "OpenTofu encrypts state with aes_gcm, key from pbkdf2, enforced",
        ),
        ("state {\n method = method.aes_gcm.kms\n }", "aes_gcm, key from aws_kms, not enforced"),
        (
            "state {\n method = method.aes_gcm.chained\n }",
            "aes_gcm, key from pbkdf2 and aws_kms, not enforced",
        ),
        ("state {\n method = method.external.e\n }", "OpenTofu encrypts state with external, not enforced"),
        (
            "state {\n method = method.aes_gcm.m\n fallback {\n method = method.unencrypted.none\n }\n }",
            "OpenTofu encrypts state with aes_gcm, key from pbkdf2, not enforced",
        ),
        ("state {\n enforced = true\n }", "OpenTofu must encrypt state (enforced)"),
        ("state {\n method = method.unencrypted.none\n }", ""),
        (
            "state {\n method = method.unencrypted.none\n fallback {\n method = method.aes_gcm.m\n }\n }",
            "",
        ),
        ("plan {\n method = method.aes_gcm.m\n }", ""),
    ],
)
def test_encryption(tmp_path: Path, state: str, expected: str) -> None:
    found, _place = of(tmp_path, f"{HTTP}\n  encryption {{\n{KEYS}\n{state}\n  }}")
    assert expected in found.encryption
    assert bool(expected) == bool(found.encryption)
    assert "0123456789" not in found.encryption


def test_an_override_of_encryption_is_laid_over(tmp_path: Path) -> None:
    state = "state {\n method = method.aes_gcm.m\n }"
    files = {
        "main.tf": f"terraform {{\n{HTTP}\n encryption {{\n{KEYS} {state}\n }}\n}}\n",
        "override.tf": "terraform {\n encryption {\n state {\n method = method.aes_gcm.kms\n }\n }\n}\n",
    }
    (found,) = backends(tmp_path, files)
    assert "key from aws_kms" in found.encryption


def test_encryption_of_states_that_are_read(tmp_path: Path) -> None:
    text = f"""
terraform {{
  encryption {{
{KEYS}
    remote_state_data_sources {{
      default {{ method = method.aes_gcm.m }}
      remote_state_data_source "a" {{ method = method.aes_gcm.kms }}
      remote_state_data_source "b" {{ method = method.unencrypted.none }}
      remote_state_data_source "m.c" {{ method = method.external.e }}
    }}
  }}
}}
module "m" {{ source = "./m" }}
"""
    source = "".join(
        f'data "terraform_remote_state" "{name}" {{\n backend = "gcs"\n config = {{ bucket = "b" }}\n}}\n'
        for name in "abd"
    )
    files = {"main.tf": text + source, "m/main.tf": source.replace('"a"', '"c"').replace('"d"', '"e"')}
    found = {one.resource.address.rpartition(".")[2]: one for one in backends(tmp_path, files, "main.tf")}
    said = {
        name: one.encryption.removeprefix("OpenTofu reads this state encrypted with ")
        for name, one in found.items()
    }
    # The `b` of the module is another than that of the root.
    assert said == {
        "a": "aes_gcm, key from aws_kms",
        "b": "aes_gcm, key from pbkdf2",
        "c": "external",
        "d": "aes_gcm, key from pbkdf2",
        "e": "aes_gcm, key from pbkdf2",
    }
    assert not any(one.own for one in found.values())


# -- states that are read ------------------------------------------------------------------------------------


def remote(text: str, name: str = "net") -> str:
    return f'data "terraform_remote_state" "{name}" {{\n{text}\n}}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('backend = "s3"\n config = { bucket = "b", key = "k", region = "eu-west-3" }', "aws"),
        (
            'backend = "s3"\n config = { bucket = "b", key = "k", endpoint = "https://s3.fr-par.scw.cloud" }',
            "scaleway",
        ),
        ('backend = "s3"\n config {\n bucket = "b"\n key = "k"\n region = "eu-west-3"\n }', "aws"),
        ('backend = "gcs"\n config = { bucket = "b" }\n workspace = terraform.workspace', "google"),
        ('backend = "remote"\n config = { organization = "o", workspaces = { name = "w" } }', "hashicorp"),
        ('backend = "pg"\n config = { conn_str = var.unset }', "?"),
        ('backend = "s3"\n config = var.unset', "?"),
        ('backend = var.unset\n config = { bucket = "b" }', "?"),
        ('backend = "http"', "?"),
        ('config = { bucket = "b" }', "?"),
        ('backend = "local"\n config = { path = "../x.tfstate" }', ""),
    ],
)
def test_remote_states(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = backends(tmp_path, {"main.tf": f'{remote(text)}variable "unset" {{}}\n'})
    assert not found.own
    assert found.resource.address == "data.terraform_remote_state.net"
    assert " ".join(placed(found).operator_ids) == expected


def test_remote_states_of_instances(tmp_path: Path) -> None:
    files = {
        "main.tf": f"terraform {{\n{HTTP}\n}}\n"
        'module "m" {\n source = "./m"\n for_each = toset(["fr-par", "nl-ams"])\n place = each.key\n}\n'
        + remote('count = 0\n backend = "cloud"', "none"),
        "m/main.tf": 'variable "place" {}\n'
        f"{LEVEL}\n"
        + remote(
            'count = 2\n backend = "s3"\n config = {\n bucket = "b"\n key = "k"\n'
            ' endpoints = { s3 = "https://s3.${var.place}.scw.cloud" }\n }'
        ),
    }
    found = backends(tmp_path, files, "main.tf")
    assert [(one.resource.address, one.own) for one in found] == [
        ("terraform.backend.http", True),
        *(
            (f'module.m["{place}"].data.terraform_remote_state.net[{at}]', False)
            for place in ("fr-par", "nl-ams")
            for at in (0, 1)
        ),
    ]
    last = found[-1].resource
    assert (last.module, last.index) == ('module.m["nl-ams"]', 1)
    assert placed(found[-1]).region == "nl-ams"
    assert last.line is not None
    assert [one.level for one in last.directives if isinstance(one, Directive)] == ["sensitive"]


def test_an_unknown_number_of_them(tmp_path: Path) -> None:
    text = remote('for_each = var.all\n backend = "gcs"\n config = { bucket = each.key }')
    (found,) = backends(tmp_path, {"main.tf": f'{text}variable "all" {{}}\n'})
    assert found.resource.address == "data.terraform_remote_state.net[*]"
    assert placed(found).operator_ids == ("google",)


def test_credentials_of_remote_states_are_not_kept(tmp_path: Path) -> None:
    text = remote('backend = "pg"\n config = { conn_str = "postgres://admin:hunter2@db.corp.example/x" }')
    (found,) = backends(tmp_path, {"main.tf": text})
    assert "hunter2" not in str(found.resource.after.select(("conn_str",)))


# -- Terragrunt ----------------------------------------------------------------------------------------------

UNIT = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
CONFIG = """
  config = {
    bucket = "b"
    key    = "${path_relative_to_include()}/x"
    region = "eu-west-3"
  }
"""
GENERATE = '  generate = {\n    path = "backend.tf"\n    if_exists = "overwrite"\n  }\n'


def terragrunt(folder: Path, state: str, **files: str) -> tuple[Backend, ...]:
    written = {"root.hcl": state, "app/terragrunt.hcl": UNIT, "app/main.tf": BUCKET}
    written |= {name.replace("__", "/").replace("_tf", ".tf"): text for name, text in files.items()}
    (inventory,), problems = read(folder, written)
    assert not problems
    return inventory.backends


@pytest.mark.parametrize("generate", [GENERATE, ""])
def test_terragrunt(tmp_path: Path, generate: str) -> None:
    (found,) = terragrunt(tmp_path, f'remote_state {{\n  backend = "s3"\n{generate}{CONFIG}}}\n')
    assert found.own
    assert found.resource.configurations[0].settings["key"] == "app/x"
    assert placed(found).operator_ids == ("aws",)


def test_terragrunt_completes_the_block_of_the_module(tmp_path: Path) -> None:
    module = f"terraform {{\n{block('s3', endpoint='https://s3.fr-par.scw.cloud', region='fr-par')}\n}}\n"
    state = f'remote_state {{\n  backend = "s3"\n{CONFIG}}}\n'
    (found,) = terragrunt(tmp_path, state, app__state_tf=module)
    assert found.resource.configurations[0].settings["bucket"] == "b"
    assert placed(found).operator_ids == ("scaleway",)
    assert Path(found.resource.file or "").name == "state.tf"
    (found,) = terragrunt(tmp_path, state, app__state_tf=f"terraform {{\n{block('s3')}\n}}\n")
    assert placed(found).operator_ids == ("aws",)


def test_terragrunt_with_parts_that_cannot_be_told(tmp_path: Path) -> None:
    config = CONFIG.replace('"eu-west-3"', 'get_env("REGION")')
    (found,) = terragrunt(tmp_path, f'remote_state {{\n  backend = "s3"\n{GENERATE}{config}}}\n')
    assert " ".join(placed(found).operator_ids) == EVERYBODY
    (found,) = terragrunt(tmp_path, 'remote_state {\n  backend = get_env("KIND")\n  config = {}\n}\n')
    assert (found.resource.address, found.resource.type) == ("terraform.backend", "")
    assert placed(found).operator_ids == ("?",)
    (found,) = terragrunt(
        tmp_path, 'remote_state {\n  backend = "s3"\n  config = jsondecode(run_cmd("x"))\n}\n'
    )
    assert placed(found).operator_ids == ("?",)


def test_terragrunt_whose_root_cannot_be_read(tmp_path: Path) -> None:
    files = {"app/terragrunt.hcl": 'include "root" {\n path = get_env("ROOT")\n}\n', "app/main.tf": BUCKET}
    (inventory,), _problems = read(tmp_path, files)
    (found,) = inventory.backends
    assert placed(found).operator_ids == ("?",)


def test_terragrunt_generates_the_block_itself(tmp_path: Path) -> None:
    text = f"terraform {{\n{block('cloud', organization='o')}\n}}"
    state = f'generate "b" {{\n path = "b.tf"\n if_exists = "overwrite"\n contents = <<EOF\n{text}\nEOF\n}}\n'
    (found,) = terragrunt(tmp_path, state)
    assert placed(found).operator_ids == ("hashicorp",)


def test_terragrunt_writes_encryption(tmp_path: Path) -> None:
    more = '  encryption = {\n    key_provider = "pbkdf2"\n    passphrase = "0123456789abcdef"\n  }\n'
    (found,) = terragrunt(tmp_path, f'remote_state {{\n  backend = "s3"\n{GENERATE}{CONFIG}{more}}}\n')
    assert found.encryption == "OpenTofu encrypts state with aes_gcm, key from pbkdf2, not enforced"


# -- plans, states -------------------------------------------------------------------------------------------

SOURCE = f"""
terraform {{
  backend "s3" {{
    bucket = "b"
    key    = "k"
    region = "x"
    endpoints = {{ s3 = var.endpoint }}
  }}
}}
variable "endpoint" {{}}
{BUCKET}
{remote('backend = "gcs"' + chr(10) + ' config = { bucket = "b" }')}
"""


def plan() -> Plan:
    made = Plan().variable("endpoint", "https://s3.fr-par.scw.cloud").add("aws_s3_bucket.b", bucket="b")
    made.root.setdefault("resources", []).append(
        {
            "mode": "data",
            "type": "terraform_remote_state",
            "name": "net",
            "address": "data.terraform_remote_state.net",
            "provider_config_key": "terraform",
            "expressions": {"backend": {"constant_value": "gcs"}},
        }
    )
    return made


def test_plans_with_source(tmp_path: Path) -> None:
    files = {"plan.json": json.dumps(plan().build()), "source/main.tf": SOURCE}
    found = backends(tmp_path, files, "plan.json", beside="source")
    assert [(one.resource.address, one.own) for one in found] == [
        ("terraform.backend.s3", True),
        ("data.terraform_remote_state.net", False),
    ]
    assert placed(found[0]).operator_ids == ("scaleway",), "with the plan's own variable values"
    assert Path(found[0].resource.file or "").name == "main.tf"
    assert placed(found[1]).operator_ids == ("google",)


def test_plans_without_source_or_with_that_of_another(tmp_path: Path) -> None:
    files = {"plan.json": json.dumps(plan().build()), "source/main.tf": SOURCE.replace('"b"', '"c"')}
    assert backends(tmp_path, files, "plan.json") == ()
    (inventory,), _problems = read(tmp_path, files, "plan.json", beside="source")
    assert inventory.backends == ()
    assert inventory.warnings


def test_states_have_none(tmp_path: Path) -> None:
    state = {"version": 4, "lineage": "x", "serial": 1, "terraform_version": "1.9.0", "resources": []}
    assert backends(tmp_path, {"x.tfstate": json.dumps(state)}, "x.tfstate") == ()


# -- provisioners --------------------------------------------------------------------------------------------

PROVISIONED = """
resource "null_resource" "plain" {}
resource "aws_db_instance" "d" {}
resource "aws_instance" "i" {
  user_data = aws_db_instance.d.endpoint
  connection {
    host     = self.public_ip
    password = random_password.p.result
  }
  provisioner "local-exec" {
    command     = "psql ${local.url}"
    environment = { WHO = path.module }
    connection {
      user = aws_iam_user.u.name
    }
  }
}
resource "random_password" "p" {}
resource "aws_iam_user" "u" {}
resource "null_resource" "loose" {
  connection { host = aws_instance.i.public_ip }
}
locals {
  url = "postgres://${aws_db_instance.d.username}"
}
"""


def blocks(folder: Path, files: dict[str, str], *paths: str) -> dict[str, Block]:
    (inventory,), problems = read(folder, files, *paths)
    assert not problems
    return inventory.blocks


def test_what_provisioners_refer_to(tmp_path: Path) -> None:
    found = blocks(tmp_path, {"main.tf": PROVISIONED})
    assert [key for key, one in found.items() if one.provisioned] == ["aws_instance.i"]
    assert {str(one) for one in found["aws_instance.i"].links.feeds("provisioner")} == {
        "aws_instance.i.public_ip",
        "random_password.p.result",
        "aws_db_instance.d.username",
        "aws_iam_user.u.name",
    }
    assert found["null_resource.loose"].links.feeds("provisioner") == ()
    assert {str(one) for one in found["aws_instance.i"].links.feeds("user_data")} == {
        "aws_db_instance.d.endpoint"
    }


def test_what_provisioners_refer_to_in_json(tmp_path: Path) -> None:
    body = {
        "connection": {"host": "${self.public_ip}"},
        "provisioner": [{"local-exec": {"command": "x ${aws_db_instance.d.password}"}}],
    }
    document = {"resource": {"aws_instance": {"i": body}, "aws_db_instance": {"d": {}}}}
    found = blocks(tmp_path, {"main.tf.json": json.dumps(document)})["aws_instance.i"]
    assert found.provisioned
    assert {str(one) for one in found.links.feeds("provisioner")} == {
        "aws_instance.i.public_ip",
        "aws_db_instance.d.password",
    }


def test_what_provisioners_refer_to_in_a_module(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "m" {\n source = "./m"\n secret = aws_db_instance.d.password\n}\n'
        'resource "aws_db_instance" "d" {}\n',
        "m/main.tf": 'variable "secret" {}\nresource "terraform_data" "t" {\n for_each = toset(["a"])\n'
        ' provisioner "local-exec" {\n command = "${self.id} ${var.secret}"\n }\n}\n',
    }
    found = blocks(tmp_path, files, "main.tf")["module.m.terraform_data.t"]
    assert {str(one) for one in found.links.feeds("provisioner")} == {
        "module.m.terraform_data.t.id",
        "aws_db_instance.d.password",
    }


def test_what_provisioners_of_a_plan_refer_to(tmp_path: Path) -> None:
    made = Plan().add("aws_db_instance.d", engine="x").add("aws_instance.i")
    document = made.build()
    (entry,) = [
        one for one in document["configuration"]["root_module"]["resources"] if one["type"] == "aws_instance"
    ]
    entry["expressions"] = {"ami": {"references": ["aws_db_instance.d.arn", "aws_db_instance.d"]}}
    entry["provisioners"] = [
        {"type": "local-exec", "expressions": {"command": {"references": ["self.id", "self"]}}},
        {
            "type": "file",
            "expressions": {
                "destination": {"constant_value": "/etc/x"},
                "content": {"references": ["aws_db_instance.d.password", "aws_db_instance.d"]},
            },
        },
    ]
    found = blocks(tmp_path, {"plan.json": json.dumps(document)}, "plan.json")
    assert found["aws_instance.i"].provisioned
    assert not found["aws_db_instance.d"].provisioned
    links = found["aws_instance.i"].links
    assert [str(one) for one in links.feeds("provisioner")] == [
        "aws_instance.i.id",
        "aws_db_instance.d.password",
    ]
    assert not links.leads_elsewhere("provisioner")
    assert [str(one) for one in links.feeds("ami")] == ["aws_db_instance.d.arn"]
    assert found["aws_db_instance.d"].links.feeds("provisioner") == ()


# -- the catalog ---------------------------------------------------------------------------------------------


def test_backends_are_no_providers() -> None:
    named = {address for one in CATALOG.data.providers.values() for address in one.addresses}
    assert not [one for one in named | set(CATALOG.data.providers) if "backend" in one and "/" in one]
    assert not [one for one in CATALOG.data.resources if one.startswith("backend-")]
    assert not [one for one in CATALOG.data.packed.provider_of_address if "/backend/" in one]
    assert dict(counts(CATALOG))["providers"] == len(CATALOG.data.providers)
    assert CATALOG.provider("backend-s3", "") is None


@pytest.mark.parametrize(
    "path", sorted((RULES / "catalog" / "backends").glob("*.yaml")), ids=lambda one: one.stem
)
def test_files_say_what_they_rest_on(path: Path) -> None:
    data = yaml.safe_load(path.read_text())
    assert re.match(r"# .*State", path.read_text(), re.IGNORECASE)
    assert all(source["read"] for source in data["sources"].values())
    assert all("source" in one for one in data.get("endpoints", ()))


def test_a_backend_of_ones_own(tmp_path: Path) -> None:
    sources = {"own": {"title": "t", "publisher": "p", "consulted": DAY, "read": True}}
    own = {
        "id": "http",
        "places": "operator",
        "operator": "scaleway",
        "cloud": "scaleway",
        "endpoints": [{"setting": "address", "reaches": "own", "value": "url", "source": "own"}],
        "reviewed": DAY,
        "sources": sources,
    }
    folder = tmp_path / "catalog" / "backends"
    folder.mkdir(parents=True)
    (folder / "http.yaml").write_text(yaml.safe_dump(own))
    over, names = CATALOG.laid_over(tmp_path / "catalog")
    assert names == ("backend http (replaced)",)
    provider = over.provider("terraform.io/backend/http", "http")
    assert provider is not None
    assert provider.operator == "scaleway"
    assert over.backend("s3") == CATALOG.backend("s3")
    (folder / "http.yaml").write_text(yaml.safe_dump({**own, "operator": "nobody"}))
    with pytest.raises(ConfigurationError):
        CATALOG.laid_over(tmp_path / "catalog")
    (folder / "http.yaml").write_text(yaml.safe_dump({**own, "places": "nothing"}))
    with pytest.raises(ConfigurationError):
        CATALOG.laid_over(tmp_path / "catalog")


def test_what_is_packed_comes_back() -> None:
    for address, kind in CATALOG.data.backends.items():
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(kind), type=type(kind)) == kind
        assert address == kind.provider.addresses[0]
