import { go, VIEWS } from './router.js';
import { turnTheme } from './theme.js';

/** What the keys do, for people. */
export const KEYS = [
  ...VIEWS.map(({ title }, i) => [String(i + 1), title]),
  ['/', 'Look for something in this view'], ['j  k', 'Down and up a list'], ['Enter', 'Open what is chosen'], ['t', 'Theme: system, light, dark'], ['?', 'This list'], ['Esc', 'Close, change nothing'],
];

/**
 * Follows the keyboard; not while somebody writes, and not where the browser has a meaning of its own.
 * @param {{ help: () => void }} does
 * @returns {() => void} to be called at the end
 */
export function onKeys({ help }) {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]') !== null) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const view = VIEWS[Number(event.key) - 1];
    if (view !== undefined) go(view.name);
    else if (event.key === '?') help();
    else if (event.key === 't') turnTheme();
    else if (event.key === '/') document.querySelector('[data-search]')?.focus();
    else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1);
    else return;
    event.preventDefault();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

/** To the next row of the list, or the one before. */
function step(by) {
  const rows = [...document.querySelectorAll('[data-row]')];
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at === -1 ? (by > 0 ? 0 : rows.length - 1) : at + by))]?.focus();
}
