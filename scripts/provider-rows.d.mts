export function isSlug(text: string): boolean
export function modelIdOf(
  upstreamId: string,
  slug: string,
  catalogue: Map<string, string>,
  named: Map<string, string>,
): string
export function perMillion(dollarsPerToken: string): string
export function perToken(dollarsPerMillion: string): string | null
