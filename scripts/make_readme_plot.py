"""Run the README's lines of Python at full size, and keep their plot: python scripts/make_readme_plot.py."""

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from docs_blocks import ROOT, blocks_of

if __name__ == "__main__":
    (block,) = (one for one in blocks_of((ROOT / "README.md").read_text(encoding="utf-8")) if one.language == "python")
    exec(compile(block.shown, "README.md", "exec"), {})
    plt.gcf().savefig(ROOT / "docs" / "assets" / "filters.png", dpi=90, bbox_inches="tight", facecolor="white")
