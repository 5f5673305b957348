"""Regions and zones: every published code leads to its place, looked up by cloud and code together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovereign_guard.catalog import Catalog, load

ROOT = Path(__file__).parent.parent
LISTS: list[dict[str, Any]] = json.loads((ROOT / "tests/data/region-lists.json").read_bytes())["lists"]
"""Codes that clouds published, frozen: what tools/regions.py --snapshot wrote."""

COUNTRY_NOT_KNOWN = {
    ("aws", "aws-iso-e-global"),
    ("aws", "eu-isoe-west-1"),
    ("cubbit", "eu-west-1"),
    ("google", "europe-west5"),
    ("google", "europe-west15"),
}
"""Entries whose country could not be established. Each says so in its note; no other entry may lack one."""

ISO_3166 = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE
    VG VI VN VU WF WS YE YT ZA ZM ZW
"""
"""ISO 3166-1 alpha-2, the codes that are assigned."""


@cache
def catalog() -> Catalog:
    return load()


def tables() -> dict[str, Any]:
    return dict(catalog().data.regions)


CODES = sorted((cloud, code) for cloud, table in tables().items() for code in table.regions)
SPELLINGS = sorted(
    {
        spelled
        for table in tables().values()
        for code, region in table.regions.items()
        for spelled in (code, *region.aliases)
    }
)


# -- the tables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", sorted(tables()))
def test_a_spelling_leads_to_one_entry_of_its_table(cloud: str) -> None:
    """Codes and aliases compare without case and with `-` for `_`, as look-ups do."""
    meant: dict[str, str] = {}
    twice = []
    for code, region in tables()[cloud].regions.items():
        for spelled in (code, *region.aliases):
            key = spelled.lower().replace("_", "-")
            if meant.setdefault(key, code) != code:
                twice.append((spelled, meant[key], code))
            place = catalog().place(cloud, spelled)
            assert place is not None, spelled
            assert place.code == code, spelled
    assert twice == []


def test_countries_are_iso_codes() -> None:
    known = frozenset(ISO_3166.split())
    strange = [
        (cloud, code, country)
        for cloud, code in CODES
        for country in tables()[cloud].regions[code].lies_in
        if country not in known
    ]
    assert strange == []


def test_every_region_has_a_country_or_says_why_not() -> None:
    without = {
        (cloud, code)
        for cloud, code in CODES
        if not tables()[cloud].regions[code].lies_in and not tables()[cloud].regions[code].everywhere
    }
    assert without == COUNTRY_NOT_KNOWN
    assert all(tables()[cloud].regions[code].note for cloud, code in without)


def test_a_region_says_its_country_one_way() -> None:
    several = [
        (cloud, code)
        for cloud, code in CODES
        for region in [tables()[cloud].regions[code]]
        if sum(map(bool, (region.country, region.countries, region.everywhere))) > 1
    ]
    assert several == []


def test_a_table_is_complete_only_where_a_list_was_read() -> None:
    for cloud, table in tables().items():
        if table.complete:
            assert any(source.read for source in table.sources.values()), cloud


# -- published lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listed", LISTS, ids=lambda one: f"{one['cloud']}-{one['package'] or 'file'}-{Path(one['file']).stem}"
)
def test_every_published_code_has_a_place(listed: dict[str, Any]) -> None:
    cloud, lost, nowhere = listed["cloud"], [], set()
    for code in listed["codes"]:
        if tables()[cloud].clouds:
            below = catalog().place_below(cloud, "", code)
            place = below[1] if below else None
        else:
            place = catalog().place(cloud, code)
        if place is None:
            lost.append(code)
        elif not place.region.lies_in and not place.region.everywhere:
            nowhere.add((place.cloud, place.code))
    assert lost == []
    assert nowhere <= COUNTRY_NOT_KNOWN


def test_the_lists_that_must_be_there_are_there() -> None:
    """Botocore's, Google's and Azure's, of all their clouds, each with version or day."""
    listed = {(one["cloud"], one["package"]): set(one["codes"]) for one in LISTS}
    assert {
        "eu-west-3",
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
    } <= (listed["aws", "botocore"])
    assert {"us-isof-south-1", "eusc-de-east-1"} <= listed["aws", "botocore"]
    assert {"francecentral", "chinaeast2", "usgovvirginia", "germanycentral", "bleufrancecentral"} <= (
        listed["azure", "azure-cli"]
    )
    assert {"denmarkeast", "europe", "global"} <= listed["azure", ""]
    assert {"europe-west9", "asia-southeast4", "eu"} <= listed["google", "google-api-python-client"]
    assert all(one["version"] or one["date"] for one in LISTS)
    assert all(one["codes"] == sorted(set(one["codes"])) for one in LISTS)


