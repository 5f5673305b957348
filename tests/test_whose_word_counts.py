"""Whose word counts: the pipeline's own files over the judged repository's, and all of it is listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    JSON,
    PUBLIC,
    SENSITIVE,
    Plan,
    at_endpoint,
    by_address,
    configure,
    operators,
    own_cloud,
    sensitive_bucket,
)
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"
UNKNOWN_HOST = "https://s3.intern.example"
OWN_HOST = own_cloud(endpoints=["s3.intern.example"])
OWN_AWS = own_cloud(providers=["hashicorp/aws"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a plan of sensitive data at a host that the catalog does not know."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    at_endpoint(UNKNOWN_HOST).write(folder / "plan.json")
    return folder


def on_aws(repository: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(repository / "plan.json")


def scan(folder: Path, *arguments: str) -> tuple[int, JSON]:
    return run_json("scan", "plan.json", "--as-of", DAY, *arguments, cwd=folder)


def said(report: JSON, key: str = "declarations") -> str:
    return "\n".join(f"{step['what']} [{step['where']}]" for step in report[key])


def repository_says(repository: Path, **statements: Any) -> Path:
    return configure(repository / ".sovereign-guard.yaml", **statements)


def pipeline_says(repository: Path, **statements: Any) -> str:
    return str(configure(repository.parent / "pipeline.yaml", **statements))


def policy(folder: Path, **more: Any) -> str:
    path = folder.parent / "policy.yaml"
    return str(configure(path, id="ours", title="Ours", extends="three-circles", **more))


# -- what the repository may say by itself -------------------------------------------------------------------


def test_without_any_statement_an_unknown_host_is_unknown(repository: Path) -> None:
    code, report = scan(repository)
    assert code == 1
    assert by_address(report)[FILES]["verdict"] == "unknown"
    assert report["declarations"] == report["refused_declarations"] == []


def test_the_repository_fills_a_gap_and_the_report_says_so(repository: Path) -> None:
    repository_says(repository, operators=[OWN_HOST])
    code, report = scan(repository)
    entry = by_address(report)[FILES]
    assert (code, entry["verdict"], operators(entry)) == (0, "pass", ["our-cloud"])
    (step,) = report["declarations"]
    assert "s3.intern.example" in step["what"]
    assert "Run by our own department." in step["what"]
    assert ".sovereign-guard.yaml:" in step["where"]
    assert report["refused_declarations"] == []


def test_the_evidence_of_the_verdict_names_the_statement(repository: Path) -> None:
    repository_says(repository, operators=[OWN_HOST])
    _, report = scan(repository)
    steps = by_address(report)[FILES]["placement_evidence"]
    assert any("the organisation states" in step["what"] for step in steps)
    assert any(".sovereign-guard.yaml:" in step["where"] for step in steps)


@pytest.mark.parametrize(
    ("statement", "endpoint"),
    [
        (OWN_AWS, None),
        (own_cloud(endpoints=["*.amazonaws.com"]), "https://s3.eu-west-3.amazonaws.com"),
        (own_cloud(endpoints=["s3.eu-central-1.wasabisys.com"]), "https://s3.eu-central-1.wasabisys.com"),
    ],
)
def test_the_repository_cannot_change_what_the_catalog_knows(
    statement: JSON, endpoint: str | None, repository: Path
) -> None:
    plan = at_endpoint(endpoint, "eu-west-3") if endpoint else sensitive_bucket(region="eu-west-3")
    plan.write(repository / "plan.json")
    repository_says(repository, operators=[statement])
    code, report = scan(repository)
    assert (code, by_address(report)[FILES]["verdict"]) == (1, "fail")
    assert report["declarations"] == []
    assert "the repository cannot change that" in said(report, "refused_declarations")


def test_of_one_statement_the_part_that_fills_a_gap_is_accepted_and_the_rest_refused(
    repository: Path,
) -> None:
    both = own_cloud(endpoints=["s3.intern.example", "amazonaws.com"], providers=["hashicorp/aws"])
    repository_says(repository, operators=[both])
    code, report = scan(repository)
    assert code == 0
    assert "s3.intern.example" in said(report)
    assert "amazonaws.com" not in said(report)
    refused = said(report, "refused_declarations")
    assert "amazonaws.com" in refused
    assert "hashicorp/aws" in refused


def test_the_repository_fills_a_gap_with_a_provider_that_is_not_in_the_catalog(repository: Path) -> None:
    plan = (
        Plan().provider("intern", "registry.intern.example/it/intern").add("intern_bucket.x", tags=SENSITIVE)
    )
    plan.write(repository / "plan.json")
    assert scan(repository)[0] == 1
    repository_says(repository, operators=[own_cloud(providers=["registry.intern.example/it/intern"])])
    code, report = scan(repository)
    assert (code, operators(by_address(report)["intern_bucket.x"])) == (0, ["our-cloud"])


def test_a_statement_about_one_provider_does_not_reach_one_of_the_same_name_elsewhere(
    repository: Path,
) -> None:
    plan = Plan().provider("intern", "registry.evil.example/it/intern").add("intern_bucket.x", tags=SENSITIVE)
    plan.write(repository / "plan.json")
    repository_says(repository, operators=[own_cloud(providers=["registry.intern.example/it/intern"])])
    assert scan(repository)[0] == 1


def test_a_short_address_means_the_public_registry_only(repository: Path) -> None:
    """`it/intern` is short for registry.terraform.io/it/intern, not for every registry's."""
    repository_says(repository, operators=[own_cloud(providers=["it/intern"])])
    for host, expected in (
        ("registry.terraform.io", 0),
        ("registry.opentofu.org", 0),
        ("registry.evil.example", 1),
    ):
        plan = Plan().provider("intern", f"{host}/it/intern").add("intern_bucket.x", tags=SENSITIVE)
        plan.write(repository / "plan.json")
        assert scan(repository)[0] == expected, host


