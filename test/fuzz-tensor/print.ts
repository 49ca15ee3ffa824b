/** A program as code that a person can run. */
import { type Arg, dataOf, functions, type Program, type Statement, sourcesOf, staticsOf } from './program.ts';

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

const body = (statements: readonly Statement[], prefix: string, indent: string): string[] => {
  const name = (place: number): string => `${prefix}${place}`;
  return statements.flatMap((s, i): string[] => {
    switch (s.kind) {
      case 'source':
        return s.role === 'constant' ? [`${indent}const ${name(i)} = ${data(s, 0)};`] : [];
      case 'parameter':
        return [];
      case 'call': {
        const f = typeof s.f === 'string' ? s.f : fixedName(s.f.fixed);
        const call = s.args.map((list) => `(${list.map((a) => written(a, name, fixedName)).join(', ')})`).join('');
        return [`${indent}const ${name(i)} = ${f}${call}${s.at === undefined ? '' : `[${s.at}]`};`];
      }
      case 'block': {
        const inner = `${prefix}${i}_`;
        const parameters = s.body.statements.flatMap((t, j) => (t.kind === 'parameter' ? [`${inner}${j}`] : []));
        const args = s.of.map(name);
        const f = `(${parameters.join(', ')}) => {`;
        const lines = body(s.body.statements, inner, `${indent}  `);
        const end = [...lines, `${indent}  return ${inner}${s.body.result};`];
        const given = args.join(', ');
        if (s.wrap === 'repeat') {
          return [
            `${indent}let ${name(i)} = ${args[0]};`,
            `${indent}const f${name(i)} = ${f}`,
            ...end,
            `${indent}};`,
            `${indent}for (let i = 0; i < ${s.times}; i++) ${name(i)} = f${name(i)}(${[name(i), ...args.slice(1)].join(', ')});`,
          ];
        }
        const open = { checkpoint: `checkpoint(${f}`, customVjp: `custom(${f}`, inScope: `(${f}` }[s.wrap];
        return [`${indent}const ${name(i)} = ${open}`, ...end, `${indent}})(${given});`];
      }
    }
  });
};

const sum = (outputs: readonly string[]): string =>
  outputs.map((o, i) => (i % 2 === 0 ? `sum()(${o})` : `sum()(mul(${o}, 0.5))`)).reduce((a, b) => `add(${a}, ${b})`);

export const print = (program: Program): string => {
  const { statements, outputs, gradient, run, device } = program;
  const args = sourcesOf(program, 'argument');
  const captured = sourcesOf(program, 'captured');
  const name = (place: number): string => `v${place}`;
  const statics = staticsOf(program, 0).map((_, i) => fixedName(i));
  const results = outputs.map(name);
  const lines: string[] = [];
  const parameters = [...args.map(name), ...statics].join(', ');
  const jit = run.form === 'jit' || run.form === 'stages';
  for (const place of captured)
    lines.push(`const ${name(place)} = await evaluate(d, ${data(statements[place] as never, 0)});`);
  const inner = body(statements, 'v', '  ');
  if (gradient) {
    const by = gradient.by.map(name).join(', ');
    const value = gradient.form === 'vjp' ? `[${results.join(', ')}]` : sum(results);
    lines.push(
      `const g = (${[...args.map(name), ...statics, ...gradient.by.filter((p) => captured.includes(p)).map(name)].join(', ')}) => {`,
      ...inner,
      `  return ${value};`,
      '};',
    );
    const at = gradient.by.join(', ');
    lines.push(
      `// ${gradient.form} of g by ${by} (statements ${at}), all other arguments fixed${gradient.form === 'vjp' ? '; cotangents of eighths' : ''}`,
    );
    lines.push(`const f = (${parameters}) => ${gradient.form}By(g, [${by}]);`);
  } else {
    lines.push(
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
    lines.push(`const run = jit(d, f${options.length > 0 ? `, { ${options.join(', ')} }` : ''});`);
  }
  for (let call = 0; call < run.calls; call++) {
    const given = args.map((p) => {
      const t = data(statements[p] as never, call);
      return run.host.includes(p) ? t : `await evaluate(d, ${t})`;
    });
    const fixed = (program.statics[call] ?? []).map((x) => (typeof x === 'string' ? x : number(x)));
    const list = [...given, ...fixed].join(', ');
    lines.push(
      jit
        ? `console.log(await ${run.form === 'stages' ? 'all(run.stages' : 'read(d, await run'}(${list})));`
        : `console.log(await read(d, ${run.form === 'evaluate' ? 'await evaluate(d, ' : ''}f(${list})${run.form === 'evaluate' ? ')' : ''}));`,
    );
  }
  const text = lines.join('\n');
  const used = Object.keys(functions).filter(
    (f) => f !== 'stopGradient' && new RegExp(`\\b${f}\\(`).test(text.replaceAll('console.log', '')),
  );
  const open =
    device.name === 'wasm' ? `await openWasm({ threads: ${device.threads} })` : `await openDevice('${device.name}')`;
  const opener = device.name === 'wasm' ? 'openWasm' : 'openDevice';
  return [
    `import { ${[...new Set([...used, opener])].sort().join(', ')} } from '@gdarknet/tensor';`,
    `const d = ${open};${run.warm ? ' // and its memory filled with NaN, given back' : ''}`,
    text,
  ].join('\n');
};
