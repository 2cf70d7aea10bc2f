import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A certificate with its key, as PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A certificate authority made up for a test. */
export interface Authority extends Certificate {
  /** A certificate for 127.0.0.1 and localhost, for servers and clients. */
  issue(name: string): Certificate;
  /** Writes a certificate, its key and the authority's own certificate into a folder; their paths. */
  files(folder: string, name: string): Promise<{ cert: string; key: string; ca: string }>;
}

/** X.509 version 3, ECDSA on P-256 with SHA-256 (RFC 5280), in just as much ASN.1 as that takes: openssl is not everywhere. */
export function makeAuthority(name: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const cert = certificate(name, keys.publicKey, name, keys.privateKey, true);
  const issue = (subject: string): Certificate => {
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { cert: certificate(subject, own.publicKey, name, createPrivateKey(key), false), key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
  };
  return {
    cert, key, issue,
    async files(folder, subject) {
      const made = issue(subject);
      const paths = { cert: join(folder, `${subject}.pem`), key: join(folder, `${subject}.key`), ca: join(folder, `${subject}-ca.pem`) };
      await Promise.all([writeFile(paths.cert, made.cert), writeFile(paths.key, made.key, { mode: 0o600 }), writeFile(paths.ca, cert)]);
      return paths;
    },
  };
}

const DAY_MS = 86_400_000;
const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (...bytes: number[]) => der(0x06, Buffer.from(bytes));
const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const nameOf = (text: string) => sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(text)))));
const timeOf = (at: number) => der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
const extension = (last: number, critical: boolean, value: Buffer) => sequence(oid(0x55, 0x1d, last), ...(critical ? [der(0x01, Buffer.from([255]))] : []), der(0x04, value));

function certificate(subject: string, publicKey: KeyObject, issuer: string, issuerKey: KeyObject, isCa: boolean): string {
  const now = Date.now();
  const alternatives = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(extension(0x13, true, sequence(...(isCa ? [der(0x01, Buffer.from([255]))] : []))), ...(isCa ? [] : [extension(0x11, false, alternatives)]));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...randomBytes(8)])),
    ECDSA_SHA256, nameOf(issuer),
    sequence(timeOf(now - DAY_MS), timeOf(now + DAY_MS)),
    nameOf(subject), publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, extensions),
  );
  const whole = sequence(body, ECDSA_SHA256, der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, issuerKey)])));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/(.{64})/g, '$1\n').trim()}\n-----END CERTIFICATE-----\n`;
}
