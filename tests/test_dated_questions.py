"""Who ran and controlled what on a day: questions with the answers that sources give, asked of the catalog.

The answers were written down from the sources, not from the files of the catalog: where the two disagree, the
file is to be mended. The source is named by its key in the file of the company that the question is about.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.catalog.ownership import compelled_from, controllers, links, ultimate_controllers
from sovereign_guard.model.knowledge import Operator
from tests.command import run

TODAY = "2026-11-24"


@cache
def catalog() -> Catalog:
    return load()


def company(name: str) -> Operator:
    found = catalog().operator(name)
    assert found is not None, name
    return found


def direct(name: str, day: str) -> set[str]:
    """Return who controls a company at first hand on a day, alone or with others."""
    found = links(catalog(), company(name), day)
    return {link.holder.id for link in found if link.depth == 0 and link.holder is not None}


def compelling(name: str, day: str) -> str:
    """Return the countries by seat or control, then `?` where some of the control is not known."""
    countries, known = compelled_from(catalog(), company(name), day)
    return " ".join(countries) + ("" if known else " ?")


def held_without_control(name: str, day: str) -> set[str]:
    return {
        owner.holder
        for owner in company(name).ownership
        if owner.holds_on(day) and owner.control == "none" and owner.holder != "dispersed"
    }


def qualified(name: str, scheme: str, day: str, region: str) -> bool:
    return any(q.scheme == scheme and q.in_force(day, region) for q in company(name).qualifications)


UNREAD = {("confluent", "listing"), ("red-hat", "annual-report")}
"""Answers that rest on a source whose text nobody has read yet."""


def assert_cited(name: str, source: str) -> None:
    """Check that the file names the source, and that somebody has read it."""
    assert source in company(name).sources
    assert company(name).sources[source].read == ((name, source) not in UNREAD)


def table(text: str) -> list[Any]:
    """Read questions (`?`), each with a line of fields below it."""
    lines = [line.strip() for line in text.strip().splitlines()]
    rows = zip(lines[::2], lines[1::2], strict=True)
    return [
        pytest.param(*(field.strip() for field in answer.split("|")), id=question.removeprefix("? "))
        for question, answer in rows
    ]


CONTROLLED_BY = table("""
? Who controlled Linode? Its founder, nobody outside.
  linode | 2021-01-01 | linode-founder | itsecuritywire
? Who controls Linode since March 2022?
  linode | 2022-04-01 | akamai | protocol
? Who controlled HashiCorp before IBM? Listed, nobody.
  hashicorp | 2025-02-26 | nobody | incomeinsider-2024
? Who controls HashiCorp since 27 February 2025?
  hashicorp | 2025-02-27 | ibm | api-evangelist-2026
? Who controlled Splunk before Cisco?
  splunk | 2024-03-17 | nobody | listing
? Who controls Splunk since 18 March 2024?
  splunk | 2024-03-18 | cisco | form-8k
? Who controlled Confluent in 2025?
  confluent | 2025-12-31 | nobody | listing
? Who controls Confluent now?
  confluent | 2026-11-24 | ibm | completion
? Who controlled Red Hat in 2018? Listed.
  red-hat | 2018-12-31 | nobody | annual-report
? Who controls Red Hat since 9 July 2019?
  red-hat | 2019-07-09 | ibm | completion
? Who controlled VMware the day after Broadcom closed?
  vmware | 2023-11-23 | broadcom | business-standard
? Whose was VMware two days before? Not Broadcom's.
  vmware | 2023-11-21 | nobody | marketscreener-vmware
? Who controls GitHub since 26 October 2018?
  github | 2018-10-26 | microsoft | devclass
? Who controls Auth0 since 3 May 2021?
  auth0 | 2021-05-03 | okta | marketscreener-auth0
? Was Auth0 Okta's when the deal was only agreed?
  auth0 | 2021-04-01 | nobody | marketscreener-auth0
? Who controls New Relic since 8 November 2023?
  newrelic | 2023-11-08 | francisco-partners tpg | form-8k-2023
? Who controlled New Relic the day before?
  newrelic | 2023-11-07 | nobody | bulletin-2023
? Who controls Rackspace?
  rackspace | 2026-11-24 | apollo | filing
