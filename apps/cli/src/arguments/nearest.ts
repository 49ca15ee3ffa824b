/** The word that was probably meant. */

/** Levenshtein's distance, one row at a time. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
};

const bare = (word: string): string => word.replace(/^-+/, '').replaceAll('_', '-');

/** Dashes do not count; a word that begins as another, or differs in at most a third of its letters, is near it. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const wanted = bare(word);
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, bare(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best && best.distance <= Math.max(1, Math.floor(bare(best.candidate).length / 3))) return best.candidate;
  return wanted.length < 2 ? undefined : known.find((candidate) => bare(candidate).startsWith(wanted));
};
