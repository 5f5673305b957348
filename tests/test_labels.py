"""Reading labels: which level a key and a value say, however they are spelled and wherever they stand."""

from __future__ import annotations

import unicodedata
from functools import cache

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sovereign_guard.catalog import load
from sovereign_guard.classify.labels import Label, labels_in
from sovereign_guard.classify.vocabulary import Reader, Reading
from sovereign_guard.model.label import words
from sovereign_guard.model.value import Reason, Sensitive, Unknown
from tests.test_law import classified

LEVELS = ("public", "sensitive", "strategic")


@cache
def reader() -> Reader:
    return Reader(load().vocabulary)


def said(reading: Reading | None) -> str:
    """`nothing`, a level, or `outside` with the level that it says at least."""
    if reading is None or (reading.level is None and not reading.outside):
        return "nothing"
    level = "" if reading.level is None else LEVELS[reading.level]
    return f"outside {level}".strip() if reading.outside else level


TABLE = (
    # The words of this project, and the plainest of English
    ("data-classification", "public", "public"),
    ("data-classification", "sensitive", "sensitive"),
    ("data-classification", "strategic", "strategic"),
    ("sovereignty-level", "strategic", "strategic"),
    ("DataClassification", "Confidential", "sensitive"),
    ("data_classification_level", "INTERNAL USE ONLY", "sensitive"),
    ("Classification", "Top Secret", "strategic"),
    ("classification", "unclassified", "public"),
    ("confidentiality", "Highly Confidential", "sensitive"),
    ("confidentiality", "strictly confidential", "sensitive"),
    ("sensitivity", "very high", "sensitive"),
    ("sensitivity-label", "low", "public"),
    ("data-classification", "none", "public"),
    ("data-classification", "OFFICIAL-SENSITIVE", "sensitive"),
    ("data-classification", "UK SECRET", "strategic"),
    ("data-classification", "Protected B", "sensitive"),
    # French
    ("classe-de-donnees", "Sensible", "sensitive"),
    ("Confidentialité", "Diffusion Restreinte", "sensitive"),
    ("niveau de confidentialité", "Secret Défense", "strategic"),
    ("niveau_de_confidentialite", "TRES SECRET", "strategic"),
    ("sensibilite", "élevée", "sensitive"),
    ("sensibilité des données", "aucune", "public"),
    ("classification", "secret professionnel", "sensitive"),
    ("classification", "confidentiel-défense", "strategic"),
    ("classification", "données à caractère personnel", "sensitive"),
    ("classification", "non sensible", "public"),
    ("souverainete", "stratégique", "strategic"),
    # German
    ("Vertraulichkeit", "öffentlich", "public"),
    ("Vertraulichkeit", "OEFFENTLICH", "public"),
    ("Vertraulichkeitsstufe", "streng vertraulich", "sensitive"),
    ("Einstufung", "streng geheim", "strategic"),
    ("Einstufung", "VS-NfD", "sensitive"),
    ("Einstufung", "VS-Vertraulich", "strategic"),
    ("Verschlusssache", "Vertraulich", "strategic"),
    ("Schutzbedarf", "sehr hoch", "sensitive"),
    ("Schutzbedarf", "normal", "sensitive"),
    ("Schutzbedarf", "niedrig", "public"),
    ("Klassifizierung", "nicht vertraulich", "public"),
    # Booleans: a yes speaks, a no denies one kind of data only
    ("contains_pii", "true", "sensitive"),
    ("ContainsPII", "Yes", "sensitive"),
    ("contains-pii", "1", "sensitive"),
    ("contient_donnees_personnelles", "oui", "sensitive"),
    ("enthält-personenbezogene-Daten", "ja", "sensitive"),
    ("strategic", "true", "strategic"),
    ("hds", "oui", "sensitive"),
    ("contains_pii", "false", "nothing"),
    ("pii", "no", "nothing"),
    ("personenbezogen", "nein", "nothing"),
    ("contains_pii", "maybe", "outside"),
    ("contains_pii", "", "outside"),
    # Scales: letters with a meaning are read, bare numbers are not
    ("confidentiality", "C1", "public"),
    ("confidentiality", "C3", "sensitive"),
    ("data-classification", "3", "outside"),
    ("data-classification", "Level 3", "outside"),
    ("sensitivity", "0", "outside"),
    ("tlp", "amber+strict", "sensitive"),
    ("tlp", "clear", "public"),
    ("tlp", "purple", "outside"),
    ("data-classification", "green", "outside"),
    # Compounds: the highest of the words, each of which must be known
    ("data-classification", "internal/public", "sensitive"),
    ("data-classification", "public, secret", "strategic"),
    ("data-classification", "confidential-pii", "sensitive"),
    ("data-classification", "confidential orders", "outside sensitive"),
    ("data-classification", "secret TBD", "outside strategic"),
    ("data-classification", "public TBD", "outside"),
    ("compliance", "HIPAA,SOC2", "sensitive"),
    ("compliance", "IGI 1300 + GDPR", "strategic"),
    ("compliance", "ISO27001", "nothing"),
    # Placeholders
    ("data-classification", "TBD", "outside"),
    ("data-classification", "n/a", "outside"),
    ("data-classification", "", "outside"),
    ("data-classification", "${var.level}", "outside"),
    ("data-classification", "#{level}#", "outside"),
    # Prefixes: of keys that mean one thing only
    ("acme:data-classification", "confidential", "sensitive"),
    ("mnd_dataclassification", "secret", "strategic"),
    ("sevdesk:confidentiality", "internal", "sensitive"),
    ("app.contains-pii", "true", "sensitive"),
    ("asset-classification", "secret", "nothing"),
    ("price-sensitivity", "high", "nothing"),
    # False friends
    ("data-classification", "hot", "nothing"),
    ("classification", "parquet", "nothing"),
    ("data", "orders", "nothing"),
    ("data", "confidential", "sensitive"),
    ("data-type", "archive", "nothing"),
    ("security-zone", "restricted", "nothing"),
    ("protection", "high", "nothing"),
    ("strategic", "2027", "nothing"),
    ("gdpr", "assessed", "nothing"),
    ("criticality", "high", "nothing"),
    ("Name", "secret", "nothing"),
    # Negations: readable only where listed whole
    ("data-classification", "not sensitive", "public"),
    ("data-classification", "non-PII", "public"),
    ("data-classification", "non-public", "sensitive"),
    ("data-classification", "nicht öffentlich", "sensitive"),
    ("data-classification", "not secret", "outside"),
    ("data-classification", "formerly secret", "outside"),
    ("data-classification", "never public", "outside"),
    ("data-classification", "sans secret", "outside"),
)


