/** Words for messages: a value in a few characters, a list of names, the name that was probably meant. */

const textOf = (value: unknown): string => {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return 'a function';
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Nested deeper than the stack is, or in a circle.
    return Array.isArray(value) ? '[[...' : '{...';
  }
};

/** Characters that would move a terminal's cursor or change its colours. */
const controls = /\p{Cc}/gu;

/** A text without control characters. */
export const plainText = (text: string): string =>
  text.replace(controls, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A value in a few characters, for a message. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = plainText(textOf(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** `a, b and c` */
export const listed = (words: readonly (string | number)[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** Levenshtein's distance, one row at a time; long words are cut, because nobody means them. */
const distance = (a: string, b: string): number => {
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

/** The known word next to one that is unknown, when it differs in at most half of its letters. */
export const nearestOf = (word: string, known: readonly string[]): string | undefined => {
  const wanted = word.slice(0, 40).toLowerCase();
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const far = distance(wanted, candidate.toLowerCase());
    if (far < least && far <= Math.max(1, Math.floor(candidate.length / 2))) {
      least = far;
      best = candidate;
    }
  }
  return best;
};
