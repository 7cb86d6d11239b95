.DEFAULT_GOAL := help
GO ?= go
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Modules of their own, so that no user of the library inherits what they depend on. tools/ holds programs only.
NESTED := $(filter-out tools tools/%,$(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod)))
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

check: fmt vet lint vuln tidy cross module-check cover race poison purego 386 arm64 fuzz-count nested e2e bench-once ## what CI runs beside test

fmt: need-go ## gofmt leaves no diff
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "gofmt would change: $$bad"; exit 1; }

vet: need-go ## go vet, all modules
	@$(call in-each,$(ALL),$(GO) vet ./...)

lint: bin/golangci-lint ## golangci-lint with the linters of .golangci.yml, all modules
	@$(call in-each,$(ALL),$(CURDIR)/bin/golangci-lint run --config $(CURDIR)/.golangci.yml ./...)

# Exit code 1 is trouble, which is no finding where it is the network's; a finding is 3.
vuln: bin/govulncheck ## govulncheck, all modules, where its database can be reached
	@for m in $(ALL); do echo "== $$m: govulncheck"; rc=0; (cd $$m && $(CURDIR)/bin/govulncheck ./...) >bin/vuln.log 2>&1 || rc=$$?; \
		if [ $$rc = 1 ] && grep -q 'govulncheck: fetching vulnerabilities' bin/vuln.log; then \
			echo "NOT CHECKED for known vulnerabilities: the database at https://vuln.go.dev cannot be reached from here"; break; fi; \
		[ $$rc = 0 ] || { cat bin/vuln.log; exit $$rc; }; done

tidy: need-go ## go mod tidy leaves no diff, all modules
	@$(call in-each,$(ALL) tools tools/lint,$(GO) mod tidy -diff)

# The signals that e2e stops processes by, and bytedance/sonic of bench and examples, do not exist there.
CANNOT := windows/e2e 386/bench 386/examples
# go vet reads the tests too.
cross: need-go ## all modules build for Windows, macOS and 32 bits
	@export CGO_ENABLED=0; for p in windows/amd64 darwin/arm64 linux/386; do \
		export GOOS=$${p%/*} GOARCH=$${p#*/}; for m in $(ALL); do \
			case " $(CANNOT) " in *" $$GOOS/$$m "*|*" $$GOARCH/$$m "*) continue;; esac; \
			echo "== $$m for $$p"; (cd $$m && $(GO) build -o /dev/null ./... && $(GO) vet ./...); done; done

api: need-go ## write anew what the packages export, as text under api/
	$(GO) test -count=1 ./internal/surface -update

module: need-go ## give all modules another path: make module MODULE=github.com/you/sluice
	@[[ "$(MODULE)" =~ ^[A-Za-z0-9._~/-]+$$ ]] || { echo "which path? make module MODULE=github.com/you/sluice"; exit 1; }
	@mkdir -p bin; git grep -lIF '$(OLD_MODULE)' | while read -r f; do \
		sed 's#$(subst .,\.,$(OLD_MODULE))#$(MODULE)#g' "$$f" >bin/module.tmp; cat bin/module.tmp >"$$f"; done
	@gofmt -w $$(git ls-files '*.go')
	@$(call in-each,$(ALL) tools tools/lint,$(GO) mod edit -fmt)
OLD_MODULE = $(shell $(GO) list -m)

module-check: need-go ## make module works, tried in a clone of what is committed
	@t=$$(mktemp -d); trap 'rm -rf "$$t"' EXIT; git clone -q . "$$t/clone"; cd "$$t/clone"; old=$$($(GO) list -m); \
		$(MAKE) -s module MODULE=github.com/you/sluice; \
		if git grep -nF "$$old"; then echo "these still name $$old"; exit 1; fi; \
		$(call in-each,$(ALL),$(GO) vet ./...); $(GO) test -run "TestSurface|TestGoCompiles" ./internal/surface ./internal/readme; \
		$(call in-each,$(ALL),$(GO) mod tidy -diff)

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

bin/govulncheck: tools/go.mod | need-go
	cd tools && $(GO) build -o ../bin/ golang.org/x/vuln/cmd/govulncheck
bin/golangci-lint: tools/lint/go.mod | need-go
	cd tools/lint && $(GO) build -o ../../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
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

.PHONY: help run sluice test check fmt vet lint vuln tidy cross api module module-check cover race poison purego 386 arm64 fuzz-count fuzz properties nested bench-once bench bench-report bootstrap package e2e local need-go need-npm need-qemu
