"""A catalog of one's own: laid over the shipped one, checked like it, and heard only from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import JSON, at_endpoint, by_address, configure, operators, sensitive_bucket
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"
OWN = {"own": {"title": "Our register", "publisher": "Valmont", "consulted": "2026-11-24", "read": True}}
HOST = "s3.valmont.example"


def entry(**more: Any) -> JSON:
    return {**more, "reviewed": "2026-11-24", "sources": OWN}


def operator(name: str, country: str = "FR", **more: Any) -> JSON:
    seat = {"country": country, "source": "own"}
    return entry(id=name, name=name.title(), kind="operator", seat=seat, **{"ownership": [], **more})


def hosts(*patterns: JSON) -> JSON:
    return entry(hosts=[{**one, "source": "own"} for one in patterns])


def held_by(holder: str, since: str = "2020-01-01", control: str = "sole", **more: Any) -> JSON:
    return {"holder": holder, "from": since, "control": control, "source": "own", **more}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A checkout with a plan of sensitive data at a host of ours, and a catalog beside it."""
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    at_endpoint(f"https://{HOST}").write(checkout / "plan.json")
    write(
        tmp_path / "catalog",
        **{"operators/valmont": operator("valmont", ownership=[held_by("dispersed", control="none")])},
    )
    write(tmp_path / "catalog", endpoints=hosts({"host": HOST, "operator": "valmont"}))
    return checkout


def write(folder: Path, **files: JSON) -> Path:
    for name, content in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    return folder


def scan(checkout: Path, *arguments: str) -> tuple[int, JSON]:
    return run_json("scan", "plan.json", "--as-of", DAY, *arguments, cwd=checkout)


def refused(checkout: Path, *arguments: str) -> str:
    done = run("scan", "plan.json", *arguments, cwd=checkout)
    assert done.returncode == 2
    text = done.stderr.decode()
    assert "Traceback" not in text
    return text


# -- what it adds and what it replaces -----------------------------------------------------------------------


def test_an_operator_and_a_host_of_ones_own(desk: Path) -> None:
    assert by_address(scan(desk)[1])[FILES]["verdict"] == "unknown"
    _code, report = scan(desk, "--catalog", "../catalog")
    found = by_address(report)[FILES]
    assert operators(found) == ["valmont"]
    assert found["exposed_to"] == ["FR"]
    (step,) = report["declarations"]
    assert step == {"what": "catalog ../catalog: operator valmont, 1 hosts", "where": "--catalog"}


def test_what_has_the_id_of_a_shipped_entry_takes_its_place(desk: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(desk / "plan.json")
    assert by_address(scan(desk)[1])[FILES]["verdict"] == "fail"
    write(
        desk.parent / "catalog",
        **{"operators/aws": operator("aws", ownership=[held_by("dispersed", control="none")])},
    )
    code, report = scan(desk, "--catalog", "../catalog")
    assert (code, by_address(report)[FILES]["verdict"]) == (0, "pass")
    assert "operator aws (replaced)" in report["declarations"][0]["what"]


def test_labels_of_ones_own(desk: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(desk / "plan.json")
    text = (
        (desk / "plan.json")
        .read_text()
        .replace("DataClassification", "our-grade")
        .replace('"sensitive"', '"g3"')
    )
    (desk / "plan.json").write_text(text)
    assert by_address(scan(desk)[1])[FILES]["level"] == "public"
    labels = entry(
        levels=["public", "sensitive", "strategic"],
        keys=[{"spellings": ["our-grade"], "reads": "scheme", "values": {"g3": "sensitive"}}],
    )
    write(desk.parent / "catalog", labels=labels)
    done = run("catalog", "verify", "../catalog", cwd=desk)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    code, report = scan(desk, "--catalog", "../catalog")
    assert (code, by_address(report)[FILES]["level"]) == (1, "sensitive")


# -- whose word counts ---------------------------------------------------------------------------------------


def test_a_catalog_in_the_repository_is_not_heard(desk: Path) -> None:
    (desk.parent / "catalog").rename(desk / "catalog")
    for given in (["--catalog", "catalog"], []):
        configure(desk / ".sovereign-guard.yaml", catalog="catalog")
        _code, report = scan(desk, *given)
        assert by_address(report)[FILES]["verdict"] == "unknown"
        (step,) = report["refused_declarations"]
        assert "the policy accepts none that lies in the repository" in step["what"]


def test_a_policy_from_outside_can_let_it_be_heard(desk: Path) -> None:
    (desk.parent / "catalog").rename(desk / "catalog")
    more = {"id": "ours", "title": "Ours", "extends": "three-circles", "repository": {"catalog": True}}
    policy = configure(desk.parent / "policy.yaml", **more)
    configure(desk / ".sovereign-guard.yaml", catalog="catalog")
    assert operators(by_address(scan(desk, "--policy", str(policy))[1])[FILES]) == ["valmont"]
    # The repository's own policy cannot.
    inside = configure(desk / "policy.yaml", **more)
    assert operators(by_address(scan(desk, "--policy", str(inside))[1])[FILES]) == []


def test_the_configuration_from_outside_names_one(desk: Path) -> None:
    config = configure(desk.parent / "pipeline.yaml", catalog="catalog")
    _code, report = scan(desk, "--config", str(config))
    assert operators(by_address(report)[FILES]) == ["valmont"]
    assert report["declarations"][0]["where"].startswith(str(config))


# -- what is wrong with it is told, all at once --------------------------------------------------------------


def test_faults_are_told_with_file_and_line(desk: Path) -> None:
    folder = desk.parent / "catalog"
    write(folder, **{"operators/other": operator("valmont-2", ownership=[held_by("nobody-knows")])})
    write(
        folder,
        **{"providers/mine": entry(id="mine", addresses=["a/mine"], places="operator", operator="gone")},
    )
    text = refused(desk, "--catalog", "../catalog")
    assert "operators/other.yaml" in text
    assert "must be called valmont-2.yaml" in text
    assert "no holder 'nobody-knows'" in text
    assert "no operator 'gone'" in text


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: None, "is no folder"),
        (lambda folder: folder.mkdir(), "holds nothing of a catalog"),
        (lambda folder: folder.write_text("x"), "is no folder"),
    ],
)
def test_what_is_no_catalog_is_refused(make, told: str, desk: Path) -> None:
    make(desk.parent / "empty")
    assert told in refused(desk, "--catalog", "../empty")


