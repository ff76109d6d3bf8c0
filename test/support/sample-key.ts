import { defaultWorkspaceId, type KeyRecord } from '../../src/dispatch/key-directory.ts'
import { noSpend } from '../../src/metering/spend.ts'

/** A key as it is stored, with everything at its default. */
export function sampleKey(differences: Partial<KeyRecord> = {}): KeyRecord {
  const createdAt = Date.UTC(2026, 10, 1)
  return {
    hash: 'a'.repeat(64),
    name: 'sample',
    label: 'sk-cw-v1-abc...123',
    kind: 'inference',
    disabled: false,
    limitNanoUsd: null,
    limitReset: null,
    includeByokInLimit: false,
    rateLimit: null,
    createdAt,
    updatedAt: null,
    expiresAt: null,
    creatorUserId: null,
    workspaceId: defaultWorkspaceId,
    usage: noSpend(createdAt).usage,
    ...differences,
  }
}
