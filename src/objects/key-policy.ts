import type { KeyPolicy } from '../dispatch/keys.ts'
import { defaultRateLimit } from '../routing/window.ts'
import type { KeyState } from './key-storage.ts'

/** What isolates are told of a key with each admission. */
export function policyOf(key: KeyState): KeyPolicy {
  const limit = key.rateLimit ?? defaultRateLimit
  return {
    hash: key.hash,
    label: key.label,
    kind: key.kind,
    rateLimit: limit.requests === 0 ? null : limit,
    ...(key.limitNanoUsd === null ? {} : { spendLimited: true }),
    ...(key.expiresAt === null ? {} : { expiresAt: key.expiresAt }),
  }
}
