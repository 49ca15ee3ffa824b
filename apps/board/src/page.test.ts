/** The page in a headless Chromium: a live training, what a person does with it, no error, and axe's rules. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser } from '../../../test/browser.ts';
import { start } from '../../cli/src/testing/cli.ts';
import { writeReport } from './report/report.ts';
import { type TestBoard, tempFolder, testBoard, until } from './testing/board.ts';
import { endRun, makeRun } from './testing/run-folder.ts';

const none = (await browserAtHand()).tag === 'none';
/** Kept after the run, for whoever looks at them. */
const shots = process.env.GDARKNET_SCREENSHOTS ?? join(tmpdir(), 'gdarknet-screenshots');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One white pixel. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==',
  'base64',
);

describe.skipIf(none)('the page', () => {
  let browser: Browser;
  let board: TestBoard;
  let dir: string;
  const problems: string[] = [];

  /** `prepare` comes before the page does. */
  const open = async (
    path = '/',
    options: Parameters<Browser['newPage']>[0] = {},
    prepare: (page: Page) => Promise<void> = async () => {},
  ): Promise<Page> => {
    const page = await browser.newPage({
      locale: 'en-GB',
      viewport: { width: 1400, height: 1000 },
      acceptDownloads: true,
      ...options,
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await prepare(page);
    await page.goto(board.url + path);
    return page;
  };
  const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `board-${name}.png`) });
  const curve = (page: Page, chart: string) => page.locator(`figure[data-chart="${chart}"]`);
  /** Charts are drawn when they come into sight. */
  const pointsOf = async (page: Page, chart: string): Promise<number> => {
    const figure = curve(page, chart);
    if ((await figure.count()) === 0) return 0;
    await figure.scrollIntoViewIfNeeded();
    return Number(await figure.locator('.plot').getAttribute('data-points'));
  };
  const accessible = async (page: Page): Promise<readonly string[]> => {
    // The policy of the page lets nothing in from outside, so the checker comes by the debugger.
    const found = await page.evaluate(
      `${axe}; axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })`,
    );
    const { violations } = found as { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`);
  };

  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    dir = join(await tempFolder(), 'backup');
    makeRun(join(dir, 'old-giou'), 400);
    endRun(join(dir, 'old-giou'), 400);
    makeRun(join(dir, 'old-iou'), 400, '[net]\nbatch=4\n[yolo]\niou_loss=iou\n');
    endRun(join(dir, 'old-iou'), 400);
    for (const step of [100, 200]) {
      mkdirSync(join(dir, 'old-giou', 'pictures', String(step)), { recursive: true });
      writeFileSync(join(dir, 'old-giou', 'pictures', String(step), 'dog.png'), pixel);
    }
    writeFileSync(
      join(dir, 'old-giou', 'evaluation.json'),
      JSON.stringify({
        title: 'valid',
        curves: [{ name: 'dog', recall: [0, 0.5, 1], precision: [1, 0.9, 0.4] }],
        confusion: { labels: ['dog', 'cat', 'background'], counts: [8, 1, 1, 2, 7, 1, 1, 0, 0] },
      }),
    );
    board = await testBoard({ dir, everyMs: 100 });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await board?.close();
  });

  it('paints before any data has come, and weighs less than 150 kB', async () => {
    const asked: string[] = [];
    let release = (): void => {};
    const painted = new Promise<void>((resolve) => {
      release = resolve;
    });
    const page = await open('/', {}, async (fresh) => {
      fresh.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await fresh.route('**/api/**', async (route) => {
        await painted;
        await route.continue();
      });
    });
    await page.getByRole('heading', { name: 'gdarknet board' }).waitFor();
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    expect(asked.filter((path) => !path.startsWith('/api/'))).toEqual(['/', '/board.css', '/board.js']);
    expect(await page.locator('.run').count()).toBe(0);
    release();
    await page.waitForSelector('canvas');
    const sizes = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map((entry) => [new URL(entry.name).pathname, (entry as PerformanceResourceTiming).encodedBodySize] as const),
    );
    const bytes = sizes.filter(([name]) => /board\.(js|css)$/.test(name)).reduce((sum, [, size]) => sum + size, 0);
    console.info(`page: ${bytes} bytes gzipped`);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(150_000);
    await page.close();
  });

  // Trains for real: beside other work it takes minutes, and no wait in it is shorter than the test's own limit.
  it('shows a live training as it goes', { timeout: 600_000 }, async () => {
    const page = await open('/#smooth=0');
    await page.waitForSelector('canvas');
    const set = join(await tempFolder(), 'shapes');
    expect((await start(['shapes', set, '--train', '12', '--valid', '4', '--size', '32']).ended).status).toBe(0);
    writeFileSync(
      join(set, 'shapes.data'),
      readFileSync(join(set, 'shapes.data'), 'utf8').replace(/^backup.*$/m, `backup = ${dir}`),
    );
    const cfg = readFileSync(join(set, 'shapes-giou.cfg'), 'utf8')
      .replace(/^(width|height)=.*$/gm, '$1=32')
      .replace(/^batch=.*$/m, 'batch=4');
    writeFileSync(join(set, 'live.cfg'), cfg);
    const training = start([
      'train',
      join(set, 'shapes.data'),
      join(set, 'live.cfg'),
      '--prefix',
      'live',
      '--max-batches',
      '200',
      '--assess',
      '0',
    ]);
    const row = page.locator('.run', { hasText: 'live' });
    await row.waitFor({ timeout: 0 });
    const legend = curve(page, 'loss/batch').locator('.legend li', { hasText: 'live' });
    await curve(page, 'loss/batch').scrollIntoViewIfNeeded();
    await legend.waitFor({ timeout: 0 });
    const seen: number[] = [];
    const steps = async (): Promise<number> =>
      Number(/step (\d+)/.exec((await legend.locator('.value').textContent()) ?? '')?.[1] ?? 0);
    await until(async () => {
      const at = await steps();
      if (at > (seen.at(-1) ?? 0)) seen.push(at);
      return at >= 200;
    }, 50);
    console.info(`live: steps seen ${seen.join(', ')}`);
    // It grew before our eyes, without a reload.
    expect(seen.length).toBeGreaterThan(3);
    await shot(page, 'live');
    const ended = await training.ended;
    expect(ended.status, ended.stderr).toBe(0);
    await until(async () => ((await row.textContent()) ?? '').includes('finished'));
    await page.close();
  });

  it('smooths as the original, and shows the raw curve behind', async () => {
    const page = await open('/#smooth=20&runs=');
    await page.getByRole('checkbox', { name: 'old-giou', exact: true }).check();
    await page.waitForSelector('canvas');
    // The first 20 points are dropped.
    await until(async () => (await pointsOf(page, 'loss/total')) === 380);
    await page.getByRole('spinbutton', { name: 'Smooth Steps' }).first().fill('0');
    await page.keyboard.press('Enter');
    await until(async () => (await pointsOf(page, 'loss/total')) === 400);
    // Too short for 300 steps: the original does not smooth it, and the page says so.
    await page.getByRole('spinbutton', { name: 'Smooth Steps' }).first().fill('300');
    await page.keyboard.press('Enter');
    await curve(page, 'loss/total').scrollIntoViewIfNeeded();
    await curve(page, 'loss/total').getByText('not smoothed').waitFor();
    await page.close();
  });

  it('selects, names, colours, notes and hides; all of it stays', async () => {
    const page = await open();
    await page.waitForSelector('canvas');
    const row = page.locator('.run', { hasText: 'old-iou' });
    await row.getByRole('checkbox').uncheck();
    await until(
      async () => !((await curve(page, 'loss/total').locator('.legend').textContent()) ?? '').includes('old-iou'),
    );
    expect(page.url()).toContain('runs=');
    await row.locator('.more > summary').click();
    await row.getByLabel('Nice name').fill('<b>baseline</b>');
    await page.locator('.run', { hasText: '<b>baseline</b> (old-iou)' }).waitFor();
    await row.locator('input[type=color]').fill('#ff4081');
    await until(async () =>
      (await board.call('GET', '/api/board/runs')).body.runs.some(
        (run: { preference: { color?: string } }) => run.preference.color === '#ff4081',
      ),
    );
    await row.getByRole('button', { name: 'Hide' }).click();
    await until(async () => (await page.locator('.run', { hasText: 'old-iou' }).count()) === 0);
    // As the original marks it.
    expect(existsSync(join(dir, 'old-iou', '_HIDE'))).toBe(true);
    await page.reload();
    await page.waitForSelector('.run');
    expect(await page.locator('.run', { hasText: 'old-iou' }).count()).toBe(0);
    await page.getByLabel('hidden').check();
    const hidden = page.locator('.run', { hasText: '<b>baseline</b> (old-iou)' });
    await hidden.waitFor();
    await hidden.locator('.more > summary').click();
    await hidden.getByRole('button', { name: 'Show' }).click();
    await until(() => !existsSync(join(dir, 'old-iou', '_HIDE')));
    await page.close();
  });

  it('filters and groups', async () => {
    const page = await open();
    await page.waitForSelector('.run');
    await page.keyboard.press('/');
    await page.keyboard.type('yolo.iou_loss=giou old');
    await until(async () => (await page.locator('.run').count()) === 1);
    await page.getByLabel('Filter runs').fill('');
    await page.getByLabel('Group').selectOption('param:yolo.iou_loss');
    await page.getByRole('heading', { name: 'yolo.iou_loss = giou' }).waitFor();
    await shot(page, 'grouped');
    await page.close();
  });

  it('zooms all charts together; the link holds it', async () => {
    const page = await open('/#smooth=0&runs=');
    await page.getByRole('checkbox', { name: 'old-giou', exact: true }).check();
    await until(async () => (await pointsOf(page, 'loss/total')) === 400);
    const over = curve(page, 'accuracy/giou').locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (!box) throw new Error('no chart');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await until(() => page.url().includes('zoom='));
    // Read anew, finer, with a tenth more at each side.
    await until(async () => (await pointsOf(page, 'loss/total')) < 200);
    await shot(page, 'zoomed');
    const again = await open(page.url().slice(board.url.length));
    await until(async () => (await pointsOf(again, 'loss/total')) < 200);
    await again.close();
    await page.keyboard.press('0');
    await until(async () => (await pointsOf(page, 'loss/total')) === 400);
    await page.close();
  });

  it('reads values by pointer and by keyboard, on step and time axes and a log scale', async () => {
    const page = await open('/#smooth=0');
    const chart = curve(page, 'loss/total');
    await until(async () => (await pointsOf(page, 'loss/total')) > 400);
    await chart.locator('.u-over').hover({ position: { x: 100, y: 60 } });
    await until(async () => /^step \d+$/.test((await chart.locator('.where').textContent()) ?? ''));
    // The others follow.
    expect(await curve(page, 'loss/class-share').locator('.where').textContent()).toBe(
      await chart.locator('.where').textContent(),
    );
    await chart.locator('.plot').focus();
    await page.keyboard.press('End');
    await until(async () => /step 4\d\d: /.test((await page.locator('[role=status].spoken').textContent()) ?? ''));
    await page.locator('#axis').selectOption('relative');
    await chart.getByText('time since the start').or(chart.locator('canvas')).first().waitFor();
    await page.locator('#axis').selectOption('time');
    await until(() => page.url().includes('x=time'));
    await chart.locator('.controls summary').click();
    await chart.getByLabel('log scale').check();
    await chart.getByLabel('Max-Y').fill('0.5');
    await page.keyboard.press('Enter');
    await until(() => /_y0.5/.test(decodeURIComponent(page.url())));
    await shot(page, 'log');
    await page.close();
  });

  it('saves charts as PNG, SVG and CSV, and the table as CSV', async () => {
    const page = await open('/#smooth=0&runs=');
    await page.getByRole('checkbox', { name: 'old-giou', exact: true }).check();
    await until(async () => (await pointsOf(page, 'loss/total')) === 400);
    const chart = curve(page, 'loss/total');
    await chart.locator('.controls summary').click();
    const save = async (name: string): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        chart.getByRole('button', { name }).click(),
      ]);
      const path = join(shots, download.suggestedFilename());
      await download.saveAs(path);
      return path;
    };
    expect(
      readFileSync(await save('PNG'))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(readFileSync(await save('SVG'), 'utf8')).toMatch(/^<svg .*Total Loss/s);
    const rows = readFileSync(await save('CSV'), 'utf8')
      .trim()
      .split('\n');
    expect(rows).toHaveLength(401);
    expect(rows[400]).toMatch(/^"old-giou",[0-9a-f]{32},"loss\/total",raw,400,0.0075$/);
    await page.close();
  });

  it('table, comparison, evaluation and pictures', async () => {
    const page = await open();
    await page.waitForSelector('canvas');
    await page.keyboard.press('2');
    await page.getByRole('button', { name: 'loss/total' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'loss/total' }).waitFor();
    await page.getByRole('button', { name: 'loss/total' }).click();
    await page.locator('th[aria-sort=descending]', { hasText: 'loss/total' }).waitFor();
    await page.getByLabel('Compare old-giou').check();
    await page.getByLabel(/Compare .*old-iou/).check();
    await shot(page, 'table');
    await page.keyboard.press('3');
    await page.locator('.diff .removed', { hasText: 'iou_loss=giou' }).waitFor();
    await page.locator('.diff .added', { hasText: 'iou_loss=iou' }).waitFor();
    await shot(page, 'compare');
    await page.keyboard.press('4');
    await page.getByRole('heading', { name: 'old-giou: valid' }).waitFor();
    expect(await page.locator('.sheet svg[role=img]').count()).toBe(2);
    await shot(page, 'evaluation');
    await page.keyboard.press('5');
    const image = page.locator('.albums section', { hasText: 'old-giou' }).locator('img');
    await until(
      async () =>
        (await image.count()) === 1 && (await image.evaluate((one: HTMLImageElement) => one.naturalWidth)) === 1,
    );
    await page.getByLabel('Batch').press('Home');
    await page.getByRole('heading', { name: 'old-giou, batch 100' }).waitFor();
    await shot(page, 'pictures');
    await page.close();
  });

  it.each([
    ['light', 1400],
    ['dark', 1400],
    ['dark', 390],
  ] as const)('breaks none of axe’s rules, %s, %s wide', async (colorScheme, width) => {
    const page = await open('/', { colorScheme, viewport: { width, height: 900 } });
    await page.waitForSelector('canvas');
    await page.locator('.controls summary').first().click();
    expect(await accessible(page)).toEqual([]);
    for (const [view, whole] of [
      ['2', 'main tbody tr'],
      ['3', '.compare h2'],
      ['4', '.sheet svg[role=img]'],
      ['5', '.albums section img'],
    ]) {
      await page.locator('main').focus();
      await page.keyboard.press(view);
      await page.locator(whole).first().waitFor();
      expect(await accessible(page), view).toEqual([]);
    }
    await page.keyboard.press('1');
    await page.locator('main canvas').first().waitFor();
    // Nothing is wider than the screen.
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await shot(page, `${colorScheme}-${width}`);
    await page.close();
  });

  it('a report is the same page in one file', async () => {
    const out = join(shots, 'report.html');
    await writeReport({ runs: [join(dir, 'old-giou'), join(dir, 'old-iou')], out })();
    const page = await browser.newPage({ locale: 'en-GB' });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${out}`);
    await page.waitForSelector('canvas');
    await page.keyboard.press('5');
    await until(async () => (await page.locator('.picture img').count()) === 1);
    await page.keyboard.press('3');
    await page.locator('.diff .removed').first().waitFor();
    expect(asked.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
    await page.close();
  });

  it('has said nothing on the console', () => {
    expect(problems).toEqual([]);
  });
});
