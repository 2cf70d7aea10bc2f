import type { Role } from './api-keys.ts';

/**
 * Who may use a route: everybody; whoever is on this machine, and with the role \`read\` all others; or holders of a key with one of these
 * roles. Where there are no keys there is no difference.
 */
export type Access = 'open' | 'local' | readonly Role[];
/** What concerns a client's own batches; those of others need \`read\`, or \`operate\` where something is changed. */
export const OWN: Access = ['submit', 'read', 'operate'];
export const READ: Access = ['read'];
export const SUBMIT: Access = ['submit'];
export const OPERATE: Access = ['operate'];
export const STEER: Access = ['submit', 'operate'];