@pytest.mark.parametrize(("key", "value", "expected"), TABLE, ids=[f"{k} = {v}" for k, v, _ in TABLE])
def test_table(key: str, value: str, expected: str) -> None:
    assert said(reader().read(key, value)) == expected


def test_the_table_is_large_and_each_row_stands_once() -> None:
    assert len({(key, value) for key, value, _ in TABLE}) == len(TABLE) >= 60


# -- spelling --------------------------------------------------------------------------------------

SEPARATORS = (" ", "-", "_", ".", "  ", "\u00a0", "\t")


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@st.composite
def respelled(draw: st.DrawFn, text: str) -> str:
    """The same words in another case, with or without accents, with other separators, with stray spaces."""
    text = draw(st.sampled_from((str, _plain, lambda t: unicodedata.normalize("NFD", t))))(text)
    text = draw(st.sampled_from((str, str.lower, str.upper)))(text)
    separator = draw(st.sampled_from(SEPARATORS))
    stray = draw(st.sampled_from(("", " ", "\n")))
    return f"{stray}{separator.join(text.replace('-', ' ').replace('_', ' ').split())}{stray}"


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TABLE), st.data())
def test_case_accents_and_separators_do_not_matter(row: tuple[str, str, str], data: st.DataObject) -> None:
    key, value, expected = row
    if key == "ContainsPII":
        key = "Contains PII"
    other = (
        data.draw(respelled(key if not key[0].isupper() or " " in key else _humps(key))),
        data.draw(respelled(value)),
    )
    assert said(reader().read(*other)) == expected


def _humps(text: str) -> str:
    return "".join(
        f" {c}" if c.isupper() and at and text[at - 1].islower() else c for at, c in enumerate(text)
    )


VOCABULARY = load().vocabulary
STRONGER = ("secret", "top secret", "confidential", "strategic", "sensible", "streng geheim")


@pytest.mark.parametrize("stronger", STRONGER)
@pytest.mark.parametrize("key", ["data-classification", "confidentiality", "sovereignty"])
def test_a_stronger_word_never_makes_a_value_read_lower(key: str, stronger: str) -> None:
    """Over the whole vocabulary: beside a word that says no less, a value keeps its level or asks."""
    strength = reader().read(key, stronger)
    assert strength is not None
    assert strength.level is not None
    lower = []
    for word, level in VOCABULARY.values.items():
        if level > strength.level:
            continue
        for value in (
            f"{word} {stronger}",
            f"{stronger} {word}",
            f"{word}/{stronger}",
            f"{stronger}, {word}",
        ):
            reading = reader().read(key, value)
            if reading is None or (not reading.outside and (reading.level or 0) < level):
                lower.append((value, reading))
    assert not lower


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=20), st.sampled_from(STRONGER))
@example("", "secret")
@example("n/a", "secret")
def test_no_text_hides_a_strong_word_under_a_strict_key(text: str, stronger: str) -> None:
    """Whatever stands beside it: the level, a higher one, or a question; never nothing and never public."""
    assume(set(words(text)).isdisjoint(VOCABULARY.negations))  # `no sensible` is Spanish for public.
    for value in (f"{text} {stronger}", f"{stronger} {text}"):
        reading = reader().read("data-classification", value)
        assert reading is not None
        assert reading.outside or (reading.level or 0) > 0


