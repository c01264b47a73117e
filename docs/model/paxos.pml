/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coffer's consensus as a bounded model: ballots, in-order votes, cumulative
 * acknowledgements and stop-sign epochs. README.md says what is abstracted;
 * run.sh checks every configuration and refutes every mutant.
 *
 * Bounds (all may be set with -D):
 *   B       ballots in all, numbered 0..B-1 in the order in which they compare
 *   E2      bit mask of the ballots that belong to epoch 2 (the others: epoch 1)
 *   S       slots, numbered 0..S-1 here, 1..S in what is printed
 *   NA      acceptors, numbered 0..NA-1 here, 1..NA in what is printed
 *   M1, M2  bit masks of the voters of epoch 1 and of epoch 2
 *   STOPS   1: a leader of epoch 1 may propose a stop; 0: it never does
 *   SYM     bit mask of acceptors that are interchangeable (symmetry), 0: none
 *   NARROW  1: leave out some steps (a Prepare that comes late, more promises than
 *           a majority, learning but for the stop). Only for mutants: a violation
 *           found with fewer steps is one of the whole model
 *
 * Assertions:
 *   agreement           at most one value is chosen in a slot, in all ballots and epochs
 *   nothing_above_stop  nothing is chosen above a stop in the stop's epoch
 *   claim               what a leader counts as chosen (a quorum's durableTo) is chosen
 *   told_is_chosen      what a follower takes as chosen is the chosen value
 *   discarded           what a stop discarded stays out: what epoch 2 chooses was
 *                       first proposed in epoch 2
 * With -DTWO only agreement and told_is_chosen are on: a mutant must then produce
 * two chosen values (or a follower that takes a wrong value for the chosen one).
 *
 * Mutants, each a rule left out:
 *   M_EPOCH     the epoch is not part of the ballot (give E2 an interleaved mask);
 *               M_EPOCH=2: and a node that enters epoch 2 starts with no promise
 *   M_BALLOT0   the ballots of epoch 2 start without phase 1
 *   M_NODISCARD a candidate that recovers a stop keeps what it found above it
 *   M_DISORDER  a voter votes for a slot whatever it holds below
 *   M_PASTSTOP  a leader proposes above a stop that is not chosen yet
 *   M_NAIVE     a follower takes its vote at any ballot for the chosen value
 *   M_NOVOID    votes of epoch 1 are still reported in epoch 2
 *   M_MINORITY  one vote fewer than a majority chooses
 *   M_PHASE1    one promise fewer than a majority completes phase 1
 *   M_OLDVOTES  a leader counts votes for the same value at lower ballots
 *   M_LATEVOTE  a voter ignores its promise when it votes
 *   M_LATEACK   a voter acknowledges at a ballot below its promise
 *   M_RESUME    a restarted leader goes on with its ballot, with other values
 *
 * Witnesses: -DWITNESS=n makes the assertion `unreached` fail where the model does
 * what it is there for, so that "errors: 0" is not said of a model that does nothing:
 *   1  epoch 2 chooses a value in the last slot
 *   2  a candidate recovers a stop and discards a vote it found above it
 *   3  a vote is in order only because a chosen value is held in place of a vote
 *   4  an acceptor still votes in epoch 1 after epoch 2 has chosen
 *   5  a quorum acknowledges a slot at a ballot at which no quorum voted for it
 */

#ifndef B
#define B 3
#endif
#ifndef E2
#define E2 0
#endif
#ifndef S
#define S 2
#endif
#ifndef NA
#define NA 3
#endif
#ifndef M1
#define M1 7
#endif
#ifndef M2
#define M2 7
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef SYM
#define SYM 0
#endif
#ifndef NARROW
#define NARROW 0
#endif
#ifndef WITNESS
#define WITNESS 0
#endif

/* Values. Every ballot has its own fresh value and its own stop. */
#define NONE     0
#define NOOP     1
#define FRESH(b) (2 + (b))
#define AGAIN(b) (8 + (b))       /* M_RESUME: what it proposes after the restart */
#define STOP(b)  (16 + (b))
#define ISSTOP(v) ((v) >= 16)
#define ORIGIN(v) (ISSTOP(v) -> (v) - 16 : (v) - 2)   /* the ballot a value comes from */

/* ---- state of the acceptors: everything here is durable ---------------- */
short vt[NA];   /* votes ever cast: bit b*S+k = voted for slot k at ballot b    */
short dt[NA];   /* durableTo sent: 2 bits a ballot                              */
byte  pr[NA];   /* Promise(b) sent: bit b; dropped once phase 1 of b is over    */
byte  pd[NA];   /* promised ballot + 1; 0: none                                 */
byte  kn[NA];   /* the chosen values of slots 0..kn-1 are held                  */

/* ---- messages of the leaders ------------------------------------------- */
byte prop[B * S]; /* Accept(b, k, value): sent once and for ever deliverable    */
byte done;        /* bit b: phase 1 of ballot b is over, its Accepts are out    */
byte cu[B];       /* chosenUpTo the leader of b may have announced              */

#ifdef M_RESUME
short vg[NA];     /* of the votes: those cast after the leader's restart        */
byte resumed;     /* bit b: the leader of b has restarted                       */
#define SAMEVALUE(a,b,k) (((vg[a] >> ((b) * S + (k))) & 1) == ((resumed >> (b)) & 1))
#else
#define SAMEVALUE(a,b,k) 1
#endif

/* ---- ghosts ------------------------------------------------------------ */
byte chosen[S];   /* value chosen in the slot (a quorum of votes at one ballot) */
byte ss;          /* 1 + slot of the chosen stop; 0: none. Epoch 2 starts there */
byte dcl;         /* slots 0..dcl-1 were announced as chosen by some leader     */

/* scratch: used within one d_step only, hence not part of the state. A breadth-first
 * search (for the shortest counterexample) allows nothing hidden: -DSHORTEST */
#ifdef SHORTEST
#define HIDDEN
#else
#define HIDDEN hidden
#endif
HIDDEN byte i, j, k_, n, x, y, top, v, told;
HIDDEN short m, w;

/* the assertions, named so that the checker's report says which one failed */
HIDDEN byte agreement, nothing_above_stop, claim, told_is_chosen, discarded, unreached;

/* the step taken: set by its guard, read by its effect, 0 between steps */
byte op, pa, pb, pk, pq, pf, pt;

/* ---- expressions ------------------------------------------------------- */
#define EP2(b)      (((E2) >> (b)) & 1)              /* ballot b is of epoch 2 */
#define SET(b)      (EP2(b) -> (M2) : (M1))
#define MEMBER(a,b) ((SET(b) >> (a)) & 1)
#define POP(s)      (((s)&1) + (((s)>>1)&1) + (((s)>>2)&1) + (((s)>>3)&1) + (((s)>>4)&1))
#define MAJ(b)      (POP(SET(b)) / 2 + 1)
#ifdef M_MINORITY
#define QCHOOSE(b)  (MAJ(b) - 1)
#else
#define QCHOOSE(b)  MAJ(b)
#endif
#ifdef M_PHASE1
#define QPREP(b)    (MAJ(b) - 1)
#else
#define QPREP(b)    MAJ(b)
#endif
#define DONE(b)     ((done >> (b)) & 1)
#define VOTED(a,b,k) ((vt[a] >> ((b) * S + (k))) & 1)
#define VOTES(a,b)  ((vt[a] >> ((b) * S)) & ((1 << S) - 1))
#define BELOW(k)    ((1 << (k)) - 1)
#define DT(a,b)     ((dt[a] >> (2 * (b))) & 3)
#define PROMISED(a,b) ((pr[a] >> (b)) & 1)
/* Acceptor a has entered epoch 2: it holds the chosen stop and all below it. */
#define ENTERED(a)  (ss > 0 && kn[a] >= ss)

/* RULE: votes and promises are keyed by epoch: a node answers ballots of its
 * own epoch only. Without the epoch in the ballot it cannot tell. */
#ifdef M_EPOCH
#define MYEPOCH(a,b) 1
#else
#define MYEPOCH(a,b) (EP2(b) == ENTERED(a))
#endif

/* RULE: a Promise reports votes of its own epoch only; at the entry into epoch 2
 * the votes of epoch 1 above the stop are void. */
#if defined(M_EPOCH) || defined(M_NOVOID)
#define REPORTS(c,b) 1
#else
#define REPORTS(c,b) (EP2(c) == EP2(b))
#endif

/* RULE: in-order votes: a vote at b, or the chosen value, for every slot below. */
#ifdef M_DISORDER
#define INORDER(a,b,k) 1
#else
#define INORDER(a,b,k) (((VOTES(a,b) | BELOW(kn[a])) & BELOW(k)) == BELOW(k))
#endif

#ifdef M_LATEVOTE
#define KEEPS(a,b) 1
#else
#define KEEPS(a,b) (pd[a] <= (b) + 1)
#endif

/* Replay with -DTRAIL: the printed names follow the acceptors through the sorting. */
#ifdef TRAIL
byte nm[5] = { 1, 2, 3, 4, 5 };
byte nw;
#define NAME(a) nm[a]
#define RENAME(p,q) nw = nm[p]; nm[p] = nm[q]; nm[q] = nw
#else
#define NAME(a) ((a) + 1)
#define RENAME(p,q) skip; skip; skip
#endif
inline say(u) {
  if
  :: u == NONE -> printf(" -")
  :: u == NOOP -> printf(" noop")
  :: ISSTOP(u) -> printf(" STOP.b%d", ORIGIN(u))
#ifdef M_RESUME
  :: u >= 8 && u < 16 -> printf(" other.b%d", u - 8)
#endif
  :: else -> printf(" value.b%d", ORIGIN(u))
  fi
}

/* ---- symmetry: sort interchangeable acceptors -------------------------- */
#define LESS(p,q) (vt[p] < vt[q] || (vt[p] == vt[q] && (dt[p] < dt[q] || (dt[p] == dt[q] && \
  (pr[p] < pr[q] || (pr[p] == pr[q] && (pd[p] < pd[q] || (pd[p] == pd[q] && kn[p] < kn[q]))))))))
