# One line each; everything real is in `cargo xtask` (crates/xtask).

# list the recipes
default:
    @just --list --unsorted

# the service on http://localhost:8000 with embedded SQLite and the demo host
serve *ARGS:
    cargo xtask serve {{ARGS}}

# every check, as CI runs them
test:
    cargo xtask test

# format the code
fmt:
    cargo fmt --all

# the architecture rules, and the sizes of functions and files
tidy:
    cargo xtask tidy

# write docs/openapi.json and docs/PROBLEMS.md
generate:
    cargo xtask generate

# is there a test that would notice?
mutants:
    cargo xtask mutants

# fold measured figures into docs/MEASURED.md
report *ARGS:
    cargo xtask report {{ARGS}}
