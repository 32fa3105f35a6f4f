"""Draw docs/assets/audit.png, the first screen of an audit's page: python scripts/make_audit_picture.py AUDIT.html.

The page is one that `motiflens audit` wrote. The README's is of IRF1 ChIP-seq peaks (Koo and Ploenzke 2021); training
to the end takes a minute of a core:

    motiflens train IRF1_400_h3k27ac.h5 --architecture C4C6-Att --members 3 -o nets
    motiflens audit IRF1_400_h3k27ac.h5 --model nets --title "IRF1 ChIP-seq" --out audit

It takes Chromium and the package playwright, and pillow to make the picture small.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).parent.parent / "docs" / "assets" / "audit.png"
WIDTH, MARGIN = 1200, 12  # pixels
LARGEST = 200_000  # bytes


def first_screen(page: Path) -> bytes:
    """A picture from the top of a page down to the end of its verdicts."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--headless", "--no-sandbox", "--disable-gpu"])
        tab = opened.new_page(viewport={"width": WIDTH, "height": 900})
        tab.goto(page.resolve().as_uri())
        bottom = tab.evaluate("document.querySelector('#verdicts').getBoundingClientRect().bottom")
        tab.set_viewport_size({"width": WIDTH, "height": round(bottom) + MARGIN})
        picture = tab.screenshot()
        opened.close()
    return picture


def main(page: str) -> None:
    """Write the picture with 128 colours, which no eye tells from all of them."""
    TARGET.parent.mkdir(exist_ok=True)
    picture = Image.open(io.BytesIO(first_screen(Path(page)))).convert("RGB")
    picture.quantize(128, method=Image.Quantize.MEDIANCUT).save(TARGET, optimize=True)
    size = TARGET.stat().st_size
    if size > LARGEST:
        sys.exit(f"{TARGET} has {size:,} bytes, more than {LARGEST:,}: make WIDTH smaller")
    print(f"{TARGET}: {size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
