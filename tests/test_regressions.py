"""Silent passes and false alarms that reviewers found, each kept as the smallest plan that showed it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.builders import SENSITIVE, Plan, Refers, by_address, operators, raw_resource, raw_state
from tests.command import run, run_json


def scan(plan: Plan, folder: Path, *arguments: str) -> dict[str, dict]:
    plan.write(folder / "plan.json")
    _code, report = run_json("scan", "plan.json", "--as-of", "2026-11-24", *arguments, cwd=folder)
    return by_address(report)


def test_a_service_without_regions_of_its_own_is_still_placed(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "levels: [{address: 'snowflake_*', level: sensitive, reason: it holds the patients' records}]\n"
    )
    plan = (
        Plan()
        .provider("snowflake", "snowflakedb/snowflake", account_name="x")
        .add("snowflake_database.d", name="d")
    )
    entry = scan(plan, tmp_path, "--config", "config.yaml")["snowflake_database.d"]
    assert operators(entry) == ["snowflake"]
    assert entry["verdict"] == "fail"


def test_an_empty_provider_block_of_a_module_does_not_inherit_an_endpoint(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="fr-par", endpoints={"s3": "https://s3.fr-par.scw.cloud"})
    plan.call("m")
    plan.provider("aws", module="module.m")
    plan.add("module.m.aws_s3_bucket.b", tags=SENSITIVE, tags_all=SENSITIVE)
    # Since Terraform 1.1 the key names the configuration that is used in the end: the module's own.
    plan.module("module.m")["resources"][0]["provider_config_key"] = "module.m:aws"
    entry = scan(plan, tmp_path)["module.m.aws_s3_bucket.b"]
    assert "scaleway" not in operators(entry)
    assert entry["verdict"] == "fail"


def test_a_module_that_calls_the_provider_by_another_name_may_inherit(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="fr-par", endpoints={"s3": "https://s3.fr-par.scw.cloud"})
    plan.call("m")
    plan.provider("amazon", "hashicorp/aws", module="module.m")
    plan.add("module.m.aws_s3_bucket.b", provider="amazon", tags=SENSITIVE, tags_all=SENSITIVE)
    plan.module("module.m")["resources"][0]["provider_config_key"] = "module.m:amazon"
    assert scan(plan, tmp_path)["module.m.aws_s3_bucket.b"]["verdict"] == "unknown"


def test_what_lies_in_another_has_its_candidates_too(tmp_path: Path) -> None:
    plan = Plan().variable("region", "eu-west-2").provider("outscale", region=Refers("var.region"))
    plan.add("outscale_volume.v", tags=[{"key": "classification", "value": "sensible"}], size=1)
    plan.add(
        "outscale_snapshot.s",
        unknown={"volume_id": True},
        written={"volume_id": Refers("outscale_volume.v.volume_id", "outscale_volume.v")},
        tags=[{"key": "classification", "value": "sensible"}],
    )
    assert {entry["verdict"] for entry in scan(plan, tmp_path).values()} == {"unknown"}


def test_blocks_that_the_provider_computes_hold_no_labels_of_the_author(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    public = {"DataClassification": "public"}
    unknown = {"ebs_block_device": True, "root_block_device": True, "arn": True}
    plan.add("aws_instance.web", tags=public, tags_all=public, ami="ami-1", unknown=unknown)
    entry = scan(plan, tmp_path)["aws_instance.web"]
    assert (entry["level"], entry["verdict"]) == ("public", "pass")


def test_label_blocks_that_the_configuration_does_not_show_may_say_anything(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_autoscaling_group.a", unknown={"tag": True}, written={"max_size": 1}, max_size=1)
    entry = scan(plan, tmp_path)["aws_autoscaling_group.a"]
    assert entry["level"] is None
    assert entry["verdict"] == "unknown"


def test_keys_in_a_namespace_are_heard(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    for number, key in enumerate(
        ("gouv.fr/classification", "acme:pii", "acme/data-class", "example.com/sensitivity")
    ):
        tags = {key: "true" if key.endswith("pii") else "confidential"}
        plan.add(f"aws_s3_bucket.b{number}", tags=tags, tags_all=tags)
    assert {entry["verdict"] for entry in scan(plan, tmp_path).values()} == {"fail"}


def test_a_cloud_below_that_is_not_recognised_beside_one_that_is(tmp_path: Path) -> None:
    regions = [
        {"provider_name": "AWS", "region_name": "EU_WEST_3"},
        {"provider_name": "NEWCLOUD", "region_name": "BORA_BORA"},
    ]
    plan = Plan().provider("mongodbatlas", "mongodb/mongodbatlas")
    plan.add(
        "mongodbatlas_advanced_cluster.c",
        replication_specs=[{"region_configs": regions}],
        tags=[{"key": "classification", "value": "confidential"}],
    )
    entry = scan(plan, tmp_path, "--policy", "eu-location")["mongodbatlas_advanced_cluster.c"]
    assert entry["verdict"] == "unknown"


def test_copies_in_other_regions_count(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(
        "aws_dynamodb_table.t",
        tags=SENSITIVE,
        tags_all=SENSITIVE,
        region="eu-west-3",
        replica=[{"region_name": "us-west-2"}],
    )
    entry = scan(plan, tmp_path, "--policy", "eu-location")["aws_dynamodb_table.t"]
    assert (entry["countries"], entry["verdict"]) == (["FR", "US"], "fail")


def test_a_reference_does_not_overrule_the_name_that_is_known(tmp_path: Path) -> None:
    plan = Plan().provider("google", region="europe-west9")
    labels = {"classification": "confidential"}
    plan.add(
        "google_storage_bucket.eu", name="eu-bucket", location="EU", labels=labels, effective_labels=labels
    )
    plan.add(
        "google_storage_bucket_object.o",
        bucket="another-bucket",
        written={"bucket": Refers("var.dr", "google_storage_bucket.eu.name", "google_storage_bucket.eu")},
    )
    entry = scan(plan, tmp_path)["google_storage_bucket_object.o"]
    assert not any("google_storage_bucket.eu" in step["what"] for step in entry["level_evidence"])


def test_a_secret_is_no_address(tmp_path: Path) -> None:
    plan = Plan().provider(
        "kubernetes", host=Refers("scaleway_secret_version.v.data", "scaleway_secret_version.v")
    )
    plan.provider("scaleway").add("scaleway_secret_version.v", data="x")
    plan.add("kubernetes_secret.s", metadata=[{"labels": {"classification": "confidential"}}])
    entry = scan(plan, tmp_path)["kubernetes_secret.s"]
    assert (operators(entry), entry["verdict"]) == ([], "unknown")


def test_an_endpoint_that_is_named_wins_over_a_region(tmp_path: Path) -> None:
    plan = Plan().provider("ovh", endpoint="ovh-us")
    plan.add("ovh_cloud_project_storage.b", region_name="GRA", tags={"classification": "confidential"})
    entry = scan(plan, tmp_path)["ovh_cloud_project_storage.b"]
    assert (operators(entry), entry["verdict"]) == (["ovh-us"], "fail")


def test_values_marked_sensitive_are_judged_and_not_printed(tmp_path: Path) -> None:
    plan = Plan().provider("google", region="europe-west9")
    labels = {"classification": "confidential"}
    plan.add(
        "google_storage_bucket.b",
        location="us-east1",
        labels=labels,
        effective_labels=labels,
        hidden={"location": True},
    )
    entry = scan(plan, tmp_path)["google_storage_bucket.b"]
    assert (entry["region"], entry["countries"]) == (None, ["US"])
    assert "us-east1" not in str(entry)


def test_a_label_that_nobody_could_read_may_have_been_higher(tmp_path: Path) -> None:
    stood = {"tags": {"DataClassification": "TBD"}, "tags_all": {"DataClassification": "TBD"}}
    public = {"DataClassification": "public"}
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.b", actions=("update",), before=stood, tags=public, tags_all=public)
    assert scan(plan, tmp_path)["aws_s3_bucket.b"]["verdict"] == "unknown"


def test_a_container_lies_in_its_account_by_either_attribute(tmp_path: Path) -> None:
    plan = Plan().provider("azurerm", "hashicorp/azurerm")
    plan.add("azurerm_storage_account.a", name="store", location="westeurope", tags=SENSITIVE)
    plan.add("azurerm_storage_container.by_name", name="c", storage_account_name="store")
    plan.add(
        "azurerm_storage_container.by_id",
        name="d",
        unknown={"storage_account_id": True},
        written={"storage_account_id": Refers("azurerm_storage_account.a.id", "azurerm_storage_account.a")},
    )
    assert {entry["verdict"] for entry in scan(plan, tmp_path).values()} == {"fail"}


def test_a_reference_that_names_its_instance_means_that_one(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    for key, level in (("pub", "public"), ("conf", "confidential")):
        tags = {"DataClassification": level}
        plan.add(f'aws_s3_bucket.b["{key}"]', tags=tags, tags_all=tags, unknown={"id": True})
        references = (f'aws_s3_bucket.b["{key}"].id', f'aws_s3_bucket.b["{key}"]', "aws_s3_bucket.b")
        plan.add(f"aws_s3_object.{key}", unknown={"bucket": True}, written={"bucket": Refers(*references)})
    found = scan(plan, tmp_path)
    assert (found["aws_s3_object.pub"]["verdict"], found["aws_s3_object.conf"]["verdict"]) == ("pass", "fail")


def test_an_operator_all_of_whose_regions_are_in_one_country(tmp_path: Path) -> None:
    plan = Plan().provider("cloudtemple", "cloud-temple/cloudtemple")
    plan.add("cloudtemple_compute_virtual_machine.vm", name="x", tags={"classification": "confidential"})
    entry = scan(plan, tmp_path)["cloudtemple_compute_virtual_machine.vm"]
    assert (entry["country"], entry["verdict"]) == ("FR", "pass")


def test_what_a_replacement_forgets_stays_where_it_was(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    stood = {"region": "us-east-1", "tags": SENSITIVE, "tags_all": SENSITIVE}
    plan.add(
        "aws_s3_bucket.b",
        actions=("forget", "create"),
        before=stood,
        region="eu-west-3",
        tags=SENSITIVE,
        tags_all=SENSITIVE,
    )
    entry = scan(plan, tmp_path, "--policy", "eu-location")["aws_s3_bucket.b"]
    assert (entry["change"], entry["verdict"]) == ("replace", "fail")


def test_a_forgotten_deposed_object_stays_too(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    stood = {"region": "eu-west-3", "tags": SENSITIVE, "tags_all": SENSITIVE}
    plan.add("aws_s3_bucket.b", actions=("forget",), before=stood, deposed="0123abcd")
    assert [entry["verdict"] for entry in scan(plan, tmp_path).values()] == ["fail"]


def test_a_rule_that_does_not_exist_cannot_be_switched(tmp_path: Path) -> None:
    sensitive = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.b", tags=SENSITIVE)
    sensitive.write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nextends: three-circles\nrules: {SOV999: on}\n"
    )
    done = run("scan", "plan.json", "--policy", "policy.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert b"policy.yaml:4" in done.stderr
    assert b"no rule SOV999" in done.stderr


def test_regions_of_both_shapes_of_an_atlas_cluster(tmp_path: Path) -> None:
    plan = Plan().provider("mongodbatlas", "mongodb/mongodbatlas")
    plan.add("mongodbatlas_cluster.c", provider_name="AWS", provider_region_name="EU_WEST_3")
    entry = scan(plan, tmp_path)["mongodbatlas_cluster.c"]
    assert (operators(entry), entry["country"]) == (["mongodb", "aws"], "FR")


def test_all_faults_of_a_policy_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.b").write(tmp_path / "plan.json")
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nextends: nope\nunlabelled: top\nlevls: {}\nlevels:\n"
        "  sensitiv: {territory: {allow: [nowhere]}}\non_unknown: maybe\nrules: {SOV001: off}\n"
    )
    done = run("scan", "plan.json", "--policy", "policy.yaml", cwd=tmp_path)
    lines = [
        line.split(":")[1] for line in done.stderr.decode().splitlines() if line.startswith(("policy", "sov"))
    ]
    assert done.returncode == 2
    told = done.stderr.decode()
    for number, word in (
        (3, "nope"),
        (4, "top"),
        (5, "levls"),
        (7, "sensitiv"),
        (7, "nowhere"),
        (8, "maybe"),
    ):
        assert any(f"policy.yaml:{number}:" in line and word in line for line in told.splitlines())
    assert "policy.yaml:9:" in told
    assert len(lines) == 7


def test_a_level_stated_for_addresses_that_do_not_exist_is_told(tmp_path: Path) -> None:
    Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.b").write(tmp_path / "plan.json")
    (tmp_path / ".sovereign-guard.yaml").write_text(
        "levels:\n  - {address: 'aws_s3_bucket.*', level: public, reason: yes indeed}\n"
        "  - {address: 'aws_s3_bukket.*', level: sensitive, reason: a slip}\n"
    )
    _code, report = run_json("scan", "plan.json", cwd=tmp_path)
    assert len(report["warnings"]) == 1
    assert ".sovereign-guard.yaml:3" in report["warnings"][0]


def test_evidence_of_a_region_says_nothing_of_its_copies(tmp_path: Path) -> None:
    plan = Plan().variable("region", "eu-west-3").provider("aws", region=Refers("var.region"))
    plan.add(
        "aws_dynamodb_table.t", tags=SENSITIVE, tags_all=SENSITIVE, replica=[{"region_name": "us-west-2"}]
    )
    assert scan(plan, tmp_path, "--policy", "eu-location")["aws_dynamodb_table.t"]["verdict"] == "unknown"


def test_what_a_state_does_not_show_is_not_unlabelled(tmp_path: Path) -> None:
    for instance in ({}, {"attributes": None}, {"attributes_flat": {"tags.DataClassification": "secret"}}):
        state = raw_state(raw_resource("aws_redshift_cluster", "files", instance))
        (tmp_path / "state.json").write_text(json.dumps(state))
        _code, report = run_json("scan", "state.json", cwd=tmp_path)
        (entry,) = report["resources"]
        assert (entry["level"], entry["verdict"]) == (None, "unknown")


def test_what_is_forgotten_without_saying_what_it_was(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.b", actions=("forget",), before=None).write(tmp_path / "plan.json")
    code, report = run_json("scan", "plan.json", cwd=tmp_path)
    (entry,) = report["resources"]
    assert (code, entry["level"], entry["verdict"]) == (3, None, "unknown")
    assert "`before`" in report["errors"][0]["message"]
