/** Values as texts that are equal exactly where the values are: numbers by `Object.is`, objects by identity. */

const identities = new WeakMap<object, number>();
let count = 0;

/** A number for each object, the same as long as it lives. */
export const identityOf = (x: object): number => {
  const known = identities.get(x);
  if (known !== undefined) return known;
  identities.set(x, ++count);
  return count;
};

/** JavaScript's shortest digits tell any two numbers apart, but for the sign of 0. */
export const exactNumber = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

const symbols = new Map<symbol, number>();
const symbolNumber = (x: symbol): number => {
  const known = symbols.get(x) ?? symbols.size;
  symbols.set(x, known);
  return known;
};

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string => {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 4096)
    parts.push(String.fromCharCode.apply(null, [...bytes.subarray(i, i + 4096)]));
  return parts.join('');
};

/** A value that is no array and no record. Typed arrays by their values; functions and objects by identity. */
export const exactValue = (x: unknown): string => {
  switch (typeof x) {
    case 'number':
      return exactNumber(x);
    case 'string':
      return `"${x.length}:${x}`;
    case 'symbol':
      return `symbol ${symbolNumber(x)}`;
    case 'bigint':
      return `${x}n`;
    case 'object':
      if (x === null) return 'null';
      return ArrayBuffer.isView(x) ? `${x.constructor.name} ${x.byteLength}:${bytesOf(x)}` : `#${identityOf(x)}`;
    case 'function':
      return `#${identityOf(x)}`;
    default:
      return String(x);
  }
};
