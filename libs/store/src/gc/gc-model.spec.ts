/**
 * The protocol between garbage collection, commits and restarts as an explicit-state model: two sessions, two chunks, two collections and one restart, in every
 * order. Each step is what the store does without a gap in which something else may happen: under the commit lock, between two puts, or with one ledger record.
 * The model has no bytes and no files; the crash matrix has those.
 */

const chunks = [0, 1] as const;
const sessions = [0, 1] as const;
const cyclesMax = 2;
const restartsMax = 1;

/** What a variant does differently. */
type Rules = Readonly<{
  /** What of open sessions counts as live: all they have taken, only what their journals hold, what the process remembers since it started, or nothing. */
  sessionRoots: 'taken' | 'journal' | 'memory' | 'none';
  /** Condemn first and delete after another mark, or delete at once. */
  twoMarks: boolean;
  /** Packs that were relied on since the cycle began are left alone. */
  uses: boolean;
  /** A commit looks for its chunks in the step that commits, in a step before it, or not at all. */
  commit: 'checked' | 'checked before' | 'unchecked';
}>;

/** A pack with one chunk. `usedSinceBegin` is what the process remembers, `old` whether it was there when the cycle began. */
type Pack = Readonly<{ chunk: number; state: 'live' | 'condemned' | 'deleted'; epoch: number; used: boolean; old: boolean }>;
type Put = 'none' | 'taken' | 'acked';
type Session = Readonly<{ puts: readonly Put[]; remembered: readonly boolean[]; state: 'open' | 'checked' | 'committed' }>;
type State = Readonly<{
  packs: readonly Pack[]; sessions: readonly Session[]; epoch: number; restarts: number;
  gc: 'idle' | 'begun' | 'points marked' | 'marked'; marked: readonly boolean[];
}>;

const initial: State = {
  // Both chunks are what a purged point left.
  packs: chunks.map((chunk) => ({ chunk, state: 'live', epoch: 0, used: false, old: true })),
  sessions: sessions.map(() => ({ puts: chunks.map(() => 'none'), remembered: chunks.map(() => false), state: 'open' })),
  epoch: 0, restarts: 0, gc: 'idle', marked: chunks.map(() => false),
};

const replaceAt = <T>(list: readonly T[], at: number, item: T): T[] => list.map((old, index) => (index === at ? item : old));
const withSession = (state: State, at: number, change: Partial<Session>): State => ({ ...state, sessions: state.sessions.map((session, index) => (index === at ? { ...session, ...change } : session)) });
const withPack = (state: State, at: number, change: Partial<Pack>): State => ({ ...state, packs: state.packs.map((pack, index) => (index === at ? { ...pack, ...change } : pack)) });
/** The newest pack of a chunk in one of these states. */
const findPack = (state: State, chunk: number, states: readonly Pack['state'][]): number => state.packs.findLastIndex((pack) => pack.chunk === chunk && states.includes(pack.state));

function put(state: State, at: number, chunk: number): State {
  const known = findPack(state, chunk, ['live']);
  const stored: State = known >= 0
    ? withPack(state, known, { used: true })
    : { ...state, packs: [...state.packs, { chunk, state: 'live', epoch: 0, used: true, old: false }] };
  const session = state.sessions[at] ?? initial.sessions[0];
  return withSession(stored, at, { puts: replaceAt(session?.puts ?? [], chunk, 'taken'), remembered: replaceAt(session?.remembered ?? [], chunk, true) });
}

/** Looks for the chunks of a session: condemned packs live again, what is gone must be sent anew. */
function check(state: State, at: number): { state: State; complete: boolean } {
  let checked = state;
  let complete = true;
  for (const chunk of chunks) {
    const pack = findPack(checked, chunk, ['live', 'condemned']);
    if (pack >= 0) checked = withPack(checked, pack, { state: 'live', used: true });
    else {
      complete = false;
      checked = withSession(checked, at, { puts: replaceAt(checked.sessions[at]?.puts ?? [], chunk, 'none') });
    }
  }
  return { state: checked, complete };
}

function sessionSteps(state: State, at: number, rules: Rules): State[] {
  const session = state.sessions[at];
  if (!session || session.state === 'committed') return [];
  if (session.state === 'checked') return [withSession(state, at, { state: 'committed' })];
  const next: State[] = [];
  for (const chunk of chunks) {
    if (session.puts[chunk] === 'none') next.push(put(state, at, chunk));
    if (session.puts[chunk] === 'taken') next.push(withSession(state, at, { puts: replaceAt(session.puts, chunk, 'acked') }));
  }
  if (!session.puts.every((one) => one === 'acked')) return next;
  if (rules.commit === 'unchecked') return [...next, withSession(state, at, { state: 'committed' })];
  const { state: checked, complete } = check(state, at);
  return [...next, complete ? withSession(checked, at, { state: rules.commit === 'checked' ? 'committed' : 'checked' }) : checked];
}

function rootsOf(session: Session, rules: Rules): readonly boolean[] {
  if (session.state === 'committed' || rules.sessionRoots === 'none') return chunks.map(() => false);
  if (rules.sessionRoots === 'memory') return session.remembered;
  return session.puts.map((one) => one === 'acked' || (one === 'taken' && rules.sessionRoots === 'taken'));
}

function gcSteps(state: State, rules: Rules): State[] {
  switch (state.gc) {
    case 'idle':
      if (state.epoch === cyclesMax) return [];
      return [{ ...state, gc: 'begun', epoch: state.epoch + 1, packs: state.packs.map((pack) => ({ ...pack, used: false, old: true })) }];
    case 'begun':
      return [{ ...state, gc: 'points marked', marked: chunks.map(() => state.sessions.some((session) => session.state === 'committed')) }];
    case 'points marked':
      return [{ ...state, gc: 'marked', marked: state.marked.map((live, chunk) => live || state.sessions.some((session) => rootsOf(session, rules)[chunk] === true)) }];
    case 'marked':
      return [{ ...state, gc: 'idle', marked: initial.marked }, ...state.packs.flatMap((pack, at) => packSteps(state, { pack, at }, rules))];
  }
}

