# Needs Python (3.11 or newer) and make. Each target creates .venv when it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test soak test-yugabytedb lint bench clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready ## Prepare a store on an embedded PostgreSQL and compare before and after: report.html
	$(BIN)/kinetune demo --output report.html

test: .venv/ready ## Run the tests; ARGS="tests/rules -k KT101" selects some
	$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

soak: .venv/ready ## Run the long tests: every interruption, large stores, all releases under load
	$(BIN)/pytest -n auto --dist loadgroup -m soak $(ARGS)

test-yugabytedb: .venv/ready ## Test on your own cluster: DSN=postgres://yugabyte@127.0.0.1:5433/yugabyte HTTP=9000
	KINETUNE_TEST_YB_DSN='$(DSN)' KINETUNE_TEST_YB_HTTP='$(HTTP)' $(BIN)/pytest -m yugabytedb tests $(ARGS)

lint: .venv/ready ## Run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready ## Run benchmarks: ARGS=logs, ARGS="start init --rows 1000000"
	$(BIN)/python -m bench $(ARGS)

.venv/ready: pyproject.toml
	if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PYTHON) .venv && \
	  uv pip install --quiet --python $(BIN)/python --group dev -e '.[embedded]'; \
	else $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet 'pip>=25.1' && \
	  $(BIN)/python -m pip install --quiet --group dev -e '.[embedded]'; fi
	touch $@

clean: ## Remove .venv and build output
	rm -rf .venv dist build
