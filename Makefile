# Everything a newcomer types. Each target does its own set-up.
.DEFAULT_GOAL := help
BIN := .venv/bin
export PYTHON TORCH_BACKEND

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## install everything that is missing (idempotent)
	@scripts/setup.sh

demo: setup  ## cars learn to race, and you watch: environment, model and viewer
	@$(BIN)/trackmania-rl demo $(ARGS)

test: setup  ## every test: Python, viewer, browser
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)
	cd viewer && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test

test-containers: setup  ## build the images, bring them up, drive in them (needs podman or docker; minutes)
	$(BIN)/python -m pytest -m containers --timeout 0 tests/deploy $(ARGS)

coverage: setup  ## every Python test, those on Ray too, and the lines that none reaches (90 % must be reached)
	@$(BIN)/uv pip install -q "ray>=2.40"
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov $(ARGS)

check: setup  ## style, types, manifests, and known weaknesses of the dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd viewer && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check
	$(BIN)/python -m pytest tests/deploy
	@scripts/audit.sh

bench: setup  ## every speed claim, as a ratio against a peer; writes docs/benchmarks.md (half an hour)
	$(BIN)/trackmania-rl bench all --into docs $(ARGS)
	$(BIN)/python scripts/generate.py

viewer: setup  ## build the viewer's page

generate: setup  ## write the viewer's TypeScript, the OpenAPI files and the page of commands from the code
	$(BIN)/python scripts/generate.py

licences: setup  ## write docs/licences.md
	$(BIN)/python scripts/licences.py

wheel: viewer  ## build dist/*.whl with the page in it: pip install 'trackmania-rl[all]'
	$(BIN)/uv build --wheel --out-dir dist

lock:  ## renew requirements/dev.txt (PyTorch stays out of it)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-package torch --extra environment \
		--group test --group check --group bench pyproject.toml -o requirements/dev.txt --custom-compile-command "make lock"

clean:  ## remove what set-up made; keeps data/
	rm -rf .venv viewer/node_modules src/trackmania_rl/viewer/static

.PHONY: help setup demo test test-containers coverage check bench viewer generate licences wheel lock clean
