#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks paxos.pml: the protocol in every configuration below, exhaustively, and
# every mutant (a rule left out), which must be refuted. Prints a table; ends with 1
# if a configuration fails or was not searched to its end, if a mutant survives or
# fails by another assertion than it should, or if a witness is not reached.
#
#   run.sh              everything
#   run.sh --quick      smaller bounds for the protocol, all mutants
#   run.sh --trail NAME the shortest counterexample of a mutant (or of a witness)
#   run.sh --list       the names
#
# One core, less than 4 GB of memory; all files are made in a temporary directory.

set -u
here=$(cd "$(dirname "$0")" && pwd)
mode=full
trail=
case "${1-}" in
  '') ;;
  --quick) mode=quick ;;
  --list) mode=list ;;
  --trail) mode=trail; trail=${2-} ;;
  *) sed -n '4,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

for tool in spin gcc timeout; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is not installed (Debian: spin, gcc, coreutils)" >&2; exit 1; }
done

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
bad=0
rows=0
verdict_ok=holds

# build DEFS GCCDEFS: the checker `pan` of the model with these switches
build() {
  rm -f "$dir"/*
  cp "$here/paxos.pml" "$dir/" || return 1
  (cd "$dir" && spin $1 -a paxos.pml >spin.out 2>&1) && [ -f "$dir/pan.c" ] && ! grep -q 'Error' "$dir/spin.out" &&
    (cd "$dir" && gcc -w -DSAFETY -DNOFAIR -DMEMLIM=3500 $2 -o pan pan.c >gcc.out 2>&1)
}

# search: runs pan; sets out and secs (processor time)
search() {
  local TIMEFORMAT='%U %S'
  { time (cd "$dir" && timeout 900 ./pan -m10000 -w24 >pan.out 2>&1); } 2>"$dir/time"
  out=$(cat "$dir/pan.out")
  secs=$(awk '{ printf "%.1f", $1 + $2 }' "$dir/time")
}

row() { printf '%-26s %-42s %9s %6s  %s\n' "$@"; }
states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$out" | head -1; }

# holds WHEN NAME BOUNDS DEFS: the protocol itself. WHEN: both, quick, full.
holds() {
  case $1-$mode in both-full | both-quick | full-full | quick-quick) ;; *) return ;; esac
  rows=$((rows + 1))
  local verdict=$verdict_ok
  if build "$4" "-O2"; then
    search
    if ! grep -q 'errors: 0$' <<<"$out"; then verdict="FAILS $(grep -m1 violated <<<"$out")"
    elif grep -qiE 'max search depth too small|out of memory|not completed|VECTORSZ|truncated|reached -DMEMLIM' <<<"$out"; then verdict='NOT SEARCHED TO THE END'
    elif [ -z "$(states)" ]; then verdict='NO RESULT'
    fi
  else
    out= secs=-
    verdict='DOES NOT BUILD'
  fi
  [ "$verdict" = "$verdict_ok" ] || { bad=1; verdict="$verdict <<<"; }
  row "$2" "$3" "$(states)" "$secs" "$verdict"
}

# refuted NAME BOUNDS ASSERTION DEFS: this very assertion must fail. Breadth first:
# the counterexample is a shortest one.
refuted() {
  [ "$mode" = list ] && { echo "$1"; return; }
  [ "$mode" = trail ] && [ "$trail" != "$1" ] && return
  rows=$((rows + 1))
  local verdict steps
  if build "-DSHORTEST $4" "-O1 -DBFS"; then
    search
    if grep -q "assertion violated $3 " <<<"$out"; then
      steps=$(sed -n 's/.*at depth \([0-9]*\)).*/\1/p' <<<"$out" | head -1)
      verdict="refuted: $3, $(((steps + 1) / 2)) steps"
      [ "$3" = unreached ] && verdict="reached, $(((steps + 1) / 2)) steps"
    else
      bad=1
      verdict="NOT REFUTED by $3 <<< $(grep -m1 -E 'violated|out of memory|errors:' <<<"$out")"
    fi
  else
    bad=1
    out= secs=-
    verdict='DOES NOT BUILD <<<'
  fi
  if [ "$mode" = trail ]; then
    echo "$1: $2: $verdict"
    echo "spin -DSHORTEST $4 -a paxos.pml; gcc -O2 -DSAFETY -DBFS -o pan pan.c; ./pan -m10000; spin -T -DTRAIL -DSHORTEST $4 -t paxos.pml"
    echo
    (cd "$dir" && spin -T -DTRAIL -DSHORTEST $4 -t paxos.pml 2>&1) | sed '/^spin: trail ends/,$d'
    return
  fi
  row "$1" "$2" "$(states)" "$secs" "$verdict"
}

begun=$SECONDS
case $mode in full | quick) row configuration bounds states 'cpu s' verdict ;; esac

same='-DSYM=7'                          # {1,2,3} -> {1,2,3}
one='-DNA=4 -DM2=14 -DSYM=6'            # {1,2,3} -> {2,3,4}
other='-DNA=4 -DM2=8 -DSYM=7'           # {1,2,3} -> {4}
shrink='-DM2=1 -DSYM=6'                 # {1,2,3} -> {1}

