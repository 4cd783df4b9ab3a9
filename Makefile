# Everything runs in .venv; a stamp file says what is installed, so that a second call installs nothing.
PYTHON ?= python3.11
# What `make compat` tries: the oldest torch that pyproject.toml allows, and every Python it names.
COMPAT ?= 3.11:2.6.0 3.12:2.9.1 3.13:2.14.1
BIN := .venv/bin
OUT ?= demo

.PHONY: demo test quick check format docs pictures notebooks sweep compat clean

demo: .venv/demo.stamp
	$(BIN)/specxai explain demo:efficientnet-lite0 demo:chelsea --out $(OUT) --overwrite

test: .venv/dev.stamp
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# What takes seconds only, for work in progress.
quick: .venv/dev.stamp
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m 'not slow'

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory test

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The table of the networks that the tests explain.
docs: .venv/dev.stamp
	PYTHONPATH=. $(BIN)/python tests/architectures.py

# The pictures of README.md and docs/, by the commands beside them; ONLY=cat.png draws some.
pictures: .venv/dev.stamp
	$(BIN)/python docs/images/pictures.py $(ONLY)

# The notebooks of docs/users/, from the scripts beside them.
notebooks: .venv/dev.stamp
	$(BIN)/jupytext --quiet --to notebook docs/users/*.py

# Every family of timm, torchvision, transformers and others, and the table of them: half an hour.
# What was interrupted goes on; ONLY='timm v*' measures some again.
sweep: .venv/sweep.stamp
	$(BIN)/python -m sweep --only '$(ONLY)'

# Fresh environments of several GB each, which are removed again: half an hour.
compat:
	.ci/compat $(COMPAT)

clean:
	rm -rf .venv demo .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

# The development environment holds all the demo needs.
.venv/demo.stamp: pyproject.toml constraints.txt | .venv/bin/python
	test .venv/dev.stamp -nt pyproject.toml || $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo]'
	touch $@

.venv/sweep.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[sweep]'
	touch $@

.venv/dev.stamp: pyproject.toml studies/pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]' --editable './studies[imagenet,shapes,3d]'
	touch $@
