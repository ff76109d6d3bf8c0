import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { amazonBedrock } from '../../src/providers/amazon-bedrock.ts'
import type { Credential, EncodedRequest } from '../../src/providers/wire.ts'
import { endpointRecord } from '../support/catalog-records.ts'

const context = { now: Date.parse('2026-11-21T10:20:30.999Z'), fetch: async () => new Response() }
const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLEEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret/secret+secret' }

function request(url: string): EncodedRequest {
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'causeway' }
  return {
    method: 'POST',
    url,
    headers,
    body: '{"messages":[{"role":"user","content":[{"text":"Grüße"}]}]}',
    translation: [],
  }
}

/** What Amazon computes from what arrived, after its own description of Signature Version 4. */
function signatureOf(
  { url, body, headers }: EncodedRequest,
  { date, region, service, secret, signed }: Record<'date' | 'region' | 'service' | 'secret' | 'signed', string>,
): string {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const sha = (text: string) => createHash('sha256').update(text).digest('hex')
  const { host, pathname } = new URL(url)
  // Everybody but S3 encodes the path that was sent once more.
  const path = pathname.split('/').map(encodeURIComponent).join('/')
  const lines = signed.split(';').map((name) => `${name}:${name === 'host' ? host : headers[name]}\n`)
  const canonical = ['POST', path, '', lines.join(''), signed, sha(body)].join('\n')
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha(canonical)].join('\n')
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date.slice(0, 8)), region), service), 'aws4_request')
  return hmac(key, text).toString('hex')
}

async function authorized(url: string, credential: Credential | null): Promise<EncodedRequest> {
  return amazonBedrock.authorize(request(url), credential, context)
}

function urlOf(endpoint: Partial<EndpointRecord>, variables: Record<string, string> = {}): string | null {
  return amazonBedrock.baseUrl(endpointRecord(endpoint), variables)
}

const runtime = (region: string) => `https://bedrock-runtime.${region}.amazonaws.com`

describe('the credential', () => {
  it('is a Bedrock key under either name, or an access key, or nothing', () => {
    expect(amazonBedrock.credential({})).toBeNull()
    expect(amazonBedrock.credential({ AWS_ACCESS_KEY_ID: 'AKID' })).toBeNull()
    expect(amazonBedrock.credential({ AMAZON_BEDROCK_API_KEY: ' k ', ...keys })).toEqual({ apiKey: 'k' })
    expect(amazonBedrock.credential({ AWS_BEARER_TOKEN_BEDROCK: 'b', AWS_REGION: 'eu-west-1' })).toEqual({
      apiKey: 'b',
    })
    expect(amazonBedrock.credential({ ...keys, AWS_SESSION_TOKEN: 't', AWS_REGION: 'eu-west-1' })).toEqual({
      apiKey: keys.AWS_SECRET_ACCESS_KEY,
      extra: { ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID, SESSION_TOKEN: 't', REGION: 'eu-west-1' },
    })
  })

  it('brings the operator’s guardrail along', () => {
    const guard = { AMAZON_BEDROCK_GUARDRAIL_ID: 'g1', AMAZON_BEDROCK_GUARDRAIL_VERSION: '3' }
    expect(amazonBedrock.credential({ AMAZON_BEDROCK_API_KEY: 'k', ...guard })?.extra).toEqual({
      GUARDRAIL_ID: 'g1',
      GUARDRAIL_VERSION: '3',
    })
  })
})

