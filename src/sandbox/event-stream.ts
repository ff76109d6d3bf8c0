const encoder = new TextEncoder()

/** One step of a scripted stream. `wait` without milliseconds is silence until the reader goes away. */
export type Step = { send: string } | { wait: number } | { wait: 'forever' } | { cut: true }

/** A server-sent event with this data. */
export function event(data: object | string): Step {
  return { send: `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n` }
}

/**
 * Plays steps as a body, at the reader's pace: nothing is made before it is read. A cut errors the stream, which ends
 * the connection without the end of the body.
 */
export function playedBody(steps: Iterable<Step>): ReadableStream<Uint8Array> {
  const iterator = steps[Symbol.iterator]()
  let gone = () => {}
  const whenGone = new Promise<void>((resolve) => {
    gone = resolve
  })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = iterator.next()
          if (done) return controller.close()
          if ('cut' in value) return controller.error(new Error('The sandbox cut this answer, as it was asked to.'))
          if ('send' in value) return controller.enqueue(encoder.encode(value.send))
          await pause(value.wait === 'forever' ? silenceMs : value.wait, whenGone)
        }
      },
      cancel: () => gone(),
    },
    { highWaterMark: 0 },
  )
}

/** Longer than any caller waits. A promise that nothing can resolve would be noticed by the runtime and turned into a 500. */
export const silenceMs = 15 * 60_000

/** Waits, or stops waiting once `ended` resolves, and leaves no timer behind. */
export function pause(ms: number, ended: Promise<void>): Promise<void> {
  if (ms <= 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    void ended.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
