#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The tour of ./dev demo: three nodes and two hosts on this machine, and the configuration of a
# small shop on its way to the hosts, with a leader that dies and versions that are refused. Each
# command is shown before it runs, and what it should have done is checked.
#
#   demo.sh <folder of the programs> <folder for data> [--check]
#   demo.sh <folder of the programs> <folder for data> --stop
#
# --check ends everything after the tour; --stop only ends what an earlier tour left running.
set -euo pipefail

programs=$1 place=$2 then=${3:-}
cofferd=$programs/cofferd coffer=$programs/coffer agent=$programs/coffer-agent
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../demo" && pwd)

if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# Shows a command and runs it; what it prints is indented.
run() {
    local word shown='' status=0
    for word in "$@"; do
        [[ $word == *[*?\ []* ]] && word="'$word'"
        shown+=" $word"
    done
    shown=${shown//"$demo/"/demo/}
    printf '  $%s\n' "$shown"
    "$programs/$1" "${@:2}" >"$place/said" 2>&1 </dev/null || status=$?
    sed 's/^/    /' "$place/said"
    return "$status"
}

# Runs a command that has to be refused, with $1 in what it says.
refused() {
    local said=$1
    shift
    run "$@" && die "that should have been refused: $*"
    grep -qF -- "$said" "$place/said" || die "expected '$said' of: $*"
}

# Waits for something to become true; $1 says what.
await() {
    local what=$1 tries
    shift
    for tries in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        read -rt 0.05 <> <(:) || true
    done
    die "this did not happen within 30 s: $what"
}

# The process of $1 (n1, web-1), if it is still one of ours.
pidOf() {
    local pid
    pid=$(cat "$place/$1/pid" 2>/dev/null) || return 1
    [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */coffer* ]] || return 1
    echo "$pid"
}

stopAll() {
    local one pid pids=()
    for one in web-1 web-2 n1 n2 n3; do
        pid=$(pidOf "$one") || continue
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
        pidOf "n$n" >/dev/null || die "node $n ended; see $place/n$n/log"
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

# Host $1 in data centre $2: a folder with what the machine would have below /.
makeHost() {
    local host=$1 idc=$2 dir=$place/$1 line
    mkdir -p "$dir/targets.d" "$dir/state" "$dir/srv/shop"
    cat >"$dir/agent.toml" <<TOML
state = "$dir/state"
socket = "$dir/agent.sock"
targets = "$dir/targets.d"
scrub = "1s"
TOML
    cat >"$dir/targets.d/shop.toml" <<TOML
service = "shop"
destination = "$dir/srv/shop"
check = { command = ["$demo/host/check"] }
reload = { command = ["$demo/host/reload", "$dir/reloads"] }
TOML
    run coffer fleet enroll "$host" --idc "$idc" --service shop
    line=$(grep -o 'coffer-agent join .*' "$place/said") || die "no line to run on $host"
    read -r -a line <<<"$line"
    run coffer-agent --config "$dir/agent.toml" "${line[@]:1}"
    printf '  $ coffer-agent --config %s/agent.toml &\n' "$host"
    "$agent" --config "$dir/agent.toml" >"$dir/out" 2>"$dir/log" </dev/null &
    echo $! >"$dir/pid"
    disown
}

# A value in a file of host $1.
onHost() { sed -n "s/^ *$3[: ]*\\([^ #]*\\).*/\\1/p" "$place/$1/srv/shop/current/$2" | head -n 1; }
hostHas() { [[ $(onHost "$1" "$2" "$3") == "$4" ]]; }
expectOnHosts() { # file, name, value
    local host
    for host in web-1 web-2; do
        hostHas "$host" "$1" "$2" "$3" \
            || die "$host has $2 = $(onHost "$host" "$1" "$2") in $1, not $3"
    done
}

stopAll
[[ $then == --stop ]] && exit
rm -rf "${place:?}"
mkdir -p "$place"
base=$(findPorts)
peers=127.0.0.1:$((base + 3)),127.0.0.1:$((base + 4)),127.0.0.1:$((base + 5))
export COFFER_ENDPOINTS=127.0.0.1:$base,127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2))
export USER=${USER:-you}
[[ $then == --check ]] && trap stopAll EXIT