#define BOTH(p,q) (((SYM) >> (p)) & ((SYM) >> (q)) & 1)
inline order(p, q) {
  if
  :: BOTH(p,q) && LESS(q,p) ->
     w = vt[p]; vt[p] = vt[q]; vt[q] = w;
     w = dt[p]; dt[p] = dt[q]; dt[q] = w;
     w = pr[p]; pr[p] = pr[q]; pr[q] = w;
     w = pd[p]; pd[p] = pd[q]; pd[q] = w;
     w = kn[p]; kn[p] = kn[q]; kn[q] = w;
     RENAME(p, q)
  :: else
  fi
}

/*
 * The end of every step. Acknowledgements are sent as soon as they can be: a
 * message once sent may arrive at any time or never, so sending early loses no
 * behaviour. durableTo = L at ballot b says: for every slot below L a vote at b or
 * the chosen value is held, said while b is the promised ballot.
 * Then every leader counts what a quorum acknowledged.
 */
inline settle() {
  i = 0;
  do
  :: i < NA ->
     j = 0;
     do
     :: j < B ->
        if
#ifdef M_LATEACK
        :: DONE(j) && pd[i] >= j + 1 && MEMBER(i,j) && MYEPOCH(i,j) ->
#else
        :: DONE(j) && pd[i] == j + 1 && MEMBER(i,j) && MYEPOCH(i,j) ->
#endif
           m = VOTES(i,j) | BELOW(kn[i]);
#ifdef M_OLDVOTES
           x = 0;
           do
           :: x < j * S ->
              if
              :: ((vt[i] >> x) & 1) && prop[x] == prop[j * S + (x % S)] -> m = m | (1 << (x % S))
              :: else
              fi;
              x++
           :: else -> break
           od;
#endif
           n = 0;
           do
           :: n < S && ((m >> n) & 1) -> n++
           :: else -> break
           od;
           if
           :: n > DT(i,j) -> dt[i] = (dt[i] & ~(3 << (2 * j))) | (n << (2 * j))
           :: else
           fi
        :: else
        fi;
        j++
     :: else -> break
     od;
     i++
  :: else -> break
  od;
  j = 0;
  do
  :: j < B ->
     if
     :: DONE(j) && cu[j] < S ->
        x = cu[j];
        do
        :: x < S ->
           n = 0; i = 0;
           do
           :: i < NA -> n = n + (MEMBER(i,j) && DT(i,j) > x); i++
           :: else -> break
           od;
           if
           :: n >= QCHOOSE(j) ->
              v = prop[j * S + x];
#if WITNESS == 5
              n = 0; i = 0;
              do
              :: i < NA -> n = n + (MEMBER(i,j) && VOTED(i,j,x)); i++
              :: else -> break
              od;
              unreached = (v == NONE || n >= QCHOOSE(j)); assert(unreached);
#endif
              if
              :: v == NONE                   /* below the leader's first slot */
              :: v != NONE && chosen[x] != v ->
#ifdef TWO
                 agreement = (chosen[x] == NONE);
                 assert(agreement);
                 chosen[x] = v
#else
                 claim = 0;
                 assert(claim)
#endif
              :: else
              fi;
              x++
           :: else -> break
           fi
        :: else -> break
        od;
        if
        :: x > cu[j] -> cu[j] = x; printf("leader of b%d counts chosenUpTo %d\n", j, x)
        :: else
        fi;
        if
        :: x > dcl -> dcl = x
        :: else
        fi
     :: else
     fi;
     j++
  :: else -> break
  od;
#if SYM
  order(0,1); order(1,2); order(0,1)
#else
  skip
#endif
}

