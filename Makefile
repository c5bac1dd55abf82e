# Ladder. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# a release is a tagged commit; anything else keeps the version that the source names
VERSION ?= $(shell git describe --tags --exact-match 2>/dev/null)
# how long each fuzz target runs: here in `make fuzz`, there within `make test`
FUZZTIME ?= 60s
FUZZSMOKE ?= 5s
# packages and flags of the test run, for instance: make test PACKAGES=./gateway TESTFLAGS='-run Retry -v'
PACKAGES ?= ./...
TESTFLAGS ?=
# end to end tests build, start and load whole programs on a machine that may have two cores
TEST_TIMEOUT := 15m

# Each tool has a go.mod of its own, so that its dependencies stay out of Ladder's.
GOTESTSUM := go tool -modfile=tools/gotestsum/go.mod gotestsum
GOLANGCI_LINT := go tool -modfile=tools/golangci-lint/go.mod golangci-lint

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

.PHONY: build
build: ## bin/ladder and bin/chirp, the sample application
	go build $(if $(VERSION),-ldflags '-X main.version=$(VERSION)') -o bin/ladder ./cmd/ladder
	go build -o bin/chirp ./demo/chirp/cmd/chirp

.PHONY: demo
demo: build ## the sample application under live traffic, with PostgreSQL and a dashboard, until Ctrl-C
	@exec bin/ladder demo

.PHONY: test
test: test-deps fuzz-smoke ## every test, after installing the Debian packages that tests need
	$(GOTESTSUM) --format pkgname -- -timeout $(TEST_TIMEOUT) $(TESTFLAGS) $(PACKAGES)

.PHONY: race
race: test-deps ## the tests under the race detector, without those of whole programs
	$(GOTESTSUM) --format pkgname -- -race -timeout $(TEST_TIMEOUT) $(TESTFLAGS) $$(go list ./... | grep -vE '^ladder/(test|bench|internal/lint)')

.PHONY: test-deps
test-deps: ## only install what the tests need
	@scripts/install-test-deps

.PHONY: fuzz-smoke
fuzz-smoke: # part of `make test`
	@scripts/fuzz $(FUZZSMOKE)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (60s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: lint
lint: ## go vet, linters and house rules
	go vet ./...
	$(GOLANGCI_LINT) run
	go test ./internal/lint

.PHONY: generate
generate: ## rewrite the reference pages that are made from the code
	go test ./config ./telemetry ./gateway -run 'Reference' -update

.PHONY: bench-gateway
bench-gateway: build ## Ladder beside nginx, HAProxy and Caddy: CPU per request, latency, throughput
	@scripts/install-test-deps bench
	go run ./bench gateway $(BENCHFLAGS)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin test/screenshots
