import { expect, it } from 'vitest';
import {
  chromeTrace,
  conv2d,
  inScope,
  openDevice,
  type ProfileEvent,
  profileRows,
  profileTable,
  read,
  relu,
} from './index.ts';
import { noise } from './testing/cases.ts';

it('tells time, work and traffic by op, by scope and by step, and writes a trace', async () => {
  const events: ProfileEvent[] = [];
  const device = await openDevice('wasm', { threads: 1, profile: (event) => void events.push(event) });
  const filter = noise([16, 3, 3, 8], 2);
  const one = inScope('first', () => relu(conv2d(filter, { padding: 1 })(noise([1, 20, 20, 8], 1))));
  const two = inScope('second', () => conv2d(noise([8, 1, 1, 16], 3))(one));
  await read(device, two);
  await device.close();

  const byScope = profileRows(events, ({ scope = 'none' }) => scope);
  expect(byScope.map(({ name }) => name).sort()).toEqual(['first', 'second']);
  const work = (scope: string) => events.filter((e) => e.scope === scope).reduce((sum, { flops }) => sum + flops, 0);
  // Two for each multiply-add.
  expect(work('first')).toBeGreaterThanOrEqual(2 * 400 * 16 * 72);
  expect(work('second')).toBe(2 * 400 * 8 * 16);
  expect(byScope.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);

  const tables = profileTable(events).split('\n\n');
  expect(tables.map((table) => table.split(' ')[0])).toEqual(['op', 'layer', 'plan.step']);
  expect(profileTable(events.map(({ scope: _, ...rest }) => rest)).split('\n\n').length).toBe(2);
  const { traceEvents } = JSON.parse(chromeTrace(events));
  expect(traceEvents).toHaveLength(events.length);
  expect(traceEvents[0]).toMatchObject({ ph: 'X', cat: 'conv2d', args: { scope: 'first' } });
});

it('names end with their function, also by an error', () => {
  expect(() =>
    inScope('broken', () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(noise([1]).scope).toBeUndefined();
  expect(inScope('a', () => inScope('b', () => relu(noise([1])))).scope).toBe('b');
});
