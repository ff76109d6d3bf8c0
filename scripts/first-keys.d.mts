export interface FirstKeys {
  managementKey: string | null
  apiKey: string | null
  reason: 'first' | 'lost' | 'secret-changed' | 'revoked' | null
}

export function ensureKeys(
  database: D1Database,
  options: { secret: string | undefined; kept: string | null; hasOwn: boolean },
): Promise<FirstKeys>