# -- look-ups by cloud and code ------------------------------------------------------------------------------


@given(st.sampled_from(CODES), st.sampled_from(sorted(tables())))
def test_the_same_code_has_its_own_place_in_each_cloud(known: tuple[str, str], other: str) -> None:
    cloud, code = known
    place = catalog().place(cloud, code)
    assert place is not None
    assert (place.cloud, place.code, place.region) == (cloud, code, tables()[cloud].regions[code])
    elsewhere = catalog().place(other, code)
    if elsewhere is not None:
        assert elsewhere.cloud == other
        assert elsewhere.region == tables()[other].regions[elsewhere.code]


@given(
    st.sampled_from(sorted(tables())),
    st.sampled_from(SPELLINGS),
    st.sampled_from(
        ["", "a", "-a", "-1", "-01", "1", "-dc3", "_project", "-az1", "-ad-1", "-standard", "-fips"]
    ),
    st.sampled_from(["", "fips-", "regional-"]),
)
def test_no_zone_of_one_cloud_leads_to_another(cloud: str, code: str, suffix: str, prefix: str) -> None:
    place = catalog().place(cloud, prefix + code + suffix)
    if place is not None:
        assert place.cloud == cloud
        assert place.region == tables()[cloud].regions[place.code]


@given(st.sampled_from(CODES), st.randoms(use_true_random=False))
def test_case_says_nothing(known: tuple[str, str], random: Any) -> None:
    cloud, code = known
    mixed = "".join(random.choice((letter.lower(), letter.upper())) for letter in code)
    place = catalog().place(cloud, mixed)
    assert place is not None
    assert place.code == code