/* ---- Prepare(b) arrives at a; Promise(b) is sent ----------------------- */
#define CANPROMISE(a,b) (MEMBER(a,b) && pd[a] < (b) + 1 && MYEPOCH(a,b) && !(NARROW && DONE(b)))
inline promise(a, b) {
  pd[a] = b + 1;
  if
  :: !DONE(b) -> pr[a] = pr[a] | (1 << b)
  :: else
  fi;
  printf("a%d promises b%d (epoch %d)\n", NAME(a), b, 1 + EP2(b))
}

/* ---- Accept(b,k) arrives at a; the vote is written --------------------- */
#define CANVOTE(a,b,k) (prop[(b)*S+(k)] && MEMBER(a,b) && KEEPS(a,b) && !VOTED(a,b,k) \
                        && MYEPOCH(a,b) && INORDER(a,b,k))
inline vote(a, b, k) {
#if WITNESS == 3
  unreached = EP2(b) || ((VOTES(a,b) & BELOW(k)) == BELOW(k)); assert(unreached);
#elif WITNESS == 4
  unreached = EP2(b) || ss == 0 || chosen[S - 1] == NONE || EP2(ORIGIN(chosen[S - 1])) == 0; assert(unreached);
#endif
#ifdef M_RESUME
  if
  :: (resumed >> b) & 1 -> vg[a] = vg[a] | (1 << (b * S + k))
  :: else
  fi;
#endif
  vt[a] = vt[a] | (1 << (b * S + k));
  if
  :: pd[a] < b + 1 -> pd[a] = b + 1
  :: else
  fi;
  v = prop[b * S + k];
  printf("a%d votes at b%d in slot %d for", NAME(a), b, k + 1); say(v); printf("\n");
  n = 0; i = 0;
  do
  :: i < NA -> n = n + (MEMBER(i,b) && VOTED(i,b,k) && SAMEVALUE(i,b,k)); i++
  :: else -> break
  od;
  if
  :: n >= QCHOOSE(b) && chosen[k] != v ->
     printf("CHOSEN in slot %d at b%d (epoch %d):", k + 1, b, 1 + EP2(b)); say(v); printf("\n");
     agreement = (chosen[k] == NONE);
     assert(agreement);
     chosen[k] = v;
#if WITNESS == 1
     unreached = !(EP2(b) && k == S - 1); assert(unreached);
#endif
#ifndef TWO
     discarded = !(EP2(b) && v != NOOP && !EP2(ORIGIN(v)));
     assert(discarded);
     i = 0;
     do
     :: i < S ->
        if
        :: i != k && !EP2(b) && ((i < k && ISSTOP(chosen[i])) || (i > k && chosen[i] && ISSTOP(v))) ->
           nothing_above_stop = 0;
           assert(nothing_above_stop)
        :: else
        fi;
        i++
     :: else -> break
     od;
#endif
     if
     :: ISSTOP(v) && ss == 0 -> ss = k + 1
     :: else
     fi
  :: else
  fi
}

