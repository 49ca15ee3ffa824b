/**
 * No list of the user's size is spread into the arguments of a call: 120,000 of them overflow the stack, far from where the
 * list was made. `for (const row of rows) list.push(row)` and `reduce` have no such end.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The engine, the layers and the metrics have rules of their own for long axes. */
const folders = ['apps/board/src', 'apps/cli/src', 'packages/data/src', 'packages/yolo/src'];

/** Functions that take any number of arguments: what is spread into them is seldom short by nature. */
const greedy = new Set([
  'push',
  'unshift',
  'splice',
  'concat',
  'append',
  'prepend',
  'replaceChildren',
  'max',
  'min',
  'hypot',
  'fromCharCode',
  'fromCodePoint',
  'assign',
]);

/** Spread lists that are short by what they are, with why. */
const allowed: Readonly<Record<string, string>> = {
  'apps/board/src/page/dom.ts: element.append': 'children written out in code, or rows of a page',
  'apps/board/src/page/dom.ts: parent.replaceChildren': 'rows of a page',
  'apps/board/src/page/charts-tools.ts: body.replaceChildren': 'a box for each chart',
  'apps/board/src/page/evaluation-view.ts: element.replaceChildren': 'a row for each run on the page',
  'apps/board/src/page/chart-legend.ts: list.replaceChildren': 'a line for each curve of a chart',
  'apps/board/src/page/pictures-view.ts: body.replaceChildren': 'a section for each run on the page',
  'apps/board/src/page/runs-panel.ts: select.replaceChildren': 'the ways to group runs',
  'packages/data/src/shapes/outline.ts: Math.min': 'the corners of a shape',
  'packages/data/src/shapes/outline.ts: Math.max': 'the corners of a shape',
  'packages/data/src/augment/modern/affine.ts: Math.min': 'four corners',
  'packages/data/src/augment/modern/affine.ts: Math.max': 'four corners',
  'packages/yolo/src/training/descent.ts: Object.assign': 'parts of a network, 24 at most',
  'packages/yolo/src/training/together.ts: Object.assign': 'parts of a network, 24 at most',
};

const sources = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mts|mjs)$/.test(name) && !/\.test\.ts$|(^|\/)testing\//.test(name))
    .map((name) => join(root, folder, name));

/** `file: callee` of every call that spreads into a greedy function, or calls `apply`. */
const spreading = (file: string, text: string): readonly string[] => {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name } = node.expression;
      const spreads = node.arguments.some((argument) => ts.isSpreadElement(argument) && !isShort(argument.expression));
      if (spreads && greedy.has(name.text)) found.push(`${file}: ${node.expression.getText()}`);
      if (name.text === 'apply' && node.arguments.length === 2 && greedy.has(calleeOf(node.expression)))
        found.push(`${file}: ${node.expression.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
};

const calleeOf = ({ expression }: ts.PropertyAccessExpression): string =>
  ts.isPropertyAccessExpression(expression) ? expression.name.text : '';

/** A list written out in the code. */
const isShort = (expression: ts.Expression): boolean => ts.isArrayLiteralExpression(expression);

describe('arguments', () => {
  const found = folders.flatMap(sources).flatMap((file) => spreading(relative(root, file), readFileSync(file, 'utf8')));
  it('are not spread from lists of any length', () => {
    expect(found.filter((place) => !Object.hasOwn(allowed, place))).toEqual([]);
  });
  it('are allowed only where it is so', () => {
    expect(Object.keys(allowed).filter((place) => !found.includes(place))).toEqual([]);
  });
  it.each([
    ['rows.push(...many);', 1],
    ['Math.max(0, ...many.map((x) => x));', 1],
    ['String.fromCharCode(...bytes);', 1],
    ['rows.push.apply(rows, many);', 1],
    ['rows.push(...[a, b]); rows.push(a); f(...many); [...many];', 0],
  ])('%s', (text, count) => expect(spreading('a.ts', text).length).toBe(count));
});
