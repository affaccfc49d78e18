"""The audit's page, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.model.command import AccessRequest
from streamgov_ops.audit.entries import AccessEntry, entries_of
from streamgov_ops.audit.page import audit_page
from tests.integration.polling import eventually
from tests.unit.ops.entries import CONSUMER, NOW, record
from tools.dev.browser import CHROMEDRIVER, CHROMIUM, MISSING, Browser, chromium

HOSTILE = "</script><script>document.title='taken'</script>@@script@@<img src=x onerror=document.title='taken'>"


def entries() -> list[AccessEntry]:
    other = f"arn:aws:iam::{CONSUMER}:role/streaming/report-job"
    found = entries_of(
        [
            record(),
            record("g2", "payments", role=other, request=AccessRequest("WRITE")),
            record("g3", "clicks", role=other, request=AccessRequest("READ_WRITE"), platform="kinesis"),
            record("g4", "orders", role=other, state="REVOKE_FAILED", cause="IAM refuses"),
        ],
        NOW,
    )
    return [replace(found[0], reason=HOSTILE, comment=HOSTILE), *found[1:]]


def page() -> str:
    return audit_page(entries(), title="Access to streams", made_at="2026-01-04", notes=["a note & more"])


def test_the_page_needs_nothing_from_elsewhere() -> None:
    text = page()
    assert not re.search(r"""(src|href|action)=["'](?!#)""", text.replace("&lt;", ""))
    assert text.count("<script>") == 1 and "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text and "a note &amp; more" in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Browser:
    file = tmp_path / "audit.html"
    file.write_text(page(), encoding="utf-8")
    browser.open(file)
    return browser


def visible(browser: Browser) -> list[str]:
    rows: list[str] = browser.run(
        "return [...document.querySelectorAll('tbody tr')].filter(r => r.offsetHeight).map(r => r.id)"
    )
    return rows


def live(browser: Browser, selector: str) -> int:
    return int(browser.run(f"return document.querySelectorAll('svg {selector}:not(.off)').length"))


needs_chromium = pytest.mark.skipif(CHROMIUM is None or CHROMEDRIVER is None, reason=MISSING)


@needs_chromium
class TestInChromium:
    def test_other_peoples_words_stay_words(self, shown: Browser) -> None:
        assert shown.run("return document.title") == "Access to streams"
        assert shown.run("return document.querySelectorAll('img').length") == 0
        assert shown.errors() == []
        assert len(visible(shown)) == 4 and live(shown, ".line") == 4

    def test_search_and_filters_narrow_table_and_graph_together(self, shown: Browser) -> None:
        shown.type("/", *"payments")
        assert shown.run("return document.activeElement.name") == "q"
        assert len(visible(shown)) == 1 and live(shown, ".line") == 1 and live(shown, ".node") == 2
        assert (
            shown.run("return document.getElementById('count').textContent") == "1 of 4 entries shown, 0 with warnings"
        )
        shown.type("Escape")
        assert len(visible(shown)) == 4
        shown.click("select[name=access] option:nth-child(3)")
        eventually(lambda: visible(shown), lambda rows: len(rows) == 1, 10)
        assert "access=READ_WRITE" in shown.run("return location.hash")
        shown.click("button[type=reset]")
        shown.click("input[name=warned]")
        assert eventually(lambda: visible(shown), lambda rows: len(rows) == 1, 10) == ["row-1"]

    def test_a_link_to_a_view_shows_that_view(self, shown: Browser, tmp_path: Path) -> None:
        shown.open(tmp_path / "audit.html", "#q=report-job&state=GRANTED")
        assert len(visible(shown)) == 2

    def test_the_keyboard_reaches_everything(self, shown: Browser) -> None:
        reached: set[str] = set()
        for _ in range(40):
            shown.type("Tab")
            reached.add(shown.run(
                "const e = document.activeElement; return e.className.baseVal || e.name || e.className || e.tagName"
            ))  # fmt: skip
        assert {"skip", "q", "access", "platform", "state", "account", "warned", "node role", "node resource", "scroll",
                "BUTTON"} <= reached  # fmt: skip
        shown.run("document.querySelector('svg .node.resource').focus()")
        shown.type("Enter")
        eventually(lambda: visible(shown), lambda rows: len(rows) == 1, 10)

    def test_heads_sort_and_say_so(self, shown: Browser) -> None:
        names = "return [...document.querySelectorAll('tbody th span')].map(e => e.textContent)"
        shown.click("thead th button")
        assert shown.run(names) == ["clicks", "orders", "orders", "payments"]
        shown.click("thead th button")
        assert shown.run(names) == ["payments", "orders", "orders", "clicks"]
        assert shown.run("return document.querySelector('thead th').getAttribute('aria-sort')") == "descending"

    def test_a_screen_reader_is_told_everything(self, shown: Browser) -> None:
        def texts(role: str) -> list[str]:
            return [
                str(node.get("name", {}).get("value", ""))
                for node in shown.accessibility()
                if node["role"]["value"] == role
            ]

        assert "Search" in texts("searchbox") and {"Access", "State"} <= set(texts("combobox"))
        assert any(text.startswith("role 333333333333 report-job of account") for text in texts("link"))
        assert len(texts("columnheader")) == 10 and len(texts("rowheader")) == 4
        unnamed = [node for node in shown.accessibility()
                   if node["role"]["value"] in ("button", "link", "combobox", "searchbox", "checkbox")
                   and not node.get("name", {}).get("value")]  # fmt: skip
        assert unnamed == []

    @pytest.mark.parametrize("dark", [False, True])
    def test_text_has_contrast_in_both_schemes(self, shown: Browser, dark: bool) -> None:
        """WCAG 2.1, 1.4.3: at least 4.5 to 1."""
        shown.dark(dark)
        pairs: list[Any] = shown.run(
            """
            const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
            const paper = (e) => { for (; e; e = e.parentElement) {
              const c = rgb(getComputedStyle(e).backgroundColor);
              if (c.length === 3 || c[3] > 0) return c.slice(0, 3); }
              return [255, 255, 255]; };
            return [...document.querySelectorAll('h1, p, label, small, tbody td, tbody th, thead button, #count')]
              .map((e) => [e.tagName + "." + e.className, rgb(getComputedStyle(e).color).slice(0, 3), paper(e)]);
            """
        )
        low = [(what, contrast(ink, paper)) for what, ink, paper in pairs if contrast(ink, paper) < 4.5]
        assert len(pairs) > 40 and low == []
        dark_paper = shown.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark_paper is dark

    def test_without_a_script_the_rows_are_there(self, browser: Browser, tmp_path: Path) -> None:
        file = tmp_path / "plain.html"
        file.write_text(re.sub(r"<script>.*</script>", "", page(), flags=re.DOTALL), encoding="utf-8")
        browser.open(file)
        assert len(visible(browser)) == 4


def contrast(ink: list[float], paper: list[float]) -> float:
    first, second = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour: list[float]) -> float:
    parts = [value / 255 for value in colour]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
