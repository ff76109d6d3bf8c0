import type { Catalog } from './catalog/catalog.ts'
import { type EdgeCache, edgeCacheOver } from './catalog/edge-cache.ts'
import type { EndpointRecord, ModelEntry, ProviderRecord } from './catalog/records.ts'
import { type CatalogPorts, CatalogSnapshot } from './catalog/snapshot.ts'
import { type Failure, FailureError } from './chat/failure.ts'
import { type Configuration, faultLine, readConfiguration } from './configuration.ts'
import { type AccountSettings, type SettingsPorts, SettingsSnapshot } from './dispatch/account-settings.ts'
import type { Deadlines, Gateway, Settings } from './dispatch/gateway.ts'
import type { Health } from './dispatch/health.ts'
import type { KeyDirectory } from './dispatch/key-directory.ts'
import type { Admission, AdmissionAsk, Keys } from './dispatch/keys.ts'
import { refusalOf } from './edge/address.ts'
import { Background } from './edge/background.ts'
import { type Egress, openEgress } from './edge/egress.ts'
import { Patience } from './edge/patience.ts'
import { regionOf } from './edge/region.ts'
import type { GenerationRow } from './metering/generation.ts'
import { AdmissionCaller } from './objects/admission-call.ts'
import { AdmissionGuard } from './objects/admission-guard.ts'
import type { RequestPorts } from './objects/health-line.ts'
import type { HealthObject } from './objects/health-object.ts'
import { HealthWatch } from './objects/health-watch.ts'
import { keyDirectory } from './objects/key-directory.ts'
import type { KeyObject } from './objects/key-object.ts'
import { ObjectIds } from './objects/object-ids.ts'
import { reached } from './objects/reached.ts'
import { SettleQueue } from './objects/settle-queue.ts'
import { settledRow } from './objects/settled-row.ts'
import { withAiBinding } from './providers/cloudflare/binding.ts'
import type { Variables } from './providers/provider.ts'
import { providerOf } from './providers/registry.ts'
import type { Credential } from './providers/wire.ts'
import type { ConversationNote } from './routing/conversations.ts'
import type { AccountPreferences } from './routing/merge-preferences.ts'
import { openBudget, type RetryBudget } from './routing/retry-budget.ts'
import { readModel, readModels, readProviders } from './store/catalog.ts'
import { readGeneration } from './store/generations.ts'
import { readSettings, writeSettings } from './store/settings.ts'

/** What one isolate keeps across requests. Everything that belongs to a request (stubs, timers) is handed in anew. */
interface Isolate {
  configuration: Configuration
  /** What every request is told where the configuration leaves nothing safe to do. */
  refusal: Failure | null
  catalog: CatalogSnapshot
  account: SettingsSnapshot
  health: HealthWatch
  retryBudget: RetryBudget
  admissions: AdmissionCaller
  guard: AdmissionGuard
  settling: SettleQueue
  egress: Egress
  access: WeakMap<EndpointRecord, Access | null>
  /** Of the origin that was asked last: there is seldom another. */
  settings: Settings | undefined
  /** Where this isolate runs, as far as its first client tells: health is kept by continent. */
  continent: string
}

/** D1 takes a second for the whole catalogue, and more where it is far. */
const catalogMs = 20_000

type Access = { baseUrl: string; credential: Credential | null }

// Workers refuse randomness and timers outside a request, so the first request makes it.
let isolate: Isolate | undefined

/** The only place that turns bindings into what the rooms ask for. */
export function openGateway(env: Env, request: Request, context: ExecutionContext): Gateway {
  isolate ??= openIsolate(env, request)
  if (isolate.refusal !== null) throw new FailureError(isolate.refusal)
  const origin = originOf(request.url)
  if (isolate.settings?.origin !== origin) isolate.settings = settingsOf(origin, isolate.configuration)
  return new RequestGateway(env, isolate, isolate.settings, new Background(context))
}

/**
 * What one request borrows from its isolate. Classes all the way, not objects of closures: every request makes one, and
 * methods are made once.
 */
class RequestGateway implements Gateway {
  readonly now = Date.now
  readonly random = Math.random
  readonly settings: Settings
  readonly deadlines: Deadlines
  readonly retryBudget: RetryBudget
  readonly fetch: Egress
  readonly patience = new Patience()
  readonly catalog: Catalog
  readonly account: AccountSettings
  readonly health: Health
  readonly keys: Keys
  readonly #env: Env
  readonly #isolate: Isolate
  readonly #background: Background