? Who controls Mailgun? A Swedish group.
  mailgun | 2026-11-24 | sinch | sinch-email-dpa
? Who controlled Cloudwatt in 2014?
  cloudwatt | 2014-01-01 | caisse-des-depots orange thales | lediligent-2015
? Who controlled Cloudwatt on 1 January 2019?
  cloudwatt | 2019-01-01 | orange | lemagit-cloudwatt-2015
? Who controlled Numergy in 2013?
  numergy | 2013-06-01 | bull caisse-des-depots sfr | bfm-numergy-2015
? Who controlled Numergy in 2015, after Atos had bought Bull?
  numergy | 2015-06-01 | atos caisse-des-depots sfr | bfm-numergy-2015
? Who controls Outscale?
  outscale | 2019-10-03 | dassault-systemes | origin-2019
? Was it settled that Dassault Systemes controlled Outscale in 2016? No.
  outscale | 2016-01-01 | nobody | 01net-outscale
? Who controlled OVH when the French government named it?
  ovhcloud | 2019-10-03 | klaba-family | reuters-ovh-2021
? Who controls OVHcloud today?
  ovhcloud | 2026-11-24 | klaba-family | card-ovhcloud
? Who controls gridscale since 2023?
  gridscale | 2024-01-01 | ovhcloud | card-gridscale
? Who controls T-Systems?
  t-systems | 2026-11-24 | deutsche-telekom | card-open-telekom-cloud
? Who controls S3NS? Thales, not Google.
  s3ns | 2026-11-24 | thales | eucloudpatterns-s3ns
? Who controls Bleu? Not Microsoft.
  bleu | 2026-11-24 | capgemini orange | card-bleu
? Who controls Delos Cloud?
  delos | 2026-11-24 | sap | heise-delos-2024
? Who controls NumSpot?
  numspot | 2026-11-24 | bouygues-telecom caisse-des-depots dassault-systemes docaposte | card-numspot
? Who controls Cloud Temple?
  cloud-temple | 2026-11-24 | neurones | card-cloud-temple
? Who controls Scaleway?
  scaleway | 2026-11-24 | iliad | card-scaleway
? Who controls IONOS?
  ionos | 2026-11-24 | united-internet | ui-2022
? Who controls the owner of IONOS since December 2021, by majority?
  united-internet | 2022-01-01 | ralph-dommermuth | onvista-2021
? Who controls STACKIT?
  stackit | 2026-11-24 | schwarz-group | heise-schwarz
? Who controls Thales? The State with Dassault Aviation.
  thales | 2026-11-24 | dassault-aviation french-state | infinance-2023
? Who controlled La Poste before March 2020?
  la-poste | 2019-06-01 | french-state | laposte-2022
? Who controls La Poste since?
  la-poste | 2021-01-01 | caisse-des-depots | laposte-2022
? Who controlled Infomaniak before its foundation?
  infomaniak | 2026-05-12 | boris-siegenthaler | axbrief-infomaniak
? Who controls Infomaniak since 13 May 2026?
  infomaniak | 2026-05-13 | infomaniak-foundation | axbrief-infomaniak
? Who controls Proton?
  proton | 2026-11-24 | proton-foundation | longform-proton
? Who controls Gandi since the merger of 2023?
  gandi | 2024-01-01 | your-online | domainincite
? Who controls plusserver since GoDaddy sold it?
  plusserver | 2018-01-01 | bc-partners | domainincite-plusserver
? Who controls Leaseweb?
  leaseweb | 2026-11-24 | ocom | card-leaseweb
? Does anybody control UpCloud? Nobody that is known.
  upcloud | 2026-11-24 | nobody | card-upcloud
? Does anybody control Elastic? Listed.
  elastic | 2026-11-24 | nobody | form-8k-2024
? Does anybody control MongoDB? Listed.
  mongodb | 2026-11-24 | nobody | annual-report-2023
? Does anybody control Snowflake? Listed.
  snowflake | 2026-11-24 | nobody | listing
? Does anybody control Fastly? Listed.
  fastly | 2026-11-24 | nobody | listing
? Does anybody control Equinix? Listed.
  equinix | 2026-11-24 | nobody | listing
? Does anybody control Telia? The State has 41 %.
  telia | 2026-11-24 | nobody | simplywallst-2025
