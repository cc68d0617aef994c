# Two commands are all a newcomer needs: `make quickstart` and `make test`.
# Everything they need is installed into .venv of this checkout.

# The first interpreter of a fitting version that can make virtual environments.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The tools that tuner is compared with must not disturb its own environment.
PEERS := .venv-benchmark
PEERS_STAMP := $(PEERS)/.installed

.PHONY: quickstart test check format install browser clean benchmark benchmark-quick

quickstart: $(STAMP)  ## a study of real reviews, a few minutes long
	$(BIN)/tuner run search_spaces/quickstart.yaml

test: $(STAMP) browser  ## everything that CI runs
	$(BIN)/ruff format --check tuner tests benchmarks
	$(BIN)/ruff check tuner tests benchmarks
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist worksteal

install: $(STAMP)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 with venv is needed (Debian, Ubuntu: apt-get install python3-venv)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[reviews]' --group dev
	touch $(STAMP)

benchmark: $(PEERS_STAMP) browser  ## against other tools, efficiency, scale: some two and a half hours; goes on where it stopped
	test -f benchmarks/.work/results/full/scale.json || $(PEERS)/bin/python -m benchmarks.scale.run
	test -f benchmarks/.work/results/full/efficiency.json || $(PEERS)/bin/python -m benchmarks.efficiency
	$(PEERS)/bin/python -m benchmarks.front.run
	$(PEERS)/bin/python -m benchmarks.page

benchmark-quick: $(PEERS_STAMP) browser  ## the same, small: some eight minutes, to see that all of it works
	$(PEERS)/bin/python -m benchmarks.scale.run --quick
	$(PEERS)/bin/python -m benchmarks.efficiency --quick
	$(PEERS)/bin/python -m benchmarks.front.run --quick
	$(PEERS)/bin/python -m benchmarks.page --quick

$(PEERS_STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 with venv is needed (Debian, Ubuntu: apt-get install python3-venv)"; exit 2; }
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PEERS)/bin/python -m pip install --quiet --editable '.[reviews]' --group benchmark
	touch $(PEERS_STAMP)

browser:  ## for the tests that open the dashboard and write PNG files
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || echo "no browser found: tests that need one are skipped (sudo apt-get install chromium)"

format: $(STAMP)
	$(BIN)/ruff format tuner tests benchmarks
	$(BIN)/ruff check --fix tuner tests benchmarks

clean:
	rm -rf $(VENV) $(PEERS) benchmarks/.work .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
