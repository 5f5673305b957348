"""Attempts to pass unseen: each must fail, stay unknown, or be told, and none may pass in silence."""

from __future__ import annotations

import json
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
    configure,
    operators,
    own_cloud,
    sensitive_bucket,
)
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"
PARIS = "https://s3.fr-par.scw.cloud"


def scan(folder: Path, plan: Plan, *arguments: str) -> tuple[int, JSON]:
    plan.write(folder / "plan.json")
    return run_json("scan", "plan.json", "--as-of", DAY, *arguments, cwd=folder)


def judge(folder: Path, plan: Plan, *arguments: str, address: str = FILES) -> JSON:
    """Return what is said of one resource; a resource that is not clean must fail the run."""
    code, report = scan(folder, plan, *arguments)
    assert report["errors"] == []
    entry = by_address(report)[address]
    assert (code == 1) == bool(report["findings"])
    assert code == 1 or entry["verdict"] in ("pass", "not-judged")
    return entry


def rules_of(report: JSON, address: str = FILES) -> list[str]:
    return [finding["rule"] for finding in report["findings"] if finding["address"] == address]


def labelled(tags: Any, **more: Any) -> Plan:
    return Plan().provider("aws", region="eu-west-3").add(FILES, tags=tags, tags_all=tags, **more)


def test_the_yardsticks(tmp_path: Path) -> None:
    """What the attempts are measured against: a sensitive bucket fails at AWS and passes at Scaleway."""
    assert judge(tmp_path, labelled(SENSITIVE))["verdict"] == "fail"
    assert judge(tmp_path, labelled(PUBLIC))["verdict"] == "pass"
    entry = judge(tmp_path, at_endpoint(PARIS))
    assert (entry["verdict"], operators(entry)) == ("pass", ["scaleway"])


# -- labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [PUBLIC, {}, None, {"Owner": "x"}, {"DataClassification": "none"}])
@pytest.mark.parametrize("actions", [("update",), ("delete", "create"), ("create", "delete")])
def test_lowered_label(actions: tuple[str, ...], after: Any, tmp_path: Path) -> None:
    before = {"tags": SENSITIVE, "tags_all": SENSITIVE}
    code, report = scan(tmp_path, labelled(after, actions=actions, before=before))
    assert "SOV013" in rules_of(report)
    assert code == 1


@pytest.mark.parametrize("after", [{"DataClassification": "TBD"}, {"DataClassification": ""}])
def test_label_replaced_by_one_that_says_nothing(after: JSON, tmp_path: Path) -> None:
    before = {"tags": SENSITIVE, "tags_all": SENSITIVE}
    code, report = scan(tmp_path, labelled(after, actions=("update",), before=before))
    assert {"SOV010", "SOV013"} <= set(rules_of(report))
    assert by_address(report)[FILES]["verdict"] != "pass"
    assert code == 1


