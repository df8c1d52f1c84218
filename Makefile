# The only front door. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
SECONDS_PER_FUZZER ?= 60
export COMPILER_LAUNCHER ?= $(shell command -v ccache)

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## install what is missing (apt, npm); needs root or sudo
	@scripts/setup

build: setup ## optimised build: the program and the shop under build/release/bin
	@scripts/build release programs

demo: build ## run the shop fleet and print what to open; ONCE=1: one customer's journey, then stop
	@scripts/demo $(if $(ONCE),--once)

package: build ## a Debian package of library, headers and program: build/release/tutti_VERSION_amd64.deb
	@cd build/release && cpack -G DEB >/dev/null 2>&1 && ls tutti_*.deb

base-image: build ## the images that services' images are made in: Debian and the toolchain
	@scripts/setup docker
	@scripts/dockerd --if-none scripts/base-image

demo-docker: build ## the shop in containers behind HAProxy; ONCE=1: one customer's journey, then stop
	@scripts/setup docker
	@scripts/dockerd --if-none scripts/demo-docker $(if $(ONCE),--once)

demo-delivery: build ## from git push to two hosts through a CI server and a registry; ONCE=1: four commits, good and bad, then stop
	@scripts/setup docker delivery
	@scripts/demo-delivery $(if $(ONCE),--once)

test: setup ## build with ASan and UBSan, run every test
	@scripts/test dev

check: test ## what is too long for every run: clang, TSan, fuzzers, compile-time budget, release tests
	@scripts/check

bench: build ## benchmarks beside bare servers and peers (Go, gRPC, nginx, RabbitMQ, JSON libraries); QUICK=1: under 3 minutes
	@scripts/setup bench || echo "bench: what is missing is left out" >&2
	@scripts/build release bench_peers
	@scripts/bench $(if $(QUICK),--quick)

fuzz: setup ## every fuzzer for SECONDS (default 60)
	@scripts/fuzz $(or $(SECONDS),$(SECONDS_PER_FUZZER))

format: ## clang-format every source
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

tidy: setup ## clang-tidy over src
	@scripts/tidy

install: build ## install library, headers and program; PREFIX=/usr/local
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

clean: ## remove build/
	@rm -rf build

.PHONY: help setup build demo package base-image demo-docker demo-delivery test check bench fuzz format tidy install clean