  constructor(env: Env, isolate: Isolate, settings: Settings, background: Background) {
    this.#env = env
    this.#isolate = isolate
    this.#background = background
    this.settings = settings
    this.deadlines = isolate.configuration.deadlines
    this.retryBudget = isolate.retryBudget
    this.fetch = isolate.egress
    this.catalog = isolate.catalog.view(new CatalogBehind(env, background, settings.origin))
    this.account = isolate.account.view(new SettingsBehind(env, background))
    this.health = isolate.health.forRequest(new HealthBehind(env, background, isolate.continent))
    this.keys = new KeyObjects(env, isolate, this.patience)
  }

  get directory(): KeyDirectory {
    return keyDirectory(this.#env.DB, (hash) => keyObject(this.#env, hash))
  }

  access(endpoint: EndpointRecord): Access | null {
    const { access } = this.#isolate
    const isSandbox = endpoint.provider.kind === 'sandbox'
    const known = isSandbox ? undefined : access.get(endpoint)
    if (known !== undefined) return known
    const configured = configuredAccess(endpoint, this.#variablesFor(endpoint))
    // An address that the egress would refuse is as good as none: better not listed than called in vain.
    const found = configured !== null && this.#mayCall(configured) ? configured : null
    if (!isSandbox) access.set(endpoint, found)
    return found
  }

  refusesAddress(endpoint: EndpointRecord): boolean {
    const configured = configuredAccess(endpoint, this.#variablesFor(endpoint))
    return configured !== null && !this.#mayCall(configured)
  }

  #mayCall({ baseUrl }: Access): boolean {
    return refusalOf(baseUrl, this.settings.environment) === null
  }

  /** The sandbox is this Worker itself, reached over HTTP like any other provider. */
  #variablesFor({ provider }: EndpointRecord): Variables {
    const variables = this.#env as unknown as Variables
    if (provider.kind !== 'sandbox') return variables
    const baseUrl = this.#isolate.configuration.sandboxBaseUrl || `${this.settings.origin}/sandbox/v1`
    return variables.SANDBOX_BASE_URL === baseUrl ? variables : { ...variables, SANDBOX_BASE_URL: baseUrl }
  }

  isOperatorKey(key: string): Promise<boolean> {
    return isOperatorKey(key, this.#isolate.configuration.managementKey)
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#background.add(promise)
  }
}

/** What lies behind an isolate's memory, as one request reaches it. */
class Behind {
  protected readonly env: Env
  readonly #background: Background

  constructor(env: Env, background: Background) {
    this.env = env
    this.#background = background
  }

  now(): number {
    return Date.now()
  }

  background(promise: Promise<unknown>): void {
    this.#background.add(promise)
  }
}

class CatalogBehind extends Behind implements CatalogPorts {
  readonly #origin: string

  constructor(env: Env, background: Background, origin: string) {
    super(env, background)
    this.#origin = origin
  }

  /** All Workers of a zone share the cache: what tells two deployments of one region apart there is their address. */
  get edgeCache(): EdgeCache {
    return edgeCacheOver(caches.default, `${this.env.REGION}/${this.env.STATE_JURISDICTION}/${this.#origin}`)
  }

  readModel(id: string): Promise<ModelEntry | null> {
    return reached(catalogMs, () => readModel(this.env.DB, id))
  }

  readModels(): Promise<ModelEntry[]> {
    return reached(catalogMs, () => readModels(this.env.DB))
  }

  readProviders(): Promise<ProviderRecord[]> {
    return reached(catalogMs, () => readProviders(this.env.DB))
  }
}

class SettingsBehind extends Behind implements SettingsPorts {
  read(): Promise<AccountPreferences | null> {
    return reached(catalogMs, () => readSettings(this.env.DB, 'routing'))
  }

  write(preferences: AccountPreferences): Promise<void> {
    return reached(catalogMs, () => writeSettings(this.env.DB, 'routing', preferences, Date.now()))
  }
}

class HealthBehind extends Behind implements RequestPorts {
  readonly #continent: string

  constructor(env: Env, background: Background, continent: string) {
    super(env, background)
    this.#continent = continent
  }

  object(provider: string): DurableObjectStub<HealthObject> {
    return healthObject(this.env, `${provider}@${this.#continent}`)
  }
}

function openIsolate(env: Env, request: Request): Isolate {
  const variables = env as unknown as Variables
  const configuration = readConfiguration(variables)
  for (const fault of configuration.faults) console.warn(faultLine(fault))
  return {
    configuration,
    refusal: refusalFor(configuration),
    catalog: new CatalogSnapshot(),
    account: new SettingsSnapshot(),
    health: new HealthWatch(),
    retryBudget: openBudget(Date.now()),
    admissions: new AdmissionCaller(),
    guard: new AdmissionGuard({
      timeoutMs: configuration.keyTimeoutMs,
      degraded: configuration.onKeyObjectFailure === 'degraded',
    }),
    settling: new SettleQueue(),
    egress: openEgress({
      environment: configuration.environment,
      fetch: withAiBinding((url, init) => fetch(url, init), variables),
    }),
    access: new WeakMap(),
    settings: undefined,
    continent: continentOf(request),
  }
}

function refusalFor({ faults }: Configuration): Failure | null {
  const fault = faults.find(({ instead }) => instead === null)
  if (fault === undefined) return null
  const message = `This deployment cannot answer: its variable ${fault.name} has to be ${fault.accepted}.`
  return { type: 'server', status: 503, message }
}

/** Jurisdictions exist on Cloudflare only: locally `jurisdiction()` throws, so an empty variable asks for none. */
function inJurisdiction<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  jurisdiction: string,
): DurableObjectNamespace<T> {
  return jurisdiction ? namespace.jurisdiction(jurisdiction as DurableObjectJurisdiction) : namespace
}

const keyIds = new ObjectIds<KeyObject>()

function keyObject(env: Env, hash: string): DurableObjectStub<KeyObject> {
  const namespace = inJurisdiction(env.KEYS, env.STATE_JURISDICTION)
  return namespace.get(keyIds.of(namespace, hash))
}

function healthObject(env: Env, name: string): DurableObjectStub<HealthObject> {
  const namespace = inJurisdiction(env.HEALTH, env.STATE_JURISDICTION)
  return namespace.get(namespace.idFromName(name))
}

/** A stub is broken for good once its object was reset, so each try looks it up anew. */
class KeyObjects implements Keys {
  readonly #env: Env
  readonly #isolate: Isolate
  readonly #patience: Patience

