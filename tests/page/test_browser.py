"""The page as a browser has it: drawn, alone, on a phone, in the dark, on paper, and deaf to what a tree says."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runcheck
from runcheck.page.document import asset
from runcheck.page.html import data, element, joined
from runcheck.page.write import write_page
from runcheck.pipeline import check

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

# How many pixels of a canvas are not empty, and how many colours there are among those that are strong.
INK = """box => {
  const canvas = box.querySelector("canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0; const hues = new Set();
  for (let at = 0; at < pixels.length; at += 4) {
    if (!pixels[at + 3]) continue;
    inked++;
    const [red, green, blue] = pixels.slice(at, at + 3);
    const range = Math.max(red, green, blue) - Math.min(red, green, blue);
    if (pixels[at + 3] > 250 && range > 60) hues.add([red, green, blue].join());
  }
  return [inked, hues.size];
}"""
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def report(good_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three runs, of which one diverged."""
    folder = tmp_path_factory.mktemp("page")
    root = Path(shutil.copytree(good_tree, folder / "artefacts", symlinks=True))
    for variant, rate in (("wide", 0.1), ("deep", 0.3)):
        with runcheck.start_run(
            root,
            dataset="digits",
            model="mlp",
            variant=variant,
            config={"learning_rate": rate},
            seeds={"init": 0},
            tags={"experiment": "digits", "run_type": "train"},
            data=f"{root}/dataset/digits/v1",
        ) as run:
            for step in range(300):
                lost = variant == "deep" and step > 200
                run.log(step, {"loss": math.nan if lost else math.exp(-step * rate / 10), "norm": 1.0 + step % 7})
                if step % 10 == 0:
                    run.log(step, {"loss": math.exp(-step * rate / 12)}, split="test")
    target = folder / "page.html"
    write_page([str(root)], str(target), lambda paths: [check(path) for path in paths], most_told=24)
    return target


@contextmanager
def opened(browser: "Browser", path: Path, **options: object) -> "Iterator[Page]":
    """Open a page, and see in the end that it complained of nothing and asked for nothing."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []

    def dismiss(dialog: "Dialog") -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", dismiss)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


def draw_all(page: "Page") -> int:
    """Scroll by all charts until each is drawn, and return how many there are."""
    boxes = page.locator(".plot")
    for at in range(boxes.count()):
        boxes.nth(at).scroll_into_view_if_needed()
        boxes.nth(at).locator("canvas").wait_for()
    return boxes.count()


def test_curves_are_drawn_and_nothing_is_asked_for_or_complained_of(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        assert draw_all(page) == 3
        for at in range(3):
            inked, hues = page.locator(".plot").nth(at).evaluate(INK)
            assert inked > 2000
            assert hues >= 2
        assert page.title() == "artefacts: report"


def test_pointing_at_a_chart_tells_the_nearest_values(browser: "Browser", report: Path) -> None:
    with opened(browser, report, viewport={"width": 1200, "height": 900}) as page:
        draw_all(page)
        figure = page.locator("figure", has=page.locator("h3", has_text="loss"))
        assert figure.locator(".readout").inner_text().startswith("last")
        assert "not finite" in figure.locator(".readout").inner_text()
        figure.scroll_into_view_if_needed()
        over = figure.locator(".u-over").bounding_box()
        assert over is not None
        page.mouse.move(over["x"] + over["width"] / 2, over["y"] + 5)
        told = figure.locator(".readout").inner_text()
        assert told.startswith("step 1")
        assert "digits_mlp_wide" in told


def test_dragging_zooms_and_a_button_shows_all_again(browser: "Browser", report: Path) -> None:
    with opened(browser, report, viewport={"width": 1200, "height": 900}) as page:
        draw_all(page)
        figure = page.locator("figure").first
        box = figure.locator(".plot")
        figure.scroll_into_view_if_needed()
        whole = box.evaluate(INK)
        over = figure.locator(".u-over").bounding_box()
        assert over is not None
        page.mouse.move(over["x"] + 40, over["y"] + 60)
        page.mouse.down()
        page.mouse.move(over["x"] + 120, over["y"] + 60, steps=4)
        page.mouse.up()
        changed = f"([box, whole]) => String(({INK})(box)) !== String(whole)"
        page.wait_for_function(changed, arg=[box.element_handle(), whole])
        figure.get_by_role("button", name="all steps").click()
        page.wait_for_function(
            f"([box, whole]) => String(({INK})(box)) === String(whole)", arg=[box.element_handle(), whole]
        )


def test_a_run_is_hidden_smoothed_and_drawn_on_a_logarithmic_scale(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        draw_all(page)
        box = page.locator(".plot").first
        before = box.evaluate(INK)
        for act in (
            page.locator("#legend button").first.click,
            page.locator("#log").check,
            page.locator("#outliers").check,
            partial(page.locator("#smooth").fill, "0.9"),
        ):
            act()
            box.scroll_into_view_if_needed()
            page.wait_for_function(
                f"([box, before]) => box.querySelector('canvas') && String(({INK})(box)) !== String(before)",
                arg=[box.element_handle(), before],
            )
            before = box.evaluate(INK)
        assert page.locator("#legend button").first.get_attribute("aria-pressed") == "false"


def test_a_table_is_sorted_and_filtered(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        rows = page.locator("#run-table tbody tr:visible")
        assert rows.count() == 3
        page.locator("#run-table th button", has_text="train/loss").click()
        at = next(
            at
            for at, name in enumerate(page.locator("#run-table th button").all_inner_texts(), 1)
            if "train/loss" in name
        )
        cells = page.locator(f"#run-table tbody tr > :nth-child({at})").all_inner_texts()
        values = [float(text) for text in cells if text]
        assert len(values) > 1
        assert values == sorted(values)
        page.locator("#run-table th button", has_text="train/loss").click()
        assert page.locator("#run-table th[aria-sort]").get_attribute("aria-sort") == "descending"
        page.locator("#filter").fill("mlp wide")
        assert rows.count() == 1
        assert page.locator("#found").inner_text() == "1 of 3 runs"


def test_of_many_rows_some_are_laid_out_and_all_are_sorted(browser: "Browser", tmp_path: Path) -> None:
    rows = joined(
        element("tr", element("th", f"run {each % 700}"), element("td", each, data_v=each)) for each in range(900)
    )
    head = element("thead", element("tr", element("th", "run"), element("th", "loss")))
    body = joined(
        (element("div", element("table", head, element("tbody", rows), class_="sortable")), data("drawn", {}))
    )
    (tmp_path / "page.html").write_text(f"<body>{body}<script>{asset('page.js')}</script>")
    with opened(browser, tmp_path / "page.html") as page:
        assert page.locator("tbody tr").count() == 300
        for _ in range(2):
            page.get_by_role("button", name="loss").click()
        assert page.locator("tbody td").first.inner_text() == "899"
        page.get_by_role("button", name="show all 900 rows").click()
        assert page.locator("tbody tr").count() == 900


def test_a_link_opens_what_it_leads_to(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        page.locator("#run-table a").first.click()
        page.locator("details.unit[open]").wait_for()
        assert page.locator("details.unit[open] h4").all_inner_texts()[:2] == ["PROVENANCE", "LINEAGE"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_stands_out_in_the_light_and_in_the_dark(browser: "Browser", report: Path, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: text has a contrast of 4.5 to its background."""
    contrast = """() => {
      const light = (text) => {
        const [red, green, blue] = text.match(/[\\d.]+/g).map(Number).map((each) => each / 255)
          .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const behind = (each) => { const found = getComputedStyle(each).backgroundColor;
        return found === "rgba(0, 0, 0, 0)" ? behind(each.parentElement) : found; };
      return [...document.querySelectorAll("p, th, td, a, h1, h2, h3, .badge, .faint, dt, dd, label")]
        .filter((each) => each.checkVisibility() && each.textContent.trim())
        .map((each) => { const pair = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a);
          return [(pair[0] + 0.05) / (pair[1] + 0.05), each.className + ": " + each.textContent.slice(0, 30)]; })
        .filter(([ratio]) => ratio < 4.5);
    }"""
    with opened(browser, report, color_scheme=scheme) as page:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
        page.locator("details.unit summary").first.click()
        assert page.evaluate(contrast) == []
        draw_all(page)


def test_a_phone_scrolls_in_one_direction(browser: "Browser", report: Path) -> None:
    with opened(browser, report, viewport=PHONE, is_mobile=True, has_touch=True) as page:
        draw_all(page)
        for unit in page.locator("details.unit summary").all():
            unit.click()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert page.locator(".plot canvas").first.evaluate("each => each.clientWidth") < PHONE["width"]


def test_on_paper_all_is_open_and_nothing_is_a_tool(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        assert page.locator("nav, .tools, .zoom").evaluate_all("all => all.every(each => !each.checkVisibility())")
        assert page.locator(".plot canvas").count() == 3
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details.unit[open]").count() == 0
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_it_is_read_without_scripts(browser: "Browser", report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator("#run-table tbody tr").count() == 3
        assert "drawn by a script" in page.locator("#curves").inner_text()


def test_each_tool_has_a_name_and_each_part_a_heading(browser: "Browser", report: Path) -> None:
    nameless = """() => [...document.querySelectorAll("button, input, a, summary, [role=img], [role=region]")]
      .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim() || each.labels?.length))
      .map((each) => each.outerHTML)"""
    with opened(browser, report) as page:
        assert page.evaluate(nameless) == []
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.locator("section").count() == page.locator("section > h2").count() == page.locator("nav a").count()
        for link in page.locator("nav a").all():
            assert page.locator(str(link.get_attribute("href"))).count() == 1


HOSTILE = (
    "<script>document.title = 'broken'; alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "javascript:alert(5)",
    "<!--",
    "</style></title><iframe src=https://example.com>",
    "`${alert(6)}`",
    "{{constructor.constructor('alert(7)')()}}",
)


def hostile(run_folder: Path, spoil: Callable[[str, dict[str, object]], None]) -> None:
    """Put hostile words wherever the metadata take words."""
    path = run_folder / "metadata.json"
    metadata = json.loads(path.read_text())
    for words in HOSTILE:
        spoil(words, metadata)
    path.write_text(json.dumps(metadata))


def test_nothing_that_a_tree_says_is_run_or_loaded(
    browser: "Browser", tree: Path, run_folder: Path, tmp_path: Path
) -> None:
    def spoil(words: str, metadata: dict[str, object]) -> None:
        metadata["description"] = f"{metadata['description']} {words}"
        metadata["error"] = words
        for name in ("tags", "links"):
            known = metadata.setdefault(name, {})
            assert isinstance(known, dict)
            known[words if name == "tags" else "x"] = words
        command = metadata["command"]
        assert isinstance(command, list)
        command.append(words)
        metadata["trackers"] = {words: {words: words}}

    hostile(run_folder, spoil)
    (run_folder / "config.json").write_text(json.dumps({words: {words: [words]} for words in HOSTILE}))
    for words in HOSTILE[:3]:
        (run_folder / words.replace("/", "_")).write_text(words)
    with open(run_folder / "metrics.jsonl", "a") as stream:
        stream.writelines(
            json.dumps({"step": 9, "split": words, "metric": words, "value": 1.0}) + "\n" for words in HOSTILE
        )
    target = tmp_path / "page.html"
    write_page([str(tree)], str(target), lambda paths: [check(path) for path in paths], most_told=24)
    with opened(browser, target) as page:
        draw_all(page)
        for unit in page.locator("details.unit summary").all():
            unit.click()
        told = page.locator("main").inner_text()
        assert page.title() == "artefacts: report"
        assert HOSTILE[0] in told
        assert page.locator("iframe, img, main script, object, form").count() == 0
        own = page.evaluate("[...document.querySelectorAll('[style], [onerror], [onload], [src]')].map(e => e.tagName)")
        assert set(own) <= {"DIV", "CANVAS"}  # uPlot places these
        assert page.evaluate("[...document.querySelectorAll('a')].every(each => each.getAttribute('href')[0] === '#')")


def test_a_script_that_got_onto_the_page_would_not_run(browser: "Browser", report: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    evil = "<script>document.title = 'run'</script><img src=https://example.com/x onerror=\"document.title = 'run'\">"
    broken.write_text(report.read_text().replace("<main>", f"<main>{evil}"))
    page = browser.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(broken.as_uri())
    assert page.title() == "artefacts: report"
    assert not [url for url in asked if "example.com" in url]
    page.close()
