import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
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
})
