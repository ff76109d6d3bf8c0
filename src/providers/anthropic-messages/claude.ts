import type { ModelRecord } from '../../catalog/records.ts'
import type { Effort } from '../../chat/request.ts'

type Level = Exclude<Effort, 'none' | 'minimal'>

/** What sets one model apart from the others; read from its id, because the catalogue has no such facts. */
export interface ModelFacts {
  /** `budget`: by a number of tokens. `adaptive`: the model measures its own thinking. `none`: it doesn't think. */
  thinking: 'none' | 'budget' | 'adaptive'
  /** Takes a number of tokens although it can measure its own thinking. */
  takesBudget: boolean
  /** `thinking: {type: "disabled"}` is an error. */
  alwaysThinks: boolean
  /** Can be told to think between calls of tools at most. */
  thinksBetweenTools: boolean
  /** Shows its thoughts only when asked for them; the others don't know the word. */
  hidesThoughts: boolean
  /** Without thinking no effort above `high` is taken. */
  needsThinkingAboveHigh: boolean
  /** Levels of `output_config.effort`; empty where the field is an error. */
  efforts: readonly Level[]
  /** temperature, top_p and top_k are errors. */
  refusesSampling: boolean
  /** temperature and top_p exclude each other. */
  oneOfTemperatureAndTopP: boolean
  /** `any` and a named tool are errors. */
  refusesForcedTools: boolean
  /** `output_config.format`, and `strict` tools. */
  structured: boolean
  /** A conversation may end with the beginning of the answer. */
  prefill: boolean
  /** A prompt and `max_tokens` that together exceed the context are an error, not a limit. */
  countsMaxTokensInContext: boolean
  /** Where the catalogue doesn't know. */
  maxOutputTokens: number
}

const allLevels: readonly Level[] = ['low', 'medium', 'high', 'xhigh', 'max']

/**
 * The facts of a model by its upstream id and, for levels of effort, by the catalogue. A Claude with a number that
 * nobody knows yet is taken for the newest kind; a model of somebody else's for one with the API's first abilities.
 */
export function modelFactsOf(id: string, model: Pick<ModelRecord, 'reasoning'>): ModelFacts {
  if (!/claude/i.test(id)) return foreign(model)
  const { name, version } = readId(id)
  const isFable = name === 'fable' || name === 'mythos'
  const thinking = version < 37 ? 'none' : version < 46 && !isFable ? 'budget' : 'adaptive'
  return {
    thinking,
    takesBudget: version < 47 && !isFable,
    alwaysThinks: isFable || (version >= 55 && name !== 'haiku'),
    thinksBetweenTools: name === 'sonnet' && version >= 55,
    hidesThoughts: version >= 47 || isFable,
    needsThinkingAboveHigh: version >= 50 && !isFable,
    efforts: effortsOf(name, version, isFable, model),
    refusesSampling: version >= 47 || isFable,
    oneOfTemperatureAndTopP: version >= 41,
    refusesForcedTools: isFable ? version >= 51 : version >= 55 && name !== 'haiku',
    structured: version >= 41 || isFable,
    prefill: version < 46 && !isFable,
    countsMaxTokensInContext: version < 45 && !isFable,
    maxOutputTokens: maxOutputTokensOf(name, version, isFable),
  }
}

/** `claude-3-7-sonnet-20250219`, `claude-opus-4@20250514`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `claude-v2`. */
function readId(id: string): { name: string; version: number } {
  const old = /claude-(?:instant-)?v?([1-3])(?:[.-](\d))?(?!\d)(?:-([a-z]+))?/i.exec(id)
  if (old) return { name: old[3] ?? '', version: Number(old[1]) * 10 + Number(old[2] ?? 0) }
  const named = /claude-([a-z]+)(?:-(\d{1,2})(?:[.-](\d{1,2}))?(?!\d))?/i.exec(id)
  const version = named?.[2] === undefined ? 990 : Number(named[2]) * 10 + Math.min(Number(named[3] ?? 0), 9)
  return { name: named?.[1] ?? '', version }
}

function effortsOf(name: string, version: number, isFable: boolean, model: Pick<ModelRecord, 'reasoning'>): Level[] {
  if (version < 46 && !isFable && !(name === 'opus' && version === 45)) return []
  const listed = model.reasoning.efforts?.filter((effort) => (allLevels as readonly string[]).includes(effort))
  if (listed?.length) return listed as Level[]
  if (version === 45) return ['low', 'medium', 'high']
  return allLevels.filter((level) => level !== 'xhigh' || version >= 47)
}

function maxOutputTokensOf(name: string, version: number, isFable: boolean): number {
  if (version >= 46 || isFable) return 128_000
  if (version >= 45) return 64_000
  if (version >= 40) return name === 'opus' ? 32_000 : 64_000
  if (version >= 37) return 64_000
  return version >= 35 ? 8_192 : 4_096
}

function foreign(model: Pick<ModelRecord, 'reasoning'>): ModelFacts {
  return {
    thinking: model.reasoning.supported ? 'budget' : 'none',
    takesBudget: true,
    alwaysThinks: false,
    thinksBetweenTools: false,
    hidesThoughts: false,
    needsThinkingAboveHigh: false,
    efforts: [],
    refusesSampling: false,
    oneOfTemperatureAndTopP: false,
    refusesForcedTools: false,
    structured: false,
    prefill: true,
    countsMaxTokensInContext: true,
    maxOutputTokens: 4_096,
  }
}
