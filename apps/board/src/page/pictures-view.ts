/** Validation pictures with predictions, over time: one slider for the pictures of all selected runs. */
import type { App } from './app.ts';
import { h, labelled, on } from './dom.ts';
import type { Picture, RunView } from './source.ts';

type Album = { readonly run: RunView; readonly pictures: readonly Picture[] };

export const picturesView = (app: App) => {
  const slider = h('input', { type: 'range', min: 0, max: 0, value: 0, id: 'when' });
  const step = h('output', { for: 'when' });
  const body = h('div', { class: 'albums' });
  const element = h('div', {}, h('div', { class: 'tools' }, labelled('Batch', slider), step), body);
  let albums: readonly Album[] = [];
  let steps: readonly number[] = [];
  let shown = '';

  const draw = (): void => {
    const at = steps[Number(slider.value)] ?? 0;
    step.textContent = steps.length > 0 ? String(at) : '';
    slider.setAttribute('aria-valuetext', `batch ${at}`);
    slider.disabled = steps.length < 2;
    if (steps.length === 0) {
      body.replaceChildren(
        h(
          'p',
          { class: 'empty' },
          'None of the selected runs has pictures: files pictures/<batch>/<name>.png in its folder or among its artifacts.',
        ),
      );
      return;
    }
    const sections = albums.flatMap(({ run, pictures }) => {
      // The last ones that were made by then.
      const latest = pictures.reduce((most, { step }) => (step <= at ? Math.max(most, step) : most), -Infinity);
      const mine = pictures.filter((one) => one.step === latest);
      if (mine.length === 0) return [];
      const images = mine.map(({ name, path }) =>
        h(
          'figure',
          { class: 'picture' },
          h('img', {
            src: app.source.pictureUrl(run.id, path),
            alt: `Predictions on ${name}, batch ${latest}`,
            loading: 'lazy',
          }),
          h('figcaption', {}, name),
        ),
      );
      return [
        h('section', {}, h('h2', {}, `${app.label(run)}, batch ${latest}`), h('div', { class: 'pictures' }, ...images)),
      ];
    });
    body.replaceChildren(...sections);
  };
  on(slider, { input: draw });

  const update = (): void => {
    const runs = app.selected();
    const key = JSON.stringify(runs.map(({ id, updated, preference }) => [id, updated, preference.name]));
    if (key === shown) return;
    shown = key;
    void Promise.all(runs.map(async (run) => ({ run, pictures: (await app.source.files(run.id)).pictures }))).then(
      (all) => {
        if (key !== shown) return;
        const atEnd = steps.length === 0 || Number(slider.value) === steps.length - 1;
        albums = all.filter(({ pictures }) => pictures.length > 0);
        steps = [...new Set(albums.flatMap(({ pictures }) => pictures.map((one) => one.step)))].sort((a, b) => a - b);
        slider.max = String(Math.max(0, steps.length - 1));
        if (atEnd) slider.value = slider.max;
        draw();
      },
    );
  };
  return { element, update };
};
