# Needs make and Python 3.11 or later, nothing else: each target makes .venv and installs what it uses.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format clean

VENV ?= .venv
VIDEO ?=
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help:
	@echo "make demo               lift a bundled clip to 3D; writes out/demo.npz, .html and .png"
	@echo "make demo VIDEO=my.mp4  the whole way from your own video; writes out/my.npz, .html and .png"
	@echo "make test               ruff, mypy and the tests"
	@echo "make lint               ruff and mypy only"
	@echo "make format             let ruff put the sources in order"
	@echo "make clean              remove .venv, out and caches"

# Torch is for training only, the 2D detector for videos only: the bundled clip needs neither.
demo: $(VENV)/$(if $(VIDEO),.has-video,.has-view)
	@$(BIN)/uplift3d demo $(if $(VIDEO),"$(VIDEO)")

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4

lint: $(VENV)/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.has-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests -name __pycache__ -prune -exec rm -rf {} +

# The stamps say what is installed; a change of what is wanted installs again. `dev` includes the others.
INSTALL = $(BIN)/python -m pip install -qq -c constraints.txt -e

$(VENV)/.has-view: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing uplift3d into $(VENV) (once, under a minute) ..."
	@$(INSTALL) ".[view]"
	@touch $@

$(VENV)/.has-video: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing uplift3d and the 2D detector into $(VENV) (once, a minute or two) ..."
	@$(INSTALL) ".[view,mediapipe]"
	@touch $@ $(VENV)/.has-view

$(VENV)/.has-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing uplift3d, torch and the test tools into $(VENV) (once, a few minutes) ..."
	@$(INSTALL) ".[dev]"
	@touch $@ $(VENV)/.has-video $(VENV)/.has-view

# The 2D detector has no wheels for Python 3.13, so 3.11 or 3.12 comes first. Each candidate is run: a name on
# the PATH may be a shim without a Python behind it. PYTHON=... overrides.
PYTHONS = $${PYTHON:-python3 python3.12 python3.11 python3.13 python}
$(BIN)/python:
	@for wanted in "(3, 11) <= version < (3, 13)" "version >= (3, 11)"; do \
		for python in $(PYTHONS); do \
			if $$python -c "import sys; version = sys.version_info[:2]; sys.exit(not $$wanted)" 2>/dev/null; then \
				echo "Creating $(VENV) with $$($$python --version)"; \
				$$python -m venv $(VENV) && exit 0; \
				rm -rf $(VENV); exit 1; \
			fi; \
		done; \
	done; \
	found=$$(for python in $(PYTHONS); do $$python --version 2>/dev/null; done | sort -u | paste -sd, -); \
	echo "uplift3d needs Python 3.11 or later (found: $${found:-none})." \
		"Install it, or say where it is: make PYTHON=/path/to/python3.12" >&2; \
	exit 1
