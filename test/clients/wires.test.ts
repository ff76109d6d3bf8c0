import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WireName } from '../../src/providers/wire.ts'
import { allRecordings, bodyOf, haveRecordings, type Recording } from '../providers/recordings.ts'
import type { MockUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import type { RecordedAnswer, RecordedChoice } from '../support/recorded/answer.ts'
import { publicReason, recordedAnswer } from '../support/recorded/replay.ts'
import { leftOut, speakerOf, wireFor } from '../support/recorded/scope.ts'
import { promptFor, startReplayUpstream } from '../support/replay-upstream.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'
import { aiSdk } from './sdks/ai-sdk.ts'
import { langchainOpenAi, langchainOpenRouter } from './sdks/langchain.ts'
import { llamaIndex } from './sdks/llamaindex.ts'
import { openai } from './sdks/openai.ts'
import { openRouterSdk } from './sdks/openrouter-sdk.ts'
import { type Ask, type Got, parsedArguments } from './sdks/sdk.ts'

// Every SDK, through every wire, with answers that were recorded on that wire: an application cannot tell which it is.

const sdks = [openai, openRouterSdk, aiSdk, langchainOpenAi, langchainOpenRouter, llamaIndex]

const wires: WireName[] = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'cohere-chat',
  'ollama-chat',
]

const image = `data:image/png;base64,${'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='}`
const schema = {
  type: 'object',
  properties: { canary_property: { type: 'string' } },
  required: ['canary_property'],
  additionalProperties: false,
}

interface Feature {
  name: string
  /** Whether an answer is an example of it. */
  shows(choice: RecordedChoice, recording: Recording): boolean
  ask(choice: RecordedChoice): Partial<Ask>
  /** What the upstream was told, whatever its words for it are. */
  told(choice: RecordedChoice): string[]
}

/** Tools that take text, which nobody asks for here, are left out. */
const callsFunctions = ({ calls }: RecordedChoice) => calls.every((call) => isJson(call.arguments || '{}'))
const toolsOf = ({ calls }: RecordedChoice) => [...new Set(calls.map(({ name }) => name))]
const asked = (names: string[]): Partial<Ask> => ({
  tools: names.map((name) => ({ name, description: 'canary description', parameters: schema })),
})
const isJson = (text: string) => /^\s*\{[\s\S]*\}\s*$/.test(text)
const plain = ({ text, calls, reasoning }: RecordedChoice) => text !== '' && calls.length === 0 && reasoning === ''

const features: Feature[] = [
  { name: 'text', shows: plain, ask: () => ({}), told: () => [] },
  {
    name: 'a tool call',
    shows: (choice) => choice.calls.length === 1 && callsFunctions(choice),
    ask: (choice) => asked(toolsOf(choice)),
    told: (choice) => [...toolsOf(choice), 'canary description', 'canary_property'],
  },
  {
    name: 'parallel tool calls',
    shows: (choice) => choice.calls.length > 1 && callsFunctions(choice),
    ask: (choice) => asked(toolsOf(choice)),
    told: toolsOf,
  },
  {
    name: 'reasoning',
    shows: ({ text, reasoning, calls }) => text !== '' && reasoning !== '' && calls.length === 0,
    ask: () => ({ reasoning: true }),
    told: () => [],
  },
  {
    name: 'JSON of a schema',
    shows: (choice, { tags }) => tags.includes('req:json-schema') && plain(choice) && isJson(choice.text),
    ask: () => ({ schema }),
    told: () => ['canary_property'],
  },
  { name: 'an image', shows: plain, ask: () => ({ image }), told: () => [image.slice(image.indexOf(',') + 1)] },
]

interface Example {
  feature: Feature
  kind: 'whole' | 'streamed'
  recording: Recording
  answer: RecordedAnswer
}

