import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '../support/chat-wire.ts'
import { type Answer, json, type RecordedRequest, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath } from '../support/operator-catalogue.ts'
import { startWorker } from '../support/running-worker.ts'
import { type Breaker, type Fault, faults, hinted, type Mode } from './fault-table.ts'
import { judge, type Miss } from './judge.ts'
import type { Cells } from './many-providers.ts'
import { asker, type Client, type Seen } from './seen.ts'
import { type MatrixWire, speeches, wholeStream, wires } from './speech.ts'

/** One request: a fault in one wire, the faulty endpoint being alone or followed by a healthy one. */
export interface Cell {
  fault: Fault
  wire: MatrixWire
  mode: Mode
  setup: 'alone' | 'next'
  client: Client
}

/** What came of a cell. */
export interface Played {
  cell: Cell
  seen: Seen
  /** The providers whose server was reached, in order. */
  called: ('faulty' | 'healthy')[]
  /** `data` of `GET /generation`; null where the client doesn't tell its id. */
  generation: Json
  /** What three such calls do to the endpoint, seen by a fourth; null where it was not tried. */
  breaker: Breaker | null
  /** Upstream calls that went on after the client had its answer. */
  orphans: number
  misses: Miss[]
}

export interface Matrix {
  play(cell: Cell): Promise<Played>
  stop(): Promise<void>
}

/** The deadlines of the Worker that is tested: far above what a busy machine takes for an answer. */
const deadlineMs = 3_500
/** Cells that wait at once, for a deadline or for the machine. */
const slowLanes = 60
const quickLanes = 16
/** What was given up has to be seen as gone by then. */
const orphanMs = 2_000

/** Every cell of the table. SDKs ask in one wire a fault: to them an answer looks the same whatever wire it came by. */
export function allCells(): Cell[] {
  return faults.flatMap((fault, index) =>
    fault.modes.flatMap((mode) =>
      fault.wires.flatMap((wire, at): Cell[] => {
        const others: Client[] = at === index % fault.wires.length ? ['openai', 'openrouter'] : []
        return ['http' as const, ...others].flatMap((client): Cell[] => {
          const cell: Cell = { fault, wire, mode, setup: 'alone', client }
          return [cell, { ...cell, setup: 'next' }]
        })
      }),
    ),
  )
}

/**
 * A part that meets every fault in every mode once, each in another wire than the one before it; the SDKs a quarter of
 * it. `Retry-After` is left to the statuses that hand it on.
 */
export function sampleOf(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ fault, wire, mode, client }) => {
    const { name, outcome } = fault
    if (hinted.test(name) && outcome.kind === 'error' && outcome.retryAfter === null) return false
    const at = faults.indexOf(fault)
    const turn = at + (mode === 'streamed' ? 0 : 1)
    if (client !== 'http') return at % 4 === 0 && fault.pace === 'quick'
    return wire === fault.wires[turn % fault.wires.length]
  })
}

/** Plays cells, many at a time; `onPlayed` hears of each as it is done. The answers are in the order of the cells. */
export async function playAll(
  matrix: Matrix,
  cells: readonly Cell[],
  onPlayed: (played: Played) => void = () => {},
): Promise<Played[]> {
  const played: Played[] = []
  const lane = async (queue: number[]) => {
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      const cell = cells[at]
      if (!cell) continue
      const one = await matrix.play(cell)
      played[at] = one
      onPlayed(one)
    }
  }
  const lanes = (pace: Fault['pace'], count: number) => {
    const queue = [...cells.keys()].filter((at) => cells[at]?.fault.pace === pace)
    return Array.from({ length: count }, () => lane(queue))
  }
  await Promise.all([...lanes('slow', slowLanes), ...lanes('quick', quickLanes)])
  // By themselves, so that they don't hold up others beyond their deadlines.
  await Promise.all(lanes('heavy', 1))
  return played
}

/**
 * Starts one upstream that speaks every wire, and the Worker with a provider for every cell.
 *
 * @param options.breakers whether further calls are made to see what becomes of the endpoint
 */
