import { writeFileSync } from 'node:fs';

/** A Jest reporter that leaves the paths of the files that failed, a line each, in the file named by FAILED_FILES. */
export default class FailedFiles {
  onRunComplete(_contexts, { testResults }) {
    const failed = testResults.filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError).map(({ testFilePath }) => testFilePath);
    writeFileSync(process.env.FAILED_FILES, failed.map((path) => `${path}\n`).join(''));
  }
}
