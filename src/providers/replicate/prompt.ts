import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart, Message } from '../../chat/request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'

type Turn = Extract<Message, { role: 'user' | 'assistant' | 'tool' }>

export interface Prompt {
  prompt: string
  systemPrompt: string | null
}

/**
 * A conversation as the two texts that language models take there. A single question is sent as it is; more becomes a
 * transcript that the model goes on with.
 *
 * @param ownSystemPrompt whether the model has an input for it; without one it stands before the prompt
 */
export function promptOf(messages: readonly Message[], ownSystemPrompt: boolean, note: Note): Prompt {
  const system: string[] = []
  const turns: Turn[] = []
  for (const message of messages) {
    if (isTurn(message)) turns.push(message)
    else system.push(textOf(message.content))
  }
  const [first] = turns
  const single = turns.length === 1 && first?.role === 'user' && !first.name
  if (!single) note('messages', 'emulated', 'transcript-in-the-prompt')
  const prompt = single ? textOf(first.content) : transcriptOf(turns)
  const instructions = system.filter((text) => text !== '').join('\n\n')
  if (instructions === '') return { prompt, systemPrompt: null }
  if (ownSystemPrompt) return { prompt, systemPrompt: instructions }
  note('messages.role', 'emulated', 'system-before-the-prompt')
  return { prompt: `${instructions}\n\n${prompt}`, systemPrompt: null }
}

function isTurn(message: Message): message is Turn {
  return message.role !== 'system' && message.role !== 'developer'
}

function transcriptOf(turns: readonly Turn[]): string {
  const names = new Map<string, string>()
  const lines = turns.flatMap((turn) => linesOf(turn, names))
  // A last word of the assistant is the beginning of the answer.
  const begun = turns.at(-1)?.role === 'assistant' && !lines.at(-1)?.startsWith('Assistant calls ')
  return [...lines, ...(begun ? [] : ['Assistant:'])].join('\n\n')
}

/** @param names of the functions that were called, by the ids of the calls */
function linesOf(turn: Turn, names: Map<string, string>): string[] {
  switch (turn.role) {
    case 'user':
      return [`${turn.name ?? 'User'}: ${textOf(turn.content)}`]
    case 'tool':
      return [`Result of ${names.get(turn.tool_call_id) ?? 'the tool'}: ${textOf(turn.content)}`]
    case 'assistant': {
      const calls = (turn.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => {
        names.set(id, name)
        return `Assistant calls ${name} with ${given || '{}'}`
      })
      const said = turn.content == null ? (turn.refusal ?? '') : textOf(turn.content)
      return [...(said === '' && calls.length > 0 ? [] : [`Assistant: ${said}`]), ...calls]
    }
  }
}

function textOf(content: string | readonly ContentPart[]): string {
  if (typeof content === 'string') return content
  return content
    .map((part) => {
      if (part.type === 'text') return part.text
      throw invalidRequest(`This Replicate model takes no ${part.type} parts.`)
    })
    .join('\n')
}
