"""What source means: files, variables, modules, instances, blocks, directives, positions.

Expectations are those of Terraform's and OpenTofu's documentation. The real command runs on folders
that are made here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command import run

Json = dict[str, Any]

AWS = 'provider "aws" {\n  region = "eu-west-3"\n}\n'
SCALEWAY = 'terraform {\n  required_providers {\n    scaleway = { source = "scaleway/scaleway" }\n  }\n}\n'
CODES = (0, 1, 3)


class Scan:
    """The report of one run."""

    def __init__(self, exit_code: int, report: Json, complaints: str) -> None:
        self.exit_code = exit_code
        self.report = report
        self.complaints = complaints

    @property
    def addresses(self) -> list[str]:
        return [resource["address"] for resource in self.report["resources"]]

    @property
    def levels(self) -> dict[str, str | None]:
        return {resource["address"]: resource["level"] for resource in self.report["resources"]}

    @property
    def regions(self) -> dict[str, str | None]:
        return {resource["address"]: resource["region"] for resource in self.report["resources"]}

    @property
    def operators(self) -> dict[str, list[str]]:
        return {
            resource["address"]: [one["id"] for one in resource["operators"]]
            for resource in self.report["resources"]
        }

    @property
    def verdicts(self) -> dict[str, str]:
        return {resource["address"]: resource["verdict"] for resource in self.report["resources"]}

    @property
    def errors(self) -> list[Json]:
        found: list[Json] = self.report["errors"]
        return found

    def resource(self, address: str) -> Json:
        (found,) = [one for one in self.report["resources"] if one["address"] == address]
        return dict(found)

    def findings(self, address: str) -> list[Json]:
        return [one for one in self.report["findings"] if one["address"] == address]

    def rules(self, address: str) -> set[str]:
        return {one["rule"] for one in self.findings(address)}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def scan(
    folder: Path, *arguments: str, env: dict[str, str] | None = None, codes: tuple[int, ...] = CODES
) -> Scan:
    """Scan from inside a folder: by default the folder itself."""
    done = run("scan", "--format", "json", *(arguments or (".",)), cwd=folder, env=env)
    complaints = done.stderr.decode()
    assert done.returncode in codes, complaints
    assert "Traceback" not in complaints
    return Scan(done.returncode, json.loads(done.stdout), complaints)


def made(folder: Path, files: Mapping[str, str], *arguments: str, env: dict[str, str] | None = None) -> Scan:
    """Write files and scan the folder."""
    return scan(write(folder, files), *arguments, env=env)


def bucket(name: str, level: str = '"sensitive"', more: str = "") -> str:
    """Return a bucket whose label is an expression."""
    return f'resource "aws_s3_bucket" "{name}" {{\n  tags = {{ sovereignty_level = {level} }}\n{more}}}\n'


def levels_of(folder: Path, source: str, *arguments: str) -> dict[str, str | None]:
    """Scan one file that must be without fault; levels by address."""
    found = made(folder, {"main.tf": AWS + source}, *arguments)
    assert not found.errors, found.errors
    return found.levels


# -- files ---------------------------------------------------------------------------------------------------


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "a.tf": AWS + bucket("native"),
            "b.tf.json": json.dumps(
                {"resource": {"aws_s3_bucket": {"json": {"tags": {"sovereignty_level": "strategic"}}}}}
            ),
            "c.tofu": bucket("tofu"),
            "d.tofu.json": json.dumps(
                {"resource": {"aws_s3_bucket": {"tofu_json": {"tags": {"sovereignty_level": "sensitive"}}}}}
            ),
            "e.txt": bucket("text"),
            "f.tf.bak": bucket("bak"),
        },
    )
    assert found.levels == {
        "aws_s3_bucket.json": "strategic",
        "aws_s3_bucket.native": "sensitive",
        "aws_s3_bucket.tofu": "sensitive",
        "aws_s3_bucket.tofu_json": "sensitive",
    }
    assert found.exit_code == 1
    assert not found.errors


def test_a_tofu_file_replaces_the_tf_file_of_its_name_alone(tmp_path: Path) -> None:
    as_json = json.dumps({"resource": {"aws_s3_bucket": {"j": {}}}})
    found = made(
        tmp_path,
        {
            "main.tf": AWS + bucket("replaced"),
            "main.tofu": AWS + bucket("main"),
            "main.tf.json": as_json,  # main.tofu.json would replace it, main.tofu does not.
            "data.tf.json": as_json.replace('"j"', '"replaced_json"'),
            "data.tofu.json": as_json.replace('"j"', '"data"'),
            "other.tf": bucket("other"),
        },
    )
    assert sorted(found.addresses) == [
        "aws_s3_bucket.data",
        "aws_s3_bucket.j",
        "aws_s3_bucket.main",
        "aws_s3_bucket.other",
    ]


def test_source_in_utf16_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": AWS + bucket("b")})
    (tmp_path / "more.tf").write_bytes(bucket("c").encode("utf-16"))
    found = scan(tmp_path)
    assert (found.exit_code, [one["file"] for one in found.errors]) == (3, ["more.tf"])


def test_files_that_terraform_ignores_are_ignored(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + bucket("read"),
            ".hidden.tf": bucket("hidden"),
            ".#main.tf": bucket("emacs_lock"),
            "main.tf~": bucket("editor"),
            "#main.tf#": bucket("emacs"),
            "main.tf.swp": bucket("vim"),
            "main.tftest.hcl": 'run "x" {\n}\n',
            "tests/main.tftest.hcl": 'run "y" {\n}\n',
            ".terraform/providers/x.tf": bucket("provider"),
            ".terraform/modules/m/main.tf": bucket("not_called"),
            ".git/x.tf": bucket("git"),
        },
    )
    assert found.addresses == ["aws_s3_bucket.read"]
    assert not found.errors


def test_a_file_whose_name_begins_with_a_hash_is_source(tmp_path: Path) -> None:
    """Terraform ignores `#x#`, not `#x.tf`."""
    found = made(tmp_path, {"main.tf": AWS, "#x.tf": bucket("hash")})
    assert found.addresses == ["aws_s3_bucket.hash"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    source = (AWS + "\n# é\n" + bucket("b")).replace("\n", "\r\n")
    (tmp_path / "main.tf").write_bytes(b"\xef\xbb\xbf" + source.encode())
    found = scan(tmp_path)
    assert found.levels == {"aws_s3_bucket.b": "sensitive"}
    assert (found.findings("aws_s3_bucket.b")[0]["line"], found.exit_code) == (6, 1)


def test_a_folder_without_source_is_an_input_that_cannot_be_read(tmp_path: Path) -> None:
    found = made(tmp_path, {"README.md": "nothing"})
    assert found.exit_code == 3
    assert len(found.errors) == 1


def test_a_folder_that_is_named_like_a_file_is_none(tmp_path: Path) -> None:
    """Terraform looks at files alone."""
    found = made(tmp_path, {"main.tf": AWS + bucket("b"), "x.tf/README": ""})
    assert (found.exit_code, found.addresses, found.errors) == (1, ["aws_s3_bucket.b"], [])


def test_a_root_behind_a_link_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"shared/main.tf": AWS + bucket("b"), "live/dev/main.tf": AWS})
    (tmp_path / "live" / "prod").symlink_to(Path("../shared"))
    assert scan(tmp_path, "live").verdicts == {"aws_s3_bucket.b": "fail"}


# -- override files ------------------------------------------------------------------------------------------


def test_override_files_are_laid_over_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "z.tf": AWS + bucket("b", '"public"') + bucket("untouched", '"public"'),
            "a_override.tf": bucket("b", '"sensitive"'),
            "b_override.tf": bucket("b", '"strategic"'),
        },
    )
    assert found.levels == {"aws_s3_bucket.b": "strategic", "aws_s3_bucket.untouched": "public"}
    assert not found.errors


def test_override_tf_and_its_json_form_count(tmp_path: Path) -> None:
    over = {"resource": {"aws_s3_bucket": {"b": {"tags": {"sovereignty_level": "strategic"}}}}}
    assert made(
        tmp_path, {"main.tf": AWS + bucket("b", '"public"'), "override.tf.json": json.dumps(over)}
    ).levels == {"aws_s3_bucket.b": "strategic"}


def test_overriding_replaces_whole_arguments_and_all_nested_blocks_of_a_kind(tmp_path: Path) -> None:
    """A tag that the override does not repeat is gone; nested blocks of other kinds stay."""
    main = """
provider "aws" {
  region = "eu-west-3"
  default_tags { tags = { sovereignty_level = "strategic" } }
  endpoints { s3 = "https://s3.fr-par.scw.cloud" }
}
resource "aws_s3_bucket" "b" {
  tags = { sovereignty_level = "sensitive" }
}
resource "aws_dynamodb_table" "t" {}
"""
    over = """
provider "aws" {
  default_tags { tags = { team = "x" } }
}
resource "aws_s3_bucket" "b" {
  tags = { team = "x" }
}
"""
    found = made(tmp_path, {"main.tf": main, "override.tf": over})
    assert set(found.levels.values()) == {"public"}
    assert found.operators == {"aws_s3_bucket.b": ["scaleway"], "aws_dynamodb_table.t": ["aws"]}


def test_overriding_locals_variables_and_required_providers(tmp_path: Path) -> None:
    main = """
