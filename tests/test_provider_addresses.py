"""Every provider of the registry's official and partner tiers is known to the catalog, or it is said why not.

`data/provider-addresses.tsv` is frozen: addresses and tiers as the public registry listed them on 2026-08-22,
and for an address that the catalog does not have, the reason.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from sovereign_guard.catalog import load

LISTED = Path(__file__).parent / "data" / "provider-addresses.tsv"
MOVED = (
    # Several addresses of one provider: earlier namespaces, those of Terraform 0.12, OpenTofu's own.
    ("hashicorp/ovh", "ovh/ovh", "ovh"),
    ("outscale-dev/outscale", "outscale/outscale", "outscale"),
    ("terraform-provider-openstack/openstack", "hashicorp/openstack", "openstack"),
    ("hashicorp/mongodbatlas", "mongodb/mongodbatlas", "mongodbatlas"),
    ("snowflake-labs/snowflake", "snowflakedb/snowflake", "snowflake"),
    ("chanzuckerberg/snowflake", "snowflakedb/snowflake", "snowflake"),
    ("terraform-providers/aws", "opentofu/aws", "aws"),
    ("databrickslabs/databricks", "databricks/databricks", "databricks"),
    ("hashicorp/github", "integrations/github", "github"),
    ("mrparkers/keycloak", "keycloak/keycloak", "keycloak"),
    ("alexkappa/auth0", "auth0/auth0", "auth0"),
    ("oboukili/argocd", "argoproj-labs/argocd", "argocd"),
    ("octopusdeploylabs/octopusdeploy", "octopusdeploy/octopusdeploy", "octopusdeploy"),
    ("packethost/packet", "equinix/equinix", "equinix"),
    ("g-core/gcorelabs", "g-core/gcore", "gcore"),
    ("deviavir/gsuite", "hashicorp/googleworkspace", "googleworkspace"),
    ("hashicorp/fortios", "fortinetdev/fortios", "fortios"),
    ("terraform-providers/signalfx", "splunk-terraform/signalfx", "signalfx"),
    ("hashicorp/prismacloud", "paloaltonetworks/prismacloud", "prismacloud"),
    ("flexibleenginecloud/flexibleengine", "-/flexibleengine", "flexibleengine"),
)


@cache
def listed() -> dict[str, str]:
    """Why the catalog does not have an address; empty where it must have it."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        return {row["address"]: row["why_not"] for row in csv.DictReader(file, delimiter="\t")}


def test_the_list_is_whole() -> None:
    assert len(listed()) == 428
    assert sum(1 for why in listed().values() if why) <= 16


@pytest.mark.parametrize("host", ["registry.terraform.io", "registry.opentofu.org", ""])
def test_every_listed_address_is_known_or_it_is_said_why_not(host: str) -> None:
    catalog = load()
    wrong = []
    for address, why in listed().items():
        full = f"{host}/{address}" if host else address
        if (catalog.provider(full, "x_y") is None) != bool(why):
            wrong.append(full)
    assert not wrong


def test_addresses_are_known_in_any_case() -> None:
    catalog = load()
    for address, why in listed().items():
        if not why:
            assert catalog.provider(address.upper(), "x_y") is catalog.provider(address, "x_y"), address


@pytest.mark.parametrize(("old", "new", "provider"), MOVED)
def test_earlier_addresses_are_the_same_provider(old: str, new: str, provider: str) -> None:
    for address in (old, new, f"registry.terraform.io/{old}", f"registry.opentofu.org/{new}"):
        found = load().provider(address, "x_y")
        assert found is not None, address
        assert found.id == provider


def test_the_same_address_on_a_host_of_one_s_own_is_another_provider() -> None:
    assert load().provider("registry.example.org/ovh/ovh", "ovh_x") is None


def test_what_places_nothing_is_certain() -> None:
    """Programs that can make things elsewhere stay Unknown: they never count as placing nothing."""
    catalog = load()
    for address in ("scottwinkler/shell", "ansible/ansible", "mastercard/restapi", "chainguard-dev/ko"):
        provider = catalog.provider(address, "x_y")
        assert provider is not None
        assert provider.places == "operator", address
        assert not provider.operator, address


def test_at_least_three_hundred_source_addresses() -> None:
    catalog = load()
    assert sum(1 for address in listed() if catalog.provider(address, "x_y")) >= 400
