import { createHash } from 'node:crypto';
import nats from 'nats';

/** As nkeys.js has it, which nats hands on without types. */
interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}
const { createAccount, createOperator, createUser } = nats.nkeys as Record<'createAccount' | 'createOperator' | 'createUser', () => KeyPair>;

/** A NATS operator made up for a test: what its server is configured with, and the credentials file of a user of its one account. */
export function makeNatsOperator(): { config: string; credentials: string } {
  const [operator, system, account, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const name = (pair: KeyPair) => pair.getPublicKey();
  const operatorJwt = sign(operator, operator, { type: 'operator', system_account: name(system) });
  const accounts = [system, account].map((one) => `  ${name(one)}: ${sign(operator, one, { type: 'account', limits: unlimited })}\n`).join('');
  const userJwt = sign(account, user, { type: 'user', subs: -1, data: -1, payload: -1 });
  const seed = new TextDecoder().decode(user.getSeed());
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload {\n${accounts}}\n`,
    credentials: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  };
}

/** A JWT as NATS has them: ADR-14 of nats-architecture-and-design, claims of version 2. */
function sign(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = { iss: issuer.getPublicKey(), sub: subject.getPublicKey(), name: 'test', iat: Math.floor(Date.now() / 1_000), nats: { ...claims, version: 2 } };
  const id = createHash('sha256').update(JSON.stringify(body)).digest('hex').toUpperCase();
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti: id, ...body })}`;
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString('base64url')}`;
}
