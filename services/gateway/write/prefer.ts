/** What the Prefer header of a request asks for (RFC 7240); preferences that are not known are left out. */
export interface Preferences {
  /** `return=minimal`: ids instead of records. */
  minimal: boolean;
  /** `respond-async`: answer as soon as the batch is accepted. */
  async: boolean;
  /** `wait=N`: shortest of this and the set deadline, in ms. */
  waitMs: number | undefined;
}

/** Reads a Prefer header, which may be given several times. */
export function parsePrefer(header: string | string[] | undefined): Preferences {
  const preferences: Preferences = { minimal: false, async: false, waitMs: undefined };
  const parts = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(/[,;]/);
  for (const part of parts) {
    const [name = '', value = ''] = part.split('=').map((p) => p.trim().toLowerCase().replace(/^"|"$/g, ''));
    if (name === 'return' && value === 'minimal') preferences.minimal = true;
    else if (name === 'respond-async') preferences.async = true;
    else if (name === 'wait' && /^\d{1,6}$/.test(value)) preferences.waitMs = Number(value) * 1_000;
  }
  return preferences;
}
