import type { Deadlines } from './dispatch/gateway.ts'
import { defaultMaxBodyBytes } from './edge/body.ts'
import { type AutoTiers, parseTiers } from './routing/auto/tiers.ts'

/** The gateway's own settings, read from its variables and sound. Empty texts stand for what is not set. */
export interface Configuration {
  environment: 'production' | 'development'
  region: 'global' | 'eu'
  jurisdiction: '' | 'eu'
  managementKey: string
  keyChecksumSecret: string
  maxBodyBytes: number
  keyTimeoutMs: number
  onKeyObjectFailure: 'closed' | 'degraded'
  sandboxBaseUrl: string
  /** Null where the catalogue makes its own. */
  autoRouterTiers: AutoTiers | null
  deadlines: Deadlines
  /** The values that were not accepted. With one that nothing can stand in for, no request may be answered. */
  faults: readonly ConfigurationFault[]
}

/** A value that is not accepted, in words. */
export interface ConfigurationFault {
  name: string
  /** What was given; of a secret only its length. */
  given: string
  accepted: string
  /** What is used in its place; null where nothing is safe. */
  instead: string | null
}

/** A shorter string could be guessed. */
const minManagementKeyLength = 32

/** A timer of more fires at once. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Reads the variables of the Worker, once an isolate. Whatever has a safe default gets it where its value is no good.
 *
 * `openrouter-routing.md` §3.13 recommends 30 s to the first byte, 120 s where the model reasons. A whole answer gets
 * longer, because its first byte comes when the last token is there, but silence is given up within 75 s all the same.
 */
export function readConfiguration(variables: Record<string, unknown>): Configuration {
  const faults: ConfigurationFault[] = []
  const read = (name: string) => textOf(variables[name])
  const refuse = (name: string, accepted: string, instead: string | null, given = shown(read(name))) => {
    faults.push({ name, given, accepted, instead })
  }

  /** The first is the default. */
  function choice<T extends string>(name: string, [first, second]: readonly [T, T], isSafe = true): T {
    const given = read(name)
    if (given === second) return second
    if (given !== '' && given !== first)
      refuse(name, first === '' ? `empty or "${second}"` : `"${first}" or "${second}"`, isSafe ? `"${first}"` : null)
    return first
  }

  function count(name: string, unit: string, fallback: number, max = Number.MAX_SAFE_INTEGER): number {
    const given = read(name)
    const number = Number(given)
    if (given === '') return fallback
    if (Number.isInteger(number) && number > 0 && number <= max) return number
    refuse(name, `a whole number of ${unit} from 1 to ${max}`, String(fallback))
    return fallback
  }

  const milliseconds = (name: string, fallback: number) => count(name, 'milliseconds', fallback, maxTimerMs)

  const environment = choice('ENVIRONMENT', ['production', 'development'])
  const region = choice('REGION', ['global', 'eu'], false)
  const jurisdiction = choice('STATE_JURISDICTION', ['', 'eu'], false)
  // Closed when in doubt: an EU host whose objects could be anywhere answers nobody. One variable is told of once.
  if (environment === 'production' && region === 'eu' && jurisdiction !== 'eu' && read('STATE_JURISDICTION') === '')
    refuse('STATE_JURISDICTION', '"eu" where REGION is "eu"', null)

  let managementKey = read('MANAGEMENT_KEY')
  if (managementKey !== '' && managementKey.length < minManagementKeyLength) {
    const length = `a text of ${managementKey.length} character${managementKey.length === 1 ? '' : 's'}`
    refuse('MANAGEMENT_KEY', `${minManagementKeyLength} characters or more`, 'none, only keys of the database', length)
    managementKey = ''
  }

  let sandboxBaseUrl = read('SANDBOX_BASE_URL').trim()
  if (sandboxBaseUrl !== '' && !(/^https?:\/\//i.test(sandboxBaseUrl) && URL.canParse(sandboxBaseUrl))) {
    refuse('SANDBOX_BASE_URL', 'an http or https address', 'the sandbox of this gateway')
    sandboxBaseUrl = ''
  }

  const givenTiers = read('AUTO_ROUTER_TIERS')
  const tiers = givenTiers === '' ? null : parseTiers(givenTiers)
  if (typeof tiers === 'string') {
    const accepted = `such as {"low": ["author/slug"], "high": ["author/slug"]} (${tiers})`
    refuse('AUTO_ROUTER_TIERS', accepted, 'the tiers that the catalogue makes of itself')
  }

  return {
    environment,
    region,
    jurisdiction,
    managementKey,
    keyChecksumSecret: read('KEY_CHECKSUM_SECRET'),
    maxBodyBytes: count('MAX_BODY_BYTES', 'bytes', defaultMaxBodyBytes),
    keyTimeoutMs: milliseconds('KEY_TIMEOUT_MS', 5_000),
    onKeyObjectFailure: choice('ON_KEY_OBJECT_FAILURE', ['closed', 'degraded']),
    sandboxBaseUrl,
    autoRouterTiers: typeof tiers === 'string' ? null : tiers,
    deadlines: {
      firstContentMs: milliseconds('FIRST_CONTENT_TIMEOUT_MS', 30_000),
      firstContentReasoningMs: milliseconds('FIRST_CONTENT_REASONING_TIMEOUT_MS', 120_000),
      wholeAnswerMs: milliseconds('WHOLE_ANSWER_TIMEOUT_MS', 60_000),
      wholeAnswerReasoningMs: milliseconds('WHOLE_ANSWER_REASONING_TIMEOUT_MS', 300_000),
      idleMs: milliseconds('IDLE_TIMEOUT_MS', 60_000),
      idleReasoningMs: milliseconds('IDLE_REASONING_TIMEOUT_MS', 120_000),
      totalMs: milliseconds('TOTAL_TIMEOUT_MS', 70_000),
      totalReasoningMs: milliseconds('TOTAL_REASONING_TIMEOUT_MS', 300_000),
    },
    faults,
  }
}

/** One line for the operator. */
export function faultLine({ name, given, accepted, instead }: ConfigurationFault): string {
  const consequence = instead === null ? 'Until it is, every request is refused.' : `Used instead: ${instead}.`
  return `${name} is ${given}, but has to be ${accepted}. ${consequence}`
}

/** `wrangler.toml` may hold numbers and tables, which arrive as such. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function shown(text: string): string {
  if (text === '') return 'empty'
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