def test_default_label_lowered(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3", default_tags={"tags": PUBLIC})
    plan.add(FILES, tags=None, tags_all=PUBLIC, actions=("update",), before={"tags_all": SENSITIVE})
    code, report = scan(tmp_path, plan)
    assert rules_of(report) == ["SOV013"]
    assert code == 1


def test_label_lowered_where_all_is_allowed_is_still_told(tmp_path: Path) -> None:
    """Lowering at a European operator is what makes the later move to another one invisible."""
    plan = Plan().add(
        "scaleway_rdb_instance.db",
        tags=["classification=public"],
        region="fr-par",
        actions=("update",),
        before={"tags": ["classification=sensitive"], "region": "fr-par"},
    )
    _, report = scan(tmp_path, plan)
    assert rules_of(report, "scaleway_rdb_instance.db") == ["SOV013"]


@pytest.mark.parametrize("on_unknown", ["fail", "warn"])
def test_label_known_only_after_apply(on_unknown: str, tmp_path: Path) -> None:
    for unknown in (
        {"tags": True, "tags_all": True},
        {"tags": {"DataClassification": True}, "tags_all": True},
    ):
        tags = None if unknown["tags"] is True else {}
        plan = labelled(tags, unknown=unknown, written={"tags": Refers("random_pet.x.id", "random_pet.x")})
        code, report = scan(tmp_path, plan, "--on-unknown", on_unknown)
        assert by_address(report)[FILES]["verdict"] == "unknown"
        assert by_address(report)[FILES]["unknown"]["level"].startswith("known after apply")
        assert code == (1 if on_unknown == "fail" else 0)


SPACES = {
    "space": " ",
    "two spaces": "  ",
    "tab": "\t",
    "newline": "\n",
    "no-break space": "\u00a0",
    "narrow no-break space": "\u202f",
    "thin space": "\u2009",
    "ideographic space": "\u3000",
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "left-to-right mark": "\u200e",
    "right-to-left override": "\u202e",
    "variation selector": "\ufe0f",
    "nul": "\x00",
    "combining grapheme joiner": "\u034f",
    "Hangul filler": "\u3164",
    "line separator": "\u2028",
    "figure dash": "\u2012",
    "non-breaking hyphen": "\u2011",
    "middle dot": "\u00b7",
}
"""Characters that are hardly seen, or read as a separator."""


@pytest.mark.parametrize("name", SPACES)
def test_label_value_with_a_character_that_is_hardly_seen(name: str, tmp_path: Path) -> None:
    char = SPACES[name]
    plan = Plan().provider("aws", region="eu-west-3")
    values = {"before": f"{char}sensitive", "after": f"sensitive{char}", "within": f"sensi{char}tive"}
    for place, value in values.items():
        plan.add(f"aws_s3_bucket.{place}", tags={"DataClassification": value})
    _, report = scan(tmp_path, plan)
    for place in values:
        entry = by_address(report)[f"aws_s3_bucket.{place}"]
        assert entry["verdict"] in ("fail", "unknown"), place
        if place != "within" and char.isspace():
            assert entry["level"] == "sensitive", place


@pytest.mark.parametrize("name", SPACES)
def test_label_key_with_a_character_that_is_hardly_seen(name: str, tmp_path: Path) -> None:
    char = SPACES[name]
    plan = Plan().provider("aws", region="eu-west-3")
    keys = {
        "before": f"{char}DataClassification",
        "after": f"DataClassification{char}",
        "between": f"Data{char}Classification",
        "within": f"Data{char}classification",
    }
    for place, key in keys.items():
        plan.add(f"aws_s3_bucket.{place}", tags={key: "sensitive"})
    _, report = scan(tmp_path, plan)
    for place in keys:
        assert by_address(report)[f"aws_s3_bucket.{place}"]["verdict"] == "fail", place


SPELLINGS = [
    ("dataclassification", "Sensitive"),
    ("DATACLASSIFICATION", "SENSITIVE"),
    ("Data Classification", "sEnSiTiVe"),
    ("data_classification", "sensitive"),
    ("data-classification", "sensitive"),
    ("data.classification", "sensitive"),
    ("acme:data-classification", "sensitive"),
    ("dàta-clâssificatiön", "sénsitive"),
    ("Da\u0308taClassification", "se\u0301nsitive"),
    ("\uff24\uff41\uff54\uff41Classification", "\uff53\uff45\uff4e\uff53\uff49\uff54\uff49\uff56\uff45"),
    ("\U0001d403ata-classification", "\U0001d42censitive"),
    ("DataClassi\ufb01cation", "sensitive"),
    ("Sensibilité", "Données sensibles"),
    ("Sensibilite\u0301", "DONNE\u0301ES  SENSIBLES"),
    ("confidentialité", "Confidentiel\u00a0"),
    ("Vertraulichkeit", "streng vertraulich"),
    ("Vertraulichkeit", "VERTRAULICH"),
    ("Schutzbedarf", "sehr hoch"),
]


@pytest.mark.parametrize(("key", "value"), SPELLINGS)
def test_label_in_another_spelling(key: str, value: str, tmp_path: Path) -> None:
    entry = judge(tmp_path, labelled({key: value}))
    assert entry["verdict"] == "fail"
    assert entry["level"] in ("sensitive", "strategic")


@pytest.mark.parametrize(
    "value",
    [
        "\u0455ensitive",
        "sens\u0456tive",
        "sensit1ve",
        "s3nsitive",
        "sensitiv",
        "not-public",
        "public?",
        "TBD",
        "",
        " ",
        "0",
        "true",
        "null",
        "public-ish",
        "non public",
        "${var.level}",
        "public, sensitive",
        "public/sensitive",
        "public\u0000sensitive",
    ],
)
def test_label_value_outside_the_vocabulary_is_never_not_sensitive(value: str, tmp_path: Path) -> None:
    code, report = scan(tmp_path, labelled({"DataClassification": value}))
    entry = by_address(report)[FILES]
    assert entry["verdict"] in ("fail", "unknown")
    assert "SOV010" in rules_of(report) or entry["level"] in ("sensitive", "strategic")
    assert code == 1


def test_two_labels_that_contradict_each_other_the_higher_counts(tmp_path: Path) -> None:
    for tags in (
        {"DataClassification": "public", "Sensitivity": "sensitive"},
        {"Sensitivity": "sensitive", "DataClassification": "public"},
        {"DataClassification": "public", "dataclassification": "sensitive"},
        {"DataClassification": "public", "contains-pii": "true"},
    ):
        assert judge(tmp_path, labelled(tags))["verdict"] == "fail"


def with_default(own: Any, default: JSON, tags_all: Any, unknown: JSON | None = None) -> Plan:
    plan = Plan().provider("aws", region="eu-west-3", default_tags={"tags": default})
    return plan.add(FILES, tags=own, tags_all=tags_all, unknown=unknown, written={"tags": own or {}})


@pytest.mark.parametrize("known", [True, False])
def test_own_tag_of_the_same_key_replaces_the_default(known: bool, tmp_path: Path) -> None:
    """The provider computes it so: this bucket does carry the label `public`."""
    plan = with_default(PUBLIC, SENSITIVE, PUBLIC if known else None, None if known else {"tags_all": True})
    entry = judge(tmp_path, plan)
    assert (entry["level"], entry["verdict"]) == ("public", "pass")


@pytest.mark.parametrize(
    "key", ["dataclassification", "DATACLASSIFICATION", "data-classification", "Data Classification"]
)
@pytest.mark.parametrize("known", [True, False])
def test_own_tag_of_another_spelling_does_not_replace_the_default(
    known: bool, key: str, tmp_path: Path
) -> None:
    merged = {**SENSITIVE, key: "public"}
    own = {key: "public"}
    plan = with_default(own, SENSITIVE, merged if known else None, None if known else {"tags_all": True})
    entry = judge(tmp_path, plan)
    assert (entry["level"], entry["verdict"]) == ("sensitive", "fail")


def test_default_tags_of_another_configuration_do_not_count(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3", default_tags={"tags": SENSITIVE})
    plan.provider("aws.open", region="eu-west-3", default_tags={"tags": PUBLIC})
    for name, key in (("files", "aws"), ("site", "aws.open")):
        plan.add(
            f"aws_s3_bucket.{name}",
            provider=key,
            tags=None,
            tags_all=None,
            unknown={"tags_all": True},
            written={},
        )
    _, report = scan(tmp_path, plan)
    assert by_address(report)[FILES]["verdict"] == "fail"
    assert by_address(report)["aws_s3_bucket.site"]["verdict"] == "pass"


@pytest.mark.parametrize("value", [None, ""])
def test_default_label_blanked_by_an_empty_own_tag(value: Any, tmp_path: Path) -> None:
    plan = with_default({"DataClassification": value}, SENSITIVE, None, {"tags_all": True})
    assert judge(tmp_path, plan)["verdict"] in ("fail", "unknown")


def test_default_tags_that_are_not_shown(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3", default_tags={"tags": Refers("local.tags")})
    plan.add(FILES, tags=None, tags_all=None, unknown={"tags_all": True}, written={})
    entry = judge(tmp_path, plan)
    assert entry["verdict"] == "unknown"
    assert "level" in entry["unknown"]


def test_instances_of_one_block_with_different_labels(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    expected = {}
    for key, tags, verdict in (
        (0, PUBLIC, "pass"),
        (1, SENSITIVE, "fail"),
        ("b", {"DataClassification": "odd"}, "unknown"),
        ('a"]["c', SENSITIVE, "fail"),
        ("public", SENSITIVE, "fail"),
    ):
        address = f"aws_s3_bucket.many[{json.dumps(key)}]"
        plan.add("aws_s3_bucket.many", tags=tags, tags_all=tags, written={"tags": Refers("each.value")})
        plan.changes[-1].update(address=address, index=key)
        expected[address] = verdict
    _, report = scan(tmp_path, plan)
    assert {address: entry["verdict"] for address, entry in by_address(report).items()} == expected


def test_sensitive_data_that_no_change_touches_is_judged(tmp_path: Path) -> None:
    stood = {"tags": SENSITIVE, "tags_all": SENSITIVE}
    entry = judge(tmp_path, labelled(SENSITIVE, actions=("no-op",), before=stood))
    assert entry["verdict"] == "fail"
    plan = (
        Plan().provider("aws", region="eu-west-3").add(FILES, actions=("forget",), before=stood, shown=False)
    )
    entry = judge(tmp_path, plan)
    assert (entry["change"], entry["verdict"]) == ("forget", "fail")


def test_only_introduced_findings_count_when_asked_but_all_are_shown(tmp_path: Path) -> None:
    stood = {"tags": SENSITIVE, "tags_all": SENSITIVE}
    code, report = scan(
        tmp_path, labelled(SENSITIVE, actions=("no-op",), before=stood), "--fail-on", "introduced"
    )
    assert code == 0
    assert by_address(report)[FILES]["verdict"] == "fail"
    assert [finding["introduced"] for finding in report["findings"]] == [False]


def test_a_move_to_aws_dressed_as_an_update_is_introduced(tmp_path: Path) -> None:
    """The label stood before, the region stood before; what changed is the provider block."""
    plan = Plan().add(
        "outscale_vm.app",
        tags=[{"key": "classification", "value": "sensitive"}],
        placement_subregion_name="us-east-2a",
        actions=("delete", "create"),
        before={
            "tags": [{"key": "classification", "value": "sensitive"}],
            "placement_subregion_name": "eu-west-2a",
        },
    )
    plan.provider("outscale", region="us-east-2")
    code, report = scan(tmp_path, plan, "--fail-on", "introduced")
    assert by_address(report)["outscale_vm.app"]["verdict"] == "fail"
    assert code == 1


# -- the repository's own configuration ----------------------------------------------------------------------

AMAZON = "s3.eu-west-3.amazonaws.com"
DECLARATIONS: dict[str, JSON] = {
    "by provider": {"providers": ["hashicorp/aws"]},
    "by full address": {"providers": ["registry.terraform.io/hashicorp/aws"]},
    "by the other registry": {"providers": ["registry.opentofu.org/hashicorp/aws"]},
    "by the other registry's namespace": {"providers": ["opentofu/aws"]},
    "by an old namespace": {"providers": ["terraform-providers/aws"]},
    "by the oldest namespace": {"providers": ["-/aws"]},
    "by host": {"endpoints": ["amazonaws.com"]},
    "by the very host": {"endpoints": [AMAZON]},
    "by a bucket's host": {"endpoints": [f"files.{AMAZON}"]},
    "by wildcard below": {"endpoints": ["*.amazonaws.com"]},
    "by wildcard of a region": {"endpoints": ["*.eu-west-3.amazonaws.com"]},
    "by wildcard of a top-level domain": {"endpoints": ["*.com"]},
    "all at once": {"endpoints": ["*.com", "amazonaws.com"], "providers": ["hashicorp/aws"]},
}


@pytest.mark.parametrize("kind", DECLARATIONS)
@pytest.mark.parametrize("endpoint", [None, f"https://{AMAZON}", f"https://files.{AMAZON}"])
def test_repository_declares_aws_internal(endpoint: str | None, kind: str, tmp_path: Path) -> None:
    configure(tmp_path / ".sovereign-guard.yaml", operators=[own_cloud(**DECLARATIONS[kind])])
    plan = at_endpoint(endpoint, "eu-west-3") if endpoint else labelled(SENSITIVE)
    code, report = scan(tmp_path, plan)
    found = by_address(report)[FILES]
    assert (code, found["verdict"], operators(found)) == (1, "fail", ["aws"])
    assert report["refused_declarations"], "a statement that is not accepted must be shown"
    assert all(".sovereign-guard.yaml:" in step["where"] for step in report["refused_declarations"])


def test_repository_takes_a_whole_top_level_domain_in_which_the_catalog_knows_hosts(tmp_path: Path) -> None:
    """An unknown host under *.com is a gap, but so broad a statement would swallow known hosts as well."""
    configure(tmp_path / ".sovereign-guard.yaml", operators=[own_cloud(endpoints=["*.com"])])
    assert judge(tmp_path, at_endpoint("https://storage.evil.com"))["verdict"] == "unknown"


@pytest.mark.parametrize(
    "facts",
    [
        {"seat": "FR"},
        {"internal": True},
        {"controlled_from": ["FR"]},
        {"seat": "FR", "name": "X", "internal": True},
    ],
)
def test_repository_redefines_the_id_aws(facts: JSON, tmp_path: Path) -> None:
    statement = {"id": "aws", "endpoints": ["s3.intern.example"], "reason": "Ours.", **facts}
    configure(tmp_path / ".sovereign-guard.yaml", operators=[statement])
    labelled(SENSITIVE).write(tmp_path / "plan.json")
    done = run("scan", "plan.json", cwd=tmp_path)
    assert done.returncode == 2
    assert b".sovereign-guard.yaml:" in done.stderr
    assert b"aws" in done.stderr


def test_repository_gives_a_us_host_to_a_european_operator(tmp_path: Path) -> None:
    statement = {"id": "scaleway", "endpoints": ["*.wasabisys.com"], "reason": "They moved."}
    configure(tmp_path / ".sovereign-guard.yaml", operators=[statement])
    entry = judge(tmp_path, at_endpoint("https://s3.eu-central-1.wasabisys.com"))
    assert (entry["verdict"], operators(entry)) == ("fail", ["wasabi"])


def test_repository_declares_what_a_us_cluster_feeds(tmp_path: Path) -> None:
    """The catalog cannot place provider kubernetes by itself, but the configuration tells where it points."""
    configure(tmp_path / ".sovereign-guard.yaml", operators=[own_cloud(providers=["hashicorp/kubernetes"])])
    plan = Plan().provider("aws", region="eu-west-3")
    plan.provider("kubernetes", host=Refers("aws_eks_cluster.main.endpoint", "aws_eks_cluster.main"))
    plan.add("aws_eks_cluster.main", name="main", tags=PUBLIC)
    plan.add("kubernetes_secret.token", metadata=[{"labels": SENSITIVE}])
    entry = judge(tmp_path, plan, address="kubernetes_secret.token")
    assert (entry["verdict"], operators(entry)) == ("fail", ["aws"])


def test_repository_declares_a_provider_made_for_tests(tmp_path: Path) -> None:
    configure(tmp_path / ".sovereign-guard.yaml", operators=[own_cloud(providers=["hashicorp/tfcoremock"])])
    plan = Plan().provider("tfcoremock").add("tfcoremock_simple_resource.x", tags=SENSITIVE)
    assert judge(tmp_path, plan, address="tfcoremock_simple_resource.x")["verdict"] == "unknown"


WEAK = "id: weak\ntitle: All goes\nlevels: {}\nrepository: {operators: any}\n"


def test_repository_names_a_weaker_policy_while_one_is_pinned(tmp_path: Path) -> None:
    for policy in ("eu-location", "weak.yaml"):
        (tmp_path / "weak.yaml").write_text(WEAK)
        (tmp_path / ".sovereign-guard.yaml").write_text(f"policy: {policy}\n")
        code, report = scan(tmp_path, labelled(SENSITIVE), "--policy", "three-circles")
        assert (code, report["policy"]["id"]) == (1, "three-circles")
        assert not any("policy" in step["what"] for step in report["declarations"])


def test_repository_names_a_weaker_policy_while_none_is_pinned_and_the_report_says_so(tmp_path: Path) -> None:
    (tmp_path / ".sovereign-guard.yaml").write_text("policy: eu-location\n")
    code, report = scan(tmp_path, labelled(SENSITIVE))
    assert code == 0
    assert report["policy"]["id"] == "eu-location"
    assert [step["where"].rpartition(":")[0].rpartition("/")[2] for step in report["declarations"]] == [
        ".sovereign-guard.yaml"
    ]
    assert "eu-location" in report["declarations"][0]["what"]


def test_repository_shadows_a_shipped_policy_by_a_file_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "three-circles").write_text(WEAK)
    for arguments in ((), ("--policy", "three-circles")):
        code, report = scan(tmp_path, labelled(SENSITIVE), *arguments)
        assert (code, report["policy"]["source"]) == (1, "built in")


def test_repository_turns_unknown_into_a_warning_while_a_policy_is_pinned(tmp_path: Path) -> None:
    (tmp_path / ".sovereign-guard.yaml").write_text("on_unknown: warn\n")
    plan = at_endpoint("https://storage.evil.example")
    code, report = scan(tmp_path, plan, "--policy", "three-circles")
    assert code == 1
    assert report["policy"]["on_unknown"] == "fail"
    assert any("on_unknown" in step["what"] for step in report["refused_declarations"])


def test_repository_switches_rules_off(tmp_path: Path) -> None:
    configuration = tmp_path / ".sovereign-guard.yaml"
    configuration.write_text("rules: {SOV001: false, SOV003: 'off', SOV007: false}\n")
    labelled(SENSITIVE).write(tmp_path / "plan.json")
    done = run("scan", "plan.json", cwd=tmp_path)
    assert done.returncode == 2
    for rule in ("SOV001", "SOV003"):
        assert f"{rule} cannot be switched off" in done.stderr.decode()
    configuration.unlink()
    (tmp_path / "policy.yaml").write_text(
        "id: ours\ntitle: Ours\nextends: three-circles\nrules: {SOV007: true}\n"
    )
    _, report = scan(tmp_path, labelled({"Owner": "x"}), "--policy", "policy.yaml")
    assert rules_of(report) == ["SOV007"]


# -- configurations swapped ----------------------------------------------------------------------------------


def test_alias_swapped(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="fr-par", endpoints={"s3": PARIS})
    plan.provider("aws.scaleway", region="eu-west-3")
    plan.add(FILES, provider="aws.scaleway", tags=SENSITIVE)
    plan.add("aws_s3_bucket.other", provider="aws", tags=SENSITIVE)
    _, report = scan(tmp_path, plan)
    found = by_address(report)
    assert (operators(found[FILES]), found[FILES]["verdict"]) == (["aws"], "fail")
    assert (operators(found["aws_s3_bucket.other"]), found["aws_s3_bucket.other"]["verdict"]) == (
        ["scaleway"],
        "pass",
    )


def test_module_given_another_provider(tmp_path: Path) -> None:
    """Two calls of one module; only `provider_config_key` tells which configuration each was given."""
    plan = (
        Plan()
        .provider("aws", region="fr-par", endpoints={"s3": PARIS})
        .provider("aws.us", region="us-east-1")
    )
    for name, key in (("here", "aws"), ("there", "aws.us")):
        plan.call(name)
        plan.add(f"module.{name}.aws_s3_bucket.files", provider=key, tags=SENSITIVE)
    _, report = scan(tmp_path, plan)
    verdicts = {address: entry["verdict"] for address, entry in by_address(report).items()}
    assert verdicts == {"module.here.aws_s3_bucket.files": "pass", "module.there.aws_s3_bucket.files": "fail"}


def test_module_with_a_provider_of_its_own(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="fr-par", endpoints={"s3": PARIS})
    plan.call("there")
    plan.provider("aws", module="module.there", region="us-east-1")
    plan.add("module.there.aws_s3_bucket.files", tags=SENSITIVE)
    plan.module("module.there")["resources"][0]["provider_config_key"] = "module.there:aws"
    entry = judge(tmp_path, plan, address="module.there.aws_s3_bucket.files")
    assert (operators(entry), entry["verdict"]) == (["aws"], "fail")


def test_local_name_that_belongs_to_another_source(tmp_path: Path) -> None:
    """`required_providers { scaleway = { source = "hashicorp/aws" } }`: the source decides, not the name."""
    plan = Plan().provider("scaleway", "hashicorp/aws", region="eu-west-3")
    plan.add(FILES, provider="scaleway", tags=SENSITIVE)
    entry = judge(tmp_path, plan)
    assert (operators(entry), entry["verdict"]) == (["aws"], "fail")


def test_configuration_key_that_leads_nowhere(tmp_path: Path) -> None:
    plan = at_endpoint(PARIS)
    plan.root["resources"][0]["provider_config_key"] = "aws.nowhere"
    assert judge(tmp_path, plan)["verdict"] != "pass"


def test_block_missing_from_the_configuration(tmp_path: Path) -> None:
    plan = at_endpoint(PARIS)
    plan.root["resources"].clear()
    assert judge(tmp_path, plan)["verdict"] != "pass"


@pytest.mark.parametrize(
    "source",
    [
        "evil/aws",
        "evil/scaleway",
        "registry.evil.example/hashicorp/scaleway",
        "registry.evil.example/scaleway/scaleway",
        "registry.terraform.io.evil.example/scaleway/scaleway",
        "evil.example/registry.terraform.io/scaleway",
        "registry.terraform.io/scaleway/scaleway/scaleway",
        "registry.terraform.io/scaleway/scaleway-fork",
        "registry.terraform.io/scaleway2/scaleway",
        "registry.terraform.io//scaleway",
        "registry.terraform.io/scaleway/ scaleway",
        "registry.terraform.io/s\u0441aleway/scaleway",
        "terraform.io/builtin/scaleway",
        "localhost/scaleway/scaleway",
    ],
)
def test_provider_of_another_namespace(source: str, tmp_path: Path) -> None:
    plan = Plan().provider("scaleway", source, region="fr-par")
    plan.add("scaleway_object_bucket.files", region="fr-par", tags=SENSITIVE)
    entry = judge(tmp_path, plan, address="scaleway_object_bucket.files")
    assert (operators(entry), entry["verdict"]) == ([], "unknown")
    assert "operator" in entry["unknown"]


def test_placeless_provider_of_another_namespace_places_something(tmp_path: Path) -> None:
    plan = Plan().provider("null", "evil/null").add("null_resource.x", triggers=None, tags=SENSITIVE)
    assert judge(tmp_path, plan, address="null_resource.x")["verdict"] == "unknown"


# -- endpoints -----------------------------------------------------------------------------------------------

LOOK_ALIKES = [
    "https://s3.fr-par.scw.cloud@storage.evil.example",
    "https://s3.fr-par.scw.cloud:443@storage.evil.example/",
    "https://user@s3.fr-par.scw.cloud@storage.evil.example/",
    "https://storage.evil.example/s3.fr-par.scw.cloud",
    "https://storage.evil.example/@s3.fr-par.scw.cloud",
    "https://storage.evil.example/https://s3.fr-par.scw.cloud",
    "https://storage.evil.example?s3.fr-par.scw.cloud",
    "https://storage.evil.example?@s3.fr-par.scw.cloud",
    "https://storage.evil.example#s3.fr-par.scw.cloud",
    "https://storage.evil.example#@s3.fr-par.scw.cloud",
    "https://storage.evil.example\\@s3.fr-par.scw.cloud",
    "https://storage.evil.example\\.s3.fr-par.scw.cloud",
    "https:\\\\storage.evil.example/.scw.cloud",
    "https://s3.fr-par.scw.cloud.evil.example",
    "https://scw.cloud.evil.example",
    "https://notscw.cloud",
    "https://s3.fr-par.notscw.cloud",
    "https://s3.fr-par-scw.cloud",
    "https://s3.fr-par.scw-cloud.com",
    "https://s3.fr-par.scw.clouds",
    "https://s3.fr-par.scw.cloud-evil.example",
    "https://s3.fr-par.scw.cloud.",
    "https://s3.fr-par.scw.cloud..",
    "https://s3..fr-par.scw.cloud",
    "https://.scw.cloud",
    "https://storage.evil.example%2f.scw.cloud",
    "https://storage.evil.example%23.scw.cloud",
    "https://storage.evil.example%00.scw.cloud",
    "https://s3.fr-par.scw%2ecloud",
    "https://storage.evil.example;.scw.cloud",
    "https://storage.evil.example,.scw.cloud",
    "https://storage.evil.example .scw.cloud",
    "https://storage.evil.example\t.scw.cloud",
    "https://storage.evil.example\n.scw.cloud",
    "https://storage.evil.example\x00.scw.cloud",
    "https://storage.evil.example\u2044.scw.cloud",
    "https://storage.evil.example\uff0f.scw.cloud",
    "https://storage.evil.example\uff03.scw.cloud",
    "https://s3.fr-par.scw\u3002cloud.evil.example",
    "https://s3.fr-par.s\u0441w.cloud",
    "https://s3.fr-par.\u0455cw.cloud",
    "https://s3.fr-par.scw.cl\u043eud",
    "https://s3.fr-par.scw.cloud\u200b.evil.example",
    "https://xn--sw-mmc.cloud",
    "https://s3.fr-par.scw.cloud:evil.example",
    "https://s3.fr-par.scw.cloud:443:evil.example",
    "https://s3.fr-par.scw.cloud:443evil",
    "https://[::1]",
    "https://[2001:db8::1]:9000",
    "https://[s3.fr-par.scw.cloud].evil.example",
    "https://[s3.fr-par.scw.cloud]",
    "https://163.172.1.1",
    "https://1.1",
    "https://0x7f000001",
    "https://localhost:9000",
    "https:///s3.fr-par.scw.cloud",
    "https:s3.fr-par.scw.cloud",
    "//s3.fr-par.scw.cloud",
    "https//s3.fr-par.scw.cloud",
    "://s3.fr-par.scw.cloud",
    " ",
    "https://",
    "@s3.fr-par.scw.cloud@",
    "s3.fr-par.scw.cloud/../..@evil.example",
    "${var.endpoint}",
]
GENUINE = {
    "https://s3.fr-par.scw.cloud.": "a trailing dot is the same host",
    "s3.fr-par.scw.cloud/../..@evil.example": "the path begins at the first slash",
}
"""Of the look-alikes, those that are genuine after all."""


def test_look_alike_hosts(tmp_path: Path) -> None:
    plan = Plan()
    for at, url in enumerate(LOOK_ALIKES):
        plan.provider(f"aws.a{at}", region="fr-par", endpoints={"s3": url})
        plan.add(f"aws_s3_bucket.b{at}", provider=f"aws.a{at}", tags=SENSITIVE)
    code, report = scan(tmp_path, plan)
    assert code == 1
    found = by_address(report)
    wrong = {}
    for at, url in enumerate(LOOK_ALIKES):
        entry = found[f"aws_s3_bucket.b{at}"]
        if url not in GENUINE and (entry["verdict"] == "pass" or operators(entry) == ["scaleway"]):
            wrong[url] = entry["verdict"]
    assert wrong == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.fr-par.scw.cloud",
        "http://s3.fr-par.scw.cloud",
        "HTTPS://S3.FR-PAR.SCW.CLOUD",
        "https://s3.fr-par.scw.cloud.:443/",
        "https://s3.fr-par.scw.cloud:443",
        "https://s3.fr-par.scw.cloud/bucket/path?x=evil.example#evil.example",
        "https://user:secret@s3.fr-par.scw.cloud/",
        "https://evil.example@s3.fr-par.scw.cloud/",
        "s3.fr-par.scw.cloud",
        "s3.fr-par.scw.cloud:443",
        " https://s3.fr-par.scw.cloud ",
    ],
)
def test_genuine_hosts_are_recognised(url: str, tmp_path: Path) -> None:
    entry = judge(tmp_path, at_endpoint(url))
    assert (operators(entry), entry["verdict"], entry["country"]) == (["scaleway"], "pass", "FR")


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.fr-par.scw.cloud.s3.us-east-1.amazonaws.com",
        "https://scw-cloud.s3.amazonaws.com",
        "https://s3.fr-par.scw.cloud@s3.eu-west-3.amazonaws.com",
        "https://S3.EU-WEST-3.AMAZONAWS.COM./s3.fr-par.scw.cloud",
    ],
)
def test_aws_behind_a_look_alike(url: str, tmp_path: Path) -> None:
    entry = judge(tmp_path, at_endpoint(url))
    assert (operators(entry), entry["verdict"]) == (["aws"], "fail")


