/** What can go wrong on request, under the upstream ids of the fault models. */
export const faults = [
  'error-500',
  'error-503',
  'rate-limited',
  'hang',
  'slow-first-byte',
  'stall',
  'cut',
  'error-event',
  'error-midway',
  'malformed',
  'bad-html',
] as const

export type Fault = (typeof faults)[number]

export interface Behaviour {
  /** Milliseconds between two tokens of a stream. */
  tokenPaceMs: number
  /** Tokens of filler that the answer is drawn out to. */
  fillerTokens: number
  /** Thinks aloud before it answers. */
  reasons: boolean
  /** Calls a tool wherever it may, not only where it must. */
  prefersTools: boolean
  /** Answers a JSON object even where none was asked for. */
  prefersJson: boolean
  fault: Fault | null
}

const plain: Behaviour = {
  tokenPaceMs: 20,
  fillerTokens: 0,
  reasons: false,
  prefersTools: false,
  prefersJson: false,
  fault: null,
}

const answering: ReadonlyMap<string, Behaviour> = new Map([
  ['text', plain],
  ['tools', { ...plain, prefersTools: true }],
  ['reasoning', { ...plain, reasons: true }],
  ['json', { ...plain, prefersJson: true }],
  ['long', { ...plain, tokenPaceMs: 0, fillerTokens: 2000 }],
  ['slow', { ...plain, tokenPaceMs: 400 }],
])

const behaviours: ReadonlyMap<string, Behaviour> = new Map([
  ...answering,
  ...faults.map((fault): [string, Behaviour] => [fault, { ...plain, fault }]),
])

/** Ids with it answer come what may: the second provider's, which takes over where the first was asked to fail. */
const steadyPrefix = 'b/'

/** Every model id that the sandbox takes. */
export const modelIds: readonly string[] = [
  ...behaviours.keys(),
  ...[...answering.keys()].map((id) => steadyPrefix + id),
]

/** `[[word]]` in the last user message, and the fault that it asks for. */
const directives: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['fail', 'error-500'],
  ['500', 'error-500'],
  ['503', 'error-503'],
  ['429', 'rate-limited'],
  ['hang', 'hang'],
  ['slow', 'slow-first-byte'],
  ['stall', 'stall'],
  ['cut', 'cut'],
  ['error', 'error-event'],
  ['midway', 'error-midway'],
  ['malformed', 'malformed'],
  ['html', 'bad-html'],
])

/** How a model behaves towards a prompt; null where there is no such model. */
export function behaviourOf(modelId: string, lastUserText: string): Behaviour | null {
  if (modelId.startsWith(steadyPrefix)) return answering.get(modelId.slice(steadyPrefix.length)) ?? null
  const behaviour = behaviours.get(modelId)
  if (behaviour === undefined) return null
  const fault = askedFault(lastUserText)
  return fault === null ? behaviour : { ...behaviour, fault }
}

function askedFault(text: string): Fault | null {
  for (const [, word] of text.matchAll(/\[\[([a-z0-9]{1,16})\]\]/gi)) {
    const fault = directives.get((word ?? '').toLowerCase())
    if (fault !== undefined) return fault
  }
  return null
}
