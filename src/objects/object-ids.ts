const maxRemembered = 4_096

/** Ids of objects by name. Remembered, because each costs two hashes to make, and an id belongs to no request. */
export class ObjectIds<T extends Rpc.DurableObjectBranded> {
  readonly #ids = new Map<string, DurableObjectId>()

  /** `namespace` must be the same each time. */
  of(namespace: DurableObjectNamespace<T>, name: string): DurableObjectId {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = namespace.idFromName(name)
    if (this.#ids.size >= maxRemembered) this.#ids.clear()
    this.#ids.set(name, id)
    return id
  }
}
