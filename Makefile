# Every command sets itself up: Python 3.11+, make and a package index are all it needs.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin
COMPILE := $(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYTHONPATH :=
export PYTHONDONTWRITEBYTECODE :=
# One more than there are cores, because tests also wait for servers that they start.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: demo test mutants prove serve lint bench screenshots records translations docs lock revision sbom advisories

demo: .venv/.synced  # the hub on stand-ins only, with a story in it, at one local address
	$(RUN)/hub demo

test: .venv/.synced  # style and types beside unit, contract, end to end and both databases; .ci/run adds the browser and full proofs
	@$(MAKE) -s lint >.tools/lint.log 2>&1 & lint=$$!; \
	$(MAKE) -s .venv/.collected; \
	$(RUN)/pytest -n $(WORKERS) --dist worksteal; tests=$$?; \
	wait $$lint && exit $$tests || { cat .tools/lint.log; exit 1; }

# A first run collects the tests once, beside lint: otherwise each worker compiles all test modules.
.venv/.collected: .venv/.synced
	@$(RUN)/pytest -n0 --collect-only >/dev/null 2>&1; touch $@

mutants: .venv/.synced  # plants small bugs behind each requirement row and lists those that the row's tests miss; ROWS=CT-B7,ION-
	@$(RUN)/python -m tests.proofs.mutants $(ROWS)

prove: .venv/.synced  # the full proofs; every figure goes into docs/proof.md when all of it passes
	HUB_PROOF=full PROOF_EVENTS=4 $(RUN)/pytest -n $(WORKERS) --dist worksteal -o timeout=3600 -o faulthandler_timeout=4000 --proof=docs/proof.md

serve: .venv/.synced  # the hub itself, on the data folder of this directory
	$(RUN)/hub serve

lint: .venv/.synced  # style and types
	$(RUN)/ruff check -q .
	$(RUN)/ruff format -q --check .
	$(RUN)/mypy --no-error-summary

bench: .venv/.synced  # one table each, peers measured side by side in the same run
	for script in benchmarks/[a-z]*.py; do $(RUN)/python $$script || exit 1; done

screenshots: .venv/.synced  # a picture of every page of the demo in dist/screenshots, light and dark, desktop and phone
	$(RUN)/python tools/screenshots.py dist/screenshots

records: .venv/.synced  # runs the tests of the plugins and records in their packages what they show, for their tiers
	$(RUN)/pytest -q -n $(WORKERS) --record-tests plugins

translations: .venv/.synced  # extracts the texts of pages and plugins into their catalogs, and names what is not translated
	$(RUN)/python -m tools.translations

docs: .venv/.synced .tools/docs/.synced  # rewrites the pages that are made from the code, and builds the site in dist/site
	$(RUN)/python docs/make.py
	NO_MKDOCS_2_WARNING=1 .tools/docs/bin/mkdocs build --strict
	$(RUN)/python docs/check_site.py dist/site

revision: .venv/.synced  # writes the next revision of the tables: make revision m="Add the column x to y"
	$(RUN)/python -m hub.migrations.revision "$(or $(m),$(error Say what it does: make revision m="Add the column x to y"))"
	$(RUN)/ruff format -q "$$(ls hub/migrations/versions/0*.py | tail -1)"

sbom: .venv/.synced  # the software bill of materials: every package with version, hashes and licence
	$(RUN)/python tools/sbom.py dist/sbom.cdx.json

advisories: .venv/.synced  # published advisories about what is pinned; says "Not checked" where no service answers
	@$(RUN)/python tools/advisories.py $(if $(OSV),--osv-url $(OSV))

lock: $(UV)  # renews the lock files: names, versions and hashes
	$(COMPILE) --all-extras --group dev --group build --group plugins --no-emit-package qbo-sandbox pyproject.toml -o requirements.lock
	$(COMPILE) --extra postgres --group plugins -c requirements.lock pyproject.toml -o runtime.lock
	$(COMPILE) --group build -c requirements.lock -o build.lock
	$(COMPILE) --group docs -o docs.lock
	$(COMPILE) --group tools -o tools.lock

$(UV): tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: --upgrade --target .tools -r tools.lock
	@touch $@

# The site has an environment of its own, so that no other command installs it.
.tools/docs/.synced: $(UV) docs.lock
	$(UV) venv -q --python $(PYTHON) --allow-existing .tools/docs
	VIRTUAL_ENV=$(CURDIR)/.tools/docs $(UV) pip sync -q --require-hashes --only-binary :all: docs.lock
	@touch $@

# Only flask-principal is published without a wheel. Nothing is built in isolation, where build backends come unpinned.
.venv/.synced: $(UV) requirements.lock build.lock pyproject.toml sandbox/pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(UV) venv -q --python $(PYTHON) --allow-existing .venv
	$(UV) pip install -q --require-hashes --only-binary :all: -r build.lock
	$(UV) pip sync -q --require-hashes --only-binary :all: --no-binary flask-principal --no-build-isolation requirements.lock
	$(UV) pip install -q --no-deps --no-index --no-build-isolation -e . -e sandbox $(addprefix -e ,$(wildcard plugins/*/))
	@touch $@
