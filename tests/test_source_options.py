"""How source is read: values of variables, workspace, paths, the cache, and source beside a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import PUBLIC, SENSITIVE, Plan, Refers
from tests.command import run
from tests.test_source import AWS, SAYS, Scan, bucket, made, scan, write

LEVEL = AWS + 'variable "level" {\n  type    = string\n  default = "public"\n}\n' + bucket("b", "var.level")
"""One bucket whose label is a variable."""


def level(found: Scan) -> str | None:
    """Return the level of the one bucket."""
    assert not found.errors, found.errors
    result: str | None = found.resource("aws_s3_bucket.b")["level"]
    return result


# -- values of variables -------------------------------------------------------------------------------------


def test_which_value_wins(tmp_path: Path) -> None:
    """Each step adds what comes later in Terraform's order, with another value than all before."""
    write(tmp_path, {"main.tf": LEVEL, "other.tfvars": 'level = "strategic"\n'})
    env = {"TF_VAR_level": "sensitive"}
    assert level(scan(tmp_path)) == "public"
    assert level(scan(tmp_path, env=env)) == "sensitive"
    write(tmp_path, {"terraform.tfvars": 'level = "strategic"\n'})
    assert level(scan(tmp_path, env=env)) == "strategic"
    write(tmp_path, {"terraform.tfvars.json": '{"level": "sensitive"}'})
    assert level(scan(tmp_path)) == "sensitive"
    write(tmp_path, {"a.auto.tfvars": 'level = "strategic"\n'})
    assert level(scan(tmp_path)) == "strategic"
    write(tmp_path, {"b.auto.tfvars.json": '{"level": "public"}'})
    assert level(scan(tmp_path)) == "public"
    write(tmp_path, {"c.auto.tfvars": 'level = "sensitive"\n'})
    assert level(scan(tmp_path)) == "sensitive"
    assert level(scan(tmp_path, "--var-file", "other.tfvars", ".")) == "strategic"
    assert level(scan(tmp_path, "--var", "level=strategic", ".")) == "strategic"


def test_options_count_in_the_order_given(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"main.tf": LEVEL, "f.tfvars": 'level = "strategic"\n', "g.tfvars.json": '{"level": "public"}'},
    )
    var, file, other = ("--var", "level=sensitive"), ("--var-file", "f.tfvars"), ("--var-file=g.tfvars.json",)
    assert level(scan(tmp_path, *var, *file, ".")) == "strategic"
    assert level(scan(tmp_path, *file, *var, ".")) == "sensitive"
    assert level(scan(tmp_path, *file, *other, ".")) == "public"
    assert level(scan(tmp_path, *other, ".", *var)) == "sensitive"
    assert level(scan(tmp_path, *var, "--var", "level=public", ".")) == "public"


@pytest.mark.parametrize(
    ("declared", "text", "expression"),
    [
        ("type = string", "strategic", "var.v"),
        ("type = string", '"strategic"', 'replace(var.v, "\\"", "")'),
        ("type = string", " strategic=x", 'trimsuffix(trimspace(var.v), "=x")'),
        ("type = number", "3", 'var.v == 3 ? "strategic" : "public"'),
        ("type = bool", "true", 'var.v ? "strategic" : "public"'),
        ("type = list(string)", '["public", "strategic"]', "var.v[1]"),
        ("type = set(string)", '["strategic"]', "one(var.v)"),
        ("type = map(string)", '{ level = "strategic" }', "var.v.level"),
        ("type = map(string)", '{"level": "strategic"}', "var.v.level"),
        ('type = object({ level = optional(string, "strategic") })', "{}", "var.v.level"),
        ("type = any", '{ level = "strategic" }', "var.v.level"),
        ("type = any", '"strategic"', 'length(var.v) == 9 ? "strategic" : "public"'),
        ("", '["strategic"]', 'replace(replace(var.v, "[\\"", ""), "\\"]", "")'),
    ],
)
def test_a_text_is_read_by_the_type_of_its_variable(
    tmp_path: Path, declared: str, text: str, expression: str
) -> None:
    """Texts stay what they are; of every other type, and of `any`, they are expressions."""
    write(tmp_path, {"main.tf": AWS + f'variable "v" {{\n  {declared}\n}}\n' + bucket("b", expression)})
    assert level(scan(tmp_path, "--var", f"v={text}", ".")) == "strategic"
    assert level(scan(tmp_path, env={"TF_VAR_v": text})) == "strategic"


