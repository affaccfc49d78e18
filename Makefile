.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
RUN := .venv/bin/python
FLINK ?=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: bootstrap ## everything, from a clean clone to GRANTED and back (FLINK=1: with a Flink job; DOMAIN=V2: Unified Studio)
	@$(RUN) -m tools.dev demo $(if $(FLINK),--flink) $(if $(DOMAIN),--domain $(DOMAIN))

.PHONY: test
test: bootstrap ## lint, types, unit, provider, engine and end-to-end tests
	@$(RUN) -m tools.dev test

.PHONY: test-full
test-full: bootstrap ## the same with the long matrices
	@$(RUN) -m tools.dev test --full

.PHONY: test-quick
test-quick: bootstrap ## lint, types and the tests that need no Pulumi engine
	@$(RUN) -m tools.dev test --quick

.PHONY: test-unit
test-unit: bootstrap ## the unit tests and the rules of the house: under a minute
	@$(RUN) -m tools.dev test --unit

.PHONY: test-kafka
test-kafka: bootstrap ## a real Kafka broker with IAM on the wire, and the walkthrough with records; needs Java 17 and Maven
	@$(RUN) -m tools.dev test --kafka

.PHONY: test-flink
test-flink: bootstrap ## a Flink job on governed topics, in a local Flink; needs Java 17 and Maven
	@$(RUN) -m tools.dev test --flink

.PHONY: test-clients
test-clients: bootstrap ## standard clients against the emulator: the AWS CLI, serialisers of the schema registry, OpenLineage
	@$(RUN) -m tools.dev test --clients

.PHONY: test-terraform
test-terraform: bootstrap ## Terraform's real AWS provider against the emulator; needs terraform and the provider in an offline mirror
	@$(RUN) -m tools.dev test --terraform

.PHONY: test-typescript
test-typescript: bootstrap ## a program in TypeScript deployed, and the package added to projects; needs Node.js 20
	@$(RUN) -m tools.dev test --typescript

.PHONY: test-pages
test-pages: bootstrap ## the commands of the pages as they stand there: the tutorial, split stacks, the example programs
	@$(RUN) -m tools.dev test --pages

.PHONY: test-emulator
test-emulator: bootstrap ## the emulator alone: its lint, types and tests
	@$(RUN) -m tools.dev test --emulator

.PHONY: up
up: bootstrap ## the emulator and the stack `dev`, left running
	@$(RUN) -m tools.dev up

.PHONY: down
down: bootstrap ## destroy the stack `dev` and stop the emulator
	@$(RUN) -m tools.dev down

.PHONY: env
env: bootstrap ## the variables that your shell needs to work with a running stack: eval "$(make -s env)"
	@$(RUN) -m tools.dev env

.PHONY: bench
bench: bootstrap ## the benchmarks, as a table and JSON
	@$(RUN) -m tools.dev bench

.PHONY: lint
lint: bootstrap ## ruff, mypy, layers and circles
	@$(RUN) -m tools.dev lint

.PHONY: lock
lock: bootstrap ## write the lock files anew from requirements/*.in
	@$(RUN) -m tools.dev lock

.PHONY: clean
clean: ## remove the environment and all local state (stop with `make down` first)
	rm -rf .venv .venv.lock .state build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: bootstrap
bootstrap:
	@command -v $(PYTHON) >/dev/null || { echo "streamgov needs Python 3.11 or newer and finds no '$(PYTHON)'. Install it, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) tools/bootstrap.py
