"""Hosts out of URLs, and the operators that the catalog gives for them: no look-alike passes for one."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.model.host import host_of
from sovereign_guard.model.knowledge import HostPattern


@cache
def catalog() -> Catalog:
    return load()


PATTERNS = load().data.hosts
IDS = [f"{at}: {pattern.host}" for at, pattern in enumerate(PATTERNS)]

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=5).map(".".join)
texts = st.text(max_size=12)
odd = st.text(alphabet="ab.:/@\\?#[]%& \t\n-_é。\uff11", max_size=14)


@st.composite
def urls(draw: st.DrawFn) -> str:
    """Well formed ones, and ones with something odd at any place."""
    scheme = draw(st.sampled_from(("https://", "HTTP://", "s3://", "postgres://", "", "//", "://", "1a://")))
    user = draw(
        st.sampled_from(("", "", "", "scw.cloud@", "a:b@", "a@b@")) | odd.map(lambda text: f"{text}@")
    )
    host = draw(names | names.map(str.upper) | names.map(lambda name: f"{name}.") | odd)
    port = draw(st.sampled_from(("", "", ":443", ":", ":x", ":4_4", ":٣", ":99999999")))
    rest = draw(st.sampled_from(("", "/", "/scw.cloud", "?a@scw.cloud", "#@scw.cloud", "\\@scw.cloud")) | odd)
    return f"{scheme}{user}{host}{port}{rest}"


def by_standard_library(text: str) -> str | None:
    """The host that Python's own parser finds; a text without a scheme is read as `host[:port]`."""
    try:
        text = text.strip()
        found = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        return None
    return found.removesuffix(".") if found else None


@settings(max_examples=1000, deadline=None)
@given(urls())
@example("https://scw.cloud@evil.example/")
@example("https://evil.example\\@scw.cloud/")
@example("https://evil.example#@scw.cloud/")
@example("https://evil.example?@scw.cloud/")
@example("https://evil.example:443@scw.cloud:80/")
@example("https://s3.fr-par.scw.cloud。evil.example/")
@example("https://s3.fr-par.scw.cloud%2eevil.example/")
@example("https://[::1]/scw.cloud")
@example("https://[@scw.cloud")
@example("evil.example/s3.fr-par.scw.cloud")
@example("https:///s3.fr-par.scw.cloud")
@example("https:s3.fr-par.scw.cloud")
def test_the_same_host_as_other_parsers_or_none(text: str) -> None:
    found = host_of(text)
    assert found is None or found == by_standard_library(text)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(("https", "http", "s3", "tcp")),
    names,
    st.integers(1, 65535),
    st.sampled_from(("", "/v3", "?x=1", "#y")),
)
def test_plain_urls_are_read(scheme: str, name: str, port: int, rest: str) -> None:
    for text in (
        f"{scheme}://{name}{rest}",
        f"{scheme.upper()}://{name.upper()}:{port}{rest}",
        f"  {scheme}://someone:word@{name}.{rest}\n",
        f"{name}:{port}{rest}",
        name,
    ):
        assert host_of(text) == name


@given(texts | odd)
def test_what_is_found_is_a_host_name(text: str) -> None:
    found = host_of(text)
    if found is not None:
        assert re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", found)
        assert host_of(found) == found


# -- the catalog's patterns ------------------------------------------------------------------------


def fits_a_region(pattern: HostPattern) -> list[str]:
    """Region codes for the placeholder, of the table in which the pattern's region is looked up."""
    table = catalog().table(pattern.cloud) if pattern.cloud else None
    # A host name is in lower case, and so is the code in it.
    return (
        sorted(code.lower() for code in table.regions if re.fullmatch(r"[A-Za-z0-9_-]+", code))
        if table
        else []
    )


def fill(pattern: HostPattern, region: str, word: str) -> str:
    return pattern.host.replace("{region}", region, 1).replace("{any}", word)


@pytest.mark.parametrize("pattern", PATTERNS, ids=IDS)
def test_every_pattern_matches_a_host_made_from_it(pattern: HostPattern) -> None:
    """And gives the operator that it states, or that of the region where the region's table names another."""
    checked = 0
    for region in fits_a_region(pattern) or ["zz-nowhere-9"]:
        host = fill(pattern, region, "anything")
        facts = catalog().host(host)
        assert facts is not None, host
        if facts.pattern != pattern.host:
            continue
        checked += 1
        table = catalog().table(pattern.cloud) if pattern.cloud else None
        code = pattern.region or (region if "{region}" in pattern.host else "")
        place = (
            next((r for c, r in table.regions.items() if c.lower() == code.lower()), None) if table else None
        )
        assert facts.operator == ((place.operator if place else "") or pattern.operator), host
        assert facts.infrastructure == pattern.infrastructure
        if place is not None:
            assert facts.region.lower() == code.lower()
        if not pattern.exact:
            below = catalog().host(f"bucket.{host}")
            assert below is not None
            if below.pattern == pattern.host:
                assert below.operator == facts.operator
    assert checked, f"{pattern.host} never answers: a more specific pattern always does"


@pytest.mark.parametrize("pattern", PATTERNS, ids=IDS)
def test_no_look_alike_of_a_pattern_is_matched(pattern: HostPattern) -> None:
    region = (fits_a_region(pattern) or ["zz-nowhere-9"])[0]
    host = fill(pattern, region, "anything")
    glued, _, above = host.partition(".")
    for other in (
        f"{host}.evil.example",
        f"{host}-evil.example",
        f"{host}evil",
        host.replace(".", "-"),
        f"https://{host}@evil.example/",
        f"https://{host}:443@evil.example/",
        f"https://evil.example/{host}",
        f"https://evil.example?{host}",
        f"https://evil.example#{host}",
        f"https://evil.example\\.{host}",
    ):
        found = host_of(other)
        assert found is None or catalog().host(found) is None, other
    if "{" not in pattern.host.partition(".")[0]:
        # Another name of the same parent: never this pattern's, though that parent may have its own.
        facts = catalog().host(f"evil{glued}.{above}" if above else f"evil{glued}")
        assert facts is None or facts.pattern != pattern.host


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATTERNS), st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True), names)
def test_nothing_glued_on_is_matched(pattern: HostPattern, word: str, tail: str) -> None:
    assume("{" not in pattern.host)
    host = pattern.host
    assume(catalog().host(tail) is None)
    assert catalog().host(f"{host}.{tail}") is None
    facts = catalog().host(f"{word}{host}")
    assert facts is None or facts.pattern != host


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATTERNS), names)
def test_whatever_stands_below_a_known_host_is_known(pattern: HostPattern, below: str) -> None:
    assume(not pattern.exact)
    host = fill(pattern, "zz-nowhere-9", "anything")
    assert catalog().host(f"{below}.{host}") is not None
