"""Nothing of a report's charts is cut off, whatever has to be written beside them."""

import pytest
from real_browser import chromium

from builder.explain.report.drawing import bars, dots, lines, steps

pytestmark = pytest.mark.browser
LABELS = ["housing_median_age = 29.0", "WWWWWWWWWWWWWWWWWWWW", "住房年龄的中位数", "x" * 60]
VALUES = [-421_000.0, 9_150_000.0, 12.0, 0.0]
CURVES = [(f"a class with a long name {number}", [0.0, 1.0], [0.0, 1.0]) for number in range(14)]
CHARTS = {
    "bars": bars(LABELS, VALUES, [20_000.0, 700_000.0, 900_000.0, 1.0]),
    "lines": lines(CURVES, "false positive rate", "true positive rate", "guessing"),
    "dots": dots(VALUES, [value - 1e6 for value in VALUES], "true", "predicted − true", diagonal=False),
    "steps": steps(VALUES[:2], [3], "predicted − true"),
}
CUT_OFF = """drawing => [...drawing.querySelectorAll("text")].filter((text) => {
    const [inner, outer] = [text, drawing].map((one) => one.getBoundingClientRect());
    return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1
        || inner.bottom > outer.bottom + 1;
}).map((text) => text.textContent)"""
STRUCK = """drawing => {
    const lines = [...drawing.querySelectorAll("polyline")].map((line) => line.getBoundingClientRect());
    const figures = [...drawing.querySelectorAll('text[text-anchor="start"]')];
    return figures.map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, at]) =>
        lines.some((line) => line.width > 0 && line.left < at.right && line.right > at.left
            && line.top > at.top && line.bottom < at.bottom)).map(([words]) => words);
}"""


def test_all_that_is_written_can_be_read() -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(f"<style>svg{{font:12px system-ui,sans-serif}}</style>{''.join(CHARTS.values())}")
        drawings = page.locator("svg")
        found = [drawings.nth(place).evaluate(CUT_OFF) for place in range(len(CHARTS))]
        assert dict(zip(CHARTS, found, strict=True)) == dict.fromkeys(CHARTS, [])
        assert drawings.first.evaluate(STRUCK) == [], "a line runs through the figure of a bar"
    assert "and 2 more" in CHARTS["lines"]
