"""A catalog of one's own: laid over the shipped one, checked like it, and heard only from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sovereign_guard.catalog import load
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


VALMONT = {
    "providers/valmont": entry(
        id="valmont", addresses=["valmont/valmont"], places="operator", operator="valmont"
    )
}
TYPES = [{"match": "valmont_store", "kind": "stores"}, {"match": "valmont_link", "kind": "none"}]
PASSING = {"at": "valmont_link", "flow": "replication", "from": {"attribute": "a", "types": "valmont_store"}}


def faults(desk: Path, **lists: Any) -> list[str]:
    """Return what verify finds in a table of a provider's types."""
    folder = write(desk.parent / "catalog", **VALMONT)
    table = entry(**{"provider": "valmont", "types": TYPES, **lists})
    done = run(
        "catalog", "verify", str(write(folder, **{"resources/valmont": table})), "--as-of", DAY, cwd=desk
    )
    found = [
        line
        for line in done.stdout.decode().splitlines()
        if line.startswith(("resources", "backends", "flows"))
    ]
    assert done.returncode == (2 if found else 0)
    return found


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        ({"to": {"attribute": "b", "types": "valmont_store"}}, None),
        ({"at": "valmont_*", "to": {"attribute": "b", "types": ["valmont_st*", "aws_*_bucket"]}}, None),
        ({"at": "*_st*e", "to": {"attribute": "b"}}, None),
        ({"at": "valmont_gone"}, "replication at valmont_gone: the table has no such type."),
        ({"at": "valmont_*_gone"}, "replication at valmont_*_gone: the table has no such type."),
        ({"at": "aws_s3_bucket"}, "replication at aws_s3_bucket: the table has no such type."),
        (
            {"to": {"attribute": "b", "types": ["valmont_store", "valmont_stroe"]}},
            "replication at valmont_link names valmont_stroe, a type of no table.",
        ),
        (
            {"from": {"attribute": "a", "types": "nobodys_*"}},
            "replication at valmont_link names nobodys_*, a type of no table.",
        ),
        ({"to": {"attribute": "b", "types": ["valmont_store", "gitea_repository"]}}, None),
        ({"to": {"provider": True}}, None),
        (
            {"at": ["valmont_link", "valmont_store"], "to": {"provider": True}},
            "replication at valmont_store goes to its provider, and the type is judged itself.",
        ),
    ],
)
def test_verify_finds_flows_that_name_no_type(flow: JSON, told: str | None, desk: Path) -> None:
    expected = [f"resources/valmont: {told}"] if told else []
    assert faults(desk, flows=[{**PASSING, **flow}]) == expected


def test_verify_finds_flows_that_stand_twice(desk: Path) -> None:
    wider = {**PASSING, "at": ["valmont_store", "valmont_link"], "note": "again"}
    other = {**PASSING, "when": {"attribute": "on", "is": [True]}}
    assert faults(desk, flows=[PASSING, other, wider]) == [
        "resources/valmont: replication at valmont_link stands twice."
    ]


def test_verify_finds_keys_that_name_no_type(desk: Path) -> None:
    key = {"attribute": "k", "types": ["aws_kms_key", "valmont_ky"]}
    held = {"at": ["valmont_store", "valmont_gone"], "key": key, "held": "kms"}
    whose = {"at": "valmont_link", "of": {"attribute": "of", "types": "valmont_gone"}, "held": "supplied"}
    assert faults(desk, keys=[held, whose]) == [
        "resources/valmont: key at valmont_gone: the table has no such type.",
        "resources/valmont: key at valmont_link names valmont_gone, a type of no table.",
        "resources/valmont: key at valmont_store names valmont_ky, a type of no table.",
    ]


def test_verify_tells_of_reviews_of_backends_that_are_old(desk: Path) -> None:
    faults(desk)
    write(desk.parent / "catalog", **{"backends/vault": entry(id="vault", places="nothing")})
    done = run("catalog", "verify", "../catalog", "--as-of", "2028-01-01", cwd=desk)
    assert "backends/vault: reviewed on 2026-11-24, more than 366 days ago." in done.stdout.decode()
    assert "backends/s3: reviewed on 2026-11-24, more than 366 days ago." in done.stdout.decode()


def test_verify_finds_names_that_lead_nowhere(desk: Path) -> None:
    names = [
        {"pattern": "v1:", "operators": {"": ["valmont"]}, "source": "own"},
        {"pattern": "v2:", "operators": {"": ["gone"]}, "cloud": "nowhere", "source": "own"},
        {"pattern": "v3:", "source": "own"},
        {"pattern": "v4:(?P<host>.*)", "source": "own"},
        {"pattern": "v5:", "here": True, "source": "own"},
    ]
    kinds = {"replication": {"says": "goes to", "means": "all"}}
    write(desk.parent / "catalog", flows=entry(kinds=kinds, identifiers=["id"], names=names))
    found = faults(desk)
    assert [line for line in found if line.startswith("flows")] == [
        "flows/own: no operator 'gone'.",
        "flows/own: no region table 'nowhere'.",
        "flows/own: v3: says neither an operator nor a host.",
    ]


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


def test_coverage_counts_flows_keys_and_backends() -> None:
    number = {
        what: int(figure.replace(",", ""))
        for figure, what in re.findall(r"^([\d,]+) +(.+)$", run("catalog", "coverage").stdout.decode(), re.M)
    }
    data = load().data
    # A table that two providers share (google-beta) counts once.
    own = [table for name, table in data.resources.items() if name != "google-beta"]
    assert number["ways in which data passes on"] == len({f for table in own for f in table.flows})
    assert number["ways in which a key is named"] == len({k for table in own for k in table.keys})
    assert number["kinds of these"] <= len(data.packed.flows.kinds)
    assert number["kinds of backend"] == len(data.backends)
    assert number["providers whose service stands on another operator"] > 50


def test_coverage_of_an_estate_names_what_is_not_known(desk: Path) -> None:
    done = run("catalog", "coverage", "plan.json", cwd=desk)
    assert done.returncode == 0
    assert f"1          host  {HOST}" in done.stdout.decode()
    known = run("catalog", "coverage", "plan.json", "--catalog", "../catalog", cwd=desk)
    assert "knows all providers" in known.stdout.decode()
