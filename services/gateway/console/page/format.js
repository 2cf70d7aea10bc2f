const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const tenth = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** What stands where a figure is not known. */
export const NONE = '–';

/** A count, whole. @param {number | null | undefined} n */
export const count = (n) => (n == null ? NONE : whole.format(n));

/** A count that may be large: 12.3K. @param {number | null | undefined} n */
export const brief = (n) => (n == null ? NONE : n < 10_000 ? whole.format(n) : short.format(n));

/** A rate: one digit after the point while it is small. @param {number | null | undefined} n */
export const rate = (n) => (n == null ? NONE : n === 0 ? '0' : n < 10 ? tenth.format(n) : brief(n));

/** Milliseconds as a person says them. @param {number | null | undefined} ms */
export function ms(value) {
  if (value == null) return NONE;
  return value < 10 ? `${tenth.format(value)} ms` : value < 1_000 ? `${whole.format(value)} ms` : span(value / 1_000);
}

/** A length of time: 3.2 s, 4 min 10 s, 2 h 5 min. @param {number | null | undefined} seconds */
export function span(seconds) {
  if (seconds == null) return NONE;
  if (seconds < 10) return `${tenth.format(seconds)} s`;
  if (seconds < 60) return `${whole.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 10 && Math.round(seconds % 60) > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A share as a percentage. @param {number | null | undefined} share */
export function percent(share) {
  if (share == null) return NONE;
  return share > 0 && share < 0.1 ? `${tenth.format(share * 100)} %` : `${Math.floor(share * 100)} %`;
}

/** A share as a percentage, to a tenth. @param {number | null | undefined} share */
export const exactly = (share) => (share == null ? NONE : `${tenth.format(share * 100)} %`);

/** An instant in the reader's time; the date where it is not today. @param {string | number | null | undefined} at */
export function time(at) {
  if (at == null) return NONE;
  const date = new Date(at);
  const clock = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock}`;
}

/** How long ago. @param {string | number | null | undefined} at */
export function ago(at) {
  if (at == null) return NONE;
  const seconds = (Date.now() - new Date(at).getTime()) / 1_000;
  return seconds < 5 ? 'just now' : `${span(seconds)} ago`;
}

/** Bytes. @param {number | null | undefined} n */
export function bytes(n) {
  if (n == null) return NONE;
  return n < 1_024 ? `${n} B` : n < 1_048_576 ? `${tenth.format(n / 1_024)} KB` : n < 1_073_741_824 ? `${tenth.format(n / 1_048_576)} MB` : `${tenth.format(n / 1_073_741_824)} GB`;
}

/** One or many of something. */
export const many = (n, one, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;

/** The first part of a UUID, enough to recognize it by. @param {string} id */
export const shortId = (id) => (id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id);
