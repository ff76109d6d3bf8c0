import type { ChatRequest } from '../../chat/request.ts'
import type { RequestNeeds } from '../needs.ts'
import { type Sample, sampleOf } from './sample.ts'
import { type CostTier, costTiers } from './tiers.ts'

/** What speaks for a dearer model, in points, or for a cheaper one. */
const weights = {
  code: 2,
  maths: 2,
  involved: 1,
  'other-script': 1,
  media: 1,
  schema: 1,
  tools: 1,
  agent: 1,
  long: 1,
  'very-long': 1,
  'reasons-some': 1,
  'reasons-much': 2,
  'reasons-most': 3,
  routine: -1,
} as const

export type Signal = keyof typeof weights

export interface Classified {
  tier: CostTier
  /** The sum of the signals' weights. */
  points: number
  signals: Signal[]
}

const longTokens = 4_000
const veryLongTokens = 32_000
/** With so many tools to choose from, choosing is the task. */
const manyTools = 8

/**
 * How demanding a request is, by what can be seen of it: no model is asked, the same request is always told the same, and
 * nothing is kept. Up to 0 points are `low`, then every two points are a tier.
 */
export function classify(request: ChatRequest, needs: RequestNeeds): Classified {
  const sample = sampleOf(request.messages)
  const signals = signalsOf(request, needs, sample)
  let points = 0
  for (const signal of signals) points += weights[signal]
  const place = Math.max(0, Math.min(costTiers.length - 1, Math.ceil(points / 2)))
  return { tier: costTiers[place] ?? 'low', points, signals }
}

/** Whether the client wants the model to think, and how much: 0 = it didn't say, or doesn't. */
export function reasoningWanted({ reasoning, reasoning_effort: legacy }: ChatRequest): 0 | 1 | 2 | 3 {
  if (reasoning?.enabled === false) return 0
  switch (reasoning?.effort ?? legacy ?? (reasoning?.enabled || (reasoning?.max_tokens ?? 0) > 0 ? 'medium' : 'none')) {
    case 'none':
      return 0
    case 'high':
      return 2
    case 'xhigh':
    case 'max':
      return 3
    default:
      return 1
  }
}

function signalsOf(request: ChatRequest, needs: RequestNeeds, { asked, around, answeredByTools }: Sample): Signal[] {
  const signals: Signal[] = []
  const isCode = isAnyIn(codeSigns, asked) || isAnyIn(codeShapes, around)
  if (isCode) signals.push('code')
  // Code is full of operators; what is left of its maths is the coder's task.
  else if (isAnyIn(mathsSigns, asked)) signals.push('maths')
  if (isAnyIn(involvedSigns, asked)) signals.push('involved')
  else if (!isCode && routine.test(asked)) signals.push('routine')
  if (isOfOtherScript(asked)) signals.push('other-script')
  if (needs.inputModalities.length > 0) signals.push('media')
  if (request.response_format?.type === 'json_schema') signals.push('schema')
  if (needs.tools) {
    signals.push('tools')
    if (answeredByTools || (request.tools?.length ?? 0) >= manyTools) signals.push('agent')
  }
  if (needs.promptTokensEstimate >= longTokens) signals.push('long')
  if (needs.promptTokensEstimate >= veryLongTokens) signals.push('very-long')
  const reasoning = reasoningWanted(request)
  if (reasoning > 0) signals.push(reasoning === 1 ? 'reasons-some' : reasoning === 2 ? 'reasons-much' : 'reasons-most')
  return signals
}

// Every repetition is bounded, so that no text takes longer than its length deserves.

/** What program text looks like. */
const codeShapes = [
  /```/,
  /(?:^|\n)[ \t]{0,40}(?:def \w{1,60}\(|class \w{1,60}[:({]|import [\w.]{1,80}(?:;|\n| as )|from [\w.]{1,80} import |#include ?<|func? \w{1,60}\(|(?:const|let|var) \w{1,60} ?=|public (?:static|class|void) )/,
  /\bfunction ?\w{0,60} ?\(|=> ?[{(]|\bSELECT [^;]{1,100} FROM |<\/(?:div|html|script|p)>/,
  /[;{}][ \t]{0,8}\r?\n[^\n]{0,120}[;{}][ \t]{0,8}(?:\r?\n|$)/,
  /Traceback \(most recent|\bat [\w.$<>]{1,80} \([^)\s]{1,160}:\d{1,6}|\b[A-Z][A-Za-z]{1,40}(?:Error|Exception)\b/,
]
const codeSigns = [
  ...codeShapes,
  /\b(?:refactor|debug(?:ging)?|unit tests?|regexp?|regex(?:es)?|stack ?trace|segfaults?|code ?base|source code|pull request|leetcode|algorithm|data structure)\b/i,
  /\b(?:python|javascript|typescript|java|rust|golang|kotlin|swift|php|ruby|sql|bash|shell|css|html|react|vue|django|docker|kubernetes|terraform|c\+\+|c#)[ -](?:code|function|script|class|program|query|method|app|component|api|server|module|snippet|file|manifest)\b/i,
  /\b(?:write|implement|fix|create|code|build) (?:me )?(?:a|an|the|this|my) (?:\w{1,20} ){0,3}(?:function|class|script|program|query|endpoint|api|component|parser|compiler|crawler|bug|app)\b/i,
]
const mathsSigns = [
  /\\(?:frac|int|sum|sqrt|begin\{|lim)|\$\$|[∑∫√∀∃∂∞≡]/,
  /\b(?:prove|proof|theorem|lemma|corollary|integrals?|derivatives?|eigen(?:values?|vectors?)|probability|differential equations?|combinatorics|induction|polynomials?|matrix|matrices|modulo|geometry|solve for|logic puzzle|riddle)\b/i,
  /\bstep[- ]by[- ]step\b/i,
]
const involvedSigns = [
  /\b(?:analy[sz]e|analysis|trade-?offs?|evaluate|critique|in[- ]depth|comprehensive(?:ly)?|essay|white ?paper|business plan|roadmap|strategy|root cause|diagnos(?:e|is)|pros and cons|literature review|architecture|due diligence|threat model)\b/i,
  /\b(?:design|draft|devise|plan) (?:a|an|the|our|my) /i,
  /(?:\n[ \t]{0,8}(?:\d{1,2}[.)]|[-*]) [^\n]{0,400}){4}/,
]
const routine =
  /\b(?:translat(?:e|ion)|summari[sz]e|summary|tl;?dr|classify|categori[sz]e|extract|spell-?check|proof-?read|grammar|typos?|rephrase|reword|rewrite|paraphrase|shorten|sentiment|keywords?|subject line|headline|title for|capital of|synonyms?|define|traduis|traduire|résume|traduce|resume)\b|übersetze|fasse .{1,40} zusammen|zusammenfassung/i

function isAnyIn(signs: readonly RegExp[], text: string): boolean {
  return text !== '' && signs.some((sign) => sign.test(text))
}

/** Cheap models are trained on Latin script above all. Counted in letters, so that emoji and digits are nobody's. */
const letters = /\P{L}+/gu
const otherLetters = /[\P{L}\p{Script=Latin}]+/gu
const scriptSample = 2_048
const otherShare = 0.3

function isOfOtherScript(text: string): boolean {
  const start = text.slice(0, scriptSample)
  const other = start.replace(otherLetters, '').length
  return other > 0 && other >= otherShare * start.replace(letters, '').length
}
