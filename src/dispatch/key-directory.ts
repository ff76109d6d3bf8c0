import type { KeyUsage } from '../metering/spend.ts'

export type { KeyUsage }

/** A key as management sees it; money in nano-dollars, times in epoch milliseconds. Never the key itself. */
export interface KeyRecord {
  hash: string
  name: string
  /** Masked form. */
  label: string
  kind: 'inference' | 'management'
  disabled: boolean
  limitNanoUsd: number | null
  limitReset: 'daily' | 'weekly' | 'monthly' | null
  includeByokInLimit: boolean
  /** Null = the default of 40 requests in 10 s; `requests: 0` = unlimited. */
  rateLimit: { requests: number; windowMs: number } | null
  createdAt: number
  updatedAt: number | null
  expiresAt: number | null
  creatorUserId: string | null
  workspaceId: string
  usage: KeyUsage
}

/** The one workspace that there is; clients of the contract want a UUID. */
export const defaultWorkspaceId = '00000000-0000-4000-8000-000000000001'

/** Management of keys: D1 holds the list, the key's object the truth of its state; both are told before this answers. */
export interface KeyDirectory {
  create(input: Omit<KeyRecord, 'createdAt' | 'updatedAt' | 'usage'>): Promise<KeyRecord>
  list(query: { offset: number; limit: number; includeDisabled: boolean }): Promise<KeyRecord[]>
  get(hash: string): Promise<KeyRecord | null>
  update(
    hash: string,
    change: Partial<
      Pick<KeyRecord, 'name' | 'disabled' | 'limitNanoUsd' | 'limitReset' | 'includeByokInLimit' | 'rateLimit'>
    >,
  ): Promise<KeyRecord | null>
  /** Whether there was one. The key is refused on its next request. */
  remove(hash: string): Promise<boolean>
}