terraform {
  required_providers {
    cloud = { source = "hashicorp/aws" }
    ovh   = { source = "ovh/ovh" }
  }
}
provider "cloud" { region = "eu-west-3" }
locals {
  one = "public"
  two = "sensitive"
}
variable "v" {
  type    = string
  default = "public"
}
resource "scaleway_object_bucket" "s" {
  provider = cloud
  name     = "x"
  tags     = { sovereignty_level = local.one }
}
resource "ovh_cloud_project_kube" "k" {}
output "v" { value = var.v }
resource "aws_s3_bucket" "v" {
  provider = cloud
  tags = { sovereignty_level = var.v }
}
resource "aws_s3_bucket" "two" {
  provider = cloud
  tags = { sovereignty_level = local.two }
}
"""
    over = """
terraform {
  required_providers {
    cloud = { source = "scaleway/scaleway" }
  }
}
locals { one = "strategic" }
variable "v" { default = "strategic" }
"""
    found = made(tmp_path, {"main.tf": main, "over_override.tf": over})
    assert found.resource("scaleway_object_bucket.s")["provider"].endswith("/scaleway/scaleway")
    assert found.resource("ovh_cloud_project_kube.k")["provider"].endswith("/ovh/ovh")
    assert found.levels["scaleway_object_bucket.s"] == "strategic"
    assert found.levels["aws_s3_bucket.v"] == "strategic"
    assert found.levels["aws_s3_bucket.two"] == "sensitive"


def test_overriding_the_source_of_a_module_and_count(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + 'module "m" { source = "./one" }\n' + bucket("b"),
            "main_override.tf": 'module "m" { source = "./two" }\n'
            'resource "aws_s3_bucket" "b" { count = 2 }\n',
            "one/main.tf": bucket("one"),
            "two/main.tf": bucket("two"),
        },
    )
    inside = [a for a in found.addresses if not a.startswith("aws_s3_bucket.one")]
    assert inside == ["aws_s3_bucket.b[0]", "aws_s3_bucket.b[1]", "module.m.aws_s3_bucket.two"]


def test_a_block_that_only_an_override_file_holds_is_judged_nevertheless(tmp_path: Path) -> None:
    """Terraform refuses it; nothing of it may be lost."""
    found = made(tmp_path, {"main.tf": AWS, "override.tf": bucket("b")})
    assert found.verdicts == {"aws_s3_bucket.b": "fail"}


@pytest.mark.parametrize(
    "twice",
    [
        bucket("b", '"public"') + bucket("b"),
        'locals { a = "public" }\nlocals { a = "sensitive" }\n',
        'variable "a" {}\nvariable "a" {}\n',
        'provider "aws" { alias = "x" }\nprovider "aws" { alias = "x" }\n',
        'output "a" { value = 1 }\noutput "a" { value = 2 }\n',
    ],
    ids=["resource", "local", "variable", "provider", "output"],
)
def test_what_is_declared_twice_is_an_error_with_its_place(tmp_path: Path, twice: str) -> None:
    found = made(tmp_path, {"main.tf": AWS + twice})
    assert found.exit_code == 3
    (error,) = found.errors
    assert "twice" in error["message"]
    assert (error["file"], error["line"]) == ("main.tf", found_line(AWS + twice))


def found_line(text: str) -> int:
    """Return the line on which the last block begins."""
    lines = text.splitlines()
    return max(at for at, line in enumerate(lines, 1) if line and line[0] not in " }")


# -- providers -----------------------------------------------------------------------------------------------


def test_required_providers_count_in_each_module_for_itself(tmp_path: Path) -> None:
    child = """
terraform {
  required_providers {
    cloud = { source = "scaleway/scaleway" }
  }
}
resource "cloud_object_bucket" "b" {}
"""
    root = """
terraform {
  required_providers {
    cloud = { source = "ovh/ovh" }
  }
}
module "m" { source = "./m" }
resource "cloud_project_kube" "k" {}
"""
    found = made(tmp_path, {"main.tf": root, "m/main.tf": child})
    assert found.resource("module.m.cloud_object_bucket.b")["provider"].endswith("/scaleway/scaleway")
    assert found.resource("cloud_project_kube.k")["provider"].endswith("/ovh/ovh")


def test_a_provider_that_nobody_requires_is_hashicorps(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": bucket("b") + 'resource "nosuch_thing" "t" {}\nresource "terraform_data" "d" {}\n',
        },
    )
    assert found.resource("aws_s3_bucket.b")["provider"] == "registry.terraform.io/hashicorp/aws"
    assert found.resource("nosuch_thing.t")["provider"] == "registry.terraform.io/hashicorp/nosuch"
    assert found.resource("terraform_data.d")["provider"] == "terraform.io/builtin/terraform"


def test_old_forms_of_required_providers(tmp_path: Path) -> None:
    source = """
terraform {
  required_providers {
    aws      = "~> 2.0"
    google   = { version = ">= 3" }
    scaleway = { source = "registry.opentofu.org/scaleway/scaleway" }
  }
}
resource "aws_s3_bucket" "b" {}
resource "google_storage_bucket" "b" {}
resource "scaleway_object_bucket" "b" {}
"""
    found = made(tmp_path, {"main.tf": source})
    assert found.resource("aws_s3_bucket.b")["provider"].endswith("/hashicorp/aws")
    assert found.resource("google_storage_bucket.b")["provider"].endswith("/hashicorp/google")
    assert found.operators["scaleway_object_bucket.b"] == ["scaleway"]


def test_the_lock_file_tells_an_address_that_nobody_requires(tmp_path: Path) -> None:
    lock = 'provider "registry.opentofu.org/hashicorp/aws" {\n  version = "6.0.0"\n}\n'
    found = made(tmp_path, {"main.tf": AWS + bucket("b"), ".terraform.lock.hcl": lock})
    assert found.resource("aws_s3_bucket.b")["provider"] == "registry.opentofu.org/hashicorp/aws"
    assert found.verdicts == {"aws_s3_bucket.b": "fail"}


def test_provider_aliases(tmp_path: Path) -> None:
    source = """
provider "aws" {
  region = "eu-west-3"
}
provider "aws" {
  alias  = "north"
  region = "eu-north-1"
}
resource "aws_s3_bucket" "default" {}
resource "aws_s3_bucket" "alias" { provider = aws.north }
resource "aws_s3_bucket" "quoted" { provider = "aws.north" }
resource "aws_s3_bucket" "absent" {
  provider = aws.south
  tags     = { sovereignty_level = "sensitive" }
}
"""
    found = made(tmp_path, {"main.tf": source})
    assert found.regions == {
        "aws_s3_bucket.absent": None,
        "aws_s3_bucket.alias": "eu-north-1",
        "aws_s3_bucket.default": "eu-west-3",
        "aws_s3_bucket.quoted": "eu-north-1",
    }
    assert found.verdicts["aws_s3_bucket.absent"] != "pass"


def test_providers_that_a_call_passes(tmp_path: Path) -> None:
    child = """
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.second]
    }
  }
}
resource "aws_s3_bucket" "first" {}
resource "aws_s3_bucket" "second" { provider = aws.second }
module "below" { source = "../below" }
"""
    root = """
provider "aws" { region = "eu-west-3" }
provider "aws" {
  alias  = "a"
  region = "eu-north-1"
}
provider "aws" {
  alias  = "b"
  region = "eu-south-1"
}
module "passed" {
  source    = "./child"
  providers = {
    aws        = aws.a
    aws.second = aws.b
  }
}
module "half" {
  source    = "./child"
  providers = { aws.second = aws.b }
}
module "inherited" { source = "./below" }
"""
    found = made(
        tmp_path,
        {"main.tf": root, "child/main.tf": child, "below/main.tf": 'resource "aws_s3_bucket" "b" {}'},
    )
    assert found.regions == {
        "module.half.aws_s3_bucket.first": "eu-west-3",
        "module.half.aws_s3_bucket.second": "eu-south-1",
        "module.half.module.below.aws_s3_bucket.b": "eu-west-3",
        "module.inherited.aws_s3_bucket.b": "eu-west-3",
        "module.passed.aws_s3_bucket.first": "eu-north-1",
        "module.passed.aws_s3_bucket.second": "eu-south-1",
        "module.passed.module.below.aws_s3_bucket.b": "eu-north-1",
    }


def test_local_names_may_differ_between_caller_and_module(tmp_path: Path) -> None:
    """Providers are inherited and passed by what they are, not by what they are called."""
    root = """
terraform {
  required_providers {
    cloud = { source = "hashicorp/aws" }
  }
}
provider "cloud" { region = "eu-west-3" }
provider "cloud" {
  alias  = "north"
  region = "eu-north-1"
}
module "inherits" { source = "./m" }
module "passed" {
  source    = "./m"
  providers = { aws = cloud.north }
}
module "absent" {
  source    = "./m"
  providers = { aws = cloud.nowhere }
}
"""
    found = made(tmp_path, {"main.tf": root, "m/main.tf": bucket("b")})
    assert found.regions == {
        "module.absent.aws_s3_bucket.b": None,
        "module.inherits.aws_s3_bucket.b": "eu-west-3",
        "module.passed.aws_s3_bucket.b": "eu-north-1",
    }
    assert found.verdicts["module.absent.aws_s3_bucket.b"] == "unknown"


def test_a_provider_configuration_inside_a_module(tmp_path: Path) -> None:
    child = 'variable "region" {}\nprovider "aws" { region = var.region }\nresource "aws_s3_bucket" "b" {}\n'
    root = """
