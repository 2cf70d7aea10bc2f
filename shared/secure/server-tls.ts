import { createSecureContext, type SecureVersion } from 'node:tls';
import type { Settings } from '../config/settings.ts';
import { settingFile } from './setting-file.ts';

/** What a server of ours speaks TLS with. */
export interface ServerTls {
  cert: string;
  key: string;
  minVersion: SecureVersion;
  /** There where certificates of clients are asked for; a client without a good one is refused by whoever serves it (`certified`). */
  ca?: string;
  requestCert?: true;
  rejectUnauthorized?: false;
  /** Longest time of a handshake in ms: an open connection that never speaks holds room. */
  handshakeTimeout: number;
}

const HANDSHAKE_MS = 10_000;

/**
 * TLS of the servers of this node, as the settings say; undefined where none is asked for.
 * @throws Error where a file cannot be read or used, or one of certificate and key is missing
 */
export function serverTls({ tlsCert, tlsKey, tlsClientCa }: Pick<Settings, 'tlsCert' | 'tlsKey' | 'tlsClientCa'>): ServerTls | undefined {
  if (tlsCert === '' && tlsKey === '') {
    if (tlsClientCa !== '') throw new Error('TLS_CLIENT_CA needs TLS_CERT and TLS_KEY as well.');
    return undefined;
  }
  if (tlsCert === '' || tlsKey === '') throw new Error('TLS_CERT and TLS_KEY go together; one of them is empty.');
  const tls: ServerTls = {
    cert: settingFile('tlsCert', tlsCert), key: settingFile('tlsKey', tlsKey), minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS,
    ...(tlsClientCa === '' ? {} : { ca: settingFile('tlsClientCa', tlsClientCa), requestCert: true, rejectUnauthorized: false }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    // OpenSSL's own words name no secret, but they name no setting either.
    throw new Error(`TLS_CERT and TLS_KEY cannot be used together: ${(error as Error).message}`, { cause: error });
  }
  return tls;
}
