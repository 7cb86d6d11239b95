.DEFAULT_GOAL := help
GO ?= go
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Modules of their own, so that no user of the library inherits what they depend on. tools/ holds programs only.
NESTED := $(filter-out tools,$(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod)))
ALL := . $(NESTED)
# in-each runs a command in every one of the modules $(1).
in-each = for m in $(1); do echo "== $$m: $(2)"; (cd $$m && $(2)); done

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

run: sluice ## the main job: decode the events under testdata/, no AWS account needed
	bin/sluice testdata/events/*.json

sluice: need-go ## build the tool for saved events and failed batches: bin/sluice help
	@cd cmd/sluice && $(GO) build -o ../../bin/sluice .

# The library with the function, and the tool.
MAIN := . cmd/sluice
test: need-go ## all tests of the library, the function and the tool
	@$(call in-each,$(MAIN),$(GO) test ./...)

check: fmt vet staticcheck tidy cover race poison purego 386 arm64 fuzz-count nested e2e bench-once ## what CI runs beside test

fmt: need-go ## gofmt leaves no diff
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "gofmt would change: $$bad"; exit 1; }

vet: need-go ## go vet, all modules
	@$(call in-each,$(ALL),$(GO) vet ./...)

staticcheck: bin/staticcheck ## staticcheck, all modules
	@$(call in-each,$(ALL),$(CURDIR)/bin/staticcheck ./...)

tidy: need-go ## go mod tidy leaves no diff, all modules
	@$(call in-each,$(ALL) tools,$(GO) mod tidy -diff)

cover: need-go ## the tests' coverage of decoder and router
	@mkdir -p bin
	@$(GO) test -short -coverpkg=./decoder/...,./router/... -coverprofile=bin/coverage.out ./decoder/... ./router/... ./cmd/... >/dev/null
	@$(GO) tool cover -func=bin/coverage.out | awk '{f = $$1; sub(/:[0-9]+:$$/, "", f); sub(/[^\/]*$$/, "", f)} \
		/^total/ {print "coverage, all: " $$NF} $$NF != "100.0%" {print "  " $$0}'

race: need-go ## all tests with the race detector, which also overwrites released memory
	@$(call in-each,$(MAIN),$(GO) test -race ./...)

poison: need-go ## released memory is overwritten: nothing keeps a view too long
	@$(call in-each,$(MAIN),$(GO) test -short -tags poison ./...)

purego: need-go ## without assembly
	@$(call in-each,$(MAIN),$(GO) test -short -tags purego ./...)

386: need-go ## all tests with an int of 32 bits
	CGO_ENABLED=0 GOARCH=386 $(GO) test -short ./decoder/... ./payload/... ./router/...

arm64: need-go need-qemu ## all tests on arm64, under qemu
	CGO_ENABLED=0 GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 ./decoder/... ./payload/... ./router/...
	CGO_ENABLED=0 GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 ./fuzz -workers=1

FUZZ_COUNT ?= 10000x
fuzz-count: need-go ## each fuzz target, $(FUZZ_COUNT) executions
	@grep -roE '^func Fuzz[A-Za-z0-9]+' --include=*_test.go decoder fuzz internal payload router | sed -E 's#/[^/]*:func # #' | while read -r d f; do \
		echo "== $$d $$f"; $(GO) test "./$$d" -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ_COUNT) -fuzzminimizetime 10x | tail -n 2; done

PAIRS ?= 2000000
SCENARIOS ?= 100000
SEED ?= 1
fuzz: need-go ## a campaign on the decoder: PAIRS=2000000 pairs of events, SEED=1
	$(GO) test ./fuzz -run '^TestCampaign$$' -v -timeout 0 -executions=$(PAIRS) -seed=$(SEED)

properties: need-go ## a campaign on the router: SCENARIOS=100000 random scenarios
	cd properties && $(GO) test -run TestProperties -v -timeout 0 . -scenarios=$(SCENARIOS) $(if $(filter command line environment,$(origin SEED)),-rapid.seed=$(SEED))

nested: need-go ## the tests of the modules beside the library
	@$(call in-each,$(NESTED),$(GO) test ./...)

bench-once: need-go ## benchmarks compile and run once
	@$(call in-each,. $(filter bench,$(NESTED)),$(GO) test -run '^$$' -bench . -benchtime 1x ./... | tail -n 3)

bench: need-go ## how the decoder compares with its peers, and which targets it reaches
	@cd bench && $(GO) run ./cmd/report

bench-report: need-go ## the same, run longer, with raw results, tables and charts written to bench/results
	@cd bench && $(GO) run ./cmd/report -rounds 12 -benchtime 60ms -write results -readme ../README.md

e2e: need-go e2e/node_modules/.package-lock.json ## a function on a real stream on this machine: every record is accounted for
	cd e2e && E2E=1 $(GO) test -count=1 -v -timeout 5m .

# Flags for local, such as -shards 4 -rate 0; make local LOCAL=-help lists them.
LOCAL ?=
# The function: a program, or the directory of its package; cmd/lambda where it is not given.
HANDLER ?=
local: sluice e2e/node_modules/.package-lock.json ## watch a function on a local stream: make local HANDLER=path/to/your/function
	@cd e2e && $(GO) build -o ../bin/local ./local
	@bin/local $(LOCAL) $(HANDLER)

e2e/node_modules/.package-lock.json: e2e/package-lock.json | need-npm
	cd e2e && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

bin/staticcheck: tools/go.mod | need-go
	cd tools && $(GO) build -o ../bin/ honnef.co/go/tools/cmd/staticcheck
bin/benchstat: tools/go.mod | need-go ## build benchstat, to compare raw results: bin/benchstat bench/results/decode.txt NEW
	cd tools && $(GO) build -o ../bin/ golang.org/x/perf/cmd/benchstat

bootstrap: need-go ## build the Lambda function for linux/arm64
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -ldflags '-s -w' -o bootstrap ./cmd/lambda

package: need-go ## build the Lambda packages for arm64 and x86_64 into dist/, the same bytes each time
	@cd deploy && $(GO) run . -o ../dist

need-go:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer (https://go.dev/doc/install)"; exit 1; }

need-npm:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "Node.js is missing, which the local Kinesis server runs on: install Node.js 18 or newer with npm (https://nodejs.org)"; exit 1; }

need-qemu:
	@command -v qemu-aarch64 >/dev/null || { \
		echo "qemu-aarch64 is missing, installing Debian's qemu-user"; mkdir -p bin; \
		{ apt-get update && apt-get install -y --no-install-recommends qemu-user; } >bin/apt.log 2>&1 || \
		{ echo "could not install it (see bin/apt.log): install qemu-user by hand"; exit 1; }; }

.PHONY: help run sluice test check fmt vet staticcheck tidy cover race poison purego 386 arm64 fuzz-count fuzz properties nested bench-once bench bench-report bootstrap package e2e local need-go need-npm need-qemu
