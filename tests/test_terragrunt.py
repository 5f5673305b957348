"""Terragrunt's units are judged like the root modules that they make, and what cannot be told is Unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import run_json

MODULE = """
variable "name" {}
variable "endpoint" { default = "https://s3.fr-par.scw.cloud" }
variable "labels" {
  type    = map(string)
  default = {}
}
resource "aws_s3_bucket" "b" {
  bucket = var.name
  tags   = var.labels
}
"""

EUROPEAN = """
provider "aws" {
  region = "fr-par"
  endpoints {
    s3 = "https://s3.fr-par.scw.cloud"
  }
}
"""
AMERICAN = """
provider "aws" {
  region = "us-east-1"
}
"""

SENSITIVE = 'inputs = { name = "x", labels = { data = "sensitive" } }\n'
SOURCE = 'terraform {\n  source = "../../modules//bucket"\n}\n'
ROOT = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
UNIT = "live/app/terragrunt.hcl"
BUCKET = "modules/bucket/main.tf"


def generate(contents: str, name: str = "provider", path: str = "provider.tf", more: str = "") -> str:
    return f'generate "{name}" {{\n  path = "{path}"\n  {more}\n  contents = <<EOF\n{contents}\nEOF\n}}\n'


def repository(folder: Path, files: dict[str, str]) -> Path:
    top = folder / "checkout"
    (top / ".git").mkdir(parents=True)
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def scan(folder: Path, files: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any]]:
    return run_json("scan", ".", *arguments, "--no-cache", cwd=repository(folder, files))


def one(report: dict[str, Any]) -> dict[str, Any]:
    (found,) = report["resources"]
    assert isinstance(found, dict)
    return found


def verdict(folder: Path, unit: str, root: str = "", files: dict[str, str] | None = None) -> str:
    """The verdict on the bucket of one unit, with a root.hcl where one is given."""
    written = {UNIT: unit, BUCKET: MODULE, **(files or {})}
    if root:
        written["live/root.hcl"] = root
    _code, report = scan(folder, written)
    assert not report["errors"], report["errors"]
    return str(one(report)["verdict"])


# -- the three verdicts --------------------------------------------------------------------------------------


def test_a_european_an_american_and_an_unknown_unit(tmp_path: Path) -> None:
    unknown = 'provider "aws" {\n  endpoints {\n    s3 = "${get_env("S3")}"\n  }\n}'
    code, report = scan(
        tmp_path,
        {
            "live/eu/terragrunt.hcl": SOURCE + SENSITIVE + generate(EUROPEAN),
            "live/us/terragrunt.hcl": SOURCE + SENSITIVE + generate(AMERICAN),
            "live/env/terragrunt.hcl": SOURCE + SENSITIVE + generate(unknown),
            BUCKET: MODULE,
        },
    )
    assert code == 1
    assert {each["input"]: each["verdict"] for each in report["resources"]} == {
        "live/eu": "pass",
        "live/us": "fail",
        "live/env": "unknown",
    }
    assert [each["path"] for each in report["inputs"]] == ["live/env", "live/eu", "live/us"]
    findings = {each["input"]: each for each in report["findings"]}
    assert set(findings) == {"live/us", "live/env"}
    assert (findings["live/us"]["file"], findings["live/us"]["line"]) == (BUCKET, 8)
    assert len({each["fingerprint"] for each in report["findings"]}) == len(report["findings"])


# -- generate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ("templatefile", "pass"),
        ("local", "pass"),
        ("indented", "pass"),
        ("condition", "pass"),
        ("region unknown", "pass"),
        ("host unknown", "unknown"),
        ("whole unknown", "unknown"),
        ("structure unknown", "unknown"),
        ("alias unknown", "unknown"),
        ("command", "unknown"),
        ("secret", "unknown"),
    ],
)
def test_contents_are_evaluated_as_far_as_they_can_be_told(
    tmp_path: Path, contents: str, expected: str
) -> None:
    host = "https://s3.fr-par.scw.cloud"

    def heredoc(old: str, new: str) -> str:
        return f"<<EOF\n{EUROPEAN.replace(old, new, 1)}EOF"

    written = {
        "templatefile": 'templatefile("provider.tftpl", { host = local.host })',
        "local": heredoc(host, "${local.host}"),
        "indented": '<<-EOF\n    provider "aws" {\n      endpoints {\n        s3 = "${lower(local.host)}"\n'
        "      }\n    }\n  EOF",
        "condition": f'<<EOF\n%{{ if local.host != "" }}{EUROPEAN}%{{ endif }}\nEOF',
        "region unknown": heredoc("fr-par", '${get_env("R")}'),
        "host unknown": heredoc(host, '${get_env("HOST")}'),
        "whole unknown": 'get_env("PROVIDER")',
        "structure unknown": f'<<EOF\n{EUROPEAN}\n${{get_env("MORE")}}\nEOF',
        "alias unknown": heredoc("region", 'alias = "${get_env("A")}"\n  region'),
        "command": 'run_cmd("echo", "x")',
        "secret": 'sops_decrypt_file("provider.enc")',
    }[contents]
    unit = f"""
