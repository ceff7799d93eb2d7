# `make demo` starts the app, `make notebooks` opens the notebooks, `make docs` renders them as
# pages, `make test` runs lint and the tests, `make test-long` those that take longer, most of the browser's among them,
# `make trust` these and what takes hours.
# `make space REPO=someone/name` uploads the demo to a Space of Hugging Face; with DRY=1 it only lists what would go up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ON_ALL_CORES := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-long trust screenshots test-lowest coverage audit lint browser notebooks docs space clean

demo: $(VENV)/.demo
	$(BIN)/python demo_app.py

test: $(VENV)/.test browser lint
	$(BIN)/python -m pytest $(ON_ALL_CORES)

# What does not fit into a break: the page in a browser, notebooks in their kernels, programs that are killed.
test-long: $(VENV)/.test browser
	$(BIN)/python -m pytest -m long $(ON_ALL_CORES)

# What takes too long for every day: load, faults, two ways to leave a photo, and the equations broken one by one.
trust: test-long
	$(BIN)/python -m pytest -m trust -s
	$(BIN)/python tests/trust/mutants.py

# The pictures of docs/demo.md.
screenshots: $(VENV)/.test browser
	$(BIN)/python -m pytest -m screenshots tests/browser

# The tests of `make test` with the lowest versions that requirements.txt allows.
LOWEST := $(VENV)-lowest
test-lowest: browser
	$(PYTHON) -m venv $(LOWEST)
	sed -E 's/#.*//; s/>=([0-9.]+)(,<[0-9]+)?/==\1.*/' requirements.txt > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install -c $(LOWEST)/lowest.txt -e '.[test]'
	$(LOWEST)/bin/python -m pytest $(ON_ALL_CORES)

# Which lines and branches of matting/ the tests reach.
coverage: $(VENV)/.test browser
	$(BIN)/python -m pip install 'pytest-cov>=7'
	$(BIN)/python -m pytest --cov=matting --cov-branch --cov-report=term:skip-covered

# Known holes in what is installed, asked of PyPI.
audit: $(VENV)/.test
	$(BIN)/python -m pip install 'pip-audit>=2.9'
	$(BIN)/python -m pip_audit --skip-editable

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps -e .
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install -e '.[test]'
	touch $@

# The browser tests drive Chromium: the system's if there is one, else one from its packages, else Playwright's.
browser: $(VENV)/.test
	@sh tests/browser/install.sh $(BIN)/python

notebooks: $(VENV)/.demo
	$(BIN)/jupyter lab notebooks

docs: $(VENV)/.demo
	$(BIN)/python -m matting notebooks html docs/notebooks

space: $(VENV)/.demo
	$(BIN)/python -m matting space $(REPO) $(if $(DRY),--dry-run)

clean:
	rm -rf $(VENV)
