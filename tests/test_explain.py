"""`sovereign-guard explain`: the facts that must be told of a resource, whatever the layout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.errors import UsageError
from sovereign_guard.model.finding import Report
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.screen import Screen
from sovereign_guard.pipeline import Request, assess
from sovereign_guard.report.explain import explain
from tests.builders import PUBLIC, SENSITIVE, Plan, Refers, raw_resource, raw_state, sensitive_bucket
from tests.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
DAY = "2026-11-24"
ESCAPE = "\x1b[31m"


def told(scenario: str | Path, address: str, *arguments: str, plans: tuple[str, ...] = ("plan.json",)) -> str:
    """Return what the command tells, with every run of white space as one space."""
    dated = () if "--as-of" in arguments else ("--as-of", DAY)
    alone = () if "--source" in arguments else ("--source", "")
    done = run("explain", address, *plans, *dated, *alone, *arguments, cwd=FIXTURES / scenario)
    assert done.returncode == 0, done.stderr.decode()
    return " ".join(done.stdout.decode().split())


def judged(folder: Path, policy: str = "three-circles") -> Report:
    catalog = load()
    return assess(Request((str(folder / "plan.json"),), catalog, catalog.policies[policy], Statements(), DAY))


def missing(text: str, *facts: str) -> list[str]:
    return [fact for fact in facts if fact not in text]


# -- the whole reasoning, in order ---------------------------------------------------------------------------


def test_the_reasoning_is_told_from_the_resource_to_what_to_do() -> None:
    text = told("europe-mixed", "aws_s3_bucket.exports_paie")
    facts = (
        "aws_s3_bucket.exports_paie fail",
        "registry.terraform.io/hashicorp/aws",
        "configuration aws",
        "change create",
        "stores data",
        "judged yes",
        "Amazon Web Services (aws), platform",
        "no endpoints.{service} is set [rules/catalog/providers/aws.yaml]",
        "US by seat Amazon Web Services, Inc. has its seat in US",
        "(text not read by us)",
        "US by control Amazon Web Services, Inc. is controlled by Amazon.com, Inc., seat US",
        "FR by territory eu-west-3 lies in FR",
        "nobody above Amazon.com, Inc.",
        "country FR; region eu-west-3",
        "subsidiary in LU: Amazon Web Services EMEA SARL",
        "UGAP",
        "C5",
        "section 19.6",
        "not met",
        "level sensitive",
        "label Classification = 'Sensible' says sensitive [tags]",
        "three-circles (built in)",
        "(SOV001)",
        "(SOV002)",
        "fail the policy forbids this",
        "SOV001 fail, critical",
        "This change introduces it.",
        "SOV001: Move the resource to an operator",
        f"looked at on {DAY}",
        "Not legal advice",
    )
    assert missing(text, *facts) == []
    places = [text.index(fact) for fact in facts if fact != "(text not read by us)"]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "address", ["aws_s3_bucket.site", "azurerm_storage_account.messagerie", "google_storage_bucket.open_data"]
)
def test_resellers_are_told_and_change_nothing_to_control(address: str) -> None:
    text = told("europe-mixed", address)
    at = text.index("Resellers:")
    assert "changes nothing to who operates or controls it" in text[at:]
    names = ("UGAP", "non-sensitive data only", "Capgemini", "SoftwareONE", "Atos with SCC", "2019")
    assert missing(text[at:], *names) == []


def test_no_reseller_is_told_where_none_is_known() -> None:
    text = told("europe-mixed", "hcloud_volume.alertes")
    assert "UGAP" not in text
    assert "Resellers" not in text


# -- what it is ----------------------------------------------------------------------------------------------


def test_what_places_no_data_is_told_as_not_judged() -> None:
    text = told("europe-mixed", "scaleway_vpc_private_network.teleservices")
    facts = (
        "judged no: it places no data",
        "Nothing of this resource, which is not judged",
        "pass it places no data",
    )
    assert missing(text, *facts, "Scaleway (scaleway), platform", "No finding.") == []
    assert "WHAT TO DO" not in text


def test_what_places_nothing_at_all_has_no_operator() -> None:
    text = told("europe-mixed", "random_password.usagers")
    assert "none: it places nothing anywhere" in text
    assert "WHO CAN COMPEL" not in text


def test_what_transports_data_is_judged_where_it_sees_the_plain_text(tmp_path: Path) -> None:
    text = told("europe-mixed", "cloudflare_dns_record.www")
    assert missing(text, "transports data, and sees it in plain text", "judged yes") == []
    plan = Plan().provider("aws", region="eu-west-3").add("aws_lb_listener.front", tags=SENSITIVE)
    plan.write(tmp_path / "plan.json")
    text = told(tmp_path, "aws_lb_listener.front")
    assert "judged no: it passes data on without seeing what is in it" in text
    assert "plain text" not in text


def test_a_deposed_object_is_told_beside_the_one_that_replaces_it() -> None:
    text = told("delete-forget-replace-deposed", "scaleway_object_bucket.plans")
    assert text.count("scaleway_object_bucket.plans pass") == 1
    assert text.count("scaleway_object_bucket.plans not-judged") == 1
    assert "deposed 4f0b8a2c" in text


def test_a_delete_leaves_and_a_forget_stays() -> None:
    deleted = told("delete-forget-replace-deposed", "aws_s3_bucket.supprime")
    assert (
        missing(deleted, "judged no: it leaves with this change", "not-judged what leaves is not judged")
        == []
    )
    forgotten = told("delete-forget-replace-deposed", "aws_s3_bucket.oublie")
    assert missing(forgotten, "the data stays", "judged yes", "It stood before this change.") == []


def test_a_type_and_a_provider_that_nobody_knows(tmp_path: Path) -> None:
    source = "registry.terraform.io/nobody/nuage"
    Plan().provider("nuage", source).add("nuage_disque.a", tags=SENSITIVE).write(tmp_path / "plan.json")
    text = told(tmp_path, "nuage_disque.a")
    facts = ("nobody/nuage, which is not in the catalog", "a type that the catalog does not know is judged")
    assert missing(text, *facts, "operators not known: not in the catalog") == []


def test_a_data_source_and_a_state(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("data.aws_s3_object.lists", actions=("read",), tags=PUBLIC).write(tmp_path / "plan.json")
    assert "(a data source)" in told(tmp_path, "data.aws_s3_object.lists")
    bucket = raw_resource("aws_s3_bucket", "files", {"attributes": {"tags": SENSITIVE}})
    (tmp_path / "state.json").write_text(json.dumps(raw_state(bucket)))
    text = told(tmp_path, "aws_s3_bucket.files", plans=("state.json",))
    assert "its settings are not known" in text


# -- operators, control, place -------------------------------------------------------------------------------


def test_each_placement_that_is_possible_is_told() -> None:
    text = told("europe-mixed", "outscale_vm.sirh_secours")
    facts = (
        "one of outscale, outscale-us",
        "3 are possible, and each is judged",
        "(outscale), platform; in FR",
        "OUTSCALE Inc. (outscale-us), platform; in US",
        "US by seat OUTSCALE Inc. has its seat in US (placement 2 only)",
        "JP by territory",
        "refers to var.bascule",
        "Whether it covers this resource on 2026-11-24 is not known: the region is not",
        "unknown it cannot be told whether the policy allows this",
    )
    assert missing(text, *facts) == []


def test_both_operators_of_a_service_on_another_cloud_are_told_with_their_roles() -> None:
    text = told("aiven-google", "aiven_pg.allocataires")
    facts = (
        "Aiven (aiven), platform; Google Cloud (google), infrastructure",
        "who controls Aiven Oy is not established",
        "is controlled by Alphabet Inc., seat US, 100 % of the capital since 2015-10-02",
        "OTHER FACTS ABOUT Aiven",
        "OTHER FACTS ABOUT Google Cloud",
    )
    assert missing(text, *facts) == []


def test_an_operator_that_nobody_has_stated() -> None:
    text = told("europe-mixed", "aws_s3_bucket.archives")
    facts = ("not known: host whose operator nobody has stated: objets.numerique-valmont.example", "SOV003")
    assert missing(text, *facts, "others may be able to", "country not known") == []
    assert "Amazon" not in text


def test_the_chain_of_control_has_dates_and_is_that_of_the_day() -> None:
    address = "openstack_blockstorage_volume_v3.courrier"
    today = told("openstack-cloudwatt", address)
    assert missing(today, "held by Orange SA (FR): sole control, 100 % of the capital, since 2015-03") == []
    assert missing(today, "Cloudwatt, ended on 2020-02-01", "SOV012") == []
    assert "Thales" not in today
    before = told("openstack-cloudwatt", address, "--as-of", "2014-06-01")
    facts = (
        "held by Orange SA (FR): joint control, 44.4 % of the capital, since 2012-09",
        "held by Thales SA (FR): joint control, 22.2 % of the capital",
        "Cloudwatt, active since 2012-09",
    )
    assert missing(before, *facts) == []
    assert "ended on" not in before


def test_what_the_organisation_states_is_told_with_its_place() -> None:
    address = "openstack_blockstorage_volume_v3.renseignement"
    text = told("openstack-internal", address, "--config", "config.yaml")
    facts = (
        "(our-cloud), platform; the organisation's own cloud",
        "FR as declared",
        "[config.yaml:2]",
        "nobody above is asked for",
        "the organisation itself",
    )
    assert missing(text, *facts) == []


# -- facts that do not count ---------------------------------------------------------------------------------


def test_presence_elsewhere_counts_only_where_the_policy_says_so(tmp_path: Path) -> None:
    address = "openstack_blockstorage_volume_v3.ged"
    text = told("europe-mixed", address)
    facts = ("Presence elsewhere: not counted by this policy", "subsidiary in CA", "Ontario", "2024-04-19")
    assert missing(text, *facts, "A subsidiary, branch or data centre elsewhere does not count") == []
    strict = tmp_path / "strict.yaml"
    strict.write_text(
        "id: strict\ntitle: Strict\nextends: three-circles\n"
        "levels: {sensitive: {control: {allow: [europe]}, presence_counts: true}}\n"
    )
    text = told("europe-mixed", address, "--policy", str(strict))
    facts = ("Presence elsewhere: counted by this policy for sensitive data", "SOV001 fail", "strict (")
    assert missing(text, *facts, "Technology suppliers") == ["Technology suppliers"]


def test_supplier_minority_holder_and_qualification() -> None:
    text = told("google-s3ns", "google_compute_disk.dossiers")
    facts = (
        "Technology suppliers: not counted by this policy. - Google (US)",
        "Holders without control: not counted, since they cannot decide. - Google Cloud (US)",
        "Qualifications: this policy asks for none",
        "(since 2025-12-17). Regions: u-france-east1. In force here on 2026-11-24",
        "not counted. - met: PREMI3NS was qualified",
    )
    assert missing(text, *facts) == []
    assert "US by" not in text
    before = told("google-s3ns", "google_compute_disk.dossiers", "--as-of", "2025-06-01")
    assert "Not in force on 2025-06-01" in before


def test_a_qualification_covers_its_regions_and_products_only() -> None:
    covered = told("europe-mixed", "outscale_vm.sirh")
    assert (
        missing(covered, "In force here on 2026-11-24", "(since 2019-12, until 2023-12)", "Not in force on")
        == []
    )
    product = told("europe-mixed", "openstack_blockstorage_volume_v3.ged", "--policy", "secnumcloud")
    facts = (
        "this policy asks for SecNumCloud",
        "it does not cover regions: it is for a product",
        "SOV009 fail",
    )
    assert missing(product, *facts) == []


# -- level and policy ----------------------------------------------------------------------------------------


def test_a_level_that_is_not_known_has_candidates_with_what_each_requires() -> None:
    text = told("europe-mixed", "aws_s3_bucket.sondages")
    facts = (
        "one of public, sensitive, strategic; judged as if it were each of them",
        "Classification = 'TBD' is outside the vocabulary [tags]",
        "For public data: - Nothing: any operator, anywhere.",
        "For strategic data:",
        "declared as the organisation's own cloud (SOV008)",
        "SOV010 fail, medium",
        "It does not touch the verdict on the placement.",
    )
    assert missing(text, *facts) == []


def test_no_label_is_told_as_such() -> None:
    text = told("europe-mixed", "aws_dynamodb_table.agenda")
    assert "no label speaks of this data: judged as public [policy, unlabelled]" in text


def test_other_policies_in_words() -> None:
    address = "aws_s3_bucket.exports_paie"
    assert "has its seat never in AS, GU, MP, PR, US, VI" in told(
        "europe-mixed", address, "--policy", "cloud-act"
    )
    text = told("europe-mixed", address, "--policy", "eu-location")
    assert "Data lies only in AT" in text
    assert "has its seat only in" not in text
    assert "No finding." in text


def test_a_warning_does_not_decide_the_exit_code() -> None:
    text = told("europe-mixed", "aws_s3_bucket.archives", "--on-unknown", "warn")
    assert "It is a warning and does not decide the exit code." in text


# -- several inputs, wrong addresses -------------------------------------------------------------------------


def test_an_address_in_several_inputs_is_told_for_each_with_its_own_findings(tmp_path: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "here.json")
    there = Plan().provider("aws", region="us-east-1")
    there.add("aws_s3_bucket.files", tags=PUBLIC, tags_all=PUBLIC).write(tmp_path / "there.json")
    text = told(tmp_path, "aws_s3_bucket.files", plans=("here.json", "there.json"))
    first, second = text.split("input there.json")
    assert missing(first, "input here.json", "eu-west-3", "SOV001 fail") == []
    assert missing(second, "us-east-1", "No finding.") == []
    assert "SOV001 fail" not in second


@pytest.mark.parametrize(
    ("typo", "suggestion"),
    [
        ("aws_s3_bucket.export_paie", "aws_s3_bucket.exports_paie"),
        ("aws_s3_buket.exports_paie", "aws_s3_bucket.exports_paie"),
        ("AWS_s3_bucket.exports_paie", "aws_s3_bucket.exports_paie"),
        ("openstack_compute_instance_v2.frontal", "openstack_compute_instance_v2.frontal[0]"),
        ("openstack_compute_instance_v2.frontal[7]", "openstack_compute_instance_v2.frontal[1]"),
    ],
)
def test_a_wrong_address_is_a_usage_error_with_a_suggestion(typo: str, suggestion: str) -> None:
    done = run("explain", typo, "plan.json", cwd=FIXTURES / "europe-mixed")
    assert done.returncode == 2
    assert done.stdout == b""
    assert typo in done.stderr.decode()
    assert suggestion in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_an_address_like_no_other_and_an_empty_plan(tmp_path: Path) -> None:
    done = run("explain", "zzz.zzz", "plan.json", cwd=FIXTURES / "europe-mixed")
    assert (done.returncode, b"Close to it" in done.stderr, b"scan" in done.stderr) == (2, False, True)
    Plan().write(tmp_path / "plan.json")
    done = run("explain", "a.b", "plan.json", cwd=tmp_path)
    assert (done.returncode, b"no resource at all" in done.stderr) == (2, True)


# -- what must never be told ---------------------------------------------------------------------------------


def test_sensitive_values_are_not_told(tmp_path: Path) -> None:
    tags = {"DataClassification": "value-that-nobody-may-see"}

    def explained(hidden: dict) -> str:
        plan = Plan().provider("aws", region="eu-west-3")
        plan.add("aws_s3_bucket.files", tags=tags, hidden=hidden, written={"tags": Refers("var.tags")})
        plan.write(tmp_path / "plan.json")
        return told(tmp_path, "aws_s3_bucket.files")

    assert "value-that-nobody-may-see" in explained({})
    hidden = explained({"tags": {"DataClassification": True}})
    assert "value-that-nobody-may-see" not in hidden
    assert "DataClassification" in hidden


def test_control_characters_are_neutralised(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.files", tags={f"Classification{ESCAPE}": f"Sensible{ESCAPE}"})
    (change,) = plan.changes
    change["address"] = f'aws_s3_bucket.files["{ESCAPE}"]'
    change["index"] = ESCAPE
    plan.write(tmp_path / "plan.json")
    config = tmp_path / "config.yaml"
    config.write_text(
        'operators:\n  - {id: ours, name: "Ours \\e[31m", seat: FR, reason: "because \\e[31m", '
        "endpoints: [ours.example], internal: true}\n"
    )
    done = run("explain", change["address"], "plan.json", "--config", "config.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    assert b'files["\\x1b[31m"]' in done.stdout
    done = run("explain", f"aws_s3_bucket.file{ESCAPE}", "plan.json", cwd=tmp_path)
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b'files["\\x1b[31m"]' in done.stderr
    plan = sensitive_bucket(region="fr-par", endpoints={"s3": "https://ours.example"})
    plan.write(tmp_path / "plan.json")
    done = run("explain", "aws_s3_bucket.files", "plan.json", "--config", "config.yaml", cwd=tmp_path)
    assert b"\x1b" not in done.stdout
    assert b"Ours \\x1b[31m" in done.stdout


# -- every resource of every fixture -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder", sorted(p.parent for p in FIXTURES.glob("*/plan.json")), ids=lambda p: p.name
)
def test_every_resource_can_be_explained(folder: Path) -> None:
    report = judged(folder)
    plain, coloured = Screen(width=100), Screen(width=100, colour=True)
    for assessment in report.assessments:
        address = assessment.resource.address
        text = explain(report, address, load(), DAY, plain)
        assert missing(text, f"{address}  {assessment.verdict}", str(assessment.resource.change)) == []
        for way in assessment.placement.alternatives:
            flat = " ".join(text.split())
            assert missing(flat, *(f"({use.id}), {use.role}" for use in way.operators)) == []
            facts = (" ".join(exposure.evidence.split()) for exposure in way.exposures)
            assert missing(flat, *facts) == []
        here = [finding for finding in report.findings if finding.address == address]
        assert (
            missing(text, *(f"{f.outcome.rule} {f.outcome.verdict}, {f.outcome.severity}" for f in here))
            == []
        )
        colours = explain(report, address, load(), DAY, coloured)
        assert "\x1b[" in colours
        assert re.sub(r"\x1b\[\d+m", "", colours) == text
        for line in text.splitlines():
            assert len(line) <= 100 or max(map(len, line.split())) > 60, line


def test_a_wrong_address_raises_for_every_caller() -> None:
    report = judged(FIXTURES / "europe-mixed")
    with pytest.raises(UsageError, match=r"hcloud_volume\.alertes"):
        explain(report, "hcloud_volume.alerte", load(), DAY, Screen())