? Does anybody control Worldline? Listed.
  worldline | 2026-11-24 | nobody | listing
? Who controls Swisscom?
  swisscom | 2026-11-24 | swiss-confederation | forodvd-2023
? Who controls SysEleven?
  syseleven | 2026-11-24 | secunet | card-syseleven
? Who controls Elastx?
  elastx | 2026-11-24 | sobro | card-elastx
? Who controls netcup?
  netcup | 2026-11-24 | anexia | card-netcup
? Who controls Clever Cloud?
  clever-cloud | 2026-11-24 | clever-cloud-founders | card-clever-cloud
? Who controls Hetzner?
  hetzner | 2026-11-24 | hetzner-family | card-hetzner
""")
"""Company, day, holders at first hand that control it, key of the source."""

COMPELLED_FROM = table("""
? Exoscale: Swiss seat, Austrian owner, control ends in Mexico.
  exoscale | 2026-11-24 | AT CH MX | card-exoscale
? Is OUTSCALE Inc. (us-east-2) exposed to the US?
  outscale-us | 2026-11-24 | FR US | outscale-us-terms
? Is OVH US exposed to the US, under French control?
  ovh-us | 2026-11-24 | FR US | ovh-us-isolated
? Does OVHcloud itself stay French?
  ovhcloud | 2026-11-24 | FR | card-ovhcloud
? Is the AWS European Sovereign Cloud exposed to the US?
  aws-eusc | 2026-11-24 | DE US | techinformed
? Is Oracle's EU Sovereign Cloud exposed to the US?
  oracle-eusc | 2026-11-24 | DE US | card-oracle-cloud-infrastructure
? Is S3NS under control from France only?
  s3ns | 2026-11-24 | FR | eucloudpatterns-s3ns
? Is Bleu under control from France only?
  bleu | 2026-11-24 | FR | card-bleu
? Is Delos under control from Germany only?
  delos | 2026-11-24 | DE | heise-delos-2024
? Is the Open Telekom Cloud German?
  t-systems | 2026-11-24 | DE | card-open-telekom-cloud
? Mailgun: European control does not undo a US seat.
  mailgun | 2026-11-24 | SE US | sinch-email-dpa
? plusserver: German seat, control in London.
  plusserver | 2026-11-24 | DE GB | card-plusserver
? Cleura: Swedish seat, control in London.
  cleura | 2026-11-24 | GB SE | card-cleura
? Elastic's seat is Dutch, but a US domestic issuer without a controller is not cleared.
  elastic | 2026-11-24 | NL ? | form-8k-2024
? Better Stack is American, not Czech.
  better-stack | 2026-11-24 | US ? | terms-2025
? Databricks: American; who controls it is not known.
  databricks | 2026-11-24 | US ? | customer-notices
? Fly.io: American; who controls it is not known.
  fly | 2026-11-24 | US ? | customer-notices
? Aiven: Finnish; a controller could not be excluded.
  aiven | 2026-11-24 | FI ? | frenchweb-lifeline
? Civo: British; the stakes of its founders are not known.
  civo | 2026-11-24 | GB ? | card-civo
? Leaseweb's American company: both.
  leaseweb-us | 2026-11-24 | NL US | leaseweb-sales
? UpCloud's American company: both.
  upcloud-us | 2026-11-24 | FI US | card-upcloud
? IONOS's American company: both.
  ionos-us | 2026-11-24 | DE US | ionos-us-terms
? plusserver in 2016: whose it was is not settled here.
  plusserver | 2016-06-01 | DE ? | oci-intergenia
? Scalingo stays French.
  scalingo | 2026-11-24 | FR | card-scalingo
? Gandi: French seat, Dutch parent, whose holders are not known.
  gandi | 2026-11-24 | FR NL ? | domainincite
? STACKIT stays German.
  stackit | 2026-11-24 | DE | stackit-service
? Netcup: German seat, Austrian owner.
  netcup | 2026-11-24 | AT DE | card-netcup
? Hetzner's American company: both.
  hetzner-us | 2026-11-24 | DE US | annex3-2026
? Hetzner itself stays German; its soil may not be.
  hetzner | 2026-11-24 | DE | card-hetzner
? A US majority is reported and was not read.
  contabo | 2026-11-24 | DE ? | customer-notices
