interface Command {
  action: 'help' | 'create' | 'list' | 'revoke'
  target?: string
  body?: Record<string, unknown>
  url?: string
  managementKey?: string
  json: boolean
}

interface ListedKey {
  hash: string
  name: string
  label: string
}

export function readCommand(argv: string[]): Command
export function findManagementKey(
  given: string | undefined,
  env: Record<string, string | undefined>,
  directory: string,
): { key: string; source: string }
export function chooseKey<Key extends ListedKey>(keys: Key[], target: string): Key
export function run(
  argv: string[],
  world: { env: Record<string, string | undefined>; directory: string; fetch?: typeof fetch },
): Promise<string>
