# The only command entry: people and continuous integration call nothing else. Logic is in xtask/.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check fmt doctor bench kill counterparts setup ci ui toolchain

CARGO ?= cargo
XTASK := $(CARGO) run --quiet --package rookery-xtask --
# What only tests may have: places where a process can be killed, and turns that panic.
FEATURES := rookery-runtime/kill-points,rookery-tests/poison
# `make run ARGS="--config rookery.toml"`, `make test ARGS="-E 'package(rookery-llm)'"`, …
ARGS ?=

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: toolchain ## Start Rookery with its embedded defaults and print a link to the chat page
	$(CARGO) run --bin rookery -- serve $(ARGS)

test: setup ## Run every test, system tests included
	@# As tests/src/build.rs builds them: before the runner, whose time limits are for tests.
	$(CARGO) build --workspace --bin rookery --bin rookery_poisoned --features $(FEATURES)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --workspace --features $(FEATURES) $(ARGS); \
	else \
		set -x; $(CARGO) test --workspace --lib --bins --tests --no-fail-fast --features $(FEATURES) $(ARGS); \
	fi

check: toolchain ## Formatting, lints, arrows between crates, house rules, licences, documentation
	@$(CARGO) tree --locked --workspace --quiet >/dev/null
	$(CARGO) fmt --all --check
	$(XTASK) check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features --quiet

fmt: toolchain ## Format the code
	$(CARGO) fmt --all

doctor: toolchain ## Say what this machine or the configuration lacks
	$(XTASK) doctor-tools
	$(CARGO) run --quiet --bin rookery -- doctor $(ARGS)

bench: toolchain ## Measure the promised figures, each beside its ceiling (release build)
	$(CARGO) run --release --package rookery-bench -- $(ARGS)

kill: setup ## Kill the process at every named point, thousands of messages, and check the history
	$(CARGO) run --package rookery-tests --bin kill_suite -- $(ARGS)

counterparts: toolchain ## Check our fakes and our API with other people's clients
	$(XTASK) setup --counterparts
	$(CARGO) run --package rookery-tests --bin counterparts -- $(ARGS)

setup: toolchain ## Install what the tests need and this machine lacks (Debian packages)
	@$(XTASK) setup

ci: setup check test ## Exactly what continuous integration runs

# Absent from the list above: there is nothing to build yet.
ui:
	@echo "the admin panel is not in this version; the chat page is part of the binary (make run)" >&2
	@exit 1

# What cannot be checked by a program that first has to be compiled.
toolchain:
	@command -v $(CARGO) >/dev/null || { \
		echo "cargo is missing: install Rust (1.95 or newer) as https://rustup.rs says" >&2; exit 1; }
	@command -v cc >/dev/null || { \
		echo "a C compiler is missing: installing gcc"; \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update --quiet && $$sudo apt-get install --yes --quiet gcc libc6-dev; }
