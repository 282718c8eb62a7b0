# GNU make 3.81 or newer. `make` alone prints the list.
PYTHON := .venv/bin/python
# Races, shuffles and kills: at a tenth of their size in `make test`, whole in `make reliability`.
test: export RFT_SCALE ?= 0.1
reliability: export RFT_SCALE ?= 1

.PHONY: help run setup test reliability sure bench lock

help:
	@echo "make run          start everything on this machine: database, web, worker, mail, payments"
	@echo "make setup        create .venv and install, nothing else"
	@echo "make test         the whole test suite, races at a tenth of their size"
	@echo "make reliability  races, shuffles and kills at full size"
	@echo "make sure         lint, types, import contracts, migration check, tests"
	@echo "make bench        our figures beside a peer's or a floor"
	@echo "make lock         compile requirements.txt and requirements-dev.txt anew (needs uv)"

setup: .venv/installed

.venv/installed: requirements-dev.txt sandbox/setup.sh
	@sh sandbox/setup.sh

run: setup
	@exec $(PYTHON) -m sandbox.run --with-parent

# Chromium's tests run by themselves: Playwright keeps an event loop running in its process.
test: setup
	$(PYTHON) -m pytest -n 2 --dist loadgroup --ignore=tests/browser tests
	$(PYTHON) -m pytest tests/browser

# The model's stories are told side by side; the other proofs want the cores for themselves.
reliability: setup
	$(PYTHON) -m pytest --ignore=tests/reliability/test_model.py tests/reliability
	$(PYTHON) -m pytest -n 2 tests/reliability/test_model.py

# The migration check is tests/test_migrations.py.
sure: setup
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: setup
	$(PYTHON) -m benchmarks

lock:
	@command -v uv >/dev/null || { echo "make lock needs the program uv on the PATH." >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
