# make demo   a first look: a small environment without torch, the samples indexed, seventeen questions answered
# make test   everything that must hold before a commit lands
# make test-fast   the tests of OpenVINO, which it installs beside what make test uses
# make test-scale   PostgreSQL, pgvector, Milvus, Ray and S3: tests, and benchmarks that must hold; installs and starts all of them
# make bench-scale [LIBRARIES=DIR]   the figures of docs/scale.md, of as many as a million rows: hours
# make fix    what can be mended by machine
# make bench WORK=DIR PHOTOS=ZIP MEDIA=DIR   speed beside other programs, into docs/benchmarks.md (first: benchmarks.peers prepare)
# make docs   the generated pages of docs/

PYTHON ?= python3
PIP = -m pip --disable-pip-version-check --quiet
CORE = .venv/bin/python
TORCH = .venv-torch/bin/python
SCALE = .venv-scale/bin/python
PYTEST = -m pytest --quiet
# Two files of tests at a time: most tests wait for a child, a browser or a disk rather than for a core (docs/decisions/0117).
WORKERS = --numprocesses 2 --dist loadfile
TORCH_TESTS = tests/contracts tests/models tests/retrieval/encoders tests/training

# Programs that tests start keep what they have compiled, as they do elsewhere.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bench bench-scale demo test test-fast test-scale check tests tests-torch fix docs clean

demo: .venv/demo.stamp
	.venv/bin/crossmedia demo

test: check tests tests-torch

check: .venv/dev.stamp
	$(CORE) -m ruff format --check .
	$(CORE) -m ruff check .
	$(CORE) -m mypy
	.venv/bin/lint-imports

tests: .venv/dev.stamp
	$(CORE) $(PYTEST) $(WORKERS)

tests-torch: .venv-torch/dev.stamp
	$(TORCH) $(PYTEST) -m torch $(TORCH_TESTS)

# Not a part of `tests`: once OpenVINO is there, whatever runs in that environment computes by it.
test-fast: .venv/dev.stamp
	$(CORE) $(PIP) install --editable '.[fast]'
	$(CORE) $(PYTEST) tests/retrieval/encoders/test_runtimes.py tests/retrieval/encoders/speech

# What reads and writes a catalog, as it stands, with every catalog on a server; then what only servers do. The benchmarks end
# with 1 where answers differ or something is lost or half written; their times are told, and never fail.
test-scale: .venv-scale/dev.stamp
	$(SCALE) $(PYTEST) -W ignore::pytest.PytestUnraisableExceptionWarning --postgresql tests/retrieval/catalog tests/indexer/catalog tests/retrieval/fulltext \
		tests/retrieval/search tests/indexer/pipeline/test_sink.py
	$(SCALE) $(PYTEST) tests/scale tests/retrieval/vectors/test_space.py
	$(SCALE) -m benchmarks.engines --only faiss postgresql pgvector milvus
	$(SCALE) -m benchmarks.engines --only ray --assets 300
	$(SCALE) -m benchmarks.concurrency
	$(SCALE) -m benchmarks.outages --kills 5 --only postgresql pgvector
	$(SCALE) -m benchmarks.ray_workers --texts 50 --runs 1
	$(SCALE) -m benchmarks.engine_speed --rows 100000

bench-scale: .venv-scale/dev.stamp
	mkdir -p build
	CROSSMEDIA_KILLS=20 $(SCALE) $(PYTEST) tests/scale/test_ray.py
	$(SCALE) -m benchmarks.engines --only ray --assets 5000
	$(SCALE) -m benchmarks.ray_workers --texts 300 --runs 5
	$(SCALE) -m benchmarks.outages --out build/outages.json
	$(SCALE) -m benchmarks.rolling
	for rows in 10000 100000 1000000; do \
		$(SCALE) -m benchmarks.engine_speed --rows $$rows --out build/scale-$$rows.json || exit 1; done
	$(SCALE) -m benchmarks.scale_chart build/scale-*.json $(if $(LIBRARIES),--libraries $(LIBRARIES))

bench: .venv/dev.stamp
	$(CORE) -m benchmarks.bench $(WORK) --photos $(PHOTOS) --media "$(MEDIA)"

fix: .venv/dev.stamp
	$(CORE) -m ruff check --fix .
	$(CORE) -m ruff format .

docs: .venv/dev.stamp
	$(CORE) -m tests.docs.pages

# An environment is made anew when what it must hold has changed, else used as it is.
.venv/demo.stamp: pyproject.toml
	test -x $(CORE) || $(PYTHON) -m venv .venv
	@echo "Installing crossmedia without torch (about 450 MB to fetch, once)"
	$(CORE) $(PIP) install --editable '.[cpu,offline,ocr,server]'
	touch $@

.venv/dev.stamp: .venv/demo.stamp
	$(CORE) $(PIP) install --editable '.[cpu,offline,ocr,evaluate,server,dev]'
	touch $@

.venv-torch/dev.stamp: pyproject.toml requirements-torch.txt
	test -x $(TORCH) || $(PYTHON) -m venv .venv-torch
	$(TORCH) $(PIP) install --no-deps openai-whisper==20250625
	$(TORCH) $(PIP) install --requirement requirements-torch.txt
	$(TORCH) $(PIP) install --editable '.[cpu,server,dev]'
	touch $@

.venv-scale/dev.stamp: pyproject.toml
	test -x $(SCALE) || $(PYTHON) -m venv .venv-scale
	$(SCALE) $(PIP) install --editable '.[cpu,offline,ocr,evaluate,server,postgres,milvus,s3,ray,dev,dev-scale]'
	touch $@

clean:
	rm -rf .venv .venv-torch .venv-scale build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
