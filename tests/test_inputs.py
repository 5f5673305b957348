"""Every way in which a plan or a state may come, and what must never come out again."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    JSON,
    PUBLIC,
    SENSITIVE,
    Plan,
    Refers,
    at_endpoint,
    by_address,
    operators,
    raw_resource,
    raw_state,
    sensitive_bucket,
    shown_state,
    state_resource,
)
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"


def scan(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, JSON]:
    return run_json("scan", *arguments, "--as-of", DAY, cwd=folder, stdin=stdin)


def scan_document(folder: Path, document: Any, name: str = "plan.json") -> tuple[int, JSON]:
    (folder / name).write_text(json.dumps(document))
    return scan(folder, name)


def essence(report: JSON) -> JSON:
    """Return what a report says, without what it was read from."""
    drop = ("input", "id", "path", "sha256")
    return {
        key: [{k: v for k, v in entry.items() if k not in drop} for entry in report[key]]
        if isinstance(report[key], list) and report[key] and isinstance(report[key][0], dict)
        else report[key]
        for key in report
    }


def accented() -> Plan:
    plan = sensitive_bucket(region="eu-west-3")
    return plan.add(
        'aws_s3_bucket.many["état civil"]',
        tags={"Équipe": "données", "Sensibilité": "élevée 🗄"},
        tags_all=None,
    )


# -- how the bytes are written -------------------------------------------------------------------------------

WRITTEN: dict[str, Callable[[JSON], bytes]] = {
    "on one line": lambda plan: json.dumps(plan, ensure_ascii=False).encode(),
    "pretty": lambda plan: json.dumps(plan, ensure_ascii=False, indent=4).encode(),
    "without any space": lambda plan: json.dumps(plan, ensure_ascii=False, separators=(",", ":")).encode(),
    "escaped": lambda plan: json.dumps(plan, ensure_ascii=True).encode(),
    "Windows line ends": lambda plan: (
        json.dumps(plan, ensure_ascii=False, indent=1).replace("\n", "\r\n").encode()
    ),
    "blank lines around": lambda plan: (
        b"\n\n  \t" + json.dumps(plan, ensure_ascii=False).encode() + b"\r\n\n"
    ),
    "keys sorted": lambda plan: json.dumps(plan, ensure_ascii=False, sort_keys=True).encode(),
    "keys reversed": lambda plan: json.dumps(dict(reversed(plan.items())), ensure_ascii=False).encode(),
    "UTF-8 with mark": lambda plan: json.dumps(plan, ensure_ascii=False).encode("utf-8-sig"),
    "UTF-16 little endian with mark": lambda plan: ("\ufeff" + json.dumps(plan, ensure_ascii=False)).encode(
        "utf-16-le"
    ),
    "UTF-16 big endian with mark": lambda plan: ("\ufeff" + json.dumps(plan, ensure_ascii=False)).encode(
        "utf-16-be"
    ),
    "UTF-16 little endian without mark": lambda plan: json.dumps(plan, ensure_ascii=False).encode(
        "utf-16-le"
    ),
    "UTF-16 big endian without mark": lambda plan: json.dumps(plan, ensure_ascii=False).encode("utf-16-be"),
    "UTF-16 without mark, pretty": lambda plan: json.dumps(plan, ensure_ascii=False, indent=1).encode(
        "utf-16-le"
    ),
    "what PowerShell's > writes": lambda plan: (
        "\ufeff" + json.dumps(plan, ensure_ascii=False) + "\r\n"
    ).encode("utf-16-le"),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("through", ["file", "stdin"])
def test_however_it_is_written_it_says_the_same(through: str, way: str, tmp_path: Path) -> None:
    plan = accented().build()
    _, expected = scan_document(tmp_path, plan, "plain.json")
    content = WRITTEN[way](plan)
    (tmp_path / "plan.json").write_bytes(content)
    code, report = scan(tmp_path, "plan.json") if through == "file" else scan(tmp_path, "-", stdin=content)
    assert code == 1
    assert essence(report) == essence(expected)
    assert 'aws_s3_bucket.many["état civil"]' in by_address(report)
    (source,) = report["inputs"]
    assert source["path"] == ("plan.json" if through == "file" else "-")
    assert source["sha256"] == hashlib.sha256(content).hexdigest()


def test_named_pipe(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = json.dumps(accented().build()).encode()
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    code, report = scan(tmp_path, "pipe")
    writer.join()
    assert code == 1
    assert report["inputs"][0]["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_plan_whose_first_kilobytes_are_blank(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b" " * 10_000 + json.dumps(accented().build()).encode())
    assert scan(tmp_path, "plan.json")[0] == 1


def test_unknown_fields_do_not_disturb(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build(
        checks=[{"address": {"kind": "resource"}}],
        resource_drift=[{"address": FILES, "change": {"actions": ["update"]}}],
        relevant_attributes=[],
        output_changes={"x": {"actions": ["create"]}},
        something_new={"resource_changes": [1, 2, 3]},
    )
    plan["resource_changes"][0]["action_reason"] = "replace_because_tainted"
    plan["resource_changes"][0]["change"]["replace_paths"] = [["bucket"]]
    code, report = scan_document(tmp_path, plan)
    assert code == 1
    assert report["errors"] == []
    assert len(report["resources"]) == 1


# -- several inputs ------------------------------------------------------------------------------------------


def test_several_inputs(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "b.json")
    Plan().add("scaleway_object_bucket.files", tags=SENSITIVE, region="fr-par").write(tmp_path / "a.json")
    stdin = json.dumps(
        raw_state(raw_resource("hcloud_server", "app", {"attributes": {}}, source="hetznercloud/hcloud"))
    )
    code, report = scan(tmp_path, "b.json", "a.json", "-", stdin=stdin.encode())
    assert code == 1
    assert {source["id"]: source["kind"] for source in report["inputs"]} == {
        "a.json": "plan",
        "b.json": "plan",
        "-": "state",
    }
    assert {entry["input"] for entry in report["resources"]} == {"a.json", "b.json", "-"}
    assert {finding["input"] for finding in report["findings"]} == {"b.json"}
    assert report["summary"]["resources"] == 3


def test_the_order_of_inputs_does_not_change_what_is_found(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "b.json")
    sensitive_bucket(region="us-east-1").write(tmp_path / "a.json")
    _, one = scan(tmp_path, "a.json", "b.json")
    _, other = scan(tmp_path, "b.json", "a.json")
    assert one["resources"] == other["resources"]
    assert one["findings"] == other["findings"]


def test_the_same_path_twice_is_read_once(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    code, report = scan(tmp_path, "plan.json", "plan.json")
    assert (code, len(report["inputs"]), report["summary"]["resources"]) == (1, 1, 1)


def test_the_same_file_by_two_names_is_one_input_or_two_and_never_an_error(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    code, report = scan(tmp_path, "plan.json", "./plan.json")
    assert code == 1
    assert report["errors"] == []


def test_the_same_address_in_two_inputs_is_two_resources(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "a.json")
    at_endpoint("https://s3.fr-par.scw.cloud").write(tmp_path / "b.json")
    code, report = scan(tmp_path, "a.json", "b.json")
    assert code == 1
    assert {entry["input"]: entry["verdict"] for entry in report["resources"]} == {
        "a.json": "fail",
        "b.json": "pass",
    }


def test_one_run_is_like_another(tmp_path: Path) -> None:
    accented().write(tmp_path / "plan.json")
    first, second = (run("scan", "plan.json", "--format", "json", cwd=tmp_path).stdout for _ in range(2))
    assert first == second


def test_output_to_a_file(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "--format", "json", "--output", "report.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["fail"] == 1


# -- addresses of providers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "aws",
        "aws.paris",
        "registry.terraform.io/hashicorp/aws",
        "registry.opentofu.org/hashicorp/aws",
        "registry.opentofu.org/opentofu/aws",
        "Registry.Terraform.IO/HashiCorp/AWS",
        "hashicorp/aws",
        "registry.terraform.io/-/aws",
    ],
)
def test_spellings_of_one_provider(source: str, tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build()
    plan["resource_changes"][0]["provider_name"] = source
    plan["configuration"]["provider_config"]["aws"]["full_name"] = source
    code, report = scan_document(tmp_path, plan)
    assert (code, operators(by_address(report)[FILES])) == (1, ["aws"])


def test_missing_provider_name(tmp_path: Path) -> None:
    """As for Terraform itself, the type's first word then decides."""
    for cut in ({"provider_name": None}, {}):
        plan = sensitive_bucket(region="eu-west-3").build()
        del plan["resource_changes"][0]["provider_name"]
        plan["resource_changes"][0].update(cut)
        del plan["configuration"]["provider_config"]["aws"]["full_name"]
        code, report = scan_document(tmp_path, plan)
        assert (code, operators(by_address(report)[FILES])) == (1, ["aws"])