PLACES = (
    # The same code in several clouds
    ("aws", "eu-west-2", "eu-west-2", ("GB",)),
    ("outscale", "eu-west-2", "eu-west-2", ("FR",)),
    ("numspot", "eu-west-2", "eu-west-2", ("FR",)),
    ("alibaba", "eu-west-1", "eu-west-1", ("GB",)),
    ("aws", "eu-west-1", "eu-west-1", ("IE",)),
    ("huawei", "ap-southeast-1", "ap-southeast-1", ("HK",)),
    ("aws", "ap-southeast-1", "ap-southeast-1", ("SG",)),
    ("aws", "me-west-1", "me-west-1", ("SA",)),
    ("google", "me-west1", "me-west1", ("IL",)),
    ("linode", "eu-central", "eu-central", ("DE",)),
    ("hetzner", "eu-central", "eu-central", ("DE", "FI")),
    ("ionos", "eu-central-2", "eu-central-2", ("DE",)),
    ("aws", "eu-central-2", "eu-central-2", ("CH",)),
    ("google", "SA", "SA", ("SA",)),
    ("ibm", "syd", "syd", ("AU",)),
    # Zones
    ("aws", "eu-west-3a", "eu-west-3", ("FR",)),
    ("aws", "euw3-az1", "eu-west-3", ("FR",)),
    ("aws", "us-east-1-qro-1a", "us-east-1-qro-1", ("MX",)),
    ("aws", "eu-central-1-waw-1a", "eu-central-1-waw-1", ("PL",)),
    ("aws", "fips-us-gov-west-1", "us-gov-west-1", ("US",)),
    ("aws", "us-iso-east-1-fips", "us-iso-east-1", ("US",)),
    ("aws", "eusc-de-east-1a", "eusc-de-east-1", ("DE",)),
    ("azure", "francecentral-2", "francecentral", ("FR",)),
    ("azure", "eastus-az3", "eastus", ("US",)),
    ("google", "europe-west9-b", "europe-west9", ("FR",)),
    ("google", "us-south1-ai1b", "us-south1", ("US",)),
    ("outscale", "cloudgouv-eu-west-1a", "cloudgouv-eu-west-1", ("FR",)),
    ("outscale", "us-east-2b", "us-east-2", ("US",)),
    ("scaleway", "fr-par-2", "fr-par", ("FR",)),
    ("scaleway", "it-mil-1", "it-mil", ("IT",)),
    ("ovhcloud", "GRA11", "GRA", ("FR",)),
    ("ovhcloud", "gra", "GRA", ("FR",)),
    ("ovhcloud", "EU-WEST-PAR-A", "EU-WEST-PAR", ("FR",)),
    ("ovhcloud", "EU-SOUTH-MIL-B", "EU-SOUTH-MIL", ("IT",)),
    ("ovhcloud", "EU-WEST-LZ-LUX-A", "EU-WEST-LZ-LUX", ("LU",)),
    ("ovhcloud", "US-EAST-VA-1", "US-EAST-VA", ("US",)),
    ("ovhcloud", "RBX-B", "RBX", ("FR",)),
    ("oci", "Uocm:eu-frankfurt-1-AD-1", "eu-frankfurt-1", ("DE",)),
    ("ibm", "eu-de-2", "eu-de", ("DE",)),
    ("ibm", "par01", "par", ("FR",)),
    ("tencent", "eu-frankfurt-1", "eu-frankfurt", ("DE",)),
    ("tencent", "ap-shanghai-fsi-2", "ap-shanghai-fsi", ("CN",)),
    ("tencent", "me-saudi-arabia-1", "me-saudi-arabia", ("SA",)),
    ("alibaba", "eu-central-1a", "eu-central-1", ("DE",)),
    ("huawei", "eu-west-101a", "eu-west-101", ("IE",)),
    ("hetzner", "hil-dc1", "hil", ("US",)),
    ("opentelekomcloud", "eu-de-01", "eu-de", ("DE",)),
    ("opentelekomcloud", "eu-de_project", "eu-de", ("DE",)),
    ("stackit", "eu01-1", "eu01", ("DE",)),
    ("infomaniak", "dc3-a-09", "dc3-a", ("CH",)),
    ("linode", "us-ord-10", "us-ord", ("US",)),
    # Display names
    ("azure", "France Central", "francecentral", ("FR",)),
    ("azure", "WEST EUROPE", "westeurope", ("NL",)),
    ("azure", "US Gov Virginia", "usgovvirginia", ("US",)),
    ("azure", "USGov Virginia", "usgovvirginia", ("US",)),
    ("azure", "United Kingdom", "uk", ("GB",)),
    ("aws", "Europe (Paris)", "eu-west-3", ("FR",)),
    ("tencent", "Europe (Frankfurt)", "eu-frankfurt", ("DE",)),
)


@pytest.mark.parametrize(("cloud", "written", "code", "countries"), PLACES, ids=lambda one: str(one))
def test_zones_and_names_lead_to_their_region(
    cloud: str, written: str, code: str, countries: tuple[str, ...]
) -> None:
    place = catalog().place(cloud, written)
    assert place is not None
    assert (place.cloud, place.code, place.region.lies_in) == (cloud, code, countries)


@pytest.mark.parametrize(
    ("cloud", "written"),
    [
        ("aws", "us-east-2-wl1-bos-wlz-1"),
        ("aws", "eu-west-9a"),
        ("outscale", "eu-west-3a"),
        ("google", "europe-west11-a"),
        ("azure", "francenorth-1"),
        ("scaleway", "de-fra-1"),
        ("hetzner", "fsn2"),
        ("ovhcloud", "EU-WEST-LYO-A"),
        ("nowhere", "eu-west-1"),
    ],
)
def test_what_no_table_has_leads_nowhere(cloud: str, written: str) -> None:
    assert catalog().place(cloud, written) is None