const recordings = allRecordings().filter((one) => leftOut(one) === null && one.response_status === 200)
const answers = recordings
  .map((recording) => ({ recording, answer: recordedAnswer(recording), wire: wireFor(recording)?.wire.name }))
  .filter(({ answer }) => !answer.failed && answer.choices.length === 1 && (answer.usage?.promptTokens ?? 0) > 0)
  .sort((a, b) => bodyOf(a.recording).length - bodyOf(b.recording).length)

/** The smallest recording of a wire that shows a feature. */
function examplesOf(wire: WireName): Example[] {
  return features.flatMap((feature) =>
    (['whole', 'streamed'] as const).flatMap((kind): Example[] => {
      const found = answers.find(({ recording, answer, wire: own }) => {
        const [choice] = answer.choices
        const isStream = recording.body_kind !== 'json'
        return own === wire && isStream === (kind === 'streamed') && choice && feature.shows(choice, recording)
      })
      return found ? [{ feature, kind, recording: found.recording, answer: found.answer }] : []
    }),
  )
}

let upstream: MockUpstream
let worker: RunningWorker
let apiKey: string

describe.skipIf(!haveRecordings)('real clients', () => {
  beforeAll(async () => {
    upstream = await startReplayUpstream()
    worker = await startWorker({
      vars: reachedAt(
        upstream.url,
        wires.map((wire) => speakerOf[wire].slug),
      ),
    })
    await addEndpoints(
      worker.database,
      wires.map((wire) => ({
        ...speakerOf[wire],
        provider: speakerOf[wire].slug,
        model: `wire/${wire}`,
        inputModalities: ['text', 'image'],
        reasoning: true,
        parameters: [
          'temperature',
          'tools',
          'tool_choice',
          'max_tokens',
          'structured_outputs',
          'response_format',
          'reasoning',
        ],
      })),
    )
    apiKey = (await worker.createKey({ rate_limit: { requests: 0 } })).key
  })
  afterAll(async () => {
    await worker?.stop()
    await upstream?.stop()
  })

  describe.each(sdks)('$name', (sdk) => {
    it.concurrent.each(wires)('gets what was recorded on %s', async (wire) => {
      const client = sdk.connect(`${worker.url}/api/v1`, apiKey)
      const examples = examplesOf(wire)
      expect(examples.length).toBeGreaterThan(0)
      for (const { feature, kind, recording, answer } of examples) {
        const what = `${feature.name}, ${kind}, ${recording.id}`
        const [want] = answer.choices
        if (!want) throw new Error(`${recording.id} says nothing.`)
        const prompt = promptFor(recording)
        const got = await client[kind]({ model: `wire/${wire}`, prompt, ...feature.ask(want) }).catch((error) => {
          throw new Error(`${what}: ${error}`, { cause: error })
        })
        compare(got, want, answer, what)
        const sent = upstream.requests.filter(({ body }) => body.includes(prompt)).at(-1)
        for (const word of feature.told(want)) expect(sent?.body, what).toContain(word)
      }
    })
  })

  it('through every feature of enough wires', () => {
    const shown = (feature: Feature) => wires.filter((wire) => examplesOf(wire).some((one) => one.feature === feature))
    for (const feature of features) expect(shown(feature).length, feature.name).toBeGreaterThanOrEqual(6)
  })
})

/** White space between the pieces of a summary is nobody's word. */
const compact = (text: string) => text.replace(/\s+/g, '')

function compare(got: Got, want: RecordedChoice, { usage }: RecordedAnswer, what: string): void {
  expect(got.text, what).toBe(want.text)
  if (got.reasoning !== null) expect(compact(got.reasoning), what).toBe(compact(want.reasoning))
  expect(got.calls, what).toEqual(
    want.calls.map(({ name, arguments: text }) => ({ name, arguments: parsedArguments(text) })),
  )
  if (got.finishReason !== null) expect(got.finishReason, what).toBe(publicReason(want))
  expect([got.promptTokens, got.completionTokens], what).toEqual([usage?.promptTokens, usage?.completionTokens])
}