/* ---- chosenUpTo of ballot b arrives at a: it learns its next slot ------- */
#define CANLEARN(a,b) (kn[a] < cu[b] && (ss == 0 || kn[a] < ss || (((M2) >> (a)) & 1)) \
                       && (!NARROW || (ss > 0 && kn[a] < ss)))
inline learn(a, b) {
  told = chosen[kn[a]];                 /* fetched: somebody holds it as chosen */
  if
  :: VOTED(a,b,kn[a]) -> told = prop[b * S + kn[a]]  /* own vote, at exactly b  */
#ifdef M_RESUME
     if
     :: told == AGAIN(b) && !((vg[a] >> (b * S + kn[a])) & 1) -> told = FRESH(b)
     :: else
     fi
#endif
  :: else
  fi;
#ifdef M_NAIVE
  j = 0;
  do
  :: j < B ->
     if
     :: VOTED(a,j,kn[a]) -> told = prop[j * S + kn[a]]
     :: else
     fi;
     j++
  :: else -> break
  od;
#endif
  printf("a%d hears chosenUpTo of b%d and takes for chosen in slot %d:", NAME(a), b, kn[a] + 1);
  say(told); printf("\n");
  told_is_chosen = (told == chosen[kn[a]]);
  assert(told_is_chosen);
  kn[a] = kn[a] + 1;
#if defined(M_EPOCH) && M_EPOCH == 2
  if
  :: ss > 0 && kn[a] == ss -> pd[a] = 0; pr[a] = 0; printf("a%d enters epoch 2 and forgets its promise\n", NAME(a))
  :: else
  fi
#else
  skip
#endif
}