provider "aws" { region = "eu-west-3" }
module "one" {
  source = "./m"
  region = "eu-north-1"
}
module "two" {
  source = "./m"
  region = "us-east-1"
}
"""
    assert made(tmp_path, {"main.tf": root, "m/main.tf": child}).regions == {
        "module.one.aws_s3_bucket.b": "eu-north-1",
        "module.two.aws_s3_bucket.b": "us-east-1",
    }


def test_opentofus_provider_for_each(tmp_path: Path) -> None:
    root = """
locals { regions = toset(["eu-west-3", "eu-north-1"]) }
provider "aws" {
  alias    = "by_region"
  for_each = local.regions
  region   = each.key
}
resource "aws_s3_bucket" "b" {
  for_each = local.regions
  provider = aws.by_region[each.key]
}
resource "aws_s3_bucket" "fixed" { provider = aws.by_region["eu-north-1"] }
resource "aws_s3_bucket" "absent" { provider = aws.by_region["us-east-1"] }
module "m" {
  source    = "./m"
  for_each  = local.regions
  providers = { aws = aws.by_region[each.value] }
}
"""
    found = made(tmp_path, {"main.tofu": root, "m/main.tofu": 'resource "aws_s3_bucket" "c" {}\n'})
    assert found.regions == {
        'aws_s3_bucket.b["eu-north-1"]': "eu-north-1",
        'aws_s3_bucket.b["eu-west-3"]': "eu-west-3",
        "aws_s3_bucket.absent": None,
        "aws_s3_bucket.fixed": "eu-north-1",
        'module.m["eu-north-1"].aws_s3_bucket.c': "eu-north-1",
        'module.m["eu-west-3"].aws_s3_bucket.c': "eu-west-3",
    }


def test_provider_settings_by_dynamic_blocks_and_variables(tmp_path: Path) -> None:
    source = """
variable "services" { default = ["s3"] }
variable "host" {}
provider "aws" {
  region = "fr-par"
  dynamic "endpoints" {
    for_each = [1]
    content { s3 = "https://s3.fr-par.scw.cloud" }
  }
}
provider "aws" {
  alias  = "open"
  region = "fr-par"
  endpoints { s3 = var.host }
}
resource "aws_s3_bucket" "b" { tags = { sovereignty_level = "sensitive" } }
resource "aws_s3_bucket" "open" {
  provider = aws.open
  tags     = { sovereignty_level = "sensitive" }
}
"""
    found = made(tmp_path, {"main.tf": source})
    assert found.operators["aws_s3_bucket.b"] == ["scaleway"]
    assert found.verdicts == {"aws_s3_bucket.b": "pass", "aws_s3_bucket.open": "unknown"}


# -- variables -----------------------------------------------------------------------------------------------


def test_types_convert_and_defaults_fill(tmp_path: Path) -> None:
    levels = levels_of(
        tmp_path,
        """
variable "labels" {
  type    = map(string)
  default = { number = 3, yes = true }
}
variable "object" {
  type = object({
    name  = string
    level = optional(string, "strategic")
    inner = optional(object({ level = optional(string, "sensitive") }), {})
    none  = optional(string)
  })
  default = { name = "x", extra = "dropped" }
}
variable "many" {
  type    = list(object({ level = optional(string, "strategic") }))
  default = [{}, { level = "public" }, { level = null }]
}
variable "set" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "number" {
  type    = number
  default = "2"
}
"""
        + bucket("number_as_text", 'var.labels.number == "3" ? "strategic" : "public"')
        + bucket("bool_as_text", 'var.labels.yes == "true" ? "strategic" : "public"')
        + bucket("optional", "var.object.level")
        + bucket("inner", "var.object.inner.level")
        + bucket("null", 'var.object.none == null ? "strategic" : "public"')
        + bucket("dropped", 'can(var.object.extra) ? "public" : "strategic"')
        + bucket("many", "each.value.level", "for_each = { for i, m in var.many : i => m }\n")
        + bucket("set", '"sensitive"', "for_each = var.set\n")
        + bucket("count", '"sensitive"', "count = var.number\n"),
    )
    assert levels == {
        "aws_s3_bucket.bool_as_text": "strategic",
        "aws_s3_bucket.count[0]": "sensitive",
        "aws_s3_bucket.count[1]": "sensitive",
        "aws_s3_bucket.dropped": "strategic",
        "aws_s3_bucket.inner": "sensitive",
        'aws_s3_bucket.many["0"]': "strategic",
        'aws_s3_bucket.many["1"]': "public",
        'aws_s3_bucket.many["2"]': "strategic",
        "aws_s3_bucket.null": "strategic",
        "aws_s3_bucket.number_as_text": "strategic",
        "aws_s3_bucket.optional": "strategic",
        'aws_s3_bucket.set["a"]': "sensitive",
        'aws_s3_bucket.set["b"]': "sensitive",
    }


def test_nullable(tmp_path: Path) -> None:
    child = (
        'variable "a" { default = "strategic" }\n'
        'variable "b" {\n  default  = "strategic"\n  nullable = false\n}\n'
        + bucket("a", 'var.a == null ? "public" : var.a')
        + bucket("b", 'var.b == null ? "public" : var.b')
    )
    call = 'module "m" {\n  source = "./m"\n  a = null\n  b = null\n}\n'
    assert made(tmp_path, {"main.tf": AWS + call, "m/main.tf": child}).levels == {
        "module.m.aws_s3_bucket.a": "public",
        "module.m.aws_s3_bucket.b": "strategic",
    }


def test_what_a_dynamic_block_makes_of_a_sensitive_map_is_not_shown(tmp_path: Path) -> None:
    """A plan marks such blocks as sensitive as a whole."""
    source = """
variable "tags" {
  sensitive = true
  default   = { classification = "zztop" }
}
resource "aws_autoscaling_group" "g" {
  dynamic "tag" {
    for_each = var.tags
    content {
      key   = tag.key
      value = tag.value
    }
  }
}
"""
    found = made(tmp_path, {"main.tf": AWS + source})
    assert found.addresses == ["aws_autoscaling_group.g"]
    assert "zztop" not in json.dumps(found.report).lower()


def test_for_each_over_a_sensitive_map_shows_nothing_of_it(tmp_path: Path) -> None:
    """Terraform refuses it, since keys are shown in addresses."""
    source = (
        'variable "tags" {\n  sensitive = true\n  default   = { zzkey = "zztop" }\n}\n'
        + 'resource "aws_s3_bucket" "b" {\n  for_each = var.tags\n'
        + "  tags = { classification = each.value }\n}\n"
    )
    found = made(tmp_path, {"main.tf": AWS + source})
    assert found.addresses == ["aws_s3_bucket.b[*]"]
    assert "zz" not in json.dumps(found.report["resources"]) + json.dumps(found.report["findings"])


def test_a_sensitive_value_is_used_and_never_shown(tmp_path: Path) -> None:
    source = """
