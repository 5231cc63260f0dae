# The machine needs Python 3.11 or newer with pip, and make. Everything else comes into .venv.
PYTHON ?= python3
BIN := .venv/bin
# Tests wait for databases, servers and processes more than they compute: twice as many as there are cores.
WORKERS ?= 4

# Compiled code is kept: else each process of a run would compile all of it anew, and that is most of its work.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test lint bench endurance chaos docs lock venv venv-dev

help:  ## What you can do here
	@echo "Sluice: the CRM that lives in the team's chat."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "SLUICE_PORT and SLUICE_DATA_DIR move the demo elsewhere; PYTHON chooses another Python."

demo: venv  ## Run everything on this machine: database, cache, web, worker and a company to play with
	@exec $(BIN)/sluice demo

demo-reset: venv  ## Throw the demo's data away and start over
	@exec $(BIN)/sluice demo --reset

test: venv-dev  ## All tests, on a private PostgreSQL and Valkey, without network
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: venv-dev  ## Style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: venv-dev  ## Speed, as ratios against references measured in the same run
	@exec $(BIN)/python -m bench

endurance: venv-dev  ## One web process at RATE interactions a second for MINUTES (200, 10)
	@exec $(BIN)/python -m bench.endurance --minutes $(or $(MINUTES),10) --rate $(or $(RATE),200)

chaos: venv-dev  ## The long form of the promises: kill -9, races, platforms that fail
	@SLUICE_CHAOS=full exec $(BIN)/python -m pytest -m chaos --timeout=0

docs: venv-dev  ## The documentation as a site, in build/site
	@exec $(BIN)/python docs/build.py build/site

lock:  ## Renew the lock files (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv (https://docs.astral.sh/uv)"; exit 1; }
	$(LOCK) --extra embedded pyproject.toml -o requirements.lock
	$(LOCK) --all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo setuptools | $(LOCK) --no-annotate - -o requirements-build.lock

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

venv:
	@$(PYTHON) ops/make_venv.py

venv-dev:
	@$(PYTHON) ops/make_venv.py --dev
