/** Evaluations of the selected runs: precision over recall, and which class is taken for which. */
import { confusionChart, prChart } from '@gdarknet/metrics/charts';
import type { App } from './app.ts';
import { h, svgElement } from './dom.ts';
import type { NamedEvaluation, RunView } from './source.ts';

export const evaluationView = (app: App) => {
  const element = h('div', { class: 'evaluations' });
  let shown = '';

  const sheet = (run: RunView, { file, evaluation }: NamedEvaluation): HTMLElement => {
    const { title, curves = [], confusion } = evaluation;
    const total = confusion?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
    return h(
      'section',
      {},
      h('h2', {}, `${app.label(run)}: ${title ?? file}`),
      h(
        'div',
        { class: 'sheets' },
        curves.length > 0 &&
          h(
            'div',
            { class: 'sheet' },
            svgElement(
              prChart(
                curves.map(({ name, recall, precision }) => ({
                  name,
                  curve: { recall: Float64Array.from(recall), precision: Float64Array.from(precision) },
                })),
              ),
            ),
          ),
        confusion &&
          h(
            'div',
            { class: 'sheet' },
            svgElement(confusionChart({ labels: confusion.labels, counts: Float64Array.from(confusion.counts) })),
            h('p', { class: 'spoken' }, `${confusion.labels.length} classes, ${total} boxes`),
          ),
      ),
    );
  };

  const update = (): void => {
    const runs = app.selected();
    const key = JSON.stringify(runs.map(({ id, updated, preference }) => [id, updated, preference.name]));
    if (key === shown) return;
    shown = key;
    void Promise.all(
      runs.map(async (run) => (await app.source.files(run.id)).evaluations.map((one) => sheet(run, one))),
    ).then((sheets) => {
      if (key !== shown) return;
      const all = sheets.flat();
      element.replaceChildren(
        ...(all.length > 0
          ? all
          : [
              h(
                'p',
                { class: 'empty' },
                'None of the selected runs has an evaluation: a file evaluation*.json in its folder or among its artifacts.',
              ),
            ]),
      );
    });
  };
  return { element, update };
};