function packSteps(state: State, { pack, at }: Readonly<{ pack: Pack; at: number }>, rules: Rules): State[] {
  if (pack.state === 'deleted' || !pack.old || (rules.uses && pack.used)) return [];
  const liesElsewhere = state.packs.some((other, index) => index !== at && other.chunk === pack.chunk && other.state === 'live');
  const isNeeded = state.marked[pack.chunk] === true && !liesElsewhere;
  if (!rules.twoMarks) return isNeeded ? [] : [withPack(state, at, { state: 'deleted' })];
  if (pack.state === 'live') return isNeeded ? [] : [withPack(state, at, { state: 'condemned', epoch: state.epoch })];
  if (pack.epoch === state.epoch) return [];
  return [isNeeded ? withPack(state, at, { state: 'live', used: true }) : withPack(state, at, { state: 'deleted' })];
}

/** The process dies: what it remembered is gone, what was recorded or journaled is not. What was not acked is sent again. */
function restartSteps(state: State): State[] {
  if (state.restarts === restartsMax) return [];
  return [{
    ...state, restarts: state.restarts + 1, gc: 'idle', marked: initial.marked, packs: state.packs.map((pack) => ({ ...pack, used: false })),
    sessions: state.sessions.map((session) => ({
      puts: session.puts.map((one) => (one === 'taken' ? 'none' : one)), remembered: chunks.map(() => false), state: session.state === 'committed' ? 'committed' : 'open',
    })),
  }];
}

const isGone = (state: State, chunk: number): boolean => findPack(state, chunk, ['live', 'condemned']) < 0;
/** A committed point names a chunk that no pack holds any more. */
const isBad = (state: State): boolean => state.sessions.some((session) => session.state === 'committed') && chunks.some((chunk) => isGone(state, chunk));
/** An open session was told that a chunk is durable, and it is gone: the commit will ask for it again. */
const breaksAck = (state: State): boolean => state.sessions.some((session) => session.state !== 'committed' && chunks.some((chunk) => session.puts[chunk] === 'acked' && isGone(state, chunk)));

/** Equal states look equal: sessions are alike, deleted packs are nothing, and between collections nobody asks what a pack was used for. */
function keyOf(state: State, rules: Rules): string {
  const packs = state.packs.filter((pack) => pack.state !== 'deleted').sort((a, b) => a.chunk - b.chunk).map((pack) => (
    [pack.chunk, pack.state, pack.state === 'condemned' ? pack.epoch : 0, state.gc === 'idle' || (pack.used && rules.uses), state.gc === 'idle' || pack.old]
  ));
  const open = state.sessions.map(({ puts, remembered, state: at }) => JSON.stringify([puts, rules.sessionRoots === 'memory' && remembered, at])).sort();
  return JSON.stringify([packs, open, state.epoch, state.restarts, state.gc, state.marked]);
}

/** Visits every state that can be reached, breadth first; ends at the first bad one. `brokenAcks` counts states in which something acked must be sent again. */
function explore(rules: Rules): { states: number; isBad: boolean; brokenAcks: number } {
  const seen = new Set([keyOf(initial, rules)]);
  const queue: State[] = [initial];
  let brokenAcks = 0;
  for (const state of queue) {
    if (isBad(state)) return { states: seen.size, isBad: true, brokenAcks };
    if (breaksAck(state)) brokenAcks += 1;
    for (const next of [...sessions.flatMap((at) => sessionSteps(state, at, rules)), ...gcSteps(state, rules), ...restartSteps(state)]) {
      const key = keyOf(next, rules);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return { states: seen.size, isBad: false, brokenAcks };
}

const real: Rules = { sessionRoots: 'taken', twoMarks: true, uses: true, commit: 'checked' };

test.each([
  { name: 'as it is', rules: real, states: 19_964, brokenAcks: 0 },
  { name: 'when sessions tell only what is in their journals', rules: { ...real, sessionRoots: 'journal' as const }, states: 35_769, brokenAcks: 1984 },
  { name: 'when nobody tells it of sessions', rules: { ...real, sessionRoots: 'none' as const }, states: 25_803, brokenAcks: 1666 },
  { name: 'when it forgets what was relied on since it began', rules: { ...real, uses: false }, states: 23_286, brokenAcks: 0 },
])('the algorithm $name loses no committed chunk in any state', ({ rules, states, brokenAcks }) => {
  expect(explore(rules)).toEqual({ states, isBad: false, brokenAcks });
});

test.each([
  { name: 'mark and sweep', rules: { sessionRoots: 'none' as const, twoMarks: false, uses: false, commit: 'unchecked' as const }, states: 1_550 },
  { name: 'a second mark after a grace time, without session roots', rules: { sessionRoots: 'none' as const, twoMarks: true, uses: false, commit: 'unchecked' as const }, states: 12_717 },
  { name: 'pins that only the process remembers', rules: { sessionRoots: 'memory' as const, twoMarks: true, uses: true, commit: 'unchecked' as const }, states: 35_745 },
  { name: 'a check that is not one step with the commit', rules: { ...real, sessionRoots: 'none' as const, uses: false, commit: 'checked before' as const }, states: 16_289 },
])('$name loses a committed chunk', ({ rules, states }) => {
  expect(explore(rules)).toMatchObject({ states, isBad: true });
});
