# Targets for people and for CI. On a machine with only Go, git and make,
# `make demo` and `make test` work from a fresh clone.

GO        ?= go
MODULE    := $(shell sed -n 's/^module //p' go.mod)
ifndef VERSION
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
endif
LDFLAGS   := -s -w -X main.version=$(VERSION)
IMAGE     ?= imap-integration:1.0
FUZZTIME  ?= 20s
BENCHARGS ?=
ROWSARGS  ?=
FLEETARGS ?=

.PHONY: all build static demo test test-long check unit setup fmt fuzz indicators contents bombs rows sweep oracle vulncheck clean \
	bench bench-poll bench-latency bench-memory bench-parse bench-start bench-regex screenshots

all: build

build: ## the program, ./imap-integration; static, as in the image: it starts a sixth faster than with the system's libraries
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o imap-integration ./cmd/imap-integration

static: ## the static binary of the image, dist/imap-integration
	mkdir -p dist
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/imap-integration ./cmd/imap-integration

demo: build ## the main job on an embedded mail server and a local store
	./imap-integration demo

test: setup check unit ## everything that CI runs
	@echo 'make test: all checks and tests passed'

setup: # what the tests need from Debian, where it can be installed
	@scripts/setup

check:
	$(GO) vet $$(scripts/race) ./... # as the tests are compiled, so that it is done once
	@unformatted=$$($(GO) tool gofumpt -l .) && if [ -n "$$unformatted" ]; then echo "not formatted (make fmt): $$unformatted"; exit 1; fi
	@staticcheck=$$($(GO) tool -n staticcheck) && GOFLAGS="$$GOFLAGS $$(scripts/race)" $$staticcheck ./...

unit:
	@scripts/unit
	CGO_ENABLED=0 $(GO) test -trimpath -run Forms ./content/file # PDF too: interpreted WebAssembly is too slow for the race detector

test-long: setup packaging-check ## the sweeps of many cases, whose names end in Long (archives, images and packages are made there too), and what the race detector makes too slow; CI runs them too
	IMAP_SERVERS="$$(scripts/imap-servers)" CGO_ENABLED=0 $(GO) test -trimpath -timeout 20m -run 'Long$$' ./...
	CGO_ENABLED=0 $(GO) test -trimpath -timeout 10m -run PDF ./content/file
	CGO_ENABLED=0 $(GO) test -trimpath -timeout 10m -run Bombs ./message
	@echo 'make test-long: all passed'

.PHONY: fleet-test bench-fleet
fleet-test: setup ## 100 mailboxes, 3 processes, 5 minutes of kills, stops, restarts and cut connections (docs/fleet.md)
	$(GO) test -count=1 -timeout 40m -v -run TestFleetStorm ./e2e -fleet.storm=5m -fleet.mailboxes=100 -fleet.emails=100 -fleet.lease=30s -fleet.stop=60s -fleet.every=5s $(FLEETARGS)

bench-fleet: setup ## 1,000 mailboxes polled once a minute, and 10,000 emails into PostgreSQL (docs/performance.md)
	$(GO) run ./tools/bench fleet $(BENCHARGS)

fmt:
	$(GO) tool gofumpt -w .

fuzz: ## every fuzz target for FUZZTIME
	@scripts/fuzz $(FUZZTIME)

indicators: ## precision and recall of links and indicators on our tables, what benign email yields, and what Chromium says (docs/analysis.md)
	@out=$$($(GO) test ./indicators ./links -count=1 -v -run 'TestCases|TestBenign|TestNeighbours|TestDocuments|TestUndo|TestBrowser' -indicators.score 2>&1); status=$$?; \
		printf '%s\n' "$$out" | grep -v '^=== '; exit $$status

contents: ## how many files of testdata/forms and emails of testdata/readers.json are read right (docs/analysis.md)
	@out=$$($(GO) test ./content/file ./message -count=1 -v -run 'TestForms|TestReaders' 2>&1); status=$$?; printf '%s\n' "$$out" | grep -E "forms of content|readers' kinds|FAIL|_test.go:.*:$$"; exit $$status

bombs: ## what the program takes for each of the bombs and damaged files: bytes, processor time, memory at its peak (docs/analysis.md)
	@out=$$(CGO_ENABLED=0 $(GO) test ./e2e -count=1 -v -run '^TestBombsLong$$' 2>&1); status=$$?; \
		printf '%s\n' "$$out" | sed -n 's/.*_test.go:[0-9]*: \(| .* |\)$$/\1/p' | sort -t'|' -k4 -r; printf '%s\n' "$$out" | grep -E '^(ok|FAIL)|_test.go:.*(missing|takes)'; exit $$status

rows: ## run the tests behind each row of testdata/rows.json and print the table (docs/reliability.md)
	@$(GO) run ./tools/rows $(ROWSARGS)

sweep: ## kill the program at every fault point and compare (docs/reliability.md)
	$(GO) run ./tools/sweep $(BENCHARGS)

bench: ## 10,000 emails: this program, the raw drain and the peers (docs/performance.md)
	$(GO) run ./tools/bench bulk $(BENCHARGS)

bench-poll bench-latency bench-memory bench-start:
	$(GO) run ./tools/bench $(@:bench-%=%) $(BENCHARGS)

bench-parse: ## megabytes a second of the mail reader
	$(GO) run ./tools/bench parse
	$(GO) test -run '^$$' -bench . -benchmem ./message

bench-regex: ## the vendor's presets on one email, against python3
	$(GO) run ./tools/bench/regex $(BENCHARGS)

screenshots: build ## the pictures of docs/console, by a real browser; fonts-inter makes them look as they do there
	$(GO) run ./tools/screenshots

oracle: ## compare the parse of the emails in DIR with Python's email package
	@[ -n "$(DIR)" ] || { echo 'make oracle DIR=folder: name the folder with your emails' >&2; exit 1; }
	$(GO) run ./tools/oracle "$(DIR)"

vulncheck:
	@$(GO) tool govulncheck ./... || { \
		echo 'make vulncheck: either it found something above, or it cannot reach its database (https://vuln.go.dev) from here'; exit 1; }

include packaging/release.mk

clean:
	rm -rf imap-integration dist
