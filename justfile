# Short names for the commands in CONTRIBUTING.md; the logic lives in `test`, `.ci/run` and `xtask`.

# Lists the recipes.
default:
    @just --list

# Formats everything.
fmt:
    cargo fmt --all

# Checks formatting and lints, warnings as errors.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Runs every test; arguments go to the runner.
test *arguments:
    ./test {{arguments}}

# Checks licences, sources and duplicate or banned crates; needs cargo-deny.
deny:
    cargo deny check bans licenses sources

# The same, and the public advisory database; needs a network.
deny-all:
    cargo deny check

# Checks the repository itself: arrows between crates, file sizes, paths in documents, words.
tidy:
    cargo run --quiet -p xtask -- tidy

# Starts a server; arguments go to `convoke serve`.
run *arguments:
    cargo run -p convoke-cli --bin convoke -- serve {{arguments}}

# Shows two players meeting in a session of a temporary server.
demo *arguments:
    cargo run -p convoke-cli --bin convoke -- demo {{arguments}}

# What the continuous integration runs.
ci:
    .ci/run
