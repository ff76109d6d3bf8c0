interface Database {
  /** The rows of each statement. */
  query(statements: string[]): Promise<Record<string, unknown>[][]>
  execute(statements: string[]): Promise<void>
}

export function readCommand(argv: string[]): Record<string, unknown>
export function run(
  argv: string[],
  world: {
    variables: Record<string, string | undefined>
    open: (where: string[]) => Database
    fetch?: typeof fetch
  },
): Promise<string>
export function wranglerDatabase(where: string[]): Database
