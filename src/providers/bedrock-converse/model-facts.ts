import { type ModelFacts as ClaudeFacts, modelFactsOf as claudeFactsOf } from '../anthropic-messages/claude.ts'
import type { Target } from '../wire.ts'

/**
 * Converse is one format for many models, but what each of them accepts in it differs, and whatever it doesn't is an
 * error. What is here was seen in recorded traffic, is in the vendor's tables, or was found out by other clients.
 */
export interface ModelFacts {
  /** The id in the path. */
  modelId: string
  claude: ClaudeFacts | null
  /** Ways to force a tool; without one the model is only ever offered its tools. */
  forces: readonly ('any' | 'tool')[]
  /** Where `top_k` goes among the additional fields. */
  topK: 'flat' | 'nested' | null
  /** A schema for the answer (`outputConfig`), and `strict` tools. */
  structured: boolean
  caching: { messages: boolean; tools: boolean; anHour: boolean }
  /** Kinds of media that may be inside a tool's result; others have to stand beside it. */
  resultMedia: readonly ('image' | 'document')[]
  /** A result may be marked as an error. */
  failedResults: boolean
  /** What may share a turn with the results of tools. */
  besideResults: 'anything' | 'text-and-images' | 'nothing'
  /** A conversation may end with the beginning of the answer. */
  prefill: boolean
  reasoning: ReasoningControl
}

/**
 * How a model is told to reason among the additional fields: `claude` by `thinking`; `flat` by `reasoning_effort`;
 * `nested` by `reasoning.effort`; `deepseek` by `reasoning_effort` with one level; `nova` by `reasoningConfig`; `qwen` by
 * `reasoning_config`; `none` not at all.
 */
export type ReasoningControl = 'claude' | 'flat' | 'nested' | 'deepseek' | 'nova' | 'qwen' | 'none'

type Changes = Partial<Omit<ModelFacts, 'modelId'>>
type Model = Target['model']

/** A model of which nothing is known: it gets what every model takes, and errors of its own are told apart. */
const unknown: Omit<ModelFacts, 'modelId'> = {
  claude: null,
  forces: ['any', 'tool'],
  topK: null,
  structured: false,
  caching: { messages: false, tools: false, anHour: false },
  resultMedia: ['image'],
  failedResults: false,
  besideResults: 'anything',
  prefill: false,
  reasoning: 'none',
}

/** By the vendor that the id begins with. */
const families: Readonly<Record<string, (name: string, model: Model) => Changes>> = {
  anthropic: (name, model) => {
    const claude = onBedrock(claudeFactsOf(name, model))
    const caching = !/^claude-(3-(haiku|sonnet|opus)|3-5-sonnet-20240620|v2|instant)/.test(name)
    return {
      claude,
      forces: claude.refusesForcedTools ? [] : ['any', 'tool'],
      topK: 'flat',
      // Bedrock has its own copy of the Messages schema, which knows the field for these alone.
      structured: /^claude-((sonnet|haiku|opus)-4[-.]5|(sonnet|opus)-4[-.]6)/.test(name),
      caching: {
        messages: caching,
        tools: caching,
        anHour: caching && !/^claude-(3|(opus|sonnet)-4(-2|-1|\.1|$))/.test(name),
      },
      resultMedia: ['image', 'document'],
      failedResults: true,
      besideResults: 'text-and-images',
      prefill: claude.prefill,
      reasoning: claude.thinking === 'none' ? 'none' : 'claude',
    }
  },
  amazon: (name) =>
    name.startsWith('nova')
      ? {
          topK: 'nested',
          caching: { messages: true, tools: false, anHour: false },
          failedResults: true,
          prefill: true,
          reasoning: name.startsWith('nova-2') ? 'nova' : 'none',
        }
      : {},
  cohere: () => ({ forces: [] }),
  ai21: () => ({ forces: [] }),
  deepseek: (name) => ({
    // A named tool is accepted and not obeyed.
    forces: name.includes('r1') ? [] : ['any'],
    structured: name.startsWith('v3'),
    reasoning: name.includes('r1') ? 'none' : 'deepseek',
  }),
  google: (name) => ({ forces: [], structured: /^gemma-3-(12b|27b)/.test(name) }),
  meta: () => ({ forces: [], resultMedia: ['image', 'document'], besideResults: 'nothing' }),
  minimax: () => ({ forces: [], structured: true }),
  mistral: (name) => ({
    forces: name.startsWith('mistral-large') ? ['any'] : [],
    structured: /^(magistral-small|ministral-3|mistral-large-3|voxtral)/.test(name),
    resultMedia: ['document'],
    besideResults: 'nothing',
  }),
  moonshot: () => ({ structured: true, resultMedia: [] }),
  moonshotai: () => ({ structured: true, resultMedia: [] }),
  nvidia: (name) => ({ forces: [], structured: name.startsWith('nemotron-nano') }),
  openai: (name) => (name.startsWith('gpt-oss') ? { forces: [], reasoning: 'flat' } : { reasoning: 'nested' }),
  qwen: (name) => ({ forces: [], structured: name.startsWith('qwen3'), resultMedia: [], reasoning: 'qwen' }),
  writer: () => ({ forces: [], besideResults: 'nothing' }),
  zai: () => ({ structured: true }),
}

/** Vendors that the catalogue calls otherwise. */
const vendors: Readonly<Record<string, string>> = {
  'meta-llama': 'meta',
  mistralai: 'mistral',
  'x-ai': 'xai',
  'z-ai': 'zai',
}

/** What the endpoint's model takes. */
export function modelFactsOf({ endpoint, model }: Pick<Target, 'endpoint' | 'model'>): ModelFacts {
  const id = endpoint.upstreamId
  const [vendor = '', name = ''] = vendorAndName(id, model.id)
  const family = Object.hasOwn(families, vendor) ? families[vendor] : undefined
  return { ...unknown, ...family?.(name, model), modelId: runtimeId(id) }
}

/** What Claude can do there: an effort beside a budget, and thinking between tools only, came after Bedrock's copy. */
function onBedrock(claude: ClaudeFacts): ClaudeFacts {
  return { ...claude, thinksBetweenTools: false, efforts: claude.thinking === 'adaptive' ? claude.efforts : [] }
}

/** The region group of an inference profile: `eu` of `eu.anthropic.…`; null for a bare id. */
export function geoOf(upstreamId: string): string | null {
  return /^(us|eu|apac|jp|au|ca|global|us-gov)\./.exec(profileOf(upstreamId))?.[1] ?? null
}

function vendorAndName(upstreamId: string, modelId: string): string[] {
  const profile = profileOf(upstreamId)
  const bare = profile.slice((geoOf(upstreamId)?.length ?? -1) + 1)
  const dot = bare.indexOf('.')
  if (dot > 0) return [bare.slice(0, dot), bare.slice(dot + 1)]
  // The address of a profile that an operator made says nothing about the model behind it.
  const [author = '', ...rest] = modelId.split('/')
  return [vendors[author] ?? author, rest.join('/')]
}

/** A profile may be named by its address: `arn:aws:bedrock:eu-central-1:1234:inference-profile/eu.anthropic.…`. */
function profileOf(upstreamId: string): string {
  return upstreamId.startsWith('arn:') ? upstreamId.slice(upstreamId.lastIndexOf('/') + 1) : upstreamId
}

/** The other endpoint of Bedrock has these two without a version; here they have one. */
function runtimeId(upstreamId: string): string {
  return /^openai\.gpt-oss-(20|120)b$/.test(upstreamId) ? `${upstreamId}-1:0` : upstreamId
}
