import { v7 as uuidv7 } from 'uuid';
import { writeChunk } from '../../../services/writer/write-chunk.ts';
import type { Chunk } from '../../../shared/contracts/slices.ts';
import { postgresUrl } from '../../helpers/addresses.ts';
import { chunkOf, noteValues, startEngine, type Engine } from '../../helpers/engine.ts';
import { tcpProxy, targetOf, throughProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const TAKEN = 'taken before';
let ids = 1;
const takeIds = () => (ids += 1024) - 1024;
let references = 0;
const good = () => noteValues(`note ${++references}`);
const guilty = () => noteValues(TAKEN);

/** Rows of which those at these indexes violate the unique index. */
const rowsWith = (count: number, bad: readonly number[]) => Array.from({ length: count }, (_, i) => (bad.includes(i) ? guilty() : good()));

async function ledgerOf(engine: Engine, chunk: Chunk) {
  return engine.rows<{ first_index: number; span: number; written: number; rejected: number; rejects: unknown[] | null; state: string }>(
    'select first_index, span, written, rejected, rejects, state from ledger where batch_id = any($1::uuid[]) order by first_id', [chunk.slices.map((s) => s.batchId)]);
}
/** Per slice: the offsets whose records are stored. */
async function storedOffsets(engine: Engine, chunk: Chunk): Promise<number[][]> {
  return Promise.all(chunk.slices.map(async ({ firstId, span }) => (await engine.rows<{ id: string }>('select id from note where id >= $1 and id < $1::bigint + $2 order by id', [firstId, span])).map((r) => Number(r.id) - firstId)));
}

describe('finding guilty rows', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.write(chunkOf('note', [{ firstId: takeIds(), rows: [guilty()] }]));
    // Constraints that the kind does not map, and failures that are nobody's data, by the text of the body.
    await engine.rows(`alter table note add constraint ours check (body is distinct from 'unmapped')`);
    await engine.rows(`create function trouble() returns trigger language plpgsql as $$ begin
        if new.body like 'SQLSTATE %' then raise exception using errcode = substr(new.body, 10, 5), message = 'made by the test'; end if;
        return new; end $$`);
    await engine.rows('create trigger trouble before insert on note for each row execute function trouble()');
  });
  afterAll(() => engine.close());

  test.each([
    ['first', [0]], ['last', [99]], ['middle', [50]], ['several', [3, 4, 5, 31, 77, 98]], ['all', Array.from({ length: 100 }, (_, i) => i)],
  ])('F2 exactly the guilty rows are refused: %s', async (_, bad) => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: rowsWith(100, bad) }]);
    const [outcome] = await engine.write(chunk);
    expect(outcome?.outcome).toBe('written');
    expect(outcome?.rejects).toEqual(bad.map((index) => [index, 'duplicate', '/reference', 'There is a note with this reference already.']));
    await expect(storedOffsets(engine, chunk)).resolves.toEqual([Array.from({ length: 100 }, (_, i) => i).filter((i) => !bad.includes(i))]);
    await expect(ledgerOf(engine, chunk)).resolves.toMatchObject([{ span: 100, written: 100 - bad.length, rejected: bad.length }]);
    await expect(engine.rows('select state from batch where id = $1', [chunk.slices[0]?.batchId])).resolves.toEqual([{ state: 'closed' }]);
  });

  test('a thousand rows, all guilty, are refused one by one within the time of one transaction', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: rowsWith(1_000, Array.from({ length: 1_000 }, (_, i) => i)) }]);
    const before = engine.seen.retries.length;
    const [outcome] = await engine.write(chunk);
    expect(outcome?.rejects).toHaveLength(1_000);
    expect(engine.seen.retries.slice(before)).toEqual([]);
  });

  test('F3 rejects of the rules and of the database stand together in order of the request\'s indexes', async () => {
    const batchId = uuidv7();
    await engine.open(batchId, 20, 'note');
    const rows = [good(), undefined, guilty(), good(), undefined, guilty()];
    const chunk = chunkOf('note', [{ batchId, sole: false, requested: 20, firstIndex: 10, firstId: takeIds(), rows }]);
    const [outcome] = await engine.write(chunk);
    expect(outcome?.rejects.map(([index, code]) => [index, code])).toEqual([[11, 'required'], [12, 'duplicate'], [14, 'required'], [15, 'duplicate']]);
    await expect(storedOffsets(engine, chunk)).resolves.toEqual([[0, 3]]);
    await expect(ledgerOf(engine, chunk)).resolves.toMatchObject([{ first_index: 10, span: 6, written: 2, rejected: 4, rejects: outcome?.rejects }]);
  });

  test('the first of two equal values in one slice is stored, the second refused', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: [noteValues('twin'), good(), noteValues('twin')] }]);
    expect((await engine.write(chunk))[0]?.rejects.map((r) => r[0])).toEqual([2]);
  });

  test('F4 neighbours in the chunk are untouched: their slices are written whole, and closed', async () => {
    const chunk = chunkOf('note', [0, 1, 2, 3, 4].map((n) => ({ batchId: uuidv7(), firstId: takeIds(), rows: rowsWith(20, n === 2 ? [0, 19] : n === 3 ? [7] : []) })));
    const outcomes = await engine.write(chunk);
    expect(outcomes.map((o) => [o.outcome, o.rejects.map((r) => r[0])])).toEqual([['written', []], ['written', []], ['written', [0, 19]], ['written', [7]], ['written', []]]);
    expect((await storedOffsets(engine, chunk)).map((o) => o.length)).toEqual([20, 20, 18, 19, 20]);
    await expect(engine.rows('select distinct state, epoch from batch where id = any($1::uuid[])', [chunk.slices.map((s) => s.batchId)])).resolves.toEqual([{ state: 'closed', epoch: 0 }]);
  });

  test('F59 the same chunk again, after its guilty rows were found, answers the same rejects and writes nothing', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: rowsWith(30, [4, 9]) }, { firstId: takeIds(), rows: rowsWith(3, []) }]);
    const first = await engine.write(chunk);
    const again = await engine.write(chunk);
    expect(again.map((o) => o.outcome)).toEqual(['repeat', 'repeat']);
    expect(again.map((o) => o.rejects)).toEqual(first.map((o) => o.rejects));
    expect((await storedOffsets(engine, chunk)).map((o) => o.length)).toEqual([28, 3]);
  });

  test('two writers that look for the same guilty row at once write everything once', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: rowsWith(40, [17]) }, { firstId: takeIds(), rows: rowsWith(40, [0]) }]);
    const answers = await Promise.all([engine.write(chunk), engine.write(chunk), engine.write(chunk)]);
    for (const outcomes of answers) expect(outcomes.map((o) => o.rejects.map((r) => r[0]))).toEqual([[17], [0]]);
    expect((await storedOffsets(engine, chunk)).map((o) => o.length)).toEqual([39, 39]);
    expect((await ledgerOf(engine, chunk)).map((l) => [l.written, l.rejected])).toEqual([[39, 1], [39, 1]]);
    const alone = chunkOf('note', [{ firstId: takeIds(), rows: rowsWith(40, [17]) }]);
    for (const outcomes of await Promise.all([engine.write(alone), engine.write(alone), engine.write(alone)])) expect(outcomes.map((o) => o.rejects.map((r) => r[0]))).toEqual([[17]]);
    expect((await storedOffsets(engine, alone)).map((o) => o.length)).toEqual([39]);
  });

  test('F6 a value out of the column\'s range that the rules let pass is found by SQLSTATE class 22, without quoting it', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: [good(), noteValues('too great', { grade: '9000000000' }), good()] }]);
    const [outcome] = await engine.write(chunk);
    expect(outcome?.rejects).toEqual([[1, 'refused-by-database', '', 'The database cannot store a value of this item (SQLSTATE 22003).']]);
    await expect(storedOffsets(engine, chunk)).resolves.toEqual([[0, 2]]);
  });

  test('F2 F3 values out of range are found by halves wherever they stand, beside items that the rules refused: the others are written, each fault is at its own index', async () => {
    for (const bad of [[0], [119], [59, 60, 61], [3, 29, 30, 64, 65, 118]]) {
      const rows = Array.from({ length: 120 }, (_, i) => (i % 40 === 7 ? undefined : bad.includes(i) ? noteValues(`too great ${++references}`, { grade: '9000000000' }) : good()));
      const chunk = chunkOf('note', [{ firstId: takeIds(), rows }]);
      const [outcome] = await engine.write(chunk);
      expect(outcome?.rejects.filter(([, code]) => code === 'refused-by-database').map(([index]) => index)).toEqual(bad);
      await expect(storedOffsets(engine, chunk)).resolves.toEqual([Array.from({ length: 120 }, (_, i) => i).filter((i) => i % 40 !== 7 && !bad.includes(i))]);
      await expect(ledgerOf(engine, chunk)).resolves.toMatchObject([{ span: 120, written: 117 - bad.length, rejected: 3 + bad.length }]);
    }
  });

  test('F62 a constraint that the kind does not map is our fault: nothing is refused, the chunk is not written', async () => {
    const chunk = chunkOf('note', [{ firstId: takeIds(), rows: [good(), noteValues('ours', { body: 'unmapped' })] }]);
    await expect(writeChunk({ ...engine.tools, attempts: 2 }, engine.notes, chunk, 10_000)).rejects.toMatchObject({ type: 'NOT_WRITTEN' });
    await expect(storedOffsets(engine, chunk)).resolves.toEqual([[]]);
  });

  test.each(['53100', '57014', '40P01', '40001', '55P03', '25006', '42P01', '58030', 'XX000'])('F62 SQLSTATE %s is never the client\'s fault, alone or beside a guilty row', async (code) => {
    const trouble = noteValues(`trouble ${code} ${++references}`, { body: `SQLSTATE ${code}` });
    const impatient = { ...engine.tools, attempts: 2 };
    const alone = chunkOf('note', [{ firstId: takeIds(), rows: [good(), trouble] }]);
    await expect(writeChunk(impatient, engine.notes, alone, 10_000)).rejects.toMatchObject({ type: expect.stringMatching(/^(NOT_WRITTEN|OUTCOME_UNKNOWN)$/) as string });
    const beside = chunkOf('note', [{ firstId: takeIds(), rows: [guilty(), good(), trouble] }]);
    await expect(writeChunk(impatient, engine.notes, beside, 10_000)).rejects.toMatchObject({ type: 'OUTCOME_UNKNOWN' });
    await expect(storedOffsets(engine, beside)).resolves.toEqual([[]]);
    const alsoTooGreat = chunkOf('note', [{ firstId: takeIds(), rows: [noteValues(`too great ${++references}`, { grade: '9000000000' }), good(), trouble] }]);
    await expect(writeChunk(impatient, engine.notes, alsoTooGreat, 10_000)).rejects.toMatchObject({ type: 'OUTCOME_UNKNOWN' });
    await expect(storedOffsets(engine, alsoTooGreat)).resolves.toEqual([[]]);
  });

  test('F62 ids in use beside a guilty row: the guilty row is refused, the slice with the ids asks for others, which are taken', async () => {
    const used = takeIds();
    await engine.write(chunkOf('note', [{ firstId: used, rows: [good()] }]));
    const [bad, again] = [uuidv7(), uuidv7()];
    const chunk = chunkOf('note', [{ batchId: bad, firstId: takeIds(), rows: rowsWith(4, [2]) }, { batchId: again, firstId: used, rows: [good()] }]);
    expect((await engine.write(chunk)).map((o) => [o.outcome, o.rejects.map((r) => r[0])])).toEqual([['written', [2]], ['conflict', []]]);
    const other = chunkOf('note', [{ batchId: again, firstId: takeIds(), rows: [good()] }]);
    await expect(engine.write(other)).resolves.toMatchObject([{ outcome: 'written' }]);
    await expect(storedOffsets(engine, other)).resolves.toEqual([[0]]);
  });
});

