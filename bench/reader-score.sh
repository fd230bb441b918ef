#!/usr/bin/env bash
# Rachel Kroll's feed-reader score (https://rachelbythebay.com/fs/help.html) for refeed, by an upstream of our own that watches it
# for simulated weeks: prints the marks of each case. All but the requests should be 0, and one request unconditional.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --quiet --locked --test reader_score -- --nocapture --test-threads=1