variable "key" {
  sensitive = true
  default   = "strategic-ZZTOP"
}
variable "level" {
  sensitive = true
  default   = "strategic"
}
variable "host" {
  sensitive = true
  default   = { s3 = "https://zztop.example.org" }
}
variable "gone" {
  ephemeral = true
  default   = "zztop"
}
provider "aws" {
  region = "eu-west-3"
  dynamic "endpoints" {
    for_each = [var.host]
    content { s3 = endpoints.value.s3 }
  }
}
provider "aws" {
  alias  = "nested"
  region = "eu-west-3"
  dynamic "endpoints" {
    for_each = var.host
    content { s3 = endpoints.value }
  }
}
provider "aws" {
  alias  = "gone"
  region = var.gone
}
resource "aws_s3_bucket" "word" { tags = { sovereignty_level = var.key } }
resource "aws_s3_bucket" "level" { tags = { sovereignty_level = var.level } }
resource "aws_s3_bucket" "nested" {
  provider = aws.nested
  tags     = { sovereignty_level = "sensitive" }
}
resource "aws_s3_bucket" "gone" {
  provider = aws.gone
  tags     = { sovereignty_level = "sensitive" }
}
"""
    found = made(tmp_path, {"main.tf": source})
    assert "zztop" not in json.dumps(found.report).lower()
    assert found.levels["aws_s3_bucket.level"] == "strategic"
    for address in found.addresses:
        assert b"zztop" not in run("explain", address, cwd=tmp_path).stdout.lower(), address


def test_a_variable_without_value_is_unknown_and_says_so(tmp_path: Path) -> None:
    source = 'variable "v" {}\nvariable "r" {}\nprovider "aws" { region = var.r }\n' + bucket("b", "var.v")
    found = made(tmp_path, {"main.tf": source})
    resource = found.resource("aws_s3_bucket.b")
    assert resource["verdict"] == "unknown"
    assert resource["unknown"]["level"].startswith("variable without value")
    assert resource["unknown"]["region"].startswith("variable without value")
    assert found.exit_code == 1
    assert not found.errors


def test_an_argument_that_a_module_requires_and_does_not_get(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + 'module "m" { source = "./m" }\n',
            "m/main.tf": 'variable "level" {}\n' + bucket("b", "var.level"),
        },
    )
    assert found.levels == {"module.m.aws_s3_bucket.b": None}
    assert found.verdicts == {"module.m.aws_s3_bucket.b": "unknown"}


def test_a_default_of_another_type_is_not_trusted(tmp_path: Path) -> None:
    source = 'variable "n" {\n  type = number\n  default = "many"\n}\n' + bucket(
        "b", '"sensitive"', "count = var.n\n"
    )
    found = made(tmp_path, {"main.tf": AWS + source})
    assert found.addresses == ["aws_s3_bucket.b[*]"]


def test_locals_refer_to_one_another_in_any_order(tmp_path: Path) -> None:
    levels = levels_of(
        tmp_path,
        'locals {\n  a = local.b\n  b = upper(local.c.level)\n}\nlocals { c = { level = "sensitive" } }\n'
        + bucket("b", "lower(local.a)"),
    )
    assert levels == {"aws_s3_bucket.b": "sensitive"}


def test_what_a_later_argument_of_merge_fixes_is_known(tmp_path: Path) -> None:
    """The rest of the map may say more, never less."""
    source = (
        'variable "extra" { type = map(string) }\n'
        'resource "aws_s3_bucket" "b" {\n  tags = merge(var.extra, { sovereignty_level = "sensitive" })\n}\n'
        'resource "aws_s3_bucket" "c" {\n  tags = merge({ sovereignty_level = "sensitive" }, var.extra)\n}\n'
        'resource "aws_s3_bucket" "d" {\n'
        '  region = lookup(merge(var.extra, { r = "eu-north-1" }), "r", "us-east-1")\n}\n'
    )
    found = made(tmp_path, {"main.tf": AWS + source})
    assert found.regions["aws_s3_bucket.d"] == "eu-north-1"
    assert found.resource("aws_s3_bucket.b")["level_candidates"] == ["sensitive", "strategic"]
    assert found.verdicts["aws_s3_bucket.b"] == "fail"
    assert found.verdicts["aws_s3_bucket.c"] == "unknown"


def test_what_names_nothing_is_unknown_never_absent(tmp_path: Path) -> None:
    source = "".join(
        bucket(name, expression)
        for name, expression in {
            "local": "local.none",
            "variable": "var.none",
            "module": "module.none.x",
            "resource": "aws_vpc.none.id",
            "path": "path.none",
            "cycle": "local.a",
            "function": "nosuch(1)",
            "provider_function": "provider::x::y(1)",
            "self": "self.x",
        }.items()
    )
    found = made(tmp_path, {"main.tf": AWS + "locals {\n  a = local.b\n  b = local.a\n}\n" + source})
    assert set(found.levels.values()) == {None}
    assert set(found.verdicts.values()) == {"unknown"}
    assert len(found.addresses) == 9


def test_provider_facts_decide_some_data_sources_and_no_others(tmp_path: Path) -> None:
    source = """
data "aws_region" "here" {}
data "aws_partition" "here" {}
data "aws_caller_identity" "me" {}
data "aws_s3_bucket" "other" { bucket = "x" }
resource "aws_s3_bucket" "by_region" {
  tags = { sovereignty_level = data.aws_region.here.region == "eu-west-3" ? "strategic" : "public" }
}
resource "aws_s3_bucket" "by_partition" {
  tags = { sovereignty_level = data.aws_partition.here.partition == "aws" ? "strategic" : "public" }
}
resource "aws_s3_bucket" "by_account" {
  tags = { sovereignty_level = data.aws_caller_identity.me.account_id == "1" ? "strategic" : "public" }
}
resource "aws_s3_bucket" "by_other" {
  tags = { sovereignty_level = data.aws_s3_bucket.other.tags.level }
}
"""
    found = made(tmp_path, {"main.tf": AWS + source})
    assert found.levels == {
        "aws_s3_bucket.by_account": None,
        "aws_s3_bucket.by_other": None,
        "aws_s3_bucket.by_partition": "strategic",
        "aws_s3_bucket.by_region": "strategic",
    }
    assert found.resource("aws_s3_bucket.by_other")["unknown"]["level"].startswith("data source not read")


# -- modules -------------------------------------------------------------------------------------------------


def test_modules_in_modules_and_outputs(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "root/main.tf": AWS
            + 'module "a" {\n  source = "../modules/a"\n  level  = "strategic"\n}\n'
            + bucket("out", "module.a.level"),
            "modules/a/main.tf": 'variable "level" {}\n'
            'module "b" {\n  source = "./b"\n  level = var.level\n}\n'
            'output "level" { value = module.b.level }\n',
            "modules/a/b/main.tf": 'variable "level" {}\noutput "level" { value = var.level }\n'
            + bucket("inner", "var.level"),
        },
    )
    assert found.levels == {
        "aws_s3_bucket.out": "strategic",
        "module.a.module.b.aws_s3_bucket.inner": "strategic",
    }
    (finding,) = [f for f in found.findings("module.a.module.b.aws_s3_bucket.inner") if f["rule"] == "SOV001"]
    assert (finding["file"], finding["line"], finding["column"]) == ("modules/a/b/main.tf", 3, 1)
    assert [one["path"] for one in found.report["inputs"]] == ["root"]


MANIFEST = {
    "Modules": [
        {"Key": "", "Source": "", "Dir": "."},
        {
            "Key": "remote",
            "Source": "registry.terraform.io/acme/thing/aws",
            "Version": "1.0.0",
            "Dir": ".terraform/modules/remote",
        },
        {
            "Key": "remote.inner_module",
            "Source": "git::https://example.org/inner.git//sub",
            "Dir": ".terraform/modules/remote.inner_module/sub",
        },
        {
            "Key": "remote.inner_module.deep",
            "Source": "registry.terraform.io/acme/deep/aws",
            "Version": "2.0.0",
            "Dir": ".terraform/modules/remote.inner_module.deep",
        },
    ]
}
INSTALLED = {
    "main.tf": AWS
    + 'module "remote" {\n  source  = "acme/thing/aws"\n  version = "1.0.0"\n  level = "strategic"\n}\n',
    ".terraform/modules/modules.json": json.dumps(MANIFEST),
    ".terraform/modules/remote/main.tf": 'variable "level" {}\n'
    + bucket("b", "var.level")
    + 'module "inner_module" { source = "git::https://example.org/inner.git//sub" }\n',
    ".terraform/modules/remote.inner_module/sub/main.tf": bucket("inner")
    + 'module "deep" {\n  source = "acme/deep/aws"\n  version = "2.0.0"\n}\n',
    ".terraform/modules/remote.inner_module.deep/main.tf": bucket("deep"),
}


def test_installed_modules_are_read(tmp_path: Path) -> None:
    found = made(tmp_path, INSTALLED)
    assert found.levels["module.remote.aws_s3_bucket.b"] == "strategic"
    assert found.levels["module.remote.module.inner_module.aws_s3_bucket.inner"] == "sensitive"
    (finding,) = [f for f in found.findings("module.remote.aws_s3_bucket.b") if f["rule"] == "SOV001"]
    assert (finding["file"], finding["line"]) == (".terraform/modules/remote/main.tf", 2)
    assert not found.errors


def test_installed_modules_in_a_call_whose_name_holds_the_word_module(tmp_path: Path) -> None:
    found = made(tmp_path, INSTALLED)
    assert found.levels["module.remote.module.inner_module.module.deep.aws_s3_bucket.deep"] == "sensitive"


def test_a_manifest_of_another_source_than_the_call_is_stale(tmp_path: Path) -> None:
    """Terraform: "Module source has changed", and it refuses to plan."""
    other = INSTALLED["main.tf"].replace("acme/thing/aws", "evil/thing/aws")
    found = made(tmp_path, {**INSTALLED, "main.tf": other})
    assert found.addresses == ["module.remote"]
    assert found.resource("module.remote")["unknown"]["operator"].startswith("module not on disk")


def test_a_manifest_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    found = made(tmp_path, {**INSTALLED, ".terraform/modules/modules.json": "{"})
    assert found.exit_code == 3
    assert [one["file"] for one in found.errors] == [".terraform/modules/modules.json"]


def test_a_module_that_is_not_on_disk_is_reported_once_and_its_labels_judged(tmp_path: Path) -> None:
    source = """
