import { OPERATE, READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

const name = { name: 'name', type: 'text', place: 'path', required: true, meaning: 'The setting, as in docs/settings.md.' } as const;
const why = { name: 'why', type: 'text', place: 'body', meaning: 'Why; kept in the history.' } as const;

/** Settings of a running Sluice. */
export const SETTINGS_OPERATIONS = [
  { name: 'settings.list', method: 'GET', path: '/api/v1/settings', access: READ, summary: 'Every setting: its value, where it comes from, whether it can be changed while Sluice runs', arguments: [{ name: 'changed', type: 'switch', place: 'query', meaning: 'Only those that were changed while Sluice runs.' }] },
  { name: 'settings.history', method: 'GET', path: '/api/v1/settings/history', access: READ, summary: 'Who changed which setting when, newest first', arguments: [
    { name: 'setting', type: 'text', place: 'query', meaning: 'Only of this one.' }, { name: 'limit', type: 'whole', place: 'query', min: 1, max: 500, meaning: 'At most so many (default: 50).' },
  ] },
  { name: 'settings.get', method: 'GET', path: '/api/v1/settings/{name}', access: READ, summary: 'One setting, with the value that each node runs', arguments: [name] },
  { name: 'settings.set', method: 'PUT', path: '/api/v1/settings/{name}', access: OPERATE, changes: true, summary: 'Change a setting while Sluice runs, on every node', details: 'What was set in the environment stays there: it holds again after a revert. One guarded change is watched at a time; any later change of the setting ends its guard.', arguments: [
    name, { name: 'value', type: 'text', place: 'body', required: true, meaning: 'The new value, within its bounds.' }, why,
    { name: 'guard', type: 'duration', place: 'body', min: 10_000, alone: '10m', meaning: 'Let the change take itself back where it makes things worse within this time, 10m on a terminal if none is said: more errors, a longer 99th percentile, a longer wait for connections, in three rounds running.' },
  ] },
  { name: 'settings.revert', method: 'POST', path: '/api/v1/settings/history/{change}/revert', access: OPERATE, changes: true, summary: 'Take a change of a setting back', details: 'Only the newest change of a setting can be taken back: what was before it holds again.', arguments: [
    { name: 'change', type: 'whole', place: 'path', required: true, min: 1, meaning: 'The change, as the history numbers it.' }, why,
  ] },
] as const satisfies readonly Operation[];