def test_the_repository_names_its_policy_where_none_is_pinned(repository: Path) -> None:
    on_aws(repository)
    repository_says(repository, policy="eu-location")
    code, report = scan(repository)
    assert (code, report["policy"]["id"]) == (0, "eu-location")
    assert "policy eu-location" in said(report)


def test_the_repository_names_a_policy_file_beside_it(repository: Path) -> None:
    on_aws(repository)
    configure(repository / "mine.yaml", id="mine", title="Mine", extends="cloud-act")
    repository_says(repository, policy="mine.yaml")
    (repository / "below").mkdir()
    (repository / "plan.json").rename(repository / "below" / "plan.json")
    code, report = scan(repository / "below")
    assert (code, report["policy"]["id"]) == (1, "mine")


def test_on_unknown_from_the_repository(repository: Path) -> None:
    repository_says(repository, on_unknown="warn")
    code, report = scan(repository)
    assert code == 0
    assert by_address(report)[FILES]["verdict"] == "unknown", "the verdict stays, only its weight changes"
    assert "on_unknown is warn" in said(report)
    assert [finding["severity"] for finding in report["findings"]] == ["warning"]


# -- levels can only be raised -------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", [True, False])
def test_a_stated_level_raises(outside: bool, repository: Path) -> None:
    Plan().provider("aws", region="eu-west-3").add(FILES, tags=PUBLIC).write(repository / "plan.json")
    levels = [{"address": "aws_s3_bucket.*", "level": "sensitive", "reason": "Holds files of citizens."}]
    arguments = ["--config", pipeline_says(repository, levels=levels)] if outside else []
    if not outside:
        repository_says(repository, levels=levels)
    code, report = scan(repository, *arguments)
    entry = by_address(report)[FILES]
    assert (code, entry["level"], entry["verdict"]) == (1, "sensitive", "fail")
    assert any("Holds files of citizens." in step["what"] for step in entry["level_evidence"])
    assert "aws_s3_bucket.* is at least sensitive" in said(report)


