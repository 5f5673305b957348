"""`sovereign-guard init`: what it writes changes nothing, each of its blocks can be used, nothing leaks."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from tests.builders import JSON, PUBLIC, SENSITIVE, Plan, Refers, raw_resource, raw_state
from tests.command import run

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
FILE = ".sovereign-guard.yaml"
DAY = "2026-11-24"
HOST = "s3.intern.example"
HOSTILE = (
    "x\n# policy: eu-location\r\npolicy: eu-location\x85on_unknown: warn\u2028a: b"
    "\x1b[2J\u202e\"\\'{[*&!|>%@`"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def estate() -> Plan:
    """Something of all that can be stated."""
    return (
        Plan()
        .provider("aws", region="fr-par", endpoints={"s3": f"https://{HOST}"})
        .provider("acme", "acme/acme")
        .provider("google", "mirror.intern.example/hashicorp/google", region="europe-west9")
        .add("aws_s3_bucket.files", tags=SENSITIVE, tags_all=SENSITIVE)
        .add("aws_s3_bucket.loose", tags={"team": "payments"})
        .add("acme_store.one", labels=SENSITIVE)
        .add("google_storage_bucket.old", labels=SENSITIVE, location="EUROPE-WEST9")
        .add("aws_dynamodb_table.agenda", region="eu-west-3")
        .add("aws_db_instance.pay", tags=SENSITIVE, tags_all=SENSITIVE, region="eu-west-3")
    )


def start(folder: Path, *paths: str) -> str:
    done = run("init", *paths, cwd=folder)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr.decode()
    return (folder / FILE).read_text()


def scan(folder: Path, *paths: str) -> tuple[int, JSON]:
    done = run("scan", *paths, "--format", "json", "--as-of", DAY, cwd=folder)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def blocks(text: str) -> dict[str, str]:
    """Return the settings of a starter, switched on, by key."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            setting = line[2:]
            if not setting.startswith(" "):
                lines = found.setdefault(setting.partition(":")[0], [])
                assert not lines, "a key stands twice"
            lines.append(setting)
    return {key: "".join(f"{line}\n" for line in lines) for key, lines in found.items()}


def filled(block: str) -> str:
    """Fill in what is empty, as a person would for their own cloud."""
    lines = []
    for number, line in enumerate(block.splitlines()):
        for key, value in {
            "id": f"our-cloud-{number}",
            "name": "Our cloud",
            "seat": "FR",
            "level": "strategic",
            "until": "2027-03-31",
            "reason": "Decided by the board: ours.",
            "approver": "A. Weber",
        }.items():
            line = line.replace(f' {key}: ""', f" {key}: {json.dumps(value)}")
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def on_its_own(line: str) -> bool:
    """Whether a line is prose, a setting that is off, or empty."""
    return line == "" or line.startswith(("## ", "# "))


# -- it changes nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["europe-mixed", "aws-on-unknown-endpoint", "delete-forget-replace-deposed"])
@pytest.mark.parametrize("kind", ["plan", "source"])
def test_a_scan_with_the_starter_is_one_without_it(name: str, kind: str, checkout: Path) -> None:
    for file in (FIXTURES / name).glob("*.tf" if kind == "source" else "plan.json"):
        shutil.copy(file, checkout)
    path = "." if kind == "source" else "plan.json"
    before = scan(checkout, path)
    text = start(checkout, path)
    assert all(map(on_its_own, text.splitlines()))
    assert yaml.safe_load(text) is None
    assert scan(checkout, path) == before


def test_a_state_has_a_starter_too(checkout: Path) -> None:
    instance = {"attributes": {"bucket": "b", "tags": PUBLIC, "tags_all": PUBLIC}}
    (checkout / "terraform.tfstate").write_text(
        json.dumps(raw_state(raw_resource("aws_s3_bucket", "b", instance)))
    )
    assert "hashicorp/aws" in start(checkout, "terraform.tfstate")


def test_a_file_that_is_there_is_left_alone(checkout: Path) -> None:
    estate().write(checkout / "plan.json")
    (checkout / FILE).write_text("on_unknown: warn\n")
    done = run("init", "plan.json", cwd=checkout)
    assert done.returncode == 2
    assert FILE.encode() in done.stderr
    assert (checkout / FILE).read_text() == "on_unknown: warn\n"