@pytest.mark.parametrize(
    ("cloud", "code", "operator"),
    [
        ("aws", "eu-west-3", "aws"),
        ("aws", "cn-north-1", "sinnet"),
        ("aws", "cn-northwest-1", "nwcd"),
        ("aws", "eusc-de-east-1", "aws-eusc"),
        ("azure", "francecentral", "microsoft"),
        ("azure", "chinaeast3", "21vianet"),
        ("azure", "germanycentral", "t-systems"),
        ("azure", "germanywestcentral", "microsoft"),
        ("azure", "bleufrancesouth", "bleu"),
        ("azure", "deloscloudgermanynorth", "delos"),
        ("outscale", "us-east-2", "outscale-us"),
        ("outscale", "eu-west-2", "outscale"),
        ("ovhcloud", "US-WEST-OR", "ovh-us"),
        ("ovhcloud", "US-EAST-LZ-NYC-A", "ovh-us"),
        ("ovhcloud", "BHS5", "ovhcloud"),
        ("oci", "eu-madrid-1", "oracle"),
        ("oci", "eu-madrid-2", "oracle-eusc"),
        ("tencent", "eu-frankfurt", "tencent"),
        ("s3ns", "u-france-east1", "s3ns"),
    ],
)
def test_the_company_that_runs_a_region(cloud: str, code: str, operator: str) -> None:
    place = catalog().place(cloud, code)
    assert place is not None
    assert (place.region.operator or tables()[cloud].operator) == operator
    assert catalog().operator(operator) is not None


@pytest.mark.parametrize(
    ("service", "cloud", "region", "stands"),
    [
        ("aiven", "", "aws-eu-west-3", ("aws", "eu-west-3")),
        ("aiven", "", "azure-france-central", ("azure", "francecentral")),
        ("aiven", "", "google-europe-west9", ("google", "europe-west9")),
        ("aiven", "", "upcloud-fi-hel", ("upcloud", "fi-hel1")),
        ("aiven", "", "avn-ovh-gra11", ("ovhcloud", "GRA")),
        ("aiven", "", "avn-ovh-par", ("ovhcloud", "EU-WEST-PAR")),
        ("aiven", "", "eu-frankfurt-1", ("oci", "eu-frankfurt-1")),
        ("atlas", "AWS", "EU_WEST_3", ("aws", "eu-west-3")),
        ("atlas", "GCP", "WESTERN_EUROPE", ("google", "europe-west1")),
        ("atlas", "AZURE", "FRANCE_CENTRAL", ("azure", "francecentral")),
        ("snowflake", "", "AWS_EU_CENTRAL_1", ("aws", "eu-central-1")),
        ("snowflake", "", "AZURE_WESTEUROPE", ("azure", "westeurope")),
        ("snowflake", "", "GCP_EUROPE_WEST2", ("google", "europe-west2")),
        ("confluent", "AWS", "eu-west-3", ("aws", "eu-west-3")),
        ("confluent", "AZURE", "francecentral", ("azure", "francecentral")),
        ("confluent", "GCP", "europe-west9", ("google", "europe-west9")),
    ],
)
def test_a_service_s_name_leads_to_the_region_below(
    service: str, cloud: str, region: str, stands: tuple[str, str]
) -> None:
    below = catalog().place_below(service, cloud, region)
    assert below is not None
    assert below[0] == stands[0]
    assert below[1] is not None
    assert (below[1].cloud, below[1].code) == stands


SNOWFLAKE_IDS = """
    aws_us_west_2 aws_us_gov_west_2=us-west-2 aws_us_gov_west_1_fhplus=us-gov-west-1
    aws_us_gov_west_1_dod=us-gov-west-1 aws_us_east_2 aws_us_east_1 aws_us_gov_east_1=us-east-1
    aws_us_gov_east_1_fhplus=us-gov-east-1 aws_ca_central_1 aws_sa_east_1 aws_af_south_1 aws_eu_west_1
    aws_eu_west_2 aws_eu_west_3 aws_eu_central_1 aws_eu_central_2 aws_eu_north_1 aws-me-central-1
    aws_ap_northeast_1 aws_ap_northeast_2 aws_ap_northeast_3 aws_ap_south_1 aws_ap_southeast_1
    aws_ap_southeast_2 aws_ap_southeast_3 aws_ap_southeast_5 aws_ap_southeast_6 aws_ap_southeast_7
    aws_cn_northwest_1 gcp_us_central1 gcp_us_east4 gcp_europe_west2 gcp_europe_west3 gcp_europe_west4
    gcp_me_central2 gcp-australia-southeast2 azure_westus2 azure_centralus azure_southcentralus
    azure_eastus azure_eastus2 azure_usgovvirginia azure_usgovvirginia_fhplus=usgovvirginia
    azure_canadacentral azure_mexicocentral azure_uksouth azure_northeurope azure_swedencentral
    azure_westeurope azure_switzerlandnorth azure_uaenorth azure_centralindia azure_japaneast
    azure_koreacentral azure_southeastasia azure_australiaeast
"""
"""Every region id that Snowflake lists, with the cloud's code where it is not what follows the prefix."""


