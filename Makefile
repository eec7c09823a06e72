# Everything happens inside this checkout: the interpreter and all packages live in .venv, caches in .cache.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

PYTHON ?= python3
# The cores this process may use, at most 16 so as to leave room on a large shared machine.
CORES ?= $(shell $(PYTHON) -c 'import os; \
	print(min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))')
# The torch build: asked for, else the one already installed, else cpu.
ifndef TORCH
TORCH := $(or $(shell cat .venv/.stamp 2>/dev/null),cpu)
endif
ifeq ($(filter $(TORCH),cpu cuda),)
$(error TORCH is "$(TORCH)"; it must be cpu or cuda)
endif

# Snakemake replaces braces in paths; shells and PATH read the other signs as their own.
SIGNS := $(strip $(foreach sign,{ } " ` : \ $$,$(findstring $(sign),$(CURDIR))))
ifneq ($(SIGNS),)
$(error The path of this checkout has the sign $(firstword $(SIGNS)), move it: $(CURDIR))
endif

STAMP := .venv/.stamp
PIP := .venv/bin/python -m pip --disable-pip-version-check --no-input -qq
UV_VERSION := 0.13.9
# Bytecode of all packages: a run makes its own of the few that it imports, tests want it beforehand, since they take
# warnings for errors, those of a package's first compilation, too.
BYTECODE := .venv/.bytecode
# A tool of .venv, with its caches kept in the checkout.
RUN := env PATH="$(CURDIR)/.venv/bin:$$PATH" XDG_CACHE_HOME="$(CURDIR)/.cache" \
	MPLCONFIGDIR="$(CURDIR)/.cache/matplotlib"
SNAKEMAKE := $(RUN) snakemake --workflow-profile profiles/default
# What a page of the site would load from elsewhere.
LOADS := '<(script|img|iframe|source)[^>]* src="(https?:)?//[^"]*|<link[^>]* href="(https?:)?//[^"]*|url\("?(https?:)?//[^)]*'
# What is left are lines of datasets and steps: on a terminal, one that moves.
QUIET := --quiet rules reason host
PROGRESS := 2>&1 | $(RUN) python -m fibgap.workflow.progress
# Foreign packages must not leak into .venv.
unexport PYTHONPATH PYTHONHOME

.PHONY: help setup tables paper sensitivity test slurm-test lint docs bench lock clean FORCE

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
		printf '  make %-11s %s\n' "$$name" "$$text"; done
	@echo
	@echo '  Variables: PYTHON=$(PYTHON)  TORCH=$(TORCH) (cpu or cuda)  CORES=$(CORES)  PYTEST_ARGS='

setup: $(STAMP) ## Create .venv with the locked packages (TORCH=cuda: the build for CUDA)

tables: $(STAMP) ## Set up, run the quick configuration, print Tables S3 and S4 and what they show
	@$(SNAKEMAKE) --configfile config/quick.yaml --cores $(CORES) $(QUIET) $(PROGRESS)
	@$(RUN) python -m fibgap.report results/quick

paper: $(STAMP) ## Run the paper's configuration (hours), print Tables S3 and S4
	@$(SNAKEMAKE) --configfile config/paper.yaml --cores $(CORES) $(QUIET) $(PROGRESS)
	@$(RUN) python -m fibgap.report results/paper

sensitivity: $(STAMP) ## Run config/sensitivity.yaml: errors against slice thickness (a figure and a table)
	@$(SNAKEMAKE) --configfile config/sensitivity.yaml --cores $(CORES) $(QUIET) sensitivity $(PROGRESS)
	@cat results/sensitivity/tables/sensitivity.md

.PHONY: depths
depths: $(STAMP) ## Run config/depths.yaml (hours): what it costs not to know where slices lie
	@$(SNAKEMAKE) --configfile config/depths.yaml --cores $(CORES) $(QUIET) -- make_tables
	@cat results/depths/tables/by_source.md

.PHONY: generality
generality: $(STAMP) ## Try every filler on many materials (hours), write docs/generality.md (GENERALITY_ARGS=)
	@$(RUN) python -m fibgap.experiment.generality docs/reproduction/generality/rows.csv --page docs/generality.md \
		$(GENERALITY_ARGS)

.PHONY: costs
CONFIG ?= config/quick.yaml
costs: $(STAMP) ## Tabulate what the runs of an experiment cost (CONFIG=config/paper.yaml: of that one)
	@$(SNAKEMAKE) --configfile $(CONFIG) --cores 1 costs $(QUIET)
	@for file in $$($(RUN) python -c 'import sys; from fibgap.experiment.config import load; \
		print(load(sys.argv[1])["name"])' $(CONFIG)); do \
		cat results/$$file/costs/costs.md; done

test: $(BYTECODE) ## Set up and run the tests (PYTEST_ARGS='-m "not slow"' for fewer)
	@$(RUN) python -m pytest --numprocesses $(CORES) --dist loadgroup $(PYTEST_ARGS)

slurm-test: $(BYTECODE) ## Test on a real SLURM of one node, started on loopback (minutes; root installs it)
	@$(RUN) python -m pytest tests/slurm $(PYTEST_ARGS) -m slurm -rs -s

lint: $(STAMP) ## Check style, layout, types, spelling and the workflow
	@$(RUN) ruff check --quiet .
	@$(RUN) ruff format --check --quiet .
	@$(RUN) snakefmt --check --compact-diff Snakefile rules
	@$(RUN) mypy
	@$(RUN) codespell
	@$(SNAKEMAKE) --configfile config/quick.yaml --lint

docs: $(STAMP) ## Build the documentation site in docs/_build/html; warnings are errors
	@rm -rf docs/_build docs/api
	@$(RUN) sphinx-build --nitpicky --fail-on-warning --keep-going --quiet -d docs/_build/doctrees docs docs/_build/html
	@if grep -rnoE $(LOADS) --include='*.html' --include='*.css' docs/_build/html; then \
		echo 'The site loads something from outside.' >&2; exit 1; fi
	@echo 'The site: docs/_build/html/index.html'

bench: $(STAMP) ## Run the benchmarks (faults.py, overhead.py and scaling.py are commands of their own)
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(RUN) python "$$file"; done

.PHONY: bench-quick
bench-quick: $(STAMP) ## Run the benchmark of fillers on a small case, in under two minutes
	@$(RUN) python benchmarks/bench_fillers.py --quick

.PHONY: reference
reference: $(STAMP) ## Write config/config.schema.json and docs/configuration.md anew, from the models
	@$(RUN) python -m fibgap.experiment.config --schema > config/config.schema.json
	@$(RUN) python -m fibgap.experiment.config --reference > docs/configuration.md

lock: ## Solve requirements.lock anew; pins that still fit stay (LOCK_ARGS=--upgrade: newest versions)
	@$(PYTHON) -m venv --clear .cache/lock
	@.cache/lock/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
	@.cache/lock/bin/uv --no-cache --no-progress --quiet pip compile pyproject.toml \
		--universal --python-version 3.11 --all-extras --constraint requirements-torch-cuda.txt \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.lock $(LOCK_ARGS) >/dev/null
	@sed -i -E -e '/^(torch|triton)==/d' -e '/^(cuda|nvidia)-/d' -e '/^#/d' requirements.lock
	@sed -i -e '1i # Runtime, dev, docs and slurm packages for Python 3.11 to 3.13, without torch and its CUDA packages.' \
		-e '1i # Written by "make lock"; not edited by hand.' requirements.lock

clean: ## Remove caches (not .venv, not results)
	@rm -rf docs/_build docs/api docs/api.rst
	@rm -rf .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist fibgap.egg-info
	@find . -path ./.venv -prune -o -path ./results -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Written last, so that a setup killed half-way is begun again. Its text is the torch build.
$(STAMP): requirements.lock requirements-torch-$(TORCH).txt
	@command -v '$(PYTHON)' >/dev/null || { \
		echo 'fibgap needs Python 3.11 or newer, and "$(PYTHON)" is not there; name another: make setup PYTHON=...'; exit 1; } >&2
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "fibgap needs Python 3.11 or \
	newer, and $(PYTHON) is Python %d.%d; name another: make setup PYTHON=..." % v)'
	@rm -rf .venv
	@echo 'Setting up .venv (about 2 GB; a few minutes) ...'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-compile --no-deps -r requirements.lock
ifeq ($(TORCH),cpu)
	@$(PIP) install --no-compile --no-deps --retries 1 --timeout 15 -r requirements-torch-cpu.txt
else
	@$(PIP) install --no-compile -r requirements-torch-cuda.txt
endif
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@.venv/bin/python -m pip check
	@echo $(TORCH) > $@
	@echo 'Ready: .venv, torch build $(TORCH).'

# Some packages hold templates that are no Python: they are left out, as by pip.
$(BYTECODE): $(STAMP)
	@.venv/bin/python -m compileall -qq -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

# A change of the torch build is a reason to set up again.
ifneq ($(TORCH),$(or $(shell cat .venv/.stamp 2>/dev/null),$(TORCH)))
$(STAMP): FORCE
endif
