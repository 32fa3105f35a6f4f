# Two set-up commands: `make quickstart` (run the quick study) and `make test`. Each is enough by itself.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup quickstart test lint docs site paper wheels benchmarks clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("motiflens needs Python >= 3.11, found " + sys.version.split()[0] + "; try make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools wheel -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

quickstart: setup
	$(BIN)/motiflens study run --preset quick --out runs/quick
	@echo "Open runs/quick/report.html"

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Runs every block of README and docs, then builds the site. Pages that have not changed are not run again.
docs: setup
	$(BIN)/python scripts/make_llms.py
	$(BIN)/python scripts/run_docs.py
	$(MAKE) site

# The site alone, with what blocks printed when they were last run.
site: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "Open site/index.html"

paper: setup
	$(BIN)/python scripts/make_paper.py build/paper.html
	@echo "Open build/paper.html"

# A wheel for this platform, with prebuilt kernels, and the sdist; then both are checked.
wheels: setup
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --sdist --outdir dist
	$(BIN)/python scripts/check_release.py dist

# Every race in short form, a few minutes on one core; each script's --help says how the long form is asked for.
benchmarks: export OMP_NUM_THREADS = 1
benchmarks: setup
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[peers,deeplift,cluster]'
	$(BIN)/python benchmarks/tomtom_speed.py --repeats 3
	$(BIN)/python benchmarks/train_speed.py --quick --members 4 --steps 3
	$(BIN)/python benchmarks/mutagenesis_speed.py --sequences 8 --length 200 --rounds 1
	$(BIN)/python benchmarks/ablation_speed.py --n-sequences 200 --repeats 1
	$(BIN)/python benchmarks/scoring_speed.py --sequences 200 --repeats 1
	$(BIN)/python benchmarks/interactions_speed.py --motifs 6 --backgrounds 20 --sequences 100
	$(BIN)/python benchmarks/logo_speed.py --repeats 3
	$(BIN)/python benchmarks/long_inputs.py --length 2000
	$(BIN)/python benchmarks/report_speed.py --repeats 1
	$(BIN)/python benchmarks/simulate_speed.py --alternative-sequences 100
	$(BIN)/python benchmarks/import_speed.py --sequences 5000 --genome-bases 10000000
	$(BIN)/python benchmarks/kernel_variants.py --steps 2 --rounds 1

clean:
	rm -rf .venv build dist site src/*.egg-info .mypy_cache .ruff_cache .pytest_cache
