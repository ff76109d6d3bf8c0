import { describe, expect, it } from 'vitest'
import { faultLine, readConfiguration } from '../src/configuration.ts'

const linesOf = (variables: Record<string, unknown>) => readConfiguration(variables).faults.map(faultLine)

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(readConfiguration({})).toMatchObject({
      environment: 'production',
      region: 'global',
      jurisdiction: '',
      maxBodyBytes: 20_971_520,
      keyTimeoutMs: 5_000,
      onKeyObjectFailure: 'closed',
      deadlines: { wholeAnswerMs: 60_000, totalReasoningMs: 300_000 },
      faults: [],
    })
  })

  it('takes an empty value for none', () => {
    const empty = { REGION: '', MANAGEMENT_KEY: '', MAX_BODY_BYTES: '', AUTO_ROUTER_TIERS: '', SANDBOX_BASE_URL: '' }
    expect(readConfiguration(empty)).toEqual(readConfiguration({}))
  })

  it('is what the operator says', () => {
    const tiers = '{"low": ["sandbox/text"]}'
    const said = {
      ENVIRONMENT: 'development',
      REGION: 'eu',
      STATE_JURISDICTION: 'eu',
      MANAGEMENT_KEY: 'x'.repeat(32),
      KEY_CHECKSUM_SECRET: 's',
      MAX_BODY_BYTES: '5000',
      KEY_TIMEOUT_MS: '150',
      ON_KEY_OBJECT_FAILURE: 'degraded',
      SANDBOX_BASE_URL: 'http://127.0.0.1:1/sandbox/v1',
      AUTO_ROUTER_TIERS: tiers,
      IDLE_TIMEOUT_MS: '7',
    }
    expect(readConfiguration(said)).toMatchObject({
      environment: 'development',
      region: 'eu',
      jurisdiction: 'eu',
      managementKey: 'x'.repeat(32),
      keyChecksumSecret: 's',
      maxBodyBytes: 5_000,
      keyTimeoutMs: 150,
      onKeyObjectFailure: 'degraded',
      sandboxBaseUrl: 'http://127.0.0.1:1/sandbox/v1',
      autoRouterTiers: { low: ['sandbox/text'], max: [] },
      deadlines: { idleMs: 7, idleReasoningMs: 120_000 },
      faults: [],
    })
  })

  it('may be numbers and tables, as a wrangler.toml has them', () => {
    expect(readConfiguration({ MAX_BODY_BYTES: 5_000, AUTO_ROUTER_TIERS: { low: ['a/b'] } })).toMatchObject({
      maxBodyBytes: 5_000,
      autoRouterTiers: { low: ['a/b'], max: [] },
      faults: [],
    })
  })

  it.each([
    ['MAX_BODY_BYTES', 'lots', '"lots", but has to be a whole number of bytes from 1', '20971520.'],
    ['MAX_BODY_BYTES', '0', '"0"', '20971520.'],
    ['WHOLE_ANSWER_TIMEOUT_MS', 'abc', '"abc", but has to be a whole number of milliseconds from 1', '60000.'],
    ['TOTAL_TIMEOUT_MS', '1e12', 'to 2147483647', '70000.'],
    ['KEY_TIMEOUT_MS', '-1', '"-1"', '5000.'],
    ['ON_KEY_OBJECT_FAILURE', 'maybe', '"maybe", but has to be "closed" or "degraded".', '"closed".'],
    ['ENVIRONMENT', 'dev', '"dev", but has to be "production" or "development".', '"production".'],
    ['SANDBOX_BASE_URL', 'localhost', '"localhost", but has to be an http or https address', 'the sandbox of this'],
    ['AUTO_ROUTER_TIERS', '{"low": [', '(it is not JSON)', 'the tiers that the catalogue makes of itself.'],
    ['AUTO_ROUTER_TIERS', '{"lowest": ["a/b"]}', '"lowest" is no tier', 'the tiers that the catalogue'],
  ])('goes on with the default where %s is %s, and says so in one line', (name, value, words, instead) => {
    const { faults, ...used } = readConfiguration({ [name]: value })
    const { faults: none, ...defaults } = readConfiguration({})
    expect(used).toEqual(defaults)
    expect(none).toEqual([])
    const line = faults.map(faultLine).join('\n')
    expect(line).toMatch(new RegExp(`^${name} is .*\\. Used instead: [^\\n]*$`))
    expect(line).toContain(words)
    expect(line).toContain(`Used instead: ${instead}`)
  })

  it('never shows a management key that is too short, which then is none', () => {
    const [line] = linesOf({ MANAGEMENT_KEY: 'short' })
    expect(line).toMatch(/^MANAGEMENT_KEY is a text of 5 characters, but has to be 32 characters or more\./)
    expect(readConfiguration({ MANAGEMENT_KEY: 'short' }).managementKey).toBe('')
  })

  it('cuts short what is long, and keeps it on its line', () => {
    expect(linesOf({ REGION: `a\nb${'c'.repeat(100)}` })[0]).toMatch(/^REGION is "a\\nbc{57}…", but/)
  })

  it.each([
    [{ REGION: 'mars' }, 'REGION is "mars", but has to be "global" or "eu".'],
    [{ REGION: 'EU' }, 'REGION is "EU", but has to be "global" or "eu".'],
    [{ STATE_JURISDICTION: 'mars' }, 'STATE_JURISDICTION is "mars", but has to be empty or "eu".'],
    [{ REGION: 'eu' }, 'STATE_JURISDICTION is empty, but has to be "eu" where REGION is "eu".'],
    [{ REGION: 'eu', STATE_JURISDICTION: 'us' }, 'STATE_JURISDICTION is "us", but has to be empty or "eu".'],
  ])('leaves nothing safe to do with %j', (variables, words) => {
    expect(readConfiguration(variables).faults).toMatchObject([{ instead: null }])
    expect(linesOf(variables)).toEqual([`${words} Until it is, every request is refused.`])
  })

  it('needs no jurisdiction for the EU in development, where there are none', () => {
    expect(linesOf({ REGION: 'eu', ENVIRONMENT: 'development' })).toEqual([])
  })
})
