/** What a Worker's context can do for work that goes on behind the answer. */
export interface WaitingContext {
  waitUntil(promise: Promise<unknown>): void
}

/**
 * Work behind the answer, all of it under one `waitUntil`: each of those is several native promises, which cost
 * some microseconds to make and again to collect.
 */
export class Background {
  readonly #context: WaitingContext
  #running = 0
  #end: PromiseWithResolvers<void> | undefined
  #error: { thrown: unknown } | undefined

  constructor(context: WaitingContext) {
    this.#context = context
  }

  /** Keeps the request's context alive for a promise. A rejection is told to the runtime, which puts it on its log. */
  add(promise: Promise<unknown>): void {
    this.#running += 1
    if (this.#end === undefined) {
      this.#end = Promise.withResolvers()
      this.#context.waitUntil(this.#end.promise)
    }
    promise.then(this.#ended, this.#failed)
  }

  readonly #ended = () => {
    this.#running -= 1
    if (this.#running > 0) return
    const end = this.#end
    const error = this.#error
    this.#end = undefined
    this.#error = undefined
    if (error) end?.reject(error.thrown)
    else end?.resolve()
  }

  readonly #failed = (thrown: unknown) => {
    this.#error ??= { thrown }
    this.#ended()
  }
}
