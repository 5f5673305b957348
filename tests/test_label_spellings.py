"""Spellings of labels: those seen in public source, and those of each language and official scheme."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.classify.labels import Label, labels_in
from sovereign_guard.classify.vocabulary import Reader
from tests.test_labels import said

SEEN = Path(__file__).parent / "data" / "label-spellings.tsv"


@cache
def reader() -> Reader:
    return Reader(load().vocabulary)


def seen() -> list[tuple[str, str, str]]:
    """Rows of the survey of public source; each level was judged from what the label means."""
    with SEEN.open(encoding="utf-8", newline="") as file:
        return [(row["key"], row["value"], row["says"]) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.parametrize(("key", "value", "expected"), seen())
def test_spellings_seen_in_public_source(key: str, value: str, expected: str) -> None:
    if not key:  # A string of a list of tags, which holds its key itself.
        (label,) = labels_in([value], "", reader())
        assert isinstance(label, Label)
        key, value = label.key, str(label.value)
    assert said(reader().read(key, value)) == expected


def test_the_survey_is_there_whole() -> None:
    assert len(seen()) >= 90
    assert {expected for _key, _value, expected in seen()} == {"public", "sensitive", "outside", "nothing"}


# Level -> key -> values. Words of one language stand under a key of that language.
LANGUAGES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "English": {
        "public": {
            "data-classification": (
                "public domain",
                "publicly available",
                "Open Data",
                "public information",
                "unrestricted",
            ),
            "data-sensitivity-label": ("non-sensitive",),
        },
        "sensitive": {
            "data-classification-label": ("Strictly Confidential", "internal use only", "need-to-know"),
            "information-classification-level": ("payment card data", "biometric data", "trade secret"),
            "contains-patient-data": ("yes",),
            "special-category-data": ("true",),
            "data-category": ("special category data", "PHI"),
        },
        "strategic": {"security-classification-level": ("Top Secret", "crown jewels", "strategic")},
        "outside": {"data-classification": ("limited", "financial", "anonymised", "classified")},
    },
    "French": {
        "public": {
            "classification-des-donnees": (
                "Donnée publique",
                "données ouvertes",
                "Donnée ouverte",
                "Publiques",
            ),
            "niveau-de-confidentialite": ("Non confidentiels", "non sensible", "domaine public"),
            "sensibilite-de-la-donnee": ("très faible",),
        },
        "sensitive": {
            "classification-de-la-donnee": (
                "Donnée de santé",
                "Données de santé",
                "donnée personnelle",
                "Donnée à caractère personnel",
                "Donnée sensible",
                "données bancaires",
                "données biométriques",
                "Catégories particulières de données",
                "à usage interne",
                "confidentiel médical",
                "Protégés",
                "réservée",
            ),
            "niveau-de-sensibilite": ("élevés", "critiques", "moyenne"),
            "contient-donnees-a-caractere-personnel": ("oui",),
            "donnee-de-sante": ("vrai",),
            "categorie-de-donnees": ("données médicales",),
        },
        "strategic": {
            "classification-de-securite": ("Très Secret", "données stratégiques", "Secret d'État"),
            "donnee-strategique": ("oui",),
        },
        "nothing": {
            "contient-pii": ("non",),
            "types-de-donnees": ("commandes", "faible", "privé"),
            "niveau-de-protection": ("standard",),
        },
        "outside": {"classification-des-informations": ("à définir", "niveau 2", "sans secret")},
    },
    "German": {
        "public": {
            "Klassifizierungsstufe": ("öffentlich zugänglich", "frei zugaenglich", "nicht vertraulich"),
            "Datenklassifizierung": ("offene Daten", "Öffentliche Daten", "keine personenbezogenen Daten"),
        },
        "sensitive": {
            "Sicherheitseinstufung": (
                "streng vertraulich",
                "nur für den internen Gebrauch",
                "geschützte Daten",
            ),
            "Datenkategorien": ("Gesundheitsdaten", "besondere Kategorien personenbezogener Daten"),
            "Sensibilitätsstufe": ("hohe", "mittlere", "sehr hoch"),
            "enthaelt-vertrauliche-Daten": ("ja",),
            "Sozialdaten": ("wahr",),
            "Schutzbedarf-Vertraulichkeit": ("normal", "hoch", "sehr hoch"),
        },
        "strategic": {"Vertraulichkeitseinstufung": ("streng geheim", "Staatsgeheimnis", "Kronjuwelen")},
        "outside": {"Klassifizierungsgrad": ("Klasse 3", "offen?", "nicht geheim")},
    },
    "Spanish": {
        "public": {
            "clasificacion-de-la-informacion": (
                "Datos abiertos",
                "Dato abierto",
                "pública",
                "datos públicos",
            ),
            "nivel-de-confidencialidad": ("no confidenciales", "No sensible", "dominio público"),
            "nivel-de-sensibilidad": ("baja",),
        },
        "sensitive": {
            "nivel-de-clasificacion": (
                "uso interno",
                "confidenciales",
                "Restringidos",
                "dato personal",
                "datos de carácter personal",
                "datos de salud",
                "Categorías especiales de datos",
                "secreto profesional",
                "Reservado",
            ),
            "contiene-datos-de-salud": ("sí",),
            "datos-sensibles": ("verdadero",),
        },
        "strategic": {"clasificacion-de-seguridad": ("Secreto", "alto secreto", "datos estratégicos")},
        "nothing": {"contiene-pii": ("no",), "tipo-de-datos": ("pedidos",)},
        "outside": {"clasificacion-de-los-datos": ("clasificado", "por definir", "sin secreto")},
    },
    "Italian": {
        "public": {
            "classificazione-delle-informazioni": (
                "Dati aperti",
                "dato pubblico",
                "pubbliche",
                "non riservati",
            ),
            "livello-di-riservatezza": ("non confidenziali", "bassa"),
        },
        "sensitive": {
            "livello-di-classificazione": (
                "ad uso interno",
                "Riservati",
                "confidenziali",
                "dato personale",
                "dati giudiziari",
                "categorie particolari di dati",
                "segreto professionale",
            ),
            "contiene-dati-sanitari": ("vero",),
            "dato-sensibile": ("si",),
            "livello-di-sensibilita": ("elevata", "media"),
        },
        "strategic": {
            "classifica-di-segretezza": ("Segreto", "segretissimo", "riservatissimo", "segreto di Stato")
        },
        "outside": {"classificazione-del-dato": ("limitato", "da definire")},
    },
    "Dutch": {
        "public": {
            "gegevensclassificatie": ("openbare gegevens", "open gegevens", "niet vertrouwelijke gegevens"),
            "vertrouwelijkheidsniveau": ("Openbaar", "laag", "niet gerubriceerd"),
        },
        "sensitive": {
            "informatieclassificatie": (
                "voor intern gebruik",
                "Vertrouwelijke gegevens",
                "zeer vertrouwelijk",
                "persoonsgegeven",
                "bijzondere categorieën van persoonsgegevens",
                "bedrijfsgeheim",
                "niet publiek",
            ),
            "bevat-gezondheidsgegevens": ("waar",),
            "gevoeligheidsniveau": ("hoog", "kritiek"),
        },
        "strategic": {"rubricering": ("Stg. Geheim", "Stg. Zeer Geheim", "staatsgeheim", "strikt geheim")},
        "nothing": {"bevat-pii": ("nee",), "soort-gegevens": ("bestellingen",)},
        "outside": {"classificatieniveau": ("nader te bepalen", "besloten", "geen geheim")},
    },
}

SCHEMES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "French Diffusion Restreinte and IGI 1300": {
        "sensitive": {
            "mention-de-protection": ("Diffusion Restreinte", "DR", "DR Spécial France"),
            "classification": ("DIFFUSION RESTREINTE - SPÉCIAL FRANCE",),
            "diffusion-restreinte": ("oui",),
        },
        "strategic": {
            "classification": (
                "SECRET",
                "TRÈS SECRET",
                "Secret Défense",
                "Confidentiel-Défense",
                "SECRET SPÉCIAL FRANCE",
            ),
            "compliance": ("IGI 1300", "IGI-1300, RGPD"),
            "confidentiel-defense": ("oui",),
        },
    },
    "German Verschlusssachen": {
        "sensitive": {
            "VS-Grad": ("VS-NfD", "NfD"),
            "Einstufung": ("VS - NUR FÜR DEN DIENSTGEBRAUCH",),
            "vs-nfd": ("ja",),
        },
        "strategic": {
            "Einstufung": ("VS-VERTRAULICH", "VS-Geheim", "STRENG GEHEIM"),
            "Verschlusssachengrad": ("Vertraulich",),
            "vs-vertraulich": ("ja",),
        },
        "nothing": {"vs-nfd": ("nein",)},
    },
    "European Union": {
        "sensitive": {
            "protective-marking": (
                "RESTREINT UE/EU RESTRICTED",
                "EU RESTRICTED",
                "R-UE/EU-R",
                "LIMITE",
                "Sensitive non-classified",
            ),
            "restreint-ue": ("true",),
        },
        "strategic": {
            "protective-marking": (
                "CONFIDENTIEL UE/EU CONFIDENTIAL",
                "SECRET UE/EU SECRET",
                "TRÈS SECRET UE/EU TOP SECRET",
                "EU SECRET",
            )
        },
    },
    "NATO": {
        "sensitive": {"classification": ("NATO UNCLASSIFIED", "NATO RESTRICTED")},
        "strategic": {
            "classification": ("NATO CONFIDENTIAL", "NATO SECRET", "COSMIC TOP SECRET", "NATO SECRET ATOMAL"),
            "nato-secret": ("yes",),
        },
    },
    "United Kingdom": {
        "sensitive": {
            "government-security-classification": ("OFFICIAL", "OFFICIAL-SENSITIVE", "Official: Sensitive"),
            "protective-marking": ("OFFICIAL-SENSITIVE LOCSEN", "UK OFFICIAL"),
        },
        "strategic": {"protective-marking": ("SECRET", "UK TOP SECRET")},
    },
    "health data (HDS, HIPAA)": {
        "sensitive": {
            "hds": ("true",),
            "compliance": ("HDS", "HDS+ISO27001", "HIPAA"),
            "data-type": ("PHI", "HDS"),
        },
        "nothing": {"hds": ("false",)},
    },
    "special categories of the GDPR": {
        "sensitive": {
            "gdpr": ("article 9", "special category", "yes"),
            "data-classification": ("Article 9 GDPR", "genetic data", "criminal convictions"),
            "categories-particulieres": ("oui",),
            "bijzondere-persoonsgegevens": ("ja",),
        },
        "nothing": {"gdpr": ("assessed", "no")},
    },
    "payment cards": {
        "sensitive": {
            "pci-scope": ("in scope",),
            "compliance": ("PCI-DSS", "pci"),
            "data-class": ("cardholder data", "PCI"),
        },
        "nothing": {"pci": ("4.0",)},
    },
    "corporate scales": {
        "public": {"confidentiality": ("C0", "C1")},
        "sensitive": {"confidentiality": ("C2", "C3 - Confidential", "C4"), "data-classification": ("C3",)},
        "outside": {"confidentiality": ("C5", "C-3x", "3", "S2", "P3", "level 4")},
    },
    "traffic light protocol": {
        "public": {"tlp": ("CLEAR", "white"), "data-classification": ("TLP:CLEAR",)},
        "sensitive": {
            "tlp": ("RED", "amber+strict", "Green"),
            "data-classification": ("TLP:AMBER", "TLP:GREEN"),
        },
        "outside": {"tlp": ("orange",), "data-classification": ("amber",)},
    },
    "Spanish ENS": {
        "sensitive": {
            "nivel-ens": ("bajo", "MEDIO", "alto"),
            "categoria-ens": ("BÁSICA", "media", "ALTA"),
            "ens": ("alto",),
            "data-classification": ("ENS Alto", "ENS categoría básica"),
        },
        "nothing": {"ens": ("cn-edge-1", "low"), "compliance": ("ENS",)},
        "outside": {"nivel-ens": ("sin valorar", "4")},
    },
    "Italian ACN": {
        "sensitive": {
            "classificazione-acn": ("ordinario", "Critico", "critici"),
            "data-classification": ("dati ordinari", "ACN critico"),
        },
        "strategic": {
            "classificazione-acn": ("strategico", "Strategici"),
            "data-classification": ("dati strategici", "ACN strategico"),
        },
        "outside": {"livello-acn": ("QC2", "QI1")},
    },
    "Dutch BIO": {
        "sensitive": {
            "bbn-niveau": ("BBN2", "BBN2+", "BBN3", "2"),
            "bbn": ("BBN3",),
            "data-classification": ("BBN2", "Departementaal Vertrouwelijk"),
        },
        "nothing": {"bbn": ("BBN1", "eu-1")},
        "outside": {"bbn-niveau": ("BBN1", "1"), "data-classification": ("BBN1",)},
    },
}

GROUPS = LANGUAGES | SCHEMES
HAND_WRITTEN = [
    (group, key, value, expected)
    for group, levels in GROUPS.items()
    for expected, keys in levels.items()
    for key, values in keys.items()
    for value in values
]


@pytest.mark.parametrize(("group", "key", "value", "expected"), HAND_WRITTEN)
def test_languages_and_schemes(group: str, key: str, value: str, expected: str) -> None:
    assert said(reader().read(key, value)) == expected, group


def test_every_language_has_each_kind_of_row() -> None:
    for language, levels in LANGUAGES.items():
        assert {"public", "sensitive", "strategic", "outside"} <= set(levels), language


GENERAL_KEYS = (
    "data",
    "type",
    "class",
    "level",
    "tier",
    "zone",
    "scope",
    "status",
    "owner",
    "team",
    "env",
    "environment",
    "name",
    "public",
    "private",
    "internal",
    "restricted",
    "secret",
    "secrets",
    "protected",
    "open",
    "category",
    "kind",
    "label",
    "labels",
    "criticality",
    "priority",
    "severity",
    "impact",
    "user-data",
    "nivel",
    "niveau",
    "livello",
    "Stufe",
    "categoria",
    "categorie",
    "classe",
    "clase",
    "tipo",
    "Art",
    "soort",
    "riservato",
    "privado",
    "normativo",
    "region",
    "role",
    "access",
    "network",
    "data-center",
    "data-source",
    "data-retention",
    "datalake",
    "class-of-service",
    "asset-classification",
    "cost-sensitivity",
)


@pytest.mark.parametrize("key", GENERAL_KEYS)
@pytest.mark.parametrize("value", ["high", "orders", "1", "prod", "restricted-subnet"])
def test_general_keys_say_nothing(key: str, value: str) -> None:
    """A key that is used for other things never raises a level or a question by an ordinary value."""
    assert said(reader().read(key, value)) == "nothing"


def test_what_sounds_public_says_public_only_where_it_is_certain() -> None:
    """Words of publication inside a longer value never make it public by themselves."""
    for value in ("open internal", "public orders", "abierto a clientes", "ouvert aux agents"):
        assert said(reader().read("data-classification", value)) in {"sensitive", "outside"}, value
