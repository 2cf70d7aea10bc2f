import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { startPriceService } from '../price-service/price-service.ts';

interface PriceServiceOptions {
  port: number;
  latency: number;
  errors: number;
  status: number;
  hang: number;
}

const DETAILS = `
Answers GET /prices/{securityId} with the same price for the same security, always. It is no market data: it stands in for the
service that the kind "revaluation" asks. Faults can be changed while it runs:

  $ curl -X PUT localhost:8085/faults -d '{"latencyMs": 50, "errorShare": 0.1, "status": 503}'
  $ curl -X PUT localhost:8085/faults -d '{}'

Examples:
  $ sluice price-service
  $ PRICE_SERVICE_URL=http://127.0.0.1:8085 sluice up
  $ sluice price-service --latency 20 --errors 0.05
`;

/** Adds `sluice price-service`. */
export function register(program: Command): void {
  program
    .command('price-service')
    .description('run a price service to try revaluations out, with delays and faults on demand')
    .addOption(new Option('--port <port>', 'port on 127.0.0.1; 0 takes a free one').default(8085).argParser(numberUpTo(65_535)))
    .addOption(new Option('--latency <ms>', 'time before each answer').default(0).argParser(numberUpTo(600_000)))
    .addOption(new Option('--errors <share>', 'share of the requests that fail, from 0 to 1').default(0).argParser(numberUpTo(1)))
    .addOption(new Option('--status <code>', 'what those are answered with').default(503).argParser(numberUpTo(599)))
    .addOption(new Option('--hang <share>', 'share of the requests that are never answered').default(0).argParser(numberUpTo(1)))
    .addHelpText('after', DETAILS)
    .action(run);
}

async function run({ port, latency, errors, status, hang }: PriceServiceOptions): Promise<void> {
  const service = await startPriceService({ port, faults: { latencyMs: latency, errorShare: errors, status, hangShare: hang } }).catch((cause: unknown) => {
    throw new CliError(`port ${port} cannot be listened on: ${(cause as Error).message}`, EXIT.system, cause);
  });
  process.stdout.write(`price service on ${service.url}; Ctrl-C stops it\n`);
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
