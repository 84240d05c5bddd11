# The everyday targets. `make` alone lists them. Steps that the continuous integration takes too are
# written once, in .ci/run.

.DEFAULT_GOAL := help
SHELL         := bash
.SHELLFLAGS   := -eu -o pipefail -c

FUZZTIME ?= 10s#  for each fuzz target
BENCH    ?= .#    pattern of the benchmarks to run
COUNT    ?= 1#    runs of each benchmark; 10 for benchstat

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: fmt
fmt: ## format all Go code
	gofmt -w .

.PHONY: lint
lint: ## gofmt, vet, staticcheck, go.mod tidy, rules of the house
	.ci/run vet lint
	go test ./internal/lint

.PHONY: test
test: ## all tests
	go test ./...

.PHONY: race
race: ## short tests under the race detector
	.ci/run race

.PHONY: short
short: ## tests without the long ones
	go test -short ./...

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10s)
	@found=0; \
	while IFS=: read -r file name; do \
		found=1; \
		echo "$$name in $$(dirname "$$file") for $(FUZZTIME)"; \
		go test "./$$(dirname "$$file")" -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) </dev/null; \
	done < <(git grep --untracked -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' ':!adapters' ':!tools' ':!benchmarks/peers' | sed 's/func //'); \
	if [ $$found = 0 ]; then echo "no fuzz targets"; fi

.PHONY: bench
bench: ## benchmarks matching BENCH, COUNT times each (for benchstat: COUNT=10)
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./...

.PHONY: golden
golden: ## rewrite the golden files; review the difference as code
	@folders=$$(git grep --untracked -lE 'flag\.Bool\("rewrite"' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|'); \
	if [ -z "$$folders" ]; then echo "no package defines -rewrite"; else go test $$folders -run Golden -count=1 -rewrite; fi

.PHONY: guarantees
guarantees: ## the production guarantees at full size (up to an hour)
	LEPTON_FULL=1 go test ./... -run TestGuarantee -count=1 -timeout 60m

.PHONY: learning
learning: ## the learning tests at full size, results as tables (LEPTON_REFERENCE: other problems)
	LEPTON_FULL=1 go test -run '^TestLearning' -count=1 -timeout 3h -v ./rl/...

.PHONY: api
api: ## compare the exported surface with the last tag
	.ci/run api

.PHONY: cross
cross: ## build for the other platforms
	.ci/run cross

.PHONY: smoke
smoke: ## run every example in its short form
	.ci/run smoke

.PHONY: ci
ci: ## everything that the continuous integration does
	.ci/run
