"""Plans in the shape of `terraform show -json`, and every way to know less of one of them.

`plans()` draws a plan in which everything is known as far as a real plan would tell it. `forgettings(plan)`
lists the single steps that each turn something known into something unknown; each is applied to a copy.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st

from sovereign_guard.catalog import load

Json = Any

INTERNAL_CLOUD = """
operators:
  - id: own-cloud
    name: Own cloud
    seat: FR
    internal: true
    endpoints: ["*.cloud.internal.example", s3.internal.example]
    providers: [acme/owncloud]
    reason: run by ourselves
"""
"""What the organisation of these plans states; hosts and the provider occur in them."""

LEVEL_WORDS = {
    "public": ("public", "Öffentlich", "none", "low", "non sensible", "C1"),
    "sensitive": ("confidential", "Sensible", "INTERNE", "vertraulich", "PII", "high", "Official-Sensitive"),
    "strategic": ("secret", "top-secret", "Très secret", "VS-Geheim", "strategic"),
}
OUTSIDE_WORDS = ("TBD", "3", "", "not secret", "TBD confidential", "operational", "hot", "${var.level}")

LABEL_KEYS = ("data-classification", "DataClassification", "confidentiality", "acme:data_sensitivity", "tlp")
FLAG_KEYS = ("contains_pii", "strategic", "gdpr")
OTHER_KEYS = ("Name", "environment", "cost-center", "compliance", "data")


MERGED = frozenset({"tags_all", "terraform_labels", "effective_labels"})
"""Attributes in which the provider lays the labels of the resource over its defaults; nobody writes them."""


@dataclass(frozen=True)
class Kind:
    """A resource type, where it holds its labels and region, and what it lies in.

    Attributes:
        labels: attribute and shape of each place of labels; a later one repeats what the provider merges.
        regions: attributes of which one is set, now and then none.
        parent: attribute, and the type that it names.

    """

    type: str
    labels: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    parent: tuple[str, str] | None = None


_AWS_TAGS = (("tags", "map"), ("tags_all", "merged"))
_GOOGLE_LABELS = (("labels", "map"), ("terraform_labels", "merged"), ("effective_labels", "merged"))

AWS = (
    Kind("aws_s3_bucket", _AWS_TAGS, ("region",)),
    Kind("aws_s3_object", _AWS_TAGS, (), ("bucket", "aws_s3_bucket")),
    Kind("aws_dynamodb_table", _AWS_TAGS, ("region",)),
    Kind("aws_db_instance", _AWS_TAGS, ("availability_zone",)),
    Kind("aws_instance", _AWS_TAGS, ("availability_zone",)),
    Kind("aws_sqs_queue", _AWS_TAGS),
    Kind("aws_eks_cluster", _AWS_TAGS, ("region",)),
    Kind("aws_vpc", _AWS_TAGS),
)
SCALEWAY = (
    Kind("scaleway_object_bucket", (("tags", "map"),), ("region",)),
    Kind("scaleway_object", (("tags", "map"),), ("region",), ("bucket", "scaleway_object_bucket")),
    Kind("scaleway_rdb_instance", (("tags", "texts"),), ("region",)),
    Kind("scaleway_rdb_database", (), ("region",), ("instance_id", "scaleway_rdb_instance")),
    Kind("scaleway_instance_server", (("tags", "colons"),), ("zone",)),
    Kind("scaleway_k8s_cluster", (("tags", "texts"),), ("region",)),
    Kind("scaleway_vpc", (("tags", "texts"),), ("region",)),
)
OUTSCALE = (
    Kind("outscale_vm", (("tags", "pairs"),), ("placement_subregion_name",)),
    Kind("outscale_volume", (("tags", "pairs"),), ("subregion_name",)),
)
OVH = (
    Kind("ovh_cloud_project_kube", (("tags", "map"),), ("region",)),
    Kind("ovh_cloud_project_storage", (("tags", "map"),), ("region_name",)),
    Kind("ovh_cloud_project_database_database", (), (), ("cluster_id", "ovh_cloud_project_database")),
    Kind("ovh_cloud_project_database", (("tags", "map"),)),
)
OPENSTACK = (
    Kind("openstack_objectstorage_container_v1", (("metadata", "map"),), ("region",)),
    Kind(
        "openstack_objectstorage_object_v1",
        (("metadata", "map"),),
        ("region",),
        ("container_name", "openstack_objectstorage_container_v1"),
    ),
    Kind("openstack_compute_instance_v2", (("tags", "texts"),), ("region",)),
    Kind("openstack_blockstorage_volume_v3", (("metadata", "map"),), ("region",)),
)
GOOGLE = (
    Kind("google_storage_bucket", _GOOGLE_LABELS, ("location",)),
    Kind("google_storage_bucket_object", (("metadata", "map"),), (), ("bucket", "google_storage_bucket")),
    Kind("google_sql_database_instance", (("settings", "settings"),), ("region",)),
    Kind("google_pubsub_topic", _GOOGLE_LABELS),
)
AZURE = (
    Kind("azurerm_storage_account", (("tags", "map"),), ("location",)),
    Kind("azurerm_storage_container", (), (), ("storage_account_id", "azurerm_storage_account")),
    Kind("azurerm_mssql_server", (("tags", "map"),), ("location",)),
)
HCLOUD = (
    Kind("hcloud_server", (("labels", "map"),), ("location", "datacenter")),
    Kind("hcloud_volume", (("labels", "map"),), ("location",)),
)
EXOSCALE = (
    Kind("exoscale_dbaas", (), ("zone",)),
    Kind("exoscale_compute_instance", (("labels", "map"),), ("zone",)),
    Kind("exoscale_sks_cluster", (("labels", "map"),), ("zone",)),
)
AIVEN = (
    Kind("aiven_pg", (("tag", "pairs"),), ("cloud_name",)),
    Kind("aiven_kafka", (("tag", "pairs"),), ("cloud_name",)),
    Kind("aiven_pg_database", (), (), ("service_name", "aiven_pg")),
)
ATLAS = (
    Kind("mongodbatlas_cluster", (("tags", "pairs"),)),
    Kind("mongodbatlas_advanced_cluster", (("tags", "pairs"),)),
)
KUBERNETES = (
    Kind("kubernetes_secret", (("metadata", "metadata"),)),
    Kind("kubernetes_config_map_v1", (("metadata", "metadata"),)),
    Kind("kubernetes_persistent_volume_claim", (("metadata", "metadata"),)),
)
RANDOM = (Kind("random_password", (("keepers", "map"),)),)
OWN = (Kind("owncloud_volume", (("tags", "map"),), ("region",)),)
UNKNOWN_TO_THE_CATALOG = (Kind("zzcloud_disk", (("labels", "map"),), ("region",)),)

KINDS = {
    kind.type: kind
    for family in (AWS, SCALEWAY, OUTSCALE, OVH, OPENSTACK, GOOGLE, AZURE, HCLOUD, EXOSCALE, AIVEN, ATLAS)
    for kind in family
} | {kind.type: kind for family in (KUBERNETES, RANDOM, OWN, UNKNOWN_TO_THE_CATALOG) for kind in family}

CLOUD_ATTRIBUTES = ("cloud_name", "provider_name", "provider_region_name", "replication_specs")
"""Attributes that name the cloud below a service; not known, they are like a region that is not known."""


@cache
def region_codes(cloud: str) -> tuple[str, ...]:
    table = load().table(cloud)
    assert table is not None
    return tuple(sorted(table.regions))


# -- what is drawn -----------------------------------------------------------------------------


def label_values() -> st.SearchStrategy[str]:
    words = [word for level in LEVEL_WORDS.values() for word in level]
    return st.sampled_from(words) | st.sampled_from(words) | st.sampled_from(OUTSIDE_WORDS)


@st.composite
def label_maps(draw: st.DrawFn) -> dict[str, str]:
    labels = draw(st.dictionaries(st.sampled_from(LABEL_KEYS[:4]), label_values(), max_size=2))
    labels |= draw(st.dictionaries(st.sampled_from(FLAG_KEYS), st.sampled_from(("true", "no")), max_size=1))
    labels |= draw(
        st.dictionaries(st.sampled_from(OTHER_KEYS), st.sampled_from(("prod", "HIPAA")), max_size=1)
    )
    return labels


def _shaped(labels: dict[str, str], shape: str) -> Json:
    if shape == "texts":
        return [f"{key}={value}" for key, value in labels.items()]
    if shape == "colons":
        return [f"{key}:{value}" for key, value in labels.items() if ":" not in key]
    if shape == "pairs":
        return [{"key": key, "value": value} for key, value in labels.items()]
    if shape == "metadata":
        return [{"name": "one", "labels": dict(labels)}]
    if shape == "settings":
        return [{"tier": "small", "user_labels": dict(labels)}]
    return dict(labels)


def constants(tree: Json) -> Json:
    """The expressions that Terraform prints for values that are written out."""
    if isinstance(tree, list) and tree and all(isinstance(item, dict) for item in tree):
        return [{name: constants(part) for name, part in item.items()} for item in tree]
    return {"constant_value": tree}


@dataclass
class _Plan:
    """A plan under construction."""

    draw: st.DrawFn
    configurations: dict[str, Json] = field(default_factory=dict)
    blocks: dict[str, list[Json]] = field(default_factory=dict)
    changes: list[Json] = field(default_factory=list)
    module: str = ""
    """The module that resources are added to."""
    placed: list[tuple[str, str, str]] = field(default_factory=list)
    """Type, address in its module, and module of each resource so far."""

    def configure(self, name: str, address: str, expressions: dict[str, Json], *, alias: str = "") -> str:
        """Add a provider configuration and return its key."""
        key = f"{name}.{alias}" if alias else name
        if key not in self.configurations:
            wire: dict[str, Json] = {"name": name, "full_name": address}
            if alias:
                wire["alias"] = alias
            if expressions:
                wire["expressions"] = expressions
            self.configurations[key] = wire
        return key

    def add(
        self,
        kind: Kind,
        address: str,
        key: str,
        values: dict[str, Json],
        *,
        defaults: dict[str, str] | None = None,
    ) -> None:
        """Add a resource; `values` are what its block writes, `defaults` the labels of its provider."""
        draw = self.draw
        module = self.module
        number = len(self.changes)
        local = f"{kind.type}.r{number}"
        after = dict(values)
        expressions = {name: constants(value) for name, value in values.items()}
        unknown: dict[str, Json] = {"id": True, "arn": True}
        own = draw(label_maps()) if kind.labels else {}
        for attribute, shape in kind.labels:
            if shape == "merged":
                after[attribute] = {**(defaults or {}), **own}
            elif own:
                after[attribute] = _shaped(own, shape)
                expressions[attribute] = constants(after[attribute])
        if kind.parent is not None:
            attribute, above = kind.parent
            there = [place for type_, place, where in self.placed if type_ == above and where == module]
            if there:
                parent = draw(st.sampled_from(there))
                expressions[attribute] = {"references": [f"{parent}.id", parent]}
                if draw(st.booleans()):
                    unknown[attribute] = True
                else:
                    after[attribute] = self._name_of(parent)
        if kind.parent is None and "name" not in after and "bucket" not in after:
            after["bucket" if kind.type == "aws_s3_bucket" else "name"] = f"name-{number}"
        self._write(kind, address, key, module, local, after, expressions, unknown)

    def _name_of(self, local: str) -> str:
        return f"name-{local.rpartition('.r')[2]}"

    def _write(
        self,
        kind: Kind,
        address: str,
        key: str,
        module: str,
        local: str,
        after: dict[str, Json],
        expressions: dict[str, Json],
        unknown: dict[str, Json],
    ) -> None:
        draw = self.draw
        change = draw(st.sampled_from(("create", "create", "create", "update", "replace", "no-op", "forget")))
        if change in ("no-op", "forget") and kind.parent is not None and unknown.pop(kind.parent[0], False):
            # Whatever stands already is known.
            after[kind.parent[0]] = self._name_of(expressions[kind.parent[0]]["references"][1])
        actions = {"replace": ["delete", "create"]}.get(change, [change])
        before = None
        if change != "create":
            before = copy.deepcopy(after)
            if change in ("update", "replace") and draw(st.booleans()):
                stood = draw(label_maps())
                for attribute, shape in kind.labels:
                    before[attribute] = _shaped(stood, shape)
        full = f"{module}.{local}" if module else local
        wire: dict[str, Json] = {
            "address": full,
            "mode": "managed",
            "type": kind.type,
            "name": local.partition(".")[2],
            "provider_name": address,
            "change": {
                "actions": actions,
                "before": before,
                "after": None if change == "forget" else after,
                "after_unknown": unknown if change in ("create", "update", "replace") else {},
                "before_sensitive": False,
                "after_sensitive": {},
            },
        }
        if module:
            wire["module_address"] = module
        self.changes.append(wire)
        if change == "forget":
            return
        self.blocks.setdefault(module, []).append(
            {
                "address": local,
                "mode": "managed",
                "type": kind.type,
                "name": local.partition(".")[2],
                "provider_config_key": key,
                "expressions": expressions,
                "schema_version": 0,
            }
        )
        self.placed.append((kind.type, local, module))

    def json(self) -> Json:
        root: dict[str, Json] = {"resources": self.blocks.get("", []), "variables": {"hidden": {}}}
        if "module.app" in self.blocks:
            root["module_calls"] = {
                "app": {"source": "./app", "module": {"resources": self.blocks["module.app"]}}
            }
        return {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "variables": {},
            "resource_changes": self.changes,
            "configuration": {"provider_config": self.configurations, "root_module": root},
            "complete": True,
            "errored": False,
        }


def _region_of(
    plan: _Plan, kind: Kind, codes: tuple[str, ...], zone: Callable[[str], str], key: str
) -> dict[str, str]:
    if not kind.regions or plan.draw(st.integers(0, 3)) == 0:
        return {}
    attribute = plan.draw(st.sampled_from(kind.regions))
    code = plan.draw(st.sampled_from(codes))
    if attribute in _INSIDE:
        # No provider makes a resource in a zone of another region than the one that it is configured for.
        region = plan.configurations[key].get("expressions", {}).get("region")
        code = region["constant_value"] if region else code
        if load().place(plan.configurations[key]["name"], zone(code)) is None:
            return {}  # A place without zones (`aws-global`), or none at all.
    zoned = attribute in _INSIDE or attribute in ("zone", "datacenter")
    return {attribute: zone(code) if zoned else code}


_INSIDE = frozenset({"availability_zone", "subregion_name", "placement_subregion_name"})
"""Zones inside the region of the provider configuration."""


_S3_HOSTS = (
    "https://s3.fr-par.scw.cloud",
    "https://s3.gra.io.cloud.ovh.net",
    "https://oos.eu-west-2.outscale.com",
    "https://oos.us-east-2.outscale.com",
    "https://s3.eu-central-1.wasabisys.com",
    "https://s3.eu-west-3.amazonaws.com",
    "https://s3.internal.example",
    "https://minio.example.com",
    "",
)


def _aws(plan: _Plan) -> None:
    draw = plan.draw
    address = draw(
        st.sampled_from(("registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"))
    )
    expressions: dict[str, Json] = {}
    codes = region_codes("aws")
    usual = ("eu-west-3", "eu-central-1", "us-east-1", "eusc-de-east-1", "cn-north-1", "eu-west-2")
    region = draw(st.sampled_from((*usual, *usual, *codes, "", "mars-north-1")))
    if region:
        expressions["region"] = constants(region)
    endpoints = draw(
        st.dictionaries(
            st.sampled_from(("s3", "dynamodb", "ec2", "sqs")), st.sampled_from(_S3_HOSTS), max_size=2
        )
    )
    if draw(st.booleans()):
        endpoints = {}
    if endpoints:
        expressions["endpoints"] = [constants_of(endpoints)]
    defaults = draw(label_maps()) if draw(st.booleans()) else {}
    if defaults:
        expressions["default_tags"] = [{"tags": constants(defaults)}]
    key = plan.configure("aws", address, expressions, alias=draw(st.sampled_from(("", "other"))))
    defaults = _defaults(plan.configurations[key], "default_tags")
    for kind in _some(plan, AWS):
        written = _region_of(plan, kind, codes, lambda code: f"{code}a", key)
        plan.add(kind, address, key, written, defaults=defaults)


def constants_of(values: dict[str, Json]) -> Json:
    return {name: constants(value) for name, value in values.items()}


def _defaults(configuration: Json, name: str) -> dict[str, str]:
    found = configuration.get("expressions", {}).get(name)
    if isinstance(found, list):
        found = found[0]["tags"]
    return found["constant_value"] if found else {}


def _some(plan: _Plan, kinds: tuple[Kind, ...]) -> list[Kind]:
    """One or two types, each behind the type that it lies in, and the module in which they stand."""
    plan.module = plan.draw(st.sampled_from(("", "", "module.app")))
    chosen = plan.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2))
    above = {kind.type: kind for kind in kinds}
    return [
        kind
        for child in chosen
        for kind in ((above[child.parent[1]], child) if child.parent is not None else (child,))
    ]


def _plain(
    name: str,
    address: str,
    kinds: tuple[Kind, ...],
    cloud: str,
    settings: Callable[[st.DrawFn], dict[str, Json]],
    zone: Callable[[str], str],
) -> Callable[[_Plan], None]:
    """A provider whose configuration and regions need nothing special."""

    def build(plan: _Plan) -> None:
        draw = plan.draw
        expressions = {key: constants(value) for key, value in settings(draw).items() if value}
        key = plan.configure(name, address, expressions, alias=draw(st.sampled_from(("", "", "other"))))
        # A table that claims to be complete rules out every other region, so none is written in these plans.
        codes = region_codes(cloud) + (() if load().table(cloud).complete else ("mars-north-1",))
        for kind in _some(plan, kinds):
            written = _region_of(plan, kind, codes, zone, key)
            plan.add(kind, address, key, written)

    return build


def _google(plan: _Plan) -> None:
    draw = plan.draw
    address = "registry.terraform.io/hashicorp/google"
    expressions: dict[str, Json] = {}
    universe = draw(st.sampled_from(("", "", "googleapis.com", "s3nsapis.fr", "unheard.example")))
    if universe:
        expressions["universe_domain"] = constants(universe)
    region = draw(st.sampled_from(("", "europe-west9", "us-central1", "u-france-east1")))
    if region:
        expressions["region"] = constants(region)
    endpoint = draw(
        st.sampled_from(("", "", "https://storage.googleapis.com/", "https://proxy.example.com/"))
    )
    if endpoint:
        expressions["storage_custom_endpoint"] = constants(endpoint)
    defaults = draw(label_maps()) if draw(st.booleans()) else {}
    if defaults:
        expressions["default_labels"] = constants(defaults)
    key = plan.configure("google", address, expressions, alias=draw(st.sampled_from(("", "other"))))
    defaults = _defaults(plan.configurations[key], "default_labels")
    for kind in _some(plan, GOOGLE):
        written = _region_of(plan, kind, (*region_codes("google"), "EU"), lambda code: f"{code}-a", key)
        plan.add(kind, address, key, written, defaults=defaults)


def _aiven(plan: _Plan) -> None:
    address = "registry.terraform.io/aiven/aiven"
    key = plan.configure("aiven", address, {})
    names = (
        "google-europe-west9",
        "upcloud-de-fra",
        "aws-eu-west-3",
        "do-fra",
        "custom-acme-dc1",
        "azure-france-central",
    )
    for kind in _some(plan, AIVEN):
        plan.add(kind, address, key, _region_of(plan, kind, names, str, key))


def _atlas(plan: _Plan) -> None:
    draw = plan.draw
    address = "registry.terraform.io/mongodb/mongodbatlas"
    key = plan.configure("mongodbatlas", address, {})
    cloud, region = draw(
        st.sampled_from(
            (
                ("AWS", "EU_WEST_3"),
                ("AZURE", "FRANCE_CENTRAL"),
                ("GCP", "WESTERN_EUROPE"),
                ("AWS", "US_EAST_1"),
            )
        )
    )
    for kind in _some(plan, ATLAS):
        if kind.type == "mongodbatlas_cluster":
            values: dict[str, Json] = {"provider_name": cloud, "provider_region_name": region}
        else:
            where = {"provider_name": cloud, "region_name": region, "priority": 7}
            values = {"replication_specs": [{"region_configs": [where]}]}
        plan.add(kind, address, key, values)


_CLUSTERS = (
    "aws_eks_cluster",
    "scaleway_k8s_cluster",
    "ovh_cloud_project_kube",
    "exoscale_sks_cluster",
    "hcloud_server",
)


def _kubernetes(plan: _Plan) -> None:
    draw = plan.draw
    address = "registry.terraform.io/hashicorp/kubernetes"
    fed = [place for type_, place, module in plan.placed if type_ in _CLUSTERS and not module]
    hosts = (
        "https://x.k8s.fr-par.scw.cloud:6443",
        "https://x.gr7.eu-west-3.eks.amazonaws.com",
        "https://10.0.0.1",
        "",
    )
    expressions: dict[str, Json] = {}
    if fed and draw(st.booleans()):
        place = draw(st.sampled_from(fed))
        expressions["host"] = {"references": [f"{place}.endpoint", place]}
    elif host := draw(st.sampled_from(hosts)):
        expressions["host"] = constants(host)
    key = plan.configure("kubernetes", address, expressions, alias=draw(st.sampled_from(("", "other"))))
    for kind in _some(plan, KUBERNETES):
        plan.add(kind, address, key, {})


_FAMILIES: tuple[Callable[[_Plan], None], ...] = (
    _aws,
    _plain(
        "scaleway",
        "registry.terraform.io/scaleway/scaleway",
        SCALEWAY,
        "scaleway",
        lambda draw: {
            "region": draw(st.sampled_from(("", "fr-par", "pl-waw"))),
            "api_url": draw(
                st.sampled_from(("", "", "https://api.scaleway.com", "https://proxy.example.com"))
            ),
        },
        lambda code: f"{code}-1",
    ),
    _plain(
        "outscale",
        "registry.terraform.io/outscale/outscale",
        OUTSCALE,
        "outscale",
        lambda draw: {"region": draw(st.sampled_from(("", *region_codes("outscale"))))},
        lambda code: f"{code}a",
    ),
    _plain(
        "ovh",
        "registry.terraform.io/ovh/ovh",
        OVH,
        "ovhcloud",
        lambda draw: {"endpoint": draw(st.sampled_from(("", "ovh-eu", "ovh-ca", "ovh-us", "ovh-moon")))},
        str,
    ),
    _plain(
        "openstack",
        "registry.terraform.io/terraform-provider-openstack/openstack",
        OPENSTACK,
        "ovhcloud",
        lambda draw: {
            "auth_url": draw(
                st.sampled_from(
                    (
                        "",
                        "https://auth.cloud.ovh.net/v3",
                        "https://auth.cloud.ovh.us/v3",
                        "https://keystone.cloud.internal.example:5000/v3",
                        "https://iam.eu-de.otc.t-systems.com/v3",
                        "https://keystone.example.com/v3",
                    )
                )
            ),
            "region": draw(st.sampled_from(("", "GRA", "BHS"))),
        },
        str,
    ),
    _google,
    _plain(
        "azurerm",
        "registry.terraform.io/hashicorp/azurerm",
        AZURE,
        "azure",
        lambda draw: {
            "environment": draw(st.sampled_from(("", "public", "china", "usgovernment", "mars"))),
            "metadata_host": draw(
                st.sampled_from(("", "", "", "management.azure.com", "stack.internal.example"))
            ),
        },
        str,
    ),
    _plain(
        "hcloud",
        "registry.terraform.io/hetznercloud/hcloud",
        HCLOUD,
        "hetzner",
        lambda draw: {"endpoint": draw(st.sampled_from(("", "", "https://api.hetzner.cloud/v1")))},
        lambda code: f"{code}-dc14",
    ),
    _plain("exoscale", "registry.terraform.io/exoscale/exoscale", EXOSCALE, "exoscale", lambda draw: {}, str),
    _aiven,
    _atlas,
    _plain("random", "registry.terraform.io/hashicorp/random", RANDOM, "aws", lambda draw: {}, str),
    _plain("owncloud", "registry.terraform.io/acme/owncloud", OWN, "aws", lambda draw: {}, str),
    _plain(
        "zzcloud", "registry.terraform.io/acme/zzcloud", UNKNOWN_TO_THE_CATALOG, "aws", lambda draw: {}, str
    ),
)


@st.composite
def plans(draw: st.DrawFn) -> Json:
    """A plan of one to three providers, now and then with a Kubernetes provider fed by one of them."""
    plan = _Plan(draw)
    for build in draw(st.lists(st.sampled_from(_FAMILIES), min_size=1, max_size=3)):
        build(plan)
    if draw(st.integers(0, 3)) == 0:
        _kubernetes(plan)
    return plan.json()


# -- knowing less ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forgetting:
    """One step from known to unknown: its name, and the change that it makes to a plan."""

    name: str
    change: Callable[[Json], None]

    def of(self, plan: Json) -> Json:
        """A copy of the plan in which this is not known."""
        less = json.loads(json.dumps(plan))
        self.change(less)
        return less


def forgettings(plan: Json) -> list[Forgetting]:
    """Every single step to know less of this plan. All are reversed by knowing what the plan said before."""
    found = [*_of_changes(plan)]
    if "configuration" in plan:
        found.append(Forgetting("no configuration", lambda less: less.pop("configuration")))
        found.extend(_of_configurations(plan))
    if any("provider_name" in wire for wire in plan["resource_changes"]):
        found.append(Forgetting("no provider addresses", _forget_addresses))
    return found


def _forget_addresses(plan: Json) -> None:
    for wire in plan["resource_changes"]:
        wire.pop("provider_name", None)
    for wire in plan.get("configuration", {}).get("provider_config", {}).values():
        wire.pop("full_name", None)
        wire.pop("name", None)


def _of_configurations(plan: Json) -> Iterator[Forgetting]:
    for key, wire in plan["configuration"]["provider_config"].items():
        for path, value in _expressions(wire.get("expressions", {}), ()):
            yield Forgetting(f"provider {key}: {'.'.join(map(str, path))}", _refer(key, path, None))
            if isinstance(value, str):
                # Reached through a variable whose value is what the expression gives: evidence, no more.
                yield Forgetting(
                    f"provider {key}: {'.'.join(map(str, path))} by variable", _refer(key, path, value)
                )


def _refer(key: str, path: tuple[str | int, ...], value: str | None) -> Callable[[Json], None]:
    def change(plan: Json) -> None:
        node = plan["configuration"]["provider_config"][key]["expressions"]
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = _reference(plan, value)

    return change


def _reference(plan: Json, value: str | None) -> Json:
    if value is None:
        return {"references": ["var.hidden"]}
    name = f"v{len(plan['variables'])}"
    plan["variables"][name] = {"value": value}
    plan["configuration"]["root_module"]["variables"][name] = {}
    return {"references": [f"var.{name}"]}


def _expressions(tree: Json, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Every expression that can be hidden: each constant, each feed, each nested block as a whole."""
    for name, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
        here = (*path, name)
        if isinstance(part, dict) and "constant_value" in part:
            yield here, part["constant_value"]
        elif isinstance(part, dict) and "references" in part:
            if part["references"] != ["var.hidden"]:
                yield here, None
        else:
            if isinstance(part, list):
                yield here, None
            yield from _expressions(part, here)