@pytest.mark.parametrize("outside", [True, False])
def test_a_stated_level_never_lowers(outside: bool, repository: Path) -> None:
    on_aws(repository)
    levels = [{"address": "*", "level": "public", "reason": "Nothing to see."}]
    arguments = ["--config", pipeline_says(repository, levels=levels)] if outside else []
    if not outside:
        repository_says(repository, levels=levels)
    code, report = scan(repository, *arguments)
    entry = by_address(report)[FILES]
    assert (code, entry["level"], entry["verdict"]) == (1, "sensitive", "fail")


def test_a_stated_level_does_not_settle_a_label_that_cannot_be_read(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(FILES, tags={"DataClassification": "TBD"})
    plan.add(
        "aws_s3_bucket.late", tags=None, unknown={"tags": True, "tags_all": True}, written={"tags": None}
    )
    plan.write(repository / "plan.json")
    repository_says(repository, levels=[{"address": "*", "level": "public", "reason": "Nothing to see."}])
    code, report = scan(repository)
    assert code == 1
    assert by_address(report)[FILES]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("glob", "hit"),
    [
        ('aws_s3_bucket.many["a.b"]', True),
        ("aws_s3_bucket.many[*]", True),
        ("aws_s3_bucket.many*", True),
        ("aws_s3_bucket.many", False),
        ("aws_s3_bucket.man", False),
        ("*", True),
        ("module.*", False),
        ('aws_s3_bucket.many["a?b"]', True),
        ("AWS_S3_BUCKET.many*", False),
    ],
)
def test_addresses_of_stated_levels(glob: str, hit: bool, repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3").add('aws_s3_bucket.many["a.b"]', tags=PUBLIC)
    plan.write(repository / "plan.json")
    repository_says(repository, levels=[{"address": glob, "level": "sensitive", "reason": "So it is."}])
    assert scan(repository)[0] == int(hit)


# -- the pipeline's own configuration ------------------------------------------------------------------------


def test_configuration_from_outside_may_say_anything(repository: Path) -> None:
    on_aws(repository)
    code, report = scan(repository, "--config", pipeline_says(repository, operators=[OWN_AWS]))
    entry = by_address(report)[FILES]
    assert (code, operators(entry), entry["verdict"]) == (0, ["our-cloud"], "pass")
    assert "hashicorp/aws" in said(report)
    assert "pipeline.yaml:" in said(report)


def test_configuration_from_outside_renames_known_hosts_even_by_wildcard(repository: Path) -> None:
    at_endpoint("https://s3.eu-west-3.amazonaws.com", "eu-west-3").write(repository / "plan.json")
    given = pipeline_says(repository, operators=[own_cloud(endpoints=["*.amazonaws.com"])])
    code, report = scan(repository, "--config", given)
    assert (code, operators(by_address(report)[FILES])) == (0, ["our-cloud"])


def test_configuration_from_outside_wins_over_the_repository(repository: Path) -> None:
    repository_says(repository, operators=[OWN_HOST], on_unknown="warn", policy="eu-location")
    code, report = scan(repository, "--config", pipeline_says(repository, rules={"SOV007": True}))
    assert (code, report["policy"]["id"]) == (1, "three-circles")
    assert by_address(report)[FILES]["verdict"] == "unknown"
    assert "s3.intern.example" not in said(report)
    assert "rule SOV007 is on" in said(report)


def test_a_broken_configuration_of_the_repository_does_not_matter_when_another_is_given(
    repository: Path,
) -> None:
    (repository / ".sovereign-guard.yaml").write_text("[broken")
    code, _ = scan(repository, "--config", pipeline_says(repository, operators=[OWN_HOST]))
    assert code == 0


def test_policy_named_by_configuration_from_outside(repository: Path) -> None:
    on_aws(repository)
    configure(repository.parent / "mine.yaml", id="mine", title="Mine", levels={})
    configure(repository / "mine.yaml", id="trap", title="Trap", levels={})
    code, report = scan(repository, "--config", pipeline_says(repository, policy="mine.yaml"))
    assert (code, report["policy"]["id"]) == (0, "mine")
    assert "policy mine" in said(report)


def test_configuration_from_outside_may_turn_unknown_into_a_warning_beside_a_pinned_policy(
    repository: Path,
) -> None:
    given = pipeline_says(repository, on_unknown="warn")
    code, report = scan(repository, "--config", given, "--policy", "three-circles")
    assert (code, report["policy"]["on_unknown"]) == (0, "warn")


# -- what counts as the repository's word --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["guard.yaml", "ci/guard.yaml", ".git/guard.yaml"])
def test_configuration_given_from_inside_the_repository_is_the_repositorys_word(
    name: str, repository: Path
) -> None:
    on_aws(repository)
    (repository / name).parent.mkdir(exist_ok=True)
    configure(repository / name, operators=[OWN_AWS])
    code, report = scan(repository, "--config", name)
    assert (code, by_address(report)[FILES]["verdict"]) == (1, "fail")
    assert report["refused_declarations"]


def test_configuration_given_by_a_roundabout_path_is_the_repositorys_word(repository: Path) -> None:
    on_aws(repository)
    configure(repository / "guard.yaml", operators=[OWN_AWS])
    assert scan(repository, "--config", "../repository/guard.yaml")[0] == 1
    assert scan(repository, "--config", str(repository / "guard.yaml"))[0] == 1


def test_link_from_outside_to_a_file_inside_is_the_repositorys_word(repository: Path) -> None:
    on_aws(repository)
    configure(repository / "guard.yaml", operators=[OWN_AWS])
    link = repository.parent / "link.yaml"
    link.symlink_to(repository / "guard.yaml")
    assert scan(repository, "--config", str(link))[0] == 1


def test_link_from_inside_to_a_file_outside_is_found_by_the_repository_and_so_its_word(
    repository: Path,
) -> None:
    on_aws(repository)
    target = pipeline_says(repository, operators=[OWN_AWS])
    (repository / ".sovereign-guard.yaml").symlink_to(target)
    code, report = scan(repository)
    assert (code, by_address(report)[FILES]["verdict"]) == (1, "fail")


def test_link_inside_the_repository_is_the_repositorys_word_even_if_given(repository: Path) -> None:
    """The judged change chooses where its link leads."""
    on_aws(repository)
    (repository / "guard.yaml").symlink_to(pipeline_says(repository, operators=[OWN_AWS]))
    assert scan(repository, "--config", "guard.yaml")[0] == 1


def test_configuration_in_a_folder_below_the_root_and_scan_from_a_folder_beside_it(repository: Path) -> None:
    on_aws(repository)
    (repository / "live").mkdir()
    (repository / "ci").mkdir()
    (repository / "plan.json").rename(repository / "live" / "plan.json")
    configure(repository / "ci" / "guard.yaml", operators=[OWN_AWS])
    assert scan(repository / "live", "--config", "../ci/guard.yaml")[0] == 1


def test_configuration_beside_the_judged_plan_is_its_repositorys_word_wherever_one_stands(
    repository: Path,
) -> None:
    """Called from elsewhere, what is judged is still the plan's repository."""
    on_aws(repository)
    given = configure(repository / "guard.yaml", operators=[OWN_AWS])
    elsewhere = repository.parent / "elsewhere"
    elsewhere.mkdir()
    code, report = run_json(
        "scan", str(repository / "plan.json"), "--as-of", DAY, "--config", str(given), cwd=elsewhere
    )
    assert (code, by_address(report)[FILES]["verdict"]) == (1, "fail")


def test_configuration_in_another_repository_is_from_outside(repository: Path) -> None:
    on_aws(repository)
    other = repository.parent / "pipeline"
    (other / ".git").mkdir(parents=True)
    given = configure(other / "guard.yaml", operators=[OWN_AWS])
    assert scan(repository, "--config", str(given))[0] == 0


def test_git_worktree_is_a_repository_too(tmp_path: Path) -> None:
    """In a worktree or submodule `.git` is a file."""
    folder = tmp_path / "worktree"
    folder.mkdir()
    (folder / ".git").write_text("gitdir: ../main/.git/worktrees/worktree\n")
    on_aws(folder)
    configure(folder / "guard.yaml", operators=[OWN_AWS])
    assert scan(folder, "--config", "guard.yaml")[0] == 1


def test_without_git_the_file_of_the_usual_name_is_the_repositorys_word(tmp_path: Path) -> None:
    on_aws(tmp_path)
    configure(tmp_path / ".sovereign-guard.yaml", operators=[OWN_AWS])
    assert scan(tmp_path)[0] == 1
    assert scan(tmp_path, "--config", ".sovereign-guard.yaml")[0] == 1


def test_the_file_is_looked_for_up_to_the_root_of_the_repository_and_not_above(repository: Path) -> None:
    folder = repository / "live" / "paris"
    folder.mkdir(parents=True)
    (repository / "plan.json").rename(folder / "plan.json")
    configure(repository.parent / ".sovereign-guard.yaml", on_unknown="warn")
    assert scan(folder)[0] == 1
    repository_says(repository, on_unknown="warn")
    assert scan(folder)[0] == 0


def test_the_nearest_file_counts(repository: Path) -> None:
    folder = repository / "live"
    folder.mkdir()
    (repository / "plan.json").rename(folder / "plan.json")
    repository_says(repository, on_unknown="warn")
    configure(folder / ".sovereign-guard.yaml", rules={"SOV007": True})
    code, report = scan(folder)
    assert code == 1
    assert "SOV007" in said(report)


def test_policy_pinned_from_inside_the_repository_does_not_let_it_grant_itself_trust(
    repository: Path,
) -> None:
    """A policy file of the repository is the repository's word as well: it cannot widen what it may say."""
    on_aws(repository)
    configure(
        repository / "mine.yaml",
        id="mine",
        title="Mine",
        extends="three-circles",
        repository={"operators": "any"},
    )
    repository_says(repository, policy="mine.yaml", operators=[OWN_AWS])
    code, report = scan(repository)
    assert code == 1 or "policy mine" in said(report)
    entry = by_address(report)[FILES]
    assert (operators(entry), entry["verdict"]) == (["aws"], "fail")


# -- --ignore-repo-config ------------------------------------------------------------------------------------


def test_ignore_repo_config_uses_nothing_from_it(repository: Path) -> None:
    repository_says(
        repository,
        operators=[OWN_HOST],
        on_unknown="warn",
        policy="eu-location",
        rules={"SOV007": True},
        levels=[{"address": "*", "level": "strategic", "reason": "All."}],
    )
    code, report = scan(repository, "--ignore-repo-config")
    assert (code, report["policy"]["id"], report["policy"]["on_unknown"]) == (1, "three-circles", "fail")
    entry = by_address(report)[FILES]
    assert (entry["verdict"], entry["level"]) == ("unknown", "sensitive")
    assert report["declarations"] == []


def test_ignore_repo_config_does_not_even_read_it(repository: Path) -> None:
    (repository / ".sovereign-guard.yaml").write_text("[broken")
    assert scan(repository, "--ignore-repo-config")[0] == 1


def test_ignore_repo_config_beside_a_configuration_from_outside(repository: Path) -> None:
    given = pipeline_says(repository, operators=[OWN_HOST])
    assert scan(repository, "--ignore-repo-config", "--config", given)[0] == 0


def test_ignore_repo_config_beside_a_configuration_from_inside_is_a_contradiction(repository: Path) -> None:
    configure(repository / "guard.yaml", operators=[OWN_HOST])
    done = run("scan", "plan.json", "--ignore-repo-config", "--config", "guard.yaml", cwd=repository)
    assert done.returncode == 2
    assert b"guard.yaml" in done.stderr


# -- what a pinned policy accepts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "own_host", "aws"), [("none", 1, 1), ("gaps", 0, 1), ("any", 0, 0), (None, 0, 1)]
)
def test_policy_says_which_statements_about_operators_it_accepts(
    word: str | None, own_host: int, aws: int, repository: Path
) -> None:
    pinned = policy(repository, **({"repository": {"operators": word}} if word else {}))
    repository_says(repository, operators=[OWN_HOST])
    code, report = scan(repository, "--policy", pinned)
    assert code == own_host
    assert ("s3.intern.example" in said(report)) == (own_host == 0)
    assert bool(report["refused_declarations"]) == (own_host == 1)
    on_aws(repository)
    repository_says(repository, operators=[OWN_AWS])
    code, report = scan(repository, "--policy", pinned)
    assert code == aws
    assert operators(by_address(report)[FILES]) == (["our-cloud"] if aws == 0 else ["aws"])
    assert bool(report["refused_declarations"]) == (aws == 1)


