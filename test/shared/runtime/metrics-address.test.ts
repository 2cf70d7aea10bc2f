import type { NetworkInterfaceInfo } from 'node:os';
import { metricsAddress } from '../../../shared/runtime/metrics-address.ts';

const face = (address: string, family: 'IPv4' | 'IPv6', internal = false, scopeid = 0) => ({ address, family, internal, netmask: '', mac: '', cidr: null, scopeid }) as unknown as NetworkInterfaceInfo;
const FACES = { lo: [face('127.0.0.1', 'IPv4', true), face('::1', 'IPv6', true)], eth0: [face('fe80::7', 'IPv6', false, 3), face('fd00::7', 'IPv6'), face('10.1.2.3', 'IPv4')] };
const told = (host: string, advertiseHost = '', faces = FACES as NodeJS.Dict<NetworkInterfaceInfo[]>) => metricsAddress({ host, advertiseHost }, 9464, faces);

test('a node is reached where it listens; where it listens everywhere, on its first address beyond loopback', () => {
  expect(told('127.0.0.1')).toBe('127.0.0.1:9464');
  expect(told('sluice.example')).toBe('sluice.example:9464');
  expect(told('0.0.0.0')).toBe('10.1.2.3:9464');
  expect(told('::')).toBe('10.1.2.3:9464');
});

test('what was set is told before all else, and an IPv6 address stands in brackets', () => {
  expect(told('0.0.0.0', 'edge-1.internal')).toBe('edge-1.internal:9464');
  expect(told('::', '', { eth0: FACES.eth0.slice(0, 2) })).toBe('[fd00::7]:9464');
  expect(told('0.0.0.0', '', { lo: FACES.lo })).toBe('127.0.0.1:9464');
});
