"""Check the files of a release: python scripts/check_release.py dist

Each wheel for this machine is installed into a fresh environment without a C compiler on the PATH. It may add 200 MB to
PyTorch, and must find its prebuilt kernels and train a network.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST_MB = 8
MOST_ADDED_MB = 200  # by the wheel and what it needs, bytecode included, to an environment with PyTorch
NEEDED = ("LICENSE", "LICENSE-JASPAR", "py.typed", "first_layer.c", "libraries.toml", "audit.html.j2")
TRAINS = """
import motiflens as ml
from motiflens.models.kernels import describe_kernels
from motiflens.motifs.compiled_scores import describe_library
assert describe_kernels().startswith("prebuilt"), describe_kernels()
assert describe_library().startswith("prebuilt"), describe_library()
data = ml.data.simulate.multi_motif(600, seed=1)
quick = ml.training.protocol.REFERENCE.replace(max_epochs=1)
network = ml.fit("C4C6-LSTM-Att", data, n_members=1, protocol=quick, progress=False)[0]
assert ml.predict(network, data.test.codes).mean.shape == (len(data.test), 12)
print("trains with kernels", describe_kernels())
"""


def version() -> str:
    """The version that pyproject.toml names; the package must name the same."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    text = (ROOT / "src" / "motiflens" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "(.*)"', text)
    if found is None or found[1] != named:
        sys.exit(f"error: pyproject.toml has version {named}, the package has {found and found[1]}")
    return named


def check_content(path: Path) -> None:
    """Nothing is missing, and nothing too large."""
    if path.suffix == ".whl":
        names = zipfile.ZipFile(path).namelist()
        if not re.fullmatch(r"motiflens-[\w.]+-py3-none-\w+\.whl", path.name):
            sys.exit(f"error: {path.name} should be for any Python 3: py3-none-PLATFORM")
    else:
        with tarfile.open(path) as archive:
            names = archive.getnames()
    missing = [one for one in NEEDED if not any(name.endswith(one) for name in names)]
    size = path.stat().st_size / 1e6
    if missing or size > LARGEST_MB:
        sys.exit(f"error: {path.name}: {size:.1f} MB, at most {LARGEST_MB}; missing: {', '.join(missing) or 'nothing'}")
    print(f"{path.name}: {size:.2f} MB, {sum(name.endswith('.so') for name in names)} libraries")


def check_wheel(path: Path) -> None:
    """It adds little to PyTorch, and trains in a fresh environment without a compiler."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        sizes = []
        for package in ("torch", str(path)):
            install = [python, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), package]
            subprocess.run(install, check=True)
            sizes.append(sum(one.stat().st_size for one in Path(folder).rglob("*") if one.is_file()) / 1e6)
        added = sizes[1] - sizes[0]
        if added > MOST_ADDED_MB:
            sys.exit(f"error: {path.name} adds {added:.0f} MB to an environment with torch, at most {MOST_ADDED_MB}")
        print(f"adds {added:.0f} MB to an environment with torch")
        bare = {"HOME": folder, "PATH": str(Path(folder) / "bin"), "OMP_NUM_THREADS": "1"}
        subprocess.run([python, "-c", TRAINS], env=bare, cwd=folder, check=True)
        subprocess.run([str(Path(folder) / "bin" / "motiflens"), "doctor"], env=bare, cwd=folder, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="of wheels and the sdist")
    parser.add_argument("--version", action="store_true", help="print the version, and nothing else")
    arguments = parser.parse_args()
    if arguments.version:
        print(version())
        return
    paths = sorted([*arguments.folder.glob("*.whl"), *arguments.folder.glob("*.tar.gz")])
    if not paths:
        sys.exit(f"error: no wheel and no sdist in {arguments.folder}")
    for path in paths:
        check_content(path)
        if path.suffix == ".whl" and os.name == "posix":
            check_wheel(path)


if __name__ == "__main__":
    main()
