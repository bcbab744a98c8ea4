# Needs make and Python 3.11 or later, nothing else: each target makes .venv and installs what it uses.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-lowest wheel audit fuzz coverage lint format docs clean train-base train-base-free

VENV ?= .venv
VIDEO ?=
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help:
	@echo "make demo               lift a bundled clip to 3D; writes out/demo.npz, .html and .png"
	@echo "make demo VIDEO=my.mp4  the whole way from your own video; writes out/my.npz, .html and .png"
	@echo "make test               ruff, mypy and the tests"
	@echo "make test-slow          the tests that take long: training, a browser, glTF's validator (Chromium, node)"
	@echo "make fuzz N=1000        damaged files for every reader; READER=bvh for one, SECONDS=60 for a while each"
	@echo "make coverage           which lines the commands and the public API never reach"
	@echo "make lint               ruff and mypy only"
	@echo "make format             let ruff put the sources in order"
	@echo "make train-base         make the weights 'base' again; MOCAP=folder of motion capture (hours; it resumes)"
	@echo "make train-base-free    the same for 'base-free', on freely licensed motion only"
	@echo "make test-lowest        tests of the base install with the oldest versions of what it needs"
	@echo "make wheel              build the wheel and try it in an environment of its own, offline; VIDEO=my.mp4 to lift one"
	@echo "make audit              licences and known weaknesses of what comes with it; a bill of materials, out/sbom.json"
	@echo "make docs               the documentation as a site, in out/site"
	@echo "make clean              remove .venv, out and caches"

# Torch is for training only: neither the bundled clip nor a video needs it.
demo: $(VENV)/.has-view
	@$(BIN)/uplift3d demo $(if $(VIDEO),"$(VIDEO)")

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4

# Chromium and node are looked for and tests that need them skipped without; npm installs the validator.
test-slow: $(VENV)/.has-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slow -n auto --maxprocesses 2

# Findings lie in out/fuzz, each to be read again: PYTHONPATH=tests python -m fuzz --again out/fuzz/bvh/7-exception
N ?= 100000
READER ?=
SECONDS ?=
fuzz: $(VENV)/.has-dev
	PYTHONPATH=src:tests OMP_NUM_THREADS=1 $(BIN)/python -m fuzz -n $(N) --readers "$(READER)" \
		$(if $(SECONDS),--seconds $(SECONDS))

# Not the unit tests: what only they reach is nobody's.
coverage: $(VENV)/.has-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --cov=uplift3d --cov-branch \
		--cov-report=term-missing:skip-covered --cov-report=html:out/coverage \
		tests/cli tests/reproduce tests/test_pipeline.py tests/test_docs.py

lint: $(VENV)/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini tests

format: $(VENV)/.has-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From raw motion capture to the files in the package. Every step is left out where its result is there, and a
# training that was stopped goes on.
MOCAP ?= data/mocap
train-base: runs/base/model.safetensors
	$(BIN)/python tools/ship_weights.py $< base

train-base-free: runs/base-free/model.safetensors
	$(BIN)/python tools/ship_weights.py $< base-free

runs/base-start/model.safetensors: runs/small/model.safetensors
runs/base-offsets/model.safetensors: runs/base-start/model.safetensors
runs/base-lenses/model.safetensors: runs/base-offsets/model.safetensors
runs/base-varied/model.safetensors: runs/base-lenses/model.safetensors
runs/base-bones/model.safetensors: runs/base-varied/model.safetensors
runs/base/model.safetensors: runs/base-bones/model.safetensors
runs/base-free-offsets/model.safetensors: runs/base-free-start/model.safetensors
runs/base-free-lenses/model.safetensors: runs/base-free-offsets/model.safetensors
runs/base-free-varied/model.safetensors: runs/base-free-lenses/model.safetensors
runs/base-free-bones/model.safetensors: runs/base-free-varied/model.safetensors
runs/base-free/model.safetensors: runs/base-free-bones/model.safetensors
runs/%/model.safetensors: configs/%.yaml data/store/index.json | $(VENV)/.has-dev
	$(BIN)/uplift3d train $<

data/store/index.json: | $(VENV)/.has-dev
	$(BIN)/uplift3d data import "$(MOCAP)" -o data/store

# The base install with the lowest versions that it allows, and the tests that need no more than that.
LOWEST_TESTS = tests/test_types.py tests/test_camera.py tests/post tests/lift/test_offline.py tests/files tests/video \
	tests/export/test_npz.py tests/export/test_bvh.py tests/export/test_glb.py tests/export/test_c3d.py tests/cli/test_lift.py
test-lowest: $(BIN)/python
	$(BIN)/python -m venv out/lowest
	$(BIN)/python tools/lowest.py > out/lowest/constraints.txt
	out/lowest/bin/python -m pip install -qq -c out/lowest/constraints.txt . pytest hypothesis
	OMP_NUM_THREADS=1 out/lowest/bin/python -m pytest -q -p no:cacheprovider $(LOWEST_TESTS)

# The wheel in an environment of its own, away from the sources.
wheel: $(BIN)/python
	@rm -rf out/wheel && $(BIN)/python -m pip wheel -qq --no-deps -w out/wheel .
	@$(BIN)/python -m venv out/wheel/env && out/wheel/env/bin/python -m pip install -qq -c constraints.txt \
		"$$(echo out/wheel/*.whl)[view]"
	@$(BIN)/python tools/try_wheel.py out/wheel/*.whl out/wheel/env/bin/python $(if $(VIDEO),"$(VIDEO)")

# An environment with the base install alone, and another one for the programs that look at it.
audit: $(BIN)/python
	@$(BIN)/python -m venv out/audit/base && out/audit/base/bin/python -m pip install -qq -c constraints.txt .
	@$(BIN)/python -m venv out/audit/tools && out/audit/tools/bin/python -m pip install -qq pip-audit cyclonedx-bom
	@out/audit/tools/bin/python tools/audit.py out/audit/base/bin/python out

docs: $(VENV)/.has-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests -name __pycache__ -prune -exec rm -rf {} +

# The stamps say what is installed; a change of what is wanted installs again. `dev` includes the others.
INSTALL = $(BIN)/python -m pip install -qq -c constraints.txt -e

$(VENV)/.has-view: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing uplift3d into $(VENV) (once, under a minute) ..."
	@$(INSTALL) ".[view]"
	@touch $@

$(VENV)/.has-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing uplift3d, torch and the test tools into $(VENV) (once, a few minutes) ..."
	@$(INSTALL) ".[dev]"
	@touch $@ $(VENV)/.has-view

# Each candidate is run: a name on the PATH may be a shim without a Python behind it. PYTHON=... overrides.
PYTHONS = $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}
$(BIN)/python:
	@for python in $(PYTHONS); do \
		if $$python -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then \
			echo "Creating $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); exit 1; \
		fi; \
	done; \
	found=$$(for python in $(PYTHONS); do $$python --version 2>/dev/null; done | sort -u | paste -sd, -); \
	echo "uplift3d needs Python 3.11 or later (found: $${found:-none})." \
		"Install it, or say where it is: make PYTHON=/path/to/python3.12" >&2; \
	exit 1
