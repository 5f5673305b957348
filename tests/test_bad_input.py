"""Bad input: each kind of it gets a message, a place, what to do, and the exit code of the contract."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovereign_guard.catalog import load
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.screen import Screen
from sovereign_guard.pipeline import Request, assess, write
from tests.builders import (
    JSON,
    SENSITIVE,
    Plan,
    Refers,
    by_address,
    raw_resource,
    raw_state,
    sensitive_bucket,
    shown_state,
    state_resource,
)
from tests.command import PROGRAM, run

DAY = "2026-11-24"
FIXTURES = Path(__file__).parent.parent / "fixtures"
HOLE = "@hole@"
"""Stands in a plan for text that json.dumps cannot write."""


def on_aws() -> Plan:
    return sensitive_bucket(region="eu-west-3")


def text_of(document: Any) -> bytes:
    return json.dumps(document).encode()


def scan(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, JSON, str]:
    """Scan, demanding a whole report and no traceback."""
    done = run("scan", *arguments, "--as-of", DAY, "--format", "json", cwd=folder, stdin=stdin)
    stderr = done.stderr.decode()
    assert "Traceback" not in stderr
    assert "internal error" not in stderr
    return done.returncode, json.loads(done.stdout), stderr


def refused(folder: Path, *arguments: str) -> str:
    """Scan, demanding a usage or configuration error: exit 2, a message, no report."""
    done = run("scan", *arguments, "--as-of", DAY, cwd=folder)
    stderr = done.stderr.decode()
    assert "Traceback" not in stderr + done.stdout.decode()
    assert done.returncode == 2, stderr
    assert done.stdout == b""
    return stderr


def the_error(report: JSON, stderr: str) -> JSON:
    """Return the only error of a report: one paragraph that says what to do, on stderr as well."""
    assert len(report["errors"]) == 1, report["errors"]
    (error,) = report["errors"]
    assert error["message"]
    assert "\n" not in error["message"] + error["hint"]
    assert error["hint"], "an error must say what to do"
    assert error["message"] in stderr
    assert len(stderr.strip().splitlines()) == 1
    return error


def scan_bytes(folder: Path, content: bytes, name: str = "plan.json") -> tuple[int, JSON, str]:
    (folder / name).write_bytes(content)
    return scan(folder, name)


# -- what is no plan at all ----------------------------------------------------------------------------------

WHOLE = text_of(on_aws().build())

UNREADABLE = {
    "truncated": (WHOLE[: len(WHOLE) // 2], "ends in the middle"),
    "truncated in a string": (WHOLE[: WHOLE.index(b"sensitive") + 4], "ends in the middle"),
    "only a brace": (b"{", "ends in the middle"),
    "trailing text": (WHOLE + b" x", "not JSON"),
    "two documents": (WHOLE + b"\n" + WHOLE, "not JSON"),
    "single quotes": (WHOLE.replace(b'"', b"'"), "not JSON"),
    "trailing comma": (WHOLE.replace(b'"errored": false', b'"errored": false,,'), "not JSON"),
    "a number with a leading zero": (WHOLE.replace(b'"applyable": true', b'"applyable": 01'), "not JSON"),
    "NaN": (WHOLE.replace(b'"applyable": true', b'"applyable": NaN'), "not JSON"),
    "empty": (b"", "empty"),
    "blank": (b" \n\t\r\n", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", ""),
    "only a UTF-16 byte order mark": (b"\xff\xfe", ""),
    "a list": (b"[]", "does not begin with an object"),
    "a text": (b'"plan"', "does not begin with an object"),
    "null": (b"null", "does not begin with an object"),
    "the text that terraform plan prints": (b"Terraform will perform the following actions:\n", "not JSON"),
    "an HTML page": (b"<html><body>502 Bad Gateway</body></html>", "not JSON"),
    "an empty object": (b"{}", "neither a plan nor a state"),
    "another tool's JSON": (b'{"name": "left-pad", "version": "1.3.0"}', ""),
    "version of the program": (b'{"terraform_version": "1.11.4", "platform": "linux_amd64"}', "neither"),
    "schemas of providers": (b'{"format_version": "1.0", "provider_schemas": {"x": {}}}', ""),
    "the output of `terraform validate -json`": (
        b'{"format_version": "1.0", "valid": true, "error_count": 0, "warning_count": 0, "diagnostics": []}',
        "",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_plan_is_refused(kind: str, tmp_path: Path) -> None:
    content, words = UNREADABLE[kind]
    code, report, stderr = scan_bytes(tmp_path, content)
    assert code == 3
    error = the_error(report, stderr)
    assert words in error["message"]
    assert error["input"] == error["file"] == "plan.json"
    assert report["resources"] == report["findings"] == report["inputs"] == []
    assert report["summary"]["errors"] == 1


def test_the_place_of_a_syntax_error_is_told(tmp_path: Path) -> None:
    content = json.dumps(on_aws().build(), indent=2)
    lines = content.splitlines()
    at = next(number for number, line in enumerate(lines, 1) if '"DataClassification"' in line)
    lines[at - 1] = lines[at - 1].replace(": ", " ")
    code, report, stderr = scan_bytes(tmp_path, "\n".join(lines).encode())
    assert code == 3
    error = the_error(report, stderr)
    assert error["line"] == at
    assert f"plan.json:{at}:" in stderr


def test_a_truncated_file_is_told_at_its_end(tmp_path: Path) -> None:
    content = json.dumps(on_aws().build(), indent=2).encode()[:900]
    _, report, stderr = scan_bytes(tmp_path, content)
    assert the_error(report, stderr)["line"] == content.count(b"\n") + 1


def test_the_log_of_terraform_plan_json_is_recognised(tmp_path: Path) -> None:
    lines = [
        {"@level": "info", "@message": "Terraform 1.11.4", "@module": "terraform.ui", "type": "version"},
        {"@level": "info", "@message": "aws_s3_bucket.files: Plan to create", "type": "planned_change"},
        {"@level": "info", "@message": "Plan: 1 to add", "type": "change_summary"},
    ]
    for name, count in (("one.json", 1), ("all.json", 3)):
        content = b"".join(text_of(line) + b"\n" for line in lines[:count])
        code, report, stderr = scan_bytes(tmp_path, content, name)
        assert code == 3
        error = the_error(report, stderr)
        assert "log" in error["message"] + error["hint"]
        assert "terraform show -json" in error["hint"]


def test_missing_file(tmp_path: Path) -> None:
    code, report, stderr = scan(tmp_path, "nowhere.json")
    assert code == 3
    error = the_error(report, stderr)
    assert "no such file" in error["message"]
    assert error["file"] == "nowhere.json"


@pytest.mark.parametrize("name", ["a\nb.json", "x" * 5000, "plan\x1b[2J.json", "-.json", "é\u202e.json"])
def test_file_names_that_could_hurt_the_terminal_or_the_system(name: str, tmp_path: Path) -> None:
    code, report, _ = scan(tmp_path, f"./{name}")
    assert code == 3
    assert len(report["errors"]) == 1
    done = run("scan", f"./{name}", cwd=tmp_path)
    assert done.returncode == 3
    assert b"\x1b[2J" not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


def test_the_escape_in_a_missing_file_name_is_not_sent_to_the_terminal_by_the_json_format_either(
    tmp_path: Path,
) -> None:
    _, _, stderr = scan(tmp_path, "./\x1b[2J.json")
    assert "\x1b" not in stderr


def test_directory_where_a_file_is_meant(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    code, report, stderr = scan(tmp_path, "plan.json")
    assert code == 3
    assert "no Terraform or OpenTofu source" in the_error(report, stderr)["message"]


def test_what_is_neither_file_nor_directory(tmp_path: Path) -> None:
    code, report, stderr = scan(tmp_path, "/dev/null")
    assert code == 3
    the_error(report, stderr)


def test_empty_standard_input() -> None:
    code, report, stderr = scan(Path(), "-")
    assert code == 3
    assert "empty" in the_error(report, stderr)["message"]


@pytest.mark.parametrize("version", ["2.0", "2.1-beta", "10.0", "11", "", "banana", "-1.0", "01.0"])
def test_format_versions_that_are_not_known(version: str, tmp_path: Path) -> None:
    code, report, stderr = scan_bytes(tmp_path, text_of(on_aws().build(format_version=version)))
    assert code == 3
    error = the_error(report, stderr)
    assert version in error["message"]
    assert "format" in error["message"]
    assert report["resources"] == []


# -- plans that are not whole --------------------------------------------------------------------------------


def test_errored_plan_is_judged_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    code, report, stderr = scan_bytes(tmp_path, text_of(on_aws().build(errored=True, complete=False)))
    assert code == 3
    assert "errors" in the_error(report, stderr)["message"]
    assert by_address(report)["aws_s3_bucket.files"]["verdict"] == "fail"
    assert report["summary"]["fail"] == 1


def test_errored_plan_without_anything(tmp_path: Path) -> None:
    plan = {"format_version": "1.2", "terraform_version": "1.11.4", "errored": True, "complete": False}
    code, report, stderr = scan_bytes(tmp_path, text_of(plan))
    assert code == 3
    the_error(report, stderr)


@pytest.mark.parametrize(("tags", "expected"), [(SENSITIVE, 1), ({"DataClassification": "public"}, 0)])
def test_incomplete_plan_is_ordinary_and_warned_of(tags: JSON, expected: int, tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.files", tags=tags)
    plan.write(tmp_path / "plan.json", complete=False)
    code, report, _ = scan(tmp_path, "plan.json")
    assert code == expected
    assert report["errors"] == []
    assert report["inputs"][0]["complete"] is False
    assert any("not complete" in warning and "plan.json" in warning for warning in report["warnings"])
    text = run("scan", "plan.json", cwd=tmp_path).stdout.decode()
    assert "not complete" in " ".join(text.split())


def test_complete_plan_has_no_warning(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    _, report, _ = scan(tmp_path, "plan.json")
    assert report["warnings"] == []
    assert report["inputs"][0]["complete"] is True


def test_planned_values_without_resource_changes(tmp_path: Path) -> None:
    for missing in ({"resource_changes": None}, {"resource_changes": None, "configuration": None}):
        code, report, stderr = scan_bytes(tmp_path, text_of(on_aws().build(**missing)))
        assert code == 3
        assert "resource_changes" in the_error(report, stderr)["message"]


def test_empty_resource_changes_beside_planned_values_are_a_cut_too(tmp_path: Path) -> None:
    """The list emptied by hand hides all; a plan that changes nothing still lists its resources as no-op."""
    code, report, _ = scan_bytes(tmp_path, text_of(on_aws().build(resource_changes=[])))
    assert code == 3
    assert report["errors"]


def test_plan_without_configuration_clears_nothing(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="fr-par", endpoints={"s3": "https://s3.fr-par.scw.cloud"})
    code, report, _ = scan_bytes(tmp_path, text_of(plan.build(configuration=None)))
    assert code in (1, 3)
    assert by_address(report)["aws_s3_bucket.files"]["verdict"] == "unknown"


def test_duplicate_addresses(tmp_path: Path) -> None:
    plan = on_aws().build()
    plan["resource_changes"].append(copy.deepcopy(plan["resource_changes"][0]))
    code, report, stderr = scan_bytes(tmp_path, text_of(plan))
    assert code == 3
    error = the_error(report, stderr)
    assert "aws_s3_bucket.files" in error["message"]
    assert [entry["verdict"] for entry in report["resources"]] == ["fail", "fail"]


def test_duplicate_deposed_objects(tmp_path: Path) -> None:
    plan = on_aws()
    for key in ("ab12cd34", "ab12cd34", "ffff0000"):
        plan.add("aws_s3_bucket.files", actions=("delete",), before={"tags": SENSITIVE}, deposed=key)
    code, report, stderr = scan_bytes(tmp_path, text_of(plan.build()))
    assert code == 3
    error = the_error(report, stderr)
    assert "ab12cd34" in error["message"]
    assert "ffff0000" not in error["message"]


def test_deposed_objects_beside_the_one_that_stands_are_no_duplicates(tmp_path: Path) -> None:
    plan = on_aws().add("aws_s3_bucket.files", actions=("delete",), before={}, deposed="ab12cd34")
    code, report, _ = scan_bytes(tmp_path, text_of(plan.build()))
    assert code == 1
    assert report["errors"] == []


def test_duplicates_in_states(tmp_path: Path) -> None:
    shown = state_resource("aws_s3_bucket.files", tags=SENSITIVE)
    raw = raw_resource("aws_s3_bucket", "files", {"attributes": {"tags": SENSITIVE}})
    for document in (shown_state(shown, shown), raw_state(raw, raw)):
        code, report, _ = scan_bytes(tmp_path, text_of(document))
        assert code == 3
        assert "aws_s3_bucket.files" in report["errors"][0]["message"]


@pytest.mark.parametrize("actions", [["frobnicate"], [], ["create", "delete", "create"], ["CREATE"]])
def test_unknown_actions_are_told_and_judged(actions: list[str], tmp_path: Path) -> None:
    plan = on_aws().build()
    plan["resource_changes"][0]["change"]["actions"] = actions
    code, report, stderr = scan_bytes(tmp_path, text_of(plan))
    assert code == 3
    error = the_error(report, stderr)
    assert "aws_s3_bucket.files" in error["message"]
    assert all(action in error["message"] for action in actions)
    assert by_address(report)["aws_s3_bucket.files"]["verdict"] == "fail"


@pytest.mark.parametrize("version", [1, 3, 5])
def test_state_files_of_other_versions(version: int, tmp_path: Path) -> None:
    state = raw_state(version=version)
    if version < 4:
        state = {
            "version": version,
            "serial": 1,
            "lineage": "x",
            "modules": [{"path": ["root"], "resources": {}}],
        }
    code, report, stderr = scan_bytes(tmp_path, text_of(state))
    assert code == 3
    error = the_error(report, stderr)
    assert f"version {version}" in error["message"]


# -- wrong types at each level -------------------------------------------------------------------------------


def set_at(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return document


CHANGE = ("resource_changes", 0)
BLOCK = ("configuration", "root_module", "resources", 0)
AWS = ("configuration", "provider_config", "aws")

NOT_IN_SHAPE: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "resource_changes a map": (("resource_changes",), {}),
    "resource_changes a text": (("resource_changes",), "x"),
    "a change that is null": (CHANGE, None),
    "a change that is a number": (CHANGE, 1),
    "address a number": ((*CHANGE, "address"), 1),
    "change null": ((*CHANGE, "change"), None),
    "change a list": ((*CHANGE, "change"), []),
    "actions a text": ((*CHANGE, "change", "actions"), "create"),
    "actions of numbers": ((*CHANGE, "change", "actions"), [1]),
    "type null": ((*CHANGE, "type"), None),
    "format_version a number": (("format_version",), 1.2),
    "errored a text": (("errored",), "no"),
    "configuration a list": (("configuration",), []),
    "root_module a list": (("configuration", "root_module"), []),
    "blocks a map": (("configuration", "root_module", "resources"), {"a": 1}),
    "a block that is a text": (BLOCK, "aws_s3_bucket.files"),
    "provider_config a list": (("configuration", "provider_config"), ["aws"]),
    "provider configuration a text": (AWS, "aws"),
    "module_calls a text": (("configuration", "root_module", "module_calls"), "x"),
    "module call a number": (("configuration", "root_module", "module_calls"), {"a": 1}),
    "module a list": (("configuration", "root_module", "module_calls"), {"a": {"module": []}}),
    "variables a list": (("variables",), []),
    "deferred_changes a map": (("deferred_changes",), {}),
}


@pytest.mark.parametrize("kind", NOT_IN_SHAPE)
def test_wrong_types_are_refused_with_the_place(kind: str, tmp_path: Path) -> None:
    path, value = NOT_IN_SHAPE[kind]
    code, report, stderr = scan_bytes(tmp_path, text_of(set_at(on_aws().build(), path, value)))
    assert code == 3
    error = the_error(report, stderr)
    assert "shape" in error["message"]
    names = [part for part in path if isinstance(part, str)]
    assert names[0] in error["message"]
    assert report["resources"] == []


MAY_BE_ABSENT: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "provider_config null": (("configuration", "provider_config"), None),
    "provider configuration null": (AWS, None),
    "provider_config_key null": ((*BLOCK, "provider_config_key"), None),
    "blocks null": (("configuration", "root_module", "resources"), None),
    "module_calls null": (("configuration", "root_module", "module_calls"), None),
    "module_calls of null": (("configuration", "root_module", "module_calls"), {"a": None}),
    "root_module null": (("configuration", "root_module"), None),
    "configuration null": (("configuration",), None),
    "variables null": (("variables",), None),
    "expressions null": ((*AWS, "expressions"), None),
    "expressions a list": ((*AWS, "expressions"), [1]),
    "expressions a text": ((*BLOCK, "expressions"), "x"),
    "an expression that is null": ((*AWS, "expressions", "region"), None),
    "an expression that is a text": ((*AWS, "expressions", "region"), "eu-west-3"),
    "references a text": ((*AWS, "expressions", "region"), {"references": "var.x"}),
    "references of numbers": ((*AWS, "expressions", "region"), {"references": [1, None, {}]}),
    "references empty": ((*AWS, "expressions", "region"), {"references": []}),
    "region a number": ((*AWS, "expressions", "region"), {"constant_value": 3}),
    "region a map": ((*AWS, "expressions", "region"), {"constant_value": {"a": 1}}),
    "endpoints a text": ((*AWS, "expressions", "endpoints"), {"constant_value": "x"}),
    "endpoint a number": ((*AWS, "expressions", "endpoints"), [{"s3": {"constant_value": 1}}]),
    "endpoint a list": ((*AWS, "expressions", "endpoints"), [{"s3": {"constant_value": [1]}}]),
    "default_tags a number": ((*AWS, "expressions", "default_tags"), {"constant_value": 7}),
    "after a text": ((*CHANGE, "change", "after"), "x"),
    "after_unknown a list": ((*CHANGE, "change", "after_unknown"), [True]),
    "after_unknown true": ((*CHANGE, "change", "after_unknown"), True),
    "after_sensitive true": ((*CHANGE, "change", "after_sensitive"), True),
    "tags a number": ((*CHANGE, "change", "after", "tags"), 5),
    "tags a list of lists": ((*CHANGE, "change", "after", "tags"), [[["DataClassification"]]]),
    "a tag value that is a map": ((*CHANGE, "change", "after", "tags"), {"DataClassification": {"a": 1}}),
    "index a map": ((*CHANGE, "index"), {"a": 1}),
    "provider_name null": ((*CHANGE, "provider_name"), None),
    "deposed true": ((*CHANGE, "deposed"), True),
    "importing a text": ((*CHANGE, "change", "importing"), "abcdef"),
    "a deferred change that is null": (("deferred_changes",), [{"reason": "x", "resource_change": None}]),
}


@pytest.mark.parametrize("kind", MAY_BE_ABSENT)
def test_odd_values_are_refused_or_judged_but_never_crash(kind: str, tmp_path: Path) -> None:
    path, value = MAY_BE_ABSENT[kind]
    code, report, stderr = scan_bytes(tmp_path, text_of(set_at(on_aws().build(), path, value)))
    assert code in (0, 1, 3), stderr
    assert (code == 3) == bool(report["errors"])
    if not report["errors"]:
        assert report["summary"]["resources"] == 1


@pytest.mark.parametrize("missing", ["after", "before", "after_unknown", "after_sensitive"])
@pytest.mark.parametrize("actions", [["create"], ["update"], ["delete"], ["no-op"], ["forget"]])
def test_a_change_that_lacks_a_part(actions: list[str], missing: str, tmp_path: Path) -> None:
    plan = on_aws().build()
    change = plan["resource_changes"][0]["change"]
    change["actions"] = actions
    del change[missing]
    code, _, _ = scan_bytes(tmp_path, text_of(plan))
    assert code in (0, 1, 3)
    if missing == "after" and actions not in (["delete"], ["forget"]):
        # What would be there is not told, so it is not known to be harmless either.
        assert code in (1, 3)


def test_an_instance_of_a_state_that_lacks_its_attributes(tmp_path: Path) -> None:
    for instance in ({}, {"attributes": None}, {"attributes_flat": {"bucket": "x"}}):
        state = raw_state(raw_resource("aws_s3_bucket", "files", instance))
        code, report, _ = scan_bytes(tmp_path, text_of(state))
        assert code in (0, 1, 3)
        assert report["summary"]["resources"] == 1


CONFIGURATION_ONLY = sorted(kind for kind, (path, _) in MAY_BE_ABSENT.items() if path[0] == "configuration")


@pytest.mark.parametrize("kind", CONFIGURATION_ONLY)
def test_a_damaged_configuration_clears_nothing(kind: str, tmp_path: Path) -> None:
    path, value = MAY_BE_ABSENT[kind]
    code, report, _ = scan_bytes(tmp_path, text_of(set_at(on_aws().build(), path, value)))
    assert code in (1, 3)
    assert all(entry["verdict"] != "pass" for entry in report["resources"])


# -- depth and size ------------------------------------------------------------------------------------------


def nested(depth: int, shape: str) -> str:
    if shape == "lists":
        return "[" * depth + "true" + "]" * depth
    return '{"a":' * depth + "true" + "}" * depth


def in_values(plan: Plan) -> JSON:
    return set_at(plan.build(), (*CHANGE, "change", "after", "tags"), HOLE)


def in_ignored_values(plan: Plan) -> JSON:
    return set_at(plan.build(), (*CHANGE, "change", "after", "policy"), HOLE)


def in_unknown_mask(plan: Plan) -> JSON:
    return set_at(plan.build(), (*CHANGE, "change", "after_unknown"), {"tags": HOLE})


def in_sensitive_mask(plan: Plan) -> JSON:
    return set_at(plan.build(), (*CHANGE, "change", "after_sensitive"), {"tags": HOLE})


def in_prior_state(plan: Plan) -> JSON:
    return plan.build(prior_state={"format_version": "1.0", "values": HOLE})


def in_expression(plan: Plan) -> JSON:
    return set_at(plan.build(), (*AWS, "expressions", "endpoints"), HOLE)


def in_constant(plan: Plan) -> JSON:
    return set_at(plan.build(), (*AWS, "expressions", "default_tags"), [{"tags": {"constant_value": HOLE}}])


PLACES = {
    f.__name__: f
    for f in (
        in_values,
        in_ignored_values,
        in_unknown_mask,
        in_sensitive_mask,
        in_prior_state,
        in_expression,
        in_constant,
    )
}


@pytest.mark.parametrize("shape", ["maps", "lists"])
@pytest.mark.parametrize("place", PLACES)
def test_nesting_10000_deep_is_refused(place: str, shape: str, tmp_path: Path) -> None:
    text = json.dumps(PLACES[place](on_aws())).replace(f'"{HOLE}"', nested(10_000, shape))
    code, report, stderr = scan_bytes(tmp_path, text.encode())
    assert code == 3
    error = the_error(report, stderr)
    assert "nested too deeply" in error["message"]
    assert report["resources"] == []


@pytest.mark.parametrize("shape", ["maps", "lists"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("depth", [150, 400, 900])
def test_nesting_of_any_depth_is_read_or_refused(depth: int, place: str, shape: str, tmp_path: Path) -> None:
    text = json.dumps(PLACES[place](on_aws())).replace(f'"{HOLE}"', nested(depth, shape))
    code, report, _ = scan_bytes(tmp_path, text.encode())
    assert code in (0, 1, 3)
    assert (code == 3) == bool(report["errors"])


@pytest.mark.parametrize("depth", [99, 150, 900])
def test_modules_nested_deeply_are_read_or_refused(depth: int, tmp_path: Path) -> None:
    module = '{"module_calls":{"m":{"module":' * depth + "{}" + "}}}" * depth
    plan = set_at(on_aws().build(), ("configuration", "root_module", "module_calls"), {"m": {"module": HOLE}})
    children = '{"child_modules":[' * depth + "{}" + "]}" * depth
    state = shown_state(children=(HOLE,))  # type: ignore[arg-type]
    for document, text in ((plan, module), (state, children)):
        code, report, _ = scan_bytes(tmp_path, json.dumps(document).replace(f'"{HOLE}"', text).encode())
        assert code in (0, 1, 3)
        assert (code == 3) == bool(report["errors"])
        for error in report["errors"]:
            assert error["hint"]
            assert error["file"] == "plan.json"


def test_variables_passed_around_in_a_circle_end(tmp_path: Path) -> None:
    """Terraform refuses circles, a hand-made plan may hold one."""
    plan = sensitive_bucket(region=Refers("module.a.x"))
    plan.call("a", v=Refers("module.a.x"))["outputs"] = {"x": {"expression": {"references": ["var.v"]}}}
    code, report, _ = scan_bytes(tmp_path, text_of(plan.build()))
    assert code == 1
    assert by_address(report)["aws_s3_bucket.files"]["verdict"] in ("fail", "unknown")


def test_references_that_fan_out_end(tmp_path: Path) -> None:
    """Each variable refers to the next one ten times over: followed naively, 10 to the power of the depth."""
    plan = sensitive_bucket(region=Refers("module.m0.x"))
    above = ""
    for depth in range(12):
        arguments = {f"v{n}": Refers(*(f"var.v{m}" for m in range(10))) for n in range(10)} if depth else {}
        child = plan.call(f"m{depth}", above=above, **arguments)
        below = f"module.m{depth + 1}.x"
        references = [below, *(f"var.v{n}" for n in range(10))] if depth < 11 else ["var.v0", "var.v1"]
        child["outputs"] = {"x": {"expression": {"references": references}}}
        above = f"{above}.module.m{depth}" if above else f"module.m{depth}"
    code, _, _ = scan_bytes(tmp_path, text_of(plan.build()))
    assert code == 1


GIGABYTE = 1 << 30


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [b"", b"{", b'{"format_version": "1.2", "resource_changes": [', b"\xff\xfe{\x00"]
)
def test_a_gigabyte_of_garbage(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(GIGABYTE)
    try:
        code, report, stderr = scan(tmp_path, "plan.json")
    finally:
        path.unlink()
    assert code == 3
    error = the_error(report, stderr)
    assert len(error["message"] + error["hint"]) < 1000


@pytest.mark.slow
@pytest.mark.parametrize("start", ["", "{"])
def test_a_gigabyte_of_garbage_through_a_pipe(start: str, tmp_path: Path) -> None:
    command = [PROGRAM] if PROGRAM else [sys.executable, "-m", "sovereign_guard"]
    shell = f"(printf '{start}'; head -c {GIGABYTE} /dev/zero) | \"$@\" scan - --format json"
    done = subprocess.run(["sh", "-c", shell, "sh", *command], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    the_error(json.loads(done.stdout), done.stderr.decode())


@pytest.mark.slow
def test_more_than_is_ever_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as stream:
        stream.write(b"{")
        stream.truncate(3 * GIGABYTE)
    code, report, stderr = scan(tmp_path, "plan.json")
    assert code == 3
    assert "larger than" in the_error(report, stderr)["message"]


def test_numbers_beyond_any_machine(tmp_path: Path) -> None:
    plan = json.dumps(set_at(on_aws().build(), (*CHANGE, "change", "after", "tags"), {"size": HOLE}))
    for number in ("1e999", "9" * 5000, "-0", "1.5e-400"):
        code, report, _ = scan_bytes(tmp_path, plan.replace(f'"{HOLE}"', number).encode())
        assert code in (0, 1, 3)
        assert (code == 3) == bool(report["errors"])


# -- encodings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"])
@pytest.mark.parametrize("place", ["tag value", "tag key", "skipped part", "address", "provider setting"])
def test_invalid_utf8_is_told_with_its_line(place: str, damage: bytes, tmp_path: Path) -> None:
    plan = on_aws().build(prior_state={"note": "skipped"})
    paths: dict[str, tuple[tuple[str | int, ...], Any]] = {
        "tag value": ((*CHANGE, "change", "after", "tags", "Other"), HOLE),
        "tag key": ((*CHANGE, "change", "after", "tags"), {HOLE: "x", "DataClassification": "sensitive"}),
        "skipped part": (("prior_state", "note"), HOLE),
        "address": ((*CHANGE, "address"), HOLE),
        "provider setting": ((*AWS, "expressions", "profile"), {"constant_value": HOLE}),
    }
    path, value = paths[place]
    content = json.dumps(set_at(plan, path, value), indent=1).encode()
    at = content[: content.index(HOLE.encode())].count(b"\n") + 1
    code, report, stderr = scan_bytes(tmp_path, content.replace(HOLE.encode(), b"caf" + damage + b"x"))
    assert code == 3
    error = the_error(report, stderr)
    assert "not UTF-8" in error["message"]
    assert error["line"] == at
    assert report["resources"] == []


def test_latin_1_is_told(tmp_path: Path) -> None:
    plan = Plan().add("aws_s3_bucket.files", tags={"Équipe": "données"})
    content = json.dumps(plan.build(), ensure_ascii=False, indent=1).encode("latin-1")
    code, report, stderr = scan_bytes(tmp_path, content)
    assert code == 3
    assert "not UTF-8" in the_error(report, stderr)["message"]


BROKEN_UTF16 = {
    "odd number of bytes": json.dumps(on_aws().build()).encode("utf-16")[:-1],
    "lone surrogate": ("\ufeff" + json.dumps(on_aws().build()))
    .encode("utf-16-le")
    .replace("sensitive".encode("utf-16-le"), b"\x00\xd8" + "ensitive".encode("utf-16-le")),
    "half a plan": json.dumps(on_aws().build()).encode("utf-16")[:801],
    "UTF-8 under a UTF-16 mark": b"\xff\xfe" + WHOLE,
    "UTF-32": json.dumps(on_aws().build()).encode("utf-32"),
}


@pytest.mark.parametrize("kind", BROKEN_UTF16)
def test_broken_utf16(kind: str, tmp_path: Path) -> None:
    code, report, stderr = scan_bytes(tmp_path, BROKEN_UTF16[kind])
    assert code == 3
    error = the_error(report, stderr)
    assert len(error["message"]) < 400
    assert report["resources"] == []


@pytest.mark.parametrize(
    "escape", ["\\ud800", "\\udfff", "\\ud800\\ud800", "\\u0000", "\\u202e", "\\u001b[31m"]
)
@pytest.mark.parametrize("output_format", ["text", "json"])
def test_escapes_that_stand_for_no_character_or_a_harmful_one(
    output_format: str, escape: str, tmp_path: Path
) -> None:
    plan = on_aws().build()
    plan["resource_changes"][0]["address"] = f"aws_s3_bucket.{HOLE}"
    plan["resource_changes"][0]["change"]["after"]["tags"]["Classification"] = HOLE
    (tmp_path / "plan.json").write_text(json.dumps(plan).replace(HOLE, escape))
    done = run("scan", "plan.json", "--format", output_format, cwd=tmp_path)
    assert done.returncode in (1, 3)
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    if output_format == "json":
        json.loads(done.stdout.decode())
    else:
        assert "\u202e" not in done.stdout.decode()


# -- command line, policies, configuration -------------------------------------------------------------------


def test_unknown_format(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    message = refused(tmp_path, "plan.json", "--format", "pdf")
    assert "pdf" in message
    assert "text" in message
    assert "json" in message


def test_unknown_option_and_command(tmp_path: Path) -> None:
    assert "--frobnicate" in refused(tmp_path, "--frobnicate")
    done = run("frobnicate")
    assert done.returncode == 2
    assert b"frobnicate" in done.stderr


def test_unknown_policy_id(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    message = refused(tmp_path, "plan.json", "--policy", "three-squares")
    assert "three-squares" in message
    assert "three-circles" in message


@pytest.mark.parametrize("day", ["24/11/2026", "2026-13-01", "2026-02-30", "", "today"])
def test_days_that_are_none(day: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "--as-of", day, cwd=tmp_path)
    assert done.returncode == 2
    assert b"not a date" in done.stderr
    assert done.stdout == b""


def test_policy_with_an_unknown_level(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nunlabelled: secret\n"
        "levels:\n  topsecret:\n    internal: true\n  sensitive: {}\n"
    )
    message = refused(tmp_path, "plan.json", "--policy", "policy.yaml")
    assert "policy.yaml:3" in message
    assert "secret" in message
    assert "policy.yaml:5" in message or "policy.yaml:6" in message
    assert "topsecret" in message
    assert "strategic" in message, "the levels that there are must be told"


def test_policy_with_several_faults_tells_all(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: Ours!\n"
        "on_unknown: ignore\n"
        "levels:\n"
        "  sensitive:\n"
        "    control: {allow: [europe]}\n"
        "    teritory: {allow: [FR]}\n"
    )
    message = refused(tmp_path, "plan.json", "--policy", "policy.yaml")
    for line in ("policy.yaml:1", "policy.yaml:2"):
        assert line in message
    assert "title" in message
    assert "teritory" in message


def test_a_misspelled_key_is_told_at_its_own_line(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nlevels:\n  sensitive:\n    internal: true\n    teritory: {allow: [FR]}\n"
    )
    assert "policy.yaml:6:" in refused(tmp_path, "plan.json", "--policy", "policy.yaml")


def test_policy_with_an_unknown_area_or_base(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "a.yaml").write_text("id: a\ntitle: A\nlevels: {sensitive: {control: {allow: [euroland]}}}\n")
    (tmp_path / "b.yaml").write_text("id: b\ntitle: B\nextends: three-squares\n")
    assert "euroland" in refused(tmp_path, "plan.json", "--policy", "a.yaml")
    message = refused(tmp_path, "plan.json", "--policy", "b.yaml")
    assert "b.yaml:3" in message
    assert "three-squares" in message


@pytest.mark.parametrize(
    "added",
    [
        "areas: {europe: [FR]}\n",
        "unlabelled: sensitive\n",
        "on_unknown: warn\n",
        "rules: {SOV007: true}\n",
        "",
    ],
)
def test_policy_that_extends_another_needs_only_what_it_changes(added: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(f"id: ours\ntitle: Ours\nextends: three-circles\n{added}")
    code, report, _ = scan(tmp_path, "plan.json", "--policy", "policy.yaml")
    assert code == 1
    assert report["policy"]["id"] == "ours"


def test_what_a_policy_does_not_replace_of_another_still_holds(tmp_path: Path) -> None:
    """`extends` replaces key by key: a stricter territory must not take the condition on control away."""
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nextends: three-circles\nlevels: {sensitive: {territory: {allow: [FR]}}}\n"
    )
    code, report, _ = scan(tmp_path, "plan.json", "--policy", "policy.yaml")
    assert code == 1
    assert [finding["rule"] for finding in report["findings"]] == ["SOV001"]


@pytest.mark.parametrize("base", sorted(load().policies))
def test_every_shipped_policy_can_be_extended(base: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(f"id: ours\ntitle: Ours\nextends: {base}\n")
    ours, shipped = (scan(tmp_path, "plan.json", "--policy", name)[1] for name in ("policy.yaml", base))
    assert ours["resources"] == shipped["resources"]
    assert ours["findings"] == shipped["findings"]


@pytest.mark.parametrize("content", ["", "null\n", "[]\n", "text\n", "3\n"])
def test_policy_that_is_none(content: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(content)
    assert "policy.yaml" in refused(tmp_path, "plan.json", "--policy", "policy.yaml")


BROKEN_CONFIGURATION = """\
on_unknown: maybe
operators:
  - id: our-cloud
    seat: France
    internal: yes please
    endpoints: ["https://cloud.ministere.example/"]
    reason: Ours.
  - id: other
    seat: FR
    name: Other
    endpoints: [a.example]
