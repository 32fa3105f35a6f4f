"""What pyproject.toml cannot say: a wheel holds the kernels as shared libraries, one for each kind of processor.

They are called with ctypes, so a wheel fits every Python: `py3-none-PLATFORM`. Where there is no C compiler it is
`py3-none-any`, holds the sources alone, and motiflens compiles on first use, or does without.
"""

import importlib.util
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

PACKAGE = Path(__file__).parent / "src" / "motiflens"
_SPEC = importlib.util.spec_from_file_location("recipes", PACKAGE / "basics" / "recipes.py")
recipes = importlib.util.module_from_spec(_SPEC)
sys.modules["recipes"] = recipes  # where dataclasses look for it
_SPEC.loader.exec_module(recipes)


class BuildWithKernels(build_py):
    """Copy the package, and compile its kernels beside it."""

    def run(self):
        """Not where the package is used from its sources: there kernels are compiled when they change."""
        super().run()
        if not self.editable_mode:
            into = Path(self.build_lib) / "motiflens" / "resources" / "libraries"
            for old in into.glob("*.so"):  # of a build before
                old.unlink()
            recipes.build_all(PACKAGE, into)


class WithLibraries(Distribution):
    """Of one platform where there is a compiler to make the libraries."""

    def has_ext_modules(self):
        """Whether the wheel will hold libraries."""
        return recipes.compiler() is not None and recipes.machine_type() in recipes.PROCESSORS


class WheelForEveryPython(bdist_wheel):
    """A wheel of one platform and any Python 3."""

    def get_tag(self):
        """Python, ABI and platform."""
        _, _, platform = super().get_tag()
        return "py3", "none", platform


setup(distclass=WithLibraries, cmdclass={"build_py": BuildWithKernels, "bdist_wheel": WheelForEveryPython})
