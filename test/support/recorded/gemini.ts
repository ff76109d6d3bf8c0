import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

/** With `enum-encoding=int`. */
const numbered = [null, 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']
const unusable = ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL']

export function geminiAnswer(documents: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  let usage: Json = null
  for (const document of documents) {
    usage = document.usageMetadata ?? usage
    if (document.error) answer.failed = true
    if (document.promptFeedback?.blockReason) choiceAt(answer).native ??= document.promptFeedback.blockReason
    for (const candidate of document.candidates ?? []) takeCandidate(answer, candidate)
  }
  for (const choice of answer.choices) for (const call of choice.calls) closeCall(call)
  if (usage?.promptTokenCount !== undefined)
    answer.usage = {
      promptTokens: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
      completionTokens: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
      cachedTokens: usage.cachedContentTokenCount ?? 0,
      reasoningTokens: usage.thoughtsTokenCount ?? 0,
    }
  return answer
}

function takeCandidate(answer: RecordedAnswer, candidate: Json): void {
  const choice = choiceAt(answer, candidate.index ?? 0)
  for (const part of candidate.content?.parts ?? []) {
    if (part.functionCall) takeCall(choice.calls, part.functionCall)
    else if (part.thought) choice.reasoning += part.text ?? ''
    else choice.text += part.text ?? ''
  }
  const { finishReason } = candidate
  const native = typeof finishReason === 'number' ? numbered[finishReason] : finishReason
  choice.native ??= native ?? null
  if (unusable.includes(native)) answer.failed = true
}

type OpenCall = { name: string; arguments: string; args?: Json }

/** Gemini 3 may stream a call: its name, then its arguments by path, strings in pieces, and an empty call at the end. */
function takeCall(calls: OpenCall[], { name, args, partialArgs = [] }: Json): void {
  if (name !== undefined) calls.push({ name, arguments: '', args: args ?? {} })
  const open = calls.at(-1)
  for (const { jsonPath, stringValue, numberValue, boolValue } of partialArgs) {
    const steps: string[] = jsonPath.match(/[^.[\]$]+/g)
    const last = steps.pop() ?? ''
    let at = open?.args
    for (const [index, step] of steps.entries()) {
      const next = steps[index + 1] ?? last
      at[step] ??= /^\d+$/.test(next) ? [] : {}
      at = at[step]
    }
    at[last] = stringValue === undefined ? (numberValue ?? boolValue ?? null) : (at[last] ?? '') + stringValue
  }
}

function closeCall(call: OpenCall): void {
  call.arguments = JSON.stringify(call.args)
  delete call.args
}
