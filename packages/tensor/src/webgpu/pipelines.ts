/**
 * Compiled kernels: those with the same text are one. Programs of the same form at other sizes (multi-scale training) differ
 * in some numbers only. The first has them as constants, which is the fastest; from the second size on what differs comes
 * from a small buffer, and the sizes after it need no compiling.
 */
export type Pipelines = {
  /** `label` tells people what does not compile. */
  readonly get: (code: string, label: string) => Promise<GPUComputePipeline>;
  /** A short name for programs of one form. */
  readonly form: (text: string) => string;
  /** Of a kernel of a program, with so many bindings: `form` names programs of one form and the kernel's place in them. */
  readonly shared: (form: string, code: string, bindings: number, label: string) => Promise<Shared>;
};

/** A pipeline, and the numbers that it takes from a buffer of its own bound behind the others; none: no buffer. */
export type Shared = { readonly pipeline: GPUComputePipeline; readonly numbers: Uint32Array<ArrayBuffer> };

/** Numbers in WGSL as the kernels write them: how they are found, their bits, and how bits become a number again. */
const literals = [
  {
    pattern: String.raw`\b\d+u\b`,
    bits: (text: string) => Number.parseInt(text, 10) >>> 0,
    again: (word: string) => word,
  },
  {
    pattern: String.raw`\bi32\(-?\d+\)`,
    bits: (text: string) => Number.parseInt(text.slice(4), 10) >>> 0,
    again: (word: string) => `bitcast<i32>(${word})`,
  },
  {
    pattern: String.raw`\bf32\(-?\d[\d.e+-]*\)`,
    bits: (text: string) => new Uint32Array(Float32Array.of(Number.parseFloat(text.slice(4))).buffer)[0],
    again: (word: string) => `bitcast<f32>(${word})`,
  },
] as const;
const anyLiteral = new RegExp(literals.map(({ pattern }) => `(${pattern})`).join('|'), 'g');

type Template = {
  /** The text between the numbers, with the kind of each. */
  readonly text: string;
  readonly pieces: readonly string[];
  readonly numbers: readonly { readonly kind: number; readonly text: string }[];
};

const templateOf = (code: string): Template => {
  const pieces: string[] = [];
  const numbers: { kind: number; text: string }[] = [];
  let from = 0;
  for (const found of code.matchAll(anyLiteral)) {
    pieces.push(code.slice(from, found.index));
    const kind = found.slice(1).findIndex((part) => part !== undefined);
    numbers.push({ kind, text: found[0] });
    from = found.index + found[0].length;
  }
  pieces.push(code.slice(from));
  return { text: pieces.map((piece, i) => piece + (numbers[i]?.kind ?? '')).join('\0'), pieces, numbers };
};

/** The program with the numbers at some places read from a buffer. */
const general = ({ pieces, numbers }: Template, places: readonly number[], binding: number): string => {
  const word = new Map(places.map((place, i) => [place, `numbers[${i >> 2}].${'xyzw'[i & 3]}`]));
  const body = pieces.map((piece, i) => {
    const number = numbers[i];
    if (number === undefined) return piece;
    const from = word.get(i);
    return piece + (from === undefined ? number.text : literals[number.kind].again(from));
  });
  const declaration = `@group(0) @binding(${binding}) var<uniform> numbers: array<vec4u, ${Math.ceil(places.length / 4)}>;`;
  // Behind the rest: a program may begin with `enable`.
  return `${body.join('')}\n${declaration}`;
};

/** What is known of the kernels of one form: the first, and the places at which later ones differed. */
type Form = { readonly first: Template; places: readonly number[] };

export const openPipelines = (gpu: GPUDevice): Pipelines => {
  const known = new Map<string, Promise<GPUComputePipeline>>();
  const forms = new Map<string, Form>();

  const compile = async (code: string, label: string): Promise<GPUComputePipeline> => {
    const module = gpu.createShaderModule({ label, code });
    try {
      return await gpu.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const told = messages.map((m) => `line ${m.lineNum}: ${m.message}`).join('; ');
      throw new Error(`The kernel of ${label} does not compile: ${told || error}`);
    }
  };
  const get: Pipelines['get'] = (code, label) => {
    const made = known.get(code) ?? compile(code, label);
    known.set(code, made);
    return made;
  };

  const shared: Pipelines['shared'] = async (name, code, bindings, label) => {
    const template = templateOf(code);
    const form = forms.get(name);
    if (form === undefined) forms.set(name, { first: template, places: [] });
    if (form === undefined || form.first.text !== template.text)
      return { pipeline: await get(code, label), numbers: new Uint32Array() };
    const differs = template.numbers.flatMap(({ text }, i) => (text === form.first.numbers[i].text ? [] : [i]));
    if (differs.length === 0) return { pipeline: await get(code, label), numbers: new Uint32Array() };
    form.places = [...new Set([...form.places, ...differs])].sort((a, b) => a - b);
    const numbers = new Uint32Array(4 * Math.ceil(form.places.length / 4));
    form.places.forEach((place, i) => {
      const { kind, text } = template.numbers[place];
      numbers[i] = literals[kind].bits(text);
    });
    return { pipeline: await get(general(template, form.places, bindings), label), numbers };
  };
  const names = new Map<string, string>();
  const form: Pipelines['form'] = (text) => {
    const name = names.get(text) ?? `${names.size}`;
    names.set(text, name);
    return name;
  };
  return { get, form, shared };
};
