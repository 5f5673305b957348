"""The texts of rules/ in French: all there, about the same things, and shown where French is spoken."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from sovereign_guard.catalog import load
from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.catalog.data import CatalogData
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.catalog.policies import read_policy
from sovereign_guard.catalog.source import compile_rules
from sovereign_guard.catalog.verify import verify
from sovereign_guard.errors import ConfigurationError
from sovereign_guard.language import speaking

DAY = "2026-11-24"
RULES = Path(str(rules_folder()))
MAILBOX = "whoever runs the mailbox"
CODE = re.compile(r"`[^`]*`")
DATES = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
ENGLISH_WORDS = re.compile(r"\b(?:the|of|which|whose|with|from|is|are|was|were|not|and|its|this|that|who)\b")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def pairs() -> Iterator[tuple[str, str, str]]:
    """Give where each text stands, its English and its French."""
    for path in (*sorted((RULES / "checks").glob("*.yaml")), *sorted((RULES / "policies").glob("*.yaml"))):
        entry = read(path)
        yield from ((f"{path.stem}/{key}", entry[key], text) for key, text in entry["fr"].items())
    for kind, entry in read(RULES / "catalog" / "flows.yaml")["kinds"].items():
        yield from ((f"{kind}/{key}", entry[key], text) for key, text in entry["fr"].items())
    for path in sorted((RULES / "catalog" / "words").glob("*.yaml")):
        yield from ((path.stem, entry["en"], entry["fr"]) for entry in read(path)["words"])


PAIRS = tuple(pairs())


# -- the texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [CODE, DATES])
def test_what_is_written_and_when_is_the_same(pattern: re.Pattern[str]) -> None:
    differ = [
        (where, english)
        for where, english, french in PAIRS
        if sorted(pattern.findall(_flat(english))) != sorted(pattern.findall(_flat(french)))
        and "`not sensitive`" not in english
        and "`has SecNumCloud`" not in english
    ]
    assert differ == []


def test_it_is_set_as_french_is() -> None:
    loose = [
        (where, french)
        for where, _english, french in PAIRS
        if re.search(r" [;:?!»%]|« ", CODE.sub("", french))
    ]
    assert loose == []


def test_nothing_is_left_in_english() -> None:
    left = [(where, french) for where, _english, french in PAIRS if ENGLISH_WORDS.search(_prose(french))]
    assert left == []


def test_every_sentence_of_a_rule_is_another() -> None:
    same = [where for where, english, french in PAIRS if where.startswith("SOV") and english == french]
    assert same == []


def test_every_text_is_there() -> None:
    assert [fault.what for fault in verify(load(), DAY)] == []


def _flat(text: str) -> str:
    return " ".join(text.split())


def _prose(text: str) -> str:
    """Return a text without code, quotations and names, which may be English."""
    text = re.sub(r"«[^»]*»", "", text)
    return re.sub(r"[A-Z][\w'&.-]*(?: (?:of|and|on|the|[A-Z&][\w'.-]*))*", "", CODE.sub("", text))


# -- where they are missing ----------------------------------------------------------------------------------


def test_a_rule_without_french_does_not_compile(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    for part in ("schemas", "checks", "policies"):
        shutil.copytree(RULES / part, folder / part)
    (folder / "catalog").mkdir()
    for name in ("flows", "labels", "endpoints"):
        shutil.copy(RULES / "catalog" / f"{name}.yaml", folder / "catalog")
    path = folder / "checks" / "SOV001.yaml"
    rule = read(path)
    del rule["fr"]
    path.write_text(yaml.safe_dump(rule))
    with pytest.raises(ConfigurationError) as caught:
        compile_rules(folder)
    assert any("SOV001" in str(one) and "'fr'" in str(one) for one in caught.value.problems)


def test_what_lacks_french_is_a_fault_of_the_shipped_catalog() -> None:
    packed = load().data.packed
    french = load().data.words.of("fr")
    lost = {packed.flows.kinds["mail"].says, MAILBOX, "Three circles"}
    words = {key: text for key, text in french.items() if key not in lost} | {"said by nobody": "x"}
    less = msgspec.structs.replace(packed, words={"fr": msgspec.msgpack.encode(words)})
    cut = Catalog(CatalogData(less))
    assert [(fault.where, fault.what) for fault in verify(cut, DAY)] == [
        ("flows/kinds", "no text in fr: sends mail through"),
        ("policies/three-circles", "no text in fr: Three circles"),
        ("resources/aws", f"no text in fr: {MAILBOX}"),
        ("words", "no entry says: said by nobody"),
    ]


def _own(folder: Path, **files: Any) -> Catalog:
    for name, content in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True))
    return load().laid_over(folder)[0]


OPERATOR = {
    "id": "valmont",
    "name": "Valmont",
    "kind": "operator",
    "seat": {"country": "FR", "source": "own"},
    "ownership": [],
    "notes": "Only for us.",
    "reviewed": DAY,
    "sources": {"own": {"title": "Register", "publisher": "Valmont", "consulted": DAY, "read": True}},
}


def test_a_catalog_of_ones_own_may_be_in_english_alone(tmp_path: Path) -> None:
    known = _own(tmp_path, **{"operators/valmont": OPERATOR})
    with speaking("fr"):
        valmont = known.operator("valmont")
        assert valmont is not None
        assert valmont.notes == "Only for us."
        assert known.said(MAILBOX) != MAILBOX
    assert verify(known, DAY) == []


def test_a_catalog_of_ones_own_may_bring_its_words(tmp_path: Path) -> None:
    words = {"words": [{"en": "Only for us.", "fr": "Pour nous seuls."}]}
    known = _own(tmp_path, **{"operators/valmont": OPERATOR, "words/own": words})
    with speaking("fr"):
        valmont = known.operator("valmont")
        assert valmont is not None
        assert valmont.notes == "Pour nous seuls."


def test_a_text_has_one_translation(tmp_path: Path) -> None:
    words = {"words": [{"en": "Ours.", "fr": "À nous."}, {"en": "Ours.", "fr": "Le nôtre."}]}
    with pytest.raises(ConfigurationError) as caught:
        _own(tmp_path, **{"operators/valmont": OPERATOR, "words/own": words})
    assert ["'Ours.' is translated in two ways." in str(one) for one in caught.value.problems] == [True]


# -- shown ---------------------------------------------------------------------------------------------------


def test_it_is_shown_where_french_is_spoken_and_only_there() -> None:
    known = load()
    english = known.rules["SOV001"]
    with speaking("fr"):
        french = load().rules["SOV001"]
        assert french.title.startswith("Données sensibles chez un opérateur")
        assert (french.english, french.id, french.severity) == (english.title, "SOV001", english.severity)
        assert french.references == english.references
        assert french.why != english.why
        assert french.fix != english.fix
        assert known.rules["SOV001"] == french
        assert known.policies["three-circles"].title == "Trois cercles"
        assert known.flows.kinds["mail"].says == "envoie ses courriels par"
        assert known.flows.identifiers == load().data.packed.flows.identifiers
        assert known.said(MAILBOX) == "l'exploitant de la boîte aux lettres"
    assert known.rules["SOV001"] == english
    assert known.flows.kinds["mail"].says == "sends mail through"
    assert known.said(MAILBOX) == MAILBOX


def test_a_place_has_its_name_in_the_language() -> None:
    with speaking("fr"):
        place = load().place("aws", "eu-west-2")
    assert place is not None
    assert place.region.place == "Londres"


def test_a_holder_that_bears_no_name_is_called_what_it_is() -> None:
    with speaking("fr"):
        family, company = load().operator("klaba-family"), load().operator("aws")
    assert family is not None
    assert company is not None
    assert family.name == "famille Klaba"
    assert company.name == "Amazon Web Services"


@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_statement_may_name_an_end_in_any_language(code: str) -> None:
    with speaking(code):
        assert load().spellings(MAILBOX) == (MAILBOX, "l'exploitant de la boîte aux lettres")


def test_nothing_but_texts_differs() -> None:
    """What decides is the same: the entries differ in the fields that hold texts alone."""
    known = load()
    texts = {
        "note",
        "notes",
        "grounds",
        "scope",
        "what",
        "title",
        "why",
        "fix",
        "place",
        "name",
        "legal_name",
    }

    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: bare(value) for key, value in node.items() if key not in texts}
        return [bare(one) for one in node] if isinstance(node, list | tuple) else node

    for section in ("operators", "providers", "regions", "backends", "rules", "policies"):
        for key, english in getattr(known.data, section).items():
            with speaking("fr"):
                french = getattr(known.data, section)[key]
            assert bare(msgspec.to_builtins(english)) == bare(msgspec.to_builtins(french))
    for key in ("aws", "azurerm", "google", "scaleway"):
        with speaking("fr"):
            french = known.data.resources[key]
        english = known.data.resources[key]
        assert (french.types, french.services) == (english.types, english.services)
        for one, other in zip((*english.flows, *english.keys), (*french.flows, *french.keys), strict=True):
            assert msgspec.structs.replace(one, note="") == msgspec.structs.replace(other, note="")


def test_a_policy_of_ones_own_has_its_own_title(tmp_path: Path) -> None:
    known = load()
    path = tmp_path / "policy.yaml"
    ours = {"id": "ours", "title": "Our rules", "extends": "three-circles"}
    levels, shipped = known.vocabulary.levels, tuple(known.policies)
    path.write_text(yaml.safe_dump(ours))
    with speaking("fr"):
        assert read_policy(path, levels, known.rules, shipped).title == "Our rules"
    path.write_text(yaml.safe_dump({**ours, "fr": {"title": "Nos règles"}}))
    assert read_policy(path, levels, known.rules, shipped).title == "Our rules"
    with speaking("fr"):
        assert read_policy(path, levels, known.rules, shipped).title == "Nos règles"
