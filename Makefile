# make demo    a broker, callers, chats and the console, on this machine alone
# make test    all tests; what this machine lacks is skipped by name
# make check   formatting, lint, types, import contracts, documents, lock files
# make bench   measures accept to first audio
# make eval    measures the understanding on labelled data (OPERATOR_DATA), beside the targets
# make train   trains the small models anew (OPERATOR_DATA, scikit-learn)
# make faults  the long form of races and kills
# make examples  the voice bots of examples/voice, each in a venv of its own (500 MB), against a broker
# make system  installs on Debian what the full test run can use (as root)

SHELL := /bin/sh
BIN := .venv/bin
PYTHONS := python3.13 python3.12 python3.11 python3
CODE := server operator_console tests scripts
WORKERS ?= 2
PYTEST_ARGS ?=
FAULTS := tests/contract/test_store_transactions.py tests/integration/server/test_broker_kills.py \
  tests/integration/server/channels/test_faults.py tests/integration/server/channels/test_two_brokers.py \
  tests/integration/server/sip/test_load_and_faults.py

# The newest Python that has venv; PYTHON=/path/to/python overrides it.
FIND_PYTHON = found="$(PYTHON)"; \
	if [ -z "$$found" ]; then for one in $(PYTHONS); do \
	  if $$one -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info)' >/dev/null 2>&1; then found=$$one; break; fi; \
	done; fi; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer with venv is needed. On Debian: apt-get install -y python3 python3-venv" >&2; exit 1; \
	fi
SET_UP = @$(FIND_PYTHON); $$found scripts/set_up.py

.PHONY: demo test system examples check format lint types imports docs docs-check lock bench eval train faults clean venv venv-dev pyaudio wheel help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

venv:
	$(SET_UP) run

venv-dev:
	$(SET_UP) dev

pyaudio: venv
	$(SET_UP) pyaudio

demo: venv
	@$(BIN)/operator-server demo

test: venv-dev
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

system:
	@sh scripts/install_system.sh

check: venv-dev
	@failed=""; for one in format-check lint types imports docs-check; do \
	  echo "== $$one"; $(MAKE) --no-print-directory $$one || failed="$$failed $$one"; \
	done; if [ -n "$$failed" ]; then echo "make check failed in:$$failed" >&2; exit 1; fi

.PHONY: format-check
format-check: venv-dev
	@$(BIN)/ruff format --check $(CODE)

format: venv-dev
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

lint: venv-dev
	@$(BIN)/ruff check $(CODE)

types: venv-dev
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

imports: venv-dev
	@$(BIN)/lint-imports --no-cache

examples: venv-dev
	@$(FIND_PYTHON); for bot in pipecat:pipecat_bot livekit:livekit_bot; do \
	  venv=.venv-$${bot%%:*}; $$found -m venv $$venv && \
	  $$venv/bin/pip install -q -r examples/voice/requirements-$${bot%%:*}.txt && \
	  PYTHONPATH=. $(BIN)/python examples/voice/try_it.py --bot "$$venv/bin/python examples/voice/$${bot##*:}.py" || exit 1; \
	done

docs: venv-dev
	@$(BIN)/python -m scripts.write_docs

docs-check: venv-dev
	@$(BIN)/python -m scripts.write_docs --check

lock:
	@$(FIND_PYTHON); $$found scripts/write_locks.py $(LOCK_ARGS)

bench: venv
	@$(BIN)/operator-server bench accept

eval: venv-dev
	@$(BIN)/python -m scripts.eval_table

train: venv-dev
	@$(BIN)/python -m scripts.train

faults: venv-dev
	@OPERATOR_LONG=1 OPERATOR_RACES=10000 $(BIN)/pytest $(FAULTS) $(PYTEST_ARGS)

wheel: venv-dev
	@$(BIN)/python -m hatchling build -t wheel

clean:
	@rm -rf .venv dist build .mypy_cache .ruff_cache .hypothesis .pytest_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
