# Every target sets up its own environment from the lock file first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo up test test-postgres test-brokers rabbitmq soak fuzz audit lint format bench docs lock clean

demo: $(VENV)/.ready
	@$(BIN)/crm-sync demo

up: $(VENV)/.ready
	@$(BIN)/crm-sync up --port 8000 --state-dir .crm-sync --sample-debtors

test: $(VENV)/.ready
	@$(BIN)/pytest

# The same tests, with events on PostgreSQL wherever `make test` has them on SQLite.
test-postgres: $(VENV)/.ready
	@$(BIN)/pytest --engine postgres

# Every choice of a broker, RabbitMQ too.
test-brokers: $(VENV)/.ready rabbitmq
	@TRY_BROKERS=1 $(BIN)/pytest -n 0 tests/brokers

# On Debian and by root it is installed where it is missing.
rabbitmq:
	@test -e /usr/lib/rabbitmq/bin/rabbitmq-server || { apt-get update -qq \
		&& RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes \
		--no-install-recommends rabbitmq-server; } \
		|| { echo "install RabbitMQ first, as Debian's rabbitmq-server; make soak BROKER=redis needs none"; exit 1; }

# Everything is killed while calls come in: MINUTES on each ENGINE with Redis, and once
# more with RabbitMQ; BROKER=redis leaves that out and needs no RabbitMQ.
MINUTES ?= 10
ENGINE  ?= both
BROKER  ?= both
soak: $(VENV)/.ready $(if $(filter redis,$(BROKER)),,rabbitmq)
	@$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) --engine $(ENGINE) --broker $(BROKER)

# Every file that is a step from a valid mapping, then so many inputs in all over every
# target; the table at the end counts them.
FUZZ_INPUTS ?= 100000
fuzz: $(VENV)/.ready
	@FUZZ=1 $(BIN)/pytest -q tests/mapping
	@FUZZ_INPUTS=$(FUZZ_INPUTS) $(BIN)/pytest -q -n 0 tests/fuzz

# Asks PyPI which locked packages have known vulnerabilities (needs the network).
audit: $(VENV)/.audit
	@$(VENV)/audit/bin/pip-audit --strict --requirement requirements.lock --disable-pip --require-hashes

$(VENV)/.audit: $(VENV)/.ready
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/pip install -qq --disable-pip-version-check 'pip-audit>=2.9,<3'
	@touch $@

lint: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.ready
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.ready
	@$(BIN)/python -m bench

# Rewrites what of the documentation is made out of the code.
docs: $(VENV)/.ready
	@$(BIN)/crm-sync reference > $(VENV)/mapping-reference.md
	@mv $(VENV)/mapping-reference.md docs/mapping-reference.md
	@$(BIN)/crm-sync errors > $(VENV)/salesforce-errors.md
	@mv $(VENV)/salesforce-errors.md docs/salesforce-errors.md

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) from requirements.lock (once, about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Rewrites requirements.lock from pyproject.toml (needs uv on the PATH).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--extra dev --no-emit-index-url --no-emit-find-links --upgrade \
		--custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .crm-sync .mypy_cache .pytest_cache .ruff_cache .hypothesis