def test_missing_provider_name_beside_a_configuration_that_tells_another_source(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3")
    plan.provider("aws", "evil/aws")
    document = plan.build()
    del document["resource_changes"][0]["provider_name"]
    _, report = scan_document(tmp_path, document)
    assert by_address(report)[FILES]["verdict"] != "pass"


def test_missing_provider_name_of_a_type_that_nobody_knows(tmp_path: Path) -> None:
    plan = Plan().provider("acme", "acme/acme").add("acme_store.files", tags=SENSITIVE).build()
    del plan["resource_changes"][0]["provider_name"]
    _, report = scan_document(tmp_path, plan)
    entry = by_address(report)["acme_store.files"]
    assert (operators(entry), entry["verdict"]) == ([], "unknown")


# -- old formats ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.1", "0.2", "1.0", "1.1", "1.2", "1.9", "1.10"])
def test_formats_0_and_1(version: str, tmp_path: Path) -> None:
    code, report = scan_document(tmp_path, sensitive_bucket(region="eu-west-3").build(format_version=version))
    assert (code, report["errors"]) == (1, [])
    assert by_address(report)[FILES]["verdict"] == "fail"


def old_plan(key: str, provider_config: JSON) -> JSON:
    """Return a plan as Terraform 0.12 writes it: a module `child` with one bucket."""
    plan = Plan()
    plan.call("child")
    plan.add("module.child.aws_s3_bucket.files", tags=SENSITIVE)
    document = plan.build(format_version="0.1", terraform_version="0.12.31", complete=None, errored=None)
    document["resource_changes"][0]["provider_name"] = "aws"
    block = document["configuration"]["root_module"]["module_calls"]["child"]["module"]["resources"][0]
    block["provider_config_key"] = key
    document["configuration"]["provider_config"] = provider_config
    return document


PARIS = {
    "endpoints": [{"s3": {"constant_value": "https://s3.fr-par.scw.cloud"}}],
    "region": {"constant_value": "fr-par"},
}
VIRGINIA = {"region": {"constant_value": "us-east-1"}}


def test_old_key_of_a_provider_inherited_by_a_module(tmp_path: Path) -> None:
    """`child:aws` stands for the default configuration, which the module inherits."""
    for settings, verdict in ((PARIS, "pass"), (VIRGINIA, "fail")):
        plan = old_plan("child:aws", {"aws": {"name": "aws", "expressions": settings}})
        _, report = scan_document(tmp_path, plan)
        assert by_address(report)["module.child.aws_s3_bucket.files"]["verdict"] == verdict


def test_old_key_of_a_provider_that_was_passed_is_not_told_so_both_count(tmp_path: Path) -> None:
    plan = old_plan(
        "child:aws",
        {
            "aws": {"name": "aws", "expressions": PARIS},
            "aws.us": {"name": "aws", "alias": "us", "expressions": VIRGINIA},
            "module.child:aws": {"name": "aws", "module_address": "module.child"},
        },
    )
    _, report = scan_document(tmp_path, plan)
    entry = by_address(report)["module.child.aws_s3_bucket.files"]
    assert entry["verdict"] != "pass"
    assert {"aws", "scaleway"} <= {*operators(entry), *entry["operator_candidates"]}


def test_old_key_of_a_provider_of_the_module_itself(tmp_path: Path) -> None:
    own = {
        "name": "aws",
        "module_address": "module.child",
        "expressions": {**VIRGINIA, "profile": {}, "x": {}},
    }
    plan = old_plan(
        "module.child:aws", {"aws": {"name": "aws", "expressions": PARIS}, "module.child:aws": own}
    )
    _, report = scan_document(tmp_path, plan)
    assert by_address(report)["module.child.aws_s3_bucket.files"]["verdict"] == "fail"


def test_provider_without_a_block(tmp_path: Path) -> None:
    plan = sensitive_bucket().build()
    plan["configuration"]["provider_config"] = {}
    plan["resource_changes"][0]["change"]["after"]["region"] = "eu-west-3"
    code, report = scan_document(tmp_path, plan)
    assert (code, operators(by_address(report)[FILES])) == (1, ["aws"])


def test_deferred_changes_are_judged(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build()
    change = plan["resource_changes"].pop()
    plan["planned_values"] = {"root_module": {}}
    plan["deferred_changes"] = [{"reason": "provider_config_unknown", "resource_change": change}]
    code, report = scan_document(tmp_path, plan)
    assert code == 1
    assert by_address(report)[FILES]["verdict"] == "fail"
    assert any("deferred" in warning for warning in report["warnings"])


def test_plan_that_changes_nothing_and_holds_nothing(tmp_path: Path) -> None:
    plan = Plan().build(planned_values={"root_module": {}}, resource_changes=None)
    code, report = scan_document(tmp_path, plan)
    assert (code, report["resources"], report["errors"]) == (0, [], [])
    assert report["inputs"][0]["kind"] == "plan"


# -- states --------------------------------------------------------------------------------------------------


def test_state_as_terraform_shows_it(tmp_path: Path) -> None:
    state = shown_state(
        state_resource(FILES, tags=SENSITIVE, region="eu-west-3"),
        state_resource("data.aws_s3_bucket.read", tags=PUBLIC, region="eu-west-3"),
        {**state_resource("aws_s3_bucket.site", tags=SENSITIVE), "deposed_key": "ab12cd34"},
        state_resource("aws_s3_bucket.site", tags=PUBLIC, region="eu-west-3"),
        children=(
            {
                "address": 'module.a["x"]',
                "resources": [state_resource('module.a["x"].aws_s3_bucket.many[0]', tags=SENSITIVE)],
                "child_modules": [
                    {
                        "address": 'module.a["x"].module.b',
                        "resources": [
                            state_resource('module.a["x"].module.b.aws_s3_bucket.many["k"]', tags=SENSITIVE)
                        ],
                    }
                ],
            },
        ),
    )
    code, report = scan_document(tmp_path, state)
    found = by_address(report)
    assert code == 1
    assert report["inputs"][0]["kind"] == "state"
    assert {address: entry["verdict"] for address, entry in found.items() if entry["mode"] == "managed"} | {
        "aws_s3_bucket.site (deposed ab12cd34)": found["aws_s3_bucket.site (deposed ab12cd34)"]["verdict"]
    } == {
        FILES: found[FILES]["verdict"],
        "aws_s3_bucket.site": "pass",
        "aws_s3_bucket.site (deposed ab12cd34)": "not-judged",
        'module.a["x"].aws_s3_bucket.many[0]': found[FILES]["verdict"],
        'module.a["x"].module.b.aws_s3_bucket.many["k"]': found[FILES]["verdict"],
    }
    assert found[FILES]["verdict"] in ("fail", "unknown")
    assert report["summary"]["resources"] == 5
    assert all(entry["change"] in ("no-op", "delete") for entry in found.values())


def test_raw_state(tmp_path: Path) -> None:
    state = raw_state(
        raw_resource(
            "scaleway_rdb_instance",
            "db",
            {"attributes": {"tags": ["classification=sensitive"], "region": "fr-par"}},
            source="scaleway/scaleway",
        ),
        raw_resource(
            "hcloud_server",
            "many",
            {"index_key": 0, "attributes": {"labels": SENSITIVE, "location": "fsn1"}},
            {"index_key": "a.b", "attributes": {"labels": SENSITIVE, "location": "ash"}},
            {"index_key": 0, "deposed": "ab12cd34", "attributes": {"labels": SENSITIVE, "location": "ash"}},
            source="hetznercloud/hcloud",
            module='module.a["x"].module.b',
            alias="west",
        ),
        raw_resource(
            "azurerm_storage_account",
            "sa",
            {"attributes": {"tags": SENSITIVE, "location": "westeurope"}},
            source="hashicorp/azurerm",
        ),
    )
    code, report = scan_document(tmp_path, state, "terraform.tfstate")
    verdicts = {address: entry["verdict"] for address, entry in by_address(report).items()}
    assert code == 1
    assert verdicts == {
        "scaleway_rdb_instance.db": "pass",
        'module.a["x"].module.b.hcloud_server.many[0]': "pass",
        'module.a["x"].module.b.hcloud_server.many["a.b"]': "fail",
        'module.a["x"].module.b.hcloud_server.many[0] (deposed ab12cd34)': "not-judged",
        "azurerm_storage_account.sa": verdicts["azurerm_storage_account.sa"],
    }
    assert verdicts["azurerm_storage_account.sa"] in ("fail", "unknown")
    assert report["inputs"][0]["kind"] == "state"
    assert report["summary"]["resources"] == 5


@pytest.mark.parametrize(
    "provider",
    [
        'provider["registry.terraform.io/hashicorp/google"]',
        'provider["registry.terraform.io/hashicorp/google"].eu',
        'provider["registry.opentofu.org/hashicorp/google"]',
        'module.a.module.b.provider["registry.terraform.io/hashicorp/google"].eu',
        'module.a["x.y"].provider["registry.terraform.io/hashicorp/google"]',
        "provider.google",
        "provider.google.eu",
        "module.a.provider.google",
    ],
)
def test_how_a_state_names_a_provider(provider: str, tmp_path: Path) -> None:
    attributes = {"labels": {"dataclassification": "sensitive"}, "location": "EUROPE-WEST9"}
    resource = raw_resource("google_storage_bucket", "files", {"attributes": attributes})
    resource["provider"] = provider
    code, report = scan_document(tmp_path, raw_state(resource))
    entry = by_address(report)["google_storage_bucket.files"]
    assert code == 1
    assert entry["verdict"] in ("fail", "unknown")
    assert "operator" not in entry["unknown"] or "catalog" not in entry["unknown"]["operator"]


def test_empty_states(tmp_path: Path) -> None:
    for state in (
        raw_state(),
        {"version": 4, "serial": 0, "lineage": "x", "outputs": {}, "resources": []},
        {"format_version": "1.0"},
        {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {}}},
    ):
        code, report = scan_document(tmp_path, state)
        assert (code, report["resources"], report["errors"]) == (0, [], [])
        assert report["inputs"][0]["kind"] == "state"


def test_encrypted_state_of_opentofu_is_refused(tmp_path: Path) -> None:
    state = {
        "serial": 1,
        "lineage": "x",
        "meta": {"key_provider.pbkdf2.k": "e30="},
        "encrypted_data": "AAAA",
        "encryption_version": "v0",
    }
    (tmp_path / "terraform.tfstate").write_text(json.dumps(state))
    done = run("scan", "terraform.tfstate", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    (error,) = json.loads(done.stdout)["errors"]
    assert "encrypted" in error["message"]


# -- what is sensitive never comes out -----------------------------------------------------------------------

SECRET = "hunter2-hush-hush"


def everything_said(folder: Path, plan: JSON, address: str) -> str:
    (folder / "plan.json").write_text(json.dumps(plan))
    said = []
    for arguments in (
        ("scan", "plan.json", "--format", "text"),
        ("scan", "plan.json", "--format", "json"),
        ("explain", address, "plan.json"),
    ):
        done = run(*arguments, cwd=folder, env={"COLUMNS": "100000"})
        assert b"Traceback" not in done.stderr
        assert b"internal error" not in done.stderr, done.stderr.decode()
        assert done.stdout, arguments
        said.append((done.stdout + done.stderr).decode())
    return "\n".join(said)


def assert_kept(text: str, secret: str = SECRET) -> None:
    for form in (secret, secret.upper(), secret.replace("-", "")):
        assert form not in text


def test_the_secret_is_found_where_it_is_not_marked(tmp_path: Path) -> None:
    """Shows that the tests below could fail."""
    plan = sensitive_bucket(region="eu-west-3").build()
    plan["resource_changes"][0]["change"]["after"]["tags"] = {"DataClassification": SECRET}
    assert SECRET in everything_said(tmp_path, plan, FILES)


@pytest.mark.parametrize(
    ("tags", "mask"),
    [
        ({"DataClassification": SECRET}, {"tags": {"DataClassification": True}}),
        ({"DataClassification": SECRET}, {"tags": True}),
        ({"DataClassification": SECRET}, True),
        ([{"key": "DataClassification", "value": SECRET}], {"tags": [{"value": True}]}),
        ([f"DataClassification={SECRET}"], {"tags": [True]}),
        ([f"DataClassification={SECRET}"], {"tags": True}),
        (f"DataClassification={SECRET}", {"tags": True}),
    ],
)
def test_tags_marked_sensitive(tags: Any, mask: Any, tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build()
    change = plan["resource_changes"][0]["change"]
    change["after"] = {"tags": tags}
    change["after_sensitive"] = mask
    text = everything_said(tmp_path, plan, FILES)
    assert_kept(text)
    assert "SOV010" in text
    assert "(sensitive value)" in text


def test_tags_marked_sensitive_are_judged_all_the_same(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build()
    plan["resource_changes"][0]["change"]["after_sensitive"] = {"tags": True, "tags_all": True}
    code, report = scan_document(tmp_path, plan)
    assert code == 1
    assert by_address(report)[FILES]["verdict"] == "fail"
    assert by_address(report)[FILES]["level"] == "sensitive"


@pytest.mark.parametrize("change", [("update",), ("delete", "create"), ("no-op",), ("forget",), ("delete",)])
def test_tags_marked_sensitive_before_the_change(change: tuple[str, ...], tmp_path: Path) -> None:
    before = {"tags": {"DataClassification": SECRET}, "tags_all": {"DataClassification": SECRET}}
    plan = (
        Plan()
        .provider("aws", region="eu-west-3")
        .add(FILES, tags=PUBLIC, actions=change, before=before)
        .build()
    )
    plan["resource_changes"][0]["change"]["before_sensitive"] = {"tags": True, "tags_all": True}
    assert_kept(everything_said(tmp_path, plan, FILES))


def test_region_marked_sensitive(tmp_path: Path) -> None:
    plan = Plan().provider("hcloud", "hetznercloud/hcloud")
    plan.add("hcloud_server.app", labels=SENSITIVE, location=SECRET, hidden={"location": True})
    assert_kept(everything_said(tmp_path, plan.build(), "hcloud_server.app"))


def test_region_marked_sensitive_that_is_known(tmp_path: Path) -> None:
    """Judged, not printed: neither the code nor, through the reason, its name."""
    plan = Plan().provider("hcloud", "hetznercloud/hcloud")
    plan.add(
        "hcloud_server.app",
        labels=SENSITIVE,
        location="ash",
        hidden={"location": True},
        written={"location": None},
    )
    code, report = scan_document(tmp_path, plan.build())
    assert code == 1
    assert by_address(report)["hcloud_server.app"]["verdict"] == "fail"
    assert '"ash"' not in json.dumps(report)


def test_cloud_below_marked_sensitive(tmp_path: Path) -> None:
    plan = Plan().provider("aiven", "aiven/aiven")
    plan.add(
        "aiven_pg.db",
        tag=[{"key": "classification", "value": "sensitive"}],
        cloud_name=SECRET,
        hidden={"cloud_name": True},
    )
    assert_kept(everything_said(tmp_path, plan.build(), "aiven_pg.db"))


@pytest.mark.parametrize("setting", ["region", "endpoints", "default_tags"])
def test_sensitive_variables(setting: str, tmp_path: Path) -> None:
    value: Any = Refers("var.secret")
    if setting == "endpoints":
        value = {"s3": Refers("var.secret")}
    if setting == "default_tags":
        value = {"tags": Refers("var.secret")}
    plan = sensitive_bucket(**{"region": "eu-west-3", setting: value})
    for content in (SECRET, f"https://{SECRET}.example", {"DataClassification": SECRET}):
        plan.variable("secret", content, sensitive=True)
        assert_kept(everything_said(tmp_path, plan.build(), FILES))


def test_sensitive_variables_handed_down_into_modules(tmp_path: Path) -> None:
    """The module's variable need not be marked: what it is given is."""
    for marked_above in (True, False):
        plan = Plan().variable("secret", SECRET if marked_above else "x", sensitive=marked_above)
        child = plan.call("child", place=Refers("var.secret"))
        child["variables"]["place"] = {"sensitive": True, "default": SECRET}
        plan.provider("hcloud", "hetznercloud/hcloud", module="module.child", region=Refers("var.place"))
        plan.provider("aws", module="module.child", region=Refers("var.place"))
        plan.add("module.child.aws_s3_bucket.files", tags=SENSITIVE)
        plan.module("module.child")["resources"][0]["provider_config_key"] = "module.child:aws"
        assert_kept(everything_said(tmp_path, plan.build(), "module.child.aws_s3_bucket.files"))


def test_value_given_to_a_module_variable_that_is_marked_sensitive(tmp_path: Path) -> None:
    """The root's variable is plain, the module's is not: Terraform hides the value inside the module."""
    plan = Plan().variable("place", SECRET)
    plan.call("child", place=Refers("var.place"))["variables"]["place"] = {"sensitive": True}
    plan.provider("aws", module="module.child", region=Refers("var.place"))
    plan.add("module.child.aws_s3_bucket.files", tags=SENSITIVE)
    plan.module("module.child")["resources"][0]["provider_config_key"] = "module.child:aws"
    assert_kept(everything_said(tmp_path, plan.build(), "module.child.aws_s3_bucket.files"))


@pytest.mark.parametrize(
    "url",
    [
        f"https://admin:{SECRET}@s3.fr-par.scw.cloud",
        f"https://admin:{SECRET}@storage.intern.example/path",
        f"https://{SECRET}@storage.intern.example",
        f"https://storage.intern.example/?token={SECRET}",
        f"https://storage.intern.example/{SECRET}",
        f"https://storage.intern.example#{SECRET}",
        f"https://admin:{SECRET}@s3.fr-par.scw.cloud@evil.example",
        f"https://admin:{SECRET}@bad host",
        f"https://admin:{SECRET}@[::1]",
        f"admin:{SECRET}@storage.intern.example",
        f"https://storage.intern.example:{SECRET}",
        f"https://admin:{SECRET}\\@storage.intern.example",
    ],
)
def test_passwords_in_endpoints(url: str, tmp_path: Path) -> None:
    assert_kept(everything_said(tmp_path, at_endpoint(url).build(), FILES))


def test_passwords_in_an_endpoint_that_a_variable_holds(tmp_path: Path) -> None:
    plan = at_endpoint(Refers("var.s3")).variable("s3", f"https://admin:{SECRET}@s3.fr-par.scw.cloud")
    assert_kept(everything_said(tmp_path, plan.build(), FILES))


def test_passwords_in_an_auth_url_and_in_other_settings(tmp_path: Path) -> None:
    plan = Plan().provider(
        "openstack",
        auth_url=f"https://admin:{SECRET}@keystone.intern.example/v3",
        password=SECRET,
        region="x",
    )
    address = "openstack_objectstorage_container_v1.x"
    plan.add(address, metadata=SENSITIVE)
    assert_kept(everything_said(tmp_path, plan.build(), address))


def test_a_name_that_no_setting_takes_is_not_repeated_where_it_may_be_a_password(tmp_path: Path) -> None:
    """`endpoint` of ovh mixed up with `application_secret`, in a variable that is marked sensitive."""
    plan = Plan().provider("ovh", endpoint=Refers("var.secret")).variable("secret", SECRET, sensitive=True)
    plan.add("ovh_cloud_project_database.db", description="x")
    assert_kept(everything_said(tmp_path, plan.build(), "ovh_cloud_project_database.db"))


def test_states_with_sensitive_attributes(tmp_path: Path) -> None:
    marked = {
        "attributes": {"tags": {"DataClassification": SECRET}},
        "sensitive_attributes": [[{"type": "get_attr", "value": "tags"}]],
    }
    raw = raw_state(raw_resource("aws_s3_bucket", "files", marked))
    nested = copy.deepcopy(raw)
    nested["resources"][0]["instances"][0]["sensitive_attributes"] = [
        [
            {"type": "get_attr", "value": "tags"},
            {"type": "index", "value": {"value": "DataClassification", "type": "string"}},
        ]
    ]
    shown = shown_state(
        {**state_resource(FILES, tags={"DataClassification": SECRET}), "sensitive_values": {"tags": True}}
    )
    for state in (raw, nested, shown):
        text = everything_said(tmp_path, state, FILES)
        assert_kept(text)
        assert "SOV010" in text


def test_attributes_that_nobody_asks_for_are_not_printed(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3", secret_key=SECRET)
    plan.add("aws_db_instance.db", tags=SENSITIVE, password=SECRET, user_data=SECRET, name=SECRET)
    assert_kept(everything_said(tmp_path, plan.build(outputs={"x": SECRET}), "aws_db_instance.db"))
