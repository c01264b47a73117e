#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The tour of ./dev demo: three nodes on this machine, what a client sees of them, and what it sees
# when the leader is killed. Each command is shown before it runs.
#
#   demo.sh <folder of cofferd and coffer> <folder for data> [--then-stop]
#   demo.sh <...> <folder for data> --stop     only stops the nodes of an earlier tour
set -euo pipefail

programs=$1 place=$2 then=${3:-}
cofferd=$programs/cofferd coffer=$programs/coffer

if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# Shows a command and runs it; what it prints is indented.
run() {
    local word shown='' status=0
    for word in "$@"; do
        [[ $word == *[*?]* ]] && word="'$word'"
        shown+=" $word"
    done
    printf '  $%s\n' "$shown"
    "$coffer" "${@:2}" 2>&1 | sed 's/^/    /' || status=$?
    return "$status"
}

# The process of node $1, if it is still one of ours.
pidOf() {
    local pid
    pid=$(cat "$place/n$1/pid" 2>/dev/null) || return 1
    [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */cofferd* ]] || return 1
    echo "$pid"
}

stopAll() {
    local n pid pids=()
    for n in 1 2 3; do
        pid=$(pidOf "$n") || continue
        kill -TERM "$pid"
        pids+=("$pid")
    done
    for pid in ${pids[@]+"${pids[@]}"}; do
        tail --pid="$pid" -f /dev/null
    done
}

isFree() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Six ports in a row, for clients and for peers.
findPorts() {
    local base port
    for base in $(seq 7400 10 7990); do
        for port in $(seq "$base" $((base + 5))); do
            isFree "$port" || continue 2
        done
        echo "$base"
        return
    done
    die "no six free ports between 7400 and 7999"
}

startNode() {
    local n=$1 dir=$place/n$1
    mkdir -p "$dir"
    "$cofferd" --data "$dir/data" --cluster-name demo --peers "$peers" \
        --listen "127.0.0.1:$((base + n - 1))" --listen-peers "127.0.0.1:$((base + 2 + n))" \
        >"$dir/out" 2>"$dir/log" </dev/null &
    echo $! >"$dir/pid"
    disown
}

waitReady() {
    local n=$1 tries
    for tries in $(seq 300); do
        grep -q ready "$place/n$n/out" && return
        pidOf "$n" >/dev/null || die "node $n ended; see $place/n$n/log"
        read -rt 0.05 <> <(:) || true
    done
    die "node $n is not ready after 15 s; see $place/n$n/log"
}

nodeOf() { sed -n 's/.*ready.*: node \([0-9a-f]*\) of.*/\1/p' "$place/n$1/out"; }

# The number of the node that leads, as one that lives says it.
leader() {
    local id n
    id=$("$coffer" --json status | sed -n 's/.*"leader":"\{0,1\}\([0-9a-f]*\).*/\1/p' | head -n 1)
    for n in 1 2 3; do
        [[ $(nodeOf "$n") == "$id" ]] && echo "$n" && return
    done
    die "nobody leads"
}

stopAll
[[ $then == --stop ]] && exit
rm -rf "${place:?}"
mkdir -p "$place"
base=$(findPorts)
peers=127.0.0.1:$((base + 3)),127.0.0.1:$((base + 4)),127.0.0.1:$((base + 5))
export COFFER_ENDPOINTS=127.0.0.1:$base,127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2))
[[ $then == --then-stop ]] && trap stopAll EXIT

say "Three nodes found a cluster. Each has the same list of peers; nobody is told to lead."
for n in 1 2 3; do
    printf '  $ cofferd --data n%s/data --cluster-name demo --peers %s \\\n' "$n" "$peers"
    printf '        --listen 127.0.0.1:%s --listen-peers 127.0.0.1:%s\n' \
        $((base + n - 1)) $((base + 2 + n))
    startNode "$n"
done
for n in 1 2 3; do waitReady "$n"; done
run coffer status

say "A write is answered when a majority has it on disk. Any node takes it."
run coffer put /shop/checkout/timeout 30s
run coffer put /shop/checkout/retries 3
run coffer get /shop/checkout/timeout
run coffer ls /shop/checkout

say "A change that rests on something old is refused, and says what is there now."
run coffer put /shop/checkout/timeout 45s --if-missing || true

say "Somebody watches. Every change comes once and in order, whoever made it."
printf "  $ coffer watch '/shop/**' --from 1 --count 4 &\n"
"$coffer" watch '/shop/**' --from 1 --count 4 >"$place/watched" 2>&1 &
watcher=$!
run coffer put /shop/checkout/timeout 60s
run coffer del /shop/checkout/retries
wait "$watcher" || die "the watcher failed: $(cat "$place/watched")"
sed 's/^/    /' "$place/watched"

killed=$(leader)
say "The leader is node $killed. It is killed, without a chance to say anything."
printf '  $ kill -9 %s\n' "$(pidOf "$killed")"
kill -9 "$(pidOf "$killed")"
begin=$(date +%s%N)
run coffer put /shop/checkout/timeout 90s
printf '    %sdone after %s ms, with the start of the program and the election%s\n' "$dim" \
    $((($(date +%s%N) - begin) / 1000000)) "$plain"
run coffer get /shop/checkout/timeout

say "It comes back, and catches up."
: >"$place/n$killed/out"
startNode "$killed"
waitReady "$killed"
run coffer status
run coffer history '/shop/**'

[[ $then == --then-stop ]] && exit
say "The cluster stays. Try it:"
cat <<TEXT
  export PATH=$programs:\$PATH
  export COFFER_ENDPOINTS=$COFFER_ENDPOINTS
  coffer tree /
  curl http://127.0.0.1:$base/v1/store/shop/checkout/timeout
  coffer bench write --duration 5
Its data and logs are in $place; ./dev demo --stop ends it.
TEXT
