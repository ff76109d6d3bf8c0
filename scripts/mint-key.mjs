import { randomBytes } from 'node:crypto'
import { defaultWorkspaceId } from '../src/dispatch/key-directory.ts'
import { keyRandomBytes, mintKey } from '../src/edge/api-key.ts'
import { insertKeyStatement } from '../src/store/keys.ts'

/**
 * Makes a key without a gateway: its plaintext, which nothing keeps, and the statement that stores it in D1. `secret`
 * is the deployment's KEY_CHECKSUM_SECRET, if it has one.
 */
export async function mintKeyRow({ kind, name, secret, now = Date.now() }) {
  const { key, hash, label } = await mintKey(secret, randomBytes(keyRandomBytes))
  const statement = insertKeyStatement({
    hash,
    name,
    label,
    kind,
    disabled: false,
    limitNanoUsd: null,
    limitReset: null,
    includeByokInLimit: false,
    rateLimit: null,
    createdAt: now,
    expiresAt: null,
    creatorUserId: null,
    workspaceId: defaultWorkspaceId,
  })
  return { key, hash, label, ...statement }
}