def _of_changes(plan: Json) -> Iterator[Forgetting]:
    for position, wire in enumerate(plan["resource_changes"]):
        address = wire["address"]
        if "provider_name" in wire:
            yield Forgetting(f"{address}: provider", _drop_provider(position))
        after = wire["change"]["after"]
        if after is None:
            continue
        kind = KINDS[wire["type"]]
        places = dict.fromkeys((*kind.regions, *CLOUD_ATTRIBUTES))
        for attribute in places:
            if after.get(attribute) is not None:
                yield Forgetting(f"{address}: {attribute}", _hide(position, (attribute,)))
                if isinstance(after[attribute], str) and "configuration" in plan:
                    yield Forgetting(
                        f"{address}: {attribute} by variable", _hide(position, (attribute,), after[attribute])
                    )
        if kind.parent is not None and kind.parent[0] in after:
            yield Forgetting(f"{address}: {kind.parent[0]} after apply", _not_yet(position, kind.parent[0]))
        if kind.parent is not None and _refers_to_resource(plan, wire, kind.parent[0]):
            yield Forgetting(f"{address}: {kind.parent[0]}", _hide(position, (kind.parent[0],)))
        names = tuple(name for name, _shape in kind.labels)
        if names:
            yield Forgetting(f"{address}: all labels", _hide(position, names))
        merged = tuple(
            name for name, shape in kind.labels if shape == "merged" and after.get(name) is not None
        )
        if merged:
            yield Forgetting(f"{address}: merged labels", _hide(position, merged, written=False))
        paths = dict.fromkeys(path for name in names for path in _texts(after.get(name), ()))
        for path in paths:
            yield Forgetting(
                f"{address}: label {'.'.join(map(str, path))}", _hide_text(position, names, path)
            )


