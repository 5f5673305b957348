"""What may stand in the place of what fails: only what the policy would pass, and what that costs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sovereign_guard.catalog import load
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.catalog.verify import verify
from tests.builders import SENSITIVE, Plan
from tests.command import run, run_json

DAY = "2026-11-24"
ROOT = Path(__file__).resolve().parent.parent
STRATEGIC = {"DataClassification": "strategic"}
EQUIVALENTS = yaml.load((ROOT / "rules/catalog/equivalents.yaml").read_text(), yaml.CSafeLoader)
KINDS = {kind["id"]: kind for kind in EQUIVALENTS["kinds"]}
AT_AWS = ("aws_s3_bucket.files", "aws_sqs_queue.orders")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    built = Plan().provider("aws", region="eu-west-3")
    for address in AT_AWS:
        built.add(address, tags=SENSITIVE)
    return write(tmp_path, built)


def write(folder: Path, plan: Plan) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan.build()))
    return path


def suggested(plan: Path, *options: str) -> dict[str, dict]:
    done = run("suggest", str(plan), "--format", "json", "--as-of", DAY, *options)
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    schema = json.loads((rules_folder() / "schemas" / "suggest.schema.json").read_text())
    jsonschema.validate(found, schema)
    return {one["service"]: one for one in found["services"]}


def operators(service: dict) -> set[str]:
    return {offer["operator"] for offer in service["instead"] if offer["operator"] is not None}


# -- the catalog ---------------------------------------------------------------------------------------------


def test_there_are_enough_kinds_and_each_says_both_languages() -> None:
    assert len(KINDS) >= 60
    for kind in KINDS.values():
        assert kind["fr"]["name"]
        for offer in kind["instead"]:
            assert offer["lost"] != offer["fr"]["lost"]
            assert offer["lost"].endswith(".")
            assert offer["fr"]["lost"].endswith(".")


def test_the_catalog_finds_no_fault_in_them() -> None:
    assert [fault for fault in verify(load(), DAY) if fault.where.startswith("equivalents/")] == []


SOURCE = (
    "{title: Ours, publisher: Valmont, url: 'https://valmont.example', consulted: 2026-11-24, read: true}"
)


def own_catalog(folder: Path, offer: str, types: str = "[aws_s3_bucket]") -> Path:
    catalog = folder / "catalog"
    catalog.mkdir()
    (catalog / "equivalents.yaml").write_text(
        f"""kinds:
  - id: ours
    name: Our storage
    fr: {{name: Notre stockage}}
    types: {types}
    instead:
      - {offer}