def test_it_can_go_to_standard_output(checkout: Path) -> None:
    estate().write(checkout / "plan.json")
    done = run("init", "plan.json", "-o", "-", cwd=checkout)
    assert done.returncode == 0
    assert not (checkout / FILE).exists()
    assert done.stdout.decode() == start(checkout, "plan.json")


# -- each block can be used ----------------------------------------------------------------------------------

KEYS = ("policy", "on_unknown", "operators", "mirrors", "levels", "rules", "baseline", "waivers")


@pytest.fixture
def begun(checkout: Path) -> tuple[Path, dict[str, str]]:
    """A checkout with a plan, its baseline, and the blocks of its starter."""
    estate().write(checkout / "plan.json")
    found = blocks(start(checkout, "plan.json"))
    (checkout / FILE).unlink()
    assert run("baseline", "plan.json", cwd=checkout).returncode == 0
    return checkout, found


def test_an_estate_that_has_everything_gets_every_block(begun: tuple[Path, dict[str, str]]) -> None:
    _folder, found = begun
    assert tuple(found) == KEYS
    schema = json.loads(run("schema", "configuration").stdout)
    # An estate tells nothing of a catalog of one's own, nor of flows that are harmless.
    assert set(found) == schema["properties"].keys() - {"catalog", "flows"}