def test_a_policy_that_accepts_no_statement_still_hears_the_pipeline(repository: Path) -> None:
    pinned = policy(repository, repository={"operators": "none", "levels": False, "rules": False})
    given = pipeline_says(repository, operators=[OWN_HOST])
    assert scan(repository, "--policy", pinned, "--config", given)[0] == 0


@pytest.mark.parametrize("accepts", [True, False])
def test_policy_says_whether_the_repository_may_raise_levels(accepts: bool, repository: Path) -> None:
    Plan().provider("aws", region="eu-west-3").add(FILES, tags=PUBLIC).write(repository / "plan.json")
    repository_says(repository, levels=[{"address": "*", "level": "sensitive", "reason": "So it is."}])
    code, report = scan(repository, "--policy", policy(repository, repository={"levels": accepts}))
    assert code == int(accepts)
    assert ("is at least sensitive" in said(report)) == accepts
    assert bool(report["refused_declarations"]) == (not accepts)


@pytest.mark.parametrize("accepts", [True, False])
def test_policy_says_whether_the_repository_may_switch_rules_on(accepts: bool, repository: Path) -> None:
    Plan().provider("aws", region="eu-west-3").add(FILES, tags=None).write(repository / "plan.json")
    repository_says(repository, rules={"SOV007": True})
    code, report = scan(repository, "--policy", policy(repository, repository={"rules": accepts}))
    assert code == int(accepts)
    assert [finding["rule"] for finding in report["findings"]] == (["SOV007"] if accepts else [])
    assert ("SOV007" in said(report)) == accepts
    assert bool(report["refused_declarations"]) == (not accepts)


