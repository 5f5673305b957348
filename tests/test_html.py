"""`--format html`: the page in a real browser, what it shows, and what cannot harm it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.browser import AXE, Watched, browser, needs_axe, needs_browser
from tests.builders import Plan
from tests.command import run

ESTATE = Path(__file__).parent.parent / "fixtures" / "health-estate"
WIDTHS = (360, 768, 1280)


def make(folder: Path, *arguments: str, cwd: Path | None = None, language: str = "en") -> Path:
    file = folder / f"report-{language}.html"
    done = run("scan", *arguments, "-o", f"html={file}", cwd=cwd, env={"SOVEREIGN_GUARD_LANG": language})
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return file


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("html"), "plan.json", "--source", ".", cwd=ESTATE)


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    return make(folder, "plan.json", "--source", ".", cwd=ESTATE, language="fr")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as running:
        yield running


@pytest.fixture
def opened(chromium: Any, estate: Path) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context)
    watched.open(estate)
    yield watched
    context.close()


# -- without a browser ---------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Collects the start tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else(estate: Path) -> None:
    for tag, attributes in Elements(estate.read_text()).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "video", "audio"), tag
        assert not attributes.keys() & {"src", "srcset", "style", "data", "action"}, (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        link = attributes.get("href", "#")
        assert link is not None
        assert link.startswith("#"), (tag, link)


def test_its_policy_lets_in_nothing_but_its_own_two_parts(estate: Path) -> None:
    policy = next(
        attributes["content"]
        for tag, attributes in Elements(estate.read_text()).found
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    digest = r"'sha256-[A-Za-z0-9+/]{43}='"
    assert re.fullmatch(
        rf"default-src 'none'; style-src {digest}; script-src {digest}; base-uri 'none'; form-action 'none'",
        policy,
    )


def test_the_verdict_stands_on_top_in_one_sentence(estate: Path, tmp_path: Path) -> None:
    text = estate.read_text()
    heading = re.search(r"<h1.*?<span>(.*?)</span></h1>", text, re.DOTALL)
    assert heading is not None
    assert "28 findings break the policy" in heading[1]
    clean = Plan().provider("scaleway", region="fr-par").add("scaleway_object_bucket.b", name="b")
    clean.write(tmp_path / "plan.json")
    passing = make(tmp_path, "plan.json", cwd=tmp_path).read_text()
    assert "Go: all resources are where the policy" in passing


def test_every_finding_and_every_resource_of_the_json_report_is_on_the_page(estate: Path) -> None:
    done = run("scan", "plan.json", "--source", ".", "--format", "json", cwd=ESTATE)
    report = json.loads(done.stdout)
    text = estate.read_text()
    rows = re.findall(r'<tr class="v-[a-z-]+"><td><code>(.*?)</code>', text)
    assert len(rows) == len(report["resources"]) + len(report["backends"])
    for finding in report["findings"]:
        assert finding["address"].replace('"', "&#34;") in text
        assert f'id="{finding["rule"]}"' in text
        for step in finding["evidence"]:
            assert step["what"].replace("'", "&#39;").replace('"', "&#34;")[:200] in text


def test_no_secret_of_the_source_is_shown(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        """
provider "aws" {
  region     = "eu-west-3"
  access_key = "AKIA-NOT-TO-BE-SEEN"
}
resource "aws_db_instance" "records" {
  engine   = "postgres"
  password = "NOT-TO-BE-SEEN"
  # the old one was "NOT-TO-BE-SEEN"
  user_data = <<-EOT
    export TOKEN=NOT-TO-BE-SEEN
  EOT
  tags = { data-classification = "sensitive" }
}
"""
    )
    text = make(tmp_path, ".", "--no-cache", cwd=tmp_path).read_text()
    assert "NOT-TO-BE-SEEN" not in text
    assert "password = &#34;…&#34;" in text
    assert "data-classification" in text


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'-alert(3)-'",
    "</style></script><svg onload=alert(4)>",
    "\u202egnp.exe \u2066mixed\u2069",
    "{{ 7*7 }}{% raw %}",
    "long-" + "x" * 10_000,
    "\x00\x1b[31m\r\n",
)


def hostile(folder: Path) -> Path:
    plan = Plan().provider("aws", region="eu-west-3")
    for number, text in enumerate(HOSTILE):
        tags = {"data-classification": "sensitive", "Name": text, text[:100]: text}
        plan.add(f"aws_s3_bucket.b[{json.dumps(text)}]", bucket=f"b{number}{text}", tags=tags)
        plan.add(
            f"aws_s3_bucket_replication_configuration.r[{number}]",
            bucket=f"b{number}{text}",
            role="r",
            rule=[{"status": "Enabled", "destination": [{"bucket": f"arn:aws:s3:::{text}"}]}],
        )
    plan.write(folder / "plan.json")
    return make(folder, "plan.json", "--source", "", cwd=folder)


def test_names_of_the_input_are_text_and_nothing_else(tmp_path: Path) -> None:
    page = hostile(tmp_path)
    text = page.read_text()
    tags = [tag for tag, _attributes in Elements(text).found]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert "\u202e" not in text
    assert "\u2066" not in text
    assert "x" * 1_000 not in text
    assert "49" not in re.findall(r"<code>(\d+)", text)
    assert page.stat().st_size < 300_000


def test_ten_thousand_resources_stay_below_five_megabytes(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(10_000):
        tags = {"data-classification": "sensitive" if number % 3 else "public", "team": f"team-{number}"}
        plan.add(
            f'aws_s3_bucket.records["department-{number % 40}/case-{number}"]',
            bucket=f"b-{number}",
            tags=tags,
        )
    plan.write(tmp_path / "plan.json")
    page = make(tmp_path, "plan.json", "--source", "", cwd=tmp_path)
    assert 1_000_000 < page.stat().st_size < 5_000_000


# -- in a browser --------------------------------------------------------------------------------------------


@needs_browser
def test_it_asks_for_nothing_and_complains_of_nothing(opened: Watched, estate: Path) -> None:
    opened.page.wait_for_selector("#filters:not([hidden])")
    assert opened.requests == [estate.as_uri()]
    assert opened.complaints == []


@needs_browser
def test_what_is_hostile_does_no_harm_in_a_browser(chromium: Any, tmp_path: Path) -> None:
    watched = Watched(chromium.new_context())
    page = watched.open(hostile(tmp_path))
    page.wait_for_selector("#filters:not([hidden])")
    assert watched.complaints == []
    assert len(watched.requests) == 1
    assert page.locator("script").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def shown(page: Any) -> int:
    return int(page.locator("#table tbody tr:not([hidden])").count())


@needs_browser
def test_the_table_filters(opened: Watched) -> None:
    page = opened.page
    assert shown(page) == 175
    page.fill("#q", "scaleway bucket")
    few = shown(page)
    assert 0 < few < 40
    assert page.inner_text("#shown") == f"{few} resources"
    for row in page.locator("#table tbody tr:not([hidden])").all_inner_texts():
        assert "bucket" in row
        assert "caleway" in row
    page.fill("#q", "")
    page.select_option("#f-verdict", "fail")
    assert shown(page) == 26
    page.select_option("#f-operator", "GitHub")
    assert 0 < shown(page) < 26
    page.select_option("#f-verdict", "")
    page.select_option("#f-operator", "")
    assert shown(page) == 175


@needs_browser
def test_the_table_sorts_both_ways(opened: Watched) -> None:
    page = opened.page
    head = page.locator("#table th").nth(5)
    cells = page.locator("#table tbody tr td:nth-child(6)")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert cells.all_inner_texts()[:26] == ["fail"] * 26
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert cells.all_inner_texts()[-26:] == ["fail"] * 26
    page.locator("#table th").nth(0).locator("button").click()
    names = page.locator("#table tbody tr td:nth-child(1)").all_inner_texts()
    assert names[0] < names[-1]
    assert head.get_attribute("aria-sort") is None


@needs_browser
def test_all_of_it_works_from_the_keyboard(opened: Watched) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#findings")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("kubeconfig/")
    assert page.input_value("#q") == "kubeconfig/"
    for _press in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('th') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort]").count() == 1


@needs_browser
def test_dark_as_the_system_says_and_as_the_button_does(chromium: Any, estate: Path) -> None:
    def paper(page: Any) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    found = {}
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme)
        page = Watched(context).open(estate)
        found[scheme] = paper(page)
        page.click("#theme")
        found[f"{scheme}, then the button"] = paper(page)
        context.close()
    assert found["light"] != found["dark"]
    assert found["light, then the button"] == found["dark"]
    assert found["dark, then the button"] == found["light"]


@needs_browser
def test_it_prints_whole(chromium: Any, estate: Path, tmp_path: Path) -> None:
    page = Watched(chromium.new_context()).open(estate)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 5 <= pages <= 60
    page.emulate_media(media="print")
    assert page.locator("#filters").is_hidden()
    assert page.locator("nav").is_hidden()
    assert page.locator(".card").first.is_visible()


@needs_browser
def test_it_is_whole_without_its_script(chromium: Any, estate: Path) -> None:
    page = Watched(chromium.new_context(java_script_enabled=False)).open(estate)
    assert page.locator("#table tbody tr").count() == 175
    assert page.locator("#filters").is_hidden()
    assert page.locator("#theme").is_hidden()
    assert page.locator(".card").count() >= 25
    assert page.locator("svg.sankey .band.v-fail").count() > 0


@needs_browser
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(chromium: Any, estate: Path, french: Path, width: int) -> None:
    for file in (estate, french):
        context = chromium.new_context(viewport={"width": width, "height": 800})
        page = Watched(context).open(file)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()


@needs_browser
@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_axe_finds_no_grave_fault(
    chromium: Any, estate: Path, french: Path, scheme: str, language: str
) -> None:
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True)
    page = Watched(context).open(french if language == "fr" else estate)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    context.close()
    assert grave == []