def _drop_provider(position: int) -> Callable[[Json], None]:
    return lambda plan: plan["resource_changes"][position].pop("provider_name")


def _block(plan: Json, wire: Json) -> Json | None:
    root = plan.get("configuration", {}).get("root_module", {})
    module = root["module_calls"]["app"]["module"] if root and wire.get("module_address") else root
    for block in module.get("resources", ()):
        if (block["type"], block["name"]) == (wire["type"], wire["name"]):
            return block
    return None


def _refers_to_resource(plan: Json, wire: Json, attribute: str) -> bool:
    block = _block(plan, wire)
    found = block["expressions"].get(attribute) if block else None
    return bool(found) and found.get("references") != ["var.hidden"]


def _not_yet(position: int, attribute: str) -> Callable[[Json], None]:
    """Known only after apply, through the same expression."""

    def change(plan: Json) -> None:
        wire = plan["resource_changes"][position]["change"]
        wire["after"].pop(attribute, None)
        wire["after_unknown"][attribute] = True

    return change


def _hide(
    position: int, names: tuple[str, ...], value: str | None = None, *, written: bool = True
) -> Callable[[Json], None]:
    """Make whole attributes unknown, and their expressions references to a variable."""

    def change(plan: Json) -> None:
        wire = plan["resource_changes"][position]
        block = _block(plan, wire) if written else None
        for name in names:
            wire["change"]["after"].pop(name, None)
            wire["change"]["after_unknown"][name] = True
            if block is not None and name not in MERGED:
                block["expressions"][name] = _reference(plan, value)

    return change


