import type { NamedStatement } from './flush.ts';

/** Keeps what securities are called: ids $1, tickers $2, no id twice. What is as it was is not written. Rows: the ids that are new or changed. */
export const KEEP_TICKERS: NamedStatement = {
  name: 'keep-tickers',
  text: `
insert into security_ticker (security_id, ticker) select * from unnest($1::text[], $2::text[])
on conflict (security_id) do update set ticker = excluded.ticker, asked_at = now() where security_ticker.ticker is distinct from excluded.ticker
returning security_id`,
};

/** The same of portfolios and their names. */
export const KEEP_PORTFOLIO_NAMES: NamedStatement = {
  name: 'keep-portfolio-names',
  text: `
insert into portfolio_name (portfolio_id, name) select * from unnest($1::text[], $2::text[])
on conflict (portfolio_id) do update set name = excluded.name, asked_at = now() where portfolio_name.name is distinct from excluded.name
returning portfolio_id`,
};