  constructor(env: Env, isolate: Isolate, patience: Patience) {
    this.#env = env
    this.#isolate = isolate
    this.#patience = patience
  }

  admit(hash: string, ask: AdmissionAsk): Promise<Admission> {
    const { guard, admissions } = this.#isolate
    return guard.admit(hash, () => admissions.admit(hash, ask, keyObject(this.#env, hash)), this.#patience)
  }

  async renew(hash: string, id: string): Promise<void> {
    await keyObject(this.#env, hash).renew(id)
  }

  check(hash: string): Promise<Admission> {
    return reached(
      this.#isolate.configuration.keyTimeoutMs,
      async (): Promise<Admission> => keyObject(this.#env, hash).check(),
    )
  }

  settle(row: GenerationRow, note?: ConversationNote): Promise<void> {
    const env = this.#env
    return this.#isolate.settling.add(row.keyHash, settledRow(row, note), (rows, hash) =>
      keyObject(env, hash).settle(rows),
    )
  }

  generation(hash: string | null, id: string): Promise<GenerationRow | null> {
    return reached(this.#isolate.configuration.keyTimeoutMs, async () =>
      hash === null ? readGeneration(this.#env.DB, id) : keyObject(this.#env, hash).generation(id),
    )
  }
}

/** What the variables and the catalogue say of an endpoint, whether or not it may be called there. */
function configuredAccess(endpoint: EndpointRecord, variables: Variables): Access | null {
  const provider = providerOf(endpoint.provider)
  if (!provider || provider.wire(endpoint) === null) return null
  const credential = provider.credential(variables, endpoint)
  if (credential === null && provider.needsCredential !== false) return null
  const baseUrl = provider.baseUrl(endpoint, variables)
  return baseUrl === null ? null : { baseUrl, credential }
}

function settingsOf(origin: string, configuration: Configuration): Settings {
  const { environment, region, maxBodyBytes, autoRouterTiers, keyChecksumSecret } = configuration
  return {
    environment,
    region: regionOf(origin, { REGION: region, ENVIRONMENT: environment }),
    maxBodyBytes,
    origin,
    ...(autoRouterTiers ? { autoRouterTiers } : {}),
    ...(keyChecksumSecret ? { keyChecksumSecret } : {}),
  }
}

function originOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('://') + 3)
  return path < 0 ? url : url.slice(0, path)
}

function continentOf(request: Request): string {
  const continent = (request.cf as { continent?: unknown } | undefined)?.continent
  return typeof continent === 'string' ? continent : 'local'
}

/** Compares digests, so that neither the length nor the place of the first difference can be timed. */
async function isOperatorKey(key: string, managementKey: string): Promise<boolean> {
  if (managementKey === '') return false
  const [given, wanted] = await Promise.all([digestOf(key), digestOf(managementKey)])
  return crypto.subtle.timingSafeEqual(given, wanted)
}

function digestOf(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
