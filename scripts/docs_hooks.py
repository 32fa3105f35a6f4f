"""For mkdocs: what blocks printed and drew stands below them in tutorials, and the home page is the README.

Equations become MathML, which browsers draw without any script from elsewhere. The API reference has a page for each
wing with all of its modules, and the build fails if a public function or class is not on it.
"""

import ast
import html
import json
import re
import sys
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from docs_blocks import ROOT, blocks_of
from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from run_docs import OUTPUTS, name_of

from motiflens import WINGS

PACKAGE = ROOT / "src" / "motiflens"


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures and pages that blocks made, the gallery's pictures as they are now, and the API's pages."""
    made = {
        f"outputs/{path.name}": path for path in sorted(OUTPUTS.glob("*")) if path.suffix in (".png", ".svg", ".html")
    }
    made |= {f"gallery/{path.name}": path for path in sorted((OUTPUTS / "gallery").rglob("*.png"))}
    for name, path in made.items():
        if (old := files.get_file_from_path(name)) is not None:
            files.remove(old)
        files.append(File.generated(config, name, abs_src_path=str(path)))
    for wing in WINGS:
        files.append(File.generated(config, f"reference/{wing}.md", content=reference_of(wing)))
    return files


def modules_of(wing: str) -> dict[str, Path]:
    """Modules of a wing that define something public, by name."""
    found = {}
    for path in sorted((PACKAGE / wing).rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if public_names(path):
            found[name] = path
    return found


def public_names(path: Path) -> list[str]:
    """Functions and classes that a file defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def reference_of(wing: str) -> str:
    """A wing's page of the API reference: every module, with all that it defines."""
    words = (ast.get_docstring(ast.parse((PACKAGE / wing / "__init__.py").read_text(encoding="utf-8"))) or "").strip()
    options = '    options:\n      show_root_full_path: true\n      filters: ["!^_"]\n'
    parts = [f"::: {name}\n{options}" for name in modules_of(wing)]
    return "\n".join([f"# {wing}", "", words, "", *parts])


def on_post_build(config: Any) -> None:
    """Fail if a public function or class is missing from the API reference.

    Raises
    ------
    PluginError
        With all that are missing.
    """
    inventory = (Path(config["site_dir"]) / "objects.inv").read_bytes().split(b"\n", 4)[4]
    known = {line.split(" ", 1)[0] for line in zlib.decompress(inventory).decode().splitlines()}
    wanted = {
        f"{module}.{name}" for wing in WINGS for module, path in modules_of(wing).items() for name in public_names(path)
    }
    if missing := sorted(wanted - known):
        raise PluginError(f"not in the API reference: {', '.join(missing)}")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Insert what was printed and drawn."""
    if page.file.src_uri == "index.md":
        return (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](").replace('"docs/', '"')
    source = Path(page.file.abs_src_path or "")
    kept = OUTPUTS / f"{name_of(source)}.json" if source.is_relative_to(ROOT) else OUTPUTS / "none"
    if not page.file.src_uri.startswith("tutorials/") or not kept.is_file():
        return markdown
    results, parts, end = json.loads(kept.read_text(encoding="utf-8"))["blocks"], [], 0
    for block, result in zip(blocks_of(markdown), results, strict=False):
        parts += [markdown[end : block.end], shown(result)]
        end = block.end
    return "".join([*parts, markdown[end:]])


def on_page_content(content: str, **_: Any) -> str:
    """Turn equations in TeX, as arithmatex marks them, into MathML."""
    inline = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
    block = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)
    content = block.sub(lambda found: convert(html.unescape(found[1]).strip(), display="block"), content)
    return inline.sub(lambda found: convert(html.unescape(found[1]).strip()), content)


def shown(result: dict[str, Any]) -> str:
    """One block's results as Markdown."""
    parts = []
    if result["text"].strip():
        parts.append("``` { .text .output }\n" + result["text"].rstrip() + "\n```")
    if result["html"]:
        parts.append(f'<div class="result">{result["html"]}</div>')
    parts += [f"![What the block draws](../outputs/{name})" for name in result["images"]]
    parts += [f"[Open the page that it wrote](../outputs/{name}){{target=_blank}}" for name in result["pages"]]
    return "\n\n" + "\n\n".join(parts) + "\n" if parts else ""
