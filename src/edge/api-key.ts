/** What every key of this gateway begins with; 64 lowercase hexadecimal digits follow. */
export const keyPrefix = 'sk-cw-v1-'

/** A new key. `key` is shown to its owner once and kept nowhere. */
export interface MintedKey {
  key: string
  /** Lowercase hex SHA-256 of the whole key. */
  hash: string
  /** Masked form. */
  label: string
}

/** Random bytes in a key: 224 bits. */
export const keyRandomBytes = 28

const randomDigits = keyRandomBytes * 2
const checksumDigits = 8
const wellFormed = new RegExp(`^${keyPrefix}[0-9a-f]{${randomDigits + checksumDigits}}$`)

// With this public constant the checksum catches what is mistyped or cut short. With a secret of the deployment's own
// (`KEY_CHECKSUM_SECRET`) nobody else can make a key that passes it, so that a flood of invented keys ends at the edge
// and reaches no object. Changing the secret invalidates every key that was made with the one before.
const publicSecret = 'causeway'

/** Of well-formed keys, good ones and bad ones each. The oldest goes first, so a flood costs time but no memory. */
const maxRemembered = 4096

/** What this isolate has found out, for the one secret that it has. */
interface Memory {
  secret: string
  /** Kept as a key and not as a promise: a promise belongs to the request that made it. */
  hmacKey: CryptoKey | undefined
  good: Map<string, { hash: string }>
  bad: Set<string>
}

let current = emptyMemory(publicSecret)

/** Whether a text has the form of a key, whatever its checksum says. */
export function isWellFormed(key: string): boolean {
  return wellFormed.test(key)
}

/** Makes a key of `randomBytes`, of which there must be `keyRandomBytes`. An empty or missing secret is the public one. */
export async function mintKey(secret: string | undefined, randomBytes: Uint8Array): Promise<MintedKey> {
  if (randomBytes.length !== keyRandomBytes) throw new RangeError(`a key needs ${keyRandomBytes} random bytes`)
  const random = hexOf(randomBytes)
  const key = `${keyPrefix}${random}${await checksumOf(random, memoryFor(secret))}`
  return { key, hash: await hashOf(key), label: labelOf(key) }
}

/**
 * The hash of a key that this gateway could have made, or null. Says nothing about whether the key exists. A key that
 * this isolate has seen is answered at once, without a promise and without cryptography.
 */
export function inspectKey(
  key: string,
  secret: string | undefined,
): { hash: string } | null | Promise<{ hash: string } | null> {
  const memory = memoryFor(secret)
  const good = memory.good.get(key)
  if (good !== undefined) return good
  if (!isWellFormed(key) || memory.bad.has(key)) return null
  return inspectAnew(key, memory)
}

/** Lowercase hex SHA-256 of the whole key: its public name, which a user can compute too. */
export async function hashOf(key: string): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))))
}

/** The masked form, `sk-cw-v1-abc...123`. */
export function labelOf(key: string): string {
  return `${key.slice(0, keyPrefix.length + 3)}...${key.slice(-3)}`
}

/**
 * The key that a request carries: `Authorization: Bearer`, the scheme in any case and any spaces around the key, or
 * else `x-api-key`, the only one that older Anthropic clients send. Null when there is none.
 */
export function bearerOf(headers: Headers): string | null {
  const authorization = headers.get('authorization')?.trim()
  if (authorization !== undefined && /^bearer\s/i.test(authorization)) return authorization.slice(7).trim()
  return headers.get('x-api-key')?.trim() || null
}

async function inspectAnew(key: string, memory: Memory): Promise<{ hash: string } | null> {
  const digits = key.slice(keyPrefix.length)
  // A copy, because the key is a slice of its header, which would stay in memory, however long it is, with the slice.
  const copy = new TextDecoder().decode(new TextEncoder().encode(key))
  if ((await checksumOf(digits.slice(0, randomDigits), memory)) !== digits.slice(randomDigits)) {
    forgetOldest(memory.bad)
    memory.bad.add(copy)
    return null
  }
  const good = { hash: await hashOf(key) }
  forgetOldest(memory.good)
  memory.good.set(copy, good)
  return good
}

async function checksumOf(random: string, memory: Memory): Promise<string> {
  memory.hmacKey ??= await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(memory.secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const signature = await crypto.subtle.sign('HMAC', memory.hmacKey, new TextEncoder().encode(random))
  return hexOf(new Uint8Array(signature, 0, checksumDigits / 2))
}

function memoryFor(secret: string | undefined): Memory {
  const given = secret || publicSecret
  if (current.secret !== given) current = emptyMemory(given)
  return current
}

function emptyMemory(secret: string): Memory {
  return { secret, hmacKey: undefined, good: new Map(), bad: new Set() }
}

function forgetOldest(remembered: Map<string, unknown> | Set<string>): void {
  if (remembered.size < maxRemembered) return
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest)
    return
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