def test_values_from_files_have_types_too(tmp_path: Path) -> None:
    source = AWS + 'variable "v" {\n  type = map(object({ level = optional(string, "strategic") }))\n}\n'
    found = made(
        tmp_path,
        {
            "main.tf": source + bucket("b", "each.value.level", "for_each = var.v\n"),
            "terraform.tfvars": 'v = {\n  a = {}\n  b = { level = "public" } # why not\n}\n',
        },
    )
    assert found.levels == {'aws_s3_bucket.b["a"]': "strategic", 'aws_s3_bucket.b["b"]': "public"}


def test_an_option_for_a_variable_that_nobody_declares_is_an_error(tmp_path: Path) -> None:
    """As for Terraform: "Value for undeclared variable"."""
    write(tmp_path, {"main.tf": LEVEL})
    done = run("scan", "--var", "levle=strategic", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert b"levle" in done.stderr


def test_other_values_for_variables_that_nobody_declares_are_no_error(tmp_path: Path) -> None:
    """Files are shared between roots; Terraform warns at most."""
    write(tmp_path, {"main.tf": LEVEL, "x.tfvars": 'other = "x"\nlevel = "strategic"\n'})
    found = scan(tmp_path, "--var-file", "x.tfvars", ".", env={"TF_VAR_another": "x"})
    assert level(found) == "strategic"
    assert found.exit_code == 1


def test_an_option_that_one_of_several_roots_declares(tmp_path: Path) -> None:
    write(tmp_path, {"a/main.tf": LEVEL, "b/main.tf": AWS + bucket("b")})
    found = scan(tmp_path, "--var", "level=strategic", ".")
    assert {one["input"]: one["level"] for one in found.report["resources"]} == {
        "a": "strategic",
        "b": "sensitive",
    }


@pytest.mark.parametrize(
    ("files", "arguments", "place"),
    [
        ({"terraform.tfvars": "n = [1]\n"}, (), ("main.tf", 4)),
        ({}, ("--var", "n=many"), ("main.tf", 4)),
        ({"a.auto.tfvars": "n = = 1\n"}, (), ("a.auto.tfvars", 1)),
        ({"a.auto.tfvars": "\nn = var.x\n"}, (), ("a.auto.tfvars", 2)),
        ({"terraform.tfvars": 'variable "n" {}\n'}, (), ("terraform.tfvars", 1)),
        ({"terraform.tfvars.json": '{\n"n": \n'}, (), ("terraform.tfvars.json", None)),
    ],
    ids=["type", "option", "syntax", "reference", "block", "json"],
)
def test_a_bad_value_is_an_error_with_its_place(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...], place: tuple[str, int | None]
) -> None:
    source = AWS + 'variable "n" {\n  type = number\n}\n' + bucket("b", '"sensitive"', "count = var.n\n")
    found = made(tmp_path, {"main.tf": source, **files}, *arguments, ".")
    assert found.exit_code == 3
    (error,) = found.errors
    assert error["file"] == place[0]
    assert place[1] is None or error["line"] == place[1]
    assert found.addresses == ["aws_s3_bucket.b[*]"]


