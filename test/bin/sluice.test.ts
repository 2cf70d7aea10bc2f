import { runSluice } from './run-sluice.ts';

describe('the command line', () => {
  test('an unknown command gets a suggestion and exit code 2', async () => {
    const ran = await runSluice(['sned', 'x.json']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain("unknown command 'sned'");
    expect(ran.err).toContain('Did you mean send?');
  });

  test('an unknown option gets a suggestion and exit code 2', async () => {
    const ran = await runSluice(['send', 'x.json', '--bach', '5']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Did you mean --batch?');
  });

  test.each([[['--help']], [['help']], [['help', 'send']], [['send', '--help']], [['settings', '--help']]])('%j shows help with examples and ends well', async (args) => {
    const ran = await runSluice(args);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('Usage: sluice');
    expect(ran.out).toContain('Examples:');
  });

  test('without a command it shows help and exit code 2', async () => {
    expect((await runSluice([])).code).toBe(2);
  });

  test('--version is the version of package.json', async () => {
    const ran = await runSluice(['--version']);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("a user's error is one line without a stack, and with --verbose has one", async () => {
    const plain = await runSluice(['send', 'no-such-file.json']);
    expect(plain).toMatchObject({ code: 2, err: "error: no-such-file.json can't be read: there is no such file.\n" });
    const verbose = await runSluice(['--verbose', 'send', 'no-such-file.json']);
    expect(verbose.err).toContain('open-input.ts');
  });
});
