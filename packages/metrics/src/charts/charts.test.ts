import { describe, expect, it } from 'vitest';
import { isXmlFault, parseXml } from '../formats/xml.ts';
import { apThresholdChart, confusionChart, lineChart, prChart } from './index.ts';

const elementOf = (svg: string) => {
  const root = parseXml(svg);
  if (isXmlFault(root)) throw new Error(`${root.line}: ${root.found}`);
  return root;
};

describe('lineChart', () => {
  it('is one SVG element with its title, labels and legend, whatever characters they hold', () => {
    const points = [
      [0, 1],
      [10, 2],
    ] as const;
    const svg = lineChart([{ name: 'a<b', points }], {
      title: 'x & "y"',
      x: { label: 'iteration' },
      y: { label: 'loss' },
    });
    expect(elementOf(svg).name).toBe('svg');
    for (const shown of ['x &amp; &quot;y&quot;', '>iteration<', '>loss<', 'a&lt;b']) expect(svg).toContain(shown);
  });

  it('puts points where the scales say', () => {
    const points = [
      [1, 1],
      [10, 10],
      [100, 100],
    ] as const;
    const svg = lineChart([{ points }], {
      width: 288,
      height: 272,
      x: { scale: 'log' },
      y: { scale: 'log' },
      legend: false,
    });
    // The plot spans 68..268 by 220..20: the middle decade lies in the middle.
    expect(svg).toContain('d="M68 220L168 120L268 20"');
  });

  it('breaks the line at what cannot be drawn', () => {
    const gap = lineChart([
      {
        points: [
          [0, 1],
          [1, Number.NaN],
          [2, 1],
          [3, 2],
        ],
      },
    ]);
    expect(gap.match(/d="M[^"]*L[^"]*"/)?.[0]).toMatch(/^d="M[\d.]+ [\d.]+M[\d.]+ [\d.]+L/);
    const log = lineChart(
      [
        {
          points: [
            [0, 0],
            [1, 10],
            [2, 100],
          ],
        },
      ],
      { y: { scale: 'log' } },
    );
    expect(log).not.toMatch(/NaN|Infinity/);
  });

  it('draws nothing, one point and a million points', () => {
    expect(lineChart([])).not.toMatch(/NaN|Infinity/);
    expect(lineChart([{ points: [[5, 5]] }])).toContain('<circle');
    const many = Array.from({ length: 1e6 }, (_, i) => [i, i === 777_777 ? 9 : Math.sin(i)] as const);
    const svg = lineChart([{ points: many }]);
    expect(svg.length).toBeLessThan(120_000);
    // The lone peak is kept: it is the top of the plot.
    expect(svg).toMatch(/L[\d.]+ 20[LM"]/);
  });

  it('marks axes with round figures', () => {
    const svg = lineChart(
      [
        {
          points: [
            [0, 0],
            [20_000, 0.7],
          ],
        },
      ],
      { legend: false },
    );
    for (const mark of ['>0.1<', '>0.7<', '>10k<', '>20k<']) expect(svg).toContain(mark);
  });
});

describe('charts of a detector', () => {
  it('precision over recall', () => {
    const svg = prChart([
      { name: 'dog', curve: { recall: Float64Array.of(0.5, 1), precision: Float64Array.of(1, 0.5) } },
    ]);
    expect(elementOf(svg).name).toBe('svg');
    expect(svg).toContain('>dog<');
    expect(svg).toContain('>precision<');
  });

  it('AP over thresholds', () => {
    const svg = apThresholdChart([
      {
        name: 'run',
        values: [
          { threshold: 0.5, AP: 0.7 },
          { threshold: 0.95, AP: 0.1 },
        ],
      },
    ]);
    expect(svg).toContain('>threshold<');
  });

  it('confusion matrix with its counts', () => {
    const svg = confusionChart({ labels: ['a', 'none'], counts: Float64Array.of(3, 1, 0, 0) });
    expect(elementOf(svg).name).toBe('svg');
    expect(svg).toContain('>3<');
    expect(svg).toContain('rgba(0, 114, 178, 0.75)');
  });
});