""")
"""Company, day, countries by seat or control (`?`: some of the control is not known), key of the source."""

STATE = table("""
? Did Cloudwatt run on 1 January 2019?
  cloudwatt | 2019-01-01 | active | lediligent-2015
? Did Cloudwatt run on 1 January 2021?
  cloudwatt | 2021-01-01 | ended | afp-cloudwatt-2019
? Did Cloudwatt run on its last day?
  cloudwatt | 2020-01-31 | active | afp-cloudwatt-2019
? Did Numergy run in 2014?
  numergy | 2014-01-01 | active | bfm-numergy-2015
? Did Numergy run in 2017?
  numergy | 2017-01-01 | ended | edi-2024
? Was S3NS only announced at the end of 2021?
  s3ns | 2021-12-31 | announced | itforbusiness-s3ns
? Was Bleu only announced in 2023?
  bleu | 2023-06-01 | announced | nextinpact-ugap
""")
"""Company, day, state, key of the source."""

STRICTER = table("""
? Does S3NS meet 19.6?
  s3ns | met | mind-anssi-2025
? Does Outscale meet 19.6?
  outscale | met | card-3ds-outscale
? Does OUTSCALE Inc. meet 19.6?
  outscale-us | not-met | outscale-us-terms
? Does OVHcloud meet 19.6?
  ovhcloud | met | card-ovhcloud
? Does Cloud Temple meet 19.6?
  cloud-temple | met | card-cloud-temple
? Does Exoscale meet 19.6?
  exoscale | not-met | totaltele-amx-2023
? Does plusserver meet 19.6?
  plusserver | not-met | card-plusserver
? Does Proton meet 19.6? The seat is Swiss.
  proton | not-met | lenews-2025
? Does AWS meet 19.6?
  aws | not-met | secnumcloud
? Does Elastic meet 19.6? The holders are not known.
  elastic | not-known | secnumcloud
? Does Oracle's EU Sovereign Cloud meet 19.6?
  oracle-eusc | not-met | card-oracle-cloud-infrastructure
""")
"""Company, answer to SecNumCloud 3.2 section 19.6, key of the source."""

STAKES = table("""
? Does Google hold a part of S3NS, without control?
  s3ns | 2026-11-24 | google | yes
? Did KKR hold a part of OVH in 2019?
  ovhcloud | 2019-10-03 | kkr | yes
? Does KKR still?
  ovhcloud | 2026-11-24 | kkr | no
? Did Warburg Pincus hold a part of IONOS in 2024?
  ionos | 2024-06-01 | warburg-pincus | yes
? Does Warburg Pincus still?
  ionos | 2025-04-01 | warburg-pincus | no
? Does the German State hold a part of Deutsche Telekom?
  deutsche-telekom | 2026-11-24 | german-state | yes
? Does the French State hold a part of Orange, without control?
  orange | 2026-11-24 | french-state | yes
? Does Austria hold a part of Telekom Austria, without control?
  telekom-austria | 2026-11-24 | austrian-state | yes
""")
"""Company, day, holder, whether it has a stake without control on that day."""

QUALIFIED = table("""
? Had Outscale's public-sector region SecNumCloud in 2024?
  outscale | SecNumCloud | cloudgouv-eu-west-1 | 2024-06-01 | yes
? Has eu-west-2 of Outscale SecNumCloud?
  outscale | SecNumCloud | eu-west-2 | 2024-06-01 | no
? Had S3NS SecNumCloud in November 2025?
  s3ns | SecNumCloud | u-france-east1 | 2025-11-30 | no
? Has S3NS SecNumCloud since 17 December 2025?
  s3ns | SecNumCloud | u-france-east1 | 2025-12-17 | yes
? Is a region of OVHcloud's Public Cloud qualified? Two products are, no region.
  ovhcloud | SecNumCloud | GRA11 | 2026-06-01 | no