@pytest.mark.parametrize(("word", "code"), [("none", 1), ("gaps", 1), ("any", 0), (None, 1)])
def test_mirrors_are_a_matter_of_trust(word: str | None, code: int, repository: Path) -> None:
    """A mirror vouches that what it serves under a name is what the public registry serves."""
    plan = Plan().provider("scaleway", "mirror.intern.example/scaleway/scaleway", region="fr-par")
    plan.add("scaleway_object_bucket.x", tags=SENSITIVE, region="fr-par").write(repository / "plan.json")
    assert scan(repository)[0] == 1
    repository_says(repository, mirrors=["mirror.intern.example"])
    pinned = policy(repository, **({"repository": {"operators": word}} if word else {}))
    found, report = scan(repository, "--policy", pinned)
    assert found == code
    assert ("mirror.intern.example" in said(report)) == (code == 0)
    assert ("mirrors" in said(report, "refused_declarations")) == (code == 1)
    given = pipeline_says(repository, mirrors=["mirror.intern.example"])
    assert scan(repository, "--policy", pinned, "--config", given)[0] == 0


def test_on_unknown_of_the_repository_is_refused_beside_a_pinned_policy(repository: Path) -> None:
    repository_says(repository, on_unknown="warn")
    code, report = scan(repository, "--policy", "three-circles")
    assert (code, report["policy"]["on_unknown"]) == (1, "fail")
    assert "on_unknown" in said(report, "refused_declarations")