describe('a request', () => {
  it('carries a Bedrock key as it is', async () => {
    const { headers } = await authorized(`${runtime('eu-west-1')}/model/m/converse`, { apiKey: 'ABSKxyz' })
    expect(headers.authorization).toBe('Bearer ABSKxyz')
    expect(headers['x-amz-date']).toBeUndefined()
    expect((await authorized(`${runtime('eu-west-1')}/model/m/converse`, null)).headers.authorization).toBeUndefined()
  })

  it.each<[string, string, string, Record<string, string>]>([
    ['a version', `${runtime('eu-central-1')}/model/eu.amazon.nova-lite-v1%3A0/converse`, 'eu-central-1', {}],
    ['a stream', `${runtime('us-west-2')}/model/m/converse-stream`, 'us-west-2', { AWS_REGION: 'eu-west-1' }],
    [
      'an ARN',
      `${runtime('eu-north-1')}/model/${encodeURIComponent('arn:aws:bedrock:eu-north-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0')}/converse`,
      'eu-north-1',
      { AWS_SESSION_TOKEN: 'IQoJ/token+with==' },
    ],
    [
      'a path prefix',
      'http://127.0.0.1:9999/proxy/aws%20x/model/m%3A0/converse',
      'ap-south-1',
      { AWS_REGION: 'ap-south-1' },
    ],
    [
      'a private endpoint',
      'https://vpce-1.bedrock-runtime.eu-west-3.vpce.amazonaws.com/model/m/converse',
      'eu-west-3',
      {},
    ],
    ['a host that says nothing', 'https://bedrock.example/model/m/converse', 'us-east-1', {}],
    ['the other endpoint', 'https://bedrock-mantle.us-east-2.api.aws/v1/chat/completions', 'us-east-2', {}],
  ])('is signed over what is sent: %s', async (_, url, region, variables) => {
    const credential = amazonBedrock.credential({ ...keys, ...variables })
    const signed = await authorized(url, credential)
    expect({ url: signed.url, body: signed.body }).toEqual({ url, body: request(url).body })
    const { authorization = '' } = signed.headers
    const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
    const [, scope, names = '', signature] = match ?? []
    const service = url.includes('mantle') ? 'bedrock-mantle' : 'bedrock'
    expect(scope).toBe(`${keys.AWS_ACCESS_KEY_ID}/20261121/${region}/${service}/aws4_request`)
    expect(signed.headers['x-amz-date']).toBe('20261121T102030Z')
    expect(signed.headers['x-amz-security-token']).toBe(variables.AWS_SESSION_TOKEN)
    expect(names.split(';')).toEqual(
      ['content-type', 'host', 'x-amz-date', ...(variables.AWS_SESSION_TOKEN ? ['x-amz-security-token'] : [])].sort(),
    )
    const secret = keys.AWS_SECRET_ACCESS_KEY
    expect(signature).toBe(signatureOf(signed, { date: '20261121T102030Z', region, service, secret, signed: names }))
    // The rest of the headers is still there, and the secret is nowhere.
    expect(signed.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'causeway' })
    expect(JSON.stringify(signed)).not.toContain(secret)
  })

  it('is signed for the day that it is', async () => {
    const credential = amazonBedrock.credential(keys)
    const url = `${runtime('us-east-1')}/model/m/converse`
    const tomorrow = { ...context, now: context.now + 86_400_000 }
    const [one, other] = await Promise.all([
      amazonBedrock.authorize(request(url), credential, context),
      amazonBedrock.authorize(request(url), credential, tomorrow),
    ])
    expect(one.headers.authorization).toContain('/20261121/')
    expect(other.headers.authorization).toContain('/20261122/')
  })
})

