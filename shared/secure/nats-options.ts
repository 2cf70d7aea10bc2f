import nats, { type ConnectionOptions } from 'nats';
import type { Settings } from '../config/settings.ts';
import { settingFile } from './setting-file.ts';

/**
 * How NATS is reached, beside its address: TLS where the address begins with tls:// or a CA is named, and how this node shows who it is. Name and
 * password may stand in the address as well.
 * @throws Error where a file cannot be read
 */
export function natsOptions({ natsUrl, natsCa, natsCredentials, natsToken }: Pick<Settings, 'natsUrl' | 'natsCa' | 'natsCredentials' | 'natsToken'>): Pick<ConnectionOptions, 'tls' | 'authenticator' | 'token'> {
  const isTls = natsCa !== '' || natsUrl.startsWith('tls://');
  return {
    ...(isTls ? { tls: natsCa === '' ? {} : { ca: settingFile('natsCa', natsCa) } } : {}),
    ...(natsCredentials === '' ? {} : { authenticator: nats.credsAuthenticator(new TextEncoder().encode(settingFile('natsCredentials', natsCredentials))) }),
    ...(natsToken === '' ? {} : { token: natsToken }),
  };
}
