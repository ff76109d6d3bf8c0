import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A checkout of its own: what `npm start` leaves behind must not touch the developer's. */
let checkout: string
const running = new Set<ChildProcess>()

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'causeway-start-'))
  for (const name of ['src', 'seed', 'scripts', 'migrations', 'wrangler.toml', 'package.json', 'tsconfig.json']) {
    cpSync(name, join(checkout, name), { recursive: true })
  }
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'))
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(checkout, { recursive: true, force: true })
})

interface Started {
  child: ChildProcess
  /** What it has printed so far. */
  output(): string
  url: string
  ended: Promise<number | null>
}

/** Starts the gateway and waits for what it prints when it is ready. */
async function start(port = '0'): Promise<Started> {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: checkout,
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const ended = new Promise<number | null>((done) => child.once('close', done)).finally(() => running.delete(child))
  const ready = new Promise<string>((found) => {
    const listen = (bytes: Buffer) => {
      output += bytes.toString()
      const url = /ready on (http:\/\/localhost:\d+),/.exec(output)?.[1]
      if (url) found(url.replace('localhost', '127.0.0.1'))
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
  })
  const url = await Promise.race([ready, ended.then(() => '')])
  return { child, output: () => output, url, ended }
}

const configure = (text: string) => writeFileSync(join(checkout, '.dev.vars'), text)
const keysIn = (started: Started) => started.output().match(/sk-cw-v1-[0-9a-f]{64}/g) ?? []
const statusOf = async (url: string, key = '') =>
  (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).status

async function stop({ child, ended }: Started): Promise<void> {
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
}

describe('npm start', () => {
  it('makes keys once, serves, survives a restart and stops when asked', async () => {
    const first = await start()
    expect((await fetch(`${first.url}/api/v1/models`)).status).toBe(200)
    const keys = first.output().match(/sk-cw-v1-[0-9a-f]{64}/g) ?? []
    const [managementKey, apiKey] = keys
    expect(new Set(keys).size).toBe(2)
    const kept = join(checkout, '.causeway/management-key')
    expect(readFileSync(kept, 'utf8').trim()).toBe(managementKey)
    expect(statSync(kept).mode & 0o777).toBe(0o600)
    // The command that it prints is the one that works.
    const answer = await fetch(`${first.url}/api/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: /-d '(.*)'/.exec(first.output())?.[1] ?? '',
    })
    expect(await answer.text()).toContain('[DONE]')

    const taken = await start(new URL(first.url).port)
    expect(await taken.ended).toBe(1)
    expect(taken.output()).toMatch(/^Port \d+ is taken\. .*PORT=\d+ npm start\n$/)

    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)

    const second = await start()
    expect(second.output()).not.toContain('sk-cw-v1-')
    const known = await fetch(`${second.url}/api/v1/key`, { headers: { authorization: `Bearer ${apiKey}` } })
    expect(known.status).toBe(200)
    second.child.kill('SIGINT')
    expect(await second.ended).toBe(0)
  })

  it('refuses a port that is none', async () => {
    const wrong = await start('http')
    expect(await wrong.ended).toBe(1)
    expect(wrong.output()).toContain('PORT must be a number')
  })

  it('gets back in where the kept management key is refused: after a new checksum secret, revoked, or lost', async () => {
    configure('KEY_CHECKSUM_SECRET=something new\n')
    const changed = await start()
    expect(changed.output()).toContain('made with another KEY_CHECKSUM_SECRET')
    const [managementKey, apiKey] = keysIn(changed)
    expect(await statusOf(`${changed.url}/api/v1/keys`, managementKey)).toBe(200)
    expect(await statusOf(`${changed.url}/api/v1/models/user`, apiKey)).toBe(200)
    const hash = createHash('sha256')
      .update(managementKey ?? '')
      .digest('hex')
    const revoked = await fetch(`${changed.url}/api/v1/keys/${hash}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${managementKey}` },
    })
    expect(revoked.status).toBe(200)
    await stop(changed)

    const again = await start()
    expect(again.output()).toContain('was revoked or disabled, or has expired')
    const [second] = keysIn(again)
    expect(keysIn(again).filter((key) => key !== second)).toEqual([])
    expect(await statusOf(`${again.url}/api/v1/keys`, second)).toBe(200)
    await stop(again)

    rmSync(join(checkout, '.causeway'), { recursive: true })
    const lost = await start()
    expect(lost.output()).toContain('is not there any more')
    expect(await statusOf(`${lost.url}/api/v1/keys`, keysIn(lost)[0])).toBe(200)
    await stop(lost)
  })

  it('says in a line each what of the configuration it does not take, once, and starts', async () => {
    configure('MAX_BODY_BYTES=lots\nMANAGEMENT_KEY=short\nAUTO_ROUTER_TIERS=nonsense\n')
    const started = await start()
    await fetch(`${started.url}/api/v1/models`)
    await stop(started)
    const told = started
      .output()
      .split('\n')
      .filter((line) => line.includes('has to be'))
    expect(told.map((line) => line.split(' ')[0])).toEqual(['MANAGEMENT_KEY', 'AUTO_ROUTER_TIERS', 'MAX_BODY_BYTES'])
    expect(started.output()).not.toContain('short')
  })

  it.each([
    ['REGION=mars', 'REGION is "mars", but has to be "global" or "eu".'],
    ['STATE_JURISDICTION=eu', 'STATE_JURISDICTION is "eu", but has to be empty on this machine'],
  ])('does not start with %s', async (line, words) => {
    configure(`${line}\n`)
    const refused = await start()
    expect(await refused.ended).toBe(1)
    expect(refused.output()).toContain(words)
    expect(refused.output().trim().split('\n')).toHaveLength(1)
  })
})