module "vault" {
  source   = "acme/vault/aws"
  version  = "1.0.0"
  for_each = toset(["a", "b"])
  tags     = { sovereignty_level = "strategic" }
}
module "quiet" {
  source = "git::https://example.org/x.git"
  count  = 3
}
module "never" {
  source = "acme/never/aws"
  count  = 0
  tags   = { sovereignty_level = "strategic" }
}
resource "aws_s3_bucket" "fed" { tags = { sovereignty_level = module.vault["a"].level } }
"""
    found = made(tmp_path, {"main.tf": AWS + source})
    assert sorted(found.addresses) == ["aws_s3_bucket.fed", "module.quiet", "module.vault"]
    vault = found.resource("module.vault")
    assert (vault["level"], vault["verdict"]) == ("strategic", "unknown")
    assert vault["unknown"]["operator"].startswith("module not on disk")
    assert found.verdicts["aws_s3_bucket.fed"] == "unknown"
    (finding,) = [f for f in found.findings("module.vault") if f["rule"] == "SOV003"]
    assert (finding["file"], finding["line"], finding["column"]) == ("main.tf", 4 + 1, 1)
    assert "terraform init" in json.dumps(finding)
    assert found.exit_code == 1


def test_a_missing_module_in_instances_of_a_module_is_reported_once(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + 'module "m" {\n  source = "./m"\n  count = 3\n}\n',
            "m/main.tf": 'module "far" { source = "acme/far/aws" }\n',
        },
    )
    assert len([a for a in found.addresses if a.endswith("module.far")]) == 1
    assert len(found.addresses) == 1


def test_a_module_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    source = AWS + 'module "m" {\n  source = "./nowhere"\n  tags = { sovereignty_level = "sensitive" }\n}\n'
    found = made(tmp_path, {"main.tf": source + bucket("b")})
    assert found.exit_code == 3
    (error,) = found.errors
    assert (error["file"], error["line"], error["column"]) == ("main.tf", 4, 1)
    assert found.verdicts == {"aws_s3_bucket.b": "fail", "module.m": "unknown"}


def test_nothing_outside_what_is_scanned_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "in/main.tf": AWS + 'module "m" { source = "../out" }\n',
            "out/main.tf": bucket("outside"),
        },
    )
    found = scan(tmp_path / "in")
    assert found.exit_code == 3
    assert found.addresses == ["module.m"]
    assert "outside" in found.errors[0]["message"]
    # From above, or inside one checkout, it is the same repository.
    assert scan(tmp_path, "in").addresses == ["module.m.aws_s3_bucket.outside"]
    (tmp_path / ".git").mkdir()
    assert scan(tmp_path / "in").addresses == ["module.m.aws_s3_bucket.outside"]


def test_links_out_of_what_is_scanned_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"in/main.tf": AWS + bucket("b"), "out/x.tf": bucket("outside")})
    (tmp_path / "in" / "x.tf").symlink_to(tmp_path / "out" / "x.tf")
    found = scan(tmp_path / "in")
    assert found.addresses == ["aws_s3_bucket.b"]
    assert found.exit_code == 3


def test_links_inside_what_is_scanned_are_followed(tmp_path: Path) -> None:
    write(tmp_path, {"env/main.tf": AWS, "shared/x.txt": bucket("shared")})
    (tmp_path / "env" / "x.tf").symlink_to(Path("../shared/x.txt"))
    assert scan(tmp_path, "env").addresses == ["aws_s3_bucket.shared"]


def test_modules_with_count_and_for_each(tmp_path: Path) -> None:
    source = """
module "counted" {
  source = "./m"
  count  = 2
  level  = count.index == 0 ? "public" : "strategic"
}
module "keyed" {
  source   = "./m"
  for_each = { x = "sensitive", "y z" = "strategic" }
  level    = each.value
}
module "none" {
  source = "./m"
  count  = 0
  level  = "strategic"
}
module "some" {
  source   = "./m"
  for_each = var.some
  level    = each.value
}
variable "some" {}
resource "aws_s3_bucket" "from" { tags = { sovereignty_level = module.counted[1].level } }
resource "aws_s3_bucket" "splat" { tags = { sovereignty_level = module.counted.*.level[1] } }
resource "aws_s3_bucket" "key" { tags = { sovereignty_level = module.keyed["x"].level } }
"""
    child = 'variable "level" {}\noutput "level" { value = var.level }\n' + bucket("b", "var.level")
    assert made(tmp_path, {"main.tf": AWS + source, "m/main.tf": child}).levels == {
        "aws_s3_bucket.from": "strategic",
        "aws_s3_bucket.key": "sensitive",
        "aws_s3_bucket.splat": "strategic",
        "module.counted[0].aws_s3_bucket.b": "public",
        "module.counted[1].aws_s3_bucket.b": "strategic",
        'module.keyed["x"].aws_s3_bucket.b': "sensitive",
        'module.keyed["y z"].aws_s3_bucket.b': "strategic",
        "module.some[*].aws_s3_bucket.b": None,
    }


def test_depends_on_changes_no_verdict_and_defers_data_sources(tmp_path: Path) -> None:
    """Terraform reads such a data source during apply, so a plan lists it."""
    source = """
resource "aws_s3_bucket" "b" {}
data "aws_s3_bucket" "later" {
  bucket     = "x"
  depends_on = [aws_s3_bucket.b]
}
data "aws_s3_bucket" "now" { bucket = "x" }
data "aws_s3_bucket" "unknown_argument" { bucket = aws_s3_bucket.b.arn }
module "m" {
  source     = "./m"
  depends_on = [aws_s3_bucket.b]
}
"""
    child = 'data "aws_s3_bucket" "inner" { bucket = "x" }\n'
    found = made(tmp_path, {"main.tf": AWS + source, "m/main.tf": child})
    assert sorted(found.addresses) == [
        "aws_s3_bucket.b",
        "data.aws_s3_bucket.later",
        "data.aws_s3_bucket.unknown_argument",
        "module.m.data.aws_s3_bucket.inner",
    ]


def test_a_module_that_is_called_by_an_expression_is_no_root(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "live/main.tofu": AWS + 'variable "w" { default = "m" }\nmodule "m" { source = "../${var.w}" }\n',
            "m/main.tf": bucket("b"),
        },
    )
    assert [one["path"] for one in found.report["inputs"]] == ["live"]


def test_opentofu_evaluates_module_sources_early(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tofu": AWS
            + 'variable "which" { default = "one" }\nlocals { base = "./mods" }\n'
            + 'module "m" { source = "${local.base}/${var.which}" }\n',
            "mods/one/main.tf": bucket("one"),
            "mods/two/main.tf": bucket("two"),
        },
        "--var",
        "which=two",
        ".",
    )
    assert "module.m.aws_s3_bucket.two" in found.addresses
    assert "module.m.aws_s3_bucket.one" not in found.addresses


def test_a_module_source_that_is_not_known(tmp_path: Path) -> None:
    source = (
        AWS
        + 'variable "which" {}\n'
        + 'module "m" {\n  source = "./${var.which}"\n  tags = { sovereignty_level = "sensitive" }\n}\n'
    )
    found = made(tmp_path, {"main.tofu": source})
    assert found.verdicts == {"module.m": "unknown"}


@pytest.mark.parametrize("source", ["./", "../self", "./../self"])
def test_a_module_that_calls_itself_is_judged_and_told(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"self/main.tf": AWS + f'module "m" {{ source = "{source}" }}\n' + bucket("b")})
    found = scan(tmp_path, "self")
    assert found.verdicts.get("aws_s3_bucket.b") == "fail"
    assert found.exit_code == 3


def test_modules_that_call_one_another_are_judged(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "a/main.tf": AWS + 'module "m" { source = "../b" }\n' + bucket("a"),
            "b/main.tf": 'module "m" { source = "../a" }\n' + bucket("b"),
        },
    )
    assert {"fail"} <= set(found.verdicts.values())
    assert found.exit_code == 3


# -- instances -----------------------------------------------------------------------------------------------


def test_addresses_of_instances(tmp_path: Path) -> None:
    source = (
        'variable "many" {}\nvariable "hidden" {\n  sensitive = true\n  default = 2\n}\n'
        'resource "aws_vpc" "v" {}\n'
        + bucket("count", '"sensitive"', "count = 2\n")
        + bucket("none", '"sensitive"', "count = 0\n")
        + bucket("none_each", '"sensitive"', "for_each = {}\n")
        + bucket("set", "each.key", 'for_each = toset(["public", "strategic"])\n')
        + bucket("map", "each.value", 'for_each = { "a\\"b" = "public", "é" = "strategic" }\n')
        + bucket("object", "each.value.l", 'for_each = { a = { l = "strategic" } }\n')
        + bucket("unknown_count", '"sensitive"', "count = var.many\n")
        + bucket("unknown_each", '"sensitive"', "for_each = var.many\n")
        + bucket("unknown_value", "each.value", "for_each = { k = aws_vpc.v.id }\n")
        + bucket("unknown_key", '"sensitive"', "for_each = toset([aws_vpc.v.id])\n")
        + bucket("hidden", '"sensitive"', "count = var.hidden\n")
        + bucket("conditional", '"sensitive"', "count = var.many == 1 ? 0 : 0\n")
        + bucket("tuple", '"sensitive"', 'for_each = ["a"]\n')
    )
    found = made(tmp_path, {"main.tf": AWS + source})
    levels = {a.removeprefix("aws_s3_bucket."): level for a, level in found.levels.items()}
    levels.pop("aws_vpc.v")
    assert levels.pop('unknown_value["k"]') is None
    assert set(levels) == {
        "count[0]",
        "count[1]",
        'set["public"]',
        'set["strategic"]',
        'map["a\\"b"]',
        'map["é"]',
        'object["a"]',
        "unknown_count[*]",
        "unknown_each[*]",
        "unknown_key[*]",
        "hidden[0]",
        "hidden[1]",
        "tuple[*]",
    }
    assert levels['map["é"]'] == levels['set["strategic"]'] == levels['object["a"]'] == "strategic"
    assert levels['map["a\\"b"]'] == levels['set["public"]'] == "public"
    assert found.verdicts["aws_s3_bucket.unknown_count[*]"] == "fail"


def test_a_symbolic_instance_stands_for_all_of_a_block(tmp_path: Path) -> None:
    """Where all candidates fail, how many there are does not matter."""
    source = (
        'variable "regions" { type = set(string) }\n'
        + 'resource "aws_s3_bucket" "b" {\n  for_each = var.regions\n  region = each.key\n'
        + '  tags = { sovereignty_level = "sensitive" }\n}\n'
    )
    found = made(tmp_path, {"main.tf": AWS + source})
    (address,) = found.addresses
    assert address == "aws_s3_bucket.b[*]"
    assert found.regions[address] is None
    assert found.verdicts[address] == "fail"
    assert found.resource(address)["unknown"]["region"].startswith("variable without value")
    assert run("explain", address, cwd=tmp_path).returncode == 0


def test_references_to_instances(tmp_path: Path) -> None:
    levels = levels_of(
        tmp_path,
        'resource "aws_s3_bucket" "a" {\n  count = 2\n  bucket = ["public", "strategic"][count.index]\n}\n'
        'resource "aws_s3_bucket" "k" {\n  for_each = toset(["strategic"])\n  bucket = each.key\n}\n'
        + bucket("index", "aws_s3_bucket.a[1].bucket")
        + bucket("splat", "aws_s3_bucket.a.*.bucket[1]")
        + bucket("key", 'aws_s3_bucket.k["strategic"].bucket')
        + bucket("values", "values(aws_s3_bucket.k)[0].bucket")
        + bucket("for", "[for b in aws_s3_bucket.a : b.bucket][1]")
        + bucket("length", 'length(aws_s3_bucket.a) == 2 ? "strategic" : "public"')
        + bucket("chained", "each.value.bucket", "for_each = aws_s3_bucket.k\n"),
    )
    assert {v for a, v in levels.items() if a.split(".")[1].split("[")[0] not in ("a", "k")} == {"strategic"}
    assert 'aws_s3_bucket.chained["strategic"]' in levels


def test_dynamic_blocks(tmp_path: Path) -> None:
    source = """
