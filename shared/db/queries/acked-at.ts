/**
 * SQL: when Kafka acknowledged the insert of a record, `l` being the ledger row of its slice. A record whose message became
 * a dead letter was not acknowledged with its slice: it is when its replay was, or a later version of it (F21).
 * @param kind SQL of the kind's name
 * @param id SQL of the record's id
 */
export function ackedAt(kind: string, id: string): string {
  return `case when l.dead = 0 then l.sent_at else (
    select case when d.id is null then l.sent_at when d.state in ('delivered', 'superseded') then d.closed_at end
    from (values (1)) as one left join dead_letter d on d.kind = ${kind} and d.record_id = ${id} and d.op = 'insert' limit 1) end`;
}