def test_policy_named_by_the_repository_is_listed_as_refused_beside_a_pinned_one(repository: Path) -> None:
    on_aws(repository)
    repository_says(repository, policy="eu-location")
    code, report = scan(repository, "--policy", "three-circles")
    assert (code, report["policy"]["id"]) == (1, "three-circles")
    assert "eu-location" in said(report, "refused_declarations")


def test_the_command_line_decides_over_all(repository: Path) -> None:
    repository_says(repository, on_unknown="warn")
    assert scan(repository, "--on-unknown", "fail")[0] == 1
    assert scan(repository, "--on-unknown", "warn", "--policy", "three-circles")[0] == 0


# -- how it is told ------------------------------------------------------------------------------------------


def test_the_text_report_lists_both_what_counted_and_what_did_not(repository: Path) -> None:
    repository_says(repository, operators=[OWN_HOST, {**OWN_AWS, "id": "other-cloud"}], on_unknown="warn")
    done = run("scan", "plan.json", "--policy", "three-circles", cwd=repository)
    text = " ".join(done.stdout.decode().split())
    assert done.returncode == 0
    accepted, _, refused = text.partition("and not accepted")
    assert "s3.intern.example is Notre nuage" in accepted
    assert "provider hashicorp/aws as other-cloud" in refused
    assert "on_unknown" in refused


