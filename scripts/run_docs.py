"""Run the fenced blocks of README and docs, and keep what they print and draw for the site: python scripts/run_docs.py.

A page that has not changed is not run again while the library is the same. `docs_blocks.py` says what comments in a
page mean, and docs_not_run.toml lists the blocks that cannot be run here. A block that fails ends the build.
"""

import argparse
import ast
import contextlib
import hashlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import make_gallery
from docs_blocks import ROOT, Block, blocks_of, files_of, is_run, pages

OUTPUTS = ROOT / "build" / "docs"
_NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n]*\r(?!\n)")  # colours, and lines that were written over


class BlockError(RuntimeError):
    """A block of a page failed."""


def name_of(page: Path) -> str:
    """A page's name in one word: "tutorials-peaks"."""
    return "-".join(page.relative_to(ROOT).with_suffix("").parts).removeprefix("docs-")


def run_page(page: Path, folder: Path) -> dict[str, Any]:
    """Run a page's blocks.

    Parameters
    ----------
    page : Path
    folder : Path
        Pictures and pages that blocks make are kept here.

    Returns
    -------
    dict
        "blocks": of each, in the page's order, "text", "html", "images" and "pages"; "cpu_s" and "wall_s".

    Raises
    ------
    BlockError
        If a block fails; says where, and what it printed.
    """
    text, began, spent = page.read_text(encoding="utf-8"), time.monotonic(), _spent()
    names: dict[str, Any] = {"__name__": "__main__"}
    results = []
    with tempfile.TemporaryDirectory() as work, contextlib.chdir(work):
        sys.path.insert(0, work)  # as Python does in the folder where it is started
        if wanted := files_of(text):
            from docs_files import make

            make(wanted, Path(work))
        for i, block in enumerate(blocks_of(text)):
            result: dict[str, Any] = {"text": "", "html": "", "images": [], "pages": []}
            results.append(result)
            if not is_run(page, block):
                continue
            try:
                (_run_python if block.language == "python" else _run_shell)(block, names, result)
                _keep(block, result, folder, f"{name_of(page)}-{i}")
            except (Exception, SystemExit) as error:
                where = f"{page.relative_to(ROOT)}, block at line {block.line}"
                raise BlockError(f"{where}: {type(error).__name__}: {error}\n{result['text']}") from error
    return {"blocks": results, "cpu_s": _spent() - spent, "wall_s": time.monotonic() - began}


def _run_python(block: Block, names: dict[str, Any], result: dict[str, Any]) -> None:
    """As in a notebook: what is printed, and the value of the last line if it is an expression."""
    tree = ast.parse(block.code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "<block>", "exec"), names)
            value = None
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<block>", "eval"), names)
    finally:
        result["text"] = printed.getvalue()
    if value is not None and hasattr(value, "_repr_html_"):
        result["html"] = value._repr_html_()
    elif value is not None and not type(value[0] if isinstance(value, list) and value else value).__module__.startswith(
        "matplotlib"
    ):
        result["text"] += f"{value!r}\n"


def _run_shell(block: Block, names: dict[str, Any], result: dict[str, Any]) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    call = ["bash", "-euo", "pipefail", "-c", block.code]
    done = subprocess.run(call, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    result["text"] = _NOISE.sub("", done.stdout)
    if done.returncode:
        result["text"] += done.stderr
        raise RuntimeError(f"exit code {done.returncode}")


def _keep(block: Block, result: dict[str, Any], folder: Path, name: str) -> None:
    """Pictures that are open, and files that the page says were made."""
    if "matplotlib" in sys.modules:
        import matplotlib.pyplot as plt

        for k, number in enumerate(plt.get_fignums()):
            result["images"].append(f"{name}-{k}.png")
            plt.figure(number).savefig(folder / f"{name}-{k}.png", dpi=80, bbox_inches="tight", facecolor="white")
        plt.close("all")
    for kind, path in block.files:
        kept = f"{name}-{path.replace('/', '-')}"
        shutil.copy(path, folder / kept)
        result["images" if kind == "show" else "pages"].append(kept)


def _spent() -> float:
    """CPU seconds of this process and of those that it waited for."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def digest_of(page: Path) -> str:
    """Changes with the page, with what runs it, and with the library."""
    found = hashlib.sha256()
    source = (one for one in (ROOT / "src").rglob("*") if one.suffix in (".py", ".c", ".h", ".j2", ".toml"))
    for path in (page, *sorted((ROOT / "scripts").glob("*docs*")), *sorted(source)):
        found.update(path.read_bytes())
    return found.hexdigest()


def refresh(page: Path) -> tuple[str, float, float]:
    """Run a page unless what it printed is at hand; name, CPU seconds and wall seconds (0 if it was not run)."""
    kept, digest = OUTPUTS / f"{name_of(page)}.json", digest_of(page)
    if kept.is_file() and json.loads(kept.read_text(encoding="utf-8"))["digest"] == digest:
        return name_of(page), 0.0, 0.0
    found = {"digest": digest, **run_page(page, OUTPUTS)}
    kept.write_text(json.dumps(found), encoding="utf-8")
    return name_of(page), found["cpu_s"], found["wall_s"]


def main(only: Iterable[str], n_workers: int) -> None:
    """Run all pages that have blocks, or only those whose names are given."""
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    chosen = [page for page in pages() if any(is_run(page, one) for one in blocks_of(page.read_text(encoding="utf-8")))]
    if wanted := set(only):
        chosen = [page for page in chosen if name_of(page) in wanted]
    chosen.sort(key=lambda page: "tutorials" not in page.parts)  # the longest first
    total = 0.0
    # Before the processes are there: threads are counted when torch is imported, which this file does by others.
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="Agg", COLUMNS="120")
    # a process for each page: none meets what another imported or set
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        running = [pool.submit(refresh, page) for page in chosen]
        failed = []
        for one in as_completed(running):
            try:
                name, cpu, wall = one.result()
            except BlockError as error:
                failed.append(str(error))
                continue
            total += cpu
            print(f"{name:32} {cpu:6.1f} s CPU {wall:6.1f} s", flush=True)
    if not wanted:
        make_gallery.main(OUTPUTS / "gallery" / "gallery")
    print(f"{'all pages':32} {total:6.1f} s CPU")
    if failed:
        raise BlockError("\n\n".join(failed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="only these, such as tutorials-peaks")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    try:
        main(arguments.pages, arguments.workers)
    except BlockError as failed:
        sys.exit(f"error: {failed}")
