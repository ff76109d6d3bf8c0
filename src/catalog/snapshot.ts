import type { Catalog } from './catalog.ts'
import type { EdgeCache } from './edge-cache.ts'
import { type Dated, type KeptAccess, type KeptOptions, KeptValues } from './kept-values.ts'
import { packEntries, unpackEntries } from './packed.ts'
import type { ModelEntry, ProviderRecord } from './records.ts'

/** What one request lends to the catalogue. */
export interface CatalogPorts {
  readModel(id: string): Promise<ModelEntry | null>
  readModels(): Promise<ModelEntry[]>
  readProviders(): Promise<ProviderRecord[]>
  edgeCache?: EdgeCache
  /** Epoch milliseconds. */
  now(): number
  /** This request's `waitUntil`. */
  background(promise: Promise<unknown>): void
}

const defaults: KeptOptions = {
  freshMs: 60_000,
  maxAgeMs: 300_000,
  missingMs: 10_000,
  patienceMs: 2_000,
  // Beyond the models that one isolate is asked for in a minute; an entry is a few kilobytes.
  maxValues: 2_000,
  maxMissing: 500,
}

/** Part of every key, to be raised when the packed form changes: a new deployment must not read an older one's copies. */
const format = 'v1'

/**
 * One isolate's memory of the catalogue, kept across requests. Each request looks at it through `view`, which answers
 * plain values from memory and goes to the edge cache, then to D1, only for what is not there yet; what is older than
 * `freshMs` is refreshed behind the answer, and what nobody asked for in `maxAgeMs` before it. Nothing kept is ever
 * dropped because D1 is down.
 */
export class CatalogSnapshot {
  readonly #kept: Kept

  constructor(options: Partial<KeptOptions> = {}, onFailure: (error: unknown) => void = logFailure) {
    const all = { ...defaults, ...options }
    this.#kept = {
      freshMs: all.freshMs,
      models: new KeptValues(all, onFailure),
      lists: new KeptValues(all, onFailure),
      providers: new KeptValues(all, onFailure),
    }
  }

  view(ports: CatalogPorts): Catalog {
    return new CatalogView(this.#kept, ports)
  }
}

interface Kept {
  freshMs: number
  models: KeptValues<ModelEntry>
  lists: KeptValues<readonly ModelEntry[]>
  providers: KeptValues<readonly ProviderRecord[]>
}

/** A class, as every request makes one. */
class CatalogView implements Catalog {
  readonly #kept: Kept
  readonly #ports: CatalogPorts

  constructor(kept: Kept, ports: CatalogPorts) {
    this.#kept = kept
    this.#ports = ports
  }

  model(id: string): ModelEntry | null | Promise<ModelEntry | null> {
    if (!couldBeModelId(id)) return null
    const { models, freshMs } = this.#kept
    const read = (ports: CatalogPorts) => ports.readModel(id)
    return models.get(id, new Loading(this.#ports, `model/${id}`, read, entryCodec, freshMs))
  }

  models(): readonly ModelEntry[] | Promise<readonly ModelEntry[]> {
    const { lists, freshMs } = this.#kept
    return whole(
      lists.get('', new Loading(this.#ports, 'models', (ports) => ports.readModels(), entriesCodec, freshMs)),
    )
  }

  providers(): readonly ProviderRecord[] | Promise<readonly ProviderRecord[]> {
    const { providers, freshMs } = this.#kept
    const read = (ports: CatalogPorts) => ports.readProviders()
    return whole(providers.get('', new Loading(this.#ports, 'providers', read, jsonCodec, freshMs)))
  }
}

/** An id that no model can have is not worth a query. */
function couldBeModelId(id: string): boolean {
  return id.length <= 256 && /^[!-~]+\/[!-~]+$/.test(id)
}

/** A list is never missing, so its null never occurs. */
function whole<T>(list: readonly T[] | null | Promise<readonly T[] | null>): readonly T[] | Promise<readonly T[]> {
  return list instanceof Promise ? list.then((loaded) => loaded ?? []) : (list ?? [])
}

interface Codec<T> {
  encode(value: T): string
  decode(text: string): T | null
}

const entryCodec: Codec<ModelEntry> = {
  encode: (entry) => packEntries([entry]),
  decode: (text) => unpackEntries(text)[0] ?? null,
}
const entriesCodec: Codec<readonly ModelEntry[]> = { encode: packEntries, decode: unpackEntries }
const jsonCodec: Codec<readonly ProviderRecord[]> = { encode: JSON.stringify, decode: JSON.parse }

/** What one request would do for a value that is not in memory. */
class Loading<T> implements KeptAccess<T> {
  readonly now: number
  readonly #ports: CatalogPorts
  readonly #name: string
  readonly #read: (ports: CatalogPorts) => Promise<T | null>
  readonly #codec: Codec<T>
  readonly #freshMs: number

  constructor(
    ports: CatalogPorts,
    name: string,
    read: (ports: CatalogPorts) => Promise<T | null>,
    codec: Codec<T>,
    freshMs: number,
  ) {
    this.now = ports.now()
    this.#ports = ports
    this.#name = name
    this.#read = read
    this.#codec = codec
    this.#freshMs = freshMs
  }

  background(promise: Promise<unknown>): void {
    this.#ports.background(promise)
  }

  /** From the edge cache while its copy is fresh, else from D1, else from the edge cache's old copy. */
  async load(): Promise<Dated<T> | null> {
    const ports = this.#ports
    const { edgeCache } = ports
    const key = `${format}/${this.#name}`
    const copy = edgeCache ? await readCopy(edgeCache, key, this.#codec) : null
    const ageMs = copy ? ports.now() - copy.at : Number.POSITIVE_INFINITY
    if (copy && ageMs >= 0 && ageMs < this.#freshMs) return copy
    const at = ports.now()
    try {
      const value = await this.#read(ports)
      if (value === null) return null
      if (edgeCache) ports.background(edgeCache.put(key, `${at}\n${this.#codec.encode(value)}`).catch(logFailure))
      return { value, at }
    } catch (error) {
      if (copy) return copy
      throw error
    }
  }
}

/** Null for a copy that is not there, not readable or not of this format: D1 has the truth. */
async function readCopy<T>(edgeCache: EdgeCache, key: string, codec: Codec<T>): Promise<Dated<T> | null> {
  try {
    const text = await edgeCache.get(key)
    if (text === null) return null
    const end = text.indexOf('\n')
    const at = Number(text.slice(0, end))
    const value = codec.decode(text.slice(end + 1))
    return value !== null && end > 0 && Number.isSafeInteger(at) ? { value, at } : null
  } catch {
    return null
  }
}

function logFailure(error: unknown): void {
  console.warn(
    JSON.stringify({ event: 'catalog-refresh-failed', error: error instanceof Error ? error.name : 'unknown' }),
  )
}
