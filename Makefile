# Needs make and Python 3.11 or newer with venv; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2
CLUSTER ?= /tmp/infra-grader-cluster

.DEFAULT_GOAL := help
.PHONY: help demo test lint types imports pytest cluster cluster-down bench docs clean

help:
	@echo "make demo    grade the bundled examples and leave report.html to open"
	@echo "make test    lint, types, import layers and all tests"
	@echo "make cluster start a Kubernetes cluster for the tests (as root); make cluster-down ends it"
	@echo "make bench   how long the commands take, as ratios"
	@echo "make docs    write docs/checks/ and the table of docs/trust.md anew"
	@echo "make clean   remove what these commands made"

# 0 passed and 3 undecided are both fine here: in Project 01 a few points wait for a person.
demo: $(VENV)/.installed
	$(BIN)/infra-grader validate exercise-01-overview exercises/exercise-01-overview/solution
	@echo
	$(BIN)/infra-grader grade exercises/project-01-simple-model-api/solution \
	  --rubric project-01-simple-model-api --report terminal --report html=report.html || [ $$? -eq 3 ]
	@echo "Open report.html in a browser."

test: lint types imports pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

pytest: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal $(PYTEST_OPTIONS)

cluster:
	@tests/cluster/cluster start $(CLUSTER)

cluster-down:
	@tests/cluster/cluster stop $(CLUSTER)

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/static_grade.py
	$(BIN)/python benchmarks/many_files.py
	$(BIN)/python benchmarks/sandboxes.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/batch.py
	$(BIN)/python benchmarks/gradebooks.py
	$(BIN)/python benchmarks/copies.py

docs: $(VENV)/.dev
	$(BIN)/python docs/write_checks.py
	$(BIN)/python docs/write_trust.py

clean:
	rm -rf $(VENV) dist report.html .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The stamps are renewed when pyproject.toml changes; the package itself is installed editable.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@

# Older pips know no dependency groups.
$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is missing or older than 3.11; name another with make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
