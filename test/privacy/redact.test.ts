import { describe, expect, it } from 'vitest'
import { redact } from '../../src/privacy/redact.ts'
import { seeded } from '../providers/recordings.ts'

describe('redact', () => {
  it.each([
    'sk-proj-abcDEF123456_7890',
    'sk-ant-api03-AbCdEfGhIjKl-MnOpQr',
    'sk-or-v1-0123456789abcdef0123456789abcdef',
    'sk-cw-v1-0123456789abcdef',
    'AKIAIOSFODNN7EXAMPLE',
    'ASIAIOSFODNN7EXAMPLE',
    'AIzaSyA1234567890abcdefghijklmnopqrstuv',
    'ya29.a0AfH6SMBx-abcdefghijk',
    'hf_abcdefghijklmnopqrstuv',
    'gsk_abcdefghijklmnopqrstuv',
    'xai-abcdefghijklmnopqrstuv',
    'nvapi-abcdefghijklmnopqrstuv',
    'r8_abcdefghijklmnopqrstuvwx',
    'ghp_abcdefghijklmnopqrstuvwx',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----',
  ])('strips %s wherever it stands', (key) => {
    for (const text of [key, `{"message":"wrong key ${key}."}`, `a\n${key}\nb`, `key=${key}&x=1`]) {
      const clean = redact(text, [])
      expect(clean).not.toContain(key)
      expect(clean).toContain('[redacted]')
    }
  })

  it.each([
    ['Authorization: Bearer abc.def-123456', 'abc.def-123456'],
    ['authorization: bearer QUJDREVGRzEyMw==', 'QUJDREVGRzEyMw=='],
    ['api_key=plainsecretvalue', 'plainsecretvalue'],
    ['{"api-key": "plainsecretvalue"}', 'plainsecretvalue'],
    ['{\\"apiKey\\":\\"plainsecretvalue\\"}', 'plainsecretvalue'],
    ['https://x.example/?access_token=plainsecretvalue&y=2', 'plainsecretvalue'],
    ['client_secret: plainsecretvalue', 'plainsecretvalue'],
  ])('strips what is named secret: %s', (text, secret) => {
    expect(redact(text, [])).not.toContain(secret)
  })

  it.each([
    'arn:aws:iam::123456789012:user/prod-gateway',
    'arn:aws-us-gov:sts::123456789012:assumed-role/prod-gateway/i-0123456789abcdef0',
    'arn:aws-cn:iam::123456789012:user/teams/prod+gateway@acme.example',
    'arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fprod-gateway',
  ])('strips whose account it was: %s', (arn) => {
    const rest = 'is not authorized to perform: bedrock:InvokeModel'
    expect(redact(`User: ${arn} ${rest}`, [])).toBe(`User: [redacted] ${rest}`)
    expect(redact(`{"message":"(${arn})"}`, [])).toBe('{"message":"([redacted])"}')
    expect(redact(`{\\"user\\":\\"${arn}\\"}`, [])).toBe('{\\"user\\":\\"[redacted]\\"}')
  })

  it('leaves ordinary words as they are', () => {
    const text =
      'Your API key is invalid. The bearer of bad news asked: is the task-based risk-assessment ok? ' +
      'Use `max_tokens` at most 4096; see https://platform.openai.com/account/api-keys. Schlüssel 🔑'
    expect(redact(text, [])).toBe(text)
  })

  it('strips the credential in use in every form it may be quoted in', () => {
    const random = seeded(42)
    const alphabet = 'abcXYZ019+/=?&%"\\:üñ-_. '
    for (let round = 0; round < 300; round++) {
      let secret = ''
      for (let i = 0; i < 12 + Math.floor(random() * 40); i++)
        secret += alphabet[Math.floor(random() * alphabet.length)]
      const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(`user${'x'.repeat(round % 3)}:${secret}`)))
      const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
      for (const form of forms) expect(redact(`before ${form} after`, [secret])).toBe('before [redacted] after')
      const clean = redact(`Basic ${base64} after`, [secret])
      expect(clean).toContain('[redacted]')
      // What may remain around it are the bits that the secret shares with its neighbours.
      const rest = clean.replace('Basic ', '').replace(' after', '').replace('[redacted]', '')
      expect(base64.length - rest.length).toBeGreaterThan(secret.length)
    }
  })

  it('does not take a short setting for a secret', () => {
    expect(redact('the error is here', ['e', '', 'err'])).toBe('the error is here')
  })

  it('keeps at most 8 kB and never half a character', () => {
    for (const text of ['x'.repeat(20_000), 'ü'.repeat(9_000), '🔑'.repeat(9_000), `a${'🔑'.repeat(9_000)}`]) {
      const clean = redact(text, [])
      const bytes = new TextEncoder().encode(clean)
      expect(bytes.length).toBeLessThanOrEqual(8_192)
      expect(bytes.length).toBeGreaterThan(8_188)
      expect(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)).toBe(clean)
      expect(text.startsWith(clean)).toBe(true)
    }
    const short = 'ü'.repeat(3_000)
    expect(redact(short, [])).toBe(short)
  })

  it('strips a secret that lies across the cut', () => {
    const secret = 'a-very-secret-value-that-is-long'
    expect(redact('x'.repeat(8_180) + secret, [secret])).not.toContain('a-very')
  })
})
