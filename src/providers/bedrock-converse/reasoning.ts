import type { Effort } from '../../chat/request.ts'
import type { ModelFacts as ClaudeFacts } from '../anthropic-messages/claude.ts'
import { type BlockKind, loopsWithoutThoughts } from '../anthropic-messages/loops-without-thoughts.ts'
import { encodeThinking, type Thinking } from '../anthropic-messages/thinking.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import {
  levelOf,
  nearestLevel,
  outputLimitOf,
  type ReasoningWish,
  reasoningWishOf,
} from '../openai-chat/reasoning-control.ts'
import type { EncodeInput } from '../wire.ts'
import type { Block, Turn } from './format.ts'
import type { ModelFacts } from './model-facts.ts'

export interface ReasoningFields {
  /** For `additionalModelRequestFields`. */
  fields: JsonRecord
  /** What Claude was told, which its sampling parameters have to mind. */
  thinking: Thinking
  /** Parameters of `inferenceConfig` that exclude the reasoning asked for. */
  excludes: readonly ('temperature' | 'top_p')[]
}

const nothing: ReasoningFields = { fields: {}, thinking: { config: null, mode: 'off' }, excludes: [] }

/**
 * The client's wish in the words of the model's family.
 *
 * @param forced The model has to call a tool, which Claude does not do after thinking.
 */
export function encodeReasoning(
  input: EncodeInput,
  facts: ModelFacts,
  turns: readonly Turn[],
  forced: boolean,
  note: Note,
): ReasoningFields {
  const { claude } = facts
  if (claude) return claudeReasoning(input, claude, turns, forced, note)
  const wish = reasoningWishOf(input.request)
  if (input.request.verbosity != null) note('verbosity', 'dropped', 'no-such-control')
  if (!wish) return nothing
  const known = input.target.model.reasoning.supported
  if (!known || facts.reasoning === 'none') {
    if (wish.on || known) note('reasoning', 'dropped', known ? 'no-such-control' : 'not-a-reasoning-model')
    return nothing
  }
  switch (facts.reasoning) {
    case 'flat':
    case 'nested': {
      const levels = input.target.model.reasoning.efforts ?? ['low', 'medium', 'high']
      const effort = effortOf(wish, input, levels as readonly Effort[], note)
      if (effort === undefined) return nothing
      return {
        ...nothing,
        fields: facts.reasoning === 'flat' ? { reasoning_effort: effort } : { reasoning: { effort } },
      }
    }
    case 'deepseek':
    case 'qwen': {
      // Neither reasons unless it is told to.
      if (!wish.on) return nothing
      const [field, levels] =
        facts.reasoning === 'qwen'
          ? (['reasoning_config', ['low', 'high']] as const)
          : (['reasoning_effort', ['high']] as const)
      const effort = effortOf(wish, input, levels, note)
      return effort === undefined ? nothing : { ...nothing, fields: { [field]: effort } }
    }
    case 'nova':
      return novaReasoning(wish, input, note)
    case 'claude':
      return nothing
  }
}

function novaReasoning(wish: ReasoningWish, input: EncodeInput, note: Note): ReasoningFields {
  if (!wish.on) return nothing
  let effort = effortOf(wish, input, ['low', 'medium', 'high'], note)
  const { request } = input
  // At its highest it takes no limit of tokens, and the limit is what the client pays for.
  if (effort === 'high' && (request.max_completion_tokens ?? request.max_tokens) != null) {
    effort = 'medium'
    note('reasoning.effort', 'changed', 'excluded-by-max-tokens')
  }
  const fields = { reasoningConfig: { type: 'enabled', ...(effort ? { maxReasoningEffort: effort } : {}) } }
  return { ...nothing, fields, excludes: effort === 'high' ? ['temperature', 'top_p'] : [] }
}

function claudeReasoning(
  input: EncodeInput,
  claude: ClaudeFacts,
  turns: readonly Turn[],
  forced: boolean,
  note: Note,
): ReasoningFields {
  const maxTokens = outputLimitOf(input) ?? claude.maxOutputTokens
  const thoughtless = loopsWithoutThoughts(turns, kindOf)
  const thinking = encodeThinking(input.request, { facts: claude, maxTokens, forced, thoughtless }, note)
  const { config, mode } = thinking
  // Asked to think and not how much, it shows no thoughts there.
  const effort =
    thinking.effort ??
    (config?.type === 'adaptive' && mode === 'on' ? nearestLevel('medium', claude.efforts) : undefined)
  // The last ones before always show theirs, and don't know the word.
  if (config && !claude.refusesSampling) delete config.display
  const fields = { ...(config ? { thinking: config } : {}), ...(effort ? { output_config: { effort } } : {}) }
  return { fields, thinking, excludes: [] }
}

/** What a block is to a loop of tools. */
function kindOf(block: Block): BlockKind {
  if ('cachePoint' in block) return null
  if ('reasoningContent' in block) return 'thought'
  if ('toolUse' in block) return 'call'
  return 'toolResult' in block ? 'result' : 'other'
}

/** The nearest of the model's levels; undefined where it has none. */
function effortOf(wish: ReasoningWish, input: EncodeInput, levels: readonly Effort[], note: Note): string | undefined {
  if (!wish.on && levels.includes('none')) return 'none'
  const wanted = !wish.on ? 'minimal' : (wish.level ?? levelOf(wish.budget, outputLimitOf(input)))
  const effort = nearestLevel(wanted, levels)
  if (!effort) note('reasoning', 'dropped', 'no-such-control')
  else if (!wish.on) note('reasoning', 'changed', 'cannot-be-turned-off')
  else if (wish.budget !== undefined) note('reasoning.max_tokens', 'changed', 'nearest-effort')
  else if (effort !== wanted && wish.level !== undefined) note('reasoning.effort', 'changed', 'nearest-effort')
  return effort
}
