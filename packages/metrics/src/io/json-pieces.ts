/**
 * JSON larger than a string may be: the document is cut into the elements of its outer lists, which are parsed one by
 * one. Two shapes are read: a list of elements, and an object whose lists are cut the same way (COCO's instances).
 */

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const blank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Keys of an element that no evaluation reads and that fill most of an instances file. */
const unread = new Set(['segmentation']);
const withoutUnread = (key: string, value: unknown): unknown => (unread.has(key) ? undefined : value);

/** @throws SyntaxError where the text is not JSON of these shapes. */
export const jsonPieces = async (chunks: AsyncIterable<Uint8Array>): Promise<unknown> => {
  const decoder = new TextDecoder();
  const root: { value: unknown } = { value: undefined };
  /** The list being filled, when the position is directly inside one that is cut. */
  let list: unknown[] | undefined;
  let record: Record<string, unknown> | undefined;
  let key: string | undefined;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Bytes of the element or key being read, from earlier chunks. */
  let held: Uint8Array[] = [];
  let position = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at byte ${position}`);
  };
  const textUpTo = (chunk: Uint8Array, from: number, to: number): string => {
    const parts = [...held, chunk.subarray(from, to)];
    held = [];
    return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
  };
  /** Depth at which the elements of the current container lie. */
  const level = (): number => (record !== undefined && list !== undefined ? 2 : 1);
  const finishPiece = (text: string): void => {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (list !== undefined) list.push(JSON.parse(trimmed, withoutUnread));
    else if (record !== undefined && key !== undefined) {
      record[key] = JSON.parse(trimmed, withoutUnread);
      key = undefined;
    } else fail('A value without a key');
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i++, position++) {
      const byte = chunk[i]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
        continue;
      }
      if (byte === quote) inString = true;
      else if (byte === openBracket || byte === openBrace) {
        if (depth === 0) {
          if (root.value !== undefined) fail('A second document');
          if (byte === openBracket) root.value = list = [];
          else root.value = record = {};
          from = i + 1;
        } else if (
          depth === 1 &&
          byte === openBracket &&
          list === undefined &&
          record !== undefined &&
          key !== undefined
        ) {
          record[key] = list = [];
          from = i + 1;
        }
        depth++;
      } else if (byte === closeBracket || byte === closeBrace) {
        if (depth === level()) {
          if (byte !== (list === undefined ? closeBrace : closeBracket)) fail('A closing bracket of the wrong kind');
          finishPiece(textUpTo(chunk, from, i));
          from = i + 1;
          if (level() === 2) {
            list = undefined;
            key = undefined;
          }
        }
        depth--;
        if (depth < 0) fail('A closing bracket too many');
      } else if (byte === comma && depth === level()) {
        finishPiece(textUpTo(chunk, from, i));
        from = i + 1;
      } else if (byte === colon && depth === 1 && record !== undefined && key === undefined) {
        key = JSON.parse(textUpTo(chunk, from, i).trim()) as string;
        from = i + 1;
      } else if (depth === 0 && !blank(byte)) fail('Neither a list nor an object');
    }
    if (depth > 0 && from < chunk.length) held.push(chunk.slice(from));
  }
  if (depth !== 0 || root.value === undefined) fail('The file ends too early');
  return root.value;
};
