/** Where the time of a device goes: one event a kernel launch, tables by op and by step, and a Chrome trace file. */
export type ProfileEvent = {
  /** Which plan of the device, and which of its steps: those of a layer come in the network's order. */
  readonly plan: number;
  readonly step: number;
  /** Kind of the step: `conv2d`, `map`. */
  readonly op: string;
  readonly label: string;
  /** What the step belongs to, where `inScope` named it: a layer. */
  readonly scope?: string;
  /** Milliseconds since the device was opened (webgpu: since its first kernel), and taken. */
  readonly start: number;
  readonly duration: number;
  /** Of the step, on the first of its launches; 0 on the others. */
  readonly flops: number;
  readonly bytes: number;
};

export type ProfileRow = {
  readonly name: string;
  readonly launches: number;
  readonly milliseconds: number;
  /** Of the time of all rows. */
  readonly share: number;
  readonly gflops: number;
  /** Gigabytes a second that the step must move at least. */
  readonly gigabytes: number;
};

/** Sums of the events with one name, slowest first. */
export const profileRows = (
  events: readonly ProfileEvent[],
  nameOf: (event: ProfileEvent) => string,
): readonly ProfileRow[] => {
  const sums = new Map<string, { launches: number; milliseconds: number; flops: number; bytes: number }>();
  for (const event of events) {
    const name = nameOf(event);
    const sum = sums.get(name) ?? { launches: 0, milliseconds: 0, flops: 0, bytes: 0 };
    sum.launches += 1;
    sum.milliseconds += event.duration;
    sum.flops += event.flops;
    sum.bytes += event.bytes;
    sums.set(name, sum);
  }
  const total = events.reduce((sum, { duration }) => sum + duration, 0);
  const rate = (amount: number, milliseconds: number) => (milliseconds > 0 ? amount / 1e6 / milliseconds : 0);
  return [...sums]
    .map(([name, { launches, milliseconds, flops, bytes }]) => ({
      name,
      launches,
      milliseconds,
      share: total > 0 ? milliseconds / total : 0,
      gflops: rate(flops, milliseconds),
      gigabytes: rate(bytes, milliseconds),
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
};

/** The whole as text: by op, by layer where scopes name them, then by step; `peak` in GFLOP/s adds the share of it. */
export const profileTable = (events: readonly ProfileEvent[], peak?: number): string => {
  const table = (title: string, rows: readonly ProfileRow[]): string[] => [
    `${title.padEnd(72)}launches        ms   share   GFLOP/s${peak ? '  of peak' : ''}      GB/s`,
    ...rows.map((row) =>
      [
        row.name.padEnd(72),
        String(row.launches).padStart(8),
        row.milliseconds.toFixed(2).padStart(10),
        `${(100 * row.share).toFixed(1)} %`.padStart(8),
        row.gflops.toFixed(1).padStart(10),
        ...(peak ? [`${((100 * row.gflops) / peak).toFixed(0)} %`.padStart(9)] : []),
        row.gigabytes.toFixed(1).padStart(10),
      ].join(''),
    ),
  ];
  return [
    ...table(
      'op',
      profileRows(events, ({ op }) => op),
    ),
    '',
    ...(events.some(({ scope }) => scope !== undefined)
      ? [
          ...table(
            'layer',
            profileRows(events, ({ scope = 'other' }) => scope),
          ),
          '',
        ]
      : []),
    ...table(
      'plan.step',
      profileRows(events, ({ plan, step, label }) => `${plan}.${step} ${label}`),
    ),
    '',
  ].join('\n');
};

/** For chrome://tracing and Perfetto (Trace Event Format, complete events). */
export const chromeTrace = (events: readonly ProfileEvent[]): string =>
  JSON.stringify({
    displayTimeUnit: 'ms',
    traceEvents: events.map(({ plan, step, op, label, scope, start, duration, flops, bytes }) => ({
      ph: 'X',
      pid: 1,
      tid: 1,
      name: label,
      cat: op,
      ts: start * 1000,
      dur: duration * 1000,
      args: { plan, step, flops, bytes, ...(scope !== undefined && { scope }) },
    })),
  });