# -- shapes ----------------------------------------------------------------------------------------

SHAPES = {
    "map": lambda key, value: {"other": "x", key: value},
    "key=value": lambda key, value: ["other", f"{key}={value}"],
    "key = value": lambda key, value: [f" {key} = {value} "],
    "key:value": lambda key, value: ["env:prod", f"{key}:{value}"],
    "key: value": lambda key, value: [f"{key}: {value}"],
    "one text": lambda key, value: f"env=prod, {key}={value}",
    "key, value": lambda key, value: [{"key": "env", "value": "prod"}, {"key": key, "value": value}],
    "Key, Value": lambda key, value: [{"Key": key, "Value": value}],
    "name, value": lambda key, value: [{"name": key, "value": value}],
    "with flags": lambda key, value: [{"key": key, "value": value, "propagate_at_launch": True}],
    "one block": lambda key, value: {"key": key, "value": value},
    "list of maps": lambda key, value: [{"other": "x"}, {key: value}],
    "marked sensitive": lambda key, value: {key: Sensitive(value)},
    "wholly sensitive": lambda key, value: Sensitive([f"{key}={value}"]),
}

_ROWS = [row for row in TABLE if not set(row[0] + row[1]) & set(",=:") and row[1].strip()]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_says_the_same(shape: str) -> None:
    wrong = []
    for key, value, expected in _ROWS:
        found = labels_in(SHAPES[shape](key, value), "here", Reader(VOCABULARY))
        readings = [
            said(reader().read(label.key, str(label.value))) for label in found if isinstance(label, Label)
        ]
        if (readings or ["nothing"]) != [expected]:
            wrong.append((key, value, expected, readings))
    assert not wrong


def test_a_prefixed_key_is_read_in_a_list_of_texts_too() -> None:
    for text in ("acme:data-classification=secret", "acme:data-classification:secret"):
        found = labels_in([text], "here", Reader(VOCABULARY))
        assert [said(reader().read(label.key, label.value)) for label in found] == ["strategic"], text


def test_what_is_unknown_is_reported_as_such() -> None:
    unknown = Unknown(Reason.AFTER_APPLY)
    assert list(labels_in(unknown, "", Reader(VOCABULARY))) == [unknown]
    assert list(labels_in([{"key": unknown, "value": "secret"}], "", Reader(VOCABULARY))) == [unknown]
    (label,) = labels_in({"data-classification": unknown, "other": "x"}, "", Reader(VOCABULARY))
    assert isinstance(label, Label)
    assert label.value == unknown
    assert list(labels_in({"other": unknown}, "", Reader(VOCABULARY))) == []


def test_a_hidden_value_is_read_and_not_shown() -> None:
    (label,) = labels_in({"data-classification": Sensitive("secret")}, "", Reader(VOCABULARY))
    assert isinstance(label, Label)
    assert (label.value, label.shown) == ("secret", "(sensitive value)")


PLACES = {
    "hcloud_server": lambda key, value: {"labels": {key: value}},
    "scaleway_rdb_instance": lambda key, value: {"tags": [f"{key}={value}"]},
    "scaleway_instance_server": lambda key, value: {"tags": ["prod", f"{key}:{value}"]},
    "outscale_vm": lambda key, value: {"tags": [{"key": key, "value": value}]},
    "kubernetes_secret": lambda key, value: {"metadata": [{"name": "x", "labels": {key: value}}]},
    "kubernetes_manifest": lambda key, value: {"manifest": {"metadata": {"labels": {key: value}}}},
    "google_sql_database_instance": lambda key, value: {"settings": [{"user_labels": {key: value}}]},
    "google_storage_bucket": lambda key, value: {"effective_labels": {key: value}},
    "aws_s3_bucket": lambda key, value: {"tags_all": {key: value}},
    "aws_autoscaling_group": lambda key, value: {"tag": [{"key": key, "value": value}]},
    "aws_launch_template": lambda key, value: {"tag_specifications": [{"tags": {key: value}}]},
    "openstack_compute_instance_v2": lambda key, value: {"metadata": {key: value}},
    "azurerm_storage_account": lambda key, value: {"tags": {key: value}},
    "aiven_pg": lambda key, value: {"tag": [{"key": key, "value": value}]},
    "mongodbatlas_cluster": lambda key, value: {"tags": [{"key": key, "value": value}]},
    "unheardof_thing": lambda key, value: {"labels": {key: value}},
}


@pytest.mark.parametrize("value", ["public", "Sensible", "top-secret", "TBD"])
@pytest.mark.parametrize("resource_type", PLACES)
def test_every_provider_s_place_of_labels_is_read(resource_type: str, value: str) -> None:
    expected = {"public": (0,), "Sensible": (1,), "top-secret": (2,), "TBD": (0, 1, 2)}[value]
    attributes = PLACES[resource_type]("Data_Classification", value)
    assert classified(resource_type, attributes).levels == expected