""")
"""Company, scheme, region, day, answer."""


@pytest.mark.parametrize(("name", "day", "holders", "source"), CONTROLLED_BY)
def test_who_controls_it_at_first_hand(name: str, day: str, holders: str, source: str) -> None:
    assert direct(name, day) == set(holders.split()) - {"nobody"}
    assert_cited(name, source)


@pytest.mark.parametrize(("name", "day", "countries", "source"), COMPELLED_FROM)
def test_which_jurisdictions_reach_it(name: str, day: str, countries: str, source: str) -> None:
    assert compelling(name, day) == countries
    assert_cited(name, source)


@pytest.mark.parametrize(("name", "day", "state", "source"), STATE)
def test_whether_it_ran(name: str, day: str, state: str, source: str) -> None:
    found = company(name).state_on(day)
    assert found is not None
    assert found.state == state
    assert_cited(name, source)


@pytest.mark.parametrize(("name", "answer", "source"), STRICTER)
def test_section_19_6(name: str, answer: str, source: str) -> None:
    found = company(name).secnumcloud_19_6
    assert found is not None
    assert (found.answer, found.source) == (answer, source)
    assert_cited(name, source)


@pytest.mark.parametrize(("name", "day", "holder", "holds"), STAKES)
def test_stakes_without_control(name: str, day: str, holder: str, holds: str) -> None:
    assert (holder in held_without_control(name, day)) == (holds == "yes")
    assert holder not in direct(name, day)


@pytest.mark.parametrize(("name", "scheme", "region", "day", "answer"), QUALIFIED)
def test_qualifications(name: str, scheme: str, region: str, day: str, answer: str) -> None:
    assert qualified(name, scheme, day, region) == (answer == "yes")


def test_who_stands_at_the_top() -> None:
    """The chains of control that surprise end where the sources say."""
    expected = {
        "exoscale": {"slim-family"},
        "outscale": {"dassault-family"},
        "outscale-us": {"dassault-family"},
        "scaleway": {"xavier-niel"},
        "ionos": {"ralph-dommermuth"},
        "stackit": {"dieter-schwarz"},
        "google": {"alphabet-founders"},
        "gridscale": {"klaba-family"},
        "netcup": {"alexander-windbichler"},
    }
    found = {
        name: {top.id for top in ultimate_controllers(catalog(), company(name), TODAY)} for name in expected
    }
    assert found == expected
    assert controllers(catalog(), company("exoscale"), TODAY) == ("AT", "MX")


def test_outscale_us_east_2_is_run_by_its_us_company_and_the_same_code_elsewhere_is_not() -> None:
    place = catalog().place("outscale", "us-east-2")
    assert place is not None
    assert (place.region.operator, place.region.country) == ("outscale-us", "US")
    assert "US" in compelling(place.region.operator, TODAY)
    elsewhere = catalog().place("outscale", "eu-west-2")
    assert elsewhere is not None
    assert elsewhere.region.country == "FR"


def test_technology_suppliers_are_facts_and_not_control() -> None:
    suppliers = {name: {s.name for s in company(name).suppliers} for name in ("s3ns", "bleu", "delos")}
    assert suppliers["s3ns"] == {"Google"}
    assert all(any("Microsoft" in name for name in suppliers[of]) for of in ("bleu", "delos"))
    assert all("US" not in compelling(of, TODAY) for of in suppliers)


def test_the_ontario_order_is_a_presence_of_ovh_and_not_control() -> None:
    canada = [p for p in company("ovhcloud").presence if p.country == "CA"]
    assert canada
    assert all(word in canada[0].note for word in ("2024-04-19", "2025-09-25", "Ontario"))
    assert "CA" not in compelling("ovhcloud", TODAY)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("linode", ("Linode, LLC", "2022-03", "Akamai")),
        ("s3ns", ("Thales", "Google", "2025-12-17", "met")),
        ("cloudwatt", ("2020-02-01", "Orange")),
        ("exoscale", ("MX", "not met")),
        ("hashicorp", ("2025-02-27", "IBM")),
        ("oracle-eusc", ("US", "not met")),
    ],
)
def test_catalog_show_answers_with_its_sources(name: str, words: tuple[str, ...]) -> None:
    done = run("catalog", "show", name)
    assert done.returncode == 0, done.stderr.decode()
    told = done.stdout.decode()
    assert all(word in told for word in words)
    assert "SOURCES" in told
    assert "consulted" in told


def test_forty_questions_at_least() -> None:
    tables = (CONTROLLED_BY, COMPELLED_FROM, STATE, STRICTER, STAKES, QUALIFIED)
    assert sum(map(len, tables)) >= 40