/*
 * Phase 1 of ballot b is over with the promises of the set q. The candidate starts
 * at slot f (all below f it holds as chosen) and, where it may choose, places a
 * stop in slot t (t = S: no stop). All its Accepts are sent at once: which of
 * them arrive, where and when, is open.
 */
#define HASQ(b,q) ((((q) & 1) == 0 || PROMISED(0,b)) && (((q) & 2) == 0 || PROMISED(1,b)) && \
                   (((q) & 4) == 0 || PROMISED(2,b)) && HASQ4(b,q))
#if NA > 3
#define HASQ4(b,q) (((q) & 8) == 0 || PROMISED(3,b))
#else
#define HASQ4(b,q) 1
#endif
/* RULE: no ballot is valid without phase 1, in a new epoch neither. */
#ifdef M_BALLOT0
#define PREPARED(b,q) (EP2(b) || HASQ(b,q))
#else
#define PREPARED(b,q) HASQ(b,q)
#endif
/* A candidate of epoch 1 that knows the stop as chosen has nothing to propose; one
 * of epoch 2 knows it and starts above it. */
#define STARTS(b,f) ((f) <= dcl && (EP2(b) -> (ss > 0 && dcl >= ss && (f) >= ss) : (ss == 0 || (f) < ss)))
#define CANLEAD(b,q,f,t) (!DONE(b) && STARTS(b,f) && PREPARED(b,q))

