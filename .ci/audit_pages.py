"""
Open pages in Chromium at several widths, and audit them with axe-core.

``python .ci/audit_pages.py AXE PAGE... [--pictures FOLDER]``

Needs ``pip install playwright``, Chromium (``apt-get install chromium``) and AXE, the file
``axe.min.js`` of ``npm install axe-core``. Run by hand before a release and after changes of the
templates: on ``bulletin.html`` and ``scores.html``. Fails on errors in the console, requests to
other hosts, content beyond the right edge, and violations of WCAG 2.2 AA.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTHS = (320, 390, 780, 1024, 1400)
_MOST_SHOWN = 30
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Elements that end to the right of the window, or of the box around them.
BEYOND = """[...document.querySelectorAll('body *')].filter(item => {
  const right = item.getBoundingClientRect().right, box = item.closest('tr');
  return right > innerWidth + 1 || (box && right > box.getBoundingClientRect().right + 1);
}).filter(item => !item.closest('thead')).map(item => item.outerHTML.slice(0, 80))"""


def audit(browser, path, width, axe, pictures):
    """
    Return the problems of a page at a width.
    """
    page = browser.new_page(viewport={"width": width, "height": 900})
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.resolve().as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    if pictures is not None:
        name = f"{path.resolve().parent.name}_{path.stem}_{width}.png"
        page.screenshot(path=str(pictures / name), full_page=True)
    problems = [f"console: {message}" for message in messages]
    problems += [f"request: {url}" for url in requests if not url.startswith(("file:", "data:"))]
    problems += [f"beyond the edge: {item}" for item in page.evaluate(BEYOND)]
    page.evaluate(axe.read_text())
    found = page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
    problems += [
        f"axe: {item['id']}: {node['html'][:80]}"
        for item in found["violations"]
        for node in item["nodes"]
    ]
    page.close()
    print(f"{path} at {width} px: {len(problems)} problems, {len(found['passes'])} rules passed")
    return problems


def main():
    """
    Audit the pages of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axe", type=Path)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        problems = [
            problem
            for path in options.pages
            for width in WIDTHS
            for problem in audit(browser, path, width, options.axe, options.pictures)
        ]
    print("\n".join(problems[:_MOST_SHOWN]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
