import { createStore } from './store.js';

const KEY = 'sluice-theme';
const NEXT = { system: 'light', light: 'dark', dark: 'system' };
const dark = matchMedia('(prefers-color-scheme: dark)');

/** What was chosen: system, light or dark. */
export const theme = createStore(document.documentElement.dataset.theme ?? 'system');

/** Whether the page is dark now. */
export function isDark() {
  return theme.get() === 'system' ? dark.matches : theme.get() === 'dark';
}

/** The next choice. */
export function turnTheme() {
  const chosen = NEXT[theme.get()];
  if (chosen === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    if (chosen === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
  theme.set(chosen);
}

dark.addEventListener('change', () => theme.set(theme.get()));
