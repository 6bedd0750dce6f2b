# Each target sets up what it needs and is quiet when there is nothing to do. `make` lists them.

MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALLED := .venv/.installed
CLIENTS := tests/clients
CLIENTS_INSTALLED := $(CLIENTS)/node_modules/.installed
PEERS := benchmarks/peers
PEERS_INSTALLED := $(PEERS)/node_modules/.installed
REDOCLY := REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(CLIENTS)/node_modules/.bin/redocly

# Options for what a target runs: make test ARGS="-k sizes -x", make serve ARGS="--port 9000".
ARGS ?=

# What a few tests need beside Python. Where it is missing they are left out, and that is said; in CI it is a failure.
NODE_MAJOR := $(shell node --version 2>/dev/null | sed -nE 's/^v([0-9]+)\..*/\1/p')
HAS_NODE := $(shell test "$(or $(NODE_MAJOR),0)" -ge 20 && command -v npm)
HAS_CURL := $(shell command -v curl)
MISSING := $(if $(HAS_NODE),,node) $(if $(HAS_CURL),,curl)
WHAT_node := Node.js 20 or newer with npm
WHAT_curl := curl
say_missing = test -z "$$CI" || { echo "make $@: $(WHAT_$(1)) is needed in CI" >&2; exit 1; }; \
	echo "make $@: $(WHAT_$(1)) not found; $(2)"

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'

.PHONY: install
install: $(INSTALLED) ## Set up .venv with everything
	@:

.PHONY: serve
serve: $(INSTALLED) ## Run the mock server
	@$(BIN)/mock-server $(ARGS)

.PHONY: test
test: $(INSTALLED) $(if $(HAS_NODE),$(CLIENTS_INSTALLED)) ## Run all tests
	@$(foreach tool,$(MISSING),$(call say_missing,$(tool),the tests that need it are left out);)
	@$(BIN)/python -m pytest -n auto -m "not sharp$(foreach tool,$(MISSING), and not $(tool))" $(ARGS)

.PHONY: check
check: $(INSTALLED) $(if $(HAS_NODE),$(CLIENTS_INSTALLED)) ## Check style, format, types, layers and the contract file
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "check: not formatted; run $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/openapi-spec-validator openapi.yaml
ifneq ($(HAS_NODE),)
	@$(REDOCLY) lint --config .redocly.yaml openapi.yaml
else
	@$(call say_missing,node,redocly lint is left out)
endif

.PHONY: conformance
conformance: $(INSTALLED) ## Judge the mock by the contract, with a report in reports/
	@.ci/with-mock $(BIN)/contracts --report reports $(ARGS)

.PHONY: sharp
sharp: $(INSTALLED) ## Prove the suite sharp: every planted fault is caught
	@$(BIN)/python -m pytest -n auto -m sharp tests/suite $(ARGS)

.PHONY: bench
bench: $(INSTALLED) ## Measure requests per second, as ratios to a bare handler
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-peers
bench-peers: $(INSTALLED) $(if $(HAS_NODE),$(PEERS_INSTALLED)) ## Measure other mock servers beside this one (npm)
ifneq ($(HAS_NODE),)
	@$(BIN)/python -m benchmarks.peer_servers $(ARGS)
else
	@$(call say_missing,node,the peers are left out)
endif

.PHONY: pins
pins: ## Pin the newest releases that pyproject.toml allows
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(PYTHON) -m venv "$$fresh" \
	&& "$$fresh/bin/python" -m pip --quiet --disable-pip-version-check install -e '.[dev,fast]' \
	&& "$$fresh/bin/python" -m pip freeze --exclude-editable > "$$fresh/pins.txt" \
	&& mv "$$fresh/pins.txt" .ci/pins.txt

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf .venv $(CLIENTS)/node_modules $(PEERS)/node_modules reports .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .grimp_cache

$(INSTALLED): pyproject.toml .ci/pins.txt .ci/hatch_build.py
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed (make PYTHON=python3.11 ...); this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv ..."
	@$(PIP) install -r .ci/pins.txt
	@$(PIP) install --no-build-isolation -c .ci/pins.txt -e '.[dev,fast]'
	@touch $@

$(PEERS_INSTALLED): $(PEERS)/package-lock.json
	@echo "Installing the peers ..."
	@cd $(PEERS) && npm ci --silent
	@touch $@

$(CLIENTS_INSTALLED): $(CLIENTS)/package-lock.json
	@echo "Installing the npm clients ..."
	@cd $(CLIENTS) && npm ci --silent
	@touch $@
