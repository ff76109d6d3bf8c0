const maxBytes = 8 * 1024
/** Shorter than this, stripping every occurrence would mangle ordinary words. */
const minSecretLength = 6
const mark = '[redacted]'

/** What keys look like, whoever they belong to. Each is anchored by its prefix, so ordinary text stays as it is. */
const keyPatterns: readonly RegExp[] = [
  // OpenAI, Anthropic, DeepSeek, OpenRouter and our own (sk-cw-…).
  /\bsk[-_][A-Za-z0-9][A-Za-z0-9_*-]{7,}/g,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g,
  // Bedrock API keys.
  /\bABSK[A-Za-z0-9+/=_-]{16,}/g,
  /\bAIza[A-Za-z0-9_-]{20,}/g,
  /\bya29\.[A-Za-z0-9._-]{10,}/g,
  /\b(?:hf|gsk|nvapi|fw|csk|pplx|tgp_v1|r8|dapi|ghp|gho|ghs|github_pat|glpat|xai|eur|jina|pa)[-_][A-Za-z0-9_.-]{16,}/g,
  // A JSON Web Token: three base64url pieces, of which the first two are objects.
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  // No key, but an account of the operator's and who acts in it: AWS tells both to whoever is refused.
  /\barn(?::|%3A)aws[^\s"'\\<>()[\]{}]*/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
]

/** A scheme or a name that says what follows is secret: the name stays, the value goes. */
const namedPatterns: readonly RegExp[] = [
  /\b(Bearer|Api-Key)(\s+)(?=[^\s"']*[\d=_])[A-Za-z0-9._~+/=-]{8,}/gi,
  /\b(api[-_ ]?key|apikey|access[-_]?token|auth[-_]?token|client[-_]?secret|secret[-_]?key|password)(\\?["']?\s*[=:]\s*\\?["']?)(?!\[redacted\])[^\s"'\\,;&})\]<>]{6,}/gi,
]

/**
 * The upstream's words made fit to be shown: the credentials in use (as they are, percent- and base64-encoded) and
 * everything that looks like a key are replaced, and at most 8 kB are kept, cut between code points.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length < minSecretLength) continue
    for (const form of formsOf(secret)) clean = clean.replaceAll(form, mark)
  }
  // Patterns over a body of megabytes would cost more than the request, and most of it is cut anyway.
  clean = clean.slice(0, maxBytes * 2)
  for (const pattern of keyPatterns) clean = clean.replace(pattern, mark)
  for (const pattern of namedPatterns) clean = clean.replace(pattern, `$1$2${mark}`)
  return truncate(clean)
}

/** Longest first, so that no form leaves the tail of another. */
function formsOf(secret: string): string[] {
  const forms = new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
  const bytes = new TextEncoder().encode(secret)
  // Inside a longer base64 text (`user:secret`) the secret starts at any of three offsets; the characters that also
  // hold neighbouring bits are left out.
  for (let offset = 0; offset < 3; offset++) {
    const padded = new Uint8Array(offset + bytes.length)
    padded.set(bytes, offset)
    const encoded = btoa(String.fromCharCode(...padded))
    const from = Math.ceil((offset * 4) / 3)
    const to = Math.floor(((offset + bytes.length) * 8) / 6)
    const body = encoded.slice(from, to)
    if (body.length < minSecretLength) continue
    forms.add(body)
    forms.add(body.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return [...forms].sort((a, b) => b.length - a.length)
}

/** The longest beginning that fits `maxBytes` of UTF-8 without cutting a code point. */
function truncate(text: string): string {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= maxBytes) return text
  const room = new Uint8Array(maxBytes)
  const { read } = new TextEncoder().encodeInto(text, room)
  return read === text.length ? text : text.slice(0, read)
}
