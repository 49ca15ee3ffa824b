/** Which lines of two texts are the same: a longest common subsequence (Myers' greedy algorithm). */

export type DiffLine = { readonly kind: 'same' | 'removed' | 'added'; readonly text: string };

/** Beyond so many differences texts have nothing to do with each other, and are shown one after the other. */
const mostEdits = 3000;

/** Furthest places reached on each diagonal, one map for each number of edits. */
const trace = (a: readonly string[], b: readonly string[]): readonly ReadonlyMap<number, number>[] | undefined => {
  const steps: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(mostEdits, a.length + b.length); edits++) {
    const next = new Map(reached);
    for (let k = -edits; k <= edits; k += 2) {
      const [below, above] = [reached.get(k + 1) ?? -1, reached.get(k - 1) ?? -1];
      let x = k === -edits || (k !== edits && above < below) ? below : above + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return [...steps, reached];
    }
    steps.push(reached);
    reached = next;
  }
  return undefined;
};

export const lineDiff = (left: string, right: string): readonly DiffLine[] => {
  const [a, b] = [left.split('\n'), right.split('\n')];
  const steps = trace(a, b);
  if (!steps) {
    return [
      ...a.map((text) => ({ kind: 'removed', text }) as const),
      ...b.map((text) => ({ kind: 'added', text }) as const),
    ];
  }
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const reached = steps[edits];
    const k = x - y;
    const down = k === -edits || (k !== edits && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = edits === 0 ? 0 : (reached.get(fromK) ?? 0);
    const fromY = edits === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      lines.push({ kind: 'same', text: a[x - 1] });
      x--;
      y--;
    }
    if (edits === 0) break;
    if (down) lines.push({ kind: 'added', text: b[--y] });
    else lines.push({ kind: 'removed', text: a[--x] });
  }
  return lines.reverse();
};