locals {{
  host = "{host}"
}}
generate "provider" {{
  path      = "provider.tf"
  if_exists = "overwrite"
  contents  = {written}
}}
"""
    files = {"live/app/provider.tftpl": EUROPEAN.replace(host, "${host}")}
    assert verdict(tmp_path, SOURCE + SENSITIVE + unit, files=files) == expected


def test_an_unknown_generate_never_leaves_the_default_and_is_said(tmp_path: Path) -> None:
    unit = 'generate "provider" {\n  path = "provider.tf"\n  contents = get_env("P")\n}\n'
    code, report = scan(tmp_path, {UNIT: SOURCE + SENSITIVE + unit, BUCKET: MODULE + EUROPEAN})
    assert (code, one(report)["verdict"]) == (1, "unknown")
    (warning,) = report["warnings"]
    assert warning.startswith("live/app/terragrunt.hcl: ")
    assert 'generate "provider", live/app/terragrunt.hcl:5' in warning


def test_an_unknown_generate_may_name_another_provider(tmp_path: Path) -> None:
    module = MODULE.replace("aws_s3_bucket", "scaleway_object_bucket").replace("bucket =", "name =")
    unit = 'generate "provider" {\n  path = "provider.tf"\n  contents = get_env("P")\n}\n'
    assert verdict(tmp_path, SOURCE + SENSITIVE, files={BUCKET: module}) == "pass"
    assert verdict(tmp_path / "2", SOURCE + SENSITIVE + unit, files={BUCKET: module}) == "unknown"


@pytest.mark.parametrize(
    ("exists", "expected"), [("skip", "pass"), ("overwrite", "fail"), ("overwrite_terragrunt", "fail")]
)
def test_a_generated_file_replaces_one_of_its_name(tmp_path: Path, exists: str, expected: str) -> None:
    unit = SOURCE + SENSITIVE + generate(AMERICAN, more=f'if_exists = "{exists}"')
    assert verdict(tmp_path, unit, files={"modules/bucket/provider.tf": EUROPEAN}) == expected


def test_a_generated_override_file_is_laid_over_the_module(tmp_path: Path) -> None:
    override = 'provider "aws" {\n  region = "us-east-1"\n  endpoints {}\n}\n'
    unit = SOURCE + SENSITIVE + generate(override, path="provider_override.tf")
    assert verdict(tmp_path, unit, files={BUCKET: MODULE + EUROPEAN}) == "fail"


def test_a_disabled_generate_writes_nothing(tmp_path: Path) -> None:
    unit = SOURCE + SENSITIVE + generate(AMERICAN, more="disable = true")
    assert verdict(tmp_path, unit, files={BUCKET: MODULE + EUROPEAN}) == "pass"


def test_generate_as_an_attribute(tmp_path: Path) -> None:
    written = EUROPEAN.strip().replace('"', '\\"').replace("\n", "\\n")
    unit = SOURCE + SENSITIVE + 'generate = { p = { path = "p.tf", if_exists = "skip", contents = "%s" } }\n'
    assert verdict(tmp_path, unit % written) == "pass"
    unknown = SOURCE + SENSITIVE + "generate = dependency.x.outputs.generate\n"
    assert verdict(tmp_path / "2", unknown, files={BUCKET: MODULE + EUROPEAN}) == "unknown"


def test_generated_contents_that_are_no_hcl_are_a_fault_with_its_place(tmp_path: Path) -> None:
    unit = SOURCE + SENSITIVE + generate('provider "aws" {\n  region = = "x"\n}')
    code, report = scan(tmp_path, {UNIT: unit, BUCKET: MODULE})
    assert code == 3
    (error,) = report["errors"]
    assert (error["file"], error["line"], error["column"]) == ("live/app/terragrunt.hcl", 5, 1)
    assert one(report)["verdict"] == "unknown"


def test_a_resource_in_a_generated_file_is_judged(tmp_path: Path) -> None:
    more = generate(
        'resource "aws_s3_bucket" "more" {\n  tags = { data = "sensitive" }\n}', "more", "more.tf"
    )
    _code, report = scan(tmp_path, {UNIT: SOURCE + generate(AMERICAN) + more, BUCKET: MODULE})
    found = {each["address"]: each["verdict"] for each in report["resources"]}
    assert found == {"aws_s3_bucket.b": "pass", "aws_s3_bucket.more": "fail"}


# -- inputs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "level"),
    [
        ('{ labels = { data = "sensitive" } }', "sensitive"),
        ("{ labels = { data = local.level } }", "sensitive"),
        ('merge({ labels = { data = "public" } }, { labels = { data = local.level } })', "sensitive"),
        ("{ labels = { data = dependency.other.outputs.level } }", None),
        ('{ labels = { data = get_env("LEVEL", "public") } }', None),
        ('{ labels = { data = run_cmd("echo", "public") } }', None),
        ("{ labels = { data = values.level } }", None),
        ("{ labels = { data = feature.level.value } }", None),
        (
            '{ labels = { data = basename(get_terragrunt_dir()) == "app" ? "sensitive" : "public" } }',
            "sensitive",
        ),
        ("{ labels = { data = md5(get_terragrunt_dir()) } }", None),
        ('{ labels = { data = split("/", get_terragrunt_dir())[1] } }', None),
        ("{ labels = { data = get_repo_root() } }", None),
        ("dependency.other.outputs", None),
        ('merge({ labels = { data = "public" } }, dependency.other.outputs)', None),
    ],
)
def test_inputs_are_the_values_of_variables(tmp_path: Path, inputs: str, level: str | None) -> None:
    mock = 'dependency "other" {\n  config_path = "../other"\n  mock_outputs = { level = "public" }\n}\n'
    unit = f'{SOURCE}{mock}locals {{\n  level = "sensitive"\n}}\ninputs = {inputs}\n' + generate(AMERICAN)
    _code, report = scan(tmp_path, {UNIT: unit, BUCKET: MODULE})
    found = one(report)
    assert found["level"] == level
    assert found["verdict"] == ("fail" if level else "unknown")
    if level is None:
        assert "live/app/terragrunt.hcl" in found["unknown"]["level"]


@pytest.mark.parametrize(
    ("beside", "arguments", "expected"),
    [
        ({}, (), "fail"),
        ({"modules/bucket/terraform.tfvars": 'labels = { data = "public" }'}, (), "pass"),
        ({"live/app/x.auto.tfvars": 'labels = { data = "public" }'}, (), "pass"),
        ({}, ("--var", 'labels={data="public"}'), "pass"),
    ],
)
def test_inputs_count_less_than_files_and_the_command_line(
    tmp_path: Path, beside: dict[str, str], arguments: tuple[str, ...], expected: str
) -> None:
    files = {UNIT: SOURCE + SENSITIVE + generate(AMERICAN), BUCKET: MODULE, **beside}
    _code, report = scan(tmp_path, files, *arguments)
    assert one(report)["verdict"] == expected


def test_a_collection_reaches_a_variable_without_a_type_as_text(tmp_path: Path) -> None:
    """Terragrunt hands it over in the environment, where it is JSON in a text."""
    module = MODULE.replace("type    = map(string)", "").replace("var.labels", "jsondecode(var.labels)")
    assert verdict(tmp_path, SOURCE + SENSITIVE + generate(AMERICAN), files={BUCKET: module}) == "fail"


def test_files_of_values_in_extra_arguments(tmp_path: Path) -> None:
    def with_extra(lines: str) -> str:
        source = SOURCE.replace(
            "}\n", f'  extra_arguments "v" {{\n    commands = ["plan"]\n{lines}  }}\n}}\n'
        )
        return source + generate(AMERICAN)

    known = with_extra('    required_var_files = ["${get_parent_terragrunt_dir()}/a.tfvars"]\n')
    unknown = with_extra('    optional_var_files = ["${get_env("ENV")}.tfvars"]\n')
    missing = with_extra('    optional_var_files = ["${get_terragrunt_dir()}/no.tfvars"]\n')
    argument = with_extra('    arguments = ["-var", "labels={data=\\"sensitive\\"}"]\n')
    other = unknown.replace('["plan"]', '["import"]')
    files = {"live/app/a.tfvars": 'labels = { data = "sensitive" }\n'}
    assert verdict(tmp_path / "1", known, files=files) == "fail"
    assert verdict(tmp_path / "2", unknown) == "unknown"
    assert verdict(tmp_path / "3", missing) == "pass"
    assert verdict(tmp_path / "4", argument) == "fail"
    assert verdict(tmp_path / "5", other) == "pass"


# -- include -------------------------------------------------------------------------------------------------


def test_an_included_file_gives_inputs_generates_and_the_source(tmp_path: Path) -> None:
    root = SOURCE + SENSITIVE + generate(AMERICAN)
    assert verdict(tmp_path, ROOT, root) == "fail"


def test_the_unit_is_laid_over_what_it_includes(tmp_path: Path) -> None:
    root = SOURCE + SENSITIVE + generate(AMERICAN)
    assert verdict(tmp_path, ROOT + generate(EUROPEAN), root) == "pass"
    public = 'inputs = { labels = { data = "public" } }\n'
    assert verdict(tmp_path / "2", ROOT + public, root) == "pass"


@pytest.mark.parametrize(
    ("strategy", "expected"), [("shallow", "pass"), ("deep", "fail"), ("no_merge", "pass")]
)
def test_merge_strategies(tmp_path: Path, strategy: str, expected: str) -> None:
    include = ROOT.replace("}\n", f'  merge_strategy = "{strategy}"\n}}\n')
    unit = SOURCE + include + 'inputs = { name = "x", labels = { team = "a" } }\n' + generate(AMERICAN)
    assert verdict(tmp_path, unit, SENSITIVE) == expected


def test_a_later_include_is_laid_over_an_earlier_one(tmp_path: Path) -> None:
    unit = SOURCE + ROOT + 'include "env" {\n  path = "../env.hcl"\n}\n' + generate(AMERICAN)
    files = {"live/env.hcl": 'inputs = { labels = { data = "public" } }\n'}
    assert verdict(tmp_path, unit, SENSITIVE, files) == "pass"
    turned = SOURCE + 'include "env" {\n  path = "../env.hcl"\n}\n' + ROOT + generate(AMERICAN)
    assert verdict(tmp_path / "2", turned, SENSITIVE, files) == "fail"


def test_a_root_in_the_old_style_is_no_unit(tmp_path: Path) -> None:
    unit = "include {\n  path = find_in_parent_folders()\n}\n" + SOURCE
    files = {UNIT: unit, "terragrunt.hcl": SENSITIVE + generate(AMERICAN), BUCKET: MODULE}
    _code, report = scan(tmp_path, files)
    assert (one(report)["input"], one(report)["verdict"]) == ("live/app", "fail")
    assert not report["errors"]


def test_a_unit_that_another_includes_is_judged_as_well(tmp_path: Path) -> None:
    unit = 'include "a" {\n  path = "../app/terragrunt.hcl"\n}\ninputs = { labels = { data = "public" } }\n'
    files = {UNIT: SOURCE + SENSITIVE + generate(AMERICAN), "live/b/terragrunt.hcl": unit, BUCKET: MODULE}
    _code, report = scan(tmp_path, files)
    assert {each["input"]: each["verdict"] for each in report["resources"]} == {
        "live/app": "fail",
        "live/b": "pass",
    }


def test_a_configuration_that_is_skipped_is_said_not_to_be_judged(tmp_path: Path) -> None:
    files = {UNIT: "skip = true\n" + SOURCE + SENSITIVE + generate(AMERICAN), "other/main.tf": EUROPEAN}
    code, report = scan(tmp_path, files)
    assert code == 0
    assert not report["resources"]
    assert [warning.partition(":")[0] for warning in report["warnings"]] == [UNIT]


def test_an_exposed_include_and_a_configuration_that_is_read(tmp_path: Path) -> None:
    unit = (
        SOURCE
        + ROOT.replace("}\n", "  expose = true\n}\n")
        + 'locals {\n  env = read_terragrunt_config(find_in_parent_folders("env.hcl"))\n}\n'
        + "inputs = { labels = { data = include.root.locals.level } }\n"
        + generate(AMERICAN.replace("us-east-1", "${local.env.locals.region}"))
    )
    files = {"live/env.hcl": 'locals {\n  region = "eu-west-3"\n}\n'}
    _code, report = scan(
        tmp_path,
        {UNIT: unit, BUCKET: MODULE, "live/root.hcl": 'locals {\n  level = "sensitive"\n}\n', **files},
    )
    assert (one(report)["verdict"], one(report)["region"]) == ("fail", "eu-west-3")


def test_an_include_that_cannot_be_told_makes_the_unit_unknown(tmp_path: Path) -> None:
    unit = SOURCE + 'include "x" {\n  path = get_env("ROOT")\n}\ninputs = { name = "x" }\n'
    assert verdict(tmp_path, unit, files={BUCKET: MODULE + EUROPEAN}) == "unknown"
    nothing = 'include "x" {\n  path = get_env("ROOT")\n}\n'
    _code, report = scan(tmp_path / "2", {UNIT: nothing})
    assert one(report)["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ('"../no.hcl"', "there is no such file"),
        ('"../../../outside.hcl"', "outside what is scanned"),
        ('"/etc/passwd"', "outside what is scanned"),
        ('find_in_parent_folders("no.hcl")', "no folder above"),
        ('"terragrunt.hcl"', "cannot include another"),
        ('"../again.hcl"', "cannot include another"),
    ],
)
def test_an_include_that_cannot_be_read_is_a_fault_with_its_place(
    tmp_path: Path, path: str, message: str
) -> None:
    (tmp_path / "outside.hcl").write_text(SENSITIVE)
    unit = f'include "x" {{\n  path = {path}\n}}\n' + SOURCE + SENSITIVE
    again = 'include "y" {\n  path = "app/terragrunt.hcl"\n}\n'
    code, report = scan(tmp_path, {UNIT: unit, BUCKET: MODULE + EUROPEAN, "live/again.hcl": again})
    assert code == 3
    (error,) = report["errors"]
    assert message in error["message"]
    assert error["file"] in ("live/app/terragrunt.hcl", "live/again.hcl")
    assert (error["line"], error["column"]) == (1, 1)
    assert [each["verdict"] for each in report["resources"]] == ["unknown"]


def test_nothing_above_the_checkout_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "root.hcl").write_text(SENSITIVE)
    _code, report = scan(tmp_path, {UNIT: ROOT + SOURCE, BUCKET: MODULE})
    assert "no folder above" in report["errors"][0]["message"]


# -- the source ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "../../modules/bucket",
        "../../modules//bucket",
        "../..//modules/bucket",
        "${get_terragrunt_dir()}/../../modules/bucket",
        "${get_repo_root()}/modules//bucket",
        "${get_path_to_repo_root()}//modules/bucket",
        '${dirname(find_in_parent_folders("root.hcl"))}/../modules//bucket',
        "../../modules/${local.kind}",
    ],
)
def test_local_sources(tmp_path: Path, source: str) -> None:
    unit = f'locals {{\n  kind = "bucket"\n}}\nterraform {{\n  source = "{source}"\n}}\n'
    assert verdict(tmp_path, unit + SENSITIVE + generate(AMERICAN), "locals {}\n") == "fail"


@pytest.mark.parametrize(
    "source",
    [
        '"git::https://example.org/modules.git//bucket?ref=v1"',
        '"tfr:///terraform-aws-modules/s3-bucket/aws?version=4.0.0"',
        '"github.com/example/modules//bucket"',
        'get_env("SOURCE")',
        "values.source",
    ],
)
def test_a_remote_source_is_judged_as_a_module_that_is_not_on_disk(tmp_path: Path, source: str) -> None:
    unit = (
        f"terraform {{\n  source = {source}\n}}\n" + SENSITIVE.replace("labels", "tags") + generate(AMERICAN)
    )
    code, report = scan(tmp_path, {UNIT: unit})
    assert code == 1
    found = one(report)
    assert (found["type"], found["verdict"]) == ("module", "unknown")
    assert "label data = 'sensitive' says sensitive" in [each["what"] for each in found["level_evidence"]]
    (finding,) = [each for each in report["findings"] if each["verdict"] == "unknown"]
    assert (finding["file"], finding["line"]) == ("live/app/terragrunt.hcl", 2)


@pytest.mark.parametrize(
    ("source", "message"), [("../nothing", "no such folder"), ("../../../outside", "outside what is scanned")]
)
def test_a_local_source_that_is_not_there_is_a_fault(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "main.tf").write_text(MODULE)
    unit = f'terraform {{\n  source = "{source}"\n}}\n' + SENSITIVE
    code, report = scan(tmp_path, {UNIT: unit})
    assert code == 3
    (error,) = report["errors"]
    assert message in error["message"]
    assert (error["file"], error["line"]) == ("live/app/terragrunt.hcl", 2)
    assert one(report)["verdict"] == "unknown"


def test_files_beside_the_configuration_are_the_source(tmp_path: Path) -> None:
    files = {UNIT: SENSITIVE + generate(AMERICAN), "live/app/main.tf": MODULE}
    _code, report = scan(tmp_path, files)
    assert (one(report)["input"], one(report)["verdict"]) == ("live/app", "fail")


def test_files_beside_the_configuration_join_the_source(tmp_path: Path) -> None:
    files = {
        UNIT: SOURCE + SENSITIVE,
        BUCKET: MODULE,
        "modules/bucket/provider.tf": EUROPEAN,
        "live/app/provider.tf": AMERICAN,
    }
    _code, report = scan(tmp_path, files)
    assert one(report)["verdict"] == "fail"


def test_a_lock_file_beside_the_configuration_names_its_providers(tmp_path: Path) -> None:
    locked = 'provider "registry.terraform.io/scaleway/scaleway" {\n  version = "2.0.0"\n}\n'
    module = MODULE.replace("aws_s3_bucket", "scaleway_object_bucket").replace("bucket =", "name =")
    _code, report = scan(
        tmp_path, {UNIT: SOURCE + SENSITIVE, BUCKET: module, "live/app/.terraform.lock.hcl": locked}
    )
    assert one(report)["provider"] == "registry.terraform.io/scaleway/scaleway"
    assert one(report)["input"] == "live/app"


def test_a_module_of_units_is_a_root_only_with_a_backend_or_lock_file(tmp_path: Path) -> None:
    files = {
        "live/a/terragrunt.hcl": SOURCE + SENSITIVE,
        "live/b/terragrunt.hcl": SOURCE + SENSITIVE,
        BUCKET: MODULE,
    }
    _code, report = scan(tmp_path, files)
    assert [each["id"] for each in report["inputs"]] == ["live/a", "live/b"]
    backend = MODULE + 'terraform {\n  backend "s3" {}\n}\n'
    _code, report = scan(tmp_path / "2", {**files, BUCKET: backend})
    assert [each["id"] for each in report["inputs"]] == ["live/a", "live/b", "modules/bucket"]
    _code, report = scan(tmp_path / "3", {**files, "modules/bucket/.terraform.lock.hcl": ""})
    assert [each["id"] for each in report["inputs"]] == ["live/a", "live/b", "modules/bucket"]


def test_modules_below_the_source_are_followed(tmp_path: Path) -> None:
    stack = 'variable "labels" { default = {} }\nmodule "b" {\n  source = "../bucket"\n  name = "x"\n'
    stack += "  labels = jsondecode(var.labels)\n}\n"
    unit = SOURCE.replace("bucket", "stack") + SENSITIVE + generate(AMERICAN)
    _code, report = scan(tmp_path, {UNIT: unit, BUCKET: MODULE, "modules/stack/main.tf": stack})
    assert (one(report)["address"], one(report)["verdict"]) == ("module.b.aws_s3_bucket.b", "fail")


# -- state, stacks, JSON, faults -----------------------------------------------------------------------------


def test_remote_state_replaces_the_file_that_it_writes(tmp_path: Path) -> None:
    state = (
        'remote_state {\n  backend = "s3"\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
        '  config = { bucket = "b", key = "${path_relative_to_include()}/x", region = get_env("R") }\n}\n'
    )
    unit = SOURCE + SENSITIVE + ROOT + generate(AMERICAN)
    files = {"modules/bucket/backend.tf": 'resource "aws_s3_bucket" "gone" {}\n'}
    assert verdict(tmp_path, unit, state, files) == "fail"
    unknown = 'remote_state {\n  backend = get_env("B")\n}\n'
    _code, report = scan(tmp_path / "2", {UNIT: unit, BUCKET: MODULE, "live/root.hcl": unknown})
    assert report["warnings"] == ["live/root.hcl:1: where the state is kept cannot be told."]
    assert one(report)["verdict"] == "fail"


def test_a_stack_is_said_not_to_be_read(tmp_path: Path) -> None:
    stack = 'unit "a" {\n  source = "../units/a"\n  path = "a"\n}\n'
    files = {
        "live/terragrunt.stack.hcl": stack,
        UNIT: SOURCE + SENSITIVE + generate(EUROPEAN),
        BUCKET: MODULE,
    }
    code, report = scan(tmp_path, files)
    assert code == 0
    (warning,) = report["warnings"]
    assert warning.startswith("live/terragrunt.stack.hcl: ")
    assert "not read" in warning
    code, report = scan(tmp_path / "2", {"live/terragrunt.stack.hcl": stack})
    assert code == 3
    assert "not read" in report["errors"][0]["message"]


def test_units_in_hidden_folders_are_judged(tmp_path: Path) -> None:
    """Terragrunt looks into them; what `terragrunt stack generate` makes lies in one."""
    unit = SOURCE.replace("../../", "../../../../") + SENSITIVE + generate(AMERICAN)
    files = {
        "live/.terragrunt-stack/a/b/terragrunt.hcl": unit,
        "live/.terragrunt-cache/a/b/terragrunt.hcl": unit,
        BUCKET: MODULE,
    }
    _code, report = scan(tmp_path, files)
    assert [each["id"] for each in report["inputs"]] == ["live/.terragrunt-stack/a/b"]
    assert one(report)["verdict"] == "fail"


def test_a_configuration_in_json_is_unknown_and_said_not_to_be_read(tmp_path: Path) -> None:
    code, report = scan(tmp_path, {"live/app/terragrunt.hcl.json": '{"inputs": {}}', "modules/x/main.tf": ""})
    assert code == 1
    assert [each["verdict"] for each in report["resources"]] == ["unknown"]
    assert any("JSON" in warning for warning in report["warnings"])


def test_a_damaged_configuration_is_a_fault_and_its_unit_unknown(tmp_path: Path) -> None:
    unit = SOURCE + 'inputs = {\n  name = = "x"\n}\n'
    code, report = scan(tmp_path, {UNIT: unit, BUCKET: MODULE + EUROPEAN})
    assert code == 3
    assert (report["errors"][0]["file"], report["errors"][0]["line"]) == ("live/app/terragrunt.hcl", 5)
    assert one(report)["verdict"] == "unknown"


def test_a_folder_of_settings_alone_is_no_unit(tmp_path: Path) -> None:
    files = {"terragrunt.hcl": "locals {\n  a = 1\n}\n", UNIT: SOURCE + SENSITIVE + generate(EUROPEAN)}
    code, report = scan(tmp_path, {**files, BUCKET: MODULE})
    assert code == 0
    assert [each["id"] for each in report["inputs"]] == ["live/app"]


# -- hostile input -------------------------------------------------------------------------------------------


def test_configurations_that_read_one_another_come_to_an_end(tmp_path: Path) -> None:
    reads = "".join(f'  x{at} = read_terragrunt_config("../b.hcl").locals\n' for at in range(30))
    again = reads.replace("../b.hcl", "b.hcl")
    unit = f"{SOURCE}locals {{\n{reads}}}\ninputs = {{ labels = {{ data = local.x1.x2.x3 }} }}\n"
    files = {"live/b.hcl": f"locals {{\n{again}}}\n"}
    _code, report = scan(tmp_path, {UNIT: unit + generate(AMERICAN), BUCKET: MODULE, **files})
    found = {each["input"]: each["verdict"] for each in report["resources"]}
    assert found["live/app"] == "unknown"


@pytest.mark.parametrize("value", ["local.a", "[for x in range(1000000000) : x]", '"${local.a}${local.a}"'])
def test_locals_without_end_are_unknown(tmp_path: Path, value: str) -> None:
    unit = f"{SOURCE}locals {{\n  a = {value}\n}}\ninputs = {{ labels = {{ data = local.a }} }}\n"
    assert verdict(tmp_path, unit + generate(AMERICAN)) == "unknown"


@pytest.mark.parametrize("name", ["x" * 5000, "../" * 500 + "etc/passwd", "a\\u0000b", "~/x"])
def test_paths_that_no_disk_takes(tmp_path: Path, name: str) -> None:
    unit = f'include "x" {{\n  path = "{name}"\n}}\nterraform {{\n  source = "./{name}"\n}}\n{SENSITIVE}'
    code, report = scan(tmp_path, {UNIT: unit})
    assert code == 3
    assert [each["verdict"] for each in report["resources"]] == ["unknown"]


def test_nothing_is_run_or_read_from_outside(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    unit = (
        SOURCE
        + f'locals {{\n  a = run_cmd("touch", "{mark}")\n  b = file("../../../secret")\n}}\n'
        + "inputs = { labels = { data = local.a, team = local.b } }\n"
        + generate(AMERICAN)
    )
    (tmp_path / "secret").write_text("confidential")
    assert verdict(tmp_path, unit) == "unknown"
    assert not mark.exists()


def test_many_units_share_what_they_include(tmp_path: Path) -> None:
    files = {f"live/u{at}/terragrunt.hcl": ROOT + SOURCE for at in range(300)}
    root = SENSITIVE + generate(AMERICAN)
    code, report = scan(tmp_path, {**files, "live/root.hcl": root, BUCKET: MODULE})
    assert code == 1
    assert [each["verdict"] for each in report["resources"]] == ["fail"] * 300
