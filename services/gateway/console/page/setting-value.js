import { bytes, count, ms } from './format.js';

/** A setting's value with its unit, as a person says it. @param {{ value: unknown, unit: string | null }} row */
export function shown({ value, unit }) {
  if (value === '') return '(empty)';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'number') return String(value);
  if (unit === 'ms') return ms(value);
  if (unit === 'bytes') return bytes(value);
  return unit === null || unit === 'count' || unit === 'port' ? (unit === 'port' ? String(value) : count2(value)) : `${count2(value)} ${unit}`;
}

/** What a value must be. @param {{ bounds: null | { min: number, max: number } | { choices: string[] }, unit: string | null }} row */
export function boundsOf({ bounds, unit }) {
  if (bounds === null) return '';
  return 'choices' in bounds ? bounds.choices.join(', ') : `${count2(bounds.min)} to ${count2(bounds.max)}${unit === null || unit === 'count' ? '' : ` ${unit}`}`;
}

const count2 = (n) => (Number.isInteger(n) ? count(n) : String(n));
