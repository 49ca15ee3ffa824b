/**
 * A small typed writer of WebAssembly modules (binary format, WebAssembly Core Specification 2.0 with threads and relaxed
 * SIMD). Kernels are written in TypeScript and specialised to their shapes: constants are baked into the code.
 */
const signed = (value: number): number[] => {
  const bytes: number[] = [];
  for (let v = value; ; ) {
    const byte = v & 0x7f;
    v >>= 7;
    const done = (v === 0 && (byte & 0x40) === 0) || (v === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
};
const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  for (let v = value >>> 0; ; ) {
    const byte = v & 0x7f;
    v >>>= 7;
    bytes.push(v === 0 ? byte : byte | 0x80);
    if (v === 0) return bytes;
  }
};
const floatBytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];

const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
export type ValueType = keyof typeof types;

/** Opcodes without immediates, by their names in the specification. */
const plain = {
  'i32.eqz': [0x45],
  'i32.lt_s': [0x48],
  'i32.lt_u': [0x49],
  'i32.ge_s': [0x4e],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.mul': [0x6c],
  'i32.div_s': [0x6d],
  'i32.div_u': [0x6e],
  'i32.rem_u': [0x70],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.shl': [0x74],
  'f32.gt': [0x5e],
  'f32.add': [0x92],
  'f32.mul': [0x94],
  select: [0x1b],
  return: [0x0f],
  drop: [0x1a],
} as const;

const simd = {
  'i32x4.splat': 0x11,
  'f32x4.splat': 0x13,
  'f32x4.eq': 0x41,
  'f32x4.ne': 0x42,
  'f32x4.lt': 0x43,
  'f32x4.gt': 0x44,
  'f32x4.ge': 0x46,
  'i32x4.eq': 0x37,
  'i32x4.lt_s': 0x39,
  'i32x4.lt_u': 0x3a,
  'v128.not': 0x4d,
  'v128.and': 0x4e,
  'v128.or': 0x50,
  'v128.xor': 0x51,
  'v128.bitselect': 0x52,
  'f64x2.promote_low_f32x4': 0x5f,
  'f32x4.demote_f64x2_zero': 0x5e,
  'f32x4.floor': 0x68,
  'f32x4.nearest': 0x6a,
  'i16x8.narrow_i32x4_s': 0x85,
  'i32x4.abs': 0xa0,
  'i32x4.neg': 0xa1,
  'i32x4.add': 0xae,
  'i32x4.sub': 0xb1,
  'i32x4.mul': 0xb5,
  'i32x4.min_s': 0xb6,
  'i32x4.min_u': 0xb7,
  'i32x4.max_s': 0xb8,
  'i32x4.max_u': 0xb9,
  'i32x4.dot_i16x8_s': 0xba,
  'f32x4.abs': 0xe0,
  'f32x4.neg': 0xe1,
  'f32x4.sqrt': 0xe3,
  'f32x4.add': 0xe4,
  'f32x4.sub': 0xe5,
  'f32x4.mul': 0xe6,
  'f32x4.div': 0xe7,
  'f32x4.min': 0xe8,
  'f32x4.max': 0xe9,
  'f32x4.pmin': 0xea,
  'f32x4.pmax': 0xeb,
  'f64x2.add': 0xf0,
  'i32x4.trunc_sat_f32x4_s': 0xf8,
  'i32x4.trunc_sat_f32x4_u': 0xf9,
  'f32x4.convert_i32x4_s': 0xfa,
  'f32x4.convert_i32x4_u': 0xfb,
  'f32x4.relaxed_madd': 0x105,
} as const;

const shifts = { 'i32x4.shl': 0xab, 'i32x4.shr_s': 0xac, 'i32x4.shr_u': 0xad } as const;
const memory = {
  'i32.load': [0x28],
  'f32.load': [0x2a],
  'i32.store': [0x36],
  'f32.store': [0x38],
  'v128.load': [0xfd, 0x00],
  'v128.load8x8_u': [0xfd, 0x02],
  'v128.load16x4_u': [0xfd, 0x04],
  'v128.load32_splat': [0xfd, 0x09],
  'v128.store': [0xfd, 0x0b],
  'v128.load32_zero': [0xfd, 0x5c],
} as const;

export type Instruction = keyof typeof plain | keyof typeof simd;
export type Local = number;

