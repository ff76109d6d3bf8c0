import type { Answer } from './answer.ts'
import type { Behaviour } from './behaviour.ts'
import { chunksOf } from './chat-answer.ts'
import { event, type Step } from './event-stream.ts'
import type { SandboxRequest } from './request.ts'

/** Chunks that a stream sends before it goes wrong: the role and three tokens. */
const chunksBeforeFault = 4

export const midStreamError = {
  error: {
    message: 'The sandbox failed, as it was asked to.',
    type: 'server_error',
    param: null,
    code: 'server_error',
  },
}

/** What a streamed answer sends, step by step, faults included. */
export function* scriptOf(answer: Answer, request: SandboxRequest, behaviour: Behaviour): Generator<Step> {
  const { fault, tokenPaceMs } = behaviour
  if (fault === 'error-event') {
    yield event(midStreamError)
    return
  }
  let sent = 0
  for (const chunk of chunksOf(answer, request)) {
    if (sent > 0 && tokenPaceMs > 0) yield { wait: tokenPaceMs }
    if (sent >= chunksBeforeFault && fault !== null) {
      if (fault === 'cut') yield { cut: true }
      if (fault === 'stall') yield { wait: 'forever' }
      if (fault === 'error-midway') yield event(midStreamError)
      if (fault === 'error-midway') return
    }
    // Half an object at first, so that nothing of it can be used, then events that are no JSON at all.
    if (fault === 'malformed') yield event(JSON.stringify(chunk).slice(0, sent === 0 ? 40 : 7))
    else yield event(chunk)
    sent += 1
  }
  yield event('[DONE]')
}

/** The same for an answer that is not streamed. */
export function* bodyScriptOf(body: object, fault: Behaviour['fault']): Generator<Step> {
  const text = JSON.stringify(body)
  const half = text.slice(0, text.length >> 1)
  switch (fault) {
    case 'cut':
      yield { send: half }
      // Time for the half to leave: a cut before the first byte has left is no answer at all.
      yield { wait: 20 }
      yield { cut: true }
      return
    case 'stall':
      yield { send: half }
      yield { wait: 'forever' }
      return
    case 'malformed':
      yield { send: half }
      return
    case 'error-event':
    case 'error-midway':
      yield { send: JSON.stringify(midStreamError) }
      return
    default:
      yield { send: text }
  }
}