def test_a_bad_option_is_an_error_of_usage(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": LEVEL, "bad.tfvars": "level = \n"})
    for arguments in (
        ("--var-file", "missing.tfvars"),
        ("--var-file", "bad.tfvars"),
        ("--var-file", "."),
        ("--var", "level"),
        ("--var", "=x"),
    ):
        done = run("scan", *arguments, ".", cwd=tmp_path)
        assert done.returncode == 2, arguments
        assert done.stderr
        assert b"Traceback" not in done.stderr


def test_values_from_the_environment_are_told(tmp_path: Path) -> None:
    found = made(tmp_path, {"main.tf": LEVEL}, env={"TF_VAR_level": "strategic"})
    (warning,) = found.report["warnings"]
    assert "TF_VAR_level" in warning


def test_values_do_not_reach_modules_by_themselves(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "main.tf": AWS + 'module "m" { source = "./m" }\n',
            "m/main.tf": 'variable "level" { default = "strategic" }\n' + bucket("b", "var.level"),
            "m/terraform.tfvars": 'level = "public"\n',
        },
        env={"TF_VAR_level": "public"},
    )
    assert found.levels == {"module.m.aws_s3_bucket.b": "strategic"}


# -- workspace -----------------------------------------------------------------------------------------------


def test_which_workspace_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": AWS
            + bucket("b", '{ default = "public", s = "sensitive", t = "strategic" }[terraform.workspace]')
        },
    )
    assert level(scan(tmp_path, env={"TF_WORKSPACE": ""})) == "public"
    write(tmp_path, {".terraform/environment": "s"})
    assert level(scan(tmp_path, env={"TF_WORKSPACE": ""})) == "sensitive"
    assert level(scan(tmp_path, env={"TF_WORKSPACE": "t"})) == "strategic"
    assert level(scan(tmp_path, "--workspace", "s", ".", env={"TF_WORKSPACE": "t"})) == "sensitive"


# -- paths ---------------------------------------------------------------------------------------------------


def test_a_file_stands_for_its_folder(tmp_path: Path) -> None:
    """One file of a module means nothing without the others."""
    write(tmp_path, {"m/main.tf": AWS, "m/b.tf": bucket("b"), "m/c.tf": bucket("c")})
    found = scan(tmp_path, "m/b.tf")
    assert found.addresses == ["aws_s3_bucket.b", "aws_s3_bucket.c"]
    assert found.findings("aws_s3_bucket.b")[0]["file"] == "m/b.tf"
    assert scan(tmp_path / "m", "b.tf").findings("aws_s3_bucket.b")[0]["file"] == "b.tf"


def test_files_of_one_folder_are_judged_once(tmp_path: Path) -> None:
    """As pre-commit gives them."""
    write(tmp_path, {"m/main.tf": AWS, "m/b.tf": bucket("b"), "m/c.tf": bucket("c")})
    found = scan(tmp_path, "m/b.tf", "m/c.tf", "m", "m/")
    assert found.addresses == ["aws_s3_bucket.b", "aws_s3_bucket.c"]
    assert [one["id"] for one in found.report["inputs"]] == ["m"]


def test_a_folder_and_one_above_it_are_judged_once(tmp_path: Path) -> None:
    write(tmp_path, {"live/a/main.tf": AWS + bucket("a"), "live/b/main.tf": AWS + bucket("b")})
    found = scan(tmp_path, "live", "live/a")
    assert found.addresses == ["aws_s3_bucket.a", "aws_s3_bucket.b"]


def test_paths_are_told_as_they_were_given(tmp_path: Path) -> None:
    write(tmp_path, {"repo/live/a/main.tf": AWS + bucket("a"), "elsewhere/x": ""})
    absolute = str(tmp_path / "repo")
    found = scan(tmp_path / "elsewhere", absolute)
    assert found.findings("aws_s3_bucket.a")[0]["file"] == f"{absolute}/live/a/main.tf"
    found = scan(tmp_path / "elsewhere", "../repo/live/a")
    assert found.findings("aws_s3_bucket.a")[0]["file"] == "../repo/live/a/main.tf"