levels:
  - {address: "aws_s3_bucket.*", level: sensitive}
colour: red
"""


@pytest.mark.parametrize("given", [True, False])
def test_configuration_with_several_faults_tells_all_at_once(given: bool, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    name = "config.yaml" if given else ".sovereign-guard.yaml"
    (tmp_path / name).write_text(BROKEN_CONFIGURATION)
    message = refused(tmp_path, "plan.json", *(["--config", name] if given else []))
    for line in (1, 4, 5, 6, 8, 13):
        assert f"{name}:{line}:" in message
    assert "colour" in message
    assert len(message.strip().splitlines()) >= 7


def test_configuration_with_faults_that_no_schema_sees_tells_all_at_once(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "config.yaml").write_text(
        "operators:\n"
        "  - {id: aws, seat: FR, endpoints: [a.example], reason: Ours.}\n"
        "  - {id: no-such-company, endpoints: [b.example], reason: Ours.}\n"
        "levels:\n"
        "  - {address: '*', level: topsecret, reason: All of it.}\n"
        "rules: {SOV999: true}\n"
    )
    message = refused(tmp_path, "plan.json", "--config", "config.yaml")
    for line in (2, 3, 5, 6):
        assert f"config.yaml:{line}:" in message
    assert "topsecret" in message
    assert "SOV999" in message


BAD_YAML = {
    "tab": ("operators:\n\t- id: x\n", 2),
    "unclosed": ("operators: [\n  {id: x\n", 3),
    "two documents": ("on_unknown: warn\n---\non_unknown: fail\n", 2),
    "a key twice": ("on_unknown: fail\non_unknown: warn\n", 2),
    "a tag of Python": ("policy: !!python/object/apply:os.system [echo hello]\n", 1),
    "an alias to nothing": ("policy: *nowhere\n", 1),
    "a list": ("- on_unknown: warn\n", 1),
    "a text": ("warn\n", 1),
    "an unquoted key that is no text": ("no: 1\n", 1),
    "a control character": ("policy: \x01\n", 1),
}


@pytest.mark.parametrize("kind", BAD_YAML)
def test_broken_yaml(kind: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    content, line = BAD_YAML[kind]
    (tmp_path / ".sovereign-guard.yaml").write_text(content)
    message = refused(tmp_path, "plan.json")
    assert f".sovereign-guard.yaml:{line}:" in message
    assert "hello" not in message.replace("echo hello", "")


def test_recursive_alias(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "config.yaml").write_text("operators: &a [*a]\n")
    assert "config.yaml:1" in refused(tmp_path, "plan.json", "--config", "config.yaml")


def test_merge_key_does_not_hide_a_fault(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "config.yaml").write_text("rules: &r {SOV007: true}\n<<: {colour: red}\n")
    assert "config.yaml" in refused(tmp_path, "plan.json", "--config", "config.yaml")


def test_alias_bomb(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    message = refused(tmp_path, "plan.json", "--config", "config.yaml")
    assert "config.yaml" in message
    assert len(message) < 2000


@pytest.mark.parametrize("shape", ["[", "{a: "])
def test_yaml_nested_10000_deep(shape: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    closing = "]" if shape == "[" else "}"
    (tmp_path / "config.yaml").write_text(f"levels: {shape * 10_000}{closing * 10_000}\n")
    message = refused(tmp_path, "plan.json", "--config", "config.yaml")
    assert "config.yaml" in message
    assert "deep" in message


def test_yaml_block_nested_10000_deep(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "config.yaml").write_text("levels:\n" + "- " * 10_000 + "x\n")
    assert "deep" in refused(tmp_path, "plan.json", "--config", "config.yaml")


def test_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    assert "nowhere.yaml" in refused(tmp_path, "plan.json", "--config", "nowhere.yaml")
    (tmp_path / "folder").mkdir()
    assert "folder" in refused(tmp_path, "plan.json", "--config", "folder")
    (tmp_path / "latin.yaml").write_bytes("policy: é\n".encode("latin-1"))
    assert "not UTF-8" in refused(tmp_path, "plan.json", "--config", "latin.yaml")
    (tmp_path / "utf16.yaml").write_bytes("policy: three-circles\n".encode("utf-16"))
    assert "utf16.yaml" in refused(tmp_path, "plan.json", "--config", "utf16.yaml")
    with (tmp_path / "huge.yaml").open("wb") as stream:
        stream.truncate(GIGABYTE)
    assert "larger" in refused(tmp_path, "plan.json", "--config", "huge.yaml")


def test_empty_configuration_says_nothing(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    for content in ("", "# nothing yet\n", "{}\n"):
        (tmp_path / ".sovereign-guard.yaml").write_text(content)
        code, report, _ = scan(tmp_path, "plan.json")
        assert code == 1
        assert report["declarations"] == []


def test_policy_named_by_the_configuration_is_missing(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / ".sovereign-guard.yaml").write_text("policy: nowhere.yaml\n")
    assert "nowhere.yaml" in refused(tmp_path, "plan.json")


@pytest.mark.parametrize("output", ["no/such/folder/report.json", "folder", "plan.json/x"])
def test_output_that_cannot_be_written(output: str, tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    (tmp_path / "folder").mkdir()
    message = refused(tmp_path, "plan.json", "--format", "json", "--output", output)
    assert output in message
    assert "cannot be written" in message


def test_output_to_a_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    plan = text_of(on_aws().build())
    done = run("scan", "-", "--output", "/dev/full", stdin=plan)
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_explain_of_an_unknown_address(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "plan.json")
    done = run("explain", "aws_s3_bucket.nowhere", "plan.json", cwd=tmp_path)
    assert done.returncode == 2, done.stderr.decode()
    assert b"aws_s3_bucket.nowhere" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("rules", "SOV999"), ("catalog", "show", "no-such-thing"), ("schema", "no-such-schema")]
)
def test_look_ups_of_what_is_not_there(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stderr.decode()
    assert arguments[-1].encode() in done.stderr
    assert b"Traceback" not in done.stderr


# -- several inputs, and which concern wins ------------------------------------------------------------------


def test_one_bad_input_does_not_hide_the_others(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "good.json")
    (tmp_path / "cut.json").write_bytes(WHOLE[:300])
    (tmp_path / "empty.json").write_bytes(b"")
    code, report, stderr = scan(tmp_path, "cut.json", "good.json", "empty.json", "nowhere.json")
    assert code == 3
    assert [error["input"] for error in report["errors"]] == ["cut.json", "empty.json", "nowhere.json"]
    assert [finding["rule"] for finding in report["findings"]] == ["SOV001"]
    assert [entry["id"] for entry in report["inputs"]] == ["good.json"]
    assert len(stderr.strip().splitlines()) == 3
    text = run("scan", "cut.json", "good.json", "--as-of", DAY, cwd=tmp_path)
    assert text.returncode == 3
    assert b"SOV001" in text.stdout
    assert b"cut.json" in text.stdout


def test_an_internal_module_limit_in_one_input_does_not_hide_the_others(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "good.json")
    deep = json.dumps(set_at(on_aws().build(), (*AWS, "expressions", "endpoints"), HOLE))
    (tmp_path / "deep.json").write_text(deep.replace(f'"{HOLE}"', nested(600, "lists")))
    code, report, _ = scan(tmp_path, "deep.json", "good.json")
    assert code in (1, 3)
    assert "good.json" in {finding["input"] for finding in report["findings"]}


def test_exit_codes_3_over_1_over_0_and_2_over_3(tmp_path: Path) -> None:
    on_aws().write(tmp_path / "failing.json")
    Plan().add("aws_s3_bucket.site", tags={"DataClassification": "public"}).write(tmp_path / "clean.json")
    (tmp_path / "bad.json").write_text("{")
    assert scan(tmp_path, "clean.json")[0] == 0
    assert scan(tmp_path, "clean.json", "failing.json")[0] == 1
    assert scan(tmp_path, "clean.json", "bad.json")[0] == 3
    assert scan(tmp_path, "failing.json", "bad.json")[0] == 3
    refused(tmp_path, "failing.json", "bad.json", "--policy", "three-squares")
    refused(tmp_path, "failing.json", "bad.json", "--format", "json", "--output", "no/such/folder/x")


# -- binary plans --------------------------------------------------------------------------------------------


def test_binary_plan_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    code, report, stderr = scan_bytes(tmp_path, b"PK\x03\x04" + bytes(500), "tfplan")
    assert code == 3
    error = the_error(report, stderr)
    assert "binary plan" in error["message"]
    assert "terraform show -json tfplan" in error["hint"]
    assert "--allow-terraform" in error["hint"]


def test_binary_plan_on_standard_input_is_refused(tmp_path: Path) -> None:
    code, report, stderr = scan(tmp_path, "-", stdin=b"PK\x03\x04" + bytes(500))
    assert code == 3
    assert "binary plan" in the_error(report, stderr)["message"]


def needs_terraform() -> str:
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not on the PATH")
    return program


def real_plan(folder: Path) -> Path:
    program = needs_terraform()
    (folder / "main.tf").write_text('resource "terraform_data" "note" {\n  input = "hello"\n}\n')
    for arguments in (["init", "-input=false"], ["plan", "-input=false", "-out=tfplan"]):
        done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    return folder / "tfplan"


def test_real_binary_plan_is_refused_and_no_program_is_started(tmp_path: Path) -> None:
    real_plan(tmp_path)
    code, report, stderr = scan(tmp_path, "tfplan")
    assert code == 3
    assert "terraform show -json tfplan" in the_error(report, stderr)["hint"]


def test_real_binary_plan_is_read_where_that_is_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "somewhere else"
    folder.mkdir()
    real_plan(folder)
    code, report, _ = scan(tmp_path, "somewhere else/tfplan", "--allow-terraform")
    assert code == 0
    assert [entry["address"] for entry in report["resources"]] == ["terraform_data.note"]
    assert report["inputs"][0]["kind"] == "plan"


def test_digest_of_a_binary_plan_is_that_of_the_plan_file(tmp_path: Path) -> None:
    """A pipeline applies the file that was judged, so it is that file's digest which it compares."""
    import hashlib

    plan = real_plan(tmp_path)
    _, report, _ = scan(tmp_path, "tfplan", "--allow-terraform")
    assert report["inputs"][0]["sha256"] == hashlib.sha256(plan.read_bytes()).hexdigest()


