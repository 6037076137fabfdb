# Three commands do everything, set-up included:
#   make demo      trains, exports, verifies, scores and reports
#   make test      lint, types and tests
#   make test-all  the same, and with real peers such as a browser, as CI runs them
#
# PYTHON names the interpreter (CPython 3.11 or 3.12), SEEDS how many models the demo trains.
# LOCKED=1 installs what requirements-dev.txt locks, by hash (CPython 3.11), not the newest.

PYTHON ?= python3
SEEDS ?= 5
BIN := .venv/bin

# A copy of the public data beside the checkout serves in place of a download.
ifneq ($(wildcard ../shared/data),)
export STILLWATCH_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo test test-all docs matrix fuzz kills soak mqtt-rate sbom bench-cards figures capsules nab-rds-capsules smd-capsules segments-capsule install clean

demo: install
	$(BIN)/stillwatch reproduce nab-rds --seeds $(SEEDS) --out demo
	@echo "open demo/report.html in a browser"

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p stillwatch.runtime -p stillwatch.train -p stillwatch.export -p stillwatch.sklearn \
	  -p stillwatch.benchmarks
	$(BIN)/python -m pytest -m "not peers" --numprocesses auto --dist loadfile

# What is missing of the peers is installed where that can be, else named, and its tests skipped.
test-all: test docs
	.ci/peers
	$(BIN)/python -m pytest -m peers

# The guides and the API reference as a site, in build/site; warnings are errors.
docs: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html in a browser"

# Two full runs of the benchmark on a quiet machine, kept as the cards of its kind of CPU: half an hour.
bench-cards: install
	$(BIN)/python -m stillwatch.benchmarks.latency.cards.twice

# What README and the guides quote, made anew of the committed cards and results.
figures: install
	$(BIN)/python -m stillwatch.benchmarks.readme README.md docs/*.md

# Every Python and onnxruntime that can be had, and Node with both of its engines where npm is.
matrix: install
	PYTHONPATH=tests $(BIN)/python -m portability.matrix --out benchmarks/results/portability/results.json

# An hour of hostile input for each reader, as many at once as there are cores: some nine hours.
fuzz: install
	mkdir -p benchmarks/results/endurance
	PYTHONPATH=tests $(BIN)/python -m endurance.fuzz --out benchmarks/results/endurance/fuzz.json

# A thousand kills of watches, in every way to feed one: about an hour.
kills: install
	PYTHONPATH=tests $(BIN)/python -m endurance.kills --out benchmarks/results/endurance/kills.json

# Ten million lines through one watch, and the memory that it holds: about ten minutes.
soak: install
	PYTHONPATH=tests $(BIN)/python -m endurance.soak --out benchmarks/results/endurance/soak.json

# Messages a second through Debian's mosquitto and a watch: some minutes.
mqtt-rate: install
	PYTHONPATH=tests $(BIN)/python -m endurance.mqtt_rate --out benchmarks/results/mqtt/throughput.json

# What a base install brings along, as a CycloneDX document: build/sbom.json.
sbom: install
	rm -rf build/sbom
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/python -m pip install --quiet --disable-pip-version-check .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom
	$(BIN)/cyclonedx-py environment --output-reproducible -o build/sbom.json build/sbom/bin/python

# The committed results, the checkpoints in them, and the capsules that the package ships. The
# second takes two to three hours on two cores; it goes on where it was interrupted.
capsules: nab-rds-capsules smd-capsules segments-capsule
	$(BIN)/python -m stillwatch.benchmarks.readme README.md docs/*.md

nab-rds-capsules: install
	$(BIN)/stillwatch reproduce nab-rds --seeds 20 --out build/nab-rds
	mkdir -p benchmarks/results/nab-rds
	cp -r build/nab-rds/results.json build/nab-rds/checkpoint benchmarks/results/nab-rds/
	cp build/nab-rds/nab-rds.onnx build/nab-rds/nab-rds-online.onnx runtime/models/

smd-capsules: install
	$(BIN)/stillwatch reproduce smd --ablations 2-1 --out build/smd
	mkdir -p benchmarks/results/smd
	rm -rf benchmarks/results/smd/checkpoint
	cp build/smd/results.json benchmarks/results/smd/
	cp -r build/smd/networks/universal16-without-3-3-0 benchmarks/results/smd/checkpoint
	rm benchmarks/results/smd/checkpoint/progress.params
	$(BIN)/stillwatch export benchmarks/results/smd/checkpoint -o runtime/models/smd-micro.onnx

segments-capsule: install
	$(BIN)/stillwatch reproduce segments --out build/segments
	mkdir -p benchmarks/results/segments
	cp build/segments/results.json benchmarks/results/segments/
	cp -r build/segments/checkpoint benchmarks/results/segments/
	$(BIN)/stillwatch export benchmarks/results/segments/checkpoint -o runtime/models/smd-segments.onnx

# Strict, since type checkers see an editable namespace package in no other way; every time,
# since such an install does not see new files by itself.
install: .venv/dependencies
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --config-settings editable_mode=strict --editable .

.venv/dependencies: setup.cfg
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 13) else \
	  "stillwatch trains with MXNet, which needs CPython 3.11 or 3.12; $(PYTHON) is %d.%d: " \
	  "name another, as in make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  $(if $(LOCKED),--require-hashes -r requirements-dev.txt,"setuptools>=69" ".[all]")
	@touch $@

clean:
	rm -rf .venv build demo *.egg-info
