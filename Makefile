.DEFAULT_GOAL := help
.PHONY: help run test check fmt vet staticcheck race poison purego arm64 fuzz-seeds bench-once bootstrap

GO ?= go
# Modules of their own: what they depend on, no user of the library inherits.
NESTED :=

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

run: need-go ## the main job: decode the events under testdata/, no AWS account needed
	$(GO) run ./cmd/lambda testdata/events/*.json

test: need-go ## all tests
	$(GO) test ./...

.PHONY: need-go
need-go:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer (https://go.dev/doc/install)"; exit 1; }

bootstrap: need-go ## build the Lambda function for linux/arm64
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -ldflags '-s -w' -o bootstrap ./cmd/lambda
