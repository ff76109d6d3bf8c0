// The load of the bench, over raw sockets for the reason given in upstream.mjs. One process for a whole run, so that its
// code is compiled before anything is measured. Takes jobs by IPC, one at a time, and answers what it saw; times are in
// milliseconds.

import { connect } from 'node:net'

process.on('message', async (job) => {
  try {
    process.send(await (job.kind === 'alternate' ? alternate(job) : load(job)))
  } catch (error) {
    process.send({ error: String(error.stack) })
  }
})
process.on('disconnect', () => process.exit())

/** A stuck gateway must not hang the run. */
const patienceMs = 30_000
const endOfChunks = Buffer.from('0\r\n\r\n')
const chunkMark = 0x40

/** A keep-alive connection that asks the same again and again, one request at a time. */
class Connection {
  #socket
  #request
  #pending = null
  #head = ''
  #bodyLength = Number.NaN
  #received = 0

  static open(port, request) {
    const connection = new Connection()
    return new Promise((resolve, reject) => {
      connection.#request = Buffer.from(request, 'latin1')
      connection.#socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(connection))
      connection.#socket.on('error', (error) => {
        reject(error)
        connection.#fail(error)
      })
      connection.#socket.on('close', () => connection.#fail(new Error('the gateway closed the connection')))
      connection.#socket.on('data', (bytes) => connection.#take(bytes))
    })
  }

  /** One exchange: how long it took, to the first content chunk and in all, and how many chunks came. */
  ask() {
    return new Promise((resolve, reject) => {
      this.#head = ''
      this.#bodyLength = Number.NaN
      this.#received = 0
      this.#pending = { resolve, reject, askedAt: performance.now(), firstMs: null, chunks: 0 }
      this.#socket.write(this.#request)
    })
  }

  close() {
    this.#socket.destroy()
  }

  #fail(error) {
    this.#pending?.reject(error)
    this.#pending = null
  }

  #take(bytes) {
    let body = bytes
    if (this.#received === 0 && Number.isNaN(this.#bodyLength)) {
      this.#head += bytes.latin1Slice()
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!this.#head.startsWith('HTTP/1.1 200')) return this.#fail(new Error(`not a 200: ${this.#head}`))
      const declared = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end + 2))?.[1]
      this.#bodyLength = declared === undefined ? Number.POSITIVE_INFINITY : Number(declared)
      body = bytes.subarray(bytes.length - (this.#head.length - end - 4))
    }
    this.#received += body.length
    const pending = this.#pending
    if (pending === null) return
    if (this.#bodyLength === Number.POSITIVE_INFINITY) {
      for (let at = body.indexOf(chunkMark); at >= 0; at = body.indexOf(chunkMark, at + 1)) {
        pending.chunks++
        pending.firstMs ??= performance.now() - pending.askedAt
      }
      // An end that is cut in two would be missed, but it is written with what comes before it.
      if (!body.subarray(-endOfChunks.length).equals(endOfChunks)) return
    } else if (this.#received < this.#bodyLength) return
    this.#pending = null
    pending.resolve({
      tookMs: performance.now() - pending.askedAt,
      firstMs: pending.firstMs,
      chunks: pending.chunks,
    })
  }
}

/** A closed loop: every connection asks again as soon as it is answered, for `seconds`. */
async function load({ target, connections, seconds, stagger }) {
  const open = await Promise.all(
    Array.from({ length: connections }, (_, i) =>
      Connection.open(target.port, target.requests[i % target.requests.length]),
    ),
  )
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  const exchanges = []
  const loop = async (connection, index) => {
    // Streams that start in the same instant would tick in the same instant for ever.
    if (stagger) await new Promise((resolve) => setTimeout(resolve, (index * 100) / connections))
    do exchanges.push(await connection.ask())
    while (performance.now() < endAt)
  }
  try {
    await patiently(Promise.all(open.map(loop)), seconds)
  } finally {
    for (const connection of open) connection.close()
  }
  return summary(exchanges, (performance.now() - startedAt) / 1000)
}

/** One connection a target, asked in turn and in changing order: what the machine does to one it does to all. */
async function alternate({ targets, count }) {
  const open = await Promise.all(targets.map(({ port, requests }) => Connection.open(port, requests[0])))
  const exchanges = targets.map(() => [])
  const all = async () => {
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < open.length; k++) {
        const index = (i + k) % open.length
        exchanges[index].push(await open[index].ask())
      }
    }
  }
  try {
    await patiently(all(), 0)
  } finally {
    for (const connection of open) connection.close()
  }
  return exchanges.map((each) => summary(each, 0))
}

async function patiently(work, seconds) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), seconds * 1000 + patienceMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function summary(exchanges, seconds) {
  const took = exchanges.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const first = exchanges.flatMap(({ firstMs }) => firstMs ?? []).sort((a, b) => a - b)
  const at = (sorted, share) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return {
    requests: exchanges.length,
    chunks: exchanges.reduce((sum, { chunks }) => sum + chunks, 0),
    seconds,
    p50Ms: at(took, 0.5),
    p99Ms: at(took, 0.99),
    firstP50Ms: at(first, 0.5),
  }
}
