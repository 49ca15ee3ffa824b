/**
 * JSON larger than a string may be: the document is cut into the elements of its outer lists, which are parsed one by
 * one. Two shapes are read: a list of elements, and an object whose lists are cut the same way (COCO's instances).
 */

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const blank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isBlank = (text: string): boolean => /^[ \n\r\t]*$/.test(text);
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** Keys of an element that no evaluation reads and that fill most of an instances file. */
const segments: ReadonlySet<string> = new Set(['segmentation']);

/**
 * @param unread keys that are left out at any depth.
 * @throws SyntaxError where the text is not JSON of these shapes.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one automaton, whose state changes with every byte of files of gigabytes
export const jsonPieces = async (chunks: AsyncIterable<Uint8Array>, unread = segments): Promise<unknown> => {
  const names = [...unread].map((name) => `"${name}"`);
  const withoutUnread = (key: string, value: unknown): unknown => (unread.has(key) ? undefined : value);
  // A function that sees every key makes the parser several times slower.
  const parse = (text: string): unknown =>
    names.some((name) => text.includes(name)) ? JSON.parse(text, withoutUnread) : JSON.parse(text);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let document: unknown[] | Map<string, unknown> | undefined;
  /** The list being filled, when the position is directly inside one that is cut. */
  let list: unknown[] | undefined;
  let record: Map<string, unknown> | undefined;
  let key: string | undefined;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Nothing has come yet in the list or object at hand: it may close. */
  let fresh = false;
  /** A list of the object has just closed: only a comma or the object's end may come. */
  let ended = false;
  /** Bytes of the element or key being read, from earlier chunks. */
  let held: Uint8Array[] = [];
  /** Bytes before the chunk at hand, and the place in it. */
  let before = 0;
  let i = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at byte ${before + i}`);
  };
  const textUpTo = (chunk: Uint8Array, from: number, to: number): string => {
    if (held.length === 0) return decoder.decode(chunk.subarray(from, to));
    const parts = [...held, chunk.subarray(from, to)];
    held = [];
    return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
  };
  /** Depth at which the elements of the current container lie. */
  const level = (): number => (record !== undefined && list !== undefined ? 2 : 1);
  const finishPiece = (text: string, closing: boolean): void => {
    if (isBlank(text)) {
      if (!ended && !(closing && fresh)) fail('Nothing where a value should be');
      ended = false;
    } else if (ended) fail('Something after a list');
    else if (list !== undefined) list.push(parse(text));
    else if (record !== undefined && key !== undefined) record.set(key, parse(text));
    else fail('A value without a key');
    if (list === undefined) key = undefined;
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (i = 0; i < chunk.length; i++) {
      if (inString) {
        if (escaped) {
          escaped = false;
          continue;
        }
        while (i < chunk.length && chunk[i] !== quote && chunk[i] !== backslash) i++;
        if (i < chunk.length) {
          if (chunk[i] === quote) inString = false;
          else escaped = true;
        }
        continue;
      }
      const byte = chunk[i];
      if (depth === 0 && (document !== undefined || (byte !== openBracket && byte !== openBrace))) {
        if (blank(byte) || (document === undefined && byteOrderMark[before + i] === byte)) continue;
        fail(document === undefined ? 'Neither a list nor an object' : 'Something after the document');
      }
      if (byte === quote) inString = true;
      else if (byte === openBracket || byte === openBrace) {
        if (depth === 0) {
          if (byte === openBracket) document = list = [];
          else document = record = new Map();
          fresh = true;
          from = i + 1;
        } else if (depth === 1 && byte === openBracket && list === undefined && key !== undefined) {
          if (!isBlank(textUpTo(chunk, from, i))) fail('Something before a list');
          list = [];
          record?.set(key, list);
          fresh = true;
          from = i + 1;
        }
        depth++;
      } else if (byte === closeBracket || byte === closeBrace) {
        if (depth === level()) {
          if (byte !== (list === undefined ? closeBrace : closeBracket)) fail('A closing bracket of the wrong kind');
          // A key without a colon, or with nothing behind it, is no reason to close.
          if (key !== undefined && list === undefined) fresh = false;
          finishPiece(textUpTo(chunk, from, i), true);
          from = i + 1;
          if (level() === 2) {
            list = undefined;
            key = undefined;
            fresh = false;
            ended = true;
          }
        }
        depth--;
      } else if (byte === comma && depth === level()) {
        finishPiece(textUpTo(chunk, from, i), false);
        fresh = false;
        from = i + 1;
      } else if (byte === colon && depth === 1 && record !== undefined && key === undefined) {
        const name: unknown = JSON.parse(textUpTo(chunk, from, i));
        if (ended || typeof name !== 'string') fail('A key that is not a text');
        key = name as string;
        from = i + 1;
      }
    }
    if (depth > 0 && from < chunk.length) held.push(chunk.slice(from));
    before += chunk.length;
  }
  i = 0;
  if (depth !== 0 || document === undefined) fail('The file ends too early');
  return document instanceof Map ? Object.fromEntries(document) : document;
};