def test_binary_plan_that_terraform_refuses(tmp_path: Path) -> None:
    needs_terraform()
    (tmp_path / "tfplan").write_bytes(b"PK\x03\x04" + bytes(500))
    on_aws().write(tmp_path / "good.json")
    code, report, stderr = scan(tmp_path, "tfplan", "good.json", "--allow-terraform")
    assert code == 3
    the_error(report, stderr)
    assert report["summary"]["fail"] == 1


def test_binary_plan_without_any_terraform(tmp_path: Path) -> None:
    (tmp_path / "tfplan").write_bytes(b"PK\x03\x04" + bytes(500))
    done = run(
        "scan", "tfplan", "--allow-terraform", "--format", "json", cwd=tmp_path, env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 3
    error = the_error(json.loads(done.stdout), done.stderr.decode())
    assert "neither terraform nor tofu" in error["message"]


# -- damage anywhere -----------------------------------------------------------------------------------------


def rich_plan() -> JSON:
    """Return a plan that uses every part that is read."""
    plan = Plan()
    plan.variable("region", "eu-west-3").variable("token", "hush", sensitive=True)
    plan.provider("aws", region=Refers("var.region"), default_tags={"tags": SENSITIVE})
    plan.provider("aws.scw", region="fr-par", endpoints={"s3": "https://s3.fr-par.scw.cloud"})
    plan.provider("kubernetes", host=Refers("aws_eks_cluster.main.endpoint", "aws_eks_cluster.main"))
    plan.add("aws_s3_bucket.files", tags=SENSITIVE, tags_all=SENSITIVE, unknown={"id": True, "arn": True})
    plan.add("aws_s3_bucket.copy", provider="aws.scw", tags=SENSITIVE, hidden={"tags": {"x": True}})
    plan.add("aws_s3_object.one", bucket="files", written={"bucket": Refers("aws_s3_bucket.files.id")})
    plan.add("aws_eks_cluster.main", name="main", tags=None, unknown={"endpoint": True, "tags": {"a": True}})
    plan.add("kubernetes_secret.token", metadata=[{"labels": SENSITIVE}])
    plan.call("store", region=Refers("var.region"))["outputs"] = {
        "x": {"expression": {"references": ["var.region"]}}
    }
    plan.add(
        'module.store["a"].aws_sqs_queue.mail[0]', tags=SENSITIVE, actions=("update",), before={"tags": {}}
    )
    plan.add("data.aws_s3_bucket.read", actions=("read",), bucket="x")
    plan.add("aws_s3_bucket.old", actions=("delete",), before={"tags": SENSITIVE}, shown=False)
    plan.add("aws_s3_bucket.gone", actions=("forget",), before={"tags": SENSITIVE}, shown=False)
    plan.add("aws_s3_bucket.files", actions=("delete",), before={}, deposed="ab12cd34")
    plan.add("scaleway_instance_server.one", tags=["classification=sensitive"], zone="fr-par-1")
    deferred = [{"reason": "provider_config_unknown", "resource_change": plan.changes.pop()}]
    return plan.build(deferred_changes=deferred)


def paths_of(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in items:
        found.extend(paths_of(part, (*path, key)))
    return found


DAMAGE = [
    None,
    {},
    [],
    0,
    "x",
    True,
    [None],
    [{}],
    {"x": None},
    {"constant_value": None},
    {"references": ["x"]},
]
STATE = raw_state(
    raw_resource(
        "aws_s3_bucket",
        "files",
        {"index_key": "a", "attributes": {"tags": SENSITIVE, "region": "eu-west-3"}},
        {
            "deposed": "ab12cd34",
            "attributes": {"tags": SENSITIVE},
            "sensitive_attributes": [[{"value": "tags"}]],
        },
        module="module.a[0]",
        alias="west",
    )
)
SHOWN = shown_state(
    state_resource("aws_s3_bucket.files", tags=SENSITIVE),
    children=(
        {"address": "module.a", "resources": [state_resource("module.a.aws_s3_bucket.b", tags=SENSITIVE)]},
    ),
)
DOCUMENTS = {
    "plan": rich_plan(),
    "real plan": json.loads((FIXTURES / "europe-mixed" / "plan.json").read_text()),
    "state file": STATE,
    "shown state": SHOWN,
}


def judged_in_process(document: Any) -> tuple[int, JSON]:
    catalog = load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_bytes(text_of(document))
        request = Request((str(path),), catalog, catalog.policies["three-circles"], Statements(), DAY)
        report = assess(request)
        for _ in write(report, "text", Screen()):
            pass
        return report.exit_code, json.loads(b"".join(write(report, "json", Screen())))


@st.composite
def damaged(draw: st.DrawFn, name: str) -> Any:
    document = copy.deepcopy(DOCUMENTS[name])
    for _ in range(draw(st.integers(1, 3))):
        paths = paths_of(document)
        path = draw(st.sampled_from(paths))
        set_at(document, path, copy.deepcopy(draw(st.sampled_from(DAMAGE))))
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
def test_damage_anywhere_is_refused_or_judged(name: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(document=damaged(name))
    def check(document: Any) -> None:
        code, report = judged_in_process(document)
        assert code in (0, 1, 3)
        assert (code == 3) == bool(report["errors"])
        assert report["schema"] == "sovereign-guard/report/v1"
        if code == 0:
            assert all(entry["verdict"] in ("pass", "not-judged") for entry in report["resources"])

    check()


SMALL = on_aws().add("aws_s3_bucket.other", tags=SENSITIVE, tags_all=SENSITIVE).build()
CONFIGURATION_PATHS = [path for path in paths_of(SMALL) if path[0] == "configuration"]


@pytest.mark.parametrize("path", CONFIGURATION_PATHS, ids=lambda path: "/".join(map(str, path)))
def test_no_damage_to_the_configuration_turns_a_fail_into_a_pass(path: tuple[str | int, ...]) -> None:
    for value in DAMAGE:
        code, report = judged_in_process(set_at(copy.deepcopy(SMALL), path, value))
        assert code in (1, 3)
        assert all(entry["verdict"] != "pass" for entry in report["resources"]), value


def test_removing_any_part_of_the_configuration_clears_nothing() -> None:
    for path in CONFIGURATION_PATHS:
        document = copy.deepcopy(SMALL)
        node: Any = document
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]
        code, report = judged_in_process(document)
        assert code in (1, 3), path
        assert all(entry["verdict"] != "pass" for entry in report["resources"]), path
