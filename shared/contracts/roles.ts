/** The service that makes a node count for a role, and what is missing when there is none. */
export const ROLE_SERVICES = {
  edge: { service: 'gateway', missing: 'No edge: nothing comes in. Start one with `sluice edge`.' },
  writer: { service: 'writer', missing: 'No writer: nothing can be written. Start one with `sluice writer`.' },
  relay: { service: 'publisher', missing: 'No relay: records are stored and wait to be delivered. Start one with `sluice relay`.' },
} as const;
