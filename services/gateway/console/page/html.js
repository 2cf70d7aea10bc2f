import { h } from 'preact';
import htm from 'htm';

/** Markup as the components write it. */
export const html = htm.bind(h);
