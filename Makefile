# Everything a user or a developer does, one target each; `make` alone lists them.
#
# Needs Python >= 3.11 with venv, a C++ compiler, make and perl. Each target installs the packages
# that it needs into .venv, in the versions of requirements.lock, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 1000
JOBS ?= 2
BOARD ?= icebreaker
ARGS ?=

# one extra of pyproject.toml each; dev holds all of them
SIM := $(VENV)/.installed-sim
TRAIN := $(VENV)/.installed-train
FPGA := $(VENV)/.installed-fpga
DEV := $(VENV)/.installed-dev
# a variable's value as one word of the shell, whatever is in it
quote = '$(subst ','\'',$(value $(1)))'

.DEFAULT_GOAL := help
.PHONY: help bitstream flash release netlist pins sim test quick fuzz formal lint format types train build verify mutations mutants worlds nightly bench lanes docs docs-check wheel lock clean tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@$(if $(wildcard build/sim/report.json),echo; echo 'The last make sim: look at build/sim/raster.png (its spikes) and build/sim/report.json; then sterna --help')

sim: $(SIM) ## run 1,000 MNIST digits through the simulated chip (N=10000 for all; NET=mnist-conv-up5k; BOARD=ulx3s-85f; ARGS=--pins)
	@$(BIN)/sterna sim --frames $(N) $(if $(value NET),--network $(call quote,NET)) $(if $(filter-out icebreaker,$(value BOARD)),--board $(call quote,BOARD)) $(ARGS)

test: $(DEV) lint ## lint, and all tests but the nightly ones
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m 'not nightly' $(ARGS)

quick: $(DEV) lint types ## lint, types, and the tests without simulator or solver: a minute
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m 'not sim and not formal and not nightly' $(ARGS) \
	  tests/spec tests/model tests/gallery tests/emulator tests/link tests/host tests/data tests/compile

fuzz: $(DEV) ## mutated files to every reader, a million each (ARGS="--count 10000 network")
	@$(BIN)/python -m tests.fuzz $(ARGS)

formal: $(DEV) ## run the proofs, and say how long each took (ARGS='--again router')
	@$(BIN)/python -m tests.formal $(ARGS)

lint: $(DEV) ## ruff: lint and format, without changing anything
	@$(BIN)/ruff check -q --no-cache . && $(BIN)/ruff format --check -q --no-cache .

format: $(DEV) ## ruff: sort imports and format
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

types: $(DEV) ## pyright: strict on spec, link, host, model and bench
	@$(BIN)/pyright

train: $(TRAIN) ## train the shipped network anew (DATA=folder with MNIST's files)
	@$(BIN)/sterna train mnist-up5k --out build/train/mnist-up5k.sterna $(if $(value DATA),--data $(call quote,DATA)) $(ARGS)

bitstream: $(FPGA) ## a board's bitstream by open tools, 15 minutes (BOARD=icebreaker)
	@$(BIN)/sterna build --board $(call quote,BOARD) $(ARGS)

flash: $(FPGA) ## write a board's bitstream into its flash (BOARD=icebreaker ARGS="--from FOLDER")
	@$(BIN)/sterna flash --board $(call quote,BOARD) $(ARGS)

release: $(FPGA) ## all boards' bitstreams for owners into dist/bitstreams, 45 minutes
	@$(BIN)/sterna release $(ARGS)

netlist: $(DEV) ## a board's netlist in simulation against the golden model, then faults in it (BOARD=icebreaker)
	@$(BIN)/python -m tests.boards --board $(call quote,BOARD) $(ARGS)

pins: $(DEV) ## a board's top at its UART pins, in simulation at the real bit rate (BOARD=ulx3s-85f ARGS=tiny)
	@$(BIN)/python -m tests.boards.test_pins $(call quote,BOARD) $(ARGS)

build: $(SIM) ## build the simulator of every hardware preset
	@$(BIN)/sterna build $(ARGS)

verify: $(DEV) ## random networks, model against RTL (ARGS="--single 20000 --multi 500 --builds 24")
	@$(BIN)/sterna verify $(ARGS)

mutations: $(DEV) ## put faults into the RTL, one at a time; each must be caught
	@$(BIN)/sterna verify --mutations $(ARGS)

mutants: $(DEV) ## put faults into the Python product, one at a time; each must be caught (ARGS="cost.py")
	@$(BIN)/python -m tests.mutants --jobs $(JOBS) $(ARGS)

worlds: $(DEV) ## all tests in random order, another locale, zone, path, user, on busy cores: an hour (ARGS="busy path+user")
	@$(BIN)/python -m tests.worlds $(ARGS)

nightly: $(DEV) ## all that is too slow for make test: proofs, faults, campaigns, fuzz, worlds, netlists; hours (ARGS="formal")
	@$(BIN)/python -m tests.nightly $(ARGS)

bench: $(DEV) ## measure, and write the tables of the README
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.goodput
	@$(BIN)/python -m bench.scale

lanes: $(DEV) ## build the ULX3S' device with 16, 32 and 64 lanes, and write the README's table: 45 minutes
	@$(BIN)/python -m bench.lanes $(ARGS)

docs: $(SIM) ## write the generated tables of docs/ anew
	@$(BIN)/sterna docs

docs-check: $(SIM) ## fail if the tables of docs/ are out of date
	@$(BIN)/sterna docs --check

wheel: $(DEV) ## build the wheel into dist/
	@$(BIN)/pip wheel -q --no-deps -w dist .

lock: $(DEV) ## write requirements.lock from what is installed
	@{ echo '# Versions that were tried together; `make` installs exactly these. Made by `make lock`.'; \
	  $(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//'; } > requirements.lock.part
	@mv requirements.lock.part requirements.lock

clean: ## remove what was built, but for .venv
	@rm -rf build dist .pytest_cache .ruff_cache .hypothesis

# What the machine itself must bring; each failure says what to install.
tools:
	@$(call quote,PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is not: install it, or name one: make PYTHON=python3.12" >&2; exit 3; }
	@$(call quote,PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 3; }
	@command -v "$${CXX:-g++}" >/dev/null || command -v clang++ >/dev/null || command -v c++ >/dev/null || { \
	  echo "a C++ compiler is missing: install g++ (Debian, Ubuntu: apt install g++)" >&2; exit 3; }
	@command -v perl >/dev/null || { \
	  echo "perl is missing: install it (Debian, Ubuntu: apt install perl)" >&2; exit 3; }

# A .venv that was made in another folder, or whose Python is gone, is made anew.
STALE := $(shell ls $(VENV)/.installed-* >/dev/null 2>&1 && \
  { [ "$$(cat $(VENV)/.made-in 2>/dev/null)" != "$$(pwd -P)" ] || ! $(BIN)/python -c '' 2>/dev/null; } && \
  echo stale)
.PHONY: stale

$(VENV)/.installed-%: pyproject.toml requirements.lock $(STALE) | tools
	@$(call quote,PYTHON) .ci/venv $*
