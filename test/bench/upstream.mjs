// The model provider of the bench: OpenAI-shaped answers over raw sockets, because Node's HTTP server would cost several
// times what the drivers do and be measured along. A model named `bench-s256` answers 256 characters, `bench-n50-g20`
// streams 50 chunks 20 ms apart, `-d100` waits 100 ms first. Run as a process of its own; tells its port by IPC.

import { createServer } from 'node:net'

const roleless = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench' }
const filler = 'the quick brown fox jumps over a lazy dog and '

const server = createServer({ noDelay: true }, (socket) => {
  let received = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    for (;;) {
      const length = requestLength(received)
      if (length === null) return
      answer(socket, received.subarray(0, length))
      received = received.subarray(length)
    }
  })
  // A gateway that ends with open connections is no error of ours.
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit())

/** Bytes of the first whole request, or null while it is not all there. */
function requestLength(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const head = bytes.latin1Slice(0, headEnd)
  const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
  if (!Number.isInteger(bodyLength)) throw new Error(`a request without a length: ${head}`)
  const length = headEnd + 4 + bodyLength
  return bytes.length < length ? null : length
}

const behaviours = new Map()

function behaviourOf(model) {
  let behaviour = behaviours.get(model)
  if (behaviour === undefined) {
    const number = (letter) => Number(new RegExp(`-${letter}(\\d+)`).exec(model)?.[1] ?? 0)
    const chunks = number('n')
    behaviour = {
      delayMs: number('d'),
      gapMs: number('g'),
      chunks,
      whole: chunks > 0 ? null : wholeAnswer(number('s')),
      events: streamEvents(chunks),
    }
    behaviours.set(model, behaviour)
  }
  return behaviour
}

function answer(socket, request) {
  // The body follows the head, so the last one is the body's: a header cannot hold it.
  const at = request.indexOf('"model":"') + 9
  const behaviour = behaviourOf(request.latin1Slice(at, request.indexOf('"', at)))
  const begin = () => (behaviour.whole === null ? stream(socket, behaviour) : socket.write(behaviour.whole))
  if (behaviour.delayMs > 0) setTimeout(begin, behaviour.delayMs)
  else begin()
}

function stream(socket, { events, chunks, gapMs }) {
  if (gapMs === 0) {
    socket.write(events.all)
    return
  }
  socket.write(events.first)
  let sent = 1
  let dueAt = performance.now() + gapMs
  const next = () => {
    if (socket.destroyed) return
    if (sent === chunks) {
      socket.write(events.last)
      return
    }
    socket.write(events.delta)
    sent++
    // From when it was due, not from when the timer came: otherwise a busy core would slow the stream down.
    dueAt += gapMs
    setTimeout(next, Math.max(0, dueAt - performance.now()))
  }
  setTimeout(next, gapMs)
}

function wholeAnswer(size) {
  const body = JSON.stringify({
    ...roleless,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: filler.repeat(Math.ceil(size / filler.length)).slice(0, size) },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: usage(size / 4),
  })
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.from(head + body, 'latin1')
}

/** The bytes of a stream: `@` stands in each content chunk once and nowhere else, so that a driver can count them. */
function streamEvents(chunks) {
  const event = (data) => {
    const text = `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
    return `${text.length.toString(16)}\r\n${text}\r\n`
  }
  const choice = (delta, finish = null) =>
    event({ ...roleless, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })
  const head =
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n'
  const role = choice({ role: 'assistant', content: '' })
  const delta = choice({ content: '@ a token or two' })
  const last = `${choice({}, 'stop')}${event({ ...roleless, choices: [], usage: usage(chunks) })}${event('[DONE]')}0\r\n\r\n`
  const bytes = (text) => Buffer.from(text, 'latin1')
  return {
    first: bytes(head + role + delta),
    delta: bytes(delta),
    last: bytes(last),
    all: bytes(head + role + delta.repeat(chunks) + last),
  }
}

function usage(completionTokens) {
  return { prompt_tokens: 12, completion_tokens: completionTokens, total_tokens: 12 + completionTokens }
}