terraform {
  required_providers {
    outscale = { source = "outscale/outscale" }
  }
}
provider "outscale" { region = "eu-west-2" }
variable "extra" {}
locals { tags = { classification = "sensitive", team = "x" } }
resource "outscale_vm" "map" {
  image_id = "ami-1"
  dynamic "tags" {
    for_each = local.tags
    content {
      key   = tags.key
      value = tags.value
    }
  }
}
resource "outscale_vm" "iterator" {
  image_id = "ami-1"
  dynamic "tags" {
    for_each = [{ k = "classification", v = "strategic" }]
    iterator = it
    content {
      key   = it.value.k
      value = it.value.v
    }
  }
}
resource "outscale_vm" "none" {
  image_id = "ami-1"
  dynamic "tags" {
    for_each = false ? [1] : []
    content {
      key   = "classification"
      value = "strategic"
    }
  }
}
resource "outscale_vm" "unknown" {
  image_id = "ami-1"
  dynamic "tags" {
    for_each = var.extra
    content {
      key   = tags.key
      value = tags.value
    }
  }
}
resource "outscale_vm" "beside" {
  image_id = "ami-1"
  tags {
    key   = "classification"
    value = "strategic"
  }
  dynamic "tags" {
    for_each = { team = "y" }
    content {
      key   = tags.key
      value = tags.value
    }
  }
}
"""
    found = made(tmp_path, {"main.tf": source})
    assert found.levels["outscale_vm.map"] == "sensitive"
    assert found.levels["outscale_vm.iterator"] == "strategic"
    assert found.levels["outscale_vm.beside"] == "strategic"
    assert found.levels["outscale_vm.none"] == "public"
    assert found.levels["outscale_vm.unknown"] is None
    assert found.resource("outscale_vm.unknown")["unknown"]["level"].startswith("variable without value")


def test_opentofus_enabled(tmp_path: Path) -> None:
    source = "".join(
        bucket(name, '"sensitive"', f"lifecycle {{ enabled = {value} }}\n")
        for name, value in {"on": "true", "off": "false", "asked": "var.x"}.items()
    )
    module = 'module "off" {\n  source = "./m"\n  lifecycle { enabled = false }\n}\n'
    found = made(
        tmp_path,
        {"main.tofu": AWS + 'variable "x" {}\n' + source + module, "m/main.tofu": bucket("inner")},
    )
    assert sorted(found.addresses) == ["aws_s3_bucket.asked", "aws_s3_bucket.on"]


def test_enabled_is_converted_to_a_bool(tmp_path: Path) -> None:
    """OpenTofu: "expressions that turn into boolean values"."""
    source = bucket("text", '"sensitive"', 'lifecycle { enabled = "false" }\n')
    assert made(tmp_path, {"main.tofu": AWS + source}).addresses == []


# -- other blocks --------------------------------------------------------------------------------------------


def test_moved_import_check_and_ephemeral_blocks(tmp_path: Path) -> None:
    source = """
moved {
  from = aws_s3_bucket.old
  to   = aws_s3_bucket.new
}
import {
  to = aws_s3_bucket.new
  id = "x"
}
check "health" {
  data "aws_s3_bucket" "probe" { bucket = "x" }
  assert {
    condition     = data.aws_s3_bucket.probe.id != ""
    error_message = "no"
  }
}
ephemeral "aws_secretsmanager_secret_version" "s" { secret_id = "x" }
output "x" { value = 1 }
"""
    found = made(tmp_path, {"main.tf": AWS + source + bucket("new")})
    assert found.resource("aws_s3_bucket.new")["change"] == "import"
    assert sorted(found.addresses) == ["aws_s3_bucket.new", "data.aws_s3_bucket.probe"]
    assert not found.errors
    assert not found.report["warnings"]


def test_removed_blocks_that_leave_data_where_it_is_are_told(tmp_path: Path) -> None:
    source = """