inline lead(b, q, f, t) {
  top = f; y = 0;
  k_ = f;
  do
  :: k_ < S ->
     /* the value voted at the highest ballot below b, if any */
     v = NONE; j = 0;
     do
     :: j < b ->
        i = 0;
        do
        :: i < NA ->
           if
           :: ((q >> i) & 1) && REPORTS(j,b) && VOTED(i,j,k_) -> v = prop[j * S + k_]
           :: else
           fi;
           i++
        :: else -> break
        od;
        j++
     :: else -> break
     od;
#ifdef M_BALLOT0
     if
     :: EP2(b) -> v = NONE
     :: else
     fi;
#endif
     /* RULE: whoever recovers a stop discards what it recovered above it. */
#ifndef M_NODISCARD
     if
     :: y ->
#if WITNESS == 2
        unreached = (v == NONE); assert(unreached);
#endif
        v = NONE
     :: else
     fi;
#endif
     if
     :: v != NONE -> prop[b * S + k_] = v; top = k_ + 1
     :: else
     fi;
     if
     :: ISSTOP(v) -> y = 1
     :: else
     fi;
     k_++
  :: else -> break
  od;
  k_ = f;
  do
  :: k_ < top ->
     if
     :: prop[b * S + k_] == NONE -> prop[b * S + k_] = NOOP          /* a gap */
     :: else
     fi;
     k_++
  :: else -> break
  od;
  if
  :: !y ->
     k_ = top;
     do
     :: k_ < S ->
        if
        :: k_ == t -> prop[b * S + k_] = STOP(b)
        /* RULE: nothing is proposed above a stop. */
#ifndef M_PASTSTOP
        :: t >= top && k_ > t
#endif
        :: else -> prop[b * S + k_] = FRESH(b)
        fi;
        k_++
     :: else -> break
     od
  :: else
  fi;
  done = done | (1 << b);
  i = 0;
  do
  :: i < NA -> pr[i] = pr[i] & ~(1 << b); i++
  :: else -> break
  od;
  printf("b%d (epoch %d) leads with the promises of", b, 1 + EP2(b));
  i = 0;
  do
  :: i < NA ->
     if
     :: (q >> i) & 1 -> printf(" a%d", NAME(i))
     :: else
     fi;
     i++
  :: else -> break
  od;
  printf(" and proposes, from slot 1:");
  k_ = 0;
  do
  :: k_ < S -> say(prop[b * S + k_]); k_++
  :: else -> break
  od;
  printf("\n")
}

#ifdef M_RESUME
/* The leader of b restarts, goes on with b and has other commands at hand. */
inline resume(b) {
  resumed = resumed | (1 << b);
  k_ = 0;
  do
  :: k_ < S ->
     if
     :: prop[b * S + k_] == FRESH(b) -> prop[b * S + k_] = AGAIN(b)
     :: else
     fi;
     k_++
  :: else -> break
  od;
  printf("leader of b%d restarts and goes on with its ballot\n", b)
}
#endif

/* ---- every step there is: the guards unrolled, the effects once ---------- */
#define PROMISE 1
#define VOTE    2
#define LEARN   3
#define LEAD    4
#define RESUME  5
#ifdef M_RESUME
#define DO_RESUME(b) :: DONE(b) && !((resumed >> (b)) & 1) -> op = RESUME; pb = b;
#else
#define DO_RESUME(b)
#endif
#define DO_PROMISE(a,b)  :: CANPROMISE(a,b) -> op = PROMISE; pa = a; pb = b
#define DO_VOTE(a,b,k)   :: CANVOTE(a,b,k) -> op = VOTE; pa = a; pb = b; pk = k
#define DO_LEARN(a,b)    :: CANLEARN(a,b) -> op = LEARN; pa = a; pb = b
#define DO_LEAD(b,q,f,t) :: CANLEAD(b,q,f,t) && !(NARROW && POP(q) > MAJ(b)) -> op = LEAD; pb = b; pq = q; pf = f; pt = t

#if S == 1
#define VOTE_K(a,b) DO_VOTE(a,b,0)
#define LEAD_F1(b,q,f) DO_LEAD(b,q,f,S)
#define LEAD_T1(b,q) LEAD_F1(b,q,0)
#define LEAD_T2(b,q) LEAD_F1(b,q,0)
#elif S == 2
#define VOTE_K(a,b) DO_VOTE(a,b,0) DO_VOTE(a,b,1)
#if STOPS
/* A stop in the last slot has no slot above it: there it is a value like any other. */
#define LEAD_F1(b,q,f) DO_LEAD(b,q,f,S) DO_LEAD(b,q,f,0)
#else
#define LEAD_F1(b,q,f) DO_LEAD(b,q,f,S)
#endif
#define LEAD_T1(b,q) LEAD_F1(b,q,0) DO_LEAD(b,q,1,S)
#define LEAD_T2(b,q) DO_LEAD(b,q,1,S)
#elif S == 3
#define VOTE_K(a,b) DO_VOTE(a,b,0) DO_VOTE(a,b,1) DO_VOTE(a,b,2)
#if STOPS
#define LEAD_F1(b,q,f) DO_LEAD(b,q,f,S) DO_LEAD(b,q,f,0) DO_LEAD(b,q,f,1)
#else
#define LEAD_F1(b,q,f) DO_LEAD(b,q,f,S)
#endif
#if STOPS
#define LEAD_T1(b,q) LEAD_F1(b,q,0) DO_LEAD(b,q,1,S) DO_LEAD(b,q,1,1) DO_LEAD(b,q,2,S)
#else
#define LEAD_T1(b,q) LEAD_F1(b,q,0) DO_LEAD(b,q,1,S) DO_LEAD(b,q,2,S)
#endif
#define LEAD_T2(b,q) DO_LEAD(b,q,1,S) DO_LEAD(b,q,2,S)
#endif