export async function openMatrix(
  cells: readonly Cell[],
  { breakers = (_: Cell) => true }: { breakers?: (cell: Cell) => boolean } = {},
): Promise<Matrix> {
  const slugs = new Map(cells.map((cell, index) => [cell, `cell-${index}`]))
  const bySlug = new Map(cells.map((cell, index) => [`cell-${index}`, cell]))
  const calls = new Map<string, RecordedRequest[]>()
  const upstream = await startUpstream((request) => {
    const slug = providerOfPath(request.path)
    const known = calls.get(slug)
    if (known) known.push(request)
    else calls.set(slug, [request])
    const cell = bySlug.get(slug)
    if (cell) return cell.fault.answer(speeches[cell.wire], cell.mode)
    return healthyAnswer(slug, request)
  })
  const nobody = await startUpstream()
  await nobody.stop()
  const stranger = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-mock\r\n')).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const roots: Record<Fault['at'], string> = {
    upstream: upstream.url,
    nobody: nobody.url,
    'plain-port': upstream.url.replace('http', 'https'),
    'no-http': `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`,
  }
  const urlOf = ({ fault, wire }: Cell, slug: string) => `${roots[fault.at]}/${slug}${basePaths[wire]}`
  const providers: Cells = Object.fromEntries([
    ...[...slugs].map(([cell, slug]) => [slug, { wire: cell.wire, url: urlOf(cell, slug) }] as const),
    ...wires.map((wire) => [`healthy-${wire}`, { wire, url: `${upstream.url}/healthy-${wire}${basePaths[wire]}` }]),
  ])
  const worker = await startWorker({
    entry: 'test/chaos/many-providers.ts',
    vars: {
      CELLS: JSON.stringify(providers),
      FIRST_CONTENT_TIMEOUT_MS: `${deadlineMs}`,
      WHOLE_ANSWER_TIMEOUT_MS: `${deadlineMs}`,
      IDLE_TIMEOUT_MS: `${deadlineMs}`,
    },
  })
  await addEndpoints(
    worker.database,
    [...slugs].flatMap(([{ wire, fault }, slug]) => {
      const next = nextWire(wire)
      // A model that reasons has the long deadlines: what keeps this machine busy is not about time.
      const shared = { model: `test/${slug}`, reasoning: fault.pace === 'heavy' }
      return [
        { ...shared, provider: slug, upstreamId: speeches[wire].model },
        { ...shared, provider: `healthy-${next}`, upstreamId: speeches[next].model },
      ]
    }),
  )
  const { key } = await worker.createKey({ rate_limit: { requests: 0 } })
  const ports: Ports = { url: worker.url, key, breakers, callsOf: (slug) => calls.get(slug) ?? [] }
  return {
    play: (cell) => play(cell, slugs.get(cell) ?? '', ports),
    async stop() {
      await worker.stop()
      await upstream.stop()
      stranger.close()
    },
  }
}

interface Ports {
  url: string
  key: string
  breakers: (cell: Cell) => boolean
  callsOf(slug: string): RecordedRequest[]
}

/** What a base URL of each wire ends with. */
const basePaths: Record<MatrixWire, string> = {
  'openai-chat': '/v1',
  'anthropic-messages': '/v1',
  gemini: '/v1beta',
  'bedrock-converse': '',
}

/** The healthy endpoint speaks another wire: a failover has to translate the request anew. */
function nextWire(wire: MatrixWire): MatrixWire {
  return wires[(wires.indexOf(wire) + 1) % wires.length] ?? wire
}

function healthyAnswer(slug: string, request: RecordedRequest): Answer {
  const speech = speeches[wires.find((wire) => slug === `healthy-${wire}`) ?? 'openai-chat']
  const isStream = request.json?.stream === true || /stream/i.test(request.path)
  if (!isStream) return json(speech.whole('healthy answer'))
  const body = wholeStream(speech, ['healthy ', 'answer']).map((send) => ({ send }))
  return { headers: { 'content-type': speech.streamType }, body }
}

async function play(cell: Cell, slug: string, ports: Ports): Promise<Played> {
  const { url, key, callsOf } = ports
  const healthy = `healthy-${nextWire(cell.wire)}`
  const order = cell.setup === 'next' ? [slug, healthy] : [slug]
  const fields = { model: `test/${slug}`, provider: { order, allow_fallbacks: false } }
  const ask = asker(url, key)
  const seen = await ask(cell.client, cell.mode, fields)
  const row = async (id: string | null) => (id === null ? null : generationOf(url, key, id))
  const generation = await row(seen.generationId)
  const played: Played = { cell, seen, called: [], generation, breaker: null, orphans: 0, misses: [] }
  if (generation !== null) {
    played.called = generation.attempts.map(({ provider_name }: Json) =>
      provider_name === slug ? 'faulty' : 'healthy',
    )
    played.orphans = await orphansOf(callsOf(slug))
    if (cell.setup === 'alone' && ports.breakers(cell)) {
      const again = () => ask('http', cell.mode, fields)
      if (cell.fault.pace === 'slow') await Promise.all([again(), again()])
      else await again().then(again)
      const fourth = await again()
      played.breaker = breakerOf(await row(fourth.generationId))
    }
  }
  played.misses = judge(played, callsOf(slug).length)
  return played
}

/** What kept the last call away, if anything did. */
function breakerOf(generation: Json): Breaker {
  const rules = generation.excluded.map(({ rule }: Json) => rule)
  if (rules.includes('breaker_open')) return 'counts'
  return rules.includes('cooldown') ? 'pause' : 'none'
}

async function generationOf(url: string, key: string, id: string): Promise<Json> {
  const response = await fetch(`${url}/api/v1/generation?id=${id}`, { headers: { authorization: `Bearer ${key}` } })
  if (response.status !== 200) throw new Error(`no generation ${id}: ${response.status}`)
  return ((await response.json()) as Json).data
}

/** How many upstream calls are still open although their requests are over. */
async function orphansOf(calls: readonly RecordedRequest[]): Promise<number> {
  let orphans = 0
  for (const { over } of calls) {
    const isOver = await Promise.race([over.then(() => true), sleep(orphanMs, false, { ref: false })])
    if (!isOver) orphans++
  }
  return orphans
}