def test_accepted_statements_are_listed_even_where_no_verdict_rests_on_them(repository: Path) -> None:
    on_aws(repository)
    repository_says(repository, operators=[OWN_HOST])
    code, report = scan(repository)
    assert code == 1
    assert "s3.intern.example" in said(report)


@pytest.mark.parametrize("country", ["FR", "US", None])
def test_what_is_stated_of_the_own_cloud_is_held_against_the_policy_too(
    country: str | None, repository: Path
) -> None:
    """Internal or not: machines on American soil are on American soil."""
    statement = (
        {**OWN_HOST, "country": country} if country else {k: v for k, v in OWN_HOST.items() if k != "country"}
    )
    repository_says(repository, operators=[statement])
    code, report = scan(repository)
    assert code == (1 if country == "US" else 0)
    if country == "US":
        assert [finding["rule"] for finding in report["findings"]] == ["SOV002"]


def test_a_cloud_stated_without_its_control_is_not_cleared(repository: Path) -> None:
    statement = {
        "id": "partner",
        "name": "Partenaire",
        "seat": "FR",
        "country": "FR",
        "reason": "A partner's cloud.",
    }
    repository_says(repository, operators=[{**statement, "endpoints": ["s3.intern.example"]}])
    code, report = scan(repository)
    entry = by_address(report)[FILES]
    assert (code, entry["verdict"]) == (1, "unknown")
    assert "control" in entry["unknown"]
    for controlled_from, verdict in ((["FR"], "pass"), (["US"], "fail"), (["FR", "US"], "fail")):
        stated = {**statement, "endpoints": ["s3.intern.example"], "controlled_from": controlled_from}
        repository_says(repository, operators=[stated])
        code, report = scan(repository)
        assert by_address(report)[FILES]["verdict"] == verdict, controlled_from


def test_strategic_data_needs_a_cloud_that_is_stated_internal(repository: Path) -> None:
    plan = Plan().provider("aws", region="fr-par", endpoints={"s3": UNKNOWN_HOST})
    plan.add(FILES, tags={"DataClassification": "strategic"}).write(repository / "plan.json")
    assert scan(repository)[0] == 1
    repository_says(repository, operators=[OWN_HOST])
    assert scan(repository)[0] == 0
    partner = {**OWN_HOST, "internal": False, "controlled_from": ["FR"]}
    repository_says(repository, operators=[partner])
    code, report = scan(repository)
    assert code == 1
    assert [finding["rule"] for finding in report["findings"]] == ["SOV008"]
