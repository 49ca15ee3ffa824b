import { describe, expect, it } from 'vitest';
import { contextOf, worldOf } from './context.ts';
import { clock, meter, progressText } from './progress.ts';

describe('progress', () => {
  it('clock', () => {
    expect([0, 59.4, 61, 3600, 3723].map(clock)).toEqual(['0:00', '0:59', '1:01', '1:00:00', '1:02:03']);
  });

  it('rate, waiting and time left come from the last half minute', () => {
    const counter = meter('valid', 1000, 'images', 0);
    counter.advance(10_000, 1, 500);
    expect(progressText(counter.read(10_000))).toBe('valid 1/1000  0.10 images/s  data wait 5 %  2:46:30 left');
    for (let second = 11; second <= 60; second++) counter.advance(1000 * second, 4 * second - 39);
    expect(counter.read(60_000).rate).toBeCloseTo(4, 6);
  });

  it('says nothing that it does not know', () => {
    expect(progressText(meter('test', 3, 'images', 0).read(5))).toBe('test 0/3');
  });

  it('redraws one line on a terminal and wipes it before anything else is written', () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text), isTTY: true, columns: 80 };
    const context = contextOf(
      worldOf({ stdout: sink, stderr: sink, stdin: process.stdin }, new AbortController().signal),
      [],
    );
    const progress = context.progress('valid', 2);
    progress.advance(1);
    context.tell('note');
    progress.end();
    const wipe = '\r\u001b[2K';
    expect(written[0]).toMatch(/^valid 1\/2/);
    expect(written.slice(1)).toEqual([wipe, 'note\n', written[0], wipe]);
  });

  it('is quiet elsewhere until ten seconds have passed', () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text) };
    const context = contextOf(
      worldOf({ stdout: sink, stderr: sink, stdin: process.stdin }, new AbortController().signal),
      [],
    );
    const progress = context.progress('valid', 2);
    progress.advance(1);
    progress.end();
    expect(written).toEqual([]);
  });
});