@pytest.mark.parametrize("host", ["auth.cloud.ovh.net", "OVH"])
def test_look_alike_of_openstack(host: str, tmp_path: Path) -> None:
    for url in (f"https://{host}@keystone.evil.example/v3", f"https://keystone.evil.example/{host}/v3"):
        plan = Plan().provider("openstack", auth_url=url, region="GRA")
        plan.add("openstack_objectstorage_container_v1.x", metadata=SENSITIVE, region="GRA")
        entry = judge(tmp_path, plan, address="openstack_objectstorage_container_v1.x")
        assert (operators(entry), entry["verdict"]) == ([], "unknown")


@pytest.mark.parametrize(
    "name", ["ovh-eu ", "OVH-EU", "ovh-eu\u200b", "ovh-\u0435u", "ovh-us", "ovh-eu.evil.example", ""]
)
def test_named_endpoints_of_ovh(name: str, tmp_path: Path) -> None:
    plan = (
        Plan()
        .provider("ovh", endpoint=name)
        .add("ovh_cloud_project_database.db", description="x", service_name="y")
    )
    _, report = scan(tmp_path, plan)
    found = operators(by_address(report)["ovh_cloud_project_database.db"])
    if name.strip().lower() == "ovh-eu":
        assert found == ["ovhcloud"]
    elif name == "ovh-us":
        assert found == ["ovh-us"]
    elif name:
        assert found == []


