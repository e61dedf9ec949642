# Needs Python (3.11 or newer) and make, nothing else. Each target makes .venv when it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test soak test-yugabytedb lint bench clean

demo: .venv/ready
	$(BIN)/kinetune demo --output report.html

test: .venv/ready
	$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

# What takes long: every interruption, larger stores, all releases under load.
soak: .venv/ready
	$(BIN)/pytest -n auto --dist loadgroup -m soak $(ARGS)

# On a cluster of yours: make test-yugabytedb DSN=postgres://yugabyte@127.0.0.1:5433/yugabyte HTTP=9000
test-yugabytedb: .venv/ready
	KINETUNE_TEST_YB_DSN='$(DSN)' KINETUNE_TEST_YB_HTTP='$(HTTP)' $(BIN)/pytest -m yugabytedb tests $(ARGS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m bench $(ARGS)

.venv/ready: pyproject.toml
	if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PYTHON) .venv && \
	  uv pip install --quiet --python $(BIN)/python --group dev -e '.[embedded]'; \
	else $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet 'pip>=25.1' && \
	  $(BIN)/python -m pip install --quiet --group dev -e '.[embedded]'; fi
	touch $@

clean:
	rm -rf .venv dist build
