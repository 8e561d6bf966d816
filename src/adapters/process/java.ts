/**
 * Finds Java and Maven.
 *
 * Promises: a JAVA_HOME that is set is the only place looked at, and is an error if it is broken or too old,
 * because silently using another Java than the one asked for is a bad surprise; otherwise the first `java`
 * of PATH. Java 17 or later. The identity tells two Java builds apart, for the class-data archive.
 * Does not: install anything, or look in places that neither variable names.
 */
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { LabError, messageOf } from '../../core/errors.ts'

export interface Java {
  readonly executable: string
  readonly home: string
  readonly major: number
  /** Full version with the vendor's build. */
  readonly version: string
}

export interface Maven {
  readonly executable: string
}

type Environment = Readonly<Record<string, string | undefined>>

const MINIMUM = 17

const INSTALL_JAVA = `Install Java ${MINIMUM} or later (a JRE is enough), or set JAVA_HOME.`
const WITHOUT = 'Without them: docker compose up -d, then export EOSLAB_BROKERS=localhost:9092'

export async function findJava(env: Environment = process.env): Promise<Java> {
  const home = env['JAVA_HOME']
  const asked = home !== undefined && home !== ''
  const executable = asked ? path.join(home, 'bin', 'java') : onPath('java', env)
  const source = asked ? `JAVA_HOME is ${home}` : 'java was looked for in PATH'
  if (executable === undefined || !isExecutable(executable)) {
    throw new LabError('NO_JAVA', `no Java: ${source}, and there is no ${executable ?? 'java'} to run`, {
      hint: asked ? `Correct JAVA_HOME or unset it.\n${WITHOUT}` : `${INSTALL_JAVA}\n${WITHOUT}`,
    })
  }
  const found = releaseOf(executable) ?? (await askJava(executable, source))
  const major = Number.parseInt(found.version.replace(/^1\./u, ''), 10)
  if (!(major >= MINIMUM)) {
    throw new LabError('NO_JAVA', `Java is too old: ${source}, ${executable} is version ${found.version}`, {
      hint: `${INSTALL_JAVA}\n${WITHOUT}`,
    })
  }
  return { executable, home: found.home, major, version: found.version }
}

export function findMaven(env: Environment = process.env): Maven {
  const executable = onPath('mvn', env)
  if (executable === undefined) {
    throw new LabError('NO_MAVEN', 'no Maven: mvn was looked for in PATH; it brings the broker once', {
      hint: `Install Maven 3.6 or later and run: eoslab broker fetch\n${WITHOUT}`,
    })
  }
  return { executable }
}

/** The `release` file that every JDK and JRE build carries; reading it saves starting a JVM. */
function releaseOf(executable: string): { home: string; version: string } | undefined {
  try {
    const home = path.dirname(path.dirname(realpathSync(executable)))
    const text = readFileSync(path.join(home, 'release'), 'utf8')
    const field = (name: string): string | undefined => new RegExp(`^${name}="(.*)"$`, 'mu').exec(text)?.[1]
    const version = field('JAVA_RUNTIME_VERSION') ?? field('JAVA_VERSION')
    return version === undefined ? undefined : { home, version }
  } catch {
    return undefined
  }
}

async function askJava(executable: string, source: string): Promise<{ home: string; version: string }> {
  try {
    const { stderr } = await execa(executable, ['-XshowSettings:properties', '-version'], { timeout: 10_000 })
    const field = (name: string): string | undefined =>
      new RegExp(`^\\s*${name} = (.*)$`, 'mu').exec(stderr)?.[1]?.trim()
    return { home: field('java\\.home') ?? '', version: field('java\\.runtime\\.version') ?? '' }
  } catch (error) {
    throw new LabError('NO_JAVA', `Java does not run: ${source}, ${executable} failed: ${messageOf(error)}`, {
      hint: `${INSTALL_JAVA}\n${WITHOUT}`,
      cause: error,
    })
  }
}

function onPath(name: string, env: Environment): string | undefined {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => path.join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