reviewed: 2026-11-24
sources: {{us: {SOURCE}}}
"""
    )
    return catalog


OFFER = "{{operator: {0}, types: [{1}], lost: All., fr: {{lost: Tout.}}, sources: [{2}]}}"


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (OFFER.format("nobody", "scaleway_object_bucket", "us"), "no operator 'nobody'"),
        (OFFER.format("scaleway", "scaleway_object_bucket", "them"), "no source 'them'"),
        (
            "{self_run: true, software: Ours, runs_on: [moon], lost: All., fr: {lost: Tout.}}",
            "no kind of service 'moon'",
        ),
        ("{operator: scaleway, lost: All., fr: {lost: Tout.}}", "catalog/equivalents.yaml"),
    ],
)
def test_what_an_own_catalog_names_must_be_there(tmp_path: Path, offer: str, said: str) -> None:
    done = run("catalog", "verify", str(own_catalog(tmp_path, offer)), "--as-of", DAY)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_types_of_no_table_and_types_of_two_kinds_are_faults(tmp_path: Path) -> None:
    offer = OFFER.format("scaleway", "scaleway_nonsense", "us")
    done = run("catalog", "verify", str(own_catalog(tmp_path, offer)), "--as-of", DAY)
    assert done.returncode == 2
    said = done.stdout.decode()
    assert "scaleway_nonsense of scaleway is a type of no table" in said
    assert "aws_s3_bucket is of" in said


def test_who_stands_on_whom_must_be_said(tmp_path: Path) -> None:
    offer = OFFER.format("scalingo", "scalingo_app", "us")
    done = run(
        "catalog", "verify", str(own_catalog(tmp_path, offer, "[aws_nothing_of_ours]")), "--as-of", DAY
    )
    assert "scalingo_app stands on outscale, which the offer does not say" in done.stdout.decode()


# -- what is proposed ----------------------------------------------------------------------------------------


def test_only_operators_that_pass_are_proposed(plan: Path) -> None:
    found = suggested(plan)
    assert set(found) == {"object-storage", "queue"}
    storage = found["object-storage"]
    assert storage["resources"] == 1
    assert storage["addresses"] == ["aws_s3_bucket.files"]
    assert {"scaleway", "ovhcloud", "outscale", "hetzner"} <= operators(storage)
    assert not operators(storage) & {"aws", "google", "microsoft", "cloudflare", "ovh-us", "outscale-us"}
    hetzner = next(offer for offer in storage["instead"] if offer["operator"] == "hetzner")
    assert "ash" not in hetzner["regions"]
    assert set(hetzner["countries"]) == {"DE", "FI"}


@pytest.mark.parametrize("policy", ["three-circles", "secnumcloud", "cloud-act"])
def test_what_is_proposed_passes_once_it_is_written(tmp_path: Path, plan: Path, policy: str) -> None:
    for offer in suggested(plan, "--policy", policy)["object-storage"]["instead"]:
        if offer["operator"] not in ("scaleway", "outscale"):
            continue
        for number, region in enumerate(offer["regions"]):
            instead = Plan()
            if offer["operator"] == "scaleway":
                instead.provider("scaleway", region=region)
                instead.add("scaleway_object_bucket.files", tags=SENSITIVE)
            else:
                url = f"https://oos.{region}.outscale.com"
                instead.provider("aws", region=region, endpoints=[{"s3": url}])
                instead.add("aws_s3_bucket.files", tags=SENSITIVE)
            folder = tmp_path / f"{offer['operator']}{number}"
            folder.mkdir()
            code, report = run_json("scan", str(write(folder, instead)), "--policy", policy, "--as-of", DAY)
            assert code == 0, (region, report["findings"])


def test_secnumcloud_proposes_qualified_operators_in_qualified_regions_alone(plan: Path) -> None:
    found = suggested(plan, "--policy", "secnumcloud")
    catalog = load()
    for service in found.values():
        for name in operators(service):
            held = catalog.operator(name).qualifications  # type: ignore[union-attr]
            assert any(one.scheme == "SecNumCloud" for one in held), name
    outscale = next(one for one in found["object-storage"]["instead"] if one["operator"] == "outscale")
    assert outscale["regions"] == ["cloudgouv-eu-west-1"]
    assert "ovhcloud" not in operators(found["object-storage"]), "its qualified products are no region"


def test_what_policy_one_forbids_is_replaced_too(tmp_path: Path) -> None:
    plan = Plan().provider("scaleway", region="fr-par").add("scaleway_object_bucket.files", tags=SENSITIVE)
    found = suggested(write(tmp_path, plan), "--policy", "secnumcloud")
    assert "scaleway" not in operators(found["object-storage"])


def test_the_day_decides(plan: Path) -> None:
    done = run("suggest", str(plan), "--policy", "secnumcloud", "--format", "json", "--as-of", "2015-01-01")
    services = json.loads(done.stdout)["services"]
    storage = next(one for one in services if one["service"] == "object-storage")
    assert not operators(storage) & {"outscale", "s3ns"}


def test_strategic_data_stays_with_oneself(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.files", tags=STRATEGIC)
    storage = suggested(write(tmp_path, plan))["object-storage"]
    assert operators(storage) == set()
    assert [offer["software"] for offer in storage["instead"]] == ["MinIO"]


def test_an_unknown_type_proposes_nothing(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_something_new.files", tags=SENSITIVE)
    path = write(tmp_path, plan)
    assert suggested(path)[None]["instead"] == []  # type: ignore[index]
    _code, report = run_json("scan", str(path), "--as-of", DAY)
    assert all(finding["instead"] == [] for finding in report["findings"])
    done = run("explain", "aws_something_new.files", str(path), "--as-of", DAY)
    assert "nothing that stands in the place of aws_something_new" in flat(done.stdout.decode())


def test_what_passes_and_what_is_waived_ask_for_nothing(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.files")
    path = write(tmp_path, plan)
    assert suggested(path) == {}
    done = run("suggest", str(path))
    assert "nothing to replace" in flat(done.stdout.decode())


# -- where it is said ----------------------------------------------------------------------------------------


def flat(text: str) -> str:
    return " ".join(text.split())


def test_explain_has_its_section(plan: Path) -> None:
    said = run("explain", "aws_s3_bucket.files", str(plan), "--as-of", DAY).stdout.decode()
    section = flat(said.partition("WHAT TO USE INSTEAD")[2])
    assert section.startswith("Kind of service: Object storage.")
    assert "Scaleway: scaleway_object_bucket" in section
    assert "no resource for replication" in section


def test_explain_of_what_passes_has_none(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.files")
    said = run("explain", "aws_s3_bucket.files", str(write(tmp_path, plan))).stdout.decode()
    assert "WHAT TO USE INSTEAD" not in said


def test_text_says_it_once_for_a_rule_and_a_kind(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(5):
        plan.add(f"aws_s3_bucket.b{number}", tags=SENSITIVE)
    said = run("scan", str(write(tmp_path, plan)), "--as-of", DAY).stdout.decode()
    assert said.count("instead: ") == 1
    assert "(Clever Cloud)" in said


def test_json_names_operators_types_and_service(plan: Path) -> None:
    _code, report = run_json("scan", str(plan), "--as-of", DAY)
    schema = json.loads((rules_folder() / "schemas" / "report.schema.json").read_text())
    jsonschema.validate(report, schema)
    (finding,) = (one for one in report["findings"] if one["address"] == "aws_sqs_queue.orders")
    scaleway = next(one for one in finding["instead"] if one["operator"] == "scaleway")
    assert scaleway["types"] == ["scaleway_mnq_sqs", "scaleway_mnq_sqs_queue"]
    assert scaleway["service"] == "queue"


def test_suggest_is_the_same_from_run_to_run(plan: Path) -> None:
    first, second = (run("suggest", str(plan), "--as-of", DAY).stdout for _ in range(2))
    assert first == second
    said = flat(first.decode())
    assert "Object storage: 1 resource, sensitive data aws_s3_bucket.files" in said
    assert said.index("Clever Cloud") < said.index("OVHcloud") < said.index("MinIO")


def test_suggest_writes_to_a_file(plan: Path, tmp_path: Path) -> None:
    target = tmp_path / "instead.json"
    done = run("suggest", str(plan), "--format", "json", "-o", str(target))
    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads(target.read_text())["schema"] == "sovereign-guard/suggest/v1"


def test_suggest_tells_what_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    done = run("suggest", str(tmp_path / "plan.json"))
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr


def test_the_estate_of_health_has_something_for_each_kind() -> None:
    found = suggested(ROOT / "fixtures" / "health-estate" / "plan.json")
    for name, service in found.items():
        assert service["resources"] == len(service["addresses"])
        assert name is None or service["instead"]


def test_names_and_losses_are_told_in_french(plan: Path) -> None:
    from sovereign_guard.catalog import load as load_catalog
    from sovereign_guard.language import speaking
    from sovereign_guard.model.instead import Choice, Instead
    from sovereign_guard.model.screen import Screen
    from sovereign_guard.report.instead import choices_in_words, name_of

    kind = load_catalog().data.equivalents["object-storage"]
    found = Instead(kind, (1,), (Choice(kind.instead[0], "Scaleway", ("fr-par",), ("FR",)),))
    with speaking("fr"):
        assert name_of(kind) == "Stockage d'objets"
        assert "n'a de ressource ni pour la réplication" in flat(" ".join(choices_in_words(found, Screen())))
    assert name_of(kind) == "Object storage"


def test_the_page_has_every_kind() -> None:
    page = (ROOT / "docs" / "catalog" / "equivalents.md").read_text()
    for kind in KINDS.values():
        assert f"## {kind['name']}\n" in page