#ifdef M_PHASE1
#define QUORUMS1(b) LEAD_T1(b,1) LEAD_T1(b,2) LEAD_T1(b,4)
#else
#if M1 == 7
#define QUORUMS1(b) LEAD_T1(b,3) LEAD_T1(b,5) LEAD_T1(b,6) LEAD_T1(b,7)
#else
#error "M1: add its quorums here"
#endif
#endif

#ifdef M_BALLOT0
#define QUORUMS2(b) LEAD_T2(b,0)
#elif M2 == 7        /* {1,2,3}: the same voters */
#define QUORUMS2(b) LEAD_T2(b,3) LEAD_T2(b,5) LEAD_T2(b,6) LEAD_T2(b,7)
#elif M2 == 14     /* {2,3,4}: one replaced */
#define QUORUMS2(b) LEAD_T2(b,6) LEAD_T2(b,10) LEAD_T2(b,12) LEAD_T2(b,14)
#elif M2 == 8      /* {4}: a single other node */
#define QUORUMS2(b) LEAD_T2(b,8)
#elif M2 == 1      /* {1}: shrunk to one node */
#define QUORUMS2(b) LEAD_T2(b,1)
#else
#error "M2: add its quorums here"
#endif

#if NA == 3
#define EACH_A(D,b) D(0,b) D(1,b) D(2,b)
#define VOTE_A(b) VOTE_K(0,b) VOTE_K(1,b) VOTE_K(2,b)
#else
#define EACH_A(D,b) D(0,b) D(1,b) D(2,b) D(3,b)
#define VOTE_A(b) VOTE_K(0,b) VOTE_K(1,b) VOTE_K(2,b) VOTE_K(3,b)
#endif
#define COMMON(b) EACH_A(DO_PROMISE,b) VOTE_A(b) EACH_A(DO_LEARN,b) DO_RESUME(b)

active proctype paxos() {
end:
  atomic {
  if
  COMMON(0)
#if (E2) & 1
  QUORUMS2(0)
#else
  QUORUMS1(0)
#endif
#if B > 1
  COMMON(1)
#if (E2) & 2
  QUORUMS2(1)
#else
  QUORUMS1(1)
#endif
#endif
#if B > 2
  COMMON(2)
#if (E2) & 4
  QUORUMS2(2)
#else
  QUORUMS1(2)
#endif
#endif
#if B > 3
  COMMON(3)
#if (E2) & 8
  QUORUMS2(3)
#else
  QUORUMS1(3)
#endif
#endif
#if B > 4
  COMMON(4)
#if (E2) & 16
  QUORUMS2(4)
#else
  QUORUMS1(4)
#endif
#endif
  fi;
  d_step {
    if
    :: op == PROMISE -> promise(pa, pb)
    :: op == VOTE    -> vote(pa, pb, pk)
    :: op == LEARN   -> learn(pa, pb)
    :: op == LEAD    -> lead(pb, pq, pf, pt)
#ifdef M_RESUME
    :: op == RESUME  -> resume(pb)
#endif
    fi;
    settle();
    op = 0; pa = 0; pb = 0; pk = 0; pq = 0; pf = 0; pt = 0;
#ifdef SHORTEST
    i = 0; j = 0; k_ = 0; n = 0; x = 0; y = 0; top = 0; v = 0; told = 0; m = 0; w = 0;
    agreement = 0; nothing_above_stop = 0; claim = 0; told_is_chosen = 0; discarded = 0; unreached = 0
#endif
  }
  };
  goto end
}
