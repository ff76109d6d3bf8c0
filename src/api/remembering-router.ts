import type { Result, Router } from 'hono/router'

/** More paths than there are routes without parameters, in all spellings that anybody uses. */
const maxRemembered = 200

/**
 * A router that remembers what another one found for paths without parameters: nearly all requests are of one path, and
 * finding it takes as long as checking the request's body.
 */
export class RememberingRouter<T> implements Router<T> {
  readonly name = 'RememberingRouter'
  readonly #routes: Router<T>
  readonly #remembered = new Map<string, Result<T>>()

  constructor(routes: Router<T>) {
    this.#routes = routes
  }

  add(method: string, path: string, handler: T): void {
    this.#remembered.clear()
    this.#routes.add(method, path, handler)
  }

  match(method: string, path: string): Result<T> {
    const key = `${method} ${path}`
    const remembered = this.#remembered.get(key)
    if (remembered !== undefined) return remembered
    const found = this.#routes.match(method, path)
    // Paths that nothing answers are without number.
    if (found[0].length > 0 && this.#remembered.size < maxRemembered && hasNoParameters(found))
      this.#remembered.set(key, found)
    return found
  }
}

function hasNoParameters<T>([handlers]: Result<T>): boolean {
  return handlers.every(([, parameters]) => Object.keys(parameters).length === 0)
}
