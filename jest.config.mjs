import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/helpers/strip-types-transform.mjs' },
  globalSetup: '<rootDir>/test/helpers/global-setup.ts',
  globalTeardown: '<rootDir>/test/helpers/global-teardown.ts',
  testTimeout: 60_000,
  // The servers under test want cores too, and a CI machine has few.
  maxWorkers: process.env.CI ? Math.max(2, availableParallelism() - 1) : '50%',
  watchman: false,
  injectGlobals: true,
};
