# What strangers download: archives, container images and packages. The tools that
# make them have a module of their own (packaging/go.mod): nearly a hundred modules
# of others that neither the program nor its tests need.

# The commit decides the time of every file and the digests of all that is made.
# It is asked for once: a commit that comes in meanwhile must not be half in a release.
ifndef EPOCH
EPOCH     := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || echo 0))
endif
ifndef REVISION
REVISION  := $(shell git rev-parse HEAD 2>/dev/null)
endif
RELEASE   := $(patsubst v%,%,$(VERSION))
OUT       ?= dist
TARGETS   ?= linux/amd64 linux/arm64 darwin/arm64 windows/amd64
MACHINES  ?= amd64 arm64
PACKAGES  := base-files base-passwd bash ca-certificates coreutils dash tzdata
CLEAN     := env -u GOFLAGS CGO_ENABLED=0 GOOS=linux
PLAIN     := -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(RELEASE) -X main.revision=$(REVISION)'

# A version as Debian orders them: what was never released comes before every release.
DEBVERSION := $(shell printf '%s' '$(RELEASE)' | sed -e 's/-/+/g' -e 's/^[^.]*$$/0~&/')
# The digests of all that this version has so far: archives, images, packages.
SUMS       = (cd $(OUT) && ls | grep -F -e 'imap-integration_$(RELEASE)_' -e 'imap-integration_$(DEBVERSION)_' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)

.PHONY: dist image deb documents packaging-tools packaging-check

packaging-tools:
	@mkdir -p $(OUT)/tools
	@env -u GOFLAGS CGO_ENABLED=0 $(GO) build -C packaging -trimpath -buildvcs=false -o $(abspath $(OUT))/tools/ ./dist ./image \
		github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod github.com/goreleaser/nfpm/v2/cmd/nfpm

packaging-check: ## vet, staticcheck and test the tools that make the releases; make test-long does it too
	$(GO) vet -C packaging ./...
	@staticcheck=$$($(GO) tool -n staticcheck) && cd packaging && env -u GOFLAGS $$staticcheck ./...
	@unformatted=$$($(GO) tool gofumpt -l packaging) && if [ -n "$$unformatted" ]; then echo "not formatted (make fmt): $$unformatted"; exit 1; fi
	$(GO) test -C packaging ./...

documents: # what the command line explains about itself: man pages and completion
	@rm -rf $(OUT)/documents && mkdir -p $(OUT)/documents/man/man1 $(OUT)/documents/completion
	@SOURCE_DATE_EPOCH=$(EPOCH) $(GO) test -count=1 -ldflags '-X $(MODULE)/cmd/imap-integration.version=$(RELEASE)' ./cmd/imap-integration -run TestManPages -man $(abspath $(OUT))/documents/man/man1 >/dev/null
	@$(GO) build $(PLAIN) -o $(OUT)/tools/imap-integration ./cmd/imap-integration
	@for shell in bash zsh fish powershell; do \
		$(OUT)/tools/imap-integration completion $$shell >$(OUT)/documents/completion/imap-integration.$$shell || exit 1; done

dist: packaging-tools documents ## archives for linux, darwin and windows, bills of materials, SHA256SUMS
	@$(OUT)/tools/dist -version '$(RELEASE)' -revision '$(REVISION)' -epoch $(EPOCH) -out $(OUT) -tools $(OUT)/tools -documents $(OUT)/documents -targets '$(TARGETS)'
	@cat $(OUT)/SHA256SUMS

ifdef ENGINE
image: static ## the container image: an archive for docker load and podman load; ENGINE=docker, podman or buildah builds it there
	@engine=$$(for e in $(ENGINE); do command -v "$$e" && break; done) || { echo 'make image: none of $(ENGINE) is here; without ENGINE= none is needed' >&2; exit 1; }; \
	case $$engine in *buildah) set -- bud;; *) set -- build;; esac; "$$engine" "$$@" --build-arg VERSION='$(RELEASE)' --build-arg REVISION='$(REVISION)' -t $(IMAGE) .
else
image: packaging-tools
	@for machine in $(MACHINES); do \
		packaging/image/fetch.sh $$machine $(OUT)/debian/$$machine $(PACKAGES) && \
		$(CLEAN) GOARCH=$$machine $(GO) build $(PLAIN) -o $(OUT)/debian/$$machine/imap-integration ./cmd/imap-integration && \
		$(OUT)/tools/image -machine $$machine -debs $(OUT)/debian/$$machine/cache/archives -program $(OUT)/debian/$$machine/imap-integration \
			-version '$(RELEASE)' -revision '$(REVISION)' -epoch $(EPOCH) -tag $(IMAGE) -out $(OUT)/imap-integration_$(RELEASE)_image_$$machine.tar && \
		$(SUMS) && \
		echo "docker load -i $(OUT)/imap-integration_$(RELEASE)_image_$$machine.tar   # or podman load -i; it is $(IMAGE)" || exit 1; \
	done
endif

deb: dist ## Debian packages with the systemd units, of the linux archives
	@umask 022; for tree in $(OUT)/work/*_linux_*; do \
		gzip -n9 $$tree/man/man1/*.1 && \
		sed -e "s|@TREE@|$$tree|; s|@MACHINE@|$${tree##*_}|; s|@VERSION@|$(DEBVERSION)|" packaging/nfpm.yaml >$(OUT)/work/nfpm.yaml && \
		SOURCE_DATE_EPOCH=$(EPOCH) $(OUT)/tools/nfpm package -f $(OUT)/work/nfpm.yaml -p deb -t $(OUT) || exit 1; \
	done
	@$(SUMS)
