#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a stranger does with the SDK: installs Coffer, builds a plugin, its test and a client program
# out of the tree against what was installed, and runs them with an installed node.
#
#   sdk.sh <build folder> <folder for everything>
set -euo pipefail

build=$1 place=$2
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/sdk
prefix=$place/prefix

say() { printf 'sdk: %s\n' "$*"; }
die() { printf 'sdk: %s\n' "$*" >&2; exit 1; }

rm -rf "${place:?}"
mkdir -p "$place"

say "installs into $prefix"
cmake --install "$build" --prefix "$prefix" >"$place/install.log" || die "see $place/install.log"
for file in bin/cofferd bin/coffer bin/cofferd-journal bin/coffer-agent \
    lib/coffer/plugins/goconf.so share/bash-completion/completions/coffer{,-agent} \
    share/zsh/site-functions/_coffer{,-agent} \
    lib/systemd/system/cofferd.service lib/systemd/system/coffer-agent.service; do
    [[ -s $prefix/$file ]] || die "$file was not installed"
done
for program in cofferd coffer-agent; do
    grep -q "^ExecStart=$prefix/bin/$program" "$prefix/lib/systemd/system/$program.service" \
        || die "$program.service names another prefix"
done
completes() { # completes <expected> <program> <word>...: what the shell offers for the last word
    local expected=$1 offered
    shift
    # shellcheck disable=SC2016 # the inner shell expands it
    offered=$(bash -c 'source "$1/$2"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        "_${1//-/_}"; echo "${COMPREPLY[*]}"' - "$prefix/share/bash-completion/completions" "$@")
    [[ $offered == "$expected" ]] || die "'$*' is completed by '$offered', not '$expected'"
}
completes "rollback-local" coffer-agent roll
completes "--file" coffer-agent get --fi
completes "publish" coffer config pub
completes "host:" coffer config set shop @

make() { # make <project>: configures and builds it against the installed package
    local launcher=()
    command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    say "builds $1"
    cmake -S "$sources/$1" -B "$place/$1" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_BUILD_TYPE=Debug \
        ${launcher[@]+"${launcher[@]}"} >"$place/$1.log" 2>&1 \
        && cmake --build "$place/$1" -j 2 >>"$place/$1.log" 2>&1 \
        || { tail -n 40 "$place/$1.log" >&2; die "$1 cannot be built"; }
}
make headers
make client
make plugin

say "tests the plugin in virtual time"
ctest --test-dir "$place/plugin" --no-tests=error --output-on-failure >"$place/ctest.log" \
    || { cat "$place/ctest.log" >&2; die "the test of the plugin failed"; }

say "runs an installed node with the plugin"
cmake --install "$place/plugin" >/dev/null
"$prefix/bin/cofferd" --data "$place/data" --listen 127.0.0.1:0 >"$place/out" 2>"$place/log" &
node=$!
trap 'kill "$node" 2>/dev/null || true' EXIT
for _ in $(seq 300); do
    grep -q ready "$place/out" && break
    kill -0 "$node" 2>/dev/null || { cat "$place/log" >&2; die "cofferd ended"; }
    read -rt 0.05 <> <(:) || true
done
address=$(grep -o '127\.0\.0\.1:[0-9]*' "$place/out" | head -n 1)
[[ -n $address ]] || die "cofferd did not say where it listens"
export COFFER_ENDPOINTS=$address
coffer=$prefix/bin/coffer

"$coffer" call hello.greet name=Ada >"$place/first"
"$coffer" call hello.greet name=Grace >"$place/second"
grep -q 'Hello, Ada' "$place/first" || die "the first greeting: $(cat "$place/first")"
grep -Eq '"?count"?: ?2' "$place/second" || die "the second greeting: $(cat "$place/second")"
"$coffer" plugins >"$place/plugins"
grep -q 'hello.*1\.2\.3.*started' "$place/plugins" || die "plugins: $(cat "$place/plugins")"
grep -q 'goconf.*started' "$place/plugins" || die "plugins: $(cat "$place/plugins")"

seen=$("$place/client/client-example" "$address") || die "the client program failed"
[[ $seen == "seen: hello, then good bye" ]] || die "the client program said: $seen"

kill -TERM "$node"
wait "$node" || die "cofferd ended with $?"
say "done"