removed {
  from = aws_s3_bucket.left
  lifecycle { destroy = false }
}
removed {
  from = aws_s3_bucket.gone
  lifecycle { destroy = true }
}
"""
    found = made(tmp_path, {"main.tf": AWS + source + bucket("b")})
    (warning,) = found.report["warnings"]
    assert "aws_s3_bucket.left" in warning
    assert "main.tf:5" in warning


def test_opentofu_forgets_by_default_what_a_removed_block_names(tmp_path: Path) -> None:
    """OpenTofu: such blocks forget, unless their `lifecycle` says `destroy = true`."""
    found = made(tmp_path, {"main.tofu": AWS + "removed {\n  from = aws_s3_bucket.left\n}\n" + bucket("b")})
    assert "aws_s3_bucket.left" in json.dumps(found.report["warnings"])


def test_a_block_that_nobody_knows_is_told(tmp_path: Path) -> None:
    found = made(
        tmp_path, {"main.tf": AWS + 'resourse "aws_s3_bucket" "b" {}\nresource "aws_s3_bucket" {}\n'}
    )
    assert [(one["file"], one["line"]) for one in found.errors] == [("main.tf", 4), ("main.tf", 5)]
    assert found.exit_code == 3


# -- roots ---------------------------------------------------------------------------------------------------


def test_every_root_below_a_path_is_judged_on_its_own(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "live/prod/main.tf": AWS
            + 'module "m" {\n  source = "../../modules/m"\n  level = "strategic"\n}\n',
            "live/dev/main.tf": AWS + 'module "m" {\n  source = "../../modules/m"\n  level = "public"\n}\n',
            "modules/m/main.tf": 'variable "level" {}\n' + bucket("b", "var.level"),
            "modules/unused/main.tf": bucket("unused"),
        },
    )
    inputs = found.report["inputs"]
    assert [(one["id"], one["path"], one["kind"], one["resources"]) for one in inputs] == [
        ("live/dev", "live/dev", "hcl", 1),
        ("live/prod", "live/prod", "hcl", 1),
        ("modules/unused", "modules/unused", "hcl", 1),
    ]
    by_input = {(one["input"], one["address"]): one["level"] for one in found.report["resources"]}
    assert by_input == {
        ("live/dev", "module.m.aws_s3_bucket.b"): "public",
        ("live/prod", "module.m.aws_s3_bucket.b"): "strategic",
        ("modules/unused", "aws_s3_bucket.unused"): "sensitive",
    }
    (finding,) = [f for f in found.report["findings"] if f["input"] == "live/prod" and f["rule"] == "SOV001"]
    assert finding["file"] == "modules/m/main.tf"


@pytest.mark.parametrize(
    ("mark", "root"),
    [
        ({}, False),
        ({"called/p.tf": AWS}, False),
        ({"called/b.tf": 'terraform {\n  backend "s3" {}\n}\n'}, True),
        ({"called/b.tf": "terraform {\n  cloud {}\n}\n"}, True),
        ({"called/.terraform.lock.hcl": ""}, True),
    ],
    ids=["plain", "provider", "backend", "cloud", "lock"],
)
def test_a_called_module_is_a_root_where_it_has_a_state_of_its_own(
    tmp_path: Path, mark: dict[str, str], root: bool
) -> None:
    found = made(
        tmp_path,
        {
            "caller/main.tf": AWS + 'module "m" { source = "../called" }\n',
            "called/main.tf": bucket("b"),
            **mark,
        },
    )
    assert [one["path"] for one in found.report["inputs"]] == (["called", "caller"] if root else ["caller"])


def test_examples_that_call_the_root_do_not_unmake_it(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + bucket("b"),
            "examples/simple/main.tf": AWS + 'module "m" { source = "../.." }\n',
        },
    )
    assert [one["path"] for one in found.report["inputs"]] == [".", "examples/simple"]


def test_a_module_that_is_called_no_time_is_judged_nowhere_else(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {"main.tf": AWS + 'module "m" {\n  source = "./m"\n  count = 0\n}\n', "m/main.tf": bucket("b")},
    )
    assert found.addresses == []
    assert found.exit_code == 0


def test_a_module_that_is_judged_nowhere_is_told(tmp_path: Path) -> None:
    caller = AWS + 'module "m" {\n  source = "../prod"\n  count  = 0\n}\n'
    found = made(tmp_path, {"w/main.tf": caller, "prod/main.tf": bucket("b")})
    assert [one for one in found.report["warnings"] if one.startswith("prod: no call of this module")]
    used = made(tmp_path, {"w/main.tf": caller.replace("= 0", "= 1")})
    assert used.report["warnings"] == []


def test_source_in_hidden_folders_is_told(tmp_path: Path) -> None:
    found = made(tmp_path, {"main.tf": AWS + bucket("b"), ".infra/main.tf": AWS + bucket("hidden")})
    assert [one["path"] for one in found.report["inputs"]] == ["."]
    assert [one for one in found.report["warnings"] if "not judged: .infra." in one]


def test_a_module_in_a_hidden_folder_that_is_called_is_not(tmp_path: Path) -> None:
    call = 'module "m" {\n  source = "./.m"\n}\n'
    found = made(tmp_path, {"main.tf": AWS + call, ".m/main.tf": bucket("b")})
    assert found.addresses == ["module.m.aws_s3_bucket.b"]
    assert found.report["warnings"] == []


def test_cdktf_output(tmp_path: Path) -> None:
    stack = {
        "//": {"metadata": {"backend": "local", "stackName": "prod", "version": "0.20.0"}, "outputs": {}},
        "terraform": {
            "backend": {"local": {"path": "x.tfstate"}},
            "required_providers": {"aws": {"source": "aws", "version": "6.0.0"}},
        },
        "provider": {"aws": [{"region": "eu-west-3"}, {"alias": "us", "region": "us-east-1"}]},
        "resource": {
            "aws_s3_bucket": {
                "files": {
                    "//": {"metadata": {"path": "prod/files", "uniqueId": "files"}},
                    "tags": {"sovereignty_level": '${upper("sensitive")}'},
                },
                "copy": {"provider": "aws.us", "bucket": "${aws_s3_bucket.files.bucket}"},
            }
        },
    }
    found = made(tmp_path, {"cdktf.out/stacks/prod/cdk.tf.json": json.dumps(stack, indent=2)})
    assert found.levels["aws_s3_bucket.files"] == "sensitive"
    assert found.regions == {"aws_s3_bucket.copy": "us-east-1", "aws_s3_bucket.files": "eu-west-3"}
    assert not found.errors
    assert found.findings("aws_s3_bucket.files")[0]["line"] is not None


def test_keys_are_written_as_terraform_writes_them(tmp_path: Path) -> None:
    """What would begin an interpolation is doubled."""
    source = bucket("b", '"sensitive"', 'for_each = toset(["$${x}%%{y}"])\n')
    assert made(tmp_path, {"main.tf": AWS + source}).addresses == ['aws_s3_bucket.b["$${x}%%{y}"]']


# -- directives ----------------------------------------------------------------------------------------------

SAYS = "sovereign-guard: level=sensitive"


@pytest.mark.parametrize(
    "source",
    [
        f'# {SAYS}\nresource "aws_s3_bucket" "b" {{\n}}\n',
        f'// {SAYS}\nresource "aws_s3_bucket" "b" {{\n}}\n',
        f'/* {SAYS} */\nresource "aws_s3_bucket" "b" {{\n}}\n',
        f'#{SAYS.replace(": ", ":")}\n# because of the register\nresource "aws_s3_bucket" "b" {{\n}}\n',
        f'resource "aws_s3_bucket" "b" {{\n  # {SAYS}\n  bucket = "x"\n}}\n',
        f'resource "aws_s3_bucket" "b" {{\n  bucket = "x" # {SAYS}\n}}\n',
        f'resource "aws_s3_bucket" "b" {{ # {SAYS}\n}}\n',
        f'resource "aws_s3_bucket" "b" {{\n}} # {SAYS}\n',
        f'resource "aws_s3_bucket" "b" {{\n  versioning {{\n    # {SAYS}\n    enabled = true\n  }}\n}}\n',
        '# sovereign-guard: level="sensitive"\nresource "aws_s3_bucket" "b" {\n}\n',
        '# sovereign-guard: level = sensitive\nresource "aws_s3_bucket" "b" {\n}\n',
    ],
    ids=[
        "hash",
        "slashes",
        "block",
        "above others",
        "inside",
        "at line",
        "first",
        "end",
        "deep",
        "quoted",
        "spaced",
    ],
)
def test_a_directive_at_a_block(tmp_path: Path, source: str) -> None:
    other = 'resource "aws_s3_bucket" "before" {\n}\n\n'
    found = made(tmp_path, {"main.tf": AWS + other + source})
    assert found.levels == {"aws_s3_bucket.b": "sensitive", "aws_s3_bucket.before": "public"}
    assert not found.errors
    assert "main.tf:" in json.dumps(found.resource("aws_s3_bucket.b")["level_evidence"])


def test_directives_at_module_calls_reach_all_that_is_in_them(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS
            + f'# {SAYS}\nmodule "a" {{\n  source = "./a"\n  count  = 2\n}}\n'
            + 'module "plain" {\n  source = "./a"\n}\n'
            + f'# {SAYS}\nmodule "far" {{ source = "acme/far/aws" }}\n',
            "a/main.tf": bucket("b", '"public"')
            + 'module "b" { source = "./b" }\n# sovereign-guard: level=strategic\n'
            + bucket("top", '"public"'),
            "a/b/main.tf": bucket("c", '"public"', 'for_each = toset(["x"])\n'),
        },
    )
    expected: dict[str, str | None] = {}
    for at in (0, 1):
        expected[f"module.a[{at}].aws_s3_bucket.b"] = "sensitive"
        expected[f"module.a[{at}].aws_s3_bucket.top"] = "strategic"
        expected[f'module.a[{at}].module.b.aws_s3_bucket.c["x"]'] = "sensitive"
    assert found.levels == expected | {
        "module.plain.aws_s3_bucket.b": "public",
        "module.plain.aws_s3_bucket.top": "strategic",
        'module.plain.module.b.aws_s3_bucket.c["x"]': "public",
        "module.far": None,
    }
    # What else lies in that module may say more, never less.
    assert found.resource("module.far")["level_candidates"] == ["sensitive", "strategic"]


def test_directives_only_raise(tmp_path: Path) -> None:
    source = (
        "# sovereign-guard: level=public\n"
        + bucket("a", '"strategic"')
        + "# sovereign-guard: level=public\n# sovereign-guard: level=strategic\n"
        + bucket("b", '"sensitive"')
        + "# sovereign-guard: level=public\n"
        + bucket("c", "var.x")
        + "# sovereign-guard: level=strategic\n"
        + bucket("d", "var.x", "count = 2\n")
        + 'variable "x" {}\n'
    )
    assert levels_of(tmp_path, source) == {
        "aws_s3_bucket.a": "strategic",
        "aws_s3_bucket.b": "strategic",
        "aws_s3_bucket.c": None,
        "aws_s3_bucket.d[0]": "strategic",
        "aws_s3_bucket.d[1]": "strategic",
    }


def test_a_word_that_the_vocabulary_lacks_is_a_finding(tmp_path: Path) -> None:
    found = made(
        tmp_path, {"main.tf": AWS + "# sovereign-guard: level=sensible-ish\n" + bucket("b", '"public"')}
    )
    assert "SOV010" in found.rules("aws_s3_bucket.b")
    assert found.verdicts["aws_s3_bucket.b"] != "pass"
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"# {SAYS}\n", 4),
        (f"# {SAYS}\n\n" + bucket("b", '"public"'), 4),
        (f"# {SAYS}\nlocals {{ a = 1 }}\n", 4),
        (f"locals {{\n  a = 1 # {SAYS}\n}}\n", 5),
        (f'# {SAYS}\nprovider "aws" {{ alias = "x" }}\n', 4),
        ("# sovereign-guard: sensitive\n" + bucket("b", '"public"'), 4),
        ("# sovereign-guard: levle=sensitive\n" + bucket("b", '"public"'), 4),
        ("# sovereign-guard: level=\n" + bucket("b", '"public"'), 4),
        ("# sovereign-guard:\n" + bucket("b", '"public"'), 4),
    ],
    ids=[
        "end",
        "blank",
        "locals",
        "in locals",
        "provider",
        "no key",
        "typo",
        "no value",
        "empty",
    ],
)
def test_a_directive_that_reaches_nothing_is_an_error(tmp_path: Path, text: str, line: int) -> None:
    found = made(tmp_path, {"main.tf": AWS + text})
    assert found.exit_code == 3
    (error,) = found.errors
    assert (error["file"], error["line"]) == ("main.tf", line)
    assert error["hint"]


@pytest.mark.parametrize(
    "comment",
    [
        "Sovereign-Guard: level=sensitive",
        "sovereign-guard : level=sensitive",
        "sovereign_guard: level=sensitive",
        "sovereign-guard level=sensitive",
    ],
)
def test_a_directive_in_another_spelling_is_not_lost(tmp_path: Path, comment: str) -> None:
    """Whoever writes it means it: it counts, or is an error."""
    found = made(tmp_path, {"main.tf": AWS + f"# {comment}\n" + bucket("b", '"public"')})
    assert found.exit_code == 3 or found.levels["aws_s3_bucket.b"] == "sensitive"


def test_a_directive_in_text_is_none(tmp_path: Path) -> None:
    source = (
        f'resource "aws_s3_bucket" "b" {{\n  bucket = "# {SAYS}"\n  policy = <<EOT\n# {SAYS}\nEOT\n}}\n'
        "# the sovereign-guard command is explained elsewhere\nlocals {}\n"
    )
    assert levels_of(tmp_path, source) == {"aws_s3_bucket.b": "public"}


def test_a_directive_in_an_override_file(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + bucket("b", '"public"'),
            "override.tf": f'# {SAYS}\nresource "aws_s3_bucket" "b" {{\n  bucket = "x"\n}}\n',
        },
    )
    assert found.levels == {"aws_s3_bucket.b": "sensitive"}


def test_directives_in_json(tmp_path: Path) -> None:
    document = {
        "provider": {"aws": {"region": "eu-west-3"}},
        "resource": {
            "aws_s3_bucket": {
                "b": {"//": SAYS, "bucket": "x"},
                "plain": {"//": "a comment", "bucket": "y"},
                "bad": {"//": "sovereign-guard: level=nonsense-word"},
            }
        },
        "module": {"m": {"//": SAYS, "source": "./m"}},
    }
    found = made(tmp_path, {"main.tf.json": json.dumps(document), "m/m.tf": bucket("i", '"public"')})
    assert found.levels["aws_s3_bucket.b"] == "sensitive"
    assert found.levels["aws_s3_bucket.plain"] == "public"
    assert found.levels["module.m.aws_s3_bucket.i"] == "sensitive"
    assert "SOV010" in found.rules("aws_s3_bucket.bad")


def test_a_directive_in_json_that_reaches_nothing_is_an_error(tmp_path: Path) -> None:
    document = {"//": SAYS, "resource": {"aws_s3_bucket": {"b": {"bucket": "x"}}}}
    found = made(tmp_path, {"main.tf.json": json.dumps(document)})
    assert found.exit_code == 3
    assert [one["file"] for one in found.errors] == ["main.tf.json"]


# -- positions, faults, reports ------------------------------------------------------------------------------


def test_every_finding_has_its_place(tmp_path: Path) -> None:
    tagged = '"j": {"tags": {"sovereignty_level": "sensitive"}}'
    document = '{\n  "resource": {\n    "aws_s3_bucket": {\n      ' + tagged + "\n    }\n  }\n}\n"
    found = made(
        tmp_path,
        {
            "main.tf": AWS + "/* é */ " + bucket("b") + 'module "m" { source = "./m" }\n',
            "m/inner.tf": "\n\n  " + bucket("i"),
            "j.tf.json": document,
        },
    )
    places = {f["address"]: (f["file"], f["line"], f["column"]) for f in found.report["findings"]}
    assert places["aws_s3_bucket.b"] == ("main.tf", 4, 9)
    assert places["module.m.aws_s3_bucket.i"] == ("m/inner.tf", 3, 3)
    assert places["aws_s3_bucket.j"][:2] == ("j.tf.json", 4)
    assert all(one["file"] and one["line"] and one["column"] for one in found.report["findings"])


def test_a_fault_in_one_file_leaves_the_rest_judged(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + bucket("other_file"),
            "broken.tf": bucket("before")
            + 'resource "aws_s3_bucket" "broken" {\n  tags = { = }\n}\n'
            + bucket("after"),
            "elsewhere/main.tf": AWS + bucket("other_root"),
            "bad.tf.json": '{"resource": ',
        },
    )
    assert found.exit_code == 3
    assert {"other_file", "before", "after", "other_root"} <= {a.split(".")[1] for a in found.addresses}
    assert {one["file"]: one["line"] for one in found.errors} == {"bad.tf.json": 1, "broken.tf": 5}
    assert all(one["column"] for one in found.errors)
    assert all(
        found.verdicts[f"aws_s3_bucket.{name}"] == "fail" for name in ("before", "after", "other_file")
    )


def test_errors_come_in_the_order_of_their_places(tmp_path: Path) -> None:
    calls = "".join(f'module "{name}" {{ source = "./nowhere-{name}" }}\n' for name in "abc")
    found = made(tmp_path, {"main.tf": AWS + calls, "a.tf": f"# {SAYS}\n"})
    places = [(one["file"], one["line"]) for one in found.errors]
    assert places == [("a.tf", 1), ("main.tf", 4), ("main.tf", 5), ("main.tf", 6)]


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": AWS + bucket("b")})
    (tmp_path / "latin.tf").write_bytes(b'locals {\n  a = "\xe9"\n}\n')
    found = scan(tmp_path)
    assert found.exit_code == 3
    assert found.errors[0]["file"] == "latin.tf"
    assert found.verdicts == {"aws_s3_bucket.b": "fail"}


def test_exit_codes(tmp_path: Path) -> None:
    assert (
        made(
            tmp_path / "clean",
            {"main.tf": SCALEWAY + 'resource "scaleway_object_bucket" "b" {\n  region = "fr-par"\n}\n'},
        ).exit_code
        == 0
    )
    assert made(tmp_path / "found", {"main.tf": AWS + bucket("b")}).exit_code == 1
    assert (
        made(tmp_path / "unknown", {"main.tf": AWS + 'variable "v" {}\n' + bucket("b", "var.v")}).exit_code
        == 1
    )
    warned = scan(tmp_path / "unknown", "--on-unknown", "warn", ".")
    assert (warned.exit_code, warned.verdicts["aws_s3_bucket.b"]) == (0, "unknown")
    assert run("scan", "nowhere", cwd=tmp_path).returncode in (2, 3)


def test_the_report_keeps_to_its_schema(tmp_path: Path) -> None:
    import jsonschema

    schema = json.loads(run("schema", "report").stdout)
    found = made(
        tmp_path,
        {
            **INSTALLED,
            "more.tf": 'module "far" { source = "acme/far/aws" }\nvariable "n" {}\n'
            + bucket("n", '"sensitive"', "count = var.n\n")
            + "resource {\n",
        },
    )
    jsonschema.Draft202012Validator(schema).validate(found.report)
    (source,) = found.report["inputs"]
    assert source["kind"] == "hcl"
    assert len(source["sha256"]) == 64
    assert source["resources"] == len(found.addresses)
    assert found.report["summary"]["resources"] == len(found.addresses)


def test_the_digest_tells_of_every_file_that_counted(tmp_path: Path) -> None:
    files = {"main.tf": AWS + 'module "m" { source = "./m" }\n', "m/main.tf": bucket("b")}

    def digest() -> str:
        return str(scan(tmp_path).report["inputs"][0]["sha256"])

    write(tmp_path, files)
    first = digest()
    assert digest() == first
    write(tmp_path, {"m/main.tf": bucket("b") + "\n"})
    assert digest() != first


def test_the_same_bytes_come_out_every_time(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            f"{name}/main.tf": AWS
            + bucket("b", "each.key", 'for_each = toset(["sensitive", "strategic", "x"])\n')
            for name in "cab"
        },
    )
    outputs = {
        run("scan", ".", "--format", form, *more, cwd=tmp_path, env={"PYTHONHASHSEED": seed}).stdout
        for form in ("json",)
        for seed in ("1", "2")
        for more in ((), ("--no-cache",))
    }
    assert len(outputs) == 1


def test_explain_speaks_of_source(tmp_path: Path) -> None:
    write(
        tmp_path, {"src/main.tf": AWS + f"# {SAYS}\n" + bucket("b", '"public"', 'for_each = toset(["k"])\n')}
    )
    done = run("explain", 'aws_s3_bucket.b["k"]', "src", cwd=tmp_path)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "src/main.tf:5" in text
    assert "src/main.tf:4" in text
    assert "eu-west-3" in text


def test_a_missing_module_that_only_some_instances_call_is_told(tmp_path: Path) -> None:
    source = 'module "m" {\n  source = "./m"\n  for_each = { a = false, b = true }\n  on = each.value\n}\n'
    inner = 'variable "on" {}\nmodule "gone" {\n  source = "acme/gone/aws"\n  count = var.on ? 1 : 0\n}\n'
    found = made(tmp_path, {"main.tf": AWS + source, "m/main.tf": inner})
    assert found.verdicts == {'module.m["b"].module.gone': "unknown"}
