import { takeDown } from './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  if (globalThis.__testServers) await takeDown(globalThis.__testServers);
}
