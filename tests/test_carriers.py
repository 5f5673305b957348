"""What only a provider's schema or code tells: types with default labels, data sources without a call."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from sovereign_guard.catalog import load
from sovereign_guard.catalog.source import compile_rules
from sovereign_guard.errors import ConfigurationError

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT.parent / "shared" / "planfactory" / "schemas"
CATALOG = load()
REGISTRY = "registry.terraform.io"
PARTITIONS = {
    "eu-west-3": ("aws", "amazonaws.com", "com.amazonaws"),
    "us-east-1": ("aws", "amazonaws.com", "com.amazonaws"),
    "cn-north-1": ("aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
    "eusc-de-east-1": ("aws-eusc", "amazonaws.eu", "eu.amazonaws"),
    "us-gov-west-1": ("aws-us-gov", "amazonaws.com", "com.amazonaws"),
    "us-iso-east-1": ("aws-iso", "c2s.ic.gov", "gov.ic.c2s"),
    "us-isob-east-1": ("aws-iso-b", "sc2s.sgov.gov", "gov.sgov.sc2s"),
    "us-isof-south-1": ("aws-iso-f", "csp.hci.ic.gov", "gov.ic.hci.csp"),
    "eu-isoe-west-1": ("aws-iso-e", "cloud.adc-e.uk", "uk.adc-e.cloud"),
    "fr-par": (
        "aws",
        "amazonaws.com",
        "com.amazonaws",
    ),  # Another operator's: the provider then takes its own.
}


# -- types that take default labels --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "resource_type", "expected"),
    [
        (f"{REGISTRY}/hashicorp/aws", "aws_s3_bucket", True),
        (f"{REGISTRY}/hashicorp/aws", "aws_instance", True),
        (f"{REGISTRY}/hashicorp/aws", "aws_autoscaling_group", False),
        (f"{REGISTRY}/hashicorp/aws", "aws_s3_bucket_policy", False),
        (f"{REGISTRY}/hashicorp/aws", "aws_no_such_thing", None),
        ("registry.opentofu.org/opentofu/aws", "aws_s3_bucket", True),
        ("aws.paris", "aws_s3_bucket", True),
        ("", "aws_s3_bucket", True),
        (f"{REGISTRY}/hashicorp/google", "google_compute_instance", True),
        (f"{REGISTRY}/hashicorp/google", "google_cloud_run_service", True),
        (f"{REGISTRY}/hashicorp/google", "google_sql_database_instance", False),
        (f"{REGISTRY}/hashicorp/google", "google_active_directory_peering", None),
        (f"{REGISTRY}/hashicorp/google-beta", "google_active_directory_peering", True),
        (f"{REGISTRY}/hashicorp/google-beta", "google_project_iam_member", False),
        (f"{REGISTRY}/datadog/datadog", "datadog_monitor", True),
        (f"{REGISTRY}/datadog/datadog", "datadog_monitor_json", False),
        (f"{REGISTRY}/azure/azapi", "azapi_resource", True),
        (f"{REGISTRY}/azure/azapi", "azapi_update_resource", False),
        (f"{REGISTRY}/hashicorp/azurerm", "azurerm_storage_account", False),
        (f"{REGISTRY}/scaleway/scaleway", "scaleway_no_such_thing", False),
        (f"{REGISTRY}/acme/unheard-of", "unheard_of_thing", False),
    ],
)
def test_whether_a_type_takes_default_labels(address: str, resource_type: str, expected: bool | None) -> None:
    assert CATALOG.carries_default_labels(address, resource_type) is expected


def test_every_provider_with_default_labels_has_its_lists() -> None:
    providers = {one.id for one in CATALOG.data.providers.values() if one.labels.defaults}
    assert set(CATALOG.data.carriers) == providers


@pytest.mark.parametrize("provider", sorted(CATALOG.data.carriers))
def test_the_lists_are_in_order_and_of_this_provider(provider: str) -> None:
    listed = CATALOG.data.carriers[provider]
    for types in (listed.carrying, listed.without):
        assert list(types) == sorted(set(types))
        assert {name.partition("_")[0] for name in types} == {provider.partition("-")[0]}


def test_the_lists_say_what_plans_show() -> None:
    merged = {f"{REGISTRY}/hashicorp/aws": "tags_all", f"{REGISTRY}/hashicorp/google": "effective_labels"}
    told: dict[tuple[str, str], set[bool]] = {}
    for path in ROOT.glob("fixtures/**/plan.json"):
        for change in json.loads(path.read_text()).get("resource_changes", ()):
            provider, kind = change["provider_name"], change["type"]
            if change["mode"] == "managed" and provider in merged:
                sides = [change["change"].get(side) for side in ("before", "after", "after_unknown")]
                names = {name for side in sides if isinstance(side, dict) for name in side}
                told.setdefault((provider, kind), set()).add(merged[provider] in names)
    shown = {key: values == {True} for key, values in told.items() if len(values) == 1}
    assert len(shown) > 10
    assert shown == {key: CATALOG.carries_default_labels(*key) for key in shown}


# -- data sources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", PARTITIONS)
def test_a_partition_follows_from_the_region(region: str) -> None:
    facts = CATALOG.data_source(f"{REGISTRY}/hashicorp/aws", "aws_partition")
    partition, suffix, reverse = PARTITIONS[region]
    assert {fact.setting for fact in facts.values()} == {"region"}
    assert {name: fact.by_start(region) for name, fact in facts.items()} == {
        "id": partition,
        "partition": partition,
        "dns_suffix": suffix,
        "reverse_dns_prefix": reverse,
    }


def test_no_partition_without_a_region() -> None:
    assert CATALOG.data_source("aws", "aws_partition")["id"].by_start("") is None


def test_a_region_asked_for_by_the_data_block_is_not_that_of_the_provider() -> None:
    facts = CATALOG.data_source("aws", "aws_region")
    assert set(facts) == {"id", "name", "region"}
    for fact in facts.values():
        assert (fact.setting, fact.starts, set(fact.unless)) == ("region", {}, {"region", "name", "endpoint"})


@pytest.mark.parametrize(
    ("address", "data_type", "settings"),
    [
        ("hashicorp/aws", "aws_default_tags", {"tags": "default_tags.tags"}),
        (
            "hashicorp/google",
            "google_client_config",
            {"project": "project", "region": "region", "zone": "zone", "default_labels": "default_labels"},
        ),
        (
            "hashicorp/google-beta",
            "google_client_config",
            {"project": "project", "region": "region", "zone": "zone", "default_labels": "default_labels"},
        ),
        (
            "hashicorp/azurerm",
            "azurerm_client_config",
            {"subscription_id": "subscription_id", "tenant_id": "tenant_id"},
        ),
        ("hashicorp/azurerm", "azurerm_subscription", {"subscription_id": "subscription_id"}),
        (
            "azure/azapi",
            "azapi_client_config",
            {"subscription_id": "subscription_id", "tenant_id": "tenant_id"},
        ),
        (
            "terraform-provider-openstack/openstack",
            "openstack_identity_auth_scope_v3",
            {"region": "region"},
        ),
        (
            "scaleway/scaleway",
            "scaleway_config",
            {
                "organization_id": "organization_id",
                "project_id": "project_id",
                "region": "region",
                "zone": "zone",
            },
        ),
        (
            "yandex-cloud/yandex",
            "yandex_client_config",
            {"cloud_id": "cloud_id", "folder_id": "folder_id", "zone": "zone"},
        ),
        ("hashicorp/aws", "aws_caller_identity", {}),
        ("hashicorp/google", "google_project", {}),
        ("hashicorp/random", "random_id", {}),
        ("acme/unheard-of", "unheard_of_thing", {}),
    ],
)
def test_what_the_configuration_decides(address: str, data_type: str, settings: dict[str, str]) -> None:
    facts = CATALOG.data_source(f"{REGISTRY}/{address}", data_type)
    assert {name: fact.setting for name, fact in facts.items()} == settings


def test_ignored_tags_are_not_among_the_default_tags() -> None:
    assert CATALOG.data_source("aws", "aws_default_tags")["tags"].unless_settings == ("ignore_tags",)


def test_a_subscription_named_by_the_data_block() -> None:
    facts = CATALOG.data_source("azurerm", "azurerm_subscription")
    assert facts["subscription_id"].unless == ("subscription_id",)


def test_the_longest_beginning_counts() -> None:
    fact = CATALOG.data_source("aws", "aws_partition")["id"]
    longer = type(fact)(setting="region", starts={"eu-": "short", "eu-isoe-": "long"})
    assert [longer.by_start(code) for code in ("eu-isoe-west-1", "eu-west-1", "us-east-1")] == [
        "long",
        "short",
        None,
    ]


# -- faults of the files -------------------------------------------------------------------------------------


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "rules", tmp_path / "rules")


def change(rules: Path, name: str, **values: object) -> None:
    """Rewrite a file of the catalog with other values; one that is None is taken out."""
    path = rules / "catalog" / name
    data = yaml.load(path.read_text(), Loader=yaml.BaseLoader) | values
    sources = {
        key: source | {"read": source["read"] == "true"} for key, source in data.pop("sources").items()
    }
    kept = {key: value for key, value in data.items() if value is not None}
    path.write_text(yaml.safe_dump(kept | {"sources": sources}, default_style=None))


def faults(rules: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as told:
        compile_rules(rules)
    return [str(problem) for problem in told.value.problems]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"without": ["azapi_resource", "azapi_update_resource"]},
            "azapi_resource stands in both lists",
        ),
        ({"provider": "nowhere"}, "no provider 'nowhere' in the catalog"),
        ({"provider": "aws"}, "this file must be called aws.yaml"),
        ({"provider": "scaleway"}, "scaleway has no setting for default labels"),
        ({"carrying": []}, "carrying"),
        ({"carrying": ["azapi_resource", "azapi_resource"]}, "carrying"),
        ({"carrying": ["Azapi Resource"]}, "carrying/0"),
        ({"version": None}, "'version' is a required property"),
        ({"version": "latest"}, "version"),
        ({"attributes": []}, "attributes"),
        ({"without": None}, "'without' is a required property"),
        ({"carying": ["azapi_resource"]}, "carying"),
    ],
)
def test_a_fault_of_a_list_is_told(values: dict[str, object], message: str, rules: Path) -> None:
    change(rules, "carriers/azapi.yaml", **values)
    found = faults(rules)
    assert all("rules/catalog/carriers/azapi.yaml:" in fault for fault in found)
    assert any(message in fault for fault in found)


def test_two_files_of_one_provider(rules: Path) -> None:
    folder = rules / "catalog" / "carriers"
    shutil.copy(folder / "azapi.yaml", folder / "aaa.yaml")
    (fault,) = faults(rules)
    assert "rules/catalog/carriers/aaa.yaml:" in fault
    assert "must be called azapi.yaml" in fault


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({}, "'setting' is a required property"),
        ({"setting": "zone", "else": "x"}, "'starts' is a dependency of 'else'"),
        ({"setting": "zone", "starts": {}}, "starts"),
        ({"setting": "zone", "unles": ["zone"]}, "unles"),
        ({"setting": "zone", "source": "hearsay"}, "no source 'hearsay' in this file"),
    ],
)
def test_a_fault_of_a_data_source_is_told(fact: dict[str, object], message: str, rules: Path) -> None:
    change(rules, "providers/yandex.yaml", data_sources={"yandex_client_config": {"zone": fact}})
    found = faults(rules)
    assert all("rules/catalog/providers/yandex.yaml:" in fault for fault in found)
    assert any(message in fault for fault in found)


def test_the_rewritten_files_have_no_fault_of_their_own(rules: Path) -> None:
    """What the tests above find is what they changed."""
    change(rules, "carriers/azapi.yaml")
    change(rules, "providers/yandex.yaml")
    assert compile_rules(rules).as_of == CATALOG.as_of


# -- the script that makes the lists -------------------------------------------------------------------------


def made(folder: Path, schemas: Path) -> Path:
    """Run the script on a copy of the checkout; return the folder that it wrote to."""
    shutil.copytree(ROOT / "tools", folder / "tools")
    written = folder / "rules" / "catalog" / "carriers"
    written.mkdir(parents=True)
    command = [sys.executable, str(folder / "tools" / "carriers.py"), str(schemas), "2026-11-24"]
    subprocess.run(command, check=True, timeout=120)
    return written


def test_lists_are_made_from_schemas(tmp_path: Path) -> None:
    text = {"f": "c", "t": ["map", "string"]}
    resources = {
        "x_merged": {"a": {"tags_all": text, "effective_labels": text}, "b": {}},
        "x_bare": {"a": {"tags": text, "labels": text}, "b": {}},
        "x_knative": {
            "a": {},
            "b": {"metadata": ["list", 0, 1, {"a": {"effective_labels": text}, "b": {}}]},
        },
        "x_deep": {"a": {}, "b": {"disk": ["list", 0, 0, {"a": {"tags_all": text}, "b": {}}]}},
    }
    for provider in ("aws", "google", "google-beta"):
        with ZipFile(tmp_path / f"{provider}.zip", "w") as store:
            name = provider.replace("-", "_")
            source = f"cdktf_cdktf_provider_{name}-1.2.3-py3-none-any.whl"
            store.writestr("meta.json", json.dumps({"version": "7.8.9", "source": source}))
            store.writestr("data/x_merged_data.json", json.dumps(resources["x_merged"]))
            for kind, schema in resources.items():
                store.writestr(f"resources/{kind}.json", json.dumps(schema))
    folder = made(tmp_path / "checkout", tmp_path)
    files = {path.stem: yaml.safe_load(path.read_text()) for path in folder.iterdir()}
    assert {name: file["carrying"] for name, file in files.items()} == {
        "aws": ["x_merged"],
        "google": ["x_knative", "x_merged"],
        "google-beta": ["x_knative", "x_merged"],
    }
    assert files["google"]["without"] == ["x_bare", "x_deep"]
    beta = files["google-beta"]
    assert (beta["provider"], beta["version"]) == ("google-beta", "7.8.9")
    assert (
        beta["sources"]["schema"]["url"] == "https://pypi.org/project/cdktf-cdktf-provider-google-beta/1.2.3/"
    )


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="needs the stored schemas in shared/planfactory")
def test_the_lists_are_those_that_the_script_makes(tmp_path: Path) -> None:
    folder = made(tmp_path, SCHEMAS)
    written = {path.name: path.read_text() for path in folder.iterdir()}
    assert written
    for name, content in written.items():
        assert (ROOT / "rules" / "catalog" / "carriers" / name).read_text() == content
