# Two commands are for everybody: `make run` and `make test`. The others are for developers.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test slow exports kill soak lint format catalogue names records conformance applications schema commands golden tour benchmark clean

run: $(READY)
	$(BIN)/studio run templates/digits_cnn/project.json --runs runs

test: $(READY) lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The app killed at thirty random moments; `make test` does so five times.
kill: $(READY)
	STUDIO_KILLS=30 $(BIN)/python -m pytest tests/gui/test_killed.py

# The tests that take long and show more of what others show already.
slow: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

# Every template in every format that can hold it, each proven equal by its own runtime.
exports: $(READY)
	$(BIN)/python -m pytest -n 2 -m slow tests/engine/exporting

# Training killed at 200 random places and resumed, to the same bits; `make test` does so 15 times.
soak: $(READY)
	STUDIO_KILLS=200 $(BIN)/python -m pytest tests/engine/test_resume.py

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# What the installed Keras offers, written anew into assets/catalogue.json.
catalogue: $(READY)
	$(BIN)/python tools/generate_catalogue.py

# The names of the installed tensorflow_datasets, written anew into assets/tfds.json.
names: $(READY)
	$(BIN)/python tools/tfds_names.py

# The TFRecord files of the template tfrecord_digits, written anew from the sample data.
records: $(READY)
	$(BIN)/python tools/digit_records.py

# Shape rules and parameter checks held to the real Keras: more than 10,000 cases, resumable.
conformance: $(READY)
	$(BIN)/python -m tests.conformance --cases 24 --resume .conformance.json
	$(BIN)/python -m tests.conformance.constructors --cases 40
	$(BIN)/python -m tests.conformance.joined --cases 900

# Every keras.applications model: its layers held to Keras, and the same bits when rebuilt; resumable.
applications: $(READY)
	$(BIN)/python -m tests.conformance.applications --resume .applications.json

# The JSON Schema of the file format, written anew.
schema: $(READY)
	$(BIN)/python -m studio.graph.schema > assets/project.schema.json

# The page of all commands and their keys, written anew.
commands: $(READY)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m studio.gui.commands > docs/commands.md

# The scripts that the tests expect, written anew; read the difference before you commit it.
golden: $(READY)
	STUDIO_REFRESH_GOLDEN=1 $(BIN)/python -m pytest tests/codegen -k golden

# The pictures of docs/tour.md, drawn anew; takes some minutes.
tour: $(READY)
	$(BIN)/python tools/tour.py

benchmark: $(READY)
	$(BIN)/python benchmarks/commands.py
	$(BIN)/python benchmarks/data.py
	$(BIN)/python benchmarks/death.py
	$(BIN)/python benchmarks/graph.py
	$(BIN)/python -m benchmarks.canvas
	$(BIN)/python benchmarks/columns.py
	$(BIN)/python benchmarks/inside.py
	$(BIN)/python benchmarks/layout.py
	$(BIN)/python benchmarks/runs.py
	$(BIN)/python -m benchmarks.runs_table
	$(BIN)/python -m benchmarks.plots
	$(BIN)/python benchmarks/preview.py
	$(BIN)/python benchmarks/telemetry.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/first_point.py
	$(BIN)/python -m benchmarks.training

$(READY): pyproject.toml
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "No virtual environment can be made with $(PYTHON)." \
	    "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) dist build runs
