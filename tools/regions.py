"""Compares rules/catalog/regions/ with lists of regions that clouds publish, and tells the differences.

    python tools/regions.py --package-folder LISTS [--published FILES] [--snapshot FILE] [CLOUD...]

LISTS holds packages as `pip download --no-deps -d LISTS NAME...` gives them, one version of each, wheel or
source archive. They are read as archives, never imported:

    botocore azure-cli google-api-python-client oci huaweicloudsdkecs huaweicloudsdkobs tccli pydo exoscale
    aliyun-python-sdk-core scaleway-core osc-sdk-python prowler apache-libcloud

Without --package-folder, those that are installed beside this script are read: make an environment of their
own for them, never the project's. This script itself fetches nothing.

FILES holds files that are published without a package, each under its own name, with the day of the commit
as its time stamp (`touch -d`):

    locations.tf.json   github.com/Azure/terraform-azurerm-avm-utl-regions, modules/cached-data/
    clouds-list.md      github.com/aiven/aiven-docs, static/includes/
    IBMCOS.yaml, Linode.yaml, OVHcloud.yaml   github.com/rclone/rclone, backend/s3/provider/

CLOUD names the region tables to compare, all by default. --snapshot writes the codes that were read, with
the version and day of each list (tests/data/region-lists.json is made so).

Told for each cloud:

    not read      the package or file is not there
    lacking       a list has the code, our table does not
    no country    our entry tells no country, and no note says why
    only ours     no list of the cloud has the code, and neither note nor end date of ours says why
    different     the list's display name leads elsewhere, or its country is another than ours

Exit code: 0 nothing told; 1 something; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import yaml

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.catalog.catalog import Place

UNSTAMPED = {"1980-01-01", "2016-01-01", "2020-02-02"}
"""Days that build tools write into archives for the sake of reproducible builds: they tell nothing."""

INTERNAL = re.compile(
    r"cn-edge-1|cn-yushanfang|cn-fujian|.*-(?:internal|inner|test|pop|oxs|nebula)\b.*|.*-[a-z]+\d*-[a-z]\d+"
)
"""Codes in Alibaba's SDK that no customer can choose."""

COUNTRIES = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Bulgaria": "BG",
    "Canada": "CA", "Chile": "CL", "Croatia": "HR", "Denmark": "DK", "England": "GB", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Hong Kong": "HK", "India": "IN", "Indonesia": "ID", "Ireland": "IE",
    "Israel": "IL", "Italy": "IT", "Japan": "JP", "Korea": "KR", "Mexico": "MX", "Netherlands": "NL",
    "New Zealand": "NZ", "Norway": "NO", "Poland": "PL", "Qatar": "QA", "Saudi Arabia": "SA",
    "Singapore": "SG", "South Africa": "ZA", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH",
    "Taiwan": "TW", "UAE": "AE", "United Kingdom": "GB", "United States": "US", "Wales": "GB",
}  # fmt: skip
"""Countries as Aiven's list names them."""
COUNTRY = re.compile(r"\b(?:" + "|".join(COUNTRIES) + r")\b")


class Entry(NamedTuple):
    """One region in a list: its code, and display names and ISO country where the list gives them."""

    code: str
    names: tuple[str, ...] = ()
    country: str = ""


class Source(NamedTuple):
    """A list as it was found."""

    name: str
    version: str
    day: str
    read: Callable[[str], str]


class Listing(NamedTuple):
    """A list that some package or file holds.

    Attributes:
        cloud: our table. whole: whether the list means to name every region, so that codes that only we have
            are worth telling.
        package: name on PyPI; empty for a file. path: the file, inside the package or by its name.

    """

    cloud: str
    package: str
    path: str
    parse: Callable[[str], Iterator[Entry]]
    whole: bool = True


# -- what lists look like ------------------------------------------------------------------------------------


def partitions(text: str) -> Iterator[Entry]:
    """Read botocore's partitions.json and endpoints.json."""
    for partition in json.loads(text)["partitions"]:
        for code, region in partition["regions"].items():
            said = region.get("description", "")
            yield Entry(code, () if not said or "global region" in said else (said,))


def discovery(text: str) -> Iterator[Entry]:
    """Read where Google's API has regional endpoints, in one of its discovery documents."""
    for endpoint in json.loads(text).get("endpoints", ()):
        if "location" in endpoint:
            yield Entry(endpoint["location"])


