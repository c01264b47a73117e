#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The fire drills of docs/operations.md, with real processes: what is said there is what runs here.
#
#   drills.sh <folder of cofferd, cofferd-data and coffer> <folder for data> <drill>
#
# Ends with 77 where this machine does not let a drill be made.
set -euo pipefail

place=$2 drill=$3
export PATH=$1:$PATH
unset COFFER_ENDPOINTS
die() { printf 'drill %s: %s\n' "$drill" "$*" >&2; tail -n 5 "$place"/*.log >&2; exit 1; }
say() { printf '\n%s\n' "$*"; }
shown() { printf '  $ %s\n' "$*"; "$@"; }

# A private mount, gone with this process; only the drill of the full disk needs it.
if [[ $drill == fullDisk && ${4:-} != inside ]]; then
    unshare --mount --map-root-user true 2>/dev/null || exit 77
    exec unshare --mount --map-root-user bash "$0" "$1" "$2" "$3" inside
fi

declare -A pids clients peersOf
rm -rf "${place:?}"
mkdir -p "$place"
cd "$place"
cleanUp() {
    local n
    for n in "${!pids[@]}"; do kill -9 "${pids[$n]}" 2>/dev/null || true; done
    cd /
}
trap cleanUp EXIT

# ---- nodes

usedPorts=" "
newPort() { # sets port
    while :; do
        port=$((20000 + RANDOM % 12000))
        [[ $usedPorts == *" $port "* ]] && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        usedPorts+="$port "
        return
    done
}
givePorts() { # givePorts <node>...
    local n
    for n in "$@"; do
        newPort && clients[$n]=127.0.0.1:$port
        newPort && peersOf[$n]=127.0.0.1:$port
    done
}
listOf() { # the peers of these nodes, as --peers wants them
    local n list=
    for n in "$@"; do list+=${list:+,}${peersOf[$n]}; done
    echo "$list"
}
endpoints() { # whom `coffer` asks from here on
    local n list=
    for n in "$@"; do list+=${list:+,}${clients[$n]}; done
    export COFFER_ENDPOINTS=$list
}
start() { # start <node> <directory> <peers>
    local n=$1 dir=$2 peers=$3
    printf '  $ cofferd --data %s --cluster-name drill --peers %s --listen %s --listen-peers %s\n' \
        "$dir" "$peers" "${clients[$n]}" "${peersOf[$n]}"
    cofferd --data "$dir" --cluster-name drill --peers "$peers" --listen "${clients[$n]}" \
        --listen-peers "${peersOf[$n]}" >"n$n.out" 2>"n$n.log" </dev/null &
    pids[$n]=$!
}
isAlive() { [[ -n $(readlink "/proc/${pids[$1]}/exe") ]]; }
hasEnded() { ! isAlive "$1"; }
end() { # end <signal> <node>...
    local signal=$1 n
    shift
    for n in "$@"; do
        kill "-$signal" "${pids[$n]}" 2>/dev/null || true
        wait "${pids[$n]}" 2>/dev/null || true
        unset "pids[$n]"
    done
}
waitFor() { # waitFor <what> <command>...
    local what=$1 tries
    shift
    for tries in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        read -rt 0.1 <> <(:) || true
    done
    die "waited in vain for: $what"
}
isReady() { grep -q ready "n$1.out"; }
field() { # field <node> <name>: a number or a text of its status
    coffer --endpoints "${clients[$1]}" --timeout 3 --json status \
        | grep -o "\"$2\":\"\?[0-9a-z]*" | tail -n 1 | sed 's/.*:"\?//'
}
answers() { [[ -n $(field "$1" node) ]]; }
found() { # three nodes that serve
    givePorts 1 2 3
    local n
    for n in 1 2 3; do start $n n$n "$(listOf 1 2 3)"; done
    for n in 1 2 3; do waitFor "node $n" isReady $n; done
    endpoints 1 2 3
}

# ---- data

writeKeys() { # writeKeys <from> <to>
    local i
    for i in $(seq "$1" "$2"); do coffer put "/drill/$i" "value $i" >/dev/null; done
}
checkKeys() { # checkKeys <last>: all up to it are there, and nothing else
    local i
    [[ $(coffer find '/drill/*' | wc -l) == "$1" ]] || die "there are not $1 keys"
    for i in $(seq "$1"); do
        [[ $(coffer get "/drill/$i") == "value $i" ]] || die "/drill/$i is not what was written"
    done
}
fails() { # fails <exit code> <command>...
    local wanted=$1 code=0
    shift
    printf '  $ %s\n' "$*"
    "$@" || code=$?
    [[ $code == "$wanted" ]] || die "'$*' ended with $code, not $wanted"
}
haveApplied() { # all of these nodes hold what the first one has
    local n first
    first=$(field "$1" chosen)
    for n in "$@"; do (($(field "$n" applied) >= first)) || return 1; done
}
settled() { waitFor "nodes $* to be even" haveApplied "$@"; }
# What somebody may still have of the cluster before: a revision, a session, a place to watch from.
checkNothingComesBack() { # checkNothingComesBack <revision> <session>
    say "Nothing that was known of the cluster before is met again."
    fails 4 coffer put /drill/1 new --if-revision "$1"
    fails 3 coffer session keep-alive "$2"
    fails 4 coffer watch '/drill/*' --from "$1" --count 1
    (($(coffer --json put /after/it yes | grep -o '"revision":[0-9]*' | cut -d: -f2) > 1 << 32)) \
        || die "the revision was not raised"
}
checkStaysOut() { # checkStaysOut <node> <directory> <peer>: a member of the cluster before
    say "A member of the cluster before is turned away."
    start "$1" "$2" "${peersOf[$3]},${peersOf[$1]}"
    waitFor "node $1 to answer" answers "$1"
    waitFor "node $1 to be refused" grep -q "members of different clusters" "n$1.log"
    coffer --endpoints "${clients[$1]}" --timeout 1 put /from/the/past no 2>/dev/null \
        && die "it takes writes"
    [[ $(field "$1" cluster) != "$(field "$3" cluster)" ]] || die "it found its way in"
    fails 3 coffer get /from/the/past
}

# ---- the drills

lostMember() {
    found
    writeKeys 1 30
    settled 1 2 3
    local old new
    old=$(field 3 node)
    say "Node 3 and its disk are gone."
    end KILL 3
    rm -rf n3
    writeKeys 31 40
    say "A new machine, with an empty directory; in the list it stands in the place of the old one."
    givePorts 4
    start 4 n4 "$(listOf 1 2 4)"
    waitFor "node 4 to answer" answers 4
    new=$(field 4 node)
    say "It is interrupted on the way: the change waits, and is asked for again."
    end KILL 4
    fails 1 coffer node replace "$old" "$new" --wait 1
    start 4 n4 "$(listOf 1 2 4)"
    shown coffer node replace "$old" "$new"
    shown coffer node replace "$old" "$new"
    endpoints 1 2 4
    shown coffer status
    coffer member list | grep -q "$old" && die "the old one is still a member"
    settled 1 2 4
    say "The new one counts: with it, one of the others may go."
    end KILL 1
    endpoints 2 4
    writeKeys 41 50
    checkKeys 50
}

damagedDisk() {
    found
    writeKeys 1 30
    settled 1 2 3
    local old new segment
    old=$(field 3 node)
    say "The disk of node 3 changes a byte of what it keeps."
    end KILL 3
    segment=$(find n3/journal -name 'segment-*' | sort | head -n 1)
    printf '\xff\x00\xff\x00' | dd of="$segment" bs=1 seek=4140 conv=notrunc status=none
    start 3 n3 "$(listOf 1 2 3)"
    waitFor "node 3 to end" hasEnded 3
    local code=0
    wait "${pids[3]}" || code=$?
    unset "pids[3]"
    [[ $code == 3 ]] || die "node 3 ended with $code"
    grep -q "$(basename "$segment")" n3.log || die "it does not name the file"
    say "It says so and does not start. Keep a copy; then it comes back as a new node."
    writeKeys 31 40
    mv n3 n3.damaged
    start 3 n3 "$(listOf 1 2 3)"
    waitFor "node 3 to answer" answers 3
    new=$(field 3 node)
    [[ $new != "$old" ]] || die "it is still the old one"
    shown coffer node replace "$old" "$new"
    settled 1 2 3
    writeKeys 41 50
    checkKeys 50
}

lostMajority() {
    found
    local session revision
    writeKeys 1 30
    session=$(coffer session open --ttl 3600)
    settled 1 2 3
    cp -r n2 n2.copy
    say "Two of three are lost for good. No write is taken any more."
    end KILL 2 3
    revision=$(field 1 revision)
    coffer --timeout 2 put /drill/31 lost 2>/dev/null && die "a write was taken"
    end KILL 1
    say "What node 1 holds becomes a new cluster. It asks first."
    fails 2 coffer node recover --data n1
    fails 1 coffer node recover --force-single --data n1 <<<"yes"
    [[ ! -e n1.recovered ]] || die "it did something without a yes"
    shown coffer node recover --force-single --data n1 --yes-i-accept-losing-acknowledged-writes
    givePorts 4 5
    start 1 n1.recovered "$(listOf 1 4 5)"
    endpoints 1
    waitFor "node 1" isReady 1
    checkKeys 30
    checkNothingComesBack "$((revision + 5))" "$session"
    say "Two new nodes make it three again."
    start 4 n4 "$(listOf 1 4 5)"
    start 5 n5 "$(listOf 1 4 5)"
    local n
    for n in 4 5; do
        waitFor "node $n to answer" answers $n
        shown coffer node add "$(field $n node)"
    done
    settled 1 4 5
    checkStaysOut 2 n2.copy 1
    end KILL 1
    endpoints 4 5
    writeKeys 31 40
    checkKeys 40
}

restore() {
    found
    local session revision
    writeKeys 1 30
    session=$(coffer session open --ttl 3600)
    shown coffer backup monday.coffer
    fails 4 coffer backup monday.coffer
    shown coffer backup --verify monday.coffer
    say "What comes later is not in it."
    writeKeys 31 40
    settled 1 2 3
    revision=$(field 1 revision)
    end KILL 1 2 3
    say "A file that is cut is refused, and leaves nothing behind."
    head -c 20000 monday.coffer >cut.coffer
    fails 1 coffer restore cut.coffer --data r1
    fails 1 coffer restore monday.coffer --data n1
    shown coffer restore monday.coffer --data r1
    givePorts 4 5 6
    start 4 r1 "$(listOf 4 5 6)"
    endpoints 4
    waitFor "node 4" isReady 4
    checkKeys 30
    checkNothingComesBack "$revision" "$session"
    start 5 r2 "$(listOf 4 5 6)"
    start 6 r3 "$(listOf 4 5 6)"
    local n
    for n in 5 6; do
        waitFor "node $n to answer" answers $n
        shown coffer node add "$(field $n node)"
    done
    settled 4 5 6
    checkStaysOut 2 n2 4
    end KILL 4
    endpoints 5 6
    writeKeys 31 40
    checkKeys 40
}

movedNode() {
    found
    writeKeys 1 30
    settled 1 2 3
    local id
    id=$(field 3 node)
    say "Node 3 moves to another machine: its directory goes along, its address does not."
    end TERM 3
    writeKeys 31 40
    shown mv n3 moved
    givePorts 3
    start 3 moved "$(listOf 1 2 3)"
    waitFor "node 3" isReady 3
    [[ $(field 3 node) == "$id" ]] || die "it is another one now"
    endpoints 1 2 3
    settled 1 2 3
    say "It counts as before: with it, one of the others may go."
    end KILL 1
    endpoints 2 3
    writeKeys 41 50
    checkKeys 50
}

fullDisk() {
    mkdir n3
    mount -t tmpfs -o size=100m drill n3 2>/dev/null || exit 77
    found
    writeKeys 1 10
    settled 1 2 3
    say "Something else fills the disk of node 3. The two others go on."
    head -c 200M /dev/zero >n3/ballast 2>/dev/null || true
    endpoints 1 2 # node 3 answers no linearizable read meanwhile
    local i
    head -c 750000 /dev/urandom | base64 -w 0 >large
    for i in $(seq 50); do coffer put "/large/$((i % 3))" - <large >/dev/null; done
    writeKeys 11 20
    checkKeys 20
    isAlive 3 || die "node 3 ended"
    haveApplied 1 3 && die "the disk of node 3 was never full"
    say "Space is made; it goes on by itself."
    shown rm n3/ballast
    settled 1 2 3
    end KILL 1
    endpoints 2 3
    writeKeys 21 30
    checkKeys 30
}

case $drill in
    lostMember | damagedDisk | lostMajority | restore | movedNode | fullDisk) "$drill" ;;
    *) echo "drills.sh: there is no drill '$drill'" >&2 && exit 2 ;;
esac
say "The drill $drill went well."