holds both  'one epoch'              '2 ballots x 3 slots'                    "-DB=2 -DS=3 $same"
holds both  'one epoch'              '3 ballots x 2 slots'                    "-DB=3 -DS=2 $same"
holds both  'one epoch'              '4 ballots x 1 slot'                     "-DB=4 -DS=1 $same"
holds both  'two epochs {123}->{123}' '2+2 ballots x 2 slots'                 "-DB=4 -DE2=12 -DS=2 $same"
holds full  'two epochs, no symmetry' '2+2 ballots x 2 slots'                 "-DB=4 -DE2=12 -DS=2"
holds quick 'two epochs {123}->{123}' '2+1 ballots x 3 slots'                 "-DB=3 -DE2=4 -DS=3 $same"
holds full  'two epochs {123}->{123}' '3+2 ballots x 2 slots'                 "-DB=5 -DE2=24 -DS=2 $same"
holds full  'two epochs {123}->{123}' '2+2 ballots x 3 slots'                 "-DB=4 -DE2=12 -DS=3 $same"
holds both  'two epochs {123}->{234}' '2+2 ballots x 2 slots'                 "-DB=4 -DE2=12 -DS=2 $one"
holds full  'two epochs {123}->{234}' '2+1 ballots x 3 slots'                 "-DB=3 -DE2=4 -DS=3 $one"
holds quick 'two epochs {123}->{4}'   '2+2 ballots x 2 slots'                 "-DB=4 -DE2=12 -DS=2 $other"
holds full  'two epochs {123}->{4}'   '2+2 ballots x 3 slots'                 "-DB=4 -DE2=12 -DS=3 $other"
holds both  'two epochs {123}->{1}'   '2+2 ballots x 2 slots'                 "-DB=4 -DE2=12 -DS=2 $shrink"

# Mutants that break nothing here; README.md says why. Only agreement is asked for.
verdict_ok='not refuted here'
holds full 'votes-not-voided'         '{123}, 2+1 ballots x 3 slots'          "-DTWO -DM_NOVOID -DB=3 -DE2=4 -DS=3 $same"
holds full 'votes-not-voided'         '{234}, 2+2 ballots x 2 slots'          "-DTWO -DM_NOVOID -DB=4 -DE2=12 -DS=2 $one"
holds full 'no-epoch-in-ballot'       '{123}, epochs of the ballots 2112, 2 slots' "-DTWO -DM_EPOCH -DB=4 -DE2=9 -DS=2 $same"
holds full 'no-epoch-in-ballot'       '{4}, epochs of the ballots 2112, 2 slots' "-DTWO -DM_EPOCH -DB=4 -DE2=9 -DS=2 $other"

refuted no-epoch-in-ballot   '{234}, epochs of the ballots 2112, 2 slots' agreement \
  "-DTWO -DM_EPOCH -DB=4 -DE2=9 $one -DNARROW=1"
refuted no-epoch-fresh-promise '{123}, epochs of the ballots 211, 2 slots' agreement \
  "-DTWO -DM_EPOCH=2 -DB=3 -DE2=1 -DNARROW=1"
refuted ballot-0-without-phase-1 '1+2 ballots x 2 slots' agreement      "-DTWO -DM_BALLOT0 -DB=3 -DE2=6"
refuted no-discard-above-stop '3+1 ballots x 2 slots' agreement         "-DTWO -DM_NODISCARD -DB=4 -DE2=8 $same -DNARROW=1"
refuted votes-out-of-order   '3+1 ballots x 2 slots' agreement          "-DTWO -DM_DISORDER -DB=4 -DE2=8 $same -DNARROW=1"
refuted proposing-past-a-stop '1+1 ballots x 2 slots' agreement         "-DTWO -DM_PASTSTOP -DB=2 -DE2=2"
refuted naive-chosenUpTo     '2 ballots x 1 slot' told_is_chosen        "-DTWO -DM_NAIVE -DB=2 -DS=1"
refuted votes-not-voided     '2+1 ballots x 2 slots' discarded          "-DM_NOVOID -DB=3 -DE2=4"
refuted minority-chooses     '2 ballots x 1 slot' agreement             "-DTWO -DM_MINORITY -DB=2 -DS=1"
refuted minority-prepares    '2 ballots x 1 slot' agreement             "-DTWO -DM_PHASE1 -DB=2 -DS=1"
refuted vote-below-promise   '2 ballots x 1 slot' agreement             "-DTWO -DM_LATEVOTE -DB=2 -DS=1"
refuted ack-below-promise    '2 ballots x 1 slot' agreement             "-DTWO -DM_LATEACK -DB=2 -DS=1"
refuted counting-older-votes '4 ballots x 1 slot' agreement             "-DTWO -DM_OLDVOTES -DB=4 -DS=1 -DNARROW=1"
refuted resumed-ballot       '1 ballot x 1 slot' told_is_chosen         "-DTWO -DM_RESUME -DB=1 -DS=1"

refuted witness-epoch-2-chooses   '1+1 ballots x 2 slots' unreached       "-DWITNESS=1 -DB=2 -DE2=2"
refuted witness-discard           '3 ballots x 2 slots' unreached         "-DWITNESS=2 -DB=3"
refuted witness-chosen-for-vote   '1 ballot x 2 slots' unreached          "-DWITNESS=3 -DB=1"
refuted witness-stale-epoch       '1+1 ballots x 2 slots' unreached       "-DWITNESS=4 -DB=2 -DE2=2"
refuted witness-ack-by-chosen     '2 ballots x 2 slots' unreached         "-DWITNESS=5 -DB=2"

case $mode in
  trail) [ $rows -gt 0 ] || { echo "run.sh: no mutant '$trail' (--list names them)" >&2; bad=1; } ;;
  full | quick)
    if [ $bad = 0 ]; then echo "model: all $rows as expected ($((SECONDS - begun)) s by the clock)"
    else echo "model: FAILED, see the lines with <<<"; fi ;;
esac
exit $bad