@pytest.mark.parametrize(
    ("owners", "told"),
    [
        ([held_by("iliad"), held_by("ovhcloud", "2021-01-01")], "both have sole control at one time"),
        (
            [held_by("iliad", "2021-01-01", until="2020-01-01")],
            "ends (2020-01-01) before it begins (2021-01-01)",
        ),
        ([held_by("valmont")], "it controls itself"),
    ],
)
def test_verify_finds_dates_that_contradict_one_another(owners: list[JSON], told: str, desk: Path) -> None:
    write(desk.parent / "catalog", **{"operators/valmont": operator("valmont", ownership=owners)})
    done = run("catalog", "verify", "../catalog", "--as-of", DAY, cwd=desk)
    assert done.returncode == 2
    assert f"operators/valmont: {told}" in done.stdout.decode() or told in done.stdout.decode()


def test_verify_finds_what_is_said_twice(desk: Path) -> None:
    regions = {
        "par-1": {"country": "FR", "place": "Paris", "aliases": ["p"]},
        "par-2": {"country": "DE", "place": "Bonn", "aliases": ["P"]},
    }
    write(
        desk.parent / "catalog",
        **{"regions/valmont": entry(cloud="valmont", operator="valmont", regions=regions)},
    )
    write(
        desk.parent / "catalog",
        endpoints=hosts({"host": HOST, "operator": "valmont"}, {"host": HOST, "operator": "aws"}),
    )
    done = run("catalog", "verify", "../catalog", "--as-of", DAY, cwd=desk)
    assert done.returncode == 2
    assert "P is par-1 and par-2" in done.stdout.decode()
    assert f"{HOST} stands twice" in done.stdout.decode()


def test_verify_tells_of_reviews_that_are_old(desk: Path) -> None:
    done = run("catalog", "verify", "../catalog", "--as-of", "2028-01-01", cwd=desk)
    assert done.returncode == 0
    assert "operators/valmont: reviewed on 2026-11-24, more than 366 days ago." in done.stdout.decode()


def test_the_shipped_catalog_is_clean() -> None:
    done = run("catalog", "verify", "--as-of", DAY)
    assert (done.returncode, done.stdout.decode()) == (
        0,
        f"0 faults, 0 reviews that are too old, on {DAY}.\n",
    )


# -- coverage ------------------------------------------------------------------------------------------------


def test_coverage_counts_what_there_is() -> None:
    text = run("catalog", "coverage").stdout.decode()
    for what in ("operators", "source addresses", "regions", "host patterns", "sources that were not read"):
        assert what in text


def test_coverage_of_an_estate_names_what_is_not_known(desk: Path) -> None:
    done = run("catalog", "coverage", "plan.json", cwd=desk)
    assert done.returncode == 0
    assert f"1          host  {HOST}" in done.stdout.decode()
    known = run("catalog", "coverage", "plan.json", "--catalog", "../catalog", cwd=desk)
    assert "knows all providers" in known.stdout.decode()