/** One function being written. Methods append and give the function back, so lines read like the text format. */
export class Func {
  readonly params: readonly ValueType[];
  private readonly own: ValueType[] = [];
  private readonly bytes: number[] = [];
  private readonly made = new Map<
    string,
    { readonly local: Local; readonly value: number; readonly type: 'f32' | 'i32' }
  >();
  constructor(params: readonly ValueType[]) {
    this.params = params;
  }

  local(type: ValueType = 'i32'): Local {
    return this.params.length + this.own.push(type) - 1;
  }
  /** So many of them, for integers and addresses. */
  locals(count: number): Local[] {
    return Array.from({ length: count }, () => this.local());
  }
  private put(...bytes: readonly number[]): this {
    for (const b of bytes) this.bytes.push(b);
    return this;
  }
  do(...names: readonly Instruction[]): this {
    for (const name of names) {
      if (name in plain) this.put(...plain[name as keyof typeof plain]);
      else this.put(0xfd, ...unsigned(simd[name as keyof typeof simd]));
    }
    return this;
  }
  get(...locals: readonly Local[]): this {
    for (const l of locals) this.put(0x20, ...unsigned(l));
    return this;
  }
  set(l: Local): this {
    return this.put(0x21, ...unsigned(l));
  }
  tee(l: Local): this {
    return this.put(0x22, ...unsigned(l));
  }
  i32(value: number): this {
    return this.put(0x41, ...signed(value | 0));
  }
  f32(value: number): this {
    return this.put(0x43, ...floatBytes(value));
  }
  /** Four equal lanes. */
  constant(value: number, type: 'f32' | 'i32' = 'f32'): this {
    const lane = type === 'f32' ? floatBytes(value) : [...new Uint8Array(Int32Array.of(value).buffer)];
    return this.put(0xfd, 0x0c, ...lane, ...lane, ...lane, ...lane);
  }
  /** The same, made once as the function begins: V8 makes constants anew wherever they stand, in five instructions. */
  fixed(value: number, type: 'f32' | 'i32' = 'f32'): this {
    const name = `${type} ${Object.is(value, -0) ? '-0' : value}`;
    let local = this.made.get(name)?.local;
    if (local === undefined) {
      local = this.local('v128');
      this.made.set(name, { local, value, type });
    }
    return this.get(local);
  }
  shift(name: keyof typeof shifts, by: number): this {
    return this.i32(by).put(0xfd, ...unsigned(shifts[name]));
  }
  memory(name: keyof typeof memory, offset = 0): this {
    return this.put(...memory[name], 2, ...unsigned(offset));
  }
  /** Stores lane 0; the address and the vector are on the stack. */
  storeLane0(offset = 0): this {
    return this.put(0xfd, 0x5a, 2, ...unsigned(offset), 0);
  }
  extract(type: 'f32' | 'i32', lane: number): this {
    return this.put(0xfd, type === 'f32' ? 0x1f : 0x1b, lane);
  }
  replace(type: 'f32' | 'i32', lane: number): this {
    return this.put(0xfd, type === 'f32' ? 0x20 : 0x1c, lane);
  }
  /** Four of the eight 32-bit lanes of the two vectors on the stack. */
  shuffle(...lanes: readonly [number, number, number, number]): this {
    return this.put(0xfd, 0x0d, ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));
  }
  /** Eight of the sixteen 16-bit lanes of the two vectors on the stack. */
  shuffle16(...lanes: readonly [number, number, number, number, number, number, number, number]): this {
    return this.put(0xfd, 0x0d, ...lanes.flatMap((lane) => [2 * lane, 2 * lane + 1]));
  }
  /** Lanes 2 and 3 moved to 0 and 1. */
  highHalf(l: Local): this {
    return this.get(l, l).shuffle(2, 3, 2, 3);
  }
  call(index: number): this {
    return this.put(0x10, ...unsigned(index));
  }
  add(l: Local, constant: number): this {
    return this.get(l).i32(constant).do('i32.add');
  }
  bump(l: Local, by: number): this {
    return this.add(l, by).set(l);
  }
  /** l * constant. */
  times(l: Local, constant: number): this {
    return constant === 1 ? this.get(l) : this.get(l).i32(constant).do('i32.mul');
  }
  /** The smaller of l and a constant. */
  atMost(l: Local, constant: number): this {
    return this.get(l).i32(constant).get(l).i32(constant).do('i32.lt_s', 'select').set(l);
  }
  /** Runs `body` again while the i32 that it leaves is not 0. */
  repeat(body: () => void): this {
    this.put(0x03, 0x40);
    body();
    return this.put(0x0d, 0, 0x0b);
  }
  /** Runs `yes` (or `no`) by the i32 on the stack. */
  when(yes: () => void, no?: () => void): this {
    this.put(0x04, 0x40);
    yes();
    if (no) {
      this.put(0x05);
      no();
    }
    return this.put(0x0b);
  }
  /** for (i = start on the stack; i < end; i += step) body. */
  range(i: Local, end: Local, step: number, body: () => void): this {
    this.set(i);
    return this.get(i, end)
      .do('i32.lt_s')
      .when(() => {
        this.repeat(() => {
          body();
          this.add(i, step).tee(i).get(end).do('i32.lt_s');
        });
      });
  }
  /** for (i = 0; i < count; i++) body. */
  count(i: Local, count: number, body: () => void): this {
    if (count === 0) return this;
    this.i32(0).set(i);
    return this.repeat(() => {
      body();
      this.add(i, 1).tee(i).i32(count).do('i32.lt_s');
    });
  }
  encode(): number[] {
    const written = this.bytes.length;
    for (const { local, value, type } of this.made.values()) this.constant(value, type).set(local);
    const made = this.bytes.splice(written);
    const locals = [...unsigned(this.own.length), ...this.own.flatMap((t) => [1, types[t]])];
    const body = [...locals, ...made, ...this.bytes, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const text = (s: string): number[] => [...unsigned(s.length), ...[...s].map((c) => c.charCodeAt(0))];

/** Functions of the host, f32 to f32, with the indices that `call` takes. */
export const hostFunctions = ['sin', 'cos', 'atan'] as const;
export type HostFunction = (typeof hostFunctions)[number];
export const hostIndex = (name: HostFunction): number => hostFunctions.indexOf(name);
/** The same as source text, for a worker that has none of this. */
export const hostSource = `{ memory, ${hostFunctions.map((name) => `${name}: Math.${name}`).join(', ')} }`;
/** What a module imports. */
export const hostImports = (memory: WebAssembly.Memory): WebAssembly.Imports => ({
  host: { memory, ...Object.fromEntries(hostFunctions.map((name) => [name, Math[name]])) },
});

/** Longer functions are not compared with others. */
const longestCompared = 60_000;

/** Collects the functions of one module; equal ones are kept once. */
export class ModuleWriter {
  private readonly functions: { readonly params: readonly ValueType[]; readonly code: number[] }[] = [];
  private readonly known = new Map<string, number>();

  /** Index for `call`; also the export's name, after `f`. */
  add(f: Func): number {
    const code = f.encode();
    const push = () => hostFunctions.length + this.functions.push({ params: f.params, code }) - 1;
    if (code.length >= longestCompared) return push();
    const name = `${f.params} ${String.fromCharCode(...code)}`;
    const index = this.known.get(name) ?? push();
    this.known.set(name, index);
    return index;
  }

  /** Export names, in order of their functions' indices from the first that is not the host's. */
  names(): string[] {
    return this.functions.map((_, i) => `f${i + hostFunctions.length}`);
  }

  /** Imports `host.memory` and the host functions; exports every function as `f<index>`. */
  encode(shared: boolean): Uint8Array<ArrayBuffer> {
    const list = this.functions;
    const signatures = [
      [0x60, 1, types.f32, 1, types.f32],
      ...list.map(({ params }) => [0x60, ...unsigned(params.length), ...params.map((p) => types[p]), 0]),
    ];
    const limits = shared ? [3, 1, ...unsigned(65536)] : [0, 1];
    const imports = [
      [...text('host'), ...text('memory'), 2, ...limits],
      ...hostFunctions.map((name) => [...text('host'), ...text(name), 0, 0]),
    ];
    const first = hostFunctions.length;
    return Uint8Array.from([
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      ...section(1, [...unsigned(signatures.length), ...signatures.flat()]),
      ...section(2, [...unsigned(imports.length), ...imports.flat()]),
      ...section(3, [...unsigned(list.length), ...list.flatMap((_, i) => unsigned(i + 1))]),
      ...section(7, [
        ...unsigned(list.length),
        ...list.flatMap((_, i) => [...text(`f${i + first}`), 0, ...unsigned(i + first)]),
      ]),
      ...section(10, [...unsigned(list.length), ...list.flatMap(({ code }) => code)]),
    ]);
  }
}
