import type { Credential } from './wire.ts'

/** A setting shorter than this is a region or an account name, not a secret. */
const minSecretLength = 16

/** Every text of a credential that an upstream must not be quoted with. */
export function secretsOf(credential: Credential | null): string[] {
  if (!credential) return []
  const settings = Object.values(credential.extra ?? {}).filter((value) => value.length >= minSecretLength)
  return [credential.apiKey, ...settings]
}