describe('the address', () => {
  it.each<[string, Partial<EndpointRecord>, Record<string, string>, string | null]>([
    ['bare, at home', { upstreamId: 'a.b' }, { AWS_REGION: 'ap-south-1' }, runtime('ap-south-1')],
    ['bare, homeless', { upstreamId: 'a.b' }, {}, runtime('us-east-1')],
    [
      'bare, own name',
      { upstreamId: 'a.b' },
      { AMAZON_BEDROCK_REGION: 'sa-east-1', AWS_REGION: 'us-west-2' },
      runtime('sa-east-1'),
    ],
    [
      'a region of its own',
      { upstreamId: 'a.b', region: 'eu-west-1' },
      { AWS_REGION: 'us-east-1' },
      runtime('eu-west-1'),
    ],
    ['us, at home', { upstreamId: 'us.a.b', region: 'us' }, { AWS_REGION: 'us-west-2' }, runtime('us-west-2')],
    ['us, from Europe', { upstreamId: 'us.a.b', region: 'us' }, { AWS_REGION: 'eu-west-1' }, runtime('us-east-1')],
    ['global', { upstreamId: 'global.a.b', region: 'global' }, { AWS_REGION: 'eu-west-1' }, runtime('eu-west-1')],
    ['japan', { upstreamId: 'jp.a.b', region: 'jp' }, { AWS_REGION: 'ap-southeast-2' }, runtime('ap-northeast-1')],
    ['australia', { upstreamId: 'au.a.b', region: 'au' }, { AWS_REGION: 'ap-southeast-2' }, runtime('ap-southeast-2')],
    ['asia', { upstreamId: 'apac.a.b', region: 'apac' }, { AWS_REGION: 'ap-south-1' }, runtime('ap-south-1')],
    ['canada', { upstreamId: 'ca.a.b', region: 'ca' }, {}, runtime('ca-central-1')],
    ['government, from outside', { upstreamId: 'us-gov.a.b', region: 'us-gov' }, { AWS_REGION: 'us-east-1' }, null],
    [
      'government',
      { upstreamId: 'us-gov.a.b', region: 'us-gov' },
      { AWS_REGION: 'us-gov-west-1' },
      runtime('us-gov-west-1'),
    ],
    ['an ARN', { upstreamId: 'arn:aws:bedrock:eu-west-3:1:application-inference-profile/x' }, {}, runtime('eu-west-3')],
    ['a region that nobody knows', { upstreamId: 'a.b', region: 'moon' }, {}, null],
    ['a home that is no region', { upstreamId: 'a.b' }, { AWS_REGION: 'evil.example/' }, runtime('us-east-1')],
  ])('%s', (_, endpoint, variables, url) => {
    expect(urlOf(endpoint, variables)).toBe(url)
  })

  it.each<[string, Partial<EndpointRecord>, Record<string, string>, string | null]>([
    ['at home in the EU', { upstreamId: 'eu.a.b', region: 'eu' }, { AWS_REGION: 'eu-north-1' }, runtime('eu-north-1')],
    ['from the US', { upstreamId: 'eu.a.b', region: 'eu' }, { AWS_REGION: 'us-east-1' }, runtime('eu-central-1')],
    ['from nowhere', { upstreamId: 'eu.a.b', region: 'eu' }, {}, runtime('eu-central-1')],
    ['from London', { upstreamId: 'eu.a.b', region: 'eu' }, { AWS_REGION: 'eu-west-2' }, runtime('eu-central-1')],
    [
      'as the operator says',
      { upstreamId: 'eu.a.b', region: 'eu' },
      { AWS_REGION: 'us-east-1', AMAZON_BEDROCK_EU_REGION: 'eu-west-3' },
      runtime('eu-west-3'),
    ],
    [
      'not as the operator says',
      { upstreamId: 'eu.a.b', region: 'eu' },
      { AMAZON_BEDROCK_EU_REGION: 'us-east-1' },
      runtime('eu-central-1'),
    ],
    ['bare id, region left out', { upstreamId: 'a.b' }, { AWS_REGION: 'us-east-1' }, runtime('eu-central-1')],
    [
      'a region of the EU',
      { upstreamId: 'a.b', region: 'eu-south-2' },
      { AWS_REGION: 'us-east-1' },
      runtime('eu-south-2'),
    ],
    ['London', { upstreamId: 'a.b', region: 'eu-west-2' }, {}, null],
    ['Zurich', { upstreamId: 'a.b', region: 'eu-central-2' }, {}, null],
    ['a profile that leaves', { upstreamId: 'global.a.b', region: 'eu-central-1' }, {}, null],
    ['a profile of the US', { upstreamId: 'us.a.b', region: 'eu' }, { AWS_REGION: 'us-east-1' }, null],
    ['an ARN elsewhere', { upstreamId: 'arn:aws:bedrock:us-east-1:1:inference-profile/eu.a.b' }, {}, null],
  ])('of an endpoint tied to the EU: %s', (_, endpoint, variables, url) => {
    expect(urlOf({ eu: 'yes', ...endpoint }, variables)).toBe(url)
  })

  it('is never outside of the EU for what the catalogue ties to it', () => {
    const rows = readFileSync(join(import.meta.dirname, '../../seed/endpoints.jsonl'), 'utf8')
      .trim()
      .split('\n')
    let tied = 0
    for (const row of rows) {
      const {
        provider,
        upstream_id: upstreamId = '',
        region = null,
        eu = null,
      } = JSON.parse(row) as Record<string, never>
      if (provider !== 'amazon-bedrock' || eu !== 'yes') continue
      tied++
      for (const AWS_REGION of ['us-east-1', 'eu-west-1', 'eu-west-2', 'ap-south-1', '']) {
        const url = urlOf({ upstreamId, region, eu }, { AWS_REGION })
        const found = /bedrock-[a-z]+\.([a-z0-9-]+)\./.exec(url ?? '')?.[1]
        if (url !== null) expect(found, upstreamId).toMatch(/^eu-(central-1|north-1|south-[12]|west-[13])$/)
      }
    }
    expect(tied).toBeGreaterThan(30)
  })

  it('is what the operator says, whatever the endpoint', () => {
    const variables = { AMAZON_BEDROCK_BASE_URL: 'http://127.0.0.1:9/aws/ ', AWS_REGION: 'us-east-1' }
    for (const upstreamId of ['eu.a.b', 'a.b', 'xai.grok-4.3'])
      expect(urlOf({ upstreamId, eu: 'yes' }, variables)).toBe('http://127.0.0.1:9/aws')
    const mantle = { ...variables, AMAZON_BEDROCK_MANTLE_BASE_URL: 'http://127.0.0.1:8/v1/' }
    expect(urlOf({ upstreamId: 'xai.grok-4.3' }, mantle)).toBe('http://127.0.0.1:8/v1')
    expect(urlOf({ upstreamId: 'a.b' }, mantle)).toBe('http://127.0.0.1:9/aws')
  })

  it('is none where what the operator says would take the EU’s endpoints out of it', () => {
    const at = (host: string) => ({ AMAZON_BEDROCK_BASE_URL: `https://${host}`, AWS_REGION: 'eu-west-1' })
    for (const host of [
      'bedrock-runtime.us-east-1.amazonaws.com',
      'vpce-1.bedrock-runtime.eu-west-2.vpce.amazonaws.com',
    ]) {
      expect(urlOf({ upstreamId: 'minimax.minimax-m2.5', eu: 'yes' }, at(host))).toBeNull()
      expect(urlOf({ upstreamId: 'minimax.minimax-m2.5', eu: null }, at(host))).toBe(`https://${host}`)
    }
    const mantle = { AMAZON_BEDROCK_MANTLE_BASE_URL: 'https://bedrock-mantle.us-west-2.api.aws/v1' }
    expect(urlOf({ upstreamId: 'xai.grok-4.3', eu: 'yes' }, mantle)).toBeNull()
    for (const host of ['bedrock-runtime.eu-west-3.amazonaws.com', 'bedrock.example.com'])
      expect(urlOf({ upstreamId: 'a.b', eu: 'yes' }, at(host))).toBe(`https://${host}`)
  })

  it('is none where an answer would go around the operator’s guardrail', () => {
    const guarded = { AMAZON_BEDROCK_GUARDRAIL_ID: 'g1' }
    expect(urlOf({ upstreamId: 'xai.grok-4.3' }, guarded)).toBeNull()
    expect(urlOf({ upstreamId: 'a.b' }, guarded)).toBe(runtime('us-east-1'))
  })
})

describe('the wire', () => {
  it.each([
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'bedrock-converse', runtime('eu-central-1')],
    ['us.openai.gpt-6-luna', 'bedrock-converse', runtime('us-east-1')],
    ['openai.gpt-oss-120b', 'bedrock-converse', runtime('us-east-1')],
    ['google.gemma-4-31b', 'openai-chat', 'https://bedrock-mantle.us-east-1.api.aws/v1'],
    ['xai.grok-4.3', 'openai-chat', 'https://bedrock-mantle.us-east-1.api.aws/v1'],
    ['openai.gpt-5.5', 'openai-responses', 'https://bedrock-mantle.us-east-1.api.aws/openai/v1'],
  ])('of %s is %s', (upstreamId, name, url) => {
    expect(amazonBedrock.wire(endpointRecord({ upstreamId }))?.name).toBe(name)
    expect(urlOf({ upstreamId })).toBe(url)
  })

  it('is none for what answers in no words', () => {
    for (const outputModalities of [['embeddings'], ['image'], ['rerank']] as const)
      expect(amazonBedrock.wire(endpointRecord({ outputModalities: [...outputModalities] }))).toBeNull()
  })
})
