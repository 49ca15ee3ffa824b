import { expect, it } from 'vitest';
import { graphOf, input, matmul } from '../index.ts';
import { conformance } from '../testing/conformance.ts';
import { openInterpreter } from '../testing/interpreter.ts';
import { planGraph } from './plan.ts';

conformance('the planned program', async () => openInterpreter());

it('a stage ends with the last step that writes one of its results', () => {
  const [x, w] = [input(0, [4, 4], 'f32'), input(1, [4, 4], 'f32')];
  const once = matmul(x, w);
  const twice = matmul(once, w);
  const graph = graphOf([once, twice, matmul(twice, w)], [x, w]);
  expect(planGraph(graph, { stages: [1, 1, 2, 3] }).stages).toEqual([1, 1, 2, 3]);
  expect(planGraph(graph).stages).toEqual([3]);
});