describe('finding guilty rows while the connection breaks', () => {
  let engine: Engine;
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await tcpProxy(targetOf(postgresUrl()));
    engine = await startEngine({ address: (url) => throughProxy(url, proxy) });
    await engine.write(chunkOf('note', [{ firstId: takeIds(), rows: [guilty()] }]));
  });
  afterAll(async () => {
    await engine.close();
    await proxy.close();
  });

  test.each(['savepoint bisect', 'rollback to savepoint', 'update ledger set written', 'commit', 'update batch set state'])('F17 cut when it sends "%s": repeated, nothing doubled, the same rows refused', async (statement) => {
    const chunk = chunkOf('note', [{ batchId: uuidv7(), firstId: takeIds(), rows: rowsWith(8, []) }, { batchId: uuidv7(), firstId: takeIds(), rows: rowsWith(16, [3, 12]) }, { batchId: uuidv7(), firstId: takeIds(), rows: rowsWith(2, [1]) }]);
    let cuts = 0;
    const cut = () => proxy.whenSent(statement).then(() => (cuts++, proxy.cut()));
    void cut();
    const outcomes = await engine.write(chunk);
    await waitFor(() => cuts > 0, { what: 'the connection to be cut' });
    expect(outcomes.map((o) => o.rejects.map((r) => r[0]))).toEqual([[], [3, 12], [1]]);
    expect((await storedOffsets(engine, chunk)).map((o) => o.length)).toEqual([8, 14, 1]);
    expect((await ledgerOf(engine, chunk)).map((l) => [l.written, l.rejected])).toEqual([[8, 0], [14, 2], [1, 1]]);
    await waitFor(() => engine.pool.totalCount === engine.pool.idleCount, { what: 'every connection to be back in the pool' });
  });
});
