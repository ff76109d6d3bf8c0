/** Adds items one by one: a call with a hundred thousand arguments overflows the stack, and a client can send as many. */
export function pushAll<T>(list: T[], items: readonly T[]): void {
  for (const item of items) list.push(item)
}
