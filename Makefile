# Two commands: `make run` sets up and starts the studio, `make test` sets up and runs every check.

PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 8501
# Python compiles what is imported; compiling all files of all packages beforehand takes most of a minute.
PIP_OPTIONS = --quiet --disable-pip-version-check --no-compile

.PHONY: run test test-all clean

run: $(VENV)/runtime.stamp
	$(VENV)/bin/streamlit run app.py --server.port $(PORT)

test: $(VENV)/test.stamp
	VENV=$(VENV) tests/gate.sh

$(VENV)/bin/python:
	command -v $(PYTHON) >/dev/null && $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)

$(VENV)/runtime.stamp: $(VENV)/bin/python requirements.txt
	$(VENV)/bin/python -m pip install $(PIP_OPTIONS) -r requirements.txt
	touch $@

$(VENV)/test.stamp: $(VENV)/bin/python tests/requirements.txt
	$(VENV)/bin/python -m pip install $(PIP_OPTIONS) -r tests/requirements.txt
	touch $@ $(VENV)/runtime.stamp

# Every case: all presets and all applications, for minutes more.
test-all: $(VENV)/test.stamp
	VENV=$(VENV) tests/gate.sh --exhaustive

clean:
	rm -rf $(VENV)