@pytest.mark.parametrize("written", SNOWFLAKE_IDS.split())
def test_every_snowflake_id_leads_to_the_region_below(written: str) -> None:
    named, _equals, code = written.partition("=")
    expected = code or re.split("[_-]", named, maxsplit=1)[1].replace("_", "-")
    for spelled in (named, named.upper(), f"PUBLIC.{named.upper()}"):
        below = catalog().place_below("snowflake", "", spelled.replace("-", "_"))
        assert below is not None
        assert below[1] is not None, spelled
        assert below[1].code == expected


@pytest.mark.parametrize("service", ["atlas", "aiven", "snowflake"])
def test_every_name_in_a_service_s_table_leads_somewhere(service: str) -> None:
    for below in tables()[service].clouds.values():
        for name, code in below.regions.items():
            place = catalog().place(below.cloud, code)
            assert place is not None, name
            assert place.region.lies_in, name


# -- the script that refreshes -------------------------------------------------------------------------------


def compared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(ROOT / "tools" / "regions.py"),
        "--package-folder",
        str(folder),
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def scaleway(folder: Path, regions: list[str]) -> None:
    with ZipFile(folder / "scaleway_core-9.9.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "scaleway_core/bridge/region.py",
            "\n".join(f'R{n} = Region("{r}")' for n, r in enumerate(regions)),
        )
        wheel.writestr("scaleway_core/bridge/zone.py", 'Z = Zone("fr-par-1")')


def test_lists_that_agree_are_told_with_their_version(tmp_path: Path) -> None:
    scaleway(tmp_path, ["fr-par", "nl-ams", "pl-waw"])
    done = compared(tmp_path, "scaleway")
    assert (done.returncode, done.stderr) == (0, "")
    assert "scaleway: scaleway-core 9.9.9 scaleway_core/bridge/region.py" in done.stdout


def test_differences_are_told_and_fail(tmp_path: Path) -> None:
    scaleway(tmp_path, ["fr-par", "nl-ams", "xx-new"])
    written = tmp_path / "lists.json"
    done = compared(tmp_path, "scaleway", "--snapshot", str(written))
    assert (done.returncode, done.stderr) == (1, "")
    assert "scaleway: lacking: xx-new\n" in done.stdout
    assert "scaleway: only ours: pl-waw\n" in done.stdout
    assert json.loads(written.read_text())["lists"][0]["codes"] == ["fr-par", "nl-ams", "xx-new"]


def test_a_list_that_is_not_there_fails(tmp_path: Path) -> None:
    done = compared(tmp_path, "exoscale")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "exoscale: not read: exoscale is not there\n"


def test_display_names_and_partitions_are_compared(tmp_path: Path) -> None:
    partition = {
        "regions": {
            "eu-west-3": {"description": "Europe (Lyon)"},
            "eu-west-1": {"description": "Europe (Paris)"},
            "aws-global": {"description": "aws global region"},
        }
    }
    with ZipFile(tmp_path / "botocore-9.9.9-py3-none-any.whl", "w") as wheel:
        for name in ("partitions", "endpoints"):
            wheel.writestr(f"botocore/data/{name}.json", json.dumps({"partitions": [partition]}))
    done = compared(tmp_path, "aws")
    assert done.returncode == 1
    assert "aws: different: 'Europe (Lyon)' is eu-west-3 there, unknown here\n" in done.stdout
    assert "aws: different: 'Europe (Paris)' is eu-west-1 there, eu-west-3 here\n" in done.stdout
    assert "aws: only ours: eu-west-2" not in done.stdout  # its note explains the code
    assert "aws: only ours: eu-central-1\n" in done.stdout


def test_two_versions_of_a_package_are_refused(tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        with ZipFile(tmp_path / f"exoscale-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr("exoscale/openapi.json", "{}")
    done = compared(tmp_path, "exoscale")
    assert done.returncode == 1
    assert "has several versions of exoscale: leave one." in done.stderr


def test_an_unknown_cloud_is_refused(tmp_path: Path) -> None:
    done = compared(tmp_path, "nowhere")
    assert done.returncode == 2
    assert "no list is known of nowhere." in done.stderr