def test_empty_endpoint_counts_as_not_set(tmp_path: Path) -> None:
    entry = judge(tmp_path, at_endpoint("", "eu-west-3"))
    assert (operators(entry), entry["verdict"]) == (["aws"], "fail")


@pytest.mark.parametrize("value", [None, [], {}, 0, False, [PARIS], {"url": PARIS}])
def test_endpoint_that_is_no_text(value: Any, tmp_path: Path) -> None:
    entry = judge(tmp_path, at_endpoint(value, "eu-west-3"))
    assert entry["verdict"] in ("fail", "unknown") or (value == [PARIS] and operators(entry) == ["scaleway"])


def test_endpoint_of_another_service_does_not_move_the_bucket(tmp_path: Path) -> None:
    for endpoints in (
        {"sqs": PARIS},
        {"s3control": PARIS},
        {"S3": PARIS},
        {"s3 ": PARIS},
        {"ec2": PARIS, "sts": PARIS},
    ):
        entry = judge(tmp_path, sensitive_bucket(region="eu-west-3", endpoints=endpoints))
        assert entry["verdict"] != "pass", endpoints


def test_two_endpoints_for_one_service(tmp_path: Path) -> None:
    """The provider takes one of the two; which one, a plan does not tell."""
    for endpoints in (
        {"s3": PARIS, "s3api": "https://s3.eu-west-3.amazonaws.com"},
        {"s3api": "https://s3.eu-west-3.amazonaws.com", "s3": PARIS},
    ):
        entry = judge(tmp_path, sensitive_bucket(region="eu-west-3", endpoints=endpoints))
        assert entry["verdict"] != "pass", endpoints


