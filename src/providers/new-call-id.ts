/** Random, because it has to be unique in a conversation, and upstreams without ids for calls have none for answers. */
export function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}
