# Each target sets itself up: a machine with Python 3.11 or newer, pip and make is enough.
#   make scan    judges the bundled plan
#   make test    every check and every test
#   make lint    the checks alone
#   make docs    writes the pages that are made from rules/, and builds the site into build/site
#   make bench   measures, side by side with other tools
#   make clean   takes away all that these made
# PYTHON=... chooses the interpreter that the virtual environments are made with.

.SUFFIXES:
.PHONY: scan test lint docs bench clean

VENV = .venv
CHECKOV_VENV = .venv-checkov
C7N_VENV = .venv-c7n
DOCS_VENV = .venv-docs
PLAN = fixtures/europe-mixed/plan.json
# Installing compiles these.
TEXTS = $(wildcard sovereign_guard/locale/*/LC_MESSAGES/*.po)
# Twice quiet: errors only, without the warnings that mirrors and caches give rise to.
PIP = -m pip --disable-pip-version-check --quiet --quiet install

# Makes a virtual environment in $$venv with the first Python that is new enough; leaves no half-made one behind.
MAKE_VENV = \
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "Making $$venv with $$("$$python" --version)."; \
			"$$python" -m venv "$$venv" && exit 0; \
			rm -rf "$$venv"; \
			echo "That failed: see above. On Debian and Ubuntu, the package python3-venv is needed." >&2; \
			exit 1; \
		fi; \
	done; \
	echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
	exit 1

scan: $(VENV)/.ready
	@code=0; $(VENV)/bin/sovereign-guard scan $(PLAN) || code=$$?; \
	if [ $$code -eq 1 ]; then \
		echo; \
		echo "make: exit code 1 means findings, and this bundled plan is there to show some: as expected."; \
		exit 0; \
	fi; \
	exit $$code

test: lint $(CHECKOV_VENV)/.ready $(VENV)/.browser
	@$(VENV)/bin/python docs/generate.py --check
	@$(VENV)/bin/python -m pytest -n auto

lint: $(VENV)/.ready-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/python tools/messages.py --check

# MkDocs writes of its own future on every run, which is no warning about these pages.
docs: $(DOCS_VENV)/.ready
	@$(DOCS_VENV)/bin/python docs/generate.py
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/python -m mkdocs --quiet build --strict
	@echo "The site is in build/site: open build/site/index.html."

bench: $(VENV)/.ready-dev $(CHECKOV_VENV)/.ready $(C7N_VENV)/.ready
	@$(VENV)/bin/python -m benchmarks

clean:
	rm -rf $(VENV) $(CHECKOV_VENV) $(C7N_VENV) $(DOCS_VENV) build dist benchmarks/data \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- environments ------------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@venv=$(VENV); $(MAKE_VENV)

$(VENV)/.ready: pyproject.toml $(TEXTS) $(VENV)/bin/python
	@echo "Installing sovereign-guard into $(VENV) (once; about half a minute)."
	@$(VENV)/bin/python $(PIP) --editable '.[hcl2]'
	@touch $@

# The development tools include all that `scan` needs, so that stamp is set too.
$(VENV)/.ready-dev: pyproject.toml $(TEXTS) $(VENV)/bin/python
	@echo "Installing sovereign-guard and its development tools into $(VENV) (once; about a minute)."
	@$(VENV)/bin/python $(PIP) --editable '.[dev]'
	@touch $(VENV)/.ready $@

# What the tests of the HTML report look at it with. Where it cannot be had, they say so and skip.
$(VENV)/.browser: $(VENV)/.ready-dev
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium, for the tests of the HTML report (once; a minute)."; \
		{ timeout 60 apt-get -qq update && timeout 120 apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core; } \
			>/dev/null 2>&1 || echo "That failed: the browser tests are skipped." >&2; \
	fi
	@if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4 >/dev/null || \
			echo "axe-core could not be installed: the accessibility tests are skipped." >&2; \
	fi
	@touch $@

# Apart: checkov and python-hcl2 install the same module `hcl2` and break one another (docs/architecture.md).
$(CHECKOV_VENV)/.ready: pyproject.toml
	@test -x $(CHECKOV_VENV)/bin/python || { venv=$(CHECKOV_VENV); $(MAKE_VENV); }
	@echo "Installing checkov and sovereign-guard into $(CHECKOV_VENV) (once; a few minutes)."
	@$(CHECKOV_VENV)/bin/python $(PIP) --editable '.[checkov]'
	@touch $@

$(DOCS_VENV)/.ready: pyproject.toml
	@test -x $(DOCS_VENV)/bin/python || { venv=$(DOCS_VENV); $(MAKE_VENV); }
	@echo "Installing sovereign-guard and MkDocs into $(DOCS_VENV) (once; about half a minute)."
	@$(DOCS_VENV)/bin/python $(PIP) --editable '.[docs]'
	@touch $@

# Its parser is a binary wheel, which not every machine has: `bench` then says so and measures the rest.
$(C7N_VENV)/.ready:
	@test -x $(C7N_VENV)/bin/python || { venv=$(C7N_VENV); $(MAKE_VENV); }
	@echo "Installing c7n-left into $(C7N_VENV), to compare with (once; half a minute)."
	@if $(C7N_VENV)/bin/python $(PIP) 'c7n-left>=0.3'; then \
		touch $@; \
	else \
		rm -rf $(C7N_VENV); \
		echo "That failed: see above. The measurements go on without c7n-left." >&2; \
	fi
