/** Light, dark, or as the system has it; kept in the browser. */
import { choice, labelled } from './dom.ts';

type Theme = 'auto' | 'light' | 'dark';
const name = 'gdarknet-board-theme';

const stored = (): Theme => {
  try {
    const value = localStorage.getItem(name);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    // A report opened from a file may have no storage.
    return 'auto';
  }
};

export const themePicker = (changed: () => void): HTMLElement => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = (theme: Theme): void => {
    document.documentElement.dataset.theme = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
    changed();
  };
  const pick = choice<Theme>(
    [
      ['auto', 'as the system'],
      ['light', 'light'],
      ['dark', 'dark'],
    ],
    stored(),
    (theme) => {
      try {
        localStorage.setItem(name, theme);
      } catch {
        // It lasts as long as the page.
      }
      apply(theme);
    },
  );
  dark.addEventListener('change', () => apply(stored()));
  apply(stored());
  return labelled('Theme', pick);
};
