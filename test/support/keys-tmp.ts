export async function readKey(): Promise<null> {
  return null
}
export async function mirrorUsage(): Promise<void> {}
