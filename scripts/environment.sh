# shellcheck shell=bash
# Sourced by the scripts here: where the checkout, its cache and its tools are.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
AVVIVO_CACHE=${AVVIVO_CACHE:-$HOME/.cache/avvivo}
# One for all checkouts: what is built for one serves the next. Of two that one works in by turns, give one its own:
# cargo takes what it built last for what it would build, if no file is newer.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$AVVIVO_CACHE/target}
# Our own tools come last: what is installed already is used as it is. Debian keeps nginx where only root looks.
PATH=$PATH:/usr/sbin:$HOME/.cargo/bin:$AVVIVO_CACHE/tools/bin:$AVVIVO_CACHE/tools/python/bin
export AVVIVO_CACHE CARGO_TARGET_DIR PATH
cd "$ROOT" || exit

# In CI the committed lock file is law; at a desk it follows the manifests.
LOCKED=()
if [[ -n ${CI:-} ]]; then LOCKED=(--locked); fi

# Builds the chores, together with the workspace's features, so that tests and chores share their dependencies.
build_xtask() { cargo build --quiet "${LOCKED[@]}" --workspace --bin xtask; }

# Runs a chore.
xtask() { build_xtask && "$CARGO_TARGET_DIR/debug/xtask" "$@"; }
