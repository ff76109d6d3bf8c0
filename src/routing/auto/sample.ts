import type { Message } from '../../chat/request.ts'

/** What the classifier reads of a conversation: 16 KiB at most. */
export interface Sample {
  /** Of the last thing that the user said: its beginning and, where it is long, its end. */
  asked: string
  /** Of the messages just before the end, beginnings. */
  around: string
  /** Tools have answered in the last messages: an agent is at work. */
  answeredByTools: boolean
}

const askedHead = 6_144
const askedTail = 2_048
const aroundEach = 4_096
/** Messages that are looked at, from the last one back. */
const messagesBack = 24

export function sampleOf(messages: readonly Message[]): Sample {
  let asked: string | null = null
  let around = ''
  let read = 0
  let answeredByTools = false
  for (let back = 1; back <= Math.min(messagesBack, messages.length); back++) {
    const message = messages[messages.length - back] as Message
    if (message.role === 'tool') answeredByTools = true
    if (message.role === 'user' && asked === null) asked = endsOf(message)
    else if (message.role === 'assistant' || message.role === 'user') {
      if (read++ < 2) around += `${headOf(message, aroundEach)}\n`
    }
  }
  return { asked: asked ?? '', around, answeredByTools }
}

function endsOf(message: Message): string {
  const head = headOf(message, askedHead)
  if (head.length < askedHead) return head
  const { content } = message
  const last = typeof content === 'string' ? content : content?.findLast((part) => part.type === 'text')
  const text = typeof last === 'string' ? last : last?.type === 'text' ? last.text : ''
  return `${head}\n${text.slice(-askedTail)}`
}

/** The first characters of a message, over all of its parts. */
function headOf({ content }: Message, length: number): string {
  if (typeof content === 'string') return content.slice(0, length)
  let head = ''
  for (const part of content ?? []) {
    if (head.length >= length) break
    if (part.type === 'text') head += `${part.text.slice(0, length - head.length)}\n`
  }
  return head.slice(0, length)
}
