# make run     set up, train on the shipped corpus, label the shipped samples
# make test    set up with the development tools and run the tests
# make check   lint, types and every test
# make bench   speed and accuracy; REAL=path/to/labelled.csv adds your own messages
# make clean   remove the environment and the caches

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
REAL ?=
# A version that serves and that the installed libraries can use.
USABLE := $(PY) -m plaint models verify --models models >$(VENV)/.verified 2>&1

.PHONY: run test check lint install bench clean

run: $(VENV)/.installed
	@$(USABLE) || $(PY) -m plaint train --models models
	@$(PY) -m plaint samples --models models --output output
	@echo
	@echo "Go on with:"
	@echo "  $(BIN)/plaint label FILE -o labelled.xlsx     your own messages (CSV, Excel, Parquet, JSON Lines)"
	@echo "  $(BIN)/plaint classify \"TEXT\" --explain       one message, with the words that decided"
	@echo "  $(BIN)/plaint train --data FILE               a version from your own labels"
	@echo "  $(BIN)/plaint --help                          all commands; README.md says more"

test: $(VENV)/.developing
	@$(PY) -m pytest -q -m "not slow"

check: lint
	@$(PY) -m pytest -q

lint: $(VENV)/.developing
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

install: $(VENV)/.developing

# A peer that does not build is left out: the benchmark says so and goes on.
bench: $(VENV)/.installed
	@$(USABLE) || $(PY) -m plaint train --models models
	-@$(PIP) install --group bench
	@$(PY) benchmarks/language.py
	@$(PY) benchmarks/encodings.py
	@$(PY) benchmarks/accuracy.py $(REAL) --models models
	@$(PY) benchmarks/speed.py --models models
	@$(PY) benchmarks/memory.py 100000 300000 --models models

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.made:
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'plaint needs Python 3.11 or later, $(PYTHON) is ' + sys.version.split()[0] + ': name another, as in make run PYTHON=python3.12')"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install "pip>=25.1"
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	@echo "Installing plaint and what it needs"
	@$(PIP) install -e .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	@echo "Installing the development tools"
	@$(PIP) install --group dev
	@touch $@
