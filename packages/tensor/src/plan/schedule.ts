/**
 * The order of a program's steps. A depth-first walk of the graph leaves what nobody waits for to the end (the gradients of
 * all filters but the first, and with them what they are made of), so steps that give memory back are taken as soon as they
 * can run.
 */

/**
 * What a step touches: numbers of pieces of memory. All writers of a piece come before its readers. Several may write one
 * piece (a pad fills it and copies into it), and a later one may overwrite an earlier: they keep their order.
 */
export type Task = { readonly reads: readonly number[]; readonly write: number };

export type Piece = {
  readonly bytes: number;
  /** Whether its memory is free again after its last use: not of constants, of results, of arguments that are kept. */
  readonly ends: boolean;
  /** Whether writing it takes memory that was free. */
  readonly begins: boolean;
};

/** The tasks' numbers in their new order: the first that gives back more than it takes, else the first that can run. */
export const schedule = (tasks: readonly Task[], pieces: readonly Piece[]): number[] => {
  const uses = pieces.map(() => 0);
  /** Writers that are left, the next one last. */
  const writersOf = pieces.map(() => [] as number[]);
  const readersOf = pieces.map(() => [] as number[]);
  const touches = tasks.map(({ reads, write }) => [...new Set([...reads, write])]);
  tasks.forEach(({ reads, write }, i) => {
    for (const piece of touches[i]) uses[piece]++;
    for (const piece of new Set(reads)) if (piece !== write) readersOf[piece].push(i);
    writersOf[write].push(i);
  });
  for (const writers of writersOf) writers.reverse();
  const isNext = (i: number): boolean => writersOf[tasks[i].write].at(-1) === i;
  const missing = tasks.map(
    ({ reads, write }, i) =>
      new Set(reads.filter((piece) => piece !== write && writersOf[piece].length > 0)).size + (isNext(i) ? 0 : 1),
  );
  const begun = pieces.map(({ begins }) => !begins);
  const growth = (i: number): number =>
    touches[i].reduce((sum, piece) => (pieces[piece].ends && uses[piece] === 1 ? sum - pieces[piece].bytes : sum), 0) +
    (begun[tasks[i].write] ? 0 : pieces[tasks[i].write].bytes);

  // In the order given.
  const ready = tasks.flatMap((_, i) => (missing[i] === 0 ? [i] : []));
  const order: number[] = [];
  while (ready.length > 0) {
    const [i] = ready.splice(
      Math.max(
        0,
        ready.findIndex((i) => growth(i) < 0),
      ),
      1,
    );
    order.push(i);
    const { write } = tasks[i];
    begun[write] = true;
    for (const piece of touches[i]) uses[piece]--;
    const writers = writersOf[write];
    writers.pop();
    for (const waiting of writers.length > 0 ? writers.slice(-1) : readersOf[write]) {
      if (--missing[waiting] > 0) continue;
      const place = ready.findIndex((other) => other > waiting);
      ready.splice(place < 0 ? ready.length : place, 0, waiting);
    }
  }
  return order;
};