def test_two_endpoint_blocks(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3")
    plan.providers["aws"]["expressions"]["endpoints"] = [
        {"s3": {"constant_value": PARIS}},
        {"s3": {"constant_value": "https://s3.eu-west-3.amazonaws.com"}},
    ]
    assert judge(tmp_path, plan)["verdict"] != "pass"


@pytest.mark.parametrize("region", ["eu-west-3", "fr-par", Refers("var.region"), None])
def test_endpoints_block_wholly_unknown(region: Any, tmp_path: Path) -> None:
    settings = {"region": region} if region is not None else {}
    entry = judge(tmp_path, sensitive_bucket(**settings, endpoints=Refers("local.endpoints")))
    assert (operators(entry), entry["verdict"]) == ([], "unknown")


@pytest.mark.parametrize("value", [PARIS, "https://s3.eu-west-3.amazonaws.com", None])
def test_endpoint_by_variable_clears_nothing(value: str | None, tmp_path: Path) -> None:
    """`var.s3` and `replace(var.s3, "fr-par.scw.cloud", "evil.example")` look the same in a plan."""
    plan = at_endpoint(Refers("var.s3"))
    if value is not None:
        plan.variable("s3", value)
    assert judge(tmp_path, plan)["verdict"] == "unknown"


def test_endpoint_by_local_module_and_data_source(tmp_path: Path) -> None:
    plan = at_endpoint(Refers("local.s3"))
    assert judge(tmp_path, plan)["verdict"] == "unknown"
    plan = at_endpoint(Refers("module.hosts.s3", "module.hosts"))
    plan.call("hosts")["outputs"] = {"s3": {"expression": {"constant_value": PARIS}}}
    assert judge(tmp_path, plan)["verdict"] == "unknown"
    plan = at_endpoint(Refers("data.external.hosts.result", "data.external.hosts"))
    plan.add("data.external.hosts", actions=("read",), program=["sh"])
    assert judge(tmp_path, plan)["verdict"] == "unknown"


def test_endpoint_fed_by_two_clusters_one_of_them_american(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").provider("scaleway", region="fr-par")
    plan.provider(
        "kubernetes",
        host=Refers(
            "scaleway_k8s_cluster.main.apiserver_url",
            "scaleway_k8s_cluster.main",
            "aws_eks_cluster.main.endpoint",
            "aws_eks_cluster.main",
        ),
    )
    plan.add("scaleway_k8s_cluster.main", name="a", region="fr-par").add(
        "aws_eks_cluster.main", name="b", tags=PUBLIC
    )
    plan.add("kubernetes_secret.token", metadata=[{"labels": SENSITIVE}])
    assert judge(tmp_path, plan, address="kubernetes_secret.token")["verdict"] == "unknown"


def test_endpoint_fed_by_a_cluster_and_a_switch(tmp_path: Path) -> None:
    plan = Plan().provider("scaleway", region="fr-par")
    plan.provider(
        "kubernetes",
        host=Refers("var.elsewhere", "scaleway_k8s_cluster.main.apiserver_url", "scaleway_k8s_cluster.main"),
    )
    plan.variable("elsewhere", "https://k8s.evil.example")
    plan.add("scaleway_k8s_cluster.main", name="a", region="fr-par")
    plan.add("kubernetes_secret.token", metadata=[{"labels": SENSITIVE}])
    assert judge(tmp_path, plan, address="kubernetes_secret.token")["verdict"] == "unknown"


# -- regions -------------------------------------------------------------------------------------------------

VM = "outscale_vm.app"


def outscale(region: Any) -> Plan:
    plan = Plan().provider("outscale", region=region)
    return plan.add(VM, tags=[{"key": "classification", "value": "sensitive"}], vm_type="tinav6.c1r1p3")


def test_region_that_is_constant(tmp_path: Path) -> None:
    assert judge(tmp_path, outscale("eu-west-2"), address=VM)["verdict"] == "pass"
    for spelling in ("us-east-2", "US-EAST-2", " us-east-2 "):
        entry = judge(tmp_path, outscale(spelling), address=VM)
        assert (operators(entry), entry["verdict"]) == (["outscale-us"], "fail")


def test_region_by_variable(tmp_path: Path) -> None:
    plan = outscale(Refers("var.region")).variable("region", "eu-west-2")
    entry = judge(tmp_path, plan, address=VM)
    assert entry["verdict"] == "unknown"
    assert entry["operator_candidates"] == ["outscale", "outscale-us"]


def test_region_by_variable_without_value_or_with_a_hidden_one(tmp_path: Path) -> None:
    assert judge(tmp_path, outscale(Refers("var.region")), address=VM)["verdict"] == "unknown"
    plan = outscale(Refers("var.region")).variable("region", "eu-west-2", sensitive=True)
    assert judge(tmp_path, plan, address=VM)["verdict"] == "unknown"


def test_region_by_local(tmp_path: Path) -> None:
    assert judge(tmp_path, outscale(Refers("local.region")), address=VM)["verdict"] == "unknown"


def test_region_by_module_output(tmp_path: Path) -> None:
    plan = outscale(Refers("module.places.region", "module.places"))
    plan.call("places")["outputs"] = {"region": {"expression": {"constant_value": "eu-west-2"}}}
    assert judge(tmp_path, plan, address=VM)["verdict"] == "unknown"


def test_region_by_variable_of_a_nested_module(tmp_path: Path) -> None:
    plan = Plan().variable("region", "eu-west-2")
    plan.call("outer", region=Refers("var.region"))
    plan.call("inner", above="module.outer", region=Refers("var.region"))
    path = "module.outer.module.inner"
    plan.provider("outscale", module=path, region=Refers("var.region"))
    plan.add(f"{path}.{VM}", tags=[{"key": "classification", "value": "sensitive"}])
    plan.module(path)["resources"][0]["provider_config_key"] = f"{path}:outscale"
    assert judge(tmp_path, plan, address=f"{path}.{VM}")["verdict"] == "unknown"


def test_region_by_reference_in_a_constant_module_argument(tmp_path: Path) -> None:
    plan = Plan()
    plan.call("outer", region="eu-west-2")
    plan.provider("outscale", module="module.outer", region=Refers("var.region"))
    plan.add(f"module.outer.{VM}", tags=[{"key": "classification", "value": "sensitive"}])
    plan.module("module.outer")["resources"][0]["provider_config_key"] = "module.outer:outscale"
    assert judge(tmp_path, plan, address=f"module.outer.{VM}")["verdict"] == "unknown"


def test_region_by_reference_is_evidence_of_the_country_only(tmp_path: Path) -> None:
    plan = Plan().provider("scaleway", region=Refers("var.region")).variable("region", "fr-par")
    plan.add("scaleway_object_bucket.files", tags=SENSITIVE)
    entry = judge(tmp_path, plan, address="scaleway_object_bucket.files")
    assert operators(entry) == ["scaleway"]
    assert entry["country"] == "FR"
    assert any("though the expression is not shown" in step["what"] for step in entry["placement_evidence"])


def test_region_of_the_resource_known_only_after_apply(tmp_path: Path) -> None:
    plan = Plan().provider("hcloud", "hetznercloud/hcloud")
    plan.add("hcloud_server.app", labels=SENSITIVE, location="fsn1")
    plan.add(
        "hcloud_server.other",
        labels=SENSITIVE,
        location=None,
        unknown={"location": True},
        written={"location": Refers("random_shuffle.place.result", "random_shuffle.place")},
    )
    _, report = scan(tmp_path, plan)
    assert by_address(report)["hcloud_server.app"]["verdict"] == "pass"
    assert by_address(report)["hcloud_server.other"]["verdict"] == "unknown"


@pytest.mark.parametrize("region", ["fsn1-evil", "fr-par", "", "eu", "FSN1 "])
def test_regions_that_do_not_exist_clear_no_country(region: str, tmp_path: Path) -> None:
    plan = (
        Plan()
        .provider("hcloud", "hetznercloud/hcloud")
        .add("hcloud_server.app", labels=SENSITIVE, location=region)
    )
    entry = judge(tmp_path, plan, address="hcloud_server.app")
    if region.strip() == "FSN1":
        assert entry["verdict"] == "pass"
    else:
        assert entry["verdict"] == "unknown"


def test_a_european_region_name_at_aws_clears_nothing(tmp_path: Path) -> None:
    for region in ("fr-par", "eu-west-3", "eusc-de-east-1", "france", "", "cn-north-1"):
        entry = judge(tmp_path, sensitive_bucket(region=region))
        assert entry["verdict"] != "pass", region


def test_strategic_data_is_not_satisfied_by_a_european_operator(tmp_path: Path) -> None:
    plan = Plan().add(
        "scaleway_object_bucket.plans", tags={"DataClassification": "Stratégique"}, region="fr-par"
    )
    entry = judge(tmp_path, plan, address="scaleway_object_bucket.plans")
    assert (entry["level"], entry["verdict"]) == ("strategic", "fail")


def test_a_european_proxy_before_an_american_service_clears_nothing(tmp_path: Path) -> None:
    """A setting that only leads to the vendor can be pointed at a relay; the data goes on to the vendor."""
    (tmp_path / "main.tf").write_text(
        """
terraform {
  required_providers {
    datadog = { source = "DataDog/datadog" }
  }
}

provider "datadog" {
  api_url = "https://relay.fnc.fr-par.scw.cloud/"
}

# sovereign-guard: level=sensitive
resource "datadog_logs_archive" "all" {
  name = "all"
}
"""
    )
    code, report = run_json("scan", ".", cwd=tmp_path)
    (resource,) = report["resources"]
    assert (code, resource["verdict"]) == (1, "fail")
    assert {one["id"] for one in resource["operators"]} >= {"datadog", "scaleway"}
    assert "US" in resource["exposed_to"]
