/** Elements from plain calls. Text is always a text node, so nothing that comes from a run is ever read as HTML. */

type Child = Node | string | undefined | false;
type Handlers = { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export const h = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes & { readonly on?: never } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, '');
    else if (value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
};

export const on = <E extends HTMLElement>(element: E, handlers: Handlers): E => {
  for (const [type, handler] of Object.entries(handlers)) element.addEventListener(type, handler as EventListener);
  return element;
};

export const button = (label: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement =>
  on(h('button', { type: 'button', ...attributes }, label), { click: press });

export const labelled = (label: string, input: HTMLElement, hint?: string): HTMLLabelElement =>
  h('label', { title: hint }, `${label} `, input);

export const checkbox = (checked: boolean, change: (checked: boolean) => void, attributes: Attributes = {}) => {
  const box = h('input', { type: 'checkbox', ...attributes });
  box.checked = checked;
  return on(box, { change: () => change(box.checked) });
};

export const choice = <V extends string>(
  options: readonly (readonly [value: V, label: string])[],
  value: V,
  change: (value: V) => void,
  attributes: Attributes = {},
): HTMLSelectElement => {
  const select = h('select', attributes, ...options.map(([key, label]) => h('option', { value: key }, label)));
  select.value = value;
  return on(select, { change: () => change(select.value as V) });
};

/** Keeps what has not changed, so that focus and scrolling stay where they are. */
export const replaceChildren = (parent: Element, children: readonly Node[]): void => {
  const same =
    parent.childNodes.length === children.length && children.every((child, i) => parent.childNodes[i] === child);
  if (!same) parent.replaceChildren(...children);
};

/** SVG made by our own chart code, as an element: parsed, never assigned as markup. */
export const svgElement = (text: string): Node =>
  document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);

export const save = (name: string, content: Blob): void => {
  const url = URL.createObjectURL(content);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};
