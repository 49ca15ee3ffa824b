/** A program as code that a person can run. */
import {
  type Arg,
  dataOf,
  functions,
  type Program,
  type Statement,
  sourcesOf,
  staticsOf,
  type Wrap,
} from './program.ts';

const number = (x: number): string =>
  Object.is(x, -0) ? '-0' : Number.isFinite(x) ? String(x) : Number.isNaN(x) ? 'NaN' : x > 0 ? 'Infinity' : '-Infinity';

const written = (arg: Arg, name: (place: number) => string, fixed: (i: number) => string): string => {
  if (typeof arg === 'number') return number(arg);
  if (typeof arg === 'string') return `'${arg}'`;
  if (typeof arg === 'boolean') return String(arg);
  if (Array.isArray(arg)) return `[${arg.map((a) => written(a, name, fixed)).join(', ')}]`;
  if ('ref' in arg) return name(arg.ref as number);
  if ('fixed' in arg) return fixed(arg.fixed as number);
  const { options } = arg as { readonly options: { readonly [name: string]: Arg } };
  const parts = Object.entries(options).map(([k, v]) => `${k}: ${written(v, name, fixed)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
};

const arrays = { f32: 'Float32Array', i32: 'Int32Array', u32: 'Uint32Array' } as const;
const fixedName = (i: number): string => `s${i}`;

/** A typed array: its values where they are few, else a formula that is near to them. */
const data = (s: Statement & { kind: 'source' }, call: number): string => {
  const values = dataOf(s.shape, s.dtype, s.fill, call);
  const shape = `[${s.shape.join(', ')}]`;
  const first = values[0];
  const array = arrays[s.dtype];
  if (values.length > 4 && values.every((v) => Object.is(v, first)))
    return `tensor(new ${array}(${values.length}).fill(${number(first)}), ${shape})`;
  if (values.length <= 64) {
    const list = [...values].map(number).join(', ');
    return s.dtype === 'f32' ? `tensor([${list}], ${shape})` : `tensor(${array}.of(${list}), ${shape})`;
  }
  const formula =
    s.fill.kind === 'count'
      ? '(i % 4093) + 1'
      : `dataOf(${shape}, '${s.dtype}', ${JSON.stringify(s.fill)}, ${call})[i]`;
  return `tensor(${array}.from({ length: ${values.length} }, (_, i) => ${formula}), ${shape})`;
};

type Line<K extends Statement['kind']> = (
  s: Statement & { readonly kind: K },
  name: string,
  operand: (place: number) => string,
) => readonly string[];

const opened: { readonly [W in Exclude<Wrap, 'repeat'>]: string } = {
  checkpoint: 'checkpoint(',
  customVjp: 'custom(',
  inScope: '(',
};

const block: Line<'block'> = ({ body, of, times, wrap }, name, operand) => {
  const inner = (place: number): string => `${name}_${place}`;
  const parameters = body.statements.flatMap((t, i) => (t.kind === 'parameter' ? [inner(i)] : []));
  const args = of.map(operand);
  const f = `(${parameters.join(', ')}) => {`;
  const whole = [
    ...body.statements.flatMap((t, i) => linesOf(t, inner(i), inner)),
    `return ${inner(body.result)};`,
  ].map((line) => `  ${line}`);
  if (wrap !== 'repeat') return [`const ${name} = ${opened[wrap]}${f}`, ...whole, `})(${args.join(', ')});`];
  return [
    `let ${name} = ${args[0]};`,
    `const f${name} = ${f}`,
    ...whole,
    '};',
    `for (let i = 0; i < ${times}; i++) ${name} = f${name}(${[name, ...args.slice(1)].join(', ')});`,
  ];
};

const lines: { readonly [K in Statement['kind']]: Line<K> } = {
  source: (s, name) => (s.role === 'constant' ? [`const ${name} = ${data(s, 0)};`] : []),
  parameter: () => [],
  call: ({ f, args, at }, name, operand) => {
    const call = args.map((list) => `(${list.map((a) => written(a, operand, fixedName)).join(', ')})`).join('');
    return [
      `const ${name} = ${typeof f === 'string' ? f : fixedName(f.fixed)}${call}${at === undefined ? '' : `[${at}]`};`,
    ];
  },
  block,
};
const linesOf = (s: Statement, name: string, operand: (place: number) => string): readonly string[] =>
  (lines[s.kind] as Line<typeof s.kind>)(s as never, name, operand);

const sum = (outputs: readonly string[]): string =>
  outputs.map((o, i) => (i % 2 === 0 ? `sum()(${o})` : `sum()(mul(${o}, 0.5))`)).reduce((a, b) => `add(${a}, ${b})`);

export const print = (program: Program): string => {
  const { statements, outputs, gradient, run, device } = program;
  const args = sourcesOf(program, 'argument');
  const captured = sourcesOf(program, 'captured');
  const name = (place: number): string => `v${place}`;
  const statics = staticsOf(program, 0).map((_, i) => fixedName(i));
  const results = outputs.map(name);
  const text: string[] = [];
  const parameters = [...args.map(name), ...statics].join(', ');
  const jit = run.form === 'jit' || run.form === 'stages';
  for (const place of captured)
    text.push(`const ${name(place)} = await evaluate(d, ${data(statements[place] as never, 0)});`);
  const inner = statements.flatMap((s, i) => linesOf(s, name(i), name)).map((line) => `  ${line}`);
  if (gradient) {
    const by = gradient.by.map(name).join(', ');
    const value = gradient.form === 'vjp' ? `[${results.join(', ')}]` : sum(results);
    text.push(
      `const g = (${[...args.map(name), ...statics, ...gradient.by.filter((p) => captured.includes(p)).map(name)].join(', ')}) => {`,
      ...inner,
      `  return ${value};`,
      '};',
    );
    const at = gradient.by.join(', ');
    text.push(
      `// ${gradient.form} of g by ${by} (statements ${at}), all other arguments fixed${gradient.form === 'vjp' ? '; cotangents of eighths' : ''}`,
    );
    text.push(`const f = (${parameters}) => ${gradient.form}By(g, [${by}]);`);
  } else {
    text.push(
      `const f = (${parameters}) => {`,
      ...inner,
      `  return [${results.map((r) => (jit && run.hand !== 'tensor' ? `${run.hand}(${r})` : r)).join(', ')}];`,
      '};',
    );
  }
  if (jit) {
    const donate = run.donate.map((p) => args.indexOf(p));
    const options = [
      donate.length > 0 && `donate: [${donate.join(', ')}]`,
      run.form === 'stages' && 'staged: true',
    ].filter(Boolean);
    text.push(`const run = jit(d, f${options.length > 0 ? `, { ${options.join(', ')} }` : ''});`);
  }
  for (let call = 0; call < run.calls; call++) {
    const given = args.map((p) => {
      const t = data(statements[p] as never, call);
      return run.host.includes(p) ? t : `await evaluate(d, ${t})`;
    });
    const fixed = (program.statics[call] ?? []).map((x) => (typeof x === 'string' ? x : number(x)));
    const list = [...given, ...fixed].join(', ');
    text.push(
      jit
        ? `console.log(await ${run.form === 'stages' ? 'all(run.stages' : 'read(d, await run'}(${list})));`
        : `console.log(await read(d, ${run.form === 'evaluate' ? 'await evaluate(d, ' : ''}f(${list})${run.form === 'evaluate' ? ')' : ''}));`,
    );
  }
  const code = text.join('\n');
  const used = Object.keys(functions).filter(
    (f) => f !== 'stopGradient' && new RegExp(`\\b${f}\\(`).test(code.replaceAll('console.log', '')),
  );
  const open =
    device.name === 'wasm' ? `await openWasm({ threads: ${device.threads} })` : `await openDevice('${device.name}')`;
  const opener = device.name === 'wasm' ? 'openWasm' : 'openDevice';
  return [
    `import { ${[...new Set([...used, opener])].sort().join(', ')} } from '@gdarknet/tensor';`,
    `const d = ${open};${run.warm ? ' // and its memory filled with NaN, given back' : ''}${run.behind ? ' // arguments lie last in its memory' : ''}`,
    code,
  ].join('\n');
};