def _texts(tree: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Paths below a label attribute at which a text stands."""
    if isinstance(tree, str):
        yield path
    elif isinstance(tree, dict):
        for name, part in tree.items():
            yield from _texts(part, (*path, name))
    elif isinstance(tree, list):
        for at, part in enumerate(tree):
            yield from _texts(part, (*path, at))


def _hide_text(position: int, names: tuple[str, ...], path: tuple[str | int, ...]) -> Callable[[Json], None]:
    """Make one text unknown in every attribute of the label group that holds it."""

    def change(plan: Json) -> None:
        wire = plan["resource_changes"][position]
        block = _block(plan, wire)
        for name in names:
            tree = wire["change"]["after"].get(name)
            if not _hide_at(wire["change"], name, tree, path):
                continue
            if block is not None and name in block["expressions"]:
                block["expressions"][name] = {"references": ["var.hidden"]}

    return change


def _hide_at(change: Json, name: str, tree: Json, path: tuple[str | int, ...]) -> bool:
    mask = change["after_unknown"].get(name)
    if tree is None or mask is True:
        return False
    change["after_unknown"][name] = mask = mask or ([] if isinstance(tree, list) else {})
    for at, step in enumerate(path):
        last = at == len(path) - 1
        if isinstance(tree, list):
            if not isinstance(step, int) or step >= len(tree):
                return False
            mask.extend({} for _ in range(len(mask), step + 1))
            if last:
                tree[step], mask[step] = None, True
                return True
            below: Json = [] if isinstance(tree[step], list) else {}
            mask[step] = mask[step] or below
        else:
            if not isinstance(tree, dict) or step not in tree:
                return False
            if last:
                del tree[step]
                mask[step] = True
                return True
            below = [] if isinstance(tree[step], list) else {}
            mask.setdefault(step, below)
        tree, mask = tree[step], mask[step]
    return False
