"""Draw the first screen of an audit's page: python scripts/make_audit_picture.py AUDIT.html.

docs/assets/audit.png shows it on a wide screen to the end of its verdicts, docs/assets/audit-narrow.png on a phone to
the end of its first filter.

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

ASSETS = Path(__file__).parent.parent / "docs" / "assets"
#: Width in CSS pixels, pixels for each of them, and the last element that is shown.
PICTURES = {"audit.png": (1200, 1, "#verdicts"), "audit-narrow.png": (400, 2, "#leading .card")}
MARGIN = 12  # pixels
LARGEST = 200_000  # bytes


def first_screen(page: Path, width: int, scale: int, last: str) -> bytes:
    """A picture from the top of a page down to the end of an element."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--headless", "--no-sandbox", "--disable-gpu"])
        tab = opened.new_page(viewport={"width": width, "height": 900}, device_scale_factor=scale)
        tab.goto(page.resolve().as_uri())
        bottom = tab.locator(last).first.evaluate("one => one.getBoundingClientRect().bottom")
        tab.set_viewport_size({"width": width, "height": round(bottom) + MARGIN})
        picture = tab.screenshot()
        opened.close()
    return picture


def main(page: str) -> None:
    """Write the pictures with 128 colours, which no eye tells from all of them."""
    ASSETS.mkdir(exist_ok=True)
    for name, how in PICTURES.items():
        picture = Image.open(io.BytesIO(first_screen(Path(page), *how))).convert("RGB")
        picture.quantize(128, method=Image.Quantize.MEDIANCUT).save(ASSETS / name, optimize=True)
        size = (ASSETS / name).stat().st_size
        if size > LARGEST:
            sys.exit(f"{name} has {size:,} bytes, more than {LARGEST:,}: make its width smaller")
        print(f"{name}: {size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