say "Three nodes found a cluster. Each has the same list of peers; nobody is told to lead."
for n in 1 2 3; do
    printf '  $ cofferd --data n%s/data --cluster-name demo --peers %s \\\n' "$n" "$peers"
    printf '        --listen 127.0.0.1:%s --listen-peers 127.0.0.1:%s\n' \
        $((base + n - 1)) $((base + 2 + n))
    startNode "$n"
done
for n in 1 2 3; do waitReady "$n"; done
run coffer status

say "A shop in two data centres. Its files come in as they are, its flags as typed keys."
run coffer config idc create sh001
run coffer config idc create bj001
run coffer config service create shop --note 'the web shop'
run coffer config import shop "$demo/shop"
run coffer config import shop "$demo/flags.yaml" --as-keys yaml
run coffer config output shop flags.json --format json
run coffer config tree shop --draft

say "Two hosts are admitted; each runs the line that this prints, and its agent."
makeHost web-1 sh001
makeHost web-2 bj001

say "The first version. --wait ends when both hosts have it on disk and say that it works."
run coffer config publish shop -m 'as it was on the old machines' --wait
expectOnHosts application.yaml port 8080
printf '  $ ls web-1/srv/shop/current/\n'
ls -l "$place/web-1/srv/shop/current/" | sed 's/^/    /'
cmp "$demo/shop/nginx.conf" "$place/web-1/srv/shop/current/nginx.conf" \
    || die "nginx.conf is not what was imported"

say "One value in a file is edited: its comments and order stay. What would change, and where?"
run coffer config set shop application.yaml#/spring/datasource/hikari/maximum-pool-size 48
run coffer config diff shop
run coffer config publish shop -m 'more connections' --dry-run
expectOnHosts application.yaml maximum-pool-size 32
run coffer config publish shop -m 'more connections' --wait
expectOnHosts application.yaml maximum-pool-size 48

say "A value of one data centre alone: bj001 searches in Chinese only."
run coffer config set shop@bj001 search/languages '["zh"]'
run coffer config publish shop@bj001 -m 'Beijing searches in Chinese' --wait
run coffer config diff shop v3@bj001 v2@bj001
run coffer config why shop@bj001 search/languages

killed=$(leader)
say "The leader, node $killed, is killed in the middle of a publish."
run coffer config set shop checkout/percent-with-coupons 50
printf '  $ coffer config publish shop -m %s --wait & kill -9 %s\n' "'coupons for half'" \
    "$(pidOf "n$killed")"
"$coffer" config publish shop -m 'coupons for half' --wait >"$place/published" 2>&1 &
publisher=$!
kill -9 "$(pidOf "n$killed")"
wait "$publisher" || die "the publish failed: $(cat "$place/published")"
sed 's/^/    /' "$place/published"
expectOnHosts flags.json '"percent-with-coupons"' 50

say "A file that is no YAML any more is refused: nothing changes anywhere."
sed 's/^payment:/payment: [/' "$demo/shop/application.yaml" >"$place/broken.yaml"
run coffer config import shop "$place/broken.yaml" --path application.yaml
refused application.yaml coffer config publish shop -m 'oops'
run coffer config discard shop

say "A port that cannot be is good YAML. The hosts' own check refuses it; they keep what they had."
run coffer config set shop application.yaml#/server/port 99999
refused 'ports end at 65535' coffer config publish shop -m 'another port' --wait
expectOnHosts application.yaml port 8080
run coffer fleet

say "Back to the version before: a switch of one pointer."
run coffer config rollback shop --undo -m 'the port was wrong' --wait
run coffer config history shop
run coffer fleet

say "Node $killed comes back, and catches up."
: >"$place/n$killed/out"
startNode "$killed"
waitReady "$killed"
run coffer status

say "Somebody edits a file on a host by hand. The agent says so."
echo '# a quick fix' >>"$place/web-1/srv/shop/current/redis.conf"
hasDrifted() { "$coffer" fleet --state drifted | grep -q web-1; }
await "web-1 reports the drift" hasDrifted
run coffer fleet

[[ $then == --check ]] && exit
say "Everything stays. Try it:"
cat <<TEXT
  export PATH=$programs:\$PATH
  export COFFER_ENDPOINTS=$COFFER_ENDPOINTS
  coffer config tree shop@bj001 --effective
  coffer config set shop search/suggestions false
  coffer config publish shop -m 'no suggestions' --wait
  curl 'http://127.0.0.1:$base/v1/config/shop/sh001?output=flags.json'
  coffer-agent --config $place/web-1/agent.toml status
Data and logs are in $place; ./dev demo --stop ends it.
TEXT
