import { createHash, createHmac, randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bearerOf, hashOf, inspectKey, keyRandomBytes, labelOf, mintKey } from '../../src/edge/api-key.ts'

const secret = 'a secret of this deployment'
const mint = (of: string | undefined = secret) => mintKey(of, randomBytes(keyRandomBytes))

beforeEach(() => {
  vi.restoreAllMocks()
})

describe('a minted key', () => {
  it('has the form that clients know, its random bytes and an HMAC of them', async () => {
    const { key, hash, label } = await mintKey(secret, new Uint8Array(keyRandomBytes).fill(0xab))
    const random = 'ab'.repeat(28)
    const checksum = createHmac('sha256', secret).update(random).digest('hex').slice(0, 8)
    expect(key).toBe(`sk-cw-v1-${random}${checksum}`)
    expect(hash).toBe(createHash('sha256').update(key).digest('hex'))
    expect(label).toBe(`sk-cw-v1-aba...${checksum.slice(-3)}`)
  })

  it('needs its full measure of randomness', async () => {
    await expect(mintKey(secret, new Uint8Array(8))).rejects.toThrow(RangeError)
  })

  it('passes inspection and gives its hash', async () => {
    const { key, hash } = await mint()
    expect(await inspectKey(key, secret)).toEqual({ hash })
    expect(await hashOf(key)).toBe(hash)
  })

  it('works with the public secret, which is the one where none or an empty one is configured', async () => {
    const { key, hash } = await mint('')
    expect(await inspectKey(key, '')).toEqual({ hash })
    expect(await inspectKey(key, undefined)).toEqual({ hash })
  })
})

describe('inspection', () => {
  it('refuses a key with any one digit changed', async () => {
    const { key } = await mint()
    for (let at = 9; at < key.length; at++) {
      const digit = key[at] === '0' ? '1' : '0'
      expect(await inspectKey(key.slice(0, at) + digit + key.slice(at + 1), secret)).toBeNull()
    }
  })

  it('refuses a key that was made with another secret, and one of before the secret changed', async () => {
    const foreign = await mint('another')
    expect(await inspectKey(foreign.key, 'another')).toEqual({ hash: foreign.hash })
    expect(await inspectKey(foreign.key, secret)).toBeNull()
    expect(await inspectKey(foreign.key, 'another')).toEqual({ hash: foreign.hash })
  })

  it.each([
    '',
    'sk-cw-v1-',
    `sk-or-v1-${'a'.repeat(64)}`,
    `sk-cw-v1-${'A'.repeat(64)}`,
    `sk-cw-v1-${'a'.repeat(63)}`,
    `sk-cw-v1-${'a'.repeat(65)}`,
    `sk-cw-v1-${'a'.repeat(64)}\n`,
    `sk-cw-v1-${'é'.repeat(64)}`,
    'x'.repeat(100_000),
  ])('refuses what has not the form of a key, without cryptography: %.20s', (key) => {
    const sign = vi.spyOn(crypto.subtle, 'sign')
    expect(inspectKey(key, secret)).toBeNull()
    expect(sign).not.toHaveBeenCalled()
  })

  it('answers for a key it has seen at once, good or bad', async () => {
    const { key, hash } = await mint()
    const forged = `sk-cw-v1-${'0'.repeat(64)}`
    await Promise.all([inspectKey(key, secret), inspectKey(forged, secret)])
    const sign = vi.spyOn(crypto.subtle, 'sign')
    expect(inspectKey(key, secret)).toEqual({ hash })
    expect(inspectKey(forged, secret)).toBeNull()
    expect(sign).not.toHaveBeenCalled()
  })

  it('keeps a good key at hand through a flood of forged ones, and remembers no more than so many of those', async () => {
    const { key, hash } = await mint()
    await inspectKey(key, secret)
    const forged = Array.from({ length: 5_000 }, (_, i) => `sk-cw-v1-${i.toString(16).padStart(64, '0')}`)
    for (const each of forged) expect(await inspectKey(each, secret)).toBeNull()
    expect(inspectKey(key, secret)).toEqual({ hash })
    expect(inspectKey(forged.at(-1) ?? '', secret)).toBeNull()
    expect(inspectKey(forged[0] ?? '', secret)).toBeInstanceOf(Promise)
  })
})

describe('the label', () => {
  it('shows the first and the last three digits', () => {
    expect(labelOf(`sk-cw-v1-abc${'0'.repeat(58)}123`)).toBe('sk-cw-v1-abc...123')
  })
})

describe('the presented key', () => {
  it.each([
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer abc' }, 'abc'],
    [{ authorization: 'BEARER   abc  ' }, 'abc'],
    [{ authorization: '  Bearer\tabc' }, 'abc'],
    [{ 'x-api-key': ' abc ' }, 'abc'],
    [{ authorization: 'Bearer abc', 'x-api-key': 'def' }, 'abc'],
    [{ authorization: 'Bearer', 'x-api-key': 'def' }, 'def'],
    [{ authorization: 'Basic dXNlcg==', 'x-api-key': 'def' }, 'def'],
    [{ authorization: 'Bearer a b' }, 'a b'],
    [{ authorization: 'Basic dXNlcg==' }, null],
    [{ authorization: 'Bearerabc' }, null],
    [{ authorization: 'Bearer ' }, null],
    [{ 'x-api-key': '' }, null],
    [{}, null],
  ])('of %o is %s', (headers, key) => {
    expect(bearerOf(new Headers(headers as Record<string, string>))).toBe(key)
  })
})
