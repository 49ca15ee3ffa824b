/** What lies behind the dots of a run: its nice name, notes, hiding, deleting, export, and what could not be read of it. */
import type { App } from './app.ts';
import { button, h, on } from './dom.ts';
import { settled } from './pace.ts';
import type { RunView } from './source.ts';

/** Typing is saved a moment after it ends, as in the original. */
const typedMs = 600;

const removal = ({ source }: RunView): string =>
  source === 'disk' ? 'It is hidden here and in the original board; its files stay.' : 'Its logs leave the board.';

/** Nothing is changed under the hands of somebody who types. */
const showText = (field: HTMLInputElement | HTMLTextAreaElement, text: string | undefined): void => {
  if (document.activeElement !== field) field.value = text ?? '';
};

const nameField = (app: App, { id, name }: RunView) => {
  const whenTyped = settled(typedMs);
  const attributes = { type: 'text', placeholder: 'nice name', 'aria-label': `Nice name of ${name}`, maxlength: 200 };
  const field = h('input', attributes);
  return on(field, { input: () => whenTyped(() => void app.prefer(id, { name: field.value })) });
};

const notesField = (app: App, { id, name }: RunView) => {
  const field = h('textarea', { placeholder: 'notes', 'aria-label': `Notes on ${name}`, rows: 2, maxlength: 10_000 });
  return on(field, { change: () => void app.prefer(id, { notes: field.value }) });
};

const faultList = () => {
  const summary = h('summary');
  const list = h('ul');
  const element = h('details', { class: 'faults', hidden: true }, summary, list);
  return {
    element,
    show: (faults: readonly string[]): void => {
      element.hidden = faults.length === 0;
      summary.textContent = `${faults.length} lines could not be read`;
      list.replaceChildren();
      for (const fault of faults) list.append(h('li', {}, fault));
    },
  };
};

export const runMore = (app: App, first: RunView) => {
  let run = first;
  const nice = nameField(app, run);
  const notes = notesField(app, run);
  const faults = faultList();
  const hide = button('Hide', () => {
    const hidden = !run.preference.hidden;
    void app.prefer(run.id, { hidden }).then(() => app.announce(`${run.name} is ${hidden ? 'hidden' : 'shown'}`));
  });
  const remove = button('Delete', () => {
    if (!confirm(`Delete ${app.label(run)}? ${removal(run)}`)) return;
    void app.remove(run.id).then(() => app.announce(`${run.name} is deleted`));
  });
  const { exportUrl } = app.source;
  const download = exportUrl && h('a', { href: exportUrl(run.id), download: '' }, 'All points (CSV)');
  const acts = h('p', {}, hide, ' ', app.source.remove && remove, ' ', download);
  const summary = h('summary', { 'aria-label': `More about ${run.name}` }, '⋯');
  return {
    element: h(
      'details',
      { class: 'more' },
      summary,
      h('div', { class: 'more-body' }, nice, notes, acts, faults.element),
    ),
    show: (next: RunView): void => {
      run = next;
      showText(nice, run.preference.name);
      showText(notes, run.preference.notes);
      hide.textContent = run.preference.hidden ? 'Show' : 'Hide';
      faults.show(run.faults);
    },
  };
};
