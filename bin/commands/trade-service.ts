import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { FAULTS, type FaultName } from '../trade-service/faults.ts';
import { startTradeService } from '../trade-service/trade-service.ts';

interface TradeServiceOptions {
  port: number;
  data?: string;
  latency: number;
  fault: FaultName;
  share: number;
  status: number;
}

const DETAILS = `
Takes orders in bulk as the trade service does that TRADE_SERVICE_URL names: all of a call or nothing, each orderId once. Its table is in
the file that --data names, else in memory. It stands in for the real one, to try submissions out. Faults can be changed while it runs:

  $ curl -X PUT localhost:8082/faults -d '{"fault": "die-after", "share": 0.1}'
  $ curl -X PUT localhost:8082/faults -d '{}'
  $ curl localhost:8082/arrivals

A fault strikes bulk calls; with -after, when their orders are stored:
  refuse, refuse-with-reasons    400, for the orders whose securityId begins with "prefix"
  error, error-after             "status"
  broken-json                    half of the answer
  die-before, die-after          the connection is closed instead of an answer
  hang, hang-after               no answer
  shuffle                        results in another order
  drop                           no result for the orders of "prefix"

Examples:
  $ sluice trade-service --latency 20 --data trades.db
  $ TRADE_SERVICE_URL=http://127.0.0.1:8082 sluice up
`;

/** Adds `sluice trade-service`. */
export function register(program: Command): void {
  program
    .command('trade-service')
    .description('run a trade service to try submissions of orders out, with delays and faults on demand')
    .addOption(new Option('--port <port>', 'port on 127.0.0.1; 0 takes a free one').default(8082).argParser(numberUpTo(65_535)))
    .addOption(new Option('--data <file>', 'file of its table; without it the table is in memory'))
    .addOption(new Option('--latency <ms>', 'time before each answer').default(0).argParser(numberUpTo(600_000)))
    .addOption(new Option('--fault <fault>', 'what bulk calls meet with').default('none').choices(FAULTS))
    .addOption(new Option('--share <share>', 'share of the bulk calls that do, from 0 to 1').default(1).argParser(numberUpTo(1)))
    .addOption(new Option('--status <code>', 'status of the faults error and error-after').default(500).argParser(numberUpTo(599)))
    .addHelpText('after', DETAILS)
    .action(run);
}

async function run({ port, data, latency, fault, share, status }: TradeServiceOptions): Promise<void> {
  const service = await startTradeService({ port, ...(data === undefined ? {} : { file: data }), faults: { latencyMs: latency, fault, share, status } }).catch((cause: unknown) => {
    throw new CliError(`the trade service could not start: ${(cause as Error).message}`, EXIT.system, cause);
  });
  process.stdout.write(`trade service on ${service.url}; Ctrl-C stops it\n`);
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  await service.close();
}

function numberUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= 0 && value <= most)) throw new InvalidArgumentError(`a number from 0 to ${most}`);
    return value;
  };
}
