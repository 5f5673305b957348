"""`sovereign-guard rules` and `catalog ...`: the facts that must be told, whatever the layout."""

from __future__ import annotations

import re

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.catalog.ownership import compelled_from, ultimate_controllers
from sovereign_guard.errors import UsageError
from sovereign_guard.model.knowledge import Operator, Ownership, Seat, Source
from sovereign_guard.model.placement import Ground
from sovereign_guard.model.policy import Jurisdictions, Requirement
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.facts import requirement_words
from sovereign_guard.report.listings import listing, rule_text, rules_table, show
from sovereign_guard.resolve.exposure import Exposures
from tests.command import run

DAY = "2026-11-24"
ESCAPE = "\x1b[31m"
CATALOG = load()
DATA = CATALOG.data


def told(*arguments: str) -> str:
    """Return what the command tells, with every run of white space as one space."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr.decode()
    return " ".join(done.stdout.decode().split())


def shown(name: str, day: str = DAY) -> str:
    return " ".join(show(CATALOG, name, day, Screen()).split())


def missing(text: str, *facts: str) -> list[str]:
    return [fact for fact in facts if fact not in text]


# -- operators -----------------------------------------------------------------------------------------------


def test_an_operator_with_all_its_facts() -> None:
    text = told("catalog", "show", "ovhcloud")
    facts = (
        "OVH Groupe SA",
        "seat FR",
        "1999 2016 Klaba family (FR)",
        "2016 2021-10 Klaba family (FR) 80 % of the capital sole control",
        "2016 2024-12 KKR (US) not recorded no control",
        "2024-12 now Klaba family (FR) 82 % of the votes sole control",
        "at the top Klaba family (FR)",
        "subsidiary in CA: Hébergement OVH Inc. (Montreal). On 2024-04-19 the Ontario Court of Justice",
        "data centre in GB",
        "SecNumCloud: VMware on OVHcloud",
        "for a product and not for regions",
        "19.6",
        "met: Seat and head office in Roubaix",
        "UGAP",
        "Capgemini",
        "SoftwareONE",
        "Atos with SCC",
        "changes nothing to who operates or controls the service",
        "CISPE",
        "Gaia-X",
        "finance minister said on 3 October 2019",
        "https://csf.hop3.abilian.com/providers/ovhcloud.html (text read)",
        "Facts reviewed on 2026-11-24",
        "REGIONS OF ovhcloud",
    )
    assert missing(text, *facts) == []


def test_the_number_of_a_source_leads_to_it() -> None:
    text = shown("cloudwatt").partition("REGIONS OF")[0]
    number = re.search(r"2015-03 now Orange \(FR\) 100 % of the capital sole control \[(\d+)\]", text)
    assert number is not None
    cited = text.partition("SOURCES")[2].partition(f"[{number[1]}]")[2]
    assert cited.strip().startswith("Cloud souverain : Orange prend officiellement le contrôle de CloudWatt")


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("cloudwatt", ("ended from 2020-02-01", "on 2026-11-24 ended", "Orange switched the platform off")),
        ("numergy", ("ended from 2016", "on 2026-11-24 ended", "absorbed by SFR")),
    ],
)
def test_what_has_ended_says_when(name: str, facts: tuple[str, ...]) -> None:
    assert missing(told("catalog", "show", name), *facts) == []
    assert "on 2014-07-01 active" in shown(name, "2014-07-01")


def test_the_text_of_a_source_that_was_not_read_is_marked() -> None:
    text = shown("outscale")
    assert "Certificates (ISO 27001, HDS), OUTSCALE, consulted 2026-11-24 (text not read by us)" in text
    assert "2017-06 (text not read by us)]" in text


def test_qualifications_are_in_force_on_their_days_only() -> None:
    assert missing(shown("outscale"), "(since 2019-12, until 2023-12)", "Not in force on 2026-11-24") == []
    assert shown("outscale", "2021-01-01").count("Not in force on 2021-01-01") == 1
    assert shown("s3ns", "2025-01-01").count("Not in force on 2025-01-01") == 1


def test_suppliers_and_minority_holders_control_nothing() -> None:
    text = shown("s3ns")
    facts = (
        "2022-06 now Google Cloud (US) not recorded no control",
        "Google (US): The technology",
        "together FR",
    )
    assert missing(text, *facts) == []
    assert missing(shown("aws-eusc"), "by seat DE", "by control US", "at the top Amazon.com, Inc. (US)") == []


def test_control_that_is_not_established_is_said() -> None:
    assert missing(shown("civo"), "not known the chain of control has an end that is not established") == []


def test_seat_and_control_are_the_exposure_that_is_judged() -> None:
    wrong = {}
    for day in ("2014-06-01", "2018-01-01", DAY):
        exposures = Exposures(CATALOG, day)
        for name, operator in DATA.operators.items():
            found, unknown = exposures.of(name)
            countries = tuple(sorted({e.jurisdiction for e in found if e.ground is not Ground.TERRITORY}))
            if compelled_from(CATALOG, operator, day) != (countries, unknown is None):
                wrong[name, day] = (countries, unknown)
    assert wrong == {}


def test_ultimate_controllers_are_those_above_whom_nobody_is() -> None:
    top = {one.id for one in ultimate_controllers(CATALOG, DATA.operators["outscale"], DAY)}
    assert top == {"dassault-family"}
    assert ultimate_controllers(CATALOG, DATA.operators["microsoft"], DAY) == []


def test_owners_that_own_each_other_end_the_walk() -> None:
    def company(name: str, holder: str) -> Operator:
        owner = Ownership(holder, "2020", "sole", "s")
        source = {"s": Source("t", "p", "", read=True)}
        return Operator(name, name, "operator", Seat("FR", "s"), (owner,), "", source)

    catalog = CATALOG.extended({"a": company("a", "b"), "b": company("b", "a")}, frozenset())
    assert compelled_from(catalog, company("a", "b"), DAY) == (("FR",), True)
    assert "held by b (FR)" in show(catalog, "a", DAY, Screen())


def test_control_characters_in_a_name_are_neutralised() -> None:
    source = {"s": Source(f"t{ESCAPE}", f"p{ESCAPE}", "", read=False)}
    owner = Ownership("dispersed", "2020", "none", "s", note=ESCAPE)
    company = Operator(
        "ours", f"Ours{ESCAPE}", "operator", Seat("FR", "s"), (owner,), "", source, notes=ESCAPE
    )
    text = show(CATALOG.extended({"ours": company}, frozenset()), "ours", DAY, Screen())
    assert "\x1b" not in text
    assert "Ours\\x1b[31m" in text
    with pytest.raises(UsageError) as raised:
        show(CATALOG, f"nothing{ESCAPE}", DAY, Screen())
    assert "\x1b" not in str(raised.value)


# -- names ---------------------------------------------------------------------------------------------------


def test_an_id_that_several_share_shows_each() -> None:
    text = told("catalog", "show", "aws")
    assert missing(text, "OPERATOR aws", "PROVIDER aws", "REGIONS OF aws") == []
    assert missing(text, "Amazon Web Services, Inc.", "tags_all", "eu-west-3 FR Paris; also written") == []


@pytest.mark.parametrize(
    "name", ["hashicorp/aws", "registry.terraform.io/hashicorp/aws", "registry.opentofu.org/HashiCorp/AWS"]
)
def test_a_provider_by_source_address(name: str) -> None:
    text = shown(name)
    assert missing(text, "PROVIDER aws", "endpoints.{service}") == []
    assert "OPERATOR" not in text


def test_a_provider_tells_where_its_data_goes_and_what_it_stands_on() -> None:
    text = shown("gitlab").partition("PROVIDER gitlab")[2]
    assert missing(text, "STANDS ON google.", "WHERE ITS DATA GOES NEXT", "variable 8", "and 7 more") == []
    assert missing(shown("aws"), "KEYS ARE NAMED BY", "replication", "aws_db_instance") == []
    nothing = shown("random")
    assert [word for word in ("STANDS ON", "GOES NEXT", "KEYS") if word in nothing] == []


def test_a_resource_type_tells_what_it_lies_in_and_where_its_data_goes() -> None:
    text = told("catalog", "show", "aws_s3_bucket_replication_configuration")
    facts = (
        "TYPE aws_s3_bucket_replication_configuration",
        "provider aws",
        "lies in aws_s3_bucket, named by bucket",
        "replication: from what bucket names (aws_s3_bucket) to what rule.destination.bucket names",
        "KEYS held by a cloud's key service for what rule.destination.bucket names",
    )
    assert missing(text, *facts) == []
    assert "NAMED BY OTHERS" not in text


def test_the_types_that_name_a_type_are_told_by_kind_and_direction() -> None:
    text = shown("AWS_S3_Bucket")
    facts = ("does with data stores; judged", "trigger, from here: aws_s3_bucket_notification")
    assert missing(text, "NAMED BY OTHERS", *facts) == []
    assert "logs, from here: aws_cloudtrail" in text


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("null_resource", ("not judged", "script: from the data in triggers to where nobody can tell")),
        ("cloudflare_dns_record", ("to it, if proxied is true.",)),
        ("cloudflare_page_rule", ("to the operators of its provider",)),
        ("scaleway_cockpit_exporter", ("to datadog, always", "if datadog_destination is set")),
        ("aws_kms_custom_key_store", ("held outside of the cloud: what xks_proxy_uri_endpoint names",)),
        ("google_compute_disk", ("supplied by the customer",)),
        ("gitlab_project_variable", ("stands on google",)),
    ],
)
def test_each_kind_of_end_has_words(name: str, facts: tuple[str, ...]) -> None:
    assert missing(shown(name), *facts) == []


def test_every_type_with_flows_can_be_told() -> None:
    types = {
        at for known in DATA.resources.values() for flow in known.flows for at in flow.at if "*" not in at
    }
    wrong = []
    for name in sorted(types):
        provider = CATALOG.provider("", name)
        # A type of a provider that shares its prefix with another is told by that one.
        if (
            provider is not None
            and provider.id in DATA.resources
            and CATALOG.type_facts(provider, name).flows
        ):
            wrong += [] if "WHERE ITS DATA GOES NEXT" in shown(name) else [name]
    assert wrong == []
    assert len(types) > 1_000


@pytest.mark.parametrize("name", ["aws_no_such_type", "nothing_known"])
def test_a_type_of_which_nothing_is_known(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        show(CATALOG, name, DAY, Screen())


def test_a_misspelt_type_is_suggested() -> None:
    with pytest.raises(UsageError) as raised:
        show(CATALOG, "aws_s3_buckett", DAY, Screen())
    assert "aws_s3_bucket" in (raised.value.hint or "")


def test_case_does_not_matter() -> None:
    assert show(CATALOG, " OVHcloud ", DAY, Screen()) == show(CATALOG, "ovhcloud", DAY, Screen())


def test_a_level_that_counts_keys_says_so() -> None:
    europe = Jurisdictions(allow=("FR",))
    told = [requirement_words(Requirement(europe, external_keys_lower=counts)) for counts in (False, True)]
    assert [any("keys only such operators hold" in words for words in one) for one in told] == [False, True]


def test_policies_and_rules_can_be_shown() -> None:
    text = told("catalog", "show", "three-circles")
    facts = ("LEVEL public Nothing: any operator, anywhere.", "LEVEL strategic", "own cloud (SOV008)", "FR")
    assert missing(text, *facts, "judged as public", "counts as fail") == []
    assert "SecNumCloud qualification is in force" in shown("secnumcloud")
    assert "RULE SOV001" in shown("sov001")


@pytest.mark.parametrize("typo", ["ovhcluod", "OVHclou", "ovhcloudd"])
def test_an_unknown_name_is_a_usage_error_with_a_suggestion(typo: str) -> None:
    done = run("catalog", "show", typo)
    assert (done.returncode, done.stdout) == (2, b"")
    assert missing(done.stderr.decode(), typo, "ovhcloud") == []
    assert "Traceback" not in done.stderr.decode()


def test_a_region_code_leads_to_its_clouds() -> None:
    done = run("catalog", "show", "eu-west-2")
    assert done.returncode == 2
    assert missing(done.stderr.decode(), "aws (GB)", "outscale (FR)") == []


def test_a_name_like_no_other() -> None:
    done = run("catalog", "show", "zzzzzzzz")
    assert done.returncode == 2
    assert missing(done.stderr.decode(), "catalog operators | providers | regions") == []


@pytest.mark.parametrize("section", ["operators", "providers", "regions", "policies"])
def test_everything_can_be_shown_with_its_sources(section: str) -> None:
    names = list(CATALOG.policies if section == "policies" else getattr(DATA, section))
    wrong = {}
    for name in names:
        text = shown(name)
        entry = None if section == "policies" else getattr(DATA, section)[name]
        facts = [" ".join(s.title.split()) for s in entry.sources.values()] if entry else ["LEVEL sensitive"]
        if missing(text, *facts):
            wrong[name] = missing(text, *facts)
    assert wrong == {}
    assert len(names) >= 4


# -- lists ---------------------------------------------------------------------------------------------------


def lines_of(section: str, day: str = DAY) -> list[str]:
    return listing(CATALOG, section, day, Screen(width=140)).splitlines()


def test_every_operator_is_listed_with_who_can_compel_it() -> None:
    text = told("catalog", "operators")
    facts = (
        "aws US US active not met Amazon Web Services",
        "aws-eusc DE DE, US active not met",
        "not established",
    )
    assert missing(text, *facts, "cloudwatt FR FR ended", "klaba-family", "legal advice") == []
    rows = {line.split()[0] for line in lines_of("operators") if line}
    expected = {one.id for one in DATA.operators.values() if one.kind == "operator"}
    assert expected <= rows
    (row,) = [line for line in lines_of("operators", "2019-01-01") if line.startswith("cloudwatt ")]
    assert "active" in row


def test_every_provider_is_listed() -> None:
    text = told("catalog", "providers")
    facts = (
        "scaleway scaleway scaleway/scaleway",
        "openstack as its settings say terraform-provider-openstack/openstack",
    )
    assert missing(text, *facts, "random none: it places nothing") == []
    assert set(DATA.providers) <= {line.split()[0] for line in lines_of("providers") if line}


def test_every_region_is_listed_with_its_country() -> None:
    text = told("catalog", "regions")
    facts = (
        "aws eu-west-2 GB London",
        "outscale eu-west-2 FR Paris",
        "run by aws-eusc",
        "ended on 2020-02-01",
    )
    assert missing(text, *facts) == []
    lines = lines_of("regions")
    rows = {tuple(line.split()[:2]) for line in lines if line and not line.startswith(" ")}
    assert {(cloud, code) for cloud, table in DATA.regions.items() for code in table.regions} <= rows
    column = lines[0].index("country")
    regions = [line for line in lines if tuple(line.split()[:1]) and line.split()[0] in DATA.regions]
    assert len(regions) > 500
    assert all(line[column - 1] == " " and line[column] != " " for line in regions)


def test_labels_are_listed_by_level() -> None:
    text = told("catalog", "labels")
    public, sensitive, strategic = re.split(r"VALUES THAT SAY \w+ ", text)[1:]
    assert missing(public, " public,") == []
    assert missing(sensitive.partition("LAWS")[0], " confidential,", " confidentiel,", " vertraulich,") == []
    assert " confidential," not in public
    assert missing(strategic, "topsecret", "LAWS AND STANDARDS THAT SAY sensitive", "rgpd") == []
    listed = set(re.findall(r"[^\s,]+", text))
    known = CATALOG.vocabulary
    words = {*known.keys, *known.values, *known.regimes, *known.yes}
    assert words - listed == set()


def test_no_such_section() -> None:
    with pytest.raises(UsageError, match="operators, providers, regions, labels"):
        listing(CATALOG, "resources", DAY, Screen())


# -- rules ---------------------------------------------------------------------------------------------------


def test_all_rules_are_listed_with_severity_and_title() -> None:
    text = told("rules")
    for rule in DATA.rules.values():
        assert f"{rule.id} {rule.severity} {' '.join(rule.title.split())}" in text


@pytest.mark.parametrize("rule", list(DATA.rules))
def test_a_rule_tells_why_what_to_do_and_where_that_stands(rule: str) -> None:
    text = told("rules", rule.lower())
    known = DATA.rules[rule]
    facts = [known.title, known.why, known.fix, *(str(reference["title"]) for reference in known.references)]
    assert missing(text, *(" ".join(fact.split()) for fact in facts)) == []
    assert text.count("(text not read by us)") == sum(not ref.get("read") for ref in known.references)


def test_an_unknown_rule_is_a_usage_error() -> None:
    done = run("rules", "SOV999")
    assert done.returncode == 2
    assert b"SOV001" in done.stderr


def test_colours_change_nothing_but_colours() -> None:
    plain, coloured = Screen(), Screen(colour=True)
    pairs = [
        (show(CATALOG, name, DAY, plain), show(CATALOG, name, DAY, coloured))
        for name in ("aws", "civo", "cloudwatt")
    ]
    pairs.append((rules_table(DATA.rules, plain), rules_table(DATA.rules, coloured)))
    pairs.append((rule_text(DATA.rules["SOV001"], plain), rule_text(DATA.rules["SOV001"], coloured)))
    pairs.append((listing(CATALOG, "operators", DAY, plain), listing(CATALOG, "operators", DAY, coloured)))
    for text, painted in pairs:
        assert "\x1b[" in painted
        assert re.sub(r"\x1b\[\d+m", "", painted) == text