def azure_locations(text: str) -> Iterator[Entry]:
    """Read the answer of Azure's list of locations, as Microsoft keeps it in a Terraform module."""
    for location in json.loads(text)["locals"]["locations_cached"]["value"]:
        if "stage" not in location["name"]:  # Microsoft's own; no customer can choose it.
            yield Entry(location["name"], (location["displayName"],))


def pairs_of_regions(text: str) -> Iterator[Entry]:
    """Read the paired regions of the Azure CLI, which name those of every Azure cloud."""
    table = _constant(text, "secondary_region_map")
    yield from (Entry(code) for code in sorted({*table, *table.values()}))


def realms(text: str) -> Iterator[Entry]:
    """Read the regions of Oracle's SDK, with their three letters."""
    short = {code: letters for letters, code in _constant(text, "REGIONS_SHORT_NAMES").items()}
    for code in _constant(text, "REGION_REALMS"):
        yield Entry(code, (short[code],) if code in short else ())


def alibaba(text: str) -> Iterator[Entry]:
    """Read Alibaba's endpoint table."""
    yield from (Entry(code) for code in json.loads(text)["regions"] if not INTERNAL.fullmatch(code))


def outscale(text: str) -> Iterator[Entry]:
    """Read the servers of Outscale's API description."""
    servers = yaml.load(text, yaml.CSafeLoader)["servers"]
    yield from (Entry(code) for code in servers[0]["variables"]["region"]["enum"])


def exoscale(text: str) -> Iterator[Entry]:
    """Read the servers of Exoscale's API description."""
    servers = json.loads(text)["servers"]
    yield from (Entry(code) for code in servers[0]["variables"]["zone"]["enum"])


def services(text: str) -> Iterator[Entry]:
    """Read regions by service."""
    for service in json.loads(text)["services"].values():
        yield from (Entry(code) for code in service["regions"])


def recorded(key: str) -> Callable[[str], Iterator[Entry]]:
    """Return a reader of an API's answer that Libcloud keeps for its tests."""

    def read(text: str) -> Iterator[Entry]:
        for region in json.loads(text)[key]:
            country = region["country"].upper()
            yield Entry(region["id"], country="GB" if country == "UK" else country)

    return read


def upcloud(text: str) -> Iterator[Entry]:
    """Read UpCloud's zones, as Libcloud keeps them for its tests."""
    yield from (Entry(zone["id"]) for zone in json.loads(text)["zones"]["zone"])


def aiven(text: str) -> Iterator[Entry]:
    """Read the rows of Aiven's list: `Europe, France: Paris`. Some name no country."""
    for name, said in re.findall(r"<td>([a-z0-9-]+)</td>\s*<td>([^<]+)</td>\s*</tr>", text):
        told = COUNTRY.search(said)
        yield Entry(name, country=COUNTRIES[told[0]] if told else "")


def ibm(text: str) -> Iterator[Entry]:
    """Read rclone's storage classes of IBM, each of which names a place."""
    yield from (Entry(code) for code in yaml.load(text, yaml.CSafeLoader)["location_constraint"])


def linode(text: str) -> Iterator[Entry]:
    """Read rclone's hosts of Linode."""
    hosts = yaml.load(text, yaml.CSafeLoader)["endpoint"]
    yield from (Entry(host.partition(".")[0]) for host in hosts)


def ovhcloud(text: str) -> Iterator[Entry]:
    """Read rclone's regions of OVHcloud."""
    yield from (Entry(code) for code in yaml.load(text, yaml.CSafeLoader)["region"])


def matching(pattern: str) -> Callable[[str], Iterator[Entry]]:
    """Return a reader of what a pattern's group matches in a program."""

    def read(text: str) -> Iterator[Entry]:
        yield from (Entry(code) for code in sorted(set(re.findall(pattern, text))))

    return read


