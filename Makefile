# eoslab: `make demo` shows it, `make test` proves it. Everything they need is brought by them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export KAFKAJS_NO_PARTITIONER_WARNING := 1

STAMP := node_modules/.stamp
BUILT := dist/.built
BINARY := dist/eoslab
SOURCES := $(shell find src scripts -name '*.ts' 2>/dev/null) package.json tsconfig.json tsconfig.build.json

.PHONY: help setup build binary test-binary release test lint clean demo bench smoke full mutants p1 p2 p3 i1 i2 i3 zombies ways docs

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): package.json package-lock.json $(wildcard patches/*.patch)
	npm ci --loglevel=error
	@node -e "if (+process.versions.node.split('.')[0] < 24) throw new Error('npm ci brought no Node 24: found ' + process.version)"
	@touch $@

$(BUILT): $(STAMP) $(SOURCES)
	@npm run -s build

build: $(BUILT) ## compile to dist/

$(BINARY): $(BUILT)
	@node scripts/binary.ts

binary: $(BINARY) ## all of it as one executable, dist/eoslab, with its checksum

test-binary: setup $(BINARY) ## the end-to-end tests against that executable
	EOSLAB_BIN=dist/eoslab vitest run --project crash src/cli

setup: $(BUILT) ## install what is needed and build
	@if [ -z "$$EOSLAB_BROKERS" ]; then bin/eoslab broker fetch; fi

lint: $(STAMP) ## style, layers, dead code
	@npm run -s lint

test: setup ## types, lint, layers, dead code, and every test class on a real broker
	npm run -s typecheck
	npm run -s lint
	npm run -s test

demo: setup ## kills at every point and a broken twin, told in money (ORDERS=FILE for your own orders)
	@bin/eoslab run experiments/mutants/at-least-once.yaml experiments/slides/demo.yaml $(if $(ORDERS),--from "$(ORDERS)")

p1: setup ## OpA and the wrapper, crashed before, in and after the commit
	@bin/eoslab run experiments/plan/p1.yaml

p2: setup ## OpB crashed around its commit; manifest, changelog on and off, idempotence by seq
	@bin/eoslab run experiments/plan/p2.yaml
	@bin/eoslab compare-changelog --changelog on --changelog off --prefix p2.cc.
	@bin/eoslab evidence p2

p3: setup ## recovery on artefacts: three random kills, three times to recover, lag to zero
	@bin/eoslab run experiments/plan/p3.yaml
	@bin/eoslab evidence p3 --prefix p3.a.

i1: setup ## the real OpA feeds the real OpB, OpA crashed
	@bin/eoslab run experiments/plan/i1.yaml

i2: setup ## the real OpB in the place of wrapper and artefacts, crashed warm and cold
	@bin/eoslab run experiments/plan/i2.yaml

i3: setup ## end to end under dense faults, over timeouts, transaction sizes and snapshot cadences
	@bin/eoslab run experiments/plan/i3.yaml

full: setup ## every crash point, pair, loop and zombie: some minutes
	@bin/eoslab crash-matrix --full

zombies: setup ## two instances, four partitions, kills and woken former owners, ten seeds: some minutes
	@bin/eoslab run experiments/safe/zombies.yaml

ways: setup ## every way back to one state, on random kills (ORDERS=FILE for your own orders)
	@bin/eoslab evidence ways --repeat 20 $(if $(ORDERS),--from "$(ORDERS)" --window 86400s)

smoke: setup ## the default matrix on exactly-once
	@bin/eoslab run experiments/safe/smoke.yaml

mutants: setup ## every broken twin, each caught by its primary anomaly
	@bin/eoslab crash-matrix --mutants

bench: setup ## what speed was promised, measured here, beside the goals (minutes; RUNS=7: all of it)
	@node scripts/bench.ts $(RUNS)

release: test test-binary ## what a release would be: checks, notes, files; makes none
	@node scripts/release.ts

docs: $(STAMP) ## rewrite the parts of the docs that repeat tables of the code
	@node scripts/docs.ts

clean: ## remove what was built and measured; stops the lab's broker
	-@[ -f $(BUILT) ] && bin/eoslab broker stop --quiet
	rm -rf dist .eoslab oclif.manifest.json
	find results -mindepth 1 -not -name .gitkeep -delete
