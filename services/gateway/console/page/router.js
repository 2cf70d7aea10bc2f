import { createStore } from './store.js';

/** Every view, in the order of the menu; the figure is the key that opens it. */
export const VIEWS = [
  { name: 'flow', title: 'Flow' },
  { name: 'batches', title: 'Batches' },
  { name: 'receipts', title: 'Receipts' },
  { name: 'letters', title: 'Dead letters' },
  { name: 'orders', title: 'Orders' },
  { name: 'pools', title: 'Pools' },
  { name: 'nodes', title: 'Nodes' },
  { name: 'clients', title: 'Clients' },
  { name: 'settings', title: 'Settings' },
];

/** Where the page is: `#/batches/ID` is the view `batches` with `ID` as its only part. */
export const place = createStore(read());

addEventListener('hashchange', () => place.set(read()));

/** The address of a view and its parts. */
export function href(view, ...parts) {
  return `#/${[view, ...parts].map((part) => encodeURIComponent(part)).join('/')}`;
}

export function go(view, ...parts) {
  location.hash = href(view, ...parts);
}

function read() {
  const [view = '', ...parts] = location.hash.replace(/^#\/?/, '').split('/').map(decode);
  return { view: VIEWS.some(({ name }) => name === view) ? view : 'flow', parts: parts.filter((part) => part !== '') };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
