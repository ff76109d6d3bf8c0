import { choiceAt, emptyAnswer, type Json, type RecordedAnswer } from './answer.ts'

/** A frame of `application/vnd.amazon.eventstream`: its event's or exception's name and its payload. */
export interface Frame {
  kind: string
  name: string
  payload: Json
}

/** Reads the frames without checking their sums: that is what the code under test is for. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + view.getUint32(at)
    const headersEnd = at + 12 + view.getUint32(at + 4)
    const headers: Record<string, string> = {}
    // Every header of these streams is a string (7): length of the name, name, type, length of the value, value.
    for (let header = at + 12; header < headersEnd; ) {
      const nameEnd = header + 1 + view.getUint8(header)
      const valueEnd = nameEnd + 3 + view.getUint16(nameEnd + 1)
      headers[text(header + 1, nameEnd)] = text(nameEnd + 3, valueEnd)
      header = valueEnd
    }
    frames.push({
      kind: headers[':message-type'] ?? '',
      name: headers[':event-type'] ?? headers[':exception-type'] ?? '',
      payload: JSON.parse(text(headersEnd, end - 4) || '{}'),
    })
    at = end
  }
  return frames
}

export function converseStreamAnswer(bytes: Uint8Array): RecordedAnswer {
  const content: Json[] = []
  let stopReason: string | null = null
  let usage: Json = null
  let failed = false
  for (const { kind, name, payload } of framesOf(bytes)) {
    if (kind !== 'event') failed = true
    const block = () => {
      content[payload.contentBlockIndex] ??= {}
      return content[payload.contentBlockIndex]
    }
    if (name === 'contentBlockStart' && payload.start?.toolUse)
      block().toolUse = { ...payload.start.toolUse, input: '' }
    if (name === 'contentBlockDelta') {
      const { text, toolUse, reasoningContent } = payload.delta
      if (text !== undefined) block().text = (block().text ?? '') + text
      if (toolUse) block().toolUse.input += toolUse.input
      if (reasoningContent?.text !== undefined) block().thought = (block().thought ?? '') + reasoningContent.text
    }
    if (name === 'messageStop') stopReason = payload.stopReason
    if (name === 'metadata') usage = payload.usage
  }
  return {
    ...converseAnswer([{ output: { message: { content: content.filter(Boolean) } }, stopReason, usage }]),
    failed,
  }
}

export function converseAnswer([document]: Json[]): RecordedAnswer {
  const answer = emptyAnswer()
  const choice = choiceAt(answer)
  choice.native = document.stopReason
  for (const block of document.output?.message?.content ?? []) {
    choice.text += block.text ?? ''
    for (const cited of block.citationsContent?.content ?? []) choice.text += cited.text
    choice.reasoning += block.thought ?? block.reasoningContent?.reasoningText?.text ?? ''
    const { toolUse } = block
    // Nova's own interpreter is called and answered on Amazon's side.
    if (!toolUse || toolUse.type === 'server_tool_use') continue
    const { input } = toolUse
    choice.calls.push({ name: toolUse.name, arguments: typeof input === 'string' ? input : JSON.stringify(input) })
  }
  const { usage } = document
  if (usage) {
    const cached = usage.cacheReadInputTokens ?? 0
    answer.usage = {
      promptTokens: usage.inputTokens + cached + (usage.cacheWriteInputTokens ?? 0),
      completionTokens: usage.outputTokens,
      cachedTokens: cached,
      reasoningTokens: null,
    }
  }
  return answer
}
