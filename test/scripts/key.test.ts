import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chooseKey, findManagementKey, readCommand, run } from '../../scripts/key.mjs'
import { mintKeyRow } from '../../scripts/mint-key.mjs'
import { keys } from '../../src/api/keys.ts'
import { hashOf, inspectKey } from '../../src/edge/api-key.ts'
import { fakeGateway, operatorKey, surfaceApp } from '../support/fake-gateway.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'causeway-key-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('the command line', () => {
  it('reads everything that a key can have', () => {
    const argv = 'create --name ci --limit 2.5 --limit-reset daily --expires 2030-01-31 --rate 5/m --management --json'
    expect(readCommand(argv.split(' '))).toEqual({
      action: 'create',
      json: true,
      url: undefined,
      managementKey: undefined,
      body: {
        name: 'ci',
        limit: 2.5,
        limit_reset: 'daily',
        expires_at: '2030-01-31T00:00:00.000Z',
        rate_limit: { requests: 5, interval: '1m' },
        is_management_key: true,
      },
    })
  })

  it.each([
    ['40/10s', { requests: 40, interval: '10s' }],
    ['unlimited', { requests: 0, interval: '10s' }],
  ])('reads the rate %s', (rate, rate_limit) => {
    expect(readCommand(['create', '--rate', rate]).body).toEqual({ name: 'api key', rate_limit })
  })

  it.each([
    ['', /Usage/],
    ['bogus', /^There is no command "bogus"\.\n\nUsage/],
    ['delete x', /no command "delete"/],
    ['revoke', /^revoke takes a KEY\.\n\nUsage/],
    ['revoke a b', /^revoke does not take "b"/],
    ['list all', /^list does not take "all"\.\n\nUsage/],
    ['create --colour red', /--colour/],
    ['create --limit lots', /--limit/],
    ['create --limit=-1', /--limit/],
    ['create --rate fast', /--rate/],
    ['create --expires never', /--expires/],
  ])('complains about "%s"', (line, message) => {
    expect(() => readCommand(line.split(' ').filter(Boolean))).toThrow(message)
  })
})

describe('the management key', () => {
  it('is looked for from the nearest place to the furthest', () => {
    expect(() => findManagementKey(undefined, {}, directory)).toThrow(/npm start/)
    mkdirSync(join(directory, '.causeway'))
    writeFileSync(join(directory, '.causeway', 'management-key'), 'made-by-start\n')
    expect(findManagementKey(undefined, {}, directory).key).toBe('made-by-start')
    writeFileSync(join(directory, '.dev.vars'), 'OTHER=1\nMANAGEMENT_KEY="from vars"\n')
    expect(findManagementKey(undefined, {}, directory).key).toBe('from vars')
    expect(findManagementKey(undefined, { MANAGEMENT_KEY: 'from env' }, directory).key).toBe('from env')
    expect(findManagementKey('given', { MANAGEMENT_KEY: 'from env' }, directory).key).toBe('given')
  })
})

describe('choosing a key to revoke', () => {
  const list = [
    { hash: `abcd${'0'.repeat(60)}`, label: 'sk-cw-v1-abc...123', name: 'ci' },
    { hash: `abce${'0'.repeat(60)}`, label: 'sk-cw-v1-def...456', name: 'ci' },
  ]

  it.each([`abcd${'0'.repeat(60)}`, 'ABCD', 'sk-cw-v1-abc...123'])('takes %s', (target) => {
    expect(chooseKey(list, target)).toBe(list[0])
  })

  it('refuses to guess', () => {
    expect(() => chooseKey(list, 'ci')).toThrow(/several/)
    expect(() => chooseKey(list, 'abc')).toThrow(/No such key/)
  })
})

describe('a running gateway', () => {
  let gateway: ReturnType<typeof fakeGateway>
  const asked: string[] = []
  const world = {
    env: { MANAGEMENT_KEY: operatorKey, PORT: '8080' } as Record<string, string>,
    directory: '/nowhere',
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      asked.push(String(input))
      return surfaceApp(gateway, keys).request(input as string, init)
    },
  }

  beforeEach(() => {
    gateway = fakeGateway()
    asked.length = 0
  })

  it('gets a key made, listed and revoked, by the key itself', async () => {
    const made = JSON.parse(await run(['create', '--name', 'ci', '--json'], world)) as { key: string }
    expect(asked).toEqual(['http://localhost:8080/api/v1/keys'])
    expect(await run(['list'], world)).toMatch(/ci +inference +active/)
    expect(await run(['revoke', made.key], world)).toContain('Revoked')
    expect(gateway.records.size).toBe(0)
    expect(await run(['list'], world)).toContain('No keys yet')
  })

  it('shows a new key and lists more than a page of them', async () => {
    expect(await run(['create'], world)).toMatch(/^ {2}sk-cw-v1-[0-9a-f]{64}$/m)
    const one = [...gateway.records.values()][0]
    for (let i = 0; i < 230; i++) {
      const hash = i.toString(16).padStart(64, '0')
      if (one) gateway.records.set(hash, { ...one, hash, disabled: i % 2 === 0 })
    }
    expect(JSON.parse(await run(['list', '--json'], world))).toHaveLength(231)
  })

  it('says which management key it refused, without showing it', async () => {
    const wrong = run(['list', '--management-key', 'sk-or-v1-secret', '--url', 'http://gw/api/v1/'], world)
    await expect(wrong).rejects.toThrow(/http:\/\/gw\/api\/v1 refused the management key \(--management-key\)/)
    await expect(wrong).rejects.not.toThrow(/secret/)
    expect(asked[0]).toMatch(/^http:\/\/gw\/api\/v1\/keys\?/)
  })

  it('passes on what it says about a request', async () => {
    await expect(run(['create', '--limit-reset', 'hourly'], world)).rejects.toThrow(/limit_reset must be/)
  })

  it('may not be there', async () => {
    const refused = async () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
    }
    await expect(run(['list'], { ...world, fetch: refused })).rejects.toThrow(/ECONNREFUSED.*npm start/)
  })

  it('may be something else', async () => {
    const html = async () => new Response('<html>')
    await expect(run(['list'], { ...world, fetch: html })).rejects.toThrow(/not the answer of a gateway/)
  })
})

describe('a key made without a gateway', () => {
  it('has the format of all keys and comes with the row to store', async () => {
    const made = await mintKeyRow({ kind: 'management', name: 'first', secret: 's' })
    expect(await inspectKey(made.key, 's')).toEqual({ hash: made.hash })
    expect(made.hash).toBe(await hashOf(made.key))
    expect(made.sql.split('?').length - 1).toBe(made.params.length)
    expect(made.params).toEqual(expect.arrayContaining([made.hash, 'first', 'management', made.label]))
    expect(JSON.stringify(made.params)).not.toContain(made.key)
  })
})