def test_several_paths_and_a_plan_in_one_command(tmp_path: Path) -> None:
    write(tmp_path, {"one/main.tf": AWS + bucket("one"), "two/main.tf": AWS + bucket("two")})
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.planned", tags=SENSITIVE)
    plan.write(tmp_path / "plan.json")
    found = scan(tmp_path, "two", "plan.json", "one")
    assert {(one["path"], one["kind"]) for one in found.report["inputs"]} == {
        ("one", "hcl"),
        ("two", "hcl"),
        ("plan.json", "plan"),
    }
    assert {(one["input"], one["address"]) for one in found.report["resources"]} == {
        ("one", "aws_s3_bucket.one"),
        ("two", "aws_s3_bucket.two"),
        ("plan.json", "aws_s3_bucket.planned"),
    }


def test_one_input_without_source_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, {"one/main.tf": AWS + bucket("one"), "empty/README": ""})
    found = scan(tmp_path, "one", "empty", "missing")
    assert found.exit_code == 3
    assert found.verdicts == {"aws_s3_bucket.one": "fail"}
    assert {one["input"] for one in found.errors} == {"empty", "missing"}


def test_the_working_directory_is_scanned_by_default(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": AWS + bucket("b")})
    done = run("scan", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["inputs"][0]["path"] == "."


def test_a_plan_on_standard_input_uses_the_source_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": AWS + f'# {SAYS}\nresource "aws_s3_bucket" "b" {{\n}}\n'})
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.b").build()
    done = run("scan", "-", "--format", "json", cwd=tmp_path, stdin=json.dumps(plan).encode())
    report = json.loads(done.stdout)
    assert [one["level"] for one in report["resources"]] == ["sensitive"]
    assert {(one["file"], one["line"]) for one in report["findings"]} == {("main.tf", 5)}


# -- the cache -----------------------------------------------------------------------------------------------


def stored(cache: Path) -> set[Path]:
    return {path for path in cache.rglob("*") if path.is_file()}


def test_the_cache_changes_nothing_but_time(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    write(tmp_path / "src", {"main.tf": AWS + bucket("b"), "broken.tf": "resource {\n"})
    cold = scan(tmp_path / "src", env=env)
    assert stored(tmp_path / "cache")
    warm = scan(tmp_path / "src", env=env)
    without = scan(tmp_path / "src", "--no-cache", ".", env=env)
    assert cold.report == warm.report == without.report
    assert (cold.exit_code, warm.exit_code, without.exit_code) == (3, 3, 3)
    write(tmp_path / "src", {"main.tf": AWS + bucket("b", '"strategic"')})
    assert scan(tmp_path / "src", env=env).levels == {"aws_s3_bucket.b": "strategic"}
    write(tmp_path / "src", {"main.tf": AWS + bucket("b")})
    assert scan(tmp_path / "src", env=env).report == cold.report


def test_no_cache_keeps_nothing(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    write(tmp_path / "src", {"main.tf": AWS + bucket("b")})
    assert scan(tmp_path / "src", "--no-cache", ".", env=env).exit_code == 1
    assert not [path for path in stored(tmp_path / "cache") if "source" in path.parts]
    assert scan(tmp_path / "src", env=env).exit_code == 1
    assert [path for path in stored(tmp_path / "cache") if "source" in path.parts]


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, b"cut"], ids=["empty", "zeros", "cut"])
def test_damaged_entries_count_for_nothing(tmp_path: Path, damage: bytes) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    write(tmp_path / "src", {"main.tf": AWS + bucket("b")})
    good = scan(tmp_path / "src", env=env)
    for path in stored(tmp_path / "cache"):
        path.write_bytes(path.read_bytes()[:30] if damage == b"cut" else damage)
    assert scan(tmp_path / "src", env=env).report == good.report


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder is expected")
    write(tmp_path / "src", {"main.tf": AWS + bucket("b")})
    found = scan(tmp_path / "src", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert (found.exit_code, found.errors) == (1, [])


# -- source beside a plan ------------------------------------------------------------------------------------


def aws_plan(**settings: Any) -> Plan:
    """Return a plan with two buckets of one block, as `MAIN` declares them."""
    plan = Plan().provider("aws", **(settings or {"region": "eu-west-3"}))
    for key in ("a", "b"):
        plan.add(f'aws_s3_bucket.b["{key}"]', bucket=key, tags=SENSITIVE if key == "a" else PUBLIC)
    return plan


MAIN = (
    AWS
    + """
resource "aws_s3_bucket" "b" {
  for_each = { a = "sensitive", b = "public" }
  bucket   = each.key
  tags     = { DataClassification = each.value }
}
"""
)


def test_findings_of_a_plan_have_the_places_of_their_blocks(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": MAIN})
    aws_plan().write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    (finding,) = found.findings('aws_s3_bucket.b["a"]')
    assert (finding["file"], finding["line"], finding["column"]) == ("main.tf", 5, 1)


def test_the_folder_of_the_source_can_be_named_or_none(tmp_path: Path) -> None:
    write(tmp_path, {"src/main.tf": MAIN, "main.tf": MAIN.replace("\n", "\n\n")})
    aws_plan().write(tmp_path / "plan.json")
    (finding,) = scan(tmp_path, "--source", "src", "plan.json").findings('aws_s3_bucket.b["a"]')
    assert (finding["file"], finding["line"]) == ("src/main.tf", 5)
    for arguments in (("--source", ""), ("--source=",)):
        (finding,) = scan(tmp_path, *arguments, "plan.json").findings('aws_s3_bucket.b["a"]')
        assert (finding["file"], finding["line"]) in (("plan.json", None), (None, None))


def test_directives_count_for_plans(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": MAIN.replace("\nresource", "\n# sovereign-guard: level=strategic\nresource")})
    aws_plan().write(tmp_path / "plan.json")
    assert scan(tmp_path, "plan.json").levels == {
        'aws_s3_bucket.b["a"]': "strategic",
        'aws_s3_bucket.b["b"]': "strategic",
    }
    assert scan(tmp_path, "--source", "", "plan.json").levels == {
        'aws_s3_bucket.b["a"]': "sensitive",
        'aws_s3_bucket.b["b"]': "public",
    }


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (MAIN.replace('"aws_s3_bucket" "b"', '"aws_s3_bucket" "other"'), "aws_s3_bucket"),
        (MAIN + 'resource "aws_s3_bucket" "more" {}\n', "more"),
        (MAIN.replace("eu-west-3", "us-east-1"), "aws"),
    ],
    ids=["lacks", "more", "provider"],
)
def test_source_of_another_plan_is_not_used(tmp_path: Path, source: str, why: str) -> None:
    write(tmp_path, {"main.tf": source.replace("\nresource", f"\n# {SAYS}\nresource")})
    aws_plan().write(tmp_path / "plan.json")
    silent = scan(tmp_path, "plan.json")
    assert silent.findings('aws_s3_bucket.b["a"]')[0]["line"] is None
    told = scan(tmp_path, "--source", ".", "plan.json")
    assert told.findings('aws_s3_bucket.b["a"]')[0]["line"] is None
    (warning,) = told.report["warnings"]
    assert why in warning
    assert (
        told.regions
        == silent.regions
        == {
            'aws_s3_bucket.b["a"]': "eu-west-3",
            'aws_s3_bucket.b["b"]': "eu-west-3",
        }
    )


def test_a_named_folder_without_source_is_an_error_of_usage(tmp_path: Path) -> None:
    write(tmp_path, {"empty/x": ""})
    aws_plan().write(tmp_path / "plan.json")
    for folder in ("empty", "missing"):
        assert run("scan", "--source", folder, "plan.json", cwd=tmp_path).returncode == 2


HIDDEN = {
    "lower": ("lower(var.region)", ("var.region",)),
    "template": ('"${var.prefix}-west-3"', ("var.prefix",)),
    "conditional": ('var.dr ? "us-east-1" : "eu-west-3"', ("var.dr",)),
    "local": ("local.region", ("local.region",)),
    "lookup": (
        'lookup(var.regions, terraform.workspace, "us-east-1")',
        ("var.regions", "terraform.workspace"),
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_expressions_that_a_plan_hides_are_evaluated(tmp_path: Path, name: str) -> None:
    expression, references = HIDDEN[name]
    source = f"""
variable "region" {{}}
variable "prefix" {{}}
variable "dr" {{}}
variable "regions" {{}}
locals {{ region = {{ x = lower(var.region) }}["x"] }}
provider "aws" {{ region = {expression} }}
resource "aws_s3_bucket" "b" {{ tags = {{ DataClassification = "public" }} }}
"""
    write(tmp_path, {"main.tf": source, "terraform.tfvars": 'region = "us-east-1"\ndr = true\n'})
    plan = (
        Plan()
        .variable("region", "EU-WEST-3")
        .variable("prefix", "eu")
        .variable("dr", False)
        .variable("regions", {"prod": "eu-west-3"})
        .provider("aws", region=Refers(*references))
        .add("aws_s3_bucket.b", tags=PUBLIC)
    )
    plan.write(tmp_path / "plan.json")
    if name in ("conditional", "local", "lookup"):
        # Of the others a plan shows what they refer to, which may serve as evidence of a region.
        assert scan(tmp_path, "--source", "", "plan.json").regions == {"aws_s3_bucket.b": None}
    assert scan(tmp_path, "--workspace", "prod", "plan.json").regions == {"aws_s3_bucket.b": "eu-west-3"}


def test_the_workspace_of_a_plan_is_not_guessed(tmp_path: Path) -> None:
    source = """
variable "regions" {}
provider "aws" { region = lookup(var.regions, terraform.workspace, "us-east-1") }
resource "aws_s3_bucket" "b" { tags = { DataClassification = "public" } }
"""
    write(tmp_path, {"main.tf": source, ".terraform/environment": "other"})
    plan = Plan().variable("regions", {"prod": "eu-west-3"})
    plan.provider("aws", region=Refers("var.regions", "terraform.workspace")).add(
        "aws_s3_bucket.b", tags=PUBLIC
    )
    plan.write(tmp_path / "plan.json")
    assert scan(tmp_path, "plan.json").regions == {"aws_s3_bucket.b": None}


def test_dynamic_endpoints_that_a_plan_leaves_out(tmp_path: Path) -> None:
    """A plan's configuration shows nothing at all of what `dynamic` makes in a provider block."""
    source = """
variable "s3" {}
provider "aws" {
  region = "fr-par"
  dynamic "endpoints" {
    for_each = var.s3 == "" ? [] : [var.s3]
    content { s3 = endpoints.value }
  }
}
resource "aws_s3_bucket" "b" { tags = { DataClassification = "sensitive" } }
"""
    write(tmp_path, {"main.tf": source})
    plan = Plan().variable("s3", "https://s3.fr-par.scw.cloud").provider("aws", region="fr-par")
    plan.add("aws_s3_bucket.b", tags=SENSITIVE).write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert (found.operators, found.verdicts) == (
        {"aws_s3_bucket.b": ["scaleway"]},
        {"aws_s3_bucket.b": "pass"},
    )
    plan.variable("s3", "").write(tmp_path / "plan.json")
    assert scan(tmp_path, "plan.json").verdicts == {"aws_s3_bucket.b": "fail"}


def test_modules_of_a_plan(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": AWS + f'# {SAYS}\nmodule "m" {{\n  source = "./modules/m"\n  count  = 2\n}}\n',
            "modules/m/main.tf": 'resource "aws_s3_bucket" "b" {\n}\n',
        },
    )
    plan = Plan().provider("aws", region="eu-west-3")
    plan.call("m")
    for at in (0, 1):
        plan.add(f"module.m[{at}].aws_s3_bucket.b")
    plan.write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert set(found.levels.values()) == {"sensitive"}
    assert {(f["file"], f["line"]) for f in found.report["findings"]} == {("modules/m/main.tf", 1)}
    assert len(found.findings("module.m[1].aws_s3_bucket.b")) >= 1


def test_faults_in_the_source_of_a_plan_are_told(tmp_path: Path) -> None:
    """Where the source is that of the plan, a directive that reaches nothing must not be lost."""
    write(tmp_path, {"main.tf": MAIN + f"\n# {SAYS}\n\nlocals {{}}\n"})
    aws_plan().write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert found.exit_code == 3
    assert found.errors[0]["file"] == "main.tf"


def test_explain_tells_the_place_of_a_planned_resource(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": MAIN})
    aws_plan().write(tmp_path / "plan.json")
    done = run("explain", 'aws_s3_bucket.b["a"]', "plan.json", cwd=tmp_path)
    assert done.returncode == 0
    assert b"main.tf:5" in done.stdout


def test_the_cache_folder_is_the_users_own(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": "", "HOME": str(tmp_path / "home")}
    write(tmp_path / "src", {"main.tf": AWS + bucket("b")})
    assert scan(tmp_path / "src", env=env).exit_code == 1
    kept = stored(tmp_path / "home")
    assert kept
    assert all(not path.stat().st_mode & 0o022 for path in kept)
    assert not [name for name in (tmp_path / "src").iterdir() if name.name != "main.tf"]


def with_uninstantiated_module(plan: Plan) -> Plan:
    """Add what a plan shows of a module that is called no time: its configuration alone."""
    plan.call("off")["resources"] = [
        {
            "address": "aws_s3_bucket.off",
            "mode": "managed",
            "type": "aws_s3_bucket",
            "name": "off",
            "provider_config_key": "aws",
            "schema_version": 0,
        }
    ]
    plan.root["module_calls"]["off"]["count_expression"] = {"constant_value": 0}
    return plan


@pytest.mark.parametrize("times", ["count = 0", "for_each = {}"])
def test_a_module_that_is_called_no_time_does_not_unmake_the_source(tmp_path: Path, times: str) -> None:
    """A plan's configuration shows its blocks nevertheless."""
    write(
        tmp_path,
        {
            "main.tf": MAIN.replace("\nresource", "\n# sovereign-guard: level=strategic\nresource")
            + f'module "off" {{\n  source = "./modules/off"\n  {times}\n}}\n',
            "modules/off/main.tf": 'resource "aws_s3_bucket" "off" {}\n',
        },
    )
    with_uninstantiated_module(aws_plan()).write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert set(found.levels.values()) == {"strategic"}
    assert not scan(tmp_path, "--source", ".", "plan.json").report["warnings"]


def test_a_plan_does_not_tell_the_value_of_an_ephemeral_variable(tmp_path: Path) -> None:
    """A plan file does not keep it; `terraform show -json` prints the default in its place."""
    source = """
variable "host" {
  ephemeral = true
  default   = "https://s3.fr-par.scw.cloud"
}
provider "aws" {
  region = "us-east-1"
  endpoints { s3 = var.host }
}
resource "aws_s3_bucket" "b" { tags = { DataClassification = "sensitive" } }
"""
    write(tmp_path, {"main.tf": source})
    plan = Plan().variable("host", "https://s3.fr-par.scw.cloud")
    plan.provider("aws", region="us-east-1", endpoints={"s3": Refers("var.host")})
    plan.add("aws_s3_bucket.b", tags=SENSITIVE).write(tmp_path / "plan.json")
    assert scan(tmp_path, "plan.json").verdicts == {"aws_s3_bucket.b": "unknown"}


def test_the_workspace_is_not_read_through_a_link_out_of_what_is_scanned(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "secret": "zztop\n",
            "in/main.tf": 'provider "aws" { region = terraform.workspace }\n' + bucket("b"),
            "in/.terraform/x": "",
        },
    )
    (tmp_path / "in" / ".terraform" / "environment").symlink_to(tmp_path / "secret")
    found = scan(tmp_path / "in")
    assert "zztop" not in json.dumps(found.report)


def test_directives_hold_for_a_plan_where_the_source_would_make_no_instance(tmp_path: Path) -> None:
    """The plan was made where a file stood that is not there now."""
    block = 'resource "aws_s3_bucket" "b" {\n  count = fileexists("${path.module}/made-by-ci") ? 1 : 0\n}\n'
    write(tmp_path, {"main.tf": AWS + f"# {SAYS}\n" + block})
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.b[0]")
    plan.write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert found.levels == {"aws_s3_bucket.b[0]": "sensitive"}
    assert found.findings("aws_s3_bucket.b[0]")[0]["line"] == 5


def test_variables_of_a_plan_are_its_own(tmp_path: Path) -> None:
    """Files and options say how a plan would be made now, not how this one was made."""
    write(
        tmp_path,
        {
            "main.tf": 'variable "r" { default = "eu-south-1" }\nprovider "aws" { region = lower(var.r) }\n'
            + 'resource "aws_s3_bucket" "b" { tags = { DataClassification = "public" } }\n',
            "terraform.tfvars": 'r = "us-east-1"\n',
        },
    )
    plan = Plan().variable("r", "eu-north-1").provider("aws", region=Refers("var.r"))
    plan.add("aws_s3_bucket.b", tags=PUBLIC).write(tmp_path / "plan.json")
    found = scan(tmp_path, "--var", "r=us-west-1", "plan.json", env={"TF_VAR_r": "us-west-2"})
    assert found.regions == {"aws_s3_bucket.b": "eu-north-1"}


def test_a_sensitive_value_that_does_not_fit_is_not_shown(tmp_path: Path) -> None:
    source = 'variable "n" {\n  type = number\n  sensitive = true\n}\n' + bucket(
        "b", '"public"', "count = var.n\n"
    )
    found = made(tmp_path, {"main.tf": AWS + source}, "--var", "n=zztop", ".")
    assert found.exit_code == 3
    assert "zztop" not in json.dumps(found.report) + found.complaints


def test_a_file_of_values_with_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": LEVEL})
    (tmp_path / "terraform.tfvars").write_bytes(b'\xef\xbb\xbflevel = "strategic"\r\n')
    assert level(scan(tmp_path)) == "strategic"


@pytest.mark.parametrize(
    "written",
    [
        '  endpoints {\n    sqs = "https://sqs.eu-west-3.amazonaws.com"\n'
        '    s3 = "https://s3.fr-par.scw.cloud"\n  }\n',
        '  endpoints { sqs = "https://sqs.eu-west-3.amazonaws.com" }\n'
        '  endpoints { s3 = "https://s3.fr-par.scw.cloud" }\n',
    ],
    ids=["argument", "block"],
)
def test_source_that_sets_more_than_the_plan_shows_clears_nothing(written: str, tmp_path: Path) -> None:
    block = 'resource "aws_s3_bucket" "b" { tags = { DataClassification = "sensitive" } }\n'
    write(tmp_path, {"main.tf": 'provider "aws" {\n  region = "eu-west-3"\n' + written + "}\n" + block})
    plan = Plan().provider(
        "aws", region="eu-west-3", endpoints={"sqs": "https://sqs.eu-west-3.amazonaws.com"}
    )
    plan.add("aws_s3_bucket.b", tags=SENSITIVE).write(tmp_path / "plan.json")
    found = scan(tmp_path, "plan.json")
    assert found.verdicts == {"aws_s3_bucket.b": "fail"}
    assert "is not used" in json.dumps(found.report["warnings"])
