# make demo   the main job on two embedded servers, from nothing
# make test   every check: format, lint, types, layers, tests
# make soak   hours: everything that `make test` only samples, at random
# make world   ten minutes: simulated call centres at random, judged by an oracle; SECONDS=n, SEED=n shows one
# make guards   removes each guard of a write from a copy; a test must fail each time
# make test-lowest   the values and the command line with the oldest releases that pyproject.toml allows
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test soak world guards test-lowest check lint types layers bench clean

demo: $(VENV)/installed
	rm -rf build/demo
	$(BIN)/syncengine demo --into build/demo

test: $(VENV)/installed-for-tests check
	$(BIN)/pytest -n auto --dist worksteal

# Long tests, and everything that `make test` only samples; SEED=n repeats one.
SEED ?= $(shell date +%s)
soak: $(VENV)/installed-for-tests
	@echo "The seed is $(SEED): make soak SEED=$(SEED) repeats it"
	SOAK_SEED=$(SEED) $(BIN)/pytest -n auto --dist worksteal -m 'soak or sampled' --hypothesis-seed=$(SEED) $(ARGS)

# Worlds of random seeds for some seconds, on all cores; SEED=n shows the world of one.
SECONDS ?= 600
world: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.world $(if $(filter command environment,$(origin SEED)),--seed $(SEED),--seconds $(SECONDS)) $(ARGS)

guards: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.guards $(ARGS)

# The values and the command line with the oldest releases that pyproject.toml allows.
LOWEST := build/lowest
test-lowest: $(LOWEST)/installed
	PYTHONPATH=$(LOWEST) $(BIN)/pytest -n auto --dist worksteal tests/test_lowest.py tests/model/test_fingerprint.py \
		tests/rules/test_rule_16_values.py tests/servers/informix/test_dialect.py tests/servers/informix/test_reflection.py \
		tests/servers/informix/test_types.py tests/servers/postgresql/test_values.py \
		tests/servers/postgresql/test_odd_values.py \
		tests/servers/postgresql/test_lost_connections.py::test_idle_connections_that_were_ended_are_replaced \
		tests/staging/test_cache.py tests/cli/test_help_and_tables.py tests/cli/test_bad_input.py tests/cli/test_json.py

$(LOWEST)/installed: $(VENV)/installed-for-tests pyproject.toml tests/lowest.py
	rm -rf $(LOWEST)
	mkdir -p $(LOWEST)
	$(BIN)/python -m tests.lowest > $(LOWEST)/requirements.txt
	$(PIP) install --target $(LOWEST) --no-compile --no-warn-conflicts --requirement $(LOWEST)/requirements.txt
	@touch $@

check: $(VENV)/installed-for-tests
	@$(MAKE) --jobs=3 --output-sync --no-print-directory lint types layers

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/installed-for-tests
	$(BIN)/python -m benchmarks.run

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "syncengine needs Python 3.11 or later; name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/created pyproject.toml
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
