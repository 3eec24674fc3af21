# Every job of the project is one command, from a bare checkout with nothing but python3 (3.11 or newer) and make.
# `make` alone lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check
VIDEO  ?=
SPEED  ?= max
SECONDS ?=
ARGS   ?=
JOBS   ?= auto

BASELINE := protos/baseline.binpb

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo sample test test-versions verify lint format protos bench bench-quick bench-check clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## Stream a synthetic two-person meeting through the service (VIDEO=path: your own video; SPEED=1: real time)
	@$(BIN)/python -m demo.run --speed "$(SPEED)" $(if $(VIDEO),--video "$(VIDEO)") $(if $(SECONDS),--seconds "$(SECONDS)")

sample: $(VENV)/.demo  ## Write ada.mp4 and team.jpg, synthetic people to try the README's commands on (SECONDS=30: a longer video)
	@$(BIN)/python -m demo.sample $(if $(SECONDS),--seconds "$(SECONDS)")

test: $(VENV)/.dev  ## Run the tests, a process a core (ARGS="-k name": some of them; JOBS=0: in one process)
	@$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

test-versions: $(VENV)/.dev  ## Test the lowest and the newest versions allowed, on each Python here (ARGS="--python 3.12")
	@$(BIN)/python tools/versions.py $(ARGS)

verify: $(VENV)/.dev  ## Run the long proofs
	@$(BIN)/pytest -m verify $(ARGS)

bench: $(VENV)/.bench  ## Measure speed: six tables beside the bare kernels and the loop of today (ARGS="--only live": some)
	@$(BIN)/python -m benchmarks.run $(ARGS)

bench-quick: $(VENV)/.bench  ## The same in under two minutes
	@$(BIN)/python -m benchmarks.run --quick $(ARGS)

bench-check: $(VENV)/.bench  ## Fail when dense or live got slower by a tenth, against the bare kernels of the same run
	@$(BIN)/python -m benchmarks.run --check $(ARGS)

lint: $(VENV)/.dev  ## Check style, types, the contract and its stubs
	@echo "ruff check";    $(BIN)/ruff check --quiet .
	@echo "ruff format";   $(BIN)/ruff format --quiet --diff .
	@echo "mypy --strict"; $(BIN)/mypy
	@echo "buf lint";      $(BIN)/buf lint protos
	@echo "buf breaking";  $(BIN)/buf breaking protos --against $(BASELINE)
	@echo "buf baseline";  $(BIN)/buf breaking $(BASELINE) --against protos >/dev/null \
	  || { echo "$(BASELINE) does not know the newest additions to the contract: run \`make protos\`"; exit 1; }
	@echo "stub drift";    $(BIN)/python tools/protos.py --check

format: $(VENV)/.dev  ## Put the code into shape
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

# The baseline is the contract that users rely on. It grows by what is added, and only so: where something is taken
# away or changed, this stops at the first line. (A wanted break: delete the baseline, and say why in the commit.)
protos: $(VENV)/.dev  ## Make the gRPC stubs from protos/, and take additions into the baseline
	@test ! -e $(BASELINE) || $(BIN)/buf breaking protos --against $(BASELINE)
	@$(BIN)/python tools/protos.py
	@$(BIN)/buf build protos --exclude-source-info -o $(BASELINE)

.DEFAULT:
	@echo "There is no target '$@'. These are:"; $(MAKE) --no-print-directory help; exit 2

clean:  ## Remove what was built: the environment, caches, the demo's data
	rm -rf $(VENV) build *.egg-info var .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment; a stamp for each set of packages, older than pyproject.toml when that has changed.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "$(PYTHON) was not found; install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "roompulse needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12"; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "$(PYTHON) cannot create environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

# The peer's package asks for opencv-python, whose files would overwrite those of opencv-python-headless: alone, then.
$(VENV)/.bench: pyproject.toml | $(VENV)/.made
	@echo "Installing the packages for 'bench' (a minute or two the first time)"
	@$(PIP) --editable '.[bench]' setuptools wheel && $(PIP) --no-deps --no-build-isolation 'hsemotion-onnx==0.3.1'
	@touch $@

$(VENV)/.demo $(VENV)/.dev: $(VENV)/.%: pyproject.toml | $(VENV)/.made
	@echo "Installing the packages for '$*' (a minute or two the first time)"
	@$(PIP) --editable '.[$*]'
	@touch $@