@pytest.mark.parametrize("key", KEYS)
def test_a_block_that_is_filled_in_is_valid(key: str, begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    (folder / FILE).write_text(filled(found[key]))
    _code, report = scan(folder, "plan.json")
    heard = [*report["declarations"], *report["refused_declarations"]]
    assert heard or key == "waivers"
    assert not [warning for warning in report["warnings"] if "no resource has an address" in warning]


def test_all_blocks_together_are_valid(begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    (folder / FILE).write_text("".join(map(filled, found.values())))
    _code, report = scan(folder, "plan.json")
    assert report["summary"]["waived"] == 1
    # Mirrors are not the repository's to state, and the file says so.
    assert [step["what"].partition(":")[0] for step in report["refused_declarations"]] == ["mirrors"]
    outside = folder.parent / f"{folder.name}.yaml"
    shutil.move(folder / FILE, outside)
    shutil.copy(folder / ".sovereign-guard-baseline.json", folder.parent)
    done = run("scan", "plan.json", "--config", str(outside), "--format", "json", cwd=folder)
    assert json.loads(done.stdout)["refused_declarations"] == []


def test_with_the_baseline_switched_on_nothing_that_stood_fails(begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    assert scan(folder, "plan.json")[0] == 1
    (folder / FILE).write_text(found["baseline"])
    assert scan(folder, "plan.json")[0] == 0


@pytest.mark.parametrize("key", ["operators", "levels"])
def test_a_block_that_is_not_filled_in_is_refused(key: str, begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    (folder / FILE).write_text(found[key])
    done = run("scan", "plan.json", cwd=folder)
    assert done.returncode == 2
    assert f"{FILE}:".encode() in done.stderr


def test_a_waiver_that_is_not_filled_in_covers_nothing(begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    (folder / FILE).write_text(found["waivers"])
    _code, report = scan(folder, "plan.json")
    assert report["summary"]["waived"] == 0
    assert "SOV011" in [finding["rule"] for finding in report["findings"]]


def test_what_is_stated_settles_what_was_unknown(begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    verdicts = {one["address"]: one["verdict"] for one in scan(folder, "plan.json")[1]["resources"]}
    assert verdicts["aws_s3_bucket.files"] == verdicts["acme_store.one"] == "unknown"
    own = filled(found["operators"]).replace("internal: false", "internal: true")
    (folder / FILE).write_text(own)
    verdicts = {one["address"]: one["verdict"] for one in scan(folder, "plan.json")[1]["resources"]}
    assert verdicts["aws_s3_bucket.files"] == verdicts["acme_store.one"] == "pass"


def test_a_level_that_is_stated_is_heard(begun: tuple[Path, dict[str, str]]) -> None:
    folder, found = begun
    (folder / FILE).write_text(filled(found["levels"]))
    levels = [one["level"] for one in scan(folder, "plan.json")[1]["resources"]]
    assert levels.count("strategic") == 1


def test_a_provider_without_an_endpoint_can_be_stated(checkout: Path) -> None:
    Plan().provider("postgresql", "cyrilgdn/postgresql").add("postgresql_database.pay").write(
        checkout / "plan.json"
    )
    found = blocks(start(checkout, "plan.json"))
    assert yaml.safe_load(found["operators"])["operators"][0]["providers"] == ["cyrilgdn/postgresql"]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/plan.json")), ids=lambda path: path.parent.name)
def test_blocks_of_every_fixture_are_valid(path: Path, tmp_path: Path) -> None:
    from sovereign_guard.catalog.statements import read_configuration
    from sovereign_guard.onboarding.init import starter
    from sovereign_guard.pipeline import assess
    from sovereign_guard.request import Wishes, request_of

    request = request_of((str(path),), Wishes(ignore_repo_config=True, as_of=DAY, source=""))
    text = starter(assess(request), request)
    assert yaml.safe_load(text) is None
    file = tmp_path / FILE
    file.write_text("".join(map(filled, blocks(text).values())))
    configuration = read_configuration(file, from_repository=False)
    statements, _catalog = configuration.statements(request.catalog, request.policy, policy_is_pinned=False)
    assert statements.accepted


# -- what it tells -------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    return " ".join(text.replace("\n## ", " ").split())


def test_it_tells_what_is_there(checkout: Path) -> None:
    estate().write(checkout / "plan.json")
    text = start(checkout, "plan.json")
    _code, report = scan(checkout, "plan.json")
    summary = report["summary"]
    told = prose(text)
    assert f"{summary['unlabelled']} resources that may hold data are judged as public" in told
    failing = [finding for finding in report["findings"] if finding["verdict"] in ("fail", "unknown")]
    assert f"{summary['findings']} findings today, of which {len(failing)} make a run fail" in told
    assert "sovereign-guard baseline plan.json" in told
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "## hashicorp/aws 4 Amazon Web Services (US), not known for 2" in lines
    assert "## acme/acme 1 not in the catalog" in lines
    assert "## DataClassification = sensitive 4 says sensitive" in lines
    assert "Keys that say nothing of that: team (1)." in told


def test_keys_that_look_like_labels_are_told_without_their_values(checkout: Path) -> None:
    plan = Plan().provider("scaleway").provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.a", tags={"gdpr_relevance_note": "S3CR3T", "stamp": "confidential"})
    plan.add("aws_s3_bucket.b", tags={"stamp": "S3CR3T", "team": "S3CR3T"})
    plan.add("scaleway_object_bucket.c", tags={"classification": "Q7"})
    plan.write(checkout / "plan.json")
    text = start(checkout, "plan.json")
    told = prose(text)
    assert "the vocabulary does not know them: stamp (2), gdpr_relevance_note (1)." in told
    assert "Keys that say nothing of that: team (1)." in told
    assert "classification = Q7 1 is outside the vocabulary (SOV010)" in told
    assert "S3CR3T" not in text


def test_default_labels_count_for_the_resources_that_take_them(checkout: Path) -> None:
    (checkout / "main.tf").write_text(
        """
        provider "aws" {
          region = "eu-west-3"
          default_tags { tags = { classification = "confidential", squad = "a" } }
        }
        resource "aws_s3_bucket" "a" {}
        resource "aws_s3_bucket_versioning" "takes_none" { bucket = "a" }
        resource "aws_s3_bucket" "b" { tags = { classification = "public" } }
        """
    )
    told = prose(start(checkout, "."))
    assert "classification = confidential 2 says sensitive" in told
    assert "squad (2)" in told


def test_sensitive_values_and_the_keys_beside_them_are_left_out(checkout: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3", endpoints={"s3": Refers("var.where")})
    plan.variable("where", "https://hidden.intern.example", sensitive=True)
    tags = {"classification": "T0PS3CRET", "H1DDENKEY": "x"}
    plan.add("aws_s3_bucket.a", tags=tags, hidden={"tags": True})
    plan.add(
        "aws_s3_bucket.b", tags={"classification": "T0PS3CRET"}, hidden={"tags": {"classification": True}}
    )
    plan.write(checkout / "plan.json")
    text = start(checkout, "plan.json")
    assert "Labels that Terraform marks sensitive, on 2 resources, are left out." in prose(text)
    for secret in ("T0PS3CRET", "H1DDENKEY", "hidden.intern.example"):
        assert secret not in text


def test_a_sensitive_host_is_no_entry(checkout: Path) -> None:
    (checkout / "main.tf").write_text(
        """
        variable "where" {
          default   = "https://hidden.intern.example"
          sensitive = true
        }
        provider "aws" {
          region = "eu-west-3"
          endpoints { s3 = var.where }
        }
        resource "aws_s3_bucket" "a" { tags = { classification = "sensitive" } }
        """
    )
    text = start(checkout, ".")
    assert "hidden" not in text
    assert "sensitive value" not in text
    assert "operators" not in blocks(text)


def test_a_clean_estate_has_little_to_decide(checkout: Path) -> None:
    Plan().add("scaleway_object_bucket.a", tags=SENSITIVE, region="fr-par").write(checkout / "plan.json")
    text = start(checkout, "plan.json")
    assert tuple(blocks(text)) == ("policy",)
    assert "None today." in text


def test_what_cannot_be_read_is_told(checkout: Path) -> None:
    Plan().add("scaleway_object_bucket.a", tags=SENSITIVE, region="fr-par").write(checkout / "plan.json")
    done = run("init", "plan.json", "gone.json", cwd=checkout)
    assert done.returncode == 3
    assert "1 error: not everything could be read" in prose((checkout / FILE).read_text())


def test_many_hosts_are_cut(checkout: Path) -> None:
    providers = "".join(
        f"""
        provider "aws" {{
          alias  = "p{number}"
          region = "eu-west-3"
          endpoints {{ s3 = "https://s3.site-{number}.example" }}
        }}
        resource "aws_s3_bucket" "b{number}" {{
          provider = aws.p{number}
          tags     = {{ classification = "sensitive" }}
        }}
        """
        for number in range(50)
    )
    (checkout / "main.tf").write_text(providers)
    text = start(checkout, ".")
    assert len(yaml.safe_load(filled(blocks(text)["operators"]))["operators"]) == 20
    assert "##   and 30 more" in text


# -- nothing breaks out --------------------------------------------------------------------------------------


def test_hostile_names_stay_in_their_comments_and_quotes(checkout: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.a").build()
    (change,) = plan["resource_changes"]
    made = []
    for position, (where, key) in enumerate(
        [("tags", HOSTILE), ("tags", f"classif{HOSTILE}"), ("tags", "classification"), ("tags", "data-class")]
    ):
        one = json.loads(json.dumps(change))
        one["address"] = f'module.m["{HOSTILE}{position}"].aws_s3_bucket.a'
        one["module_address"] = f'module.m["{HOSTILE}{position}"]'
        one["change"]["after"][where] = {key: HOSTILE}
        made.append(one)
    for field, value in {
        "type": f"aws_s3_bucket{HOSTILE}",
        "provider_name": f"registry.terraform.io/acme/{HOSTILE}",
        "address": f"acme_thing.{HOSTILE}",
        "name": HOSTILE,
    }.items():
        one = json.loads(json.dumps(change))
        one.update({"address": f"acme_thing.{field}", "type": "acme_thing", "name": "unlisted", field: value})
        made.append(one)
    plan["resource_changes"] = made
    (checkout / "plan.json").write_text(json.dumps(plan))
    before = scan(checkout, "plan.json")
    text = start(checkout, "plan.json")
    assert all(map(on_its_own, text.splitlines()))  # which ends lines at U+0085 and U+2028 too
    assert all(char.isprintable() or char == "\n" for char in text)
    assert yaml.safe_load(text) is None
    assert scan(checkout, "plan.json") == before
    (checkout / FILE).write_text("".join(map(filled, blocks(text).values())))
    assert run("baseline", "plan.json", "--ignore-repo-config", cwd=checkout).returncode == 0
    _code, report = scan(checkout, "plan.json")
    assert report["policy"]["id"] == "three-circles"
    assert not [warning for warning in report["warnings"] if "no resource has an address" in warning]


def test_a_hostile_path_stays_in_its_comment(checkout: Path) -> None:
    name = "p\n# policy: eu-location\npolicy: x $(touch gone).json"
    estate().write(checkout / name)
    text = start(checkout, name)
    assert all(map(on_its_own, text.splitlines()))
    assert yaml.safe_load(text) is None


def test_the_command_that_it_names_can_be_pasted(checkout: Path) -> None:
    estate().write(checkout / "the plan.json")
    text = prose(start(checkout, "the plan.json"))
    command = text.partition("write down what is left with `")[2].partition("`")[0]
    assert shlex.split(command) == ["sovereign-guard", "baseline", "the plan.json"]
