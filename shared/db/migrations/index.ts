import { M0001Engine } from './m0001-engine.ts';
import { M0002Execution } from './m0002-execution.ts';
import { M0003RelayMember } from './m0003-relay-member.ts';
import { M0004Fates } from './m0004-fates.ts';
import { M0005LargeBatches } from './m0005-large-batches.ts';
import { M0006Receipts } from './m0006-receipts.ts';
import { M0007ChunkLeases } from './m0007-chunk-leases.ts';
import { M0008ProcessedItems } from './m0008-processed-items.ts';
import { M0009BatchEvents } from './m0009-batch-events.ts';
import { M0010ItemsElsewhere } from './m0010-items-elsewhere.ts';
import { M0011Orders } from './m0011-orders.ts';
import { M0012Submissions } from './m0012-submissions.ts';
import { M0014ApiKeys } from './m0014-api-keys.ts';
import { M0015LiveSettings } from './m0015-live-settings.ts';
import { M0016OrderNames } from './m0016-order-names.ts';
import { M0017Deletions } from './m0017-deletions.ts';
import { M0018PoolShares } from './m0018-pool-shares.ts';
import { M0020SettingGuards } from './m0020-setting-guards.ts';
import { M0021ConsoleSessions } from './m0021-console-sessions.ts';

/** Every migration, in order. A migration that has been released is never changed; a new one follows it. */
export const MIGRATIONS = [
  { name: 'm0001-engine', class: M0001Engine },
  { name: 'm0002-execution', class: M0002Execution },
  { name: 'm0003-relay-member', class: M0003RelayMember },
  { name: 'm0004-fates', class: M0004Fates },
  { name: 'm0005-large-batches', class: M0005LargeBatches },
  { name: 'm0006-receipts', class: M0006Receipts },
  { name: 'm0007-chunk-leases', class: M0007ChunkLeases },
  { name: 'm0008-processed-items', class: M0008ProcessedItems },
  { name: 'm0009-batch-events', class: M0009BatchEvents },
  { name: 'm0010-items-elsewhere', class: M0010ItemsElsewhere },
  { name: 'm0011-orders', class: M0011Orders },
  { name: 'm0012-submissions', class: M0012Submissions },
  { name: 'm0014-api-keys', class: M0014ApiKeys },
  { name: 'm0015-live-settings', class: M0015LiveSettings },
  { name: 'm0016-order-names', class: M0016OrderNames },
  { name: 'm0017-deletions', class: M0017Deletions },
  { name: 'm0018-pool-shares', class: M0018PoolShares },
  { name: 'm0020-setting-guards', class: M0020SettingGuards },
  { name: 'm0021-console-sessions', class: M0021ConsoleSessions },
];