def _constant(text: str, name: str) -> dict[str, str]:
    """Return a constant of a Python module without running it."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            value = ast.literal_eval(statement.value)
            return dict(value)
    raise LookupError(f"there is no {name}")


HUAWEI = matching(r'Region\("([^"]+)"')
TENCENT = matching(r"\b((?:ap|eu|me|na|sa)-[a-z]{4,}(?:-fsi)?-\d)\b")
RECORDED = "libcloud/test/compute/fixtures"
DOCUMENTS = "googleapiclient/discovery_cache/documents/*.json"

LISTINGS = (
    Listing("aws", "botocore", "botocore/data/partitions.json", partitions),
    Listing("aws", "botocore", "botocore/data/endpoints.json", partitions),
    Listing("azure", "azure-cli", "azure/cli/command_modules/backup/custom.py", pairs_of_regions),
    Listing("azure", "", "locations.tf.json", azure_locations),
    Listing("google", "google-api-python-client", DOCUMENTS, discovery),
    Listing("oci", "oci", "oci/regions_definitions.py", realms),
    Listing("huawei", "huaweicloudsdkecs", "huaweicloudsdkecs/v2/region/ecs_region.py", HUAWEI),
    Listing("huawei", "huaweicloudsdkobs", "huaweicloudsdkobs/v1/region/obs_region.py", HUAWEI),
    Listing("alibaba", "aliyun-python-sdk-core", "aliyunsdkcore/data/endpoints.json", alibaba, whole=False),
    Listing("tencent", "tccli", "tccli/services/cvm/v20170312/api.json", TENCENT, whole=False),
    Listing("scaleway", "scaleway-core", "scaleway_core/bridge/region.py", matching(r'Region\("([^"]+)"')),
    Listing("scaleway", "scaleway-core", "scaleway_core/bridge/zone.py", matching(r'Zone\("([^"]+)"')),
    Listing("exoscale", "exoscale", "exoscale/openapi.json", exoscale),
    Listing("outscale", "osc-sdk-python", "osc_sdk_python/resources/outscale.yaml", outscale),
    Listing(
        "digitalocean",
        "pydo",
        "pydo/operations/_operations.py",
        matching(r"\b((?:ams|atl|blr|fra|lon|nyc|ric|sfo|sgp|syd|tor)\d)\b"),
    ),
    Listing("stackit", "prowler", "prowler/providers/stackit/stackit_regions_by_service.json", services),
    Listing(
        "vultr",
        "apache-libcloud",
        f"{RECORDED}/vultr_v2/list_locations.json",
        recorded("regions"),
        whole=False,
    ),
    Listing(
        "linode",
        "apache-libcloud",
        f"{RECORDED}/linode_v4/list_locations.json",
        recorded("data"),
        whole=False,
    ),
    Listing("upcloud", "apache-libcloud", f"{RECORDED}/upcloud/api_1_2_zone.json", upcloud, whole=False),
    Listing("aiven", "", "clouds-list.md", aiven),
    Listing("ibm", "", "IBMCOS.yaml", ibm, whole=False),
    Listing("linode", "", "Linode.yaml", linode, whole=False),
    Listing("ovhcloud", "", "OVHcloud.yaml", ovhcloud, whole=False),
)


# -- where lists are -----------------------------------------------------------------------------------------


def sources(listing: Listing, packages: Path | None, published: Path | None) -> Source | None:
    """Return the package or file that holds a list, None where it is not there."""
    if not listing.package:
        file = published / listing.path if published else None
        if file is None or not file.is_file():
            return None
        day = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC).date().isoformat()
        return Source(listing.path, "", day, lambda _path: file.read_text(encoding="utf-8"))
    if packages is None:
        return _installed(listing.package)
    written = re.escape(listing.package).replace(r"\-", "[-_.]")
    named = re.compile(rf"{written}-(\d[^-]*?)(?:-[^/]*\.whl|\.tar\.gz)", re.IGNORECASE)
    found = [(match[1], file) for file in sorted(packages.iterdir()) if (match := named.fullmatch(file.name))]
    if len(found) > 1:
        raise SystemExit(f"{packages} has several versions of {listing.package}: leave one.")
    return _archive(listing.package, *found[0]) if found else None


def _archive(package: str, version: str, file: Path) -> Source:
    if file.suffix == ".whl":
        with ZipFile(file) as wheel:
            day = max("{:04}-{:02}-{:02}".format(*member.date_time[:3]) for member in wheel.infolist())

        def read(path: str) -> str:
            with ZipFile(file) as wheel:
                return wheel.read(path).decode()
    else:
        day = ""

        def read(path: str) -> str:
            with tarfile.open(file) as pack:
                for member in pack:
                    if member.name.endswith(f"/{path}") and (content := pack.extractfile(member)):
                        return content.read().decode()
            raise KeyError(path)

    return Source(package, version, "" if day in UNSTAMPED else day, read)


def _installed(package: str) -> Source | None:
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None

    def read(path: str) -> str:
        return Path(str(found.locate_file(path))).read_text(encoding="utf-8")

    return Source(package, found.version, "", read)


def _paths(listing: Listing, packages: Path | None) -> list[str]:
    """Return the files of a list that stands in many, all of one folder."""
    if "*" not in listing.path:
        return [listing.path]
    folder, _slash, _star = listing.path.rpartition("/")
    if packages is None:
        found = metadata.distribution(listing.package)
        names = [str(file) for file in found.files or ()]
    else:
        wheels = sorted(packages.glob(f"{listing.package.replace('-', '_')}-*.whl"))
        with ZipFile(wheels[0]) as wheel:
            names = wheel.namelist()
    return [name for name in names if name.startswith(f"{folder}/") and name.endswith(".json")]


# -- the comparison ------------------------------------------------------------------------------------------


class Read(NamedTuple):
    """A list with its entries."""

    listing: Listing
    source: Source
    entries: tuple[Entry, ...]


def look_up(catalog: Catalog, cloud: str, code: str) -> Place | None:
    """Return our entry for a code; for tables that only lead to other clouds, that of the other cloud."""
    table = catalog.table(cloud)
    if table is not None and table.clouds:
        below = catalog.place_below(cloud, "", code)
        return below[1] if below else None
    return catalog.place(cloud, code)


def differences(catalog: Catalog, cloud: str, lists: list[Read]) -> Iterator[str]:
    """Tell how our table of a cloud differs from the lists."""
    met: set[str] = set()
    for entry in dict.fromkeys(entry for read in lists for entry in read.entries):
        place = look_up(catalog, cloud, entry.code)
        if place is None:
            yield f"lacking: {entry.code} {' '.join(entry.names)}".rstrip()
            continue
        met.add(place.code)
        region = place.region
        if not region.lies_in and not region.everywhere and not region.note:
            yield f"no country: {entry.code}"
        for name in entry.names:
            other = catalog.place(cloud, name)
            if other is None or other.code != place.code:
                yield f"different: {name!r} is {entry.code} there, {other.code if other else 'unknown'} here"
        if entry.country and region.lies_in != (entry.country,):
            yield f"different: {entry.code} is in {entry.country} there, {', '.join(region.lies_in)} here"
    table = catalog.table(cloud)
    if table is not None and any(read.listing.whole for read in lists):
        for code, region in table.regions.items():
            explained = region.note or region.ended or region.everywhere
            if code not in met and not explained:
                yield f"only ours: {code}"


def snapshot(lists: list[Read]) -> str:
    """Return the codes that were read, as JSON."""
    parts: list[dict[str, Any]] = [
        {
            "cloud": read.listing.cloud,
            "package": read.listing.package,
            "file": read.listing.path,
            "version": read.source.version,
            "date": read.source.day,
            "codes": sorted({entry.code for entry in read.entries}),
        }
        for read in lists
    ]
    return json.dumps({"lists": parts}, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clouds", nargs="*", metavar="CLOUD")
    parser.add_argument("--package-folder", type=Path)
    parser.add_argument("--published", type=Path)
    parser.add_argument("--snapshot", type=Path)
    chosen = parser.parse_args(arguments)
    known = {listing.cloud for listing in LISTINGS}
    if strange := sorted(set(chosen.clouds) - known):
        parser.error(f"no list is known of {', '.join(strange)}. Known: {', '.join(sorted(known))}.")
    catalog = load()
    lists: list[Read] = []
    failed = False
    for listing in LISTINGS:
        if chosen.clouds and listing.cloud not in chosen.clouds:
            continue
        source = sources(listing, chosen.package_folder, chosen.published)
        if source is None:
            failed = True
            sys.stdout.write(f"{listing.cloud}: not read: {listing.package or listing.path} is not there\n")
            continue
        entries = dict.fromkeys(
            entry
            for path in _paths(listing, chosen.package_folder)
            for entry in listing.parse(source.read(path))
        )
        lists.append(Read(listing, source, tuple(entries)))
        told = " ".join(filter(None, (source.name, source.version, listing.path if listing.package else "")))
        day = source.day or "day not stamped"
        sys.stdout.write(f"{listing.cloud}: {told} ({day}): {len(entries)} regions\n")
    for cloud in dict.fromkeys(read.listing.cloud for read in lists):
        found = list(differences(catalog, cloud, [read for read in lists if read.listing.cloud == cloud]))
        failed = failed or bool(found)
        sys.stdout.writelines(f"{cloud}: {line}\n" for line in found)
    if chosen.snapshot:
        chosen.snapshot.write_text(snapshot(lists), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
